//! The plain word for each value that messages carry as a number: what people type and read, and what stands in JSON.

use crate::{
    common::v1::{Compartment, Lane, Mode, NeedKind, Role, Trigger},
    grants::v1::{Decision, Gate, GrantStage, PaymentMethod, SupportKind, TrancheState},
    identity::v1::StaffState,
    intake::v1::{Channel, ConsentState, Danger, MessageKind, Purpose, RequesterKind},
    triage::v1::{
        CheckMethod, CheckResult, Confidence, Outcome, PersonStatus, ReferralState, Stage, WaitsFor,
    },
};

/// Stands for a value that was not said.
pub const UNSAID: &str = "-";

/// A value with a word.
pub trait Worded: Copy + PartialEq + Send + Sync + 'static {
    /// Every value but the unspecified one, with its word.
    const WORDS: &'static [(&'static str, Self)];

    /// The value's word.
    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, value)| *value == self).map_or(UNSAID, |(word, _)| word)
    }
}

/// A stable code, such as `no_time`, as people type and read it: with hyphens, like every other word here.
pub fn hyphened(code: &str) -> String {
    code.replace('_', "-")
}

macro_rules! words {
    ($($type:ident { $($word:literal = $variant:ident),* $(,)? })*) => {
        $(impl Worded for $type {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),*];
        })*

        #[cfg(test)]
        mod tests {
            use super::*;

            #[test]
            fn every_value_has_a_word_and_no_word_stands_for_two() {
                $({
                    let every = (1..).map_while(|number| $type::try_from(number).ok()).count();
                    assert_eq!(<$type as Worded>::WORDS.len(), every, stringify!($type));
                    for (word, value) in <$type as Worded>::WORDS {
                        assert_eq!(value.word(), *word);
                        assert_eq!(<$type as Worded>::WORDS.iter().filter(|(other, _)| other == word).count(), 1);
                    }
                    assert_eq!($type::default().word(), UNSAID);
                })*
            }
        }
    };
}

words! {
    Lane { "critical" = Critical, "urgent" = Urgent, "standard" = Standard }
    Compartment {
        "request" = Request, "thread" = Thread, "notes" = Notes, "proposal" = Proposal, "payment" = Payment,
    }
    Mode { "preventive" = Preventive, "reactive" = Reactive }
    Trigger { "negative" = Negative, "positive" = Positive }
    NeedKind {
        "medical" = Medical, "legal" = Legal, "relocation" = Relocation, "equipment" = Equipment,
        "subsistence" = Subsistence, "psychosocial" = Psychosocial, "digital" = Digital, "family" = Family,
        "continuity" = Continuity,
    }
    Channel {
        "form" = Form, "signal" = Signal, "phone" = Phone, "mail" = Mail, "peer" = Peer, "visit" = Visit,
    }
    RequesterKind {
        "individual" = Individual, "outlet" = Outlet, "organisation" = Organisation,
        "unregistered-group" = UnregisteredGroup,
    }
    Danger { "yes" = Yes, "no" = No, "not-sure" = NotSure }
    Purpose {
        "help" = Help, "checking" = Checking, "referral" = Referral, "donor" = Donor, "public" = Public,
    }
    ConsentState { "agreed" = Agreed, "refused" = Refused, "cannot-be-asked" = CannotBeAsked }
    MessageKind {
        "text" = Text, "question" = Question, "answer" = Answer, "decision" = Decision, "proposal" = Proposal,
        "agreement" = Agreement, "report" = Report, "change" = Change, "review" = Review,
    }
    Stage {
        "submitted" = Submitted, "acknowledged" = Acknowledged, "assessing" = Assessing,
        "awaiting-requester" = AwaitingRequester, "decided" = Decided, "paused" = Paused, "held" = Held,
        "withdrawn" = Withdrawn, "closed" = Closed,
    }
    PersonStatus {
        "safe" = Safe, "unreachable" = Unreachable, "detained" = Detained, "missing" = Missing, "dead" = Dead,
        "unknown" = Unknown,
    }
    Outcome {
        "open" = Open, "given" = Given, "recommended" = Recommended, "covered" = Covered, "referred" = Referred,
        "referral-accepted" = ReferralAccepted, "declined" = Declined, "granted" = Granted,
    }
    CheckMethod {
        "secure-message" = SecureMessage, "call" = Call, "mail" = Mail, "in-person" = InPerson,
        "public-record" = PublicRecord,
    }
    Confidence { "low" = Low, "medium" = Medium, "high" = High }
    CheckResult { "confirms" = Confirms, "contradicts" = Contradicts, "cannot-say" = CannotSay }
    ReferralState {
        "sent" = Sent, "accepted" = Accepted, "refused" = Refused, "unanswered" = Unanswered,
    }
    GrantStage {
        "draft" = Draft, "in-approval" = InApproval, "returned" = Returned, "approved" = Approved,
        "active" = Active, "reporting" = Reporting, "closing" = Closing, "closed" = Closed,
        "rejected" = Rejected, "withdrawn" = Withdrawn, "terminated" = Terminated,
    }
    Gate {
        "verified" = Verified, "voted" = Voted, "payee-checked" = PayeeChecked, "agreed" = Agreed,
        "funded" = Funded,
    }
    SupportKind { "cash" = Cash, "service" = Service, "in-kind" = InKind }
    PaymentMethod {
        "bank-transfer" = BankTransfer, "mobile-money" = MobileMoney, "cash-by-partner" = CashByPartner,
        "hawala" = Hawala, "supplier-invoice" = SupplierInvoice, "card" = Card,
    }
    TrancheState {
        "scheduled" = Scheduled, "released" = Released, "sent" = Sent, "in-doubt" = InDoubt,
        "arrived" = Arrived, "returned" = Returned, "lost" = Lost,
    }
    Decision {
        "approve" = Approve, "approve-with-conditions" = ApproveWithConditions, "return" = Return,
        "reject" = Reject,
    }
    Role {
        "officer" = Officer, "head" = Head, "approver" = Approver, "finance" = Finance, "auditor" = Auditor,
        "admin" = Admin,
    }
    StaffState { "invited" = Invited, "active" = Active, "disabled" = Disabled }
    WaitsFor {
        "us" = Us, "requester" = Requester, "votes" = Votes, "referral" = Referral, "grant" = Grant,
    }
}
