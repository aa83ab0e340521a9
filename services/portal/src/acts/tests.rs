//! What can be done at each step of a request, of a grant, of a payment and of a need: one table each.

use flare_edge::receipt::{NeedKind, Step, TrancheState};
use flare_kernel::CaseId;

use super::*;

/// What is offered while a request goes on.
const GOES_ON: &[Act] = &[Act::Change, Act::Stop, Act::Seen];

/// Every standing, what can be done there where nothing is asked, and whose turn it is.
const STANDINGS: [(Standing, &[Act], Turn); 12] = [
    (Standing::Received, GOES_ON, OURS),
    (Standing::Acknowledged, GOES_ON, OURS),
    (Standing::BeingAssessed, GOES_ON, OURS),
    (Standing::WaitingForYou, GOES_ON, Turn::Theirs),
    (Standing::HelpBeingPrepared, GOES_ON, OURS),
    (Standing::InApproval, GOES_ON, OURS),
    (Standing::HelpActive, GOES_ON, OURS),
    (Standing::Reporting, GOES_ON, OURS),
    (Standing::Closed, &[Act::Seen], Turn::Ended),
    (Standing::Paused, GOES_ON, Turn::Paused),
    (Standing::Withdrawn, &[Act::Seen], Turn::Ended),
    (Standing::AskedToStop, &[Act::Change, Act::Seen], OURS),
];

/// When we answer by.
const BY: Timestamp = Timestamp::from_micros(9);
const OURS: Turn = Turn::Ours(Some(BY));

/// Every stage of a grant whose proposal and agreement are shown, and what is asked there.
const STAGES: [(GrantStage, &[Act]); 11] = [
    (GrantStage::Draft, &[Act::Proposal, Act::Agreement]),
    (GrantStage::InApproval, &[Act::Agreement]),
    (GrantStage::Approved, &[Act::Agreement]),
    (GrantStage::Active, &[Act::Report]),
    (GrantStage::Reporting, &[Act::Report]),
    (GrantStage::Closing, &[]),
    (GrantStage::Closed, &[]),
    (GrantStage::Rejected, &[]),
    (GrantStage::Withdrawn, &[]),
    (GrantStage::Terminated, &[]),
    (GrantStage::Unknown, &[]),
];

fn status(standing: Standing, fill: impl FnOnce(&mut Status)) -> Status {
    let mut status = Status::of_case(CaseId::from_bytes([1; 16]));
    status.standing = standing;
    fill(&mut status);
    status
}

fn grant(stage: GrantStage) -> Grant {
    Grant {
        grant_id: "grant".to_owned(),
        stage,
        ceiling: None,
        start: String::new(),
        end: String::new(),
        report_due: None,
        proposal_message_id: "proposal".to_owned(),
        agreement_message_id: "agreement".to_owned(),
        tranches: Vec::new(),
    }
}

fn at(time: i64) -> Timestamp {
    Timestamp::from_micros(time)
}

fn step(what: StepCode, about: &str, time: i64) -> Step {
    Step { what: what.as_str().replace('_', "-"), at: Some(at(time)), about: about.to_owned() }
}

#[test]
fn what_can_be_done_hangs_on_where_the_request_stands() {
    for (standing, expected, _) in STANDINGS {
        assert_eq!(possible(&status(standing, |_| ())), expected, "{standing:?}");
    }
}

#[test]
fn what_is_asked_of_a_grant_hangs_on_its_stage() {
    for (stage, expected) in STAGES {
        let shown = status(Standing::HelpBeingPrepared, |status| status.grants = vec![grant(stage)]);
        let asked: Vec<_> = possible(&shown).into_iter().filter(|act| act.is_asked()).collect();
        assert_eq!(asked, expected, "{stage:?}");
    }
    let unshown = Grant {
        proposal_message_id: String::new(),
        agreement_message_id: String::new(),
        ..grant(GrantStage::Draft)
    };
    let unshown = status(Standing::HelpBeingPrepared, |status| status.grants = vec![unshown]);
    assert!(!possible(&unshown).iter().any(|act| act.is_asked()), "what is not shown is not asked");
}

#[test]
fn a_payment_is_asked_about_while_it_is_under_way() {
    let states = [
        (TrancheState::Scheduled, false),
        (TrancheState::Released, false),
        (TrancheState::Sent, true),
        (TrancheState::InDoubt, true),
        (TrancheState::Arrived, false),
        (TrancheState::Returned, false),
        (TrancheState::Lost, false),
        (TrancheState::Unknown, false),
    ];
    for (state, is_asked) in states {
        let tranche = Tranche { tranche_id: "tranche".to_owned(), amount: None, state };
        let paid = Grant { tranches: vec![tranche], ..grant(GrantStage::Active) };
        let sent = status(Standing::HelpActive, |status| status.grants = vec![paid]);
        assert_eq!(possible(&sent).contains(&Act::Money), is_asked, "{state:?}");
    }
}

#[test]
fn another_look_is_offered_at_what_was_declined() {
    let outcomes = [
        (Outcome::Open, false),
        (Outcome::Given, false),
        (Outcome::Recommended, false),
        (Outcome::Covered, false),
        (Outcome::Referred, false),
        (Outcome::Declined, true),
        (Outcome::Unknown, false),
    ];
    for (outcome, is_offered) in outcomes {
        let need = Need { need_id: "need".to_owned(), kind: NeedKind::Legal, outcome, declined_for: None };
        let status = status(Standing::BeingAssessed, |status| status.needs = vec![need]);
        assert_eq!(possible(&status).contains(&Act::Review), is_offered, "{outcome:?}");
    }
}

#[test]
fn what_was_done_is_asked_again_when_it_is_shown_or_asked_anew() {
    let table = [
        (Act::Proposal, GrantStage::Draft, StepCode::ProposalShown, StepCode::ProposalAnswered),
        (Act::Agreement, GrantStage::Approved, StepCode::AgreementShown, StepCode::AgreementAnswered),
        (Act::Report, GrantStage::Reporting, StepCode::ReportAsked, StepCode::ReportSubmitted),
    ];
    for (act, stage, asked, done) in table {
        let mut status = status(Standing::HelpBeingPrepared, |status| status.grants = vec![grant(stage)]);
        let is_open = |status: &Status| possible(status).contains(&act);
        status.steps.push(step(asked, "grant", 1));
        assert!(is_open(&status), "{act:?}");
        status.steps.push(step(done, "another", 2));
        assert!(is_open(&status), "{act:?} of another grant is another");
        status.steps.push(step(done, "grant", 3));
        assert!(!is_open(&status), "{act:?} is done");
        status.steps.push(step(asked, "grant", 4));
        assert!(is_open(&status), "{act:?} is asked anew");
    }
}

#[test]
fn it_is_their_turn_while_a_question_is_open_and_ours_until_it_ends() {
    for (standing, _, expected) in STANDINGS {
        let stands = status(standing, |status| status.we_answer_by = Some(BY));
        assert_eq!(turn(&stands), expected, "{standing:?}");
        let asked = status(standing, |status| {
            status.we_answer_by = Some(BY);
            status.open_questions = vec!["message".to_owned()];
        });
        let waits_for_nobody = matches!(expected, Turn::Ended | Turn::Paused);
        assert_eq!(turn(&asked), if waits_for_nobody { expected } else { Turn::Theirs }, "{standing:?}");
    }
}

#[test]
fn while_it_is_paused_only_what_was_asked_since_waits_for_them() {
    let paused = |steps: [Step; 2]| {
        status(Standing::Paused, |status| {
            status.open_questions = vec!["message".to_owned()];
            status.steps = steps.into();
        })
    };
    let (asked, stopped) = (|at| step(StepCode::QuestionAsked, "", at), |at| step(StepCode::Paused, "", at));
    assert_eq!(turn(&paused([asked(1), stopped(2)])), Turn::Paused);
    assert_eq!(turn(&paused([stopped(1), asked(2)])), Turn::Theirs, "an inquiry asks on");
}

#[test]
fn while_help_goes_on_it_is_their_turn_when_we_wait_to_hear_of_it() {
    let tranche = Tranche { tranche_id: "tranche".to_owned(), amount: None, state: TrancheState::Sent };
    let paid = Grant { tranches: vec![tranche], ..grant(GrantStage::Active) };
    let table = [
        (Standing::HelpActive, grant(GrantStage::Active), None, OURS),
        (Standing::HelpActive, paid.clone(), None, Turn::Theirs),
        (Standing::HelpActive, paid, Some(step(StepCode::ArrivalReported, "tranche", 1)), OURS),
        (Standing::Reporting, grant(GrantStage::Reporting), None, Turn::Theirs),
        (
            Standing::Reporting,
            grant(GrantStage::Reporting),
            Some(step(StepCode::ReportSubmitted, "grant", 1)),
            OURS,
        ),
    ];
    for (standing, grant, done, expected) in table {
        let stands = status(standing, |status| {
            status.we_answer_by = Some(BY);
            status.grants = vec![grant];
            status.steps.extend(done);
        });
        assert_eq!(turn(&stands), expected, "{stands:?}");
    }
}

#[test]
fn the_last_word_about_a_payment_and_how_often_it_was_said_are_known() {
    let steps = [1, 5].map(|time| step(StepCode::ArrivalReported, "tranche", time));
    let status = status(Standing::HelpActive, |status| status.steps = steps.into());
    assert_eq!(arrival_reported_at(&status, "tranche"), Some(at(5)));
    assert_eq!(times_arrival_was_reported(&status, "tranche"), 2);
    assert_eq!(
        (arrival_reported_at(&status, "other"), times_arrival_was_reported(&status, "other")),
        (None, 0)
    );
}
