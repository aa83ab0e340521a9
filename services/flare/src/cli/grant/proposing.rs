//! The requester sees the proposal before the votes; then the votes are asked for.

use clap::Args;
use flare_contracts::{
    codes,
    grants::v1::{GrantStage, ShowProposalRequest, SubmitGrantRequest, Terms},
    intake::v1::MessageKind,
};
use flare_edge::ShownProposal;
use flare_kernel::GrantId;
use serde_json::json;

use super::record::{GrantRecord, seen_version, settle, settle_with};
use crate::cli::{
    CliError, Context,
    case::{
        ahead::{check_ahead, post_ahead},
        choices::{Worded as _, code},
        desk::{Desk, call},
        record::CaseRecord,
        saying::{Saying, show_plan, words},
        taking::SeenVersion,
    },
    words::money,
};

/// `flare grant propose`
#[derive(Args, Debug)]
pub(crate) struct ProposeArgs {
    /// The grant
    grant: GrantId,
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
    grant: GrantId,
    #[command(flatten)]
    version: SeenVersion,
}

/// Posts the proposal to the requester's thread (in the officer's words, or a plain summary in English), and notes that
/// it stands there.
pub(crate) async fn propose(context: &Context, args: ProposeArgs) -> Result<(), CliError> {
    let mut desk = Desk::open(context).await?;
    let record = GrantRecord::read(&desk, args.grant, args.version.seen).await?;
    if let Some(told_by) = args.told_by {
        let request = ShowProposalRequest {
            request_id: desk.request_id()?,
            grant_id: args.grant.to_string(),
            version: record.version(),
            message_id: String::new(),
            told_by: told_by.clone(),
        };
        let answer = call!(desk, grants.show_proposal(request));
        return settle(&desk, args.grant, answer, &format!("Noted as told by {told_by}")).await;
    }
    let mut case = CaseRecord::read(&desk, record.case, None).await?;
    let about = args.grant.to_string();
    check_ahead(&desk, &case, (MessageKind::Proposal, &about), check_proposable(&record)).await?;
    let plan = show_plan(context, &case)?;
    let summary = summary(&record.grant.terms.clone().unwrap_or_default(), &record.shown()?);
    let text = words(context, &args.saying, &plan, Some(summary))?;
    let what = (MessageKind::Proposal, about.as_str(), record.version());
    let said = post_ahead(&mut desk, &mut case, &plan, what, &text).await?;
    let request = ShowProposalRequest {
        request_id: desk.request_id()?,
        grant_id: about,
        version: record.version(),
        message_id: said.message.to_string(),
        told_by: String::new(),
    };
    let answer = call!(desk, grants.show_proposal(request));
    let more = [("message_id", json!(said.message.to_string())), ("contact_plan", json!(plan))];
    let told = "The requester can read the proposal now; the votes wait for their answer";
    settle_with(&desk, args.grant, answer, told, more).await
}

/// Refuses what grants would refuse, before the requester reads a proposal that they can never answer.
fn check_proposable(record: &GrantRecord) -> Result<(), CliError> {
    record.check_current("be proposed", &[GrantStage::Draft, GrantStage::Returned])?;
    if record.grant.requester_objects {
        let message = "the requester said that the proposal is not right: revise it first. Nothing was sent";
        return Err(CliError::state("PROPOSAL_REFUSED", message));
    }
    Ok(())
}

/// What a requester reads about a proposal when the officer writes no words of their own. Whoever finds their receipt
/// reads it too, so it does not say for whom the help is or what is paid for.
fn summary(terms: &Terms, shown: &ShownProposal) -> String {
    format!(
        "This help is proposed for you. Nothing is decided yet.\n\n\
         Up to {}, {} ({}).\nFrom {} to {}; payments until {}.\n\n\
         What will be done:\n{}\n\n\
         For whom it is and what it is spent on is not written here, in case others read this: ask, and we tell you \
         on the way that you named.\n\n\
         Is this right? Please say yes, or say what is not.",
        money(terms.ceiling.as_ref()),
        terms.support_kind().word(),
        terms.payment_method().word().replace('-', " "),
        terms.start,
        terms.end,
        terms.pay_by,
        shown.scope.expose(),
    )
}

pub(crate) async fn submit(context: &Context, args: SubmitArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let request = SubmitGrantRequest {
        request_id: desk.request_id()?,
        grant_id: args.grant.to_string(),
        version: seen_version(&desk, args.grant, args.version.seen).await?,
    };
    let answer = call!(desk, grants.submit_grant(request));
    settle(&desk, args.grant, answer, "Submitted; the approvers are being told").await
}
