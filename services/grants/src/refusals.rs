//! What grants refuses beside the decisions of its domain ([`Refused`](crate::domain::Refused)), and the rules of its
//! fields: each with its code and its text.

use flare_contracts::{Kind, Reason, coded};

coded! {
    /// Why a call is refused before a decision is asked for, or by a rule of the tables that the decisions come before.
    pub(crate) enum GrantsRefusal {
        GrantIdReused = "GRANT_ID_REUSED",
            "a grant with this id was drafted already; draw a new id, or revise that one";
        TrancheIdReused = "TRANCHE_ID_REUSED",
            "a payment with this id was scheduled already; draw a new id";
        CaseHistoryAway = "CASE_HISTORY_AWAY",
            "the whole history of the case cannot be had now; repeat the call in a moment";
        NoSuchCaseVersion = "NO_SUCH_CASE_VERSION", "triage's history of the case has no such version";
        BeyondCeiling = "BEYOND_CEILING", "the payments would come to more than the ceiling";
        BeyondAdvance = "BEYOND_ADVANCE", "the payments would come to more than the advance";
        WrongDates = "WRONG_DATES", "the end and the pay-by date are not before the start";
        VotesMissing = "VOTES_MISSING",
            "a grant is approved by as many votes as it requires, and by nothing else";
        FundsMissing = "FUNDS_MISSING", "a grant is funded when its whole ceiling is reserved";
        NotThroughGates = "NOT_THROUGH_GATES", "a grant is active through five open gates only";
        NotReleased = "NOT_RELEASED", "a payment is released before it is sent";
        MoreThanSent = "MORE_THAN_SENT", "at most what was sent arrives, once it was sent";
    }
}

impl Reason for GrantsRefusal {
    fn kind(&self) -> Kind {
        match self {
            Self::GrantIdReused | Self::TrancheIdReused => Kind::Reused,
            Self::CaseHistoryAway => Kind::Unavailable,
            Self::NoSuchCaseVersion
            | Self::BeyondCeiling
            | Self::BeyondAdvance
            | Self::WrongDates
            | Self::VotesMissing
            | Self::FundsMissing
            | Self::NotThroughGates
            | Self::NotReleased
            | Self::MoreThanSent => Kind::State,
        }
    }
}

coded! {
    /// Which rule a field breaks.
    pub(crate) enum GrantsRule {
        Incomplete = "INCOMPLETE", "must be complete";
        BeforeStart = "BEFORE_START", "must not be before the start";
        AfterStart = "AFTER_START", "must not be after the start";
        FarFromStart { days: i64 } = "FAR_FROM_START", "must be at most {days} days after the start";
        FarFromEnd { days: i64 } = "FAR_FROM_END", "must be at most {days} days after the end";
        NotWithin { first: String, last: String } = "NOT_WITHIN", "must be from {first} to {last}";
        NotAfterToday = "NOT_AFTER_TODAY", "must be after today";
        NotFresh { days: i64 } = "NOT_FRESH", "must be today or at most {days} days ago";
        SealedTermMissing { names: String } = "SEALED_TERM_MISSING", "must hold {names}";
        NotTheCeilingsCurrency { currency: String } = "NOT_THE_CEILINGS_CURRENCY",
            "must be {currency}, as the ceiling is";
        MoreThan { most: String } = "MORE_THAN", "must be at most {most}, in that currency";
        MoreThanUnspent { most: String } = "MORE_THAN_UNSPENT",
            "must be at most {most}, what neither arrived nor was lost";
        NotNext { number: u32 } = "NOT_NEXT", "must be {number}, the next one";
        NotRecommended = "NOT_RECOMMENDED", "must be recommended";
        NotYourVote = "NOT_YOUR_VOTE", "must be your own over what you vote on";
        WordsMissing = "WORDS_MISSING", "is required unless approving without conditions";
        NotCommitted { bytes: usize } = "NOT_COMMITTED", "must be {bytes} bytes: the signature covers it";
        VotesOutOfRange { least: u32, most: u32 } = "VOTES_OUT_OF_RANGE",
            "must be {least}, as the policy asks for, to {most}, or unset";
        NeitherMessageNorVoice = "NEITHER_MESSAGE_NOR_VOICE", "is required unless agreed_by says how";
        NeitherMessageNorTold = "NEITHER_MESSAGE_NOR_TOLD",
            "is required unless told_by says how it was told";
        BesideMessage = "BESIDE_MESSAGE", "must be empty when there is a message";
        OriginNotTold = "ORIGIN_NOT_TOLD",
            "must be true: the money's origin is told before, and can be refused";
        NotOnStaff = "NOT_ON_STAFF", "must be an active member of staff";
        NoOtherWitness = "NO_OTHER_WITNESS",
            "must be somebody other than who records it and who proposed the grant";
        NotCalledBack = "NOT_CALLED_BACK", "must be true: call back on a way known from elsewhere";
        NotCleared = "NOT_CLEARED", "must be true: a payee on a sanctions list is not paid";
        NeitherDeferredNorWaived = "NEITHER_DEFERRED_NOR_WAIVED",
            "must be empty unless it is deferred or waived";
        NotDeferred = "NOT_DEFERRED", "must be empty unless it is deferred";
        NotArrived = "NOT_ARRIVED", "must be unset unless the payment arrived";
        OtherKey = "OTHER_KEY", "must be the one that was certified before";
    }
}
