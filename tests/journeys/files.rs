//! Files: sealed as they go, opened as they come, byte for byte the same.

use flare_kernel::random;
use serde_json::json;

use crate::{
    acts::{Case, list, text},
    harness::{Installation, answer::exit, installation::Wish, samples, until},
};

#[test]
fn embedded() {
    files(&Installation::embedded());
}

#[test]
fn distributed() {
    let Some(installation) = Installation::distributed(&Wish::default()) else { return };
    files(&installation);
}

fn files(installation: &Installation) {
    let case = Case::submit(installation, &samples::sample("raid-en"));
    // Nothing, less than a chunk, exactly a chunk, and many chunks.
    for size in [0, 5, 64 * 1024, 3 * 1024 * 1024 + 17] {
        from_the_requester(&case, size);
    }
    from_staff(&case);
    whoever_is_not_in_triage_gets_nothing(&case);
}

fn content(size: usize) -> Vec<u8> {
    let block = random::<4096>().unwrap();
    block.iter().copied().cycle().take(size).collect()
}

fn from_the_requester(case: &Case<'_>, size: usize) {
    let officer = &case.installation.team.officer;
    let (name, sent) = (format!("photo-{size}.jpg"), content(size));
    let path = case.requester.file(&name, &sent);
    let attached = case.requester.run(&["receipt", "attach", &path, "--receipt-file", &case.receipt]);
    let id = text(&attached.json()["file_id"]);
    assert_eq!(attached.err, "", "no progress is drawn where no terminal is");
    let listed = list(&officer.flare(&["case", "files", &case.id])["files"]);
    let listed = listed.iter().find(|file| file["file_id"] == id.as_str()).expect("the file is listed");
    assert_eq!((listed["name"].as_str(), listed["size"].as_u64()), (Some(name.as_str()), Some(size as u64)));
    let out = officer.new_file("photo");
    officer.flare(&["case", "download", &case.id, &id, "--to", &out]);
    assert!(std::fs::read(&out).unwrap() == sent, "{size} bytes come back as they went");
    let refused = officer.run(&["case", "download", &case.id, &id, "--to", &out]);
    assert_eq!(refused.code, exit::REFUSED, "a file that is there is never written over: {refused}");

    let own = case.requester.new_file("own");
    case.requester.flare(&["receipt", "download", &id, "--receipt-file", &case.receipt, "--to", &own]);
    assert!(std::fs::read(own).unwrap() == sent);
}

fn from_staff(case: &Case<'_>) {
    let officer = &case.installation.team.officer;
    let letter = officer.file("letter.pdf", b"To whom it may concern");
    // What the requester reads goes out under a contact plan, and a case has none before somebody takes it.
    let refused = officer.run(&["case", "attach", &case.id, &letter, "--for-requester"]);
    refused.refused_because(exit::STATE, "NOT_ACKNOWLEDGED");
    case.acknowledge(&json!({"how": "Signal"}));
    let id = text(&officer.flare(&["case", "attach", &case.id, &letter, "--for-requester"])["file_id"]);
    let out = case.requester.new_file("letter");
    until("the requester can fetch it", || {
        let fetched = case.receipt_try(&["download", &id, "--to", &out]);
        (fetched.code == 0).then_some(())
    });
    assert_eq!(std::fs::read(&out).unwrap(), b"To whom it may concern");

    // Further answers are sealed under a key that their requester drew, and that nobody else may write under.
    let more = case.requester.words(r#"{ "never": "Nothing by mail." }"#);
    case.requester.flare(&["request", "add", "--form", &more, "--receipt-file", &case.receipt]);
    let note = officer.file("note.txt", b"for us alone");
    let id = text(&officer.flare(&["case", "attach", &case.id, &note])["file_id"]);
    let out = officer.new_file("note");
    officer.flare(&["case", "download", &case.id, &id, "--to", &out]);
    assert_eq!(std::fs::read(&out).unwrap(), b"for us alone");
    let refused = case.receipt_try(&["download", &id, "--to", &case.requester.new_file("note")]);
    assert_ne!(refused.code, 0, "what is for staff opens for no receipt: {refused}");
}

fn whoever_is_not_in_triage_gets_nothing(case: &Case<'_>) {
    let finance = &case.installation.team.finance;
    let refused = finance.run(&["case", "files", &case.id]);
    refused.refused_because(exit::NOT_ALLOWED, "NOT_ALLOWED");
}
