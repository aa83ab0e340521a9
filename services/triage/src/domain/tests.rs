//! Every stage and every act, and what stays true whatever is done.

use flare_kernel::{CaseId, Duration, Lane, NeedId, StaffId, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::TriagePolicy;

const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

fn policy() -> TriagePolicy {
    TriagePolicy::default()
}

fn staff(number: u8) -> StaffId {
    StaffId::from_bytes([number; 16])
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Acknowledge,
    Assign,
    SetContactPlan,
    Assess,
    EndNeed,
    CheckReference,
    AddPerson,
    Pause,
    Hold,
    Resume,
    Withdraw,
    Close,
    Reopen,
}

impl Act {
    const ALL: [Self; 13] = [
        Self::Acknowledge,
        Self::Assign,
        Self::SetContactPlan,
        Self::Assess,
        Self::EndNeed,
        Self::CheckReference,
        Self::AddPerson,
        Self::Pause,
        Self::Hold,
        Self::Resume,
        Self::Withdraw,
        Self::Close,
        Self::Reopen,
    ];

    /// The stages that allow it, in the order of `Stage::ALL`: submitted, acknowledged, assessing, awaiting, decided,
    /// paused, held, withdrawn, closed.
    fn allowed(self) -> &'static str {
        match self {
            Self::Acknowledge => "yes no  no  no  no  no  no  no  no ",
            Self::Assign | Self::SetContactPlan | Self::CheckReference | Self::Assess => {
                "no  yes yes yes yes yes yes no  no "
            }
            Self::EndNeed => "no  yes yes yes yes no  no  no  no ",
            Self::AddPerson | Self::Withdraw => "yes yes yes yes yes yes yes no  no ",
            Self::Pause => "yes yes yes yes yes no  yes no  no ",
            Self::Hold => "yes yes yes yes yes no  no  no  no ",
            Self::Resume => "no  no  no  no  no  yes yes no  no ",
            Self::Close => "no  yes yes yes yes no  no  yes no ",
            Self::Reopen => "no  no  no  no  no  no  no  yes yes",
        }
    }

    /// Does it; whether it was allowed.
    fn on(self, case: &mut Case, needs: &mut Needs, by: u8, now: Timestamp) -> bool {
        let policy = policy();
        match self {
            Self::Acknowledge => case.acknowledge(staff(by), now, &policy).is_ok(),
            Self::Assign => case.assign(staff(by), "shift").is_ok(),
            Self::SetContactPlan => case.set_contact_plan(2).is_ok(),
            Self::Assess => case.assess(Lane::Critical, needs, now, &policy).is_ok(),
            Self::EndNeed => {
                let mut need = Need::open(NeedId::from_bytes([9; 16]), NeedKind::Legal);
                let ended = case.end_need(&mut need, Outcome::Given).is_ok();
                assert_eq!(ended, need.outcome == Outcome::Given, "a refusal changes nothing");
                if ended {
                    needs.0.push(need);
                    case.recount(needs, now, &policy);
                }
                ended
            }
            Self::CheckReference => case.require_owned("a reference can be checked").is_ok(),
            Self::AddPerson => case.require_open("a person can be added").is_ok(),
            Self::Pause => case.stop(Stopped::Paused, staff(by), "not_safe", now, &policy).is_ok(),
            Self::Hold => case.stop(Stopped::Held, staff(by), "inquiry", now, &policy).is_ok(),
            Self::Resume => case.resume(staff(by), true, "cleared", now, &policy).is_ok(),
            Self::Withdraw => case.withdraw(Withdrawer::Staff, "other", now, &policy).is_ok(),
            Self::Close => {
                let exit = if case.ended == Some(Ended::Withdrawn) { "withdrawn" } else { "helped" };
                case.close(exit, needs, 0, now, &policy).is_ok()
            }
            Self::Reopen => case.reopen("mistake", now, &policy).is_ok(),
        }
    }
}

fn opened(lane: Lane) -> Case {
    let name = "amber-kestrel-27".parse().unwrap();
    Case::open(CaseId::from_bytes([1; 16]), name, lane, START, &policy()).0
}

/// A case at a stage, and its needs.
fn at(stage: Stage) -> (Case, Needs) {
    let mut case = opened(Lane::Urgent);
    let mut needs = Needs::default();
    let mut go = |acts: &[Act]| {
        for act in acts {
            assert!(act.on(&mut case, &mut needs, 1, START), "{act:?}");
        }
    };
    match stage {
        Stage::Submitted => {}
        Stage::Acknowledged => go(&[Act::Acknowledge]),
        Stage::Assessing | Stage::AwaitingRequester => go(&[Act::Acknowledge, Act::Assess]),
        Stage::Decided => go(&[Act::Acknowledge, Act::Assess, Act::EndNeed]),
        Stage::Paused => go(&[Act::Acknowledge, Act::Assess, Act::Pause]),
        Stage::Held => go(&[Act::Acknowledge, Act::Assess, Act::Hold]),
        Stage::Withdrawn => go(&[Act::Acknowledge, Act::Assess, Act::Withdraw]),
        Stage::Closed => go(&[Act::Acknowledge, Act::Assess, Act::Close]),
    }
    if stage == Stage::AwaitingRequester {
        case.question_asked("question".to_owned(), START, &policy());
    }
    if let Some(ask) = &mut case.money {
        ask.state = MoneyState::Done;
    }
    assert_eq!(case.stage(), stage);
    (case, needs)
}

#[test]
fn each_stage_allows_what_the_table_says_and_a_refusal_changes_nothing() {
    for act in Act::ALL {
        let allowed: Vec<bool> = act.allowed().split_whitespace().map(|word| word == "yes").collect();
        assert_eq!(allowed.len(), Stage::ALL.len());
        for (stage, allowed) in Stage::ALL.into_iter().zip(allowed) {
            let (mut case, mut needs) = at(stage);
            let before = case.clone();
            assert_eq!(act.on(&mut case, &mut needs, 2, START), allowed, "{act:?} while {stage:?}");
            assert!(allowed || case == before, "{act:?} while {stage:?} changed something");
        }
    }
}

#[test]
fn a_case_that_was_stopped_before_anybody_took_it_is_nobodys_still() {
    for stop in [Act::Pause, Act::Hold] {
        let (mut case, mut needs) = at(Stage::Submitted);
        assert!(stop.on(&mut case, &mut needs, 1, START));
        for act in [Act::Assess, Act::Assign, Act::SetContactPlan, Act::CheckReference, Act::EndNeed] {
            assert!(!act.on(&mut case, &mut needs, 2, START), "{act:?} after {stop:?}");
        }
        assert_eq!(
            case.alarms().step.map(|(step, _)| step),
            Some(Step::Acknowledge),
            "somebody must take it"
        );
        assert_eq!(case.next().0, "welfare_check");
        let mut taken = case.clone();
        assert!(Act::Acknowledge.on(&mut taken, &mut needs, 2, START));
        assert_eq!((taken.stage(), taken.owner), (case.stage(), Some(staff(2))), "owned, and stopped still");
        assert!(!Act::Acknowledge.on(&mut taken, &mut needs, 3, START), "once");
        assert!(Act::Resume.on(&mut case, &mut needs, 2, START));
        assert_eq!(case.stage(), Stage::Submitted);
    }
}

#[test]
fn what_the_thread_brings_is_taken_at_every_stage() {
    for stage in Stage::ALL {
        let (mut case, _) = at(stage);
        case.question_asked("question".to_owned(), START, &policy());
        let expected = match stage {
            // Somebody must still take it; and what was stopped or ended stays so.
            Stage::Submitted | Stage::Paused | Stage::Held | Stage::Withdrawn | Stage::Closed => stage,
            Stage::Acknowledged | Stage::Assessing | Stage::AwaitingRequester | Stage::Decided => {
                Stage::AwaitingRequester
            }
        };
        assert_eq!(case.stage(), expected);
        case.requester_wrote("answer".to_owned(), START, &policy());
        let back = if stage == Stage::AwaitingRequester { Stage::Assessing } else { stage };
        assert_eq!((case.stage(), case.has_news, case.in_queue()), (back, true, true));
        case.staff_wrote();
        assert_eq!(case.in_queue(), !matches!(stage, Stage::Withdrawn | Stage::Closed));
    }
}

#[test]
fn a_requester_withdraws_at_any_time_and_once() {
    for stage in Stage::ALL {
        let (mut case, _) = at(stage);
        let told = case.withdraw(Withdrawer::Requester, "unsaid", START, &policy()).unwrap();
        assert_eq!(told.is_some(), stage != Stage::Withdrawn, "{stage:?}");
        assert_eq!(case.stage(), Stage::Withdrawn);
        assert_eq!(case.money.as_ref().unwrap().kind, MoneyKind::Stop);
    }
}

#[test]
fn our_clock_and_the_next_step_stand_still_while_we_wait() {
    let hours = |case: &Case, now: Timestamp| case.clock.at(now).as_micros() / 3_600_000_000;
    let (mut case, needs) = at(Stage::Assessing);
    case.assess(Lane::Critical, &needs, START, &policy()).unwrap();
    let later = |hours| START.plus(Duration::from_hours(hours));
    case.question_asked(String::new(), later(10), &policy());
    assert_eq!(case.next(), ("welfare_check", Some(later(22))));
    assert_eq!(hours(&case, later(30)), 10);
    assert!(case.welfare_check(later(21), &policy()).is_none(), "not before its time");
    assert!(case.welfare_check(later(22), &policy()).is_some());
    assert_eq!(case.next(), ("welfare_check", Some(later(34))), "and again while nobody answers");
    case.requester_wrote(String::new(), later(100), &policy());
    assert_eq!(case.next(), ("outcome", Some(later(138))), "38 of 48 hours were left");
    assert_eq!(hours(&case, later(101)), 11);
    let (mut standard, needs) = at(Stage::AwaitingRequester);
    standard.assess(Lane::Standard, &needs, START, &policy()).unwrap();
    assert_eq!(standard.next(), ("nothing", None), "only a critical case is looked after");
}

#[test]
fn an_overdue_step_rings_at_doubling_distance_and_not_again_at_once_after_a_wait() {
    let mut case = opened(Lane::Critical);
    let later = |hours| START.plus(Duration::from_hours(hours));
    let mut rang = Vec::new();
    for hour in 0..40 {
        if case.overdue(Step::Acknowledge, later(hour), &policy()).is_some() {
            rang.push(hour);
        }
    }
    assert_eq!(rang, [2, 4, 8, 16, 32]);
    assert!(case.overdue(Step::Assess, later(50), &policy()).is_none(), "another step is due");
    case.stop(Stopped::Paused, staff(1), "not_safe", later(40), &policy()).unwrap();
    assert_eq!(case.alarms().step, Some((Step::Acknowledge, later(64))), "a pause does not quiet it");
    let (mut case, _) = at(Stage::Acknowledged);
    assert!(case.overdue(Step::Assess, later(72), &policy()).is_some());
    case.stop(Stopped::Paused, staff(1), "not_safe", later(80), &policy()).unwrap();
    assert_eq!(case.alarms().step, None);
    case.resume(staff(2), false, "safe_again", later(81), &policy()).unwrap();
    assert_eq!(case.alarms().step, Some((Step::Assess, later(81 + 72))));
}

#[test]
fn a_case_that_stands_still_is_looked_after_in_every_lane_until_it_goes_on() {
    let later = |hours| START.plus(Duration::from_hours(hours));
    for (stop, stage) in [(Stopped::Paused, Stage::Assessing), (Stopped::Held, Stage::AwaitingRequester)] {
        let (mut case, needs) = at(stage);
        case.assess(Lane::Standard, &needs, START, &policy()).unwrap();
        assert_eq!(case.alarms().welfare, None);
        case.stop(stop, staff(1), "other", START, &policy()).unwrap();
        for check in [12, 24, 36] {
            assert_eq!(case.next(), ("welfare_check", Some(later(check))));
            assert!(case.welfare_check(later(check), &policy()).is_some());
        }
        case.resume(staff(2), true, "other", later(40), &policy()).unwrap();
        assert_eq!(case.alarms().welfare, None);
    }
}

proptest! {
    #[test]
    fn whatever_is_done_what_is_true_stays_true(
        critical: bool,
        acts in prop::collection::vec((0_usize..17, 1_u8..4, 0_i64..60), 1..60),
    ) {
        let mut case = opened(if critical { Lane::Critical } else { Lane::Standard });
        let mut needs = Needs::default();
        let (mut now, mut spent) = (START, 0);
        for (act, by, hours) in acts {
            now = now.plus(Duration::from_hours(hours));
            let before = case.clone();
            match act {
                13 => drop(case.question_asked(String::new(), now, &policy())),
                14 => drop(case.requester_wrote(String::new(), now, &policy())),
                15 => drop(case.withdraw(Withdrawer::Requester, "unsaid", now, &policy())),
                16 => {
                    needs.0.push(Need::open(NeedId::from_bytes([by; 16]), NeedKind::Medical));
                    case.recount(&needs, now, &policy());
                }
                act => {
                    let allowed = Act::ALL[act].on(&mut case, &mut needs, by, now);
                    prop_assert!(allowed || case == before);
                }
            }

            let waits = case.awaiting && case.work != Work::Submitted;
            let still = case.stands_still();
            let ended = case.ended.is_some();
            prop_assert_eq!(case.owner.is_some(), case.work != Work::Submitted);
            prop_assert_eq!(case.target.is_some(), !ended && case.work != Work::Decided, "nothing to draft");
            if let Some(target) = case.target {
                let nobodys = target.step == Step::Acknowledge;
                prop_assert_eq!(target.due().is_some(), !waits && (!still || nobodys));
                prop_assert_eq!(target.alarm().is_some(), target.due().is_some());
                prop_assert!(target.alarm() >= target.due(), "no alarm before its time");
            }
            prop_assert_eq!(case.clock.since.is_some(), !ended && !waits);
            prop_assert_eq!(
                case.welfare_due.is_some(),
                !ended && (still || (waits && case.lane == Lane::Critical))
            );
            prop_assert!(ended || !still || case.next().1.is_some(), "what stands still comes up again");
            let run = case.clock.at(now).as_micros();
            prop_assert!(run >= spent && run <= now.since(START).as_micros());
            spent = run;
            prop_assert!(ended || case.in_queue(), "an open case is never out of sight");
            let ours = case.has_news
                || case.to_draft
                || case.welfare_due.is_some()
                || case.grants_wait == Some(WaitsFor::Us);
            let folded = waits && !still && !ended && !ours;
            prop_assert_eq!(case.waits_for() == WaitsFor::Requester, folded, "what is ours is not folded");
            let asked = case.money.as_ref().map(|ask| ask.kind);
            match case.stage() {
                Stage::Withdrawn => prop_assert_eq!(asked, Some(MoneyKind::Stop)),
                Stage::Paused | Stage::Held => prop_assert_eq!(asked, Some(MoneyKind::Hold)),
                Stage::Closed => {}
                Stage::Submitted
                | Stage::Acknowledged
                | Stage::Assessing
                | Stage::AwaitingRequester
                | Stage::Decided => prop_assert!(matches!(asked, None | Some(MoneyKind::Free))),
            }
        }
    }
}

mod needs {
    use flare_kernel::{MessageId, ReferralId};

    use super::*;

    fn need(outcome: Outcome) -> Need {
        let mut need = Need::open(NeedId::from_bytes([1; 16]), NeedKind::Legal);
        need.outcome = outcome;
        need
    }

    #[test]
    fn only_an_open_need_ends() {
        let (case, _) = at(Stage::Assessing);
        for outcome in Outcome::ALL.iter().copied() {
            let open = outcome == Outcome::Open;
            for end in [Outcome::Given, Outcome::Covered] {
                assert_eq!(case.end_need(&mut need(outcome), end).is_ok(), open, "{outcome:?}");
            }
            let declined =
                case.decline_need(&mut need(outcome), staff(1), "no_funds", MessageId::from_bytes([1; 16]));
            assert_eq!(declined.is_ok(), open, "{outcome:?}");
            let referred =
                case.refer_need(&mut need(outcome), ReferralId::from_bytes([1; 16]), START, &policy());
            assert_eq!(referred.is_ok(), open, "{outcome:?}");
        }
    }

    #[test]
    fn only_what_we_recommended_or_declined_opens_again() {
        let (case, _) = at(Stage::Decided);
        for outcome in Outcome::ALL.iter().copied() {
            let mut need = need(outcome);
            let before = need.clone();
            let opens = matches!(outcome, Outcome::Recommended | Outcome::Declined);
            assert_eq!(case.reopen_need(&mut need, staff(1), "mistake").is_ok(), opens, "{outcome:?}");
            assert_eq!(need.outcome == Outcome::Open, opens || outcome == Outcome::Open);
            assert!(opens || need == before, "a refusal changes nothing");
        }
    }

    #[test]
    fn a_late_yes_does_not_undo_another_outcome() {
        let (case, _) = at(Stage::Assessing);
        for outcome in Outcome::ALL.iter().copied() {
            let mut referral = Referral {
                id: ReferralId::from_bytes([1; 16]),
                need: NeedId::from_bytes([1; 16]),
                state: ReferralState::Unanswered,
                sent: START,
                due: START,
            };
            let mut need = need(outcome);
            let before = (referral.clone(), need.clone());
            let accepted = case.answer_referral(&mut referral, &mut need, true).is_ok();
            assert_eq!(accepted, outcome == Outcome::Open, "{outcome:?}");
            assert!(accepted || (referral, need) == before);
        }
    }

    #[test]
    fn a_grant_changes_only_what_waits_for_it_or_has_it() {
        let all = |outcomes: &[Outcome]| Needs(outcomes.iter().map(|outcome| need(*outcome)).collect());
        let ids = [NeedId::from_bytes([1; 16])];
        let mut needs = all(Outcome::ALL);
        assert_eq!(needs.granted(&ids).len(), 2);
        let granted = needs.0.iter().filter(|need| need.outcome == Outcome::Granted).count();
        assert_eq!(granted, 3);
        assert_eq!(needs.open_again_after_grant(&ids).len(), 3);
        assert_eq!((needs.open(), needs.unfinished()), (3, 4), "referred is unfinished too");
        assert!(all(&[Outcome::Open]).granted(&[NeedId::from_bytes([2; 16])]).is_empty(), "another's need");
    }
}
