//! The end of a grant: the report, the close, giving it up, or a termination.

use clap::Args;
use flare_contracts::codes;
use flare_edge::{EdgeError, desk::GrantName};
use flare_kernel::Date;
use flare_typed::date::Expected;
use serde_json::json;

use super::done;
use crate::cli::{
    CliError, Context,
    case::{choices::code, standing::grant_line, taking::SeenVersion},
    words::{read_day, read_money},
};

/// `flare grant report`
#[derive(Args, Debug)]
pub(crate) struct ReportArgs {
    /// The grant
    grant: GrantName,
    /// What became of the report; a head waives it
    #[arg(long, value_parser = code(codes::REPORTS))]
    how: String,
    /// Why it is deferred or waived
    #[arg(long, value_parser = code(codes::WHY_NO_REPORT))]
    reason: Option<String>,
    /// Until when it is deferred
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare grant close`
#[derive(Args, Debug)]
pub(crate) struct CloseArgs {
    /// The grant
    grant: GrantName,
    /// What it came to
    #[arg(long, value_parser = code(codes::OUTCOMES))]
    outcome: String,
    /// What goes back to its fund, in the grant's currency [usually: what neither arrived nor was lost]
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    unspent: Option<String>,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare grant abandon`
#[derive(Args, Debug)]
pub(crate) struct AbandonArgs {
    /// The grant
    grant: GrantName,
    /// Why
    #[arg(long, value_parser = code(codes::WHY_ABANDONED))]
    reason: String,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare grant terminate`
#[derive(Args, Debug)]
pub(crate) struct TerminateArgs {
    /// The grant
    grant: GrantName,
    /// Why
    #[arg(long, value_parser = code(codes::WHY_TERMINATED))]
    reason: String,
    #[command(flatten)]
    version: SeenVersion,
}

pub(crate) async fn report(context: &Context, args: ReportArgs) -> Result<(), CliError> {
    let until = check_report(&args)?;
    let desk = context.desk().await?;
    let grant = desk.find_grant(&args.grant).await?;
    let recorded =
        desk.record_report(grant, &args.how, args.reason.as_deref(), until, args.version.seen).await;
    let standing = recorded.map_err(|error| {
        CliError::from(error).named(&[("how", "--how"), ("reason", "--reason"), ("until", "--until")])
    })?;
    done(context, &format!("The report is noted as {}", args.how), &standing)
}

/// Which options go with which report; the day until which it is deferred.
fn check_report(args: &ReportArgs) -> Result<Option<Date>, CliError> {
    let (is_deferred, needs_reason) =
        (args.how == "deferred", matches!(args.how.as_str(), "deferred" | "waived"));
    match (&args.reason, needs_reason) {
        (None, true) => {
            return Err(CliError::refused("--reason", "is required when a report is deferred or waived"));
        }
        (Some(_), false) => {
            return Err(CliError::refused("--reason", "goes with --how deferred or waived only"));
        }
        _ => {}
    }
    match (&args.until, is_deferred) {
        (None, true) => Err(CliError::refused("--until", "is required when a report is deferred")),
        (Some(_), false) => Err(CliError::refused("--until", "goes with --how deferred only")),
        (Some(until), true) => read_day("--until", until, Expected::Ahead).map(Some),
        (None, false) => Ok(None),
    }
}

pub(crate) async fn close(context: &Context, args: CloseArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let record = desk.grant(desk.find_grant(&args.grant).await?, args.version.seen).await?;
    let unspent = args.unspent.map(|amount| read_money(&amount, record.currency())).transpose();
    let unspent = unspent.map_err(|error| error.named(&[("--amount", "--unspent")]))?;
    let named =
        |error: EdgeError| CliError::from(error).named(&[("outcome", "--outcome"), ("unspent", "--unspent")]);
    let (unspent, standing) = desk.close_grant(&record, &args.outcome, unspent).await.map_err(named)?;
    let outcome = args.outcome.replace('_', " ");
    let said = format!("{outcome}, {unspent} unspent: {}", grant_line(&standing));
    let more = [("outcome", json!(args.outcome)), ("unspent", json!(unspent.to_string()))];
    context.done_with(&said, &standing, more)
}

pub(crate) async fn abandon(context: &Context, args: AbandonArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let grant = desk.find_grant(&args.grant).await?;
    let standing = desk.abandon(grant, &args.reason, args.version.seen).await?;
    done(context, "Abandoned; its needs are to be decided anew", &standing)
}

pub(crate) async fn terminate(context: &Context, args: TerminateArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let grant = desk.find_grant(&args.grant).await?;
    let standing = desk.terminate(grant, &args.reason, args.version.seen).await?;
    done(context, "Terminated", &standing)
}

#[cfg(test)]
mod tests {
    use flare_kernel::GrantId;

    use super::*;

    #[test]
    fn a_report_takes_the_options_that_go_with_it() {
        let args = |how: &str, reason: Option<&str>, until: Option<&str>| ReportArgs {
            grant: GrantName::Id(GrantId::from_bytes([1; 16])),
            how: how.to_owned(),
            reason: reason.map(ToOwned::to_owned),
            until: until.map(ToOwned::to_owned),
            version: SeenVersion { seen: None },
        };
        for (how, reason, until) in [
            ("received", None, None),
            ("oral", None, None),
            ("waived", Some("light"), None),
            ("deferred", Some("unsafe"), Some("2027-01-31")),
        ] {
            assert!(check_report(&args(how, reason, until)).is_ok(), "{how}");
        }
        for (how, reason, until, told) in [
            ("received", Some("light"), None, "--reason goes with"),
            ("waived", None, None, "--reason is required"),
            ("waived", Some("light"), Some("2027-01-31"), "--until goes with"),
            ("deferred", Some("unsafe"), None, "--until is required"),
            ("deferred", Some("unsafe"), Some("2027-02-30"), "--until must be a day that exists"),
        ] {
            let error = check_report(&args(how, reason, until)).unwrap_err();
            assert!(error.for_people().contains(told), "{how}: {}", error.for_people());
        }
    }
}
