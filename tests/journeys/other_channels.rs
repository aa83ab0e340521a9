//! People who ask on Signal, by phone, by mail, through a peer or in person: an officer opens their case, with a receipt
//! at once, later, or never.

use serde_json::json;

use crate::{
    acts::{Case, text},
    harness::{Installation, answer::exit, until},
};

#[test]
fn embedded() {
    let installation = Installation::embedded();
    for channel in ["signal", "phone", "mail", "peer", "visit"] {
        let case = open(&installation, channel, false);
        assert_eq!(case.show()["channel"], channel);
        assert_eq!(case.show()["has_receipt"], false);
        assert_eq!(case.show()["answers"]["request.happened"], "They called at noon.");
    }
    let with_receipt = open(&installation, "phone", true);
    with_receipt.stands("received");
    a_receipt_is_issued_later(&installation);
}

/// A case that an officer opened, and a machine for whoever it is about.
fn open<'i>(installation: &'i Installation, channel: &str, receipt: bool) -> Case<'i> {
    let officer = &installation.team.officer;
    let requester = installation.requester();
    let file = requester.new_file("receipt");
    let form = officer
        .words(&json!({"happened": "They called at noon.", "contact": "Signal, at night"}).to_string());
    let mut args = vec!["case", "open", "--from", channel, "--form", &form];
    if receipt {
        args.extend(["--receipt-file", &file]);
    }
    let opened = officer.flare(&args);
    let case = Case { installation, requester, receipt: file.clone(), id: text(&opened["case_id"]) };
    case.wait_until_it_is_queued();
    case
}

fn a_receipt_is_issued_later(installation: &Installation) {
    let case = open(installation, "signal", false);
    case.take();
    let words = case.words("Written before there was a receipt.");
    case.officer_act(&["reply"], &["--text-file", &words], || {
        !case.show()["messages"].as_array().unwrap().is_empty()
    });
    let issued = || case.show()["has_receipt"] == true;
    case.officer_act(&["issue-receipt"], &["--receipt-file", &case.receipt], issued);
    case.stands("being-assessed");
    let again = case.requester.new_file("receipt");
    let refused = case.officer_try(&["issue-receipt"], &["--receipt-file", &again]);
    assert_eq!(refused.code, exit::STATE, "a case has one receipt: {refused}");
    assert!(!std::path::Path::new(&again).exists(), "no file is left that opens nothing");

    let words = case.words("Written since.");
    case.officer_act(&["reply"], &["--text-file", &words], || {
        case.message("text", "Written since").is_some()
    });
    assert!(case.message("text", "Written since").is_some());
    assert!(case.message("text", "Written before").is_none(), "a receipt opens nothing from before its time");
    let words = case.requester.words("Thank you. We are two.");
    case.receipt_act(&["write", "--text-file", &words], || case.message("text", "We are two").is_some());
    until("the officer reads it", || {
        case.show()["messages"].to_string().contains("We are two").then_some(())
    });
}
