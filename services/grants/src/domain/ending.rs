//! The end of a grant: its end date, the report, the close, or a termination.

use flare_contracts::{
    events::v1::{CloseProposed, GrantClosed, GrantEnded, GrantTerminated, ReportRecorded},
    input,
};
use flare_kernel::{Date, Money, StaffId, Timestamp, codes};

use super::{Act, Deadline, Events, Grant, Refused, Stage, TrancheState};
use crate::{GrantsPolicy, refusals::GrantsRule};

codes! {
    /// What became of the report.
    pub(crate) enum ReportKind {
        /// Given in the thread.
        Received = "received",
        /// Given by voice.
        Oral = "oral",
        /// Put off.
        Deferred = "deferred",
        /// Not asked for.
        Waived = "waived",
    }
}

/// The report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) kind: ReportKind,
    /// One of [`WHY_NO_REPORT`](flare_contracts::codes::WHY_NO_REPORT) when it is deferred or waived, or nothing.
    pub(crate) reason: &'static str,
}

/// What an officer records about the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reported {
    /// It was given.
    Received,
    /// It was given by voice.
    Oral,
    /// It is put off.
    Deferred {
        /// One of [`WHY_NO_REPORT`](flare_contracts::codes::WHY_NO_REPORT).
        reason: &'static str,
        /// Until the end of this day.
        until: Date,
    },
    /// It is not asked for.
    Waived {
        /// One of [`WHY_NO_REPORT`](flare_contracts::codes::WHY_NO_REPORT).
        reason: &'static str,
    },
}

/// What a grant is to be closed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewClose {
    /// One of [`OUTCOMES`](flare_contracts::codes::OUTCOMES).
    pub(crate) outcome: &'static str,
    /// What goes back to its fund.
    pub(crate) unspent: Money,
}

/// A close that was proposed or done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    pub(crate) close: NewClose,
    /// One person was enough.
    pub(crate) light: bool,
    pub(crate) by: StaffId,
    pub(crate) confirmed_by: Option<StaffId>,
}

impl ReportKind {
    const fn is_settled(self) -> bool {
        match self {
            Self::Received | Self::Oral | Self::Waived => true,
            Self::Deferred => false,
        }
    }
}

impl Grant {
    /// The grant has ended, by its date or, for a reason, before it. A report is due where money was paid.
    pub(super) fn end(&mut self, early: &str, now: Timestamp, policy: &GrantsPolicy) -> Events {
        self.stage = Stage::Reporting;
        self.approval = None;
        if self.is_report_settled() {
            self.close_due = Some(Deadline::at(now.plus(policy.close)));
        } else if self.report_due.is_none() {
            self.report_due = Some(Deadline::at(now.plus(policy.report)));
        }
        let (case_id, grant_id) = self.ids();
        let report_due = self.report_due.map(|deadline| input::timestamp_out(deadline.due));
        vec![GrantEnded { case_id, grant_id, report_due, reason: early.to_owned() }.into()]
    }

    /// Whether nobody waits for a report: it was given or waived, or nothing was paid that could be reported on.
    pub(crate) fn is_report_settled(&self) -> bool {
        self.report.is_some_and(|report| report.kind.is_settled()) || !self.is_paid()
    }

    /// Notes the report, or that it is put off or waived.
    pub(crate) fn record_report(
        &mut self,
        is_head: bool,
        reported: Reported,
        now: Timestamp,
        policy: &GrantsPolicy,
    ) -> Result<Events, Refused> {
        self.allow(Act::RecordReport)?;
        if self.report.is_some_and(|report| report.kind.is_settled()) {
            return Err(Refused::AlreadyReported);
        }
        let report = match reported {
            Reported::Received => Report { kind: ReportKind::Received, reason: "" },
            Reported::Oral => Report { kind: ReportKind::Oral, reason: "" },
            Reported::Deferred { reason, until } => {
                if until <= Date::from_timestamp(now) {
                    return Err(Refused::field("until", GrantsRule::NotAfterToday));
                }
                self.report_due = Some(Deadline::at(until.end_of_day()));
                Report { kind: ReportKind::Deferred, reason }
            }
            Reported::Waived { .. } if !is_head => return Err(Refused::WaivedByHeadOnly),
            Reported::Waived { reason } => Report { kind: ReportKind::Waived, reason },
        };
        Ok(self.set_report(report, now, policy))
    }

    /// The requester's report came in through the thread. It may come after the report was waived.
    pub(crate) fn report_submitted(&mut self, now: Timestamp, policy: &GrantsPolicy) -> Events {
        let expected = match self.report.map(|report| report.kind) {
            None | Some(ReportKind::Deferred | ReportKind::Waived) => true,
            Some(ReportKind::Received | ReportKind::Oral) => false,
        };
        if !expected || !self.stage.acts().contains(&Act::RecordReport) {
            return Events::new();
        }
        self.set_report(Report { kind: ReportKind::Received, reason: "" }, now, policy)
    }

    fn set_report(&mut self, report: Report, now: Timestamp, policy: &GrantsPolicy) -> Events {
        self.report = Some(report);
        if self.stage == Stage::Reporting && report.kind.is_settled() && self.close_due.is_none() {
            self.close_due = Some(Deadline::at(now.plus(policy.close)));
        }
        let (case_id, grant_id) = self.ids();
        let (how, reason) = (report.kind.as_str().to_owned(), report.reason.to_owned());
        vec![ReportRecorded { case_id, grant_id, how, reason }.into()]
    }

    /// Closes a light grant at once. Any other is proposed by one person and confirmed by another with the same. Another
    /// close is a proposal of its own, in place of the first: wrong books are corrected without whoever proposed them.
    pub(crate) fn close(
        &mut self,
        by: StaffId,
        close: NewClose,
        policy: &GrantsPolicy,
    ) -> Result<Events, Refused> {
        self.allow(Act::Close)?;
        if !self.is_report_settled() {
            return Err(Refused::ReportMissing);
        }
        if self.tranches.iter().any(|tranche| tranche.state.is_unsettled()) {
            return Err(Refused::Unsettled);
        }
        self.check_unspent(close.unspent)?;
        let light = policy.is_light(self.terms.ceiling);
        match self.closing {
            _ if light => self.closing = Some(Closing { close, light, by, confirmed_by: Some(by) }),
            Some(first) if first.by == by && first.close == close => return Err(Refused::CloseBySame),
            Some(first) if first.close == close => {
                self.closing = Some(Closing { confirmed_by: Some(by), ..first });
            }
            Some(_) | None => {
                self.closing = Some(Closing { close, light, by, confirmed_by: None });
                self.stage = Stage::Closing;
                let (case_id, grant_id) = self.ids();
                return Ok(vec![CloseProposed { case_id, grant_id, by: by.to_string() }.into()]);
            }
        }
        self.stage = Stage::Closed;
        let (case_id, grant_id) = self.ids();
        let unspent = Some(input::money_out(close.unspent));
        Ok(vec![GrantClosed { case_id, grant_id, outcome: close.outcome.to_owned(), unspent }.into()])
    }

    /// What was unspent is at most what neither arrived nor was lost.
    fn check_unspent(&self, unspent: Money) -> Result<(), Refused> {
        let currency = self.terms.ceiling.currency();
        if unspent.currency() != currency {
            let rule = GrantsRule::NotTheCeilingsCurrency { currency: currency.to_string() };
            return Err(Refused::field("unspent.currency", rule));
        }
        let gone = self.tranches.iter().map(|tranche| match tranche.state {
            TrancheState::Arrived => tranche.arrived.map_or(0, Money::minor),
            TrancheState::Lost => tranche.amount.minor(),
            TrancheState::Scheduled
            | TrancheState::Released
            | TrancheState::Sent
            | TrancheState::InDoubt
            | TrancheState::Returned => 0,
        });
        let most = self.money(self.terms.ceiling.minor() - gone.fold(0, i64::saturating_add));
        if unspent > most {
            return Err(Refused::field("unspent", GrantsRule::MoreThanUnspent { most: most.to_string() }));
        }
        Ok(())
    }

    /// Ends a grant for ethics, corruption or safeguarding. What was not sent never will be.
    pub(crate) fn terminate(&mut self, reason: &'static str) -> Result<Events, Refused> {
        self.allow(Act::Terminate)?;
        let mut events = self.take_releases_back();
        self.stage = Stage::Terminated;
        let (case_id, grant_id) = self.ids();
        events.push(GrantTerminated { case_id, grant_id, reason: reason.to_owned() }.into());
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use flare_kernel::Duration;

    use super::*;
    use crate::domain::samples::{self, FINANCE, HEAD, NOW, OFFICER, eur};

    fn policy() -> GrantsPolicy {
        GrantsPolicy::default()
    }

    fn close(unspent: i64) -> NewClose {
        NewClose { outcome: "achieved", unspent: eur(unspent) }
    }

    #[test]
    fn a_report_is_given_put_off_or_waived_by_a_head() {
        let mut grant = samples::reporting();
        let today = Date::from_timestamp(NOW);
        let deferred = Reported::Deferred { reason: "unsafe", until: today };
        assert!(matches!(grant.record_report(false, deferred, NOW, &policy()), Err(Refused::Field(_))));
        let until = today.add_days(90);
        grant.record_report(false, Reported::Deferred { reason: "unsafe", until }, NOW, &policy()).unwrap();
        assert_eq!(grant.report_due, Some(Deadline::at(until.end_of_day())));
        let waived = Reported::Waived { reason: "light" };
        assert_eq!(grant.record_report(false, waived, NOW, &policy()), Err(Refused::WaivedByHeadOnly));
        let events = grant.record_report(true, waived, NOW, &policy()).unwrap();
        assert_eq!(samples::kinds(&events), ["ReportRecorded"]);
        assert_eq!(grant.close_due, Some(Deadline::at(NOW.plus(Duration::from_days(14)))));
        assert_eq!(grant.record_report(true, Reported::Oral, NOW, &policy()), Err(Refused::AlreadyReported));
        assert_eq!(
            samples::kinds(&grant.report_submitted(NOW, &policy())),
            ["ReportRecorded"],
            "all the better"
        );
        assert!(grant.report_submitted(NOW, &policy()).is_empty(), "once");
    }

    #[test]
    fn a_grant_is_closed_when_all_is_told() {
        let mut grant = samples::reporting();
        assert_eq!(grant.close(OFFICER, close(0), &policy()), Err(Refused::ReportMissing));
        grant.record_report(false, Reported::Oral, NOW, &policy()).unwrap();
        assert_eq!(grant.close(OFFICER, close(0), &policy()), Err(Refused::Unsettled));
        let id = grant.tranches[0].id;
        grant.settle(FINANCE[0], id, crate::domain::Settlement::Arrived(eur(10_000))).unwrap();
        let left = grant.terms.ceiling.minor() - 10_000;
        assert!(matches!(grant.close(OFFICER, close(left + 1), &policy()), Err(Refused::Field(_))));
        assert_eq!(samples::kinds(&grant.close(OFFICER, close(left), &policy()).unwrap()), ["CloseProposed"]);
        assert_eq!(grant.stage, Stage::Closing);
        assert_eq!(grant.close(OFFICER, close(left), &policy()), Err(Refused::CloseBySame));
        let corrected = grant.close(FINANCE[0], close(0), &policy()).unwrap();
        assert_eq!((samples::kinds(&corrected), grant.stage), (vec!["CloseProposed"], Stage::Closing));
        assert_eq!(grant.close(FINANCE[0], close(0), &policy()), Err(Refused::CloseBySame));
        assert_eq!(samples::kinds(&grant.close(HEAD, close(0), &policy()).unwrap()), ["GrantClosed"]);
        assert_eq!(grant.stage, Stage::Closed);
    }

    #[test]
    fn a_light_grant_is_closed_by_one() {
        let mut grant = samples::reporting();
        grant.tranches[0].state = TrancheState::Returned;
        grant.terms.ceiling = eur(100_000);
        assert_eq!(samples::kinds(&grant.close(OFFICER, close(0), &policy()).unwrap()), ["GrantClosed"]);
    }

    #[test]
    fn without_money_there_is_nothing_to_report_on() {
        let mut grant = samples::approved();
        grant.end("", NOW, &policy());
        assert_eq!((grant.stage, grant.report_due), (Stage::Reporting, None));
        assert!(grant.close_due.is_some());
        grant.close(HEAD, close(0), &policy()).unwrap();
    }

    #[test]
    fn a_termination_takes_back_what_was_not_sent() {
        let mut grant = samples::active();
        samples::release(&mut grant, 10_000);
        let events = grant.terminate("ethics").unwrap();
        assert_eq!(samples::kinds(&events), ["TrancheMoved", "GrantTerminated"]);
        assert!(matches!(grant.terminate("ethics"), Err(Refused::WrongStage { .. })));
    }
}
