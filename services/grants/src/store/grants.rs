//! A grant's own row, and a grant put together from all its rows.

use flare_contracts::{
    codes,
    common::v1::{Mode, SealedField, Trigger},
    fields,
    grants::v1::{Gate, PaymentMethod, SupportKind},
};
use flare_kernel::{CaseId, GrantId, Lane, StaffId};
use flare_seal::Compartment;
use flare_store::{Error, Reads, Record, Row, Tx, Value, keys, sql};

use super::{children, payments};
use crate::domain::{Deadline, Epochs, Grant, Proposal, Report, ReportKind, Stage, Terms, Verified};

/// The case of a grant, if there is such a grant. It never changes, so this can be read before anything is locked.
pub(crate) async fn case_of(tx: &mut Tx, grant: GrantId) -> Result<Option<CaseId>, Error> {
    let query = sql("SELECT case_id FROM grants WHERE grant_id = $1").bind(grant.to_string());
    tx.fetch_optional(query).await?.map(|row| row.id("case_id")).transpose()
}

/// The grants of a case that are not over, or that still have a payment under way.
pub(crate) async fn open_of_case(tx: &mut Tx, case: CaseId) -> Result<Vec<GrantId>, Error> {
    let query = sql("SELECT grant_id FROM grants WHERE case_id = $1 \
                     AND (stage NOT IN ('closed', 'rejected', 'withdrawn', 'terminated') OR for_finance = 1) \
                     ORDER BY grant_id");
    let rows = tx.fetch_all(query.bind(case.to_string())).await?;
    rows.iter().map(|row| row.id("grant_id")).collect()
}

/// Reads a grant.
pub(crate) async fn find(reads: &mut impl Reads, grant: GrantId) -> Result<Option<Grant>, Error> {
    let query = sql("SELECT * FROM grants WHERE grant_id = $1").bind(grant.to_string());
    let Some(row) = reads.row(query).await? else { return Ok(None) };
    let ceiling = row.money("ceiling")?;
    let sealed = children::sealed(reads, grant).await?;
    let needs = children::needs(reads, grant).await?;
    let terms = Terms {
        ceiling,
        start: row.parse("start_on")?,
        end: row.parse("end_on")?,
        pay_by: row.parse("pay_by")?,
        costs_from: row.parse_or_null("costs_from")?,
        support_kind: row.word("support_kind", SupportKind::from_str_name)?,
        payment_method: row.word("payment_method", PaymentMethod::from_str_name)?,
        mode: row.word("mode", Mode::from_str_name)?,
        trigger: row.word("trigger_kind", Trigger::from_str_name)?,
        needs,
        sealed: sealed_terms(&sealed)?,
    };
    Ok(Some(Grant {
        id: row.id("grant_id")?,
        case: row.id("case_id")?,
        codename: row.parse("codename")?,
        proposer: row.id("proposer")?,
        created: row.timestamp("created_at")?,
        lane: row.number("lane", Lane::from_i64)?,
        stage: row.parse("stage")?,
        money: row.parse("money")?,
        terms,
        proposal: proposal(&row)?,
        votes_required: row.small("votes_required")?,
        round: row.small("round")?,
        votes: children::votes(reads, grant, &sealed).await?,
        conflicts: children::conflicts(reads, grant).await?,
        draft_due: deadline(&row, "draft_due", "draft_next")?,
        approval: deadline(&row, "approval_due", "approval_next")?,
        verified: verified(&row)?,
        voted: row.flag("voted")?,
        payee: children::payee(reads, grant, newest(&sealed, &fields::PAYEE.name)).await?,
        agreement: children::agreement(reads, grant).await?,
        reservations: payments::reservations(reads, grant).await?,
        advance: payments::advance(reads, grant, ceiling.currency()).await?,
        tranches: payments::tranches(reads, grant).await?,
        report: report(&row)?,
        report_due: deadline(&row, "report_due", "report_next")?,
        close_due: deadline(&row, "close_due", "close_next")?,
        closing: payments::closing(reads, grant, ceiling.currency()).await?,
        epochs: keys::newest(reads, grant, [Compartment::Proposal, Compartment::Payment])
            .await
            .map(|[proposal, payment]| Epochs { proposal, payment })?,
    }))
}

/// Writes what has changed of a grant, and nothing of one that has not.
pub(crate) async fn save(tx: &mut Tx, before: Option<&Grant>, grant: &Grant, by: &str) -> Result<(), Error> {
    if before == Some(grant) {
        return Ok(());
    }
    put(tx, grant).await?;
    children::save(tx, before, grant).await?;
    let submitted = grant.stage == Stage::InApproval;
    let known = before.is_some_and(|before| before.stage == Stage::InApproval);
    if submitted && !known {
        put_submission(tx, grant, by).await?;
    }
    Ok(())
}

/// What the votes of a round are about.
async fn put_submission(tx: &mut Tx, grant: &Grant, by: &str) -> Result<(), Error> {
    Record::of("submissions")
        .key("grant_id", grant.id)
        .key("round", grant.round)
        .set("submitted_by", by)
        .set("submitted_at", tx.now())
        .set("shown", grant.terms.shown(grant.id, grant.case, grant.ballot()))
        .insert(tx)
        .await
}

/// Everything of a grant that stands in its own row.
async fn put(tx: &mut Tx, grant: &Grant) -> Result<(), Error> {
    let terms = &grant.terms;
    let gate = |gate: Gate| grant.gates().iter().any(|(which, state)| *which == gate && state.is_ok());
    let (verified, verified_by, verified_reason) = match grant.verified {
        None => (None, None, None),
        Some(Verified::References) => (Some("references"), None, None),
        Some(Verified::Override { by, reason }) => (Some("override"), Some(by), Some(reason)),
    };
    let answer = grant.proposal.agrees.map(|agrees| if agrees { "agrees" } else { "refuses" });
    let report_reason = grant.report.map_or("", |report| report.reason);
    let due = |deadline: Option<Deadline>| deadline.map(|deadline| deadline.due);
    let next = |deadline: Option<Deadline>| deadline.map(|deadline| deadline.next);
    let finance = grant.finance_due();
    Record::of("grants")
        .key("grant_id", grant.id)
        .first("case_id", grant.case)
        .first("codename", grant.codename.as_str())
        .first("proposer", grant.proposer)
        .first("created_at", grant.created)
        .set("lane", grant.lane)
        .set("stage", grant.stage.as_str())
        .set("money", grant.money.as_str())
        .set("currency", terms.ceiling.currency().code())
        .set("ceiling", terms.ceiling.minor())
        .set("start_on", terms.start)
        .set("end_on", terms.end)
        .set("pay_by", terms.pay_by)
        .set("costs_from", terms.costs_from)
        .set("support_kind", terms.support_kind.as_str_name())
        .set("payment_method", terms.payment_method.as_str_name())
        .set("mode", terms.mode.as_str_name())
        .set("trigger_kind", terms.trigger.as_str_name())
        .set("proposal_message", grant.proposal.message)
        .set("proposal_told_by", grant.proposal.told_by)
        .set("proposal_shown_at", grant.proposal.shown)
        .set("proposal_answer", answer)
        .set("votes_required", grant.votes_required)
        .set("round", grant.round)
        .set("approvals", grant.approvals())
        .set("approval_due", due(grant.approval))
        .set("approval_next", next(grant.approval))
        .set("verified", verified)
        .set("verified_by", verified_by)
        .set("verified_reason", verified_reason)
        .set("voted", gate(Gate::Voted))
        .set("payee_checked", gate(Gate::PayeeChecked))
        .set("agreed", gate(Gate::Agreed))
        .set("funded", gate(Gate::Funded))
        .set("reserved", grant.reserved().minor())
        .set("committed", grant.committed().minor())
        .set("contested", grant.contested().minor())
        .set("report", grant.report.map(|report| report.kind.as_str()))
        .set("report_reason", Value::unless_empty(report_reason))
        .set("report_due", due(grant.report_due))
        .set("report_next", next(grant.report_due))
        .set("close_due", due(grant.close_due))
        .set("close_next", next(grant.close_due))
        .set("for_finance", finance.is_some())
        .set("finance_due", finance)
        .set("draft_due", due(grant.draft_due))
        .set("draft_next", next(grant.draft_due))
        .save(tx)
        .await
}

fn deadline(row: &Row, due: &str, next: &str) -> Result<Option<Deadline>, Error> {
    let (due, next) = (row.timestamp_or_null(due)?, row.timestamp_or_null(next)?);
    Ok(due.zip(next).map(|(due, next)| Deadline { due, next }))
}

fn proposal(row: &Row) -> Result<Proposal, Error> {
    let answer = row.code_or_null("proposal_answer", &["agrees", "refuses"])?;
    Ok(Proposal {
        message: row.id_or_null("proposal_message")?,
        told_by: row.code_or_null("proposal_told_by", codes::TOLD_BY)?,
        shown: row.timestamp_or_null("proposal_shown_at")?,
        agrees: answer.map(|answer| answer == "agrees"),
    })
}

fn verified(row: &Row) -> Result<Option<Verified>, Error> {
    let by: Option<StaffId> = row.id_or_null("verified_by")?;
    let reason = row.code_or_null("verified_reason", codes::WHY_OVERRIDDEN)?;
    match (row.text_or_null("verified")?.as_deref(), by.zip(reason)) {
        (None, _) => Ok(None),
        (Some("references"), _) => Ok(Some(Verified::References)),
        (Some("override"), Some((by, reason))) => Ok(Some(Verified::Override { by, reason })),
        (Some(_), _) => Err(Error::Corrupt("verified".to_owned())),
    }
}

fn report(row: &Row) -> Result<Option<Report>, Error> {
    let kind: Option<ReportKind> = row.parse_or_null("report")?;
    let reason = row.code_or_null("report_reason", codes::WHY_NO_REPORT)?.unwrap_or_default();
    Ok(kind.map(|kind| Report { kind, reason }))
}

fn newest<'a>(sealed: &'a [SealedField], name: &str) -> Option<&'a SealedField> {
    sealed.iter().filter(|field| field.name == name).max_by_key(|field| field.version)
}

fn sealed_terms(sealed: &[SealedField]) -> Result<[SealedField; 3], Error> {
    let [scope, budget, beneficiary] = fields::TERMS.map(|term| newest(sealed, &term.name).cloned());
    let (Some(scope), Some(budget), Some(beneficiary)) = (scope, budget, beneficiary) else {
        return Err(Error::Corrupt("sealed_fields".to_owned()));
    };
    Ok([scope, budget, beneficiary])
}

/// The version of a grant that is not locked.
pub(crate) async fn version(reads: &mut impl Reads, grant: GrantId) -> Result<i64, Error> {
    let query = sql("SELECT seq FROM streams WHERE stream = $1").bind(grant.to_string());
    reads.row(query).await?.map_or(Ok(0), |row| row.int("seq"))
}
