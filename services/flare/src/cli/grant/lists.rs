//! Grants of a case, grants that wait for a vote, grants that wait for finance; and one grant on a page.

use clap::Args;
use flare_contracts::words::Worded as _;
use flare_edge::desk::{CaseName, GrantLine, GrantName, GrantPage, GrantSheet};

use super::sheet;
use crate::cli::{CliError, Context, Output, case::lists::ListArgs, when};

/// The columns of a list of grants of several cases.
const COLUMNS: [&str; 7] = ["case", "lane", "stage", "due", "ceiling", "end", "due at"];
/// The columns of a list of one case's grants: nothing but their ids tells them apart.
const COLUMNS_OF_A_CASE: [&str; 7] = ["stage", "due", "ceiling", "id", "lane", "end", "due at"];
/// Those of them that a row can do without, the first of them first.
const DISPENSABLE: [&str; 3] = ["due at", "end", "lane"];

/// `flare grant show`
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// The grant
    grant: GrantName,
}

/// `flare grant list`
#[derive(Args, Debug)]
pub(crate) struct CaseGrantsArgs {
    /// The case
    #[arg(long, value_name = "CASE")]
    case: CaseName,
    #[command(flatten)]
    list: ListArgs,
}

pub(crate) async fn show(context: &Context, args: ShowArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let record = desk.grant(desk.find_grant(&args.grant).await?, None).await?;
    let proposal = record.proposal()?;
    let people = desk.people().await?;
    let sheet = GrantSheet::of(&record, &proposal, &people);
    context.output.show(&sheet, |output| sheet::write(output, &sheet, &people))
}

pub(crate) async fn of_case(context: &Context, args: CaseGrantsArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let page = desk.case_grants(desk.find_case(&args.case).await?, args.list.into()).await?;
    list(context, &page, &COLUMNS_OF_A_CASE, "The case has no grant.")
}

pub(crate) async fn votes(context: &Context, args: ListArgs) -> Result<(), CliError> {
    let page = context.desk().await?.my_votes(args.into()).await?;
    list(context, &page, &COLUMNS, "No grant waits for your vote.")
}

pub(crate) async fn finance(context: &Context, args: ListArgs) -> Result<(), CliError> {
    let page = context.desk().await?.grants_for_finance(args.into()).await?;
    list(context, &page, &COLUMNS, "No grant waits for finance.")
}

fn list(context: &Context, page: &GrantPage, columns: &[&str], when_empty: &str) -> Result<(), CliError> {
    context.output.show(page, |output| {
        if page.grants.is_empty() {
            return output.line(when_empty);
        }
        let rows: Vec<_> = page.grants.iter().map(|grant| row(grant, columns, output)).collect();
        output.table_that_fits(columns, &rows, &DISPENSABLE);
        if !page.next_page_token.is_empty() {
            output.line(format!("There are more: --page-token {}", page.next_page_token));
        }
    })
}

fn row(grant: &GrantLine, columns: &[&str], output: &Output) -> Vec<String> {
    let cell = |column: &&str| match *column {
        "case" => grant.codename.clone(),
        "lane" => grant.lane.word().to_owned(),
        "stage" => grant.stage.word().to_owned(),
        "due" => output.left(grant.due),
        "ceiling" => grant.ceiling.clone(),
        "end" => grant.end.clone(),
        "due at" => when::told(grant.due, when::utc),
        _ => grant.grant_id.clone(),
    };
    columns.iter().map(cell).collect()
}

#[cfg(test)]
mod tests {
    use flare_contracts::{common::v1::Lane, grants::v1::GrantStage};
    use flare_kernel::{Duration, GrantId, Timestamp};

    use super::*;
    use crate::cli::output::table_that_fits;

    #[test]
    fn a_row_of_grants_fits_terminals_of_80_100_and_140_columns() {
        let now = Timestamp::from_micros(1_795_300_000_000_000);
        let output = Output::new(false, now);
        let grant = GrantLine {
            grant_id: GrantId::from_bytes([0xff; 16]).to_string(),
            case_id: String::new(),
            codename: "graceful-terrapin-27".to_owned(),
            lane: Lane::Critical,
            stage: GrantStage::InApproval,
            ceiling: "123456.78 EUR".to_owned(),
            end: "2027-02-28".to_owned(),
            due: Some(now.plus(Duration::from_hours(-24 * 3_000))),
        };
        for (columns, most, kept) in [
            (&COLUMNS, 80, &["case", "lane", "stage", "due", "ceiling"][..]),
            (&COLUMNS, 100, &COLUMNS[..6]),
            (&COLUMNS, 140, &COLUMNS),
            (&COLUMNS_OF_A_CASE, 80, &["stage", "due", "ceiling", "id"]),
            (&COLUMNS_OF_A_CASE, 100, &COLUMNS_OF_A_CASE[..6]),
            (&COLUMNS_OF_A_CASE, 140, &COLUMNS_OF_A_CASE),
        ] {
            let shown = table_that_fits(columns, &[row(&grant, columns, &output)], &DISPENSABLE, Some(most));
            assert!(shown.lines().all(|line| line.chars().count() <= most), "{most}\n{shown}");
            let headers = shown.lines().next().unwrap().to_lowercase();
            let headers: Vec<_> =
                headers.split("  ").map(str::trim).filter(|part| !part.is_empty()).collect();
            assert_eq!(headers, kept, "{most}");
        }
    }
}
