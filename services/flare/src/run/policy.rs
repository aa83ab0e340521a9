//! What the organisation's policy must be for those that read it, before a port opens.

use flare_grants::GrantsPolicy;
use flare_notification::NotificationPolicy;
use flare_portal::Targets;
use flare_runtime::config::{PolicySection, Problem};
use flare_triage::TriagePolicy;

/// What each of its readers finds wrong with it, whichever of them run in this process: all of an installation are set
/// alike.
pub(super) fn problems(section: &PolicySection) -> Vec<Problem> {
    let refused = [
        TriagePolicy::read(section).err(),
        GrantsPolicy::read(section).err(),
        NotificationPolicy::read(section).err(),
        Targets::read(section).err(),
    ];
    let mut problems = Vec::new();
    for problem in refused.into_iter().flatten().flat_map(|bad| bad.problems) {
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use flare_runtime::{Settings, config::Sources};

    use super::*;

    fn section(sources: &Sources) -> PolicySection {
        Settings::load(sources).unwrap().policy
    }

    fn set(key: &str, value: &str) -> PolicySection {
        section(&Sources::defaults().set(format!("policy.{key}"), value))
    }

    /// What its readers make of it, in one text.
    fn read(section: &PolicySection) -> String {
        let (triage, grants) = (TriagePolicy::read(section).unwrap(), GrantsPolicy::read(section).unwrap());
        format!("{triage:?} {grants:?} {:?} {:?}", NotificationPolicy::read(section), Targets::read(section))
    }

    #[test]
    fn each_key_is_read_and_checked_by_somebody_and_refused_once() {
        let defaults = section(&Sources::defaults());
        assert_eq!(problems(&defaults), []);
        for key in defaults.keys() {
            let (good, bad) = if key == "currency" { ("XOF", "XYZ") } else { ("8", "0") };
            assert_ne!(read(&set(key, good)), read(&defaults), "nobody reads {key}");
            // There may be no money at all; less than none is refused as it is read.
            if !key.ends_with("_minor") {
                let problems = problems(&set(key, bad));
                assert_eq!(problems.len(), 1, "{problems:?}");
                assert_eq!(problems[0].key, format!("policy.{key}"));
                assert_eq!(problems[0].value.as_deref(), Some(bad));
            }
        }
    }

    #[test]
    fn nobody_decides_alone_and_nobody_waits_for_ever() {
        for (key, value, rule) in [
            ("votes_required", "1", "policy.votes_required must be from 2 to 9, not \"1\""),
            ("referral_hours", "8785", "policy.referral_hours must be from 1 to 8784, not \"8785\""),
            ("report_days", "3661", "policy.report_days must be from 1 to 3660, not \"3661\""),
            ("currency", "eur", "policy.currency must be an ISO 4217 code such as EUR, not \"eur\""),
        ] {
            let said: Vec<_> = problems(&set(key, value)).iter().map(ToString::to_string).collect();
            assert_eq!(said, [rule]);
        }
    }
}
