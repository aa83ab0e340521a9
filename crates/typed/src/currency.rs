//! Currencies: by code, by name, by the sign that stands beside an amount; and those that are paid no more.

use flare_kernel::Currency;

use crate::{
    Reading, Rule, TwoWays,
    names::folded,
    text::{clean_line, clean_value},
};

/// Currencies withdrawn since 1999, with what is paid in their place: ISO 4217, list three (codes for historic
/// denominations), edition of 2026-01.
const WITHDRAWN: &[(&str, &str)] = &[
    ("ADP", "EUR"),
    ("AFA", "AFN"),
    ("ANG", "XCG"),
    ("ATS", "EUR"),
    ("AZM", "AZN"),
    ("BEF", "EUR"),
    ("BGL", "EUR"),
    ("BGN", "EUR"),
    ("BYB", "BYN"),
    ("BYR", "BYN"),
    ("CSD", "RSD"),
    ("CUC", "CUP"),
    ("CYP", "EUR"),
    ("DEM", "EUR"),
    ("EEK", "EUR"),
    ("ESP", "EUR"),
    ("FIM", "EUR"),
    ("FRF", "EUR"),
    ("GHC", "GHS"),
    ("GRD", "EUR"),
    ("GWP", "XOF"),
    ("HRK", "EUR"),
    ("IEP", "EUR"),
    ("ITL", "EUR"),
    ("LTL", "EUR"),
    ("LUF", "EUR"),
    ("LVL", "EUR"),
    ("MGF", "MGA"),
    ("MRO", "MRU"),
    ("MTL", "EUR"),
    ("MZM", "MZN"),
    ("NLG", "EUR"),
    ("PTE", "EUR"),
    ("ROL", "RON"),
    ("RUR", "RUB"),
    ("SDD", "SDG"),
    ("SDP", "SDG"),
    ("SIT", "EUR"),
    ("SKK", "EUR"),
    ("SLL", "SLE"),
    ("SRG", "SRD"),
    ("STD", "STN"),
    ("TMM", "TMT"),
    ("TPE", "USD"),
    ("TRL", "TRY"),
    ("VEB", "VES"),
    ("VEF", "VES"),
    ("XEU", "EUR"),
    ("YDD", "YER"),
    ("YUM", "RSD"),
    ("ZMK", "ZMW"),
    ("ZRN", "CDF"),
    ("ZWD", "ZWG"),
    ("ZWL", "ZWG"),
    ("ZWN", "ZWG"),
    ("ZWR", "ZWG"),
];

/// Words for the kind of a currency, and the English noun in the names of ISO 4217. They tell one currency from another
/// only beside a code.
const NOUNS: &[(&str, &str)] = &[
    ("euros", "euro"),
    ("يورو", "euro"),
    ("евро", "euro"),
    ("یورو", "euro"),
    ("欧元", "euro"),
    ("dollars", "dollar"),
    ("dólares", "dollar"),
    ("دولار", "dollar"),
    ("دلار", "dollar"),
    ("доллар", "dollar"),
    ("долларов", "dollar"),
    ("dolar", "dollar"),
    ("dinars", "dinar"),
    ("دينار", "dinar"),
    ("pounds", "pound"),
    ("livres", "pound"),
    ("livre", "pound"),
    ("جنيه", "pound"),
    ("ليرة", "pound"),
    ("lira", "lira"),
    ("francs", "franc"),
    ("فرنك", "franc"),
    ("f", "franc"),
    ("fcfa", "cfa franc"),
    ("f cfa", "cfa franc"),
    ("francs cfa", "cfa franc"),
    ("riyals", "riyal"),
    ("rials", "rial"),
    ("ريال", "ri"),
    ("ریال", "rial"),
    ("rupees", "rupee"),
    ("rs", "rupee"),
    ("روپے", "rupee"),
    ("रुपये", "rupee"),
    ("kyats", "kyat"),
    ("ကျပ်", "kyat"),
    ("ks", "kyat"),
    ("birr", "birr"),
    ("ብር", "birr"),
    ("shillings", "shilling"),
    ("sh", "shilling"),
    ("ksh", "kenyan shilling"),
    ("pesos", "peso"),
    ("درهم", "dirham"),
    ("dirhams", "dirham"),
    ("роублей", "ruble"),
    ("рублей", "ruble"),
    ("руб", "ruble"),
    ("гривень", "hryvnia"),
    ("грн", "hryvnia"),
    ("manat", "manat"),
    ("naira", "naira"),
    ("taka", "taka"),
    ("afghanis", "afghani"),
    ("افغانی", "afghani"),
    ("元", "renminbi"),
    ("人民币", "renminbi"),
    ("円", "yen"),
    ("बर्मेली", "kyat"),
];

impl TwoWays for Currency {
    fn two_ways(first: Self, second: Self) -> Rule {
        Rule::CurrencyTwoWays { first, second }
    }
}

/// Reads a currency: its three letters, its English name, or a sign or word that no other currency has.
pub fn read(text: &str) -> Reading<Currency> {
    if clean_value(text).is_empty() {
        return Reading::Unreadable(Rule::CurrencyMissing);
    }
    match by_code(text) {
        Ok(currency) => Reading::One(currency),
        Err(Rule::CurrencyUnknown) => match *named(text) {
            [] => Reading::Unreadable(Rule::CurrencyUnknown),
            [one] => Reading::One(one),
            [first, second, ..] => Reading::Two(first, second),
        },
        Err(rule) => Reading::Unreadable(rule),
    }
}

/// What stands beside an amount, if it is a currency at all: the one that was named elsewhere, where it can be that.
pub(crate) fn beside(text: &str, expected: Option<Currency>) -> Result<Option<Currency>, Rule> {
    // More people mean a thousand or a million by these than the currencies whose signs they are too.
    if matches!(folded(text).as_str(), "k" | "m" | "t") {
        return Err(Rule::AmountNotANumber);
    }
    let found = match by_code(text) {
        Ok(currency) => vec![currency],
        Err(Rule::CurrencyUnknown) => named(text),
        Err(rule) => return Err(rule),
    };
    match (expected, found.as_slice()) {
        (_, []) => Err(Rule::AmountNotANumber),
        (Some(expected), found) if found.contains(&expected) => Ok(Some(expected)),
        (Some(expected), [found, ..]) => Err(Rule::AmountOtherCurrency { expected, found: *found }),
        (None, [one]) => Ok(Some(*one)),
        (None, [first, second, ..]) => Err(Rule::CurrencyTwoWays { first: *first, second: *second }),
    }
}

fn by_code(text: &str) -> Result<Currency, Rule> {
    let code = clean_value(text).to_uppercase();
    if let Some((code, successor)) = WITHDRAWN.iter().find(|(withdrawn, _)| *withdrawn == code) {
        let successor = Currency::parse(successor).map_err(|_| Rule::CurrencyUnknown)?;
        return Err(Rule::CurrencyWithdrawn { code, successor });
    }
    Currency::parse(&code).map_err(|_| Rule::CurrencyUnknown)
}

/// Every currency of this name or sign.
fn named(text: &str) -> Vec<Currency> {
    let sign = clean_line(text).to_lowercase();
    let noun = NOUNS.iter().find(|(word, _)| folded(word) == folded(&sign));
    let noun = noun.map_or(sign.as_str(), |(_, noun)| *noun);
    // A dollar is a dollar in whichever country, and its sign may stand with a letter for that country.
    let matches = |currency: &iso_currency::Currency| {
        let symbol = currency.symbol().symbol.to_lowercase();
        let listed = currency.name().to_lowercase();
        let is_symbol = symbol != "¤"
            && (symbol == sign
                || symbol.trim_end_matches('.') == sign.trim_end_matches('.')
                || sign == "$" && symbol.ends_with('$')
                || sign == "us$" && currency.code() == "USD");
        let has_noun =
            || listed.split(' ').any(|word| word == noun || noun == "ri" && matches!(word, "rial" | "riyal"));
        is_symbol
            || has_noun()
            || folded(&listed) == folded(noun)
            || noun.contains(' ') && listed.contains(noun)
    };
    (1..1000)
        .filter_map(iso_currency::Currency::from_numeric)
        .filter(matches)
        .filter_map(|currency| by_code(currency.code()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn every_successor_is_paid_and_no_withdrawn_code_is() {
        for (withdrawn, successor) in WITHDRAWN {
            assert_eq!(
                read(withdrawn).one(),
                Err(Rule::CurrencyWithdrawn { code: withdrawn, successor: code(successor) })
            );
            assert!(WITHDRAWN.iter().all(|(code, _)| code != successor));
            assert_eq!(read(successor), Reading::One(code(successor)));
        }
        assert!(WITHDRAWN.is_sorted());
    }

    #[test]
    fn currencies_are_read_by_code_name_and_sign() {
        for (text, expected) in [
            ("eur", "EUR"),
            ("ＥＵＲ", "EUR"),
            ("xof\u{200f}", "XOF"),
            ("€", "EUR"),
            ("Euros", "EUR"),
            ("₦", "NGN"),
            ("Iraqi dinar", "IQD"),
            ("kyat", "MMK"),
            ("ကျပ်", "MMK"),
            ("ብር", "ETB"),
            ("ZWG", "ZWG"),
            ("SLE", "SLE"),
            ("XCG", "XCG"),
            ("VES", "VES"),
            ("د.ع", "IQD"),
        ] {
            assert_eq!(read(text), Reading::One(code(expected)), "{text}");
        }
        for text in ["$", "dinar", "دولار", "£"] {
            assert!(matches!(read(text), Reading::Two(..)), "{text}");
        }
        for text in ["EURO2", "XAU", "XXX", "CLF", "coins"] {
            assert_eq!(read(text), Reading::Unreadable(Rule::CurrencyUnknown), "{text}");
        }
        assert_eq!(read("\u{200b}"), Reading::Unreadable(Rule::CurrencyMissing));
    }
}
