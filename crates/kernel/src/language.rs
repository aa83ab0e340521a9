//! Languages people are spoken with.

use std::{fmt, str::FromStr};

/// A language in the form of BCP 47: `ar`, `fr`, `ckb`, `pt-BR`, `es-419`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(String);

/// Why a text is not a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a language code such as ar, fr or pt-BR")]
pub struct LanguageError;

impl Language {
    /// Reads two or three letters, and a region of two letters or three digits after a hyphen. Capitals do not matter.
    ///
    /// The form is checked, not the register: a language that a list forgot is spoken all the same.
    pub fn parse(text: &str) -> Result<Self, LanguageError> {
        let text = text.trim();
        let (language, region) = match text.split_once('-') {
            Some((language, region)) => (language, Some(region)),
            None => (text, None),
        };
        let all_letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
        if !(2..=3).contains(&language.len()) || !all_letters(language) {
            return Err(LanguageError);
        }
        let language = language.to_ascii_lowercase();
        match region {
            None => Ok(Self(language)),
            Some(region)
                if region.len() == 2 && all_letters(region)
                    || region.len() == 3 && region.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                Ok(Self(format!("{language}-{}", region.to_ascii_uppercase())))
            }
            Some(_) => Err(LanguageError),
        }
    }

    /// The code, the language in small letters and the region in capitals.
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
    fn codes_are_read_and_put_in_one_form() {
        for (text, code) in [
            ("en", "en"),
            ("FR", "fr"),
            ("ckb", "ckb"),
            ("pt-br", "pt-BR"),
            ("es-419", "es-419"),
            (" ar ", "ar"),
        ] {
            assert_eq!(Language::parse(text).unwrap().to_string(), code);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "e", "english", "e1", "en-", "en-GBR", "en_GB", "-GB", "zh-Hant-TW", "عر", "en-4199"]
        {
            assert_eq!(Language::parse(text), Err(LanguageError), "{text}");
        }
    }
}
