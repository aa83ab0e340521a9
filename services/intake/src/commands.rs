//! What changes something. Commands of a few lines that belong together share a file.

mod add_answers;
mod attach_file;
mod begin_key_epoch;
mod grant_answers;
mod new_case;
mod open_request;
mod post_message;
mod receipts;
mod submit_request;
mod withdraw;

pub(crate) use add_answers::AddAnswers;
pub(crate) use attach_file::{AttachFile, Begin, BeginUpload};
pub(crate) use begin_key_epoch::BeginKeyEpoch;
pub(crate) use grant_answers::{AnswerAgreement, AnswerProposal, ReportArrival, SubmitReport};
pub(crate) use open_request::{OpenRequest, ReserveCase};
pub(crate) use post_message::PostMessage;
pub(crate) use receipts::{FreezeReceipt, Freezer, IssueReceipt};
pub(crate) use submit_request::{Sender, SubmitRequest};
pub(crate) use withdraw::Withdraw;

use flare_contracts::{Refusal, StepCode, common::v1::SignedAct, intake::v1::MessageKind};
use flare_kernel::{CaseId, GrantId};
use flare_store::{Error, Tx};

use crate::{
    domain::{case_view::CaseView, grant::Grant},
    store,
};

/// Locks a case and reads it.
async fn locked(tx: &mut Tx, case: CaseId) -> Result<CaseView, Error> {
    tx.lock(&[&case]).await?;
    let view = store::view::find(tx, case).await?;
    view.ok_or_else(|| Refusal::not_found("case").into())
}

/// Locks a case and reads one of its grants.
async fn locked_grant(tx: &mut Tx, case: CaseId, grant: GrantId) -> Result<(CaseView, Grant), Error> {
    let view = locked(tx, case).await?;
    let grant = store::grants::find(tx, case, grant).await?;
    let grant = grant.ok_or_else(|| Refusal::not_found("grant"))?;
    Ok((view, grant))
}

/// Whether a message shows a grant's proposal or agreement, and is the text that the requester signed. Staff name it in
/// another service; a yes to any other message is no yes to the terms. What was told by voice has no message.
async fn shows(
    tx: &mut Tx,
    case: CaseId,
    message: &str,
    (kind, grant): (MessageKind, GrantId),
    act: &SignedAct,
) -> Result<bool, Error> {
    if message.is_empty() {
        return Ok(true);
    }
    let Ok(message) = message.parse() else { return Ok(false) };
    let known = store::messages::find(tx, case, message).await?;
    Ok(known
        .is_some_and(|known| known.kind == kind && known.about == grant.to_string() && known.is_text_of(act)))
}

/// Shows the event just appended to the requester as a step.
async fn show_step(tx: &mut Tx, case: CaseId, what: StepCode, about: String) -> Result<(), Error> {
    let (source, at) = (step_source(tx, case), tx.now());
    store::view::add_step(tx, case, source, at, (what, about)).await
}

/// What tells the event just appended from every other.
fn step_source(tx: &Tx, case: CaseId) -> String {
    format!("intake:{}", tx.version(case))
}

/// Notes that the requester is there: they have just written.
async fn record_contact(tx: &mut Tx, mut view: CaseView) -> Result<(), Error> {
    view.record_contact(tx.now());
    store::view::save(tx, &view).await
}
