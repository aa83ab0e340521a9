//! The requester says whether a proposal is right.

use flare_contracts::{
    Cause, InputRule, Refusal, StepCode,
    common::v1::SignedAct,
    events::v1::{IntakeEvent, ProposalAnswered},
    input,
    intake::v1::{AnswerProposalRequest, AnswerProposalResponse, MessageKind},
    requester_act::verify_call,
};
use flare_kernel::{CaseId, GrantId, MessageId};
use flare_store::{Error, Tx, Write};

use crate::{
    author::REQUESTER,
    store::{self, receipts::Opened},
};

/// See the module.
pub(crate) struct AnswerProposal {
    case: CaseId,
    grant: GrantId,
    agrees: bool,
    /// The message that showed it; empty where it was told by voice.
    shown: String,
    act: SignedAct,
    /// Words, posted before.
    words: Option<MessageId>,
}

impl AnswerProposal {
    pub(crate) fn parse(by: &Opened, request: &AnswerProposalRequest) -> Result<Self, Refusal> {
        let words = Some(&request.message_id).filter(|id| !id.is_empty());
        Ok(Self {
            case: by.case,
            grant: input::id("grant_id", &request.grant_id)?,
            agrees: request.agrees,
            shown: request.shown_message_id.clone(),
            act: verify_call(request, by.case, &by.signing_key)?,
            words: words.map(|id| input::id("message_id", id)).transpose()?,
        })
    }
}

impl Write for AnswerProposal {
    type Output = AnswerProposalResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<AnswerProposalResponse, Error> {
        let (view, mut grant) = super::locked_grant(tx, self.case, self.grant).await?;
        view.goes_on()?;
        if let Some(words) = self.words {
            let known = store::messages::find(tx, self.case, words).await?;
            if known.is_none_or(|known| known.author != REQUESTER) {
                return Err(Refusal::invalid("message_id", InputRule::NotYourMessage).into());
            }
        }
        grant.answer_proposal(&self.shown, self.agrees)?;
        let what = (MessageKind::Proposal, self.grant);
        if !super::shows(tx, self.case, &grant.proposal_message, what, &self.act).await? {
            return Err(Refusal::from(Cause::ProposalNotShown).into());
        }
        store::grants::save(tx, &grant).await?;
        let (case_id, grant_id) = (self.case.to_string(), self.grant.to_string());
        let act = Some(self.act.clone());
        let event: IntakeEvent =
            ProposalAnswered { case_id, grant_id: grant_id.clone(), agrees: self.agrees, act }.into();
        tx.append(self.case, view.lane, REQUESTER, &event)?;
        super::show_step(tx, self.case, StepCode::ProposalAnswered, grant_id).await?;
        super::heard(tx, view).await?;
        Ok(AnswerProposalResponse { version: tx.version(self.case) })
    }
}
