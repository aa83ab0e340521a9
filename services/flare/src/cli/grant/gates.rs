//! The gates besides the votes: verification, payee, agreement, funds; and the advance that goes before them.

use clap::{Args, Subcommand};
use flare_contracts::{
    codes, fields,
    grants::v1::{
        AuthoriseAdvanceRequest, CheckPayeeRequest, EnterPayeeRequest, Gate, GrantStage,
        OverrideVerificationRequest, RecordAgreementRequest, ReserveFundsRequest,
    },
    intake::v1::MessageKind,
    vote::payee_digest,
};
use flare_edge::Team;
use flare_kernel::GrantId;
use flare_seal::Compartment;
use flare_typed::{date::Expected, text::clean_value};
use serde_json::json;

use super::{
    record::{GrantRecord, seen_version, settle, settle_with},
    sheet::digest_text,
};
use crate::cli::{
    CliError, Context, TextSource,
    case::{
        addresses_in,
        ahead::{check_ahead, post_ahead},
        choices::code,
        desk::{Desk, call},
        record::{CaseRecord, written},
        references::most_telling,
        saying::{Saying, show_plan, words},
        taking::SeenVersion,
    },
    output::{indented, isolated},
    prompt,
    words::{money, read_day, read_money},
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
    grant: GrantId,
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
    grant: GrantId,
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
    grant: GrantId,
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
    grant: GrantId,
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
    grant: GrantId,
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
    grant: GrantId,
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
    grant: GrantId,
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
    let desk = Desk::open(context).await?;
    if desk.session.team_secret(Team::Triage, 1).is_none() {
        let message = "a payee is entered by somebody of the triage team: what tells it from a reference needs that team's key";
        return Err(
            CliError::state("NOT_IN_TRIAGE", message).hint("let an officer enter it; then you can check it")
        );
    }
    let mut record = GrantRecord::read(&desk, args.grant, args.version.seen).await?;
    let case = CaseRecord::read(&desk, record.case, None).await?;
    let text = context.read_text(
        args.payee_file.as_ref(),
        (OPTION, fields::PAYEE.longest),
        "To whom, and how are they paid?",
    )?;
    let references: Vec<String> = case
        .case
        .references
        .iter()
        .filter_map(|reference| reference.description.as_ref())
        .filter_map(|description| written(&case.keys, Compartment::Notes, description))
        .flat_map(|description| addresses_in(&description))
        .collect();
    let fingerprint =
        desk.session.contact_fingerprint(&most_telling(&addresses_in(text.expose()), &references))?;
    let key = if record.keys.newest(Compartment::Payment) == 0 {
        let (key, epoch) = desk.session.draw_epoch(record.case, Compartment::Payment, 1, None)?;
        record.keys.insert(Compartment::Payment, 1, key);
        Some(epoch)
    } else {
        None
    };
    record.begin_key_to_write(&desk, Compartment::Payment).await?;
    let next = record.grant.payee.as_ref().map_or(1, |payee| payee.version + 1);
    let request = EnterPayeeRequest {
        request_id: desk.request_id()?,
        grant_id: args.grant.to_string(),
        version: record.version(),
        payee: Some(record.keys.seal(&fields::PAYEE, next, text.expose().trim())?),
        key,
        fingerprint: fingerprint.to_vec(),
    };
    let answer = call!(desk, grants.enter_payee(request))
        .map_err(|error| error.named(&[("payee", OPTION), ("fingerprint", OPTION)]));
    settle(&desk, args.grant, answer, "The payee is entered; another person checks it").await
}

async fn check_payee(context: &Context, args: CheckPayeeArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let record = GrantRecord::read(&desk, args.grant, args.version.seen).await?;
    let missing = || CliError::state("NO_PAYEE", "no payee has been entered yet");
    let sealed = record.grant.payee.as_ref().ok_or_else(missing)?;
    let (payee, digest) = (record.payee().ok_or_else(missing)?, payee_digest(sealed));
    check_called_back(args.shown.as_deref(), &digest)?;
    let output = &context.output;
    let entered_by = desk.staff().await?.shown(&record.grant.payee_entered_by);
    output.line(format!(
        "{}\n{}\n",
        output.bold(format!("Payee, entered by {entered_by}")),
        indented(&isolated(&payee))
    ));
    if !args.called_back {
        let digest = digest_text(&digest);
        let document = json!({
            "grant_id": args.grant.to_string(),
            "payee": payee,
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
    let checked_on = read_day("--sanctions-checked-on", &checked_on, Expected::Behind)?.to_string();
    let request = CheckPayeeRequest {
        request_id: desk.request_id()?,
        grant_id: args.grant.to_string(),
        version: record.version(),
        called_back: args.called_back,
        sanctions_checked_on: checked_on,
        sanctions_clear: args.sanctions_clear,
        payee_digest: digest.to_vec(),
    };
    let answer = call!(desk, grants.check_payee(request)).map_err(|error| {
        error.named(&[
            ("called_back", "--called-back"),
            ("sanctions_checked_on", "--sanctions-checked-on"),
            ("sanctions_clear", "--sanctions-clear"),
        ])
    });
    settle(&desk, args.grant, answer, "The payee is checked").await
}

/// Refuses to check another payee than the one that was called back: whoever was entered since was called by nobody.
fn check_called_back(expected: Option<&str>, digest: &[u8; 32]) -> Result<(), CliError> {
    match expected {
        Some(expected) if !clean_value(expected).eq_ignore_ascii_case(&digest_text(digest)) => {
            let message = "the payee is not the one that this digest was shown for; look again, and call back whoever it is now";
            Err(CliError::stale("PAYEE_CHANGED", message))
        }
        _ => Ok(()),
    }
}

pub(crate) async fn override_verification(context: &Context, args: OverrideArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let request = OverrideVerificationRequest {
        request_id: desk.request_id()?,
        grant_id: args.grant.to_string(),
        version: seen_version(&desk, args.grant, args.version.seen).await?,
        reason: args.reason,
    };
    let answer = call!(desk, grants.override_verification(request));
    settle(&desk, args.grant, answer, "Verified by the head's override").await
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

/// Refuses what grants would refuse, before the requester reads an agreement that they can never answer.
fn check_agreeable(record: &GrantRecord) -> Result<(), CliError> {
    let stages = [GrantStage::InApproval, GrantStage::Approved, GrantStage::Reporting];
    record.check_current("have its agreement recorded", &stages)?;
    if record.grant.gates.iter().any(|gate| gate.open && gate.gate() == Gate::Agreed) {
        let message = "it was agreed to already. Nothing was sent";
        return Err(CliError::state("ALREADY_AGREED", message));
    }
    Ok(())
}

async fn post_agreement(context: &Context, args: PostAgreementArgs) -> Result<(), CliError> {
    check_donor_told(args.donor_origin_told)?;
    let mut desk = Desk::open(context).await?;
    let record = GrantRecord::read(&desk, args.grant, args.version.seen).await?;
    let mut case = CaseRecord::read(&desk, record.case, None).await?;
    let about = args.grant.to_string();
    check_ahead(&desk, &case, (MessageKind::Agreement, &about), check_agreeable(&record)).await?;
    let plan = show_plan(context, &case)?;
    let text = words(context, &args.saying, &plan, None)?;
    let what = (MessageKind::Agreement, about.as_str(), record.version());
    let said = post_ahead(&mut desk, &mut case, &plan, what, &text).await?;
    let request = RecordAgreementRequest {
        request_id: desk.request_id()?,
        grant_id: about,
        version: record.version(),
        message_id: said.message.to_string(),
        agreed_by: String::new(),
        witness: String::new(),
        donor_origin_told: args.donor_origin_told,
    };
    let answer = call!(desk, grants.record_agreement(request));
    let more = [("message_id", json!(said.message.to_string())), ("contact_plan", json!(plan))];
    settle_with(&desk, args.grant, answer, "The requester can read the agreement now", more).await
}

async fn record_agreement(context: &Context, args: RecordAgreementArgs) -> Result<(), CliError> {
    check_donor_told(args.donor_origin_told)?;
    let desk = Desk::open(context).await?;
    let said = format!("Agreed to by {}, heard by {}", args.agreed_by, args.witness);
    let people = desk.staff().await?;
    let witness = people.find(&args.witness).map(|staff| staff.staff_id.clone());
    let witness = witness
        .ok_or_else(|| CliError::refused("--witness", "must be the name or id of a member of staff"))?;
    let request = RecordAgreementRequest {
        request_id: desk.request_id()?,
        grant_id: args.grant.to_string(),
        version: seen_version(&desk, args.grant, args.version.seen).await?,
        message_id: String::new(),
        agreed_by: args.agreed_by,
        witness,
        donor_origin_told: args.donor_origin_told,
    };
    let answer = call!(desk, grants.record_agreement(request))
        .map_err(|error| error.named(&[("witness", "--witness")]));
    settle(&desk, args.grant, answer, &said).await
}

pub(crate) async fn reserve(context: &Context, args: ReserveArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let record = GrantRecord::read(&desk, args.grant, args.version.seen).await?;
    let amount = read_money(&args.amount, record.currency())?;
    let said = format!("Reserved {} of {}", money(Some(&amount)), args.fund.trim());
    let request = ReserveFundsRequest {
        request_id: desk.request_id()?,
        grant_id: args.grant.to_string(),
        version: record.version(),
        fund: args.fund,
        amount: Some(amount),
    };
    let answer = call!(desk, grants.reserve_funds(request))
        .map_err(|error| error.named(&[("fund", "--fund"), ("amount", "--amount")]));
    settle(&desk, args.grant, answer, &said).await
}

pub(crate) async fn advance(context: &Context, args: AdvanceArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let record = GrantRecord::read(&desk, args.grant, args.version.seen).await?;
    let amount = read_money(&args.amount, record.currency())?;
    let me = desk.session.staff_id().to_string();
    let is_second = record.grant.advance.as_ref().is_some_and(|advance| {
        !advance.authorised_by.contains(&me) && advance.amount.as_ref() == Some(&amount)
    });
    let who = if is_second { "authorised by two" } else { "waits for a second person" };
    let said = format!("An advance of {} {who}", money(Some(&amount)));
    let request = AuthoriseAdvanceRequest {
        request_id: desk.request_id()?,
        grant_id: args.grant.to_string(),
        version: record.version(),
        amount: Some(amount),
    };
    let answer = call!(desk, grants.authorise_advance(request))
        .map_err(|error| error.named(&[("amount", "--amount")]));
    settle(&desk, args.grant, answer, &said).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_not_called_back_is_not_checked() {
        let digest = [0xab; 32];
        assert!(check_called_back(None, &digest).is_ok());
        assert!(check_called_back(Some(&"AB".repeat(32)), &digest).is_ok());
        assert!(check_called_back(Some(&format!("\u{2066}{}\u{2069}", "ab".repeat(32))), &digest).is_ok());
        let error = check_called_back(Some(&"ac".repeat(32)), &digest).unwrap_err();
        assert_eq!(error.reason, "PAYEE_CHANGED");
    }

    #[test]
    fn an_agreement_needs_the_donors_origin_told() {
        assert!(check_donor_told(true).is_ok());
        assert!(
            check_donor_told(false).unwrap_err().for_people().contains("--donor-origin-told must be given")
        );
    }
}
