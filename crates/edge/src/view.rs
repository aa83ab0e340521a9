//! How the values of views stand in JSON.

use flare_contracts::{
    common::v1::Money,
    input,
    words::{UNSAID, Worded, hyphened},
};
use flare_kernel::Codename;
use serde::{Serialize as _, Serializer};

/// A codename as a service told it. Whoever runs the servers could tell anything, and it stands in headings and in commands
/// that people copy: what is none is not shown.
pub(crate) fn told_codename(told: String) -> String {
    if told.is_empty() || told.parse::<Codename>().is_ok() { told } else { NO_CODENAME.to_owned() }
}

/// Stands for a codename that is none.
pub(crate) const NO_CODENAME: &str = "(no codename)";

/// A value as it is written.
pub(crate) fn text<T: ToString, S: Serializer>(value: &T, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&value.to_string())
}

/// A value as it is written, or null.
#[allow(clippy::ref_option, reason = "serde hands out a reference to the field")]
pub(crate) fn text_or_none<T: ToString, S: Serializer>(value: &Option<T>, out: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(ToString::to_string).serialize(out)
}

/// A value as its word.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference to the field")]
pub(crate) fn word<T: Worded, S: Serializer>(value: &T, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(value.word())
}

/// A stable code, with hyphens.
pub(crate) fn hyphened_code<S: Serializer>(code: &str, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&hyphened(code))
}

/// An amount as people write it, such as `9400.00 EUR`.
pub(crate) fn money_text(money: Option<&Money>) -> String {
    let Some(money) = money else { return UNSAID.to_owned() };
    match input::money("amount", Some(money)) {
        Ok(money) => money.to_string(),
        Err(_) => format!("{} minor units of {}", money.minor_units, money.currency),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_told_even_in_a_currency_that_nobody_knows() {
        let money = |currency: &str| Money { currency: currency.to_owned(), minor_units: 940_000 };
        for (amount, told) in [
            (None, "-"),
            (Some(money("EUR")), "9400.00 EUR"),
            (Some(money("XXQ")), "940000 minor units of XXQ"),
        ] {
            assert_eq!(money_text(amount.as_ref()), told);
        }
    }
}
