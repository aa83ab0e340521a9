//! A grant on one page. What stands under "What is voted on" is exactly what a vote signs.

use std::collections::BTreeSet;

use flare_contracts::{
    grants::v1::{Decision, Grant, Terms, Tranche, Vote},
    vote as votes,
};
use flare_edge::ShownProposal;
use flare_seal::{Compartment, verify};
use serde_json::{Value, json};

use super::record::GrantRecord;
use crate::cli::{
    CliError, Output,
    case::{choices::Worded as _, desk::People, record::opened},
    output::{indented, isolated},
    when, words,
};

/// A grant with its proposal opened.
pub(crate) struct Sheet<'s> {
    pub(crate) record: &'s GrantRecord,
    pub(crate) shown: &'s ShownProposal,
    pub(crate) people: &'s People,
}

/// What is known about a vote's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
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
    const fn word(self) -> &'static str {
        match self {
            Self::OnThis => "signed over what is shown",
            Self::OnEarlier => "signed over an earlier version",
            Self::Wrong => "THE SIGNATURE IS NOT THEIRS",
            Self::Unvouched => "NOBODY VOUCHES FOR THEIR KEY",
        }
    }
}

/// The digest as people compare it.
pub(crate) fn digest_text(digest: &[u8; 32]) -> String {
    data_encoding::HEXLOWER.encode(digest)
}

impl Sheet<'_> {
    fn grant(&self) -> &Grant {
        &self.record.grant
    }

    fn terms(&self) -> Terms {
        self.grant().terms.clone().unwrap_or_default()
    }

    /// Writes the page.
    pub(crate) fn write(&self, output: &Output) {
        self.write_standing(output);
        self.write_voted(output);
        self.write_votes(output);
        self.write_gates(output);
        self.write_money(output);
    }

    fn write_standing(&self, output: &Output) {
        let grant = self.grant();
        let held =
            if grant.money_held { output.red("all money of this grant is held") } else { String::new() };
        let seen = match (grant.requester_saw_proposal, grant.proposal_message_id.as_str()) {
            (true, _) => "the requester has seen it and agrees, or was told",
            (false, "") => "not shown to the requester yet",
            (false, _) => "shown; the requester has not agreed",
        };
        let close = grant.close.as_ref().map(|close| {
            let unspent = words::money(close.unspent.as_ref());
            format!(
                "{}, {unspent} unspent, proposed by {}",
                close.outcome,
                self.people.shown(&close.proposed_by)
            )
        });
        output.record(&[
            ("grant", grant.grant_id.clone()),
            ("case", format!("{} ({})", grant.codename, grant.case_id)),
            ("stage", grant.stage().word().to_owned()),
            ("lane", grant.lane().word().to_owned()),
            ("proposer", self.people.name(&grant.proposer)),
            ("proposal", seen.to_owned()),
            ("votes due", present(grant.approval_due.is_some(), || output.due(grant.approval_due.as_ref()))),
            ("report due", present(grant.report_due.is_some(), || output.due(grant.report_due.as_ref()))),
            ("report", grant.report.clone()),
            ("close", close.unwrap_or_default()),
            ("money", held),
            ("version", grant.version.to_string()),
        ]);
    }

    fn write_voted(&self, output: &Output) {
        let terms = self.terms();
        output.heading("What is voted on");
        output.record(&[
            ("ceiling", words::money(terms.ceiling.as_ref())),
            ("from – to", format!("{} – {}", terms.start, terms.end)),
            ("pay by", terms.pay_by.clone()),
            ("costs from", terms.costs_from.clone()),
            ("support", terms.support_kind().word().to_owned()),
            ("method", terms.payment_method().word().to_owned()),
            ("mode", terms.mode().word().to_owned()),
            ("trigger", terms.trigger().word().to_owned()),
            ("needs", terms.need_ids.join("\n")),
            ("beneficiary", isolated(self.shown.beneficiary.expose())),
            ("scope", isolated(self.shown.scope.expose())),
            ("budget", isolated(self.shown.budget.expose())),
            ("round", self.grant().round.to_string()),
        ]);
        output.line(format!("What is shown here is what you sign: {}", digest_text(self.shown.digest())));
    }

    fn write_votes(&self, output: &Output) {
        let grant = self.grant();
        output.heading(format!("Votes ({} needed)", grant.votes_required));
        if grant.votes.is_empty() {
            output.line("(none yet)");
        }
        for vote in &grant.votes {
            let proof = self.proof(vote);
            let line = format!(
                "{} · {} · round {} · {} · {}",
                self.people.shown(&vote.voter),
                vote.decision().word(),
                vote.round,
                output.happened(vote.at.as_ref()),
                proof.word()
            );
            let is_bad = match proof {
                Proof::Wrong | Proof::Unvouched => true,
                Proof::OnThis | Proof::OnEarlier => false,
            };
            output.line(if is_bad { output.red(line) } else { line });
            if let Some(words) = &vote.words {
                output.line(indented(&isolated(&opened(&self.record.keys, Compartment::Proposal, words))));
            }
        }
        if !grant.conflicted.is_empty() {
            let names: Vec<_> = grant.conflicted.iter().map(|id| self.people.shown(id)).collect();
            output.line(format!("Conflict of interest: {}", names.join(", ")));
        }
    }

    fn write_gates(&self, output: &Output) {
        let grant = self.grant();
        output.heading("Gates");
        let row = |gate: &flare_contracts::grants::v1::GateView| {
            let open = if gate.open { "open" } else { "closed" };
            vec![gate.gate().word().to_owned(), open.to_owned(), gate.how.replace('_', " ")]
        };
        output.table(&["gate", "", "how"], grant.gates.iter().map(row).collect());
        let name = |id: &str| present(!id.is_empty(), || self.people.name(id));
        output.record(&[
            ("payee", isolated(&self.record.payee().unwrap_or_default())),
            ("payee entered by", name(&grant.payee_entered_by)),
            ("payee checked by", name(&grant.payee_checked_by)),
            ("agreement heard by", name(&grant.agreement_witness)),
        ]);
    }

    fn write_money(&self, output: &Output) {
        let grant = self.grant();
        if !grant.reservations.is_empty() {
            output.heading("Funds");
            let row = |reservation: &flare_contracts::grants::v1::Reservation| {
                vec![
                    isolated(&reservation.fund),
                    words::money(reservation.amount.as_ref()),
                    self.people.name(&reservation.by),
                ]
            };
            output.table(&["fund", "amount", "by"], grant.reservations.iter().map(row).collect());
        }
        if let Some(advance) = &grant.advance {
            let by: Vec<_> = advance.authorised_by.iter().map(|id| self.people.shown(id)).collect();
            output.line(format!(
                "Advance: {} authorised by {}",
                words::money(advance.amount.as_ref()),
                by.join(", ")
            ));
        }
        if !grant.tranches.is_empty() {
            output.heading("Payments");
            let row = |tranche: &Tranche| {
                vec![
                    words::money(tranche.amount.as_ref()),
                    tranche.due.clone(),
                    tranche.state().word().to_owned(),
                    present(tranche.arrived.is_some(), || words::money(tranche.arrived.as_ref())),
                    if tranche.advance { "advance".to_owned() } else { String::new() },
                    tranche.tranche_id.clone(),
                ]
            };
            let headers = ["amount", "due", "state", "arrived", "", "id"];
            output.table(&headers, grant.tranches.iter().map(row).collect());
        }
    }

    fn proof(&self, vote: &Vote) -> Proof {
        let public = self.people.signing_key(&vote.voter);
        public.map_or(Proof::Unvouched, |public| proof(vote, public, self.shown.digest()))
    }

    /// Refuses unless as many approvals as the grant needs are signed over what is shown, by different people whose keys
    /// the organisation vouches for. Money does not move on a server's word that it was voted.
    pub(crate) fn check_votes(&self) -> Result<(), CliError> {
        let grant = self.grant();
        let counts = |vote: &&Vote| {
            let approves = match vote.decision() {
                Decision::Approve | Decision::ApproveWithConditions => true,
                Decision::Unspecified | Decision::Return | Decision::Reject => false,
            };
            let is_free = vote.voter != grant.proposer && !grant.conflicted.contains(&vote.voter);
            approves && is_free && self.proof(vote) == Proof::OnThis
        };
        let approvals: BTreeSet<_> =
            grant.votes.iter().filter(counts).map(|vote| vote.voter.as_str()).collect();
        let needed = usize::try_from(grant.votes_required).unwrap_or(usize::MAX);
        if approvals.len() >= needed.max(1) {
            return Ok(());
        }
        let message = format!(
            "{} of {needed} votes for what is shown verify on this device: no money goes out on them",
            approvals.len()
        );
        let error = CliError::state("VOTES_DO_NOT_VERIFY", message);
        Err(error.hint(format!("look at each vote with: flare grant show {}", grant.grant_id)))
    }

    /// The page as JSON.
    pub(crate) fn json(&self) -> Value {
        let (grant, terms) = (self.grant(), self.terms());
        json!({
            "grant_id": grant.grant_id,
            "case_id": grant.case_id,
            "codename": grant.codename,
            "version": grant.version,
            "stage": grant.stage().word(),
            "lane": grant.lane().word(),
            "proposer": grant.proposer,
            "round": grant.round,
            "votes_required": grant.votes_required,
            "shown_digest": digest_text(self.shown.digest()),
            "terms": {
                "ceiling": words::money(terms.ceiling.as_ref()),
                "start": terms.start,
                "end": terms.end,
                "pay_by": terms.pay_by,
                "costs_from": terms.costs_from,
                "support": terms.support_kind().word(),
                "method": terms.payment_method().word(),
                "mode": terms.mode().word(),
                "trigger": terms.trigger().word(),
                "need_ids": terms.need_ids,
                "scope": self.shown.scope.expose(),
                "budget": self.shown.budget.expose(),
                "beneficiary": self.shown.beneficiary.expose(),
            },
            "votes": grant.votes.iter().map(|vote| self.vote_json(vote)).collect::<Vec<_>>(),
            "conflicted": grant.conflicted,
            "gates": grant.gates.iter().map(|gate| {
                json!({"gate": gate.gate().word(), "open": gate.open, "how": gate.how})
            }).collect::<Vec<_>>(),
            "payee": self.record.payee(),
            "payee_entered_by": grant.payee_entered_by,
            "payee_checked_by": grant.payee_checked_by,
            "reservations": grant.reservations.iter().map(|reservation| {
                json!({
                    "fund": reservation.fund,
                    "amount": words::money(reservation.amount.as_ref()),
                    "by": reservation.by,
                })
            }).collect::<Vec<_>>(),
            "advance": grant.advance.as_ref().map(|advance| {
                json!({"amount": words::money(advance.amount.as_ref()), "authorised_by": advance.authorised_by})
            }),
            "tranches": grant.tranches.iter().map(tranche_json).collect::<Vec<_>>(),
            "approval_due": when::rfc3339(grant.approval_due.as_ref()),
            "report_due": when::rfc3339(grant.report_due.as_ref()),
            "report": grant.report,
            "money_held": grant.money_held,
            "requester_saw_proposal": grant.requester_saw_proposal,
            "proposal_message_id": grant.proposal_message_id,
            "agreement_message_id": grant.agreement_message_id,
            "agreement_witness": grant.agreement_witness,
            "close": grant.close.as_ref().map(|close| {
                json!({
                    "outcome": close.outcome,
                    "unspent": words::money(close.unspent.as_ref()),
                    "proposed_by": close.proposed_by,
                })
            }),
        })
    }

    fn vote_json(&self, vote: &Vote) -> Value {
        json!({
            "voter": vote.voter,
            "decision": vote.decision().word(),
            "round": vote.round,
            "at": when::rfc3339(vote.at.as_ref()),
            "signature": match self.proof(vote) {
                Proof::OnThis => "on_this",
                Proof::OnEarlier => "on_earlier",
                Proof::Wrong => "wrong",
                Proof::Unvouched => "unvouched",
            },
            "words": vote.words.as_ref().map(|words| opened(&self.record.keys, Compartment::Proposal, words)),
        })
    }
}

fn tranche_json(tranche: &Tranche) -> Value {
    json!({
        "tranche_id": tranche.tranche_id,
        "amount": words::money(tranche.amount.as_ref()),
        "due": tranche.due,
        "state": tranche.state().word(),
        "advance": tranche.advance,
        "arrived": tranche.arrived.as_ref().map(|arrived| words::money(Some(arrived))),
        "sent": when::rfc3339(tranche.sent.as_ref()),
        "write_off_proposed_by": tranche.write_off_proposed_by,
        "write_off_reason": tranche.write_off_reason,
        "released_by": tranche.released_by,
        "returned_by": tranche.returned_by,
    })
}

/// Checks a vote's signature under the voter's public key, here and not at the service.
fn proof(vote: &Vote, public: &[u8], shown: &[u8; 32]) -> Proof {
    let (Ok(public), Ok(digest)) =
        (<[u8; 32]>::try_from(public), <[u8; 32]>::try_from(vote.shown_digest.as_slice()))
    else {
        return Proof::Wrong;
    };
    let message = votes::vote_message(&digest, &vote.voter, vote.decision(), vote.words.as_ref());
    let is_decided = vote.decision() != Decision::Unspecified;
    if !is_decided || verify(votes::SIGNATURE_DOMAIN, &public, &message, &vote.signature).is_err() {
        return Proof::Wrong;
    }
    if digest == *shown { Proof::OnThis } else { Proof::OnEarlier }
}

fn present(is_there: bool, text: impl FnOnce() -> String) -> String {
    if is_there { text() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::SealedField;
    use flare_seal::{SigningKey, sign};

    use super::*;

    #[test]
    fn a_signature_is_checked_against_the_voter_and_what_is_shown() {
        let key = SigningKey::from_bytes([7; 32]);
        let (shown, earlier) = ([1; 32], [2; 32]);
        let signed = |digest: [u8; 32], decision: Decision| Vote {
            decision: decision.into(),
            shown_digest: digest.to_vec(),
            signature: sign(
                votes::SIGNATURE_DOMAIN,
                &key,
                &votes::vote_message(&digest, "staff_1", decision, None),
            )
            .to_vec(),
            voter: "staff_1".to_owned(),
            ..Vote::default()
        };
        let vote = signed(shown, Decision::Approve);
        assert_eq!(proof(&vote, &key.public(), &shown), Proof::OnThis);
        assert_eq!(proof(&signed(earlier, Decision::Approve), &key.public(), &shown), Proof::OnEarlier);
        assert_eq!(proof(&vote, &SigningKey::from_bytes([8; 32]).public(), &shown), Proof::Wrong);
        assert_eq!(proof(&vote, &[], &shown), Proof::Wrong);
        let conditions = SealedField { commitment: vec![5; 32], ..SealedField::default() };
        let conditioned = Vote { words: Some(conditions), ..vote.clone() };
        assert_eq!(proof(&conditioned, &key.public(), &shown), Proof::Wrong, "words put in their mouth");
        let another = Vote { voter: "staff_2".to_owned(), ..vote.clone() };
        assert_eq!(proof(&another, &key.public(), &shown), Proof::Wrong);
        let turned = Vote { decision: Decision::Reject.into(), ..vote };
        assert_eq!(proof(&turned, &key.public(), &shown), Proof::Wrong);
        assert_eq!(proof(&signed(shown, Decision::Unspecified), &key.public(), &shown), Proof::Wrong);
    }

    #[test]
    fn a_digest_is_written_in_hex() {
        let mut digest = [0; 32];
        (digest[0], digest[31]) = (0xab, 0x01);
        assert!(digest_text(&digest).starts_with("ab00") && digest_text(&digest).ends_with("0001"));
    }
}
