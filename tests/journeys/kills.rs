//! Ten and more times, at random moments of the journey, a random process of ten (two of each role) is killed and started
//! again. The journey completes, every event is handled once, and everybody is told once.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use crate::{
    acts::{Case, Draft, Grant},
    harness::{Installation, below, broker, checker, installation::Wish, samples},
};

/// How often a process is killed at least.
const KILLS: usize = 10;

#[test]
fn distributed() {
    let Some(installation) = Installation::distributed(&Wish { replicas: 2, ..Wish::default() }) else {
        return;
    };
    let (over, kills) = (AtomicBool::new(false), AtomicUsize::new(0));
    let grants = thread::scope(|scope| {
        let killing = scope.spawn(|| kill_at_random(&installation, &over, &kills));
        let mut grants = Vec::new();
        let journey = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            while kills.load(Ordering::SeqCst) < KILLS {
                grants.push(journey(&installation));
            }
        }));
        over.store(true, Ordering::SeqCst);
        killing.join().expect("every process comes back");
        journey.unwrap_or_else(|failure| std::panic::resume_unwind(failure));
        grants
    });
    println!("{} journeys, {} kills", grants.len(), kills.load(Ordering::SeqCst));
    checker::settled(&installation, Duration::from_mins(2));
    for approver in &installation.team.approvers {
        let asked = broker::votes_asked_of(installation.servers.as_ref().unwrap(), &approver.id);
        for grant in &grants {
            assert_eq!(asked.iter().filter(|(about, _)| about == grant).count(), 1, "{grant}: {asked:?}");
        }
    }
}

/// Kills and starts again until told that it is over. Which process and when is left to chance.
fn kill_at_random(installation: &Installation, over: &AtomicBool, kills: &AtomicUsize) {
    while !over.load(Ordering::SeqCst) {
        let process =
            &installation.processes[usize::try_from(below(installation.processes.len() as u64)).unwrap()];
        thread::sleep(Duration::from_millis(below(1_500)));
        process.kill();
        kills.fetch_add(1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(below(500)));
        process.start();
        process.wait_until_it_serves();
    }
}

/// From the first message to a closed case; gives the grant's id.
fn journey(installation: &Installation) -> String {
    let case = Case::submit(installation, &samples::sample("raid-en"));
    case.take();
    let need = case.need("equipment");
    case.ask_and_answer("How many children travel with you?", "Three, two of them small.");
    case.verified_reference("Editor in the capital, ref-one@example.org");
    case.verified_reference("Legal officer, ref-two@example.net");
    case.recommend(&[&need], "9400.00", "EUR");
    let grant = Grant::draft(&case, &[&need], &Draft::default());
    grant.opens("verified");
    grant.submit();
    grant.is_on_every_approvers_queue();
    grant.vote(0, "approve", "");
    grant.vote(1, "approve", "");
    grant.opens("voted");
    grant.pay_to("Partner office across the border, account 7004, +1-202-555-0199");
    grant.agree("You receive 9400.00 EUR from a foundation, until the end date.");
    grant.reserve("Emergency fund", "9400.00");
    grant.is("active");
    case.stands("help-active");
    grant.pay("9400.00");
    grant.end_date_passes();
    grant.reported_and_closed("The station is on air again.");
    case.close("helped");
    grant.id
}
