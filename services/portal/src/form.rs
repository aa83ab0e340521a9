//! The answers of the page as a form holds them, as they were typed: nobody is kept from sending by an amount or a date.

use flare_contracts::answers::{self, answer_rule};
use flare_edge::{Form, IfNothing, Others, Reference, need_kind};
use flare_kernel::Date;
use flare_typed::{
    Rule,
    text::{characters, has_visible, whole_number},
};

use crate::{
    answers::{Answers, Fault},
    to_staff,
};

/// Each question that can be asked later: its field on the page, and the names under which an answer to it is known.
pub(crate) const LATER: [(&str, &[&str]); 16] = [
    ("danger", &["danger"]),
    ("language", &["language", answers::LANGUAGE]),
    ("kind", &["kind", answers::KIND]),
    ("now", &[answers::COUNTRY_NOW]),
    ("place", &[answers::COUNTRY_INCIDENT]),
    ("day", &[answers::IF_NOTHING_24H]),
    ("week", &[answers::IF_NOTHING_7D]),
    ("month", &[answers::IF_NOTHING_30D]),
    ("need", &[answers::NEEDS]),
    ("people", &[answers::PERSONS]),
    ("amount", &[answers::AMOUNT]),
    ("by", &[answers::NEEDED_BY]),
    ("payment", &[answers::PAYMENT]),
    ("endangering", &[answers::ENDANGERING_MONEY]),
    ("others", &[answers::OTHERS]),
    ("references", &[answers::REFERENCES]),
];

/// What may be said anew whenever something changes: danger, how money reaches somebody safely, and whose would endanger
/// them.
const ALWAYS: [&str; 3] = ["danger", "payment", "endangering"];

/// The questions to ask of somebody whose request has these answers.
pub(crate) fn questions_left(has_answer: impl Fn(&str) -> bool, unclear: Unclear) -> Vec<&'static str> {
    let is_left = |(field, names): &(&'static str, &[&str])| {
        ALWAYS.contains(field) || unclear.has(field) || !names.iter().any(|name| has_answer(name))
    };
    LATER.into_iter().filter(is_left).map(|(field, _)| field).collect()
}

/// Fields of the page whose answers could not be read for sure, to be asked back. They are known while the page is, and as
/// long as the session after it: nobody can open the answers later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unclear(u8);

impl Unclear {
    /// Each field with the name that it has in a form.
    const FIELDS: [(&str, &str); 4] =
        [("now", "country_now"), ("place", "country_incident"), ("amount", "amount"), ("by", "needed_by")];

    /// What cannot be read for sure in a form that is sent today.
    pub(crate) fn of(form: &Form, today: Date) -> Self {
        let unclear = form.unclear(today);
        let bits = Self::FIELDS.iter().enumerate().filter_map(|(place, (_, name))| {
            unclear.iter().any(|fault| fault.field == *name).then_some(1 << place)
        });
        Self(bits.sum())
    }

    /// What is unclear still, once these answers were given too.
    pub(crate) fn after(self, answers: &Answers, form: &Form, today: Date) -> Self {
        let typed = [&answers.now, &answers.place, &answers.amount, &answers.by];
        let answered: u8 =
            typed.iter().enumerate().filter(|(_, text)| has_visible(text)).map(|(place, _)| 1 << place).sum();
        Self(self.0 & !answered | Self::of(form, today).0)
    }

    /// Whether this field is.
    pub(crate) fn has(self, field: &str) -> bool {
        let place = Self::FIELDS.iter().position(|(known, _)| *known == field);
        place.is_some_and(|place| self.0 & 1 << place != 0)
    }

    /// Whether any field is.
    pub(crate) const fn any(self) -> bool {
        self.0 != 0
    }

    /// As a session carries it.
    pub(crate) const fn byte(self) -> u8 {
        self.0
    }

    /// What a session carried.
    pub(crate) const fn from_byte(byte: u8) -> Self {
        Self(byte)
    }
}

/// What keeps answers that come later from being sent, if something does.
pub(crate) fn fault_of_further(form: &Form) -> Option<Fault> {
    let error = form.further_answers().err()?;
    let says_nothing = error.0.iter().any(|fault| fault.rule == Rule::Required);
    Some(if says_nothing { Fault::Nothing } else { Fault::RestLong })
}

/// The answers in a form. What it has no place for, or what is longer than its place, stands under "anything", with the name
/// of its question: nobody is kept from sending by an answer that may be left out.
pub(crate) fn form_of(answers: &Answers) -> Form {
    let mut notes = Notes::default();
    let danger = match answers.danger.as_str() {
        known @ ("yes" | "no") => known.to_owned(),
        "unsure" => "not sure".to_owned(),
        odd => {
            notes.add(to_staff::DANGER, odd);
            String::new()
        }
    };
    notes.add(to_staff::NAME, &answers.name);
    notes.add(to_staff::PHONE, &answers.phone);
    notes.tick(to_staff::ALONE, answers.alone);
    notes.tick(to_staff::ASKED_BEFORE, answers.before);
    let persons = whole_number(&answers.people).unwrap_or(0);
    if persons == 0 {
        notes.add(to_staff::PEOPLE, &answers.people);
    }
    let (needs, odd): (Vec<_>, Vec<_>) =
        answers.needs.iter().cloned().partition(|need| need_kind(need).is_some());
    for need in &odd {
        notes.add(to_staff::NEED, need);
    }
    let contact = if answers.only_here() {
        format!("{}\n{}", to_staff::ONLY_HERE, answers.reach)
    } else {
        answers.reach.clone()
    };
    let others = answers.others.iter().filter(|other| has_visible(&other.name));
    let others = others.map(|other| Others { name: other.name.clone(), may_check: other.may });
    let references = answers.references.iter();
    let references = references.filter(|who| has_visible(&who.name) || has_visible(&who.contact));
    let references = references.map(|who| Reference {
        who: who.name.clone(),
        contact: who.contact.clone(),
        may_name: who.may,
    });
    let sum = format!("{} {}", answers.amount, answers.currency);
    let (amount, currency) = if fits(answers::AMOUNT, &sum) {
        (answers.amount.clone(), answers.currency.clone())
    } else {
        notes.add(to_staff::AMOUNT, &sum);
        (to_staff::SEE_ELSEWHERE.to_owned(), String::new())
    };
    let form = Form {
        danger,
        language: notes.unless_fits(answers::LANGUAGE, to_staff::LANGUAGE, &answers.language),
        country_now: notes.unless_fits(answers::COUNTRY_NOW, to_staff::NOW, &answers.now),
        country_incident: notes.unless_fits(answers::COUNTRY_INCIDENT, to_staff::PLACE, &answers.place),
        kind: notes.unless_fits(answers::KIND, to_staff::KIND, &answers.kind),
        happened: answers.story.clone(),
        if_nothing: IfNothing {
            day: notes.unless_fits(answers::IF_NOTHING_24H, to_staff::DAY, &answers.day),
            week: notes.unless_fits(answers::IF_NOTHING_7D, to_staff::WEEK, &answers.week),
            month: notes.unless_fits(answers::IF_NOTHING_30D, to_staff::MONTH, &answers.month),
        },
        needs,
        amount,
        currency,
        needed_by: notes.unless_fits(answers::NEEDED_BY, to_staff::BY, &answers.by),
        contact: contact.trim().to_owned(),
        payment: notes.unless_fits(answers::PAYMENT, to_staff::PAYMENT, &answers.payment),
        endangering_money: notes.unless_fits(
            answers::ENDANGERING_MONEY,
            to_staff::ENDANGERING,
            &answers.endangering,
        ),
        others: notes.records(answers::OTHERS, others.collect(), |other| {
            to_staff::other(&other.name, other.may_check)
        }),
        references: notes.records(answers::REFERENCES, references.collect(), |one| {
            to_staff::reference(&one.who, &one.contact, one.may_name)
        }),
        persons,
        ..Form::default()
    };
    notes.text(&answers.anything);
    Form { anything: notes.0, ..form }
}

/// Whether a text is no longer than the answer of this name may be; the portal writes nothing beside it.
fn fits(name: &str, text: &str) -> bool {
    answer_rule(name).is_none_or(|rule| characters(text) <= rule.max_characters)
}

/// What stands under "anything".
#[derive(Default)]
struct Notes(String);

impl Notes {
    fn text(&mut self, text: &str) {
        if has_visible(text) {
            if !self.0.is_empty() {
                self.0.push('\n');
            }
            self.0.push_str(text);
        }
    }

    fn add(&mut self, question: &str, answer: &str) {
        if has_visible(answer) {
            self.text(&format!("{question}: {answer}"));
        }
    }

    /// The answer, where it fits; else it stands here, and its place says so: which of the places say something gives the
    /// lane, and what stands there from before is not good any more.
    fn unless_fits(&mut self, name: &str, question: &str, answer: &str) -> String {
        if fits(name, answer) {
            return answer.to_owned();
        }
        self.add(question, answer);
        to_staff::SEE_ELSEWHERE.to_owned()
    }

    /// The same for records, each of which is told in one line.
    fn records<T>(&mut self, name: &str, records: Vec<T>, told: impl Fn(&T) -> String) -> Vec<T> {
        let lines: Vec<_> = records.iter().map(told).collect();
        if fits(name, &lines.concat()) {
            return records;
        }
        for line in &lines {
            self.text(line);
        }
        Vec::new()
    }

    fn tick(&mut self, statement: &str, holds: bool) {
        if holds {
            self.text(statement);
        }
    }
}

#[cfg(test)]
mod tests;
