//! Words that must never be found again, and the search for them.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use memchr::memmem;

/// Stands in every sealed text of a canary test. No alphabet of ids has these letters in a row by chance.
pub(crate) const WORD: &str = "Zaunkoenigsfeder";

/// A way in which a word may lie in bytes.
struct Form {
    name: &'static str,
    bytes: Vec<u8>,
}

impl Form {
    /// Whether what is found there is no piece of a longer number: times in microseconds hold any seven digits by chance.
    fn stands_alone(&self, bytes: &[u8], at: usize) -> bool {
        let is_number = self.bytes.iter().all(u8::is_ascii_digit);
        let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
        !is_number || !is_digit(at.checked_sub(1)) && !is_digit(at.checked_add(self.bytes.len()))
    }
}

/// The places where words were found.
pub(crate) struct Search {
    forms: Vec<(String, Form)>,
}

impl Search {
    /// A search for words in every form that they may take.
    pub(crate) fn of(words: &[String]) -> Self {
        let forms = words.iter().flat_map(|word| forms(word).into_iter().map(|form| (word.clone(), form)));
        Self { forms: forms.collect() }
    }

    /// Looks for these too.
    pub(crate) fn add(&mut self, words: &[String]) {
        self.forms.extend(Self::of(words).forms);
    }

    /// Where and how words stand in these bytes.
    pub(crate) fn hits(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let found = self.forms.iter().filter_map(|(word, form)| {
            let at = memmem::find_iter(bytes, &form.bytes).find(|at| form.stands_alone(bytes, *at))?;
            let around = &bytes[at.saturating_sub(60)..bytes.len().min(at + 100)];
            Some(format!("{place}: {word:?} as {} at {at}: {:?}", form.name, String::from_utf8_lossy(around)))
        });
        found.collect()
    }

    /// As [`Self::hits`], in every file of a folder and of the folders in it.
    pub(crate) fn hits_in_folder(&self, folder: &std::path::Path) -> (Vec<String>, u64) {
        let (mut hits, mut searched) = (Vec::new(), 0);
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                let (inner, bytes) = self.hits_in_folder(&path);
                hits.extend(inner);
                searched += bytes;
            } else {
                let bytes = std::fs::read(&path).unwrap();
                searched += bytes.len() as u64;
                hits.extend(self.hits(&path.display().to_string(), &bytes));
            }
        }
        (hits, searched)
    }
}

fn forms(word: &str) -> Vec<Form> {
    let utf16 = |of: fn(u16) -> [u8; 2]| word.encode_utf16().flat_map(of).collect::<Vec<u8>>();
    let mut forms = vec![
        Form { name: "text", bytes: word.into() },
        Form { name: "lower hexadecimal", bytes: HEXLOWER.encode(word.as_bytes()).into() },
        Form { name: "upper hexadecimal", bytes: HEXUPPER.encode(word.as_bytes()).into() },
        Form { name: "UTF-16LE", bytes: utf16(u16::to_le_bytes) },
        Form { name: "UTF-16BE", bytes: utf16(u16::to_be_bytes) },
        // As debug output writes bytes: "90, 97, 117".
        Form {
            name: "numbers",
            bytes: word.bytes().map(|b| b.to_string()).collect::<Vec<_>>().join(", ").into(),
        },
    ];
    for encoding in [&BASE64_NOPAD, &BASE64URL_NOPAD] {
        for shift in 0..3 {
            // Where the word begins within a group of three bytes decides how it reads; the characters at either end
            // depend on its neighbours and are left out.
            let padded = [&vec![0; shift], word.as_bytes()].concat();
            let text = encoding.encode(&padded);
            let first = (shift * 8).div_ceil(6);
            let last = padded.len() * 8 / 6;
            forms.push(Form { name: "base64", bytes: text[first..last].into() });
        }
    }
    forms
}

#[test]
fn a_word_is_found_in_every_form_and_between_any_neighbours() {
    let search = Search::of(&[WORD.to_owned()]);
    for before in ["", "x", "xy", "xyz"] {
        let text = format!("{before}{WORD} and more");
        let utf16 = |of: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(of).collect::<Vec<u8>>();
        let planted: [Vec<u8>; 7] = [
            text.clone().into(),
            HEXLOWER.encode(text.as_bytes()).into(),
            HEXUPPER.encode(text.as_bytes()).into(),
            data_encoding::BASE64.encode(text.as_bytes()).into(),
            data_encoding::BASE64URL.encode(text.as_bytes()).into(),
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
        ];
        for bytes in planted {
            assert!(!search.hits("here", &bytes).is_empty(), "{before:?} {bytes:?}");
        }
        assert!(!search.hits("here", format!("{:?}", text.as_bytes()).as_bytes()).is_empty());
    }
    assert!(search.hits("here", b"Zaunkoenigs feder").is_empty());
}

#[test]
fn a_number_is_no_piece_of_a_longer_one() {
    let search = Search::of(&["7391531".to_owned()]);
    assert!(search.hits("here", b"at 1795813197391531 and 17958131973915310").is_empty());
    for planted in ["7391531", "x7391531.", "1795813197391531 7391531"] {
        assert!(!search.hits("here", planted.as_bytes()).is_empty(), "{planted}");
    }
}
