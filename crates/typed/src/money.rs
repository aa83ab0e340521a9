//! Amounts of money, however they are grouped and in whichever digits.

use flare_kernel::{Currency, Money};

use crate::{Reading, Rule, TwoWays, currency, scale, text::clean_value};

/// Marks of a full stop, of a comma, that only ever group, and that only ever stand before decimals.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Point,
    Comma,
    Group,
    Decimal,
}

/// Endings that say "and no cents".
const NO_CENTS: [&str; 7] = [",--", ".--", ",-", ".-", "/-", "/=", "/"];

impl TwoWays for Money {
    fn two_ways(first: Self, second: Self) -> Rule {
        Rule::AmountTwoWays { first, second }
    }
}

/// Reads an amount and its currency, which may also stand beside the amount.
///
/// A lone comma or full stop before three figures reads two ways in a currency of three decimals: `250.000 IQD` is 250
/// thousand or 250. In other currencies it groups, for nobody writes more decimals than a currency has. A word that
/// multiplies may stand behind the amount ("5k", "2 lakh"); some stand for one number or another.
pub fn read(amount: &str, currency: &str) -> Reading<Money> {
    let named = if clean_value(currency).is_empty() {
        None
    } else {
        match currency::read(currency).one() {
            Ok(currency) => Some(currency),
            Err(rule) => return Reading::Unreadable(rule),
        }
    };
    match parts(amount, named) {
        Ok(parts) => number(&parts),
        Err(rule) => Reading::Unreadable(rule),
    }
}

/// The amount without its currency, written so that [`read`] takes it one way.
pub fn plain(money: Money) -> String {
    let text = money.to_string();
    let amount = text.split(' ').next().unwrap_or_default();
    let Some((whole, fraction)) = amount.split_once('.') else { return amount.to_owned() };
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        // No group of thousands begins with zero, so that three figures behind the mark are decimals.
        three if three.len() == 3 && !whole.starts_with('0') => format!("0{whole}.{three}"),
        fewer => format!("{whole}.{fewer}"),
    }
}

/// An amount taken apart.
struct Parts {
    /// What stands between the first and the last digit.
    digits: String,
    /// The powers of ten that the word behind it may stand for; the power of nothing where there is no such word.
    powers: Vec<u32>,
    /// The named one, or the one beside the amount.
    currency: Currency,
}

fn parts(amount: &str, named: Option<Currency>) -> Result<Parts, Rule> {
    // Some screens show a soft hyphen, and there it looks like a minus.
    let text = clean_value(&amount.replace('\u{ad}', "-"));
    let is_digit = |c: char| c.is_ascii_digit();
    let (Some(first), Some(last)) = (text.find(is_digit), text.rfind(is_digit)) else {
        return Err(if text.is_empty() { Rule::AmountEmpty } else { Rule::AmountNotANumber });
    };
    let (before, digits, after) = (&text[..first], &text[first..=last], &text[last + 1..]);
    if before.contains(['-', '(']) {
        return Err(Rule::AmountNegative);
    }
    let mut after = after.trim_start();
    if let Some(rest) = NO_CENTS.iter().find_map(|ending| after.strip_prefix(ending)) {
        after = rest;
    } else if after.contains(['-', ')']) {
        return Err(Rule::AmountNegative);
    }
    let before = before.trim().trim_start_matches('+').trim();
    let mut found = None;
    if !before.is_empty() {
        found = currency::beside(before, named)?;
    }
    let after = after.trim();
    let mut powers = vec![0];
    if let Some((multiplied, unit)) = scale::cut_off(after) {
        powers = multiplied.to_vec();
        if !unit.is_empty() {
            found = currency::beside(unit, named.or(found))?;
        } else if let Some(currency) = named.or(found)
            && currency::beside(after, Some(currency)).is_ok()
        {
            // The sign of the currency is also that word.
            powers.insert(0, 0);
        }
    } else if !after.is_empty() {
        found = currency::beside(after, named.or(found))?;
    }
    let currency = named.or(found).ok_or(Rule::CurrencyMissing)?;
    Ok(Parts { digits: digits.to_owned(), powers, currency })
}

/// What the digits and the word behind them may mean together.
fn number(parts: &Parts) -> Reading<Money> {
    let (groups, marks) = match cut(&parts.digits) {
        Ok(cut) => cut,
        Err(rule) => return Reading::Unreadable(rule),
    };
    let (mut found, mut broken) = (Vec::new(), Rule::AmountGrouping);
    for power in &parts.powers {
        match multiplied(&groups, &marks, (parts.currency, *power)) {
            Reading::One(one) => found.push(one),
            Reading::Two(first, second) => found.extend([first, second]),
            Reading::Unreadable(rule) => broken = rule,
        }
    }
    found.dedup();
    match *found {
        [one] => Reading::One(one),
        [first, second] => Reading::Two(first, second),
        // What reads in more ways than two is not told by naming two.
        [] | [..] => Reading::Unreadable(broken),
    }
}

/// The amount that begins and ends with a digit, times a power of ten.
fn multiplied(groups: &[String], marks: &[Mark], (currency, power): (Currency, u32)) -> Reading<Money> {
    let whole = || money(&groups.concat(), "", (currency, power));
    let Some((last, earlier)) = marks.split_last() else { return whole().into() };
    let grouped =
        (marks.iter().all(|mark| mark == last) && *last != Mark::Decimal && are_groups(groups)).then(whole);
    let (fraction, before) =
        groups.split_last().map_or(("", &groups[..0]), |(last, before)| (last.as_str(), before));
    let may_be_decimal = *last != Mark::Group
        && !earlier.contains(last)
        && earlier.windows(2).all(|pair| pair[0] == pair[1])
        && !earlier.contains(&Mark::Decimal)
        && (earlier.is_empty() || are_groups(before));
    let decimal = may_be_decimal.then(|| money(&before.concat(), fraction, (currency, power)));
    match (grouped, decimal) {
        (Some(Ok(first)), Some(Ok(second))) => Reading::Two(first, second),
        (Some(result), None | Some(Err(_))) | (None | Some(Err(_)), Some(result)) => result.into(),
        (None, None) => Reading::Unreadable(Rule::AmountGrouping),
    }
}

/// The digits, cut at the marks between them.
fn cut(text: &str) -> Result<(Vec<String>, Vec<Mark>), Rule> {
    let (mut groups, mut marks) = (vec![String::new()], Vec::new());
    let mut between = String::new();
    for c in text.chars() {
        if !c.is_ascii_digit() {
            between.push(c);
            continue;
        }
        if !between.is_empty() {
            marks.push(mark(&between)?);
            groups.push(String::new());
            between.clear();
        }
        if let Some(group) = groups.last_mut() {
            group.push(c);
        }
    }
    Ok((groups, marks))
}

fn mark(between: &str) -> Result<Mark, Rule> {
    match between.trim() {
        "." => Ok(Mark::Point),
        "," | "\u{60c}" | "\u{3001}" => Ok(Mark::Comma),
        "" | "'" | "\u{2019}" | "\u{2018}" | "\u{2bc}" | "_" | "\u{66c}" => Ok(Mark::Group),
        "\u{66b}" => Ok(Mark::Decimal),
        "e" | "E" | "e+" | "E+" | "e-" | "E-" => Err(Rule::AmountExponent),
        _ => Err(Rule::AmountNotANumber),
    }
}

/// Whether these are thousands, as in 1 200 000, or the groups of India, as in 12,34,567.
fn are_groups(groups: &[String]) -> bool {
    let [first, middle @ .., last] = groups else { return groups.iter().all(|only| !only.is_empty()) };
    let all = |len: usize| middle.iter().all(|group| group.len() == len);
    let starts = |longest: usize| first.len() <= longest && !first.starts_with('0');
    last.len() == 3 && (starts(3) && all(3) || starts(2) && all(2))
}

fn money(whole: &str, fraction: &str, (currency, power): (Currency, u32)) -> Result<Money, Rule> {
    // "1500.00" is 1500 where there are no cents.
    let fraction = if matches!(fraction, "0" | "00") { "" } else { fraction };
    let places = usize::from(currency.decimals()) + usize::try_from(power).unwrap_or_default();
    let missing = places.checked_sub(fraction.len()).ok_or(Rule::AmountDecimals { currency })?;
    let minor = format!("{whole}{fraction}{}", "0".repeat(missing));
    let minor = minor.parse().map_err(|_| Rule::AmountTooLarge)?;
    // Digits alone are never negative.
    Money::new(currency, minor).map_err(|_| Rule::AmountNegative)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str, currency: &str) -> String {
        match read(text, currency) {
            Reading::One(money) => money.to_string(),
            other @ (Reading::Two(..) | Reading::Unreadable(_)) => panic!("{text} {currency}: {other:?}"),
        }
    }

    #[test]
    fn amounts_are_read_however_they_are_grouped() {
        for text in [
            "1200.50",
            "1.200,50",
            "1,200.50",
            "1 200,50",
            "1\u{a0}200,50",
            "1\u{202f}200.50",
            "1'200.50",
            "1’200,50",
            "١٬٢٠٠٫٥٠",
            "١٢٠٠٫٥٠",
            "۱۲۰۰٫۵۰",
            "၁၂၀၀.၅၀",
            "१,२००.५०",
            "１，２００．５０",
            "\u{200f}1200.50\u{200f}",
            "1200.5",
            "1200,5",
            "€ 1.200,50",
            "1200.50 EUR",
            "EUR1,200.50",
            "1200.50€",
            "+1200.50",
            "1200.50 euros",
            "߁߂߀߀.߅߀",
            "𞥑𞥒𞥐𞥐.𞥕𞥐",
            "1200\u{feff}.50",
            "1, 200.50",
        ] {
            assert_eq!(one(text, "EUR"), "1200.50 EUR", "{text}");
        }
        for (text, currency, expected) in [
            ("12,34,567", "INR", "1234567.00 INR"),
            ("1.234.567", "EUR", "1234567.00 EUR"),
            ("1,23,456.78", "INR", "123456.78 INR"),
            ("1.200", "EUR", "1200.00 EUR"),
            ("1,200", "USD", "1200.00 USD"),
            ("1.850.000", "XOF", "1850000 XOF"),
            ("1850000 F CFA", "XOF", "1850000 XOF"),
            ("1.500", "XOF", "1500 XOF"),
            ("12.345", "TND", ""),
            ("0.500", "KWD", "0.500 KWD"),
            ("1234.500", "TND", "1234.500 TND"),
            ("250٫000", "IQD", "250.000 IQD"),
            ("250٬000", "IQD", "250000.000 IQD"),
            ("250 000", "IQD", "250000.000 IQD"),
            ("1.200,500", "TND", "1200.500 TND"),
            ("1,200.50 ", "TND", "1200.500 TND"),
            ("$1,200", "USD", "1200.00 USD"),
            ("Rs. 500/-", "PKR", "500.00 PKR"),
            ("500/=", "KES", "500.00 KES"),
            ("1.200,-", "EUR", "1200.00 EUR"),
            ("1200.–", "CHF", "1200.00 CHF"),
            ("1,50,000", "INR", "150000.00 INR"),
            ("1 50 000", "INR", "150000.00 INR"),
            ("1500.00", "XOF", "1500 XOF"),
            ("1.500,00", "JPY", "1500 JPY"),
            ("5k", "USD", "5000.00 USD"),
            ("$5K", "USD", "5000.00 USD"),
            ("5.5k €", "", "5500.00 EUR"),
            ("2 lakh", "INR", "200000.00 INR"),
            ("2 lakh rupees", "INR", "200000.00 INR"),
            ("1.5 crore", "PKR", "15000000.00 PKR"),
            ("٣ آلاف", "EUR", "3000.00 EUR"),
            ("٢٥٠ ألف دينار", "IQD", "250000.000 IQD"),
            ("۵ میلیون", "IRR", "5000000.00 IRR"),
            ("5 тыс. руб", "RUB", "5000.00 RUB"),
            ("10万円", "", "100000 JPY"),
            ("3 bin", "TRY", "3000.00 TRY"),
            ("၅ သိန်း", "MMK", "500000.00 MMK"),
            ("2 mille euros", "", "2000.00 EUR"),
            ("2 millions d’euros", "", "2000000.00 EUR"),
            ("0.5 million", "XOF", "500000 XOF"),
            ("K500", "ZMW", "500.00 ZMW"),
            ("500 Iraqi dinars", "", "500.000 IQD"),
            ("500 Syrian pounds", "", "500.00 SYP"),
            ("1500 دينار عراقي", "", "1500.000 IQD"),
            ("500 livres soudanaises", "SDG", "500.00 SDG"),
            ("500 د.ج", "", "500.00 DZD"),
            ("1200 EUR", "", "1200.00 EUR"),
            ("1200€", "", "1200.00 EUR"),
            ("250 000 دينار", "IQD", "250000.000 IQD"),
            ("0", "EUR", "0.00 EUR"),
            ("92233720368547758.07", "EUR", "92233720368547758.07 EUR"),
        ] {
            if !expected.is_empty() {
                assert_eq!(one(text, currency), expected, "{text} {currency}");
            }
        }
    }

    #[test]
    fn what_reads_two_ways_is_recognised_and_both_can_be_pasted_back() {
        for (text, currency, first, second, rule) in [
            (
                "250.000",
                "IQD",
                "250000.000 IQD",
                "250.000 IQD",
                "write 250000 for 250000.000 IQD, or 250 for 250.000 IQD",
            ),
            ("250,000", "IQD", "250000.000 IQD", "250.000 IQD", ""),
            ("٢٥٠.٠٠٠", "IQD", "250000.000 IQD", "250.000 IQD", ""),
            (
                "1.200",
                "TND",
                "1200.000 TND",
                "1.200 TND",
                "write 1200 for 1200.000 TND, or 1.2 for 1.200 TND",
            ),
            ("1.500", "KWD", "1500.000 KWD", "1.500 KWD", ""),
            ("12.345", "BHD", "12345.000 BHD", "12.345 BHD", "or 012.345 for 12.345 BHD"),
            ("1.500 million", "XOF", "1500000000 XOF", "1500000 XOF", ""),
            ("5m", "EUR", "5000000.00 EUR", "5000.00 EUR", "write 5000000 for 5000000.00 EUR, or 5000 for"),
            ("5 mil", "EUR", "5000.00 EUR", "5000000.00 EUR", ""),
            ("2 billion", "XOF", "2000000000 XOF", "2000000000000 XOF", ""),
            ("500 K", "MMK", "500.00 MMK", "500000.00 MMK", ""),
        ] {
            let Reading::Two(thousands, thousandths) = read(text, currency) else { panic!("{text}") };
            assert_eq!(
                (thousands.to_string(), thousandths.to_string()),
                (first.to_owned(), second.to_owned())
            );
            let said = read(text, currency).one().unwrap_err().to_string();
            assert!(said.contains(rule), "{said}");
            for reading in [thousands, thousandths] {
                assert_eq!(read(&plain(reading), currency), Reading::One(reading));
            }
        }
    }

    #[test]
    fn each_refusal_is_its_own() {
        let rule = |amount, currency| read(amount, currency).one().unwrap_err().code();
        for (amount, currency, code) in [
            ("", "EUR", "AMOUNT_EMPTY"),
            ("\u{200b}", "EUR", "AMOUNT_EMPTY"),
            ("-1", "EUR", "AMOUNT_NEGATIVE"),
            ("\u{2212}1", "EUR", "AMOUNT_NEGATIVE"),
            ("\u{ad}5", "EUR", "AMOUNT_NEGATIVE"),
            ("100-", "EUR", "AMOUNT_NEGATIVE"),
            ("(100)", "EUR", "AMOUNT_NEGATIVE"),
            ("– 5", "EUR", "AMOUNT_NEGATIVE"),
            ("$-5", "USD", "AMOUNT_NEGATIVE"),
            ("1e3", "EUR", "AMOUNT_EXPONENT"),
            ("0x10", "EUR", "AMOUNT_NOT_A_NUMBER"),
            ("abc", "EUR", "AMOUNT_NOT_A_NUMBER"),
            ("½", "EUR", "AMOUNT_NOT_A_NUMBER"),
            ("1½", "EUR", "AMOUNT_NOT_A_NUMBER"),
            (".5", "EUR", "AMOUNT_NOT_A_NUMBER"),
            ("5 thousand or so", "EUR", "AMOUNT_NOT_A_NUMBER"),
            ("5t", "USD", "AMOUNT_NOT_A_NUMBER"),
            ("k5", "USD", "AMOUNT_OTHER_CURRENCY"),
            ("1.500 mil", "IQD", "AMOUNT_GROUPING"),
            ("5k", "", "CURRENCY_MISSING"),
            ("5k kr", "", "CURRENCY_TWO_WAYS"),
            ("£5k", "", "CURRENCY_TWO_WAYS"),
            ("kr 500", "", "CURRENCY_TWO_WAYS"),
            ("LE 500", "", "CURRENCY_TWO_WAYS"),
            ("C$500", "", "CURRENCY_TWO_WAYS"),
            ("Rs. 500", "", "CURRENCY_TWO_WAYS"),
            ("500 元", "", "CURRENCY_TWO_WAYS"),
            ("1500.50", "XOF", "AMOUNT_DECIMALS"),
            ("9 billion billion", "EUR", "AMOUNT_NOT_A_NUMBER"),
            ("9999999999 crore", "INR", "AMOUNT_TOO_LARGE"),
            ("500 kuna", "", "CURRENCY_WITHDRAWN"),
            ("about 500", "EUR", "AMOUNT_NOT_A_NUMBER"),
            ("500-600", "EUR", "AMOUNT_NOT_A_NUMBER"),
            ("5%", "EUR", "AMOUNT_NOT_A_NUMBER"),
            ("12 50", "EUR", "AMOUNT_GROUPING"),
            ("1,2,3", "EUR", "AMOUNT_GROUPING"),
            ("1.2.3,4", "EUR", "AMOUNT_GROUPING"),
            ("1.0055", "EUR", "AMOUNT_DECIMALS"),
            ("0.125", "EUR", "AMOUNT_DECIMALS"),
            ("1.5", "XOF", "AMOUNT_DECIMALS"),
            ("92233720368547758.08", "EUR", "AMOUNT_TOO_LARGE"),
            ("5 USD", "EUR", "AMOUNT_OTHER_CURRENCY"),
            ("€5", "USD", "AMOUNT_OTHER_CURRENCY"),
            ("5", "", "CURRENCY_MISSING"),
            ("$5", "", "CURRENCY_TWO_WAYS"),
            ("5", "ZWL", "CURRENCY_WITHDRAWN"),
            ("5 SLL", "", "CURRENCY_WITHDRAWN"),
            ("5", "EURO2", "CURRENCY_UNKNOWN"),
        ] {
            assert_eq!(rule(amount, currency), code, "{amount} {currency}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_plainly_reads_one_way(minor in 0..=i64::MAX, code in prop::sample::select(&["EUR", "XOF", "IQD"][..])) {
            let money = Money::new(Currency::parse(code).unwrap(), minor).unwrap();
            prop_assert_eq!(read(&plain(money), code), Reading::One(money));
        }

        #[test]
        fn no_text_panics(text in "\\PC*|[0-9.,' -]*|[0-9.,]{1,9} ?(k|m|mil|lakh|billion|万|آلاف)?", code in "[A-Z]{3}|EUR|IQD|") {
            let _ = read(&text, &code);
        }
    }
}
