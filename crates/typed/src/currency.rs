//! Currencies: by code, by name, by the sign that stands beside an amount; and those that are paid no more.

use std::{collections::HashMap, sync::LazyLock};

use flare_kernel::Currency;
use icu_properties::{CodePointMapData, props::GeneralCategory};

use crate::{
    Reading, Rule, TwoWays,
    names::{folded, spelled},
    text::{clean_line, clean_value},
};

/// Currencies withdrawn since 1999, with what is paid in their place: ISO 4217, list three (codes for historic
/// denominations), edition of 2026-01.
const WITHDRAWN: &[(&str, &str)] = &[
    ("ADP", "EUR"),
    ("AFA", "AFN"),
    ("ANG", "XCG"),
    ("AOR", "AOA"),
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
    ("ECS", "USD"),
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
    ("TJR", "TJS"),
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
    ("roubles", "ruble"),
    ("rouble", "ruble"),
    ("руб.", "ruble"),
    ("франк", "franc"),
    ("franc cfa", "cfa franc"),
];

/// Names and signs in use that the library does not give, or gives to one currency where others have it too.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("le", "EGP SLE"),
    ("c$", "CAD NIO"),
    ("a$", "AUD"),
    ("ca$", "CAD"),
    ("s£", "SDG SSP SYP"),
    ("e£", "EGP"),
    ("元", "CNY TWD HKD"),
    ("块", "CNY TWD"),
    ("₵", "GHS"),
    ("₾", "GEL"),
    ("lei", "RON MDL"),
    ("сом", "KGS UZS"),
    ("сум", "UZS"),
    ("sum", "UZS"),
    ("zloty", "PLN"),
    ("złotych", "PLN"),
    ("reais", "BRL"),
    ("soles", "PEN"),
    ("bolivar", "VES VED"),
    ("bolivares", "VES VED"),
    ("dong", "VND"),
    ("tugrik", "MNT"),
    ("shekels", "ILS"),
    ("شيكل", "ILS"),
    ("ש\"ח", "ILS"),
    ("lev", "BGN"),
    ("leva", "BGN"),
    ("лв", "BGN"),
    ("kuna", "HRK"),
    ("deutsche mark", "DEM"),
    ("dollars américains", "USD"),
    ("دولار أمريكي", "USD"),
    ("دولار اميركي", "USD"),
    ("دينار عراقي", "IQD"),
    ("دينار أردني", "JOD"),
    ("دينار كويتي", "KWD"),
    ("دينار بحريني", "BHD"),
    ("دينار تونسي", "TND"),
    ("دينار ليبي", "LYD"),
    ("دينار جزائري", "DZD"),
    ("درهم مغربي", "MAD"),
    ("درهم إماراتي", "AED"),
    ("جنيه مصري", "EGP"),
    ("جنيه سوداني", "SDG"),
    ("ليرة سورية", "SYP"),
    ("ليرة لبنانية", "LBP"),
    ("ليرة تركية", "TRY"),
    ("ريال يمني", "YER"),
    ("ريال سعودي", "SAR"),
    ("ريال قطري", "QAR"),
    ("ريال عماني", "OMR"),
    ("د.ج", "DZD"),
    ("د.ا", "JOD"),
    ("د.ل", "LYD"),
    ("ج.م", "EGP"),
    ("ج.س", "SDG"),
    ("ل.س", "SYP"),
    ("ل.ل", "LBP"),
    ("ر.ق", "QAR"),
    ("dinars irakiens", "IQD"),
    ("dinars tunisiens", "TND"),
    ("dinars algériens", "DZD"),
    ("livres soudanaises", "SDG"),
    ("livres syriennes", "SYP"),
    ("livres libanaises", "LBP"),
    ("livres égyptiennes", "EGP"),
    ("livres turques", "TRY"),
    ("francs congolais", "CDF"),
    ("francs suisses", "CHF"),
    ("francs guinéens", "GNF"),
    ("francs rwandais", "RWF"),
    ("francs burundais", "BIF"),
    ("gourdes", "HTG"),
    ("k", "ZMW PGK MMK MWK"),
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
    match all(text).as_deref() {
        Ok([]) => Reading::Unreadable(Rule::CurrencyUnknown),
        Ok([one]) => Reading::One(*one),
        Ok([first, second, ..]) => Reading::Two(*first, *second),
        Err(rule) => Reading::Unreadable(rule.clone()),
    }
}

/// What stands beside an amount, if it is a currency at all: the one that was named elsewhere, where it can be that.
pub(crate) fn beside(text: &str, expected: Option<Currency>) -> Result<Option<Currency>, Rule> {
    match (expected, all(text)?.as_slice()) {
        (_, []) => Err(Rule::AmountNotANumber),
        (Some(expected), found) if found.contains(&expected) => Ok(Some(expected)),
        (Some(expected), [found, ..]) => Err(Rule::AmountOtherCurrency { expected, found: *found }),
        (None, [one]) => Ok(Some(*one)),
        (None, [first, second, ..]) => Err(Rule::CurrencyTwoWays { first: *first, second: *second }),
    }
}

/// Whether `c` is the sign of a currency.
pub(crate) fn is_sign(c: char) -> bool {
    CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::CurrencySymbol
}

/// Every currency that a text may name, or the withdrawn one that it names.
fn all(text: &str) -> Result<Vec<Currency>, Rule> {
    match by_code(text) {
        Ok(currency) => Ok(vec![currency]),
        Err(Rule::CurrencyUnknown) => match other_name(text) {
            Some(codes) => codes.split(' ').map(by_code).collect(),
            None => Ok(named(text)),
        },
        Err(rule) => Err(rule),
    }
}

/// The codes of what has this other name; of a sign, every mark counts.
fn other_name(text: &str) -> Option<&'static str> {
    static NAMES: LazyLock<HashMap<String, &str>> = LazyLock::new(|| {
        let words = OTHER_NAMES.iter().filter(|(name, _)| is_word(name));
        let folded = words.map(|(name, codes)| (folded(name), *codes));
        folded.chain(OTHER_NAMES.iter().map(|(name, codes)| (spelled(name), *codes))).collect()
    });
    let by_word = || is_word(text).then(|| NAMES.get(&folded(text))).flatten();
    NAMES.get(&spelled(text)).or_else(by_word).copied()
}

fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_alphabetic() || c.is_whitespace())
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
    let singular = noun.strip_suffix('s').unwrap_or(noun);
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
            || [noun, singular].iter().any(|name| folded(&listed) == folded(name))
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
    fn every_other_name_is_of_currencies_that_there_are() {
        for (name, codes) in OTHER_NAMES {
            let known = codes.split(' ').map(by_code).collect::<Result<Vec<_>, _>>();
            let is_known = matches!(&known, Ok(_) | Err(Rule::CurrencyWithdrawn { .. }));
            assert!(is_known && all(name) == known, "{name}: {known:?}");
        }
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
            ("US$", "USD"),
            ("CA$", "CAD"),
            ("Syrian pounds", "SYP"),
            ("دينار عراقي", "IQD"),
            ("ليره سوريه", "SYP"),
            ("livres égyptiennes", "EGP"),
            ("livres egyptiennes", "EGP"),
            ("ج.م", "EGP"),
            ("₾", "GEL"),
            ("złotych", "PLN"),
        ] {
            assert_eq!(read(text), Reading::One(code(expected)), "{text}");
        }
        for text in [
            "$",
            "dinar",
            "دولار",
            "£",
            "kr",
            "kr.",
            "¥",
            "元",
            "Rs",
            "﷼",
            "LE",
            "C$",
            "S£",
            "K",
            "F CFA",
            "lei",
            "рублей",
        ] {
            assert!(matches!(read(text), Reading::Two(..)), "{text}");
        }
        for text in ["EURO2", "XAU", "XXX", "CLF", "coins"] {
            assert_eq!(read(text), Reading::Unreadable(Rule::CurrencyUnknown), "{text}");
        }
        for (name, code) in [("kuna", "HRK"), ("лв.", "BGN"), ("Deutsche Mark", "DEM")] {
            assert_eq!(read(name), read(code), "{name}");
            assert_eq!(read(name).one().unwrap_err().code(), "CURRENCY_WITHDRAWN", "{name}");
        }
        assert_eq!(read("\u{200b}"), Reading::Unreadable(Rule::CurrencyMissing));
    }
}
