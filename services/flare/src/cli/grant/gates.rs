//! The gates besides the votes: verification, payee, agreement, funds; and the advance that goes before them.

use clap::{Args, Subcommand};
use flare_contracts::{codes, text_limits};
use flare_edge::{
    EdgeError,
    desk::{GrantName, PayeeCheck},
};
use flare_typed::date::Expected;
use serde_json::json;

use super::done;
use crate::cli::{
    CliError, Context, TextSource,
    case::{
        choices::code,
        saying::{Saying, agreed, show_plan, words},
        standing::grant_line,
        taking::SeenVersion,
    },
    output::{indented, isolated},
    prompt,
    words::{read_day, read_money},
};

/// `flare grant payee`
#[derive(Subcommand, Debug)]
pub(crate) enum PayeeCommand {
    /// Enter whom money goes to; another person checks it
    #[command(after_help = "Example:\n  flare grant payee enter grant_… --payee-file payee.txt")]
    Enter(EnterPayeeArgs),
    /// Check the payee by calling back, and against a sanctions list
    #[command(
        after_help = "Examples:\n  flare grant payee check grant_…\n  flare grant payee check grant_… --called-back --shown DIGEST --sanctions-checked-on 2026-12-01 --sanctions-clear"
    )]
    Check(CheckPayeeArgs),
}

/// `flare grant payee enter`
#[derive(Args, Debug)]
pub(crate) struct EnterPayeeArgs {
    /// The grant
    grant: GrantName,
    /// A file with whom money goes to and how, or - for standard input; asked for when left out
    #[arg(long, value_name = "FILE")]
    payee_file: Option<TextSource>,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare grant payee check`
#[derive(Args, Debug)]
pub(crate) struct CheckPayeeArgs {
    /// The grant
    grant: GrantName,
    /// You called the payee back on a way known from elsewhere; without it the payee is only shown
    #[arg(long)]
    called_back: bool,
    /// You called back the payee of this digest, as this command told it when it showed them; asked for when left out
    #[arg(long, value_name = "DIGEST", requires = "called_back")]
    shown: Option<String>,
    /// The day on which you looked at the sanctions list
    #[arg(long, value_name = "DATE", requires = "called_back")]
    sanctions_checked_on: Option<String>,
    /// The list was clear
    #[arg(long, requires = "called_back")]
    sanctions_clear: bool,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare grant verify-override`
#[derive(Args, Debug)]
pub(crate) struct OverrideArgs {
    /// The grant
    grant: GrantName,
    /// Why two references cannot be had
    #[arg(long, value_parser = code(codes::WHY_OVERRIDDEN))]
    reason: String,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare grant agreement`
#[derive(Subcommand, Debug)]
pub(crate) enum AgreementCommand {
    /// Post the agreement to the requester's thread; their answer opens the gate
    #[command(
        after_help = "Example:\n  flare grant agreement post grant_… --text-file agreement.txt --donor-origin-told"
    )]
    Post(PostAgreementArgs),
    /// Note that it was agreed to by voice, with a witness
    #[command(
        after_help = "Example:\n  flare grant agreement record grant_… --agreed-by phone --witness hana --donor-origin-told"
    )]
    Record(RecordAgreementArgs),
}

/// `flare grant agreement post`
#[derive(Args, Debug)]
pub(crate) struct PostAgreementArgs {
    /// The grant
    grant: GrantName,
    #[command(flatten)]
    saying: Saying,
    /// The text says where the money comes from
    #[arg(long)]
    donor_origin_told: bool,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare grant agreement record`
#[derive(Args, Debug)]
pub(crate) struct RecordAgreementArgs {
    /// The grant
    grant: GrantName,
    /// How
    #[arg(long, value_parser = code(codes::AGREED_BY))]
    agreed_by: String,
    /// Who of the staff heard it: the name or id of somebody other than you and whoever proposed the grant
    #[arg(long, value_name = "NAME")]
    witness: String,
    /// They were told where the money comes from
    #[arg(long)]
    donor_origin_told: bool,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare grant reserve`
#[derive(Args, Debug)]
pub(crate) struct ReserveArgs {
    /// The grant
    grant: GrantName,
    /// The fund's name
    #[arg(long)]
    fund: String,
    /// How much of it, in the grant's currency
    #[arg(long, allow_hyphen_values = true)]
    amount: String,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare grant advance`
#[derive(Args, Debug)]
pub(crate) struct AdvanceArgs {
    /// The grant
    grant: GrantName,
    /// How much, in the grant's currency; the second person gives the same amount, and another one begins anew
    #[arg(long, allow_hyphen_values = true)]
    amount: String,
    #[command(flatten)]
    version: SeenVersion,
}

pub(crate) async fn payee(context: &Context, command: PayeeCommand) -> Result<(), CliError> {
    match command {
        PayeeCommand::Enter(args) => enter_payee(context, args).await,
        PayeeCommand::Check(args) => check_payee(context, args).await,
    }
}

async fn enter_payee(context: &Context, args: EnterPayeeArgs) -> Result<(), CliError> {
    const OPTION: &str = "--payee-file";
    let desk = context.desk().await?;
    desk.check_enters_payees()
        .map_err(|error| CliError::from(error).hint("let an officer enter it; then you can check it"))?;
    let mut record = desk.grant(desk.find_grant(&args.grant).await?, args.version.seen).await?;
    let option = (OPTION, text_limits::PAYEE);
    let text = context.read_text(args.payee_file.as_ref(), option, "To whom, and how are they paid?")?;
    let entered = desk.enter_payee(&mut record, text.expose()).await;
    let named = |error: EdgeError| CliError::from(error).named(&[("payee", OPTION), ("fingerprint", OPTION)]);
    done(context, "The payee is entered; another person checks it", &entered.map_err(named)?)
}

async fn check_payee(context: &Context, args: CheckPayeeArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let record = desk.grant(desk.find_grant(&args.grant).await?, args.version.seen).await?;
    let shown = record.shown_payee()?;
    if let Some(expected) = &args.shown {
        shown.check_called_back(expected)?;
    }
    let (output, digest) = (&context.output, shown.digest());
    let entered_by = isolated(&desk.people().await?.name(&shown.entered_by));
    output.line(format!(
        "{}\n{}\n",
        output.bold(format!("Payee, entered by {entered_by}")),
        indented(&isolated(&shown.payee))
    ));
    if !args.called_back {
        let document = json!({
            "grant_id": record.id().to_string(),
            "payee": shown.payee,
            "entered_by": entered_by,
            "shown_digest": digest,
        });
        return output.show(&document, |output| {
            output.line("Call them back on a way known from elsewhere, then repeat with:");
            output.line(format!("--called-back --shown {digest}"));
        });
    }
    if args.shown.is_none() {
        if output.is_json() {
            let message = "--shown is needed with --json: say which payee you called back";
            return Err(CliError::usage(message));
        }
        if !prompt::confirm("Is the payee shown above the one whom you called back?", "--shown")? {
            return Err(CliError::usage("nothing was checked"));
        }
    }
    let checked_on = args.sanctions_checked_on.unwrap_or_default();
    let check = PayeeCheck {
        shown: &digest,
        called_back: args.called_back,
        sanctions_checked_on: read_day("--sanctions-checked-on", &checked_on, Expected::Behind)?,
        sanctions_clear: args.sanctions_clear,
    };
    let standing = desk.check_payee(&record, check).await.map_err(|error| {
        CliError::from(error).named(&[
            ("called_back", "--called-back"),
            ("sanctions_checked_on", "--sanctions-checked-on"),
            ("sanctions_clear", "--sanctions-clear"),
        ])
    })?;
    done(context, "The payee is checked", &standing)
}

pub(crate) async fn override_verification(context: &Context, args: OverrideArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let grant = desk.find_grant(&args.grant).await?;
    let standing = desk.override_verification(grant, &args.reason, args.version.seen).await?;
    done(context, "Verified by the head's override", &standing)
}

pub(crate) async fn agreement(context: &Context, command: AgreementCommand) -> Result<(), CliError> {
    match command {
        AgreementCommand::Post(args) => post_agreement(context, args).await,
        AgreementCommand::Record(args) => record_agreement(context, args).await,
    }
}

/// Nobody agrees to money whose origin they were not told.
fn check_donor_told(told: bool) -> Result<(), CliError> {
    if told {
        return Ok(());
    }
    Err(CliError::refused(
        "--donor-origin-told",
        "must be given: nobody agrees before they know where the money comes from",
    ))
}

async fn post_agreement(context: &Context, args: PostAgreementArgs) -> Result<(), CliError> {
    check_donor_told(args.donor_origin_told)?;
    let desk = context.desk().await?;
    let record = desk.grant(desk.find_grant(&args.grant).await?, args.version.seen).await?;
    let mut case = desk.case(record.case(), None).await?;
    desk.check_agreeable(&record, &case).await?;
    show_plan(context, &case)?;
    let text = words(context, &args.saying, None)?;
    let (said, standing) = agreed(context, &mut case, args.saying.anyway, async |case, all_the_same| {
        desk.post_agreement(&record, case, &text, all_the_same).await
    })
    .await?;
    let told = format!("The requester can read the agreement now: {}", grant_line(&standing));
    let more = [("message_id", json!(said.message_id)), ("contact_plan", json!(said.contact_plan))];
    context.done_with(&told, &standing, more)
}

async fn record_agreement(context: &Context, args: RecordAgreementArgs) -> Result<(), CliError> {
    check_donor_told(args.donor_origin_told)?;
    let desk = context.desk().await?;
    let grant = desk.find_grant(&args.grant).await?;
    let people = desk.people().await?;
    let (witness, _) = people
        .find(&args.witness)
        .ok_or_else(|| CliError::refused("--witness", "must be the name or id of a member of staff"))?;
    let recorded = desk.record_agreement(grant, &args.agreed_by, witness, args.version.seen).await;
    let standing = recorded.map_err(|error| CliError::from(error).named(&[("witness", "--witness")]))?;
    done(context, &format!("Agreed to by {}, heard by {}", args.agreed_by, args.witness), &standing)
}

pub(crate) async fn reserve(context: &Context, args: ReserveArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let record = desk.grant(desk.find_grant(&args.grant).await?, args.version.seen).await?;
    let amount = read_money(&args.amount, record.currency())?;
    let reserved = desk.reserve(&record, &args.fund, amount).await;
    let named = |error: EdgeError| CliError::from(error).named(&[("fund", "--fund"), ("amount", "--amount")]);
    done(context, &format!("Reserved {amount} of {}", args.fund.trim()), &reserved.map_err(named)?)
}

pub(crate) async fn advance(context: &Context, args: AdvanceArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let record = desk.grant(desk.find_grant(&args.grant).await?, args.version.seen).await?;
    let amount = read_money(&args.amount, record.currency())?;
    let authorised = desk.advance(&record, amount).await;
    let (is_second, standing) =
        authorised.map_err(|error| CliError::from(error).named(&[("amount", "--amount")]))?;
    let who = if is_second { "authorised by two" } else { "waits for a second person" };
    done(context, &format!("An advance of {amount} {who}"), &standing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agreement_needs_the_donors_origin_told() {
        assert!(check_donor_told(true).is_ok());
        assert!(
            check_donor_told(false).unwrap_err().for_people().contains("--donor-origin-told must be given")
        );
    }
}
