//! Noting what a reference said.

use flare_contracts::{
    Refusal,
    common::v1::SealedField,
    events::v1::ReferenceChecked,
    fields, input,
    triage::v1::{self, CaseState, CheckReferenceRequest},
};
use flare_kernel::{ReferenceId, StaffId};
use flare_store::{Error, Tx, Write};

use super::SeenCase;
use crate::{
    Triage,
    domain::{Check, listed_in},
    store,
};

/// Notes what a reference said and how sure the checker is; again, it replaces what was noted.
pub(crate) struct CheckReference {
    pub(crate) seen: SeenCase,
    pub(crate) reference: ReferenceId,
    pub(crate) check: Check,
    pub(crate) words: SealedField,
}

impl CheckReference {
    pub(crate) fn parse(
        _: &Triage,
        officer: StaffId,
        request: &CheckReferenceRequest,
    ) -> Result<Self, Refusal> {
        let reference: ReferenceId = input::id("reference_id", &request.reference_id)?;
        Ok(Self {
            seen: SeenCase::parse(officer, &request.case_id, request.version)?,
            reference,
            check: Check {
                method: listed_in::<v1::CheckMethod, _>("method", request.method)?,
                confidence: listed_in::<v1::Confidence, _>("confidence", request.confidence)?,
                result: listed_in::<v1::CheckResult, _>("result", request.result)?,
                independent: request.independent,
            },
            words: input::sealed("words", request.words.clone(), &fields::reference_check(reference))?,
        })
    }
}

impl Write for CheckReference {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        case.require_owned("a reference can be checked")?;
        if !store::reference_exists(tx, case.id, self.reference).await? {
            return Err(Refusal::not_found("reference").into());
        }
        store::check_reference(tx, case.id, self.reference, &self.check, self.seen.officer).await?;
        store::put_sealed(tx, case.id, "words", &self.words).await?;
        let checked = ReferenceChecked {
            case_id: case.id.to_string(),
            reference_id: self.reference.to_string(),
            method: v1::CheckMethod::from(self.check.method).into(),
            confidence: v1::Confidence::from(self.check.confidence).into(),
            result: v1::CheckResult::from(self.check.result).into(),
            independent: self.check.independent,
        };
        store::finish(tx, &mut case, self.seen.officer, checked).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;
    use flare_contracts::events::v1::triage_event::Event;

    on_both_engines!(what_a_reference_said_is_noted, crate::SCHEMA);
    async fn what_a_reference_said_is_noted(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.acknowledged(1, Lane::Urgent).await;
        let reference = desk.reference(case, 1).await;
        let request = CheckReferenceRequest {
            case_id: case.to_string(),
            version: desk.version(case).await,
            reference_id: reference.to_string(),
            method: v1::CheckMethod::Call.into(),
            confidence: v1::Confidence::High.into(),
            result: v1::CheckResult::Confirms.into(),
            words: Some(sealed(fields::reference_check(reference).name, 1, 1)),
            independent: true,
            ..CheckReferenceRequest::default()
        };
        let state = desk.act(CheckReference::parse, 2, request.clone()).await.unwrap();
        let shown = desk.read(case).await.references.remove(0);
        assert_eq!(shown.checked_by, staff(2).to_string());
        assert_eq!((shown.result(), shown.independent), (v1::CheckResult::Confirms, true));
        assert!(shown.words.is_some() && shown.description.is_some());
        let events = desk.events(case).await;
        let Some(Event::ReferenceChecked(event)) = events.last() else { panic!("{events:?}") };
        assert!(event.independent && event.confidence() == v1::Confidence::High);

        let again = CheckReferenceRequest {
            version: state.version,
            result: v1::CheckResult::Contradicts.into(),
            words: Some(sealed(fields::reference_check(reference).name, 2, 1)),
            ..request.clone()
        };
        let state = desk.act(CheckReference::parse, 2, again).await.unwrap();
        assert_eq!(desk.read(case).await.references[0].result(), v1::CheckResult::Contradicts);
        let unsaid = CheckReferenceRequest { confidence: 0, ..request.clone() };
        assert_eq!(
            refusal(desk.act(CheckReference::parse, 2, unsaid).await).violations[0].field,
            "confidence"
        );
        let other = ReferenceId::from_bytes([9; 16]);
        let unknown = CheckReferenceRequest {
            version: state.version,
            reference_id: other.to_string(),
            words: Some(sealed(fields::reference_check(other).name, 1, 1)),
            ..request
        };
        assert_eq!(refusal(desk.act(CheckReference::parse, 2, unknown).await).reason, "NOT_FOUND");
    }
}
