//! Why a call that needs no session of staff can be refused, by whichever layer or service.

use crate::{
    Kind,
    Kind::{
        Exhausted, Forbidden, Invalid, Late, NotFound, Reused, Stale, State, Unauthenticated, Unavailable,
    },
    Reason, coded,
};

coded! {
    /// Why a call is refused that somebody in need, or the edge for them, can make; and everything that intake refuses.
    pub enum Cause {
        InvalidField = "INVALID_FIELD", "the request breaks a rule";
        NotFound { what: String } = "NOT_FOUND", "there is no such {what}";
        UnreadableMessage = "UNREADABLE_MESSAGE", "the message could not be read";
        MessageTooLarge { limit: u32, length: u32 } = "MESSAGE_TOO_LARGE",
            "a message must not be larger than {limit} bytes; this one is {length}";
        NotGrpc = "NOT_GRPC", "a call must be a POST whose content-type begins with application/grpc";
        NoCertificate = "NO_CERTIFICATE", "a service must show a certificate of this installation";
        NothingSent { seconds: u64 } = "NOTHING_SENT", "nothing was sent for {seconds} seconds; begin again";
        TooBusy = "TOO_BUSY", "too many calls at once; repeat this one in a moment";

        NoCredentials = "NO_CREDENTIALS", "this call needs credentials";
        BadCredentials = "BAD_CREDENTIALS", "these credentials are not good here";
        ExpiredCredentials = "EXPIRED_CREDENTIALS", "these credentials have ended; get fresh ones";
        NotAllowed = "NOT_ALLOWED", "this call is not open to you";
        TooManyCalls = "TOO_MANY_CALLS", "too many calls; wait a little";
        DeadlineExceeded = "DEADLINE_EXCEEDED",
            "no answer in time; the change may still have been made, so repeat the call with the same request_id";
        NoRandomness = "NO_RANDOMNESS", "this call cannot be signed at the moment";

        StoreUnavailable = "STORE_UNAVAILABLE", "we cannot look or write now; try again in a moment";
        StaleVersion { expected: i64, found: i64 } = "STALE_VERSION",
            "somebody changed this since you looked: you saw version {expected}, it is now {found}";
        RequestIdReused = "REQUEST_ID_REUSED",
            "this request_id was used for a call with other content; draw a new one";

        NotFounded = "NOT_FOUNDED", "the organisation has to be founded first";

        UnknownReceipt = "UNKNOWN_RECEIPT",
            "there is no case for this receipt; check how it was written";
        AlreadySubmitted = "ALREADY_SUBMITTED",
            "this request was sent before with other content, and what was sent first is kept; add or replace answers with the receipt instead";
        ReceiptInUse = "RECEIPT_IN_USE", "this receipt opens a case already; draw a new one";
        ReceiptActive = "RECEIPT_ACTIVE",
            "a receipt can be issued while the case has none; this one has an active receipt; if it may be in other hands, freeze it first";
        NoActiveReceipt = "NO_ACTIVE_RECEIPT",
            "a receipt can be frozen while it opens the case; this case has none that does";
        OldKeyEpoch = "OLD_KEY_EPOCH", "this is sealed under a key that is no longer written under";
        ActNotSigned = "ACT_NOT_SIGNED",
            "this was not signed with the receipt that was shown; nothing was done";
        MessageIdReused = "MESSAGE_ID_REUSED",
            "a message with this id was posted already; draw a new id";
        MessagesCrossed = "MESSAGES_CROSSED",
            "the requester wrote while you did; read that first, and write again if it still holds";
        ContactPlanNotKept = "CONTACT_PLAN_NOT_KEPT",
            "look at the contact plan, and say that this message keeps to it";
        CaseStopped = "CASE_STOPPED",
            "nothing may be sent to the requester of a case that is paused, withdrawn or asked to stop; staff can write once it is resumed or reopened";
        CaseEnded = "CASE_ENDED",
            "this is possible while the case goes on; this one is withdrawn or closed, but you can still write to us";
        CaseClosed = "CASE_CLOSED",
            "a case can be withdrawn until it is closed; this one is closed, and nothing more happens in it";
        ProposalNotShown = "PROPOSAL_NOT_SHOWN",
            "a proposal can be answered once it was shown to you; this one was not yet";
        ProposalNotOpen { stage: String } = "PROPOSAL_NOT_OPEN",
            "a proposal can be answered while the grant is draft; this one is {stage}";
        AgreementNotShown = "AGREEMENT_NOT_SHOWN",
            "an agreement can be answered once it was shown to you; this one was not yet";
        AgreementNotOpen { stage: String } = "AGREEMENT_NOT_OPEN",
            "an agreement can be answered while the grant is draft, in_approval or approved; this one is {stage}";
        ReportNotOpen { stage: String } = "REPORT_NOT_OPEN",
            "a report can be given while the grant is approved, active or reporting; this one is {stage}";
        TrancheNotUnderWay { state: String } = "TRANCHE_NOT_UNDER_WAY",
            "an arrival can be reported while the payment is sent, in_doubt or returned; this one is {state}";

        FileIdReused = "FILE_ID_REUSED", "a file with this id was attached already; draw a new id";
        FileTooLarge { mebibytes: u64 } = "FILE_TOO_LARGE",
            "a file may take at most {mebibytes} MiB, sealed";
        CaseFilesFull { mebibytes: u64 } = "CASE_FILES_FULL",
            "the files of a case may take {mebibytes} MiB together, and this one would go beyond";
        FilesUnavailable = "FILES_UNAVAILABLE",
            "files cannot be stored or read now; messages and answers can; try again in a moment";
        TooManyUploads = "TOO_MANY_UPLOADS",
            "other files of this case are being uploaded; repeat this one when they are there";
        UploadTooSlow { hours: i64 } = "UPLOAD_TOO_SLOW",
            "a file must be uploaded within {hours} hours; begin again";
    }
}

impl Reason for Cause {
    fn kind(&self) -> Kind {
        match self {
            Self::InvalidField
            | Self::UnreadableMessage
            | Self::MessageTooLarge { .. }
            | Self::NotGrpc
            | Self::ActNotSigned
            | Self::FileTooLarge { .. } => Invalid,
            Self::NoCertificate
            | Self::NoCredentials
            | Self::BadCredentials
            | Self::ExpiredCredentials
            | Self::UnknownReceipt => Unauthenticated,
            Self::NotAllowed => Forbidden,
            Self::NotFound { .. } => NotFound,
            Self::NotFounded
            | Self::ReceiptActive
            | Self::NoActiveReceipt
            | Self::ContactPlanNotKept
            | Self::CaseStopped
            | Self::CaseEnded
            | Self::CaseClosed
            | Self::ProposalNotShown
            | Self::ProposalNotOpen { .. }
            | Self::AgreementNotShown
            | Self::AgreementNotOpen { .. }
            | Self::ReportNotOpen { .. }
            | Self::TrancheNotUnderWay { .. } => State,
            Self::StaleVersion { .. } | Self::OldKeyEpoch | Self::MessagesCrossed => Stale,
            Self::RequestIdReused
            | Self::AlreadySubmitted
            | Self::ReceiptInUse
            | Self::MessageIdReused
            | Self::FileIdReused => Reused,
            Self::TooBusy | Self::TooManyCalls | Self::CaseFilesFull { .. } | Self::TooManyUploads => {
                Exhausted
            }
            Self::NoRandomness | Self::StoreUnavailable | Self::FilesUnavailable => Unavailable,
            Self::NothingSent { .. } | Self::DeadlineExceeded | Self::UploadTooSlow { .. } => Late,
        }
    }
}
