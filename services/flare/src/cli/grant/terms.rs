//! The terms of a grant as options: drafted once, revised in parts.

use clap::Args;
use flare_contracts::{
    common::v1::{Mode, Trigger},
    grants::v1::{PaymentMethod, SupportKind},
    limits::{FEWEST_VOTES, MOST_VOTES},
    text_limits,
};
use flare_edge::{
    EdgeError, Proposal, VerifiedProposal,
    desk::{CaseName, GrantName, GrantRecord},
};
use flare_kernel::{Date, Money, NeedId};
use flare_typed::date::Expected;
use serde_json::json;

use super::done;
use crate::cli::{
    CliError, Context, TextSource,
    case::{choices::worded, standing::grant_line, taking::SeenVersion},
    prompt,
    words::{day, exact_money},
};

const SCOPE: Text = ("--scope-file", "What will be done?", text_limits::SCOPE);
const BUDGET: Text = ("--budget-file", "The budget, line by line:", text_limits::BUDGET);
const BENEFICIARY: Text = ("--beneficiary-file", "For whom?", text_limits::BENEFICIARY);

/// An option that holds a text, what is asked when it is left out, and the most characters.
type Text = (&'static str, &'static str, usize);

/// What a vote covers.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Terms")]
pub(crate) struct TermsArgs {
    /// The most it may cost, such as 9400.00
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    ceiling: Option<String>,
    /// ISO 4217, such as EUR
    #[arg(long)]
    currency: Option<String>,
    /// The first day, such as 2026-12-01
    #[arg(long, value_name = "DATE")]
    start: Option<String>,
    /// The last day
    #[arg(long, value_name = "DATE")]
    end: Option<String>,
    /// No payment after this day [usually: the last day]
    #[arg(long, value_name = "DATE")]
    pay_by: Option<String>,
    /// Costs before the first day are allowed back to this day
    #[arg(long, value_name = "DATE")]
    costs_from: Option<String>,
    /// What kind of support
    #[arg(long, value_parser = worded::<SupportKind>())]
    support: Option<SupportKind>,
    /// How money goes
    #[arg(long, value_parser = worded::<PaymentMethod>())]
    method: Option<PaymentMethod>,
    /// Whether it prevents or answers [usually: as the request says]
    #[arg(long, value_parser = worded::<Mode>())]
    mode: Option<Mode>,
    /// What set the request off [usually: as the request says]
    #[arg(long, value_parser = worded::<Trigger>())]
    trigger: Option<Trigger>,
    /// A need it answers; may be given several times [usually: every recommended need of the case]
    #[arg(long = "need", value_name = "ID")]
    needs: Vec<NeedId>,
    /// A file with what will be done, or - for standard input
    #[arg(long, value_name = "FILE")]
    scope_file: Option<TextSource>,
    /// A file with the budget, line by line
    #[arg(long, value_name = "FILE")]
    budget_file: Option<TextSource>,
    /// A file with whom it is for
    #[arg(long, value_name = "FILE")]
    beneficiary_file: Option<TextSource>,
}

/// `flare grant draft`
#[derive(Args, Debug)]
pub(crate) struct DraftArgs {
    /// The case
    #[arg(long, value_name = "CASE")]
    case: CaseName,
    #[command(flatten)]
    terms: TermsArgs,
    /// How many votes it needs, not fewer than the policy asks for [usually: just as many, two]
    #[arg(long, value_name = "N", value_parser = votes())]
    votes: Option<u32>,
}

fn votes() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(i64::from(FEWEST_VOTES)..=i64::from(MOST_VOTES))
}

/// `flare grant revise`
#[derive(Args, Debug)]
pub(crate) struct ReviseArgs {
    /// The grant
    grant: GrantName,
    #[command(flatten)]
    terms: TermsArgs,
    #[command(flatten)]
    version: SeenVersion,
}

pub(crate) async fn draft(context: &Context, args: DraftArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let record = desk.case(desk.find_case(&args.case).await?, None).await?;
    let mut terms = args.terms;
    terms.mode = terms.mode.or(record.mode());
    terms.trigger = terms.trigger.or(record.trigger());
    if terms.needs.is_empty() {
        terms.needs = record.recommended();
    }
    let proposal = terms.compose(context, None, None)?;
    let (grant, standing) = desk.draft(&record, &proposal, args.votes).await.map_err(named)?;
    let said = format!("Drafted {grant} for {}: {}", record.codename(), grant_line(&standing));
    context.done_with(&said, &standing, [("case_id", json!(record.id().to_string()))])
}

pub(crate) async fn revise(context: &Context, args: ReviseArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let mut record = desk.grant(desk.find_grant(&args.grant).await?, args.version.seen).await?;
    // Words that are all given anew ask for none of those before, which may be sealed under a key that opens for nobody.
    let words = if args.terms.gives_every_text() { None } else { Some(words_of(&record)?) };
    let proposal = args.terms.compose(context, Some(&record.values()?), words.as_ref())?;
    let standing = desk.revise(&mut record, &proposal).await.map_err(named)?;
    done(context, "Revised; earlier votes and answers no longer count", &standing)
}

/// Field names of the messages, as the options they came from.
fn named(error: EdgeError) -> CliError {
    CliError::from(error).named(&[
        ("terms.ceiling.currency", "--currency"),
        ("terms.ceiling", "--ceiling"),
        ("terms.start", "--start"),
        ("terms.end", "--end"),
        ("terms.pay_by", "--pay-by"),
        ("terms.costs_from", "--costs-from"),
        ("terms.support_kind", "--support"),
        ("terms.payment_method", "--method"),
        ("terms.mode", "--mode"),
        ("terms.trigger", "--trigger"),
        ("terms.need_ids", "--need"),
        ("terms.sealed", "--scope-file, --budget-file or --beneficiary-file"),
        ("votes_required", "--votes"),
    ])
}

/// The words as they stand, to be changed in parts.
fn words_of(record: &GrantRecord) -> Result<VerifiedProposal, CliError> {
    record.proposal().map_err(|error| {
        let is_closed = matches!(error, EdgeError::Closed { .. });
        let error = CliError::from(error);
        if is_closed {
            return error.hint("give all three anew: --scope-file, --budget-file and --beneficiary-file");
        }
        error
    })
}

/// Every option at fault, so that nobody has to repeat a long command for each.
#[derive(Default)]
struct Faults(Vec<(&'static str, String)>);

impl Faults {
    fn take<T>(&mut self, option: &'static str, result: Result<T, impl ToString>) -> Option<T> {
        result.map_err(|error| self.0.push((option, error.to_string()))).ok()
    }

    fn required<T>(&mut self, option: &'static str, value: Option<T>) -> Option<T> {
        self.take(option, value.ok_or("is required"))
    }

    fn error(self) -> CliError {
        let mut faults = self.0.into_iter();
        let Some((option, rule)) = faults.next() else {
            return CliError::unexpected("the terms are incomplete");
        };
        faults.fold(CliError::refused(option, rule), |error, (option, rule)| error.field(option, rule))
    }
}

impl TermsArgs {
    /// Whether no text is left out.
    const fn gives_every_text(&self) -> bool {
        self.scope_file.is_some() && self.budget_file.is_some() && self.beneficiary_file.is_some()
    }

    /// The proposal that these options describe, with what they leave out taken from `before` and from `words`.
    fn compose(
        &self,
        context: &Context,
        before: Option<&Proposal>,
        words: Option<&VerifiedProposal>,
    ) -> Result<Proposal, CliError> {
        let mut faults = Faults::default();
        let values = self.values(before, &mut faults);
        let mut text = |source: &Option<TextSource>,
                        rule: Text,
                        before: Option<&str>|
         -> Result<String, CliError> {
            let (option, question, most) = rule;
            let text = match (source, before) {
                (None, Some(before)) => return Ok(before.to_owned()),
                (None, None) if !prompt::is_possible() => {
                    faults.required::<()>(option, None);
                    return Ok(String::new());
                }
                (source, _) => {
                    context.read_text(source.as_ref(), (option, most), question)?.expose().trim().to_owned()
                }
            };
            Ok(text)
        };
        let scope = text(&self.scope_file, SCOPE, words.map(|old| old.scope.expose().as_str()))?;
        let budget = text(&self.budget_file, BUDGET, words.map(|old| old.budget.expose().as_str()))?;
        let beneficiary =
            text(&self.beneficiary_file, BENEFICIARY, words.map(|old| old.beneficiary.expose().as_str()))?;
        match values {
            Some(values) if faults.0.is_empty() => Ok(Proposal { scope, budget, beneficiary, ..values }),
            _ => Err(faults.error()),
        }
    }

    /// Everything but the texts; none when an option is at fault.
    fn values(&self, before: Option<&Proposal>, faults: &mut Faults) -> Option<Proposal> {
        let date = |option: &'static str,
                    text: Option<&String>,
                    otherwise: Option<Date>,
                    faults: &mut Faults| match text {
            Some(text) => faults.take(option, day(text, Expected::Ahead)),
            None => faults.required(option, otherwise),
        };
        let ceiling = self.money(before, faults);
        let start = date("--start", self.start.as_ref(), before.map(|old| old.start), faults);
        let end = date("--end", self.end.as_ref(), before.map(|old| old.end), faults);
        let pay_by = match (&self.pay_by, before) {
            (None, None) => end,
            (text, before) => date("--pay-by", text.as_ref(), before.map(|old| old.pay_by), faults),
        };
        let costs_from = match &self.costs_from {
            Some(text) => Some(faults.take("--costs-from", day(text, Expected::Behind))?),
            None => before.and_then(|old| old.costs_from),
        };
        let support = faults.required("--support", self.support.or(before.map(|old| old.support_kind)));
        let method = faults.required("--method", self.method.or(before.map(|old| old.payment_method)));
        let mode = faults.required("--mode", self.mode.or(before.map(|old| old.mode)));
        let trigger = faults.required("--trigger", self.trigger.or(before.map(|old| old.trigger)));
        let needs = if self.needs.is_empty() {
            before.map(|old| old.needs.clone())
        } else {
            Some(self.needs.clone())
        };
        let needs = faults.required("--need", needs);
        Some(Proposal {
            ceiling: ceiling?,
            start: start?,
            end: end?,
            pay_by: pay_by?,
            costs_from,
            support_kind: support?,
            payment_method: method?,
            mode: mode?,
            trigger: trigger?,
            needs: needs?,
            scope: String::new(),
            budget: String::new(),
            beneficiary: String::new(),
        })
    }

    fn money(&self, before: Option<&Proposal>, faults: &mut Faults) -> Option<Money> {
        let old = before.map(|old| old.ceiling);
        let currency = match &self.currency {
            Some(code) => faults.take("--currency", flare_typed::currency::read(code).one()),
            None => faults.required("--currency", old.map(Money::currency)),
        };
        match (&self.ceiling, old) {
            (Some(amount), _) => faults.take("--ceiling", exact_money(amount, currency?)),
            (None, Some(old)) if currency == Some(old.currency()) => Some(old),
            (None, _) => faults.required("--ceiling", None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> TermsArgs {
        let text = |text: &str| Some(text.to_owned());
        TermsArgs {
            ceiling: text("9400.00"),
            currency: text("EUR"),
            start: text("2026-12-01"),
            end: text("2027-02-28"),
            support: Some(SupportKind::Cash),
            method: Some(PaymentMethod::CashByPartner),
            mode: Some(Mode::Reactive),
            trigger: Some(Trigger::Negative),
            needs: vec![NeedId::from_bytes([1; 16])],
            ..TermsArgs::default()
        }
    }

    fn faults(args: &TermsArgs, before: Option<&Proposal>) -> String {
        let mut faults = Faults::default();
        assert!(args.values(before, &mut faults).is_none());
        faults.error().for_people()
    }

    #[test]
    fn terms_are_read_and_payments_end_with_the_grant_unless_said_otherwise() {
        let mut none = Faults::default();
        let read = given().values(None, &mut none).unwrap();
        assert!(none.0.is_empty());
        assert_eq!((read.ceiling.to_string().as_str(), read.pay_by), ("9400.00 EUR", read.end));
        let later = TermsArgs { pay_by: Some("2027-03-15".to_owned()), ..given() };
        assert_eq!(later.values(None, &mut none).unwrap().pay_by.to_string(), "2027-03-15");
    }

    #[test]
    fn every_option_at_fault_is_named_at_once() {
        let told = faults(&TermsArgs::default(), None);
        for option in [
            "--ceiling",
            "--currency",
            "--start",
            "--end",
            "--support",
            "--method",
            "--mode",
            "--trigger",
            "--need",
        ] {
            if option != "--ceiling" || !told.contains("--currency") {
                assert!(told.contains(&format!("{option} is required")), "{told}");
            }
        }
        let bad =
            TermsArgs { ceiling: Some("9400.001".to_owned()), end: Some("2027-02-30".to_owned()), ..given() };
        let told = faults(&bad, None);
        assert!(told.contains("--ceiling must have at most 2 decimals for EUR"), "{told}");
        assert!(told.contains("--end must be a day that exists"), "{told}");
    }

    #[test]
    fn a_revision_keeps_what_it_does_not_name() {
        let mut none = Faults::default();
        let before = given().values(None, &mut none).unwrap();
        let change = TermsArgs { ceiling: Some("8000".to_owned()), ..TermsArgs::default() };
        let after = change.values(Some(&before), &mut none).unwrap();
        assert_eq!(after.ceiling.to_string(), "8000.00 EUR");
        assert_eq!((after.start, after.end, after.needs), (before.start, before.end, before.needs.clone()));
        // Another currency asks for another amount: nobody means 9400 of whatever.
        let other = TermsArgs { currency: Some("USD".to_owned()), ..TermsArgs::default() };
        assert!(faults(&other, Some(&before)).contains("--ceiling is required"));
    }
}
