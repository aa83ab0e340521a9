//! A grant on one page. What stands under "What is voted on" is exactly what a vote signs.

use flare_contracts::words::Worded as _;
use flare_edge::desk::{GrantSheet, People, Proof, grant_sheet::SheetVote};
use flare_kernel::Timestamp;

use crate::cli::{
    Output,
    output::{indented, isolated},
};

/// Writes a grant out.
pub(crate) fn write(output: &Output, sheet: &GrantSheet, people: &People) {
    write_standing(output, sheet, people);
    write_voted(output, sheet);
    write_votes(output, sheet, people);
    write_gates(output, sheet, people);
    write_money(output, sheet, people);
}

fn write_standing(output: &Output, sheet: &GrantSheet, people: &People) {
    let held = if sheet.money_held { output.red("all money of this grant is held") } else { String::new() };
    let seen = match (sheet.requester_saw_proposal, sheet.proposal_message_id.as_str()) {
        (true, _) => "the requester has seen it and agrees, or was told",
        (false, "") => "not shown to the requester yet",
        (false, _) => "shown; the requester has not agreed",
    };
    let close = sheet.close.as_ref().map(|close| {
        let by = isolated(&people.name(&close.proposed_by));
        format!("{}, {} unspent, proposed by {by}", close.outcome, close.unspent)
    });
    let due = |at: Option<Timestamp>| at.map(|at| output.due_at(at)).unwrap_or_default();
    output.record(&[
        ("grant", sheet.grant_id.clone()),
        ("case", format!("{} ({})", sheet.codename, sheet.case_id)),
        ("stage", sheet.stage.word().to_owned()),
        ("lane", sheet.lane.word().to_owned()),
        ("proposer", people.name(&sheet.proposer)),
        ("proposal", seen.to_owned()),
        ("votes due", due(sheet.approval_due)),
        ("report due", due(sheet.report_due)),
        ("report", sheet.report.clone()),
        ("close", close.unwrap_or_default()),
        ("money", held),
        ("version", sheet.version.to_string()),
    ]);
}

fn write_voted(output: &Output, sheet: &GrantSheet) {
    let terms = &sheet.terms;
    output.heading("What is voted on");
    output.record(&[
        ("ceiling", terms.ceiling.clone()),
        ("from – to", format!("{} – {}", terms.start, terms.end)),
        ("pay by", terms.pay_by.clone()),
        ("costs from", terms.costs_from.clone()),
        ("support", terms.support.word().to_owned()),
        ("method", terms.method.word().to_owned()),
        ("mode", terms.mode.word().to_owned()),
        ("trigger", terms.trigger.word().to_owned()),
        ("needs", terms.need_ids.join("\n")),
        ("beneficiary", isolated(&terms.beneficiary)),
        ("scope", isolated(&terms.scope)),
        ("budget", isolated(&terms.budget)),
        ("round", sheet.round.to_string()),
    ]);
    output.line(format!("What is shown here is what you sign: {}", sheet.shown_digest));
}

fn write_votes(output: &Output, sheet: &GrantSheet, people: &People) {
    output.heading(format!("Votes ({} needed)", sheet.votes_required));
    if sheet.votes.is_empty() {
        output.line("(none yet)");
    }
    for SheetVote { voter, decision, round, at, signature, words } in &sheet.votes {
        let line = format!(
            "{} · {} · round {round} · {} · {}",
            isolated(&people.name(voter)),
            decision.word(),
            output.happened_at(*at),
            signature.word()
        );
        let is_bad = match signature {
            Proof::Wrong | Proof::Unvouched => true,
            Proof::OnThis | Proof::OnEarlier => false,
        };
        output.line(if is_bad { output.red(line) } else { line });
        if let Some(words) = words {
            output.line(indented(&isolated(words)));
        }
    }
    if !sheet.conflicted.is_empty() {
        output.line(format!("Conflict of interest: {}", names(&sheet.conflicted, people)));
    }
}

fn write_gates(output: &Output, sheet: &GrantSheet, people: &People) {
    output.heading("Gates");
    let rows = sheet.gates.iter().map(|gate| {
        let open = if gate.open { "open" } else { "closed" };
        vec![gate.gate.word().to_owned(), open.to_owned(), gate.how.replace('_', " ")]
    });
    output.table(&["gate", "", "how"], rows.collect());
    // Nobody has no name: what nobody did is left out.
    output.record(&[
        ("payee", isolated(sheet.payee.as_deref().unwrap_or_default())),
        ("payee entered by", people.name(&sheet.payee_entered_by)),
        ("payee checked by", people.name(&sheet.payee_checked_by)),
        ("agreement heard by", people.name(&sheet.agreement_witness)),
    ]);
}

fn write_money(output: &Output, sheet: &GrantSheet, people: &People) {
    if !sheet.reservations.is_empty() {
        output.heading("Funds");
        let rows: Vec<_> = sheet
            .reservations
            .iter()
            .map(|one| vec![isolated(&one.fund), one.amount.clone(), people.name(&one.by)])
            .collect();
        output.table_that_fits(&["fund", "amount", "by"], &rows, &["by"]);
    }
    if let Some(advance) = &sheet.advance {
        let by = names(&advance.authorised_by, people);
        output.line(format!("Advance: {} authorised by {by}", advance.amount));
    }
    if !sheet.tranches.is_empty() {
        output.heading("Payments");
        let rows: Vec<_> = sheet
            .tranches
            .iter()
            .map(|tranche| {
                vec![
                    tranche.amount.clone(),
                    tranche.due.clone(),
                    tranche.state.word().to_owned(),
                    tranche.arrived.clone().unwrap_or_default(),
                    if tranche.advance { "advance".to_owned() } else { String::new() },
                    tranche.tranche_id.clone(),
                ]
            })
            .collect();
        let headers = ["amount", "due", "state", "arrived", "", "id"];
        output.table_that_fits(&headers, &rows, &["arrived", ""]);
    }
}

/// The names of several people in a line.
fn names(ids: &[String], people: &People) -> String {
    ids.iter().map(|id| isolated(&people.name(id))).collect::<Vec<_>>().join(", ")
}
