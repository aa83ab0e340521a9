//! The terms of a grant: drafted for needs that are recommended, and changed until the votes are asked for.

use std::time::Duration;

use flare_contracts::{
    Refusal,
    common::v1::{Mode, Trigger},
    grants::v1::{DraftGrantRequest, ReviseGrantRequest, Terms},
    input,
    triage::v1::Outcome,
};
use flare_kernel::{GrantId, NeedId};
use flare_seal::Compartment;

use super::{CaseRecord, Desk, GrantRecord, GrantStanding};
use crate::{CaseKeys, EdgeError, Proposal, call::call};

/// How often, and how long each time, a draft waits for its needs to be known as recommended: 5 s in all.
const NEWS_TRAVELS: u32 = 20;
const WAIT: Duration = Duration::from_millis(250);
/// The reason of a refusal because a need is not recommended.
const NEED_NOT_RECOMMENDED: &str = "NEED_NOT_RECOMMENDED";

impl Desk {
    /// Drafts a grant of a case. `votes` says how many votes it needs; without it, as many as the policy asks for. Where the
    /// case has the needs as recommended and grants does not know of it yet, waits until it does.
    pub async fn draft(
        &self,
        record: &CaseRecord,
        proposal: &Proposal,
        votes: Option<u32>,
    ) -> Result<(GrantId, GrantStanding), EdgeError> {
        let grant: GrantId = self.drawn(&record.id.to_string());
        let (key, epoch) = self.session.draw_epoch(record.id, Compartment::Proposal, 1, None)?;
        let mut keys = CaseKeys::new(record.id);
        keys.insert(Compartment::Proposal, 1, key);
        let request = DraftGrantRequest {
            request_id: self.key.use_it(),
            grant_id: grant.to_string(),
            case_id: record.id.to_string(),
            terms: Some(proposal.seal(&keys, 1)?),
            key: Some(epoch),
            votes_required: votes.unwrap_or_default(),
        };
        let recommended = record.recommended();
        let mut waits =
            if proposal.needs.iter().all(|need| recommended.contains(need)) { NEWS_TRAVELS } else { 0 };
        let answer = loop {
            match call!(self, grants.draft_grant(request.clone())) {
                Err(error) if waits > 0 && error.reason().as_deref() == Some(NEED_NOT_RECOMMENDED) => {
                    waits -= 1;
                    tokio::time::sleep(WAIT).await;
                }
                answer => break answer,
            }
        };
        Ok((grant, self.grant_changed(grant, answer).await?))
    }

    /// Changes the terms of a draft or of a returned grant: votes and the requester's answer to those before count no more.
    pub async fn revise(
        &self,
        record: &mut GrantRecord,
        proposal: &Proposal,
    ) -> Result<GrantStanding, EdgeError> {
        let before = record.grant.terms.iter().flat_map(|terms| &terms.sealed);
        let next = before.map(|field| field.version).max().unwrap_or_default() + 1;
        record.make_writable(self, Compartment::Proposal).await?;
        let request = ReviseGrantRequest {
            request_id: self.key.use_it(),
            grant_id: record.id.to_string(),
            version: record.version(),
            terms: Some(proposal.seal(&record.keys, next)?),
        };
        let answer = call!(self, grants.revise_grant(request));
        self.grant_changed(record.id, answer).await
    }
}

impl CaseRecord {
    /// The needs that are recommended for a grant.
    pub fn recommended(&self) -> Vec<NeedId> {
        let recommended = self.case.needs.iter().filter(|need| need.outcome() == Outcome::Recommended);
        recommended.filter_map(|need| need.need_id.parse().ok()).collect()
    }

    /// Whether the request is to prevent something or to answer it, when it says so.
    pub fn mode(&self) -> Option<Mode> {
        let mode = self.request.listing.as_ref()?.mode();
        Some(mode).filter(|mode| *mode != Mode::Unspecified)
    }

    /// What set the request off, when it says so.
    pub fn trigger(&self) -> Option<Trigger> {
        let trigger = self.request.listing.as_ref()?.trigger();
        Some(trigger).filter(|trigger| *trigger != Trigger::Unspecified)
    }
}

impl GrantRecord {
    /// The terms as they stand, without their words, which only [`Self::proposal`] shows.
    pub fn values(&self) -> Result<Proposal, EdgeError> {
        let terms = self.grant.terms.as_ref().ok_or(EdgeError::Incomplete("the grant's terms"))?;
        values(terms).map_err(|_| EdgeError::Incomplete("readable terms"))
    }
}

fn values(terms: &Terms) -> Result<Proposal, Refusal> {
    let costs_from = Some(terms.costs_from.as_str()).filter(|text| !text.is_empty());
    Ok(Proposal {
        ceiling: input::money("ceiling", terms.ceiling.as_ref())?,
        start: input::date("start", &terms.start)?,
        end: input::date("end", &terms.end)?,
        pay_by: input::date("pay_by", &terms.pay_by)?,
        costs_from: costs_from.map(|text| input::date("costs_from", text)).transpose()?,
        support_kind: terms.support_kind(),
        payment_method: terms.payment_method(),
        mode: terms.mode(),
        trigger: terms.trigger(),
        needs: input::ids("need_ids", &terms.need_ids, terms.need_ids.len())?,
        scope: String::new(),
        budget: String::new(),
        beneficiary: String::new(),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use flare_contracts::grants::v1::{PaymentMethod, SupportKind};
    use flare_kernel::{CaseId, Date, Money};
    use flare_seal::CompartmentKey;

    use super::*;

    /// Terms without words.
    pub(in crate::desk) fn sample() -> Proposal {
        let day = |text| Date::parse(text).unwrap();
        Proposal {
            ceiling: Money::parse("9400.00", "EUR").unwrap(),
            start: day("2026-12-01"),
            end: day("2027-02-28"),
            pay_by: day("2027-03-10"),
            costs_from: Some(day("2026-11-20")),
            support_kind: SupportKind::InKind,
            payment_method: PaymentMethod::SupplierInvoice,
            mode: Mode::Preventive,
            trigger: Trigger::Positive,
            needs: vec![NeedId::from_bytes([1; 16]), NeedId::from_bytes([2; 16])],
            scope: String::new(),
            budget: String::new(),
            beneficiary: String::new(),
        }
    }

    #[test]
    fn terms_are_read_as_they_were_written() {
        let mut keys = CaseKeys::new(CaseId::from_bytes([1; 16]));
        keys.insert(Compartment::Proposal, 1, CompartmentKey::generate().unwrap());
        for written in [sample(), Proposal { costs_from: None, ..sample() }] {
            let mut terms = written.seal(&keys, 1).unwrap();
            assert_eq!(values(&terms), Ok(written));
            terms.end.clear();
            assert!(values(&terms).is_err(), "terms without an end");
        }
    }
}
