//! The gRPC service: messages in, messages out.

use std::sync::Arc;

use flare_contracts::grants::v1::{
    AbandonGrantRequest, AuthoriseAdvanceRequest, BeginKeyEpochRequest, BeginKeyEpochResponse,
    CastVoteRequest, CheckPayeeRequest, CloseGrantRequest, DeclareConflictRequest, DraftGrantRequest,
    EnterPayeeRequest, GetGrantRequest, GetGrantResponse, GrantState, HoldMoneyRequest, HoldMoneyResponse,
    ListCaseGrantsRequest, ListCaseGrantsResponse, ListForFinanceRequest, ListForFinanceResponse,
    ListMyVotesRequest, ListMyVotesResponse, MarkTrancheSentRequest, OverrideVerificationRequest,
    RecordAgreementRequest, RecordReportRequest, ReleaseTrancheRequest, ReserveFundsRequest,
    ReviseGrantRequest, ScheduleTrancheRequest, SettleTrancheRequest, ShowProposalRequest,
    SubmitGrantRequest, TerminateGrantRequest, WriteOffTrancheRequest, grants_server,
};
use flare_contracts::{Producer, input};
use flare_store::Once;
use tonic::{Request, Response, Status};

use crate::{
    Grants,
    commands::{
        abandon_grant::AbandonGrant, authorise_advance::AuthoriseAdvance, begin_key_epoch::BeginKeyEpoch,
        cast_vote::CastVote, check_payee::CheckPayee, close_grant::CloseGrant,
        declare_conflict::DeclareConflict, draft_grant::DraftGrant, enter_payee::EnterPayee,
        hold_money::HoldMoney, mark_tranche_sent::MarkTrancheSent,
        override_verification::OverrideVerification, record_agreement::RecordAgreement,
        record_report::RecordReport, release_tranche::ReleaseTranche, reserve_funds::ReserveFunds,
        revise_grant::ReviseGrant, schedule_tranche::ScheduleTranche, settle_tranche::SettleTranche,
        show_proposal::ShowProposal, submit_grant::SubmitGrant, terminate_grant::TerminateGrant,
        write_off_tranche::WriteOffTranche,
    },
};

/// Grants over gRPC.
#[derive(Clone, Debug)]
pub struct GrantsApi(Arc<Grants>);

impl GrantsApi {
    /// The gRPC service of this service.
    pub fn new(grants: Arc<Grants>) -> Self {
        Self(grants)
    }
}

/// Parses a request of staff into its command and runs it once.
macro_rules! run {
    ($api:expr, $request:expr, $command:ident) => {{
        let staff = flare_access::staff(&$request)?.clone();
        let request = $request.into_inner();
        let once = Once::new(staff.id.to_string(), stringify!($command), &request.request_id, &request)?;
        let command = $command::parse(&$api.0, &staff, &request)?;
        Ok(Response::new($api.0.database.once(once, command).await?))
    }};
}

#[tonic::async_trait]
impl grants_server::Grants for GrantsApi {
    async fn draft_grant(&self, request: Request<DraftGrantRequest>) -> Result<Response<GrantState>, Status> {
        run!(self, request, DraftGrant)
    }

    async fn revise_grant(
        &self,
        request: Request<ReviseGrantRequest>,
    ) -> Result<Response<GrantState>, Status> {
        run!(self, request, ReviseGrant)
    }

    async fn begin_key_epoch(
        &self,
        request: Request<BeginKeyEpochRequest>,
    ) -> Result<Response<BeginKeyEpochResponse>, Status> {
        run!(self, request, BeginKeyEpoch)
    }

    async fn show_proposal(
        &self,
        request: Request<ShowProposalRequest>,
    ) -> Result<Response<GrantState>, Status> {
        run!(self, request, ShowProposal)
    }

    async fn submit_grant(
        &self,
        request: Request<SubmitGrantRequest>,
    ) -> Result<Response<GrantState>, Status> {
        run!(self, request, SubmitGrant)
    }

    async fn cast_vote(&self, request: Request<CastVoteRequest>) -> Result<Response<GrantState>, Status> {
        run!(self, request, CastVote)
    }

    async fn declare_conflict(
        &self,
        request: Request<DeclareConflictRequest>,
    ) -> Result<Response<GrantState>, Status> {
        run!(self, request, DeclareConflict)
    }

    async fn override_verification(
        &self,
        request: Request<OverrideVerificationRequest>,
    ) -> Result<Response<GrantState>, Status> {
        run!(self, request, OverrideVerification)
    }

    async fn enter_payee(&self, request: Request<EnterPayeeRequest>) -> Result<Response<GrantState>, Status> {
        run!(self, request, EnterPayee)
    }

    async fn check_payee(&self, request: Request<CheckPayeeRequest>) -> Result<Response<GrantState>, Status> {
        run!(self, request, CheckPayee)
    }

    async fn record_agreement(
        &self,
        request: Request<RecordAgreementRequest>,
    ) -> Result<Response<GrantState>, Status> {
        run!(self, request, RecordAgreement)
    }

    async fn reserve_funds(
        &self,
        request: Request<ReserveFundsRequest>,
    ) -> Result<Response<GrantState>, Status> {
        run!(self, request, ReserveFunds)
    }

    async fn authorise_advance(
        &self,
        request: Request<AuthoriseAdvanceRequest>,
    ) -> Result<Response<GrantState>, Status> {
        run!(self, request, AuthoriseAdvance)
    }

    async fn schedule_tranche(
        &self,
        request: Request<ScheduleTrancheRequest>,
    ) -> Result<Response<GrantState>, Status> {
        run!(self, request, ScheduleTranche)
    }

    async fn release_tranche(
        &self,
        request: Request<ReleaseTrancheRequest>,
    ) -> Result<Response<GrantState>, Status> {
        run!(self, request, ReleaseTranche)
    }

    async fn mark_tranche_sent(
        &self,
        request: Request<MarkTrancheSentRequest>,
    ) -> Result<Response<GrantState>, Status> {
        run!(self, request, MarkTrancheSent)
    }

    async fn settle_tranche(
        &self,
        request: Request<SettleTrancheRequest>,
    ) -> Result<Response<GrantState>, Status> {
        run!(self, request, SettleTranche)
    }

    async fn write_off_tranche(
        &self,
        request: Request<WriteOffTrancheRequest>,
    ) -> Result<Response<GrantState>, Status> {
        run!(self, request, WriteOffTranche)
    }

    async fn record_report(
        &self,
        request: Request<RecordReportRequest>,
    ) -> Result<Response<GrantState>, Status> {
        run!(self, request, RecordReport)
    }

    async fn close_grant(&self, request: Request<CloseGrantRequest>) -> Result<Response<GrantState>, Status> {
        run!(self, request, CloseGrant)
    }

    async fn abandon_grant(
        &self,
        request: Request<AbandonGrantRequest>,
    ) -> Result<Response<GrantState>, Status> {
        run!(self, request, AbandonGrant)
    }

    async fn terminate_grant(
        &self,
        request: Request<TerminateGrantRequest>,
    ) -> Result<Response<GrantState>, Status> {
        run!(self, request, TerminateGrant)
    }

    async fn hold_money(
        &self,
        request: Request<HoldMoneyRequest>,
    ) -> Result<Response<HoldMoneyResponse>, Status> {
        flare_access::only_service(&request, Producer::Triage)?;
        let command = HoldMoney::told(&self.0, request.get_ref()).await?;
        Ok(Response::new(self.0.database.write(command).await?))
    }

    async fn get_grant(
        &self,
        request: Request<GetGrantRequest>,
    ) -> Result<Response<GetGrantResponse>, Status> {
        let roles = flare_access::staff(&request)?.roles;
        let id = input::id("grant_id", &request.get_ref().grant_id)?;
        Ok(Response::new(self.0.grant(id, roles).await?))
    }

    async fn list_case_grants(
        &self,
        request: Request<ListCaseGrantsRequest>,
    ) -> Result<Response<ListCaseGrantsResponse>, Status> {
        let (grants, next_page_token) = self.0.of_case(request.get_ref()).await?;
        Ok(Response::new(ListCaseGrantsResponse { grants, next_page_token }))
    }

    async fn list_my_votes(
        &self,
        request: Request<ListMyVotesRequest>,
    ) -> Result<Response<ListMyVotesResponse>, Status> {
        let voter = flare_access::staff(&request)?.id;
        let (grants, next_page_token) = self.0.to_vote(voter, request.get_ref()).await?;
        Ok(Response::new(ListMyVotesResponse { grants, next_page_token }))
    }

    async fn list_for_finance(
        &self,
        request: Request<ListForFinanceRequest>,
    ) -> Result<Response<ListForFinanceResponse>, Status> {
        let (grants, next_page_token) = self.0.for_finance(request.get_ref()).await?;
        Ok(Response::new(ListForFinanceResponse { grants, next_page_token }))
    }
}
