//! The work on the case.

use flare_contracts::{
    StepCode,
    common::v1::NeedKind,
    events::v1::{NeedAdded, NeedEnded, triage_event::Event},
    input,
    triage::v1::Outcome,
};
use flare_kernel::{CaseId, Lane, NeedId};
use flare_messaging::Received;
use flare_store::{Error, Tx};
use prost_types::Timestamp;

use super::{id, locked, show};
use crate::{
    domain::{
        case_view::Stop,
        need::{Need, NeedOutcome},
    },
    store,
};

pub(super) async fn apply(tx: &mut Tx, received: &Received, event: &Event) -> Result<(), Error> {
    // A stream of triage is a case.
    let case: CaseId = id(&received.stream, "stream")?;
    let Some(mut view) = locked(tx, case).await? else { return Ok(()) };
    match event {
        Event::CaseOpened(opened) => {
            let codename = input::codename("CaseOpened.codename", &opened.codename)?;
            view.opened(codename, lane(opened.lane)?, at(opened.acknowledge_by.as_ref()));
        }
        Event::CaseAcknowledged(acknowledged) => {
            view.acknowledged(at(acknowledged.assess_by.as_ref()));
            show(tx, received, case, StepCode::Acknowledged, "").await?;
        }
        Event::CaseAssessed(assessed) => {
            view.assessed(lane(assessed.lane)?, at(assessed.outcome_by.as_ref()));
            show(tx, received, case, StepCode::Assessed, "").await?;
        }
        Event::LaneRaised(raised) => view.raised(lane(raised.lane)?, at(raised.due.as_ref())),
        Event::ContactLogged(contact) => {
            if contact.inbound {
                view.record_contact(received.at);
            }
        }
        Event::QuestionAsked(question) => {
            show(tx, received, case, StepCode::QuestionAsked, question.message_id.clone()).await?;
        }
        Event::NeedAdded(added) => {
            store::view::insert_need(tx, case, received.seq, &new_need(received, added)?).await?;
        }
        Event::NeedEnded(ended) => need_ended(tx, received, case, ended).await?,
        Event::GrantRecommended(recommended) => {
            for need in &recommended.need_ids {
                set(tx, received, case, need, (NeedOutcome::Recommended, "")).await?;
            }
            view.answer_by = at(recommended.draft_by.as_ref());
            show(tx, received, case, StepCode::HelpRecommended, "").await?;
        }
        Event::NeedReferred(referred) => {
            set(tx, received, case, &referred.need_id, (NeedOutcome::Referred, "")).await?;
            show(tx, received, case, StepCode::NeedReferred, referred.need_id.as_str()).await?;
        }
        Event::ReferralAnswered(answered) => {
            let (outcome, what) = if answered.accepted {
                (NeedOutcome::Referred, StepCode::ReferralAccepted)
            } else {
                (NeedOutcome::Open, StepCode::ReferralRefused)
            };
            set(tx, received, case, &answered.need_id, (outcome, "")).await?;
            show(tx, received, case, what, answered.need_id.as_str()).await?;
        }
        Event::ReferralUnanswered(unanswered) => {
            set(tx, received, case, &unanswered.need_id, (NeedOutcome::Open, "")).await?;
            show(tx, received, case, StepCode::ReferralUnanswered, unanswered.need_id.as_str()).await?;
        }
        Event::CaseStopped(stopped) => {
            let how = stop(&stopped.how)?;
            view.stopped(how);
            show(tx, received, case, step_of_stop(how), "").await?;
        }
        Event::MoneyStopped(_) => {
            view.money_stopped = true;
            show(tx, received, case, StepCode::MoneyStopped, "").await?;
        }
        Event::CaseResumed(_) => {
            view.resumed();
            show(tx, received, case, StepCode::Resumed, "").await?;
        }
        Event::CaseClosed(_) => {
            view.closed();
            show(tx, received, case, StepCode::Closed, "").await?;
        }
        Event::CaseReopened(_) => {
            view.reopened();
            show(tx, received, case, StepCode::Reopened, "").await?;
        }
        // Who works on it and how, who it is about, who vouches, what is late: not the requester's to see. What they
        // answered, they wrote here themselves.
        Event::CaseAssigned(_)
        | Event::ContactPlanSet(_)
        | Event::PersonAdded(_)
        | Event::PersonStatusSet(_)
        | Event::NoteAdded(_)
        | Event::RequesterAnswered(_)
        | Event::ReferenceAdded(_)
        | Event::ReferenceChecked(_)
        | Event::CaseOverdue(_)
        | Event::WelfareCheckDue(_)
        | Event::NotesKeyBegun(_) => return Ok(()),
    }
    store::view::save(tx, &view).await
}

async fn need_ended(tx: &mut Tx, received: &Received, case: CaseId, ended: &NeedEnded) -> Result<(), Error> {
    let outcome = Outcome::try_from(ended.outcome).ok().and_then(NeedOutcome::from_triage);
    let outcome = outcome.ok_or_else(|| Error::Corrupt("NeedEnded.outcome".to_owned()))?;
    // Of the other outcomes the reason is for staff.
    let reason = if outcome == NeedOutcome::Declined { ended.reason.as_str() } else { "" };
    set(tx, received, case, &ended.need_id, (outcome, reason)).await?;
    let what = match outcome {
        NeedOutcome::Open => StepCode::NeedOpen,
        NeedOutcome::Given => StepCode::NeedGiven,
        NeedOutcome::Recommended => StepCode::HelpRecommended,
        NeedOutcome::Covered => StepCode::NeedCovered,
        NeedOutcome::Referred => StepCode::NeedReferred,
        NeedOutcome::Declined => StepCode::NeedDeclined,
    };
    show(tx, received, case, what, ended.need_id.clone()).await
}

async fn set(
    tx: &mut Tx,
    received: &Received,
    case: CaseId,
    need: &str,
    (outcome, reason): (NeedOutcome, &str),
) -> Result<(), Error> {
    let need: NeedId = id(need, "need_id")?;
    store::view::set_need(tx, case, need, (outcome, reason), received.at).await
}

fn new_need(received: &Received, added: &NeedAdded) -> Result<Need, Error> {
    Ok(Need {
        id: id(&added.need_id, "NeedAdded.need_id")?,
        kind: NeedKind::try_from(added.kind).map_err(|_| Error::Corrupt("NeedAdded.kind".to_owned()))?,
        outcome: NeedOutcome::Open,
        reason: String::new(),
        since: received.at,
    })
}

fn stop(how: &str) -> Result<Stop, Error> {
    let found = [Stop::Withdrawn, Stop::Paused, Stop::Held].into_iter().find(|stop| stop.as_str() == how);
    found.ok_or_else(|| Error::Corrupt("CaseStopped.how".to_owned()))
}

/// An inquiry is not announced to whom it may be about.
const fn step_of_stop(how: Stop) -> StepCode {
    match how {
        Stop::Withdrawn => StepCode::Withdrawn,
        Stop::None | Stop::Paused | Stop::Held => StepCode::Paused,
    }
}

fn lane(number: i32) -> Result<Lane, Error> {
    Ok(input::lane("lane", number)?)
}

fn at(timestamp: Option<&Timestamp>) -> Option<flare_kernel::Timestamp> {
    timestamp.map(input::timestamp_in)
}
