//! The requester's side: sending a request, and everything that a receipt opens afterwards.
//!
//! One method for each act and one view for whatever is shown; the command line and the pages stand on both.

mod files;
mod request;
mod view;

use flare_access::{Credentials, ReceiptClaim};
use flare_contracts::{
    Cause,
    common::v1::{ActSignature, SealedField},
    fields, input,
    intake::v1::{
        AnswerAgreementRequest, AnswerProposalRequest, FreezeReceiptRequest, GetStatusRequest,
        ListMessagesRequest, Message as SealedMessage, PostMessageRequest, ReportArrivalRequest,
        SubmitReportRequest, WithdrawRequest, intake_client::IntakeClient,
    },
    requester_act::{RequesterCall, sign_call},
};
use flare_kernel::{CaseId, MessageId, Money, Timestamp};
use flare_seal::{Compartment, Receipt, RecipientSecret, Sensitive, SigningKey};
use sha2::{Digest, Sha256};

use crate::{CaseKeys, Credential, EdgeError, KeyBundle, Line, Lines, bundle::RECEIPT};

pub use files::File;
pub use request::{
    ALREADY_SUBMITTED, FormSent, FurtherAnswers, NotSent, Request, Submitted, add_once, lock, seal_answers,
    words_id,
};
pub use view::{
    DeclineReason, Grant, GrantStage, Message, MessageKind, Need, NeedKind, Outcome, Standing, Status, Step,
    Thread, Tranche, TrancheState,
};

/// The rows asked for at once.
const PAGE: i32 = input::MAX_PAGE;

/// Whoever holds a receipt.
pub struct ReceiptHolder {
    lines: Lines,
    credential: Credential,
    case: CaseId,
    secret: RecipientSecret,
    signer: SigningKey,
    trusted: Option<String>,
}

/// One try of an act. Whoever tries again gives the same id, and nothing is done twice.
#[derive(Clone, Copy, Debug)]
pub struct Try<'t> {
    /// Tells this act from every other that this receipt's holder does.
    pub request_id: &'t str,
    /// The time on this device: it is signed with the act.
    pub at: Timestamp,
}

/// A message that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Its id.
    pub message_id: MessageId,
    /// The number of its event: one that was written before has the number it had.
    pub version: i64,
    /// The keyed digest of its text.
    tag: Vec<u8>,
}

/// What somebody says to an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgreementAnswer {
    /// Yes.
    Accept,
    /// No.
    Refuse,
    /// Not this donor's money; help goes on with other money.
    RefuseDonor,
}

impl ReceiptHolder {
    /// Goes to what a receipt opens, in the case that was opened with it. Nothing is asked of the services yet.
    pub fn open(lines: &Lines, receipt: &Receipt) -> Result<Self, EdgeError> {
        Self::in_case(lines, receipt, receipt.case_id()?)
    }

    /// Goes to what a receipt opens and asks where the request stands. A receipt that was issued later belongs to a case
    /// that was there before, and only intake knows which.
    pub async fn find(lines: &Lines, receipt: &Receipt) -> Result<(Self, Status), EdgeError> {
        let status = Self::open(lines, receipt)?.status().await?;
        Ok((Self::in_case(lines, receipt, status.case_id)?, status))
    }

    /// The same for a receipt that may be frozen, to freeze it: where it opens nothing, or is called with too often because
    /// somebody else has it, it is taken for one of the case that it was opened with. Freezing again is no act, and intake
    /// refuses what is signed for another case.
    pub async fn find_even_frozen(lines: &Lines, receipt: &Receipt) -> Result<Self, EdgeError> {
        match Self::find(lines, receipt).await {
            Ok((holder, _)) => Ok(holder),
            Err(error) => match error.reason().as_deref() {
                Some("UNKNOWN_RECEIPT" | "TOO_MANY_CALLS" | "TOO_BUSY") => Self::open(lines, receipt),
                _ => Err(error),
            },
        }
    }

    fn in_case(lines: &Lines, receipt: &Receipt, case: CaseId) -> Result<Self, EdgeError> {
        let claim = ReceiptClaim { lookup: receipt.lookup_id(), proof: Sensitive::new(receipt.proof()) };
        Ok(Self {
            lines: lines.clone(),
            credential: Credential::new(&Credentials::Receipt(claim))?,
            case,
            secret: receipt.recipient(),
            signer: receipt.signer(),
            trusted: None,
        })
    }

    /// The same, on a device that trusts the organisation of this fingerprint: keys that staff drew are used only when it
    /// vouches for them. Without one, whichever organisation answers is asked.
    #[must_use]
    pub fn trusting(self, organisation: Option<String>) -> Self {
        Self { trusted: organisation, ..self }
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
    pub async fn status(&self) -> Result<Status, EdgeError> {
        Status::read(self.intake().get_status(GetStatusRequest {}).await?.into_inner())
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
        keys.open_epochs(bundle.as_ref(), &status.thread_keys, own);
        Ok(keys)
    }

    /// The thread, oldest first, opened. What this receipt does not open is left out: a message from before it was issued
    /// opens for staff only.
    pub async fn messages(&self) -> Result<Vec<Message>, EdgeError> {
        Ok(self.thread().await?.messages)
    }

    /// The same, with how many were left out.
    pub async fn thread(&self) -> Result<Thread, EdgeError> {
        let keys = self.thread_keys().await?;
        let mut thread = Thread::default();
        for message in self.sealed_messages().await? {
            let field = message.text.as_ref().ok_or(EdgeError::Incomplete("a message's text"))?;
            let Some(text) = open_message(&keys, &message.message_id, field) else {
                thread.unopened += 1;
                continue;
            };
            thread.messages.push(Message {
                kind: message.kind(),
                at: message.at.as_ref().map(input::timestamp_in),
                tag: keys.tag(Compartment::Thread, field, text.expose())?,
                text,
                message_id: message.message_id,
                author: message.author,
                about: message.about,
            });
        }
        Ok(thread)
    }

    /// The thread as intake keeps it, oldest first.
    async fn sealed_messages(&self) -> Result<Vec<SealedMessage>, EdgeError> {
        let mut messages = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListMessagesRequest { case_id: String::new(), page_size: PAGE, page_token };
            let page = self.intake().list_messages(request).await?.into_inner();
            messages.extend(page.messages);
            if page.next_page_token.is_empty() {
                return Ok(messages);
            }
            page_token = page.next_page_token;
        }
    }

    /// Writes to staff; `about` is a grant, a need, or nothing.
    pub async fn write(&self, text: &str, about: &str, request_id: &str) -> Result<Posted, EdgeError> {
        self.post(MessageKind::Text, text, about, request_id).await
    }

    /// Answers a question that staff asked in this message.
    pub async fn answer(&self, question: &str, text: &str, request_id: &str) -> Result<Posted, EdgeError> {
        self.post(MessageKind::Answer, text, question, request_id).await
    }

    /// Asks for more time, or for another change; `about` is a grant, or nothing.
    pub async fn ask_change(&self, text: &str, about: &str, request_id: &str) -> Result<Posted, EdgeError> {
        self.post(MessageKind::Change, text, about, request_id).await
    }

    /// Asks that another person looks again at a need that was declined.
    pub async fn ask_review(&self, text: &str, need: &str, request_id: &str) -> Result<Posted, EdgeError> {
        self.post(MessageKind::Review, text, need, request_id).await
    }

    async fn post(
        &self,
        kind: MessageKind,
        text: &str,
        about: &str,
        request_id: &str,
    ) -> Result<Posted, EdgeError> {
        let keys = self.thread_keys().await?;
        let message_id = message_id(self.case, request_id);
        let sealed = keys.seal(&fields::message(message_id), 1, text)?;
        let tag = sealed.tag.clone();
        let request = PostMessageRequest {
            request_id: request_id.to_owned(),
            case_id: self.case.to_string(),
            message_id: message_id.to_string(),
            kind: kind.into(),
            text: Some(sealed),
            about: about.to_owned(),
            contact_plan_kept: false,
            seen: 0,
        };
        match self.intake().post_message(request).await.map_err(EdgeError::from) {
            Ok(answer) => Ok(Posted { message_id, version: answer.into_inner().version, tag }),
            // Sealed under another key of the thread, the same words look to intake like others.
            Err(error) if was_sent_before(&error) => {
                self.posted_before(&keys, message_id, (kind, text, about)).await?.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// The message of this id, where it says exactly this. It was sealed under the thread's newest key of that time, and
    /// whatever follows it is signed for its digest under that one.
    async fn posted_before(
        &self,
        keys: &CaseKeys,
        message_id: MessageId,
        (kind, text, about): (MessageKind, &str, &str),
    ) -> Result<Option<Posted>, EdgeError> {
        let id = message_id.to_string();
        let found = self.sealed_messages().await?.into_iter().find(|message| message.message_id == id);
        let Some(found) = found.filter(|found| found.kind() == kind && found.about == about) else {
            return Ok(None);
        };
        let field = found.text.as_ref().ok_or(EdgeError::Incomplete("a message's text"))?;
        if open_message(keys, &id, field).is_none_or(|words| words.expose() != text) {
            return Ok(None);
        }
        let tag = keys.tag(Compartment::Thread, field, text)?;
        Ok(Some(Posted { message_id, version: found.place, tag }))
    }

    fn sign(&self, call: &impl RequesterCall, text_tag: &[u8], at: Timestamp) -> ActSignature {
        sign_call(call, self.case, (text_tag, input::timestamp_out(at)), &self.signer)
    }

    /// Says whether a proposal is right, as this message showed it. `words` are posted to the thread first. Like each act,
    /// it returns the number of its event: one that was done before has the number it had.
    pub async fn answer_proposal(
        &self,
        grant: &Grant,
        shown: &Message,
        (agrees, words): (bool, Option<&str>),
        act: Try<'_>,
    ) -> Result<i64, EdgeError> {
        let message_id = match words {
            Some(words) => self.write(words, &grant.grant_id, act.request_id).await?.message_id.to_string(),
            None => String::new(),
        };
        let mut call = AnswerProposalRequest {
            request_id: act.request_id.to_owned(),
            grant_id: grant.grant_id.clone(),
            agrees,
            message_id,
            shown_message_id: shown.message_id.clone(),
            act: None,
        };
        call.act = Some(self.sign(&call, &shown.tag, act.at));
        Ok(self.intake().answer_proposal(call).await?.into_inner().version)
    }

    /// Accepts or refuses the agreement that this message showed.
    pub async fn answer_agreement(
        &self,
        grant: &Grant,
        shown: &Message,
        answer: AgreementAnswer,
        act: Try<'_>,
    ) -> Result<i64, EdgeError> {
        let (accepts, refuses_donor) = match answer {
            AgreementAnswer::Accept => (true, false),
            AgreementAnswer::Refuse => (false, false),
            AgreementAnswer::RefuseDonor => (false, true),
        };
        let mut call = AnswerAgreementRequest {
            request_id: act.request_id.to_owned(),
            grant_id: grant.grant_id.clone(),
            accepts,
            refuses_donor,
            message_id: shown.message_id.clone(),
            act: None,
        };
        call.act = Some(self.sign(&call, &shown.tag, act.at));
        Ok(self.intake().answer_agreement(call).await?.into_inner().version)
    }

    /// Says what of a payment arrived; zero when nothing did.
    pub async fn report_arrival(
        &self,
        grant: &Grant,
        tranche: &Tranche,
        arrived: Money,
        act: Try<'_>,
    ) -> Result<i64, EdgeError> {
        let mut call = ReportArrivalRequest {
            request_id: act.request_id.to_owned(),
            grant_id: grant.grant_id.clone(),
            tranche_id: tranche.tranche_id.clone(),
            arrived: Some(input::money_out(arrived)),
            act: None,
        };
        call.act = Some(self.sign(&call, &[], act.at));
        Ok(self.intake().report_arrival(call).await?.into_inner().version)
    }

    /// Reports on a grant in words.
    pub async fn report(&self, grant: &Grant, text: &str, act: Try<'_>) -> Result<i64, EdgeError> {
        let posted = self.post(MessageKind::Report, text, &grant.grant_id, act.request_id).await?;
        let mut call = SubmitReportRequest {
            request_id: act.request_id.to_owned(),
            grant_id: grant.grant_id.clone(),
            message_id: posted.message_id.to_string(),
            act: None,
        };
        call.act = Some(self.sign(&call, &posted.tag, act.at));
        Ok(self.intake().submit_report(call).await?.into_inner().version)
    }

    /// Withdraws. `reason` is one of the codes that the contract lists.
    pub async fn withdraw(&self, reason: &str, act: Try<'_>) -> Result<(Standing, i64), EdgeError> {
        let mut call =
            WithdrawRequest { request_id: act.request_id.to_owned(), reason: reason.to_owned(), act: None };
        call.act = Some(self.sign(&call, &[], act.at));
        let answer = self.intake().withdraw(call).await?.into_inner();
        Ok((answer.standing(), answer.version))
    }

    /// Ends what this receipt opens, for good: others may have seen it. `reason` is one of the codes that the contract
    /// lists. Returns since when; freezing it again says the same, though the receipt opens nothing else any more.
    pub async fn freeze(&self, reason: &str, act: Try<'_>) -> Result<Option<Timestamp>, EdgeError> {
        let mut call = FreezeReceiptRequest {
            request_id: act.request_id.to_owned(),
            case_id: String::new(),
            reason: reason.to_owned(),
            act: None,
        };
        call.act = Some(self.sign(&call, &[], act.at));
        let answer = self.intake().freeze_receipt(call).await?.into_inner();
        Ok(answer.frozen.as_ref().map(input::timestamp_in))
    }
}

/// Whether a call was refused because its id, or that of its message, was given before. Where an id grows from what is sent,
/// it came in then.
pub fn was_sent_before(error: &EdgeError) -> bool {
    error.told().is_some_and(|told| matches!(told.cause, Cause::RequestIdReused | Cause::MessageIdReused))
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

/// The words of the message of this id; none where they do not open, or were sealed for another.
fn open_message(keys: &CaseKeys, message_id: &str, text: &SealedField) -> Option<Sensitive<String>> {
    let id = message_id.parse::<MessageId>().ok().filter(|id| id.to_string() == message_id)?;
    keys.open(&fields::message(id), text).ok()
}
