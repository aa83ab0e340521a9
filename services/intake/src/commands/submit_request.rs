//! Somebody sends an urgent request.

use flare_contracts::{
    Cause, KeyScope, Refusal, input,
    intake::v1::{Channel, SubmitRequestRequest, SubmitRequestResponse},
};
use flare_store::{Command, Error, Tx, Write};

use super::new_case::{NewCase, first_epochs};
use crate::{Intake, author::Author, content, domain::listing::Listing, receipt::ReceiptLock, store};

/// Whoever sends a request. Nobody is signed in: their keys are those of the receipt that they drew.
pub(crate) struct Sender {
    pub(crate) receipt: ReceiptLock,
    /// The portal alone is believed that a request waited.
    pub(crate) from_portal: bool,
}

impl KeyScope for Sender {
    fn key_scope(&self) -> String {
        self.receipt.key_scope()
    }
}

/// Opens a case with the answers of whoever asks.
pub(crate) struct SubmitRequest {
    new: NewCase,
    receipt: ReceiptLock,
}

impl Command for SubmitRequest {
    type Service = Intake;
    type By = Sender;
    type Request = SubmitRequestRequest;

    fn parse(intake: &Intake, by: &Sender, request: SubmitRequestRequest) -> Result<Self, Error> {
        let case = input::id("case_id", &request.case_id)?;
        by.receipt.check_opens(case)?;
        let content = content::of_submission(&request)?;
        let new = NewCase {
            case,
            author: Author::Requester,
            channel: Channel::Form,
            receipt: Some(by.receipt.clone()),
            listing: Listing::parse(request.listing)?,
            waiting_since: request.waiting_since.as_ref().filter(|_| by.from_portal).map(input::timestamp_in),
            epochs: first_epochs(request.keys, case, true, &intake.service_key)?,
            answers: request.answers,
            content,
        };
        new.check()?;
        Ok(Self { new, receipt: by.receipt.clone() })
    }
}

impl Write for SubmitRequest {
    type Output = SubmitRequestResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<SubmitRequestResponse, Error> {
        let opens = store::receipts::opened_by(tx, &self.receipt.lookup).await?;
        if opens.is_some_and(|opened| opened.case != self.new.case) {
            return Err(Refusal::from(Cause::AlreadySubmitted).into());
        }
        let opened = self.new.open(tx).await?;
        Ok(SubmitRequestResponse {
            case_id: self.new.case.to_string(),
            received: Some(input::timestamp_out(opened.received)),
            version: opened.version,
        })
    }
}
