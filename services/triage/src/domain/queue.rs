//! The order of the queue, and whom each case of it waits for.

use flare_kernel::{CaseId, Lane, Timestamp, codes};

use super::{Case, Stage, WaitsFor};

codes! {
    /// Where a grant stands, as grants told.
    pub(crate) enum GrantStage {
        /// It is written, shown to the requester, submitted.
        Draft = "draft",
        /// It is voted on.
        InApproval = "in_approval",
        /// Voted for; its gates are opened.
        Approved = "approved",
        /// Its money may move.
        Active = "active",
        /// Its last day is over, and its report is due.
        Reporting = "reporting",
        /// Its close is proposed; another person confirms it.
        Closing = "closing",
        /// Over.
        Closed = "closed",
        /// Voted against.
        Rejected = "rejected",
        /// Taken back.
        Withdrawn = "withdrawn",
        /// Ended early.
        Terminated = "terminated",
    }
}

/// Whom the grants of a case wait for, given where each stands; nobody where all are over.
pub(crate) fn grants_wait_for(stages: impl IntoIterator<Item = GrantStage>) -> Option<WaitsFor> {
    stages.into_iter().filter_map(GrantStage::waits_for).min()
}

impl GrantStage {
    /// Whom it waits for; nobody once it is over.
    const fn waits_for(self) -> Option<WaitsFor> {
        match self {
            Self::Draft | Self::Approved | Self::Closing => Some(WaitsFor::Us),
            Self::InApproval => Some(WaitsFor::Votes),
            Self::Active | Self::Reporting => Some(WaitsFor::Grant),
            Self::Closed | Self::Rejected | Self::Withdrawn | Self::Terminated => None,
        }
    }
}

/// The end of time: when what is never due is due.
const NEVER: Timestamp = Timestamp::from_micros(i64::MAX);

/// A place in the queue. The least is looked at first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct QueuePlace {
    /// The lane that it stands in: a lane above its own when it is overdue.
    pub(crate) lane: Lane,
    /// When what is next is due.
    pub(crate) due: Timestamp,
    /// Since when the requester waits.
    pub(crate) submitted: Timestamp,
    pub(crate) case: CaseId,
}

impl Case {
    /// Whose act comes next. What a requester wrote is ours to answer, whatever else is waited for.
    pub(crate) fn waits_for(&self) -> WaitsFor {
        match self.stage() {
            // Of a critical case whose requester is silent, somebody finds out how they are.
            Stage::AwaitingRequester
                if !self.has_news
                    && !self.to_draft
                    && self.welfare_due.is_none()
                    && self.grants_wait != Some(WaitsFor::Us) =>
            {
                WaitsFor::Requester
            }
            Stage::Decided if !self.has_news && !self.to_draft => {
                let referral = self.referral_due.map(|_| WaitsFor::Referral);
                // Where nothing is out either, somebody closes it.
                self.grants_wait.into_iter().chain(referral).min().unwrap_or(WaitsFor::Us)
            }
            Stage::Submitted
            | Stage::Acknowledged
            | Stage::Assessing
            | Stage::AwaitingRequester
            | Stage::Decided
            | Stage::Paused
            | Stage::Held
            | Stage::Withdrawn
            | Stage::Closed => WaitsFor::Us,
        }
    }

    /// When what is next is due, at the end of time where nothing is: what has no time comes last in its lane.
    pub(crate) fn queue_due(&self) -> Timestamp {
        self.next().1.unwrap_or(NEVER)
    }

    /// Its place in the order of the queue as of an instant. While nothing happens to a case it only ever rises: once, into
    /// the lane above, when it becomes overdue.
    pub(crate) fn place(&self, as_of: Timestamp) -> QueuePlace {
        let due = self.queue_due();
        let lane = match self.lane {
            Lane::Standard if due <= as_of => Lane::Urgent,
            Lane::Urgent if due <= as_of => Lane::Critical,
            Lane::Critical | Lane::Urgent | Lane::Standard => self.lane,
        };
        QueuePlace { lane, due, submitted: self.submitted, case: self.id }
    }
}

#[cfg(test)]
mod tests {
    use flare_kernel::{Duration, StaffId};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        TriagePolicy,
        domain::{Pauser, Step, Target, Work},
    };

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    /// A case that is due so many hours from now, if it is, and whose requester has waited so many.
    fn case(number: u8, lane: Lane, due: Option<i64>, waited: i64) -> Case {
        let from_now = |hours| NOW.plus(Duration::from_hours(hours));
        let (id, name) = (CaseId::from_bytes([number; 16]), "amber-kestrel-27".parse().unwrap());
        let (mut case, _) = Case::open(id, name, lane, from_now(-waited), &TriagePolicy::default());
        case.target = due.map(|hours| Target::due_at(Step::Acknowledge, from_now(hours)));
        case
    }

    /// A case in which nothing is left for us to decide.
    fn decided(grants_wait: Option<WaitsFor>, referred: bool) -> Case {
        Case {
            owner: Some(StaffId::from_bytes([1; 16])),
            work: Work::Decided,
            grants_wait,
            referral_due: referred.then_some(NOW),
            ..case(1, Lane::Urgent, None, 1)
        }
    }

    #[test]
    fn grants_wait_for_whoever_acts_first_and_for_nobody_once_they_are_over() {
        for (stages, expected) in [
            ("", None),
            ("closed rejected withdrawn terminated", None),
            ("draft", Some(WaitsFor::Us)),
            ("in_approval approved", Some(WaitsFor::Us)),
            ("active closing", Some(WaitsFor::Us)),
            ("active in_approval", Some(WaitsFor::Votes)),
            ("closed reporting", Some(WaitsFor::Grant)),
        ] {
            let stages = stages.split_whitespace().map(|stage| stage.parse().unwrap());
            assert_eq!(grants_wait_for(stages.collect::<Vec<GrantStage>>()), expected);
        }
    }

    #[test]
    fn a_decided_case_waits_for_whoever_acts_first_and_is_ours_when_something_is() {
        for (grants_wait, referred, expected) in [
            (None, false, WaitsFor::Us),
            (None, true, WaitsFor::Referral),
            (Some(WaitsFor::Us), true, WaitsFor::Us),
            (Some(WaitsFor::Votes), true, WaitsFor::Votes),
            (Some(WaitsFor::Votes), false, WaitsFor::Votes),
            (Some(WaitsFor::Grant), true, WaitsFor::Referral),
            (Some(WaitsFor::Grant), false, WaitsFor::Grant),
        ] {
            let decided = decided(grants_wait, referred);
            assert_eq!(decided.waits_for(), expected, "{grants_wait:?} {referred}");
            let ours = [
                Case { has_news: true, ..decided.clone() },
                Case { to_draft: true, ..decided.clone() },
                Case { work: Work::Assessing, ..decided.clone() },
                Case { paused_by: Some(Pauser::Requester), ..decided.clone() },
                Case { held_by: decided.owner, ..decided },
            ];
            assert!(ours.iter().all(|case| case.waits_for() == WaitsFor::Us), "{grants_wait:?} {referred}");
        }
    }

    #[test]
    fn a_case_that_was_asked_something_waits_for_its_requester_once_somebody_owns_it() {
        let asked = Case { awaiting: true, ..decided(Some(WaitsFor::Votes), true) };
        assert_eq!(asked.waits_for(), WaitsFor::Requester);
        let news = Case { has_news: true, ..asked.clone() };
        let nobodys = Case { work: Work::Submitted, ..asked.clone() };
        let watched = Case { welfare_due: Some(NOW), ..asked.clone() };
        let to_draft = Case { to_draft: true, ..asked.clone() };
        let to_submit = Case { grants_wait: Some(WaitsFor::Us), ..asked };
        for ours in [news, nobodys, watched, to_draft, to_submit] {
            assert_eq!(ours.waits_for(), WaitsFor::Us);
        }
    }

    #[test]
    fn the_queue_is_by_lane_then_by_the_time_that_is_left_then_by_how_long_they_wait() {
        use Lane::{Critical, Standard, Urgent};
        let in_order = [
            case(9, Urgent, Some(-3), 1),
            case(8, Critical, Some(-2), 1),
            case(7, Critical, Some(1), 30),
            case(6, Critical, Some(1), 2),
            case(5, Critical, None, 90),
            case(4, Standard, Some(-1), 1),
            case(3, Urgent, Some(1), 1),
            case(2, Urgent, None, 1),
            case(1, Standard, Some(1), 1),
        ];
        let places: Vec<_> = in_order.iter().map(|case| case.place(NOW)).collect();
        assert!(places.is_sorted(), "{places:#?}");
    }

    proptest! {
        #[test]
        fn time_alone_raises_a_case_by_one_lane_at_most_and_never_lowers_it(
            lane in 0_usize..3,
            due in prop::option::of(-50_i64..50),
            earlier in -60_i64..60,
            passes in 0_i64..60,
        ) {
            let case = case(1, Lane::ALL[lane], due, 100);
            let at = |hours| NOW.plus(Duration::from_hours(hours));
            let (before, after) = (case.place(at(earlier)), case.place(at(earlier + passes)));
            prop_assert!(after <= before);
            let overdue = due.is_some_and(|due| due <= earlier + passes);
            let stands = if overdue { lane.saturating_sub(1) } else { lane };
            prop_assert_eq!(after.lane, Lane::ALL[stands]);
            prop_assert_eq!((before.due, before.submitted), (after.due, after.submitted));
        }
    }
}
