//! The forms of the field, each read the way the person who wrote it meant it.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use flare_kernel::{Date, Place};
use flare_typed::{
    Reading, currency,
    date::{self, Expected},
    language, money, place, text,
};
use serde_json::Value;

fn today() -> Date {
    Date::parse("2026-11-26").unwrap()
}

fn form(name: &str) -> Value {
    let bytes = std::fs::read(format!("{}/tests/field/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
    serde_json::from_str(&text::decode(&bytes).unwrap()).unwrap()
}

/// What a field says, or which rule it breaks, in the words of a table.
fn told(form: &Value, field: &str) -> String {
    // A number stands for the text that it is written as.
    let text = form[field].as_str().map_or_else(|| form[field].to_string(), ToOwned::to_owned);
    let text = text.as_str();
    let day = |expected| match date::read(text, expected, today()) {
        Reading::One(day) => {
            format!("{} {}", day.date, day.doubt(expected, today()).map_or("", |rule| rule.code()))
        }
        Reading::Two(first, second) => format!("{} | {}", first.date, second.date),
        Reading::Unreadable(rule) => rule.code().to_owned(),
    };
    let told = match field {
        "amount" => match money::read(text, form["currency"].as_str().unwrap_or_default()) {
            Reading::One(money) => money.to_string(),
            Reading::Two(first, second) => format!("{first} | {second}"),
            Reading::Unreadable(rule) => rule.code().to_owned(),
        },
        "currency" => currency::read(text).one().map_or_else(|rule| rule.to_string(), |one| one.to_string()),
        "happened_on" => day(Expected::Behind),
        "needed_by" => day(Expected::Ahead),
        "country_now" => match place::read(text) {
            Reading::One(Place::Country(country)) => country.code().to_owned(),
            other @ (Reading::One(Place::Withheld) | Reading::Two(..) | Reading::Unreadable(_)) => {
                format!("{other:?}")
            }
        },
        "language" => language::read(text).one().map_or_else(|rule| rule.to_string(), |one| one.to_string()),
        _ => text::has_visible(text).to_string(),
    };
    told.trim().to_owned()
}

#[test]
fn each_form_of_the_field_is_read_as_it_was_meant() {
    for (name, field, expected) in [
        ("a01-form-utf8-bom", "contact", "true"),
        ("a02-form-utf16", "contact", "true"),
        ("a03-form-number-instead-of-text", "amount", "1200.00 EUR"),
        ("b01-amount-250.000-IQD", "amount", "250000.000 IQD | 250.000 IQD"),
        ("b03-amount-1.200-TND", "amount", "1200.000 TND | 1.200 TND"),
        ("b04-amount-1.500-KWD", "amount", "1500.000 KWD | 1.500 KWD"),
        ("b05-amount-1.200,50-EUR-refused", "amount", "1200.50 EUR"),
        ("b06-amount-burmese-digits-refused", "amount", "1200.00 USD"),
        ("b07-amount-zero-width-refused", "amount", "1200.00 USD"),
        (
            "b08-currency-withdrawn-ZWL",
            "currency",
            "must be in a currency that is still paid: ZWL was replaced by ZWG; count the amount anew in ZWG",
        ),
        (
            "b09-currency-withdrawn-SLL",
            "currency",
            "must be in a currency that is still paid: SLL was replaced by SLE; count the amount anew in SLE",
        ),
        ("c01-date-hijri-year", "happened_on", "2025-11-26"),
        ("c01-date-hijri-year", "needed_by", "2025-12-11 NEEDED_BY_PAST"),
        ("c02-date-persian-year", "happened_on", "2026-11-26"),
        ("c03-date-ethiopian-year", "happened_on", "2026-11-26 | 2019-03-17"),
        ("c04-date-buddhist-year", "needed_by", "2026-12-10"),
        ("c05-needed-by-past-happened-future", "needed_by", "2026-11-01 NEEDED_BY_PAST"),
        ("c05-needed-by-past-happened-future", "happened_on", "2027-03-01 HAPPENED_IN_FUTURE"),
        ("c06-date-arabic-digits-refused", "happened_on", "2026-11-26"),
        ("c07-date-rlm-refused", "happened_on", "2026-11-26"),
        ("d01-country-rlm-refused", "country_now", "SD"),
        ("d02-country-UK-refused", "country_now", "GB"),
        ("d03-language-zh-Hant-refused", "language", "zh-Hant"),
        ("d04-language-rlm-refused", "language", "ar"),
        ("e01-contact-invisible-only", "contact", "false"),
        ("e02-text-with-direction-marks", "happened", "true"),
        ("e03-style-escape-left-open", "happened", "true"),
    ] {
        assert_eq!(told(&form(name), field), expected, "{name} {field}");
    }
}
