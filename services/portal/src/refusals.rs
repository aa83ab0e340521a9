//! Why something was not done, in the reader's language: a text for each code of the closed sets. What the pages never
//! send wrong, and what is nobody's business, is told in general words.

use axum::http::StatusCode;
use flare_contracts::{Cause, InputRule, Kind, Reason as _, ToldRefusal};
use flare_typed::Rule;

use crate::l10n::L10nLanguage;

/// The status of the page that tells a refusal.
pub(crate) fn status(told: &ToldRefusal) -> StatusCode {
    match told.cause.kind() {
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::State | Kind::Stale | Kind::Reused => StatusCode::CONFLICT,
        Kind::Unauthenticated | Kind::Forbidden | Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Exhausted | Kind::Unavailable | Kind::Late => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// What a refusal says: of the fields at fault where they have a text, else its reason.
pub(crate) fn text(t: &L10nLanguage, told: &ToldRefusal) -> String {
    let mut rules: Vec<_> = told.fields.iter().filter_map(|(_, rule)| input_rule(t, rule)).collect();
    rules.dedup();
    if rules.is_empty() {
        cause(t, &told.cause).unwrap_or_else(|| t.refused_general())
    } else {
        rules.join(" ")
    }
}

/// Why a call was refused; none where that is told in general words.
fn cause(t: &L10nLanguage, cause: &Cause) -> Option<String> {
    Some(match cause {
        Cause::TooBusy | Cause::TooManyCalls => t.refused_busy(),
        Cause::NothingSent { .. }
        | Cause::DeadlineExceeded
        | Cause::NoRandomness
        | Cause::StoreUnavailable
        | Cause::FilesUnavailable
        | Cause::TooManyUploads
        | Cause::UploadTooSlow { .. } => t.refused_later(),
        Cause::MessageTooLarge { .. } => t.rule_too_long(),
        Cause::AlreadySubmitted => t.refused_already_sent(),
        Cause::RequestIdReused | Cause::MessageIdReused | Cause::FileIdReused => t.refused_other_words(),
        Cause::StaleVersion { .. } | Cause::OldKeyEpoch | Cause::MessagesCrossed => t.refused_changed(),
        Cause::CaseEnded => t.refused_ended(),
        Cause::CaseClosed => t.refused_closed(),
        Cause::ActNotSigned => t.refused_not_signed(),
        Cause::UnknownReceipt => t.back_not_found(),
        Cause::ProposalNotShown | Cause::AgreementNotShown => t.refused_proposal_not_shown(),
        Cause::ProposalNotOpen { .. } => t.refused_proposal_over(),
        Cause::AgreementNotOpen { .. } => t.refused_agreement_over(),
        Cause::ReportNotOpen { .. } => t.refused_report_over(),
        Cause::TrancheNotUnderWay { .. } => t.refused_payment_over(),
        Cause::FileTooLarge { mebibytes } => t.refused_file_too_large(*mebibytes),
        Cause::CaseFilesFull { mebibytes } => t.refused_files_full(*mebibytes),
        // Credentials, what the wire looks like, and what only staff or services are told.
        Cause::InvalidField
        | Cause::NotFound { .. }
        | Cause::UnreadableMessage
        | Cause::NotGrpc
        | Cause::NoCertificate
        | Cause::NoCredentials
        | Cause::BadCredentials
        | Cause::ExpiredCredentials
        | Cause::NotAllowed
        | Cause::NotFounded
        | Cause::ReceiptInUse
        | Cause::ReceiptActive
        | Cause::NoActiveReceipt
        | Cause::ContactPlanNotKept
        | Cause::CaseStopped => return None,
    })
}

/// Which rule a field breaks; none where no page can break it.
fn input_rule(t: &L10nLanguage, rule: &InputRule) -> Option<String> {
    Some(match rule {
        InputRule::Required | InputRule::RequiredOfHolder | InputRule::NoneGiven => t.rule_required(),
        InputRule::NotUtf8 => t.rule_not_text(),
        InputRule::NotOneLine { .. }
        | InputRule::TooMany { .. }
        | InputRule::TooManyBytes { .. }
        | InputRule::NotASealing { .. }
        | InputRule::AnswersTooLarge { .. } => t.rule_too_long(),
        InputRule::OneOf { .. } | InputRule::NotListed => t.rule_not_listed(),
        InputRule::AmountNegative => t.rule_amount_negative(),
        InputRule::AmountZero => t.rule_amount_zero(),
        InputRule::AmountTooLarge => t.rule_amount_too_large(),
        InputRule::CurrencyUnknown => t.rule_currency_unknown(),
        InputRule::MoreThanSent { currency } => t.rule_more_than_sent(currency.clone()),
        InputRule::NotADate => t.rule_not_a_day(),
        InputRule::NoSuchDay => t.rule_no_such_day(),
        InputRule::NotALanguageCode => t.rule_language_unknown(),
        InputRule::NotSigned | InputRule::NotOfTheseKeys => t.refused_not_signed(),
        InputRule::OtherProposal | InputRule::OtherAgreement => t.acts_changed(),
        InputRule::NotAskedHere
        | InputRule::NotYourMessage
        | InputRule::NotYourReport
        | InputRule::NoVersionSeen => t.refused_changed(),
        InputRule::RequiredOfStaff
        | InputRule::NotWellFormed
        | InputRule::NotAnId { .. }
        | InputRule::NotACodename
        | InputRule::NotARequestId
        | InputRule::NotOfFlare
        | InputRule::NotNew
        | InputRule::NotNamed { .. }
        | InputRule::Twice
        | InputRule::NotTheNumber { .. }
        | InputRule::TooSmall { .. }
        | InputRule::OutOfRange { .. }
        | InputRule::NotAPageSize { .. }
        | InputRule::NotAPageToken
        | InputRule::NotTrue
        | InputRule::NotTheLength { .. }
        | InputRule::NeitherEmptyNorTheLength { .. }
        | InputRule::NotAnEncryptionKey
        | InputRule::NoWrapFor { .. }
        | InputRule::NotTheFirstKeys
        | InputRule::NotReserved
        | InputRule::NotAQuestion
        | InputRule::NotYoursToWrite { .. }
        | InputRule::NeitherNeedNorGrant
        | InputRule::AcceptedAndRefused
        | InputRule::HeaderNotFirst
        | InputRule::NotAChunk
        | InputRule::NotAWholeChunk { .. }
        | InputRule::NoChunk
        | InputRule::NotTheFilesEpoch => return None,
    })
}

/// Which rule a typed text breaks.
pub(crate) fn typed_rule(t: &L10nLanguage, rule: &Rule) -> String {
    match rule {
        Rule::Required => t.rule_required(),
        Rule::TooLong { limit, has } => t.rule_characters(*limit, *has),
        Rule::TooMany { limit, has } => t.rule_entries(*limit, *has),
        Rule::NotJson { line, column } | Rule::NotAForm { line, column } => {
            t.rule_not_readable(*line, *column)
        }
        Rule::NotText => t.rule_not_text(),
        Rule::OneOf { .. } => t.rule_not_listed(),
        Rule::NotYesOrNo => t.rule_yes_or_no(),
        Rule::NotAWholeNumber => t.rule_whole_number(),
        Rule::AmountEmpty => t.rule_amount_empty(),
        Rule::AmountNegative => t.rule_amount_negative(),
        Rule::AmountExponent | Rule::AmountNotANumber => t.rule_amount_digits(),
        Rule::AmountGrouping => t.rule_amount_marks(),
        Rule::AmountDecimals { currency } => t.rule_amount_decimals(currency.to_string()),
        Rule::AmountTooLarge => t.rule_amount_too_large(),
        Rule::AmountTwoWays { first, second } => {
            let write = flare_typed::money::plain;
            t.rule_amount_two_ways(write(*first), first.to_string(), write(*second), second.to_string())
        }
        Rule::AmountOtherCurrency { expected, .. } => t.rule_amount_currency(expected.to_string()),
        Rule::CurrencyMissing => t.rule_currency_missing(),
        Rule::CurrencyUnknown => t.rule_currency_unknown(),
        Rule::CurrencyWithdrawn { code, successor } => t.rule_currency_withdrawn(code, successor.to_string()),
        Rule::CurrencyTwoWays { first, second } => {
            t.rule_currency_two_ways(first.to_string(), second.to_string())
        }
        Rule::NotADate => t.rule_not_a_day(),
        Rule::NoSuchDay => t.rule_no_such_day(),
        Rule::DateFar { date } => t.rule_day_far(date.to_string()),
        Rule::DateOtherCalendar { .. } => t.rule_day_other_calendar(),
        Rule::DateTwoWays { first, second, today } => t.rule_day_two_ways(
            first.unmistakable(*today),
            first.date.to_string(),
            second.unmistakable(*today),
            second.date.to_string(),
        ),
        Rule::NeededByPast { date, .. } => t.rule_day_past(date.to_string()),
        Rule::HappenedInFuture { date, .. } => t.rule_day_future(date.to_string()),
        Rule::PlaceUnknown => t.rule_place_unknown(),
        Rule::PlaceTwoWays { first, second } => t.rule_two_names(first.to_string(), second.to_string()),
        Rule::LanguageUnknown => t.rule_language_unknown(),
        Rule::LanguageTwoWays { first, second } => t.rule_two_names(first.to_string(), second.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use flare_contracts::{Coded as _, ReadBack as _};
    use flare_kernel::{Country, Currency, Date, Money};
    use flare_typed::{Reading, date};

    use super::*;
    use crate::language::Language;

    /// What no page can break, or is nobody's business: told in general words. Whatever else is refused has its own text.
    const GENERAL_CAUSES: [&str; 15] = [
        "BAD_CREDENTIALS",
        "CASE_STOPPED",
        "CONTACT_PLAN_NOT_KEPT",
        "EXPIRED_CREDENTIALS",
        "INVALID_FIELD",
        "NOT_ALLOWED",
        "NOT_FOUND",
        "NOT_FOUNDED",
        "NOT_GRPC",
        "NO_ACTIVE_RECEIPT",
        "NO_CERTIFICATE",
        "NO_CREDENTIALS",
        "RECEIPT_ACTIVE",
        "RECEIPT_IN_USE",
        "UNREADABLE_MESSAGE",
    ];
    const GENERAL_RULES: [&str; 30] = [
        "ACCEPTED_AND_REFUSED",
        "HEADER_NOT_FIRST",
        "NEITHER_EMPTY_NOR_THE_LENGTH",
        "NEITHER_NEED_NOR_GRANT",
        "NOT_AN_ENCRYPTION_KEY",
        "NOT_AN_ID",
        "NOT_A_CHUNK",
        "NOT_A_CODENAME",
        "NOT_A_PAGE_SIZE",
        "NOT_A_PAGE_TOKEN",
        "NOT_A_QUESTION",
        "NOT_A_REQUEST_ID",
        "NOT_A_WHOLE_CHUNK",
        "NOT_NAMED",
        "NOT_NEW",
        "NOT_OF_FLARE",
        "NOT_RESERVED",
        "NOT_THE_FILES_EPOCH",
        "NOT_THE_FIRST_KEYS",
        "NOT_THE_LENGTH",
        "NOT_THE_NUMBER",
        "NOT_TRUE",
        "NOT_WELL_FORMED",
        "NOT_YOURS_TO_WRITE",
        "NO_CHUNK",
        "NO_WRAP_FOR",
        "OUT_OF_RANGE",
        "REQUIRED_OF_STAFF",
        "TOO_SMALL",
        "TWICE",
    ];

    fn told(cause: Cause, fields: &[InputRule]) -> ToldRefusal {
        let fields = fields.iter().map(|rule| ("field".to_owned(), rule.clone())).collect();
        ToldRefusal { cause, fields, retry_after: None }
    }

    #[test]
    fn every_code_that_intake_can_give_has_a_text_in_each_language() {
        for lang in Language::ALL {
            let t = lang.texts();
            let general = Cause::each().into_iter().filter(|known| cause(t, known).is_none());
            let general: BTreeSet<_> = general.map(|known| known.code()).collect();
            assert_eq!(general, GENERAL_CAUSES.into(), "{lang:?}");
            let general = InputRule::each().into_iter().filter(|rule| input_rule(t, rule).is_none());
            let general: BTreeSet<_> = general.map(|rule| rule.code()).collect();
            assert_eq!(general, GENERAL_RULES.into(), "{lang:?}");
            for rule in InputRule::each() {
                let said = text(t, &told(Cause::InvalidField, std::slice::from_ref(&rule)));
                assert!(!said.trim().is_empty() && !said.contains(rule.code()), "{lang:?} {}", rule.code());
            }
            for known in Cause::each() {
                let said = text(t, &told(known.clone(), &[]));
                assert!(!said.trim().is_empty() && !said.contains(known.code()), "{lang:?} {}", known.code());
            }
        }
    }

    #[test]
    fn a_field_is_told_before_the_cause_and_what_is_nobodys_business_is_not_told() {
        let t = Language::En.texts();
        let more = InputRule::MoreThanSent { currency: "EUR".to_owned() };
        let two = told(Cause::InvalidField, &[more, InputRule::NotTrue, InputRule::Required]);
        let said = text(t, &two);
        assert!(said.contains("\u{2068}EUR\u{2069}") && said.ends_with(&t.rule_required()), "{said}");
        for rule in [InputRule::NotAnEncryptionKey, InputRule::NotAnId { prefix: "case".to_owned() }] {
            assert_eq!(text(t, &told(Cause::InvalidField, &[rule])), t.refused_general());
        }
        assert_eq!(text(t, &told(Cause::CaseEnded, &[])), t.refused_ended());
    }

    #[test]
    fn what_is_wrong_with_what_was_typed_is_said_with_everything_that_the_rule_names() {
        let eur = Currency::parse("EUR").unwrap();
        let money = |minor| Money::new(Currency::parse("IQD").unwrap(), minor).unwrap();
        let today = Date::parse("2026-11-22").unwrap();
        let (sd, ss) = (Country::parse("SD").unwrap(), Country::parse("SS").unwrap());
        let (ar, fr) = ("ar".parse().unwrap(), "fr".parse().unwrap());
        let mut rules = vec![
            Rule::Required,
            Rule::TooLong { limit: 7, has: 9 },
            Rule::TooMany { limit: 7, has: 9 },
            Rule::NotJson { line: 7, column: 9 },
            Rule::NotAForm { line: 7, column: 9 },
            Rule::NotText,
            Rule::NotYesOrNo,
            Rule::NotAWholeNumber,
            Rule::AmountEmpty,
            Rule::AmountNegative,
            Rule::AmountExponent,
            Rule::AmountNotANumber,
            Rule::AmountGrouping,
            Rule::AmountTooLarge,
            Rule::AmountTwoWays { first: money(250_000_000), second: money(250_000) },
            Rule::CurrencyMissing,
            Rule::CurrencyUnknown,
            Rule::CurrencyWithdrawn { code: "ZWL", successor: eur },
            Rule::CurrencyTwoWays { first: eur, second: Currency::parse("USD").unwrap() },
            Rule::NotADate,
            Rule::NoSuchDay,
            Rule::DateFar { date: today },
            Rule::PlaceUnknown,
            Rule::PlaceTwoWays { first: sd, second: ss },
            Rule::LanguageUnknown,
            Rule::LanguageTwoWays { first: ar, second: fr },
        ];
        let Reading::Two(first, second) = date::read("03/04/2027", date::Expected::Ahead, today) else {
            panic!("a day and a month in either order read two ways");
        };
        rules.push(Rule::DateTwoWays { first, second, today });
        let Reading::Unreadable(other_calendar) = date::read("2083-08-12", date::Expected::Ahead, today)
        else {
            panic!("a year of Nepal is read as another calendar's");
        };
        for lang in Language::ALL {
            for rule in &rules {
                let said = typed_rule(lang.texts(), rule);
                assert!(!said.trim().is_empty(), "{lang:?} {}", rule.code());
                for (name, value) in rule.params() {
                    assert!(said.contains(&value), "{lang:?} {} names {name}: {said}", rule.code());
                }
            }
            // These name less than the English does: how many decimals, the currency that was found, how many days, the calendar.
            for rule in [
                Rule::OneOf { words: "a, b" },
                Rule::AmountDecimals { currency: eur },
                Rule::AmountOtherCurrency { expected: eur, found: money(1).currency() },
                Rule::NeededByPast { date: today, days: 3 },
                Rule::HappenedInFuture { date: today, days: 3 },
                other_calendar.clone(),
            ] {
                assert!(!typed_rule(lang.texts(), &rule).trim().is_empty(), "{lang:?} {}", rule.code());
            }
        }
    }
}
