//! The requester sees the proposal before the votes; then the votes are asked for.

use clap::Args;
use flare_contracts::codes;
use flare_edge::desk::GrantName;
use serde_json::json;

use super::done;
use crate::cli::{
    CliError, Context,
    case::{
        choices::code,
        saying::{Saying, agreed, show_plan, words},
        standing::grant_line,
        taking::SeenVersion,
    },
};

/// `flare grant propose`
#[derive(Args, Debug)]
pub(crate) struct ProposeArgs {
    /// The grant
    grant: GrantName,
    #[command(flatten)]
    saying: Saying,
    /// Nothing is posted: you told it them on this way
    #[arg(long, value_parser = code(codes::TOLD_BY), conflicts_with_all = ["text_file", "anyway"])]
    told_by: Option<String>,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare grant submit`
#[derive(Args, Debug)]
pub(crate) struct SubmitArgs {
    /// The grant
    grant: GrantName,
    #[command(flatten)]
    version: SeenVersion,
}

/// Posts the proposal to the requester's thread (in the officer's words, or a plain summary in English), and notes that
/// it stands there.
pub(crate) async fn propose(context: &Context, args: ProposeArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let grant = desk.find_grant(&args.grant).await?;
    if let Some(told_by) = &args.told_by {
        let standing = desk.told(grant, told_by, args.version.seen).await?;
        return done(context, &format!("Noted as told by {told_by}"), &standing);
    }
    let record = desk.grant(grant, args.version.seen).await?;
    let mut case = desk.case(record.case(), None).await?;
    desk.check_proposable(&record, &case).await?;
    show_plan(context, &case)?;
    let text = words(context, &args.saying, Some(record.summary()?))?;
    let (said, standing) = agreed(context, &mut case, args.saying.anyway, async |case, all_the_same| {
        desk.propose(&record, case, &text, all_the_same).await
    })
    .await?;
    let told = "The requester can read the proposal now; the votes wait for their answer";
    let told = format!("{told}: {}", grant_line(&standing));
    let more = [("message_id", json!(said.message_id)), ("contact_plan", json!(said.contact_plan))];
    context.done_with(&told, &standing, more)
}

pub(crate) async fn submit(context: &Context, args: SubmitArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let standing = desk.submit(desk.find_grant(&args.grant).await?, args.version.seen).await?;
    done(context, "Submitted; the approvers are being told", &standing)
}
