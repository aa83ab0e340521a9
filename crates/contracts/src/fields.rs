//! The fields that are sealed: of each its name, the compartment whose key seals it, and how long its text may be. Whoever
//! seals one, checks one or looks for one calls it by what stands here.

use std::{borrow::Cow, fmt::Display};

use flare_kernel::{
    ContactId, FileId, MessageId, NeedId, NoteId, PersonId, ReferenceId, ReferralId, StaffId,
};
use flare_seal::Compartment;

use crate::{
    answers::answer_rule,
    text_limits::{self, most_bytes},
};

/// A field that is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name. It is part of the seal, so it never changes.
    pub name: Cow<'static, str>,
    /// The compartment whose key seals it.
    pub compartment: Compartment,
    /// The most characters that its text may have.
    pub longest: usize,
}

impl Field {
    /// The most bytes that its text may take.
    pub const fn most_bytes(&self) -> usize {
        most_bytes(self.longest)
    }
}

const fn fixed(name: &'static str, compartment: Compartment, longest: usize) -> Field {
    Field { name: Cow::Borrowed(name), compartment, longest }
}

fn of(kind: &str, id: &impl Display, compartment: Compartment, longest: usize) -> Field {
    Field { name: Cow::Owned(format!("{kind}.{id}")), compartment, longest }
}

fn note_of(kind: &str, id: &impl Display, longest: usize) -> Field {
    of(kind, id, Compartment::Notes, longest)
}

const NOTE: &str = "notes.note";
const CONTACT: &str = "notes.contact";

/// How, when and by whom the requester may be reached.
pub const CONTACT_PLAN: Field = fixed("notes.contact_plan", Compartment::Notes, text_limits::CONTACT_PLAN);
/// How a case ended.
pub const CLOSE: Field = fixed("notes.close", Compartment::Notes, text_limits::NOTE);
/// Words for the thread that are sealed for their tag alone, and never sent.
pub const WORDS_AHEAD: Field = fixed("thread.words", Compartment::Thread, text_limits::MESSAGE);
/// What a grant is for.
pub const SCOPE: Field = fixed("proposal.scope", Compartment::Proposal, text_limits::SCOPE);
/// A grant's budget.
pub const BUDGET: Field = fixed("proposal.budget", Compartment::Proposal, text_limits::BUDGET);
/// For whom a grant is.
pub const BENEFICIARY: Field = fixed("proposal.beneficiary", Compartment::Proposal, text_limits::BENEFICIARY);
/// The sealed terms of a grant, in the order in which they are kept.
pub const TERMS: [Field; 3] = [SCOPE, BUDGET, BENEFICIARY];
/// Who is paid, and where.
pub const PAYEE: Field = fixed("payment.payee", Compartment::Payment, text_limits::PAYEE);

/// An answer of a request; `name` is one of [`answers`](crate::answers).
pub fn answer(name: &'static str) -> Field {
    fixed(name, Compartment::Request, answer_rule(name).map_or(0, |rule| rule.max_characters))
}

/// The answer of a name that a service told, which may be none of [`answers`](crate::answers): it is opened, never written.
pub fn answer_told(name: &str) -> Field {
    Field { name: Cow::Owned(name.to_owned()), compartment: Compartment::Request, longest: 0 }
}

/// What a message of the thread says.
pub fn message(id: MessageId) -> Field {
    of("thread.message", &id, Compartment::Thread, text_limits::MESSAGE)
}

/// What a file is. It is sealed under the compartment that the file is sealed under.
pub fn file(id: FileId, compartment: Compartment) -> Field {
    of("file", &id, compartment, text_limits::FILE_DESCRIPTION)
}

/// What a note says.
pub fn note(id: NoteId) -> Field {
    note_of(NOTE, &id, text_limits::NOTE)
}

/// What was said in a contact.
pub fn contact(id: ContactId) -> Field {
    note_of(CONTACT, &id, text_limits::WORDS)
}

/// Whether this is the name of a note or of a contact. A case can have many of them, and it needs none to go on.
pub fn is_entry(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(kind, _)| kind == NOTE || kind == CONTACT)
}

/// Who a person is.
pub fn person(id: PersonId) -> Field {
    note_of("notes.person", &id, text_limits::WORDS)
}

/// How a need ended.
pub fn need(id: NeedId) -> Field {
    note_of("notes.need", &id, text_limits::WORDS)
}

/// Who can vouch, and how they are reached.
pub fn reference(id: ReferenceId) -> Field {
    note_of("notes.reference", &id, text_limits::WORDS)
}

/// What a reference said.
pub fn reference_check(id: ReferenceId) -> Field {
    note_of("notes.reference_check", &id, text_limits::WORDS)
}

/// Why a grant is asked for; `first` is the first of the needs that it is to answer.
pub fn recommendation(first: NeedId) -> Field {
    note_of("notes.recommendation", &first, text_limits::NOTE)
}

/// To whom a need was referred, and what they were told.
pub fn referral(id: ReferralId) -> Field {
    note_of("notes.referral", &id, text_limits::WORDS)
}

/// An approver's conditions or reasons.
pub fn vote(approver: StaffId) -> Field {
    of("proposal.vote", &approver, Compartment::Proposal, text_limits::VOTE_WORDS)
}

#[cfg(test)]
mod tests {
    use flare_kernel::{Id, IdKind};

    use super::*;
    use crate::answers::ANSWERS;

    fn expect(field: &Field, name: &str, compartment: Compartment) {
        assert_eq!((&*field.name, field.compartment), (name, compartment));
        assert!(field.longest > 0, "{name}");
    }

    fn expect_each<K: IdKind>(field: impl Fn(Id<K>) -> Field, kind: &str, compartment: Compartment) {
        let id = || Id::from_bytes([7; 16]);
        expect(&field(id()), &format!("{kind}.{}", id()), compartment);
    }

    #[test]
    fn every_field_has_the_name_and_the_compartment_that_it_always_had() {
        use Compartment::{Notes, Payment, Proposal, Request, Thread};
        for rule in ANSWERS {
            expect(&answer(rule.name), rule.name, Request);
        }
        expect(&CONTACT_PLAN, "notes.contact_plan", Notes);
        expect(&CLOSE, "notes.close", Notes);
        expect_each(note, "notes.note", Notes);
        expect_each(contact, "notes.contact", Notes);
        expect_each(person, "notes.person", Notes);
        expect_each(need, "notes.need", Notes);
        expect_each(reference, "notes.reference", Notes);
        expect_each(reference_check, "notes.reference_check", Notes);
        expect_each(recommendation, "notes.recommendation", Notes);
        expect_each(referral, "notes.referral", Notes);
        expect(&WORDS_AHEAD, "thread.words", Thread);
        expect_each(message, "thread.message", Thread);
        for compartment in [Request, Thread] {
            expect_each(|id| file(id, compartment), "file", compartment);
        }
        for (term, name) in TERMS.iter().zip(["proposal.scope", "proposal.budget", "proposal.beneficiary"]) {
            expect(term, name, Proposal);
        }
        expect_each(vote, "proposal.vote", Proposal);
        expect(&PAYEE, "payment.payee", Payment);
    }

    #[test]
    fn notes_and_contacts_are_entries_and_nothing_else_is() {
        let id = [7; 16];
        assert!(is_entry(&note(Id::from_bytes(id)).name) && is_entry(&contact(Id::from_bytes(id)).name));
        for other in [CONTACT_PLAN, CLOSE, person(Id::from_bytes(id)), need(Id::from_bytes(id))] {
            assert!(!is_entry(&other.name), "{}", other.name);
        }
    }
}
