//! The telephone numbers and mail addresses that stand in what people wrote about how to reach somebody.
//!
//! Fingerprints are made of these one by one, so that the same number is recognised whatever is written around it.

use flare_contracts::limits::FINGERPRINTS_OF_A_CASE;
use flare_typed::text::{has_visible, is_invisible};

/// Fewer digits than this are no telephone number: a time of day, a year.
const FEWEST_DIGITS: usize = 7;

/// Mail addresses and telephone numbers in a text, none twice, and no more than a case is recognised by. A text that holds
/// neither is taken as a whole: it may be the name of an account.
pub(super) fn addresses_in(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |address: String| {
        if found.len() < FINGERPRINTS_OF_A_CASE && !found.contains(&address) {
            found.push(address);
        }
    };
    for word in text.split(|c: char| c.is_whitespace() || ",،;؛<>()[]\"".contains(c)) {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        if word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.')) {
            add(word.to_lowercase());
        }
    }
    let mut number = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_numeric()
            || "+ -.()\u{2010}\u{2011}".contains(c)
            || c == '\u{a0}'
            || c == '\u{202f}'
            || is_invisible(c)
        {
            number.push(c);
            continue;
        }
        // A plus begins a number: two that stand side by side are two.
        for part in with_plus(&number) {
            if part.chars().filter(|c| c.is_numeric()).count() >= FEWEST_DIGITS {
                add(part.trim_matches(|c: char| c != '+' && !c.is_numeric()).to_owned());
            }
        }
        number.clear();
    }
    if found.is_empty() && has_visible(text) {
        found.push(text.trim().to_owned());
    }
    found
}

fn with_plus(run: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = run.match_indices('+').map(|(at, _)| at).collect();
    if starts.first() != Some(&0) {
        starts.insert(0, 0);
    }
    let ends = starts.iter().skip(1).copied().chain([run.len()]);
    starts.iter().zip(ends).map(|(start, end)| &run[*start..end]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_addresses_are_found_among_words() {
        assert_eq!(addresses_in("Signal, +1-202-555-0142, after 18:00 local time"), ["+1-202-555-0142"]);
        assert_eq!(addresses_in("سيجنال فقط، +1-202-555-0111، بعد منتصف الليل"), ["+1-202-555-0111"]);
        assert_eq!(addresses_in("Write to <Desk@Example.net>, office hours."), ["desk@example.net"]);
        assert_eq!(
            addresses_in("mail a@example.org or call 0047 22 12 34 56 / +1 (202) 555 0178"),
            ["a@example.org", "0047 22 12 34 56", "+1 (202) 555 0178"]
        );
    }

    #[test]
    fn arabic_digits_are_digits() {
        assert_eq!(addresses_in("اتصلوا على ٠٠٤٧٢٢١٢٣٤٥٦ مساء"), ["٠٠٤٧٢٢١٢٣٤٥٦"]);
    }

    #[test]
    fn times_and_years_are_no_numbers_and_none_comes_twice() {
        assert_eq!(
            addresses_in("+1-202-555-0142 from 18:00, since 2026; +1-202-555-0142"),
            ["+1-202-555-0142"]
        );
    }

    #[test]
    fn a_text_without_either_is_taken_whole_and_an_empty_one_gives_nothing() {
        assert_eq!(
            addresses_in(" I will come back with the receipt. "),
            ["I will come back with the receipt."]
        );
        assert!(addresses_in(" \n\u{200b}").is_empty());
    }

    #[test]
    fn a_flood_is_bounded() {
        let text: Vec<_> = (0..100).map(|n| format!("a{n}@example.org")).collect();
        assert_eq!(addresses_in(&text.join(" ")).len(), FINGERPRINTS_OF_A_CASE);
    }
}
