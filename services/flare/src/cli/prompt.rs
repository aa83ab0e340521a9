//! Questions on a terminal. They stand on standard error, so that standard output holds the answer of the command only.

use std::io::{self, BufRead, IsTerminal as _, Write as _};

use flare_seal::Sensitive;
use flare_typed::text::{clean_line, yes_or_no};

use super::CliError;

/// Whether somebody is there to answer.
pub(crate) fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for something that is not shown while it is typed.
pub(crate) fn hidden(question: &str, option: &str) -> Result<Sensitive<String>, CliError> {
    somebody(option)?;
    let typed = rpassword::prompt_password(format!("{question}: ")).map_err(|error| unread(&error))?;
    Ok(Sensitive::new(typed))
}

/// Asks for one line. An empty one is an answer too.
pub(crate) fn line(question: &str, option: &str) -> Result<String, CliError> {
    somebody(option)?;
    ask(&format!("{question}: "));
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed).map_err(|error| unread(&error))?;
    Ok(clean_line(&typed))
}

/// Asks for a text of several lines, ended by a line that holds a single full stop.
pub(crate) fn text(question: &str, option: &str) -> Result<Sensitive<String>, CliError> {
    somebody(option)?;
    ask(&format!("{question}\n(end with a line that holds a single full stop)\n"));
    text_from(&mut io::stdin().lock()).map_err(|error| unread(&error))
}

/// Asks yes or no, in whichever language it is answered; anything but a clear yes is no.
pub(crate) fn confirm(question: &str, option: &str) -> Result<bool, CliError> {
    let answer = line(&format!("{question} [y/N]"), option)?;
    Ok(yes_or_no(&answer) == Some(true))
}

fn somebody(option: &str) -> Result<(), CliError> {
    if is_possible() {
        return Ok(());
    }
    Err(CliError::usage(format!("{option} is needed: there is no terminal to ask on")))
}

/// Tells whoever is being asked something about their last answer.
pub(crate) fn tell(text: &str) {
    ask(&format!("{text}\n"));
}

fn ask(question: &str) {
    let mut terminal = io::stderr().lock();
    // A terminal that cannot be written to will not answer either; the reading then says so.
    let _ = write!(terminal, "{question}").and_then(|()| terminal.flush());
}

fn unread(error: &io::Error) -> CliError {
    CliError::unexpected(format!("the terminal cannot be read: {error}"))
}

fn text_from(source: &mut impl BufRead) -> io::Result<Sensitive<String>> {
    let mut text = String::new();
    loop {
        let start = text.len();
        if source.read_line(&mut text)? == 0 {
            break;
        }
        if text[start..].trim_end() == "." {
            text.truncate(start);
            break;
        }
    }
    let kept = text.trim_end().len();
    text.truncate(kept);
    Ok(Sensitive::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_at_a_full_stop_of_its_own_or_with_the_input() {
        let read = |typed: &str| text_from(&mut typed.as_bytes()).unwrap().into_inner();
        assert_eq!(read("one\n\ntwo.\n.\nthree\n"), "one\n\ntwo.");
        assert_eq!(read("one\r\n.\r\n"), "one");
        assert_eq!(read("no end"), "no end");
        assert_eq!(read(".\n"), "");
    }
}
