//! A refusal: what a caller did wrong or must wait for, said once and turned into a gRPC status in one place.

use std::{collections::HashMap, fmt, time::Duration};

use tonic::Status;
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use crate::{Cause, Coded, InputRule, Kind, Params, ReadBack, Reason};

/// One field and the rule it breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field's path in the request message, or the name a person knows it by at the edge.
    pub field: String,
    /// The rule's stable name.
    pub code: &'static str,
    /// What the rule's text is made of.
    pub params: Params,
    /// The rule in English, as a sentence part: "must not be empty".
    pub rule: String,
}

/// Why a call was refused. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which way of refusing.
    pub kind: Kind,
    /// Stable, in upper snake case: what a program may branch on.
    pub reason: &'static str,
    /// What the reason's text is made of.
    pub params: Params,
    /// The reason in English. Never content, never infrastructure.
    pub message: String,
    /// The fields at fault, when fields are.
    pub violations: Vec<Violation>,
    /// How long to wait before trying again, when that is known.
    pub retry_after: Option<Duration>,
}

impl Violation {
    /// A field, and the rule it breaks.
    pub fn new(field: impl Into<String>, rule: impl Coded) -> Self {
        Self { field: field.into(), code: rule.code(), params: rule.params(), rule: rule.to_string() }
    }
}

impl Refusal {
    /// A refusal without fields, in this way and for this reason.
    pub fn new(kind: Kind, reason: impl Coded) -> Self {
        Self {
            kind,
            reason: reason.code(),
            params: reason.params(),
            message: reason.to_string(),
            violations: Vec::new(),
            retry_after: None,
        }
    }

    /// The refusal of one field of the input.
    pub fn invalid(field: impl Into<String>, rule: impl Coded) -> Self {
        Self::from(Cause::InvalidField).field(field, rule)
    }

    /// The refusal of an id that names nothing the caller may know of. `what` is a word such as "case".
    pub fn not_found(what: &str) -> Self {
        Cause::NotFound { what: what.to_owned() }.into()
    }

    /// Names one more field at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, rule: impl Coded) -> Self {
        self.violations.push(Violation::new(field, rule));
        self
    }

    /// Says how long to wait before trying again.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

impl<R: Reason> From<R> for Refusal {
    fn from(reason: R) -> Self {
        Self::new(reason.kind(), reason)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for (index, violation) in self.violations.iter().enumerate() {
            let lead = if index == 0 { ": " } else { "; " };
            write!(f, "{lead}{} {}", violation.field, violation.rule)?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

/// Under which key of the error's metadata a parameter of a field's rule travels; the reason's own travel under their
/// bare names.
fn key_of_field(index: usize, param: &str) -> String {
    format!("field{index}.{param}")
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let english = refusal.to_string();
        let own = refusal.params.into_iter().map(|(name, value)| (name.to_owned(), value));
        let mut metadata: HashMap<String, String> = own.collect();
        let mut violations = Vec::with_capacity(refusal.violations.len());
        for (index, violation) in refusal.violations.into_iter().enumerate() {
            let params = violation.params.into_iter();
            metadata.extend(params.map(|(name, value)| (key_of_field(index, name), value)));
            let mut told = FieldViolation::new(violation.field, violation.rule);
            violation.code.clone_into(&mut told.reason);
            violations.push(told);
        }
        let mut details = ErrorDetails::with_error_info(refusal.reason, "flare", metadata);
        if !violations.is_empty() {
            details.set_bad_request(violations);
        }
        if let Some(wait) = refusal.retry_after {
            details.set_retry_info(Some(wait));
        }
        Self::with_error_details(refusal.kind.code(), english, details)
    }
}

/// A refusal as whoever was refused reads it: typed again, so that it can be said in any language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldRefusal {
    /// Why.
    pub cause: Cause,
    /// The fields at fault that are known here, each with the rule it breaks.
    pub fields: Vec<(String, InputRule)>,
    /// How long to wait before trying again, when that is known.
    pub retry_after: Option<Duration>,
}

impl ToldRefusal {
    /// What a status says. None of a status that no service of Flare made, and of a cause that is not known here.
    pub fn read(status: &Status) -> Option<Self> {
        let details = status.get_error_details();
        let info = details.error_info()?;
        let param = |name: &str| info.metadata.get(name).map(String::as_str);
        let violations = details.bad_request().map_or(&[][..], |bad| &bad.field_violations);
        let fields = violations.iter().enumerate().filter_map(|(index, told)| {
            let rule = InputRule::read(&told.reason, |name| param(&key_of_field(index, name)))?;
            Some((told.field.clone(), rule))
        });
        Some(Self {
            cause: Cause::read(&info.reason, param)?,
            fields: fields.collect(),
            retry_after: details.retry_info().and_then(|retry| retry.retry_delay),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A refusal for each cause, with each rule in one of them.
    fn all() -> Vec<Refusal> {
        let with_rules = |cause| {
            let rules = InputRule::each().into_iter().enumerate();
            rules.fold(Refusal::from(cause), |refusal, (at, rule)| refusal.field(format!("at[{at}]"), rule))
        };
        Cause::each().into_iter().map(with_rules).collect()
    }

    #[test]
    fn codes_are_upper_snake_case_and_name_one_thing_each() {
        fn check(codes: &[&str]) {
            let plain =
                |code: &&str| code.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
            assert_eq!(codes.iter().find(|code| !plain(code)), None);
            assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len(), "{codes:?}");
        }
        check(&Cause::each().iter().map(Coded::code).collect::<Vec<_>>());
        check(&InputRule::each().iter().map(Coded::code).collect::<Vec<_>>());
    }

    #[test]
    fn whoever_was_refused_reads_back_why() {
        for refusal in all() {
            let refusal = refusal.retry_after(Duration::from_secs(3));
            let status = Status::from(refusal.clone());
            let here = ToldRefusal::read(&status).unwrap();
            assert_eq!(here.cause.code(), refusal.reason);
            assert_eq!(here.fields.len(), refusal.violations.len());
            assert_eq!(status.message(), refusal.to_string());
            // As it arrives: out of the bytes of the trailer.
            let arrived =
                Status::with_details(status.code(), status.message(), status.details().to_vec().into());
            assert_eq!(ToldRefusal::read(&arrived), Some(here));
        }
    }

    #[test]
    fn parameters_arrive_each_with_its_own() {
        let refusal = Refusal::from(Cause::StaleVersion { expected: 4, found: -5 })
            .field("first", InputRule::TooMany { limit: 6 })
            .field("second", InputRule::OneOf { words: "a, b".to_owned() })
            .field("third", InputRule::TooMany { limit: 7 });
        let told = ToldRefusal::read(&Status::from(refusal)).unwrap();
        assert_eq!(told.cause, Cause::StaleVersion { expected: 4, found: -5 });
        let rules: Vec<_> = told.fields.into_iter().map(|(_, rule)| rule).collect();
        let words = "a, b".to_owned();
        assert_eq!(
            rules,
            [InputRule::TooMany { limit: 6 }, InputRule::OneOf { words }, InputRule::TooMany { limit: 7 }]
        );
    }

    #[test]
    fn what_a_newer_version_says_is_not_taken_for_something_else() {
        let unknown = Refusal { reason: "OF_TOMORROW", ..Cause::TooBusy.into() };
        assert_eq!(ToldRefusal::read(&unknown.into()), None);
        let without = Refusal { params: Vec::new(), ..Cause::FileTooLarge { mebibytes: 1 }.into() };
        assert_eq!(ToldRefusal::read(&without.into()), None);
        assert_eq!(ToldRefusal::read(&Status::unavailable("tcp connect error")), None);
        let mut odd = Refusal::invalid("known", InputRule::Twice).field("odd", InputRule::Twice);
        odd.violations[1].code = "OF_TOMORROW";
        let told = ToldRefusal::read(&odd.into()).unwrap();
        assert_eq!(told.fields, [("known".to_owned(), InputRule::Twice)]);
    }
}
