//! How soon a case needs a human, and what the requester's own words say about it.

use std::{fmt, str::FromStr};

/// How soon a case needs a human. The most pressing comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Somebody may come to harm within a day.
    Critical,
    /// Within a week, or nobody can say yet.
    Urgent,
    /// Within a month or later.
    Standard,
}

/// A text that names no lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be critical, urgent or standard")]
pub struct LaneError;

impl Lane {
    /// Every lane, the most pressing first.
    pub const ALL: [Self; 3] = [Self::Critical, Self::Urgent, Self::Standard];

    /// The lane's name in lower case, as it stands in queue names, databases and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Urgent => "urgent",
            Self::Standard => "standard",
        }
    }

    /// 1, 2 or 3: what databases store, so that `ORDER BY` puts the most pressing first.
    pub const fn as_i64(self) -> i64 {
        match self {
            Self::Critical => 1,
            Self::Urgent => 2,
            Self::Standard => 3,
        }
    }

    /// The lane that [`as_i64`](Self::as_i64) gave this number.
    pub const fn from_i64(number: i64) -> Result<Self, LaneError> {
        match number {
            1 => Ok(Self::Critical),
            2 => Ok(Self::Urgent),
            3 => Ok(Self::Standard),
            _ => Err(LaneError),
        }
    }
}

impl FromStr for Lane {
    type Err = LaneError;

    fn from_str(text: &str) -> Result<Self, LaneError> {
        Self::ALL.into_iter().find(|lane| lane.as_str() == text).ok_or(LaneError)
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The lane that the answers to "what happens if nothing is done within 24 hours, 7 days, 30 days" point to.
///
/// A guess to sort by until an officer confirms: the soonest answer that says something decides, and where none does
/// the case is urgent, because silence is no sign of safety.
pub fn lane_hint(in_a_day: &str, in_a_week: &str, in_a_month: &str) -> Lane {
    if says_something(in_a_day) {
        Lane::Critical
    } else if says_something(in_a_week) {
        Lane::Urgent
    } else if says_something(in_a_month) {
        Lane::Standard
    } else {
        Lane::Urgent
    }
}

/// Ways to write that nothing happens, as [`bare`] leaves them. Only a whole answer counts: a longer one that merely
/// begins so may go on to say what does happen, and reading too much into an answer costs less than too little.
#[rustfmt::skip]
const NOTHING: [&str; 61] = [
    // English
    "nothing", "nothingyet", "nothingmuch", "nothinghappens", "nothingchanges", "none", "no", "na", "nil",
    "notapplicable",
    // French
    "rien", "riendutout", "riendeparticulier", "aucun", "aucune", "aucuneffet", "aucuneconséquence",
    "néant", "neant", "non", "sansobjet", "so",
    // Arabic
    "لاشيء", "لاشيئا", "لاشئ", "لاشي", "لاشىء", "لايوجد", "لايوجدشيء", "لنيحدثشيء", "لايحدثشيء", "لا",
    // Spanish, Portuguese, Italian
    "nada", "ninguno", "ninguna", "nenhum", "nenhuma", "niente", "nulla",
    // German, Dutch
    "nichts", "keine", "niets",
    // Russian, Ukrainian, Belarusian
    "ничего", "нет", "нічого", "ні", "нічога",
    // Persian, Dari, Urdu, Turkish
    "هیچ", "هیچچیز", "هیچی", "کچھنہیں", "hiçbirşey", "hiçbirsey", "yok",
    // Swahili, Amharic, Chinese, Burmese
    "hakuna", "hamna", "ምንም", "无", "没有", "沒有", "မရှိပါ",
];

fn says_something(answer: &str) -> bool {
    let bare = bare(answer);
    !bare.is_empty() && !NOTHING.contains(&bare.as_str())
}

/// The answer's letters and digits alone, in lower case, without Arabic vowel signs and lengthening strokes.
fn bare(answer: &str) -> String {
    let is_arabic_ornament = |c: &char| matches!(c, '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}');
    let kept = answer.chars().filter(|c| c.is_alphanumeric() && !is_arabic_ornament(c));
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_pressing_lane_comes_first() {
        assert!(Lane::Critical < Lane::Urgent && Lane::Urgent < Lane::Standard);
        assert!(Lane::ALL.is_sorted_by_key(|lane| lane.as_i64()));
    }

    #[test]
    fn names_and_numbers_are_read_back_and_others_refused() {
        for lane in Lane::ALL {
            assert_eq!(lane.to_string().parse(), Ok(lane));
            assert_eq!(Lane::from_i64(lane.as_i64()), Ok(lane));
        }
        for text in ["", "Critical", "high", "1"] {
            assert_eq!(text.parse::<Lane>(), Err(LaneError));
        }
        for number in [0, 4, -1, i64::MAX] {
            assert_eq!(Lane::from_i64(number), Err(LaneError));
        }
    }

    #[test]
    fn the_soonest_answer_that_says_something_decides() {
        let samples = [
            (
                "The two reporters may be found at home.",
                "We stay off air during displacement of our listeners.",
                "Staff leave; the station closes.",
                Lane::Critical,
            ),
            (
                "Il peut être transféré sans que la famille le sache.",
                "L'audience se tiendra sans avocat.",
                "Détention prolongée.",
                Lane::Critical,
            ),
            ("قد يصلون إلى المنزل.", "سأتوقف عن العمل.", "سأضطر إلى مغادرة البلاد بلا ترتيب.", Lane::Critical),
            ("Infection.", "Amputation possible.", "Invalidité.", Lane::Critical),
            (
                "Nothing.",
                "We lose the training window.",
                "Reporters go to the polling stations unprepared.",
                Lane::Urgent,
            ),
            ("", "They may open the disks and find people in the pictures.", "", Lane::Urgent),
            ("لا شيء.", "يتوقف البث.", "تتفرق المجموعة.", Lane::Urgent),
            (
                "Nothing.",
                "Nothing.",
                "The premises go to another buyer and the window in the licensing talks closes.",
                Lane::Standard,
            ),
        ];
        for (in_a_day, in_a_week, in_a_month, lane) in samples {
            assert_eq!(lane_hint(in_a_day, in_a_week, in_a_month), lane, "{in_a_day} / {in_a_week}");
        }
    }

    #[test]
    fn no_answer_at_all_is_urgent() {
        for nothing in
            ["", " ", "-", "—", "…", "N/A", "none", "NONE!", "Rien", "لا شيء", "لَا شَيْء", "لا شئ", "Néant."]
        {
            assert_eq!(lane_hint(nothing, nothing, nothing), Lane::Urgent, "{nothing}");
        }
    }

    #[test]
    fn an_answer_that_only_begins_with_nothing_counts() {
        for answer in [
            "Nothing can be done once they have the list",
            "Rien ne les arrêtera",
            "No food",
            "لا شيء سيوقفهم",
            "?1",
        ] {
            assert_eq!(lane_hint(answer, "", ""), Lane::Critical, "{answer}");
        }
    }

    #[test]
    fn every_way_to_say_nothing_is_in_the_form_it_is_compared_in() {
        for word in NOTHING {
            assert_eq!(bare(word), word);
        }
    }
}
