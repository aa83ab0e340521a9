//! An officer opens a case for somebody who asked on another channel.

use flare_access::Staff;
use flare_contracts::{
    InputRule, Refusal, input,
    intake::v1::{Channel, OpenRequestRequest, OpenRequestResponse, ReserveCaseRequest, ReserveCaseResponse},
};
use flare_kernel::{CaseId, StaffId};
use flare_store::{Command, Error, Tx, Write};

use super::new_case::{NewCase, first_epochs};
use crate::{Intake, author::Author, content, domain::listing::Listing, receipt::ReceiptLock, store};

/// Gives an officer the id of a case that they are about to open without a receipt. It is drawn here: whoever could choose
/// one could take the id of a request that is still on its way.
pub(crate) struct ReserveCase {
    staff: StaffId,
}

impl Command for ReserveCase {
    type Service = Intake;
    type By = Staff;
    type Request = ReserveCaseRequest;

    fn parse(_: &Intake, by: &Staff, _: ReserveCaseRequest) -> Result<Self, Error> {
        Ok(Self { staff: by.id })
    }
}

impl Write for ReserveCase {
    type Output = ReserveCaseResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<ReserveCaseResponse, Error> {
        let case = CaseId::random()?;
        store::requests::reserve(tx, case, self.staff).await?;
        Ok(ReserveCaseResponse { case_id: case.to_string() })
    }
}

/// Opens a case with the answers that an officer took down.
pub(crate) struct OpenRequest(NewCase);

impl Command for OpenRequest {
    type Service = Intake;
    type By = Staff;
    type Request = OpenRequestRequest;

    fn parse(intake: &Intake, by: &Staff, request: OpenRequestRequest) -> Result<Self, Error> {
        let case = input::id("case_id", &request.case_id)?;
        let content = content::of_opening(&request)?;
        let receipt = request.receipt.map(|lock| ReceiptLock::parse(Some(lock))).transpose()?;
        if let Some(receipt) = &receipt {
            receipt.check_opens(case)?;
        }
        let new = NewCase {
            case,
            author: Author::Staff(by.id),
            channel: channel(request.channel)?,
            listing: Listing::parse(request.listing)?,
            waiting_since: None,
            epochs: first_epochs(request.keys, case, receipt.is_some(), &intake.service_key)?,
            receipt,
            answers: request.answers,
            content,
        };
        new.check()?;
        Ok(Self(new))
    }
}

impl OpenRequest {
    /// Without a receipt that gives the case's id, the id is one that was drawn here for this very person.
    async fn check_reserved(&self, tx: &mut Tx) -> Result<(), Error> {
        if self.0.receipt.is_some() {
            return Ok(());
        }
        let reserved = store::requests::reserved_for(tx, self.0.case).await?;
        if reserved.is_some_and(|staff| Author::Staff(staff) == self.0.author) {
            return Ok(());
        }
        Err(Refusal::invalid("case_id", InputRule::NotReserved).into())
    }
}

/// The form is the requester's own.
fn channel(number: i32) -> Result<Channel, Refusal> {
    match input::choice("channel", number)? {
        Channel::Unspecified | Channel::Form => {
            let words = "signal, phone, mail, peer, visit".to_owned();
            Err(Refusal::invalid("channel", InputRule::OneOf { words }))
        }
        channel @ (Channel::Signal | Channel::Phone | Channel::Mail | Channel::Peer | Channel::Visit) => {
            Ok(channel)
        }
    }
}

impl Write for OpenRequest {
    type Output = OpenRequestResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<OpenRequestResponse, Error> {
        self.check_reserved(tx).await?;
        let opened = self.0.open(tx).await?;
        Ok(OpenRequestResponse {
            case_id: self.0.case.to_string(),
            received: Some(input::timestamp_out(opened.received)),
            version: opened.version,
        })
    }
}
