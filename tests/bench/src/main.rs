//! `cargo xtask bench`: how fast and how large. Every figure is measured here and printed with what it was measured
//! against; nothing in the tests depends on one.
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads its addresses from the environment and the clock itself"
)]

mod forbidden_words;
mod installation;
mod latency;
mod pages;
mod people;
mod portal;
mod queue_list;
mod requests;
mod start;
mod throughput;

use clap::{Parser, ValueEnum};

/// Why a measurement broke off.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Measures Flare. The servers are those that `FLARE_TEST_POSTGRES`, `FLARE_TEST_RABBITMQ` and `FLARE_TEST_REDIS` name.
#[derive(Parser)]
struct Args {
    /// Only this figure, instead of all
    #[arg(long)]
    only: Option<Figure>,
    /// Submissions of a throughput run
    #[arg(long, default_value_t = 4_000)]
    submissions: usize,
    /// Cases in the queue whose list is timed
    #[arg(long, default_value_t = 1_000_000)]
    cases: i64,
    /// Made-up requests of the flood of the pages
    #[arg(long, default_value_t = 5_000)]
    junk: usize,
}

/// What can be measured.
#[derive(Clone, Copy, ValueEnum)]
enum Figure {
    /// How soon everything is ready, and what it and the role portal weigh doing nothing
    Start,
    /// A submission to the duty officer's notice, a grant to the approver's queue
    Latency,
    /// Submissions per second in one process, up to the stored notice
    Embedded,
    /// Submissions per second on PostgreSQL, against pgbench writing the same rows
    Throughput,
    /// The queue's list among many cases
    Queue,
    /// The pages for people in danger
    Portal,
    /// A contact plan's forbidden words in a message
    Words,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let wanted = args.only.as_ref().map_or(Figure::value_variants(), std::slice::from_ref);
    for figure in wanted {
        match figure {
            Figure::Start => Box::pin(start::measure()).await?,
            Figure::Latency => Box::pin(latency::measure()).await?,
            Figure::Embedded => Box::pin(throughput::embedded(args.submissions)).await?,
            Figure::Throughput => Box::pin(throughput::against_pgbench(args.submissions)).await?,
            Figure::Queue => Box::pin(queue_list::measure(args.cases)).await?,
            Figure::Portal => Box::pin(portal::measure(args.junk)).await?,
            Figure::Words => forbidden_words::measure()?,
        }
    }
    Ok(())
}

/// The middle value.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The value that 99 of 100 do not exceed.
pub(crate) fn p99(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() * 99 / 100).copied().unwrap_or(f64::NAN)
}

/// One line of the report.
pub(crate) fn report(what: &str, figure: &str, target: &str) {
    println!("{what:<72} {figure:>24}   (target {target})");
}
