//! The grants of the case.

use flare_contracts::{
    StepCode,
    events::v1::{GrantDrafted, TrancheMoved, grants_event::Event},
    grants::v1::Gate,
    input,
};
use flare_kernel::{CaseId, GrantId, Money};
use flare_messaging::Received;
use flare_store::{Error, Tx};

use super::{id, locked, show};
use crate::{
    domain::{
        grant::{Agreement, Grant, Proposal, Stage},
        payment::{Payment, Tranche},
    },
    store,
};

pub(super) async fn apply(tx: &mut Tx, received: &Received, event: &Event) -> Result<(), Error> {
    if let Event::GrantDrafted(drafted) = event {
        return begin(tx, received, drafted).await;
    }
    // A stream of grants is a grant, and its draft is its first event.
    let grant: GrantId = id(&received.stream, "stream")?;
    let Some(case) = store::grants::case_of(tx, grant).await? else { return Ok(()) };
    if locked(tx, case).await?.is_none() {
        return Ok(());
    }
    let Some(mut grant) = store::grants::find(tx, case, grant).await? else { return Ok(()) };
    if let Event::TrancheMoved(moved) = event {
        return tranche_moved(tx, received, (case, grant.id), moved).await;
    }
    let step = advance(&mut grant, received, event)?;
    store::grants::save(tx, &grant).await?;
    match step {
        Some(what) => show(tx, received, case, what, grant.id.to_string()).await,
        None => Ok(()),
    }
}

async fn begin(tx: &mut Tx, received: &Received, drafted: &GrantDrafted) -> Result<(), Error> {
    let case: CaseId = id(&drafted.case_id, "GrantDrafted.case_id")?;
    if locked(tx, case).await?.is_none() {
        return Ok(());
    }
    let grant = Grant {
        id: id(&drafted.grant_id, "GrantDrafted.grant_id")?,
        drafted_at: received.at,
        needs: drafted
            .need_ids
            .iter()
            .map(|need| id(need, "GrantDrafted.need_ids"))
            .collect::<Result<_, _>>()?,
        stage: Stage::Draft,
        proposal: Proposal::NotShown,
        proposal_message: String::new(),
        agreement: Agreement::NotShown,
        agreement_message: String::new(),
        ceiling: money(drafted.ceiling.as_ref())?,
        starts: drafted.start.clone(),
        ends: drafted.end.clone(),
        vote_due: None,
        report_due: None,
        over_at: None,
    };
    store::grants::insert(tx, case, &grant).await?;
    show(tx, received, case, StepCode::GrantDrafted, grant.id.to_string()).await
}

/// Moves the grant on, and returns the step to show, if there is one.
fn advance(grant: &mut Grant, received: &Received, event: &Event) -> Result<Option<StepCode>, Error> {
    let step = match event {
        Event::GrantRevised(revised) => {
            grant.revised(money(revised.ceiling.as_ref())?, revised.start.clone(), revised.end.clone());
            StepCode::GrantRevised
        }
        Event::ProposalShown(shown) => {
            grant.proposal = Proposal::Shown;
            grant.proposal_message.clone_from(&shown.message_id);
            StepCode::ProposalShown
        }
        Event::ProposalAccepted(accepted) => {
            grant.proposal = if accepted.agrees { Proposal::Agreed } else { Proposal::Disagreed };
            return Ok(None);
        }
        Event::GrantSubmitted(submitted) => {
            grant.stage = Stage::InApproval;
            grant.vote_due = submitted.due.as_ref().map(input::timestamp_in);
            StepCode::InApproval
        }
        Event::VoteHastened(hastened) => {
            grant.vote_due = hastened.due.as_ref().map(input::timestamp_in);
            return Ok(None);
        }
        Event::GrantReturned(_) => {
            (grant.stage, grant.vote_due) = (Stage::Draft, None);
            StepCode::GrantReturned
        }
        Event::GrantRejected(_) => {
            (grant.stage, grant.vote_due, grant.over_at) = (Stage::Rejected, None, Some(received.at));
            StepCode::GrantRejected
        }
        Event::GrantApproved(_) => {
            (grant.stage, grant.vote_due) = (Stage::Approved, None);
            StepCode::GrantApproved
        }
        Event::AgreementPosted(posted) => {
            grant.agreement = Agreement::Shown;
            grant.agreement_message.clone_from(&posted.message_id);
            StepCode::AgreementShown
        }
        Event::GateOpened(opened) if opened.gate() == Gate::Agreed => {
            grant.agreement = Agreement::Accepted;
            return Ok(None);
        }
        Event::GateClosed(closed) => {
            grant.gate_closed(closed.gate() == Gate::Agreed);
            return Ok(None);
        }
        Event::GrantActivated(activated) => {
            grant.stage = Stage::Active;
            grant.ends.clone_from(&activated.end);
            StepCode::GrantActive
        }
        Event::GrantEnded(ended) => {
            grant.stage = Stage::Reporting;
            grant.report_due = ended.report_due.as_ref().map(input::timestamp_in);
            StepCode::ReportAsked
        }
        Event::ReportDueSet(set) => {
            grant.report_due = set.report_due.as_ref().map(input::timestamp_in);
            if grant.report_due.is_none() {
                return Ok(None);
            }
            StepCode::ReportAsked
        }
        Event::ReportRecorded(recorded) => {
            // One that was put off is still due.
            grant.report_due = grant.report_due.filter(|_| recorded.how == "deferred");
            StepCode::ReportRecorded
        }
        Event::CloseProposed(_) => {
            grant.stage = Stage::Closing;
            return Ok(None);
        }
        Event::GrantClosed(_) => {
            (grant.stage, grant.report_due, grant.over_at) = (Stage::Closed, None, Some(received.at));
            StepCode::GrantClosed
        }
        Event::GrantWithdrawn(_) => {
            (grant.stage, grant.vote_due, grant.over_at) = (Stage::Withdrawn, None, Some(received.at));
            StepCode::GrantWithdrawn
        }
        Event::GrantTerminated(_) => {
            (grant.stage, grant.vote_due, grant.report_due) = (Stage::Terminated, None, None);
            grant.over_at = Some(received.at);
            StepCode::GrantTerminated
        }
        // The first two were handled before; the rest, from votes to delays, is not the requester's to see.
        Event::GrantDrafted(_)
        | Event::TrancheMoved(_)
        | Event::VoteCast(_)
        | Event::ConflictDeclared(_)
        | Event::GateOpened(_)
        | Event::PayeeEntered(_)
        | Event::FundsReserved(_)
        | Event::AdvanceAuthorised(_)
        | Event::MoneyHeld(_)
        | Event::MoneyFreed(_)
        | Event::GrantOverdue(_)
        | Event::GrantKeyBegun(_) => return Ok(None),
    };
    Ok(Some(step))
}

async fn tranche_moved(
    tx: &mut Tx,
    received: &Received,
    (case, grant): (CaseId, GrantId),
    moved: &TrancheMoved,
) -> Result<(), Error> {
    let tranche = Tranche {
        id: id(&moved.tranche_id, "TrancheMoved.tranche_id")?,
        grant,
        amount: money(moved.amount.as_ref())?,
        state: Payment::from_wire(moved.state())
            .ok_or_else(|| Error::Corrupt("TrancheMoved.state".to_owned()))?,
    };
    let earlier = store::grants::find_tranche(tx, grant, tranche.id).await?;
    store::grants::put_tranche(tx, case, received.seq, &tranche).await?;
    // A proposed write-off tells the state once more.
    let is_news = earlier.is_none_or(|earlier| earlier.state != tranche.state);
    match payment_step(tranche.state).filter(|_| is_news) {
        Some(what) => show(tx, received, case, what, tranche.id.to_string()).await,
        None => Ok(()),
    }
}

/// The step that a payment's state is; plans are no news.
const fn payment_step(state: Payment) -> Option<StepCode> {
    match state {
        Payment::Scheduled | Payment::Released => None,
        Payment::Sent => Some(StepCode::TrancheSent),
        Payment::InDoubt => Some(StepCode::TrancheInDoubt),
        Payment::Arrived => Some(StepCode::TrancheArrived),
        Payment::Returned => Some(StepCode::TrancheReturned),
        Payment::Lost => Some(StepCode::TrancheLost),
    }
}

fn money(money: Option<&flare_contracts::common::v1::Money>) -> Result<Money, Error> {
    Ok(input::money("money", money)?)
}
