//! A case as an officer reads it: what triage and intake hold of it, and the keys that open it.

use flare_contracts::{
    common::v1::SealedField,
    fields::{self, Field},
    intake::v1::{Channel, GetRequestRequest, GetRequestResponse, ListMessagesRequest, Message},
    triage::v1::{GetCaseRequest, GetCaseResponse},
};
use flare_kernel::{CaseId, Codename, Id, IdKind, NeedId};
use flare_seal::Compartment;

use super::{Desk, PAGE, refusals::DeskRefusal};
use crate::{CaseKeys, ContactPlan, EdgeError, call::call, commits_to_a_receipt, view::NO_CODENAME};

/// A case and its keys, as somebody read it.
pub struct CaseRecord {
    pub(super) id: CaseId,
    pub(super) case: GetCaseResponse,
    pub(super) request: GetRequestResponse,
    /// Of the compartments notes, request and thread.
    pub(super) keys: CaseKeys,
    /// What whoever acts says they saw; without it, this reading is what they saw.
    pub(super) seen: Option<i64>,
}

/// The compartments that triage keeps.
pub(super) const OF_TRIAGE: [Compartment; 1] = [Compartment::Notes];
/// The compartments that intake keeps.
const OF_INTAKE: [Compartment; 2] = [Compartment::Request, Compartment::Thread];

/// What a text that the reader's keys do not open shows as.
pub const CLOSED: &str = "(sealed: your keys do not open it)";
/// What a text shows as that anybody who runs the servers could have written.
const UNVOUCHED: &str = "(NOT SHOWN: the organisation vouches for nobody who could have written it)";

/// What a text shows as that somebody changed, or moved there from another place.
const ALTERED: &str =
    "(NOT SHOWN: somebody who runs the servers has changed it; tell whoever is responsible for them)";

impl Desk {
    /// Reads a case. `seen` is the version that whoever acts says they saw; without it, this reading is what they saw.
    pub async fn case(&self, id: CaseId, seen: Option<i64>) -> Result<CaseRecord, EdgeError> {
        let case = self.read_case(id).await?;
        let request = call!(self, intake.get_request(GetRequestRequest { case_id: id.to_string() }))?;
        let mut keys = self.session.case_keys(id, &OF_TRIAGE, &case.keys);
        self.session.open_more(&mut keys, &OF_INTAKE, &request.keys);
        Ok(CaseRecord { id, case, request, keys, seen })
    }

    /// The version that a change names: what whoever acts says they saw, or as the case is now. Asks triage alone, so that
    /// a case can be stopped whatever else is away.
    pub(crate) async fn case_version(&self, case: CaseId, seen: Option<i64>) -> Result<i64, EdgeError> {
        match seen {
            Some(seen) => Ok(seen),
            None => Ok(self.read_case(case).await?.version),
        }
    }

    /// A case as triage has it.
    pub(super) async fn read_case(&self, case: CaseId) -> Result<GetCaseResponse, EdgeError> {
        call!(self, triage.get_case(GetCaseRequest { case_id: case.to_string() }))
    }

    /// The thread, oldest first.
    pub(crate) async fn messages(&self, case: CaseId) -> Result<Vec<Message>, EdgeError> {
        let mut messages = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListMessagesRequest { case_id: case.to_string(), page_size: PAGE, page_token };
            let page = call!(self, intake.list_messages(request))?;
            messages.extend(page.messages);
            if page.next_page_token.is_empty() {
                return Ok(messages);
            }
            page_token = page.next_page_token;
        }
    }
}

impl CaseRecord {
    /// The case.
    pub const fn id(&self) -> CaseId {
        self.id
    }

    /// Its name on screens that others may see.
    pub fn codename(&self) -> &str {
        let told = self.case.summary.as_ref().map(|summary| summary.codename.as_str());
        told.filter(|told| told.parse::<Codename>().is_ok()).unwrap_or(NO_CODENAME)
    }

    /// The version that a change names.
    pub fn version(&self) -> i64 {
        self.seen.unwrap_or(self.case.version)
    }

    /// What is lacking.
    pub fn needs(&self) -> Vec<NeedId> {
        self.case.needs.iter().filter_map(|need| need.need_id.parse().ok()).collect()
    }

    /// Says up to which place of the thread whoever writes has read it; without this, up to its newest as this was read.
    pub const fn read_up_to(&mut self, place: i64) {
        self.request.newest_message = place;
    }

    /// The contact plan, when there is one. An error when it does not open for this reader.
    pub fn contact_plan(&self) -> Result<Option<ContactPlan>, EdgeError> {
        let Some(sealed) = &self.case.contact_plan else { return Ok(None) };
        let text = self.keys.open(&fields::CONTACT_PLAN, sealed)?;
        let plan = ContactPlan::parse(text.expose())
            .map_err(|_| EdgeError::Incomplete("a readable contact plan"))?;
        Ok(Some(plan))
    }

    /// An answer of the request, as it may be shown.
    pub fn answer(&self, name: &str) -> Option<String> {
        self.sealed_answer(name).map(|answer| shown(&self.keys, &fields::answer_told(name), answer))
    }

    /// The same, to be read, compared or kept: none where it does not open or nobody vouches for it.
    pub fn written_answer(&self, name: &str) -> Option<String> {
        written(&self.keys, &fields::answer_told(name), self.sealed_answer(name)?)
    }

    /// The keys of the case that are wrapped to this person's teams in wraps that do not open, such as "request 2". They
    /// hide what is sealed under them, and nothing else.
    pub(super) fn broken_keys(&self) -> Vec<String> {
        self.keys.broken().map(|(compartment, epoch)| format!("{compartment} {epoch}")).collect()
    }

    /// Whether a request that came with a receipt is shown with another receipt than its own. Whoever runs the servers
    /// may have put one of theirs in its place.
    pub(super) fn has_foreign_receipt(&self) -> bool {
        self.request.channel() == Channel::Form && !commits_to_a_receipt(self.id, &self.request.receipts)
    }

    /// Whether nothing that the requester wrote opens.
    pub(super) fn is_sealed_to_nobody(&self) -> bool {
        let answers = &self.request.answers;
        answers.iter().all(|answer| self.keys.open(&fields::answer_told(&answer.name), answer).is_err())
    }

    pub(super) fn sealed_answer(&self, name: &str) -> Option<&SealedField> {
        self.request.answers.iter().find(|answer| answer.name == name)
    }

    /// Words of staff about the thing of this id, as they may be shown; what was never written is none.
    pub(super) fn note_on<K: IdKind>(
        &self,
        field_of: fn(Id<K>) -> Field,
        id: &str,
        sealed: Option<&SealedField>,
    ) -> Option<String> {
        let (sealed, id) = (sealed?, id.parse());
        Some(id.map_or_else(|_| CLOSED.to_owned(), |id| shown(&self.keys, &field_of(id), sealed)))
    }

    /// Seals words for staff under the notes' newest key. The first of all is drawn when somebody acknowledges the case;
    /// before that this says so.
    pub(super) fn seal_note(
        &self,
        field: &Field,
        version: u32,
        text: &str,
    ) -> Result<SealedField, EdgeError> {
        if self.keys.newest(field.compartment) == 0 {
            return Err(not_acknowledged());
        }
        self.keys.seal(field, version, text)
    }
}

/// The refusal of what needs a case that somebody has taken.
pub(super) fn not_acknowledged() -> EdgeError {
    EdgeError::Refused(DeskRefusal::NotAcknowledged.into())
}

/// The version of a field's next writing.
pub(super) fn next_version(written: Option<&SealedField>) -> u32 {
    written.map_or(1, |field| field.version + 1)
}

/// A sealed text as it may be shown; what does not open says so.
pub(super) fn shown(keys: &CaseKeys, wanted: &Field, field: &SealedField) -> String {
    match keys.open(wanted, field) {
        Ok(text) => text.expose().clone(),
        Err(EdgeError::Unvouched(_)) => UNVOUCHED.to_owned(),
        Err(EdgeError::Misplaced(_) | EdgeError::Altered(_)) => ALTERED.to_owned(),
        Err(_) => CLOSED.to_owned(),
    }
}

/// What somebody wrote, to be read, compared or kept. None where it does not open or nobody vouches for it: what is shown in
/// its place ([`shown`]) was written by nobody.
pub(super) fn written(keys: &CaseKeys, wanted: &Field, field: &SealedField) -> Option<String> {
    keys.open(wanted, field).ok().map(|text| text.expose().clone())
}

#[cfg(test)]
mod tests {
    use flare_contracts::answers;
    use flare_seal::CompartmentKey;

    use super::*;

    #[test]
    fn what_does_not_open_is_shown_as_such_and_was_written_by_nobody() {
        let mut keys = CaseKeys::new(CaseId::from_bytes([1; 16]));
        keys.insert(Compartment::Request, 1, CompartmentKey::generate().unwrap());
        let wanted = fields::answer(answers::CONTACT);
        let field = keys.seal(&wanted, 1, "Signal").unwrap();
        let closed = SealedField { epoch: 2, ..field.clone() };
        let both = |field| (shown(&keys, &wanted, field), written(&keys, &wanted, field));
        assert_eq!(both(&field), ("Signal".to_owned(), Some("Signal".to_owned())));
        assert_eq!(both(&closed), (CLOSED.to_owned(), None));
    }
}
