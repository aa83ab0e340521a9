//! The requester's word on a grant: the proposal, the terms, the money, the report.

use clap::Args;
use flare_contracts::{
    common::v1::Money,
    intake::v1::{GetStatusResponse, GrantView, MessageKind, TrancheView},
};
use flare_edge::ReceiptHolder;
use serde_json::json;

use super::{ReceiptSource, confirmed, the_one};
use crate::cli::{CliError, Context, TextSource, retrying, words};

/// `flare receipt proposal`
#[derive(Args, Debug)]
pub(crate) struct ProposalArgs {
    /// Which grant; needed only when there are several
    grant: Option<String>,
    #[command(flatten)]
    receipt: ReceiptSource,
    /// It is right
    #[arg(long, conflicts_with = "wrong")]
    right: bool,
    /// It is not right; say why
    #[arg(long)]
    wrong: bool,
    /// A file with your words, or - for standard input
    #[arg(long, value_name = "FILE|-")]
    text_file: Option<TextSource>,
}

/// `flare receipt agree`
#[derive(Args, Debug)]
pub(crate) struct AgreeArgs {
    /// Which grant; needed only when there are several
    grant: Option<String>,
    #[command(flatten)]
    receipt: ReceiptSource,
    /// Do not ask again
    #[arg(long)]
    yes: bool,
}

/// `flare receipt refuse`
#[derive(Args, Debug)]
pub(crate) struct RefuseArgs {
    /// Which grant; needed only when there are several
    grant: Option<String>,
    #[command(flatten)]
    receipt: ReceiptSource,
    /// Refuse the donor's money only; help goes on with other money
    #[arg(long)]
    donor: bool,
    /// Do not ask again
    #[arg(long)]
    yes: bool,
}

/// `flare receipt arrived`
#[derive(Args, Debug)]
pub(crate) struct ArrivedArgs {
    /// Which payment; needed only when one alone is under way
    tranche: Option<String>,
    #[command(flatten)]
    receipt: ReceiptSource,
    #[command(flatten)]
    how_much: HowMuch,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct HowMuch {
    /// All of it arrived
    #[arg(long)]
    all: bool,
    /// This much arrived, in the payment's currency
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    amount: Option<String>,
    /// Nothing arrived
    #[arg(long)]
    nothing: bool,
}

/// `flare receipt report`
#[derive(Args, Debug)]
pub(crate) struct ReportArgs {
    /// Which grant; needed only when there are several
    grant: Option<String>,
    #[command(flatten)]
    receipt: ReceiptSource,
    /// A file with your words, or - for standard input; without it, you are asked
    #[arg(long, value_name = "FILE|-")]
    text_file: Option<TextSource>,
}

fn grant<'s>(
    status: &'s GetStatusResponse,
    named: Option<&str>,
    fits: impl Fn(&GrantView) -> bool,
    what: &str,
) -> Result<&'s GrantView, CliError> {
    let fitting: Vec<_> = status.grants.iter().filter(|grant| fits(grant)).collect();
    the_one(&fitting, |grant| grant.grant_id.as_str(), named, what).copied()
}

/// Shows a message of the thread: what a proposal or agreement says in words.
async fn show(holder: &ReceiptHolder, message_id: &str, context: &Context) -> Result<String, CliError> {
    let messages = retrying(|| holder.messages()).await?;
    let found = messages.into_iter().find(|(message, _)| message.message_id == message_id);
    let (_, text) = found.ok_or_else(|| CliError::not_found("message"))?;
    context.output.line(text.expose());
    Ok(text.into_inner())
}

fn terms(context: &Context, grant: &GrantView) {
    let out = context.output;
    out.heading(format!("Help {}", grant.grant_id));
    out.record(&[
        ("up to", words::money(grant.ceiling.as_ref())),
        ("from, to", format!("{} to {}", grant.start, grant.end)),
    ]);
    out.line("");
}

pub(super) async fn proposal(args: ProposalArgs, context: &Context) -> Result<(), CliError> {
    let (holder, status) = args.receipt.open_with_status(context).await?;
    let shown = |grant: &GrantView| !grant.proposal_message_id.is_empty();
    let grant = grant(&status, args.grant.as_deref(), shown, "grant with a proposal")?;
    terms(context, grant);
    let text = show(&holder, &grant.proposal_message_id, context).await?;
    if !args.right && !args.wrong {
        context.output.line("\nSay whether it is right: --right, or --wrong with your words.");
        return context.output.json(&json!({
            "grant_id": grant.grant_id, "message_id": grant.proposal_message_id, "text": text,
            "ceiling": words::money(grant.ceiling.as_ref()), "start": grant.start, "end": grant.end,
        }));
    }
    let request_id = context.request_id()?;
    let said = match (&args.text_file, args.wrong) {
        (None, false) => None,
        (source, _) => Some(context.read_text(source.as_ref(), "--text-file", "What is wrong with it?")?),
    };
    let message = match &said {
        // About the message that shows the proposal.
        Some(words) => Some(
            retrying(|| holder.write(MessageKind::Text, words.expose(), &grant.grant_id, &request_id))
                .await?,
        ),
        None => None,
    };
    retrying(|| holder.answer_proposal(&grant.grant_id, args.right, message, &request_id)).await?;
    context.output.show(&json!({ "grant_id": grant.grant_id, "agrees": args.right }), |out| {
        out.line(if args.right {
            "\nThank you. It is decided on next."
        } else {
            "\nThank you. Staff will look at it again before it is decided on."
        });
    })
}

fn has_agreement(grant: &GrantView) -> bool {
    !grant.agreement_message_id.is_empty()
}

pub(super) async fn agree(args: AgreeArgs, context: &Context) -> Result<(), CliError> {
    let (holder, status) = args.receipt.open_with_status(context).await?;
    let grant = grant(&status, args.grant.as_deref(), has_agreement, "grant with terms to agree to")?;
    terms(context, grant);
    show(&holder, &grant.agreement_message_id, context).await?;
    confirmed(args.yes, "\nDo you agree to this?")?;
    answer_agreement(&holder, grant, (true, false), context).await
}

pub(super) async fn refuse(args: RefuseArgs, context: &Context) -> Result<(), CliError> {
    let (holder, status) = args.receipt.open_with_status(context).await?;
    let grant = grant(&status, args.grant.as_deref(), has_agreement, "grant with terms to refuse")?;
    terms(context, grant);
    show(&holder, &grant.agreement_message_id, context).await?;
    let what = if args.donor { "this donor's money" } else { "these terms" };
    confirmed(args.yes, &format!("\nDo you refuse {what}?"))?;
    answer_agreement(&holder, grant, (false, args.donor), context).await
}

async fn answer_agreement(
    holder: &ReceiptHolder,
    grant: &GrantView,
    (accepts, refuses_donor): (bool, bool),
    context: &Context,
) -> Result<(), CliError> {
    let request_id = context.request_id()?;
    let (id, message) = (&grant.grant_id, &grant.agreement_message_id);
    retrying(|| holder.answer_agreement(id, message, accepts, refuses_donor, &request_id)).await?;
    let document = json!({ "grant_id": id, "accepts": accepts, "refuses_donor": refuses_donor });
    context.output.show(&document, |out| {
        out.line(match (accepts, refuses_donor) {
            (true, _) => "You have agreed.",
            (false, true) => "You have refused this donor's money. Staff look for other money.",
            (false, false) => "You have refused these terms. Staff will write to you.",
        });
    })
}

pub(super) async fn arrived(args: ArrivedArgs, context: &Context) -> Result<(), CliError> {
    let (holder, status) = args.receipt.open_with_status(context).await?;
    let under_way = |tranche: &TrancheView| matches!(tranche.state.as_str(), "sent" | "in_doubt");
    let all: Vec<_> = status
        .grants
        .iter()
        .flat_map(|grant| grant.tranches.iter().map(move |tranche| (grant, tranche)))
        // One that is named may have been settled by this very command, whose answer was lost.
        .filter(|(_, tranche)| args.tranche.is_some() || context.may_be_a_repetition() || under_way(tranche))
        .collect();
    let (grant, tranche) = the_one(
        &all,
        |(_, tranche)| tranche.tranche_id.as_str(),
        args.tranche.as_deref(),
        "payment under way",
    )?;
    let arrived = args.how_much.of(tranche.amount.as_ref())?;
    let request_id = context.request_id()?;
    retrying(|| holder.report_arrival(&grant.grant_id, &tranche.tranche_id, arrived.clone(), &request_id))
        .await?;
    let document = json!({
        "grant_id": grant.grant_id, "tranche_id": tranche.tranche_id, "arrived": words::money(Some(&arrived)),
    });
    context.output.show(&document, |out| {
        out.line(format!("Thank you: {} arrived.", words::money(Some(&arrived))));
    })
}

impl HowMuch {
    fn of(&self, sent: Option<&Money>) -> Result<Money, CliError> {
        let sent = sent.ok_or_else(|| CliError::unexpected("the service told no amount of this payment"))?;
        match &self.amount {
            Some(amount) => words::read_money(amount, &sent.currency),
            None if self.all => Ok(sent.clone()),
            None => Ok(Money { minor_units: 0, ..sent.clone() }),
        }
    }
}

pub(super) async fn report(args: ReportArgs, context: &Context) -> Result<(), CliError> {
    let (holder, status) = args.receipt.open_with_status(context).await?;
    let reportable = |grant: &GrantView| matches!(grant.stage.as_str(), "active" | "reporting");
    let fits = |grant: &GrantView| args.grant.is_some() || reportable(grant);
    let grant = grant(&status, args.grant.as_deref(), fits, "grant to report on")?;
    let text = context.read_text(
        args.text_file.as_ref(),
        "--text-file",
        "What did the help change? How was it spent?",
    )?;
    let request_id = context.request_id()?;
    retrying(|| holder.report(&grant.grant_id, text.expose(), &request_id)).await?;
    context.output.show(&json!({ "grant_id": grant.grant_id, "reported": true }), |out| {
        out.line("Thank you. Your report is received.");
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrived_is_counted_in_the_currency_that_was_sent() {
        let sent = Money { currency: "XOF".to_owned(), minor_units: 550_000 };
        let of = |all, amount: Option<&str>, nothing| {
            HowMuch { all, amount: amount.map(ToOwned::to_owned), nothing }.of(Some(&sent))
        };
        assert_eq!(of(true, None, false).unwrap(), sent);
        assert_eq!(of(false, None, true).unwrap().minor_units, 0);
        assert_eq!(of(false, Some("400000"), false).unwrap().minor_units, 400_000);
        assert!(of(false, Some("1.50"), false).unwrap_err().for_people().contains("--amount"));
    }
}
