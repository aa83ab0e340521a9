//! Begins the next key epoch of a grant's compartment. Content is never refused to its readers because of a stage.

use flare_access::Staff;
use flare_contracts::{
    events::v1::GrantKeyBegun,
    grants::v1::{BeginKeyEpochRequest, BeginKeyEpochResponse},
    input,
};
use flare_store::{Command, Error, Tx, Write, keys::SealedEpoch};

use super::SeenGrant;
use crate::{
    Grants,
    domain::Refused,
    keys::{held_for, sees_payee},
    store,
};

/// Approvers draw no key beyond this one: the rest of them are for those who write the grant, so that no approver can end the
/// writing of it.
const MOST_FOR_VOTES: usize = input::MAX_EPOCHS as usize - 20;

pub(crate) struct BeginKeyEpoch {
    seen: SeenGrant,
    key: SealedEpoch,
    /// Its author writes nothing but the words of a vote.
    for_a_vote: bool,
}

impl Command for BeginKeyEpoch {
    type Service = Grants;
    type By = Staff;
    type Request = BeginKeyEpochRequest;

    fn parse(grants: &Grants, by: &Staff, request: BeginKeyEpochRequest) -> Result<Self, Error> {
        let seen = SeenGrant::at_any_version(grants, by, &request.grant_id)?;
        let held = held_for(by.roles);
        let key = SealedEpoch::seal("key", request.key, seen.grant, held, &grants.service_key)?;
        Ok(Self { seen, key, for_a_vote: !sees_payee(by.roles) })
    }
}

impl Write for BeginKeyEpoch {
    type Output = BeginKeyEpochResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<BeginKeyEpochResponse, Error> {
        let locked = self.seen.lock(tx).await?;
        if self.for_a_vote {
            let voter = store::cases::voter(tx, self.seen.by).await?;
            locked.grant.check_voter(&voter)?;
            if self.key.number() as usize > MOST_FOR_VOTES {
                return Err(Refused::TooMany { what: "keys for votes", most: MOST_FOR_VOTES }.into());
            }
        }
        self.key.begin(tx).await?;
        let begun = GrantKeyBegun {
            case_id: locked.grant.case.to_string(),
            grant_id: locked.grant.id.to_string(),
            compartment: input::compartment_out(self.key.compartment()).into(),
            epoch: self.key.number(),
        };
        let state = locked.save(tx, &self.seen.by.to_string(), vec![begun.into()]).await?;
        Ok(BeginKeyEpochResponse { version: state.version })
    }
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use flare_contracts::{
        common::v1::Compartment,
        grants::v1::{BeginKeyEpochRequest, Decision, ReviseGrantRequest, grants_server::Grants as _},
        input::MAX_EPOCHS,
    };

    use crate::{
        domain::samples::{self, APPROVERS, GRANT, OFFICER, PROPOSER},
        fixtures::{World, by, fields, key, refused},
    };
    on_both_engines!(epochs_follow_each_other_and_old_ones_are_written_under_no_more, crate::SCHEMA);
    async fn epochs_follow_each_other_and_old_ones_are_written_under_no_more(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        world.draft().await.unwrap();
        let begin = |compartment, epoch| {
            let (request_id, grant_id) = (world.request_id(), GRANT.to_string());
            let request = BeginKeyEpochRequest { request_id, grant_id, key: Some(key(compartment, epoch)) };
            world.api.begin_key_epoch(by(OFFICER, request))
        };
        assert_eq!(begin(Compartment::Proposal, 2).await.unwrap().into_inner().version, 2);
        begin(Compartment::Payment, 1).await.unwrap();
        for (compartment, epoch) in
            [(Compartment::Proposal, 2), (Compartment::Proposal, 4), (Compartment::Payment, 3)]
        {
            refused(begin(compartment, epoch).await, "OLD_KEY_EPOCH");
        }
        assert_eq!(fields(&begin(Compartment::Notes, 1).await.unwrap_err()), ["key.compartment"]);
        assert_eq!(world.history().await, ["GrantDrafted", "GrantKeyBegun", "GrantKeyBegun"]);
        let terms = samples::next_terms(&world.grant().await).out();
        assert!(terms.sealed.iter().all(|field| field.epoch == 2));
        let mut old = terms.clone();
        old.sealed[0].epoch = 1;
        let revise = |terms, version| {
            let (request_id, grant_id) = (world.request_id(), GRANT.to_string());
            world.api.revise_grant(by(
                PROPOSER,
                ReviseGrantRequest { request_id, grant_id, version, terms: Some(terms) },
            ))
        };
        let status = refused(revise(old, 3).await, "OLD_KEY_EPOCH");
        assert_eq!(fields(&status), ["terms.sealed[0].epoch"]);
        revise(terms, 3).await.unwrap();
    }

    on_both_engines!(an_approver_begins_a_key_for_the_words_of_their_vote_and_no_other, crate::SCHEMA);
    async fn an_approver_begins_a_key_for_the_words_of_their_vote_and_no_other(sandbox: Sandbox) {
        let world = World::new(sandbox).await;
        world.draft().await.unwrap();
        let begin = |who, compartment, epoch| {
            let (request_id, grant_id) = (world.request_id(), GRANT.to_string());
            let request = BeginKeyEpochRequest { request_id, grant_id, key: Some(key(compartment, epoch)) };
            world.api.begin_key_epoch(by(who, request))
        };
        refused(begin(APPROVERS[0], Compartment::Proposal, 2).await, "WRONG_STAGE");
        world.show("", "phone").await.unwrap();
        world.submit(PROPOSER).await.unwrap();
        let status = begin(APPROVERS[0], Compartment::Payment, 1).await.unwrap_err();
        assert_eq!(fields(&status), ["key.compartment"]);
        begin(APPROVERS[0], Compartment::Proposal, 2).await.unwrap();
        world.vote(APPROVERS[0], Decision::ApproveWithConditions).await.unwrap();
        refused(begin(APPROVERS[0], Compartment::Proposal, 3).await, "ALREADY_VOTED");
        world.conflict(APPROVERS[1], "personal").await.unwrap();
        refused(begin(APPROVERS[1], Compartment::Proposal, 3).await, "CONFLICT_OF_INTEREST");
        let history = world.history().await;
        assert_eq!(history.iter().filter(|kind| *kind == "GrantKeyBegun").count(), 1);
        begin(OFFICER, Compartment::Proposal, 3).await.unwrap();
        // However many they draw, officers can draw another.
        for epoch in 4..=MAX_EPOCHS - 20 {
            begin(OFFICER, Compartment::Proposal, epoch).await.unwrap();
        }
        refused(begin(APPROVERS[2], Compartment::Proposal, MAX_EPOCHS - 19).await, "TOO_MANY");
        begin(OFFICER, Compartment::Proposal, MAX_EPOCHS - 19).await.unwrap();
    }
}
