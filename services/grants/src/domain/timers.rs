//! What is due when. A grant's timers follow from the grant, so that saving it sets and clears them.

use flare_contracts::{
    events::v1::{GrantOverdue, ReportDueSet, VoteHastened},
    input,
};
use flare_kernel::{Lane, Timestamp, TrancheId, codes};

use super::{Deadline, Events, Grant, Stage, TrancheState};
use crate::GrantsPolicy;

codes! {
    /// A timer of a grant.
    pub(crate) enum TimerKind {
        /// The submission is overdue.
        Draft = "draft",
        /// The votes are overdue.
        Vote = "vote",
        /// The end date has passed.
        End = "end",
        /// The report is overdue.
        Report = "report",
        /// The close is overdue.
        Close = "close",
        /// A payment's arrival is to be asked after.
        Arrival = "arrival",
    }
}

/// Every timer with when it is due; none when it is not set.
pub(crate) const TIMERS: &[TimerKind] = TimerKind::ALL;

impl Grant {
    /// When a timer is due, if it is set.
    pub(crate) fn timer(&self, kind: TimerKind) -> Option<Timestamp> {
        let next = |deadline: Option<Deadline>| deadline.map(|deadline| deadline.next);
        match (kind, self.stage) {
            (TimerKind::Arrival, _) => self.tranches.iter().filter_map(|tranche| tranche.arrival_next).min(),
            (TimerKind::Draft, Stage::Draft | Stage::Returned) => next(self.draft_due),
            (TimerKind::Vote, Stage::InApproval) => next(self.approval),
            (TimerKind::End, Stage::Approved | Stage::Active) => Some(self.terms.end.end_of_day()),
            (TimerKind::Report, Stage::Reporting) if !self.is_report_settled() => next(self.report_due),
            (TimerKind::Close, Stage::Reporting) if self.is_report_settled() => next(self.close_due),
            (TimerKind::Close, Stage::Closing) => next(self.close_due),
            (
                TimerKind::Draft | TimerKind::Vote | TimerKind::End | TimerKind::Report | TimerKind::Close,
                _,
            ) => None,
        }
    }

    /// A timer is due. One that has become pointless meanwhile changes nothing.
    pub(crate) fn fire(&mut self, kind: TimerKind, now: Timestamp, policy: &GrantsPolicy) -> Events {
        if self.timer(kind).is_none_or(|due| due > now) {
            return Events::new();
        }
        match kind {
            TimerKind::End => self.end("", now, policy),
            TimerKind::Draft => {
                self.draft_due = self.draft_due.map(|deadline| deadline.reminded(now));
                self.overdue(kind, None)
            }
            TimerKind::Vote => {
                self.approval = self.approval.map(|deadline| deadline.reminded(now));
                self.overdue(kind, None)
            }
            TimerKind::Report => {
                self.report_due = self.report_due.map(|deadline| deadline.reminded(now));
                self.overdue(kind, None)
            }
            TimerKind::Close => {
                self.close_due = self.close_due.map(|deadline| deadline.reminded(now));
                self.overdue(kind, None)
            }
            TimerKind::Arrival => self.ask_after_arrivals(now, policy),
        }
    }

    /// The deadlines that follow from where the grant stands, whatever brought it there. What is running goes on.
    pub(crate) fn set_deadlines(&mut self, now: Timestamp, policy: &GrantsPolicy) -> Events {
        let submitted = match self.stage {
            Stage::Draft | Stage::Returned => {
                let due = Deadline::at(now.plus(policy.draft));
                self.draft_due.get_or_insert(due);
                return Events::new();
            }
            Stage::Reporting => self.set_report_due(now, policy),
            Stage::InApproval
            | Stage::Approved
            | Stage::Active
            | Stage::Closing
            | Stage::Closed
            | Stage::Rejected
            | Stage::Withdrawn
            | Stage::Terminated => Events::new(),
        };
        self.draft_due = None;
        submitted
    }

    /// After the end, a payment that comes back may leave nothing to report on, and one that goes out gives something.
    /// Somebody is always reminded: of the report, or of the close.
    fn set_report_due(&mut self, now: Timestamp, policy: &GrantsPolicy) -> Events {
        let was_due = self.report_due.is_some();
        if self.is_report_settled() {
            let due = Deadline::at(now.plus(policy.close));
            self.close_due.get_or_insert(due);
        } else {
            let due = Deadline::at(now.plus(policy.report));
            self.report_due.get_or_insert(due);
            self.close_due = None;
        }
        if !self.is_paid() {
            self.report_due = None;
        }
        if was_due == self.report_due.is_some() {
            return Events::new();
        }
        let (case_id, grant_id) = self.ids();
        let report_due = self.report_due.map(|deadline| input::timestamp_out(deadline.due));
        vec![ReportDueSet { case_id, grant_id, report_due }.into()]
    }

    /// A grant is worked on in its case's lane. One that is raised while the votes are out leaves the approvers the time
    /// of that lane.
    pub(crate) fn set_lane(&mut self, lane: Lane, now: Timestamp, policy: &GrantsPolicy) -> Events {
        self.lane = lane;
        let due = now.plus(policy.approval_time(lane));
        let hastened = self.approval.is_some_and(|running| due < running.due);
        if self.stage != Stage::InApproval || !hastened {
            return Events::new();
        }
        self.approval = Some(Deadline::at(due));
        let voted =
            self.votes.iter().filter(|vote| vote.round == self.round).map(|vote| vote.voter.to_string());
        let excluded = self.excluded().into_iter().chain(voted).collect();
        let (case_id, grant_id) = self.ids();
        let (lane, due) = (input::lane_out(lane).into(), Some(input::timestamp_out(due)));
        vec![VoteHastened { case_id, grant_id, lane, due, excluded }.into()]
    }

    fn ask_after_arrivals(&mut self, now: Timestamp, policy: &GrantsPolicy) -> Events {
        let mut late = Vec::new();
        for tranche in &mut self.tranches {
            let under_way = tranche.state == TrancheState::Sent;
            if let (true, Some(sent), Some(next)) = (under_way, tranche.sent, tranche.arrival_next)
                && next <= now
            {
                let due = sent.plus(policy.arrival_check);
                tranche.arrival_next = Some(Deadline::at(due).reminded(now).next);
                late.push(tranche.id);
            }
        }
        late.into_iter().flat_map(|id| self.overdue(TimerKind::Arrival, Some(id))).collect()
    }

    fn overdue(&self, kind: TimerKind, tranche: Option<TrancheId>) -> Events {
        let (case_id, grant_id) = self.ids();
        let tranche_id = tranche.map(|tranche| tranche.to_string()).unwrap_or_default();
        vec![GrantOverdue { case_id, grant_id, step: kind.as_str().to_owned(), tranche_id }.into()]
    }

    /// Until when finance has something to do; none when it has nothing.
    pub(crate) fn finance_due(&self) -> Option<Timestamp> {
        use TrancheState::{Arrived, InDoubt, Lost, Released, Returned, Scheduled, Sent};
        let mut due = Vec::new();
        for tranche in &self.tranches {
            due.extend(match tranche.state {
                Scheduled => self.may_release(tranche.advance).then(|| tranche.due.end_of_day()),
                Released => Some(tranche.due.end_of_day()),
                Sent | InDoubt => Some(tranche.arrival_next.unwrap_or(tranche.due.end_of_day())),
                Arrived | Returned | Lost => None,
            });
        }
        let gates_ahead = match self.stage {
            Stage::InApproval | Stage::Approved | Stage::Active => true,
            Stage::Draft
            | Stage::Returned
            | Stage::Reporting
            | Stage::Closing
            | Stage::Closed
            | Stage::Rejected
            | Stage::Withdrawn
            | Stage::Terminated => false,
        };
        let to_check = self.payee.as_ref().is_some_and(|payee| payee.check.is_none() && !payee.is_reference);
        if gates_ahead && (self.reserved().minor() < self.terms.ceiling.minor() || to_check) {
            due.push(self.terms.start.end_of_day());
        }
        due.into_iter().min()
    }

    fn may_release(&self, advance: bool) -> bool {
        let open = match self.stage {
            Stage::InApproval | Stage::Approved => advance,
            Stage::Active => true,
            Stage::Reporting => advance || self.all_gates_open(),
            Stage::Draft
            | Stage::Returned
            | Stage::Closing
            | Stage::Closed
            | Stage::Rejected
            | Stage::Withdrawn
            | Stage::Terminated => false,
        };
        open && self.money == super::MoneyState::Free
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{events::v1::grants_event::Event, grants::v1::Decision};
    use flare_kernel::Duration;

    use super::*;
    use crate::domain::samples::{self, APPROVERS, FINANCE, NOW, PROPOSER};

    fn policy() -> GrantsPolicy {
        GrantsPolicy::default()
    }

    fn set(grant: &Grant) -> Vec<TimerKind> {
        TIMERS.iter().copied().filter(|kind| grant.timer(*kind).is_some()).collect()
    }

    #[test]
    fn each_stage_has_its_timers() {
        assert_eq!(set(&samples::draft()), [TimerKind::Draft]);
        assert_eq!(set(&samples::in_approval()), [TimerKind::Vote]);
        assert_eq!(set(&samples::approved()), [TimerKind::End]);
        let mut grant = samples::active();
        assert_eq!(set(&grant), [TimerKind::End]);
        samples::send(&mut grant, 100);
        assert_eq!(set(&grant), [TimerKind::End, TimerKind::Arrival]);
        assert_eq!(set(&samples::reporting()), [TimerKind::Report, TimerKind::Arrival]);
        let mut reported = samples::reporting();
        reported.report_submitted(NOW, &policy());
        assert_eq!(set(&reported), [TimerKind::Close, TimerKind::Arrival]);
        for stage in [Stage::Closed, Stage::Rejected, Stage::Withdrawn, Stage::Terminated] {
            let mut grant = samples::active();
            grant.stage = stage;
            assert_eq!(set(&grant), []);
        }
    }

    #[test]
    fn somebody_is_reminded_until_a_grant_is_submitted() {
        let mut grant = samples::draft();
        let due = grant.timer(TimerKind::Draft).unwrap();
        assert_eq!(due, NOW.plus(Duration::from_hours(48)));
        grant.set_deadlines(NOW.plus(Duration::from_hours(1)), &policy());
        assert_eq!(grant.timer(TimerKind::Draft), Some(due), "what is done to a draft gives it no more time");
        assert_eq!(samples::kinds(&grant.fire(TimerKind::Draft, due, &policy())), ["GrantOverdue"]);
        assert_eq!(grant.timer(TimerKind::Draft), Some(due.plus(Duration::from_days(1))));
        let mut grant = samples::in_approval();
        grant.set_deadlines(NOW, &policy());
        assert_eq!(grant.draft_due, None);
        grant.stage = Stage::Returned;
        let later = NOW.plus(Duration::from_days(3));
        grant.set_deadlines(later, &policy());
        assert_eq!(grant.timer(TimerKind::Draft), Some(later.plus(Duration::from_hours(48))), "anew");
    }

    #[test]
    fn a_raised_lane_shortens_a_running_vote_and_nothing_else() {
        let hours = |hours| NOW.plus(Duration::from_hours(hours));
        let mut grant = samples::in_approval();
        assert!(grant.set_lane(Lane::Standard, hours(1), &policy()).is_empty());
        assert_eq!(grant.timer(TimerKind::Vote), Some(hours(120)), "a lower one gives no more time");
        let (voter, vote) = samples::vote(&grant, APPROVERS[0], Decision::Approve);
        grant.cast_vote(&voter, vote, NOW).unwrap();
        let events = grant.set_lane(Lane::Critical, hours(2), &policy());
        let Some(Event::VoteHastened(hastened)) = &events[0].event else { panic!("{events:?}") };
        assert_eq!(hastened.excluded, [PROPOSER.to_string(), APPROVERS[0].to_string()]);
        assert_eq!(hastened.due, Some(input::timestamp_out(hours(26))));
        assert_eq!(grant.timer(TimerKind::Vote), Some(hours(26)));
        assert!(grant.set_lane(Lane::Critical, hours(3), &policy()).is_empty(), "once");
        let mut late = samples::in_approval();
        assert!(late.set_lane(Lane::Critical, hours(110), &policy()).is_empty());
        assert_eq!(late.timer(TimerKind::Vote), Some(hours(120)), "sooner than the lane's own time");
        assert!(samples::draft().set_lane(Lane::Critical, NOW, &policy()).is_empty());
    }

    #[test]
    fn money_that_comes_back_after_the_end_leaves_a_close_to_be_done_and_a_new_payment_a_report() {
        let mut grant = samples::reporting();
        let id = grant.tranches[0].id;
        let returned = |grant: &mut Grant| grant.settle(FINANCE[0], id, crate::domain::Settlement::Returned);
        let events = samples::step(&mut grant, returned).unwrap();
        assert_eq!(samples::kinds(&events), ["TrancheMoved", "ReportDueSet"]);
        assert_eq!((set(&grant), grant.report_due), (vec![TimerKind::Close], None));
        let events = samples::step(&mut grant, |grant| {
            samples::send(grant, 10_000);
            Ok(Events::new())
        });
        assert_eq!(samples::kinds(&events.unwrap()), ["ReportDueSet"]);
        assert_eq!(set(&grant), [TimerKind::Report, TimerKind::Arrival]);
    }

    #[test]
    fn the_end_date_ends_a_grant_and_a_report_is_due() {
        let mut grant = samples::active();
        samples::send(&mut grant, 100);
        let end = grant.terms.end.end_of_day();
        assert!(grant.fire(TimerKind::End, end.plus(Duration::from_secs(-1)), &policy()).is_empty());
        assert_eq!(samples::kinds(&grant.fire(TimerKind::End, end, &policy())), ["GrantEnded"]);
        assert_eq!(grant.stage, Stage::Reporting);
        assert_eq!(grant.timer(TimerKind::Report), Some(end.plus(Duration::from_days(30))));
        assert!(grant.fire(TimerKind::End, end, &policy()).is_empty(), "once");
    }

    #[test]
    fn what_is_overdue_is_told_again_and_again_until_it_is_done() {
        let mut grant = samples::in_approval();
        let due = grant.timer(TimerKind::Vote).unwrap();
        assert_eq!(samples::kinds(&grant.fire(TimerKind::Vote, due, &policy())), ["GrantOverdue"]);
        assert_eq!(grant.timer(TimerKind::Vote), Some(due.plus(Duration::from_days(1))));
        assert!(grant.fire(TimerKind::Vote, due, &policy()).is_empty(), "not twice at once");
        let mut grant = samples::active();
        samples::send(&mut grant, 100);
        let due = grant.timer(TimerKind::Arrival).unwrap();
        assert_eq!(due, NOW.plus(Duration::from_days(7)));
        assert_eq!(samples::kinds(&grant.fire(TimerKind::Arrival, due, &policy())), ["GrantOverdue"]);
        assert_eq!(grant.timer(TimerKind::Arrival), Some(due.plus(Duration::from_days(1))));
        let id = grant.tranches[0].id;
        grant.settle(FINANCE[0], id, crate::domain::Settlement::Returned).unwrap();
        assert_eq!(grant.timer(TimerKind::Arrival), None);
    }

    #[test]
    fn finance_sees_a_grant_while_there_is_something_to_do() {
        assert_eq!(samples::draft().finance_due(), None);
        assert!(samples::in_approval().finance_due().is_some(), "funds are to be reserved");
        let mut grant = samples::active();
        assert_eq!(grant.finance_due(), None);
        let tranche = samples::release(&mut grant, 100);
        assert!(grant.finance_due().is_some(), "a payment is to be sent");
        grant.send(tranche, NOW, &policy()).unwrap();
        assert_eq!(grant.finance_due(), grant.timer(TimerKind::Arrival));
        grant.settle(FINANCE[0], tranche, crate::domain::Settlement::Arrived(samples::eur(100))).unwrap();
        assert_eq!(grant.finance_due(), None);
        grant.enter_payee(samples::payee(FINANCE[0], 2, false), &[]).unwrap();
        assert!(grant.finance_due().is_some(), "a payee is to be checked");
    }
}
