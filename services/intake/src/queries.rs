//! What can be looked at.

use flare_contracts::{
    Refusal,
    common::v1::SealedField,
    input,
    intake::v1::{
        AnswerVersion, GetRequestResponse, GetStatusResponse, GrantView, ListAnswersResponse,
        ListFilesResponse, ListMessagesResponse, Message, NeedView, StoredFile, TrancheView, WrittenAnswer,
    },
};
use flare_kernel::CaseId;
use flare_seal::Compartment;
use flare_store::{Error, Page, Reads, keys};

use crate::{
    Intake,
    author::Author,
    domain::{grant::Grant, need::Need, payment::Tranche, standing::Facts},
    receipt::REQUESTERS_THREAD,
    store::{self, keys::HELD},
};

impl Intake {
    /// Where a case stands, for the holder of its receipt.
    pub(crate) async fn status(&self, case: CaseId) -> Result<GetStatusResponse, Error> {
        self.database
            .read(async |reads| {
                let request =
                    store::requests::find(reads, case).await?.ok_or_else(|| Refusal::not_found("case"))?;
                let view = store::view::find(reads, case).await?.ok_or_else(|| Refusal::not_found("case"))?;
                let questions = store::messages::open_questions(reads, case).await?;
                let grants = store::grants::of_case(reads, case).await?;
                let tranches = store::grants::tranches(reads, case).await?;
                let needs = store::view::needs(reads, case).await?;
                let outcomes: Vec<_> = needs.iter().map(|need| need.shown(&grants)).collect();
                let facts = Facts {
                    view: &view,
                    question_waits: questions.iter().any(|(_, asked)| Some(*asked) > view.heard_at),
                    needs: &outcomes,
                    grants: &grants,
                };
                let [request_epoch] = keys::newest(reads, case, [Compartment::Request]).await?;
                Ok(GetStatusResponse {
                    case_id: case.to_string(),
                    version: store::requests::version(reads, case).await?,
                    standing: facts.standing().into(),
                    received: Some(input::timestamp_out(request.received)),
                    steps: store::view::steps(reads, case).await?,
                    needs: needs.iter().map(|need| need_view(need, &grants)).collect(),
                    grants: grants.iter().map(|grant| grant_view(grant, &tranches)).collect(),
                    thread_keys: store::keys::of_receipt(reads, case, &self.service_key).await?,
                    open_questions: questions.iter().map(|(question, _)| question.to_string()).collect(),
                    we_answer_by: facts.we_answer_by().map(input::timestamp_out),
                    request_epoch,
                    answers: store::answers::newest(reads, case)
                        .await?
                        .into_iter()
                        .map(|answer| AnswerVersion { name: answer.name, version: answer.version })
                        .collect(),
                    listed_answers: request
                        .listing
                        .answered(!store::requests::later_danger(reads, case).await?.is_empty()),
                    codename: view.codename.as_ref().map(ToString::to_string).unwrap_or_default(),
                })
            })
            .await
    }

    /// The sealed request with its keys, for staff.
    pub(crate) async fn request(&self, case: CaseId) -> Result<GetRequestResponse, Error> {
        self.database
            .read(async |reads| {
                let request =
                    store::requests::find(reads, case).await?.ok_or_else(|| Refusal::not_found("case"))?;
                Ok(GetRequestResponse {
                    case_id: case.to_string(),
                    version: store::requests::version(reads, case).await?,
                    channel: request.channel.into(),
                    received: Some(input::timestamp_out(request.received)),
                    listing: Some(request.listing.to_wire()),
                    answers: store::answers::newest(reads, case).await?,
                    keys: keys::all(reads, case, HELD, &self.service_key).await?,
                    has_receipt: store::receipts::is_active(reads, case, REQUESTERS_THREAD).await?,
                    newest_message: store::messages::newest_place(reads, case).await?,
                    receipts: store::receipts::of_case(reads, case).await?,
                    later_danger: store::requests::later_danger(reads, case).await?,
                })
            })
            .await
    }

    /// A page of everything that was ever answered, for staff.
    pub(crate) async fn answers(
        &self,
        case: CaseId,
        page_size: i32,
        page_token: &str,
    ) -> Result<ListAnswersResponse, Error> {
        let page: Page<(i64, String)> = Page::asked(page_size, page_token)?;
        let rows = self
            .database
            .read(async |reads| {
                expect_case(reads, case).await?;
                store::answers::page(reads, case, &page).await
            })
            .await?;
        let weight = |written: &WrittenAnswer| sealed_bytes(written.answer.as_ref());
        let (answers, next_page_token) = page.cut_within(rows, PAGE_BYTES, weight);
        Ok(ListAnswersResponse { answers, next_page_token })
    }

    /// A page of the thread.
    pub(crate) async fn messages(
        &self,
        case: CaseId,
        page_size: i32,
        page_token: &str,
    ) -> Result<ListMessagesResponse, Error> {
        let page: Page<(i64,)> = Page::asked(page_size, page_token)?;
        let rows = self
            .database
            .read(async |reads| {
                expect_case(reads, case).await?;
                store::messages::page(reads, case, &page).await
            })
            .await?;
        let weight = |message: &Message| sealed_bytes(message.text.as_ref());
        let (messages, next_page_token) = page.cut_within(rows, PAGE_BYTES, weight);
        Ok(ListMessagesResponse { messages, next_page_token })
    }

    /// A page of a case's files. A receipt opens the thread and nothing else, so its holder is shown that part only.
    pub(crate) async fn files(
        &self,
        case: CaseId,
        author: &Author,
        page_size: i32,
        page_token: &str,
    ) -> Result<ListFilesResponse, Error> {
        let page: Page<(i64,)> = Page::asked(page_size, page_token)?;
        let compartment = author.is_requester().then_some(Compartment::Thread);
        let rows = self
            .database
            .read(async |reads| {
                expect_case(reads, case).await?;
                store::files::page(reads, case, compartment, &page).await
            })
            .await?;
        let weight = |file: &StoredFile| sealed_bytes(file.description.as_ref());
        let (files, next_page_token) = page.cut_within(rows, PAGE_BYTES, weight);
        Ok(ListFilesResponse { files, next_page_token })
    }
}

async fn expect_case(reads: &mut impl Reads, case: CaseId) -> Result<(), Error> {
    if store::requests::exists(reads, case).await? {
        return Ok(());
    }
    Err(Refusal::not_found("case").into())
}

/// The most sealed bytes of a page: the answer to a call has a limit, which long texts reach before many rows do.
const PAGE_BYTES: usize = 2 << 20;

fn sealed_bytes(field: Option<&SealedField>) -> usize {
    field.map_or(0, |field| field.ciphertext.len())
}

fn need_view(need: &Need, grants: &[Grant]) -> NeedView {
    NeedView {
        need_id: need.id.to_string(),
        kind: need.kind.into(),
        outcome: need.shown(grants).as_str().to_owned(),
        reason: need.reason.clone(),
    }
}

fn grant_view(grant: &Grant, tranches: &[Tranche]) -> GrantView {
    let of_grant = tranches.iter().filter(|tranche| tranche.grant == grant.id);
    GrantView {
        grant_id: grant.id.to_string(),
        stage: grant.stage.as_str().to_owned(),
        proposal_message_id: grant.proposal_message.clone(),
        agreement_message_id: grant.agreement_message.clone(),
        ceiling: Some(input::money_out(grant.ceiling)),
        start: grant.starts.clone(),
        end: grant.ends.clone(),
        tranches: of_grant.map(tranche_view).collect(),
        report_due: grant.report_due.map(input::timestamp_out),
    }
}

fn tranche_view(tranche: &Tranche) -> TrancheView {
    TrancheView {
        tranche_id: tranche.id.to_string(),
        amount: Some(input::money_out(tranche.amount)),
        state: tranche.state.as_str().to_owned(),
    }
}
