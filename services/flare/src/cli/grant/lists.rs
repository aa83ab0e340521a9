//! Grants of a case, grants that wait for a vote, grants that wait for finance; and one grant on a page.

use clap::Args;
use flare_contracts::grants::v1::{
    GrantSummary, ListCaseGrantsRequest, ListForFinanceRequest, ListMyVotesRequest,
};
use flare_kernel::{CaseId, GrantId};
use serde_json::{Value, json};

use super::{record::GrantRecord, sheet::Sheet};
use crate::cli::{
    CliError, Context, Output,
    case::{
        choices::Worded as _,
        desk::{Desk, call},
        lists::{ListArgs, Pages},
    },
    when,
    words::money,
};

/// `flare grant show`
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// The grant
    grant: GrantId,
}

/// `flare grant list`
#[derive(Args, Debug)]
pub(crate) struct CaseGrantsArgs {
    /// The case
    #[arg(long, value_name = "CASE")]
    case: CaseId,
    #[command(flatten)]
    list: ListArgs,
}

pub(crate) async fn show(context: &Context, args: ShowArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let record = GrantRecord::read(&desk, args.grant, None).await?;
    let shown = record.shown()?;
    let people = desk.staff().await?;
    let sheet = Sheet { record: &record, shown: &shown, people: &people };
    context.output.show(&sheet.json(), |output| sheet.write(output))
}

pub(crate) async fn of_case(context: &Context, args: CaseGrantsArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let case_id = args.case.to_string();
    let mut pages = Pages::new(args.list);
    while let Some((page_size, page_token)) = pages.next() {
        let request = ListCaseGrantsRequest { case_id: case_id.clone(), page_size, page_token };
        let page = call!(desk, grants.list_case_grants(request))?;
        pages.take(page.grants, page.next_page_token);
    }
    list(context, &pages, "The case has no grant.")
}

pub(crate) async fn votes(context: &Context, args: ListArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let mut pages = Pages::new(args);
    while let Some((page_size, page_token)) = pages.next() {
        let page = call!(desk, grants.list_my_votes(ListMyVotesRequest { page_size, page_token }))?;
        pages.take(page.grants, page.next_page_token);
    }
    list(context, &pages, "No grant waits for your vote.")
}

pub(crate) async fn finance(context: &Context, args: ListArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let mut pages = Pages::new(args);
    while let Some((page_size, page_token)) = pages.next() {
        let page = call!(desk, grants.list_for_finance(ListForFinanceRequest { page_size, page_token }))?;
        pages.take(page.grants, page.next_page_token);
    }
    list(context, &pages, "No grant waits for finance.")
}

fn list(context: &Context, pages: &Pages<GrantSummary>, when_empty: &str) -> Result<(), CliError> {
    let grants: Vec<_> = pages.rows.iter().map(summary_json).collect();
    let document = json!({"grants": grants, "next_page_token": pages.rest()});
    context.output.show(&document, |output| {
        if pages.rows.is_empty() {
            return output.line(when_empty);
        }
        let headers = ["case", "lane", "stage", "ceiling", "end", "due", "id"];
        output.table(&headers, pages.rows.iter().map(|grant| row(grant, output)).collect());
        if !pages.rest().is_empty() {
            output.line(format!("There are more: --page-token {}", pages.rest()));
        }
    })
}

fn row(grant: &GrantSummary, output: &Output) -> Vec<String> {
    vec![
        grant.codename.clone(),
        grant.lane().word().to_owned(),
        grant.stage().word().to_owned(),
        money(grant.ceiling.as_ref()),
        grant.end.clone(),
        output.due(grant.due.as_ref()),
        grant.grant_id.clone(),
    ]
}

fn summary_json(grant: &GrantSummary) -> Value {
    json!({
        "grant_id": grant.grant_id,
        "case_id": grant.case_id,
        "codename": grant.codename,
        "lane": grant.lane().word(),
        "stage": grant.stage().word(),
        "ceiling": money(grant.ceiling.as_ref()),
        "end": grant.end,
        "due": when::rfc3339(grant.due.as_ref()),
    })
}
