//! `cargo xtask …`: what is more than one cargo command.

mod browser;
mod dependencies;
mod fuzz;
mod python;
mod servers;
mod steps;
mod test;

use std::process::ExitCode;

use clap::Parser;

const AFTER_HELP: &str = "\
Environment:
  FLARE_TEST_POSTGRES  postgres://postgres@127.0.0.1:5432/postgres
  FLARE_TEST_RABBITMQ  amqp://guest:guest@127.0.0.1:5672/%2f
  FLARE_TEST_REDIS     redis://127.0.0.1:6379
  FLARE_TEST_CHROMIUM, FLARE_TEST_CHROMEDRIVER, FLARE_TEST_JAVA
                       programs; by default those in PATH, else Debian's packages
  FLARE_TEST_AXE       axe.min.js; by default that of npm's package axe-core
  FLARE_TEST_NU        vnu.jar; by default that of npm's package vnu-jar

Example:
  FLARE_TEST_REDIS=redis://127.0.0.1:6400 cargo xtask test";

/// What is more than one cargo command.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_version_flag = true)]
enum Task {
    /// Everything: format, lints, dependencies, every test with its servers, and the deployment files
    ///
    /// PostgreSQL, RabbitMQ and Redis are used where the environment says, by default on 127.0.0.1 at their usual ports.
    /// One that does not answer is started for this run: by docker compose where an engine answers, else from the
    /// machine's own programs, which are installed first on Debian when this runs as root. One that cannot be had fails
    /// the run; nothing is skipped. So it is with the browser and the checkers that look at the portal's pages: Chromium,
    /// its driver and Java come from Debian, axe-core and the Nu checker by npm, each of one version and hash.
    #[command(after_help = AFTER_HELP)]
    Test {
        /// At full length, for about an hour on two cores: all widths and languages of the pages, the tests of
        /// the broker, the browser and of crashes five times more, and every fuzz target for ten minutes
        #[arg(long)]
        full: bool,
    },
    /// Measures a release build and prints each figure with its target
    #[command(after_help = "Example:\n  cargo xtask bench --only latency")]
    Bench {
        /// What the benchmark is given; `-- --help` says what there is
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Runs one command with what the tests need: the servers, started for it where they do not answer, and the browser
    #[command(after_help = "Example:\n  cargo xtask with-servers cargo test -p flare-store")]
    WithServers {
        /// The command and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match Task::parse() {
        Task::Test { full } => test::test(full),
        Task::Bench { arguments } => test::bench(&arguments),
        Task::WithServers { command } => test::with_servers(&command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\n{failure}");
            ExitCode::FAILURE
        }
    }
}
