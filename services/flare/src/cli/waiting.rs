//! `flare waiting`: what waits for the person who is logged in, across cases and grants.

use clap::Args;
use flare_contracts::words::Worded as _;
use flare_edge::desk::{Asked, WaitingLine};

use super::{CliError, Context, Output};

/// The columns of the table.
const COLUMNS: [&str; 6] = ["case", "lane", "what", "due", "next", "look at it: flare"];
/// Those of them that a row can do without, the first of them first.
const DISPENSABLE: [&str; 3] = ["next", "what", "lane"];

/// `flare waiting`
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  flare waiting\n  flare waiting --limit 10")]
pub(crate) struct WaitingArgs {
    /// How many of each kind at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
}

/// Shows it.
pub(crate) async fn run(args: WaitingArgs, context: &Context) -> Result<(), CliError> {
    let waiting = context.desk().await?.waiting(args.limit as usize).await?;
    context.output.show(&waiting, |output| {
        if waiting.waiting.is_empty() {
            return output.line("Nothing waits for you.");
        }
        let rows: Vec<_> = waiting.waiting.iter().map(|line| row(line, output)).collect();
        output.table_that_fits(&COLUMNS, &rows, &DISPENSABLE);
        if waiting.more {
            output.line("There is more: give a larger --limit.");
        }
    })
}

fn row(line: &WaitingLine, output: &Output) -> Vec<String> {
    let (what, command) = match line.asked {
        Asked::Case => ("case", "case show"),
        Asked::Vote => ("your vote", "grant show"),
        Asked::Finance => ("finance", "grant show"),
    };
    vec![
        line.codename.clone(),
        line.lane.word().to_owned(),
        what.to_owned(),
        output.left(line.due),
        line.next.replace('_', " "),
        format!("{command} {}", line.codename),
    ]
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_kernel::{Duration, Timestamp};

    use super::*;
    use crate::cli::output::table_that_fits;

    #[test]
    fn no_row_breaks_on_the_narrowest_terminal() {
        let now = Timestamp::from_micros(1_795_300_000_000_000);
        let output = Output::new(false, now);
        let line = WaitingLine {
            asked: Asked::Vote,
            codename: "adjectiv-animalss-27".to_owned(),
            case_id: String::new(),
            grant_id: String::new(),
            lane: Lane::Critical,
            next: "in-approval".to_owned(),
            due: Some(now.plus(Duration::from_hours(-999))),
        };
        for width in [80, 100, 140] {
            let table = table_that_fits(&COLUMNS, &[row(&line, &output)], &DISPENSABLE, Some(width));
            assert!(table.lines().all(|line| line.chars().count() <= width), "{width}:\n{table}");
            assert_eq!(table.matches("grant show adjectiv-animalss-27").count(), 1, "{table}");
        }
    }
}
