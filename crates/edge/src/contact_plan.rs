//! How, when and by whom somebody may be reached, and what must never be said.

use flare_typed::text::has_visible;
use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};

/// A case's contact plan. It is written as JSON in the field `notes.contact_plan`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactPlan {
    /// On which channel and address.
    pub how: String,
    /// At which hours, in whose time zone.
    #[serde(default)]
    pub when: String,
    /// By whom, or through whom.
    #[serde(default)]
    pub who: String,
    /// What must not be done.
    #[serde(default)]
    pub never_do: String,
    /// Words and phrases that must not stand in anything sent.
    #[serde(default)]
    pub never_say: Vec<String>,
}

/// Why a text is no contact plan.
#[derive(Debug, thiserror::Error)]
pub enum ContactPlanError {
    /// Not the expected JSON.
    #[error(
        "must be JSON like {{\"how\": \"Signal, after 18:00\", \"never_say\": [\"the town\"]}} (it is not: {0})"
    )]
    Json(#[from] serde_json::Error),
    /// Nobody could be reached by it.
    #[error("\"how\" must say on which channel they may be reached")]
    NoWay,
    /// A forbidden phrase that would forbid everything.
    #[error("\"never_say\" must not hold an empty phrase")]
    EmptyPhrase,
}

impl ContactPlan {
    /// Reads a plan.
    pub fn parse(text: &str) -> Result<Self, ContactPlanError> {
        let plan: Self = serde_json::from_str(text)?;
        plan.check()?;
        Ok(plan)
    }

    /// What is written into the case.
    pub fn to_text(&self) -> Result<String, ContactPlanError> {
        self.check()?;
        Ok(serde_json::to_string(self)?)
    }

    fn check(&self) -> Result<(), ContactPlanError> {
        if !has_visible(&self.how) {
            return Err(ContactPlanError::NoWay);
        }
        if self.never_say.iter().any(|phrase| fold(phrase).trim().is_empty()) {
            return Err(ContactPlanError::EmptyPhrase);
        }
        Ok(())
    }

    /// The forbidden phrases that stand in a text, whatever their case, accents, spacing or word endings.
    pub fn forbidden_in(&self, text: &str) -> Vec<String> {
        let text = fold(text);
        self.never_say.iter().filter(|phrase| text.contains(fold(phrase).trim_end())).cloned().collect()
    }
}

/// Lower case without accents and vowel points, every run of what is neither letter nor digit as one space, and one in
/// front: a phrase is found where a word begins. One keyboard sends "é" as one character and another as two, and many
/// people type neither; a word that must not be said is looked for in all of them.
fn fold(text: &str) -> String {
    let bare = text.nfkd().filter(|c| canonical_combining_class(*c) < ACCENTS).nfc();
    let mut folded = String::from(" ");
    for c in bare.flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            folded.push(c);
        } else if !folded.ends_with(' ') {
            folded.push(' ');
        }
    }
    folded
}

/// Combining classes from here on are accents and the vowel points of Hebrew and Arabic. Below are signs without which
/// words of Indic scripts and Japanese become other words.
const ACCENTS: u8 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(phrases: &[&str]) -> ContactPlan {
        let never_say = phrases.iter().map(ToString::to_string).collect();
        ContactPlan { how: "Signal".to_owned(), never_say, ..ContactPlan::default() }
    }

    #[test]
    fn a_forbidden_phrase_is_found_in_other_case_spacing_and_ending() {
        let plan = plan(&["El Fasher", "radio"]);
        assert_eq!(plan.forbidden_in("we called EL\nFASHER's office"), ["El Fasher"]);
        assert_eq!(plan.forbidden_in("Radios are on their way"), ["radio"]);
        assert!(plan.forbidden_in("all is well").is_empty());
    }

    #[test]
    fn arabic_phrases_are_found_too() {
        assert_eq!(plan(&["المدينة"]).forbidden_in("لا تذكر المدينة أبداً"), ["المدينة"]);
    }

    #[test]
    fn a_phrase_is_found_however_its_accents_are_typed() {
        let plan = plan(&["Séné", "مَدِينَة"]);
        for text in ["près de Séné", "pre\u{300}s de Se\u{301}ne\u{301}", "pres de sene", "PRÈS DE SÉNÉ"]
        {
            assert_eq!(plan.forbidden_in(text), ["Séné"], "{text}");
        }
        assert_eq!(plan.forbidden_in("في مدينة"), ["مَدِينَة"]);
        assert!(plan.forbidden_in("près de Sinnamary").is_empty());
    }

    #[test]
    fn a_plan_without_a_way_or_with_an_empty_phrase_is_refused() {
        for nothing in [" ", "\\u200b", "\\u2060\\ufeff\\u3164", "\\n"] {
            let plan = ContactPlan::parse(&format!(r#"{{"how": "{nothing}"}}"#));
            assert!(matches!(plan, Err(ContactPlanError::NoWay)), "{nothing}");
        }
        assert!(matches!(plan(&["…"]).to_text(), Err(ContactPlanError::EmptyPhrase)));
        assert!(matches!(ContactPlan::parse(r#"{"how": "x", "wen": "y"}"#), Err(ContactPlanError::Json(_))));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let plan = plan(&["town"]);
        assert_eq!(ContactPlan::parse(&plan.to_text().unwrap()).unwrap(), plan);
    }
}
