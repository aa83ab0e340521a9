//! Notes a report that was given, put off or waived.

use flare_access::Staff;
use flare_contracts::{
    InputRule, Refusal, codes,
    grants::v1::{GrantState, RecordReportRequest},
    input,
};
use flare_store::{Command, Error, Tx, Write};

use super::{LockedGrant, SeenGrant};
use crate::{
    Grants,
    domain::{ReportKind, Reported},
    refusals::GrantsRule,
};

pub(crate) struct RecordReport {
    seen: SeenGrant,
    reported: Reported,
}

impl Command for RecordReport {
    type Service = Grants;
    type By = Staff;
    type Request = RecordReportRequest;

    fn parse(grants: &Grants, by: &Staff, request: RecordReportRequest) -> Result<Self, Error> {
        let kinds: Vec<_> = ReportKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let rule = || Refusal::invalid("how", InputRule::OneOf { words: kinds.join(", ") });
        let kind: ReportKind = request.how.parse().map_err(|_| rule())?;
        let reason = || input::code("reason", &request.reason, codes::WHY_NO_REPORT);
        let reported = match kind {
            ReportKind::Received => Reported::Received,
            ReportKind::Oral => Reported::Oral,
            ReportKind::Deferred => {
                Reported::Deferred { reason: reason()?, until: input::date("until", &request.until)? }
            }
            ReportKind::Waived => Reported::Waived { reason: reason()? },
        };
        let (takes_reason, takes_until) = match reported {
            Reported::Received | Reported::Oral => (false, false),
            Reported::Deferred { .. } => (true, true),
            Reported::Waived { .. } => (true, false),
        };
        if !takes_reason && !request.reason.is_empty() {
            return Err(Refusal::invalid("reason", GrantsRule::NeitherDeferredNorWaived).into());
        }
        if !takes_until && !request.until.is_empty() {
            return Err(Refusal::invalid("until", GrantsRule::NotDeferred).into());
        }
        Ok(Self { seen: SeenGrant::parse(grants, by, &request.grant_id, request.version)?, reported })
    }
}

impl Write for RecordReport {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let is_head = self.seen.is_head;
        let record = |locked: &mut LockedGrant, now| {
            locked.grant.record_report(is_head, self.reported, now, &locked.policy)
        };
        self.seen.change(tx, record).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::codes;
    use flare_testkit::{Sandbox, on_both_engines};

    use crate::{
        domain::{
            ReportKind, TimerKind,
            samples::{HEAD, OFFICER},
        },
        fixtures::{World, fields, refused},
    };

    #[test]
    fn a_report_is_of_one_of_the_kinds_that_the_contract_lists() {
        let kinds: Vec<_> = ReportKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(kinds, codes::REPORTS);
    }

    on_both_engines!(a_report_is_in_proportion, crate::SCHEMA);
    async fn a_report_is_in_proportion(sandbox: Sandbox) {
        let world = World::reporting(sandbox).await;
        for (how, reason, until, field) in [
            ("lost", "", "", "how"),
            ("oral", "light", "", "reason"),
            ("oral", "", "2027-05-01", "until"),
            ("deferred", "", "2027-05-01", "reason"),
            ("deferred", "unsafe", "soon", "until"),
            ("deferred", "unsafe", "2027-02-28", "until"),
            ("waived", "light", "2027-05-01", "until"),
        ] {
            assert_eq!(fields(&world.report(HEAD, how, reason, until).await.unwrap_err()), [field], "{how}");
        }
        world.report(OFFICER, "deferred", "unsafe", "2027-05-01").await.unwrap();
        let due = flare_kernel::Date::parse("2027-05-01").unwrap().end_of_day();
        assert_eq!(world.timer(TimerKind::Report).await, Some(due));
        refused(world.report(OFFICER, "waived", "light", "").await, "WAIVED_BY_HEAD_ONLY");
        world.report(HEAD, "waived", "light", "").await.unwrap();
        assert_eq!(world.timer(TimerKind::Report).await, None);
        assert!(world.timer(TimerKind::Close).await.is_some());
        refused(world.report(HEAD, "oral", "", "").await, "ALREADY_REPORTED");
    }

    on_both_engines!(the_report_in_the_thread_counts_at_once, crate::SCHEMA);
    async fn the_report_in_the_thread_counts_at_once(sandbox: Sandbox) {
        let world = World::reporting(sandbox).await;
        world.report_submitted().await;
        world.report_submitted().await;
        assert_eq!(world.history().await.iter().filter(|kind| *kind == "ReportRecorded").count(), 1);
        assert!(world.timer(TimerKind::Close).await.is_some());
    }
}
