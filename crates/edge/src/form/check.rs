//! What the values of a form must be.

use flare_contracts::{Kind, Refusal};
use flare_kernel::{Date, Language, Money, Place};

use super::{
    Form, FormError,
    names::{NEEDS, consent_state, mode, need_kind, requester_kind, trigger},
};

/// The fields at fault, all of them, so that nobody has to send a form five times.
#[derive(Default)]
pub(super) struct Faults(Vec<(String, String)>);

impl Faults {
    /// One more.
    pub(super) fn add(&mut self, field: &str, rule: impl Into<String>) {
        self.0.push((field.to_owned(), rule.into()));
    }

    /// One more, if this could not be read.
    pub(super) fn check<T, E: std::fmt::Display>(&mut self, field: &str, result: Result<T, E>) {
        if let Err(error) = result {
            self.add(field, error.to_string());
        }
    }

    /// The value, if there is none; else the refusal that names them all.
    pub(super) fn none_or<T>(self, value: T) -> Result<T, FormError> {
        if self.0.is_empty() {
            return Ok(value);
        }
        let refusal = Refusal::new(Kind::Invalid, "INVALID_FIELD", "the form cannot be sent as it is");
        Err(self.0.into_iter().fold(refusal, |refusal, (field, rule)| refusal.field(field, rule)))
    }
}

impl Form {
    /// Checks every value that must be one of a kind: dates, places, amounts, words.
    pub(super) fn check_values(&self, faults: &mut Faults) {
        if !self.language.is_empty() {
            faults.check("language", Language::parse(&self.language));
        }
        for (field, text) in
            [("country_now", &self.country_now), ("country_incident", &self.country_incident)]
        {
            if !text.is_empty() {
                faults.check(field, Place::parse(text));
            }
        }
        for (field, text) in [("happened_on", &self.happened_on), ("needed_by", &self.needed_by)] {
            if !text.is_empty() {
                faults.check(field, Date::parse(text));
            }
        }
        if !(self.amount.is_empty() && self.currency.is_empty()) {
            faults.check("amount", Money::parse(&self.amount, &self.currency));
        }
        for (index, (_, amount)) in self.budget.iter().enumerate() {
            faults.check(&format!("budget[{index}]"), Money::parse(amount, &self.currency));
        }
        for (index, need) in self.needs.iter().enumerate() {
            if need_kind(need).is_none() {
                faults.add(&format!("needs[{index}]"), format!("must be one of {NEEDS}"));
            }
        }
        let one_of = |faults: &mut Faults, field: &str, text: &str, known: bool, rule: &str| {
            if !text.is_empty() && !known {
                faults.add(field, format!("must be one of {rule}"));
            }
        };
        let known = requester_kind(&self.kind).is_some();
        one_of(faults, "kind", &self.kind, known, "individual, outlet, organisation, unregistered group");
        one_of(faults, "mode", &self.mode, mode(&self.mode).is_some(), "preventive, reactive");
        one_of(faults, "trigger", &self.trigger, trigger(&self.trigger).is_some(), "negative, positive");
        for (field, text) in self.consent.states() {
            one_of(faults, field, text, consent_state(text).is_some(), "agreed, refused, cannot be asked");
        }
    }
}
