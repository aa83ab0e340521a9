//! The tables, and what breaking each rule of theirs means to a caller.
//!
//! The decisions refuse all of these first. The constraints are the last line of defence, and say the same.

use flare_contracts::{Kind, Refusal};
use flare_store::{ConstraintRefusal, Migration, Schema};

/// A rule of the tables, by its name on PostgreSQL and its columns on SQLite, and its refusal.
macro_rules! rules {
    ($($name:literal $columns:literal => $kind:ident $reason:literal $message:literal,)*) => {
        &[$(ConstraintRefusal {
            name: $name,
            columns: $columns,
            refusal: || Refusal::new(Kind::$kind, $reason, $message),
        },)*]
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
        "grants_within_ceiling" "" => State "OVER_CEILING" "the payments would come to more than the ceiling",
        "grants_dates" "" => State "WRONG_DATES" "the end and the pay-by date are not before the start",
        "grants_override_by_another" "" => State "BY_PROPOSER"
            "nobody decides alone: whoever proposed the grant cannot override its verification",
        "grants_votes_of_two" "" => Invalid "INVALID_FIELD" "a grant requires 2 to 9 votes",
        "grants_voted_by_enough" "" => State "VOTES_MISSING" "a grant is approved by as many votes as it requires",
        "grants_funded_in_full" "" => State "FUNDS_MISSING" "a grant is funded when its whole ceiling is reserved",
        "grants_money_after_the_votes" "" => State "VOTES_MISSING" "a grant is approved by its votes only",
        "grants_active_through_five_gates" "" => State "GATES_CLOSED" "a grant is active through five open gates only",
        "grant_needs_once" "grant_needs.grant_id, grant_needs.need_id" => Invalid "INVALID_FIELD"
            "a need stands once in a grant",
        "votes_once" "votes.grant_id, votes.round, votes.voter" => State "ALREADY_VOTED"
            "you have voted in this round already; a vote cannot be changed",
        "votes_not_proposer" "" => State "BY_PROPOSER"
            "nobody decides alone: whoever proposed the grant cannot vote on it",
        "conflicts_once" "conflicts.grant_id, conflicts.approver" => State "CONFLICT_KNOWN"
            "you have declared a conflict of interest already",
        "payees_checked_by_another" "" => State "ENTERED_BY_SAME_PERSON"
            "the payee was entered by you; somebody else has to check it",
        "payees_checked_is_no_reference" "" => State "PAYEE_IS_REFERENCE"
            "the payee is one of the case's references; a reference is never the payee",
        "agreements_one_way" "" => Invalid "INVALID_FIELD" "an agreement is posted or given by voice",
        "agreements_witnessed" "" => Invalid "INVALID_FIELD"
            "an agreement by voice has a witness other than who records it and who proposed the grant",
        "advances_by_two" "" => State "ADVANCE_BY_SAME_PERSON"
            "you have authorised this advance already; it needs a second person",
        "advances_not_proposer" "" => State "BY_PROPOSER"
            "nobody decides alone: whoever proposed the grant cannot authorise its advance",
        "tranches_once" "tranches.tranche_id" => Reused "TRANCHE_ID_REUSED"
            "a payment with this id was scheduled already; draw a new id",
        "tranches_released_by_another" "" => State "BY_PROPOSER"
            "nobody decides alone: whoever proposed the grant cannot release its money",
        "tranches_money_was_released" "" => State "WRONG_TRANCHE_STATE" "a payment is released before it is sent",
        "tranches_arrived_within" "" => State "WRONG_TRANCHE_STATE" "at most what was sent arrives",
        "advances_within" "" => State "OVER_ADVANCE" "the payments would come to more than the advance",
        "tranches_returned_by_another" "" => State "RELEASED_BY_SAME_PERSON"
            "somebody other than who proposed the grant or released the payment confirms that it came back",
        "tranches_lost_by_two" "" => State "WRITE_OFF_BY_SAME_PERSON" "a loss is written off by two people",
        "closings_by_two" "" => State "CLOSE_BY_SAME_PERSON"
            "you proposed this close; above the light threshold somebody else has to confirm it",
    },
};
