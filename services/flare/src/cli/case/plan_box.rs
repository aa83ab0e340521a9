//! The contact plan as it stands above everything that is said to a requester, and its forbidden words made visible.

use flare_edge::ContactPlan;

use crate::cli::output::isolated;

/// The plan in a box that is open to the right, so that it holds in every script and width. `red` makes a text red where
/// there are colours.
pub(crate) fn plan_box(codename: &str, plan: Option<&ContactPlan>, red: impl Fn(&str) -> String) -> String {
    let mut lines = vec![format!("╔══ CONTACT PLAN · {codename} ══")];
    match plan {
        None => {
            lines.push("║ none yet: nothing may be sent before somebody acknowledges the case".to_owned());
        }
        Some(plan) => {
            for (label, text) in
                [("how", &plan.how), ("when", &plan.when), ("by", &plan.who), ("never do", &plan.never_do)]
            {
                push_entry(&mut lines, label, &isolated(text.trim()));
            }
            let never: Vec<_> =
                plan.never_say.iter().map(|phrase| format!("“{}”", isolated(phrase.trim()))).collect();
            let never = never.join(" · ");
            if !never.is_empty() {
                push_entry(&mut lines, "NEVER SAY", &red(&never));
            }
        }
    }
    lines.push("╚══".to_owned());
    lines.join("\n")
}

fn push_entry(lines: &mut Vec<String>, label: &str, text: &str) {
    for (index, line) in text.lines().enumerate() {
        lines.push(format!("║ {:<10} {line}", if index == 0 { label } else { "" }));
    }
}

/// The text with every forbidden phrase in red, found as [`ContactPlan::forbidden_in`] finds it: whatever the case and
/// the marks between its words.
pub(crate) fn mark_forbidden(text: &str, plan: Option<&ContactPlan>, red: impl Fn(&str) -> String) -> String {
    let Some(plan) = plan else { return text.to_owned() };
    let folded = Folded::of(text);
    let mut forbidden = vec![false; text.len()];
    for phrase in &plan.never_say {
        let phrase: Vec<char> = Folded::of(phrase).letters;
        let phrase = phrase.strip_suffix(&[' ']).unwrap_or(&phrase);
        if phrase.len() < 2 {
            continue;
        }
        for (at, window) in folded.letters.windows(phrase.len()).enumerate() {
            if window == phrase {
                // The first of a folded phrase is the space before its first word.
                forbidden[folded.from[at + 1]..folded.to[at + phrase.len() - 1]].fill(true);
            }
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let same = forbidden[at..].iter().take_while(|is| **is == forbidden[at]).count();
        let part = &text[at..at + same];
        out.push_str(&if forbidden[at] { red(part) } else { part.to_owned() });
        at += same;
    }
    out
}

/// A text in lower case with one space for each run of what is neither letter nor digit, one space in front, and for
/// each letter where in the text it came from.
struct Folded {
    letters: Vec<char>,
    from: Vec<usize>,
    to: Vec<usize>,
}

impl Folded {
    fn of(text: &str) -> Self {
        let mut folded = Self { letters: vec![' '], from: vec![0], to: vec![0] };
        for (at, c) in text.char_indices() {
            for lower in c.to_lowercase() {
                let letter = if lower.is_alphanumeric() { lower } else { ' ' };
                if letter == ' ' && folded.letters.last() == Some(&' ') {
                    continue;
                }
                folded.letters.push(letter);
                folded.from.push(at);
                folded.to.push(at + c.len_utf8());
            }
        }
        folded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn red(text: &str) -> String {
        format!("<{text}>")
    }

    fn plan() -> ContactPlan {
        ContactPlan {
            how: "Signal, +1-202-555-0142".to_owned(),
            when: "after 18:00\nnever on Fridays".to_owned(),
            who: String::new(),
            never_do: "Do not phone.".to_owned(),
            never_say: vec!["El Fasher".to_owned(), "radio".to_owned()],
        }
    }

    #[test]
    fn the_box_says_what_is_known_and_leaves_out_what_is_not() {
        let expected = "\
╔══ CONTACT PLAN · amber-kestrel-27 ══
║ how        Signal, +1-202-555-0142
║ when       after 18:00
║            never on Fridays
║ never do   Do not phone.
║ NEVER SAY  “El Fasher” · “radio”
╚══";
        assert_eq!(plan_box("amber-kestrel-27", Some(&plan()), str::to_owned), expected);
        assert!(plan_box("x", Some(&plan()), red).contains("<“El Fasher” · “radio”>"));
    }

    #[test]
    fn what_is_written_from_right_to_left_moves_nothing_in_the_box() {
        let plan = ContactPlan {
            how: "سيغنال +964 770 555 0142".to_owned(),
            never_do: "لا تتصلوا\nأبدا".to_owned(),
            never_say: vec!["المدينة".to_owned(), "radio\u{202e}".to_owned()],
            ..ContactPlan::default()
        };
        let expected = "\
╔══ CONTACT PLAN · amber-kestrel-27 ══
║ how        \u{2068}سيغنال +964 770 555 0142\u{2069}
║ never do   \u{2068}لا تتصلوا\u{2069}
║            \u{2068}أبدا\u{2069}
║ NEVER SAY  “\u{2068}المدينة\u{2069}” · “radio\u{fffd}”
╚══";
        assert_eq!(plan_box("amber-kestrel-27", Some(&plan), str::to_owned), expected);
    }

    #[test]
    fn a_case_without_a_plan_says_that_nothing_may_be_sent() {
        assert!(plan_box("x", None, red).contains("nothing may be sent"));
    }

    #[test]
    fn forbidden_phrases_are_red_where_the_check_finds_them() {
        let text = "Radios near el-FASHER, not the paradio.";
        assert_eq!(mark_forbidden(text, Some(&plan()), red), "<Radio>s near <el-FASHER>, not the paradio.");
        assert_eq!(plan().forbidden_in(text), ["El Fasher", "radio"]);
        assert_eq!(mark_forbidden(text, None, red), text);
    }

    #[test]
    fn a_phrase_in_another_script_is_marked_whole() {
        let plan = ContactPlan {
            how: "x".to_owned(),
            never_say: vec!["المدينة".to_owned()],
            ..ContactPlan::default()
        };
        assert_eq!(mark_forbidden("لا تذكر المدينة", Some(&plan), red), "لا تذكر <المدينة>");
    }
}
