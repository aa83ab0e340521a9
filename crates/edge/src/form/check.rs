//! What the values of a form must be for whoever can still be asked: each must read one way.

use flare_kernel::Date;
use flare_typed::{
    Rule,
    date::{self, Expected},
    language, money, place,
    text::has_visible,
};

use super::{
    Fault, Form, FormError,
    names::{NEEDS, consent_state, danger, mode, need_kind, requester_kind, trigger},
};

/// A field that can be read but is odd: needed by a day that is over, happened on one that has not come.
pub type Doubt = Fault;

/// The fields at fault, all of them, so that nobody has to send a form five times.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    /// One more.
    pub(super) fn add(&mut self, field: &str, rule: Rule) {
        self.0.push(Fault { field: field.to_owned(), rule });
    }

    /// One more, if this breaks a rule.
    fn check<T>(&mut self, field: &str, result: Result<T, Rule>) -> Option<T> {
        result.map_err(|rule| self.add(field, rule)).ok()
    }

    /// The value, if there is none; else the error that names them all.
    pub(super) fn none_or<T>(self, value: T) -> Result<T, FormError> {
        if self.0.is_empty() { Ok(value) } else { Err(FormError(self.0)) }
    }
}

impl Form {
    /// Checks that a whole form can be sent and that each of its values reads one way; tells what is odd about them.
    pub fn check(&self, today: Date) -> Result<Vec<Doubt>, FormError> {
        self.check_both(today, self.answers().err())
    }

    /// The same for a form that adds to a request that was sent.
    pub fn check_further(&self, today: Date) -> Result<Vec<Doubt>, FormError> {
        self.check_both(today, self.further_answers().err())
    }

    /// The values that cannot be read for sure or are odd, in a form that is sent all the same.
    pub fn unclear(&self, today: Date) -> Vec<Fault> {
        let mut faults = Faults::default();
        let mut unclear = self.check_values(today, &mut faults);
        unclear.append(&mut faults.0);
        unclear
    }

    fn check_both(&self, today: Date, unfit: Option<FormError>) -> Result<Vec<Doubt>, FormError> {
        let mut faults = Faults::default();
        let doubts = self.check_values(today, &mut faults);
        faults.0.extend(unfit.map_or_else(Vec::new, |error| error.0));
        faults.none_or(doubts)
    }

    /// Checks every value that must be one of a kind: dates, places, amounts, words.
    fn check_values(&self, today: Date, faults: &mut Faults) -> Vec<Doubt> {
        let mut doubts = Vec::new();
        if has_visible(&self.language) {
            faults.check("language", language::read(&self.language).one());
        }
        for (field, text) in
            [("country_now", &self.country_now), ("country_incident", &self.country_incident)]
        {
            if has_visible(text) {
                faults.check(field, place::read(text).one());
            }
        }
        for (field, text, expected) in [
            ("happened_on", &self.happened_on, Expected::Behind),
            ("needed_by", &self.needed_by, Expected::Ahead),
        ] {
            if has_visible(text) {
                let day = faults.check(field, date::read(text, expected, today).one_day(today));
                let doubt = day.and_then(|day| day.doubt(expected, today));
                doubts.extend(doubt.map(|rule| Fault { field: field.to_owned(), rule }));
            }
        }
        if has_visible(&self.amount) || has_visible(&self.currency) {
            faults.check("amount", money::read(&self.amount, &self.currency).one());
        }
        for (index, (_, amount)) in self.budget.iter().enumerate() {
            faults.check(&format!("budget[{index}]"), money::read(amount, &self.currency).one());
        }
        for (index, need) in self.needs.iter().enumerate() {
            if need_kind(need).is_none() {
                faults.add(&format!("needs[{index}]"), Rule::OneOf { words: NEEDS });
            }
        }
        let one_of = |faults: &mut Faults, field: &str, text: &str, known: bool, words: &'static str| {
            if has_visible(text) && !known {
                faults.add(field, Rule::OneOf { words });
            }
        };
        one_of(faults, "danger", &self.danger, danger(&self.danger).is_some(), "yes, no, not sure");
        let known = requester_kind(&self.kind).is_some();
        one_of(faults, "kind", &self.kind, known, "individual, outlet, organisation, unregistered group");
        one_of(faults, "mode", &self.mode, mode(&self.mode).is_some(), "preventive, reactive");
        one_of(faults, "trigger", &self.trigger, trigger(&self.trigger).is_some(), "negative, positive");
        for (field, text) in self.consent.states() {
            one_of(faults, field, text, consent_state(text).is_some(), "agreed, refused, cannot be asked");
        }
        doubts
    }
}
