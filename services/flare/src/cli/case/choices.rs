//! How the words of values and codes are read on the command line.

use std::ffi::OsStr;

use clap::{
    Arg, Command,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use flare_contracts::words::{Worded, hyphened};

/// Reads one of the words on the command line.
pub(crate) fn worded<T: Worded>() -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(T::WORDS.iter().map(|(word, _)| *word)).try_map(|text| {
        T::WORDS
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, value)| *value)
            .ok_or("is not one of the words")
    })
}

/// Reads one of these codes, which people write with hyphens; gives it as services know it.
pub(crate) fn code(codes: &'static [&'static str]) -> impl TypedValueParser<Value = String> {
    Code(codes)
}

#[derive(Clone)]
struct Code(&'static [&'static str]);

impl TypedValueParser for Code {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        // Whoever copies a code from an event or a log need not think of the difference.
        let value = hyphened(&value.to_string_lossy());
        let words = PossibleValuesParser::new(self.0.iter().map(|code| hyphened(code)));
        Ok(words.parse_ref(command, argument, OsStr::new(&value))?.replace('-', "_"))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().map(|code| PossibleValue::new(hyphened(code)))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_with_hyphens_or_underscores_and_given_as_services_know_it() {
        let command = Command::new("x");
        let read = |text| code(&["no_time", "other"]).parse_ref(&command, None, OsStr::new(text));
        assert_eq!(read("no-time").unwrap(), "no_time");
        assert_eq!(read("no_time").unwrap(), "no_time");
        assert!(read("no time").is_err());
    }
}
