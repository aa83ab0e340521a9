//! What sending a request and opening one for somebody have in common.

use flare_contracts::{
    Cause, InputRule, Refusal, StepCode,
    common::v1::{Compartment as WireCompartment, KeyEpoch, SealedField},
    events::v1::{IntakeEvent, RequestSubmitted},
    input,
    intake::v1::{Channel, HolderKind},
};
use flare_kernel::{CaseId, Timestamp};
use flare_seal::{Compartment, ServiceKey};
use flare_store::{
    Error, Tx,
    keys::{self, SealedEpoch},
};

use crate::{
    author::Author,
    domain::{answers, case_view::CaseView, listing::Listing, waiting_since::waiting_since},
    receipt::{NewReceipt, REQUESTERS_THREAD, ReceiptLock},
    store::{self, requests::Request},
};

/// A case that is to be.
pub(super) struct NewCase {
    pub(super) case: CaseId,
    pub(super) author: Author,
    pub(super) channel: Channel,
    pub(super) receipt: Option<ReceiptLock>,
    pub(super) listing: Listing,
    /// Since when it is told to have waited, where it could not come in at once.
    pub(super) waiting_since: Option<Timestamp>,
    pub(super) answers: Vec<SealedField>,
    pub(super) epochs: [SealedEpoch; 2],
    /// Tells the same request from another.
    pub(super) content: [u8; 32],
}

/// What its sender learns.
pub(super) struct Opened {
    pub(super) received: Timestamp,
    pub(super) version: i64,
}

/// The first event of a history.
const FIRST: i64 = 1;
/// The epoch that both compartments begin with.
const FIRST_EPOCH: u32 = 1;

/// Checks the first epochs of both compartments: exactly these, each the first.
pub(super) fn first_epochs(
    keys: Vec<KeyEpoch>,
    case: CaseId,
    has_receipt: bool,
    service: &ServiceKey,
) -> Result<[SealedEpoch; 2], Error> {
    let rule = || Refusal::invalid("keys", InputRule::NotTheFirstKeys);
    let [first, second]: [KeyEpoch; 2] = keys.try_into().map_err(|_| rule())?;
    let is_thread = |key: &KeyEpoch| key.compartment == i32::from(WireCompartment::Thread);
    let (request, thread) = match (is_thread(&first), is_thread(&second)) {
        (false, true) => ((0, first), (1, second)),
        (true, false) => ((1, second), (0, first)),
        (true, true) | (false, false) => return Err(rule().into()),
    };
    let seal = |(index, key): (usize, KeyEpoch), compartment| {
        let sealed = SealedEpoch::seal(&format!("keys[{index}]"), Some(key), case, &[compartment], service)?;
        sealed.check_follows(0)?;
        Ok::<_, Error>(sealed)
    };
    let epochs = [seal(request, Compartment::Request)?, seal(thread, Compartment::Thread)?];
    if has_receipt {
        epochs[1].check_wrapped_to(input::RECEIPT)?;
    }
    Ok(epochs)
}

impl NewCase {
    /// Checks what needs no database.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        answers::check_first(&self.answers)
    }

    /// Opens the case, or finds that this very request did before: a form that is sent twice is one case.
    pub(super) async fn open(&self, tx: &mut Tx) -> Result<Opened, Error> {
        tx.lock(&[&self.case]).await?;
        // A case begins with the first event of its history.
        if tx.version(self.case) > 0
            && let Some(earlier) = store::requests::find(tx, self.case).await?
        {
            if earlier.content == self.content {
                return Ok(Opened { received: earlier.received, version: FIRST });
            }
            return Err(Refusal::from(Cause::AlreadySubmitted).into());
        }
        self.insert(tx).await?;
        let event: IntakeEvent = RequestSubmitted {
            case_id: self.case.to_string(),
            channel: self.channel.into(),
            listing: Some(self.listing.to_wire()),
            has_receipt: self.receipt.is_some(),
            receipt: self.receipt.as_ref().map(ReceiptLock::keys_of_event),
            waiting_since: self.waiting_since.map(|told| input::timestamp_out(waiting_since(told, tx.now()))),
        }
        .into();
        tx.append(self.case, self.listing.lane_hint, self.author.name(), &event)?;
        store::view::add_first_step(tx, self.case, super::step_source(tx, self.case), StepCode::Received)
            .await?;
        Ok(Opened { received: tx.now(), version: tx.version(self.case) })
    }

    async fn insert(&self, tx: &mut Tx) -> Result<(), Error> {
        let request = Request {
            case: self.case,
            channel: self.channel,
            received: tx.now(),
            listing: self.listing.clone(),
            content: self.content,
        };
        store::requests::insert(tx, &request).await?;
        if let Some(receipt) = &self.receipt {
            let new = NewReceipt {
                lock: receipt,
                holder: HolderKind::Requester,
                thread: REQUESTERS_THREAD,
                drawn_by: &self.author,
                author: None,
                first_epoch: FIRST_EPOCH,
            };
            store::receipts::insert(tx, self.case, &new).await?;
        }
        keys::insert(tx, &self.epochs).await?;
        store::answers::insert(tx, self.case, (FIRST, &self.author), &self.answers).await?;
        let mut view = CaseView::new(self.case, self.listing.lane_hint);
        view.record_contact(tx.now());
        store::view::insert(tx, &view).await
    }
}
