//! Somebody sends an urgent request.

use flare_contracts::{
    Cause, Refusal, input,
    intake::v1::{Channel, SubmitRequestRequest, SubmitRequestResponse},
};
use flare_seal::ServiceKey;
use flare_store::{Error, Once, Tx, Write};

use super::new_case::{NewCase, first_epochs};
use crate::{author::Author, content, domain::listing::Listing, receipt::ReceiptLock, store};

/// See the module.
pub(crate) struct SubmitRequest {
    new: NewCase,
    receipt: ReceiptLock,
}

impl SubmitRequest {
    /// Reads the call and its idempotency key, which belongs to the receipt: nobody is signed in. Only the portal is
    /// believed that a request waited.
    pub(crate) fn parse(
        request: SubmitRequestRequest,
        from_portal: bool,
        service: &ServiceKey,
    ) -> Result<(Once, Self), Error> {
        let receipt = ReceiptLock::parse(request.receipt.clone())?;
        let once = Once::new(receipt.scope(), "SubmitRequest", &request.request_id, &request)?;
        let case = input::id("case_id", &request.case_id)?;
        receipt.check_opens(case)?;
        let content = content::of_submission(&request)?;
        let new = NewCase {
            case,
            author: Author::Requester,
            channel: Channel::Form,
            receipt: Some(receipt.clone()),
            listing: Listing::parse(request.listing)?,
            waiting_since: request.waiting_since.as_ref().filter(|_| from_portal).map(input::timestamp_in),
            epochs: first_epochs(request.keys, case, true, service)?,
            answers: request.answers,
            content,
        };
        new.check()?;
        Ok((once, Self { new, receipt }))
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
