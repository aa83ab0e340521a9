//! The tables, and what breaking each rule of theirs means to a caller.
//!
//! The decisions refuse all of these first. The constraints are the last line of defence, and say the same.

use flare_contracts::InputRule;
use flare_store::{ConstraintRefusal, Migration, Schema};

use crate::{
    domain::Refused,
    refusals::{GrantsRefusal, GrantsRule},
};

/// A rule of the tables, by its name on PostgreSQL and its columns on SQLite, and its refusal.
macro_rules! rules {
    ($($name:literal $columns:literal => $refusal:expr,)*) => {
        &[$(ConstraintRefusal { name: $name, columns: $columns, refusal: || $refusal.into() },)*]
    };
}

/// The tables of grants.
pub const SCHEMA: Schema = Schema {
    name: "grants",
    migrations: &[Migration {
        version: 1000,
        name: "grants",
        sql: include_str!("../migrations/1000_grants.sql"),
    }],
    refusals: rules! {
        "grants_within_ceiling" "" => GrantsRefusal::BeyondCeiling,
        "grants_dates" "" => GrantsRefusal::WrongDates,
        "grants_override_by_another" "" => Refused::ByProposer("override its verification"),
        "grants_votes_of_two" "" => Refused::field("votes_required", InputRule::OutOfRange { least: 2, most: 9 }),
        "grants_voted_by_enough" "" => GrantsRefusal::VotesMissing,
        "grants_funded_in_full" "" => GrantsRefusal::FundsMissing,
        "grants_money_after_the_votes" "" => GrantsRefusal::VotesMissing,
        "grants_active_through_five_gates" "" => GrantsRefusal::NotThroughGates,
        "grant_needs_once" "grant_needs.grant_id, grant_needs.need_id" =>
            Refused::field("terms.need_ids", InputRule::Twice),
        "votes_once" "votes.grant_id, votes.round, votes.voter" => Refused::AlreadyVoted,
        "votes_not_proposer" "" => Refused::ByProposer("vote on it"),
        "conflicts_once" "conflicts.grant_id, conflicts.approver" => Refused::ConflictKnown,
        "payees_checked_by_another" "" => Refused::EnteredBySame("check it"),
        "payees_checked_is_no_reference" "" => Refused::PayeeIsReference,
        "agreements_one_way" "" => Refused::field("agreed_by", GrantsRule::BesideMessage),
        "agreements_witnessed" "" => Refused::field("witness", GrantsRule::NoOtherWitness),
        "advances_by_two" "" => Refused::AdvanceBySame,
        "advances_not_proposer" "" => Refused::ByProposer("authorise its advance"),
        "tranches_once" "tranches.tranche_id" => GrantsRefusal::TrancheIdReused,
        "tranches_released_by_another" "" => Refused::ByProposer("release its money"),
        "tranches_money_was_released" "" => GrantsRefusal::NotReleased,
        "tranches_arrived_within" "" => GrantsRefusal::MoreThanSent,
        "advances_within" "" => GrantsRefusal::BeyondAdvance,
        "tranches_returned_by_another" "" => Refused::ReleasedBySame("note that its money came back"),
        "tranches_lost_by_two" "" => Refused::WriteOffBySame,
        "closings_by_two" "" => Refused::CloseBySame,
    },
};
