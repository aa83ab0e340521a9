//! Logging a contact that happened outside Flare.

use flare_contracts::{
    Refusal, codes,
    common::v1::SealedField,
    events::v1::ContactLogged,
    fields, input,
    triage::v1::{CaseState, LogContactRequest},
};
use flare_kernel::{CaseId, ContactId, StaffId};
use flare_store::{Error, Tx, Write};

use super::{MOST_ENTRIES, at_most};
use crate::{Triage, TriagePolicy, store};

/// Logs a call, a message or a visit, whatever the stage.
pub(crate) struct LogContact {
    pub(crate) case: CaseId,
    pub(crate) officer: StaffId,
    pub(crate) contact: ContactId,
    pub(crate) channel: &'static str,
    pub(crate) inbound: bool,
    pub(crate) reached: bool,
    pub(crate) words: SealedField,
    pub(crate) policy: TriagePolicy,
}

impl LogContact {
    pub(crate) fn parse(
        desk: &Triage,
        officer: StaffId,
        request: &LogContactRequest,
    ) -> Result<Self, Refusal> {
        let contact: ContactId = input::id("contact_id", &request.contact_id)?;
        Ok(Self {
            case: input::id("case_id", &request.case_id)?,
            officer,
            contact,
            channel: input::code("channel", &request.channel, codes::CONTACT_CHANNELS)?,
            inbound: request.inbound,
            reached: request.reached,
            words: input::sealed("words", request.words.clone(), &fields::contact(contact))?,
            policy: desk.policy(),
        })
    }
}

impl Write for LogContact {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = store::lock_case(tx, self.case).await?;
        at_most("contacts", store::contact_count(tx, self.case).await?, MOST_ENTRIES)?;
        let how = (self.channel, self.inbound, self.reached);
        store::add_contact(tx, self.case, self.contact, self.officer, how).await?;
        store::put_sealed(tx, self.case, "words", &self.words).await?;
        case.contact(self.inbound, self.reached, tx.now(), &self.policy);
        let logged = ContactLogged {
            case_id: self.case.to_string(),
            contact_id: self.contact.to_string(),
            channel: self.channel.to_owned(),
            inbound: self.inbound,
            reached: self.reached,
        };
        store::finish(tx, &mut case, self.officer, logged).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;
    use flare_contracts::{intake::v1::MessageKind, triage::v1::Stage};

    on_both_engines!(whoever_called_us_has_answered, crate::SCHEMA);
    async fn whoever_called_us_has_answered(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.assessing(1, Lane::Urgent).await;
        desk.message(case, MessageKind::Question, false).await;
        let log = |number: u8, inbound, reached| {
            let contact: ContactId = id(number);
            let request = LogContactRequest {
                case_id: case.to_string(),
                contact_id: contact.to_string(),
                channel: "phone".to_owned(),
                inbound,
                reached,
                words: Some(sealed(fields::contact(contact).name, 1, 1)),
                ..LogContactRequest::default()
            };
            desk.act(LogContact::parse, 1, request)
        };
        assert_eq!(stage(&log(1, false, false).await.unwrap()), Stage::AwaitingRequester, "nobody picked up");
        assert_eq!(stage(&log(2, false, true).await.unwrap()), Stage::AwaitingRequester);
        assert_eq!(stage(&log(3, true, true).await.unwrap()), Stage::Assessing);
        assert_eq!(refusal(log(3, true, true).await).reason, "ID_TAKEN");
        let read = desk.read(case).await;
        assert_eq!(read.contacts.len(), 3);
        assert!(read.contacts.iter().all(|contact| contact.words.is_some() && contact.channel == "phone"));
    }
}
