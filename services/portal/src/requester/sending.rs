//! What becomes of a form: it is at intake, or on the disk, or its sender is told that it is neither.

use std::time::Duration;

use flare_contracts::{Cause, Refusal};
use flare_edge::{
    EdgeError, Form, KeyBundle,
    receipt::{FormSent, NotSent, ReceiptHolder, Request, add_once, words_id},
};
use flare_seal::{Receipt, RequestSeed};
use sha2::{Digest, Sha256};
use tokio::time::timeout;
use tonic::Status;

use super::{NotDone, Requester, Sent, not_done};
use crate::{
    figures::{self, Want},
    keys::Slip,
    spool::{Fate, Kept, WaitingRoom, fate},
};

/// How long it is asked whether a request is at intake, where a limit keeps words of its form back, and for keys, where some
/// are kept.
const SOON: Duration = Duration::from_secs(2);
/// How long whoever sent a form waits until intake has it, where it can be kept instead. What was begun and not answered may
/// be done: sending it again is sending it once.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// By what a form that is sent is told from others.
#[derive(Clone, Copy)]
struct Ids {
    /// The same for each sending of one form.
    form: [u8; 16],
    /// The same for the same words under it.
    words: [u8; 16],
    /// The words under it that intake is known to have.
    at_intake: Option<[u8; 16]>,
}

impl Requester {
    /// Sends a form. The same form again is the same request; other words under it go on as further answers. While the
    /// services are away it is kept, and goes when they are back. `at_intake` are the words of it that its sender's session
    /// saw intake take.
    pub(crate) async fn send_or_keep(
        &self,
        slip: &Slip,
        form: &Form,
        at_intake: Option<[u8; 16]>,
    ) -> Result<Sent, NotDone> {
        let away = |error: EdgeError| not_done(&error);
        let (receipt, seed) = (slip.receipt(), RequestSeed::from_bytes(*slip.secret()));
        let words = words_id(form, &seed).map_err(away)?;
        let ids = Ids { form: form_id(slip), words, at_intake };
        let (bundle, gone) = self.keys_to_seal_to().await?;
        let request = Request::of_form(&bundle, form, (&receipt, &seed)).map_err(away)?;
        if let Some(error) = gone {
            return self.keep(&request, ids, error).await;
        }
        let handed = self.hand_on(&request, (&bundle, form), (&receipt, &seed), ids);
        if self.room.is_none() {
            return handed.await;
        }
        if let Ok(sent) = timeout(PATIENCE, handed).await {
            return sent;
        }
        // Whether they are slow or a limit keeps it back is not known, so that it tells nothing of the services.
        let busy = Status::from(Refusal::from(Cause::TooBusy));
        self.keep(&request, ids, EdgeError::Answered(busy)).await
    }

    /// The keys to seal to, and why they are those that were kept, where the services are away. Where a mere limit or their
    /// slowness held fresh ones back, those kept here do, and the request may still go.
    async fn keys_to_seal_to(&self) -> Result<(KeyBundle, Option<EdgeError>), NotDone> {
        let Some(kept) = self.room.as_ref().and_then(WaitingRoom::kept_keys) else {
            return self.fetch_keys().await.map(|bundle| (bundle, None)).map_err(|error| not_done(&error));
        };
        Ok(match timeout(SOON, self.fetch_keys()).await {
            Ok(Ok(bundle)) => (bundle, None),
            Ok(Err(error)) => (kept, (fate(&error) != Fate::Limited).then_some(error)),
            Err(_) => (kept, None),
        })
    }

    /// Gives a form to intake, after what waits of it, or keeps it.
    async fn hand_on(
        &self,
        request: &Request,
        (bundle, form): (&KeyBundle, &Form),
        (receipt, seed): (&Receipt, &RequestSeed),
        ids: Ids,
    ) -> Result<Sent, NotDone> {
        let away = |error: EdgeError| not_done(&error);
        let at_intake = |beside_other_words| Sent::AtIntake { words: ids.words, beside_other_words };
        if let Some(room) = &self.room {
            let went = room.send_earlier(ids.form).await.unwrap_or_else(|error| {
                // What cannot be read keeps nothing from going while the services answer.
                tracing::error!(%error, "what waits for the services cannot be read");
                None
            });
            if let Some(why) = went {
                return self.keep(request, ids, why).await;
            }
        }
        match request.submit_or_add(&self.lines, (bundle, form), (receipt, seed)).await {
            Ok(FormSent::Request(_)) => {
                if let Some(room) = &self.room {
                    room.intake_answered(true);
                }
                Ok(at_intake(false))
            }
            Ok(FormSent::FurtherAnswers) => Ok(at_intake(true)),
            Err(NotSent::FurtherAnswers(error)) => Err(away(error)),
            Err(NotSent::Request(error)) => match fate(&error) {
                Fate::Limited if self.is_at_intake(receipt).await => {
                    // Kept here, these would be other words of a request that is there, and never go.
                    let added = add_once(&self.lines, bundle, form, (receipt, seed)).await;
                    added.map(|()| at_intake(true)).map_err(away)
                }
                Fate::Limited | Fate::Later => self.keep(request, ids, error).await,
                Fate::Refused => Err(not_done(&error)),
            },
        }
    }

    /// Whether intake has a request of this receipt already, as far as it can be known soon.
    async fn is_at_intake(&self, receipt: &Receipt) -> bool {
        let found = timeout(SOON, ReceiptHolder::find(&self.lines, receipt)).await;
        found.is_ok_and(|found| found.is_ok())
    }

    /// The organisation's keys: those of the organisation that this portal trusts, where it was told which.
    pub(crate) async fn fetch_keys(&self) -> Result<KeyBundle, EdgeError> {
        match &self.room {
            Some(room) => room.fetch_keys().await,
            None => KeyBundle::fetch(&self.lines, self.organisation.as_deref()).await,
        }
    }

    /// Keeps what could not be sent for this reason.
    async fn keep(&self, request: &Request, ids: Ids, why: EdgeError) -> Result<Sent, NotDone> {
        let away = not_done(&why);
        let Some(room) = &self.room else { return Err(away) };
        room.intake_failed(&why);
        if ids.at_intake == Some(ids.words) {
            return Ok(Sent::AtIntake { words: ids.words, beside_other_words: false });
        }
        match room.keep(request, (ids.form, ids.words)).await {
            Ok(Kept::Yes { beside_other_words }) => {
                Ok(Sent::Kept { beside_other_words: beside_other_words || ids.at_intake.is_some() })
            }
            Ok(Kept::Full) => {
                figures::refused(Want::Disk);
                tracing::error!(
                    "a request was not taken: portal.spool_bytes are full, or its place has its share"
                );
                Err(away)
            }
            Err(error) => {
                tracing::error!(%error, "a request was not taken: it could not be written to portal.spool_dir");
                Err(away)
            }
        }
    }
}

/// Tells the sendings of one form from those of another, and nothing of it to whoever has not the form.
fn form_id(slip: &Slip) -> [u8; 16] {
    let hash = Sha256::new_with_prefix(b"flare/portal/spool-form/1").chain_update(slip.secret()).finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    id
}
