//! The letters of a text: those by which words are told apart, whoever typed them and on whichever keyboard.

use std::{collections::HashMap, ops::Range, sync::LazyLock};

use flare_typed::text::{digit, is_invisible};
use hanconv::t2s as simplified;
use unicode_normalization::{UnicodeNormalization as _, char::canonical_combining_class};

use super::tables::{ALIKE, SERIES, VOWELS};

/// The two dots of an umlaut. They stay a letter of their own, for they are left out, or written as an e.
pub(super) const UMLAUT: char = '\u{308}';

/// A letter or a digit: of lower case, of the script's common keyboard, and without marks.
pub(super) struct Letter {
    pub(super) own: char,
    /// Where in the text it comes from.
    pub(super) place: Range<usize>,
    /// Whether a word begins with it.
    pub(super) opens_word: bool,
}

pub(super) fn letters(text: &str) -> Vec<Letter> {
    let mut letters: Vec<Letter> = Vec::new();
    let mut opens_word = true;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let found = anusvara(c, &text[end..]).map_or_else(|| letters_of(c), |sign| vec![sign]);
        opens_word |= found.is_empty() && separates(c);
        for letter in found {
            let takes_umlaut =
                !opens_word && letters.last().is_some_and(|l| matches!(l.own, 'a' | 'o' | 'u'));
            if letter == UMLAUT && !takes_umlaut {
                continue;
            }
            letters.push(Letter { own: letter, place: at..end, opens_word });
            opens_word = false;
        }
    }
    letters
}

/// The letters and digits that a character stands for, and the umlaut's dots.
fn letters_of(c: char) -> Vec<char> {
    static ALIKE_BY_LETTER: LazyLock<HashMap<char, &str>> = LazyLock::new(|| {
        let each = |(letters, alike): &(&'static str, &'static str)| {
            let alike = *alike;
            letters.chars().map(move |letter| (letter, alike))
        };
        ALIKE.iter().flat_map(each).collect()
    });
    let mut letters = Vec::new();
    let parts = [c].into_iter().nfkd().flat_map(char::to_lowercase).map(in_series);
    for c in parts.filter(|c| *c == UMLAUT || is_letter_or_digit(*c)) {
        let c = digit(c).unwrap_or(c);
        match ALIKE_BY_LETTER.get(&c) {
            Some(alike) => letters.extend(alike.chars()),
            None if c >= FIRST_IDEOGRAPH => letters.extend(simplified(c.to_string()).chars()),
            None => letters.push(c),
        }
    }
    letters
}

/// Below it no character is Chinese, and the tables of these need not be read.
const FIRST_IDEOGRAPH: char = '\u{2e80}';

/// Whether words may differ by it. Accents and vowel points are typed by few; joiners, soft hyphens and letters that only
/// modify another (an apostrophe that counts as one) by nobody.
pub(super) fn is_letter_or_digit(c: char) -> bool {
    let modifies = matches!(c, '\u{2b0}'..='\u{2ff}');
    c.is_alphanumeric() && !is_mark(c) && !is_invisible(c) && !modifies
}

/// Whether it stands above, below or through another letter.
pub(super) fn is_mark(c: char) -> bool {
    canonical_combining_class(c) != 0
}

/// Whether what stands after it is another word: a space, a full stop, a picture.
fn separates(c: char) -> bool {
    !c.is_alphanumeric() && !is_mark(c) && !is_invisible(c)
}

fn in_series(c: char) -> char {
    let series = SERIES.iter().find(|(first, last, _)| (*first..=*last).contains(&c));
    let other = series
        .and_then(|(first, _, base)| char::from_u32(u32::from(c) - u32::from(*first) + u32::from(*base)));
    other.unwrap_or(c)
}

/// The block of a letter of India, and which letter of its block it is. Unicode lays these blocks out alike, after their
/// common standard, ISCII (The Unicode Standard, version 17, chapter 12.1).
fn of_india(c: char) -> Option<(u32, u32)> {
    let c = u32::from(c);
    (0x900..0xd80).contains(&c).then_some((c & !0x7f, c & 0x7f))
}

const CANDRABINDU: u32 = 0x01;
const ANUSVARA: u32 = 0x02;
const VIRAMA: u32 = 0x4d;
/// Tamil writes its nasals as letters.
const TAMIL: u32 = 0x0b80;

/// The anusvara that may also be written for this character: for a nasal joined to another consonant (हिन्दी, हिंदी), and
/// for a candrabindu (माँ, मां).
fn anusvara(c: char, after: &str) -> Option<char> {
    let (block, letter) = of_india(c).filter(|(block, _)| *block != TAMIL)?;
    let may_be = match letter {
        CANDRABINDU => true,
        0x19 | 0x1e | 0x23 | 0x28 | 0x2e => {
            let mut after = after.chars().filter(|c| !is_invisible(*c)).map(of_india);
            after.next() == Some(Some((block, VIRAMA)))
                && matches!(after.next(), Some(Some((other, 0x15..=0x39))) if other == block)
        }
        _ => false,
    };
    char::from_u32(block + ANUSVARA).filter(|_| may_be)
}

/// Whether an ending may take it from a word's end.
pub(super) fn is_vowel(letter: char) -> bool {
    let is_sign = of_india(letter).is_some_and(|(_, sign)| matches!(sign, ANUSVARA | 0x3e..=0x4c));
    is_sign || VOWELS.contains(letter)
}

/// The seven orders of an Ethiopic syllable: its consonant with each vowel. None for any other letter.
pub(super) fn orders_of(letter: char) -> impl Iterator<Item = char> {
    let first = is_ethiopic(letter).then_some(u32::from(letter) & !7);
    first.into_iter().flat_map(|first| (first..first + 7).filter_map(char::from_u32))
}

/// Whether a letter of its script is a consonant with its vowel: in Ethiopic and the scripts of India.
pub(super) fn is_of_syllables(letter: char) -> bool {
    is_ethiopic(letter) || of_india(letter).is_some()
}

const fn is_ethiopic(letter: char) -> bool {
    matches!(letter, '\u{1200}'..='\u{137f}')
}

/// Whether its script writes prepositions, articles and the like without a space before a word: Hebrew, Arabic and their
/// neighbours, and Ethiopic.
pub(super) const fn is_of_prefixing_script(letter: char) -> bool {
    matches!(letter, '\u{590}'..='\u{8ff}') || is_ethiopic(letter)
}
