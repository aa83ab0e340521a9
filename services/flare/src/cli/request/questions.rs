//! The requester's questions, asked one by one. Two are enough: after them, everything may be left for later.

use flare_edge::{Consents, Form, IfNothing, Reference};

use flare_typed::text::{clean_text, clean_value};

use crate::cli::{CliError, prompt, words::today};

/// Refusals for want of a terminal name this option.
const OPTION: &str = "--form";

/// Asks for the two answers that are needed and for danger, which may be left unsaid, then for as many others as the person cares to give.
pub(super) fn ask() -> Result<Form, CliError> {
    let contact = required("How can we reach you safely, and when? What must we never send or say?")?;
    let happened = required("What happened, and when? How does it relate to your work?")?;
    let danger = prompt::line(
        "Could somebody be killed, injured, arrested or taken within 24 hours: yes, no or not sure (empty: unsaid)",
        OPTION,
    )?;
    let mut form = Form { contact, happened, danger, ..Form::default() };
    if prompt::confirm("That is enough to send. Answer more questions first?", OPTION)? {
        ask_more(&mut form)?;
    }
    tell_odd(&form);
    Ok(form)
}

/// Says what could not be read or is odd. Nothing that was answered is lost by it: it is sent as it was typed, and staff see
/// both it and how it reads.
fn tell_odd(form: &Form) {
    let odd = match form.check(today()) {
        Ok(doubts) => doubts,
        Err(error) => error.0,
    };
    for fault in odd {
        prompt::tell(&format!("{}: this is sent as you typed it, but it {}", fault.field, fault.rule));
    }
}

fn ask_more(form: &mut Form) -> Result<(), CliError> {
    let line = |question: &str| prompt::line(question, OPTION);
    let text = |question: &str| prompt::text(question, OPTION).map(|text| clean_text(text.expose()));
    form.never = text("What must we never send, say or do?")?;
    form.if_nothing = IfNothing {
        day: line("What happens if nothing is done within 24 hours?")?,
        week: line("… within 7 days?")?,
        month: line("… within 30 days?")?,
    };
    form.language = line("Your language, best as a code such as en, fr, ar")?;
    form.country_now = line("The country where you are now, best as two letters, or \"withheld\"")?;
    form.country_incident = line("The country where it happened, best as two letters, or \"withheld\"")?;
    form.kind = line("Who asks: individual, outlet, organisation or unregistered group")?;
    form.on_behalf = prompt::confirm("Do you ask on somebody else's behalf?", OPTION)?;
    form.needs = words(&line(
        "What is needed (medical, legal, relocation, equipment, subsistence, psychosocial, digital, family, \
         continuity), parted by commas",
    )?);
    form.amount = line("If money is needed: how much, as a number such as 1200.00")?;
    if !form.amount.is_empty() {
        form.currency = line("In which currency, as three letters such as EUR")?;
        form.needed_by = line("By when, best as YYYY-MM-DD")?;
        form.payment = text("Which ways to receive money are safe? Who could be harmed by a transfer?")?;
    }
    form.consent = Consents { help: "agreed".to_owned(), ..consents()? };
    form.references = references()?;
    Ok(())
}

fn consents() -> Result<Consents, CliError> {
    let asked = |question: &str| {
        let agreed = prompt::confirm(question, OPTION)?;
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

fn references() -> Result<Vec<Reference>, CliError> {
    let mut references = Vec::new();
    while references.len() < 2 {
        let who =
            prompt::line("Somebody who can vouch, neither you nor paid by this (empty: nobody)", OPTION)?;
        if who.is_empty() {
            break;
        }
        let contact = prompt::line("How to reach them safely", OPTION)?;
        let may_name = prompt::confirm("May we name you to them?", OPTION)?;
        references.push(Reference { who, contact, may_name });
    }
    Ok(references)
}

fn required(question: &str) -> Result<String, CliError> {
    loop {
        let text = clean_text(prompt::text(question, OPTION)?.expose());
        if !text.is_empty() {
            return Ok(text);
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

    #[test]
    fn words_are_parted_by_commas_of_any_script() {
        assert_eq!(words("Legal, digital،family ,"), ["legal", "digital", "family"]);
    }
}
