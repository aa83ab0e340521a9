//! Flare: one program for every role, and the command line of everyone who works with it.

mod cli;
mod demo;
mod run;

fn main() -> std::process::ExitCode {
    cli::main()
}
