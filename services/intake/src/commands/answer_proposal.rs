//! The requester says whether a proposal is right.

use flare_contracts::{
    Refusal,
    events::v1::{IntakeEvent, ProposalAnswered},
    input,
    intake::v1::{AnswerProposalRequest, AnswerProposalResponse, MessageKind},
};
use flare_kernel::{CaseId, GrantId, MessageId};
use flare_store::{Error, Tx, Write};

use crate::{author::REQUESTER, domain::grant::NotNow, store};

/// See the module.
pub(crate) struct AnswerProposal {
    case: CaseId,
    grant: GrantId,
    agrees: bool,
    /// Words, posted before.
    words: Option<MessageId>,
}

impl AnswerProposal {
    pub(crate) fn parse(case: CaseId, request: &AnswerProposalRequest) -> Result<Self, Refusal> {
        let words = Some(&request.message_id).filter(|id| !id.is_empty());
        Ok(Self {
            case,
            grant: input::id("grant_id", &request.grant_id)?,
            agrees: request.agrees,
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
                return Err(
                    Refusal::invalid("message_id", "must be a message you posted in this case").into()
                );
            }
        }
        grant.answer_proposal(self.agrees).map_err(Refusal::from)?;
        if !super::shows(tx, self.case, &grant.proposal_message, (MessageKind::Proposal, self.grant)).await? {
            return Err(Refusal::from(NotNow::ProposalNotShown).into());
        }
        store::grants::save(tx, &grant).await?;
        let (case_id, grant_id) = (self.case.to_string(), self.grant.to_string());
        let event: IntakeEvent =
            ProposalAnswered { case_id, grant_id: grant_id.clone(), agrees: self.agrees }.into();
        tx.append(self.case, view.lane, REQUESTER, &event)?;
        super::show_step(tx, self.case, "proposal_answered", grant_id).await?;
        super::heard(tx, view).await?;
        Ok(AnswerProposalResponse { version: tx.version(self.case) })
    }
}
