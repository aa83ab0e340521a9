//! How much waits at most, and for whom room is left.

use flare_access::Place;

use super::*;
use crate::tests::LANGUAGES;

#[tokio::test]
async fn whoever_cannot_be_taken_is_told_before_writing() {
    // Without keys nothing is taken; with little room nobody is invited.
    for has_keys in [false, true] {
        let (folder, elsewhere, services) =
            (TempDir::new().unwrap(), TempDir::new().unwrap(), Services::default());
        let pages = Pages::new(folder.path(), &services, if has_keys { RESERVE - 1 } else { ROOMY });
        // A form of another replica: to show one, this one would have asked for the keys.
        let slip = Pages::new(elsewhere.path(), &services, ROOMY).slip().await;
        if has_keys {
            pages.drain.0.fetch_keys().await.unwrap();
        }
        services.set(Weather::Away);
        let sent = pages.send(&slip, "They+came").await;
        if has_keys {
            code(&sent);
        } else {
            assert_eq!(sent.status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(sent.html.contains("We do not know whether it arrived") && sent.cookie.is_none());
        }
        for lang in LANGUAGES {
            for path in ["", "/ask"] {
                let page = pages.get(&format!("/{lang}{path}")).await;
                assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "/{lang}{path}");
                assert!(!page.html.contains("<textarea") && page.html.contains("+1 202 555 0142"));
                assert!(page.html.len() <= 4 * 1024, "{} bytes in {lang}", page.html.len());
            }
        }
        services.set(Weather::Fine);
        pages.drain.0.pass().await.unwrap();
        assert_eq!(pages.get("/en/ask").await.status, StatusCode::OK, "nothing of it shows");
    }
}

#[tokio::test]
async fn more_than_fits_is_not_taken() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let spool = Spool::open(folder.path(), 1024).unwrap();
    let room = WaitingRoom::new(&spool, Arc::new(keys()), services.lines(), Arc::new(Fixed), None);
    assert_eq!(room.keep(&request(1, 1), ids(1, 1)).await.unwrap(), Kept::Full);
    assert_eq!((spool.figures(), files(&folder.path().join("waiting")).len()), (SpoolFigures::default(), 0));
}

#[tokio::test]
async fn one_place_leaves_room_on_the_disk_for_others() {
    const ENTRY: usize = 256 * 1024;
    let folder = TempDir::new().unwrap();
    let spool = Spool::open(folder.path(), 64 * u64::try_from(ENTRY).unwrap()).unwrap();
    let inner = &spool.0;
    let (mut form, sealed) = (0_u8, vec![0; ENTRY]);
    let mut fill = |from: &Place| {
        let keep = || {
            form += 1;
            let name = Name { at: Fixed.now(), form: [form; 16], words: [1; 16] };
            inner.keep(name, &sealed, Some(from)).unwrap()
        };
        std::iter::repeat_with(keep).take_while(|kept| *kept != Kept::Full).count()
    };
    let place = |last| Place::of([192, 0, 2, last].into());
    inner.known().bundle = Some(bundle(1));
    inner.known().keys_answer = false;
    assert_eq!(fill(&place(1)), 33, "half, and the one that crosses it");
    assert!(
        !inner.takes(Some(&place(1))) && inner.takes(Some(&place(2))),
        "told before writing, and only there"
    );
    assert_eq!(fill(&place(2)), 2, "a 32nd");
    assert!(!inner.takes(Some(&place(2))) && inner.takes(Some(&place(3))));
    // What went on takes nothing of its place's share.
    for name in inner.folder.waiting().unwrap() {
        inner.folder.set_aside(&name, Fixed.now()).unwrap();
    }
    inner.measure().unwrap();
    assert!(inner.takes(Some(&place(1))) && inner.known().from.is_empty());
}

#[tokio::test]
async fn what_is_refused_or_opens_with_no_key_has_a_bound_of_its_own() {
    let folder = TempDir::new().unwrap();
    let spool = Spool::open(folder.path(), 4_000).unwrap();
    let inner = &spool.0;
    let name = |form: u8| Name {
        at: Fixed.now().plus(Duration::from_hours(form.into())),
        form: [form; 16],
        words: [1; 16],
    };
    let bytes = || {
        inner.measure().unwrap();
        spool.figures().bytes
    };
    for form in 1..=3 {
        inner.keep(name(form), &[0; 400], None).unwrap();
        inner.folder.refuse(&name(form)).unwrap();
        assert_eq!(bytes(), 0);
    }
    assert_eq!(inner.folder.forget_refused(inner.limit_aside()).unwrap(), 1);
    assert_eq!(inner.folder.refused().unwrap(), [name(2), name(3)].into(), "the oldest goes");
    let again = inner.keep(Name { at: Fixed.now(), ..name(3) }, &[0; 400], None).unwrap();
    assert_eq!(again, Kept::Yes { beside_other_words: true });
    for (form, taken) in [(4, 0), (5, 0), (6, 200)] {
        inner.keep(name(form), &[0; 400], None).unwrap();
        inner.known().unreadable.insert(name(form));
        assert_eq!(bytes(), taken);
    }
    assert_eq!((spool.figures().refused, spool.figures().unreadable, spool.figures().waiting), (2, 3, 5));
}
