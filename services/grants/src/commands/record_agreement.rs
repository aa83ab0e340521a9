//! Notes that the agreement was posted to the thread, or given by voice.

use flare_access::Staff;
use flare_contracts::{
    Refusal, codes,
    grants::v1::{GrantState, RecordAgreementRequest},
    input,
};
use flare_store::{Command, Error, Tx, Write};

use super::SeenGrant;
use crate::{Grants, domain::AgreementWay, refusals::GrantsRule, store};

pub(crate) struct RecordAgreement {
    seen: SeenGrant,
    way: AgreementWay,
}

impl Command for RecordAgreement {
    type Service = Grants;
    type By = Staff;
    type Request = RecordAgreementRequest;

    fn parse(grants: &Grants, by: &Staff, request: RecordAgreementRequest) -> Result<Self, Error> {
        let seen = SeenGrant::parse(grants, by, &request.grant_id, request.version)?;
        let way = match (request.message_id.as_str(), request.agreed_by.as_str()) {
            ("", "") => {
                return Err(Refusal::invalid("message_id", GrantsRule::NeitherMessageNorVoice).into());
            }
            (message, "") => AgreementWay::Message(input::id("message_id", message)?),
            ("", voice) => AgreementWay::Voice {
                how: input::code("agreed_by", voice, codes::AGREED_BY)?,
                witness: input::id("witness", &request.witness)?,
            },
            _ => return Err(Refusal::invalid("agreed_by", GrantsRule::BesideMessage).into()),
        };
        if !request.message_id.is_empty() && !request.witness.is_empty() {
            return Err(Refusal::invalid("witness", GrantsRule::BesideMessage).into());
        }
        if !request.donor_origin_told {
            return Err(Refusal::invalid("donor_origin_told", GrantsRule::OriginNotTold).into());
        }
        Ok(Self { seen, way })
    }
}

impl Write for RecordAgreement {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let by = self.seen.by;
        if let AgreementWay::Voice { witness, .. } = self.way {
            let witness = store::cases::voter(tx, witness).await?;
            if !witness.active || witness.signing_key.is_none() {
                return Err(Refusal::invalid("witness", GrantsRule::NotOnStaff).into());
            }
        }
        self.seen.change(tx, |locked, now| locked.grant.record_agreement(self.way, by, now)).await
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::grants::v1::Gate;
    use flare_kernel::StaffId;

    use crate::{
        domain::{
            AgreementWay,
            samples::{HEAD, OFFICER, PROPOSER, eur, message},
        },
        fixtures::{World, fields, refused},
    };
    on_both_engines!(the_answer_in_the_thread_opens_the_gate, crate::SCHEMA);
    async fn the_answer_in_the_thread_opens_the_gate(sandbox: Sandbox) {
        let world = World::approved(sandbox).await;
        world.agreement(&message(1).to_string(), "", true).await.unwrap();
        world.agreement_answered(2, true, false).await;
        assert!(world.grant().await.agreement.unwrap().answer.is_none(), "of another message");
        world.agreement_answered(1, true, false).await;
        world.agreement_answered(1, true, false).await;
        assert_eq!(world.history().await.last().unwrap(), "GateOpened");
        refused(world.agreement("", "phone", true).await, "ALREADY_AGREED");
    }

    on_both_engines!(a_refused_donor_gives_the_money_back, crate::SCHEMA);
    async fn a_refused_donor_gives_the_money_back(sandbox: Sandbox) {
        let world = World::approved(sandbox).await;
        world.reserve(eur(940_000)).await.unwrap();
        world.agreement(&message(1).to_string(), "", true).await.unwrap();
        world.agreement_answered(1, true, true).await;
        assert_eq!(world.history().await[9..], ["AgreementPosted", "GateClosed", "GateClosed"]);
        assert_eq!(world.grant().await.reserved().minor(), 0);
        world.reserve(eur(940_000)).await.unwrap();
        let state = world.agreement("", "visit", true).await.unwrap();
        assert!(
            state.open_gates.contains(&Gate::Agreed.into())
                && state.open_gates.contains(&Gate::Funded.into())
        );
    }

    on_both_engines!(an_agreement_by_voice_was_heard_by_another_member_of_staff, crate::SCHEMA);
    async fn an_agreement_by_voice_was_heard_by_another_member_of_staff(sandbox: Sandbox) {
        let world = World::approved(sandbox).await;
        let nobody = StaffId::from_bytes([99; 16]).to_string();
        let (recorder, proposer) = (OFFICER.to_string(), PROPOSER.to_string());
        for witness in ["", "sami", &nobody, &recorder, &proposer] {
            let status = world.agreement_heard_by(witness).await.unwrap_err();
            assert_eq!(fields(&status), ["witness"], "{witness}");
        }
        world.agreement_heard_by(&HEAD.to_string()).await.unwrap();
        let AgreementWay::Voice { witness, .. } = world.grant().await.agreement.unwrap().way else {
            panic!("it was given by voice")
        };
        assert_eq!(witness, HEAD);
    }

    on_both_engines!(the_origin_of_the_money_is_told_first, crate::SCHEMA);
    async fn the_origin_of_the_money_is_told_first(sandbox: Sandbox) {
        let world = World::approved(sandbox).await;
        assert_eq!(fields(&world.agreement("", "phone", false).await.unwrap_err()), ["donor_origin_told"]);
        assert_eq!(fields(&world.agreement("", "", true).await.unwrap_err()), ["message_id"]);
        assert_eq!(fields(&world.agreement("", "signal", true).await.unwrap_err()), ["agreed_by"]);
        let both = world.agreement(&message(1).to_string(), "phone", true).await;
        assert_eq!(fields(&both.unwrap_err()), ["agreed_by"]);
    }
}
