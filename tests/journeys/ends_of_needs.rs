//! Every need ends: given directly, covered by others, referred (accepted or refused), or declined with words that the
//! requester can read. Only then does a case close. What was recommended too soon or declined too fast opens again.

use crate::{
    acts::{Case, is_asked, list, refused, text},
    harness::{Installation, answer::exit, samples},
};

#[test]
fn embedded() {
    let installation = Installation::embedded();
    let case = Case::submit(&installation, &samples::sample("medical-fr"));
    case.take();
    let [medical, relocation, family, psychosocial] =
        ["medical", "relocation", "family", "psychosocial"].map(|kind| case.need(kind));

    // They were given it before anybody drafted a grant.
    case.recommend(&[&family], "800", "EUR");
    let args = [family.as_str(), "--reason", "helped-otherwise"];
    case.officer_act(&["need", "reopen"], &args, || case.outcome(&family) == "open");
    case.need_is(&family, "open", "open");

    let words = case.words("A letter to the hospital's director, who knows us.");
    case.officer_act(&["give"], &[&family, "--text-file", &words], || case.outcome(&family) == "given");
    case.need_is(&family, "given", "given");

    let words = case.words("The union pays for her treatment.");
    case.officer_act(&["cover"], &[&psychosocial, "--text-file", &words], || {
        case.outcome(&psychosocial) == "covered"
    });
    case.need_is(&psychosocial, "covered", "covered");

    referred(&case, &medical);
    declined(&case, &relocation);
    case.close("helped");
    refused(exit::STATE, "WRONG_STAGE", || case.officer_try(&["close"], &["--exit", "helped"]));
}

fn referred(case: &Case<'_>, need: &str) {
    let words = case.words("A medical organisation; they know the region and nothing else.");
    case.officer_try(&["refer"], &[need, "--text-file", &words]).refused_field("--consented", "");
    assert_eq!(case.outcome(need), "open");

    let with_state =
        |state: &str| list(&case.show()["referrals"]).into_iter().find(|found| found["state"] == state);
    for answer in ["refused", "accepted"] {
        let args = [need, "--consented", "--text-file", &words];
        case.officer_act(&["refer"], &args, || case.outcome(need) == "referred");
        case.need_is(need, "referred", "referred");
        let id = text(&with_state("sent").unwrap()["referral_id"]);
        case.officer_act(&["referral-answer"], &[&id, answer], || with_state(answer).is_some());
        if answer == "refused" {
            case.need_is(need, "open", "open");
            refused(exit::STATE, "NEEDS_OPEN", || case.officer_try(&["close"], &["--exit", "helped"]));
        }
    }
    case.need_is(need, "referral-accepted", "referred");
}

fn declined(case: &Case<'_>, need: &str) {
    decline(case, need, "We ask again when she can travel.");
    let review = [need, "--reason", "review"];
    refused(exit::STATE, "SECOND_PERSON_NEEDED", || case.officer_try(&["need", "reopen"], &review));
    let head = &case.installation.team.head;
    case.act_as(head, &["need", "reopen"], &review, || case.outcome(need) == "open");
    case.need_is(need, "open", "open");
    is_asked(&case.installation.team.officer, &case.id, "decide_need");
    decline(case, need, "Two of us looked, and her doctor.");

    let words = case.requester.words("She can travel now. Please look again.");
    case.receipt_act(&["write", "--text-file", &words], || case.message("text", "look again").is_some());
    is_asked(&case.installation.team.officer, &case.id, "answer");
}

fn decline(case: &Case<'_>, need: &str, why: &str) {
    let refused = case.officer_try(&["decline"], &[need, "--reason", "could_harm"]);
    assert_ne!(refused.code, 0, "nothing is declined without words: {refused}");
    let words = case.words(&format!("Moving her now would hurt her. {why}"));
    let args = [need, "--reason", "could_harm", "--text-file", &words];
    case.officer_act(&["decline"], &args, || case.outcome(need) == "declined");
    case.need_is(need, "declined", "declined");
    let message = case.message("decision", why).expect("the requester reads why");
    assert_eq!(message["about"], need);
}
