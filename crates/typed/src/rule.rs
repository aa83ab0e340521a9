//! The rules that a typed text can break.

use flare_kernel::{Country, Currency, Date, Money};

use crate::{
    date::{Day, Unconverted},
    money::plain,
};

/// Which rule a typed text breaks, with what a sentence about it needs. The English is made from that; other languages
/// go by [`Rule::code`] and [`Rule::params`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// Nothing that can be seen was written.
    #[error("is required")]
    Required,
    /// More characters than may be.
    #[error("must be at most {limit} characters; it has {has}")]
    TooLong {
        /// How many may be.
        limit: usize,
        /// How many there are.
        has: usize,
    },
    /// More entries than may be.
    #[error("must hold at most {limit} entries; it has {has}")]
    TooMany {
        /// How many may be.
        limit: usize,
        /// How many there are.
        has: usize,
    },
    /// A form file that is not JSON.
    #[error("must be JSON: it cannot be read at line {line}, column {column}")]
    NotJson {
        /// Where.
        line: usize,
        /// Where.
        column: usize,
    },
    /// A form file that is JSON but no form. Only whoever wrote the file by hand meets it.
    #[error(
        "must be a request form: what stands at line {line}, column {column} is no field of one, or not what its field holds"
    )]
    NotAForm {
        /// Where.
        line: usize,
        /// Where.
        column: usize,
    },
    /// The bytes are no text.
    #[error("must be text in UTF-8, or in UTF-16 with a byte order mark")]
    NotText,
    /// Not one of the words that are known.
    #[error("must be one of {words}")]
    OneOf {
        /// The words, parted by commas.
        words: &'static str,
    },
    /// Neither yes nor no.
    #[error("must be yes or no")]
    NotYesOrNo,
    /// Not a whole number that fits.
    #[error("must be a whole number")]
    NotAWholeNumber,
    /// No amount where one is needed.
    #[error("must not be empty")]
    AmountEmpty,
    /// An amount below zero.
    #[error("must not be negative")]
    AmountNegative,
    /// An amount with an exponent.
    #[error("must be written out in full, without an exponent")]
    AmountExponent,
    /// An amount that is no number.
    #[error("must be a number, such as 1200.50, with nothing beside it but its currency")]
    AmountNotANumber,
    /// Marks between the figures that stand where no grouping puts them.
    #[error("must have its marks between thousands, or before the decimals: such as 1200.50")]
    AmountGrouping,
    /// More decimals than the currency has.
    #[error("must have {} for {currency}", decimals_allowed(*.currency))]
    AmountDecimals {
        /// The currency.
        currency: Currency,
    },
    /// More than can be held.
    #[error("must not be so large")]
    AmountTooLarge,
    /// An amount whose mark is either between thousands or before the decimals.
    #[error("reads two ways: write {} for {first}, or {} for {second}", plain(*.first), plain(*.second))]
    AmountTwoWays {
        /// With the mark between thousands.
        first: Money,
        /// With the mark before the decimals.
        second: Money,
    },
    /// The currency beside the amount is not the one that was named.
    #[error("must be in {expected}, as the currency says, not in {found}")]
    AmountOtherCurrency {
        /// The currency that was named.
        expected: Currency,
        /// The currency beside the amount.
        found: Currency,
    },
    /// An amount without its currency.
    #[error("must have a currency, such as EUR or XOF")]
    CurrencyMissing,
    /// No currency that people are paid in.
    #[error("must be in a currency of ISO 4217, such as EUR or XOF")]
    CurrencyUnknown,
    /// A currency that is no more.
    #[error(
        "must be in a currency that is still paid: {code} was replaced by {successor}; count the amount anew in {successor}"
    )]
    CurrencyWithdrawn {
        /// The code that was written.
        code: &'static str,
        /// What is paid now.
        successor: Currency,
    },
    /// A word or sign of more than one currency.
    #[error("must name one currency: it may be {first} or {second}, or another; write its three letters")]
    CurrencyTwoWays {
        /// One of them.
        first: Currency,
        /// Another.
        second: Currency,
    },
    /// No day can be read.
    #[error("must be a date written YYYY-MM-DD")]
    NotADate,
    /// A day that its calendar has not.
    #[error("must be a day that exists")]
    NoSuchDay,
    /// A day too far away to be meant, whichever calendar it is of.
    #[error("must be nearer to today: {date} is too far away; write the day of the Gregorian calendar")]
    DateFar {
        /// The day, if it is Gregorian.
        date: Date,
    },
    /// A day of a calendar that is recognised by its year and cannot be converted.
    #[error(
        "must be a day of the Gregorian calendar: it reads as one of the {} calendar, which is not converted here",
        .calendar.name()
    )]
    DateOtherCalendar {
        /// The calendar.
        calendar: Unconverted,
    },
    /// A day of one calendar or of another, or with its day and month in either order.
    #[error(
        "reads two ways: write {} for {}, or {} for {}",
        .first.unmistakable(*.today), .first.told(), .second.unmistakable(*.today), .second.told()
    )]
    DateTwoWays {
        /// The one nearer to today.
        first: Day,
        /// The other.
        second: Day,
        /// When it was read.
        today: Date,
    },
    /// Needed by a day that is over.
    #[error("lies in the past: {date} was {days} days ago")]
    NeededByPast {
        /// The day.
        date: Date,
        /// How many days ago it was.
        days: i64,
    },
    /// Happened on a day that has not come.
    #[error("lies in the future: {date} is {days} days ahead")]
    HappenedInFuture {
        /// The day.
        date: Date,
        /// How many days ahead it is.
        days: i64,
    },
    /// No country.
    #[error("must be a country, best its two letters of ISO 3166-1 such as SD, or \"withheld\"")]
    PlaceUnknown,
    /// A name that two countries have.
    #[error("names two countries: write {first} for {}, or {second} for {}", .first.name(), .second.name())]
    PlaceTwoWays {
        /// One of them.
        first: Country,
        /// The other.
        second: Country,
    },
    /// No language.
    #[error("must be a language, best its code such as ar, fr or pt-BR")]
    LanguageUnknown,
    /// A name that two languages have.
    #[error("names two languages: write {first} or {second}")]
    LanguageTwoWays {
        /// One of them.
        first: flare_kernel::Language,
        /// The other.
        second: flare_kernel::Language,
    },
}

impl Rule {
    /// The rule's stable name, under which its sentence stands in every language.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Required => "REQUIRED",
            Self::TooLong { .. } => "TOO_LONG",
            Self::TooMany { .. } => "TOO_MANY",
            Self::NotJson { .. } => "NOT_JSON",
            Self::NotAForm { .. } => "NOT_A_FORM",
            Self::NotText => "NOT_TEXT",
            Self::OneOf { .. } => "ONE_OF",
            Self::NotYesOrNo => "NOT_YES_OR_NO",
            Self::NotAWholeNumber => "NOT_A_WHOLE_NUMBER",
            Self::AmountEmpty => "AMOUNT_EMPTY",
            Self::AmountNegative => "AMOUNT_NEGATIVE",
            Self::AmountExponent => "AMOUNT_EXPONENT",
            Self::AmountNotANumber => "AMOUNT_NOT_A_NUMBER",
            Self::AmountGrouping => "AMOUNT_GROUPING",
            Self::AmountDecimals { .. } => "AMOUNT_DECIMALS",
            Self::AmountTooLarge => "AMOUNT_TOO_LARGE",
            Self::AmountTwoWays { .. } => "AMOUNT_TWO_WAYS",
            Self::AmountOtherCurrency { .. } => "AMOUNT_OTHER_CURRENCY",
            Self::CurrencyMissing => "CURRENCY_MISSING",
            Self::CurrencyUnknown => "CURRENCY_UNKNOWN",
            Self::CurrencyWithdrawn { .. } => "CURRENCY_WITHDRAWN",
            Self::CurrencyTwoWays { .. } => "CURRENCY_TWO_WAYS",
            Self::NotADate => "NOT_A_DATE",
            Self::NoSuchDay => "NO_SUCH_DAY",
            Self::DateFar { .. } => "DATE_FAR",
            Self::DateOtherCalendar { .. } => "DATE_OTHER_CALENDAR",
            Self::DateTwoWays { .. } => "DATE_TWO_WAYS",
            Self::NeededByPast { .. } => "NEEDED_BY_PAST",
            Self::HappenedInFuture { .. } => "HAPPENED_IN_FUTURE",
            Self::PlaceUnknown => "PLACE_UNKNOWN",
            Self::PlaceTwoWays { .. } => "PLACE_TWO_WAYS",
            Self::LanguageUnknown => "LANGUAGE_UNKNOWN",
            Self::LanguageTwoWays { .. } => "LANGUAGE_TWO_WAYS",
        }
    }

    /// What the rule's sentence is made of. Readings are written as they can be typed; nothing else of what was typed.
    pub fn params(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Required
            | Self::NotText
            | Self::NotYesOrNo
            | Self::NotAWholeNumber
            | Self::AmountEmpty
            | Self::AmountNegative
            | Self::AmountExponent
            | Self::AmountNotANumber
            | Self::AmountGrouping
            | Self::AmountTooLarge
            | Self::CurrencyMissing
            | Self::CurrencyUnknown
            | Self::NotADate
            | Self::NoSuchDay
            | Self::PlaceUnknown
            | Self::LanguageUnknown => Vec::new(),
            Self::TooLong { limit, has } | Self::TooMany { limit, has } => {
                vec![("limit", limit.to_string()), ("has", has.to_string())]
            }
            Self::NotJson { line, column } | Self::NotAForm { line, column } => {
                vec![("line", line.to_string()), ("column", column.to_string())]
            }
            Self::OneOf { words } => vec![("words", (*words).to_owned())],
            Self::AmountDecimals { currency } => {
                vec![("currency", currency.to_string()), ("decimals", currency.decimals().to_string())]
            }
            Self::AmountTwoWays { first, second } => vec![
                ("write_first", plain(*first)),
                ("first", first.to_string()),
                ("write_second", plain(*second)),
                ("second", second.to_string()),
            ],
            Self::AmountOtherCurrency { expected, found } => {
                vec![("expected", expected.to_string()), ("found", found.to_string())]
            }
            Self::CurrencyWithdrawn { code, successor } => {
                vec![("code", (*code).to_owned()), ("successor", successor.to_string())]
            }
            Self::CurrencyTwoWays { first, second } => {
                vec![("first", first.to_string()), ("second", second.to_string())]
            }
            Self::DateFar { date } => vec![("date", date.to_string())],
            Self::DateOtherCalendar { calendar } => vec![("calendar", calendar.name().to_owned())],
            Self::DateTwoWays { first, second, today } => vec![
                ("write_first", first.unmistakable(*today)),
                ("first", first.date.to_string()),
                ("write_second", second.unmistakable(*today)),
                ("second", second.date.to_string()),
            ],
            Self::NeededByPast { date, days } | Self::HappenedInFuture { date, days } => {
                vec![("date", date.to_string()), ("days", days.to_string())]
            }
            Self::PlaceTwoWays { first, second } => {
                vec![("first", first.to_string()), ("second", second.to_string())]
            }
            Self::LanguageTwoWays { first, second } => {
                vec![("first", first.to_string()), ("second", second.to_string())]
            }
        }
    }
}

fn decimals_allowed(currency: Currency) -> String {
    match currency.decimals() {
        0 => "no decimals".to_owned(),
        1 => "at most 1 decimal".to_owned(),
        many => format!("at most {many} decimals"),
    }
}
