//! What holds of whatever anybody types for a code. Tests draw the text at random; a fuzzer (`fuzz/`) searches for one for
//! which it does not hold.

use crate::Receipt;

/// What is read as a code is one code: both of its forms read as the same, and a refusal repeats no word of it.
pub fn receipt(text: &str) {
    match Receipt::parse(text) {
        Ok(receipt) => {
            for form in [receipt.words(), receipt.digits()] {
                assert_eq!(Receipt::parse(form.expose()).map(|read| *read.expose()), Ok(*receipt.expose()));
            }
        }
        Err(refusal) => {
            let shown = format!("{refusal} {refusal:?}");
            // A long word of the list may be the nearest to one that was mistyped, and is named.
            let words = text.split(|c: char| c.is_whitespace() || c.is_ascii_punctuation());
            for word in words.filter(|word| word.chars().count() > 12) {
                assert!(!shown.contains(word), "{shown}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::receipt;
    use crate::Receipt;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn of_any_text(text in "\\PC{0,80}|([a-z]{3,9} ){10}|[0-9 ]{40,60}") {
            receipt(&text);
        }

        #[test]
        fn of_any_code_with_a_slip(bytes: [u8; 15], place in 0_usize..60, slip: char) {
            let code = Receipt::from_bytes(bytes);
            for form in [code.words(), code.digits()] {
                let mut text: Vec<char> = form.expose().chars().collect();
                receipt(&text.iter().collect::<String>());
                if let Some(letter) = text.get_mut(place) {
                    *letter = slip;
                }
                receipt(&text.iter().collect::<String>());
            }
        }
    }
}
