//! A key that staff cannot write under is followed by the next one: because it does not open for them, or because nobody
//! vouches for it. Nothing is ever written under an older key.

use data_encoding::HEXLOWER;
use flare_contracts::{
    common::v1::KeyEpoch, grants::v1::BeginKeyEpochRequest as BeginGrantKeyRequest,
    intake::v1::BeginKeyEpochRequest as BeginCaseKeyRequest, triage::v1::BeginKeyEpochRequest,
};
use flare_kernel::random;
use flare_seal::{Compartment, RecipientPublic};

use super::{CaseRecord, Desk, GrantRecord};
use crate::{EdgeError, call::call, receipt_to_wrap_to};

/// The id of a call that draws a key. Each try draws another one, so no two tries are the same call.
fn fresh_id() -> Result<String, EdgeError> {
    Ok(HEXLOWER.encode(&random::<16>()?))
}

impl CaseRecord {
    /// Draws the notes' first key when there is none, and gives what to hand to triage.
    pub(super) fn draw_first_notes_key(&mut self, desk: &Desk) -> Result<Option<KeyEpoch>, EdgeError> {
        if self.keys.newest(Compartment::Notes) > 0 {
            return Ok(None);
        }
        let (key, epoch) = desk.session.draw_epoch(self.id, Compartment::Notes, 1, None)?;
        self.keys.insert(Compartment::Notes, 1, key);
        Ok(Some(epoch))
    }

    /// Makes sure that notes can be sealed: where the newest key is none to write under, begins the next.
    pub(super) async fn make_notes_writable(&mut self, desk: &Desk) -> Result<(), EdgeError> {
        let newest = self.keys.newest(Compartment::Notes);
        if newest == 0 || self.keys.holds(Compartment::Notes) {
            return Ok(());
        }
        let (key, wire) = desk.session.draw_epoch(self.id, Compartment::Notes, newest + 1, None)?;
        let request =
            BeginKeyEpochRequest { request_id: fresh_id()?, case_id: self.id.to_string(), key: Some(wire) };
        let begun = call!(desk, triage.begin_key_epoch(request))?;
        self.keys.insert(Compartment::Notes, newest + 1, key);
        // Beginning a key moves the case on by one; whatever else moved it meanwhile is still noticed.
        let before = begun.version - 1;
        if self.case.version == before {
            self.case.version = begun.version;
        }
        self.seen = self.seen.map(|seen| if seen == before { begun.version } else { seen });
        Ok(())
    }

    /// The same for the thread. The next key is wrapped to the requester's receipt too, whose keys must be believed.
    pub(super) async fn make_thread_writable(&mut self, desk: &Desk) -> Result<(), EdgeError> {
        if self.keys.holds(Compartment::Thread) {
            return Ok(());
        }
        let receipt = receipt_to_wrap_to(desk.session.bundle(), self.id, &self.request.receipts)?;
        self.begin_key(desk, Compartment::Thread, receipt.as_ref()).await
    }

    /// The same for what is attached beside the request, whose newest key may be one that its requester drew.
    pub(super) async fn make_request_writable(&mut self, desk: &Desk) -> Result<(), EdgeError> {
        if self.keys.holds(Compartment::Request) {
            return Ok(());
        }
        self.begin_key(desk, Compartment::Request, None).await
    }

    async fn begin_key(
        &mut self,
        desk: &Desk,
        compartment: Compartment,
        receipt: Option<&RecipientPublic>,
    ) -> Result<(), EdgeError> {
        let epoch = self.keys.newest(compartment) + 1;
        let (key, wire) = desk.session.draw_epoch(self.id, compartment, epoch, receipt)?;
        let request =
            BeginCaseKeyRequest { request_id: fresh_id()?, case_id: self.id.to_string(), key: Some(wire) };
        call!(desk, intake.begin_key_epoch(request))?;
        self.keys.insert(compartment, epoch, key);
        Ok(())
    }
}

impl GrantRecord {
    /// The same for a compartment of a grant that has a key already.
    pub(super) async fn make_writable(
        &mut self,
        desk: &Desk,
        compartment: Compartment,
    ) -> Result<(), EdgeError> {
        let newest = self.keys.newest(compartment);
        if newest == 0 || self.keys.holds(compartment) {
            return Ok(());
        }
        let (key, wire) = desk.session.draw_epoch(self.case, compartment, newest + 1, None)?;
        let grant_id = self.id.to_string();
        let request = BeginGrantKeyRequest { request_id: fresh_id()?, grant_id, key: Some(wire) };
        let begun = call!(desk, grants.begin_key_epoch(request))?;
        self.keys.insert(compartment, newest + 1, key);
        self.moved_on(begun.version);
        Ok(())
    }
}
