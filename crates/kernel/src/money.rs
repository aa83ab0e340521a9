//! Money: whole minor units (cents) of one ISO 4217 currency, never negative, never rounded.

use std::{cmp::Ordering, fmt, str::FromStr};

/// A currency of ISO 4217 in which somebody can be paid; funds, metals and test codes are not among them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    iso: iso_currency::Currency,
    decimals: u8,
}

/// An amount of money in one currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    currency: Currency,
    minor: i64,
}

/// Which rule an amount breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Nothing was written.
    #[error("must not be empty")]
    Empty,
    /// Below zero, or taken below zero by a subtraction.
    #[error("must not be negative")]
    Negative,
    /// Something else than digits and one point.
    #[error("must be digits, with a point before the decimals if there are any")]
    NotANumber,
    /// More decimals than the currency has.
    #[error("must have {} for {currency}", decimals_allowed(*.currency))]
    TooManyDecimals {
        /// The currency whose decimals are too many.
        currency: Currency,
    },
    /// The currency is not one of ISO 4217's.
    #[error("must be in a currency of ISO 4217, such as EUR or XOF")]
    UnknownCurrency,
    /// More than 9 223 372 036 854 775 807 minor units.
    #[error("must not be so large")]
    TooLarge,
    /// Two currencies in one sum.
    #[error("must be in {expected}, not in {found}")]
    OtherCurrency {
        /// The currency of the first amount.
        expected: Currency,
        /// The currency of the second.
        found: Currency,
    },
}

fn decimals_allowed(currency: Currency) -> String {
    match currency.decimals {
        0 => "no decimals".to_owned(),
        1 => "at most 1 decimal".to_owned(),
        many => format!("at most {many} decimals"),
    }
}

impl Currency {
    /// EUR.
    pub(crate) const EURO: Self = Self { iso: iso_currency::Currency::EUR, decimals: 2 };

    /// Reads a code of three capital letters. A currency that was withdrawn since is read as long as the list has it: what
    /// is stored in it stays readable.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        let iso = iso_currency::Currency::from_code(code).ok_or(MoneyError::UnknownCurrency)?;
        if iso.is_fund() || iso.is_special() {
            return Err(MoneyError::UnknownCurrency);
        }
        let decimals = iso.exponent().and_then(|decimals| u8::try_from(decimals).ok());
        Ok(Self { iso, decimals: decimals.ok_or(MoneyError::UnknownCurrency)? })
    }

    /// The three capital letters.
    pub fn code(self) -> &'static str {
        self.iso.code()
    }

    /// How many decimals an amount has: 2 for EUR, 0 for XOF, 3 for TND.
    pub const fn decimals(self) -> u8 {
        self.decimals
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        Self::parse(code)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Money {
    /// So many minor units: 940 000 of EUR is 9400.00 EUR.
    pub const fn new(currency: Currency, minor: i64) -> Result<Self, MoneyError> {
        if minor < 0 { Err(MoneyError::Negative) } else { Ok(Self { currency, minor }) }
    }

    /// No money, in this currency.
    pub const fn zero(currency: Currency) -> Self {
        Self { currency, minor: 0 }
    }

    /// Reads what [`Money`] writes: digits, a point before the decimals if there are any, and the currency's code.
    ///
    /// Fewer decimals than the currency has are understood (`9400.5`); more are refused even when they are zeros,
    /// because they show that another unit was meant.
    pub fn parse(amount: &str, currency: &str) -> Result<Self, MoneyError> {
        let currency = Currency::parse(currency)?;
        if amount.is_empty() {
            return Err(MoneyError::Empty);
        }
        if amount.starts_with('-') {
            return Err(MoneyError::Negative);
        }
        let (whole, fraction) = match amount.split_once('.') {
            Some((whole, fraction)) if !whole.is_empty() && !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(MoneyError::NotANumber),
            None => (amount, ""),
        };
        if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return Err(MoneyError::NotANumber);
        }
        let missing = usize::from(currency.decimals)
            .checked_sub(fraction.len())
            .ok_or(MoneyError::TooManyDecimals { currency })?;
        let minor = format!("{whole}{fraction}{}", "0".repeat(missing));
        // Only digits are left, so the one thing that can go wrong is the size.
        Self::new(currency, minor.parse().map_err(|_| MoneyError::TooLarge)?)
    }

    /// Whether a limit covers this amount: a limit says nothing about another currency, and so allows nothing in it.
    pub fn is_within(self, limit: Self) -> bool {
        self <= limit
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The amount in minor units; never negative.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// Whether there is nothing.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum of two amounts of one currency.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::TooLarge)?;
        Ok(Self { minor, ..self })
    }

    /// What is left of this amount when `other`, of the same currency, is taken away.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        Self::new(self.currency, self.minor.saturating_sub(other.minor))
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::OtherCurrency { expected: self.currency, found: other.currency })
        }
    }
}

impl PartialOrd for Money {
    /// Amounts of two currencies are neither more, less nor equal.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self.currency == other.currency).then(|| self.minor.cmp(&other.minor))
    }
}

impl fmt::Display for Money {
    /// `9400.00 EUR`, `1850000 XOF`: without grouping, so that it reads the same in every country and is read back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = usize::from(self.currency.decimals);
        if decimals == 0 {
            return write!(f, "{} {}", self.minor, self.currency);
        }
        let digits = format!("{:0>width$}", self.minor, width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        write!(f, "{whole}.{fraction} {}", self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CODES: [&str; 5] = ["EUR", "XOF", "TND", "USD", "JPY"];

    fn eur(minor: i64) -> Money {
        Money::new(Currency::parse("EUR").unwrap(), minor).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(minor in 0..=i64::MAX, code in proptest::sample::select(&CODES[..])) {
            let money = Money::new(Currency::parse(code).unwrap(), minor).unwrap();
            let text = money.to_string();
            let (amount, currency) = text.split_once(' ').unwrap();
            prop_assert_eq!(Money::parse(amount, currency), Ok(money));
        }

        #[test]
        fn no_text_panics_and_what_is_read_is_never_negative(text in ".*", code in "[A-Z]{3}|EUR|XOF") {
            if let Ok(money) = Money::parse(&text, &code) {
                prop_assert!(money.minor() >= 0);
            }
        }

        #[test]
        fn adding_and_taking_away_again_changes_nothing(a in 0..=i64::MAX / 2, b in 0..=i64::MAX / 2) {
            prop_assert_eq!(eur(a).checked_add(eur(b)).unwrap().checked_sub(eur(b)), Ok(eur(a)));
        }
    }

    #[test]
    fn amounts_are_read_in_minor_units() {
        let minor = |amount, currency| Money::parse(amount, currency).unwrap().minor();
        assert_eq!(minor("9400.00", "EUR"), 940_000);
        assert_eq!(minor("9400", "EUR"), 940_000);
        assert_eq!(minor("9400.5", "EUR"), 940_050);
        assert_eq!(minor("0", "EUR"), 0);
        assert_eq!(minor("1850000", "XOF"), 1_850_000);
        assert_eq!(minor("12.345", "TND"), 12_345);
        assert_eq!(minor("92233720368547758.07", "EUR"), i64::MAX);
    }

    #[test]
    fn each_refusal_is_its_own() {
        let refusal = |amount, currency| Money::parse(amount, currency).unwrap_err();
        let code = |code| Currency::parse(code).unwrap();
        assert_eq!(refusal("", "EUR"), MoneyError::Empty);
        assert_eq!(refusal("-1.00", "EUR"), MoneyError::Negative);
        for written in [
            "9,400.00",
            "9 400",
            "٩٤٠٠",
            " 1",
            "9.400.00",
            ".5",
            "5.",
            ".",
            "+5",
            "0x10",
            "1e3",
            "€5",
            "½",
            "\u{2212}1",
        ] {
            assert_eq!(refusal(written, "EUR"), MoneyError::NotANumber, "{written}");
        }
        assert_eq!(refusal("1.005", "EUR"), MoneyError::TooManyDecimals { currency: code("EUR") });
        assert_eq!(refusal("1.0", "XOF"), MoneyError::TooManyDecimals { currency: code("XOF") });
        assert_eq!(refusal("92233720368547758.08", "EUR"), MoneyError::TooLarge);
        for currency in ["", "eur", "EURO", "ABC", "€", "XAU", "XXX", "XTS", "CLF"] {
            assert_eq!(refusal("1", currency), MoneyError::UnknownCurrency, "{currency}");
        }
    }

    #[test]
    fn a_refusal_reads_as_a_rule() {
        let text = |amount, currency| Money::parse(amount, currency).unwrap_err().to_string();
        assert_eq!(text("1.005", "EUR"), "must have at most 2 decimals for EUR");
        assert_eq!(text("1.5", "XOF"), "must have no decimals for XOF");
        assert_eq!(text("-3", "EUR"), "must not be negative");
    }

    #[test]
    fn sums_stay_within_a_currency_and_its_range() {
        let usd = Money::parse("1", "USD").unwrap();
        let mixed = MoneyError::OtherCurrency { expected: eur(1).currency(), found: usd.currency() };
        assert_eq!(eur(1).checked_add(usd), Err(mixed));
        assert_eq!(eur(1).checked_sub(usd), Err(mixed));
        assert_eq!(eur(i64::MAX).checked_add(eur(1)), Err(MoneyError::TooLarge));
        assert_eq!(eur(1).checked_sub(eur(2)), Err(MoneyError::Negative));
        assert_eq!(Money::new(eur(0).currency(), -1), Err(MoneyError::Negative));
        assert!(Money::zero(usd.currency()).is_zero());
    }

    #[test]
    fn amounts_compare_only_within_a_currency() {
        let usd = Money::parse("5", "USD").unwrap();
        assert!(eur(1) < eur(2));
        assert_eq!(eur(1).partial_cmp(&usd), None);
        assert_ne!(eur(500), usd);
    }

    #[test]
    fn an_amount_is_plain_to_read() {
        assert_eq!(eur(940_000).to_string(), "9400.00 EUR");
        assert_eq!(eur(5).to_string(), "0.05 EUR");
        assert_eq!(Money::parse("1850000", "XOF").unwrap().to_string(), "1850000 XOF");
    }
}
