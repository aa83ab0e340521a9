//! What is due when. A grant's timers follow from the grant, so that saving it sets and clears them.

use flare_contracts::events::v1::GrantOverdue;
use flare_kernel::{Timestamp, TrancheId};

use super::{Deadline, Facts, Grant, Stage, TrancheState, code::codes};
use crate::GrantsPolicy;

codes! {
    /// A timer of a grant.
    TimerKind {
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
            (TimerKind::Vote, Stage::InApproval) => next(self.approval),
            (TimerKind::End, Stage::Approved | Stage::Active) => Some(self.terms.end.end_of_day()),
            (TimerKind::Report, Stage::Reporting) if !self.is_report_settled() => next(self.report_due),
            (TimerKind::Close, Stage::Reporting) if self.is_report_settled() => next(self.close_due),
            (TimerKind::Close, Stage::Closing) => next(self.close_due),
            (TimerKind::Vote | TimerKind::End | TimerKind::Report | TimerKind::Close, _) => None,
        }
    }

    /// A timer is due. One that has become pointless meanwhile changes nothing.
    pub(crate) fn fire(&mut self, kind: TimerKind, now: Timestamp, policy: &GrantsPolicy) -> Facts {
        if self.timer(kind).is_none_or(|due| due > now) {
            return Facts::new();
        }
        match kind {
            TimerKind::End => self.end(now, policy),
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

    fn ask_after_arrivals(&mut self, now: Timestamp, policy: &GrantsPolicy) -> Facts {
        let mut late = Vec::new();
        for tranche in &mut self.tranches {
            let under_way = tranche.state == TrancheState::Sent;
            if let (true, Some(sent), Some(next)) = (under_way, tranche.sent, tranche.arrival_next)
                && next <= now
            {
                let due = sent.plus(flare_kernel::Duration::from_days(policy.arrival_check_days));
                tranche.arrival_next = Some(Deadline::at(due).reminded(now).next);
                late.push(tranche.id);
            }
        }
        late.into_iter().flat_map(|id| self.overdue(TimerKind::Arrival, Some(id))).collect()
    }

    fn overdue(&self, kind: TimerKind, tranche: Option<TrancheId>) -> Facts {
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
    use flare_kernel::Duration;

    use super::*;
    use crate::domain::samples::{self, FINANCE, NOW};

    fn policy() -> GrantsPolicy {
        GrantsPolicy::default()
    }

    fn set(grant: &Grant) -> Vec<TimerKind> {
        TIMERS.iter().copied().filter(|kind| grant.timer(*kind).is_some()).collect()
    }

    #[test]
    fn each_stage_has_its_timers() {
        assert_eq!(set(&samples::draft()), []);
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
        grant.settle(id, crate::domain::Settlement::Returned).unwrap();
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
        grant.settle(tranche, crate::domain::Settlement::Arrived(samples::eur(100))).unwrap();
        assert_eq!(grant.finance_due(), None);
        grant.enter_payee(samples::payee(FINANCE[0], 2, false), &[]).unwrap();
        assert!(grant.finance_due().is_some(), "a payee is to be checked");
    }
}
