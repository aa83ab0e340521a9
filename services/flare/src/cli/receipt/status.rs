//! Where a request stands, for whoever holds its receipt.

use flare_contracts::intake::v1::{GetStatusResponse, GrantView};
use serde_json::{Value, json};

use super::{ReceiptSource, name_of};
use crate::cli::{
    CliError, Context, Output,
    case::choices::{Worded as _, hyphened},
    when, words,
};

pub(super) async fn status(source: ReceiptSource, context: &Context) -> Result<(), CliError> {
    let (holder, status) = source.open_with_status(context).await?;
    let name = name_of(&holder);
    context.output.show(&document(&status, &name), |out| tell(*out, &status, &name))
}

fn tell(out: Output, status: &GetStatusResponse, name: &str) {
    out.record(&[
        ("request", out.bold(name)),
        ("stands", words::standing(status.standing()).to_owned()),
        ("received", out.happened(status.received.as_ref())),
        (
            "we act by",
            if status.we_answer_by.is_some() { out.due(status.we_answer_by.as_ref()) } else { String::new() },
        ),
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
            .map(|need| vec![words::need(need.kind()).to_owned(), said(&need.outcome), need.need_id.clone()]);
        out.table(&["need", "outcome", "id"], rows.collect());
    }
    status.grants.iter().for_each(|grant| tell_grant(out, grant));
    out.heading("What happened");
    let rows = status
        .steps
        .iter()
        .map(|step| vec![out.happened(step.at.as_ref()), said(&step.what), step.about.clone()]);
    out.table(&["when", "what", "about"], rows.collect());
}

fn tell_grant(out: Output, grant: &GrantView) {
    out.heading(format!("Help {}", grant.grant_id));
    let waits = match grant {
        grant if grant.stage == "draft" && !grant.proposal_message_id.is_empty() => "flare receipt proposal",
        grant if !grant.agreement_message_id.is_empty() && grant.stage == "approved" => "flare receipt agree",
        _ => "",
    };
    let dates =
        if grant.start.is_empty() { String::new() } else { format!("{} to {}", grant.start, grant.end) };
    out.record(&[
        ("stage", said(&grant.stage)),
        ("up to", words::money(grant.ceiling.as_ref())),
        ("from, to", dates),
        (
            "report due",
            if grant.report_due.is_some() { out.due(grant.report_due.as_ref()) } else { String::new() },
        ),
        ("your turn", waits.to_owned()),
    ]);
    if !grant.tranches.is_empty() {
        let rows = grant.tranches.iter().map(|tranche| {
            vec![words::money(tranche.amount.as_ref()), said(&tranche.state), tranche.tranche_id.clone()]
        });
        out.table(&["payment", "state", "id"], rows.collect());
    }
}

/// A stable code as words.
fn said(code: &str) -> String {
    code.replace('_', " ")
}

fn document(status: &GetStatusResponse, name: &str) -> Value {
    let amount = |money: Option<&flare_contracts::common::v1::Money>| money.map(|_| words::money(money));
    json!({
        "case_id": status.case_id,
        "codename": name,
        "version": status.version,
        "standing": words::standing_code(status.standing()),
        "received": when::rfc3339(status.received.as_ref()),
        "we_answer_by": when::rfc3339(status.we_answer_by.as_ref()),
        "open_questions": status.open_questions,
        "needs": status.needs.iter().map(|need| json!({
            "need_id": need.need_id, "kind": need.kind().word(), "outcome": hyphened(&need.outcome),
        })).collect::<Vec<_>>(),
        "grants": status.grants.iter().map(|grant| json!({
            "grant_id": grant.grant_id, "stage": hyphened(&grant.stage), "ceiling": amount(grant.ceiling.as_ref()),
            "start": grant.start, "end": grant.end, "report_due": when::rfc3339(grant.report_due.as_ref()),
            "proposal_message_id": grant.proposal_message_id, "agreement_message_id": grant.agreement_message_id,
            "tranches": grant.tranches.iter().map(|tranche| json!({
                "tranche_id": tranche.tranche_id, "amount": amount(tranche.amount.as_ref()), "state": hyphened(&tranche.state),
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "steps": status.steps.iter().map(|step| json!({
            "what": hyphened(&step.what), "at": when::rfc3339(step.at.as_ref()), "about": step.about,
        })).collect::<Vec<_>>(),
    })
}
