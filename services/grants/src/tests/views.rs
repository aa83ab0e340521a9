//! What people look at.

use flare_contracts::{
    common::v1::{Compartment, KeyEpoch},
    grants::v1::{
        Decision, GetGrantRequest, Grant, GrantSummary, ListCaseGrantsRequest, ListForFinanceRequest,
        ListMyVotesRequest, grants_server::Grants as _,
    },
    vote::{self, Ballot},
};
use flare_kernel::{GrantId, StaffId};
use flare_testkit::{Sandbox, on_both_engines};

use crate::{
    domain::samples::{self, APPROVERS, CASE, CODENAME, FINANCE, GRANT, HEAD, OFFICER, PROPOSER, eur},
    fixtures::{World, by, fields},
    store,
};

async fn get(world: &World, who: StaffId) -> Grant {
    let request = GetGrantRequest { grant_id: GRANT.to_string() };
    world.api.get_grant(by(who, request)).await.unwrap().into_inner().grant.unwrap()
}

on_both_engines!(a_grant_shows_everything_and_the_payee_to_those_who_need_it, crate::SCHEMA);
async fn a_grant_shows_everything_and_the_payee_to_those_who_need_it(sandbox: Sandbox) {
    let world = World::sent(sandbox).await;
    let grant = get(&world, FINANCE[0]).await;
    assert_eq!((grant.version, grant.codename.clone()), (world.version().await, CODENAME.to_owned()));
    assert_eq!(grant.terms.clone().unwrap(), samples::terms());
    assert_eq!((grant.votes.len(), grant.tranches.len(), grant.reservations.len()), (2, 1, 1));
    assert!(grant.gates.iter().all(|gate| gate.open) && grant.gates.len() == 5);
    assert!(grant.requester_saw_proposal && !grant.money_held);
    let compartments = |grant: &Grant| grant.keys.iter().map(KeyEpoch::compartment).collect::<Vec<_>>();
    for who in [OFFICER, HEAD, FINANCE[0]] {
        let grant = get(&world, who).await;
        assert_eq!(compartments(&grant), [Compartment::Proposal, Compartment::Payment]);
        assert_eq!(grant.payee.as_ref().unwrap().name, "payment.payee");
        assert_eq!(
            grant.keys[0].wraps[0].wrapped,
            vec![8; flare_seal::WRAPPED_LEN],
            "out of the service key's wrapping"
        );
    }
    let approver = get(&world, APPROVERS[0]).await;
    assert_eq!((compartments(&approver), approver.payee), (vec![Compartment::Proposal], None));
}

on_both_engines!(an_approver_computes_what_they_sign_from_what_they_are_shown, crate::SCHEMA);
async fn an_approver_computes_what_they_sign_from_what_they_are_shown(sandbox: Sandbox) {
    let world = World::in_approval(sandbox).await;
    let shown = get(&world, APPROVERS[0]).await;
    let ballot = Ballot { round: shown.round, votes_required: shown.votes_required };
    let digest = vote::shown_digest(&shown.grant_id, &shown.case_id, ballot, &shown.terms.unwrap());
    assert_eq!(digest.as_slice(), world.vote_request(APPROVERS[0], Decision::Approve).await.shown_digest);
}

on_both_engines!(a_vote_between_two_looks_at_a_grant_is_not_seen_in_part, crate::SCHEMA);
async fn a_vote_between_two_looks_at_a_grant_is_not_seen_in_part(sandbox: Sandbox) {
    let world = World::in_approval(sandbox).await;
    let before = (world.version().await, Some(world.grant().await));
    let seen = world.sandbox.database.read(async |reads| {
        let version = store::grants::version(reads, GRANT).await?;
        world.vote(APPROVERS[0], Decision::Approve).await.unwrap();
        Ok((version, store::grants::find(reads, GRANT).await?))
    });
    assert_eq!(seen.await.unwrap(), before);
    assert_ne!((world.version().await, Some(world.grant().await)), before);
}

async fn my_votes(world: &World, who: StaffId) -> Vec<String> {
    let answer = world.api.list_my_votes(by(who, ListMyVotesRequest::default())).await.unwrap();
    answer.into_inner().grants.into_iter().map(|grant| grant.grant_id).collect()
}

on_both_engines!(an_approver_sees_what_waits_for_them_only, crate::SCHEMA);
async fn an_approver_sees_what_waits_for_them_only(sandbox: Sandbox) {
    let world = World::in_approval(sandbox).await;
    for who in APPROVERS {
        assert_eq!(my_votes(&world, who).await, [GRANT.to_string()]);
    }
    assert!(my_votes(&world, PROPOSER).await.is_empty());
    world.vote(APPROVERS[0], Decision::Approve).await.unwrap();
    world.conflict(APPROVERS[1], "personal").await.unwrap();
    assert!(
        my_votes(&world, APPROVERS[0]).await.is_empty() && my_votes(&world, APPROVERS[1]).await.is_empty()
    );
    assert_eq!(my_votes(&world, APPROVERS[2]).await, [GRANT.to_string()]);
    world.revise(PROPOSER).await.unwrap();
    assert!(my_votes(&world, APPROVERS[2]).await.is_empty());
    world.show("", "phone").await.unwrap();
    world.submit(PROPOSER).await.unwrap();
    assert_eq!(my_votes(&world, APPROVERS[0]).await, [GRANT.to_string()], "another round");
}

on_both_engines!(finance_sees_what_waits_for_them, crate::SCHEMA);
async fn finance_sees_what_waits_for_them(sandbox: Sandbox) {
    let world = World::sent(sandbox).await;
    let list = || async {
        let answer =
            world.api.list_for_finance(by(FINANCE[0], ListForFinanceRequest::default())).await.unwrap();
        answer.into_inner().grants.len()
    };
    assert_eq!(list().await, 1, "a payment is under way");
    world.arrival_reported(1, eur(500_000)).await;
    assert_eq!(list().await, 0);
    world.schedule(2, eur(100), false).await.unwrap();
    assert_eq!(list().await, 1, "a payment may be released");
}

on_both_engines!(lists_come_page_by_page, crate::SCHEMA);
async fn lists_come_page_by_page(sandbox: Sandbox) {
    let world = World::new(sandbox).await;
    let mut drafted = Vec::new();
    for number in 1..=5 {
        let id = GrantId::from_bytes([number; 16]);
        world.api.draft_grant(by(PROPOSER, world.draft_request(id))).await.unwrap();
        drafted.push(id.to_string());
    }
    let mut seen: Vec<GrantSummary> = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListCaseGrantsRequest { case_id: CASE.to_string(), page_size: 2, page_token };
        let page = world.api.list_case_grants(by(OFFICER, request)).await.unwrap().into_inner();
        assert!(page.grants.len() <= 2);
        seen.extend(page.grants);
        if page.next_page_token.is_empty() {
            break;
        }
        page_token = page.next_page_token;
    }
    assert_eq!(seen.iter().map(|grant| grant.grant_id.clone()).collect::<Vec<_>>(), drafted);
    assert_eq!((seen[0].end.as_str(), seen[0].codename.clone()), ("2027-02-28", CODENAME.to_owned()));
    for (page_size, page_token, field) in
        [(-1, "", "page_size"), (201, "", "page_size"), (0, "x", "page_token"), (0, "YR8fYg", "page_token")]
    {
        let request = ListMyVotesRequest { page_size, page_token: page_token.into() };
        let status = world.api.list_my_votes(by(APPROVERS[0], request)).await.unwrap_err();
        assert_eq!(fields(&status), [field], "{page_size} {page_token}");
    }
}
