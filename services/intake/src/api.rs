//! The gRPC service: messages in and out, nothing else.

use std::sync::Arc;

use flare_access::{Caller, caller, is_from_portal, receipt, staff};
use flare_contracts::{
    input,
    intake::v1::{
        AddAnswersRequest, AddAnswersResponse, AnswerAgreementRequest, AnswerAgreementResponse,
        AnswerProposalRequest, AnswerProposalResponse, BeginKeyEpochRequest, BeginKeyEpochResponse,
        DownloadFileRequest, FreezeReceiptRequest, FreezeReceiptResponse, GetRequestRequest,
        GetRequestResponse, GetStatusRequest, GetStatusResponse, IssueReceiptRequest, IssueReceiptResponse,
        ListAnswersRequest, ListAnswersResponse, ListFilesRequest, ListFilesResponse, ListMessagesRequest,
        ListMessagesResponse, OpenRequestRequest, OpenRequestResponse, PostMessageRequest,
        PostMessageResponse, ReportArrivalRequest, ReportArrivalResponse, ReserveCaseRequest,
        ReserveCaseResponse, SubmitReportRequest, SubmitReportResponse, SubmitRequestRequest,
        SubmitRequestResponse, UploadFileRequest, UploadFileResponse, WithdrawRequest, WithdrawResponse,
        intake_server,
    },
};
use flare_store::Once;
use tonic::{Request, Response, Status, Streaming, async_trait};

use crate::{
    Intake,
    commands::{
        add_answers::AddAnswers, answer_agreement::AnswerAgreement, answer_proposal::AnswerProposal,
        begin_key_epoch::BeginKeyEpoch, freeze_receipt::FreezeReceipt, issue_receipt::IssueReceipt,
        open_request::OpenRequest, post_message::PostMessage, report_arrival::ReportArrival,
        reserve_case::ReserveCase, submit_report::SubmitReport, submit_request::SubmitRequest,
        withdraw::Withdraw,
    },
    files::download::Download,
    store::receipts::Opened,
};

/// Serves `flare.intake.v1.Intake`.
#[derive(Clone, Debug)]
pub struct IntakeApi(Arc<Intake>);

impl IntakeApi {
    /// Serves this intake.
    pub const fn new(intake: Arc<Intake>) -> Self {
        Self(intake)
    }

    /// What the receipt opens that the caller shows, and whose idempotency keys the caller's are.
    async fn requester<T: Sync>(&self, request: &Request<T>) -> Result<(Opened, String), Status> {
        let opened = self.0.opened_by(receipt(request)?).await?;
        Ok((opened, caller(request)?.idempotency_scope()))
    }
}

#[async_trait]
impl intake_server::Intake for IntakeApi {
    async fn submit_request(
        &self,
        request: Request<SubmitRequestRequest>,
    ) -> Result<Response<SubmitRequestResponse>, Status> {
        let from_portal = is_from_portal(&request);
        let (once, command) = SubmitRequest::parse(request.into_inner(), from_portal, &self.0.service_key)?;
        Ok(Response::new(self.0.database.once(once, command).await?))
    }

    async fn open_request(
        &self,
        request: Request<OpenRequestRequest>,
    ) -> Result<Response<OpenRequestResponse>, Status> {
        let staff = staff(&request)?.id;
        let request = request.into_inner();
        let once = Once::new(staff.to_string(), "OpenRequest", &request.request_id, &request)?;
        let command = OpenRequest::parse(staff, request, &self.0.service_key)?;
        Ok(Response::new(self.0.database.once(once, command).await?))
    }

    async fn add_answers(
        &self,
        request: Request<AddAnswersRequest>,
    ) -> Result<Response<AddAnswersResponse>, Status> {
        let by = self.0.admit(caller(&request)?, &request.get_ref().case_id).await?;
        let request = request.into_inner();
        let once = Once::new(by.scope.clone(), "AddAnswers", &request.request_id, &request)?;
        let command = AddAnswers::parse(by, request, &self.0.service_key)?;
        Ok(Response::new(self.0.database.once(once, command).await?))
    }

    async fn issue_receipt(
        &self,
        request: Request<IssueReceiptRequest>,
    ) -> Result<Response<IssueReceiptResponse>, Status> {
        let staff = staff(&request)?.id;
        let request = request.into_inner();
        let once = Once::new(staff.to_string(), "IssueReceipt", &request.request_id, &request)?;
        let command = IssueReceipt::parse(staff, request, &self.0.service_key)?;
        Ok(Response::new(self.0.database.once(once, command).await?))
    }

    async fn reserve_case(
        &self,
        request: Request<ReserveCaseRequest>,
    ) -> Result<Response<ReserveCaseResponse>, Status> {
        let staff = staff(&request)?.id;
        let request = request.into_inner();
        let once = Once::new(staff.to_string(), "ReserveCase", &request.request_id, &request)?;
        Ok(Response::new(self.0.database.once(once, ReserveCase { staff }).await?))
    }

    async fn begin_key_epoch(
        &self,
        request: Request<BeginKeyEpochRequest>,
    ) -> Result<Response<BeginKeyEpochResponse>, Status> {
        let staff = staff(&request)?.id;
        let request = request.into_inner();
        let once = Once::new(staff.to_string(), "BeginKeyEpoch", &request.request_id, &request)?;
        let command = BeginKeyEpoch::parse(staff, request, &self.0.service_key)?;
        Ok(Response::new(self.0.database.once(once, command).await?))
    }

    async fn freeze_receipt(
        &self,
        request: Request<FreezeReceiptRequest>,
    ) -> Result<Response<FreezeReceiptResponse>, Status> {
        let scope = caller(&request)?.idempotency_scope();
        let command = match caller(&request)? {
            Caller::Receipt(claim) => {
                let held = self.0.held_by(claim).await?;
                if let Some(since) = held.frozen {
                    return Ok(Response::new(self.0.frozen(held.case, since).await?));
                }
                FreezeReceipt::by_holder(&held, request.get_ref())?
            }
            Caller::Staff(_) | Caller::Anonymous | Caller::Service(_) => {
                FreezeReceipt::by_staff(staff(&request)?.id, request.get_ref())?
            }
        };
        let request = request.into_inner();
        let once = Once::new(scope, "FreezeReceipt", &request.request_id, &request)?;
        Ok(Response::new(self.0.database.once(once, command).await?))
    }

    async fn get_status(
        &self,
        request: Request<GetStatusRequest>,
    ) -> Result<Response<GetStatusResponse>, Status> {
        let case = self.0.case_of(receipt(&request)?).await?;
        Ok(Response::new(self.0.status(case).await?))
    }

    async fn get_request(
        &self,
        request: Request<GetRequestRequest>,
    ) -> Result<Response<GetRequestResponse>, Status> {
        staff(&request)?;
        let case = input::id("case_id", &request.get_ref().case_id)?;
        Ok(Response::new(self.0.request(case).await?))
    }

    async fn list_answers(
        &self,
        request: Request<ListAnswersRequest>,
    ) -> Result<Response<ListAnswersResponse>, Status> {
        staff(&request)?;
        let ListAnswersRequest { case_id, page_size, page_token } = request.into_inner();
        let case = input::id("case_id", &case_id)?;
        Ok(Response::new(self.0.answers(case, page_size, &page_token).await?))
    }

    async fn list_messages(
        &self,
        request: Request<ListMessagesRequest>,
    ) -> Result<Response<ListMessagesResponse>, Status> {
        let by = self.0.admit(caller(&request)?, &request.get_ref().case_id).await?;
        let ListMessagesRequest { page_size, page_token, .. } = request.into_inner();
        Ok(Response::new(self.0.messages(by.case, page_size, &page_token).await?))
    }

    async fn post_message(
        &self,
        request: Request<PostMessageRequest>,
    ) -> Result<Response<PostMessageResponse>, Status> {
        let by = self.0.admit(caller(&request)?, &request.get_ref().case_id).await?;
        let request = request.into_inner();
        let once = Once::new(by.scope.clone(), "PostMessage", &request.request_id, &request)?;
        Ok(Response::new(self.0.database.once(once, PostMessage::parse(by, request)?).await?))
    }

    async fn answer_proposal(
        &self,
        request: Request<AnswerProposalRequest>,
    ) -> Result<Response<AnswerProposalResponse>, Status> {
        let (by, scope) = self.requester(&request).await?;
        let request = request.into_inner();
        let once = Once::new(scope, "AnswerProposal", &request.request_id, &request)?;
        Ok(Response::new(self.0.database.once(once, AnswerProposal::parse(&by, &request)?).await?))
    }

    async fn answer_agreement(
        &self,
        request: Request<AnswerAgreementRequest>,
    ) -> Result<Response<AnswerAgreementResponse>, Status> {
        let (by, scope) = self.requester(&request).await?;
        let request = request.into_inner();
        let once = Once::new(scope, "AnswerAgreement", &request.request_id, &request)?;
        Ok(Response::new(self.0.database.once(once, AnswerAgreement::parse(&by, &request)?).await?))
    }

    async fn report_arrival(
        &self,
        request: Request<ReportArrivalRequest>,
    ) -> Result<Response<ReportArrivalResponse>, Status> {
        let (by, scope) = self.requester(&request).await?;
        let request = request.into_inner();
        let once = Once::new(scope, "ReportArrival", &request.request_id, &request)?;
        Ok(Response::new(self.0.database.once(once, ReportArrival::parse(&by, &request)?).await?))
    }

    async fn submit_report(
        &self,
        request: Request<SubmitReportRequest>,
    ) -> Result<Response<SubmitReportResponse>, Status> {
        let (by, scope) = self.requester(&request).await?;
        let request = request.into_inner();
        let once = Once::new(scope, "SubmitReport", &request.request_id, &request)?;
        Ok(Response::new(self.0.database.once(once, SubmitReport::parse(&by, &request)?).await?))
    }

    async fn withdraw(
        &self,
        request: Request<WithdrawRequest>,
    ) -> Result<Response<WithdrawResponse>, Status> {
        let (by, scope) = self.requester(&request).await?;
        let request = request.into_inner();
        let once = Once::new(scope, "Withdraw", &request.request_id, &request)?;
        Ok(Response::new(self.0.database.once(once, Withdraw::parse(&by, &request)?).await?))
    }

    async fn upload_file(
        &self,
        request: Request<Streaming<UploadFileRequest>>,
    ) -> Result<Response<UploadFileResponse>, Status> {
        let caller = caller(&request)?.clone();
        Ok(Response::new(self.0.receive_file(&caller, request.into_inner()).await?))
    }

    type DownloadFileStream = Download;

    async fn download_file(
        &self,
        request: Request<DownloadFileRequest>,
    ) -> Result<Response<Download>, Status> {
        let by = self.0.admit(caller(&request)?, &request.get_ref().case_id).await?;
        Ok(Response::new(self.0.send_file(&by, &request.get_ref().file_id).await?))
    }

    async fn list_files(
        &self,
        request: Request<ListFilesRequest>,
    ) -> Result<Response<ListFilesResponse>, Status> {
        let by = self.0.admit(caller(&request)?, &request.get_ref().case_id).await?;
        let ListFilesRequest { page_size, page_token, .. } = request.into_inner();
        Ok(Response::new(self.0.files(by.case, &by.author, page_size, &page_token).await?))
    }
}
