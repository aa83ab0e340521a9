use flare_contracts::{
    common::v1::{self as common, Money},
    events::v1::{self as events, grants_event as ge, intake_event as ie, triage_event as te},
    grants::v1::{Gate, TrancheState},
    intake::v1::{Danger, Listing, MessageKind},
    triage::v1::{Outcome, PersonStatus},
};
use proptest::prelude::*;

use super::*;
use crate::domain::{Ask, GrantFacts, Settle, subject};

const AT: Timestamp = Timestamp::from_micros(1_795_305_600_000_000);

fn person(byte: u8) -> StaffId {
    StaffId::from_bytes([byte; 16])
}

const CASE: CaseId = CaseId::from_bytes([1; 16]);
const GRANT: GrantId = GrantId::from_bytes([2; 16]);

fn facts() -> Facts {
    Facts {
        codename: None,
        lane: Some(Lane::Urgent),
        owner: Some(person(1)),
        grant: Some(GrantFacts { proposer: person(2), active: true }),
    }
}

fn heard<'a>(actor: &'a str, policy: &'a NotificationPolicy) -> Heard<'a> {
    Heard { case: CASE, grant: Some(GRANT), at: AT, actor, lane: Lane::Standard, policy }
}

fn routed_with(event: impl Into<Event>, actor: &str, facts: Facts) -> Routed {
    let policy = NotificationPolicy::default();
    route(&event.into(), &heard(actor, &policy), facts).unwrap()
}

fn routed(event: impl Into<Event>, actor: &str) -> Routed {
    routed_with(event, actor, facts())
}

/// Who is asked what, in order.
fn told(routed: &Routed) -> Vec<(Audience, Ask)> {
    routed.plans.iter().map(|plan| (plan.audience.clone(), plan.ask)).collect()
}

fn intake(event: ie::Event) -> Event {
    Event::Intake(event)
}

fn triage(event: te::Event) -> Event {
    Event::Triage(event)
}

fn grants(event: ge::Event) -> Event {
    Event::Grants(event)
}

fn submitted(hint: common::Lane) -> Event {
    let listing = Listing { lane_hint: hint.into(), ..Listing::default() };
    intake(ie::Event::RequestSubmitted(events::RequestSubmitted {
        listing: Some(listing),
        ..Default::default()
    }))
}

fn message(kind: MessageKind, by_requester: bool) -> Event {
    let about = GRANT.to_string();
    let posted = events::MessagePosted { kind: kind.into(), by_requester, about, ..Default::default() };
    intake(ie::Event::MessagePosted(posted))
}

fn moved(state: TrancheState) -> events::TrancheMoved {
    events::TrancheMoved { tranche_id: "tranche_x".to_owned(), state: state.into(), ..Default::default() }
}

#[test]
fn a_request_is_told_at_once_with_the_time_of_its_lane() {
    for (hint, lane, hours) in [
        (common::Lane::Critical, Lane::Critical, 2),
        (common::Lane::Urgent, Lane::Urgent, 24),
        (common::Lane::Standard, Lane::Standard, 72),
        (common::Lane::Unspecified, Lane::Standard, 72),
    ] {
        let routed = routed_with(submitted(hint), "requester", Facts::default());
        assert_eq!(
            told(&routed),
            [(Audience::Officers, Ask::Acknowledge), (Audience::Heads, Ask::Acknowledge)]
        );
        assert_eq!((routed.lane, routed.facts.lane), (lane, Some(lane)));
        for plan in routed.plans {
            assert_eq!(plan.due, Some(AT.plus(flare_kernel::Duration::from_hours(hours))));
            assert_eq!(plan.about, CASE.to_string());
        }
    }
    let waited = events::RequestSubmitted {
        waiting_since: Some(input::timestamp_out(AT.plus(flare_kernel::Duration::from_hours(-5)))),
        ..Default::default()
    };
    let routed = routed_with(intake(ie::Event::RequestSubmitted(waited)), "requester", Facts::default());
    let due = AT.plus(flare_kernel::Duration::from_hours(72 - 5));
    assert!(routed.plans.iter().all(|plan| plan.due == Some(due)), "from when it began to wait");
    let late = routed_with(submitted(common::Lane::Critical), "requester", facts());
    assert_eq!(late.lane, Lane::Urgent, "the lane that triage confirmed stands");
}

#[test]
fn danger_that_is_told_later_goes_before_what_was_told() {
    use Audience::{Heads, Officers, Owner};
    let due = AT.plus(flare_kernel::Duration::from_hours(2));
    let raised = || {
        triage(te::Event::LaneRaised(events::LaneRaised {
            lane: common::Lane::Critical.into(),
            due: Some(flare_contracts::input::timestamp_out(due)),
            ..Default::default()
        }))
    };
    let unowned = routed_with(raised(), "requester", Facts::default());
    assert_eq!(told(&unowned), [(Officers, Ask::Acknowledge), (Heads, Ask::Acknowledge)]);
    assert_eq!((unowned.lane, unowned.facts.lane), (Lane::Critical, Some(Lane::Critical)));
    assert_eq!(unowned.settle, [Settle::Asked(Ask::Acknowledge, CASE.to_string())], "only the latest stays");
    assert!(unowned.plans.iter().all(|plan| plan.due == Some(due)));
    let owned = routed(raised(), "requester");
    assert_eq!((told(&owned), owned.lane), (vec![(Heads, Ask::ReadAnswers)], Lane::Critical));

    let answers = events::AnswersAdded { danger: Danger::Yes.into(), ..Default::default() };
    let answers = routed(intake(ie::Event::AnswersAdded(answers)), "requester");
    assert_eq!((told(&answers), answers.lane), (vec![(Owner, Ask::ReadAnswers)], Lane::Critical));
}

#[test]
fn what_the_requester_says_reaches_the_owner() {
    use Audience::{Finance, Heads, Owner, Staff};
    let answers = || intake(ie::Event::AnswersAdded(events::AnswersAdded::default()));
    assert_eq!(told(&routed(answers(), "requester")), [(Owner, Ask::ReadAnswers)]);
    assert_eq!(told(&routed(answers(), &person(1).to_string())), []);
    assert_eq!(told(&routed_with(answers(), "requester", Facts::default())), [], "it has no owner yet");
    for by_requester in [true, false] {
        let file = events::FileAttached { by_requester, ..Default::default() };
        let expected = if by_requester { vec![(Owner, Ask::ReadFile)] } else { vec![] };
        assert_eq!(told(&routed(intake(ie::Event::FileAttached(file)), "requester")), expected);
    }
    for kind in [MessageKind::Text, MessageKind::Answer] {
        let routed = routed(message(kind, true), "requester");
        assert_eq!(told(&routed), [(Owner, Ask::Answer)]);
        assert_eq!(routed.settle, [Settle::Asked(Ask::CheckWelfare, CASE.to_string())]);
    }
    assert_eq!(told(&routed(message(MessageKind::Report, true), "requester")), []);
    assert_eq!(told(&routed(message(MessageKind::Change, true), "requester")), [(Owner, Ask::Answer)]);
    let review = routed(message(MessageKind::Review, true), "requester");
    assert_eq!(told(&review), [(Heads, Ask::ReviewDecline), (Owner, Ask::ReviewDecline)]);
    assert_eq!(review.plans[0].about, GRANT.to_string(), "what was declined");
    let reply = routed(message(MessageKind::Text, false), &person(1).to_string());
    assert_eq!((told(&reply), reply.settle), (vec![], vec![Settle::Asked(Ask::Answer, CASE.to_string())]));
    let decision = routed(message(MessageKind::Decision, false), &person(1).to_string());
    assert!(decision.settle.contains(&Settle::Asked(Ask::TellRequester, GRANT.to_string())));

    for (agrees, ask) in [(true, Ask::SubmitGrant), (false, Ask::ReviseGrant)] {
        let answer = events::ProposalAnswered { agrees, ..Default::default() };
        let answer = intake(ie::Event::ProposalAnswered(answer));
        assert_eq!(told(&routed(answer.clone(), "requester")), [(Staff(person(2)), ask)]);
        assert_eq!(told(&routed_with(answer, "requester", Facts::default())), [(Owner, ask)]);
    }
    for (accepts, refuses_donor, expected) in [
        (true, false, vec![]),
        (false, false, vec![(Owner, Ask::SettleAgreement)]),
        (false, true, vec![(Owner, Ask::SettleAgreement), (Finance, Ask::ReserveFunds)]),
    ] {
        let answer = events::AgreementAnswered { accepts, refuses_donor, ..Default::default() };
        assert_eq!(told(&routed(intake(ie::Event::AgreementAnswered(answer)), "requester")), expected);
    }
    let nothing = vec![(Finance, Ask::TracePayment), (Owner, Ask::TracePayment)];
    for (minor_units, expected) in [(0, nothing), (1, vec![])] {
        let arrived = Some(Money { currency: "EUR".to_owned(), minor_units });
        let reported = events::ArrivalReported { arrived, ..Default::default() };
        assert_eq!(told(&routed(intake(ie::Event::ArrivalReported(reported)), "requester")), expected);
    }
    let report = intake(ie::Event::ReportSubmitted(events::ReportSubmitted::default()));
    assert_eq!(told(&routed(report, "requester")), [(Owner, Ask::ReadReport)]);
    let withdrawal = intake(ie::Event::WithdrawalRequested(events::WithdrawalRequested::default()));
    let expected = [Owner, Heads, Finance].map(|audience| (audience, Ask::SettleWithdrawal));
    assert_eq!(told(&routed(withdrawal, "requester")), expected);
    let issued = routed(intake(ie::Event::ReceiptIssued(events::ReceiptIssued::default())), "x");
    let settled = vec![Settle::Asked(Ask::ReachAnew, CASE.to_string())];
    assert_eq!((told(&issued), issued.settle), (vec![], settled));
}

#[test]
fn a_code_that_its_holder_froze_goes_before_everything_else() {
    use Audience::{Finance, Heads, Owner};
    let frozen = || intake(ie::Event::ReceiptFrozen(events::ReceiptFrozen::default()));
    let seen = routed(frozen(), "requester");
    assert_eq!(told(&seen), [(Owner, Ask::ReachAnew), (Heads, Ask::ReachAnew)]);
    assert_eq!((seen.lane, seen.facts.lane), (Lane::Critical, facts().lane), "this notice, not the case");
    assert_eq!(told(&routed(frozen(), &person(1).to_string())), []);
    let stopped = |how: &str| {
        triage(te::Event::CaseStopped(events::CaseStopped { how: how.to_owned(), ..Default::default() }))
    };
    let paused = told(&routed(stopped("paused"), "requester"));
    assert_eq!(paused, [(Finance, Ask::StopPayments), (Owner, Ask::StopPayments)]);
    assert_eq!(told(&routed(stopped("withdrawn"), "requester")), [], "that was told when they withdrew");
}

#[test]
fn the_steps_of_a_case_reach_whoever_is_next() {
    use Audience::{Finance, Heads, Owner, Staff};
    let acknowledged = events::CaseAcknowledged { owner: person(5).to_string(), ..Default::default() };
    let taken = routed_with(triage(te::Event::CaseAcknowledged(acknowledged)), "x", Facts::default());
    assert_eq!((told(&taken), taken.facts.owner), (vec![], Some(person(5))));
    assert!(taken.settle.contains(&Settle::Asked(Ask::Acknowledge, CASE.to_string())));
    let assigned = events::CaseAssigned { owner: person(6).to_string(), ..Default::default() };
    let given = routed(triage(te::Event::CaseAssigned(assigned)), &person(6).to_string());
    assert_eq!((told(&given), given.facts.owner), (vec![(Staff(person(6)), Ask::TakeOver)], Some(person(6))));
    assert_eq!(given.plans[0].except, Some(person(6)), "who takes it over themselves knows");

    let assessed = events::CaseAssessed { lane: common::Lane::Critical.into(), ..Default::default() };
    assert_eq!(routed(triage(te::Event::CaseAssessed(assessed)), "x").facts.lane, Some(Lane::Critical));
    let opened = events::CaseOpened { lane: common::Lane::Critical.into(), ..Default::default() };
    assert_eq!(told(&routed(triage(te::Event::CaseOpened(opened)), "x")), [], "the request was told, sooner");
    let name = "amber-kestrel-27".to_owned();
    let opened = events::CaseOpened { codename: name.clone(), ..Default::default() };
    let drafted = events::GrantDrafted {
        proposer: person(3).to_string(),
        codename: name.clone(),
        ..Default::default()
    };
    for event in [triage(te::Event::CaseOpened(opened)), grants(ge::Event::GrantDrafted(drafted))] {
        let facts = routed_with(event, "x", Facts::default()).facts;
        assert_eq!(facts.codename.map(|codename| codename.to_string()), Some(name.clone()));
    }

    let owner_and_heads = |ask| vec![(Owner, ask), (Heads, ask)];
    for (status, tells) in [
        (PersonStatus::Safe, false),
        (PersonStatus::Unknown, false),
        (PersonStatus::Unreachable, true),
        (PersonStatus::Detained, true),
        (PersonStatus::Missing, true),
        (PersonStatus::Dead, true),
    ] {
        let expected = if tells { owner_and_heads(Ask::ConsiderPause) } else { vec![] };
        let set = events::PersonStatusSet { status: status.into(), ..Default::default() };
        assert_eq!(told(&routed(triage(te::Event::PersonStatusSet(set)), "x")), expected);
        let added = events::PersonAdded { status: status.into(), ..Default::default() };
        assert_eq!(told(&routed(triage(te::Event::PersonAdded(added)), "x")), expected);
    }
    for (step, ask) in [
        ("acknowledge", Ask::AcknowledgeOverdue),
        ("assess", Ask::AssessOverdue),
        ("outcome", Ask::OutcomeOverdue),
        ("draft", Ask::DraftGrant),
    ] {
        let overdue = events::CaseOverdue { step: step.to_owned(), ..Default::default() };
        let routed = routed(triage(te::Event::CaseOverdue(overdue)), "system:timer");
        assert_eq!(told(&routed), owner_and_heads(ask));
        assert_eq!(routed.settle, [Settle::Asked(ask, CASE.to_string())], "only the latest stays");
    }
    let recommended = events::GrantRecommended {
        draft_by: Some(input::timestamp_out(AT)),
        need_ids: vec!["need_x".to_owned()],
        ..Default::default()
    };
    let recommended = routed(triage(te::Event::GrantRecommended(recommended)), &person(1).to_string());
    assert_eq!(told(&recommended), [(Owner, Ask::DraftGrant)]);
    assert_eq!((recommended.plans[0].due, recommended.plans[0].except), (Some(AT), None));
    for (accepted, expected) in [(true, vec![]), (false, vec![(Owner, Ask::DecideNeed)])] {
        let answered = events::ReferralAnswered { accepted, ..Default::default() };
        assert_eq!(told(&routed(triage(te::Event::ReferralAnswered(answered)), "x")), expected);
    }
    for (outcome, expected) in [
        (Outcome::Given, vec![]),
        (Outcome::Covered, vec![]),
        (Outcome::Declined, vec![]),
        (Outcome::Open, vec![(Owner, Ask::DecideNeed)]),
    ] {
        let need_id = "need_x".to_owned();
        let ended = events::NeedEnded { need_id, outcome: outcome.into(), ..Default::default() };
        let routed = routed(triage(te::Event::NeedEnded(ended)), &person(6).to_string());
        assert_eq!(told(&routed), expected, "{outcome:?}");
        let settled =
            [Ask::DecideNeed, Ask::ReviewDecline].map(|ask| Settle::Asked(ask, "need_x".to_owned()));
        assert_eq!(routed.settle, if expected.is_empty() { &settled[..] } else { &settled[1..] });
        assert!(routed.plans.iter().all(|plan| plan.about == "need_x" && plan.except == Some(person(6))));
    }
    let unanswered = triage(te::Event::ReferralUnanswered(events::ReferralUnanswered::default()));
    assert_eq!(told(&routed(unanswered, "system:timer")), [(Owner, Ask::DecideNeed)]);
    let welfare = triage(te::Event::WelfareCheckDue(events::WelfareCheckDue::default()));
    assert_eq!(told(&routed(welfare, "system:timer")), [(Owner, Ask::CheckWelfare)]);

    let stopped = |how: &str| {
        triage(te::Event::CaseStopped(events::CaseStopped { how: how.to_owned(), ..Default::default() }))
    };
    let expected = [(Finance, Ask::StopPayments), (Owner, Ask::StopPayments)];
    assert_eq!(told(&routed(stopped("paused"), &person(1).to_string())), expected);
    assert_eq!(told(&routed(stopped("withdrawn"), "requester")), [], "intake told of it");
    let resumed = triage(te::Event::CaseResumed(events::CaseResumed::default()));
    assert_eq!(told(&routed(resumed, "x")), [(Finance, Ask::ResumePayments), (Owner, Ask::TakeUpAgain)]);
    let closed = routed(triage(te::Event::CaseClosed(events::CaseClosed::default())), "x");
    assert_eq!((told(&closed), closed.settle), (vec![], vec![Settle::Case(CASE)]));
    let reopened = triage(te::Event::CaseReopened(events::CaseReopened::default()));
    assert_eq!(told(&routed(reopened, "x")), [(Owner, Ask::TakeUpAgain)]);
}

#[test]
fn a_grants_votes_are_asked_of_those_who_may_vote() {
    use Audience::{Approvers, Staff};
    let drafted = events::GrantDrafted { proposer: person(3).to_string(), ..Default::default() };
    let drafted = routed_with(grants(ge::Event::GrantDrafted(drafted)), "x", Facts::default());
    assert_eq!(drafted.facts.grant, Some(GrantFacts { proposer: person(3), active: false }));
    assert_eq!(drafted.settle, [Settle::Asked(Ask::DraftGrant, CASE.to_string())]);

    let submitted = events::GrantSubmitted {
        proposer: person(3).to_string(),
        excluded: vec![person(4).to_string()],
        due: Some(input::timestamp_out(AT)),
        ..Default::default()
    };
    let asked = routed(grants(ge::Event::GrantSubmitted(submitted.clone())), &person(3).to_string());
    let excluded = vec![person(3), person(4)];
    assert_eq!(told(&asked), [(Approvers { excluded }, Ask::Vote)]);
    assert_eq!((asked.plans[0].due, asked.plans[0].about.as_str()), (Some(AT), GRANT.to_string().as_str()));
    let policy = NotificationPolicy::default();
    let garbled = events::GrantSubmitted { excluded: vec!["somebody".to_owned()], ..submitted };
    let garbled = route(&grants(ge::Event::GrantSubmitted(garbled)), &heard("x", &policy), facts());
    assert_eq!(garbled, Err(Malformed("excluded")), "somebody excluded must not be asked by accident");

    let hastened = events::VoteHastened {
        excluded: vec![person(3).to_string(), person(5).to_string()],
        due: Some(input::timestamp_out(AT)),
        ..Default::default()
    };
    let hastened = routed(grants(ge::Event::VoteHastened(hastened)), "system:grants");
    let excluded = vec![person(3), person(5)];
    assert_eq!(told(&hastened), [(Approvers { excluded }, Ask::Vote)]);
    assert_eq!(hastened.plans[0].due, Some(AT));
    assert_eq!(
        hastened.settle,
        [Settle::Asked(Ask::Vote, GRANT.to_string())],
        "in place of the first notice"
    );

    let one = |ask, staff| vec![Settle::AskedOf(ask, GRANT.to_string(), staff)];
    let vote = events::VoteCast { voter: person(4).to_string(), ..Default::default() };
    assert_eq!(routed(grants(ge::Event::VoteCast(vote)), "x").settle, one(Ask::Vote, person(4)));
    let conflict = events::ConflictDeclared { approver: person(4).to_string(), ..Default::default() };
    assert_eq!(routed(grants(ge::Event::ConflictDeclared(conflict)), "x").settle, one(Ask::Vote, person(4)));

    let (proposer, by) = (person(3).to_string(), person(4).to_string());
    let everyone = Settle::Asked(Ask::Vote, GRANT.to_string());
    for (event, ask, settled) in [
        (
            ge::Event::GrantReturned(events::GrantReturned {
                proposer: proposer.clone(),
                by: by.clone(),
                ..Default::default()
            }),
            Ask::ReviseGrant,
            everyone.clone(),
        ),
        (
            ge::Event::GrantRejected(events::GrantRejected {
                proposer: proposer.clone(),
                by,
                ..Default::default()
            }),
            Ask::TellRequester,
            Settle::Grant(GRANT),
        ),
        (
            ge::Event::GrantApproved(events::GrantApproved { proposer, ..Default::default() }),
            Ask::TellRequester,
            everyone.clone(),
        ),
    ] {
        let routed = routed(grants(event), "x");
        assert_eq!(told(&routed), [(Staff(person(3)), ask)]);
        assert!(routed.settle.contains(&settled));
    }
    let revised = routed(grants(ge::Event::GrantRevised(events::GrantRevised::default())), "x");
    assert!(told(&revised).is_empty() && revised.settle.contains(&everyone));
}

#[test]
fn the_gates_and_the_money_reach_finance_and_the_owner() {
    use Audience::{Approvers, Finance, Heads, Owner, Staff};
    let opened = |gate: Gate| {
        let opened = events::GateOpened { gate: gate.into(), ..Default::default() };
        routed(grants(ge::Event::GateOpened(opened)), "x")
    };
    assert_eq!(told(&opened(Gate::Voted)), [(Finance, Ask::ReserveFunds), (Owner, Ask::EnterPayee)]);
    for (gate, ask) in [
        (Gate::Verified, Ask::Verify),
        (Gate::PayeeChecked, Ask::CheckPayee),
        (Gate::Agreed, Ask::SettleAgreement),
        (Gate::Funded, Ask::ReserveFunds),
    ] {
        let routed = opened(gate);
        assert!(told(&routed).is_empty());
        assert!(routed.settle.contains(&Settle::Asked(ask, GRANT.to_string())), "{gate:?}");
    }
    for (gate, expected) in [
        (Gate::Verified, vec![(Owner, Ask::Verify)]),
        (Gate::PayeeChecked, vec![(Finance, Ask::CheckPayee), (Owner, Ask::CheckPayee)]),
        (Gate::Agreed, vec![(Owner, Ask::SettleAgreement)]),
        (Gate::Funded, vec![(Finance, Ask::ReserveFunds)]),
        (Gate::Voted, vec![]),
    ] {
        let closed = events::GateClosed { gate: gate.into(), ..Default::default() };
        assert_eq!(told(&routed(grants(ge::Event::GateClosed(closed)), "x")), expected);
    }
    let payee = events::PayeeEntered { by: person(7).to_string(), ..Default::default() };
    let payee = routed(grants(ge::Event::PayeeEntered(payee)), "x");
    assert_eq!(told(&payee), [(Finance, Ask::CheckPayee)]);
    assert_eq!(payee.plans[0].except, Some(person(7)), "who entered it may not check it");

    let advance = |complete| {
        let by = person(7).to_string();
        let event = events::AdvanceAuthorised { complete, by, ..Default::default() };
        routed(grants(ge::Event::AdvanceAuthorised(event)), "x")
    };
    let excluded = Vec::new();
    let expected = [Heads, Finance, Approvers { excluded }].map(|audience| (audience, Ask::AuthoriseAdvance));
    assert_eq!(told(&advance(false)), expected);
    assert!(advance(false).plans.iter().all(|plan| plan.except == Some(person(7))));
    assert_eq!(told(&advance(true)), [(Finance, Ask::ReleaseTranche)]);
    let activated = routed(grants(ge::Event::GrantActivated(events::GrantActivated::default())), "x");
    assert_eq!(told(&activated), [(Finance, Ask::ReleaseTranche)]);
    assert!(activated.facts.grant.unwrap().active);

    let by = person(9).to_string();
    let finance_and_owner = |ask| vec![(Finance, ask), (Owner, ask)];
    for (state, actor, expected) in [
        (TrancheState::Scheduled, by.as_str(), vec![(Finance, Ask::ReleaseTranche)]),
        (TrancheState::Released, &by, vec![(Finance, Ask::SendTranche)]),
        (TrancheState::Sent, &by, vec![(Owner, Ask::ConfirmArrival)]),
        (TrancheState::InDoubt, &by, finance_and_owner(Ask::TracePayment)),
        (TrancheState::InDoubt, "system:grants", vec![]),
        (TrancheState::Arrived, &by, vec![]),
        (
            TrancheState::Returned,
            &by,
            vec![(Finance, Ask::RescheduleTranche), (Staff(person(2)), Ask::RescheduleTranche)],
        ),
        (
            TrancheState::Lost,
            &by,
            vec![(Heads, Ask::NoteLoss), (Finance, Ask::NoteLoss), (Owner, Ask::NoteLoss)],
        ),
    ] {
        assert_eq!(
            told(&routed(grants(ge::Event::TrancheMoved(moved(state))), actor)),
            expected,
            "{state:?} {actor}"
        );
    }
    let proposed = events::TrancheMoved { write_off_proposed: true, ..moved(TrancheState::InDoubt) };
    let proposed = routed(grants(ge::Event::TrancheMoved(proposed)), &by);
    assert_eq!(told(&proposed), [(Finance, Ask::ConfirmWriteOff), (Heads, Ask::ConfirmWriteOff)]);
    assert!(proposed.plans.iter().all(|plan| plan.except == Some(person(9))));
    let arrived = routed(grants(ge::Event::TrancheMoved(moved(TrancheState::Arrived))), &by);
    assert!(arrived.settle.contains(&Settle::Asked(Ask::TracePayment, "tranche_x".to_owned())));
    let early = Facts { grant: Some(GrantFacts { proposer: person(2), active: false }), ..facts() };
    let early = routed_with(grants(ge::Event::TrancheMoved(moved(TrancheState::Scheduled))), &by, early);
    assert!(told(&early).is_empty(), "there is nothing to release before the gates are open");
}

#[test]
fn the_end_of_a_grant_reaches_whoever_closes_it() {
    use Audience::{Finance, Heads, Owner};
    let ended = events::GrantEnded { report_due: Some(input::timestamp_out(AT)), ..Default::default() };
    let ended = routed(grants(ge::Event::GrantEnded(ended)), "system:timer");
    assert_eq!((told(&ended), ended.plans[0].due), (vec![(Owner, Ask::CollectReport)], Some(AT)));
    let by = person(9).to_string();
    for (how, actor, expected) in [
        ("deferred", by.as_str(), vec![]),
        ("oral", &by, vec![(Owner, Ask::CloseGrant)]),
        ("waived", &by, vec![(Owner, Ask::CloseGrant)]),
        ("received", "system:grants", vec![]),
    ] {
        let recorded = events::ReportRecorded { how: how.to_owned(), ..Default::default() };
        let routed = routed(grants(ge::Event::ReportRecorded(recorded)), actor);
        assert_eq!(told(&routed), expected, "{how}");
        let collected = routed.settle.contains(&Settle::Asked(Ask::CollectReport, GRANT.to_string()));
        assert_eq!(collected, how != "deferred");
    }
    let proposed = events::CloseProposed { by: by.clone(), ..Default::default() };
    let proposed = routed(grants(ge::Event::CloseProposed(proposed)), &by);
    assert_eq!(told(&proposed), [Finance, Heads, Owner].map(|audience| (audience, Ask::ConfirmClose)));
    assert!(proposed.plans.iter().all(|plan| plan.except == Some(person(9))));
    let closed = routed(grants(ge::Event::GrantClosed(events::GrantClosed::default())), "x");
    assert_eq!((told(&closed), closed.settle), (vec![(Owner, Ask::CloseCase)], vec![Settle::Grant(GRANT)]));
    let set = events::ReportDueSet { report_due: Some(input::timestamp_out(AT)), ..Default::default() };
    let set = routed(grants(ge::Event::ReportDueSet(set)), "system:grants");
    assert_eq!((told(&set), set.plans[0].due), (vec![(Owner, Ask::CollectReport)], Some(AT)));
    let unset = routed(grants(ge::Event::ReportDueSet(events::ReportDueSet::default())), "x");
    assert_eq!(told(&unset), [(Owner, Ask::CloseGrant)], "there is nothing to report on");
    let withdrawn = routed(grants(ge::Event::GrantWithdrawn(events::GrantWithdrawn::default())), "x");
    assert_eq!((told(&withdrawn), withdrawn.settle), (vec![], vec![Settle::Grant(GRANT)]));
    let terminated = routed(grants(ge::Event::GrantTerminated(events::GrantTerminated::default())), "x");
    assert_eq!(told(&terminated), [(Finance, Ask::StopPayments), (Owner, Ask::StopPayments)]);
    for (step, tranche, ask) in [
        ("draft", "", Ask::SubmitOverdue),
        ("vote", "", Ask::VotesOverdue),
        ("report", "", Ask::ReportOverdue),
        ("arrival", "tranche_x", Ask::ArrivalOverdue),
        ("close", "", Ask::CloseOverdue),
    ] {
        let overdue = events::GrantOverdue {
            step: step.to_owned(),
            tranche_id: tranche.to_owned(),
            ..Default::default()
        };
        let routed = routed(grants(ge::Event::GrantOverdue(overdue)), "system:timer");
        assert_eq!(told(&routed), [(Owner, ask), (Heads, ask)]);
        let about = if tranche.is_empty() { GRANT.to_string() } else { tranche.to_owned() };
        assert_eq!(routed.settle, [Settle::Asked(ask, about)]);
    }
}

proptest! {
    #[test]
    fn the_subject_of_an_event_is_its_case_and_grant(case: [u8; 16], grant: [u8; 16], text in ".{0,40}") {
        let (case, grant) = (CaseId::from_bytes(case), GrantId::from_bytes(grant));
        let vote = |case_id: String, grant_id: String| {
            grants(ge::Event::VoteCast(events::VoteCast { case_id, grant_id, ..Default::default() }))
        };
        let found = subject(&vote(case.to_string(), grant.to_string())).unwrap().unwrap();
        prop_assert_eq!((found.case, found.grant), (case, Some(grant)));
        if text.parse::<CaseId>().is_err() {
            prop_assert_eq!(subject(&vote(text, grant.to_string())), Err(Malformed("case_id")));
        }
    }
}
