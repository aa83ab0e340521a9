//! Where words come from. Content is never an argument: every user of a machine can list the arguments of everybody's
//! programs, and shells keep them.

use std::{
    ffi::OsString,
    io::{self, Read},
    path::{Path, PathBuf},
};

use flare_seal::Sensitive;
use flare_typed::text::{at_most, decode, has_visible};

use super::{CliError, prompt};

/// More than any text that may be sent; a larger file was given by mistake.
const LARGEST: u64 = 1024 * 1024;

/// The value of an option such as `--text-file`: a path, or `-` for standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TextSource {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl From<OsString> for TextSource {
    fn from(value: OsString) -> Self {
        if value == "-" { Self::Stdin } else { Self::File(value.into()) }
    }
}

impl TextSource {
    /// Everything in it, as bytes.
    pub(crate) fn bytes(&self, option: &str) -> Result<Sensitive<Vec<u8>>, CliError> {
        let (path, read) = match self {
            Self::File(path) => {
                (path.as_path(), std::fs::File::open(path).and_then(|file| limited(file, LARGEST)))
            }
            Self::Stdin => (Path::new("standard input"), limited(io::stdin().lock(), LARGEST)),
        };
        match read {
            Ok(Some(bytes)) => Ok(Sensitive::new(bytes)),
            Ok(None) => Err(CliError::refused(option, format!("must hold at most {LARGEST} bytes"))),
            Err(error) => Err(CliError::file(path, &error)),
        }
    }

    /// Its text, without the line breaks at its end.
    pub(crate) fn text(&self, option: &str) -> Result<Sensitive<String>, CliError> {
        let bytes = self.bytes(option)?.into_inner();
        let text = decode(&bytes).map_err(|rule| CliError::refused(option, rule.to_string()))?;
        let mut text = text.into_owned();
        let kept = text.trim_end_matches(['\r', '\n']).len();
        text.truncate(kept);
        Ok(Sensitive::new(text))
    }
}

/// The words of an option that must have some: from its file, from standard input, or asked for on the terminal.
pub(crate) fn words(
    source: Option<&TextSource>,
    (option, most): (&str, usize),
    question: &str,
) -> Result<Sensitive<String>, CliError> {
    let text = match source {
        Some(source) => source.text(option)?,
        None => prompt::text(question, option)?,
    };
    if !has_visible(text.expose()) {
        return Err(CliError::refused(option, "must not be empty"));
    }
    at_most(most, text.expose()).map_err(|rule| CliError::refused(option, rule.to_string()))?;
    Ok(text)
}

fn limited(source: impl Read, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let read = source.take(most + 1).read_to_end(&mut bytes)?;
    Ok((read as u64 <= most).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> (tempfile::TempDir, TextSource) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        std::fs::write(&path, bytes).unwrap();
        (folder, TextSource::File(path))
    }

    #[test]
    fn a_hyphen_is_standard_input() {
        assert_eq!(TextSource::from(OsString::from("-")), TextSource::Stdin);
        assert_eq!(TextSource::from(OsString::from("a")), TextSource::File("a".into()));
    }

    #[test]
    fn a_file_gives_its_text_without_the_last_line_break() {
        let (_folder, source) = file("  صوت\nحر\r\n".as_bytes());
        assert_eq!(words(Some(&source), ("--text-file", 100), "").unwrap().expose(), "  صوت\nحر");
    }

    #[test]
    fn what_is_empty_or_no_text_or_not_there_is_refused_by_the_name_of_its_option() {
        let refusal =
            |source: &TextSource| words(Some(source), ("--text-file", 100), "").err().unwrap().for_people();
        let (_folder, empty) = file(b" \n\n");
        assert!(refusal(&empty).contains("--text-file must not be empty"));
        let (_folder, latin) = file(b"caf\xe9");
        assert!(refusal(&latin).contains("--text-file must be text in UTF-8"));
        assert!(refusal(&TextSource::File("/no/such/file".into())).contains("/no/such/file"));
        let (_folder, most) = file("ش".repeat(100).as_bytes());
        words(Some(&most), ("--text-file", 100), "").unwrap();
        let (_folder, long) = file("ش".repeat(101).as_bytes());
        assert!(refusal(&long).contains("--text-file must be at most 100 characters; it has 101"));
    }

    #[test]
    fn a_text_that_is_too_large_is_not_read_into_memory() {
        assert_eq!(limited(io::repeat(b'x'), 10).unwrap(), None);
        assert_eq!(limited(&b"0123456789"[..], 10).unwrap().unwrap().len(), 10);
    }
}
