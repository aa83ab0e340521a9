//! The queue, an officer's own cases, and cases that share a way to be reached.

use clap::Args;
use flare_contracts::triage::v1::{CaseSummary, ListMatchesRequest, ListMyCasesRequest, ListQueueRequest};
use flare_kernel::CaseId;
use serde_json::{Value, json};

use super::{
    choices::Worded as _,
    desk::{Desk, PAGE, People, call},
};
use crate::cli::{CliError, Context, Output, when};

/// `flare case queue`, `flare case mine`
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Go on where an earlier list ended
    #[arg(long, value_name = "TOKEN", default_value = "", hide_default_value = true)]
    page_token: String,
}

/// `flare case matches`
#[derive(Args, Debug)]
pub(crate) struct MatchesArgs {
    /// The case
    case: CaseId,
}

pub(crate) async fn queue(context: &Context, args: ListArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let mut pages = Pages::new(args);
    while let Some((page_size, page_token)) = pages.next() {
        let page = call!(desk, triage.list_queue(ListQueueRequest { page_size, page_token }))?;
        pages.take(page.cases, page.next_page_token);
    }
    show(&desk, &pages, "The queue is empty.").await
}

pub(crate) async fn mine(context: &Context, args: ListArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let mut pages = Pages::new(args);
    while let Some((page_size, page_token)) = pages.next() {
        let page = call!(desk, triage.list_my_cases(ListMyCasesRequest { page_size, page_token }))?;
        pages.take(page.cases, page.next_page_token);
    }
    show(&desk, &pages, "You have no open case.").await
}

pub(crate) async fn matches(context: &Context, args: MatchesArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let request = ListMatchesRequest { case_id: args.case.to_string() };
    let cases = call!(desk, triage.list_matches(request))?.cases;
    let pages = Pages { rows: cases, limit: 0, token: None };
    show(&desk, &pages, "No other case shares a way to be reached with this one.").await
}

async fn show(desk: &Desk<'_>, pages: &Pages<CaseSummary>, when_empty: &str) -> Result<(), CliError> {
    let people = desk.staff().await?;
    let output = &desk.context.output;
    let cases: Vec<_> = pages.rows.iter().map(|case| summary_json(case, &people)).collect();
    let document = json!({"cases": cases, "next_page_token": pages.rest()});
    output.show(&document, |output| {
        if pages.rows.is_empty() {
            return output.line(when_empty);
        }
        let headers = ["case", "lane", "stage", "next", "due", "owner", "submitted", "news", "id"];
        output.table(&headers, pages.rows.iter().map(|case| row(case, &people, output)).collect());
        if !pages.rest().is_empty() {
            output.line(format!("There are more: --page-token {}", pages.rest()));
        }
    })
}

fn row(case: &CaseSummary, people: &People, output: &Output) -> Vec<String> {
    let news = if case.has_news { "wrote" } else { "" };
    vec![
        case.codename.clone(),
        case.lane().word().to_owned(),
        case.stage().word().to_owned(),
        case.next.replace('_', " "),
        output.due(case.due.as_ref()),
        people.name(&case.owner),
        output.happened(case.submitted.as_ref()),
        news.to_owned(),
        case.case_id.clone(),
    ]
}

/// A case in a list, as JSON.
pub(crate) fn summary_json(case: &CaseSummary, people: &People) -> Value {
    let owner = (!case.owner.is_empty()).then(|| people.name(&case.owner));
    json!({
        "case_id": case.case_id,
        "codename": case.codename,
        "lane": case.lane().word(),
        "stage": case.stage().word(),
        "owner_id": case.owner,
        "owner": owner,
        "submitted": when::rfc3339(case.submitted.as_ref()),
        "due": when::rfc3339(case.due.as_ref()),
        "next": case.next,
        "has_news": case.has_news,
    })
}

/// The pages of a list, up to as many rows as somebody wants to see.
pub(crate) struct Pages<T> {
    pub(crate) rows: Vec<T>,
    limit: usize,
    /// Where the next page begins; none when there is no next page.
    token: Option<String>,
}

impl<T> Pages<T> {
    pub(crate) fn new(args: ListArgs) -> Self {
        Self { rows: Vec::new(), limit: args.limit as usize, token: Some(args.page_token) }
    }

    /// The size and place of the next page, while one is wanted.
    pub(crate) fn next(&self) -> Option<(i32, String)> {
        let wanted = self.limit.saturating_sub(self.rows.len());
        let page_size = i32::try_from(wanted).unwrap_or(PAGE).min(PAGE);
        self.token.clone().filter(|_| page_size > 0).map(|token| (page_size, token))
    }

    pub(crate) fn take(&mut self, rows: Vec<T>, next: String) {
        self.rows.extend(rows);
        self.token = Some(next).filter(|token| !token.is_empty());
    }

    /// Where the rows that are not shown begin; empty when all are.
    pub(crate) fn rest(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_asked_for_until_enough_rows_are_there_or_no_more_come() {
        let mut pages = Pages::new(ListArgs { limit: 250, page_token: String::new() });
        assert_eq!(pages.next(), Some((200, String::new())));
        pages.take(vec![0; 200], "a".to_owned());
        assert_eq!(pages.next(), Some((50, "a".to_owned())));
        pages.take(vec![0; 50], "b".to_owned());
        assert_eq!((pages.next(), pages.rest()), (None, "b"));

        let mut pages = Pages::new(ListArgs { limit: 250, page_token: "x".to_owned() });
        assert_eq!(pages.next(), Some((200, "x".to_owned())));
        pages.take(vec![0; 3], String::new());
        assert_eq!((pages.next(), pages.rest(), pages.rows.len()), (None, "", 3));
    }
}
