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

/// The text with every part in red that says a forbidden phrase.
pub(crate) fn mark_forbidden(text: &str, plan: Option<&ContactPlan>, red: impl Fn(&str) -> String) -> String {
    let mut parts = plan.map(|plan| plan.forbidden_in(text).parts).unwrap_or_default();
    parts.sort_by_key(|part| part.start);
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for part in parts {
        if part.end <= at {
            continue;
        }
        let start = part.start.max(at);
        out.push_str(&text[at..start]);
        out.push_str(&red(&text[start..part.end]));
        at = part.end;
    }
    out.push_str(&text[at..]);
    out
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
    fn what_says_a_forbidden_phrase_is_red_once_and_nothing_is_lost() {
        let plan = ContactPlan {
            never_say: ["El Fasher", "fashe", "المدينة"].map(str::to_owned).to_vec(),
            ..plan()
        };
        let text = "Near el-FASHER, near fashe. لا تذكر المدينة";
        let marked = "Near <el-FASHER>, near <fashe>. لا تذكر <المدينة>";
        assert_eq!(mark_forbidden(text, Some(&plan), red), marked);
        assert_eq!(mark_forbidden(text, None, red), text);
    }
}
