//! What people look at: one grant, and the lists of those that wait for somebody.

use flare_access::Roles;
use flare_contracts::{
    Refusal,
    grants::v1::{
        self, GateView, GetGrantResponse, GrantSummary, ListCaseGrantsRequest, ListForFinanceRequest,
        ListMyVotesRequest, ProposedClose,
    },
    input,
};
use flare_kernel::{CaseId, GrantId, StaffId};
use flare_store::{Error, Page, keys};

use crate::{
    Grants,
    domain::{AgreementWay, Grant, Stage},
    keys::{held_for, sees_payee},
    store,
};

impl Grants {
    /// One grant, with the keys of what the caller's roles may open.
    pub(crate) async fn grant(&self, id: GrantId, roles: Roles) -> Result<GetGrantResponse, Error> {
        self.database
            .read(async |reads| {
                let found = store::grants::find(reads, id).await?;
                let grant = found.ok_or_else(|| Refusal::not_found("grant"))?;
                let mut out = show(&grant, store::grants::version(reads, id).await?);
                out.keys = keys::all(reads, id, held_for(roles), &self.service_key).await?;
                if !sees_payee(roles) {
                    out.payee = None;
                }
                Ok(GetGrantResponse { grant: Some(out) })
            })
            .await
    }

    /// A page of a case's grants.
    pub(crate) async fn of_case(
        &self,
        request: &ListCaseGrantsRequest,
    ) -> Result<(Vec<GrantSummary>, String), Error> {
        let case: CaseId = input::id("case_id", &request.case_id)?;
        let page = Page::asked(request.page_size, &request.page_token)?;
        Ok(page.cut(store::lists::of_case(&self.database, case, &page).await?))
    }

    /// A page of the grants that wait for somebody's vote.
    pub(crate) async fn to_vote(
        &self,
        voter: StaffId,
        request: &ListMyVotesRequest,
    ) -> Result<(Vec<GrantSummary>, String), Error> {
        let page = Page::asked(request.page_size, &request.page_token)?;
        Ok(page.cut(store::lists::to_vote(&self.database, voter, &page).await?))
    }

    /// A page of the grants that wait for finance.
    pub(crate) async fn for_finance(
        &self,
        request: &ListForFinanceRequest,
    ) -> Result<(Vec<GrantSummary>, String), Error> {
        let page = Page::asked(request.page_size, &request.page_token)?;
        Ok(page.cut(store::lists::for_finance(&self.database, &page).await?))
    }
}

/// A grant on the wire, without keys.
fn show(grant: &Grant, version: i64) -> v1::Grant {
    let message = grant.proposal.message.map(|message| message.to_string()).unwrap_or_default();
    let (agreement, witness) = match grant.agreement.map(|agreement| agreement.way) {
        Some(AgreementWay::Message(message)) => (message.to_string(), String::new()),
        Some(AgreementWay::Voice { witness, .. }) => (String::new(), witness.to_string()),
        None => (String::new(), String::new()),
    };
    let approval = grant.approval.filter(|_| grant.stage == Stage::InApproval);
    let payee = grant.payee.as_ref();
    let gates = grant.gates().into_iter().map(|(gate, state)| {
        let (open, how) = state.map_or_else(|missing| (false, missing), |how| (true, how));
        GateView { gate: gate.into(), open, how: how.to_owned() }
    });
    v1::Grant {
        grant_id: grant.id.to_string(),
        case_id: grant.case.to_string(),
        codename: grant.codename.to_string(),
        version,
        stage: grant.stage.out().into(),
        lane: input::lane_out(grant.lane).into(),
        proposer: grant.proposer.to_string(),
        terms: Some(grant.terms.out()),
        votes_required: grant.votes_required,
        round: grant.round,
        votes: votes(grant),
        conflicted: grant.conflicts.iter().map(|conflict| conflict.who.to_string()).collect(),
        gates: gates.collect(),
        tranches: tranches(grant),
        reservations: reservations(grant),
        approval_due: approval.map(|deadline| input::timestamp_out(deadline.due)),
        report_due: grant.report_due.map(|deadline| input::timestamp_out(deadline.due)),
        money_held: grant.money != crate::domain::MoneyState::Free,
        payee: payee.map(|payee| payee.sealed.clone()),
        keys: Vec::new(),
        proposal_message_id: message,
        agreement_message_id: agreement,
        requester_saw_proposal: grant.proposal.is_seen(),
        requester_objects: grant.proposal.agrees == Some(false),
        payee_entered_by: payee.map(|payee| payee.entered_by.to_string()).unwrap_or_default(),
        payee_checked_by: payee
            .and_then(|payee| payee.check)
            .map(|check| check.by.to_string())
            .unwrap_or_default(),
        advance: grant.advance.map(|advance| v1::Advance {
            amount: Some(input::money_out(advance.amount)),
            authorised_by: [Some(advance.first), advance.second]
                .into_iter()
                .flatten()
                .map(|by| by.to_string())
                .collect(),
        }),
        report: grant.report.map(|report| report.kind.as_str().to_owned()).unwrap_or_default(),
        agreement_witness: witness,
        close: grant.closing.map(|closing| ProposedClose {
            outcome: closing.close.outcome.to_owned(),
            unspent: Some(input::money_out(closing.close.unspent)),
            proposed_by: closing.by.to_string(),
        }),
    }
}

fn votes(grant: &Grant) -> Vec<v1::Vote> {
    let vote = |vote: &crate::domain::Vote| v1::Vote {
        voter: vote.voter.to_string(),
        decision: vote.cast.decision.into(),
        round: vote.round,
        at: Some(input::timestamp_out(vote.at)),
        shown_digest: vote.cast.shown_digest.to_vec(),
        signature: vote.cast.signature.to_vec(),
        words: vote.cast.words.clone(),
    };
    grant.votes.iter().map(vote).collect()
}

fn tranches(grant: &Grant) -> Vec<v1::Tranche> {
    let tranche = |tranche: &crate::domain::Tranche| v1::Tranche {
        tranche_id: tranche.id.to_string(),
        amount: Some(input::money_out(tranche.amount)),
        due: tranche.due.to_string(),
        state: tranche.state.out().into(),
        advance: tranche.advance,
        arrived: tranche.arrived.map(input::money_out),
        sent: tranche.sent.map(input::timestamp_out),
        write_off_proposed_by: tranche.write_off.map(|(by, _)| by.to_string()).unwrap_or_default(),
        write_off_reason: tranche.write_off.map(|(_, reason)| reason.to_owned()).unwrap_or_default(),
        released_by: tranche.released_by.map(|by| by.to_string()).unwrap_or_default(),
        returned_by: tranche.returned_by.map(|by| by.to_string()).unwrap_or_default(),
    };
    grant.tranches.iter().map(tranche).collect()
}

/// What is set aside now; what went back to its fund is in the audit trail.
fn reservations(grant: &Grant) -> Vec<v1::Reservation> {
    let reservation = |reservation: &crate::domain::Reservation| v1::Reservation {
        fund: reservation.fund.clone(),
        amount: Some(input::money_out(reservation.amount)),
        by: reservation.by.to_string(),
    };
    grant.reservations.iter().filter(|reservation| !reservation.released).map(reservation).collect()
}
