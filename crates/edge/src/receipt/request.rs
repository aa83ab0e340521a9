//! A request as it leaves the requester's device, and further answers to it.

use flare_contracts::{
    common::v1::SealedField,
    fields, input,
    intake::v1::{AddAnswersRequest, ReceiptLock, SubmitRequestRequest},
};
use flare_kernel::{CaseId, Timestamp, random};
use flare_seal::{Compartment, Receipt, ReceiptKeys, RequestSeed, proof_hash};
use prost::Message as _;
use serde::Serialize;

use super::{ReceiptHolder, view::Status};
use crate::{
    CaseKeys, Credential, EdgeError, Form, KeyBundle, Lines,
    case_keys::{next_epoch, wrapped_epoch},
};

/// A sealed request. Sending it twice makes one case.
#[derive(Clone, Debug)]
pub struct Request {
    case: CaseId,
    message: SubmitRequestRequest,
}

/// What somebody is told whose request came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Submitted {
    /// The case's id. It has no name yet: staff's side gives it one when it opens the case.
    pub case_id: String,
    /// The number of the last event in its history at intake.
    pub version: i64,
    /// When it came in, RFC 3339.
    pub received: Option<String>,
}

/// What became of a form that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormSent {
    /// It is the request, sent now or before.
    Request(Submitted),
    /// The request had come in with other words; these went on as further answers, and all are kept.
    FurtherAnswers,
}

/// Why a form was not sent.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// Its request could not be sent, and may be sent later.
    #[error(transparent)]
    Request(EdgeError),
    /// Its request had come in with other words, and these could not be added. As a request they never go.
    #[error(transparent)]
    FurtherAnswers(EdgeError),
}

/// The reason for which a request is refused that came in before with other words.
pub const ALREADY_SUBMITTED: &str = "ALREADY_SUBMITTED";

/// An id of a form's words under its seed: the same for the same words, and nothing of them to whoever lacks the seed.
pub fn words_id(form: &Form, seed: &RequestSeed) -> Result<[u8; 16], EdgeError> {
    let answers = form.further_answers()?;
    let said = answers.iter().map(|(name, text)| (*name, text.as_str()));
    let words: Vec<_> = said.chain([("danger", form.told_danger().as_str_name())]).collect();
    Ok(seed.words_id(&words))
}

/// Adds what a form holds to the request of this receipt. Under one seed the same words are added once, however often they
/// are sent; other words are added too.
pub async fn add_once(
    lines: &Lines,
    bundle: &KeyBundle,
    form: &Form,
    (receipt, seed): (&Receipt, &RequestSeed),
) -> Result<(), EdgeError> {
    let words_id = data_encoding::HEXLOWER.encode(&words_id(form, seed)?);
    let mut refused: Option<(i64, EdgeError)> = None;
    // Somebody else may add answers in between: then these follow the newest once more.
    for _ in 0..TRIES {
        let (holder, status) = ReceiptHolder::find(lines, receipt).await?;
        if refused.as_ref().is_some_and(|(version, _)| *version == status.version) {
            break;
        }
        let further = holder.compose_answers(bundle, form, &status, &words_id)?;
        let error = match holder.add_answers(&further).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        match error.reason().as_deref() {
            // The id stands for exactly these words: they are there.
            Some("REQUEST_ID_REUSED") => return Ok(()),
            // Of the key or of a writing that others came before.
            Some("OLD_KEY_EPOCH" | "INVALID_FIELD") => refused = Some((status.version, error)),
            Some(_) | None => return Err(error),
        }
    }
    Err(refused.map_or(EdgeError::Incomplete("whether these words came in"), |(_, error)| error))
}

/// How often answers are composed anew when others came in between.
const TRIES: u32 = 5;

fn fresh_id() -> Result<String, EdgeError> {
    Ok(data_encoding::HEXLOWER.encode(&random::<16>()?))
}

/// Sealed answers that are added to a request. Sending them twice adds them once.
#[derive(Clone, Debug)]
pub struct FurtherAnswers(AddAnswersRequest);

/// A receipt as intake is given it.
pub fn lock(receipt: &Receipt) -> Result<ReceiptLock, EdgeError> {
    let ReceiptKeys { encryption, signing } = receipt.keys()?;
    Ok(ReceiptLock {
        lookup_id: receipt.lookup_id().to_vec(),
        proof_hash: proof_hash(&receipt.proof()).to_vec(),
        encryption_key: encryption.to_bytes(),
        signing_key: signing.to_vec(),
    })
}

impl Request {
    /// The sealed request that a form becomes, to be sent once or again: the receipt tells one request from another, and an
    /// id that is drawn here tells one call from another.
    pub fn of_form(bundle: &KeyBundle, form: &Form, of: (&Receipt, &RequestSeed)) -> Result<Self, EdgeError> {
        Self::compose(bundle, form, of, &fresh_id()?)
    }

    /// The sealed request that a form becomes. The same form under the same receipt and seed is the same request, whoever
    /// composes it.
    pub fn compose(
        bundle: &KeyBundle,
        form: &Form,
        (receipt, seed): (&Receipt, &RequestSeed),
        request_id: &str,
    ) -> Result<Self, EdgeError> {
        let ReceiptKeys { encryption, .. } = receipt.keys()?;
        let case = receipt.case_id()?;
        let request_key = seed.request_key();
        let request_epoch = wrapped_epoch(bundle, case, (Compartment::Request, 1, &request_key), None)?;
        let (_, thread_epoch) = next_epoch(bundle, case, Compartment::Thread, 1, Some(&encryption))?;
        let mut keys = CaseKeys::new(case);
        keys.insert(Compartment::Request, 1, request_key);
        let message = SubmitRequestRequest {
            request_id: request_id.to_owned(),
            case_id: case.to_string(),
            receipt: Some(lock(receipt)?),
            listing: Some(form.listing()?),
            answers: seal_answers(&keys, form, |_| 1)?,
            keys: vec![request_epoch, thread_epoch],
            waiting_since: None,
        };
        Ok(Self { case, message })
    }

    /// The case that it opens.
    pub const fn case(&self) -> CaseId {
        self.case
    }

    /// The same, sent by a portal on whose disk it waited since then.
    #[must_use]
    pub fn waiting_since(mut self, at: Timestamp) -> Self {
        self.message.waiting_since = Some(input::timestamp_out(at));
        self
    }

    /// As it is on the wire, for whoever plays tricks on a service in a test.
    pub fn into_message(self) -> SubmitRequestRequest {
        self.message
    }

    /// As bytes, to be sent later. They open nothing and hold no receipt: answers are sealed, and what is listed stands in
    /// them as it does at intake.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.message.encode_to_vec()
    }

    /// What [`to_bytes`](Self::to_bytes) gave.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EdgeError> {
        let none = |_| EdgeError::Incomplete("a request that can be read");
        let message = SubmitRequestRequest::decode(bytes).map_err(none)?;
        let case = message.case_id.parse().map_err(|_| EdgeError::Incomplete("the case of a request"))?;
        Ok(Self { case, message })
    }

    /// Sends it.
    pub async fn submit(&self, lines: &Lines) -> Result<Submitted, EdgeError> {
        let answer = lines.intake(&Credential::NONE).submit_request(self.message.clone()).await?.into_inner();
        let received = answer.received.as_ref().map(|at| Timestamp::to_string(&input::timestamp_in(at)));
        Ok(Submitted { case_id: answer.case_id, version: answer.version, received })
    }

    /// Sends what this form became, which may have been sent before, with these words or with others: a second tap, a
    /// reload, another tab. Where the request came in with other words, these go on as further answers, once.
    pub async fn submit_or_add(
        &self,
        lines: &Lines,
        (bundle, form): (&KeyBundle, &Form),
        of: (&Receipt, &RequestSeed),
    ) -> Result<FormSent, NotSent> {
        match self.submit(lines).await {
            Ok(submitted) => Ok(FormSent::Request(submitted)),
            Err(error) if error.reason().as_deref() == Some(ALREADY_SUBMITTED) => {
                add_once(lines, bundle, form, of).await.map_err(NotSent::FurtherAnswers)?;
                Ok(FormSent::FurtherAnswers)
            }
            Err(error) => Err(NotSent::Request(error)),
        }
    }
}

impl FurtherAnswers {
    /// As they are on the wire, for whoever plays tricks on a service in a test.
    pub fn into_message(self) -> AddAnswersRequest {
        self.0
    }
}

impl ReceiptHolder {
    /// Answers to add or replace. A receipt opens no earlier answers, so these are sealed under a key of their own, which
    /// is drawn here: after a lost answer the same is sent again. `status` tells which key and writings they follow.
    pub fn compose_answers(
        &self,
        bundle: &KeyBundle,
        form: &Form,
        status: &Status,
        request_id: &str,
    ) -> Result<FurtherAnswers, EdgeError> {
        let answers = form.further_answers()?;
        let mut request = AddAnswersRequest {
            request_id: request_id.to_owned(),
            case_id: self.case().to_string(),
            danger: form.told_danger().into(),
            ..AddAnswersRequest::default()
        };
        if !answers.is_empty() {
            let epoch = status.answered.epoch + 1;
            let (key, key_epoch) = next_epoch(bundle, self.case(), Compartment::Request, epoch, None)?;
            let mut keys = CaseKeys::new(self.case());
            keys.insert(Compartment::Request, epoch, key);
            request.answers = seal(&keys, &answers, |name| status.times_written(name) + 1)?;
            request.key = Some(key_epoch);
        }
        Ok(FurtherAnswers(request))
    }

    /// Adds or replaces answers.
    pub async fn add_answers(&self, answers: &FurtherAnswers) -> Result<(), EdgeError> {
        self.intake().add_answers(answers.0.clone()).await?;
        Ok(())
    }
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
    answers.iter().map(|(name, text)| keys.seal(&fields::answer(name), version_of(name), text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::tests::bundle;

    #[test]
    fn a_request_is_the_same_after_it_lay_as_bytes_and_holds_no_receipt() {
        let (receipt, seed) = (Receipt::from_bytes([7; 15]), RequestSeed::from_bytes([8; 32]));
        let form = Form {
            happened: "They came at night.".to_owned(),
            contact: "Signal".to_owned(),
            ..Form::default()
        };
        let request = Request::of_form(&bundle(), &form, (&receipt, &seed)).unwrap();
        let bytes = request.to_bytes();
        let read = Request::from_bytes(&bytes).unwrap();
        assert_eq!((read.case(), &read.message), (request.case(), &request.message));
        let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        assert!(!has(b"They came") && !has(receipt.expose()) && !has(seed.expose()));
        assert!(Request::from_bytes(&bytes[..bytes.len() / 2]).is_err() && Request::from_bytes(&[]).is_err());
    }

    #[test]
    fn other_words_of_a_form_have_another_id() {
        let seed = RequestSeed::from_bytes([8; 32]);
        let id = |text: &str| {
            let form = Form { happened: text.to_owned(), contact: "Signal".to_owned(), ..Form::default() };
            words_id(&form, &seed).unwrap()
        };
        assert_eq!(id("They came."), id("They came."));
        assert_ne!(id("They came."), id("They went."));
    }
}
