//! Cases that begin outside the form, the receipt that may come later, and answers that an officer adds.

use flare_contracts::{
    Cause, Coded as _, fields, input,
    intake::v1::{
        AddAnswersRequest, Channel, FreezeReceiptRequest, GetRequestRequest, IssueReceiptRequest,
        OpenRequestRequest, ReserveCaseRequest,
    },
};
use flare_kernel::{CaseId, Timestamp};
use flare_seal::{Compartment, Receipt};
use serde::Serialize;

use super::{CaseRecord, Desk, case_record::next_version, refusals::DeskRefusal};
use crate::{
    CaseKeys, EdgeError, Form,
    call::{call, retrying},
    receipt::{ReceiptHolder, lock, seal_answers},
    view::{text_or_none, word},
};

/// A case that an officer opened.
#[derive(Clone, Debug, Serialize)]
pub struct Opened {
    /// The case.
    pub case_id: String,
    /// How they asked.
    #[serde(serialize_with = "word")]
    pub channel: Channel,
    /// When the request came in.
    #[serde(serialize_with = "text_or_none")]
    pub received: Option<Timestamp>,
    /// The number of the last event in its history at intake.
    pub version: i64,
}

/// Answers that an officer added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AddedAnswers {
    /// The case.
    pub case_id: String,
    /// The number of the last event in its history at intake.
    pub version: i64,
    /// The names of what was added or replaced.
    pub answers: Vec<String>,
}

impl Desk {
    /// Opens a case for somebody who asked on another channel: the one that the receipt opens, or one whose id intake draws.
    /// Sealed once more it would look like another request, so whoever repeats the act says so, and then it is looked for
    /// first.
    pub async fn open_case(
        &self,
        (channel, form): (Channel, &Form),
        receipt: Option<&Receipt>,
        repeats: bool,
    ) -> Result<Opened, EdgeError> {
        let case = match receipt {
            Some(receipt) => receipt.case_id()?,
            None => self.reserve_case().await?,
        };
        let opened_before = if repeats { self.opened_before(case, channel).await? } else { None };
        if let Some(opened) = opened_before {
            return Ok(opened);
        }
        let request = self.compose(case, (channel, form), receipt)?;
        let opened = call!(self, intake.open_request(request))?;
        let received = opened.received.as_ref().map(input::timestamp_in);
        Ok(Opened { case_id: opened.case_id, channel, received, version: opened.version })
    }

    /// The id of a case that is opened without a receipt: the same for the same act.
    async fn reserve_case(&self) -> Result<CaseId, EdgeError> {
        let reserved =
            call!(self, intake.reserve_case(ReserveCaseRequest { request_id: self.key.use_it() }))?;
        reserved.case_id.parse().map_err(|_| EdgeError::Incomplete("the id of a case"))
    }

    /// What an earlier try of the same act opened, if it arrived.
    async fn opened_before(&self, case: CaseId, channel: Channel) -> Result<Option<Opened>, EdgeError> {
        let case_id = case.to_string();
        match call!(self, intake.get_request(GetRequestRequest { case_id: case_id.clone() })) {
            Ok(found) => {
                let received = found.received.as_ref().map(input::timestamp_in);
                Ok(Some(Opened { case_id, channel, received, version: found.version }))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn compose(
        &self,
        case: CaseId,
        (channel, form): (Channel, &Form),
        receipt: Option<&Receipt>,
    ) -> Result<OpenRequestRequest, EdgeError> {
        let (key, request_epoch) = self.session.draw_epoch(case, Compartment::Request, 1, None)?;
        let recipient = receipt.map(Receipt::keys).transpose()?.map(|keys| keys.encryption);
        let (_, thread_epoch) = self.session.draw_epoch(case, Compartment::Thread, 1, recipient.as_ref())?;
        let mut keys = CaseKeys::new(case);
        keys.insert(Compartment::Request, 1, key);
        Ok(OpenRequestRequest {
            // With a receipt, the receipt tells one case from another.
            request_id: if receipt.is_some() { self.key.text().to_owned() } else { self.key.use_it() },
            case_id: case.to_string(),
            channel: channel.into(),
            receipt: receipt.map(lock).transpose()?,
            listing: Some(form.listing()?),
            answers: seal_answers(&keys, form, |_| 1)?,
            keys: vec![request_epoch, thread_epoch],
        })
    }

    /// Gives a case its receipt; gives the version that its holder sees. A case that has this very one already is left as it
    /// is when `repeats` says that an earlier try may have given it.
    pub async fn issue_receipt(
        &self,
        record: &CaseRecord,
        receipt: &Receipt,
        repeats: bool,
    ) -> Result<i64, EdgeError> {
        record.check_issuable(repeats)?;
        if record.request.has_receipt {
            return self.version_of_receipt(record.id, receipt).await;
        }
        let epoch = record.keys.newest(Compartment::Thread) + 1;
        let recipient = receipt.keys()?.encryption;
        let (_, key) = self.session.draw_epoch(record.id, Compartment::Thread, epoch, Some(&recipient))?;
        let request = IssueReceiptRequest {
            request_id: self.key.text().to_owned(),
            case_id: record.id.to_string(),
            receipt: Some(lock(receipt)?),
            key: Some(key),
            author: Some(self.session.vouch_for_receipt(record.id, receipt)?),
        };
        Ok(call!(self, intake.issue_receipt(request))?.version)
    }

    /// Finds out whether the receipt that a case has is this one; gives the version that its holder sees.
    async fn version_of_receipt(&self, case: CaseId, receipt: &Receipt) -> Result<i64, EdgeError> {
        let opens_nothing =
            |error: &EdgeError| error.reason().is_some_and(|reason| reason == Cause::UnknownReceipt.code());
        match retrying(|| ReceiptHolder::find(self.session.lines(), receipt)).await {
            Ok((_, status)) if status.case_id == case => Ok(status.version),
            Err(error) if !opens_nothing(&error) => Err(error),
            Ok(_) | Err(_) => Err(EdgeError::Refused(DeskRefusal::OtherReceipt.into())),
        }
    }

    /// Ends what a receipt opens, for good; gives the case's version at intake.
    pub async fn freeze_receipt(&self, case: CaseId, reason: &str) -> Result<i64, EdgeError> {
        let request = FreezeReceiptRequest {
            request_id: self.key.use_it(),
            case_id: case.to_string(),
            reason: reason.to_owned(),
            act: None,
        };
        Ok(call!(self, intake.freeze_receipt(request))?.version)
    }

    /// Adds or replaces answers that an officer was told elsewhere.
    pub async fn add_answers(&self, record: &mut CaseRecord, form: &Form) -> Result<AddedAnswers, EdgeError> {
        let further = form.further_answers()?;
        // A key that the requester drew for later answers is theirs alone to seal under.
        let key = if further.is_empty() || record.keys.holds(Compartment::Request) {
            None
        } else {
            let epoch = record.keys.newest(Compartment::Request) + 1;
            let (key, wire) = self.session.draw_epoch(record.id, Compartment::Request, epoch, None)?;
            record.keys.insert(Compartment::Request, epoch, key);
            Some(wire)
        };
        let answers = further
            .into_iter()
            .map(|(name, text)| {
                let version = next_version(record.sealed_answer(name));
                record.keys.seal(&fields::answer(name), version, &text)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut names: Vec<_> = answers.iter().map(|answer| answer.name.clone()).collect();
        names.extend(form.says_of_danger().then(|| "danger".to_owned()));
        let request = AddAnswersRequest {
            request_id: self.key.use_it(),
            case_id: record.id.to_string(),
            answers,
            key,
            danger: form.listing()?.danger,
        };
        let version = call!(self, intake.add_answers(request))?.version;
        Ok(AddedAnswers { case_id: record.id.to_string(), version, answers: names })
    }
}

impl CaseRecord {
    /// Refuses to give the case a second receipt, before one is drawn and kept that would open nothing. `repeats` says that
    /// an earlier try may have given it this very one.
    pub fn check_issuable(&self, repeats: bool) -> Result<(), EdgeError> {
        if self.request.has_receipt && !repeats {
            return Err(EdgeError::Refused(DeskRefusal::ReceiptExists.into()));
        }
        Ok(())
    }
}
