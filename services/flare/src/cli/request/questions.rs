//! The requester's questions, asked one by one. Two are enough: after them, everything may be left for later.

use std::io::{BufRead, Write};

use flare_edge::{Consents, Form, IfNothing, Reference};
use flare_typed::text::{clean_text, clean_value};

use crate::cli::{
    CliError,
    prompt::{self, Conversation},
    words::today,
};

/// Refusals for want of a terminal name this option.
const OPTION: &str = "--form";

/// Asks for the two answers that are needed, for as many others as the person cares to give, and last for danger, which
/// may be left unsaid.
pub(super) fn ask() -> Result<Form, CliError> {
    prompt::at_terminal(OPTION)?.form()
}

impl<R: BufRead, W: Write> Conversation<R, W> {
    fn form(&mut self) -> Result<Form, CliError> {
        let contact =
            self.required("How can we reach you safely, and when? What must we never send or say?")?;
        let happened = self.required("What happened, and when? How does it relate to your work?")?;
        let mut form = Form { contact, happened, ..Form::default() };
        if self.confirm("That is enough to send. Answer more questions first?")? {
            self.more(&mut form)?;
        }
        form.danger = self.line(
            "Could somebody be killed, injured, arrested or taken within 24 hours: yes, no or not sure (empty: unsaid)",
        )?;
        self.tell_odd(&form);
        Ok(form)
    }

    /// Says what could not be read or is odd. Nothing that was answered is lost by it: it is sent as it was typed, and
    /// staff see both it and how it reads.
    fn tell_odd(&mut self, form: &Form) {
        let odd = match form.check(today()) {
            Ok(doubts) => doubts,
            Err(error) => error.0,
        };
        for fault in odd {
            self.tell(&format!("{}: this is sent as you typed it, but it {}", fault.field, fault.rule));
        }
    }

    fn more(&mut self, form: &mut Form) -> Result<(), CliError> {
        form.never = self.clean("What must we never send, say or do?")?;
        form.if_nothing = IfNothing {
            day: self.line("What happens if nothing is done within 24 hours?")?,
            week: self.line("… within 7 days?")?,
            month: self.line("… within 30 days?")?,
        };
        form.language = self.line("Your language, best as a code such as en, fr, ar")?;
        form.country_now =
            self.line("The country where you are now, best as two letters, or \"withheld\"")?;
        form.country_incident =
            self.line("The country where it happened, best as two letters, or \"withheld\"")?;
        form.kind = self.line("Who asks: individual, outlet, organisation or unregistered group")?;
        form.on_behalf = self.confirm("Do you ask on somebody else's behalf?")?;
        form.needs = words(&self.line(
            "What is needed (medical, legal, relocation, equipment, subsistence, psychosocial, digital, family, \
             continuity), parted by commas",
        )?);
        form.amount = self.line("If money is needed: how much, as a number such as 1200.00")?;
        if !form.amount.is_empty() {
            form.currency = self.line("In which currency, as three letters such as EUR")?;
            form.needed_by = self.line("By when, best as YYYY-MM-DD")?;
            form.payment =
                self.clean("Which ways to receive money are safe? Who could be harmed by a transfer?")?;
        }
        form.consent = Consents { help: "agreed".to_owned(), ..self.consents()? };
        form.references = self.references()?;
        Ok(())
    }

    fn consents(&mut self) -> Result<Consents, CliError> {
        let mut asked = |question: &str| {
            let agreed = self.confirm(question)?;
            Ok::<_, CliError>(if agreed { "agreed" } else { "refused" }.to_owned())
        };
        Ok(Consents {
            checking: asked("May we check facts with people who can vouch for you?")?,
            referral: asked("May we hand this to other organisations that can help?")?,
            donor: asked("May a donor be told who you are?")?,
            public: asked("May it be told in public?")?,
            ..Consents::default()
        })
    }

    fn references(&mut self) -> Result<Vec<Reference>, CliError> {
        let mut references = Vec::new();
        while references.len() < 2 {
            let who = self.line("Somebody who can vouch, neither you nor paid by this (empty: nobody)")?;
            if who.is_empty() {
                break;
            }
            let contact = self.line("How to reach them safely")?;
            let may_name = self.confirm("May we name you to them?")?;
            references.push(Reference { who, contact, may_name });
        }
        Ok(references)
    }

    fn clean(&mut self, question: &str) -> Result<String, CliError> {
        self.text(question).map(|text| clean_text(text.expose()))
    }

    fn required(&mut self, question: &str) -> Result<String, CliError> {
        loop {
            let text = self.clean(question)?;
            if !text.is_empty() {
                return Ok(text);
            }
        }
    }
}

fn words(line: &str) -> Vec<String> {
    line.split([',', '،', '、', '，', ';'])
        .map(|word| clean_value(word).to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(answers: &str) -> (Form, String) {
        let mut screen = Vec::new();
        let form = Conversation::with(answers.as_bytes(), &mut screen).form().unwrap();
        (form, String::from_utf8(screen).unwrap())
    }

    #[test]
    fn the_answers_of_the_field_make_the_form_that_was_meant() {
        let answers = include_str!("../../../../../crates/typed/tests/field/k01-wizard-answers.txt");
        let (form, screen) = played(answers);
        let expected = Form {
            contact: "Signal +1-202-555-0142".to_owned(),
            happened: "They searched our station.".to_owned(),
            language: "fr".to_owned(),
            country_now: "SD".to_owned(),
            country_incident: "SD".to_owned(),
            kind: "individual".to_owned(),
            needs: vec!["legal".to_owned()],
            amount: "1.200,50".to_owned(),
            currency: "EUR".to_owned(),
            needed_by: "2026-12-10".to_owned(),
            payment: "cash".to_owned(),
            consent: Consents {
                help: "agreed".to_owned(),
                checking: "agreed".to_owned(),
                referral: "agreed".to_owned(),
                donor: "refused".to_owned(),
                public: "refused".to_owned(),
                ..Consents::default()
            },
            ..Form::default()
        };
        assert_eq!(form.answers().unwrap(), expected.answers().unwrap());
        assert_eq!(form.listing().unwrap(), expected.listing().unwrap());
        assert!(!screen.contains("amount: this is sent as you typed it"), "{screen}");
    }

    #[test]
    fn answers_of_other_keyboards_are_understood_and_odd_ones_are_told_and_sent() {
        let (form, screen) = played(
            "\u{200b}\n.\n\u{202a}+964 770 555 0142\u{202c}\r\n\u{200f}.\r\nجاءت الشرطة\n.\nنعم\n.\n\n\n\nعربي\nالعراق\n\
             محجوب\nindividual\nلا\nlegal، family\n٢٥٠.٠٠٠\nدينار عراقي\nغدا\nنقدا\n。\nنعم\nلا\nلا\nلا\n\n",
        );
        assert_eq!(form.contact, "\u{202a}+964 770 555 0142\u{202c}");
        assert_eq!((form.amount.as_str(), form.needed_by.as_str()), ("٢٥٠.٠٠٠", "غدا"));
        assert_eq!((form.needs, form.on_behalf), (vec!["legal".to_owned(), "family".to_owned()], false));
        assert_eq!((form.consent.checking.as_str(), form.consent.referral.as_str()), ("agreed", "refused"));
        assert_eq!(screen.matches("How can we reach you safely").count(), 2, "{screen}");
        let odd: Vec<_> = screen.lines().filter(|line| line.contains("as you typed it")).collect();
        assert_eq!(odd.len(), 2, "{odd:?}");
        assert!(screen.contains("250000.000 IQD") && screen.contains("needed_by: this is sent"), "{screen}");
    }

    #[test]
    fn words_are_parted_by_commas_of_any_script() {
        assert_eq!(words("Legal, digital،family ,"), ["legal", "digital", "family"]);
    }
}
