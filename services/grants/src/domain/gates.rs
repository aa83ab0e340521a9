//! The five gates before money moves. Whether one is open follows from the grant; nothing opens one by itself.

use flare_contracts::{
    events::v1::{GateClosed, GateOpened, GrantActivated},
    grants::v1::Gate,
};
use flare_kernel::StaffId;

use super::{Act, AgreementAnswer, AgreementWay, Events, Grant, Refused, Stage};

/// How many references have to confirm.
const REFERENCES_NEEDED: usize = 2;

/// How a grant was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verified {
    /// Two independent references or more confirm.
    References,
    /// A head did without, and says why.
    Override {
        /// Who.
        by: StaffId,
        /// One of [`WHY_OVERRIDDEN`](flare_contracts::codes::WHY_OVERRIDDEN).
        reason: &'static str,
    },
}

/// Each gate, in the order of [`GATES`], with how it opened or what is missing.
pub(crate) type GateStates = [(Gate, Result<&'static str, &'static str>); 5];

/// What somebody must learn of though the gate was closed before.
const BAD_NEWS: [&str; 3] = ["declined", "donor_refused", "payee_is_reference"];

const GATES: [Gate; 5] = [Gate::Verified, Gate::Voted, Gate::PayeeChecked, Gate::Agreed, Gate::Funded];

impl Grant {
    /// The gates before there is a grant.
    pub(crate) const NO_GATES: GateStates = [
        (Gate::Verified, Err("")),
        (Gate::Voted, Err("")),
        (Gate::PayeeChecked, Err("")),
        (Gate::Agreed, Err("")),
        (Gate::Funded, Err("")),
    ];

    /// Each gate with how it opened, or what is missing.
    pub(crate) fn gates(&self) -> GateStates {
        GATES.map(|gate| (gate, self.gate(gate)))
    }

    fn gate(&self, gate: Gate) -> Result<&'static str, &'static str> {
        match gate {
            Gate::Unspecified => Err(""),
            Gate::Verified => match self.verified {
                Some(Verified::References) => Ok("references"),
                Some(Verified::Override { .. }) => Ok("override"),
                None => Err("references_missing"),
            },
            Gate::Voted if self.voted => Ok("votes"),
            Gate::Voted => Err("votes_missing"),
            Gate::PayeeChecked => match &self.payee {
                Some(payee) if payee.is_reference => Err("payee_is_reference"),
                Some(payee) if payee.check.is_some() => Ok("checked"),
                Some(_) | None => Err("payee_unchecked"),
            },
            Gate::Agreed => match &self.agreement {
                None => Err("agreement_missing"),
                Some(agreement) => match (&agreement.way, agreement.answer) {
                    (_, Some(AgreementAnswer::DonorRefused)) => Err("donor_refused"),
                    (_, Some(AgreementAnswer::Declined)) => Err("declined"),
                    (AgreementWay::Voice { .. }, None | Some(AgreementAnswer::Accepted)) => {
                        Ok("agreed_by_voice")
                    }
                    (AgreementWay::Message(_), Some(AgreementAnswer::Accepted)) => Ok("agreed_in_thread"),
                    (AgreementWay::Message(_), None) => Err("agreement_missing"),
                },
            },
            Gate::Funded if self.reserved() >= self.terms.ceiling => Ok("reserved"),
            Gate::Funded => Err("funds_missing"),
        }
    }

    /// Whether every gate is open.
    pub(crate) fn all_gates_open(&self) -> bool {
        self.gates().iter().all(|(_, state)| state.is_ok())
    }

    /// Refuses while a gate is closed, and says what is missing.
    pub(super) fn through_the_gates(&self) -> Result<(), Refused> {
        let missing: Vec<_> = self.gates().into_iter().filter_map(|(_, state)| state.err()).collect();
        if missing.is_empty() { Ok(()) } else { Err(Refused::GatesClosed(missing.join(", "))) }
    }

    /// What follows from a change: the gates that opened or closed, and with them the grant's activity. An active grant
    /// whose gate closes is merely approved again, until it opens.
    pub(crate) fn follow(&mut self, before: GateStates) -> Events {
        let mut events = Events::new();
        let (case_id, grant_id) = self.ids();
        for ((_, before), (gate, after)) in before.into_iter().zip(self.gates()) {
            let (case_id, grant_id, gate) = (case_id.clone(), grant_id.clone(), gate.into());
            match (before, after) {
                (Err(_), Ok(how)) => {
                    let reason = self.override_reason(how).to_owned();
                    events.push(GateOpened { case_id, grant_id, gate, how: how.to_owned(), reason }.into());
                }
                (Ok(_), Err(why)) => {
                    events.push(GateClosed { case_id, grant_id, gate, why: why.to_owned() }.into());
                }
                (Err(earlier), Err(why)) if why != earlier && BAD_NEWS.contains(&why) => {
                    events.push(GateClosed { case_id, grant_id, gate, why: why.to_owned() }.into());
                }
                (Err(_), Err(_)) | (Ok(_), Ok(_)) => {}
            }
        }
        match (self.stage, self.all_gates_open()) {
            (Stage::Approved, true) => {
                self.stage = Stage::Active;
                events.push(GrantActivated { case_id, grant_id, end: self.terms.end.to_string() }.into());
            }
            (Stage::Active, false) => self.stage = Stage::Approved,
            (
                Stage::Draft
                | Stage::InApproval
                | Stage::Returned
                | Stage::Approved
                | Stage::Active
                | Stage::Reporting
                | Stage::Closing
                | Stage::Closed
                | Stage::Rejected
                | Stage::Withdrawn
                | Stage::Terminated,
                _,
            ) => {}
        }
        events
    }

    fn override_reason(&self, how: &str) -> &'static str {
        match self.verified {
            Some(Verified::Override { reason, .. }) if how == "override" => reason,
            Some(_) | None => "",
        }
    }

    /// So many references of the case confirm now.
    pub(crate) fn verify(&mut self, confirmed: usize) {
        if self.stage.is_over() {
            return;
        }
        let enough = confirmed >= REFERENCES_NEEDED;
        self.verified = match self.verified {
            Some(Verified::Override { by, reason }) => Some(Verified::Override { by, reason }),
            Some(Verified::References) | None => enough.then_some(Verified::References),
        };
    }

    /// A head opens the gate "verified" without two references.
    pub(crate) fn override_verification(
        &mut self,
        by: StaffId,
        reason: &'static str,
    ) -> Result<Events, Refused> {
        self.allow(Act::OverrideVerification)?;
        self.not_proposer(by, "override its verification")?;
        if self.verified.is_some() {
            return Err(Refused::AlreadyVerified);
        }
        self.verified = Some(Verified::Override { by, reason });
        Ok(Events::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{self, HEAD, PROPOSER};

    #[test]
    fn two_references_open_the_gate_and_a_contradiction_closes_it() {
        let mut grant = samples::draft();
        for (confirmed, kinds) in [(1, vec![]), (2, vec!["GateOpened"]), (3, vec![]), (1, vec!["GateClosed"])]
        {
            let events = samples::step(&mut grant, |grant| {
                grant.verify(confirmed);
                Ok(Events::new())
            });
            assert_eq!(samples::kinds(&events.unwrap()), kinds, "{confirmed}");
        }
    }

    #[test]
    fn a_head_overrides_with_a_reason_and_never_for_their_own_grant() {
        let mut grant = samples::draft();
        let own = samples::step(&mut grant, |grant| grant.override_verification(PROPOSER, "no_time"));
        assert_eq!(own, Err(Refused::ByProposer("override its verification")));
        let events = samples::step(&mut grant, |grant| grant.override_verification(HEAD, "no_time")).unwrap();
        assert_eq!(samples::kinds(&events), ["GateOpened"]);
        let again = samples::step(&mut grant, |grant| grant.override_verification(HEAD, "other"));
        assert_eq!(again, Err(Refused::AlreadyVerified));
        grant.verify(0);
        assert_eq!(
            grant.verified,
            Some(Verified::Override { by: HEAD, reason: "no_time" }),
            "an override stays"
        );
    }

    #[test]
    fn an_active_grant_whose_gate_closes_is_approved_until_it_opens_again() {
        let mut grant = samples::active();
        let before = grant.gates();
        grant.verify(0);
        let kinds = samples::kinds(&grant.follow(before));
        assert_eq!((grant.stage, kinds), (Stage::Approved, vec!["GateClosed"]));
        let before = grant.gates();
        grant.verify(2);
        let kinds = samples::kinds(&grant.follow(before));
        assert_eq!((grant.stage, kinds), (Stage::Active, vec!["GateOpened", "GrantActivated"]));
    }
}
