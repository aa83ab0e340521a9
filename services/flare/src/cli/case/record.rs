//! A case as an officer reads it: what triage and intake hold of it, and the keys that open it.

use flare_contracts::{
    common::v1::{KeyEpoch, SealedField},
    fields::Field,
    intake::v1::{Channel, GetRequestRequest, GetRequestResponse, ListMessagesRequest, Message},
    triage::v1::{CaseState, CaseSummary, GetCaseRequest, GetCaseResponse},
};
use flare_edge::{CaseKeys, ContactPlan, EdgeError, commits_to_a_receipt};
use flare_kernel::{CaseId, codename};
use flare_seal::Compartment;

use super::{
    choices::Worded as _,
    desk::{Desk, PAGE, call},
};
use crate::cli::CliError;

/// A case and its keys.
pub(crate) struct CaseRecord {
    pub(crate) id: CaseId,
    pub(crate) case: GetCaseResponse,
    pub(crate) request: GetRequestResponse,
    /// Of the compartments notes, request and thread.
    pub(crate) keys: CaseKeys,
    pub(super) version: Option<i64>,
}

/// The version that a change names: what the caller says they saw, or as the case is now. Asks triage alone, so that a case
/// can be stopped whatever else is away.
pub(crate) async fn seen_version(desk: &Desk<'_>, case: CaseId, seen: Option<i64>) -> Result<i64, CliError> {
    match seen {
        Some(seen) => Ok(seen),
        None => Ok(call!(desk, triage.get_case(GetCaseRequest { case_id: case.to_string() }))?.version),
    }
}

/// What a text that the reader's keys do not open shows as.
pub(crate) const CLOSED: &str = "(sealed: your keys do not open it)";
/// What a text shows as that anybody who runs the servers could have written.
const UNVOUCHED: &str = "(NOT SHOWN: the organisation vouches for nobody who could have written it)";

impl CaseRecord {
    /// Reads a case. `version` is what the caller says they saw; without it, this reading is what they saw.
    pub(crate) async fn read(desk: &Desk<'_>, id: CaseId, version: Option<i64>) -> Result<Self, CliError> {
        let case_id = id.to_string();
        let case = call!(desk, triage.get_case(GetCaseRequest { case_id: case_id.clone() }))?;
        let request = call!(desk, intake.get_request(GetRequestRequest { case_id }))?;
        let mut keys = desk.session.case_keys(id, &case.keys);
        desk.session.open_more(&mut keys, &request.keys);
        Ok(Self { id, case, request, keys, version })
    }

    /// The version that a change names.
    pub(crate) fn version(&self) -> i64 {
        self.version.unwrap_or(self.case.version)
    }

    pub(crate) fn case_id(&self) -> String {
        self.id.to_string()
    }

    pub(crate) fn codename(&self) -> String {
        codename(self.id)
    }

    /// The keys of the case that are wrapped to this person's teams in wraps that do not open, such as "request 2". They
    /// hide what is sealed under them, and nothing else.
    pub(crate) fn broken_keys(&self) -> Vec<String> {
        self.keys.broken().map(|(compartment, epoch)| format!("{compartment} {epoch}")).collect()
    }

    /// Whether a request that came with a receipt is shown with another receipt than its own. Whoever runs the servers
    /// may have put one of theirs in its place.
    pub(crate) fn has_foreign_receipt(&self) -> bool {
        self.request.channel() == Channel::Form && !commits_to_a_receipt(self.id, &self.request.receipts)
    }

    /// Whether nothing that the requester wrote opens.
    pub(crate) fn is_sealed_to_nobody(&self) -> bool {
        let answers = &self.request.answers;
        answers.iter().all(|answer| self.keys.open(Compartment::Request, answer).is_err())
    }

    /// The contact plan, when there is one.
    pub(crate) fn contact_plan(&self) -> Result<Option<ContactPlan>, CliError> {
        let Some(sealed) = &self.case.contact_plan else { return Ok(None) };
        let text = self.keys.open(Compartment::Notes, sealed)?;
        let plan = ContactPlan::parse(text.expose())
            .map_err(|_| EdgeError::Incomplete("a readable contact plan"))?;
        Ok(Some(plan))
    }

    /// A sealed text as it may be shown; what does not open says so, and what was never written is none.
    pub(crate) fn text(&self, compartment: Compartment, field: Option<&SealedField>) -> Option<String> {
        field.map(|field| opened(&self.keys, compartment, field))
    }

    /// An answer of the request, as it may be shown.
    pub(crate) fn answer(&self, name: &str) -> Option<String> {
        self.text(Compartment::Request, self.sealed_answer(name))
    }

    /// The same, to be read, compared or kept; see [`written`].
    pub(crate) fn written_answer(&self, name: &str) -> Option<String> {
        written(&self.keys, Compartment::Request, self.sealed_answer(name)?)
    }

    fn sealed_answer(&self, name: &str) -> Option<&SealedField> {
        self.request.answers.iter().find(|answer| answer.name == name)
    }

    /// Seals words for staff under the notes' newest key. The first of all is drawn when somebody acknowledges the case;
    /// before that this says so.
    pub(crate) fn seal_note(&self, field: &Field, version: u32, text: &str) -> Result<SealedField, CliError> {
        if self.keys.newest(field.compartment) == 0 {
            return Err(not_acknowledged(self.id));
        }
        Ok(self.keys.seal(field, version, text)?)
    }

    /// Makes sure that notes can be sealed: draws the first key when there is none and says what to hand to triage.
    pub(crate) fn first_notes_key(&mut self, desk: &Desk<'_>) -> Result<Option<KeyEpoch>, CliError> {
        if self.keys.newest(Compartment::Notes) > 0 {
            return Ok(None);
        }
        let (key, epoch) = desk.session.draw_epoch(self.id, Compartment::Notes, 1, None)?;
        self.keys.insert(Compartment::Notes, 1, key);
        Ok(Some(epoch))
    }

    /// The thread, oldest first.
    pub(crate) async fn messages(&self, desk: &Desk<'_>) -> Result<Vec<Message>, CliError> {
        let mut messages = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListMessagesRequest { case_id: self.case_id(), page_size: PAGE, page_token };
            let page = call!(desk, intake.list_messages(request))?;
            messages.extend(page.messages);
            if page.next_page_token.is_empty() {
                return Ok(messages);
            }
            page_token = page.next_page_token;
        }
    }
}

/// The refusal of what needs a case that somebody has taken.
pub(crate) fn not_acknowledged(case: CaseId) -> CliError {
    CliError::state(
        "NOT_ACKNOWLEDGED",
        "nobody has acknowledged the case yet; only an acknowledged one allows this",
    )
    .hint(format!("take it with: flare case acknowledge {case}"))
}

/// A sealed text as it may be shown.
pub(crate) fn opened(keys: &CaseKeys, compartment: Compartment, field: &SealedField) -> String {
    match keys.open(compartment, field) {
        Ok(text) => text.expose().clone(),
        Err(EdgeError::Unvouched(_)) => UNVOUCHED.to_owned(),
        Err(_) => CLOSED.to_owned(),
    }
}

/// What somebody wrote, to be read, compared or kept. None where it does not open or nobody vouches for it: what is shown in
/// its place ([`opened`]) was written by nobody.
pub(crate) fn written(keys: &CaseKeys, compartment: Compartment, field: &SealedField) -> Option<String> {
    keys.open(compartment, field).ok().map(|text| text.expose().clone())
}

/// What a change left behind, for people.
pub(crate) fn state_line(state: &CaseState) -> String {
    format!("{} · {} · version {}", state.stage().word(), state.lane().word(), state.version)
}

/// What a change left behind, as JSON.
pub(crate) fn state_json(state: &CaseState) -> serde_json::Value {
    serde_json::json!({
        "case_id": state.case_id,
        "version": state.version,
        "stage": state.stage().word(),
        "lane": state.lane().word(),
    })
}

/// Where a case stands, in one line: what somebody needs whose version was stale.
pub(crate) fn standing(summary: &CaseSummary, version: i64, owner: &str) -> String {
    let owner = if owner.is_empty() { "nobody".to_owned() } else { owner.to_owned() };
    format!(
        "it is at version {version} now: {}, {}, owned by {owner}",
        summary.stage().word(),
        summary.lane().word()
    )
}

impl Desk<'_> {
    /// Passes the answer to a change on; when the case had moved on meanwhile, says where it stands now.
    pub(crate) async fn settled<T>(&self, case: CaseId, answer: Result<T, CliError>) -> Result<T, CliError> {
        let error = match answer {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if !error.is_stale() {
            return Err(error);
        }
        let Ok(now) = call!(self, triage.get_case(GetCaseRequest { case_id: case.to_string() })) else {
            return Err(error);
        };
        let Some(summary) = &now.summary else { return Err(error) };
        let owner = match self.staff().await {
            Ok(people) => people.name(&summary.owner),
            Err(_) => summary.owner.clone(),
        };
        let standing = standing(summary, now.version, &owner);
        Err(error.hint(format!("{standing}; look again with `flare case show {case}`, then repeat")))
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{answers, fields};
    use flare_seal::CompartmentKey;

    use super::*;

    #[test]
    fn what_does_not_open_is_shown_as_such_and_was_written_by_nobody() {
        let mut keys = CaseKeys::new(CaseId::from_bytes([1; 16]));
        keys.insert(Compartment::Request, 1, CompartmentKey::generate().unwrap());
        let field = keys.seal(&fields::answer(answers::CONTACT), 1, "Signal").unwrap();
        let closed = SealedField { epoch: 2, ..field.clone() };
        let both =
            |field| (opened(&keys, Compartment::Request, field), written(&keys, Compartment::Request, field));
        assert_eq!(both(&field), ("Signal".to_owned(), Some("Signal".to_owned())));
        assert_eq!(both(&closed), (CLOSED.to_owned(), None));
    }
}
