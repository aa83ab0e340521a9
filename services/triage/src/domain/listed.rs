//! The lists of the contract as types: stored by name, sent by number, and never unspecified.

use flare_contracts::{InputRule, Refusal, common, input, triage::v1};
use flare_kernel::UnknownCode;

macro_rules! listed {
    ($($(#[$doc:meta])* $name:ident = $proto:path { $($variant:ident $text:literal),* $(,)? })*) => {$(
        flare_kernel::codes! {
            $(#[$doc])*
            pub(crate) enum $name { $($variant = $text,)* }
        }

        impl From<$name> for $proto {
            fn from(one: $name) -> Self {
                match one { $($name::$variant => Self::$variant),* }
            }
        }

        impl TryFrom<$proto> for $name {
            type Error = UnknownCode;

            fn try_from(number: $proto) -> Result<Self, UnknownCode> {
                type Number = $proto;
                match number {
                    Number::Unspecified => Err(UnknownCode),
                    $(Number::$variant => Ok(Self::$variant)),*
                }
            }
        }
    )*};
}

listed! {
    /// How a person is.
    PersonStatus = v1::PersonStatus {
        Safe "safe", Unreachable "unreachable", Detained "detained", Missing "missing", Dead "dead", Unknown "unknown",
    }
    /// What somebody lacks.
    NeedKind = common::v1::NeedKind {
        Medical "medical", Legal "legal", Relocation "relocation", Equipment "equipment", Subsistence "subsistence",
        Psychosocial "psychosocial", Digital "digital", Family "family", Continuity "continuity",
    }
    /// How a need ended, or that it has not.
    Outcome = v1::Outcome {
        Open "open", Given "given", Recommended "recommended", Covered "covered", Referred "referred",
        ReferralAccepted "referral_accepted", Declined "declined", Granted "granted",
    }
    /// Where a referral stands.
    ReferralState = v1::ReferralState {
        Sent "sent", Accepted "accepted", Refused "refused", Unanswered "unanswered",
    }
    /// Whose act comes next in a case. Where several do, the first of these.
    #[derive(PartialOrd, Ord)]
    WaitsFor = v1::WaitsFor {
        Us "us", Requester "requester", Votes "votes", Referral "referral", Grant "grant",
    }
    /// How a reference was reached.
    CheckMethod = v1::CheckMethod {
        SecureMessage "secure_message", Call "call", Mail "mail", InPerson "in_person", PublicRecord "public_record",
    }
    /// How sure the checker is.
    Confidence = v1::Confidence { Low "low", Medium "medium", High "high" }
    /// What a reference said.
    CheckResult = v1::CheckResult { Confirms "confirms", Contradicts "contradicts", CannotSay "cannot_say" }
}

/// A value of one of these lists, as a request carries it.
pub(crate) fn listed_in<P, T>(field: &str, number: i32) -> Result<T, Refusal>
where
    P: TryFrom<i32>,
    T: TryFrom<P, Error = UnknownCode>,
{
    T::try_from(input::choice::<P>(field, number)?).map_err(|_| Refusal::invalid(field, InputRule::NotListed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_the_contract_is_in_its_list_and_read_back_by_name() {
        for number in 1..=8 {
            let outcome: Outcome = listed_in::<v1::Outcome, _>("outcome", number).unwrap();
            assert_eq!(v1::Outcome::from(outcome) as i32, number);
            assert_eq!(outcome.as_str().parse(), Ok(outcome));
        }
        for kind in NeedKind::ALL {
            assert_eq!(NeedKind::try_from(common::v1::NeedKind::from(*kind)), Ok(*kind));
        }
        for number in [0, -1, 9] {
            let refusal = listed_in::<v1::Outcome, Outcome>("outcome", number).unwrap_err();
            assert_eq!(refusal.violations[0].field, "outcome");
        }
        assert_eq!("unspecified".parse::<Outcome>(), Err(UnknownCode));
    }
}
