//! Processes that die between any two steps, two on one volume, and a disk that fails.

use proptest::prelude::*;

use super::*;
use crate::spool::folder::KEPT;

#[tokio::test]
async fn two_processes_on_one_volume_do_not_send_together() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let (_, one) = room(folder.path(), &services);
    let (spool, two) = room(folder.path(), &services);
    one.keep(&request(1, 1), ids(1, 1)).await.unwrap();
    let lock = spool.0.folder.lock().unwrap().unwrap();
    assert_eq!(one.pass().await.unwrap(), Pass::Left);
    assert_eq!(services.cases().len(), 0);
    drop(lock);
    assert_eq!(two.pass().await.unwrap(), Pass::Done);
    assert_eq!((services.cases().len(), spool.figures()), (1, SpoolFigures::default()));
}

#[tokio::test]
async fn what_was_sent_on_is_kept_for_two_weeks() {
    let (place, services) = (TempDir::new().unwrap(), Services::default());
    let (spool, room) = room(place.path(), &services);
    for form in 1..=2 {
        room.keep(&request(form, 1), ids(form, 1)).await.unwrap();
    }
    room.pass().await.unwrap();
    let folder = &spool.0.folder;
    folder.forget_old(Fixed.now().plus(KEPT), ROOMY).unwrap();
    assert_eq!(folder.drained().unwrap().len(), 2);
    let size: usize = files(&place.path().join("drained")).iter().map(|(_, bytes)| bytes.len()).sum();
    folder.forget_old(Fixed.now(), u64::try_from(size - 1).unwrap()).unwrap();
    assert_eq!(folder.drained().unwrap().len(), 1, "no more than there is room for");
    folder.forget_old(Fixed.now().plus(KEPT).plus(Duration::from_micros(1)), ROOMY).unwrap();
    assert_eq!(folder.drained().unwrap().len(), 0);
}

/// One form, sent while the services are away; dies after so many steps, starts again, is sent again where no code was
/// shown. Whether it died.
async fn one_request_and_a_death(steps: usize) -> bool {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let (spool, first) = room(folder.path(), &services);
    *spool.0.folder.steps_left.lock().unwrap() = Some(steps);
    let has_keys = first.keep_keys(bundle(1)).is_ok();
    let shown = has_keys && first.keep(&request(1, 1), ids(1, 1)).await.is_ok();
    let sent_on = shown && first.pass().await.is_ok_and(|pass| pass == Pass::Done);
    drop((spool, first));

    let (spool, second) = room(folder.path(), &services);
    if has_keys {
        assert!(second.kept_keys().is_some(), "{steps}");
    }
    if !shown {
        second.keep(&request(1, 1), ids(1, 1)).await.unwrap();
    }
    assert_eq!(second.pass().await.unwrap(), Pass::Done);
    assert_eq!(services.cases().len(), 1, "dead after {steps} steps");
    assert_eq!(spool.figures(), SpoolFigures::default(), "dead after {steps} steps");
    assert_eq!(spool.0.folder.drained().unwrap().len(), 1, "dead after {steps} steps");
    !sent_on
}

#[tokio::test]
async fn a_process_may_die_after_any_step() {
    let mut steps = 0;
    while one_request_and_a_death(steps).await {
        steps += 1;
        assert!(steps < 100);
    }
    assert!(steps >= 12, "{steps} steps");
}

#[derive(Clone, Debug)]
enum Happens {
    /// A form is kept; the process dies after so many steps, if any.
    Keep {
        form: u8,
        words: u8,
        dies: Option<usize>,
    },
    /// What waits is sent on; the process dies after so many steps, if any.
    Pass {
        dies: Option<usize>,
    },
    Weather(Weather),
}

fn happens() -> impl Strategy<Value = Happens> {
    let dies = || proptest::option::of(0..9_usize);
    let weather =
        prop_oneof![Just(Weather::Fine), Just(Weather::Away), Just(Weather::Late), Just(Weather::IntakeAway)];
    prop_oneof![
        4 => (0..3_u8, 0..2_u8, dies()).prop_map(|(form, words, dies)| Happens::Keep { form, words, dies }),
        2 => dies().prop_map(|dies| Happens::Pass { dies }),
        2 => weather.prop_map(Happens::Weather),
    ]
}

async fn play(history: Vec<Happens>) {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    // For each form, the words whose code was shown.
    let mut shown = BTreeMap::<u8, Vec<u8>>::new();
    let (mut spool, mut this) = room(folder.path(), &services);
    for happening in history {
        let dies = match happening {
            Happens::Keep { form, words, dies } => {
                *spool.0.folder.steps_left.lock().unwrap() = dies;
                let request = &REQUESTS[usize::from(form)][usize::from(words)];
                let kept = this.keep(request, ids(form, words)).await;
                if kept.is_ok_and(|kept| kept != Kept::Full) {
                    shown.entry(form).or_default().push(words);
                }
                dies
            }
            Happens::Pass { dies } => {
                *spool.0.folder.steps_left.lock().unwrap() = dies;
                let _ = this.pass().await;
                dies
            }
            Happens::Weather(weather) => {
                services.set(weather);
                None
            }
        };
        if dies.is_some() {
            (spool, this) = room(folder.path(), &services);
        }
    }
    services.set(Weather::Fine);
    assert_eq!(this.pass().await.unwrap(), Pass::Done);
    let cases = services.cases();
    assert_eq!(spool.0.folder.waiting().unwrap().len(), 0, "nothing waits any more");
    let refused = spool.0.folder.refused().unwrap();
    for (form, words) in &shown {
        let case = &cases[&REQUESTS[usize::from(*form)][0].case().to_string()];
        for words in words {
            let is_case =
                *case == content(&REQUESTS[usize::from(*form)][usize::from(*words)].clone().into_message());
            let stays = refused.iter().any(|name| (name.form, name.words) == ids(*form, *words));
            assert!(is_case != stays, "words {words} of form {form}: at intake, or on the disk");
        }
    }
    assert_eq!(
        spool.figures().refused,
        u64::try_from(refused.len()).unwrap(),
        "nothing stays without a word"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_each_request_whose_code_was_shown_is_at_intake_or_on_the_disk(
        history in prop::collection::vec(happens(), 1..14)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(play(history));
    }

    #[test]
    fn only_our_own_names_are_entries(
        at in any::<i64>(), form in any::<[u8; 16]>(), words in any::<[u8; 16]>(), junk in ".{0,100}"
    ) {
        let at = flare_kernel::Timestamp::from_micros(at.saturating_abs());
        let name = Name { at, form, words };
        prop_assert_eq!(Name::parse(&name.to_text()), Some(name));
        let is_ours = Name::parse(&junk).is_none_or(|name| name.to_text() == junk);
        prop_assert!(is_ours);
    }
}

#[tokio::test]
async fn a_disk_that_takes_nothing_is_told_before_anybody_writes_and_is_tried_again() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, ROOMY);
    let slip = pages.slip().await;
    pages.drain.0.fetch_keys().await.unwrap();
    services.set(Weather::Away);
    *pages.spool.0.folder.steps_left.lock().unwrap() = Some(0);
    assert_eq!(pages.send(&slip, "They+came").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(pages.spool.figures().fails);
    assert_eq!(pages.get("/en/ask").await.status, StatusCode::SERVICE_UNAVAILABLE);
    *pages.spool.0.folder.steps_left.lock().unwrap() = None;
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Done);
    assert!(!pages.spool.figures().fails);
    assert_eq!(pages.get("/en/ask").await.status, StatusCode::OK);
    code(&pages.send(&slip, "They+came").await);
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_or_removed_keeps_no_other_from_its_turn() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let (spool, room) = room(folder.path(), &services);
    room.keep_keys(bundle(1)).unwrap();
    for form in 1..=2 {
        room.keep(&request(form, 1), ids(form, 1)).await.unwrap();
    }
    // A folder where a file should be: it opens, and does not read.
    let first = *spool.0.folder.waiting().unwrap().iter().next().unwrap();
    let path = folder.path().join("waiting").join(first.to_text());
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    fs::create_dir(folder.path().join("drafts/0-old")).unwrap();
    assert_eq!(room.pass().await.unwrap(), Pass::Left);
    assert_eq!((services.cases().len(), spool.figures().waiting), (1, 1));
}
