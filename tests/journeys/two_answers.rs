//! "Send now, finish later": two answers are a request, and the rest follows when it is safe to write.

use serde_json::json;

use crate::{
    acts::{Case, text},
    harness::{Installation, until},
};

#[test]
fn embedded() {
    let installation = Installation::embedded();
    let form = json!({"happened": "My hard disks were taken at the border.", "contact": "I will come back with the receipt."});
    let case = Case::submit(&installation, &form);
    assert_eq!(case.show()["answers"].as_object().unwrap().len(), 2);
    assert_eq!(case.show()["case"]["lane"], "urgent", "silence is no sign of safety");
    case.stands("received");

    let more = json!({"danger": "yes", "never": "Nothing by mail.", "contact": "Signal, at night"});
    let more = case.requester.file("more.json", more.to_string().as_bytes());
    let added = || case.show()["answers"]["request.never"] == "Nothing by mail.";
    let args = ["request", "add", "--form", &more, "--receipt-file", &case.receipt];
    crate::acts::act(&case.requester, &args, added);
    until("danger that is told later raises the lane", || {
        (case.show()["case"]["lane"] == "critical").then_some(())
    });
    let danger = &case.show()["danger"];
    assert_eq!((&danger["first"], &danger["later"][0]["danger"]), (&json!("-"), &json!("yes")));
    assert_eq!(danger["later"][0]["author"], "requester");
    let answers = &case.show()["answers"];
    assert_eq!(answers["request.contact"], "Signal, at night", "the newest writing counts");
    assert_eq!(answers["request.happened"], "My hard disks were taken at the border.", "what was sent stays");
    until("the officers see that there is news", || (case.show()["case"]["has_news"] == true).then_some(()));

    the_receipt_opens_no_answers(&case);
}

/// A receipt that falls into wrong hands tells where the case stands, never what was told.
fn the_receipt_opens_no_answers(case: &Case<'_>) {
    let status = case.status().to_string();
    assert!(!status.contains("disks") && !status.contains("at night"), "{status}");
    let thread = case.requester.flare(&["receipt", "messages", "--receipt-file", &case.receipt]);
    assert_eq!(thread["messages"], json!([]));
    assert!(text(&case.status()["case_id"]).starts_with("case_"));
}
