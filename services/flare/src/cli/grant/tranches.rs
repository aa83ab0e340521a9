//! Payments: scheduled, released, sent, and what became of them.

use clap::{Args, Subcommand};
use flare_contracts::{
    codes,
    common::v1::Money,
    grants::v1::{
        MarkTrancheSentRequest, ReleaseTrancheRequest, ScheduleTrancheRequest, SettleTrancheRequest, Tranche,
        TrancheState, WriteOffTrancheRequest,
    },
};
use flare_kernel::{GrantId, TrancheId};
use flare_typed::date::Expected;
use serde_json::json;

use super::{
    record::{GrantRecord, seen_version, settle, settle_with},
    sheet::Sheet,
};
use crate::cli::{
    CliError, Context,
    case::{
        choices::{Worded as _, code},
        desk::{Desk, call},
        taking::SeenVersion,
    },
    words::{money, read_day, read_money},
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
    grant: GrantId,
    /// The payment
    tranche: TrancheId,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare grant tranche add`
#[derive(Args, Debug)]
pub(crate) struct AddArgs {
    /// The grant
    grant: GrantId,
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
    let desk = Desk::open(context).await?;
    let record = GrantRecord::read(&desk, args.grant, args.version.seen).await?;
    let amount = read_money(&args.amount, record.currency())?;
    let tranche: TrancheId = desk.drawn(&args.grant.to_string());
    let said = format!("Scheduled {} for {due} as {tranche}", money(Some(&amount)));
    let request = ScheduleTrancheRequest {
        request_id: desk.request_id()?,
        grant_id: args.grant.to_string(),
        version: record.version(),
        tranche_id: tranche.to_string(),
        amount: Some(amount),
        due: due.to_string(),
        advance: args.advance,
    };
    let answer = call!(desk, grants.schedule_tranche(request))
        .map_err(|error| error.named(&[("amount", "--amount"), ("due", "--due"), ("advance", "--advance")]));
    settle_with(&desk, args.grant, answer, &said, [("tranche_id", json!(tranche.to_string()))]).await
}

async fn release(context: &Context, args: TrancheArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let record = GrantRecord::read(&desk, args.grant, args.version.seen).await?;
    check_votes(&desk, &record, args.tranche).await?;
    let request = ReleaseTrancheRequest {
        request_id: desk.request_id()?,
        grant_id: args.grant.to_string(),
        version: record.version(),
        tranche_id: args.tranche.to_string(),
    };
    let answer = call!(desk, grants.release_tranche(request));
    settle(&desk, args.grant, answer, "Released; mark it as sent before you send it").await
}

/// Before money moves: the votes, checked on this device. An advance goes out before the votes, on two people's word.
async fn check_votes(desk: &Desk<'_>, record: &GrantRecord, tranche: TrancheId) -> Result<(), CliError> {
    if find(&record.grant.tranches, tranche)?.advance {
        return Ok(());
    }
    let (shown, people) = (record.shown()?, desk.staff().await?);
    Sheet { record, shown: &shown, people: &people }.check_votes()
}

async fn sent(context: &Context, args: TrancheArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let record = GrantRecord::read(&desk, args.grant, args.version.seen).await?;
    check_votes(&desk, &record, args.tranche).await?;
    let request = MarkTrancheSentRequest {
        request_id: desk.request_id()?,
        grant_id: args.grant.to_string(),
        version: record.version(),
        tranche_id: args.tranche.to_string(),
    };
    let answer = call!(desk, grants.mark_tranche_sent(request));
    settle(&desk, args.grant, answer, "Marked as sent").await
}

async fn arrived(context: &Context, args: ArrivedArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let which = args.which;
    let record = GrantRecord::read(&desk, which.grant, which.version.seen).await?;
    let tranche = find(&record.grant.tranches, which.tranche)?;
    let amount = what_arrived(tranche, args.amount.as_deref(), record.currency())?;
    let said = format!("{} arrived", money(Some(&amount)));
    let request = SettleTrancheRequest {
        request_id: desk.request_id()?,
        grant_id: which.grant.to_string(),
        version: record.version(),
        tranche_id: which.tranche.to_string(),
        state: TrancheState::Arrived.into(),
        arrived: Some(amount),
    };
    let answer =
        call!(desk, grants.settle_tranche(request)).map_err(|error| error.named(&[("arrived", "--amount")]));
    settle(&desk, which.grant, answer, &said).await
}

fn find(tranches: &[Tranche], id: TrancheId) -> Result<&Tranche, CliError> {
    let id = id.to_string();
    tranches.iter().find(|tranche| tranche.tranche_id == id).ok_or_else(|| CliError::not_found("tranche"))
}

/// What arrived: as given, else all that was sent.
fn what_arrived(tranche: &Tranche, amount: Option<&str>, currency: &str) -> Result<Money, CliError> {
    match amount {
        Some(amount) => read_money(amount, currency),
        None => Ok(tranche.amount.clone().unwrap_or_default()),
    }
}

async fn settled(context: &Context, args: TrancheArgs, state: TrancheState) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let request = SettleTrancheRequest {
        request_id: desk.request_id()?,
        grant_id: args.grant.to_string(),
        version: seen_version(&desk, args.grant, args.version.seen).await?,
        tranche_id: args.tranche.to_string(),
        state: state.into(),
        arrived: None,
    };
    let answer = call!(desk, grants.settle_tranche(request));
    settle(&desk, args.grant, answer, &format!("Noted as {}", state.word())).await
}

async fn lost(context: &Context, args: LostArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let which = args.which;
    let record = GrantRecord::read(&desk, which.grant, which.version.seen).await?;
    let tranche = find(&record.grant.tranches, which.tranche)?;
    let is_second = is_confirmed_by(tranche, &args.reason, &desk.session.staff_id().to_string());
    let said =
        if is_second { "Written off by two" } else { "Proposed to write it off; another person confirms" };
    let request = WriteOffTrancheRequest {
        request_id: desk.request_id()?,
        grant_id: which.grant.to_string(),
        version: record.version(),
        tranche_id: which.tranche.to_string(),
        reason: args.reason,
    };
    let answer = call!(desk, grants.write_off_tranche(request))
        .map_err(|error| error.named(&[("reason", "--reason")]));
    settle(&desk, which.grant, answer, said).await
}

/// Whether somebody confirms another's write-off: with another reason they propose their own.
fn is_confirmed_by(tranche: &Tranche, reason: &str, me: &str) -> bool {
    let first = tranche.write_off_proposed_by.as_str();
    !first.is_empty() && first != me && tranche.write_off_reason == reason
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_off_is_confirmed_by_another_person_with_the_same_reason() {
        let proposed = Tranche {
            write_off_proposed_by: "staff_1".to_owned(),
            write_off_reason: "stolen".to_owned(),
            ..Tranche::default()
        };
        assert!(is_confirmed_by(&proposed, "stolen", "staff_2"));
        assert!(!is_confirmed_by(&proposed, "other", "staff_2"));
        assert!(!is_confirmed_by(&proposed, "stolen", "staff_1"));
        assert!(!is_confirmed_by(&Tranche::default(), "", "staff_1"));
    }

    #[test]
    fn all_of_a_payment_arrived_unless_said_otherwise() {
        let id = TrancheId::from_bytes([3; 16]);
        let amount = Money { currency: "EUR".to_owned(), minor_units: 520_000 };
        let tranches =
            [Tranche { tranche_id: id.to_string(), amount: Some(amount.clone()), ..Tranche::default() }];
        let tranche = find(&tranches, id).unwrap();
        assert_eq!(what_arrived(tranche, None, "EUR").unwrap(), amount);
        assert_eq!(what_arrived(tranche, Some("5100"), "EUR").unwrap().minor_units, 510_000);
        assert!(
            what_arrived(tranche, Some("5100.001"), "EUR").unwrap_err().for_people().contains("--amount")
        );
        assert!(find(&tranches, TrancheId::from_bytes([4; 16])).is_err());
    }
}
