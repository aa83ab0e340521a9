//! `flare grant …`: from the draft to the close, for officers, approvers, finance and heads.

mod ending;
mod gates;
mod lists;
mod proposing;
mod sheet;
mod terms;
mod tranches;
mod voting;

use clap::Subcommand;
use flare_edge::desk::GrantStanding;

use super::{
    CliError, Context,
    case::{lists::ListArgs, standing::grant_line},
};

/// What can be done with grants.
#[derive(Subcommand, Debug)]
pub(crate) enum GrantCommand {
    /// Draft a grant for recommended needs of a case
    #[command(
        after_help = "Example:\n  flare grant draft --case case_… --ceiling 9400.00 --currency EUR --start 2026-12-01 --end 2027-02-28 \\\n    --support cash --method cash-by-partner --scope-file scope.txt --budget-file budget.txt \\\n    --beneficiary-file for-whom.txt"
    )]
    Draft(terms::DraftArgs),
    /// Change a draft or a returned grant; earlier votes and answers no longer count
    #[command(after_help = "Example:\n  flare grant revise grant_… --ceiling 8000.00")]
    Revise(terms::ReviseArgs),
    /// Everything about a grant; what is shown is what a vote signs
    #[command(after_help = "Example:\n  flare grant show grant_…")]
    Show(lists::ShowArgs),
    /// Show the proposal to the requester, or note how it was told
    #[command(
        after_help = "Examples:\n  flare grant propose grant_… --text-file proposal-fr.txt\n  flare grant propose grant_… --told-by phone\n\nWithout a text, you are not asked: a plain summary in English is posted."
    )]
    Propose(proposing::ProposeArgs),
    /// Ask for the votes
    #[command(after_help = "Example:\n  flare grant submit grant_…")]
    Submit(proposing::SubmitArgs),
    /// Vote: shows what you sign, asks, signs on this device
    #[command(subcommand)]
    Vote(voting::VoteCommand),
    /// Declare a conflict of interest: you take no part in this grant's decisions
    #[command(after_help = "Example:\n  flare grant conflict grant_… --reason personal")]
    Conflict(voting::ConflictArgs),
    /// Whom money goes to: enter them, or check them by calling back
    #[command(subcommand)]
    Payee(gates::PayeeCommand),
    /// Open the gate "verified" without two references; the head's, with a reason
    #[command(after_help = "Example:\n  flare grant verify-override grant_… --reason references-unsafe")]
    VerifyOverride(gates::OverrideArgs),
    /// What the requester agrees to: post it, or note that they agreed by voice
    #[command(subcommand)]
    Agreement(gates::AgreementCommand),
    /// Set money of a fund aside; may be done for several funds
    #[command(
        after_help = "Example:\n  flare grant reserve grant_… --fund \"Emergency fund\" --amount 9400.00"
    )]
    Reserve(gates::ReserveArgs),
    /// Let a small first amount go before the gates; two people give the same command
    #[command(after_help = "Example:\n  flare grant advance grant_… --amount 800.00")]
    Advance(gates::AdvanceArgs),
    /// Payments: schedule, release, send, and say what became of them
    #[command(subcommand)]
    Tranche(tranches::TrancheCommand),
    /// Note the report: received, given by voice, deferred or waived
    #[command(
        after_help = "Example:\n  flare grant report grant_… --how deferred --reason unsafe --until 2027-05-31"
    )]
    Report(ending::ReportArgs),
    /// Close a grant; above the light threshold another person confirms with the same command
    #[command(after_help = "Example:\n  flare grant close grant_… --outcome achieved")]
    Close(ending::CloseArgs),
    /// Give up a draft or a returned grant; its proposer's or a head's
    #[command(after_help = "Example:\n  flare grant abandon grant_… --reason helped_otherwise")]
    Abandon(ending::AbandonArgs),
    /// End a grant for ethics, corruption or safeguarding
    #[command(after_help = "Example:\n  flare grant terminate grant_… --reason corruption")]
    Terminate(ending::TerminateArgs),
    /// The grants of a case
    #[command(after_help = "Example:\n  flare grant list --case case_…")]
    List(lists::CaseGrantsArgs),
    /// Grants that wait for your vote, the one due first on top
    #[command(after_help = "Example:\n  flare grant votes")]
    Votes(ListArgs),
    /// Grants that wait for finance
    #[command(after_help = "Example:\n  flare grant finance")]
    Finance(ListArgs),
}

/// Does what a command says.
pub(crate) async fn run(command: GrantCommand, context: &Context) -> Result<(), CliError> {
    match command {
        GrantCommand::Draft(args) => terms::draft(context, args).await,
        GrantCommand::Revise(args) => terms::revise(context, args).await,
        GrantCommand::Show(args) => lists::show(context, args).await,
        GrantCommand::Propose(args) => proposing::propose(context, args).await,
        GrantCommand::Submit(args) => proposing::submit(context, args).await,
        GrantCommand::Vote(command) => voting::vote(context, command).await,
        GrantCommand::Conflict(args) => voting::conflict(context, args).await,
        GrantCommand::Payee(command) => gates::payee(context, command).await,
        GrantCommand::VerifyOverride(args) => gates::override_verification(context, args).await,
        GrantCommand::Agreement(command) => gates::agreement(context, command).await,
        GrantCommand::Reserve(args) => gates::reserve(context, args).await,
        GrantCommand::Advance(args) => gates::advance(context, args).await,
        GrantCommand::Tranche(command) => tranches::run(context, command).await,
        GrantCommand::Report(args) => ending::report(context, args).await,
        GrantCommand::Close(args) => ending::close(context, args).await,
        GrantCommand::Abandon(args) => ending::abandon(context, args).await,
        GrantCommand::Terminate(args) => ending::terminate(context, args).await,
        GrantCommand::List(args) => lists::of_case(context, args).await,
        GrantCommand::Votes(args) => lists::votes(context, args).await,
        GrantCommand::Finance(args) => lists::finance(context, args).await,
    }
}

/// Says what an act did, and where the grant stands now.
fn done(context: &Context, said: &str, standing: &GrantStanding) -> Result<(), CliError> {
    context.done(&format!("{said}: {}", grant_line(standing)), standing)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser, error::ErrorKind};

    use super::*;

    #[derive(Debug, Parser)]
    struct Only {
        #[command(subcommand)]
        command: GrantCommand,
    }

    const GRANT: &str = "grant_00000000000000000000000000";
    const CASE: &str = "case_00000000000000000000000000";
    const TRANCHE: &str = "tranche_00000000000000000000000000";

    fn parse(line: &str) -> Result<GrantCommand, ErrorKind> {
        let line = line.replace("GRANT", GRANT).replace("CASE", CASE).replace("TRANCHE", TRANCHE);
        let parsed = Only::try_parse_from(std::iter::once("grant").chain(line.split_whitespace()));
        parsed.map(|only| only.command).map_err(|error| error.kind())
    }

    #[test]
    fn the_commands_hold_together() {
        Only::command().debug_assert();
    }

    #[test]
    fn commands_are_read() {
        for line in [
            "draft --case CASE --ceiling 9400.00 --currency EUR --start 2026-12-01 --end 2027-02-28 --pay-by 2027-03-10 \
             --support in-kind --method supplier-invoice --mode preventive --trigger positive \
             --need need_00000000000000000000000000 --scope-file a --budget-file b --beneficiary-file - --votes 3",
            "revise GRANT --ceiling 8000 --version 4",
            "propose GRANT --told-by phone",
            "vote approve GRANT --yes --shown abcd",
            "vote approve-with-conditions GRANT --text-file -",
            "payee enter GRANT --payee-file -",
            "payee check GRANT",
            "payee check GRANT --called-back --shown abcd --sanctions-checked-on 2026-12-01 --sanctions-clear",
            "agreement record GRANT --agreed-by visit --witness sami --donor-origin-told",
            "tranche add GRANT --amount 100 --due 2026-12-05 --advance",
            "tranche arrived GRANT TRANCHE --amount 90.00 --version 7",
            // Read as an amount, so that the refusal says what is wrong with it.
            "reserve GRANT --fund emergency --amount -5",
            "tranche in-doubt GRANT TRANCHE",
            "tranche lost GRANT TRANCHE --reason stolen",
            "close GRANT --outcome achieved --unspent 0",
            "abandon GRANT --reason helped_otherwise",
            "list --case CASE --limit 3",
            "votes",
            "finance",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_before_anything_is_done() {
        for (line, kind) in [
            ("show CASE", ErrorKind::ValueValidation),
            ("draft --ceiling 1", ErrorKind::MissingRequiredArgument),
            ("draft --case CASE --support love", ErrorKind::InvalidValue),
            ("draft --case CASE --votes 1", ErrorKind::ValueValidation),
            ("draft --case CASE --votes 10", ErrorKind::ValueValidation),
            ("propose GRANT --told-by phone --text-file x", ErrorKind::ArgumentConflict),
            ("payee check GRANT --sanctions-clear", ErrorKind::MissingRequiredArgument),
            ("payee check GRANT --shown abcd", ErrorKind::MissingRequiredArgument),
            ("agreement record GRANT --agreed-by visit", ErrorKind::MissingRequiredArgument),
            ("vote approve GRANT --yes", ErrorKind::MissingRequiredArgument),
            ("vote maybe GRANT", ErrorKind::InvalidSubcommand),
            ("tranche lost GRANT TRANCHE", ErrorKind::MissingRequiredArgument),
            ("abandon GRANT", ErrorKind::MissingRequiredArgument),
            ("terminate GRANT --reason whim", ErrorKind::InvalidValue),
        ] {
            assert_eq!(parse(line).unwrap_err(), kind, "{line}");
        }
    }
}
