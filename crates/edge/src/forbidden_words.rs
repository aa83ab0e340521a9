//! Words that must not be said, found in every script and however they are typed.
//!
//! What is found is only asked about, so a word too many costs a look, and a word too few can cost a life. Both the word and
//! the text are folded to the same letters, and the one is searched anywhere in the other: prefixes, endings, scripts
//! without spaces and words that a line end broke need nothing of their own.

use std::{collections::HashMap, ops::Range, sync::LazyLock};

use flare_typed::text::{digit, is_invisible};
use hanconv::t2s as simplified;
use unicode_normalization::{UnicodeNormalization as _, char::canonical_combining_class};
use unicode_security::skeleton;

/// Letters that people type for each other. What stands in a word is replaced by the second, everywhere.
///
/// Source: The Unicode Standard, version 17, on letters that extend a script for other languages, and that a keyboard of the
/// script does not have: chapters 7.1 (Latin), 7.2 (Greek), 7.4 (Cyrillic), 9.1 (Hebrew), 9.2 (Arabic), 18.4 (Kana) and
/// 19.1 (Ethiopic). What looks alike but is not listed comes from Unicode's own table of confusables (UTS #39), and what
/// is traditional and what simplified in Chinese from the tables of `OpenCC`.
const ALIKE: &[(&str, &str)] = &[
    // Latin: letters that no accent can be taken from.
    ("ßſ", "s"),
    ("þ", "th"),
    ("łɫ", "l"),
    ("ø", "o\u{308}"),
    ("ɔ", "o"),
    ("đðɖɗ", "d"),
    ("æ", "ae"),
    ("œ", "oe"),
    ("ıɩ", "i"),
    ("ŋɲɳ", "n"),
    ("ħ", "h"),
    ("ŧ", "t"),
    ("əǝɛ", "e"),
    ("ɓ", "b"),
    ("ƙĸ", "k"),
    ("ƴ", "y"),
    ("ɣ", "g"),
    ("ʋ", "v"),
    // Greek and Hebrew: the shape at a word's end, which an ending takes away.
    ("ς", "σ"),
    ("ך", "כ"),
    ("ם", "מ"),
    ("ן", "נ"),
    ("ף", "פ"),
    ("ץ", "צ"),
    // Cyrillic: letters of other languages on a Russian keyboard, and signs that are left out.
    ("ґғӷ", "г"),
    ("є", "е"),
    ("қҝҡӄ", "к"),
    ("ңӈ", "н"),
    ("үұ", "у"),
    ("өӫ", "о"),
    ("ә", "а"),
    ("җ", "ж"),
    ("ҷҹ", "ч"),
    ("ҳһ", "х"),
    ("ъьӏ", ""),
    // Arabic: letters of other languages on an Arabic keyboard, two that are written for each other at a word's end, the
    // lone hamza, and the stroke that only lengthens.
    ("ةۃہھەۂۀ", "ه"),
    ("ىیېۍێےۓ", "ي"),
    ("ٱٲٳٵ", "ا"),
    ("ۆۇۈۋۅ", "و"),
    ("کګگڭݣڪ", "ك"),
    ("پ", "ب"),
    ("چڃ", "ج"),
    ("ځڅ", "ح"),
    ("ژ", "ز"),
    ("ښ", "س"),
    ("ڤڥ", "ف"),
    ("ٹټ", "ت"),
    ("ڈډ", "د"),
    ("ڑړڕ", "ر"),
    ("ںڼ", "ن"),
    ("ڵڶ", "ل"),
    ("ءـ", ""),
    // Ethiopic: series that sound the same are one below; so do the first and the fourth order of two of them.
    ("ሀ", "ሃ"),
    ("አ", "ኣ"),
    // Kana: the mark that lengthens.
    ("ー", ""),
];

/// Runs of letters that stand for those of another run, one for one: its first, its last, and the first of the other.
const SERIES: &[(char, char, char)] = &[
    ('ሐ', 'ሗ', 'ሀ'),
    ('ኀ', 'ኆ', 'ሀ'),
    ('ኸ', 'ኾ', 'ሀ'),
    ('ሠ', 'ሧ', 'ሰ'),
    ('ዐ', 'ዖ', 'አ'),
    ('ፀ', 'ፆ', 'ጸ'),
    ('ァ', 'ヶ', 'ぁ'),
];

/// The articles of Arabic and Hebrew melt into what stands before them (للمدينة, בכפר), so a word is searched without them.
const ARTICLES: [&str; 2] = ["ال", "ה"];
/// What is left of a word without its article has at least so many letters: a shorter one would be found everywhere.
const FEWEST_WITHOUT_ARTICLE: usize = 3;

/// The two dots of an umlaut.
const UMLAUT: char = '\u{308}';

/// How an umlaut is typed by whoever does not have it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Umlauts {
    /// Without its dots: Koln.
    Bare,
    /// With an e in their place: Koeln.
    WrittenOut,
}

/// The letters of a text by which words are compared, and for each the place in the text where it came from.
struct Folded {
    letters: Vec<char>,
    places: Vec<Range<usize>>,
}

impl Folded {
    fn of(text: &str, umlauts: Umlauts) -> Self {
        let mut folded = Self { letters: Vec::new(), places: Vec::new() };
        let mut before = ' ';
        for (at, c) in text.char_indices() {
            let end = at + c.len_utf8();
            for letter in letters_of(c) {
                let letter = match letter {
                    UMLAUT if umlauts == Umlauts::WrittenOut && matches!(before, 'a' | 'o' | 'u') => 'e',
                    UMLAUT => continue,
                    letter => letter,
                };
                // Names from other scripts are written with a letter doubled or not. Numbers are not.
                if letter == before && !letter.is_ascii_digit() {
                    // A part begins at the later of two and ends with the earlier, unless they stand side by side.
                    if let Some(place) = folded.places.last_mut() {
                        if place.end == at { place.end = end } else { place.start = at }
                    }
                    continue;
                }
                before = letter;
                for shape in shapes_of(letter) {
                    folded.letters.push(shape);
                    folded.places.push(at..end);
                }
            }
        }
        folded
    }

    /// Where these letters stand.
    fn places_of(&self, word: &[char]) -> impl Iterator<Item = Range<usize>> {
        // A window has at least one letter; a word without any is in none.
        let windows = self.letters.windows(word.len().max(1)).enumerate();
        windows.filter(move |(_, window)| *window == word).map(|(at, window)| {
            let (start, end) = (self.places[at].start, self.places[at + window.len() - 1].end);
            start..end.max(start)
        })
    }
}

/// The letters and digits that a character stands for, of lower case, of the script's own keyboard, and without marks but
/// the umlaut's.
fn letters_of(c: char) -> Vec<char> {
    static ALIKE_BY_LETTER: LazyLock<HashMap<char, &str>> = LazyLock::new(|| {
        let each = |(letters, alike): &(&'static str, &'static str)| {
            let alike = *alike;
            letters.chars().map(move |letter| (letter, alike))
        };
        ALIKE.iter().flat_map(each).collect()
    });
    let mut letters = Vec::new();
    let parts = [c].into_iter().nfkd().flat_map(char::to_lowercase);
    for c in parts.filter(|c| *c == UMLAUT || is_letter_or_digit(*c)) {
        let c = in_series(digit(c).unwrap_or(c));
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
fn is_letter_or_digit(c: char) -> bool {
    let modifies = matches!(c, '\u{2b0}'..='\u{2ff}');
    c.is_alphanumeric() && canonical_combining_class(c) == 0 && !is_invisible(c) && !modifies
}

fn in_series(c: char) -> char {
    let series = SERIES.iter().find(|(first, last, _)| (*first..=*last).contains(&c));
    let other = series
        .and_then(|(first, _, base)| char::from_u32(u32::from(c) - u32::from(*first) + u32::from(*base)));
    other.unwrap_or(c)
}

/// What a letter looks like: of letters that look the same, in whichever scripts, always the same one.
fn shapes_of(letter: char) -> impl Iterator<Item = char> {
    let mut buffer = [0; 4];
    let shapes: Vec<char> = skeleton(letter.encode_utf8(&mut buffer)).collect();
    shapes.into_iter().flat_map(char::to_lowercase).filter(|c| is_letter_or_digit(*c))
}

/// Where a word stands in a text. Parts may overlap.
pub(crate) fn places_of(word: &str, text: &str) -> Vec<Range<usize>> {
    let word = word.trim();
    let bare = ARTICLES.iter().find_map(|article| word.strip_prefix(article));
    let bare = bare.filter(|bare| bare.chars().count() >= FEWEST_WITHOUT_ARTICLE);
    let mut places = Vec::new();
    for umlauts in [Umlauts::Bare, Umlauts::WrittenOut] {
        let text = Folded::of(text, umlauts);
        for word in [Some(word), bare].into_iter().flatten() {
            places.extend(text.places_of(&Folded::of(word, umlauts).letters));
        }
    }
    places.sort_by_key(|place| (place.start, place.end));
    places.dedup();
    places
}

/// Whether a word could be found in any text: whether it has a letter or a digit.
pub(crate) fn can_be_found(word: &str) -> bool {
    !Folded::of(word, Umlauts::Bare).letters.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'t>(word: &str, text: &'t str) -> Vec<&'t str> {
        places_of(word, text).into_iter().map(|place| &text[place]).collect()
    }

    /// A word, and a text in which it is said.
    const SAID: &[(&str, &str)] = &[
        ("El Fasher", "we called EL\nFASHER's office"),
        ("El Fasher", "ElFasher"),
        ("radio", "Radios are on their way"),
        ("radio", "Your ra\u{ad}dio is mentioned."),
        ("radio", "r\u{200d}a\u{2060}d\u{feff}io"),
        ("radio", "ｒａｄｉｏ"),
        ("radio", "rаdiо in letters of two scripts"),
        ("Séné", "pre\u{300}s de Se\u{301}ne\u{301}"),
        ("Séné", "PRÈS DE SENE"),
        ("Diyarbakır", "DİYARBAKIR'da"),
        ("Diyarbakır", "Diyarbakir"),
        ("Łódź", "w lodzi, Lodz"),
        ("Ðakovo", "in Đakovo"),
        ("Đà Nẵng", "o Da Nang"),
        ("Tromsø", "Tromso"),
        ("Köln", "Koeln"),
        ("Koeln", "KÖLN"),
        ("Köln", "Ko\u{308}ln, Koln"),
        ("Elbe", "Radio Elbe"),
        ("Brønderslev", "Broenderslev"),
        ("Straße", "STRASSE"),
        ("Þórshöfn", "Thorshofn"),
        ("Gəncə", "Gence"),
        ("Ƙofar", "kofar"),
        ("Mohammed", "Mohamed"),
        ("Kaʻaʻawa", "Kaaawa"),
        ("Αθήνας", "ΑΘΗΝΑΣ"),
        ("Ґудзь", "Гудзь"),
        ("Алматы қаласы", "Алматы каласы"),
        ("Харьков", "Харков"),
        ("1100", "at ١١٠٠ and ۱۱۰۰"),
        ("المدينة", "نلتقي بالمدينة غدا"),
        ("المدينة", "السوق والمدينة"),
        ("المدينة", "ذهبنا للمدينة"),
        ("المدينة", "في المديـنة"),
        ("المدينة", "في المدينه"),
        ("مَدِينَة", "في مدينة"),
        ("أحمد", "مع احمد"),
        ("على", "علي"),
        ("کابل", "في كابل"),
        ("پشاور", "بشاور"),
        ("گرگان", "كركان"),
        ("هەولێر", "هه‌وليـر"),
        ("רמאללה", "נפגש ברמאללה"),
        ("הכפר", "ניפגש בכפר"),
        ("לבנון", "לבנונים"),
        ("חיים", "חַיִּים"),
        ("西藏", "我们在西藏工作"),
        ("臺灣", "在台湾"),
        ("維吾爾", "维吾尔人"),
        ("เชียงใหม่", "เราอยู่ที่เชียงใหม่แล้ว"),
        ("ភ្នំពេញ", "យើងនៅភ្នំពេញហើយ"),
        ("ភ្នំពេញ", "នៅភ្នំ\u{200b}ពេញ"),
        ("ဝါးခယ်မ", "ကျွန်တော် ဝါးခယ်မမှာ"),
        ("ວຽງຈັນ", "ຢູ່ວຽງຈັນແລ້ວ"),
        ("ལྷ་ས", "ང་ལྷ་སར་ཡོད"),
        ("አዲስ አበባ", "በአዲስ አበባ እንገናኝ"),
        ("ሐረር", "ወደ ሀረር"),
        ("ጸሐይ", "ፀሀይ"),
        ("दिल्ली", "हम दिल्लीमें हैं"),
        ("カラオケ", "ｶﾗｵｹとからおけ"),
        ("서울", "서울에서"),
    ];

    #[test]
    fn a_word_is_found_in_every_script_and_spelling() {
        for (word, text) in SAID {
            assert!(!places_of(word, text).is_empty(), "{word} in {text}");
        }
    }

    #[test]
    fn other_words_are_not_found() {
        for (word, text) in [
            ("Séné", "près de Sinnamary"),
            ("radio", "all is well"),
            ("110", "at 10:10"),
            ("المدينة", "في القرية"),
            ("西藏", "我们在新疆"),
            ("አዲስ አበባ", "በሐረር"),
            ("…", "anything…"),
            ("الا", "لا"),
        ] {
            assert!(places_of(word, text).is_empty(), "{word} in {text}");
        }
    }

    #[test]
    fn what_is_found_is_the_part_of_the_text_that_says_it() {
        assert_eq!(found("radio", "Your ra\u{ad}dio, RADIO"), ["ra\u{ad}dio", "RADIO"]);
        assert_eq!(found("El Fasher", "near el-FASHER."), ["el-FASHER"]);
        assert_eq!(found("Mohamed", "Mohammeds"), ["Mohammed"]);
        assert_eq!(found("المدينة", "لا تذكر المدينة"), ["المدينة", "مدينة"]);
        assert_eq!(found("Köln", "Koelner"), ["Koeln"]);
    }

    #[test]
    fn a_word_of_marks_alone_cannot_be_found() {
        assert!(can_be_found("١") && can_be_found("西"));
        for nothing in ["", " ", "…", "\u{200b}", "ـ", "\u{301}"] {
            assert!(!can_be_found(nothing), "{nothing:?}");
        }
    }
}
