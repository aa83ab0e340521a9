//! What can be done: one command per file, each a [`flare_store::Write`] that reads from top to bottom like the sentence
//! that describes it.

mod acknowledge_case;
mod add_need;
mod add_note;
mod add_person;
mod add_reference;
mod answer_referral;
mod assess_case;
mod assign_case;
mod begin_key_epoch;
mod check_reference;
mod claim_money_asks;
mod close_case;
mod confirm_money_stopped;
mod decline_need;
mod end_need;
mod log_contact;
mod recommend_grant;
mod refer_need;
mod reopen_case;
mod reopen_need;
mod resume_case;
mod seen_case;
mod set_contact_plan;
mod set_person_status;
mod stop_case;
mod withdraw_case;

pub(crate) use acknowledge_case::AcknowledgeCase;
pub(crate) use add_need::AddNeed;
pub(crate) use add_note::AddNote;
pub(crate) use add_person::AddPerson;
pub(crate) use add_reference::AddReference;
pub(crate) use answer_referral::AnswerReferral;
pub(crate) use assess_case::AssessCase;
pub(crate) use assign_case::AssignCase;
pub(crate) use begin_key_epoch::BeginKeyEpoch;
pub(crate) use check_reference::CheckReference;
pub(crate) use claim_money_asks::ClaimMoneyAsks;
pub(crate) use close_case::CloseCase;
pub(crate) use confirm_money_stopped::ConfirmMoneyStopped;
pub(crate) use decline_need::DeclineNeed;
pub(crate) use end_need::EndNeed;
pub(crate) use log_contact::LogContact;
pub(crate) use recommend_grant::RecommendGrant;
pub(crate) use refer_need::ReferNeed;
pub(crate) use reopen_case::ReopenCase;
pub(crate) use reopen_need::ReopenNeed;
pub(crate) use resume_case::ResumeCase;
pub(crate) use set_contact_plan::SetContactPlan;
pub(crate) use set_person_status::SetPersonStatus;
pub(crate) use stop_case::StopCase;
pub(crate) use withdraw_case::WithdrawCase;

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
