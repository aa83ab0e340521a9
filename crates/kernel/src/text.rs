//! What people's keyboards add to text, undone.

/// The ASCII digit for a digit of Latin, Arabic (`٣`) or Persian and Urdu (`۳`) script.
pub(crate) fn as_ascii_digit(c: char) -> Option<char> {
    let zero = match c {
        '0'..='9' => '0',
        '\u{660}'..='\u{669}' => '\u{660}',
        '\u{6f0}'..='\u{6f9}' => '\u{6f0}',
        _ => return None,
    };
    char::from_digit(u32::from(c) - u32::from(zero), 10)
}

/// The text without the invisible direction marks that phones put around numbers in right-to-left text.
pub(crate) fn without_bidi_marks(text: &str) -> String {
    let is_mark = |c| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| !is_mark(*c)).collect()
}
