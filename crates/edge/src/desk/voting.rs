//! Votes: signed on this device over exactly what was shown, and checked on this device before money moves on them.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use flare_contracts::{
    Refusal, fields,
    grants::v1::{CastVoteRequest, Decision, DeclareConflictRequest, Grant, Vote},
    limits::FEWEST_VOTES,
    vote::{SIGNATURE_DOMAIN, vote_message},
};
use flare_kernel::GrantId;
use flare_seal::{Compartment, verify};
use flare_typed::text::clean_value;
use serde::Serialize;

use super::{Desk, GrantRecord, GrantStanding, People, refusals::DeskRefusal};
use crate::{EdgeError, VerifiedProposal, call::call};

/// What is known about a vote's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Signed over what is shown.
    OnThis,
    /// Signed over something that was shown before.
    OnEarlier,
    /// The signature is not the voter's.
    Wrong,
    /// The organisation does not vouch for the voter's key.
    Unvouched,
}

impl Proof {
    /// What people are told.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OnThis => "signed over what is shown",
            Self::OnEarlier => "signed over an earlier version",
            Self::Wrong => "THE SIGNATURE IS NOT THEIRS",
            Self::Unvouched => "NOBODY VOUCHES FOR THEIR KEY",
        }
    }
}

impl Desk {
    /// Signs a decision over a proposal that was shown, with the approver's conditions or reasons, and sends it.
    pub async fn vote(
        &self,
        record: &mut GrantRecord,
        proposal: &VerifiedProposal,
        decision: Decision,
        words: Option<&str>,
    ) -> Result<GrantStanding, EdgeError> {
        // What is signed is what stands in the record that it is sent for.
        if record.proposal()?.digest() != proposal.digest() {
            return Err(EdgeError::Refused(DeskRefusal::ProposalChanged.into()));
        }
        let words = match words {
            Some(text) => {
                let me = self.session.staff_id();
                let version = record.next_words_of(&me.to_string());
                record.make_writable(self, Compartment::Proposal).await?;
                Some(record.keys.seal_committed(&fields::vote(me), version, text)?)
            }
            None => None,
        };
        let request = CastVoteRequest {
            request_id: self.key.use_it(),
            grant_id: record.id.to_string(),
            decision: decision.into(),
            shown_digest: proposal.digest().to_vec(),
            signature: self.session.sign_vote(proposal.digest(), decision, words.as_ref()),
            words,
        };
        let answer = call!(self, grants.cast_vote(request));
        self.grant_changed(record.id, answer).await
    }

    /// Takes this person out of the grant's decisions.
    pub async fn declare_conflict(&self, grant: GrantId, reason: &str) -> Result<GrantStanding, EdgeError> {
        let request = DeclareConflictRequest {
            request_id: self.key.use_it(),
            grant_id: grant.to_string(),
            reason: reason.to_owned(),
        };
        let answer = call!(self, grants.declare_conflict(request));
        self.grant_changed(grant, answer).await
    }
}

impl GrantRecord {
    /// The version of the next words with a vote of this person.
    fn next_words_of(&self, voter: &str) -> u32 {
        let theirs = self.grant.votes.iter().filter(|vote| vote.voter == voter);
        theirs.filter_map(|vote| vote.words.as_ref()).map(|words| words.version).max().unwrap_or_default() + 1
    }
}

/// A digest as people compare it.
pub fn digest_text(digest: &[u8; 32]) -> String {
    HEXLOWER.encode(digest)
}

/// Whether a text is this digest, however it was typed or pasted.
pub(super) fn is_digest(text: &str, digest: &[u8; 32]) -> bool {
    clean_value(text).eq_ignore_ascii_case(&digest_text(digest))
}

/// Refuses to sign what is not what somebody looked at before: `expected` is the digest that they were told then.
pub fn check_shown(expected: &str, digest: &[u8; 32]) -> Result<(), EdgeError> {
    if is_digest(expected, digest) {
        return Ok(());
    }
    Err(EdgeError::Refused(DeskRefusal::ProposalChanged.into()))
}

/// What this device knows about a vote's signature; `digest` is of what is shown.
pub(super) fn proof_of(vote: &Vote, people: &People, digest: &[u8; 32]) -> Proof {
    people.signing_key(&vote.voter).map_or(Proof::Unvouched, |public| proof(vote, public, digest))
}

fn proof(vote: &Vote, public: &[u8; 32], shown: &[u8; 32]) -> Proof {
    let Ok(digest) = <[u8; 32]>::try_from(vote.shown_digest.as_slice()) else { return Proof::Wrong };
    let message = vote_message(&digest, &vote.voter, vote.decision(), vote.words.as_ref());
    let is_decided = vote.decision() != Decision::Unspecified;
    if !is_decided || verify(SIGNATURE_DOMAIN, public, &message, &vote.signature).is_err() {
        return Proof::Wrong;
    }
    if digest == *shown { Proof::OnThis } else { Proof::OnEarlier }
}

/// Refuses unless as many approvals as the grant needs are signed over what is shown, by different people whose keys the
/// organisation vouches for. Money does not move on a server's word that it was voted.
pub(super) fn check_votes(grant: &Grant, people: &People, digest: &[u8; 32]) -> Result<(), Refusal> {
    let counts = |vote: &&Vote| {
        let approves = match vote.decision() {
            Decision::Approve | Decision::ApproveWithConditions => true,
            Decision::Unspecified | Decision::Return | Decision::Reject => false,
        };
        let is_free = vote.voter != grant.proposer && !grant.conflicted.contains(&vote.voter);
        approves && is_free && proof_of(vote, people, digest) == Proof::OnThis
    };
    let voters: BTreeSet<_> = grant.votes.iter().filter(counts).map(|vote| vote.voter.as_str()).collect();
    let approvals = voters.len();
    let needed = usize::try_from(grant.votes_required.max(FEWEST_VOTES)).unwrap_or(usize::MAX);
    if approvals >= needed { Ok(()) } else { Err(DeskRefusal::VotesDoNotVerify { approvals, needed }.into()) }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{common::v1::SealedField, identity::v1::Staff};
    use flare_kernel::{CaseId, StaffId};
    use flare_seal::{OrganisationSeed, PersonKeys, SigningKey, certify, sign};

    use super::*;
    use crate::{
        CaseKeys,
        bundle::tests::{bundle, seed, triage},
    };

    const SHOWN: [u8; 32] = [1; 32];
    const EARLIER: [u8; 32] = [2; 32];

    fn key(number: u8) -> SigningKey {
        SigningKey::from_bytes([number; 32])
    }

    fn id(number: u8) -> StaffId {
        StaffId::from_bytes([number; 16])
    }

    /// Somebody for whose keys the holder of this seed vouches.
    fn person(number: u8, organisation: &OrganisationSeed) -> Staff {
        let encryption = triage().public().unwrap();
        let keys = PersonKeys::new(id(number), &encryption, key(number).public());
        Staff {
            staff_id: id(number).to_string(),
            encryption_key: encryption.to_bytes(),
            signing_key: keys.signing.to_vec(),
            certificate: certify(organisation, &keys).to_vec(),
            ..Staff::default()
        }
    }

    /// A vote of one person, signed with the key of another or their own.
    fn signed(voter: u8, signer: u8, decision: Decision, digest: [u8; 32]) -> Vote {
        let voter = id(voter).to_string();
        let message = vote_message(&digest, &voter, decision, None);
        Vote {
            decision: decision.into(),
            shown_digest: digest.to_vec(),
            signature: sign(SIGNATURE_DOMAIN, &key(signer), &message).to_vec(),
            voter,
            ..Vote::default()
        }
    }

    fn approves(voter: u8) -> Vote {
        signed(voter, voter, Decision::Approve, SHOWN)
    }

    #[test]
    fn a_signature_is_checked_against_the_voter_and_what_is_shown() {
        let own = key(1).public();
        let conditions = SealedField { commitment: vec![5; 32], ..SealedField::default() };
        for (what, vote, found) in [
            ("what is shown", approves(1), Proof::OnThis),
            ("what was shown before", signed(1, 1, Decision::Approve, EARLIER), Proof::OnEarlier),
            ("another's signature", signed(1, 2, Decision::Approve, SHOWN), Proof::Wrong),
            ("no decision", signed(1, 1, Decision::Unspecified, SHOWN), Proof::Wrong),
            ("words put in their mouth", Vote { words: Some(conditions), ..approves(1) }, Proof::Wrong),
            ("put under another's name", Vote { voter: id(2).to_string(), ..approves(1) }, Proof::Wrong),
            ("turned round", Vote { decision: Decision::Reject.into(), ..approves(1) }, Proof::Wrong),
            ("no digest", Vote { shown_digest: Vec::new(), ..approves(1) }, Proof::Wrong),
        ] {
            assert_eq!(proof(&vote, &own, &SHOWN), found, "{what}");
        }
    }

    #[test]
    fn money_moves_on_votes_that_verify_and_on_no_others() {
        use Decision::{Approve, ApproveWithConditions, Reject, Return};
        const PROPOSER: u8 = 7;
        const CONFLICTED: u8 = 8;
        const UNVOUCHED: u8 = 9;
        let mut staff: Vec<_> = [1, 2, PROPOSER, CONFLICTED].map(|number| person(number, &seed())).into();
        staff.push(person(UNVOUCHED, &OrganisationSeed::from_bytes([3; 32])));
        let people = People::new(staff, &bundle());
        let conditioned = signed(2, 2, ApproveWithConditions, SHOWN);
        for (what, votes_required, votes, told) in [
            ("enough", 2, vec![approves(1), approves(2)], None),
            ("approved with conditions", 2, vec![approves(1), conditioned], None),
            ("one too few", 2, vec![approves(1)], Some("1 of 2")),
            ("wrong signature", 2, vec![approves(1), signed(2, 1, Approve, SHOWN)], Some("1 of 2")),
            ("another digest", 2, vec![approves(1), signed(2, 2, Approve, EARLIER)], Some("1 of 2")),
            ("unvouched voter", 2, vec![approves(1), approves(UNVOUCHED)], Some("1 of 2")),
            ("nobody of the staff", 2, vec![approves(1), approves(4)], Some("1 of 2")),
            ("the proposer's own", 2, vec![approves(1), approves(PROPOSER)], Some("1 of 2")),
            ("a conflicted voter", 2, vec![approves(1), approves(CONFLICTED)], Some("1 of 2")),
            ("the same voter twice", 2, vec![approves(1), approves(1)], Some("1 of 2")),
            ("returned", 2, vec![approves(1), signed(2, 2, Return, SHOWN)], Some("1 of 2")),
            ("rejected", 2, vec![approves(1), signed(2, 2, Reject, SHOWN)], Some("1 of 2")),
            ("fewer than two, as a server says", 1, vec![approves(1)], Some("1 of 2")),
            ("none, whatever a server says", 0, vec![], Some("0 of 2")),
        ] {
            let grant = Grant {
                votes_required,
                votes,
                proposer: id(PROPOSER).to_string(),
                conflicted: vec![id(CONFLICTED).to_string()],
                ..Grant::default()
            };
            match (check_votes(&grant, &people, &SHOWN), told) {
                (Ok(()), None) => {}
                (Err(refusal), Some(told)) => {
                    assert_eq!(refusal.reason, "VOTES_DO_NOT_VERIFY", "{what}");
                    assert!(refusal.message.starts_with(told), "{what}: {}", refusal.message);
                }
                (found, _) => panic!("{what}: {found:?}"),
            }
        }
    }

    #[test]
    fn words_with_a_vote_are_written_anew_each_time() {
        let with_words = |voter: u8, version: u32| Vote {
            words: Some(SealedField { version, ..SealedField::default() }),
            ..approves(voter)
        };
        let votes = vec![with_words(1, 1), with_words(2, 5), approves(1), with_words(1, 2)];
        let case = CaseId::from_bytes([1; 16]);
        let record = GrantRecord {
            id: GrantId::from_bytes([1; 16]),
            case,
            grant: Grant { votes, ..Grant::default() },
            keys: CaseKeys::new(case),
            seen: None,
        };
        let next = |voter: u8| record.next_words_of(&id(voter).to_string());
        assert_eq!((next(1), next(2), next(3)), (3, 6, 1));
    }

    #[test]
    fn what_has_changed_since_it_was_looked_at_is_not_signed() {
        let mut digest = [0xab; 32];
        digest[31] = 0x01;
        let told = digest_text(&digest);
        assert!(told.starts_with("abab") && told.ends_with("ab01"), "{told}");
        for same in [told.clone(), told.to_uppercase(), format!("\u{2066}{told}\u{2069}")] {
            assert!(check_shown(&same, &digest).is_ok(), "{same}");
        }
        let changed = told.replace("01", "02");
        for other in ["", "ab", changed.as_str()] {
            let error = check_shown(other, &digest).unwrap_err();
            assert_eq!(error.reason().as_deref(), Some("VOTE_ON_CHANGED_CONTENT"), "{other}");
        }
    }
}
