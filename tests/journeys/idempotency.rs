//! Whoever does not know whether a command arrived gives it again under the same id: it is done once, and answered alike.

use std::time::Duration;

use crate::{
    acts::{Case, Draft, Grant, list},
    harness::{Installation, answer::exit, checker, samples},
};

#[test]
fn embedded() {
    let installation = Installation::embedded();
    let officer = &installation.team.officer;
    let case = Case::submit(&installation, &samples::sample("raid-en"));
    case.take();

    let words = case.words("The night editor is safe.");
    let args = ["case", "note", &case.id, "--text-file", &words, "--request-id", "monday-1"];
    let (first, second) = (officer.flare(&args), officer.flare(&args));
    assert_eq!(first["note_id"], second["note_id"]);
    assert_eq!(first["version"], second["version"]);
    assert_eq!(list(&case.show()["notes"]).len(), 1);

    let other = case.words("The night editor is not safe.");
    let args = ["case", "note", &case.id, "--text-file", &other, "--request-id", "monday-1"];
    officer.run(&args).refused_because(exit::STATE, "REQUEST_ID_REUSED");
    assert_eq!(list(&case.show()["notes"]).len(), 1);

    // Another person's id of the same name is another id.
    let head = &installation.team.head;
    let words = head.words("Seen.");
    head.flare(&["case", "note", &case.id, "--text-file", &words, "--request-id", "monday-1"]);
    assert_eq!(list(&case.show()["notes"]).len(), 2);

    what_moved_the_version_is_done_once(&installation);
    a_form_that_is_sent_twice_is_one_case(&installation);
}

/// The repetition finds another version than the first time: what the first time left behind.
fn what_moved_the_version_is_done_once(installation: &Installation) {
    let team = &installation.team;
    let case = Case::submit(installation, &samples::sample("threat-ar"));
    case.take();
    let need = case.need("equipment");
    case.recommend(&[&need], "9400.00", "EUR");
    let grant = Grant::draft(&case, &[&need], &Draft::default());
    grant.submit();
    let reserve = ["--fund", "Emergency", "--amount", "100.00", "--request-id", "monday-2"];
    let first = grant.try_as(&team.finance, &["reserve"], &reserve).json();
    let second = grant.try_as(&team.finance, &["reserve"], &reserve).json();
    assert_eq!(first["version"], second["version"]);
    assert_eq!(list(&grant.show()["reservations"]).len(), 1);

    let pause = ["--reason", "not_safe", "--request-id", "monday-3"];
    // What grants said to it since is in the first answer only.
    for _ in 0..2 {
        assert_eq!(case.officer_try(&["pause"], &pause).json()["stage"], "paused");
    }
    let other = ["--reason", "detained", "--request-id", "monday-3"];
    case.officer_try(&["pause"], &other).refused_because(exit::STATE, "REQUEST_ID_REUSED");
}

fn a_form_that_is_sent_twice_is_one_case(installation: &Installation) {
    let case = Case::submit(installation, &samples::sample("election-en"));
    let form = case.requester.folder.join("form.json");
    let args = ["request", "submit", "--form", form.to_str().unwrap(), "--receipt-file", &case.receipt];
    let again = case.requester.flare(&[args.as_slice(), &["--again"]].concat());
    assert_eq!(again["case_id"], case.id.as_str());
    // Without saying that it is the same, a receipt is never written over.
    assert_eq!(case.requester.run(&args).code, exit::REFUSED);
    checker::settled(installation, Duration::from_mins(1));
    let queue = list(&installation.team.officer.flare(&["case", "queue"])["cases"]);
    assert_eq!(queue.iter().filter(|listed| listed["case_id"] == case.id.as_str()).count(), 1);
    assert_eq!(queue.len(), 3);
}
