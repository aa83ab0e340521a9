//! What a vote covers, as bytes that everybody computes alike: the edge before it shows and signs, grants before it
//! counts. And what a payee's check covers.
//!
//! The sealed parts of the terms, and the words of a vote, stand in it by their commitments, so that sealing them again
//! keeps the votes, while a change of one letter voids them.

use sha2::{Digest, Sha256};

use crate::{
    common::v1::SealedField,
    grants::v1::{Decision, Terms},
    parts::Parts,
};

/// Begins what is hashed.
pub const SHOWN_DOMAIN: &str = "flare/vote/2";
/// The domain under which `flare_seal::sign` signs a [`vote_message`].
pub const SIGNATURE_DOMAIN: &str = "flare/vote-signature/2";
/// Begins what [`payee_digest`] hashes.
const PAYEE_DOMAIN: &str = "flare/payee/1";

/// What is asked of the approvers beside the terms: in which round, and how many of them must approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// Of the votes, from 1.
    pub round: u32,
    /// How many approvals the grant takes.
    pub votes_required: u32,
}

/// The bytes whose SHA-256 is [`shown_digest`]: grant, case, ballot and terms, without any content.
pub fn shown_bytes(grant: &str, case: &str, ballot: Ballot, terms: &Terms) -> Vec<u8> {
    let mut out = Parts::default();
    out.text(SHOWN_DOMAIN).text(grant).text(case).number(ballot.round).number(ballot.votes_required);
    let ceiling = terms.ceiling.clone().unwrap_or_default();
    out.text(&ceiling.currency).number(ceiling.minor_units);
    out.text(&terms.start).text(&terms.end).text(&terms.pay_by);
    out.number(terms.support_kind).number(terms.payment_method).number(terms.mode).number(terms.trigger);
    out.number(terms.need_ids.len());
    for need in &terms.need_ids {
        out.text(need);
    }
    out.text(&terms.costs_from);
    let mut sealed: Vec<&SealedField> = terms.sealed.iter().collect();
    sealed.sort_by(|a, b| a.name.cmp(&b.name));
    out.number(sealed.len());
    for field in sealed {
        out.text(&field.name).bytes(&field.commitment);
    }
    out.0
}

/// What an approver was shown, in 32 bytes: the same for the same terms on the same ballot, and for nothing else.
pub fn shown_digest(grant: &str, case: &str, ballot: Ballot, terms: &Terms) -> [u8; 32] {
    Sha256::digest(shown_bytes(grant, case, ballot, terms)).into()
}

/// What an approver signs: the digest of what they were shown, what they decided about it, in which words, and who they
/// are. `words` are their conditions or reasons, with the commitment; without any, 32 zero bytes stand for it.
pub fn vote_message(
    digest: &[u8; 32],
    voter: &str,
    decision: Decision,
    words: Option<&SealedField>,
) -> Vec<u8> {
    let none = [0; 32];
    let words = words.map_or(none.as_slice(), |words| words.commitment.as_slice());
    let mut out = Parts::default();
    out.bytes(digest).text(voter).number(decision as i32).bytes(words);
    out.0
}

/// The sealed payee that somebody was shown and called back, in 32 bytes: another entry is another digest, also where
/// it holds the same words.
pub fn payee_digest(payee: &SealedField) -> [u8; 32] {
    let mut out = Parts::default();
    out.text(PAYEE_DOMAIN)
        .text(&payee.name)
        .number(payee.epoch)
        .number(payee.version)
        .bytes(&payee.ciphertext);
    Sha256::digest(out.0).into()
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;
    use crate::common::v1::Money;

    const BALLOT: Ballot = Ballot { round: 1, votes_required: 2 };

    fn terms() -> Terms {
        let sealed = ["proposal.scope", "proposal.budget", "proposal.beneficiary"].map(|name| SealedField {
            name: name.to_owned(),
            epoch: 1,
            version: 1,
            ciphertext: vec![1; 40],
            tag: vec![2; 32],
            commitment: vec![u8::try_from(name.len()).unwrap(); 32],
        });
        Terms {
            ceiling: Some(Money { currency: "EUR".into(), minor_units: 940_000 }),
            start: "2026-12-01".into(),
            end: "2027-02-28".into(),
            pay_by: "2027-02-28".into(),
            support_kind: 1,
            payment_method: 2,
            mode: 2,
            trigger: 1,
            need_ids: vec!["need_1".into(), "need_2".into()],
            costs_from: String::new(),
            sealed: sealed.into(),
        }
    }

    fn digest(terms: &Terms) -> [u8; 32] {
        shown_digest("grant_1", "case_1", BALLOT, terms)
    }

    #[test]
    fn the_format_is_fixed() {
        // Computed apart from this code, with Python's hashlib, from the comment on `shown_digest` in proto/.
        assert_eq!(
            HEXLOWER.encode(&digest(&terms())),
            "e796b12f6a25292e81e5e6a49662bd153d19d89dec6ba57e13014d7917791977"
        );
        let words = SealedField { commitment: vec![5; 32], ..SealedField::default() };
        let message = vote_message(&[9; 32], "staff_1", Decision::Reject, Some(&words));
        assert_eq!(
            HEXLOWER.encode(&Sha256::digest(message)),
            "0d7f6049f996812afb0d74de4e0a94f3f7f1a210d31e852707cfd21314a2807d"
        );
    }

    #[test]
    fn a_signature_is_of_one_voter_one_decision_and_these_words() {
        let words = |byte| SealedField { commitment: vec![byte; 32], ..SealedField::default() };
        let (digest, approve) = ([9; 32], Decision::ApproveWithConditions);
        let mut messages = vec![
            vote_message(&digest, "staff_1", approve, None),
            vote_message(&digest, "staff_1", approve, Some(&words(1))),
            vote_message(&digest, "staff_1", approve, Some(&words(2))),
            vote_message(&digest, "staff_2", approve, Some(&words(2))),
            vote_message(&digest, "staff_2", Decision::Return, Some(&words(2))),
            vote_message(&[8; 32], "staff_2", Decision::Return, Some(&words(2))),
        ];
        messages.sort_unstable();
        messages.dedup();
        assert_eq!(messages.len(), 6);
    }

    #[test]
    fn another_entry_of_the_payee_is_another_digest() {
        let payee = terms().sealed.remove(0);
        let mut seen = vec![payee_digest(&payee)];
        seen.push(payee_digest(&SealedField { version: 2, ..payee.clone() }));
        seen.push(payee_digest(&SealedField { epoch: 2, ..payee.clone() }));
        seen.push(payee_digest(&SealedField { ciphertext: vec![2; 40], ..payee.clone() }));
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 4);
    }

    #[test]
    fn sealing_again_and_the_order_of_the_fields_change_nothing() {
        let mut again = terms();
        again.sealed.reverse();
        for field in &mut again.sealed {
            (field.epoch, field.version) = (2, 7);
            (field.ciphertext, field.tag) = (vec![8; 90], vec![9; 32]);
        }
        assert_eq!(digest(&again), digest(&terms()));
    }

    #[test]
    fn whatever_is_shown_changes_it() {
        type Change = fn(&mut Terms);
        let changes: [Change; 14] = [
            |terms| terms.ceiling.as_mut().unwrap().minor_units += 1,
            |terms| terms.ceiling.as_mut().unwrap().currency = "USD".into(),
            |terms| terms.start = "2026-12-02".into(),
            |terms| terms.end = "2027-02-27".into(),
            |terms| terms.pay_by = "2027-03-01".into(),
            |terms| terms.support_kind = 2,
            |terms| terms.payment_method = 3,
            |terms| terms.mode = 1,
            |terms| terms.trigger = 2,
            |terms| terms.need_ids.truncate(1),
            |terms| terms.need_ids[1] = "need_3".into(),
            |terms| terms.costs_from = "2026-11-01".into(),
            |terms| terms.sealed[0].commitment[31] ^= 1,
            |terms| terms.sealed.truncate(2),
        ];
        let mut seen = vec![digest(&terms())];
        seen.push(shown_digest("grant_1", "case_1", Ballot { round: 2, ..BALLOT }, &terms()));
        seen.push(shown_digest("grant_1", "case_1", Ballot { votes_required: 1, ..BALLOT }, &terms()));
        seen.push(shown_digest("grant_1", "case_2", BALLOT, &terms()));
        seen.push(shown_digest("grant_2", "case_1", BALLOT, &terms()));
        for change in changes {
            let mut other = terms();
            change(&mut other);
            seen.push(digest(&other));
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }
}
