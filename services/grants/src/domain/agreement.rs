//! What the requester agreed to, in the thread or by voice, after the donor's origin was told.

use flare_contracts::events::v1::AgreementPosted;
use flare_kernel::{MessageId, StaffId, Timestamp, codes};

use super::{Act, Events, Grant, Refused};
use crate::refusals::GrantsRule;

codes! {
    /// What the requester answered in the thread.
    pub(crate) enum AgreementAnswer {
        /// Agrees.
        Accepted = "accepted",
        /// Does not.
        Declined = "declined",
        /// Refuses the money's origin; another fund may do.
        DonorRefused = "donor_refused",
    }
}

/// How an agreement reaches the requester.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AgreementWay {
    /// Posted in the thread; the answer there opens the gate.
    Message(MessageId),
    /// Agreed to by voice; opens the gate at once.
    Voice {
        /// One of [`AGREED_BY`](flare_contracts::codes::AGREED_BY).
        how: &'static str,
        /// Who heard it.
        witness: StaffId,
    },
}

/// An agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreement {
    pub(crate) way: AgreementWay,
    pub(crate) by: StaffId,
    pub(crate) at: Timestamp,
    pub(crate) answer: Option<AgreementAnswer>,
}

impl Grant {
    /// Notes that the agreement was posted, or given by voice. Replaces one that was not accepted.
    pub(crate) fn record_agreement(
        &mut self,
        way: AgreementWay,
        by: StaffId,
        now: Timestamp,
    ) -> Result<Events, Refused> {
        self.allow(Act::RecordAgreement)?;
        let accepted = self.agreement.is_some_and(|agreement| match (agreement.way, agreement.answer) {
            (AgreementWay::Voice { .. }, None) | (_, Some(AgreementAnswer::Accepted)) => true,
            (AgreementWay::Message(_), None)
            | (_, Some(AgreementAnswer::Declined | AgreementAnswer::DonorRefused)) => false,
        });
        if accepted {
            return Err(Refused::AlreadyAgreed);
        }
        match way {
            AgreementWay::Voice { witness, .. } if witness == by || witness == self.proposer => {
                return Err(Refused::field("witness", GrantsRule::NoOtherWitness));
            }
            AgreementWay::Voice { .. } | AgreementWay::Message(_) => {}
        }
        self.agreement = Some(Agreement { way, by, at: now, answer: None });
        let (case_id, grant_id) = self.ids();
        Ok(match way {
            AgreementWay::Message(message) => {
                vec![AgreementPosted { case_id, grant_id, message_id: message.to_string() }.into()]
            }
            AgreementWay::Voice { .. } => Events::new(),
        })
    }

    /// The requester answered the agreement that a message showed. An answer to another message changes nothing; a
    /// refused donor's money goes back, and the grant waits for another fund and another agreement.
    pub(crate) fn answer_agreement(&mut self, message: MessageId, answer: AgreementAnswer) {
        if self.stage.is_over() {
            return;
        }
        let Some(agreement) = &mut self.agreement else { return };
        if agreement.way != AgreementWay::Message(message) || agreement.answer == Some(answer) {
            return;
        }
        agreement.answer = Some(answer);
        match answer {
            AgreementAnswer::DonorRefused => self.release_reservations(),
            AgreementAnswer::Accepted | AgreementAnswer::Declined => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Stage,
        samples::{self, HEAD, NOW, OFFICER, PROPOSER, message},
    };

    fn answer(grant: &mut Grant, id: u8, answer: AgreementAnswer) -> Vec<&'static str> {
        let events = samples::step(grant, |grant| {
            grant.answer_agreement(message(id), answer);
            Ok(Events::new())
        });
        samples::kinds(&events.unwrap())
    }

    fn posted() -> Grant {
        let mut grant = samples::approved();
        let events = grant.record_agreement(AgreementWay::Message(message(1)), OFFICER, NOW).unwrap();
        assert_eq!(samples::kinds(&events), ["AgreementPosted"]);
        grant
    }

    #[test]
    fn the_answer_to_this_message_opens_the_gate() {
        let mut grant = posted();
        assert!(answer(&mut grant, 2, AgreementAnswer::Accepted).is_empty());
        assert_eq!(answer(&mut grant, 1, AgreementAnswer::Accepted), ["GateOpened"]);
        assert!(answer(&mut grant, 1, AgreementAnswer::Accepted).is_empty(), "once");
        let again = grant.record_agreement(samples::by_voice(HEAD), OFFICER, NOW);
        assert_eq!(again, Err(Refused::AlreadyAgreed));
        assert_eq!(answer(&mut grant, 1, AgreementAnswer::Declined), ["GateClosed"], "and may be taken back");
    }

    #[test]
    fn an_agreement_by_voice_opens_the_gate_at_once_when_somebody_else_heard_it() {
        let mut grant = samples::approved();
        for (witness, by) in [(OFFICER, OFFICER), (PROPOSER, OFFICER), (PROPOSER, PROPOSER)] {
            let refused = grant.record_agreement(samples::by_voice(witness), by, NOW);
            assert!(matches!(refused, Err(Refused::Field(fault)) if fault.field == "witness"));
        }
        let events =
            samples::step(&mut grant, |grant| grant.record_agreement(samples::by_voice(HEAD), OFFICER, NOW));
        assert_eq!(samples::kinds(&events.unwrap()), ["GateOpened"]);
    }

    #[test]
    fn a_declined_agreement_is_told_and_can_be_posted_anew() {
        let mut grant = posted();
        assert_eq!(answer(&mut grant, 1, AgreementAnswer::Declined), ["GateClosed"]);
        grant.record_agreement(AgreementWay::Message(message(2)), OFFICER, NOW).unwrap();
        assert!(answer(&mut grant, 1, AgreementAnswer::Accepted).is_empty(), "the old one is gone");
        assert_eq!(answer(&mut grant, 2, AgreementAnswer::Accepted), ["GateOpened"]);
    }

    #[test]
    fn a_refused_donor_releases_the_money_and_closes_the_gate() {
        let mut grant = samples::active();
        let AgreementWay::Message(id) = grant.agreement.unwrap().way else {
            panic!("samples agree in the thread")
        };
        let events = samples::step(&mut grant, |grant| {
            grant.answer_agreement(id, AgreementAnswer::DonorRefused);
            Ok(Events::new())
        });
        assert_eq!(samples::kinds(&events.unwrap()), ["GateClosed", "GateClosed"]);
        assert_eq!((grant.stage, grant.reserved().minor()), (Stage::Approved, 0));
    }
}
