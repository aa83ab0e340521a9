//! A grant's own row, and a grant put together from all its rows.

use flare_contracts::{common::v1::SealedField, grants::v1::Gate};
use flare_kernel::{CaseId, Currency, GrantId, Lane, StaffId};
use flare_store::{Error, Row, Tx, sql};

use super::{
    Read, children, keys, payments,
    read::{choice, code, corrupt, id, instant, micros, money, number, parsed, text},
};
use crate::domain::{
    Deadline, Grant, OVERRIDE_REASONS, PAYEE, Proposal, REPORT_REASONS, Report, ReportKind, SEALED_TERMS,
    Stage, TOLD_BY, Terms, Verified,
};

/// Everything of a grant that stands in its own row.
const PUT: &str = "INSERT INTO grants (grant_id, case_id, proposer, created_at, lane, stage, money, currency, ceiling, start_on, end_on, \
            pay_by, costs_from, support_kind, payment_method, mode, trigger_kind, proposal_message, \
            proposal_told_by, proposal_shown_at, proposal_answer, votes_required, round, approvals, \
            approval_due, approval_next, verified, verified_by, verified_reason, voted, payee_checked, agreed, \
            funded, reserved, committed, contested, report, report_reason, report_due, report_next, close_due, close_next, \
            for_finance, finance_due, draft_due, draft_next) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
            $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, \
            $42, $43, $44, $45, $46) \
            ON CONFLICT (grant_id) DO UPDATE SET lane = excluded.lane, stage = excluded.stage, money = excluded.money, currency = excluded.currency, \
            ceiling = excluded.ceiling, start_on = excluded.start_on, end_on = excluded.end_on, \
            pay_by = excluded.pay_by, costs_from = excluded.costs_from, support_kind = excluded.support_kind, \
            payment_method = excluded.payment_method, mode = excluded.mode, \
            trigger_kind = excluded.trigger_kind, proposal_message = excluded.proposal_message, \
            proposal_told_by = excluded.proposal_told_by, proposal_shown_at = excluded.proposal_shown_at, \
            proposal_answer = excluded.proposal_answer, votes_required = excluded.votes_required, \
            round = excluded.round, approvals = excluded.approvals, approval_due = excluded.approval_due, \
            approval_next = excluded.approval_next, verified = excluded.verified, \
            verified_by = excluded.verified_by, verified_reason = excluded.verified_reason, \
            voted = excluded.voted, payee_checked = excluded.payee_checked, agreed = excluded.agreed, \
            funded = excluded.funded, reserved = excluded.reserved, committed = excluded.committed, \
            contested = excluded.contested, report = excluded.report, report_reason = excluded.report_reason, report_due = excluded.report_due, \
            report_next = excluded.report_next, close_due = excluded.close_due, \
            close_next = excluded.close_next, for_finance = excluded.for_finance, \
            finance_due = excluded.finance_due, draft_due = excluded.draft_due, \
            draft_next = excluded.draft_next";

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
pub(crate) async fn find(read: &mut impl Read, grant: GrantId) -> Result<Option<Grant>, Error> {
    let query = sql("SELECT * FROM grants WHERE grant_id = $1").bind(grant.to_string());
    let Some(row) = read.row(query).await? else { return Ok(None) };
    let currency: Currency = row.parse("currency")?;
    let sealed = children::sealed(read, grant).await?;
    let needs = children::needs(read, grant).await?;
    let terms = Terms {
        ceiling: money(&row, "ceiling", currency)?,
        start: row.parse("start_on")?,
        end: row.parse("end_on")?,
        pay_by: row.parse("pay_by")?,
        costs_from: parsed(&row, "costs_from")?,
        support_kind: choice(&row, "support_kind")?,
        payment_method: choice(&row, "payment_method")?,
        mode: choice(&row, "mode")?,
        trigger: choice(&row, "trigger_kind")?,
        needs,
        sealed: sealed_terms(&sealed)?,
    };
    Ok(Some(Grant {
        id: row.id("grant_id")?,
        case: row.id("case_id")?,
        proposer: row.id("proposer")?,
        created: row.timestamp("created_at")?,
        lane: lane(&row)?,
        stage: row.parse("stage")?,
        money: row.parse("money")?,
        terms,
        proposal: proposal(&row)?,
        votes_required: number(&row, "votes_required")?,
        round: number(&row, "round")?,
        votes: children::votes(read, grant, &sealed).await?,
        conflicts: children::conflicts(read, grant).await?,
        draft_due: deadline(&row, "draft_due", "draft_next")?,
        approval: deadline(&row, "approval_due", "approval_next")?,
        verified: verified(&row)?,
        voted: row.flag("voted")?,
        payee: children::payee(read, grant, newest(&sealed, PAYEE)).await?,
        agreement: children::agreement(read, grant).await?,
        reservations: payments::reservations(read, grant).await?,
        advance: payments::advance(read, grant, currency).await?,
        tranches: payments::tranches(read, grant).await?,
        report: report(&row)?,
        report_due: deadline(&row, "report_due", "report_next")?,
        close_due: deadline(&row, "close_due", "close_next")?,
        closing: payments::closing(read, grant, currency).await?,
        epochs: keys::newest(read, grant).await?,
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
    let query = sql("INSERT INTO submissions (grant_id, round, submitted_by, submitted_at, shown) \
                     VALUES ($1, $2, $3, $4, $5)");
    tx.execute(
        query
            .bind(grant.id.to_string())
            .bind(i64::from(grant.round))
            .bind(by.to_owned())
            .bind(tx.now().as_micros())
            .bind(grant.terms.shown(grant.id, grant.case, grant.ballot())),
    )
    .await
    .map(drop)
}

async fn put(tx: &mut Tx, grant: &Grant) -> Result<(), Error> {
    let terms = &grant.terms;
    let gate =
        |gate: Gate| i64::from(grant.gates().iter().any(|(which, state)| *which == gate && state.is_ok()));
    let (verified, verified_by, verified_reason) = match grant.verified {
        None => ("", String::new(), ""),
        Some(Verified::References) => ("references", String::new(), ""),
        Some(Verified::Override { by, reason }) => ("override", by.to_string(), reason),
    };
    let answer = match grant.proposal.agrees {
        None => "",
        Some(true) => "agrees",
        Some(false) => "refuses",
    };
    let due = |deadline: Option<Deadline>| micros(deadline.map(|deadline| deadline.due));
    let next = |deadline: Option<Deadline>| micros(deadline.map(|deadline| deadline.next));
    let finance = grant.finance_due();
    tx.execute(
        sql(PUT)
            .bind(grant.id.to_string())
            .bind(grant.case.to_string())
            .bind(grant.proposer.to_string())
            .bind(grant.created.as_micros())
            .bind(grant.lane.as_i64())
            .bind(grant.stage.as_str())
            .bind(grant.money.as_str())
            .bind(terms.ceiling.currency().code())
            .bind(terms.ceiling.minor())
            .bind(terms.start.to_string())
            .bind(terms.end.to_string())
            .bind(terms.pay_by.to_string())
            .bind(text(terms.costs_from))
            .bind(i64::from(terms.support_kind as i32))
            .bind(i64::from(terms.payment_method as i32))
            .bind(i64::from(terms.mode as i32))
            .bind(i64::from(terms.trigger as i32))
            .bind(text(grant.proposal.message))
            .bind(text(grant.proposal.told_by))
            .bind(micros(grant.proposal.shown))
            .bind(answer)
            .bind(i64::from(grant.votes_required))
            .bind(i64::from(grant.round))
            .bind(i64::from(grant.approvals()))
            .bind(due(grant.approval))
            .bind(next(grant.approval))
            .bind(verified)
            .bind(verified_by)
            .bind(verified_reason)
            .bind(gate(Gate::Voted))
            .bind(gate(Gate::PayeeChecked))
            .bind(gate(Gate::Agreed))
            .bind(gate(Gate::Funded))
            .bind(grant.reserved().minor())
            .bind(grant.committed().minor())
            .bind(grant.contested().minor())
            .bind(grant.report.map_or("", |report| report.kind.as_str()))
            .bind(grant.report.map_or("", |report| report.reason))
            .bind(due(grant.report_due))
            .bind(next(grant.report_due))
            .bind(due(grant.close_due))
            .bind(next(grant.close_due))
            .bind(i64::from(finance.is_some()))
            .bind(micros(finance))
            .bind(due(grant.draft_due))
            .bind(next(grant.draft_due)),
    )
    .await
    .map(drop)
}

fn lane(row: &Row) -> Result<Lane, Error> {
    Lane::from_i64(row.int("lane")?).map_err(|_| corrupt("lane"))
}

fn deadline(row: &Row, due: &str, next: &str) -> Result<Option<Deadline>, Error> {
    let (due, next) = (instant(row, due)?, instant(row, next)?);
    Ok(due.zip(next).map(|(due, next)| Deadline { due, next }))
}

fn proposal(row: &Row) -> Result<Proposal, Error> {
    Ok(Proposal {
        message: id(row, "proposal_message")?,
        told_by: code(row, "proposal_told_by", TOLD_BY)?,
        shown: instant(row, "proposal_shown_at")?,
        agrees: code(row, "proposal_answer", &["agrees", "refuses"])?.map(|answer| answer == "agrees"),
    })
}

fn verified(row: &Row) -> Result<Option<Verified>, Error> {
    let by: Option<StaffId> = id(row, "verified_by")?;
    let reason = code(row, "verified_reason", OVERRIDE_REASONS)?;
    match (row.text("verified")?.as_str(), by.zip(reason)) {
        ("", _) => Ok(None),
        ("references", _) => Ok(Some(Verified::References)),
        ("override", Some((by, reason))) => Ok(Some(Verified::Override { by, reason })),
        _ => Err(corrupt("verified")),
    }
}

fn report(row: &Row) -> Result<Option<Report>, Error> {
    let kind: Option<ReportKind> = parsed(row, "report")?;
    let reason = code(row, "report_reason", REPORT_REASONS)?.unwrap_or("");
    Ok(kind.map(|kind| Report { kind, reason }))
}

fn newest<'a>(sealed: &'a [SealedField], name: &str) -> Option<&'a SealedField> {
    sealed.iter().filter(|field| field.name == name).max_by_key(|field| field.version)
}

fn sealed_terms(sealed: &[SealedField]) -> Result<[SealedField; 3], Error> {
    let [scope, budget, beneficiary] = SEALED_TERMS.map(|(name, _)| newest(sealed, name).cloned());
    let (Some(scope), Some(budget), Some(beneficiary)) = (scope, budget, beneficiary) else {
        return Err(corrupt("sealed_fields"));
    };
    Ok([scope, budget, beneficiary])
}

/// The version of a grant as a reader outside any transaction sees it. Read before the grant itself, it is never newer
/// than what is shown with it: whoever acts on a stale view is told so.
pub(crate) async fn version(read: &mut impl Read, grant: GrantId) -> Result<i64, Error> {
    let query = sql("SELECT seq FROM streams WHERE stream = $1").bind(grant.to_string());
    read.row(query).await?.map_or(Ok(0), |row| row.int("seq"))
}
