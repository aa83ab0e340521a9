//! The words for what stands in messages as numbers, where people are told more than a machine: roles, needs, standings.

use clap::ValueEnum;
use flare_access::Clock as _;
use flare_contracts::{
    common::v1::{NeedKind, Role},
    intake::v1::{MessageKind, Standing},
    words::hyphened,
};
use flare_kernel::{Currency, Date, MoneyError};
use flare_runtime::SystemClock;
use flare_typed::{
    Rule,
    date::{self, Expected},
    text::clean_value,
};

use super::CliError;

/// What a member of staff may do, as an option names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleName {
    /// Duty and case officers: triage
    Officer,
    /// Head of rapid response
    Head,
    /// Votes on grants
    Approver,
    /// Reserves, checks payees, releases and sends money
    Finance,
    /// Reads the audit trail, never content
    Auditor,
    /// People, roles, keys, replay; never content
    Admin,
}

impl RoleName {
    /// The role on the wire.
    pub(crate) const fn role(self) -> Role {
        match self {
            Self::Officer => Role::Officer,
            Self::Head => Role::Head,
            Self::Approver => Role::Approver,
            Self::Finance => Role::Finance,
            Self::Auditor => Role::Auditor,
            Self::Admin => Role::Admin,
        }
    }
}

/// A need, in full.
pub(crate) const fn need(kind: NeedKind) -> &'static str {
    match kind {
        NeedKind::Unspecified => "-",
        NeedKind::Medical => "medical",
        NeedKind::Legal => "legal",
        NeedKind::Relocation => "relocation",
        NeedKind::Equipment => "equipment",
        NeedKind::Subsistence => "subsistence",
        NeedKind::Psychosocial => "psychosocial",
        NeedKind::Digital => "digital",
        NeedKind::Family => "family",
        NeedKind::Continuity => "continuity of publishing",
    }
}

/// What a message is.
pub(crate) const fn message(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Unspecified => "-",
        MessageKind::Text => "message",
        MessageKind::Question => "question",
        MessageKind::Answer => "answer",
        MessageKind::Decision => "decision",
        MessageKind::Proposal => "proposal",
        MessageKind::Agreement => "agreement",
        MessageKind::Report => "report",
        MessageKind::Change => "wish for a change",
        MessageKind::Review => "wish for another look",
    }
}

/// Where a case stands, as its requester is told.
pub(crate) const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Unspecified => "-",
        Standing::Received => "received; somebody will look at it",
        Standing::Acknowledged => "somebody has taken it up",
        Standing::BeingAssessed => "being assessed",
        Standing::WaitingForYou => "waiting for your answer",
        Standing::HelpBeingPrepared => "help is being prepared",
        Standing::InApproval => "help is being decided on",
        Standing::HelpActive => "help is active",
        Standing::Reporting => "help has ended; a report is awaited",
        Standing::Closed => "closed",
        Standing::Paused => "paused for your safety",
        Standing::Withdrawn => "withdrawn",
        Standing::AskedToStop => "asked to stop; staff are settling what is under way",
    }
}

/// The same for machines: "in-approval".
pub(crate) fn standing_code(standing: Standing) -> String {
    hyphened(&standing.as_str_name().trim_start_matches("STANDING_").to_lowercase())
}

/// Reads an amount in a currency that is known already, naming the option in a refusal.
pub(crate) fn read_money(amount: &str, currency: &str) -> Result<flare_kernel::Money, CliError> {
    let currency = flare_typed::currency::read(currency)
        .one()
        .map_err(|rule| CliError::refused("--currency", rule.to_string()))?;
    exact_money(amount, currency).map_err(|error| CliError::refused("--amount", error.to_string()))
}

/// Reads an amount that staff give. It moves money, so it is taken in one way of writing only, with a point before the
/// decimals and no grouping: whoever types 1.005 in euros may mean a thousand or a slip.
pub(crate) fn exact_money(amount: &str, currency: Currency) -> Result<flare_kernel::Money, MoneyError> {
    flare_kernel::Money::parse(&clean_value(amount), currency.code())
}

/// Reads a day that somebody typed.
pub(crate) fn day(text: &str, expected: Expected) -> Result<Date, Rule> {
    let today = today();
    date::read(text, expected, today).one_day(today).map(|day| day.date)
}

/// Reads a day, naming the option in a refusal.
pub(crate) fn read_day(option: &str, text: &str, expected: Expected) -> Result<Date, CliError> {
    day(text, expected).map_err(|rule| CliError::refused(option, rule.to_string()))
}

/// Today, in UTC.
pub(crate) fn today() -> Date {
    Date::from_timestamp(SystemClock.now())
}

#[cfg(test)]
mod tests {
    use flare_contracts::words::Worded as _;

    use super::*;

    #[test]
    fn roles_have_the_same_word_in_options_and_lists() {
        for name in RoleName::value_variants() {
            assert_eq!(name.to_possible_value().unwrap().get_name(), name.role().word());
        }
    }

    #[test]
    fn a_standing_is_told_to_machines_with_hyphens() {
        assert_eq!(standing_code(Standing::WaitingForYou), "waiting-for-you");
    }

    #[test]
    fn amounts_are_read_and_written_with_their_currency() {
        let read = read_money("9400.00", "EUR").unwrap();
        assert_eq!((read.minor(), read.to_string().as_str()), (940_000, "9400.00 EUR"));
        for odd in ["1.2345", "1.005", "1,005", "9 400", "9.400,00"] {
            assert!(read_money(odd, "EUR").unwrap_err().for_people().contains("--amount"), "{odd}");
        }
        assert_eq!(read_money("٩٤٠٠", "EUR").unwrap(), read);
        assert!(read_money("1", "XXQ").unwrap_err().for_people().contains("--currency"));
    }
}
