//! `cargo xtask bench`: how fast and how large. Every figure is measured here and printed with what it was measured
//! against; nothing in the tests depends on one.
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads its addresses from the environment and the clock itself"
)]

mod installation;
mod latency;
mod people;
mod queue_list;
mod requests;
mod start;
mod throughput;

use clap::Parser;

/// Why a measurement broke off.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Measures Flare. The servers are those that `FLARE_TEST_POSTGRES`, `FLARE_TEST_RABBITMQ` and `FLARE_TEST_REDIS` name.
#[derive(Parser)]
struct Args {
    /// Only this: throughput, embedded, latency, queue, start
    #[arg(long)]
    only: Option<String>,
    /// Submissions of a throughput run
    #[arg(long, default_value_t = 4_000)]
    submissions: usize,
    /// Cases in the queue whose list is timed
    #[arg(long, default_value_t = 1_000_000)]
    cases: i64,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let wanted = |name: &str| args.only.as_deref().is_none_or(|only| only == name);
    if wanted("start") {
        Box::pin(start::measure()).await?;
    }
    if wanted("latency") {
        Box::pin(latency::measure()).await?;
    }
    if wanted("embedded") {
        Box::pin(throughput::embedded(args.submissions)).await?;
    }
    if wanted("throughput") {
        Box::pin(throughput::against_pgbench(args.submissions)).await?;
    }
    if wanted("queue") {
        Box::pin(queue_list::measure(args.cases)).await?;
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
