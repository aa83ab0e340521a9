//! The events of intake: requests begin cases, and the thread says whose turn it is.

use flare_contracts::{
    codes::CHANNEL_COMPROMISED,
    common::v1 as common,
    events::v1::{
        AnswersAdded, MessagePosted, RequestSubmitted, TriageEvent, WithdrawalRequested, intake_event::Event,
    },
    intake::v1::{Listing, MessageKind},
};
use flare_kernel::{CaseId, Codename, Lane};
use flare_messaging::Received;
use flare_store::{Error, Tx};

use super::id;
use crate::{
    TriagePolicy,
    domain::{Case, Stopped, Withdrawer},
    store,
};

/// Who acts when a requester does.
const REQUESTER: &str = "requester";
/// Who acts when this service does so by itself.
const TRIAGE: &str = "system:triage";

/// Applies an event of intake.
pub(super) async fn apply(
    tx: &mut Tx,
    policy: &TriagePolicy,
    received: &Received,
    event: &Event,
) -> Result<(), Error> {
    match event {
        Event::RequestSubmitted(submitted) => open(tx, policy, received, submitted).await,
        Event::MessagePosted(posted) => message(tx, policy, posted).await,
        Event::AnswersAdded(added) => answers_added(tx, policy, received, added).await,
        Event::FileAttached(attached) if attached.by_requester => {
            requester_wrote(tx, policy, &attached.case_id, String::new()).await
        }
        Event::WithdrawalRequested(requested) => withdraw(tx, policy, requested).await,
        Event::ReceiptFrozen(frozen) if received.actor == REQUESTER => {
            code_seen(tx, policy, &frozen.case_id).await
        }
        // What staff add themselves is no news. Answers to proposals and agreements, arrivals and reports are grants'
        // business, and neither a receipt that staff issue or freeze nor a key of the thread changes anything here.
        Event::FileAttached(_)
        | Event::ReceiptIssued(_)
        | Event::ReceiptFrozen(_)
        | Event::CaseKeyBegun(_)
        | Event::ProposalAnswered(_)
        | Event::AgreementAnswered(_)
        | Event::ArrivalReported(_)
        | Event::ReportSubmitted(_) => Ok(()),
    }
}

/// A request begins a case in the lane that its answers hint at, under the first of its names that no other case has. One
/// that waited where it was sent may be overdue at once: its sender was told by when we answer.
async fn open(
    tx: &mut Tx,
    policy: &TriagePolicy,
    received: &Received,
    submitted: &RequestSubmitted,
) -> Result<(), Error> {
    let case: CaseId = id("case_id", &submitted.case_id)?;
    if store::lock_case_if_any(tx, case).await?.is_some() {
        return Ok(());
    }
    let hint = submitted.listing.as_ref().map_or(common::Lane::Unspecified, Listing::lane_hint);
    let lane = match hint {
        common::Lane::Critical => Lane::Critical,
        // Nobody can say yet: soon enough for most, and a human decides.
        common::Lane::Urgent | common::Lane::Unspecified => Lane::Urgent,
        common::Lane::Standard => Lane::Standard,
    };
    let asked_at = submitted.asked_at(received.at);
    for codename in Codename::candidates(case) {
        let (mut begun, opened) = Case::open(case, codename, lane, asked_at, policy);
        if store::begin(tx, &begun).await? {
            // Grants may have told of it before.
            begun.grants_wait = store::grants_wait(tx, case).await?;
            return store::finish(tx, &mut begun, TRIAGE, opened).await.map(drop);
        }
    }
    Err(Error::Corrupt("cases.codename".to_owned()))
}

async fn message(tx: &mut Tx, policy: &TriagePolicy, posted: &MessagePosted) -> Result<(), Error> {
    if posted.by_requester {
        return requester_wrote(tx, policy, &posted.case_id, posted.message_id.clone()).await;
    }
    let Some(mut case) = known(tx, &posted.case_id).await? else { return Ok(()) };
    match posted.kind() {
        MessageKind::Question => {
            let asked = case.question_asked(posted.message_id.clone(), tx.now(), policy);
            store::finish(tx, &mut case, TRIAGE, asked).await.map(drop)
        }
        MessageKind::Unspecified
        | MessageKind::Text
        | MessageKind::Answer
        | MessageKind::Decision
        | MessageKind::Proposal
        | MessageKind::Agreement
        | MessageKind::Report
        | MessageKind::Change
        | MessageKind::Review => {
            case.staff_wrote();
            store::save(tx, &mut case).await
        }
    }
}

async fn requester_wrote(
    tx: &mut Tx,
    policy: &TriagePolicy,
    case: &str,
    message_id: String,
) -> Result<(), Error> {
    let Some(mut case) = known(tx, case).await? else { return Ok(()) };
    let answered = case.requester_wrote(message_id, tx.now(), policy);
    store::finish(tx, &mut case, REQUESTER, answered).await.map(drop)
}

/// Answers are news where the requester wrote them. Whoever tells of danger, the case goes up.
async fn answers_added(
    tx: &mut Tx,
    policy: &TriagePolicy,
    received: &Received,
    added: &AnswersAdded,
) -> Result<(), Error> {
    let Some(mut case) = known(tx, &added.case_id).await? else { return Ok(()) };
    let mut events = Vec::<TriageEvent>::new();
    if received.actor == REQUESTER {
        events.push(case.requester_wrote(String::new(), tx.now(), policy).into());
    }
    events.extend(case.record_danger(added.danger(), tx.now(), policy).map(TriageEvent::from));
    store::finish_with(tx, &mut case, &received.actor, events).await.map(drop)
}

/// The requester withdraws: the same as when staff do it for them.
async fn withdraw(tx: &mut Tx, policy: &TriagePolicy, requested: &WithdrawalRequested) -> Result<(), Error> {
    let Some(mut case) = known(tx, &requested.case_id).await? else { return Ok(()) };
    let withdrawn = case.withdraw(Withdrawer::Requester, &requested.reason, tx.now(), policy)?;
    let events = withdrawn.map(Into::into);
    store::finish_with(tx, &mut case, REQUESTER, events).await.map(drop)
}

/// Others have seen the requester's code. Whatever was said with it may be theirs, so no money moves and nothing goes out
/// until somebody has reached the requester.
async fn code_seen(tx: &mut Tx, policy: &TriagePolicy, case: &str) -> Result<(), Error> {
    let Some(mut case) = known(tx, case).await? else { return Ok(()) };
    let Some(stopped) = case.code_seen(tx.now(), policy) else { return store::save(tx, &mut case).await };
    store::begin_stop(tx, case.id, Stopped::Paused, CHANNEL_COMPROMISED, REQUESTER).await?;
    store::finish(tx, &mut case, REQUESTER, stopped).await.map(drop)
}

/// The case, locked. None when it was erased: a case's own stream begins with its request.
async fn known(tx: &mut Tx, case: &str) -> Result<Option<Case>, Error> {
    store::lock_case_if_any(tx, id("case_id", case)?).await
}
