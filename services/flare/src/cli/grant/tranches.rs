//! Payments: scheduled, released, sent, and what became of them.

use clap::{Args, Subcommand};
use flare_contracts::{codes, grants::v1::TrancheState, words::Worded as _};
use flare_edge::{EdgeError, desk::GrantName};
use flare_kernel::{GrantId, TrancheId};
use flare_typed::date::Expected;
use serde_json::json;

use super::done;
use crate::cli::{
    CliError, Context,
    case::{choices::code, standing::grant_line, taking::SeenVersion},
    words::{read_day, read_money},
};

/// `flare grant tranche`
#[derive(Subcommand, Debug)]
pub(crate) enum TrancheCommand {
    /// Schedule a payment
    #[command(after_help = "Example:\n  flare grant tranche add grant_… --amount 5200.00 --due 2026-12-05")]
    Add(AddArgs),
    /// Release a payment: every gate must be open, or the advance authorised
    #[command(after_help = "Example:\n  flare grant tranche release grant_… tranche_…")]
    Release(TrancheArgs),
    /// Mark it as sent, then send it; refused when money was held meanwhile, and then nothing must be sent
    #[command(after_help = "Example:\n  flare grant tranche sent grant_… tranche_…")]
    Sent(TrancheArgs),
    /// It arrived, in full or in part
    #[command(after_help = "Example:\n  flare grant tranche arrived grant_… tranche_… --amount 5100.00")]
    Arrived(ArrivedArgs),
    /// Nobody knows where it is
    #[command(after_help = "Example:\n  flare grant tranche in-doubt grant_… tranche_…")]
    InDoubt(TrancheArgs),
    /// It came back, or never left; what was sent is noted by somebody other than who released it
    #[command(after_help = "Example:\n  flare grant tranche returned grant_… tranche_…")]
    Returned(TrancheArgs),
    /// Write it off: one person proposes, another confirms with the same command
    #[command(after_help = "Example:\n  flare grant tranche lost grant_… tranche_… --reason channel-failed")]
    Lost(LostArgs),
}

/// One payment of a grant.
#[derive(Args, Debug)]
pub(crate) struct TrancheArgs {
    /// The grant
    grant: GrantName,
    /// The payment
    tranche: TrancheId,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare grant tranche add`
#[derive(Args, Debug)]
pub(crate) struct AddArgs {
    /// The grant
    grant: GrantName,
    /// How much, in the grant's currency
    #[arg(long, allow_hyphen_values = true)]
    amount: String,
    /// When: from the first day to the pay-by date
    #[arg(long, value_name = "DATE")]
    due: String,
    /// Paid out of the advance
    #[arg(long)]
    advance: bool,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare grant tranche arrived`
#[derive(Args, Debug)]
pub(crate) struct ArrivedArgs {
    #[command(flatten)]
    which: TrancheArgs,
    /// What arrived, in the grant's currency [usually: all of it]
    #[arg(long, allow_hyphen_values = true)]
    amount: Option<String>,
}

/// `flare grant tranche lost`
#[derive(Args, Debug)]
pub(crate) struct LostArgs {
    #[command(flatten)]
    which: TrancheArgs,
    /// Why; the second person gives the same, and another reason is another proposal
    #[arg(long, value_parser = code(codes::WHY_WRITTEN_OFF))]
    reason: String,
}

pub(crate) async fn run(context: &Context, command: TrancheCommand) -> Result<(), CliError> {
    match command {
        TrancheCommand::Add(args) => add(context, args).await,
        TrancheCommand::Release(args) => release(context, args).await,
        TrancheCommand::Sent(args) => sent(context, args).await,
        TrancheCommand::Arrived(args) => arrived(context, args).await,
        TrancheCommand::InDoubt(args) => settled(context, args, TrancheState::InDoubt).await,
        TrancheCommand::Returned(args) => settled(context, args, TrancheState::Returned).await,
        TrancheCommand::Lost(args) => lost(context, args).await,
    }
}

async fn add(context: &Context, args: AddArgs) -> Result<(), CliError> {
    let due = read_day("--due", &args.due, Expected::Ahead)?;
    let desk = context.desk().await?;
    let record = desk.grant(desk.find_grant(&args.grant).await?, args.version.seen).await?;
    let amount = read_money(&args.amount, record.currency())?;
    let scheduled = desk.schedule(&record, amount, due, args.advance).await;
    let (tranche, standing) = scheduled.map_err(|error| {
        CliError::from(error).named(&[("amount", "--amount"), ("due", "--due"), ("advance", "--advance")])
    })?;
    let said = format!("Scheduled {amount} for {due} as {tranche}: {}", grant_line(&standing));
    context.done_with(&said, &standing, [("tranche_id", json!(tranche.to_string()))])
}

async fn release(context: &Context, args: TrancheArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let record = desk.grant(desk.find_grant(&args.grant).await?, args.version.seen).await?;
    let released = desk.release(&record, args.tranche).await;
    let standing = released.map_err(|error| unverified(error, record.id()))?;
    done(context, "Released; mark it as sent before you send it", &standing)
}

async fn sent(context: &Context, args: TrancheArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let record = desk.grant(desk.find_grant(&args.grant).await?, args.version.seen).await?;
    let marked = desk.mark_sent(&record, args.tranche).await;
    let standing = marked.map_err(|error| unverified(error, record.id()))?;
    done(context, "Marked as sent", &standing)
}

/// Where to look when the votes do not verify.
fn unverified(error: EdgeError, grant: GrantId) -> CliError {
    let error = CliError::from(error);
    if error.reason == "VOTES_DO_NOT_VERIFY" {
        return error.hint(format!("look at each vote with: flare grant show {grant}"));
    }
    error
}

async fn arrived(context: &Context, args: ArrivedArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let which = args.which;
    let record = desk.grant(desk.find_grant(&which.grant).await?, which.version.seen).await?;
    let amount = args.amount.map(|amount| read_money(&amount, record.currency())).transpose()?;
    let noted = desk.arrived(&record, which.tranche, amount).await;
    let (arrived, standing) =
        noted.map_err(|error| CliError::from(error).named(&[("arrived", "--amount")]))?;
    done(context, &format!("{arrived} arrived"), &standing)
}

async fn settled(context: &Context, args: TrancheArgs, state: TrancheState) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let grant = desk.find_grant(&args.grant).await?;
    let standing = desk.settle(grant, args.tranche, state, args.version.seen).await?;
    done(context, &format!("Noted as {}", state.word()), &standing)
}

async fn lost(context: &Context, args: LostArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let which = args.which;
    let record = desk.grant(desk.find_grant(&which.grant).await?, which.version.seen).await?;
    let written_off = desk.write_off(&record, which.tranche, &args.reason).await;
    let (is_second, standing) =
        written_off.map_err(|error| CliError::from(error).named(&[("reason", "--reason")]))?;
    let said =
        if is_second { "Written off by two" } else { "Proposed to write it off; another person confirms" };
    done(context, said, &standing)
}
