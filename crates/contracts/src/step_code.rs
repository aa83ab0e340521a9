//! What a requester is told of what happened: the codes of `flare.intake.v1.Step.what`.

macro_rules! step_codes {
    ($($step:ident = $code:literal,)*) => {
        /// What happened, as intake says it and whoever shows it reads it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum StepCode {
            $(#[doc = concat!("`", $code, "`.")] $step,)*
        }

        impl StepCode {
            /// The code: stable, for programs hang on it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$step => $code,)*
                }
            }
        }
    };
}

step_codes! {
    Received = "received",
    Acknowledged = "acknowledged",
    Assessed = "assessed",
    QuestionAsked = "question_asked",
    HelpRecommended = "help_recommended",
    NeedOpen = "need_open",
    NeedGiven = "need_given",
    NeedCovered = "need_covered",
    NeedReferred = "need_referred",
    NeedDeclined = "need_declined",
    ReferralAccepted = "referral_accepted",
    ReferralRefused = "referral_refused",
    ReferralUnanswered = "referral_unanswered",
    Withdrawn = "withdrawn",
    Paused = "paused",
    MoneyStopped = "money_stopped",
    Resumed = "resumed",
    Closed = "closed",
    Reopened = "reopened",
    GrantDrafted = "grant_drafted",
    GrantRevised = "grant_revised",
    ProposalShown = "proposal_shown",
    InApproval = "in_approval",
    GrantReturned = "grant_returned",
    GrantRejected = "grant_rejected",
    GrantApproved = "grant_approved",
    AgreementShown = "agreement_shown",
    GrantActive = "grant_active",
    ReportAsked = "report_asked",
    ReportRecorded = "report_recorded",
    GrantClosed = "grant_closed",
    GrantWithdrawn = "grant_withdrawn",
    GrantTerminated = "grant_terminated",
    TrancheSent = "tranche_sent",
    TrancheInDoubt = "tranche_in_doubt",
    TrancheArrived = "tranche_arrived",
    TrancheReturned = "tranche_returned",
    TrancheLost = "tranche_lost",
    ProposalAnswered = "proposal_answered",
    AgreementAnswered = "agreement_answered",
    WithdrawalRequested = "withdrawal_requested",
    ReceiptFrozen = "receipt_frozen",
    AnswersAdded = "answers_added",
    ReportSubmitted = "report_submitted",
    ArrivalReported = "arrival_reported",
    ReceiptIssued = "receipt_issued",
}
