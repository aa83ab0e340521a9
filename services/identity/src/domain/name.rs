//! What a person logs in with.

use std::fmt;

use flare_contracts::Refusal;

use crate::refusals::IdentityRule;

/// 2 to 40 lower-case letters, digits, dots and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StaffName(String);

impl StaffName {
    /// The name in this text, if it can be one.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
        ((2..=40).contains(&text.len()) && text.bytes().all(plain)).then(|| Self(text.to_owned()))
    }

    /// The name in a field of the input.
    pub(crate) fn parse(field: &str, text: &str) -> Result<Self, Refusal> {
        Self::new(text).ok_or_else(|| Refusal::invalid(field, IdentityRule::NotAName))
    }
}

impl fmt::Display for StaffName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_short_names_are_names() {
        for good in ["ab", "amina", "j.doe-2", &"a".repeat(40)] {
            assert_eq!(StaffName::parse("name", good).unwrap().to_string(), good);
        }
        for bad in ["", "a", "Amina", "amína", "a b", "a_b", "a\n", &"a".repeat(41)] {
            assert_eq!(StaffName::parse("name", bad).unwrap_err().violations[0].field, "name", "{bad:?}");
        }
    }
}
