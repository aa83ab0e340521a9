//! Holding, freeing and stopping all money of a case: what a pause, an inquiry or a withdrawal does to each grant.

use flare_contracts::events::v1::{GrantWithdrawn, MoneyFreed, MoneyHeld, triage_event::Event};
use flare_kernel::{StaffId, Timestamp, codes};

use super::{Act, Events, Grant, Refused, Stage};
use crate::GrantsPolicy;

/// Why a grant is withdrawn that nobody abandoned.
const CASE_WITHDRAWN: &str = "case_withdrawn";

codes! {
    /// Whether a grant's money may move.
    pub(crate) enum MoneyState {
        /// It may.
        Free = "free",
        /// Not until somebody frees it.
        Held = "held",
        /// Never again.
        Stopped = "stopped",
    }
}

/// What is asked about all money of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MoneyAsk {
    /// Nothing is released or sent until it is freed.
    Hold,
    /// What was held moves again.
    Free,
    /// The requester withdrew: what was not sent never will be.
    Stop,
}

impl MoneyAsk {
    /// What an event of triage asks, if it is about money.
    pub(crate) fn of_event(event: &Event) -> Option<Self> {
        match event {
            Event::CaseStopped(stopped) if stopped.how == "withdrawn" => Some(Self::Stop),
            // Whatever else a case may come to be stopped by, its money does not move.
            Event::CaseStopped(_) => Some(Self::Hold),
            // What was withdrawn stays so; new grants may be drafted once a case is reopened. A pause or an inquiry that
            // still stands is told next.
            Event::CaseResumed(_) | Event::CaseReopened(_) => Some(Self::Free),
            Event::CaseOpened(_)
            | Event::CaseAssessed(_)
            | Event::LaneRaised(_)
            | Event::GrantRecommended(_)
            | Event::ReferenceAdded(_)
            | Event::ReferenceChecked(_)
            | Event::CaseClosed(_)
            | Event::CaseAcknowledged(_)
            | Event::CaseAssigned(_)
            | Event::ContactPlanSet(_)
            | Event::PersonAdded(_)
            | Event::PersonStatusSet(_)
            | Event::NeedAdded(_)
            | Event::NoteAdded(_)
            | Event::ContactLogged(_)
            | Event::QuestionAsked(_)
            | Event::RequesterAnswered(_)
            | Event::NeedEnded(_)
            | Event::NeedReferred(_)
            | Event::ReferralAnswered(_)
            | Event::ReferralUnanswered(_)
            | Event::MoneyStopped(_)
            | Event::CaseOverdue(_)
            | Event::WelfareCheckDue(_)
            | Event::NotesKeyBegun(_) => None,
        }
    }

    /// What a case's money is once this is the last that was asked. After a withdrawal nothing newer is asked until the
    /// case is reopened, so whatever is lifts the stop for grants that are drafted from then on.
    pub(crate) const fn leaves(self) -> MoneyState {
        match self {
            Self::Hold => MoneyState::Held,
            Self::Free => MoneyState::Free,
            Self::Stop => MoneyState::Stopped,
        }
    }
}

impl MoneyState {
    /// What a grant's money is after this was asked. What was withdrawn stays so, whatever becomes of its case.
    const fn after(self, hold: MoneyAsk) -> Self {
        match (self, hold) {
            (Self::Free | Self::Held, MoneyAsk::Hold) => Self::Held,
            (Self::Free | Self::Held, MoneyAsk::Free) => Self::Free,
            (_, MoneyAsk::Stop) | (Self::Stopped, MoneyAsk::Hold | MoneyAsk::Free) => Self::Stopped,
        }
    }
}

impl Grant {
    /// Holds, frees or stops the money. Asking again changes nothing.
    ///
    /// A stopped grant that has paid nothing is withdrawn. One that has paid ends now: staff settle what is under way,
    /// have the report given or waived, and close it.
    pub(crate) fn hold(&mut self, hold: MoneyAsk, now: Timestamp, policy: &GrantsPolicy) -> Events {
        self.hold_because(hold, CASE_WITHDRAWN, now, policy)
    }

    /// Gives up what is not with the approvers and not decided. It ends as if its case were withdrawn, and its money with
    /// it; the case goes on without it.
    pub(crate) fn abandon(
        &mut self,
        by: StaffId,
        is_head: bool,
        reason: &'static str,
        now: Timestamp,
        policy: &GrantsPolicy,
    ) -> Result<Events, Refused> {
        self.allow(Act::Abandon)?;
        self.proposer_or_head(by, is_head, "abandon it")?;
        Ok(self.hold_because(MoneyAsk::Stop, reason, now, policy))
    }

    fn hold_because(&mut self, hold: MoneyAsk, why: &str, now: Timestamp, policy: &GrantsPolicy) -> Events {
        let after = self.money.after(hold);
        if self.stage.is_over() || after == self.money {
            return Events::new();
        }
        let was = std::mem::replace(&mut self.money, after);
        let (case_id, grant_id) = self.ids();
        let mut events = self.take_releases_back();
        match after {
            MoneyState::Free => events.push(MoneyFreed { case_id, grant_id }.into()),
            MoneyState::Held => events.push(MoneyHeld { case_id, grant_id }.into()),
            MoneyState::Stopped if !self.is_paid() => {
                self.stage = Stage::Withdrawn;
                events.push(GrantWithdrawn { case_id, grant_id, reason: why.to_owned() }.into());
            }
            MoneyState::Stopped => {
                if was == MoneyState::Free {
                    events.push(MoneyHeld { case_id, grant_id }.into());
                }
                events.extend(self.end_when_stopped(why, now, policy));
            }
        }
        events
    }

    fn end_when_stopped(&mut self, why: &str, now: Timestamp, policy: &GrantsPolicy) -> Events {
        match self.stage {
            Stage::Draft | Stage::InApproval | Stage::Returned | Stage::Approved | Stage::Active => {
                self.end(why, now, policy)
            }
            Stage::Reporting
            | Stage::Closing
            | Stage::Closed
            | Stage::Rejected
            | Stage::Withdrawn
            | Stage::Terminated => Events::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{self, FINANCE, HEAD, NOW, OFFICER, PROPOSER};

    fn hold(grant: &mut Grant, hold: MoneyAsk) -> Vec<&'static str> {
        samples::kinds(&grant.hold(hold, NOW, &GrantsPolicy::default()))
    }

    #[test]
    fn a_hold_is_lifted_and_repeating_either_changes_nothing() {
        let mut grant = samples::active();
        assert!(hold(&mut grant, MoneyAsk::Free).is_empty());
        assert_eq!(hold(&mut grant, MoneyAsk::Hold), ["MoneyHeld"]);
        assert!(hold(&mut grant, MoneyAsk::Hold).is_empty());
        assert_eq!(hold(&mut grant, MoneyAsk::Free), ["MoneyFreed"]);
        assert_eq!(grant.money, MoneyState::Free);
    }

    #[test]
    fn a_stop_withdraws_what_has_paid_nothing() {
        for mut grant in [samples::draft(), samples::in_approval(), samples::approved(), samples::active()] {
            assert_eq!(hold(&mut grant, MoneyAsk::Stop), ["GrantWithdrawn"]);
            assert_eq!(grant.stage, Stage::Withdrawn);
            assert!(hold(&mut grant, MoneyAsk::Stop).is_empty());
            assert!(hold(&mut grant, MoneyAsk::Free).is_empty(), "never again");
        }
    }

    #[test]
    fn a_stop_ends_what_has_paid_and_staff_settle_it() {
        let mut grant = samples::active();
        samples::send(&mut grant, 10_000);
        assert_eq!(hold(&mut grant, MoneyAsk::Stop), ["MoneyHeld", "GrantEnded"]);
        assert_eq!((grant.stage, grant.money, grant.under_way()), (Stage::Reporting, MoneyState::Stopped, 1));
        assert!(hold(&mut grant, MoneyAsk::Free).is_empty());
        assert!(hold(&mut grant, MoneyAsk::Stop).is_empty());
    }

    #[test]
    fn a_proposer_or_a_head_abandons_what_nobody_votes_on() {
        let policy = GrantsPolicy::default();
        let abandon = |grant: &mut Grant, by, is_head| grant.abandon(by, is_head, "mistake", NOW, &policy);
        let mut grant = samples::draft();
        assert_eq!(abandon(&mut grant, OFFICER, false), Err(Refused::NotProposerOrHead("abandon it")));
        assert_eq!(samples::kinds(&abandon(&mut grant, PROPOSER, false).unwrap()), ["GrantWithdrawn"]);
        assert_eq!(grant.stage, Stage::Withdrawn);
        let mut returned = samples::in_approval();
        assert!(matches!(abandon(&mut returned, PROPOSER, false), Err(Refused::WrongStage { .. })));
        returned.stage = Stage::Returned;
        abandon(&mut returned, HEAD, true).unwrap();
        assert_eq!(returned.stage, Stage::Withdrawn);
    }

    #[test]
    fn an_abandoned_grant_whose_advance_was_paid_is_settled_and_closed() {
        let policy = GrantsPolicy::default();
        let mut grant = samples::with_advance_tranche(40_000);
        grant.enter_payee(samples::payee(OFFICER, 1, true), &[]).unwrap();
        let id = grant.tranches[0].id;
        grant.release(FINANCE[1], id, NOW).unwrap();
        grant.send(id, NOW, &policy).unwrap();
        grant.stage = Stage::Returned;
        let events = grant.abandon(PROPOSER, false, "helped_otherwise", NOW, &policy).unwrap();
        assert_eq!(samples::kinds(&events), ["MoneyHeld", "GrantEnded"]);
        assert_eq!((grant.stage, grant.money, grant.under_way()), (Stage::Reporting, MoneyState::Stopped, 1));
    }

    #[test]
    fn what_is_over_stays_as_it_is() {
        for stage in [Stage::Closed, Stage::Rejected, Stage::Withdrawn, Stage::Terminated] {
            let mut grant = samples::active();
            grant.stage = stage;
            for kind in [MoneyAsk::Hold, MoneyAsk::Free, MoneyAsk::Stop] {
                assert!(hold(&mut grant, kind).is_empty());
            }
            assert_eq!(grant.stage, stage);
        }
    }
}
