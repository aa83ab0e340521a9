//! What people's keyboards add to text, undone.

/// The digit 0–9 that `c` is, in ASCII, Arabic-Indic (`٣`) or Extended Arabic-Indic (`۳`, Persian and Urdu) writing.
pub fn ascii_digit(c: char) -> Option<char> {
    let zero = match c {
        '0'..='9' => '0',
        '\u{660}'..='\u{669}' => '\u{660}',
        '\u{6f0}'..='\u{6f9}' => '\u{6f0}',
        _ => return None,
    };
    char::from_digit(u32::from(c) - u32::from(zero), 10)
}

/// A direction of writing, such as phones put around numbers in right-to-left text.
pub const fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A mark that is not seen and that copying adds: directions of writing, soft hyphens, zero-width characters. Not for
/// amounts: some screens show a soft hyphen, and there it looks like a minus.
pub const fn is_invisible(c: char) -> bool {
    is_direction_mark(c)
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{feff}')
}

/// The text without directions of writing.
pub(crate) fn without_direction_marks(text: &str) -> String {
    text.chars().filter(|c| !is_direction_mark(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_three_scripts_are_digits_and_nothing_else_is() {
        for digits in ["0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹"] {
            assert_eq!(digits.chars().filter_map(ascii_digit).collect::<String>(), "0123456789");
        }
        for other in ['a', '٪', '\u{6fa}', '０', '½'] {
            assert_eq!(ascii_digit(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_seen_is_not_invisible() {
        for mark in "\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}".chars() {
            assert!(is_direction_mark(mark) && is_invisible(mark), "{}", mark.escape_unicode());
        }
        for mark in "\u{ad}\u{200b}\u{200d}\u{2060}\u{feff}".chars() {
            assert!(!is_direction_mark(mark) && is_invisible(mark), "{}", mark.escape_unicode());
        }
        for seen in "a1 \u{a0}-\u{2010}ـ\u{202f}".chars() {
            assert!(!is_invisible(seen), "{}", seen.escape_unicode());
        }
    }
}
