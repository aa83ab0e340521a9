//! Where a case or a grant stands, in a line.

use flare_contracts::words::Worded as _;
use flare_edge::desk::{CaseStanding, GrantStanding};

/// What an act on a case left behind.
pub(crate) fn state_line(standing: &CaseStanding) -> String {
    format!("{} · {} · version {}", standing.stage.word(), standing.lane.word(), standing.version)
}

/// What an act on a grant left behind.
pub(crate) fn grant_line(standing: &GrantStanding) -> String {
    let gates =
        if standing.open_gates.is_empty() { "none".to_owned() } else { standing.open_gates.join(", ") };
    format!("{} · version {} · open gates: {gates}", standing.stage.word(), standing.version)
}

#[cfg(test)]
mod tests {
    use flare_contracts::{common::v1::Lane, grants::v1::GrantStage, triage::v1::Stage};

    use super::*;

    #[test]
    fn a_line_tells_the_stage_and_the_version() {
        let case = CaseStanding {
            case_id: "case_1".to_owned(),
            codename: "amber-kestrel-27".to_owned(),
            version: 7,
            stage: Stage::AwaitingRequester,
            lane: Lane::Urgent,
        };
        assert_eq!(state_line(&case), "awaiting-requester · urgent · version 7");
        for (open_gates, gates) in
            [(vec![], "none"), (vec!["voted"], "voted"), (vec!["verified", "voted"], "verified, voted")]
        {
            let grant = GrantStanding {
                grant_id: "grant_1".to_owned(),
                version: 7,
                stage: GrantStage::InApproval,
                open_gates,
            };
            assert_eq!(grant_line(&grant), format!("in-approval · version 7 · open gates: {gates}"));
        }
    }
}
