//! Codes whose words could harm whoever is found with them are drawn again.

use std::{collections::HashSet, sync::LazyLock};

use flare_seal::{Receipt, SealError};

/// Words of the list that speak of weapons, flight, faith or politics, in alphabetical order.
const WITHHELD: &str = include_str!("withheld.txt");

/// A fresh code without such a word. Four of five codes have none, so it is seldom drawn more than twice.
pub(crate) fn draw() -> Result<Receipt, SealError> {
    loop {
        let receipt = Receipt::draw()?;
        if is_harmless(&receipt) {
            return Ok(receipt);
        }
    }
}

fn is_harmless(receipt: &Receipt) -> bool {
    let words = receipt.words();
    words.expose().split(' ').all(|word| !is_withheld(word))
}

fn is_withheld(word: &str) -> bool {
    static LISTED: LazyLock<HashSet<&str>> = LazyLock::new(|| WITHHELD.lines().collect());
    LISTED.contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_holds_words_that_codes_are_made_of() {
        let words: Vec<_> = WITHHELD.lines().collect();
        assert!(words.len() >= 120 && words.is_sorted() && words.windows(2).all(|two| two[0] != two[1]));
        // What is no word of any code could never be drawn.
        let codes = (0..2_000).map(|_| Receipt::from_bytes(flare_kernel::random().unwrap()));
        let drawn = codes.filter(|code| !is_harmless(code)).count();
        assert!((100..900).contains(&drawn), "{drawn} of 2000 codes have such a word");
    }

    #[test]
    fn no_code_has_a_withheld_word() {
        // One of five codes that are drawn without looking has one.
        for _ in 0..40 {
            let words = draw().unwrap().words().into_inner();
            assert!(
                words.split(' ').all(|word| WITHHELD.lines().all(|withheld| withheld != word)),
                "{words}"
            );
        }
    }
}
