//! One request goes the whole way, from the first message to a closed case, while the others wait in the queue; the
//! requester sees where things stand at each step.

use std::time::Duration;

use serde_json::json;

use crate::{
    acts::{Case, Draft, Grant, is_asked, list, text},
    harness::{Installation, answer::exit, broker, checker, installation::Wish, samples, until},
};

#[test]
fn embedded() {
    whole_case(&Installation::embedded());
}

#[test]
fn distributed() {
    let Some(installation) = Installation::distributed(&Wish { replicas: 1, ..Wish::default() }) else {
        return;
    };
    whole_case(&installation);
}

fn whole_case(installation: &Installation) {
    let cases: Vec<_> = samples::all().iter().map(|form| Case::send(installation, form)).collect();
    cases.iter().for_each(Case::wait_until_it_is_queued);
    what_was_written_is_read(&cases);
    the_most_pressing_comes_first(installation);
    let case = &cases[0];
    asked_for_help(case);
    let needs = ["relocation", "equipment"].map(|kind| case.need(kind));
    let needs = [needs[0].as_str(), needs[1].as_str()];
    assessed(case);
    case.recommend(&needs, "9400.00", "EUR");
    case.stands("help-being-prepared");
    let grant = Grant::draft(case, &needs, &Draft::default());
    approved(&grant);
    for need in needs {
        case.need_is(need, "granted", "recommended");
    }
    gates(&grant);
    grant.pay("4000.00");
    grant.pay("5400.00");
    grant.end_date_passes();
    grant.reported_and_closed("Both families are safe and the station is on air again.");
    assert!(case.message("report", "on air again").is_some());
    case.close("helped");
    checker::settled(installation, Duration::from_mins(1));
    the_audit_trail_holds(installation, &grant);
}

fn what_was_written_is_read(cases: &[Case<'_>]) {
    for (case, sample) in cases.iter().zip(samples::all()) {
        assert_eq!(case.show()["answers"]["request.happened"], sample["happened"]);
        assert_eq!(case.show()["answers"]["request.contact"], sample["contact"]);
        case.stands("received");
    }
}

fn the_most_pressing_comes_first(installation: &Installation) {
    let queue = installation.team.officer.flare(&["case", "queue"]);
    let lanes: Vec<_> = list(&queue["cases"]).iter().map(|case| text(&case["lane"])).collect();
    let place =
        |lane: &String| ["critical", "urgent", "standard"].iter().position(|name| name == lane).unwrap();
    assert_eq!(lanes.len(), 8);
    assert!(lanes.is_sorted_by_key(place), "{lanes:?}");
    assert!(lanes.contains(&"critical".to_owned()) && lanes.contains(&"standard".to_owned()), "{lanes:?}");
}

fn asked_for_help(case: &Case<'_>) {
    let team = &case.installation.team;
    is_asked(&team.officer, &case.id, "acknowledge");
    is_asked(&team.head, &case.id, "acknowledge");
    case.acknowledge(&json!({
        "how": "Signal, after 18:00 local time", "never_do": "Do not phone.", "never_say": ["El Fasher"],
    }));
    until("the notice to acknowledge it is gone", || {
        (!crate::acts::asked_of(&team.head, &case.id).contains(&"acknowledge".to_owned())).then_some(())
    });
    // What the contact plan forbids is not said by mistake.
    let words = case.words("Help for El-Fasher is on its way.");
    let refused = case.officer_try(&["reply"], &["--text-file", &words]);
    refused.refused_field("--text-file", "El Fasher");
    assert!(case.message("text", "on its way").is_none());
    // Neither is it taken back by whoever sets the plan anew without knowing of it.
    let hour = json!({"how": "Signal, after 20:00 local time", "never_do": "Do not phone."}).to_string();
    let hour = case.words(&hour);
    let seen = case.officer_try(&["contact-plan"], &[]).json()["version"].to_string();
    let args = ["--contact-plan-file", hour.as_str(), "--version", seen.as_str()];
    let refused = case.officer_try(&["contact-plan"], &args);
    refused.refused_field("--contact-plan-file", "takes back “El Fasher”");
    let named = case.words("El Fasher\n");
    case.officer_act(&["contact-plan"], &[args.as_slice(), &["--lift-file", &named]].concat(), || {
        case.show()["contact_plan"]["never_say"] == json!([])
    });
    // Nor is the plan replaced by one that was made of an older version.
    let stale = case.officer_try(&["contact-plan"], &args);
    stale.refused_because(exit::STATE, "STALE_VERSION");
    let words = case.words("Help is on its way.");
    case.officer_act(&["reply"], &["--text-file", &words], || case.message("text", "on its way").is_some());
    case.assess("critical");
}

fn assessed(case: &Case<'_>) {
    case.ask_and_answer("How many children travel with you?", "Three, two of them small.");
    let words = case.words("Two reporters, their names are known to us.");
    let args = ["--status", "unreachable", "--description-file", &words];
    case.officer_act(&["person", "add"], &args, || !list(&case.show()["persons"]).is_empty());
    case.verified_reference("Editor in the capital, ref-one@example.org");
    case.verified_reference("Legal officer, ref-two@example.net");
    let words = case.words("Moving them now does not put the others at risk.");
    case.officer_act(&["note"], &["--text-file", &words], || !list(&case.show()["notes"]).is_empty());
}

fn approved(grant: &Grant<'_, '_>) {
    let team = &grant.case.installation.team;
    grant.opens("verified");
    grant.submit();
    team.approvers.iter().for_each(|approver| is_asked(approver, &grant.id, "vote"));
    if let Some(servers) = &grant.case.installation.servers {
        for approver in &team.approvers {
            let event = until("the approver's queue holds the question", || {
                broker::on_approver_queue(servers, &approver.id).pop()
            });
            let event: serde_json::Value = serde_json::from_slice(&event.body).unwrap();
            assert_eq!(event["specversion"], "1.0");
            assert_eq!(event["type"], "flare.approval.requested.v1");
            assert_eq!(event["subject"], grant.id.as_str());
            assert_eq!(event["data"]["case_id"], grant.case.id.as_str());
        }
    }
    let shown = grant.show_to(&team.approvers[0]);
    assert_eq!(shown["terms"]["scope"], Draft::default().scope, "an approver sees exactly what they sign");
    grant.vote(0, "approve", "");
    assert_eq!(grant.stage(), "in-approval", "one vote is not enough");
    grant.vote(1, "approve-with-conditions", "Only if the families agree to move.");
    grant.is("approved");
    grant.opens("voted");
    until("the third is no longer asked", || {
        (!crate::acts::asked_of(&team.approvers[2], &grant.id).contains(&"vote".to_owned())).then_some(())
    });
}

fn gates(grant: &Grant<'_, '_>) {
    grant.pay_to("Partner office across the border, account 7004, +1-202-555-0199");
    grant.agree("You receive 9400.00 EUR from a foundation for housing and devices, until the end date.");
    assert_eq!(grant.stage(), "approved", "a gate is closed still");
    grant.reserve("Emergency fund", "9400.00");
    grant.is("active");
    grant.case.stands("help-active");
}

fn the_audit_trail_holds(installation: &Installation, grant: &Grant<'_, '_>) {
    let head = &installation.team.head;
    let trail = head.flare(&["audit", "show", &grant.id, "--service", "grants"]);
    let kinds: Vec<_> = list(&trail["events"]).iter().map(|event| text(&event["kind"])).collect();
    for kind in ["GrantDrafted", "GrantSubmitted", "VoteCast", "GrantActivated", "GrantClosed"] {
        assert!(kinds.iter().any(|found| found.ends_with(kind)), "{kind} is missing: {kinds:?}");
    }
    head.flare(&["audit", "verify", "--all"]);
}
