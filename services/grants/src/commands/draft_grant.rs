//! Drafts a grant.

use flare_access::Staff;
use flare_contracts::{
    InputRule, Refusal,
    grants::v1::{DraftGrantRequest, GrantState},
    input,
    limits::MOST_VOTES,
};
use flare_seal::Compartment;
use flare_store::{Command, Error, Tx, Write, keys::SealedEpoch};

use super::LockedGrant;
use crate::{
    Grants, GrantsPolicy,
    domain::{Draft, Grant, Terms},
    refusals::{GrantsRefusal, GrantsRule},
    store,
};

pub(crate) struct DraftGrant {
    draft: Draft,
    key: SealedEpoch,
    policy: GrantsPolicy,
}

impl Command for DraftGrant {
    type Service = Grants;
    type By = Staff;
    type Request = DraftGrantRequest;

    fn parse(grants: &Grants, by: &Staff, request: DraftGrantRequest) -> Result<Self, Error> {
        let id = input::id("grant_id", &request.grant_id)?;
        let case = input::id("case_id", &request.case_id)?;
        let terms = Terms::parse(request.terms, &grants.policy)?;
        let held = &[Compartment::Proposal];
        let key = SealedEpoch::seal("key", request.key, id, held, &grants.service_key)?;
        let least = grants.policy.votes_required;
        let votes_required = match request.votes_required {
            0 => least,
            votes if (least..=MOST_VOTES).contains(&votes) => votes,
            _ => {
                let rule = GrantsRule::VotesOutOfRange { least, most: MOST_VOTES };
                return Err(Refusal::invalid("votes_required", rule).into());
            }
        };
        Ok(Self {
            draft: Draft { id, case, proposer: by.id, terms, votes_required },
            key,
            policy: grants.policy,
        })
    }
}

impl Write for DraftGrant {
    type Output = GrantState;

    async fn apply(&self, tx: &mut Tx) -> Result<GrantState, Error> {
        let draft = &self.draft;
        tx.lock(&[&draft.case, &draft.id]).await?;
        let case = store::cases::find(tx, draft.case).await?.ok_or_else(|| Refusal::not_found("case"))?;
        if store::grants::case_of(tx, draft.id).await?.is_some() {
            let refusal = Refusal::from(GrantsRefusal::GrantIdReused);
            return Err(refusal.field("grant_id", InputRule::NotNew).into());
        }
        let (grant, events) = Grant::draft(draft.clone(), &case, tx.now())?;
        let drafted = LockedGrant::new(grant, case, &self.policy);
        let state = drafted.save(tx, &draft.proposer.to_string(), events).await?;
        self.key.begin(tx).await?;
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::{
        common::v1::Compartment,
        grants::v1::{DraftGrantRequest, GrantStage, grants_server::Grants as _},
        triage::v1::Outcome,
    };
    use flare_kernel::{CaseId, GrantId};

    use crate::{
        domain::{
            MoneyAsk, Stage,
            samples::{self, CASE, GRANT, PROPOSER},
        },
        fixtures::{World, by, fields, key, refused},
    };
    on_both_engines!(a_draft_is_stored_and_told, crate::SCHEMA);
    async fn a_draft_is_stored_and_told(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        let state = world.draft().await.unwrap();
        assert_eq!((state.stage(), state.version, state.grant_id), (GrantStage::Draft, 1, GRANT.to_string()));
        let grant = world.grant().await;
        assert_eq!(grant, samples::draft(), "what was stored reads back as it was");
        assert_eq!(world.history().await, ["GrantDrafted"]);
        let event = world.last_event().await;
        assert_eq!(event.actor, Some(PROPOSER.to_string()));
    }

    on_both_engines!(a_draft_needs_a_known_case_a_new_id_and_a_first_key, crate::SCHEMA);
    async fn a_draft_needs_a_known_case_a_new_id_and_a_first_key(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        let draft = |request| world.api.draft_grant(by(PROPOSER, request));
        let unknown = DraftGrantRequest {
            case_id: CaseId::from_bytes([1; 16]).to_string(),
            ..world.draft_request(GRANT)
        };
        refused(draft(unknown).await, "NOT_FOUND");
        let second_key =
            DraftGrantRequest { key: Some(key(Compartment::Proposal, 2)), ..world.draft_request(GRANT) };
        refused(draft(second_key).await, "OLD_KEY_EPOCH");
        let other_key =
            DraftGrantRequest { key: Some(key(Compartment::Payment, 1)), ..world.draft_request(GRANT) };
        assert_eq!(fields(&draft(other_key).await.unwrap_err()), ["key.compartment"]);
        for votes_required in [1, 10] {
            let votes = DraftGrantRequest { votes_required, ..world.draft_request(GRANT) };
            assert_eq!(fields(&draft(votes).await.unwrap_err()), ["votes_required"]);
        }
        assert_eq!(world.version().await, 0, "nothing has changed");
        world.draft().await.unwrap();
        refused(world.draft().await, "GRANT_ID_REUSED");
    }

    on_both_engines!(a_draft_is_for_needs_that_are_recommended_in_an_open_case, crate::SCHEMA);
    async fn a_draft_is_for_needs_that_are_recommended_in_an_open_case(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        let draft = |number| {
            let request = world.draft_request(GrantId::from_bytes([number; 16]));
            world.api.draft_grant(by(PROPOSER, request))
        };
        world.closed().await;
        refused(draft(1).await, "CASE_NOT_OPEN");
        world.reopened().await;
        draft(1).await.unwrap();
        draft(2).await.unwrap();
        world.abandon_other(GrantId::from_bytes([1; 16])).await.unwrap();
        draft(3).await.unwrap();
        world.abandon_other(GrantId::from_bytes([2; 16])).await.unwrap();
        world.abandon_other(GrantId::from_bytes([3; 16])).await.unwrap();
        let status = refused(draft(4).await, "NEED_NOT_RECOMMENDED");
        assert_eq!(fields(&status), ["terms.need_ids[0]"], "the last grant for it came to nothing");
        world.recommended(CASE, &[1, 2]).await;
        draft(4).await.unwrap();
    }

    on_both_engines!(nothing_is_drafted_for_a_need_whose_recommendation_was_taken_back, crate::SCHEMA);
    async fn nothing_is_drafted_for_a_need_whose_recommendation_was_taken_back(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        world.need_ended(CaseId::from_bytes([9; 16]), 2, Outcome::Open).await;
        world.need_ended(CASE, 2, Outcome::Given).await;
        world.draft().await.unwrap();
        world.show("", "phone").await.unwrap();
        world.need_ended(CASE, 2, Outcome::Open).await;
        let another = |number| world.draft_request(GrantId::from_bytes([number; 16]));
        let status = refused(world.api.draft_grant(by(PROPOSER, another(2))).await, "NEED_NOT_RECOMMENDED");
        assert_eq!(fields(&status), ["terms.need_ids[1]"], "the other need stays recommended");
        refused(world.submit(PROPOSER).await, "NEED_NOT_RECOMMENDED");
        world.recommended(CASE, &[2]).await;
        world.submit(PROPOSER).await.unwrap();
        world.api.draft_grant(by(PROPOSER, another(3))).await.unwrap();
    }

    on_both_engines!(a_draft_in_a_held_case_starts_held_and_none_starts_in_a_withdrawn_one, crate::SCHEMA);
    async fn a_draft_in_a_held_case_starts_held_and_none_starts_in_a_withdrawn_one(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        world.hold(MoneyAsk::Hold).await;
        world.draft().await.unwrap();
        assert_eq!(world.history().await, ["GrantDrafted", "MoneyHeld"]);
        world.stopped("withdrawn").await;
        assert_eq!(world.grant().await.stage, Stage::Withdrawn);
        let another = world.draft_request(GrantId::from_bytes([2; 16]));
        refused(world.api.draft_grant(by(PROPOSER, another)).await, "CASE_WITHDRAWN");
        world.reopened().await;
        world.recommended(CASE, &[1, 2]).await;
        let another = world.draft_request(GrantId::from_bytes([2; 16]));
        world.api.draft_grant(by(PROPOSER, another)).await.unwrap();
    }
}
