//! Texts as keyboards, messengers and editors make them: marks nobody sees, digits of every script, other encodings.

use std::{borrow::Cow, sync::LazyLock};

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{BidiClass, DefaultIgnorableCodePoint, GeneralCategory},
};

use crate::Rule;

/// The text that these bytes are: UTF-8 with or without a byte order mark, or UTF-16 with one. The mark is not part of
/// it.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Rule> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units = pairs.iter().map(|pair| unit(*pair));
        let text: Result<String, _> = char::decode_utf16(units).collect();
        text.ok().filter(|_| rest.is_empty()).map(Cow::Owned).ok_or(Rule::NotText)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => {
            std::str::from_utf8(rest).map(Cow::Borrowed).map_err(|_| Rule::NotText)
        }
    }
}

/// The digit 0–9 that `c` is, in whichever script.
pub fn digit(c: char) -> Option<char> {
    /// The runs of decimal digits. Unicode keeps each as tens from 0 to 9, one after the other.
    static RUNS: LazyLock<Vec<(u32, u32)>> = LazyLock::new(|| {
        let categories = CodePointMapData::<GeneralCategory>::new();
        let runs = categories.iter_ranges_for_value(GeneralCategory::DecimalNumber);
        runs.map(|run| (*run.start(), *run.end())).collect()
    });
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c);
    }
    let c = u32::from(c);
    let run = RUNS.partition_point(|(first, _)| *first <= c).checked_sub(1)?;
    let (first, last) = RUNS[run];
    (c <= last).then(|| char::from_digit((c - first) % 10, 10))?
}

/// A direction of writing, such as phones put around numbers in right-to-left text.
pub const fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A mark that takes no place of its own: directions of writing, soft hyphens, joiners, zero-width characters.
pub fn is_invisible(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c) || is_direction_mark(c)
}

/// Whether a reader sees `c` at all: neither an invisible mark, nor a space, nor a control character.
pub fn is_visible(c: char) -> bool {
    // The blank of Braille is a symbol by its category, the interlinear marks are not ignorable; neither is seen.
    let blank = c.is_whitespace() || c.is_control() || matches!(c, '\u{2800}' | '\u{fff9}'..='\u{fffb}');
    !(blank || is_invisible(c))
}

/// Whether anything in the text can be seen.
pub fn has_visible(text: &str) -> bool {
    text.chars().any(is_visible)
}

/// Whether `c` is a letter of a script that is written from right to left.
pub fn is_right_to_left(c: char) -> bool {
    let class = CodePointMapData::<BidiClass>::new().get(c);
    class == BidiClass::RightToLeft || class == BidiClass::ArabicLetter
}

/// How long a text is for whoever typed it.
pub fn characters(text: &str) -> usize {
    text.chars().count()
}

/// Whether a text has no more than so many characters.
pub fn at_most(limit: usize, text: &str) -> Result<(), Rule> {
    let has = characters(text);
    if has > limit { Err(Rule::TooLong { limit, has }) } else { Ok(()) }
}

/// A text of several lines: line ends in one form, no other control characters, nothing invisible around it; empty when
/// nothing in it can be seen. Within it stays every other mark, for joiners and directions belong to honest writing.
pub fn clean_text(text: &str) -> String {
    if !has_visible(text) {
        return String::new();
    }
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}', '\u{85}'], "\n");
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    // A direction mark at the edge may open or close what stands inside; what is left of others is noise.
    let is_noise = |c: char| !(is_visible(c) || is_direction_mark(c));
    text.trim_matches(is_noise).to_owned()
}

/// A text of one line: as [`clean_text`], with a space for each line break.
pub fn clean_line(text: &str) -> String {
    let text = clean_text(text);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// A value — a code, a date, an amount — in ASCII where it has a form there: without invisible marks, digits of every
/// script as 0–9, full-width letters and signs as narrow ones, every space as one kind, every hyphen or minus as `-`.
pub fn clean_value(text: &str) -> String {
    let out: String = text
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| match c {
            _ if c.is_whitespace() || c.is_control() => ' ',
            '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' => '-',
            _ => digit(c).unwrap_or_else(|| narrow(c)),
        })
        .collect();
    out.trim().to_owned()
}

/// The ASCII sign of which `c` is the full-width form.
fn narrow(c: char) -> char {
    let ascii = u32::from(c).checked_sub(0xfee0).filter(|ascii| (0x21..=0x7e).contains(ascii));
    ascii.and_then(char::from_u32).unwrap_or(c)
}

/// Yes or no, as the languages that Flare's people speak say it.
pub fn yes_or_no(text: &str) -> Option<bool> {
    const YES: &str =
        "y yes o oui s si sí sim j ja d da да так evet نعم اي ايه أجل بله بلی هاں ہاں ndiyo አዎ 是 はい";
    const NO: &str = "n no non não nao nein nee не нет ні hayır hayir لا كلا نه خیر نہیں hapana አይ 否 いいえ";
    let word = clean_value(text).trim_matches(['.', '!', '؟', '?', '،', ',', '。']).to_lowercase();
    let is = |words: &str| words.split(' ').any(|known| known == word);
    if is(YES) {
        Some(true)
    } else if is(NO) {
        Some(false)
    } else {
        None
    }
}

/// A whole number in digits of any script, grouped or not.
pub fn whole_number(text: &str) -> Result<u32, Rule> {
    let digits: String =
        clean_value(text).chars().filter(|c| !matches!(c, ' ' | '\'' | '’' | '\u{66c}')).collect();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Rule::NotAWholeNumber);
    }
    digits.parse().map_err(|_| Rule::NotAWholeNumber)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_of_every_script_are_digits_and_nothing_else_is() {
        for digits in [
            "0123456789",
            "٠١٢٣٤٥٦٧٨٩",
            "۰۱۲۳۴۵۶۷۸۹",
            "०१२३४५६७८९",
            "০১২৩৪৫৬৭৮৯",
            "၀၁၂၃၄၅၆၇၈၉",
            "႐႑႒႓႔႕႖႗႘႙",
            "០១២៣៤៥៦៧៨៩",
            "๐๑๒๓๔๕๖๗๘๙",
            "༠༡༢༣༤༥༦༧༨༩",
            "߀߁߂߃߄߅߆߇߈߉",
            "𞥐𞥑𞥒𞥓𞥔𞥕𞥖𞥗𞥘𞥙",
            "０１２３４５６７８９",
            "𝟶𝟷𝟸𝟹𝟺𝟻𝟼𝟽𝟾𝟿",
            "᠐᠑᠒᠓᠔᠕᠖᠗᠘᠙",
        ] {
            assert_eq!(digits.chars().filter_map(digit).collect::<String>(), "0123456789", "{digits}");
        }
        for other in ['a', '٪', '\u{6fa}', '½', '²', '①', 'Ⅳ', '፩', '一'] {
            assert_eq!(digit(other), None, "{other}");
        }
    }

    #[test]
    fn each_run_of_digits_is_whole_tens() {
        let categories = CodePointMapData::<GeneralCategory>::new();
        let runs: Vec<_> = categories.iter_ranges_for_value(GeneralCategory::DecimalNumber).collect();
        assert!(runs.len() > 60);
        assert!(runs.iter().all(|run| (run.end() - run.start() + 1) % 10 == 0));
    }

    #[test]
    fn what_is_seen_is_visible() {
        for seen in "a1-ـ٣က𞤀".chars() {
            assert!(is_visible(seen), "{}", seen.escape_unicode());
        }
        for mark in "\u{ad}\u{200b}\u{200d}\u{2060}\u{feff}\u{61c}\u{202e}\u{2069}\u{3164}\u{2800}\u{fe0f}\u{e0041} \u{a0}\u{3000}\n\u{7}".chars() {
            assert!(!is_visible(mark), "{}", mark.escape_unicode());
        }
    }

    #[test]
    fn bytes_are_read_in_each_encoding_with_its_mark() {
        let little: Vec<u8> = "\u{feff}قال é".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}قال é".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = "\u{feff}قال é".as_bytes().to_vec();
        for bytes in [little.clone(), big, marked, "قال é".as_bytes().to_vec()] {
            assert_eq!(decode(&bytes).unwrap(), "قال é");
        }
        for bytes in [&little[..little.len() - 1], b"\xff\xfe\x00\xd8", b"\xe9t\xe9"] {
            assert_eq!(decode(bytes), Err(Rule::NotText));
        }
    }

    #[test]
    fn texts_keep_the_marks_within_them() {
        assert_eq!(clean_text("\u{feff} a\r\nb \u{200b}"), "a\nb");
        assert_eq!(clean_text("\u{200f}(سالم)\u{200f}"), "\u{200f}(سالم)\u{200f}");
        assert_eq!(clean_text("می\u{200c}روم"), "می\u{200c}روم");
        assert_eq!(clean_text("\u{200b}\u{200f}"), "");
        assert_eq!(clean_line("a\nb\u{1b}[31m"), "a b[31m");
        assert_eq!(clean_value(" ＳＤ\u{200f}\u{a0}၁−２ "), "SD 1-2");
    }

    #[test]
    fn yes_and_no_are_understood() {
        for yes in ["y", "Yes", "oui", "نعم", "Да", "O", "是", "yes.\u{200f}"] {
            assert_eq!(yes_or_no(yes), Some(true), "{yes}");
        }
        for no in ["n", "NO", "non", "لا", "нет"] {
            assert_eq!(yes_or_no(no), Some(false), "{no}");
        }
        for other in ["", "maybe", "yesno"] {
            assert_eq!(yes_or_no(other), None, "{other}");
        }
        assert_eq!((whole_number("၁၂"), whole_number("-3")), (Ok(12), Err(Rule::NotAWholeNumber)));
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(text in "\\PC*|[\u{200f}\u{202e} \n\ra-c]*") {
            for clean in [clean_text, clean_line, clean_value] {
                let once = clean(&text);
                prop_assert_eq!(&clean(&once), &once);
            }
        }
    }
}
