//! Languages people are spoken with.

use std::{fmt, str::FromStr};

use icu_locale_core::LanguageIdentifier;

/// The longest tag, as RFC 5646 advises to make room for.
const LONGEST: usize = 35;

/// A language in the form of BCP 47: `ar`, `fr`, `ckb`, `pt-BR`, `zh-Hant`, `sr-Latn-RS`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(String);

/// Why a text is not a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a language code such as ar, fr or pt-BR")]
pub struct LanguageError;

impl Language {
    /// Reads a tag of language, script, region and variants in its one way of writing.
    ///
    /// The form is checked, not the register: a language that a list forgot is spoken all the same.
    pub fn parse(text: &str) -> Result<Self, LanguageError> {
        let tag: LanguageIdentifier = text.parse().map_err(|_| LanguageError)?;
        // A name such as "english" has the form of a tag that nobody registered.
        let has_code = tag.language.as_str().len() <= 3;
        let is_canonical = text.len() <= LONGEST && tag.to_string() == text;
        (has_code && is_canonical).then(|| Self(text.to_owned())).ok_or(LanguageError)
    }

    /// The tag: the language in small letters, the script with a capital, the region in capitals.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Language {
    type Err = LanguageError;

    fn from_str(text: &str) -> Result<Self, LanguageError> {
        Self::parse(text)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_in_their_one_form_are_read() {
        for tag in ["en", "und", "ckb", "pt-BR", "es-419", "zh-Hant", "sr-Latn-RS", "de-CH-1996"] {
            assert_eq!(Language::parse(tag).unwrap().to_string(), tag);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "e",
            "english",
            "e1",
            "en-",
            "EN",
            "en_GB",
            "pt-br",
            "zh-hant",
            "-GB",
            "عر",
            "en-4",
            " ar",
            "ar-u-nu-latn",
            "en-GB-aaaaaaaa-bbbbbbbb-cccccccc-dddddddd",
        ] {
            assert_eq!(Language::parse(text), Err(LanguageError), "{text}");
        }
    }
}
