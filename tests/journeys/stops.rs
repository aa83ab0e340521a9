//! A case can stop at any moment: withdrawn, paused for safety, held for an inquiry. Then nothing goes out and no money
//! moves. It goes on when another person than who stopped it says so, and after an inquiry another head.

use crate::{
    acts::{Case, Draft, Grant, refused, text},
    harness::{Installation, answer::exit, samples, until},
};

#[test]
fn embedded() {
    let installation = Installation::embedded();
    the_requester_withdraws(&installation);
    paused_and_resumed_by_another(&installation);
    held_for_an_inquiry(&installation);
}

fn in_approval<'c, 'i>(case: &'c Case<'i>) -> Grant<'c, 'i> {
    case.take();
    let need = case.need("equipment");
    case.recommend(&[&need], "9400.00", "EUR");
    let grant = Grant::draft(case, &[&need], &Draft::default());
    grant.submit();
    grant
}

fn the_requester_withdraws(installation: &Installation) {
    let case = Case::submit(installation, &samples::sample("raid-en"));
    let grant = in_approval(&case);
    let args = ["withdraw", "--reason", "too-dangerous", "--yes"];
    case.receipt_act(&args, || text(&case.status()["standing"]) != "in-approval");
    case.stands("withdrawn");
    until("triage knows", || (case.stage() == "withdrawn").then_some(()));
    grant.is("withdrawn");
    nothing_goes_out(&case);

    let refused = case.officer_try(&["close"], &["--exit", "helped"]);
    assert_ne!(refused.code, 0, "a withdrawn case closes as withdrawn: {refused}");
    case.officer_act(&["close"], &["--exit", "withdrawn"], || case.stage() == "closed");
    case.officer_act(&["reopen"], &["--reason", "requester_wrote"], || case.stage() == "assessing");
    case.stands("being-assessed");
    let words = case.words("We are here again.");
    case.officer_act(&["reply"], &["--text-file", &words], || case.message("text", "here again").is_some());
}

fn nothing_goes_out(case: &Case<'_>) {
    let words = case.words("Are you there?");
    until("nothing goes out", || {
        let tried = case.officer_try(&["reply"], &["--text-file", &words]);
        (tried.code == exit::STATE && tried.err.contains("CASE_STOPPED")).then_some(())
    });
    let words = case.requester.words("I still want to write.");
    case.receipt_act(&["write", "--text-file", &words], || case.message("text", "still want").is_some());
}

fn paused_and_resumed_by_another(installation: &Installation) {
    let head = &installation.team.head;
    let case = Case::submit(installation, &samples::sample("threat-ar"));
    let grant = in_approval(&case);
    case.officer_act(&["pause"], &["--reason", "not_safe"], || case.stage() == "paused");
    case.stands("paused");
    until("the money is held", || (grant.show()["money_held"] == true).then_some(()));
    nothing_goes_out(&case);
    refused(exit::STATE, "SECOND_PERSON_NEEDED", || {
        case.officer_try(&["resume"], &["--reason", "safe_again"])
    });
    case.act_as(head, &["resume"], &["--reason", "safe_again"], || case.stage() != "paused");
    case.stands("in-approval");
    until("the money is free", || (grant.show()["money_held"] == false).then_some(()));
}

fn held_for_an_inquiry(installation: &Installation) {
    let team = &installation.team;
    let case = Case::submit(installation, &samples::sample("election-en"));
    case.take();
    let refused = case.officer_try(&["hold"], &["--reason", "inquiry"]);
    refused.refused_because(exit::NOT_ALLOWED, "NOT_ALLOWED");
    case.act_as(&team.head, &["hold"], &["--reason", "inquiry"], || case.stage() == "held");
    case.stands("paused");
    // It may be about the case's own officer; and nobody ends what they began.
    let cleared = || case.officer_try(&["resume"], &["--reason", "cleared"]);
    cleared().refused_because(exit::STATE, "HEAD_NEEDED");
    let by_head = team.head.run(&["case", "resume", case.id.as_str(), "--reason", "cleared"]);
    by_head.refused_because(exit::STATE, "SECOND_PERSON_NEEDED");
    let roles = |roles: &str| team.admin.flare(&["staff", "roles", "mara", "--roles", roles]);
    roles("officer,head");
    until("another head ends it", || (cleared().code == 0).then_some(()));
    roles("officer");
    case.stands("being-assessed");
}
