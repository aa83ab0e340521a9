//! How, when and by whom somebody may be reached, and what must never be said.

use std::ops::Range;

use flare_typed::text::has_visible;
use serde::{Deserialize, Serialize};

use crate::forbidden_words::{SearchedText, can_be_found};

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
    /// A forbidden phrase that has nothing to find in a text.
    #[error("each phrase of \"never_say\" must hold a letter or a digit (“{0}” does not)")]
    NothingToFind(String),
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
        match self.never_say.iter().find(|phrase| !can_be_found(phrase)) {
            Some(phrase) => Err(ContactPlanError::NothingToFind(phrase.clone())),
            None => Ok(()),
        }
    }

    /// What a text says of what must not be said.
    pub fn forbidden_in(&self, text: &str) -> Forbidden {
        let mut forbidden = Forbidden::default();
        if self.never_say.is_empty() {
            return forbidden;
        }
        let text = SearchedText::of(text);
        for phrase in &self.never_say {
            let parts = text.places_of(phrase);
            if !parts.is_empty() {
                forbidden.phrases.push(phrase.clone());
            }
            forbidden.parts.extend(parts);
        }
        forbidden
    }

    /// What this plan rules out and a plan in its place would no longer, in the order in which it stands here. Whoever
    /// changes a plan names each: a word that a colleague added meanwhile must not go unnoticed. What the new plan says
    /// otherwise but still finds, or says among more, is not taken back.
    pub fn lifted_by(&self, after: &Self) -> Vec<Lifted> {
        let is_lifted = |phrase: &&String| after.forbidden_in(phrase).phrases.is_empty();
        let mut lifted: Vec<_> =
            self.never_say.iter().filter(is_lifted).cloned().map(Lifted::NeverSay).collect();
        if has_visible(&self.never_do) && !still_says(&after.never_do, &self.never_do) {
            lifted.push(Lifted::NeverDo(self.never_do.clone()));
        }
        lifted
    }
}

/// Whether a text says this in lines or sentences of its own: "phone after dark" does not say "phone".
fn still_says(text: &str, said: &str) -> bool {
    const ENDS: [char; 10] = ['\n', '.', '!', ';', '؛', '۔', '।', '။', '።', '。'];
    let is_blank = |c: char| c != '\n' && c.is_whitespace();
    let said = said.trim().trim_end_matches(ENDS);
    text.match_indices(said).any(|(at, _)| {
        let before = text[..at].trim_end_matches(is_blank);
        let after = text[at + said.len()..].trim_start_matches(is_blank);
        (before.is_empty() || before.ends_with(ENDS)) && (after.is_empty() || after.starts_with(ENDS))
    })
}

/// Forbidden phrases that were found in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forbidden {
    /// Which.
    pub phrases: Vec<String>,
    /// The parts of the text, in bytes, that say them. They may overlap.
    pub parts: Vec<Range<usize>>,
}

/// What a contact plan ruled out, and no longer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifted {
    /// This phrase may be said.
    NeverSay(String),
    /// What must not be done was this, and is something else, or nothing.
    NeverDo(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(phrases: &[&str]) -> ContactPlan {
        let never_say = phrases.iter().map(ToString::to_string).collect();
        ContactPlan { how: "Signal".to_owned(), never_say, ..ContactPlan::default() }
    }

    #[test]
    fn a_text_that_says_forbidden_phrases_is_told_which_and_where() {
        let plan = plan(&["El Fasher", "radio", "المدينة"]);
        let forbidden = plan.forbidden_in("Radio El-Fasher");
        assert_eq!(forbidden.phrases, ["El Fasher", "radio"]);
        assert_eq!(forbidden.parts, [6..15, 0..5]);
        assert_eq!(plan.forbidden_in("all is well"), Forbidden::default());
    }

    #[test]
    fn what_a_new_plan_lifts_is_named() {
        let with =
            |never_do: &str, phrases: &[&str]| ContactPlan { never_do: never_do.to_owned(), ..plan(phrases) };
        let before = with("Do not phone.", &["El Fasher", "radio"]);
        let said = |phrase: &str| Lifted::NeverSay(phrase.to_owned());
        let done = || Lifted::NeverDo("Do not phone.".to_owned());
        for (after, lifted) in [
            (with("Do not phone.", &["radio ", "El Fasher", "bridge"]), vec![]),
            (with("Do not phone. ", &["El Fasher"]), vec![said("radio")]),
            (with("Do not phone.", &["El Fashir", "radio"]), vec![said("El Fasher")]),
            (with("", &["El Fasher", "radio"]), vec![done()]),
            (with("Do not write.", &[]), vec![said("El Fasher"), said("radio"), done()]),
            // A plan that rules out more takes nothing back, however it says so.
            (with("No visits!\nDo not phone. Do not write.", &["Fasher", "RADIOS", "radi\u{ad}o"]), vec![]),
            (with("No visits; Do not phone.", &["the town of El Fasher", "radio"]), vec![said("El Fasher")]),
            (with("Do not phone", &["El Fasher", "radio"]), vec![]),
        ] {
            assert_eq!(before.lifted_by(&after), lifted, "{after:?}");
        }
        assert_eq!(plan(&[]).lifted_by(&before), []);
    }

    #[test]
    fn what_must_not_be_done_is_kept_only_as_lines_or_sentences_of_their_own() {
        for (text, is_said) in [
            ("phone", true),
            ("visit; phone", true),
            ("phone. visit", true),
            ("Visit.\r\n phone \nwrite", true),
            ("phone after dark", false),
            ("do phone", false),
            ("phones", false),
            ("", false),
        ] {
            assert_eq!(still_says(text, " phone. "), is_said, "{text}");
        }
    }

    #[test]
    fn a_plan_without_a_way_or_with_a_phrase_of_nothing_to_find_is_refused() {
        for nothing in [" ", "\\u200b", "\\u2060\\ufeff\\u3164", "\\n"] {
            let plan = ContactPlan::parse(&format!(r#"{{"how": "{nothing}"}}"#));
            assert!(matches!(plan, Err(ContactPlanError::NoWay)), "{nothing}");
        }
        let no_letters = plan(&["radio", "…"]).to_text().unwrap_err();
        assert!(no_letters.to_string().contains("(“…” does not)"), "{no_letters}");
        assert!(matches!(ContactPlan::parse(r#"{"how": "x", "wen": "y"}"#), Err(ContactPlanError::Json(_))));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let plan = plan(&["town"]);
        assert_eq!(ContactPlan::parse(&plan.to_text().unwrap()).unwrap(), plan);
    }
}
