//! The rules that the tables hold by themselves, whatever the code above them does.

use flare_contracts::intake::v1::MessageKind;
use flare_store::Error;
use flare_testkit::{Sandbox, on_both_engines};

use super::{
    fixture::{World, officer},
    lists::Run,
};

on_both_engines!(each_rule_a_caller_can_run_into_has_its_refusal, crate::SCHEMA);
async fn each_rule_a_caller_can_run_into_has_its_refusal(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    world.post(requester.caller(), requester.message(MessageKind::Text, "", "Hello")).await.unwrap();
    let a_file = "INSERT INTO files SELECT message_id, case_id, seq, 'x', 'thread', author, at, 1, tag, epoch, ciphertext, \
                  tag, commitment FROM messages";
    world.sandbox.database.write(Run(a_file)).await.unwrap();
    let refused = async |statement| match world.sandbox.database.write(Run(statement)).await {
        Err(Error::Refused(refusal)) => refusal.reason,
        other => panic!("{other:?}"),
    };
    let found = [
        refused(
            "INSERT INTO receipts SELECT substr(proof_hash, 1, 16), case_id, thread, holder, drawn_by, proof_hash, \
             encryption_key, signing_key, author, 5, 1, CAST(NULL AS BIGINT) FROM receipts",
        )
        .await,
        refused(
            "INSERT INTO receipts SELECT lookup_id, case_id, thread, holder, drawn_by, proof_hash, encryption_key, \
             signing_key, author, 5, 1, 6 FROM receipts",
        )
        .await,
        refused(
            "INSERT INTO messages SELECT message_id, case_id, seq + 9, kind, author, at, about, answered_by, epoch, \
             ciphertext, tag, commitment FROM messages",
        )
        .await,
        refused(
            "INSERT INTO files SELECT file_id, case_id, seq + 9, upload, compartment, author, at, size, seal_header, \
             epoch, ciphertext, tag, commitment FROM files",
        )
        .await,
    ];
    assert_eq!(found, ["RECEIPT_ACTIVE", "RECEIPT_IN_USE", "MESSAGE_ID_REUSED", "FILE_ID_REUSED"]);
}

on_both_engines!(the_tables_refuse_what_no_code_should_write, crate::SCHEMA);
async fn the_tables_refuse_what_no_code_should_write(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    world.post(officer(), requester.message(MessageKind::Question, "", "?")).await.unwrap();
    for statement in [
        "UPDATE requests SET channel = 'pigeon'",
        "UPDATE requests SET lane_hint = 4",
        "UPDATE requests SET danger = 'DANGER_YES', lane_hint = 2",
        "UPDATE requests SET danger = 'DANGER_NOT_SURE', lane_hint = 3",
        "UPDATE requests SET danger = 'perhaps'",
        "INSERT INTO later_danger SELECT case_id, 2, 'DANGER_UNSPECIFIED', 'requester', 0 FROM requests",
        "UPDATE case_view SET stop = 'perhaps'",
        "UPDATE messages SET author = 'requester'",
        "UPDATE messages SET kind = 'MESSAGE_KIND_ANSWER'",
        "UPDATE answers SET version = 0",
        "INSERT INTO key_wraps SELECT stream, compartment, epoch + 1, recipient, generation, wrapped FROM key_wraps",
        "INSERT INTO consents SELECT 'case_x', purpose, state FROM consents",
        "UPDATE receipts SET holder = 'HOLDER_KIND_OFFICER'",
        "UPDATE receipts SET thread = 0",
        "UPDATE receipts SET thread = 2",
        "UPDATE key_epochs SET thread = 2 WHERE compartment = 'request'",
        "UPDATE key_epochs SET thread = 2 WHERE compartment = 'thread'",
        "UPDATE key_epochs SET thread = 0 WHERE compartment = 'thread'",
        "UPDATE key_epochs SET thread = NULL",
    ] {
        let outcome = world.sandbox.database.write(Run(statement)).await;
        assert!(matches!(outcome, Err(Error::Database(_))), "{statement}: {outcome:?}");
    }
}
