//! The requester's word on a grant: the proposal, the terms, the money, the report.

use clap::Args;
use flare_contracts::text_limits::MESSAGE;
use flare_edge::{
    receipt::{AgreementAnswer, Grant, GrantStage, Message, ReceiptHolder, Status, Tranche},
    retrying,
};
use flare_kernel::Money;
use flare_typed::money;
use serde_json::json;

use super::{ReceiptSource, confirmed, the_one};
use crate::cli::{CliError, Context, TextSource, output::isolated};

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
    status: &'s Status,
    named: Option<&str>,
    fits: impl Fn(&Grant) -> bool,
    what: &str,
) -> Result<&'s Grant, CliError> {
    let fitting: Vec<_> = status.grants.iter().filter(|grant| fits(grant)).collect();
    the_one(&fitting, |grant| grant.grant_id.as_str(), named, what).copied()
}

/// Shows a message of the thread: what a proposal or agreement says in words.
async fn show(holder: &ReceiptHolder, message_id: &str, context: &Context) -> Result<Message, CliError> {
    let messages = retrying(|| holder.messages()).await?;
    let found = messages.into_iter().find(|message| message.message_id == message_id);
    let message = found.ok_or_else(|| CliError::not_found("message"))?;
    context.output.line(isolated(message.text.expose()));
    Ok(message)
}

/// An amount as people read it.
pub(super) fn amount(money: Option<Money>) -> String {
    money.map_or_else(|| "-".to_owned(), |money| money.to_string())
}

fn terms(context: &Context, grant: &Grant) {
    let out = context.output;
    out.heading(format!("Help {}", grant.grant_id));
    out.record(&[
        ("up to", amount(grant.ceiling)),
        ("from, to", format!("{} to {}", grant.start, grant.end)),
    ]);
    out.line("");
}

pub(super) async fn proposal(args: ProposalArgs, context: &Context) -> Result<(), CliError> {
    let (holder, status) = args.receipt.open_with_status(context).await?;
    let shown = |grant: &Grant| !grant.proposal_message_id.is_empty();
    let grant = grant(&status, args.grant.as_deref(), shown, "grant with a proposal")?;
    terms(context, grant);
    let message = show(&holder, &grant.proposal_message_id, context).await?;
    if !args.right && !args.wrong {
        context.output.line("\nSay whether it is right: --right, or --wrong with your words.");
        return context.output.json(&json!({
            "grant_id": grant.grant_id, "message_id": grant.proposal_message_id, "text": message.text.expose(),
            "ceiling": amount(grant.ceiling), "start": grant.start, "end": grant.end,
        }));
    }
    let request_id = context.key.use_it();
    let said = match (&args.text_file, args.wrong) {
        (None, false) => None,
        (source, _) => {
            Some(context.read_text(source.as_ref(), ("--text-file", MESSAGE), "What is wrong with it?")?)
        }
    };
    let answer = (args.right, said.as_ref().map(|words| words.expose().as_str()));
    retrying(|| holder.answer_proposal(grant, &message, answer, Context::attempt(&request_id))).await?;
    context.output.show(&json!({ "grant_id": grant.grant_id, "agrees": args.right }), |out| {
        out.line(if args.right {
            "\nThank you. It is decided on next."
        } else {
            "\nThank you. Staff will look at it again before it is decided on."
        });
    })
}

fn has_agreement(grant: &Grant) -> bool {
    !grant.agreement_message_id.is_empty()
}

pub(super) async fn agree(args: AgreeArgs, context: &Context) -> Result<(), CliError> {
    let (holder, status) = args.receipt.open_with_status(context).await?;
    let grant = grant(&status, args.grant.as_deref(), has_agreement, "grant with terms to agree to")?;
    terms(context, grant);
    let shown = show(&holder, &grant.agreement_message_id, context).await?;
    confirmed(args.yes, "\nDo you agree to this?")?;
    answer_agreement(&holder, grant, (&shown, AgreementAnswer::Accept), context).await
}

pub(super) async fn refuse(args: RefuseArgs, context: &Context) -> Result<(), CliError> {
    let (holder, status) = args.receipt.open_with_status(context).await?;
    let grant = grant(&status, args.grant.as_deref(), has_agreement, "grant with terms to refuse")?;
    terms(context, grant);
    let shown = show(&holder, &grant.agreement_message_id, context).await?;
    let (what, answer) = if args.donor {
        ("this donor's money", AgreementAnswer::RefuseDonor)
    } else {
        ("these terms", AgreementAnswer::Refuse)
    };
    confirmed(args.yes, &format!("\nDo you refuse {what}?"))?;
    answer_agreement(&holder, grant, (&shown, answer), context).await
}

async fn answer_agreement(
    holder: &ReceiptHolder,
    grant: &Grant,
    (shown, answer): (&Message, AgreementAnswer),
    context: &Context,
) -> Result<(), CliError> {
    let request_id = context.key.use_it();
    retrying(|| holder.answer_agreement(grant, shown, answer, Context::attempt(&request_id))).await?;
    let document = json!({
        "grant_id": grant.grant_id, "accepts": answer == AgreementAnswer::Accept,
        "refuses_donor": answer == AgreementAnswer::RefuseDonor,
    });
    context.output.show(&document, |out| {
        out.line(match answer {
            AgreementAnswer::Accept => "You have agreed.",
            AgreementAnswer::RefuseDonor => {
                "You have refused this donor's money. Staff look for other money."
            }
            AgreementAnswer::Refuse => "You have refused these terms. Staff will write to you.",
        });
    })
}

pub(super) async fn arrived(args: ArrivedArgs, context: &Context) -> Result<(), CliError> {
    let (holder, status) = args.receipt.open_with_status(context).await?;
    let all: Vec<_> = status
        .grants
        .iter()
        .flat_map(|grant| grant.tranches.iter().map(move |tranche| (grant, tranche)))
        // One that is named may have been settled by this very command, whose answer was lost.
        .filter(|(_, tranche)| {
            args.tranche.is_some() || context.key.may_be_a_repetition() || tranche.state.is_under_way()
        })
        .collect();
    let (grant, tranche) = the_one(
        &all,
        |(_, tranche)| tranche.tranche_id.as_str(),
        args.tranche.as_deref(),
        "payment under way",
    )?;
    let arrived = args.how_much.of(tranche)?;
    let request_id = context.key.use_it();
    retrying(|| holder.report_arrival(grant, tranche, arrived, Context::attempt(&request_id))).await?;
    let document = json!({
        "grant_id": grant.grant_id, "tranche_id": tranche.tranche_id, "arrived": arrived.to_string(),
    });
    context.output.show(&document, |out| {
        out.line(format!("Thank you: {arrived} arrived."));
    })
}

impl HowMuch {
    fn of(&self, tranche: &Tranche) -> Result<Money, CliError> {
        let sent = tranche
            .amount
            .ok_or_else(|| CliError::unexpected("the service told no amount of this payment"))?;
        match &self.amount {
            Some(amount) => money::read(amount, sent.currency().code())
                .one()
                .map_err(|rule| CliError::refused("--amount", rule.to_string())),
            None if self.all => Ok(sent),
            None => Ok(Money::zero(sent.currency())),
        }
    }
}

pub(super) async fn report(args: ReportArgs, context: &Context) -> Result<(), CliError> {
    let (holder, status) = args.receipt.open_with_status(context).await?;
    let reportable = |grant: &Grant| matches!(grant.stage, GrantStage::Active | GrantStage::Reporting);
    let fits = |grant: &Grant| args.grant.is_some() || reportable(grant);
    let grant = grant(&status, args.grant.as_deref(), fits, "grant to report on")?;
    let text = context.read_text(
        args.text_file.as_ref(),
        ("--text-file", MESSAGE),
        "What did the help change? How was it spent?",
    )?;
    let request_id = context.key.use_it();
    retrying(|| holder.report(grant, text.expose(), Context::attempt(&request_id))).await?;
    context.output.show(&json!({ "grant_id": grant.grant_id, "reported": true }), |out| {
        out.line("Thank you. Your report is received.");
    })
}

#[cfg(test)]
mod tests {
    use flare_edge::receipt::TrancheState;

    use super::*;

    #[test]
    fn what_arrived_is_counted_in_the_currency_that_was_sent() {
        let sent = Money::parse("550000", "XOF").unwrap();
        let tranche =
            Tranche { tranche_id: "tranche_1".to_owned(), amount: Some(sent), state: TrancheState::Sent };
        let of = |all, amount: Option<&str>, nothing| {
            HowMuch { all, amount: amount.map(ToOwned::to_owned), nothing }.of(&tranche)
        };
        assert_eq!(of(true, None, false).unwrap(), sent);
        assert_eq!(of(false, None, true).unwrap().minor(), 0);
        assert_eq!(of(false, Some("400000"), false).unwrap().minor(), 400_000);
        for typed in ["400 000", "400.000", "400.000,00 CFA", "٤٠٠٬٠٠٠", "400k", "4 lakh"] {
            assert_eq!(of(false, Some(typed), false).unwrap().minor(), 400_000, "{typed}");
        }
        assert!(of(false, Some("5m"), false).unwrap_err().for_people().contains("reads two ways"));
        assert!(of(false, Some("1.50"), false).unwrap_err().for_people().contains("--amount"));
    }
}
