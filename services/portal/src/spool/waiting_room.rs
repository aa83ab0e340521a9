//! A spool with what it needs: the keys that seal it, the way to the services, and the time.

use std::{io, sync::Arc, time::Duration};

use flare_access::Clock;
use flare_edge::{
    EdgeError, KeyBundle, Lines,
    receipt::{ALREADY_SUBMITTED, Request},
};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Inner, Kept, Keys, Spool,
    fate::{Fate, fate},
    folder::Name,
    gauges,
};
use crate::{keys::PortalKeys, place::caller};

/// So many may fail before a pass gives up: one entry may be at fault; when several fail, the services are.
const TRIED_IN_VAIN: usize = 3;
/// Between two passes while nothing waits: so old may the keys be that lie here.
const IDLE: Duration = Duration::from_mins(1);
/// The first wait after a pass that failed; it doubles up to [`IDLE`].
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// How long whoever opens a page waits for the services to answer once more, where they did not last time.
const PATIENCE: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Clone)]
pub(crate) struct WaitingRoom {
    spool: Arc<Inner>,
    keys: Arc<PortalKeys>,
    lines: Lines,
    clock: Arc<dyn Clock>,
    /// The fingerprint of the organisation to which anything is sealed; without one, whichever answers.
    organisation: Option<String>,
}

/// The task that sends on what waits.
#[derive(Clone)]
pub struct Drain(pub(crate) WaitingRoom);

/// How a pass over what waits ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// Nothing is left that could go.
    Done,
    /// Something failed, or another process is at it.
    Left,
}

/// What is done with an entry that was tried.
#[derive(Debug)]
enum Tried {
    Sent,
    Failed(EdgeError),
    Refused,
    Unreadable,
    Gone,
}

impl Drain {
    /// Runs until `token` is cancelled.
    pub async fn run(&self, token: CancellationToken) {
        let mut wait = FIRST_WAIT;
        while let Some(pass) = token.run_until_cancelled(self.pass()).await {
            let pause = match pass {
                Pass::Done => {
                    wait = FIRST_WAIT;
                    IDLE
                }
                Pass::Left => {
                    let pause = wait;
                    wait = (wait * 2).min(IDLE);
                    pause
                }
            };
            let come = async {
                match pass {
                    Pass::Done => self.0.spool.came.notified().await,
                    // What comes now would fail as well.
                    Pass::Left => std::future::pending().await,
                }
            };
            let paused = token.run_until_cancelled(async {
                tokio::select! {
                    () = sleep(pause) => {}
                    () = come => {}
                }
            });
            if paused.await.is_none() {
                return;
            }
        }
    }

    async fn pass(&self) -> Pass {
        let _ = self.0.fetch_keys().await;
        self.0.pass().await.unwrap_or_else(|error| {
            tracing::error!(%error, "what waits for the services cannot be read or moved");
            Pass::Left
        })
    }
}

impl WaitingRoom {
    pub(crate) fn new(
        spool: &Spool,
        keys: Arc<PortalKeys>,
        lines: Lines,
        clock: Arc<dyn Clock>,
        organisation: Option<String>,
    ) -> Self {
        let room = Self { spool: Arc::clone(&spool.0), keys, lines, clock, organisation };
        room.read_keys();
        room
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let room = self.clone();
        tokio::task::spawn_blocking(move || act(&room)).await.map_err(io::Error::other)?
    }

    /// The keys that lie here, verified again. What cannot be read is as good as none.
    fn read_keys(&self) {
        let opened = self
            .spool
            .folder
            .keys()
            .ok()
            .flatten()
            .and_then(|sealed| self.keys.open_bytes("spool keys", &sealed));
        let bundle =
            opened.and_then(|bytes| KeyBundle::from_bytes(bytes.expose(), self.organisation.as_deref()).ok());
        self.spool.known().bundle = bundle;
    }

    /// Asks for the organisation's keys, and keeps what was verified. Where newer ones are kept, these are given: an identity
    /// that was set back, or broken into, gets nothing sealed to keys that were replaced. Nothing waits for the disk while
    /// the keys stay the same.
    pub(crate) async fn fetch_keys(&self) -> Result<KeyBundle, EdgeError> {
        let fetched = KeyBundle::fetch(&self.lines, self.organisation.as_deref()).await;
        let bundle = match fetched {
            Ok(bundle) => bundle,
            Err(error) => {
                if fate(&error) != Fate::Limited {
                    self.spool.known().keys_answer = false;
                }
                return Err(error);
            }
        };
        self.spool.known().keys_answer = true;
        let keys = match self.spool.known().beside(&bundle) {
            Keys::Kept => return Ok(bundle),
            Keys::Older(newer) => {
                tracing::error!("identity gave older keys than it did before: the newer ones are used");
                return Ok(*newer);
            }
            Keys::New => bundle.clone(),
        };
        if let Err(error) = self.on_disk(move |room| room.keep_keys(keys)).await {
            tracing::error!(%error, "the organisation's keys cannot be kept for when the services are away");
        }
        Ok(bundle)
    }

    /// Never older ones over newer ones.
    pub(super) fn keep_keys(&self, bundle: KeyBundle) -> io::Result<()> {
        let _writing = self.spool.writing();
        // Somebody else may have kept these or newer ones since they were fetched.
        match self.spool.known().beside(&bundle) {
            Keys::New => {}
            Keys::Kept | Keys::Older(_) => return Ok(()),
        }
        let bytes = bundle.to_bytes();
        let sealed = self.keys.seal_bytes("spool keys", &bytes).map_err(io::Error::other)?;
        self.spool.folder.put_keys(&sealed, self.clock.now())?;
        let mut known = self.spool.known();
        known.bundle = Some(bundle);
        known.bundle_is_written = true;
        Ok(())
    }

    /// The last verified keys.
    pub(crate) fn kept_keys(&self) -> Option<KeyBundle> {
        self.spool.known().bundle.clone()
    }

    /// Whether whoever begins to write now can be taken. Where it seems not, the services are asked once more.
    pub(crate) async fn takes(&self) -> bool {
        let place = caller();
        if self.spool.takes(place.as_ref()) {
            return true;
        }
        let _ = timeout(PATIENCE, self.fetch_keys()).await;
        self.spool.takes(place.as_ref())
    }

    /// Notes whether intake answered.
    pub(crate) fn intake_answered(&self, answered: bool) {
        self.spool.known().intake_answers = answered;
    }

    /// Notes what an error tells of whether intake is there.
    pub(crate) fn intake_failed(&self, error: &EdgeError) {
        if let Some(answers) = fate(error).answers() {
            self.intake_answered(answers);
        }
    }

    /// Keeps a request that could not be sent.
    pub(crate) async fn keep(
        &self,
        request: &Request,
        (form, words): ([u8; 16], [u8; 16]),
    ) -> io::Result<Kept> {
        let name = Name { at: self.clock.now(), form, words };
        // Its sender is told now by when we answer. The name of its file says the same, but whoever can write to the disk
        // could change that.
        let waiting = request.clone().waiting_since(name.at);
        let sealed = self.keys.seal_bytes(&context(&name), &waiting.to_bytes()).map_err(io::Error::other)?;
        let place = caller();
        let kept = self.on_disk(move |room| room.spool.keep(name, &sealed, place.as_ref())).await;
        // The next ones are told before they write.
        self.spool.known().figures.fails = kept.is_err();
        kept
    }

    /// Sends what waits under this form, the oldest first, so that newer words do not go before it. Nothing is moved: that
    /// is for whoever has the lock, and sending it twice is sending it once. Why it did not go, if it did not.
    pub(crate) async fn send_earlier(&self, form: [u8; 16]) -> io::Result<Option<EdgeError>> {
        let waiting = self.on_disk(|room| room.spool.folder.waiting()).await?;
        for name in waiting.into_iter().filter(|name| name.form == form) {
            if let Tried::Failed(why) = self.send(&name).await? {
                return Ok(Some(why));
            }
        }
        Ok(None)
    }

    async fn send(&self, name: &Name) -> io::Result<Tried> {
        let of = *name;
        let Some(sealed) = self.on_disk(move |room| room.spool.folder.read(&of)).await? else {
            return Ok(Tried::Gone);
        };
        let opened = self.keys.open_bytes(&context(name), &sealed);
        let Some(Ok(request)) = opened.map(|bytes| Request::from_bytes(bytes.expose())) else {
            return Ok(Tried::Unreadable);
        };
        let sent = request.submit(&self.lines).await;
        match &sent {
            Ok(_) => self.intake_answered(true),
            Err(error) => self.intake_failed(error),
        }
        Ok(match sent {
            Ok(_) => Tried::Sent,
            Err(error) => match fate(&error) {
                Fate::Later | Fate::Limited => {
                    tracing::warn!(%error, "a request that waits could not be sent");
                    Tried::Failed(error)
                }
                Fate::Refused => {
                    let other_words = error.reason().as_deref() == Some(ALREADY_SUBMITTED);
                    tracing::error!(case = %request.case(), other_words, %error, "a request that waits is refused and stays");
                    Tried::Refused
                }
            },
        })
    }

    /// Sends on what waits, each form in the order of its words.
    pub(super) async fn pass(&self) -> io::Result<Pass> {
        let Some(_lock) = self.on_disk(|room| room.spool.folder.lock()).await? else {
            self.measure().await?;
            return Ok(Pass::Left);
        };
        let mut in_vain = 0;
        // Each round sends the first of each form; the next ones of a form have their turn in the next round.
        let pass = 'rounds: loop {
            let in_turn = self.on_disk(|room| {
                let waiting = room.spool.folder.waiting()?;
                Ok(room.spool.known().in_turn(&waiting))
            });
            let in_turn = in_turn.await?;
            if in_turn.is_empty() {
                // Nothing is left that could tell: identity alone does then.
                self.intake_answered(true);
                break Pass::Done;
            }
            let mut moved = false;
            for name in in_turn {
                let tried = self.send(&name).await;
                let now = self.clock.now();
                let settled = match tried {
                    Ok(Tried::Sent) => {
                        self.on_disk(move |room| room.spool.folder.set_aside(&name, now)).await
                    }
                    Ok(Tried::Gone) => Ok(()),
                    Ok(Tried::Refused) => self.on_disk(move |room| room.spool.folder.refuse(&name)).await,
                    Ok(Tried::Unreadable) => {
                        tracing::error!(entry = name.to_text(), "no key opens a request that waits");
                        self.spool.known().unreadable.insert(name);
                        Ok(())
                    }
                    Ok(Tried::Failed(_)) => {
                        in_vain += 1;
                        self.spool.known().after = Some(name);
                        if in_vain >= TRIED_IN_VAIN {
                            break 'rounds Pass::Left;
                        }
                        continue;
                    }
                    Err(error) => Err(error),
                };
                if let Err(error) = settled {
                    // It keeps no other from its turn. Sending it again is sending it once.
                    tracing::error!(entry = name.to_text(), %error, "a request that waits cannot be read or moved");
                    self.spool.known().after = Some(name);
                    continue;
                }
                moved = true;
            }
            if !moved {
                break Pass::Left;
            }
            self.measure().await?;
        };
        let now = self.clock.now();
        let forgotten = self.on_disk(move |room| {
            room.spool.folder.forget_old(now, room.spool.limit_bytes)?;
            let removed = room.spool.folder.forget_refused(room.spool.limit_aside())?;
            if removed > 0 {
                tracing::error!(
                    removed,
                    "the oldest of what was refused is gone: it took too much room, and nobody looked"
                );
            }
            Ok(())
        });
        if let Err(error) = forgotten.await {
            tracing::error!(%error, "what went on long ago cannot be removed");
        }
        self.measure().await?;
        Ok(pass)
    }

    /// Looks at the disk, and shows what is there.
    async fn measure(&self) -> io::Result<()> {
        let now = self.clock.now();
        self.on_disk(move |room| {
            if room.spool.known().figures.fails && room.spool.folder.try_disk(now).is_ok() {
                room.spool.known().figures.fails = false;
            }
            room.spool.measure()
        })
        .await?;
        gauges::set(&self.spool.known().figures, self.spool.limit_bytes, now);
        Ok(())
    }
}

/// An entry opens under its own name only.
fn context(name: &Name) -> String {
    let of_form = Name { at: flare_kernel::Timestamp::from_micros(0), ..*name };
    format!("spool entry {}", of_form.to_text())
}
