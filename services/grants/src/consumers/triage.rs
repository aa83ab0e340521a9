//! The case: its lane, its references, and whether its money may move.

use flare_contracts::{
    events::v1::{ReferenceChecked, triage_event::Event},
    input,
    triage::v1::{CheckResult, Confidence, Outcome},
};
use flare_kernel::{CaseId, Lane};
use flare_messaging::Received;
use flare_store::{Error, Tx};

use super::{id, to_each_grant};
use crate::{
    GrantsPolicy,
    commands::{LockedGrant, SYSTEM, hold_case},
    domain::{Events, MoneyAsk},
    store,
};

pub(super) async fn apply(
    tx: &mut Tx,
    event: &Event,
    received: &Received,
    policy: &GrantsPolicy,
) -> Result<(), Error> {
    note(tx, event, received, policy).await?;
    let Some(ask) = MoneyAsk::of_event(event) else { return Ok(()) };
    let case = locked(tx, &received.stream).await?;
    hold_case(tx, case, (ask, received.seq), policy).await
}

/// Notes what an event tells but for what it asks about money.
async fn note(tx: &mut Tx, event: &Event, received: &Received, policy: &GrantsPolicy) -> Result<(), Error> {
    match event {
        Event::CaseOpened(opened) => {
            let case = locked(tx, &opened.case_id).await?;
            store::cases::set_codename(tx, case, &input::codename("codename", &opened.codename)?).await?;
            set_lane(tx, policy, &opened.case_id, opened.lane).await
        }
        Event::CaseAssessed(assessed) => set_lane(tx, policy, &assessed.case_id, assessed.lane).await,
        Event::LaneRaised(raised) => set_lane(tx, policy, &raised.case_id, raised.lane).await,
        Event::GrantRecommended(recommended) => {
            set_lane(tx, policy, &recommended.case_id, recommended.lane).await?;
            let case = locked(tx, &recommended.case_id).await?;
            for need in &recommended.need_ids {
                store::cases::recommend(tx, case, id("need_ids", need)?).await?;
            }
            Ok(())
        }
        // Its recommendation was taken back.
        Event::NeedEnded(ended) if ended.outcome() == Outcome::Open => {
            let case = locked(tx, &ended.case_id).await?;
            store::cases::take_back_need(tx, case, id("need_id", &ended.need_id)?).await
        }
        Event::ReferenceAdded(added) => {
            let case = locked(tx, &added.case_id).await?;
            store::cases::add_reference(tx, case, &added.reference_id, &added.fingerprint).await?;
            let add = |locked: &mut LockedGrant| locked.grant.reference_added(&added.fingerprint);
            to_each_grant(tx, case, SYSTEM, policy, add).await
        }
        Event::ReferenceChecked(checked) => {
            let case = locked(tx, &checked.case_id).await?;
            let (confirmed, by) = (confirms(checked), received.actor.as_str());
            store::cases::set_confirmed(tx, case, &checked.reference_id, confirmed, by).await?;
            to_each_grant(tx, case, SYSTEM, policy, |locked| {
                locked.grant.verify(locked.case.confirmed_for(locked.grant.proposer));
                Events::new()
            })
            .await
        }
        Event::CaseReopened(reopened) => {
            let case = locked(tx, &reopened.case_id).await?;
            store::cases::set_closed(tx, case, false).await
        }
        Event::CaseClosed(closed) => {
            let case = locked(tx, &closed.case_id).await?;
            store::cases::set_closed(tx, case, true).await
        }
        // What stops a case or lets it go on is about money alone. What is said, assigned, noted and asked is nothing to
        // grants, and a need that ended was not waiting for a grant: one for which a grant was recommended ends only after
        // that was taken back.
        Event::CaseStopped(_)
        | Event::CaseResumed(_)
        | Event::CaseAcknowledged(_)
        | Event::CaseAssigned(_)
        | Event::ContactPlanSet(_)
        | Event::PersonAdded(_)
        | Event::PersonStatusSet(_)
        | Event::NeedAdded(_)
        | Event::NoteAdded(_)
        | Event::ContactLogged(_)
        | Event::QuestionAsked(_)
        | Event::RequesterAnswered(_)
        | Event::NeedEnded(_)
        | Event::NeedReferred(_)
        | Event::ReferralAnswered(_)
        | Event::ReferralUnanswered(_)
        | Event::MoneyStopped(_)
        | Event::CaseOverdue(_)
        | Event::WelfareCheckDue(_)
        | Event::NotesKeyBegun(_) => Ok(()),
    }
}

async fn locked(tx: &mut Tx, case: &str) -> Result<CaseId, Error> {
    let case: CaseId = id("case_id", case)?;
    tx.lock(&[&case]).await?;
    Ok(case)
}

/// A grant is worked on in its case's lane.
async fn set_lane(tx: &mut Tx, policy: &GrantsPolicy, case: &str, lane: i32) -> Result<(), Error> {
    let lane: Lane = input::lane("lane", lane)?;
    let case = locked(tx, case).await?;
    store::cases::set_lane(tx, case, lane).await?;
    let now = tx.now();
    to_each_grant(tx, case, SYSTEM, policy, |locked| locked.grant.set_lane(lane, now, policy)).await
}

/// Whether a check confirms: it is independent and sure enough. It stands for its reference from then on, as it does in
/// triage, whatever an earlier one found.
fn confirms(checked: &ReferenceChecked) -> bool {
    let sure = match checked.confidence() {
        Confidence::Medium | Confidence::High => true,
        Confidence::Unspecified | Confidence::Low => false,
    };
    match checked.result() {
        CheckResult::Confirms => sure && checked.independent,
        CheckResult::Contradicts | CheckResult::CannotSay | CheckResult::Unspecified => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_independent_and_sure_check_confirms() {
        use CheckResult::{CannotSay, Confirms, Contradicts};
        use Confidence::{High, Low, Medium};
        for (result, confidence, independent, expected) in [
            (Confirms, High, true, true),
            (Confirms, Medium, true, true),
            (Confirms, Low, true, false),
            (Confirms, High, false, false),
            (Contradicts, High, true, false),
            (CannotSay, High, true, false),
        ] {
            let checked = ReferenceChecked {
                result: result.into(),
                confidence: confidence.into(),
                independent,
                ..ReferenceChecked::default()
            };
            assert_eq!(confirms(&checked), expected, "{result:?} {confidence:?} {independent}");
        }
    }
}
