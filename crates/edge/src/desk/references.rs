//! References: people who can vouch, and what came of asking them.

use flare_contracts::{
    Refusal, answers, fields,
    triage::v1::{AddReferenceRequest, CheckMethod, CheckReferenceRequest, CheckResult, Confidence},
};
use flare_kernel::ReferenceId;
use flare_typed::text::clean_line;

use super::{
    CaseRecord, CaseStanding, Desk, addresses::addresses_in, case_record::next_version, refusals::DeskRule,
};
use crate::{Answer, EdgeError, Reference, call::call};

/// Somebody who can vouch.
#[derive(Clone, Copy)]
pub enum NewReference<'w> {
    /// Who they are and how to reach them safely.
    Described(&'w str),
    /// The one of this number, from 1, that the request names.
    OfTheAnswers(u8),
}

/// What came of asking a reference.
#[derive(Clone, Copy)]
pub struct ReferenceCheck<'w> {
    /// How they were asked.
    pub method: CheckMethod,
    /// How sure whoever asked is of what they said.
    pub confidence: Confidence,
    /// What they said, in a word.
    pub result: CheckResult,
    /// Whether they know of it by themselves, not from the requester.
    pub independent: bool,
    /// What they said.
    pub words: &'w str,
}

impl Desk {
    /// Names somebody who can vouch: never the requester, never who is paid.
    pub async fn add_reference(
        &self,
        record: &mut CaseRecord,
        reference: NewReference<'_>,
    ) -> Result<(ReferenceId, CaseStanding), EdgeError> {
        record.make_notes_writable(self).await?;
        let id: ReferenceId = self.drawn(&record.id.to_string());
        let text = match reference {
            NewReference::Described(text) => text.to_owned(),
            NewReference::OfTheAnswers(number) => {
                let text = record.written_answer(answers::REFERENCES).unwrap_or_default();
                of_the_answers(&Answer::read(answers::REFERENCES, &text), number)?
            }
        };
        let requesters = addresses_in(&record.written_answer(answers::CONTACT).unwrap_or_default());
        let telling = most_telling(&addresses_in(&text), &requesters);
        let fingerprint = self.session.contact_fingerprint(&telling)?.to_vec();
        let request = AddReferenceRequest {
            request_id: self.key.use_it(),
            case_id: record.id.to_string(),
            reference_id: id.to_string(),
            description: Some(record.seal_note(&fields::reference(id), 1, &text)?),
            fingerprint,
        };
        Ok((id, call!(self, triage.add_reference(request))?.into()))
    }

    /// Notes what came of asking somebody.
    pub async fn check_reference(
        &self,
        record: &mut CaseRecord,
        reference: ReferenceId,
        check: ReferenceCheck<'_>,
    ) -> Result<CaseStanding, EdgeError> {
        record.make_notes_writable(self).await?;
        let id = reference.to_string();
        let earlier = record.case.references.iter().find(|known| known.reference_id == id);
        let version = next_version(earlier.and_then(|known| known.words.as_ref()));
        let request = CheckReferenceRequest {
            request_id: self.key.use_it(),
            case_id: record.id.to_string(),
            version: record.version(),
            words: Some(record.seal_note(&fields::reference_check(reference), version, check.words)?),
            reference_id: id,
            method: check.method.into(),
            confidence: check.confidence.into(),
            result: check.result.into(),
            independent: check.independent,
        };
        let answer = call!(self, triage.check_reference(request));
        Ok(self.case_changed(record.id, answer).await?.into())
    }
}

/// The address that is fingerprinted: the one that somebody else in the case is known by, if there is one, so that it is
/// noticed; else the first.
pub(super) fn most_telling(addresses: &[String], known: &[String]) -> String {
    let same = |a: &str, b: &str| bare(a) == bare(b);
    let telling = addresses.iter().find(|address| known.iter().any(|other| same(address, other)));
    telling.or(addresses.first()).cloned().unwrap_or_default()
}

fn bare(address: &str) -> String {
    address.chars().filter(|c| c.is_alphanumeric() || *c == '@').flat_map(char::to_lowercase).collect()
}

/// Whether a reference may hear who asked, as staff read it.
pub const fn may_name(may: bool) -> &'static str {
    if may { "may hear the requester's name" } else { "must not hear the requester's name" }
}

/// The reference of this number, from 1, that the request names, as staff write one down: whether they may hear the
/// requester's name stands first, where nothing that the requester typed can come before it.
fn of_the_answers(answer: &Answer, number: u8) -> Result<String, Refusal> {
    let references: &[Reference] = match answer {
        Answer::References(references) => references,
        Answer::Text(_)
        | Answer::Who(_)
        | Answer::Amount(_)
        | Answer::Budget(_)
        | Answer::Others(_)
        | Answer::Consent(_) => &[],
    };
    let place = usize::from(number).checked_sub(1);
    let found = place.and_then(|place| references.get(place)).ok_or_else(|| {
        Refusal::invalid("from_answers", DeskRule::NotOfTheAnswers { count: references.len() })
    })?;
    Ok(format!("{}\n{}\n{}", may_name(found.may_name), clean_line(&found.who), clean_line(&found.contact)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_the_requesters_is_the_one_that_tells() {
        let addresses = ["ref@example.org".to_owned(), "+1 (202) 555-0142".to_owned()];
        assert_eq!(most_telling(&addresses, &["+1-202-555-0142".to_owned()]), "+1 (202) 555-0142");
        assert_eq!(most_telling(&addresses, &["desk@example.net".to_owned()]), "ref@example.org");
        assert_eq!(most_telling(&[], &[]), "");
    }

    #[test]
    fn a_reference_that_the_request_does_not_name_is_refused() {
        let named = |who: &str, may_name| Reference {
            who: who.to_owned(),
            contact: "a@example.org".to_owned(),
            may_name,
        };
        let answer = Answer::References(vec![
            named("one (may hear the requester's name)\nforged: x", false),
            named("two", true),
        ]);
        assert_eq!(
            of_the_answers(&answer, 1).unwrap(),
            "must not hear the requester's name\none (may hear the requester's name) forged: x\na@example.org"
        );
        assert!(of_the_answers(&answer, 2).unwrap().starts_with("may hear the requester's name\ntwo"));
        for number in [0, 3] {
            let refused = of_the_answers(&answer, number).unwrap_err();
            assert_eq!(refused.violations[0].code, "NOT_OF_THE_ANSWERS", "{number}");
        }
    }
}
