//! Breaking a constraint is the same refusal on both engines, though SQLite names none.

use flare_store::Error;
use flare_testkit::{Sandbox, on_both_engines};

use crate::fixtures::{note, notes, run};

on_both_engines!(each_constraint_is_its_refusal, crate::fixtures::SCHEMA);
on_both_engines!(a_constraint_that_no_caller_can_break_is_a_fault_of_ours, crate::fixtures::SCHEMA);

async fn each_constraint_is_its_refusal(sandbox: Sandbox) {
    let database = &sandbox.database;
    run(database, |tx| Box::pin(note(tx, "bridge", "anna", 3))).await.unwrap();
    for (author, reason) in [("anna", "SECOND_NOTE"), ("bridge", "ABOUT_ONESELF")] {
        let outcome = run(database, move |tx| Box::pin(note(tx, "bridge", author, 3))).await;
        match outcome {
            Err(Error::Refused(refusal)) => assert_eq!(refusal.reason, reason),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(notes(database).await, 1);
}

async fn a_constraint_that_no_caller_can_break_is_a_fault_of_ours(sandbox: Sandbox) {
    let outcome = run(&sandbox.database, |tx| Box::pin(note(tx, "bridge", "anna", 6))).await;
    match outcome {
        Err(error @ Error::Database(_)) => {
            assert!(!error.is_transient(), "trying again later is no cure");
            let told = tonic_status(error);
            assert!(!told.contains("notes_stars") && !told.contains("CHECK"), "{told}");
        }
        other => panic!("{other:?}"),
    }
}

fn tonic_status(error: Error) -> String {
    tonic::Status::from(error).message().to_owned()
}
