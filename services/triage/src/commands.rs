//! What can be done: each command a [`flare_store::Write`] that reads from top to bottom like the sentence that describes it.
//! Those of a few lines that belong together share a file.

mod add_need;
mod begin_key_epoch;
mod closing;
mod entries;
mod money_asks;
mod outcomes;
mod persons;
mod recommend_grant;
mod references;
mod referrals;
mod seen_case;
mod set_contact_plan;
mod stopping;
mod taking;

pub(crate) use add_need::AddNeed;
pub(crate) use begin_key_epoch::BeginKeyEpoch;
pub(crate) use closing::{CloseCase, ReopenCase};
pub(crate) use entries::{AddNote, LogContact};
pub(crate) use money_asks::{ClaimMoneyAsks, ConfirmMoneyStopped};
pub(crate) use outcomes::{CoverNeed, DeclineNeed, GiveDirectly, ReopenNeed};
pub(crate) use persons::{AddPerson, SetPersonStatus};
pub(crate) use recommend_grant::RecommendGrant;
pub(crate) use references::{AddReference, CheckReference};
pub(crate) use referrals::{AnswerReferral, ReferNeed};
pub(crate) use set_contact_plan::SetContactPlan;
pub(crate) use stopping::{HoldCase, PauseCase, ResumeCase, WithdrawCase};
pub(crate) use taking::{AcknowledgeCase, AssessCase, AssignCase};

use seen_case::SeenCase;

use flare_contracts::{Refusal, common::v1::SealedField, fields::Field, input};
use flare_store::{Error, Tx};

use crate::{
    domain::{
        AssignRefusal, Case, CloseRefusal, NeedRefusal, RecommendRefusal, ResumeRefusal, VouchRefusal,
        WrongStage,
    },
    refusals::TriageRefusal,
    store,
};

macro_rules! refusals {
    ($($decision:ident),*) => {$(
        impl From<$decision> for Error {
            fn from(refusal: $decision) -> Self {
                Self::Refused(refusal.into())
            }
        }
    )*};
}

refusals!(
    WrongStage,
    AssignRefusal,
    NeedRefusal,
    RecommendRefusal,
    VouchRefusal,
    ResumeRefusal,
    CloseRefusal
);

/// The most notes of a case, and the most contacts.
const MOST_ENTRIES: usize = 1_000;
/// The most referrals of a case.
const MOST_REFERRALS: usize = 200;

/// Refuses one more of what a case has enough of.
fn at_most(what: &str, number: usize, most: usize) -> Result<(), Refusal> {
    if number < most {
        return Ok(());
    }
    Err(TriageRefusal::CaseFull { limit: most, what: what.to_owned() }.into())
}

/// A sealed field that may be left out.
fn sealed_or_none(
    field: &str,
    value: Option<&SealedField>,
    meant: &Field,
) -> Result<Option<SealedField>, Refusal> {
    value.map(|value| input::sealed(field, Some(value.clone()), meant)).transpose()
}

/// Notes when the first of the referrals that are out goes unanswered.
pub(crate) async fn referrals_changed(tx: &mut Tx, case: &mut Case) -> Result<(), Error> {
    let sent = store::sent_referrals(tx, case.id).await?;
    case.referral_due = sent.iter().map(|referral| referral.due).min();
    Ok(())
}
