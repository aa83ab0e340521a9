//! Messages in, messages out.

use async_trait::async_trait;
use flare_access::{service, staff};
use flare_contracts::{
    Refusal,
    common::v1::Role,
    input,
    triage::v1::{
        AcknowledgeCaseRequest, AddNeedRequest, AddNoteRequest, AddPersonRequest, AddReferenceRequest,
        AnswerReferralRequest, AssessCaseRequest, AssignCaseRequest, BeginKeyEpochRequest,
        BeginKeyEpochResponse, CanSeeRequest, CanSeeResponse, CaseState, CheckReferenceRequest,
        CloseCaseRequest, CoverNeedRequest, DeclineNeedRequest, GetCaseRequest, GetCaseResponse,
        GiveDirectlyRequest, HoldCaseRequest, ListMatchesRequest, ListMatchesResponse, ListMyCasesRequest,
        ListMyCasesResponse, ListQueueRequest, ListQueueResponse, LogContactRequest, PauseCaseRequest,
        RecommendGrantRequest, ReferNeedRequest, ReopenCaseRequest, ReopenNeedRequest, ResumeCaseRequest,
        SetContactPlanRequest, SetPersonStatusRequest, StopReply, WithdrawCaseRequest, triage_server,
    },
};
use flare_kernel::{CaseId, StaffId};
use flare_store::{Once, Write};
use prost::{Message, Name};
use tonic::{Request, Response, Status};

use crate::{
    Triage,
    commands::{
        AcknowledgeCase, AddNeed, AddNote, AddPerson, AddReference, AnswerReferral, AssessCase, AssignCase,
        BeginKeyEpoch, CheckReference, CloseCase, DeclineNeed, EndNeed, LogContact, RecommendGrant,
        ReferNeed, ReopenCase, ReopenNeed, ResumeCase, SetContactPlan, SetPersonStatus, StopCase,
        WithdrawCase,
    },
};

type Reply<T> = Result<Response<T>, Status>;

/// The service as callers see it.
#[derive(Clone, Debug)]
pub struct TriageApi(Triage);

impl TriageApi {
    /// Answers calls from this service.
    pub const fn new(triage: Triage) -> Self {
        Self(triage)
    }

    /// Does what a member of staff asks, once for each idempotency key.
    async fn act<R, W, E>(
        &self,
        rpc: &'static str,
        request: Request<R>,
        request_id: fn(&R) -> &str,
        parse: fn(&Triage, StaffId, &R) -> Result<W, E>,
    ) -> Reply<W::Output>
    where
        R: Message + Name,
        W: Write,
        W::Output: Message + Default,
        E: Into<Status>,
    {
        let officer = staff(&request)?.id;
        let request = request.into_inner();
        let once = Once::new(officer.to_string(), rpc, request_id(&request), &request)?;
        let command = parse(&self.0, officer, &request).map_err(Into::<Status>::into)?;
        Ok(Response::new(self.0.database().once(once, command).await?))
    }

    /// Asks grants to stop the money of a case that was just stopped. Until it answers, the caller is told that it was
    /// asked to. A repeated call asks again if need be.
    async fn stop_money(&self, reply: StopReply) -> Reply<StopReply> {
        let case = case_of(reply.state.as_ref())?;
        let answered = self.0.ask_at_once(case).await?;
        let money_stopped = answered.is_some() || self.0.money_is_settled(case).await?;
        let state = answered.or(reply.state);
        Ok(Response::new(StopReply { state, money_stopped }))
    }

    /// Asks grants to let the money of a case go on, if that is what is due.
    async fn free_money(&self, state: CaseState) -> Reply<CaseState> {
        let answered = self.0.ask_at_once(case_of(Some(&state))?).await?;
        Ok(Response::new(answered.unwrap_or(state)))
    }
}

/// The case that a stored reply is about.
fn case_of(state: Option<&CaseState>) -> Result<CaseId, Refusal> {
    input::id("case_id", state.map_or("", |state| &state.case_id))
}

#[async_trait]
impl triage_server::Triage for TriageApi {
    async fn list_queue(&self, request: Request<ListQueueRequest>) -> Reply<ListQueueResponse> {
        staff(&request)?;
        let request = request.into_inner();
        let (cases, next_page_token) = self.0.page(None, request.page_size, &request.page_token).await?;
        Ok(Response::new(ListQueueResponse { cases, next_page_token }))
    }

    async fn list_my_cases(&self, request: Request<ListMyCasesRequest>) -> Reply<ListMyCasesResponse> {
        let officer = staff(&request)?.id;
        let request = request.into_inner();
        let page = self.0.page(Some(officer), request.page_size, &request.page_token).await?;
        let (cases, next_page_token) = page;
        Ok(Response::new(ListMyCasesResponse { cases, next_page_token }))
    }

    async fn get_case(&self, request: Request<GetCaseRequest>) -> Reply<GetCaseResponse> {
        staff(&request)?;
        let case = input::id("case_id", &request.get_ref().case_id)?;
        Ok(Response::new(self.0.case(case).await?))
    }

    async fn begin_key_epoch(&self, request: Request<BeginKeyEpochRequest>) -> Reply<BeginKeyEpochResponse> {
        self.act("BeginKeyEpoch", request, |request| &request.request_id, BeginKeyEpoch::parse).await
    }

    async fn acknowledge_case(&self, request: Request<AcknowledgeCaseRequest>) -> Reply<CaseState> {
        self.act("AcknowledgeCase", request, |request| &request.request_id, AcknowledgeCase::parse).await
    }

    async fn assign_case(&self, request: Request<AssignCaseRequest>) -> Reply<CaseState> {
        self.act("AssignCase", request, |request| &request.request_id, AssignCase::parse).await
    }

    async fn set_contact_plan(&self, request: Request<SetContactPlanRequest>) -> Reply<CaseState> {
        self.act("SetContactPlan", request, |request| &request.request_id, SetContactPlan::parse).await
    }

    async fn assess_case(&self, request: Request<AssessCaseRequest>) -> Reply<CaseState> {
        self.act("AssessCase", request, |request| &request.request_id, AssessCase::parse).await
    }

    async fn add_person(&self, request: Request<AddPersonRequest>) -> Reply<CaseState> {
        self.act("AddPerson", request, |request| &request.request_id, AddPerson::parse).await
    }

    async fn set_person_status(&self, request: Request<SetPersonStatusRequest>) -> Reply<CaseState> {
        self.act("SetPersonStatus", request, |request| &request.request_id, SetPersonStatus::parse).await
    }

    async fn add_need(&self, request: Request<AddNeedRequest>) -> Reply<CaseState> {
        self.act("AddNeed", request, |request| &request.request_id, AddNeed::parse).await
    }

    async fn add_note(&self, request: Request<AddNoteRequest>) -> Reply<CaseState> {
        self.act("AddNote", request, |request| &request.request_id, AddNote::parse).await
    }

    async fn log_contact(&self, request: Request<LogContactRequest>) -> Reply<CaseState> {
        self.act("LogContact", request, |request| &request.request_id, LogContact::parse).await
    }

    async fn add_reference(&self, request: Request<AddReferenceRequest>) -> Reply<CaseState> {
        self.act("AddReference", request, |request| &request.request_id, AddReference::parse).await
    }

    async fn check_reference(&self, request: Request<CheckReferenceRequest>) -> Reply<CaseState> {
        self.act("CheckReference", request, |request| &request.request_id, CheckReference::parse).await
    }

    async fn give_directly(&self, request: Request<GiveDirectlyRequest>) -> Reply<CaseState> {
        self.act("GiveDirectly", request, |request| &request.request_id, EndNeed::give).await
    }

    async fn recommend_grant(&self, request: Request<RecommendGrantRequest>) -> Reply<CaseState> {
        self.act("RecommendGrant", request, |request| &request.request_id, RecommendGrant::parse).await
    }

    async fn cover_need(&self, request: Request<CoverNeedRequest>) -> Reply<CaseState> {
        self.act("CoverNeed", request, |request| &request.request_id, EndNeed::cover).await
    }

    async fn refer_need(&self, request: Request<ReferNeedRequest>) -> Reply<CaseState> {
        self.act("ReferNeed", request, |request| &request.request_id, ReferNeed::parse).await
    }

    async fn answer_referral(&self, request: Request<AnswerReferralRequest>) -> Reply<CaseState> {
        self.act("AnswerReferral", request, |request| &request.request_id, AnswerReferral::parse).await
    }

    async fn decline_need(&self, request: Request<DeclineNeedRequest>) -> Reply<CaseState> {
        self.act("DeclineNeed", request, |request| &request.request_id, DeclineNeed::parse).await
    }

    async fn reopen_need(&self, request: Request<ReopenNeedRequest>) -> Reply<CaseState> {
        self.act("ReopenNeed", request, |request| &request.request_id, ReopenNeed::parse).await
    }

    async fn withdraw_case(&self, request: Request<WithdrawCaseRequest>) -> Reply<StopReply> {
        let reply =
            self.act("WithdrawCase", request, |request| &request.request_id, WithdrawCase::parse).await?;
        self.stop_money(reply.into_inner()).await
    }

    async fn pause_case(&self, request: Request<PauseCaseRequest>) -> Reply<StopReply> {
        let reply = self.act("PauseCase", request, |request| &request.request_id, StopCase::pause).await?;
        self.stop_money(reply.into_inner()).await
    }

    async fn hold_case(&self, request: Request<HoldCaseRequest>) -> Reply<StopReply> {
        let reply = self.act("HoldCase", request, |request| &request.request_id, StopCase::hold).await?;
        self.stop_money(reply.into_inner()).await
    }

    async fn resume_case(&self, request: Request<ResumeCaseRequest>) -> Reply<CaseState> {
        let is_head = staff(&request)?.roles.holds(Role::Head);
        let parse = if is_head { ResumeCase::by_head } else { ResumeCase::by_officer };
        let reply = self.act("ResumeCase", request, |request| &request.request_id, parse).await?;
        self.free_money(reply.into_inner()).await
    }

    async fn close_case(&self, request: Request<CloseCaseRequest>) -> Reply<CaseState> {
        self.act("CloseCase", request, |request| &request.request_id, CloseCase::parse).await
    }

    async fn reopen_case(&self, request: Request<ReopenCaseRequest>) -> Reply<CaseState> {
        let reply = self.act("ReopenCase", request, |request| &request.request_id, ReopenCase::parse).await?;
        self.free_money(reply.into_inner()).await
    }

    async fn list_matches(&self, request: Request<ListMatchesRequest>) -> Reply<ListMatchesResponse> {
        staff(&request)?;
        let case = input::id("case_id", &request.get_ref().case_id)?;
        Ok(Response::new(self.0.matches(case).await?))
    }

    async fn can_see(&self, request: Request<CanSeeRequest>) -> Reply<CanSeeResponse> {
        service(&request)?;
        let request = request.into_inner();
        let case = input::id("case_id", &request.case_id)?;
        Ok(Response::new(self.0.can_see(case, &request.staff_ids).await?))
    }
}

#[cfg(test)]
mod tests;
