//! The rules about grants: states, decisions and refusals, without clock and without I/O.
//!
//! A decision is a method of [`Grant`] that changes the value and returns the [`Facts`] to log, or a [`Refused`]. What
//! follows of itself from a change, the gates and the activation, is computed in one place ([`Grant::follow`]), and so
//! are the deadlines ([`Grant::set_deadlines`]) and the timers ([`Grant::timer`]): no decision can forget any of them.

mod act;
mod agreement;
mod code;
mod ending;
mod funding;
mod gates;
mod grant;
mod holding;
mod payee;
#[cfg(test)]
mod properties;
mod proposal;
mod refused;
#[cfg(test)]
pub(crate) mod samples;
mod terms;
mod timers;
mod tranches;
mod voting;

pub(crate) use act::{Act, Stage};
pub(crate) use agreement::{Agreement, AgreementAnswer, AgreementWay, VOICE};
pub(crate) use code::UnknownCode;
pub(crate) use ending::{
    CLOSE_OUTCOMES, Closing, NewClose, REPORT_REASONS, Report, ReportKind, Reported, TERMINATE_REASONS,
};
pub(crate) use funding::{Advance, Reservation};
pub(crate) use gates::{OVERRIDE_REASONS, Verified};
pub(crate) use grant::{CaseFacts, Deadline, Draft, Epochs, Facts, Grant};
pub(crate) use holding::{ABANDON_REASONS, MoneyAsk, MoneyState};
pub(crate) use payee::{Payee, PayeeCheck, PayeeEntry};
pub(crate) use proposal::{Proposal, TOLD_BY};
pub(crate) use refused::Refused;
pub(crate) use terms::{PAYEE, SEALED_TERMS, Terms};
pub(crate) use timers::{TIMERS, TimerKind};
pub(crate) use tranches::{NewTranche, Settlement, Tranche, TrancheState, WRITE_OFF_REASONS};
pub(crate) use voting::{CONFLICT_REASONS, Conflict, NewVote, REVISER, Vote, Voter};
