//! The end of a grant: the report, the close, giving it up, or a termination.

use clap::Args;
use flare_contracts::{
    codes,
    common::v1::Money,
    grants::v1::{
        AbandonGrantRequest, CloseGrantRequest, Grant, RecordReportRequest, TerminateGrantRequest,
        TrancheState,
    },
};
use flare_kernel::{Date, GrantId};
use flare_typed::date::Expected;
use serde_json::json;

use super::record::{GrantRecord, seen_version, settle, settle_with};
use crate::cli::{
    CliError, Context,
    case::{
        choices::code,
        desk::{Desk, call},
        taking::SeenVersion,
    },
    words::{money, read_day, read_money},
};

/// `flare grant report`
#[derive(Args, Debug)]
pub(crate) struct ReportArgs {
    /// The grant
    grant: GrantId,
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
    grant: GrantId,
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
    grant: GrantId,
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
    grant: GrantId,
    /// Why
    #[arg(long, value_parser = code(codes::WHY_TERMINATED))]
    reason: String,
    #[command(flatten)]
    version: SeenVersion,
}

pub(crate) async fn report(context: &Context, args: ReportArgs) -> Result<(), CliError> {
    let until = check_report(&args)?;
    let desk = Desk::open(context).await?;
    let said = format!("The report is noted as {}", args.how);
    let request = RecordReportRequest {
        request_id: desk.request_id()?,
        grant_id: args.grant.to_string(),
        version: seen_version(&desk, args.grant, args.version.seen).await?,
        how: args.how,
        reason: args.reason.unwrap_or_default(),
        until: until.map(|day| day.to_string()).unwrap_or_default(),
    };
    let answer = call!(desk, grants.record_report(request))
        .map_err(|error| error.named(&[("how", "--how"), ("reason", "--reason"), ("until", "--until")]));
    settle(&desk, args.grant, answer, &said).await
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
    let desk = Desk::open(context).await?;
    let record = GrantRecord::read(&desk, args.grant, args.version.seen).await?;
    let unspent = match &args.unspent {
        Some(amount) => read_money(amount, record.currency())
            .map_err(|error| error.named(&[("--amount", "--unspent")]))?,
        None => unspent(&record.grant),
    };
    let said = format!("{}, {} unspent", args.outcome.replace('_', " "), money(Some(&unspent)));
    let more = [("outcome", json!(args.outcome)), ("unspent", json!(money(Some(&unspent))))];
    let request = CloseGrantRequest {
        request_id: desk.request_id()?,
        grant_id: args.grant.to_string(),
        version: record.version(),
        outcome: args.outcome,
        unspent: Some(unspent),
    };
    let answer = call!(desk, grants.close_grant(request))
        .map_err(|error| error.named(&[("outcome", "--outcome"), ("unspent", "--unspent")]));
    settle_with(&desk, args.grant, answer, &said, more).await
}

/// What goes back when nobody says otherwise: as the first person proposed, else what neither arrived nor was lost.
fn unspent(grant: &Grant) -> Money {
    if let Some(proposed) = grant.close.as_ref().and_then(|close| close.unspent.clone()) {
        return proposed;
    }
    let ceiling = grant.terms.as_ref().and_then(|terms| terms.ceiling.clone()).unwrap_or_default();
    let gone = grant.tranches.iter().map(|tranche| match tranche.state() {
        TrancheState::Arrived => tranche.arrived.as_ref().map_or(0, |arrived| arrived.minor_units),
        TrancheState::Lost => tranche.amount.as_ref().map_or(0, |amount| amount.minor_units),
        TrancheState::Unspecified
        | TrancheState::Scheduled
        | TrancheState::Released
        | TrancheState::Sent
        | TrancheState::InDoubt
        | TrancheState::Returned => 0,
    });
    let minor_units = ceiling.minor_units.saturating_sub(gone.fold(0, i64::saturating_add)).max(0);
    Money { minor_units, ..ceiling }
}

pub(crate) async fn abandon(context: &Context, args: AbandonArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let request = AbandonGrantRequest {
        request_id: desk.request_id()?,
        grant_id: args.grant.to_string(),
        version: seen_version(&desk, args.grant, args.version.seen).await?,
        reason: args.reason,
    };
    let answer = call!(desk, grants.abandon_grant(request));
    settle(&desk, args.grant, answer, "Abandoned; its needs are to be decided anew").await
}

pub(crate) async fn terminate(context: &Context, args: TerminateArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let request = TerminateGrantRequest {
        request_id: desk.request_id()?,
        grant_id: args.grant.to_string(),
        version: seen_version(&desk, args.grant, args.version.seen).await?,
        reason: args.reason,
    };
    let answer = call!(desk, grants.terminate_grant(request));
    settle(&desk, args.grant, answer, "Terminated").await
}

#[cfg(test)]
mod tests {
    use flare_contracts::grants::v1::{ProposedClose, Terms, Tranche};

    use super::*;

    fn eur(minor_units: i64) -> Money {
        Money { currency: "EUR".to_owned(), minor_units }
    }

    fn tranche(state: TrancheState, amount: i64, arrived: Option<i64>) -> Tranche {
        Tranche {
            state: state.into(),
            amount: Some(eur(amount)),
            arrived: arrived.map(eur),
            ..Tranche::default()
        }
    }

    #[test]
    fn what_neither_arrived_nor_was_lost_goes_back() {
        let mut grant = Grant {
            terms: Some(Terms { ceiling: Some(eur(1_000)), ..Terms::default() }),
            tranches: vec![
                tranche(TrancheState::Arrived, 500, Some(450)),
                tranche(TrancheState::Lost, 100, None),
                tranche(TrancheState::Returned, 300, None),
            ],
            ..Grant::default()
        };
        assert_eq!(unspent(&grant), eur(450));
        grant.close = Some(ProposedClose { unspent: Some(eur(400)), ..ProposedClose::default() });
        assert_eq!(unspent(&grant), eur(400));
    }

    #[test]
    fn a_report_takes_the_options_that_go_with_it() {
        let args = |how: &str, reason: Option<&str>, until: Option<&str>| ReportArgs {
            grant: GrantId::from_bytes([1; 16]),
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
