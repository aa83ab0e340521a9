//! What triage refuses beside the decisions of its domain, and the rules of its fields: each with its code and its text.

use flare_contracts::{Kind, Reason, coded};

coded! {
    /// Why a call is refused.
    pub(crate) enum TriageRefusal {
        SecondPersonNeeded = "SECOND_PERSON_NEEDED",
            "this takes another person: nobody resumes a case that they stopped, or reviews a decline of their own";
        ReferenceNamed = "REFERENCE_NAMED", "this person is named as a reference of this case already";
        IdTaken { what: String } = "ID_TAKEN",
            "this id names another {what} of this case already; draw a new one";
        NoNotesKey = "NO_NOTES_KEY",
            "staff's words on a case can be written once its notes have a key; this one's have none yet";
        FieldVersion = "FIELD_VERSION", "this field was written since you looked, or never before";
        CaseFull { limit: usize, what: String } = "CASE_FULL", "a case has at most {limit} {what}";
        WordsFull { what: String } = "CASE_WORDS_FULL",
            "this case holds as much as can be shown at once: no more {what} can be added";
    }
}

impl Reason for TriageRefusal {
    fn kind(&self) -> Kind {
        match self {
            Self::FieldVersion => Kind::Stale,
            Self::SecondPersonNeeded
            | Self::ReferenceNamed
            | Self::IdTaken { .. }
            | Self::NoNotesKey
            | Self::CaseFull { .. }
            | Self::WordsFull { .. } => Kind::State,
        }
    }
}

coded! {
    /// Which rule a field breaks.
    pub(crate) enum TriageRule {
        NotConsented = "NOT_CONSENTED",
            "must be true: a need is handed to others only when the requester agreed";
        OtherPersons = "OTHER_PERSONS", "must name persons of this case";
        WithdrawnOrNot = "WITHDRAWN_OR_NOT", "must be withdrawn for a withdrawn case, and only for one";
    }
}
