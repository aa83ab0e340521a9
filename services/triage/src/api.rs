//! Messages in, messages out.

use async_trait::async_trait;
use flare_access::{Staff, service, staff};
use flare_contracts::{
    Refusal, input,
    triage::v1::{
        CanSeeRequest, CanSeeResponse, CaseState, FindCaseRequest, FindCaseResponse, GetCaseRequest,
        GetCaseResponse, HoldCaseRequest, ListMatchesRequest, ListMatchesResponse, ListMyCasesRequest,
        ListMyCasesResponse, ListQueueRequest, ListQueueResponse, PauseCaseRequest, ReopenCaseRequest,
        ResumeCaseRequest, StopReply, WaitsFor as WireWaitsFor, WithdrawCaseRequest, triage_server,
    },
};
use flare_kernel::CaseId;
use flare_store::{Call, Command, rpcs};
use tonic::{Request, Response, Status};

use crate::{
    Triage,
    commands::{
        AcknowledgeCase, AddNeed, AddNote, AddPerson, AddReference, AnswerReferral, AssessCase, AssignCase,
        BeginKeyEpoch, CheckReference, CloseCase, CoverNeed, DeclineNeed, GiveDirectly, HoldCase, LogContact,
        PauseCase, RecommendGrant, ReferNeed, ReopenCase, ReopenNeed, ResumeCase, SetContactPlan,
        SetPersonStatus, WithdrawCase,
    },
    domain::{WaitsFor, listed_in},
    queries::QueuePage,
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

    /// Does what a member of staff asks for.
    async fn by_staff<C: Command<Service = Triage, By = Staff>>(&self, call: Call<C>) -> Reply<C::Output> {
        let by = staff(&call)?.clone();
        self.0.database().run::<C>(&self.0, &by, call.into_inner()).await
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

/// Which cases of the queue are asked for: those that are ours, unless it is said whose else.
fn waits_for(number: i32) -> Result<WaitsFor, Refusal> {
    match number {
        0 => Ok(WaitsFor::Us),
        number => listed_in::<WireWaitsFor, _>("waits_for", number),
    }
}

#[async_trait]
impl triage_server::Triage for TriageApi {
    rpcs! {
        by_staff:
        begin_key_epoch => BeginKeyEpoch,
        acknowledge_case => AcknowledgeCase,
        assign_case => AssignCase,
        set_contact_plan => SetContactPlan,
        assess_case => AssessCase,
        add_person => AddPerson,
        set_person_status => SetPersonStatus,
        add_need => AddNeed,
        add_note => AddNote,
        log_contact => LogContact,
        add_reference => AddReference,
        check_reference => CheckReference,
        give_directly => GiveDirectly,
        recommend_grant => RecommendGrant,
        cover_need => CoverNeed,
        refer_need => ReferNeed,
        answer_referral => AnswerReferral,
        decline_need => DeclineNeed,
        reopen_need => ReopenNeed,
        close_case => CloseCase,
    }

    async fn list_queue(&self, request: Request<ListQueueRequest>) -> Reply<ListQueueResponse> {
        staff(&request)?;
        let request = request.into_inner();
        let asked = waits_for(request.waits_for)?;
        let page = self.0.queue(None, asked, request.page_size, &request.page_token).await?;
        let QueuePage { cases, next_page_token, counts } = page;
        Ok(Response::new(ListQueueResponse { cases, next_page_token, counts }))
    }

    async fn list_my_cases(&self, request: Request<ListMyCasesRequest>) -> Reply<ListMyCasesResponse> {
        let officer = staff(&request)?.id;
        let request = request.into_inner();
        let asked = waits_for(request.waits_for)?;
        let page = self.0.queue(Some(officer), asked, request.page_size, &request.page_token).await?;
        let QueuePage { cases, next_page_token, counts } = page;
        Ok(Response::new(ListMyCasesResponse { cases, next_page_token, counts }))
    }

    async fn get_case(&self, request: Request<GetCaseRequest>) -> Reply<GetCaseResponse> {
        staff(&request)?;
        let case = input::id("case_id", &request.get_ref().case_id)?;
        Ok(Response::new(self.0.case(case).await?))
    }

    async fn find_case(&self, request: Request<FindCaseRequest>) -> Reply<FindCaseResponse> {
        staff(&request)?;
        let codename = input::codename("codename", &request.get_ref().codename)?;
        Ok(Response::new(self.0.find_case(&codename).await?))
    }

    async fn withdraw_case(&self, request: Request<WithdrawCaseRequest>) -> Reply<StopReply> {
        self.stop_money(self.by_staff::<WithdrawCase>(request).await?.into_inner()).await
    }

    async fn pause_case(&self, request: Request<PauseCaseRequest>) -> Reply<StopReply> {
        self.stop_money(self.by_staff::<PauseCase>(request).await?.into_inner()).await
    }

    async fn hold_case(&self, request: Request<HoldCaseRequest>) -> Reply<StopReply> {
        self.stop_money(self.by_staff::<HoldCase>(request).await?.into_inner()).await
    }

    async fn resume_case(&self, request: Request<ResumeCaseRequest>) -> Reply<CaseState> {
        self.free_money(self.by_staff::<ResumeCase>(request).await?.into_inner()).await
    }

    async fn reopen_case(&self, request: Request<ReopenCaseRequest>) -> Reply<CaseState> {
        self.free_money(self.by_staff::<ReopenCase>(request).await?.into_inner()).await
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
