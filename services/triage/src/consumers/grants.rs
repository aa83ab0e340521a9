//! The events of grants: what becomes of the needs that grants are for, and who is paid.

use flare_contracts::events::v1::{PayeeEntered, grants_event::Event};
use flare_kernel::{CaseId, GrantId, NeedId};
use flare_store::{Error, Tx};

use super::id;
use crate::{
    TriagePolicy,
    domain::{Case, GrantStage, Need},
    store,
};

/// Applies an event of grants.
pub(super) async fn apply(tx: &mut Tx, policy: &TriagePolicy, event: &Event) -> Result<(), Error> {
    match event {
        Event::GrantDrafted(drafted) => {
            let (case, grant) = locked(tx, &drafted.case_id, &drafted.grant_id).await?;
            for need in &drafted.need_ids {
                store::add_grant_need(tx, case, grant, id("need_id", need)?).await?;
            }
            store::set_grant_stage(tx, case, grant, GrantStage::Draft).await?;
            drafted_for(tx, policy, case).await
        }
        Event::GrantRevised(at) => stage(tx, &at.case_id, &at.grant_id, GrantStage::Draft).await,
        Event::GrantReturned(at) => stage(tx, &at.case_id, &at.grant_id, GrantStage::Draft).await,
        Event::GrantSubmitted(at) => stage(tx, &at.case_id, &at.grant_id, GrantStage::InApproval).await,
        Event::GrantApproved(approved) => {
            let (case, grant) = locked(tx, &approved.case_id, &approved.grant_id).await?;
            store::set_grant_stage(tx, case, grant, GrantStage::Approved).await?;
            granted(tx, policy, case, grant, &approved.need_ids).await
        }
        Event::GrantActivated(at) => stage(tx, &at.case_id, &at.grant_id, GrantStage::Active).await,
        // No money moves any more; the gate opens anew and is told with another activation.
        Event::GateClosed(at) => {
            let (case, grant) = locked(tx, &at.case_id, &at.grant_id).await?;
            store::grant_no_longer_active(tx, case, grant).await?;
            turn_changed(tx, case).await
        }
        Event::GrantEnded(at) => stage(tx, &at.case_id, &at.grant_id, GrantStage::Reporting).await,
        Event::CloseProposed(at) => stage(tx, &at.case_id, &at.grant_id, GrantStage::Closing).await,
        Event::GrantClosed(at) => stage(tx, &at.case_id, &at.grant_id, GrantStage::Closed).await,
        Event::GrantRejected(at) => {
            came_to_nothing(tx, policy, &at.case_id, &at.grant_id, GrantStage::Rejected).await
        }
        Event::GrantWithdrawn(at) => {
            came_to_nothing(tx, policy, &at.case_id, &at.grant_id, GrantStage::Withdrawn).await
        }
        // What a terminated grant was for is not answered: a human decides anew.
        Event::GrantTerminated(at) => {
            came_to_nothing(tx, policy, &at.case_id, &at.grant_id, GrantStage::Terminated).await
        }
        Event::PayeeEntered(entered) => payee(tx, entered).await,
        // How a grant comes about and how its money moves does not change where its case stands.
        Event::ProposalShown(_)
        | Event::ProposalAccepted(_)
        | Event::VoteCast(_)
        | Event::ConflictDeclared(_)
        | Event::GateOpened(_)
        | Event::AgreementPosted(_)
        | Event::FundsReserved(_)
        | Event::AdvanceAuthorised(_)
        | Event::TrancheMoved(_)
        | Event::ReportRecorded(_)
        | Event::MoneyHeld(_)
        | Event::MoneyFreed(_)
        | Event::GrantOverdue(_)
        | Event::GrantKeyBegun(_)
        | Event::VoteHastened(_)
        | Event::ReportDueSet(_) => Ok(()),
    }
}

/// Locks the case a grant is for, so that nobody decides about it meanwhile.
async fn locked(tx: &mut Tx, case: &str, grant: &str) -> Result<(CaseId, GrantId), Error> {
    let (case, grant) = (id("case_id", case)?, id("grant_id", grant)?);
    tx.lock(&[&case]).await?;
    Ok((case, grant))
}

async fn stage(tx: &mut Tx, case: &str, grant: &str, stage: GrantStage) -> Result<(), Error> {
    let (case, grant) = locked(tx, case, grant).await?;
    store::set_grant_stage(tx, case, grant, stage).await?;
    turn_changed(tx, case).await
}

/// The case, if it has begun here, and whom its grants wait for now.
async fn found(tx: &mut Tx, case: CaseId) -> Result<Option<Case>, Error> {
    let Some(mut case) = store::find_case(tx, case).await? else { return Ok(None) };
    case.grants_wait = store::grants_wait(tx, case.id).await?;
    Ok(Some(case))
}

/// A grant has moved on: it may be somebody else's turn.
async fn turn_changed(tx: &mut Tx, case: CaseId) -> Result<(), Error> {
    match found(tx, case).await? {
        Some(mut case) => store::save(tx, &mut case).await,
        None => Ok(()),
    }
}

/// What was to be drafted is. Where grants heard of a close only after somebody had drafted a grant, the case is in sight
/// again, for it has one that is open.
async fn drafted_for(tx: &mut Tx, policy: &TriagePolicy, case: CaseId) -> Result<(), Error> {
    let Some(mut case) = found(tx, case).await? else { return Ok(()) };
    let needs = store::needs(tx, case.id).await?;
    case.show_in_queue_again();
    case.recount(&needs, tx.now(), policy);
    store::save(tx, &mut case).await
}

/// A grant was approved: its needs have it.
async fn granted(
    tx: &mut Tx,
    policy: &TriagePolicy,
    case: CaseId,
    grant: GrantId,
    named: &[String],
) -> Result<(), Error> {
    let mut ids = Vec::with_capacity(named.len());
    for need in named {
        let need = id("need_id", need)?;
        store::add_grant_need(tx, case, grant, need).await?;
        ids.push(need);
    }
    let mut needs = store::needs(tx, case).await?;
    let changed = needs.granted(&ids);
    save_changed(tx, policy, case, &changed).await
}

/// A grant came to nothing: what no other grant helps with is open again, and its case is ours again.
async fn came_to_nothing(
    tx: &mut Tx,
    policy: &TriagePolicy,
    case: &str,
    grant: &str,
    stage: GrantStage,
) -> Result<(), Error> {
    let (case, grant) = locked(tx, case, grant).await?;
    store::set_grant_stage(tx, case, grant, stage).await?;
    let left: Vec<NeedId> = store::needs_left_by_grant(tx, case, grant).await?;
    let mut needs = store::needs(tx, case).await?;
    let changed = needs.open_again_after_grant(&left);
    save_changed(tx, policy, case, &changed).await
}

/// Saves needs and what follows for their case. No event of ours: grants' own has told it to everyone who listens.
async fn save_changed(
    tx: &mut Tx,
    policy: &TriagePolicy,
    case: CaseId,
    changed: &[Need],
) -> Result<(), Error> {
    if changed.is_empty() {
        return turn_changed(tx, case).await;
    }
    for need in changed {
        store::save_need(tx, case, need).await?;
    }
    let needs = store::needs(tx, case).await?;
    let Some(mut case) = found(tx, case).await? else { return Ok(()) };
    case.recount(&needs, tx.now(), policy);
    store::save(tx, &mut case).await
}

/// Whoever is paid cannot vouch.
async fn payee(tx: &mut Tx, entered: &PayeeEntered) -> Result<(), Error> {
    let (case, _) = locked(tx, &entered.case_id, &entered.grant_id).await?;
    let value: Result<[u8; 32], _> = entered.fingerprint.as_slice().try_into();
    let value = value.map_err(|_| Error::Corrupt("an event's fingerprint".to_owned()))?;
    store::add_fingerprint(tx, case, "payee", &value).await
}
