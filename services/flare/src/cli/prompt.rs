//! Questions on a terminal. They stand on standard error, so that standard output holds the answer of the command only.

use std::io::{self, BufRead, IsTerminal as _};

use flare_seal::Sensitive;
use flare_typed::text::{clean_line, clean_value, yes_or_no};

use super::{CliError, output::harmless};

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

/// Somebody who is asked, and answers.
pub(crate) struct Conversation<R, W> {
    answers: R,
    screen: W,
}

/// The one at the terminal. A refusal for want of a terminal names this option.
pub(crate) fn at_terminal(option: &str) -> Result<Conversation<impl BufRead, impl io::Write>, CliError> {
    somebody(option)?;
    Ok(Conversation { answers: io::stdin().lock(), screen: io::stderr() })
}

impl<R: BufRead, W: io::Write> Conversation<R, W> {
    /// Somebody who gives these answers and sees the questions there.
    #[cfg(test)]
    pub(crate) const fn with(answers: R, screen: W) -> Self {
        Self { answers, screen }
    }

    /// Asks for one line. An empty one is an answer too.
    pub(crate) fn line(&mut self, question: &str) -> Result<String, CliError> {
        self.show(&format!("{question}: "));
        let mut typed = String::new();
        self.answers.read_line(&mut typed).map_err(|error| unread(&error))?;
        Ok(clean_line(&typed))
    }

    /// Asks for a text of several lines, ended by a line that holds a single full stop.
    pub(crate) fn text(&mut self, question: &str) -> Result<Sensitive<String>, CliError> {
        self.show(&format!("{question}\n(end with a line that holds a single full stop)\n"));
        text_from(&mut self.answers).map_err(|error| unread(&error))
    }

    /// Asks yes or no, in whichever language it is answered; anything but a clear yes is no.
    pub(crate) fn confirm(&mut self, question: &str) -> Result<bool, CliError> {
        let answer = self.line(&format!("{question} [y/N]"))?;
        Ok(yes_or_no(&answer) == Some(true))
    }

    /// Tells whoever is being asked something about their last answer.
    pub(crate) fn tell(&mut self, text: &str) {
        self.show(&format!("{text}\n"));
    }

    fn show(&mut self, text: &str) {
        // A terminal that cannot be written to will not answer either; the reading then says so.
        let _ = write!(self.screen, "{}", harmless(text)).and_then(|()| self.screen.flush());
    }
}

/// [`Conversation::text`] at the terminal.
pub(crate) fn text(question: &str, option: &str) -> Result<Sensitive<String>, CliError> {
    at_terminal(option)?.text(question)
}

/// [`Conversation::confirm`] at the terminal.
pub(crate) fn confirm(question: &str, option: &str) -> Result<bool, CliError> {
    at_terminal(option)?.confirm(question)
}

fn somebody(option: &str) -> Result<(), CliError> {
    if is_possible() {
        return Ok(());
    }
    Err(CliError::usage(format!("{option} is needed: there is no terminal to ask on")))
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
        if is_full_stop(&text[start..]) {
            text.truncate(start);
            break;
        }
    }
    let kept = text.trim_end().len();
    text.truncate(kept);
    Ok(Sensitive::new(text))
}

/// Whether nothing stands in the line but a full stop, of whichever script.
fn is_full_stop(line: &str) -> bool {
    matches!(clean_value(line).as_str(), "." | "。" | "۔" | "။" | "።" | "।" | "։")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_at_a_full_stop_of_its_own_or_with_the_input() {
        let read = |typed: &str| text_from(&mut typed.as_bytes()).unwrap().into_inner();
        assert_eq!(read("one\n\ntwo.\n.\nthree\n"), "one\n\ntwo.");
        assert_eq!(read("one\r\n.\r\n"), "one");
        assert_eq!(read("واحد\n\u{200f}.\nاثنان\n"), "واحد");
        assert_eq!(read("一\n。\n二\n"), "一");
        assert_eq!(read("one\n..\n.two\n.\n"), "one\n..\n.two");
        assert_eq!(read("no end"), "no end");
        assert_eq!(read(".\n"), "");
    }
}
