//! What falls due.

use flare_contracts::events::v1::{CaseOverdue, WelfareCheckDue};
use flare_kernel::Timestamp;

use super::{Case, Step};
use crate::TriagePolicy;

impl Case {
    /// The alarm of a step went off. Nothing when the step is done, stands still or is not due.
    pub(crate) fn overdue(
        &mut self,
        step: Step,
        now: Timestamp,
        policy: &TriagePolicy,
    ) -> Option<CaseOverdue> {
        let lane = self.lane;
        let target = self.target.as_mut().filter(|target| target.step == step)?;
        target
            .ring(now, lane, policy)
            .then(|| CaseOverdue { case_id: self.id.to_string(), step: step.as_str().to_owned() })
    }

    /// Somebody must look after a requester who has not answered; and again after the same span.
    pub(crate) fn welfare_check(&mut self, now: Timestamp, policy: &TriagePolicy) -> Option<WelfareCheckDue> {
        self.welfare_due.filter(|due| *due <= now)?;
        self.welfare_due = Some(now.plus(policy.welfare_check));
        Some(WelfareCheckDue { case_id: self.id.to_string() })
    }
}
