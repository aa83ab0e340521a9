//! Where a request stands, for whoever holds its receipt.

use flare_edge::receipt::{Grant, GrantStage, Status};
use serde::Serialize;

use super::{ReceiptSource, grants::amount};
use crate::cli::{CliError, Context, Output, words};

pub(super) async fn status(source: ReceiptSource, context: &Context) -> Result<(), CliError> {
    let (_, status) = source.open_with_status(context).await?;
    context.output.show(&status, |out| tell(*out, &status))
}

fn tell(out: Output, status: &Status) {
    out.record(&[
        ("request", out.bold(&status.codename)),
        ("stands", words::standing(status.standing).to_owned()),
        ("received", out.happened_at(status.received)),
        ("we act by", status.we_answer_by.map(|at| out.due_at(at)).unwrap_or_default()),
    ]);
    if !status.open_questions.is_empty() {
        out.heading("We asked you something; answer with: flare receipt answer");
        status.open_questions.iter().for_each(|question| out.line(format!("  {question}")));
    }
    if !status.needs.is_empty() {
        out.heading("Needs");
        let rows = status
            .needs
            .iter()
            .map(|need| vec![words::need(need.kind).to_owned(), said(need.outcome), need.need_id.clone()]);
        out.table(&["need", "outcome", "id"], rows.collect());
    }
    status.grants.iter().for_each(|grant| tell_grant(out, grant));
    out.heading("What happened");
    let rows = status
        .steps
        .iter()
        .map(|step| vec![out.happened_at(step.at), step.what.replace('-', " "), step.about.clone()]);
    out.table(&["when", "what", "about"], rows.collect());
}

fn tell_grant(out: Output, grant: &Grant) {
    out.heading(format!("Help {}", grant.grant_id));
    let waits = match grant {
        grant if grant.stage == GrantStage::Draft && !grant.proposal_message_id.is_empty() => {
            "flare receipt proposal"
        }
        grant if !grant.agreement_message_id.is_empty() && grant.stage == GrantStage::Approved => {
            "flare receipt agree"
        }
        _ => "",
    };
    let dates =
        if grant.start.is_empty() { String::new() } else { format!("{} to {}", grant.start, grant.end) };
    out.record(&[
        ("stage", said(grant.stage)),
        ("up to", amount(grant.ceiling)),
        ("from, to", dates),
        ("report due", grant.report_due.map(|at| out.due_at(at)).unwrap_or_default()),
        ("your turn", waits.to_owned()),
    ]);
    if !grant.tranches.is_empty() {
        let rows = grant
            .tranches
            .iter()
            .map(|tranche| vec![amount(tranche.amount), said(tranche.state), tranche.tranche_id.clone()]);
        out.table(&["payment", "state", "id"], rows.collect());
    }
}

/// A stable code as words.
fn said(code: impl Serialize) -> String {
    let code = serde_json::to_value(code).unwrap_or_default();
    code.as_str().unwrap_or_default().replace('-', " ")
}
