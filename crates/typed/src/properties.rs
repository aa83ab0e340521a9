//! What holds of whatever anybody types. Tests draw the bytes at random; a fuzzer (`fuzz/`) searches for those for which
//! it does not hold.

use flare_kernel::{Date, Timestamp};

use crate::{Reading, currency, date, language, money, place, text};

/// Bytes of a file or a form: every reader comes to an end, and what it gives reads the same when it is read again.
pub fn as_typed(bytes: &[u8]) {
    let Ok(typed) = text::decode(bytes) else { return };
    let cleaned = text::clean_text(&typed);
    assert_eq!(text::clean_text(&cleaned), cleaned);
    assert_eq!(text::has_visible(&cleaned), text::has_visible(&typed));
    let line = text::clean_line(&typed);
    assert_eq!(text::clean_line(&line), line);
    assert!(!line.contains(['\n', '\r']));
    let value = text::clean_value(&typed);
    assert_eq!(text::clean_value(&value), value);
    let _ = (text::yes_or_no(&typed), text::whole_number(&typed), text::characters(&typed));
    let _ = (language::read(&typed), place::read(&typed), currency::read(&typed));
    if let Reading::One(read) = money::read(&typed, "") {
        let written = money::plain(read);
        assert_eq!(money::read(&written, read.currency().code()), Reading::One(read), "{written}");
    }
    let today = Date::from_timestamp(Timestamp::from_micros(1_795_300_000_000_000));
    for expected in [date::Expected::Ahead, date::Expected::Behind] {
        if let Reading::One(day) = date::read(&typed, expected, today) {
            let _ = (day.told(), day.doubt(expected, today));
            let written = day.unmistakable(today);
            let read = date::read(&written, expected, today);
            assert!(matches!(&read, Reading::One(same) if same.date == day.date), "{written}: {read:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::as_typed;

    proptest! {
        #[test]
        fn of_any_bytes(bytes: Vec<u8>) {
            as_typed(&bytes);
        }

        #[test]
        fn of_any_text(text in "\\PC{0,60}|[0-9٠-٩۰-۹., '’/-]{1,20} ?[A-Z€$]{0,3}|[0-9]{1,4}[-./ ][0-9]{1,2}[-./ ][0-9]{1,4}|[\u{200b}-\u{200f}\u{202a}-\u{202e}a \n\r\u{feff}]{0,20}") {
            as_typed(text.as_bytes());
        }
    }
}
