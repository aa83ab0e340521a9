//! Whoever does not know whether a command arrived gives it again under the same id: it is done once, and answered alike.

use std::time::Duration;

use crate::{
    acts::{Case, list},
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

    a_form_that_is_sent_twice_is_one_case(&installation);
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
    assert_eq!(queue.len(), 2);
}
