//! The gRPC service: messages in and out, nothing else.

use std::sync::Arc;

use flare_access::{Caller, Staff, caller, is_from_portal, receipt, staff};
use flare_contracts::{
    input,
    intake::v1::{
        AddAnswersRequest, AddAnswersResponse, DownloadFileRequest, FreezeReceiptRequest,
        FreezeReceiptResponse, GetRequestRequest, GetRequestResponse, GetStatusRequest, GetStatusResponse,
        ListAnswersRequest, ListAnswersResponse, ListFilesRequest, ListFilesResponse, ListMessagesRequest,
        ListMessagesResponse, PostMessageRequest, PostMessageResponse, SubmitRequestRequest,
        SubmitRequestResponse, UploadFileRequest, UploadFileResponse, intake_server,
    },
};
use flare_store::{Call, Command, Reply, rpcs};
use tonic::{Request, Response, Status, Streaming, async_trait};

use crate::{
    Intake,
    admission::Holder,
    commands::{
        AddAnswers, AnswerAgreement, AnswerProposal, BeginKeyEpoch, FreezeReceipt, Freezer, IssueReceipt,
        OpenRequest, PostMessage, ReportArrival, ReserveCase, Sender, SubmitReport, SubmitRequest, Withdraw,
    },
    files::download::Download,
    receipt::ReceiptLock,
};

/// Serves `flare.intake.v1.Intake`.
#[derive(Clone, Debug)]
pub struct IntakeApi(Arc<Intake>);

impl IntakeApi {
    /// Serves this intake.
    pub const fn new(intake: Arc<Intake>) -> Self {
        Self(intake)
    }

    /// Does what this caller asks for.
    async fn run<C: Command<Service = Intake>>(&self, by: &C::By, request: C::Request) -> Reply<C> {
        self.0.database.run::<C>(&self.0, by, request).await
    }

    /// Does what a member of staff asks for.
    async fn by_staff<C: Command<Service = Intake, By = Staff>>(&self, call: Call<C>) -> Reply<C> {
        let by = staff(&call)?.clone();
        self.run::<C>(&by, call.into_inner()).await
    }

    /// Does what the holder of a receipt asks for.
    async fn by_holder<C: Command<Service = Intake, By = Holder>>(&self, call: Call<C>) -> Reply<C> {
        let claim = receipt(&call)?;
        let by = Holder::new(claim, &self.0.opened_by(claim).await?);
        self.run::<C>(&by, call.into_inner()).await
    }
}

#[async_trait]
impl intake_server::Intake for IntakeApi {
    rpcs! {
        by_staff:
        open_request => OpenRequest,
        issue_receipt => IssueReceipt,
        reserve_case => ReserveCase,
        begin_key_epoch => BeginKeyEpoch,
    }

    rpcs! {
        by_holder:
        answer_proposal => AnswerProposal,
        answer_agreement => AnswerAgreement,
        report_arrival => ReportArrival,
        submit_report => SubmitReport,
        withdraw => Withdraw,
    }

    async fn submit_request(
        &self,
        request: Request<SubmitRequestRequest>,
    ) -> Result<Response<SubmitRequestResponse>, Status> {
        let receipt = ReceiptLock::parse(request.get_ref().receipt.clone())?;
        let by = Sender { receipt, from_portal: is_from_portal(&request) };
        self.run::<SubmitRequest>(&by, request.into_inner()).await
    }

    async fn add_answers(
        &self,
        request: Request<AddAnswersRequest>,
    ) -> Result<Response<AddAnswersResponse>, Status> {
        let by = self.0.admit(caller(&request)?, &request.get_ref().case_id).await?;
        self.run::<AddAnswers>(&by, request.into_inner()).await
    }

    async fn post_message(
        &self,
        request: Request<PostMessageRequest>,
    ) -> Result<Response<PostMessageResponse>, Status> {
        let by = self.0.admit(caller(&request)?, &request.get_ref().case_id).await?;
        self.run::<PostMessage>(&by, request.into_inner()).await
    }

    async fn freeze_receipt(
        &self,
        request: Request<FreezeReceiptRequest>,
    ) -> Result<Response<FreezeReceiptResponse>, Status> {
        let by = match caller(&request)? {
            Caller::Receipt(claim) => {
                let held = self.0.held_by(claim).await?;
                if let Some(since) = held.frozen {
                    return Ok(Response::new(self.0.frozen(held.case, since).await?));
                }
                Freezer::Holder(Holder::new(claim, &held))
            }
            Caller::Staff(_) | Caller::Anonymous | Caller::Service(_) => {
                Freezer::Staff(staff(&request)?.clone())
            }
        };
        self.run::<FreezeReceipt>(&by, request.into_inner()).await
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
