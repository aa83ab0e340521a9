//! A case: what is true of it, and what follows from that.

use flare_contracts::events::v1::CaseOpened;
use flare_contracts::input::{lane_out, timestamp_out};
use flare_kernel::{CaseId, Codename, Lane, StaffId, Timestamp};

use super::{Ended, MoneyAsk, MoneyKind, OurClock, Pauser, Stage, Step, Target, WaitsFor, Work, WrongStage};
use crate::TriagePolicy;

/// Where a case stands is several facts at once; the stage is a view of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) id: CaseId,
    /// The name that no other case has.
    pub(crate) codename: Codename,
    pub(crate) lane: Lane,
    pub(crate) submitted: Timestamp,
    pub(crate) owner: Option<StaffId>,
    pub(crate) work: Work,
    /// Some recommended need has no grant yet that may help: one must be drafted.
    pub(crate) to_draft: bool,
    /// A question to the requester is open.
    pub(crate) awaiting: bool,
    /// Who paused it for safety, while it is.
    pub(crate) paused_by: Option<Pauser>,
    /// Who holds it for inquiry, while it is; a pause may come on top.
    pub(crate) held_by: Option<StaffId>,
    pub(crate) ended: Option<Ended>,
    pub(crate) exit: Option<String>,
    /// Whom its grants that are not over wait for.
    pub(crate) grants_wait: Option<WaitsFor>,
    /// The requester wrote and nobody has answered since.
    pub(crate) has_news: bool,
    pub(crate) clock: OurClock,
    pub(crate) target: Option<Target>,
    /// When somebody looks after a requester who does not answer.
    pub(crate) welfare_due: Option<Timestamp>,
    /// When the first of the referrals that are out goes unanswered.
    pub(crate) referral_due: Option<Timestamp>,
    pub(crate) money: Option<MoneyAsk>,
    /// The alarms that are set, as far as storage knows.
    pub(crate) armed: Alarms,
}

/// What must happen later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Alarms {
    pub(crate) step: Option<(Step, Timestamp)>,
    pub(crate) welfare: Option<Timestamp>,
    pub(crate) referral: Option<Timestamp>,
}

impl Case {
    /// The case that a request begins.
    pub(crate) fn open(
        id: CaseId,
        codename: Codename,
        lane: Lane,
        submitted: Timestamp,
        policy: &TriagePolicy,
    ) -> (Self, CaseOpened) {
        let due = submitted.plus(Step::Acknowledge.span(lane, policy));
        let event = CaseOpened {
            case_id: id.to_string(),
            lane: lane_out(lane).into(),
            acknowledge_by: Some(timestamp_out(due)),
            codename: codename.to_string(),
        };
        let case = Self {
            id,
            codename,
            lane,
            submitted,
            owner: None,
            work: Work::Submitted,
            to_draft: false,
            awaiting: false,
            paused_by: None,
            held_by: None,
            ended: None,
            exit: None,
            grants_wait: None,
            has_news: false,
            clock: OurClock::started(submitted),
            target: Some(Target::due_at(Step::Acknowledge, due)),
            welfare_due: None,
            referral_due: None,
            money: None,
            armed: Alarms::default(),
        };
        (case, event)
    }

    /// The stage that people see. A case that nobody owns stays submitted even when it was asked something.
    pub(crate) fn stage(&self) -> Stage {
        match (self.ended, self.paused_by, self.held_by, self.work) {
            (Some(Ended::Closed), ..) => Stage::Closed,
            (Some(Ended::Withdrawn), ..) => Stage::Withdrawn,
            (None, Some(_), ..) => Stage::Paused,
            (None, None, Some(_), _) => Stage::Held,
            (None, None, None, Work::Submitted) => Stage::Submitted,
            (None, None, None, Work::Acknowledged | Work::Assessing | Work::Decided) if self.awaiting => {
                Stage::AwaitingRequester
            }
            (None, None, None, Work::Acknowledged) => Stage::Acknowledged,
            (None, None, None, Work::Assessing) => Stage::Assessing,
            (None, None, None, Work::Decided) => Stage::Decided,
        }
    }

    /// Refuses an act that the stage does not allow.
    pub(crate) fn require(&self, act: &'static str, allowed: &'static [Stage]) -> Result<(), WrongStage> {
        let found = self.stage();
        if allowed.contains(&found) { Ok(()) } else { Err(WrongStage { act, allowed, found }) }
    }

    /// Whether it belongs in the queue: while it is open, and after that while its requester waits for an answer.
    pub(crate) fn in_queue(&self) -> bool {
        self.ended.is_none() || self.has_news
    }

    /// Whether it is stopped, but not ended.
    pub(crate) fn stands_still(&self) -> bool {
        self.paused_by.is_some() || self.held_by.is_some()
    }

    /// Whether we wait for the requester. Becoming somebody's case never waits.
    fn waits(&self) -> bool {
        self.ended.is_none() && self.awaiting && self.work != Work::Submitted
    }

    /// Brings clock, step and welfare check in line with the facts. Every act ends with it.
    pub(super) fn settle(&mut self, now: Timestamp, policy: &TriagePolicy) {
        let waits = self.waits();
        let stands_still = self.stands_still();
        self.clock.set_running(self.ended.is_none() && !waits, now);

        let step = self.step();
        if self.target.map(|target| target.step) != step {
            self.target = step.map(|step| Target::due_at(step, now.plus(step.span(self.lane, policy))));
        }
        if let Some(target) = &mut self.target {
            // Until somebody owns a case nobody looks after it, whatever stops it.
            if waits || (stands_still && target.step != Step::Acknowledge) {
                target.stop(now);
            } else {
                target.go_on(now, self.lane, policy);
            }
        }

        // Nothing else rings for a case that stands still, and whoever it was stopped for may be in danger.
        let watched = self.ended.is_none() && (stands_still || (waits && self.lane == Lane::Critical));
        self.welfare_due = match self.welfare_due {
            Some(due) if watched => Some(due),
            None if watched => Some(now.plus(policy.welfare_check)),
            Some(_) | None => None,
        };
    }

    /// The step that is ours now.
    fn step(&self) -> Option<Step> {
        match (self.ended, self.work) {
            (Some(Ended::Withdrawn | Ended::Closed), _) => None,
            (None, Work::Submitted) => Some(Step::Acknowledge),
            (None, Work::Acknowledged) => Some(Step::Assess),
            (None, Work::Assessing) => Some(Step::Outcome),
            (None, Work::Decided) => self.to_draft.then_some(Step::Draft),
        }
    }

    /// Has grants asked to do what this case now calls for.
    pub(super) fn ask_money(&mut self) {
        let kind = match (self.ended, self.stands_still()) {
            (Some(Ended::Withdrawn), _) => MoneyKind::Stop,
            (Some(Ended::Closed) | None, true) => MoneyKind::Hold,
            (Some(Ended::Closed) | None, false) => MoneyKind::Free,
        };
        self.money = Some(MoneyAsk::new(kind));
    }

    /// The alarms that must be set.
    pub(crate) fn alarms(&self) -> Alarms {
        let step = self.target.and_then(|target| Some((target.step, target.alarm()?)));
        let referral = if self.ended.is_some() { None } else { self.referral_due };
        Alarms { step, welfare: self.welfare_due, referral }
    }

    /// What is due next and when; "nothing" when nothing is.
    pub(crate) fn next(&self) -> (&'static str, Option<Timestamp>) {
        if self.ended.is_some() {
            return ("nothing", None);
        }
        let step = self.target.and_then(|target| Some((target.step.as_str(), target.due()?)));
        let welfare = self.welfare_due.map(|due| ("welfare_check", due));
        let referral = self.referral_due.map(|due| ("referral", due));
        let first = [step, welfare, referral].into_iter().flatten().min_by_key(|(_, due)| *due);
        first.map_or(("nothing", None), |(what, due)| (what, Some(due)))
    }
}
