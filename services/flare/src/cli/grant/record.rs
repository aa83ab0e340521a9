//! A grant as whoever works on it reads it, and the keys that open it.

use flare_contracts::grants::v1::{GetGrantRequest, Grant, GrantStage, GrantState};
use flare_edge::{CaseKeys, EdgeError, ShownProposal};
use flare_kernel::{CaseId, GrantId};
use flare_seal::Compartment;
use serde_json::{Value, json};

use crate::cli::{
    CliError,
    case::{
        choices::Worded,
        desk::{Desk, call},
        record::opened,
    },
};

/// A grant and its keys.
pub(crate) struct GrantRecord {
    pub(crate) case: CaseId,
    pub(crate) grant: Grant,
    /// Of the compartments proposal and payment, as far as the reader's teams reach.
    pub(crate) keys: CaseKeys,
    version: Option<i64>,
}

impl GrantRecord {
    /// Reads a grant. `version` is what the caller says they saw; without it, this reading is what they saw.
    pub(crate) async fn read(desk: &Desk<'_>, id: GrantId, version: Option<i64>) -> Result<Self, CliError> {
        let answer = call!(desk, grants.get_grant(GetGrantRequest { grant_id: id.to_string() }))?;
        let grant = answer.grant.ok_or(EdgeError::Incomplete("the grant"))?;
        let case = grant.case_id.parse().map_err(|_| EdgeError::Incomplete("a case id"))?;
        let keys = desk.session.case_keys(case, &grant.keys);
        Ok(Self { case, grant, keys, version })
    }

    /// The version that a change names.
    pub(crate) fn version(&self) -> i64 {
        self.version.unwrap_or(self.grant.version)
    }

    /// Takes note that this command itself moved the grant on by one, to this version; whatever else moved it meanwhile is
    /// still noticed.
    pub(crate) fn moved_on(&mut self, version: i64) {
        if self.grant.version == version - 1 {
            self.grant.version = version;
        }
        self.version = self.version.map(|seen| if seen == version - 1 { version } else { seen });
    }

    /// Refuses what grants would refuse: an act on another version than the newest, or at a stage that does not allow it.
    /// Whoever speaks to the requester first asks this before.
    pub(crate) fn check_current(&self, act: &str, stages: &[GrantStage]) -> Result<(), CliError> {
        if self.version() != self.grant.version {
            let message = "the grant has changed since the version you decided on";
            let error = CliError::stale("STALE_VERSION", message);
            return Err(error.hint(standing(&self.grant)));
        }
        if stages.contains(&self.grant.stage()) {
            return Ok(());
        }
        let allowed: Vec<_> = stages.iter().copied().map(Worded::word).collect();
        let (allowed, stage) = (allowed.join(", "), self.grant.stage().word());
        let message =
            format!("a grant can {act} while it is {allowed}; this one is {stage}. Nothing was sent");
        Err(CliError::state("WRONG_STAGE", message))
    }

    /// The currency of the ceiling; everything in the grant is paid in it.
    pub(crate) fn currency(&self) -> &str {
        let ceiling = self.grant.terms.as_ref().and_then(|terms| terms.ceiling.as_ref());
        ceiling.map(|ceiling| ceiling.currency.as_str()).unwrap_or_default()
    }

    /// The proposal, opened, every commitment recomputed. What does not fit its commitment is never shown.
    pub(crate) fn shown(&self) -> Result<ShownProposal, CliError> {
        Ok(ShownProposal::open(&self.keys, &self.grant)?)
    }

    /// The payee, for those who may open it.
    pub(crate) fn payee(&self) -> Option<String> {
        self.grant.payee.as_ref().map(|payee| opened(&self.keys, Compartment::Payment, payee))
    }
}

/// The version that a change names: what the caller says they saw, or as the grant is now.
pub(crate) async fn seen_version(
    desk: &Desk<'_>,
    grant: GrantId,
    seen: Option<i64>,
) -> Result<i64, CliError> {
    match seen {
        Some(seen) => Ok(seen),
        None => Ok(GrantRecord::read(desk, grant, None).await?.grant.version),
    }
}

/// What a change left behind, for people.
fn state_line(state: &GrantState) -> String {
    let gates: Vec<_> = state.open_gates().map(Worded::word).collect();
    let gates = if gates.is_empty() { "none".to_owned() } else { gates.join(", ") };
    format!("{} · version {} · open gates: {gates}", state.stage().word(), state.version)
}

/// What a change left behind, as JSON.
fn state_json(state: &GrantState) -> Value {
    json!({
        "grant_id": state.grant_id,
        "version": state.version,
        "stage": state.stage().word(),
        "open_gates": state.open_gates().map(Worded::word).collect::<Vec<_>>(),
    })
}

/// Says what a change left behind; when the grant had moved on meanwhile, where it stands now.
pub(crate) async fn settle(
    desk: &Desk<'_>,
    grant: GrantId,
    answer: Result<GrantState, CliError>,
    said: &str,
) -> Result<(), CliError> {
    settle_with(desk, grant, answer, said, []).await
}

/// As [`settle`], with more for those who read JSON.
pub(crate) async fn settle_with<const N: usize>(
    desk: &Desk<'_>,
    grant: GrantId,
    answer: Result<GrantState, CliError>,
    said: &str,
    more: [(&str, Value); N],
) -> Result<(), CliError> {
    let state = match answer {
        Ok(state) => state,
        Err(error) if error.is_stale() => {
            let Ok(now) = GrantRecord::read(desk, grant, None).await else { return Err(error) };
            return Err(error.hint(standing(&now.grant)));
        }
        Err(error) => return Err(error),
    };
    let mut document = state_json(&state);
    for (key, value) in more {
        document[key] = value;
    }
    desk.done(&format!("{said}: {}", state_line(&state)), &document)
}

/// Where a grant stands, in one line: what somebody needs whose version was stale.
fn standing(grant: &Grant) -> String {
    let open = grant.gates.iter().filter(|gate| gate.open).count();
    format!(
        "it is at version {} now: {}, round {}, {open} of {} gates open; look again with `flare grant show {}`, then repeat",
        grant.version,
        grant.stage().word(),
        grant.round,
        grant.gates.len(),
        grant.grant_id
    )
}

#[cfg(test)]
mod tests {
    use flare_contracts::grants::v1::{Gate, GateView};

    use super::*;

    #[test]
    fn a_state_names_its_stage_and_its_gates() {
        let mut state = GrantState {
            grant_id: "grant_1".to_owned(),
            version: 7,
            stage: GrantStage::InApproval.into(),
            open_gates: vec![Gate::Verified.into(), Gate::PayeeChecked.into()],
        };
        assert_eq!(state_line(&state), "in-approval · version 7 · open gates: verified, payee-checked");
        assert_eq!(state_json(&state)["open_gates"], json!(["verified", "payee-checked"]));
        state.open_gates.clear();
        assert_eq!(state_line(&state), "in-approval · version 7 · open gates: none");
    }

    #[test]
    fn a_stale_change_is_told_the_newest_state() {
        let gates = [(Gate::Verified, true), (Gate::Voted, false)];
        let grant = Grant {
            grant_id: "grant_1".to_owned(),
            version: 9,
            round: 2,
            stage: GrantStage::Draft.into(),
            gates: gates
                .map(|(gate, open)| GateView { gate: gate.into(), open, how: String::new() })
                .to_vec(),
            ..Grant::default()
        };
        let told = standing(&grant);
        assert!(told.starts_with("it is at version 9 now: draft, round 2, 1 of 2 gates open"), "{told}");
        assert!(told.contains("flare grant show grant_1"));
    }
}
