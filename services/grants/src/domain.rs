//! The rules about grants: states, decisions and refusals, without clock and without I/O.
//!
//! A decision is a method of [`Grant`] that changes the value and returns the [`Events`] to log, or a [`Refused`]. What
//! follows of itself from a change, the gates and the activation, is computed in one place ([`Grant::follow`]), and so
//! are the deadlines ([`Grant::set_deadlines`]) and the timers ([`Grant::timer`]): no decision can forget any of them.

mod act;
mod agreement;
mod ending;
mod funding;
mod gates;
mod grant;
mod holding;
mod payee;
mod proposal;
mod refused;
#[cfg(test)]
pub(crate) mod samples;
mod terms;
mod timers;
mod tranche_state;
mod tranches;
mod voting;

pub(crate) use act::{Act, Stage};
pub(crate) use agreement::{Agreement, AgreementAnswer, AgreementWay};
pub(crate) use ending::{Closing, NewClose, Report, ReportKind, Reported};
pub(crate) use funding::{Advance, Reservation};
pub(crate) use gates::Verified;
pub(crate) use grant::{CaseFacts, Deadline, Draft, Epochs, Events, Grant};
pub(crate) use holding::{MoneyAsk, MoneyState};
pub(crate) use payee::{Payee, PayeeCheck, PayeeEntry};
pub(crate) use proposal::Proposal;
pub(crate) use refused::Refused;
pub(crate) use terms::Terms;
pub(crate) use timers::{TIMERS, TimerKind};
pub(crate) use tranche_state::TrancheState;
pub(crate) use tranches::{NewTranche, Settlement, Tranche};
pub(crate) use voting::{Conflict, NewVote, REVISER, Vote, Voter};

#[cfg(test)]
mod tests;
