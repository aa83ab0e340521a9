//! Nobody decides alone, and a vote covers exactly what was shown.

use flare_contracts::grants::v1::{CastVoteRequest, Decision, GetGrantRequest};
use flare_edge::{Lines, SavedSession, Session, VerifiedProposal};
use flare_kernel::CaseId;
use flare_seal::Compartment;
use serde_json::json;
use tonic::{Status, transport::Endpoint};
use tonic_types::StatusExt as _;

use crate::{
    acts::{Case, Draft, Grant, asked_of, is_asked, list},
    harness::{Installation, Person, answer::exit, block_on, samples, until},
};

#[test]
fn embedded() {
    let installation = Installation::embedded();
    let case = Case::submit(&installation, &samples::sample("raid-en"));
    case.take();
    let need = case.need("equipment");
    case.recommend(&[&need], "9400.00", "EUR");
    let grant = Grant::draft(&case, &[&need], &Draft::default());
    nothing_is_submitted_that_the_requester_has_not_seen(&grant);
    grant.submit();
    the_proposer_has_no_vote(&grant);
    nobody_signs_unseen(&grant);
    nobody_votes_twice(&grant);
    whoever_has_a_conflict_has_no_vote(&grant);
    a_changed_proposal_has_no_votes(&grant, &need);
    a_vote_on_what_was_shown_before_does_not_count(&grant);
    sent_back_and_rejected(&grant);
}

fn nothing_is_submitted_that_the_requester_has_not_seen(grant: &Grant<'_, '_>) {
    let team = &grant.case.installation.team;
    grant.try_as(&team.officer, &["submit"], &[]).refused_because(exit::STATE, "PROPOSAL_NOT_SEEN");
    let refused = grant.try_vote(&team.approvers[0], "approve", &[]);
    refused.refused_because(exit::STATE, "WRONG_STAGE");
}

fn the_proposer_has_no_vote(grant: &Grant<'_, '_>) {
    let team = &grant.case.installation.team;
    let votes = |roles: &str| team.admin.flare(&["staff", "roles", "mara", "--roles", roles]);
    votes("officer,approver");
    until("the proposer is refused, although an approver now", || {
        let tried = grant.try_vote(&team.officer, "approve", &[]);
        assert_ne!(tried.code, 0, "the proposer voted: {tried}");
        tried.err.contains("BY_PROPOSER").then_some(())
    });
    votes("officer");
    assert_eq!(grant.show()["votes"], json!([]));
}

fn nobody_signs_unseen(grant: &Grant<'_, '_>) {
    let refused = grant.try_as(&grant.case.installation.team.approvers[0], &["vote", "approve"], &["--yes"]);
    assert_eq!(refused.code, exit::USAGE, "{refused}");
    assert_eq!(grant.show()["votes"], json!([]));
}

fn nobody_votes_twice(grant: &Grant<'_, '_>) {
    let team = &grant.case.installation.team;
    is_asked(&team.approvers[0], &grant.id, "vote");
    grant.vote(0, "approve", "");
    let refused = grant.try_vote(&team.approvers[0], "approve", &[]);
    refused.refused_because(exit::STATE, "ALREADY_VOTED");
    let words = team.approvers[0].words("I changed my mind.");
    let refused = grant.try_vote(&team.approvers[0], "reject", &["--text-file", &words]);
    refused.refused_because(exit::STATE, "ALREADY_VOTED");
    assert_eq!((grant.stage().as_str(), list(&grant.show()["votes"]).len()), ("in-approval", 1));
}

fn whoever_has_a_conflict_has_no_vote(grant: &Grant<'_, '_>) {
    let lola = &grant.case.installation.team.approvers[2];
    is_asked(lola, &grant.id, "vote");
    let declared = || list(&grant.show()["conflicted"]).iter().any(|id| id == lola.id.as_str());
    grant.act_as(lola, &["conflict"], &["--reason", "personal"], declared);
    let refused = grant.try_vote(lola, "approve", &[]);
    refused.refused_because(exit::STATE, "CONFLICT_OF_INTEREST");
    until("the notice is gone", || (!asked_of(lola, &grant.id).contains(&"vote".to_owned())).then_some(()));
    assert_eq!(lola.flare(&["grant", "votes"])["grants"], json!([]));
}

fn a_changed_proposal_has_no_votes(grant: &Grant<'_, '_>, need: &str) {
    let team = &grant.case.installation.team;
    let shown = grant.show()["shown_digest"].as_str().unwrap().to_owned();
    let options = Draft { ceiling: "9000.00".to_owned(), ..Draft::default() }.options(&team.officer, &[need]);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    grant.officer_act(&["revise"], &options, || grant.stage() == "draft");
    assert_eq!(grant.show()["requester_saw_proposal"], false, "they saw another proposal");
    grant.submit();
    assert_eq!(grant.show()["round"], 2);
    let refused = grant.try_as(&team.approvers[1], &["vote", "approve"], &["--yes", "--shown", &shown]);
    assert_ne!(refused.code, 0, "what is signed is what was shown: {refused}");
    // The vote of the first round stays in the record and counts no more: two others are needed.
    grant.vote(1, "approve", "");
    assert_eq!(grant.stage(), "in-approval");
}

/// Signs what was shown in the first round and sends it as if nothing had changed, past the command line's own checks.
fn a_vote_on_what_was_shown_before_does_not_count(grant: &Grant<'_, '_>) {
    let ines = &grant.case.installation.team.approvers[0];
    let status = block_on(vote_on_round_one(grant, ines)).unwrap_err();
    assert_eq!(status.get_details_error_info().unwrap().reason, "VOTE_ON_CHANGED_CONTENT");
    assert_eq!(grant.stage(), "in-approval");
}

async fn vote_on_round_one(grant: &Grant<'_, '_>, voter: &Person) -> Result<(), Status> {
    let address = format!("http://{}", grant.case.installation.address("grants"));
    let lines = Lines::all(&Endpoint::from_shared(address).unwrap().connect_lazy());
    let saved = std::fs::read(voter.folder.join("profile/session.json")).unwrap();
    let saved: SavedSession = serde_json::from_slice(&saved).unwrap();
    let session = Session::resume(&lines, &saved).await.unwrap();
    let mut grants = lines.grants(&session.credential().await.unwrap());
    let answer = grants.get_grant(GetGrantRequest { grant_id: grant.id.clone() }).await?.into_inner();
    let mut shown = answer.grant.unwrap();
    let case: CaseId = shown.case_id.parse().unwrap();
    let keys = session.case_keys(case, &Compartment::ALL, &shown.keys);
    shown.round = 1;
    let digest = *VerifiedProposal::open(&keys, &shown).unwrap().digest();
    let request = CastVoteRequest {
        request_id: "late-vote".to_owned(),
        grant_id: grant.id.clone(),
        decision: Decision::Approve.into(),
        shown_digest: digest.to_vec(),
        signature: session.sign_vote(&digest, Decision::Approve, None),
        words: None,
    };
    grants.cast_vote(request).await.map(drop)
}

fn sent_back_and_rejected(grant: &Grant<'_, '_>) {
    let team = &grant.case.installation.team;
    let refused = grant.try_vote(&team.approvers[0], "return", &[]);
    assert_ne!(refused.code, 0, "whoever sends it back says why: {refused}");
    grant.vote(0, "return", "The budget has no line for the children.");
    grant.is("returned");
    is_asked(&team.officer, &grant.id, "revise_grant");
    let need = grant.show()["terms"]["need_ids"][0].as_str().unwrap().to_owned();
    let options = Draft::default().options(&team.officer, &[&need]);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    grant.officer_act(&["revise"], &options, || grant.stage() == "draft");
    grant.submit();
    grant.vote(0, "reject", "They have left the country already.");
    grant.is("rejected");
    grant.case.need_is(&need, "open", "open");
}
