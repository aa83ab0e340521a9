//! A whole case as one JSON document.

use flare_contracts::{
    answers::ANSWERS,
    intake::v1::Message,
    triage::v1::{Contact, Need, Note, Person, Recommendation, Reference, Referral},
};
use flare_edge::Answer;
use serde_json::{Map, Value, json};

use super::{
    answer_text::answer_json,
    choices::{Worded as _, hyphened},
    danger::danger_json,
    lists::summary_json,
    record::CLOSED,
    show::{Page, score_text},
};
use crate::cli::{when, words};

impl Page<'_> {
    /// The whole page.
    pub(super) fn json(&self) -> Value {
        let (case, request) = (&self.record.case, &self.record.request);
        let listing = request.listing.clone().unwrap_or_default();
        let answers: Map<String, Value> = ANSWERS
            .iter()
            .filter_map(|rule| {
                Some((rule.name.to_owned(), answer_json(rule.name, &self.record.answer(rule.name)?)))
            })
            .collect();
        let sent = when::day(case.summary.as_ref().and_then(|summary| summary.submitted).as_ref());
        let readings: Map<String, Value> = ANSWERS
            .iter()
            .filter_map(|rule| {
                let text = self.record.written_answer(rule.name)?;
                let reading = Answer::read(rule.name, &text).reading(rule.name, sent)?;
                Some((rule.name.to_owned(), reading.into()))
            })
            .collect();
        let consents: Map<String, Value> = listing
            .consents
            .iter()
            .map(|consent| (consent.purpose().word().to_owned(), consent.state().word().into()))
            .collect();
        json!({
            "case": summary_json(&case.summary.clone().unwrap_or_default(), self.people),
            "version": case.version,
            "contact_plan": self.plan,
            "contact_plan_closed": self.plan_is_closed,
            "broken_keys": self.record.broken_keys(),
            "sealed_to_nobody": self.record.is_sealed_to_nobody(),
            "foreign_receipt": self.record.has_foreign_receipt(),
            "our_clock_seconds": case.our_clock_seconds,
            "total_clock_seconds": case.total_clock_seconds,
            "channel": request.channel().word(),
            "requester": listing.kind().word(),
            "on_behalf": listing.on_behalf,
            "danger": danger_json(request),
            "language": listing.language,
            "mode": listing.mode().word(),
            "trigger": listing.trigger().word(),
            "consents": consents,
            "has_receipt": request.has_receipt,
            "exit": hyphened(&case.exit),
            "exit_words": self.note(case.exit_words.as_ref()),
            "answers": answers,
            "answers_read": readings,
            "answers_changed": self.writings.changes_json(self.record),
            "persons": self.persons_json(),
            "needs": self.needs_json(),
            "references": self.references_json(),
            "referrals": self.referrals_json(),
            "notes": self.notes_json(),
            "contacts": self.contacts_json(),
            "recommendations": self.recommendations_json(),
            "grants": case.grants.iter().map(|grant| {
                json!({"grant_id": grant.grant_id, "stage": grant.stage})
            }).collect::<Vec<_>>(),
            "messages": self.messages_json(),
        })
    }

    fn persons_json(&self) -> Vec<Value> {
        let person = |person: &Person| {
            json!({
                "person_id": person.person_id,
                "status": person.status().word(),
                "description": self.note(person.description.as_ref()),
            })
        };
        self.record.case.persons.iter().map(person).collect()
    }

    fn needs_json(&self) -> Vec<Value> {
        let need = |need: &Need| {
            json!({
                "need_id": need.need_id,
                "kind": need.kind().word(),
                "outcome": need.outcome().word(),
                "person_ids": need.person_ids,
                "reason": hyphened(&need.reason),
                "words": self.note(need.words.as_ref()),
            })
        };
        self.record.case.needs.iter().map(need).collect()
    }

    fn references_json(&self) -> Vec<Value> {
        let reference = |reference: &Reference| {
            json!({
                "reference_id": reference.reference_id,
                "description": self.note(reference.description.as_ref()),
                "method": reference.method().word(),
                "confidence": reference.confidence().word(),
                "result": reference.result().word(),
                "checked_by": reference.checked_by,
                "independent": reference.independent,
                "words": self.note(reference.words.as_ref()),
            })
        };
        self.record.case.references.iter().map(reference).collect()
    }

    fn referrals_json(&self) -> Vec<Value> {
        let referral = |referral: &Referral| {
            json!({
                "referral_id": referral.referral_id,
                "need_id": referral.need_id,
                "state": referral.state().word(),
                "sent": when::rfc3339(referral.sent.as_ref()),
                "description": self.note(referral.description.as_ref()),
            })
        };
        self.record.case.referrals.iter().map(referral).collect()
    }

    fn notes_json(&self) -> Vec<Value> {
        let note = |note: &Note| {
            json!({
                "note_id": note.note_id,
                "author": note.author,
                "at": when::rfc3339(note.at.as_ref()),
                "text": self.note(note.text.as_ref()),
            })
        };
        self.record.case.notes.iter().map(note).collect()
    }

    fn contacts_json(&self) -> Vec<Value> {
        let contact = |contact: &Contact| {
            json!({
                "contact_id": contact.contact_id,
                "author": contact.author,
                "at": when::rfc3339(contact.at.as_ref()),
                "channel": contact.channel,
                "inbound": contact.inbound,
                "reached": contact.reached,
                "words": self.note(contact.words.as_ref()),
            })
        };
        self.record.case.contacts.iter().map(contact).collect()
    }

    fn recommendations_json(&self) -> Vec<Value> {
        let recommendation = |recommendation: &Recommendation| {
            json!({
                "need_ids": recommendation.need_ids,
                "amount": words::money(recommendation.amount.as_ref()),
                "scores": recommendation.scores.map(|scores| score_text(&scores)),
                "author": recommendation.author,
                "at": when::rfc3339(recommendation.at.as_ref()),
                "words": self.note(recommendation.words.as_ref()),
            })
        };
        self.record.case.recommendations.iter().map(recommendation).collect()
    }

    fn messages_json(&self) -> Vec<Value> {
        let message = |message: &Message| {
            json!({
                "message_id": message.message_id,
                "kind": message.kind().word(),
                "author": message.author,
                "at": when::rfc3339(message.at.as_ref()),
                "place": message.place,
                "about": message.about,
                "text": self.message(message).filter(|text| text != CLOSED),
            })
        };
        self.messages.iter().map(message).collect()
    }
}
