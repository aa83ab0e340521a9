//! The queue, an officer's own cases, and cases that share a way to be reached.

use clap::Args;
use flare_contracts::{triage::v1::WaitsFor, words::Worded as _};
use flare_edge::desk::{CaseName, QueueCount, QueueLine, QueuePage, Wanted};

use super::choices::worded;
use crate::cli::{CliError, Context, Output, when};

/// The columns of a list of cases.
const COLUMNS: [&str; 9] = ["case", "lane", "next", "due", "news", "owner", "stage", "submitted", "due at"];
/// Those of them that a row can do without, the first of them first.
const DISPENSABLE: [&str; 4] = ["due at", "submitted", "stage", "owner"];

/// How much of a list is shown.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Go on where an earlier list ended
    #[arg(long, value_name = "TOKEN", default_value = "", hide_default_value = true)]
    page_token: String,
}

/// `flare case queue`, `flare case mine`
#[derive(Args, Debug)]
pub(crate) struct QueueArgs {
    #[command(flatten)]
    list: ListArgs,
    /// Show the cases that wait for somebody else [else: those that wait for us]
    #[arg(long, value_name = "WHO", value_parser = worded::<WaitsFor>())]
    group: Option<WaitsFor>,
}

/// `flare case matches`
#[derive(Args, Debug)]
pub(crate) struct MatchesArgs {
    /// The case
    case: CaseName,
}

impl From<ListArgs> for Wanted {
    fn from(args: ListArgs) -> Self {
        Self { most: args.limit as usize, page_token: args.page_token }
    }
}

pub(crate) async fn queue(context: &Context, args: QueueArgs) -> Result<(), CliError> {
    let page = context.desk().await?.queue_page(args.group, args.list.into()).await?;
    show_queue(context, &page, args.group, ("queue", "No case"))
}

pub(crate) async fn mine(context: &Context, args: QueueArgs) -> Result<(), CliError> {
    let page = context.desk().await?.my_cases_page(args.group, args.list.into()).await?;
    show_queue(context, &page, args.group, ("mine", "None of your cases"))
}

pub(crate) async fn matches(context: &Context, args: MatchesArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let page = desk.matches(desk.find_case(&args.case).await?).await?;
    context.output.show(&page, |output| {
        write_cases(output, &page, "No other case shares a way to be reached with this one.");
    })
}

/// The cases of one group, and how many are in each of the others. `command` lists them.
fn show_queue(
    context: &Context,
    page: &QueuePage,
    group: Option<WaitsFor>,
    (command, none): (&str, &str),
) -> Result<(), CliError> {
    let group = group.unwrap_or(WaitsFor::Us);
    context.output.show(page, |output| {
        write_cases(output, page, &format!("{none} waits for {}.", whom(group)));
        for line in folded(&page.counts, group, command) {
            output.line(line);
        }
    })
}

fn write_cases(output: &Output, page: &QueuePage, when_empty: &str) {
    if page.cases.is_empty() {
        return output.line(when_empty);
    }
    let rows: Vec<_> = page.cases.iter().map(|case| row(case, output)).collect();
    output.table_that_fits(&COLUMNS, &rows, &DISPENSABLE);
    if !page.next_page_token.is_empty() {
        output.line(format!("There are more: --page-token {}", page.next_page_token));
    }
}

fn row(case: &QueueLine, output: &Output) -> Vec<String> {
    vec![
        case.codename.clone(),
        case.lane.word().to_owned(),
        case.next.replace('_', " "),
        output.left(case.due),
        if case.has_news { "wrote".to_owned() } else { String::new() },
        case.owner.clone().unwrap_or_default(),
        case.stage.word().to_owned(),
        output.ago(case.submitted),
        when::told(case.due, when::utc),
    ]
}

/// A line for each group that is not shown and in which there are cases: how many, and how to see them.
fn folded(counts: &[QueueCount], shown: WaitsFor, command: &str) -> Vec<String> {
    let others = counts.iter().filter(|count| count.waits_for != shown && count.cases > 0);
    let line = |count: &QueueCount| {
        let more = if count.cases < QueueCount::MOST { "" } else { " or more" };
        let (cases, group) = (count.cases, count.waits_for);
        format!("Waiting for {}: {cases}{more} · flare case {command} --group {}", whom(group), group.word())
    };
    others.map(line).collect()
}

/// Whom the cases of a group wait for.
const fn whom(group: WaitsFor) -> &'static str {
    match group {
        WaitsFor::Unspecified => "nobody",
        WaitsFor::Us => "us",
        WaitsFor::Requester => "the requester",
        WaitsFor::Votes => "votes",
        WaitsFor::Referral => "another organisation",
        WaitsFor::Grant => "a grant that is under way",
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{common::v1::Lane, triage::v1::Stage};
    use flare_kernel::{Duration, Timestamp};

    use super::*;
    use crate::cli::output::table_that_fits;

    #[test]
    fn each_group_that_is_not_shown_is_told_in_a_line_with_the_way_to_see_it() {
        let count = |waits_for: WaitsFor, cases: i64| QueueCount { waits_for, cases };
        let counts = [
            count(WaitsFor::Us, 4),
            count(WaitsFor::Requester, 2),
            count(WaitsFor::Votes, 0),
            count(WaitsFor::Referral, 999),
            count(WaitsFor::Grant, 1_000),
        ];
        let us = "Waiting for us: 4 · flare case mine --group us";
        let requester = "Waiting for the requester: 2 · flare case mine --group requester";
        let referral = "Waiting for another organisation: 999 · flare case mine --group referral";
        let grant = "Waiting for a grant that is under way: 1000 or more · flare case mine --group grant";
        for (counts, shown, lines) in [
            (&counts[..], WaitsFor::Us, vec![requester, referral, grant]),
            (&counts, WaitsFor::Requester, vec![us, referral, grant]),
            (&counts, WaitsFor::Votes, vec![us, requester, referral, grant]),
            (&counts[..1], WaitsFor::Us, vec![]),
            (&[], WaitsFor::Us, vec![]),
        ] {
            assert_eq!(folded(counts, shown, "mine"), lines, "{shown:?}");
        }
    }

    /// The longest that stands in each column, but for the owner, whose name may be of any length.
    #[test]
    fn a_row_of_the_queue_fits_terminals_of_80_100_and_140_columns() {
        let now = Timestamp::from_micros(1_795_300_000_000_000);
        let (output, long_ago) = (Output::new(false, now), Some(now.plus(Duration::from_hours(-24 * 3_000))));
        let case = |owner: &str| QueueLine {
            case_id: "case_00000000000000000000000000".to_owned(),
            codename: "graceful-terrapin-27".to_owned(),
            lane: Lane::Critical,
            stage: Stage::AwaitingRequester,
            owner_id: "staff_1".to_owned(),
            owner: Some(owner.to_owned()),
            submitted: long_ago,
            due: long_ago,
            next: "welfare_check".to_owned(),
            has_news: true,
            waits_for: WaitsFor::Us,
        };
        for (owner, most, columns) in [
            ("amal", 80, 6),
            ("amal", 100, 7),
            ("amal", 140, 9),
            ("a name that is much longer than most", 80, 5),
            ("a name that is much longer than most", 100, 5),
            ("a name that is much longer than most", 140, 8),
        ] {
            let rows = [row(&case(owner), &output)];
            let shown = table_that_fits(&COLUMNS, &rows, &DISPENSABLE, Some(most));
            assert!(shown.lines().all(|line| line.chars().count() <= most), "{most}\n{shown}");
            let kept = COLUMNS.iter().filter(|column| shown.contains(&column.to_uppercase())).count();
            assert_eq!(kept, columns, "{most}\n{shown}");
        }
    }
}
