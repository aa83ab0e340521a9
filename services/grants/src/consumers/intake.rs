//! The requester: what they say about the proposal, the agreement, the payments; and their report.

use flare_contracts::{events::v1::intake_event::Event, input};
use flare_kernel::{CaseId, MessageId, TrancheId};
use flare_messaging::Received;
use flare_store::{Error, Tx};

use super::{id, to_grant};
use crate::{
    GrantsPolicy,
    domain::{AgreementAnswer, Events},
    store,
};

/// Who acts.
const REQUESTER: &str = "requester";

pub(super) async fn apply(
    tx: &mut Tx,
    event: &Event,
    received: &Received,
    policy: &GrantsPolicy,
) -> Result<(), Error> {
    match event {
        Event::RequestSubmitted(submitted) => {
            let case: CaseId = id("case_id", &submitted.case_id)?;
            tx.lock(&[&case]).await?;
            store::cases::note(tx, case).await
        }
        Event::ProposalAnswered(answered) => {
            let of = (answered.case_id.as_str(), answered.grant_id.as_str());
            to_grant(tx, of, REQUESTER, policy, |grant, _| {
                grant.answer_proposal(answered.agrees, received.at)
            })
            .await
        }
        Event::AgreementAnswered(answered) => {
            let message: MessageId = id("message_id", &answered.message_id)?;
            let answer = match (answered.refuses_donor, answered.accepts) {
                (true, _) => AgreementAnswer::DonorRefused,
                (false, true) => AgreementAnswer::Accepted,
                (false, false) => AgreementAnswer::Declined,
            };
            let of = (answered.case_id.as_str(), answered.grant_id.as_str());
            to_grant(tx, of, REQUESTER, policy, |grant, _| {
                grant.answer_agreement(message, answer);
                Events::new()
            })
            .await
        }
        Event::ArrivalReported(reported) => {
            let tranche: TrancheId = id("tranche_id", &reported.tranche_id)?;
            let arrived = input::money("arrived", reported.arrived.as_ref()).ok();
            let of = (reported.case_id.as_str(), reported.grant_id.as_str());
            to_grant(tx, of, REQUESTER, policy, |grant, _| grant.arrival_reported(tranche, arrived)).await
        }
        Event::ReportSubmitted(submitted) => {
            let of = (submitted.case_id.as_str(), submitted.grant_id.as_str());
            to_grant(tx, of, REQUESTER, policy, |grant, now| grant.report_submitted(now, policy)).await
        }
        // Words and files are for people; a wish to withdraw comes back from triage as a case that has stopped.
        Event::AnswersAdded(_)
        | Event::ReceiptIssued(_)
        | Event::ReceiptFrozen(_)
        | Event::CaseKeyBegun(_)
        | Event::MessagePosted(_)
        | Event::FileAttached(_)
        | Event::WithdrawalRequested(_) => Ok(()),
    }
}
