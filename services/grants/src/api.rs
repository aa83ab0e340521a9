//! The gRPC service: messages in, messages out.

use std::sync::Arc;

use flare_access::{Staff, staff};
use flare_contracts::{
    Service,
    grants::v1::{
        GetGrantRequest, GetGrantResponse, HoldMoneyRequest, HoldMoneyResponse, ListCaseGrantsRequest,
        ListCaseGrantsResponse, ListForFinanceRequest, ListForFinanceResponse, ListMyVotesRequest,
        ListMyVotesResponse, grants_server,
    },
    input,
};
use flare_store::{Call, Command, Reply, rpcs};
use tonic::{Request, Response, Status};

use crate::{
    Grants,
    commands::{
        AbandonGrant, AuthoriseAdvance, BeginKeyEpoch, CastVote, CheckPayee, CloseGrant, DeclareConflict,
        DraftGrant, EnterPayee, HoldMoney, MarkTrancheSent, OverrideVerification, RecordAgreement,
        RecordReport, ReleaseTranche, ReserveFunds, ReviseGrant, ScheduleTranche, SettleTranche,
        ShowProposal, SubmitGrant, TerminateGrant, WriteOffTranche,
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

    /// Does what a member of staff asks for.
    async fn by_staff<C: Command<Service = Grants, By = Staff>>(&self, call: Call<C>) -> Reply<C> {
        let by = staff(&call)?.clone();
        self.0.database.run::<C>(&self.0, &by, call.into_inner()).await
    }
}

#[tonic::async_trait]
impl grants_server::Grants for GrantsApi {
    rpcs! {
        by_staff:
        draft_grant => DraftGrant,
        revise_grant => ReviseGrant,
        begin_key_epoch => BeginKeyEpoch,
        show_proposal => ShowProposal,
        submit_grant => SubmitGrant,
        cast_vote => CastVote,
        declare_conflict => DeclareConflict,
        override_verification => OverrideVerification,
        enter_payee => EnterPayee,
        check_payee => CheckPayee,
        record_agreement => RecordAgreement,
        reserve_funds => ReserveFunds,
        authorise_advance => AuthoriseAdvance,
        schedule_tranche => ScheduleTranche,
        release_tranche => ReleaseTranche,
        mark_tranche_sent => MarkTrancheSent,
        settle_tranche => SettleTranche,
        write_off_tranche => WriteOffTranche,
        record_report => RecordReport,
        close_grant => CloseGrant,
        abandon_grant => AbandonGrant,
        terminate_grant => TerminateGrant,
    }

    async fn hold_money(
        &self,
        request: Request<HoldMoneyRequest>,
    ) -> Result<Response<HoldMoneyResponse>, Status> {
        flare_access::only_service(&request, Service::Triage)?;
        let command = HoldMoney::fetch(&self.0, request.get_ref()).await?;
        Ok(Response::new(self.0.database.write(command).await?))
    }

    async fn get_grant(
        &self,
        request: Request<GetGrantRequest>,
    ) -> Result<Response<GetGrantResponse>, Status> {
        let roles = staff(&request)?.roles;
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
        let voter = staff(&request)?.id;
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
