//! The command line: the tree of subcommands, and how each of them ends.

mod audit;
mod case;
pub(crate) mod context;
pub(crate) mod exit;
mod first_contact;
mod grant;
mod health;
mod inbox;
mod login;
pub(crate) mod output;
mod progress;
pub(crate) mod prompt;
mod receipt;
mod replay;
mod request;
mod secret_file;
pub(crate) mod session_file;
mod staff;
pub(crate) mod text_source;
mod waiting;
mod when;
pub(crate) mod words;

use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

pub(crate) use context::{Context, Global};
pub(crate) use exit::{CliError, Exit};
pub(crate) use output::Output;
pub(crate) use text_source::TextSource;

use crate::{demo, run};

/// Tracks urgent requests for help from media and journalists in crisis, from the first message to a time-limited
/// intervention and its close.
///
/// Without a command, all roles run in this process and keep their data in ./flare-data.
#[derive(Debug, Parser)]
#[command(name = "flare", bin_name = "flare", version, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  flare demo                                    look around with made-up people and cases
  flare request submit --form request.json      ask for help; no account is needed
  flare receipt status --receipt-file receipt   see where a request stands
  flare login mara && flare waiting             what waits for you

Exit codes:
  0  done
  1  something nobody foresaw
  2  the command is written wrongly
  3  the input breaks a rule; nothing changed
  4  not logged in, or not allowed
  5  there is no such thing, or you may not know of it
  6  the state does not allow it, or it has changed since it was last seen
  7  a service cannot be reached or is late; a change may have been made all the same

Words never stand in arguments: options that take them name a file, or - for standard input; without
them, you are asked on the terminal.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run one or more roles; without any, all of them
    #[command(after_help = "Examples:
  flare run                         all roles in this process, data in ./flare-data
  flare run intake                  one role; the settings say where the others are
  flare run triage grants
  flare run portal                  the pages for people in danger, by themselves")]
    Run(run::RunArgs),
    /// Run everything in a throw-away folder with made-up people and cases
    #[command(after_help = "Examples:
  flare demo
  flare demo --listen 127.0.0.1:8000")]
    Demo(demo::DemoArgs),
    /// Write what your shell needs to complete commands and options
    #[command(after_help = "Examples:
  flare completions bash > ~/.local/share/bash-completion/completions/flare
  flare completions zsh > ~/.zfunc/_flare
  flare completions fish > ~/.config/fish/completions/flare.fish")]
    Completions(CompletionsArgs),
    #[command(flatten)]
    Act(Box<Act>),
}

/// `flare completions`
#[derive(Args, Debug)]
struct CompletionsArgs {
    /// Which shell
    shell: clap_complete::Shell,
}

/// What is asked of a Flare that runs.
#[derive(Debug, Subcommand)]
enum Act {
    /// Found the organisation; invite, enrol and admit its people
    #[command(subcommand)]
    Staff(staff::StaffCommand),
    /// Begin a session on this device
    Login(login::LoginArgs),
    /// End the session of this device
    #[command(after_help = "Example:\n  flare logout")]
    Logout,
    /// Ask for help, without an account
    #[command(subcommand)]
    Request(request::RequestCommand),
    /// What a receipt opens: follow a request, talk with staff, answer, withdraw
    #[command(subcommand)]
    Receipt(receipt::ReceiptCommand),
    /// Cases: take them up, assess them, talk, and bring every need to an end
    #[command(subcommand)]
    Case(case::CaseCommand),
    /// Grants: draft, vote, pay, report, close
    #[command(subcommand)]
    Grant(grant::GrantCommand),
    /// What waits for you, across cases and grants
    Waiting(waiting::WaitingArgs),
    /// What needs you now
    Inbox(inbox::InboxArgs),
    /// The audit trail: who did what, and the proof that nobody changed it
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Events that a service could not apply: list them, or let it try again
    Replay(replay::ReplayArgs),
    /// Whether Flare serves; ends with 0 when it does and 7 when it does not
    Health(health::HealthArgs),
}

/// Reads the arguments, does what they say, and tells the shell how it went.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let is_server = matches!(cli.command, None | Some(Command::Run(_) | Command::Demo(_)));
    let runtime = if is_server {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()
    } else {
        tokio::runtime::Builder::new_current_thread().enable_all().build()
    };
    let json = cli.global.json;
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(cli)),
        Err(error) => Err(CliError::unexpected(format!("no threads could be started: {error}"))),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&error, json);
            error.exit_code()
        }
    }
}

async fn dispatch(cli: Cli) -> Result<(), CliError> {
    match cli.command {
        None => served(run::run(run::RunArgs::default()).await),
        Some(Command::Run(args)) => served(run::run(args).await),
        Some(Command::Demo(args)) => served(demo::run(args).await),
        Some(Command::Completions(args)) => {
            clap_complete::generate(args.shell, &mut Cli::command(), "flare", &mut std::io::stdout());
            Ok(())
        }
        Some(Command::Act(act)) => carry_out(*act, &Context::new(&cli.global)?).await,
    }
}

async fn carry_out(act: Act, context: &Context) -> Result<(), CliError> {
    let ended = match act {
        Act::Staff(command) => staff::run(command, context).await,
        Act::Login(args) => login::run(args, context).await,
        Act::Logout => login::log_out(context).await,
        Act::Request(command) => request::run(command, context).await,
        Act::Receipt(command) => receipt::run(command, context).await,
        Act::Case(command) => case::run(command, context).await,
        Act::Grant(command) => grant::run(command, context).await,
        Act::Waiting(args) => waiting::run(args, context).await,
        Act::Inbox(args) => inbox::run(args, context).await,
        Act::Audit(command) => audit::run(command, context).await,
        Act::Replay(args) => replay::run(args, context).await,
        Act::Health(args) => health::run(args, context).await,
    };
    ended.map_err(|error| context.told(error))
}

fn served(ended: Result<(), run::RunError>) -> Result<(), CliError> {
    ended.map_err(|error| CliError::unexpected(error.to_string()))
}

fn tell(error: &CliError, json: bool) {
    let text = if json {
        serde_json::to_string(error).unwrap_or_else(|_| error.for_people())
    } else {
        output::harmless(&error.for_people())
    };
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    mod contact_plans;
    mod lost_answers;
    mod sources;
    mod system;

    use super::*;

    #[test]
    fn the_tree_of_commands_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_shell_is_given_completions_of_every_command() {
        use clap::ValueEnum as _;
        for shell in clap_complete::Shell::value_variants() {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "flare", &mut script);
            let script = String::from_utf8(script).unwrap();
            assert!(script.contains("acknowledge") && script.contains("request-id"), "{shell}");
        }
    }

    #[test]
    fn every_command_says_what_it_does_and_gives_an_example() {
        fn walk(command: &clap::Command, path: &str) {
            for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
                let path = format!("{path} {}", inner.get_name());
                assert!(inner.get_about().is_some(), "{path} says nothing of itself");
                if inner.has_subcommands() {
                    walk(inner, &path);
                } else {
                    let example = inner.get_after_help().map(ToString::to_string).unwrap_or_default();
                    assert!(example.contains(&path), "{path} gives no example: {example:?}");
                }
            }
        }
        walk(&Cli::command(), "flare");
    }

    /// What a requester types has no breaks in it on the narrowest screen that people use.
    #[test]
    fn the_help_of_a_requester_reads_well_at_80_columns() {
        for name in ["request", "receipt"] {
            let root = Cli::command();
            let group = root.find_subcommand(name).unwrap();
            for command in group.get_subcommands().filter(|command| command.get_name() != "help") {
                let examples = command.get_after_help().unwrap().to_string();
                let help = command.clone().term_width(80).render_long_help().to_string();
                for line in examples.lines().filter(|line| line.starts_with("  ")) {
                    assert!(help.lines().any(|shown| shown == line.trim_end()), "{line}\n{help}");
                }
                for line in help.lines() {
                    assert!(line.chars().count() <= 80, "{line}");
                }
            }
        }
    }

    #[test]
    fn every_exit_code_is_told() {
        let told: Vec<u8> = EXAMPLES
            .lines()
            .skip_while(|line| *line != "Exit codes:")
            .skip(1)
            .map_while(|line| line.trim().split(' ').next()?.parse().ok())
            .collect();
        let all = [
            Exit::Unexpected,
            Exit::Usage,
            Exit::Refused,
            Exit::NotAllowed,
            Exit::NotFound,
            Exit::State,
            Exit::Unavailable,
        ];
        let ends: Vec<u8> = std::iter::once(0).chain(all.map(|exit| exit as u8)).collect();
        assert_eq!(told, ends);
        assert!(EXAMPLES.lines().all(|line| line.chars().count() <= 100), "a line would be broken anywhere");
    }

    #[test]
    fn no_help_shows_how_it_is_written() {
        fn walk(command: &mut clap::Command) {
            let help = command.render_long_help().to_string();
            assert!(!help.contains('\\') || help.contains(" \\\n"), "{help}");
            assert!(!help.contains("\\\""), "{help}");
            assert!(!help.contains("[default: \"\"]"), "{help}");
            command.get_subcommands_mut().for_each(walk);
        }
        walk(&mut Cli::command());
    }

    #[test]
    fn no_option_takes_words_or_secrets_as_an_argument() {
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_long().unwrap_or_default();
                for secret in
                    ["text", "passphrase", "receipt", "code", "scope", "budget", "beneficiary", "note"]
                {
                    assert_ne!(name, secret, "{} takes words or a secret", command.get_name());
                }
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }

    #[test]
    fn no_command_means_all_roles() {
        assert!(Cli::try_parse_from(["flare"]).unwrap().command.is_none());
    }

    #[test]
    fn options_of_every_command_stand_before_and_after_it() {
        for arguments in [["flare", "--json", "inbox"], ["flare", "inbox", "--json"]] {
            assert!(Cli::try_parse_from(arguments).unwrap().global.json);
        }
    }
}
