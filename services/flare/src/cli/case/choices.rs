//! The plain word for each value that messages carry as a number: what officers type, read, and find in JSON.

use std::ffi::OsStr;

use clap::{
    Arg, Command,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use flare_contracts::{
    common::v1::{Compartment, Lane, Mode, NeedKind, Trigger},
    grants::v1::{Decision, Gate, GrantStage, PaymentMethod, SupportKind, TrancheState},
    intake::v1::{Channel, ConsentState, Danger, MessageKind, Purpose, RequesterKind},
    triage::v1::{CheckMethod, CheckResult, Confidence, Outcome, PersonStatus, ReferralState, Stage},
};

/// Stands for a value that was not said.
pub(crate) const UNSAID: &str = "-";

/// A value with a word.
pub(crate) trait Worded: Copy + PartialEq + Send + Sync + 'static {
    /// Every value but the unspecified one, with its word.
    const WORDS: &'static [(&'static str, Self)];

    /// The value's word.
    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, value)| *value == self).map_or(UNSAID, |(word, _)| word)
    }
}

/// Reads one of the words on the command line.
pub(crate) fn worded<T: Worded>() -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(T::WORDS.iter().map(|(word, _)| *word)).try_map(|text| {
        T::WORDS
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, value)| *value)
            .ok_or("is not one of the words")
    })
}

/// A stable code, such as `no_time`, as people type and read it: with hyphens, like every other word here.
pub(crate) fn hyphened(code: &str) -> String {
    code.replace('_', "-")
}

/// Reads one of these codes, which people write with hyphens; gives it as services know it.
pub(crate) fn code(codes: &'static [&'static str]) -> impl TypedValueParser<Value = String> {
    Code(codes)
}

#[derive(Clone)]
struct Code(&'static [&'static str]);

impl TypedValueParser for Code {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        // Whoever copies a code from an event or a log need not think of the difference.
        let value = hyphened(&value.to_string_lossy());
        let words = PossibleValuesParser::new(self.0.iter().map(|code| hyphened(code)));
        Ok(words.parse_ref(command, argument, OsStr::new(&value))?.replace('-', "_"))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().map(|code| PossibleValue::new(hyphened(code)))))
    }
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
            fn a_code_is_read_with_hyphens_or_underscores_and_given_as_services_know_it() {
                let command = Command::new("x");
                let read = |text| code(&["no_time", "other"]).parse_ref(&command, None, OsStr::new(text));
                assert_eq!(read("no-time").unwrap(), "no_time");
                assert_eq!(read("no_time").unwrap(), "no_time");
                assert!(read("no time").is_err());
            }

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
}
