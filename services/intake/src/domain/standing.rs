//! Where a case stands in the requester's eyes: one word, from everything known.

use flare_contracts::intake::v1::Standing;
use flare_kernel::Timestamp;

use crate::domain::{
    case_view::{CaseView, Progress, Stop},
    grant::{Grant, Stage},
    need::NeedOutcome,
};

/// Everything that the standing rests on.
pub(crate) struct Facts<'a> {
    pub(crate) view: &'a CaseView,
    /// A question is open that was asked after the requester was last heard of.
    pub(crate) question_waits: bool,
    pub(crate) needs: &'a [NeedOutcome],
    pub(crate) grants: &'a [Grant],
}

impl Facts<'_> {
    /// The standing. What stops a case comes first, then what the requester can do, then the help that has come
    /// furthest.
    pub(crate) fn standing(&self) -> Standing {
        let view = self.view;
        if view.asked_to_stop && !self.is_withdrawn() {
            return Standing::AskedToStop;
        }
        match (view.progress, view.stop) {
            (_, Stop::Withdrawn) if view.money_stopped => Standing::Withdrawn,
            (Progress::Closed, _) => Standing::Closed,
            (_, Stop::Withdrawn) => Standing::AskedToStop,
            (_, Stop::Paused | Stop::Held) => Standing::Paused,
            (_, Stop::None) if self.waits_for_requester() => Standing::WaitingForYou,
            (Progress::Received, Stop::None) => self.help().unwrap_or(Standing::Received),
            (Progress::Acknowledged, Stop::None) => self.help().unwrap_or(Standing::Acknowledged),
            (Progress::Assessed, Stop::None) => self.help().unwrap_or(Standing::BeingAssessed),
        }
    }

    /// By when the requester hears from us; nothing while it is their turn or nothing is owed.
    pub(crate) fn we_answer_by(&self) -> Option<Timestamp> {
        match self.standing() {
            Standing::Received | Standing::Acknowledged | Standing::HelpBeingPrepared => self.view.answer_by,
            Standing::BeingAssessed => {
                let undecided = self.needs.is_empty() || self.needs.contains(&NeedOutcome::Open);
                self.view.answer_by.filter(|_| undecided)
            }
            Standing::InApproval => {
                let voting = self.grants.iter().filter(|grant| grant.stage == Stage::InApproval);
                voting.filter_map(|grant| grant.vote_due).min()
            }
            Standing::Unspecified
            | Standing::WaitingForYou
            | Standing::HelpActive
            | Standing::Reporting
            | Standing::Closed
            | Standing::Paused
            | Standing::Withdrawn
            | Standing::AskedToStop => None,
        }
    }

    const fn is_withdrawn(&self) -> bool {
        matches!(self.view.stop, Stop::Withdrawn) && self.view.money_stopped
    }

    fn waits_for_requester(&self) -> bool {
        self.question_waits || self.grants.iter().any(Grant::waits_for_requester)
    }

    /// The help that has come furthest, if there is any.
    fn help(&self) -> Option<Standing> {
        let any = |stages: &[Stage]| self.grants.iter().any(|grant| stages.contains(&grant.stage));
        if any(&[Stage::Active]) {
            Some(Standing::HelpActive)
        } else if any(&[Stage::Reporting, Stage::Closing]) {
            Some(Standing::Reporting)
        } else if any(&[Stage::InApproval, Stage::Approved]) {
            Some(Standing::InApproval)
        } else if any(&[Stage::Draft]) || self.needs.contains(&NeedOutcome::Recommended) {
            Some(Standing::HelpBeingPrepared)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{case_view::tests::view, grant::tests::grant};

    fn standing(view: &CaseView, question_waits: bool, needs: &[NeedOutcome], stages: &[Stage]) -> Standing {
        let grants: Vec<_> = stages.iter().map(|stage| Grant { stage: *stage, ..grant() }).collect();
        Facts { view, question_waits, needs, grants: &grants }.standing()
    }

    #[test]
    fn a_case_goes_its_way() {
        let mut case = view();
        let at = |case: &CaseView, stages: &[Stage]| standing(case, false, &[], stages);
        assert_eq!(at(&case, &[]), Standing::Received);
        case.acknowledged(None);
        assert_eq!(at(&case, &[]), Standing::Acknowledged);
        case.assessed(case.lane, None);
        assert_eq!(at(&case, &[]), Standing::BeingAssessed);
        assert_eq!(standing(&case, true, &[], &[Stage::Active]), Standing::WaitingForYou);
        assert_eq!(standing(&case, false, &[NeedOutcome::Recommended], &[]), Standing::HelpBeingPrepared);
        for (stage, expected) in [
            (Stage::Draft, Standing::HelpBeingPrepared),
            (Stage::InApproval, Standing::InApproval),
            (Stage::Approved, Standing::InApproval),
            (Stage::Active, Standing::HelpActive),
            (Stage::Reporting, Standing::Reporting),
            (Stage::Closing, Standing::Reporting),
            (Stage::Closed, Standing::BeingAssessed),
            (Stage::Rejected, Standing::BeingAssessed),
            (Stage::Withdrawn, Standing::BeingAssessed),
            (Stage::Terminated, Standing::BeingAssessed),
        ] {
            assert_eq!(at(&case, &[stage]), expected, "{stage:?}");
        }
        assert_eq!(at(&case, &[Stage::Draft, Stage::Active, Stage::Reporting]), Standing::HelpActive);
        case.closed();
        assert_eq!(at(&case, &[Stage::Closed]), Standing::Closed);
    }

    #[test]
    fn a_withdrawal_is_asked_until_the_money_has_stopped() {
        let mut case = view();
        case.withdraw().unwrap();
        assert_eq!(standing(&case, true, &[], &[Stage::Active]), Standing::AskedToStop);
        case.stopped(Stop::Withdrawn);
        assert_eq!(standing(&case, true, &[], &[]), Standing::AskedToStop);
        case.money_stopped = true;
        assert_eq!(standing(&case, true, &[], &[Stage::Active]), Standing::Withdrawn);
        case.reopened();
        assert_eq!(standing(&case, false, &[], &[]), Standing::BeingAssessed);
    }

    #[test]
    fn an_answer_is_promised_only_while_it_is_our_turn() {
        let (soon, later) = (Timestamp::from_micros(5), Timestamp::from_micros(9));
        let mut case = view();
        let by = |case: &CaseView, waits, needs: &[NeedOutcome], grants: &[Grant]| {
            Facts { view: case, question_waits: waits, needs, grants }.we_answer_by()
        };
        case.opened("amber-kestrel-27".parse().unwrap(), case.lane, Some(soon));
        assert_eq!(by(&case, false, &[], &[]), Some(soon));
        assert_eq!(by(&case, true, &[], &[]), None, "it is the requester's turn");
        case.assessed(case.lane, Some(soon));
        assert_eq!(by(&case, false, &[NeedOutcome::Open], &[]), Some(soon));
        assert_eq!(by(&case, false, &[NeedOutcome::Given], &[]), None, "nothing is owed");
        let voting = |due| Grant { stage: Stage::InApproval, vote_due: Some(due), ..grant() };
        assert_eq!(by(&case, false, &[], &[voting(later), voting(soon)]), Some(soon));
        case.stopped(Stop::Paused);
        assert_eq!(by(&case, false, &[NeedOutcome::Open], &[]), None);
    }

    fn any_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
        proptest::sample::select(all)
    }

    proptest! {
        #[test]
        fn every_case_stands_somewhere_and_what_stops_it_comes_first(
            progress in any_of(Progress::ALL),
            stop in any_of(Stop::ALL),
            asked_to_stop: bool,
            money_stopped: bool,
            question_waits: bool,
            needs in proptest::collection::vec(any_of(NeedOutcome::ALL), 0..4),
            stages in proptest::collection::vec(any_of(Stage::ALL), 0..4),
        ) {
            let case = CaseView { progress, asked_to_stop, stop, money_stopped, ..view() };
            let found = standing(&case, question_waits, &needs, &stages);
            prop_assert_ne!(found, Standing::Unspecified);
            if asked_to_stop {
                prop_assert!(matches!(found, Standing::AskedToStop | Standing::Withdrawn));
            }
            if stop != Stop::None {
                prop_assert!(matches!(
                    found,
                    Standing::AskedToStop | Standing::Withdrawn | Standing::Paused | Standing::Closed
                ));
            }
            if found == Standing::Withdrawn {
                prop_assert!(money_stopped, "nobody is told that it stopped before it did");
            }
            if case.may_be_written_to().is_err() {
                prop_assert_ne!(found, Standing::WaitingForYou);
            }
        }
    }
}
