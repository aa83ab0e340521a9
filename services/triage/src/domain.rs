//! What is true of a case and what may happen next: states, decisions, refusals. No clock, no I/O.
//!
//! A [`Case`] is changed by the functions named after acts; each says no with a refusal of its own, or changes the
//! case and gives the event that tells it.

mod case;
mod clock;
mod listed;
mod money_ask;
mod needs;
mod queue;
mod recommendation;
mod references;
mod stage;
mod steps;
mod stopping;
mod taking;
mod target;
mod thread;

pub(crate) use case::{Alarms, Case};
pub(crate) use clock::OurClock;
pub(crate) use listed::{
    CheckMethod, CheckResult, Confidence, NeedKind, Outcome, PersonStatus, ReferralState, WaitsFor, listed_in,
};
pub(crate) use money_ask::{MoneyAsk, MoneyKind, MoneyState};
pub(crate) use needs::{Need, NeedRefusal, Needs, Referral};
pub(crate) use queue::{GrantStage, grants_wait_for};
pub(crate) use recommendation::{RecommendRefusal, Recommendation, Scores};
pub(crate) use references::{Check, Fingerprints, VouchRefusal, may_vouch};
pub(crate) use stage::{Ended, Pauser, Stage, Work, WrongStage};
pub(crate) use stopping::{CloseRefusal, ResumeRefusal, Stopped, Withdrawer};
pub(crate) use taking::AssignRefusal;
pub(crate) use target::{Running, Step, Target};

#[cfg(test)]
mod tests;
