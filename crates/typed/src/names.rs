//! Names of countries and languages in the languages that people fill in forms with, from the Unicode CLDR.

use std::collections::HashMap;

use icu_locale::{Locale, names::DisplayNamesPreferences};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The languages whose names for countries, languages and months are known.
pub(crate) const WRITTEN_IN: [&str; 40] = [
    "en", "fr", "ar", "es", "pt", "ru", "uk", "be", "fa", "ps", "ur", "hi", "bn", "my", "am", "ti", "so",
    "sw", "ha", "tr", "az", "ku", "uz", "ka", "hy", "he", "zh", "zh-Hant", "ja", "ko", "vi", "th", "km",
    "id", "de", "it", "nl", "pl", "sr", "el",
];

/// A name as it is looked up: small letters without accents, vowel signs, spaces, signs and the article in front.
pub(crate) fn folded(name: &str) -> String {
    let letters = name.to_lowercase();
    let letters = letters.strip_prefix("the ").unwrap_or(&letters);
    let letters = letters.strip_prefix("ال").unwrap_or(letters);
    let is_sign = |c: char| c.is_ascii_punctuation() || matches!(c, '’' | '‘' | '–' | '—' | 'ـ' | '،' | '۔');
    letters
        .nfkd()
        .filter(|c| !is_combining_mark(*c) && !is_sign(*c) && crate::text::is_visible(*c))
        .map(|c| match c {
            'ة' => 'ه',
            'ى' | 'ی' => 'ي',
            'ک' => 'ك',
            'ı' => 'i',
            other => other,
        })
        .collect()
}

/// A name as it is written, in small letters without spaces and signs: where vowel signs tell one word from another.
pub(crate) fn spelled(name: &str) -> String {
    let is_sign = |c: char| c.is_ascii_punctuation() || matches!(c, '’' | '‘' | '׳' | '־' | 'ـ' | '॰');
    name.to_lowercase().nfkc().filter(|c| crate::text::is_visible(*c) && !is_sign(*c)).collect()
}

/// Values by their names.
#[derive(Default)]
pub(crate) struct Index<T> {
    whole: HashMap<String, Vec<T>>,
    /// By what stands before or in brackets: "Myanmar (Burma)". It counts where no whole name is the same.
    parts: HashMap<String, Vec<T>>,
}

impl<T: Clone + PartialEq> Index<T> {
    /// The values, where `names` tells a value's names in a language.
    pub(crate) fn of(values: &[T], names: impl Fn(DisplayNamesPreferences, &T) -> Vec<String>) -> Self {
        let mut index = Self { whole: HashMap::new(), parts: HashMap::new() };
        for language in WRITTEN_IN.iter().filter_map(|tag| tag.parse::<Locale>().ok()) {
            for value in values {
                for name in names((&language).into(), value) {
                    index.add(&name, value);
                }
            }
        }
        index
    }

    /// One more name of a value.
    pub(crate) fn add(&mut self, name: &str, value: &T) {
        push(&mut self.whole, name, value);
        if name.contains(['(', '（']) {
            for part in name.split(['(', ')', '（', '）']) {
                push(&mut self.parts, part, value);
            }
        }
    }

    /// Makes this a name of these values alone.
    pub(crate) fn set(&mut self, name: &str, values: Vec<T>) {
        self.whole.insert(folded(name), values);
    }

    /// What has this name.
    pub(crate) fn get(&self, name: &str) -> &[T] {
        let name = folded(name);
        self.whole.get(&name).or_else(|| self.parts.get(&name)).map_or(&[], Vec::as_slice)
    }
}

fn push<T: Clone + PartialEq>(index: &mut HashMap<String, Vec<T>>, name: &str, value: &T) {
    let name = folded(name);
    // Two Latin letters are a code, or nothing: "É.-U." is no name for what somebody means by "EU".
    if name.is_empty() || name.is_ascii() && name.len() < 3 {
        return;
    }
    let known = index.entry(name).or_default();
    if !known.contains(value) {
        known.push(value.clone());
    }
}
