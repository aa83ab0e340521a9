//! A grant's proposal: composed by an officer, opened and checked by whoever is to sign it.

use flare_contracts::{
    Refusal, coded,
    common::v1::{Mode, SealedField, Trigger},
    fields::{self, Field},
    grants::v1::{Grant, PaymentMethod, SupportKind, Terms},
    input,
    vote::{self, Ballot},
};
use flare_kernel::{Date, Money, NeedId};
use flare_seal::Sensitive;

use crate::{CaseKeys, EdgeError};

/// What a grant is for, in the officer's words and figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The most it may cost.
    pub ceiling: Money,
    /// First day.
    pub start: Date,
    /// Last day.
    pub end: Date,
    /// No payment after it.
    pub pay_by: Date,
    /// Costs before the start are allowed back to this day.
    pub costs_from: Option<Date>,
    /// Cash, service or in kind.
    pub support_kind: SupportKind,
    /// How money goes.
    pub payment_method: PaymentMethod,
    /// Preventive or reactive.
    pub mode: Mode,
    /// Negative or positive.
    pub trigger: Trigger,
    /// The needs it answers.
    pub needs: Vec<NeedId>,
    /// What will be done.
    pub scope: String,
    /// Line by line.
    pub budget: String,
    /// For whom.
    pub beneficiary: String,
}

impl Proposal {
    /// The terms as grants is given them; `version` counts the writings of the sealed parts from 1.
    pub fn seal(&self, keys: &CaseKeys, version: u32) -> Result<Terms, EdgeError> {
        let texts = [&self.scope, &self.budget, &self.beneficiary];
        let sealed = fields::TERMS
            .iter()
            .zip(texts)
            .map(|(field, text)| keys.seal_committed(field, version, text.trim()))
            .collect::<Result<_, _>>()?;
        Ok(Terms {
            ceiling: Some(input::money_out(self.ceiling)),
            start: self.start.to_string(),
            end: self.end.to_string(),
            pay_by: self.pay_by.to_string(),
            support_kind: self.support_kind.into(),
            payment_method: self.payment_method.into(),
            mode: self.mode.into(),
            trigger: self.trigger.into(),
            need_ids: self.needs.iter().map(ToString::to_string).collect(),
            costs_from: self.costs_from.map(|date| date.to_string()).unwrap_or_default(),
            sealed,
        })
    }
}

/// A proposal opened, every commitment recomputed from the text that is shown.
pub struct VerifiedProposal {
    /// What will be done.
    pub scope: Sensitive<String>,
    /// Line by line.
    pub budget: Sensitive<String>,
    /// For whom.
    pub beneficiary: Sensitive<String>,
    digest: [u8; 32],
}

impl VerifiedProposal {
    /// Opens a grant's proposal. Refused when a text is not the one that its commitment was made for, or carries none:
    /// then nothing is shown and nothing can be signed.
    pub fn open(keys: &CaseKeys, grant: &Grant) -> Result<Self, EdgeError> {
        let terms = grant.terms.as_ref().ok_or(EdgeError::Incomplete("the grant's terms"))?;
        let ballot = Ballot { round: grant.round, votes_required: grant.votes_required };
        let digest = vote::shown_digest(&grant.grant_id, &grant.case_id, ballot, terms);
        Ok(Self {
            scope: open(keys, terms, &fields::SCOPE)?,
            budget: open(keys, terms, &fields::BUDGET)?,
            beneficiary: open(keys, terms, &fields::BENEFICIARY)?,
            digest,
        })
    }

    /// What a vote on this very proposal signs.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

coded! {
    /// Which rule terms break that cannot be shown.
    enum TermsRule {
        NotCommitted = "TERMS_NOT_COMMITTED", "must be there, with the commitment that a vote covers";
    }
}

fn open(keys: &CaseKeys, terms: &Terms, wanted: &Field) -> Result<Sensitive<String>, EdgeError> {
    let committed = |field: &&SealedField| field.name == wanted.name && field.commitment.len() == 32;
    let refusal = || Refusal::invalid(wanted.name.clone(), TermsRule::NotCommitted);
    let field = terms.sealed.iter().find(committed).ok_or_else(refusal)?;
    keys.open(wanted, field)
}
