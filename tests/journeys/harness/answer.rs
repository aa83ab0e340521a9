//! What a command of `flare` answered.

use serde_json::Value;

/// How a command ended and what it wrote.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What was run, for failures.
    pub(crate) command: String,
    /// The exit code; -1 when a signal ended it.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

/// Exit codes as the command line promises them.
pub(crate) mod exit {
    pub(crate) const USAGE: i32 = 2;
    pub(crate) const REFUSED: i32 = 3;
    pub(crate) const NOT_ALLOWED: i32 = 4;
    pub(crate) const NOT_FOUND: i32 = 5;
    pub(crate) const STATE: i32 = 6;
    pub(crate) const UNAVAILABLE: i32 = 7;
}

impl Answer {
    /// The one JSON document of a command that did what it was asked.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self}");
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("not one JSON document ({error}): {self}"))
    }

    /// The error document of a command that was refused with this exit code.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32) -> Value {
        assert_eq!(self.code, code, "{self}");
        assert_eq!(self.out.trim(), "", "a refusal writes nothing to standard output: {self}");
        serde_json::from_str(&self.err)
            .unwrap_or_else(|error| panic!("not one JSON document ({error}): {self}"))
    }

    /// Refused with exit code 3, naming a field that ends so and a rule that says so.
    #[track_caller]
    pub(crate) fn refused_field(&self, field: &str, rule: &str) {
        let error = self.refused(exit::REFUSED);
        let fields = error["fields"].as_array().cloned().unwrap_or_default();
        let named = fields.iter().any(|fault| {
            let says = |key: &str| fault[key].as_str().unwrap_or_default().to_owned();
            says("field").contains(field) && says("rule").contains(rule)
        });
        assert!(named, "expected the field {field:?} and the rule {rule:?}: {self}");
    }

    /// Refused with this exit code and stable reason.
    #[track_caller]
    pub(crate) fn refused_because(&self, code: i32, reason: &str) {
        assert_eq!(self.refused(code)["reason"], reason, "{self}");
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, code, out, err } = self;
        write!(f, "`{command}` ended with {code}\n--- out\n{out}\n--- err\n{err}")
    }
}
