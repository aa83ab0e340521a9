//! What the requester says of a grant: whether its proposal is right, whether they agree, what arrived, how it went.

use flare_contracts::{
    Cause, InputRule, Refusal, StepCode,
    common::v1::SignedAct,
    events::v1::{AgreementAnswered, ArrivalReported, IntakeEvent, ProposalAnswered, ReportSubmitted},
    input,
    intake::v1::{
        AnswerAgreementRequest, AnswerAgreementResponse, AnswerProposalRequest, AnswerProposalResponse,
        MessageKind, ReportArrivalRequest, ReportArrivalResponse, SubmitReportRequest, SubmitReportResponse,
    },
    requester_act::verify_call,
};
use flare_kernel::{CaseId, GrantId, MessageId, Money, TrancheId};
use flare_store::{Command, Error, Tx, Write};

use crate::{Intake, admission::Holder, author::REQUESTER, store};

/// Says whether a proposal is right.
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

impl Command for AnswerProposal {
    type Service = Intake;
    type By = Holder;
    type Request = AnswerProposalRequest;

    fn parse(_: &Intake, by: &Holder, request: AnswerProposalRequest) -> Result<Self, Error> {
        let words = Some(&request.message_id).filter(|id| !id.is_empty());
        Ok(Self {
            case: by.case,
            grant: input::id("grant_id", &request.grant_id)?,
            agrees: request.agrees,
            shown: request.shown_message_id.clone(),
            act: verify_call(&request, by.case, &by.signing_key)?,
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
        super::record_contact(tx, view).await?;
        Ok(AnswerProposalResponse { version: tx.version(self.case) })
    }
}

/// Accepts or refuses an agreement.
pub(crate) struct AnswerAgreement {
    case: CaseId,
    grant: GrantId,
    message: MessageId,
    accepts: bool,
    refuses_donor: bool,
    act: SignedAct,
}

impl Command for AnswerAgreement {
    type Service = Intake;
    type By = Holder;
    type Request = AnswerAgreementRequest;

    fn parse(_: &Intake, by: &Holder, request: AnswerAgreementRequest) -> Result<Self, Error> {
        if request.accepts && request.refuses_donor {
            return Err(Refusal::invalid("refuses_donor", InputRule::AcceptedAndRefused).into());
        }
        Ok(Self {
            case: by.case,
            grant: input::id("grant_id", &request.grant_id)?,
            message: input::id("message_id", &request.message_id)?,
            accepts: request.accepts,
            refuses_donor: request.refuses_donor,
            act: verify_call(&request, by.case, &by.signing_key)?,
        })
    }
}

impl Write for AnswerAgreement {
    type Output = AnswerAgreementResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<AnswerAgreementResponse, Error> {
        let (view, mut grant) = super::locked_grant(tx, self.case, self.grant).await?;
        view.goes_on()?;
        grant.answer_agreement(self.message, self.accepts)?;
        let what = (MessageKind::Agreement, self.grant);
        if !super::shows(tx, self.case, &grant.agreement_message, what, &self.act).await? {
            return Err(Refusal::from(Cause::AgreementNotShown).into());
        }
        store::grants::save(tx, &grant).await?;
        let event: IntakeEvent = AgreementAnswered {
            case_id: self.case.to_string(),
            grant_id: self.grant.to_string(),
            accepts: self.accepts,
            refuses_donor: self.refuses_donor,
            message_id: self.message.to_string(),
            act: Some(self.act.clone()),
        }
        .into();
        tx.append(self.case, view.lane, REQUESTER, &event)?;
        super::show_step(tx, self.case, StepCode::AgreementAnswered, self.grant.to_string()).await?;
        super::record_contact(tx, view).await?;
        Ok(AnswerAgreementResponse { version: tx.version(self.case) })
    }
}

/// Says whether a payment arrived.
pub(crate) struct ReportArrival {
    case: CaseId,
    grant: GrantId,
    tranche: TrancheId,
    arrived: Money,
    act: SignedAct,
}

impl Command for ReportArrival {
    type Service = Intake;
    type By = Holder;
    type Request = ReportArrivalRequest;

    fn parse(_: &Intake, by: &Holder, request: ReportArrivalRequest) -> Result<Self, Error> {
        Ok(Self {
            case: by.case,
            grant: input::id("grant_id", &request.grant_id)?,
            tranche: input::id("tranche_id", &request.tranche_id)?,
            arrived: input::money("arrived", request.arrived.as_ref())?,
            act: verify_call(&request, by.case, &by.signing_key)?,
        })
    }
}

impl Write for ReportArrival {
    type Output = ReportArrivalResponse;

    /// Money that was sent arrives or does not, whatever became of the case: this is asked of an ended one too.
    async fn apply(&self, tx: &mut Tx) -> Result<ReportArrivalResponse, Error> {
        let (view, grant) = super::locked_grant(tx, self.case, self.grant).await?;
        let tranche = store::grants::find_tranche(tx, grant.id, self.tranche).await?;
        let tranche = tranche.ok_or_else(|| Refusal::not_found("tranche"))?;
        tranche.may_arrive(self.arrived)?;
        let event: IntakeEvent = ArrivalReported {
            case_id: self.case.to_string(),
            grant_id: self.grant.to_string(),
            tranche_id: self.tranche.to_string(),
            arrived: Some(input::money_out(self.arrived)),
            act: Some(self.act.clone()),
        }
        .into();
        tx.append(self.case, view.lane, REQUESTER, &event)?;
        super::show_step(tx, self.case, StepCode::ArrivalReported, self.tranche.to_string()).await?;
        super::record_contact(tx, view).await?;
        Ok(ReportArrivalResponse { version: tx.version(self.case) })
    }
}

/// Reports on a grant, in a message of the thread.
pub(crate) struct SubmitReport {
    case: CaseId,
    grant: GrantId,
    message: MessageId,
    act: SignedAct,
}

impl Command for SubmitReport {
    type Service = Intake;
    type By = Holder;
    type Request = SubmitReportRequest;

    fn parse(_: &Intake, by: &Holder, request: SubmitReportRequest) -> Result<Self, Error> {
        Ok(Self {
            case: by.case,
            grant: input::id("grant_id", &request.grant_id)?,
            message: input::id("message_id", &request.message_id)?,
            act: verify_call(&request, by.case, &by.signing_key)?,
        })
    }
}

impl Write for SubmitReport {
    type Output = SubmitReportResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<SubmitReportResponse, Error> {
        let (view, grant) = super::locked_grant(tx, self.case, self.grant).await?;
        grant.may_report()?;
        let (grant_id, message_id) = (self.grant.to_string(), self.message.to_string());
        let known = store::messages::find(tx, self.case, self.message).await?;
        if known.is_none_or(|known| {
            known.kind != MessageKind::Report || known.about != grant_id || !known.is_text_of(&self.act)
        }) {
            return Err(Refusal::invalid("message_id", InputRule::NotYourReport).into());
        }
        let case_id = self.case.to_string();
        let event: IntakeEvent =
            ReportSubmitted { case_id, grant_id: grant_id.clone(), message_id, act: Some(self.act.clone()) }
                .into();
        tx.append(self.case, view.lane, REQUESTER, &event)?;
        super::show_step(tx, self.case, StepCode::ReportSubmitted, grant_id).await?;
        super::record_contact(tx, view).await?;
        Ok(SubmitReportResponse { version: tx.version(self.case) })
    }
}
