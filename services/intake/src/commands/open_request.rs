//! An officer opens a case for somebody who asked on another channel.

use flare_contracts::{
    Refusal, input,
    intake::v1::{Channel, OpenRequestRequest, OpenRequestResponse},
};
use flare_kernel::StaffId;
use flare_seal::ServiceKey;
use flare_store::{Error, Tx, Write};

use super::new_case::{NewCase, first_epochs};
use crate::{author::Author, content, domain::listing::Listing, receipt::ReceiptLock};

/// See the module.
pub(crate) struct OpenRequest(NewCase);

impl OpenRequest {
    pub(crate) fn parse(
        staff: StaffId,
        request: OpenRequestRequest,
        service: &ServiceKey,
    ) -> Result<Self, Error> {
        let case = input::id("case_id", &request.case_id)?;
        let content = content::of_opening(&request)?;
        let receipt = request.receipt.map(|lock| ReceiptLock::parse(Some(lock))).transpose()?;
        let new = NewCase {
            case,
            author: Author::Staff(staff),
            channel: channel(request.channel)?,
            listing: Listing::parse(request.listing)?,
            epochs: first_epochs(request.keys, case, receipt.is_some(), service)?,
            receipt,
            answers: request.answers,
            content,
        };
        new.check()?;
        Ok(Self(new))
    }
}

/// The form is the requester's own.
fn channel(number: i32) -> Result<Channel, Refusal> {
    match input::choice("channel", number)? {
        Channel::Unspecified | Channel::Form => {
            Err(Refusal::invalid("channel", "must be signal, phone, mail, peer or visit"))
        }
        channel @ (Channel::Signal | Channel::Phone | Channel::Mail | Channel::Peer | Channel::Visit) => {
            Ok(channel)
        }
    }
}

impl Write for OpenRequest {
    type Output = OpenRequestResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<OpenRequestResponse, Error> {
        let opened = self.0.open(tx).await?;
        Ok(OpenRequestResponse {
            case_id: self.0.case.to_string(),
            received: Some(input::timestamp_out(opened.received)),
            version: opened.version,
        })
    }
}
