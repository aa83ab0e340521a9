//! The requester's side: sending a request, and everything a receipt opens afterwards.

use flare_access::{Credentials, ReceiptClaim};
use flare_contracts::intake::v1::{
    AddAnswersRequest, AnswerAgreementRequest, AnswerProposalRequest, GetStatusRequest, GetStatusResponse,
    ListMessagesRequest, Message, MessageKind, PostMessageRequest, ReceiptLock, ReportArrivalRequest,
    Standing, SubmitReportRequest, SubmitRequestRequest, SubmitRequestResponse, WithdrawRequest,
    intake_client::IntakeClient,
};
use flare_contracts::{common::v1::Money, common::v1::SealedField};
use flare_kernel::{CaseId, MessageId};
use flare_seal::{Compartment, Receipt, RecipientSecret, Sensitive, proof_hash};
use sha2::{Digest, Sha256};

use crate::{
    CaseKeys, Credential, EdgeError, Form, KeyBundle, Line, Lines,
    bundle::RECEIPT,
    case_file::{fresh_epoch, next_epoch},
};

/// The longest message.
const PAGE: i32 = 200;

/// Whoever holds a receipt.
pub struct ReceiptHolder {
    lines: Lines,
    credential: Credential,
    case: CaseId,
    secret: RecipientSecret,
    trusted: Option<String>,
}

/// A receipt as intake is given it.
pub fn lock(receipt: &Receipt) -> ReceiptLock {
    ReceiptLock { lookup_id: receipt.lookup_id().to_vec(), proof_hash: proof_hash(&receipt.proof()).to_vec() }
}

impl ReceiptHolder {
    /// Goes to what a receipt opens. Nothing is asked of the services yet.
    pub fn open(lines: &Lines, receipt: &Receipt, case: CaseId) -> Result<Self, EdgeError> {
        let claim = ReceiptClaim { lookup: receipt.lookup_id(), proof: Sensitive::new(receipt.proof()) };
        let credential = Credential::new(&Credentials::Receipt(claim))?;
        Ok(Self { lines: lines.clone(), credential, case, secret: receipt.recipient(), trusted: None })
    }

    /// The same, on a device that trusts the organisation of this fingerprint: keys that staff drew are used only when it
    /// vouches for them. Without one, whichever organisation answers is asked.
    #[must_use]
    pub fn trusting(self, organisation: Option<String>) -> Self {
        Self { trusted: organisation, ..self }
    }

    /// The sealed request that a form becomes. Sending it twice makes one case.
    pub fn compose(
        bundle: &KeyBundle,
        form: &Form,
        receipt: &Receipt,
        request_id: &str,
    ) -> Result<SubmitRequestRequest, EdgeError> {
        let case = receipt.case_id();
        let (request_key, request_epoch) = fresh_epoch(bundle, case, Compartment::Request, None)?;
        let (_, thread_epoch) = fresh_epoch(bundle, case, Compartment::Thread, Some(&receipt.recipient()))?;
        let mut keys = CaseKeys::new(case);
        keys.insert(Compartment::Request, 1, request_key);
        Ok(SubmitRequestRequest {
            request_id: request_id.to_owned(),
            case_id: case.to_string(),
            receipt: Some(lock(receipt)),
            listing: Some(form.listing()?),
            answers: seal_answers(&keys, form, |_| 1)?,
            keys: vec![request_epoch, thread_epoch],
        })
    }

    /// Sends a request.
    pub async fn submit(
        lines: &Lines,
        request: SubmitRequestRequest,
    ) -> Result<SubmitRequestResponse, EdgeError> {
        Ok(lines.intake(&Credential::NONE).submit_request(request).await?.into_inner())
    }

    fn intake(&self) -> IntakeClient<Line> {
        self.lines.intake(&self.credential)
    }

    /// The case.
    pub const fn case(&self) -> CaseId {
        self.case
    }

    /// What calls with this receipt show.
    pub const fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Where the case stands.
    pub async fn status(&self) -> Result<GetStatusResponse, EdgeError> {
        Ok(self.intake().get_status(GetStatusRequest {}).await?.into_inner())
    }

    /// The keys of the thread.
    pub async fn thread_keys(&self) -> Result<CaseKeys, EdgeError> {
        let status = self.status().await?;
        let mut keys = CaseKeys::new(self.case);
        let is_by_staff = status.thread_keys.iter().any(|epoch| epoch.author.is_some());
        let bundle = if is_by_staff {
            Some(KeyBundle::fetch(&self.lines, self.trusted.as_deref()).await?)
        } else {
            None
        };
        let own = |recipient: &str, _| (recipient == RECEIPT).then_some(&self.secret);
        keys.open_epochs(bundle.as_ref(), &status.thread_keys, own)?;
        Ok(keys)
    }

    /// The thread, oldest first, opened.
    pub async fn messages(&self) -> Result<Vec<(Message, Sensitive<String>)>, EdgeError> {
        let keys = self.thread_keys().await?;
        let mut opened = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListMessagesRequest { case_id: String::new(), page_size: PAGE, page_token };
            let page = self.intake().list_messages(request).await?.into_inner();
            for message in page.messages {
                let text = message.text.clone().ok_or(EdgeError::Incomplete("a message's text"))?;
                // A message from before the receipt was issued opens for staff only.
                let Ok(text) = keys.open(Compartment::Thread, &text) else { continue };
                opened.push((message, text));
            }
            if page.next_page_token.is_empty() {
                return Ok(opened);
            }
            page_token = page.next_page_token;
        }
    }

    /// Writes to staff. `about` names the question, need or grant it is about; empty for none.
    pub async fn write(
        &self,
        kind: MessageKind,
        text: &str,
        about: &str,
        request_id: &str,
    ) -> Result<MessageId, EdgeError> {
        let keys = self.thread_keys().await?;
        let message = message_id(self.case, request_id);
        let request = PostMessageRequest {
            request_id: request_id.to_owned(),
            case_id: self.case.to_string(),
            message_id: message.to_string(),
            kind: kind.into(),
            text: Some(keys.seal(Compartment::Thread, &format!("thread.message.{message}"), 1, text)?),
            about: about.to_owned(),
            contact_plan_kept: false,
            seen: 0,
        };
        self.intake().post_message(request).await?;
        Ok(message)
    }

    /// Answers to add or replace. A receipt opens no earlier answers, so these are sealed under a key of their own, which
    /// is drawn here: after a lost answer the same is sent again. `epoch` is the request's next one, and each answer's
    /// version must be its next.
    pub fn compose_answers(
        &self,
        bundle: &KeyBundle,
        form: &Form,
        next: (u32, impl Fn(&str) -> u32),
        request_id: &str,
    ) -> Result<AddAnswersRequest, EdgeError> {
        let (epoch, version_of) = next;
        let (key, key_epoch) = next_epoch(bundle, self.case, Compartment::Request, epoch, None)?;
        let mut keys = CaseKeys::new(self.case);
        keys.insert(Compartment::Request, epoch, key);
        Ok(AddAnswersRequest {
            request_id: request_id.to_owned(),
            case_id: self.case.to_string(),
            answers: seal(&keys, &form.further_answers()?, version_of)?,
            key: Some(key_epoch),
        })
    }

    /// Adds or replaces answers.
    pub async fn add_answers(&self, answers: AddAnswersRequest) -> Result<(), EdgeError> {
        self.intake().add_answers(answers).await?;
        Ok(())
    }

    /// Says whether a proposal is right.
    pub async fn answer_proposal(
        &self,
        grant: &str,
        agrees: bool,
        message: Option<MessageId>,
        request_id: &str,
    ) -> Result<(), EdgeError> {
        let message_id = message.map(|message| message.to_string()).unwrap_or_default();
        let (request_id, grant_id) = (request_id.to_owned(), grant.to_owned());
        self.intake()
            .answer_proposal(AnswerProposalRequest { request_id, grant_id, agrees, message_id })
            .await?;
        Ok(())
    }

    /// Accepts or refuses the agreement that a message showed.
    pub async fn answer_agreement(
        &self,
        grant: &str,
        message: &str,
        accepts: bool,
        refuses_donor: bool,
        request_id: &str,
    ) -> Result<(), EdgeError> {
        let request = AnswerAgreementRequest {
            request_id: request_id.to_owned(),
            grant_id: grant.to_owned(),
            accepts,
            refuses_donor,
            message_id: message.to_owned(),
        };
        self.intake().answer_agreement(request).await?;
        Ok(())
    }

    /// Says what of a payment arrived; zero when nothing did.
    pub async fn report_arrival(
        &self,
        grant: &str,
        tranche: &str,
        arrived: Money,
        request_id: &str,
    ) -> Result<(), EdgeError> {
        let request = ReportArrivalRequest {
            request_id: request_id.to_owned(),
            grant_id: grant.to_owned(),
            tranche_id: tranche.to_owned(),
            arrived: Some(arrived),
        };
        self.intake().report_arrival(request).await?;
        Ok(())
    }

    /// Reports on a grant in words.
    pub async fn report(&self, grant: &str, text: &str, request_id: &str) -> Result<(), EdgeError> {
        let words = self.write(MessageKind::Report, text, grant, request_id).await?;
        let (request_id, grant_id) = (request_id.to_owned(), grant.to_owned());
        let request = SubmitReportRequest { request_id, grant_id, message_id: words.to_string() };
        self.intake().submit_report(request).await?;
        Ok(())
    }

    /// Withdraws.
    pub async fn withdraw(&self, reason: &str, request_id: &str) -> Result<Standing, EdgeError> {
        let request = WithdrawRequest { request_id: request_id.to_owned(), reason: reason.to_owned() };
        Ok(self.intake().withdraw(request).await?.into_inner().standing())
    }
}

/// The message that a request id names: writing it again after a lost connection is writing the same message.
pub fn message_id(case: CaseId, request_id: &str) -> MessageId {
    let digest: [u8; 32] = Sha256::new_with_prefix(b"flare/requester-message/1")
        .chain_update(case.as_bytes())
        .chain_update(request_id)
        .finalize()
        .into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    MessageId::from_bytes(bytes)
}

/// A form's answers, sealed.
pub fn seal_answers(
    keys: &CaseKeys,
    form: &Form,
    version_of: impl Fn(&str) -> u32,
) -> Result<Vec<SealedField>, EdgeError> {
    seal(keys, &form.answers()?, version_of)
}

fn seal(
    keys: &CaseKeys,
    answers: &[(&'static str, String)],
    version_of: impl Fn(&str) -> u32,
) -> Result<Vec<SealedField>, EdgeError> {
    answers.iter().map(|(name, text)| keys.seal(Compartment::Request, name, version_of(name), text)).collect()
}
