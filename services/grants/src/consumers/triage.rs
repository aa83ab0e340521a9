//! The case: its lane, its references, and whether its money may move.

use flare_contracts::{
    events::v1::{ReferenceChecked, triage_event::Event},
    input,
    triage::v1::{CheckResult, Confidence},
};
use flare_kernel::{CaseId, Lane};
use flare_messaging::Received;
use flare_store::{Error, Tx};

use super::{id, to_each_grant};
use crate::{
    GrantsPolicy,
    commands::hold_money::hold_case,
    domain::{Facts, MoneyAsk, MoneyState},
    store,
};

/// Who acts here.
const SYSTEM: &str = "system:grants";

pub(super) async fn apply(
    tx: &mut Tx,
    event: &Event,
    received: &Received,
    policy: &GrantsPolicy,
) -> Result<(), Error> {
    match event {
        Event::CaseOpened(opened) => set_lane(tx, &opened.case_id, opened.lane).await,
        Event::CaseAssessed(assessed) => set_lane(tx, &assessed.case_id, assessed.lane).await,
        Event::GrantRecommended(recommended) => set_lane(tx, &recommended.case_id, recommended.lane).await,
        Event::ReferenceAdded(added) => {
            let case = locked(tx, &added.case_id).await?;
            store::cases::add_reference(tx, case, &added.reference_id, &added.fingerprint).await?;
            to_each_grant(tx, case, SYSTEM, |open| open.grant.reference_added(&added.fingerprint)).await
        }
        Event::ReferenceChecked(checked) => {
            let Some(confirmed) = confirms(checked) else { return Ok(()) };
            let case = locked(tx, &checked.case_id).await?;
            store::cases::set_confirmed(tx, case, &checked.reference_id, confirmed).await?;
            to_each_grant(tx, case, SYSTEM, |open| {
                open.grant.verify(open.case.confirmed);
                Facts::new()
            })
            .await
        }
        Event::CaseStopped(stopped) => {
            let case = locked(tx, &stopped.case_id).await?;
            // Whatever else a case may come to be stopped by, its money does not move.
            let hold = if stopped.how == "withdrawn" { MoneyAsk::Stop } else { MoneyAsk::Hold };
            hold_case(tx, case, hold, SYSTEM, policy).await.map(drop)
        }
        Event::CaseResumed(resumed) => {
            let case = locked(tx, &resumed.case_id).await?;
            if is_older_than_a_hold(tx, case, received).await? {
                return Ok(());
            }
            hold_case(tx, case, MoneyAsk::Free, SYSTEM, policy).await.map(drop)
        }
        Event::CaseReopened(reopened) => {
            let case = locked(tx, &reopened.case_id).await?;
            if is_older_than_a_hold(tx, case, received).await? {
                return Ok(());
            }
            // What was withdrawn stays so; new grants may be drafted.
            store::cases::set_money(tx, case, MoneyState::Free).await
        }
        // What is said, assigned, noted and asked moves no money; a need's end and a close are triage's own.
        Event::CaseAcknowledged(_)
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
        | Event::CaseClosed(_)
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
async fn set_lane(tx: &mut Tx, case: &str, lane: i32) -> Result<(), Error> {
    let lane: Lane = input::lane("lane", lane)?;
    let case = locked(tx, case).await?;
    store::cases::set_lane(tx, case, lane).await?;
    to_each_grant(tx, case, SYSTEM, |open| {
        open.grant.lane = lane;
        Facts::new()
    })
    .await
}

/// What a check changes: it confirms when it is independent and sure enough, and no longer when it contradicts. One
/// that cannot say, or is neither independent nor sure, leaves what other checks of the reference found.
fn confirms(checked: &ReferenceChecked) -> Option<bool> {
    let sure = match checked.confidence() {
        Confidence::Medium | Confidence::High => true,
        Confidence::Unspecified | Confidence::Low => false,
    };
    match checked.result() {
        CheckResult::Confirms => (sure && checked.independent).then_some(true),
        CheckResult::Contradicts => Some(false),
        CheckResult::CannotSay | CheckResult::Unspecified => None,
    }
}

/// Whether triage has asked for a hold directly since this happened: the question travels faster than the events, and
/// a resumption from before it must not lift it.
async fn is_older_than_a_hold(tx: &mut Tx, case: CaseId, received: &Received) -> Result<bool, Error> {
    Ok(received.at < store::cases::hold_asked_at(tx, case).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_independent_and_sure_check_confirms() {
        use CheckResult::{CannotSay, Confirms, Contradicts};
        use Confidence::{High, Low, Medium};
        for (result, confidence, independent, expected) in [
            (Confirms, High, true, Some(true)),
            (Confirms, Medium, true, Some(true)),
            (Confirms, Low, true, None),
            (Confirms, High, false, None),
            (Contradicts, Low, false, Some(false)),
            (CannotSay, High, true, None),
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
