//! Taking a case: acknowledge it with its first contact plan, give it to somebody else, begin the assessment.

use flare_contracts::{
    answers,
    common::v1::Lane,
    fields,
    limits::FINGERPRINTS_OF_A_CASE,
    triage::v1::{AcknowledgeCaseRequest, AssessCaseRequest, AssignCaseRequest, CaseSummary},
};
use flare_kernel::CaseId;

use super::{CaseRecord, CaseStanding, Desk, addresses::addresses_in, contact_plan::plan_text};
use crate::{ContactPlan, EdgeError, call::call};

impl Desk {
    /// Takes a case: whoever works here becomes its owner, under this contact plan.
    pub async fn acknowledge(
        &self,
        record: &mut CaseRecord,
        plan: &ContactPlan,
    ) -> Result<CaseStanding, EdgeError> {
        record.make_notes_writable(self).await?;
        let contact = record.written_answer(answers::CONTACT).unwrap_or_default();
        let requester_fingerprints =
            fingerprints(&[&plan.how, &contact], |address| self.session.contact_fingerprint(address))?;
        let key = record.draw_first_notes_key(self)?;
        let request = AcknowledgeCaseRequest {
            request_id: self.key.use_it(),
            case_id: record.id.to_string(),
            version: record.version(),
            contact_plan: Some(record.seal_note(&fields::CONTACT_PLAN, 1, &plan_text(plan)?)?),
            key,
            requester_fingerprints,
        };
        let answer = call!(self, triage.acknowledge_case(request));
        Ok(self.case_changed(record.id, answer).await?.into())
    }

    /// Gives a case to another owner.
    pub async fn assign(
        &self,
        case: CaseId,
        owner: &str,
        reason: &str,
        seen: Option<i64>,
    ) -> Result<CaseStanding, EdgeError> {
        let version = self.case_version(case, seen).await?;
        let request = AssignCaseRequest {
            request_id: self.key.use_it(),
            case_id: case.to_string(),
            version,
            owner: owner.to_owned(),
            reason: reason.to_owned(),
        };
        let answer = call!(self, triage.assign_case(request));
        Ok(self.case_changed(case, answer).await?.into())
    }

    /// Begins the assessment and confirms the lane; without one, the lane that the answers point to.
    pub async fn assess(&self, record: &CaseRecord, lane: Option<Lane>) -> Result<CaseStanding, EdgeError> {
        let derived = record.case.summary.as_ref().map(CaseSummary::lane).unwrap_or_default();
        let request = AssessCaseRequest {
            request_id: self.key.use_it(),
            case_id: record.id.to_string(),
            version: record.version(),
            lane: lane.unwrap_or(derived).into(),
        };
        let answer = call!(self, triage.assess_case(request));
        Ok(self.case_changed(record.id, answer).await?.into())
    }
}

/// The fingerprints of the addresses in these texts, each once, and no more than a case takes: a long answer keeps nobody
/// from taking the case. Those of the first texts come before those of the others.
fn fingerprints(
    texts: &[&str],
    fingerprint_of: impl Fn(&str) -> Result<[u8; 32], EdgeError>,
) -> Result<Vec<Vec<u8>>, EdgeError> {
    let mut fingerprints: Vec<Vec<u8>> = Vec::new();
    for address in texts.iter().flat_map(|text| addresses_in(text)) {
        let fingerprint = fingerprint_of(&address)?.to_vec();
        if fingerprints.len() < FINGERPRINTS_OF_A_CASE && !fingerprints.contains(&fingerprint) {
            fingerprints.push(fingerprint);
        }
    }
    Ok(fingerprints)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_recognised_by_its_plans_addresses_first_and_by_no_more_than_it_takes() {
        let addresses = |letters: &str| {
            let each = letters.chars().map(|letter| format!("{letter}@example.org"));
            each.collect::<Vec<_>>().join(", ")
        };
        let by_letter = |address: &str| Ok([address.as_bytes()[0]; 32]);
        for (plan, answer, letters) in [
            ("", "", ""),
            ("b", "a", "ba"),
            ("a", "AbaB", "ab"),
            ("a", "bcdefghijklmnopqrstuvwxyz", "abcdefghij"),
            ("abcdefghijklm", "z", "abcdefghij"),
            ("abcdefghi", "ayz", "abcdefghiy"),
        ] {
            let found = fingerprints(&[&addresses(plan), &addresses(answer)], by_letter).unwrap();
            let expected: Vec<_> = letters.bytes().map(|letter| vec![letter; 32]).collect();
            assert_eq!(found, expected, "{plan} {answer}");
        }
    }
}
