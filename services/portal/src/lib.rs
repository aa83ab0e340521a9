//! The portal: pages for people in danger, without account, without script, in English, French and Arabic.
//!
//! It is an edge: what people write is opened here and nowhere behind it. It stores nothing but requests that wait, sealed,
//! while the services are away. What a page or a cookie carries away comes back sealed under the portal's own keys, so that
//! any replica can go on.
//!
//! It promises: a request that was sent is one case however often its page is sent; no answer but the two first ones, and
//! these only when they are empty or too long, keeps anybody from sending; no page names what would convict its reader.

mod act_id;
mod act_page;
mod acts;
mod answers;
mod figures;
mod form;
#[allow(clippy::result_large_err, reason = "the error is the page that is shown instead")]
mod handlers;
mod keys;
mod language;
mod pages;
mod patience;
mod place;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod properties;
mod refusals;
mod requester;
mod server;
mod settings;
mod spool;
mod to_staff;
mod web;
mod withheld;

#[cfg(test)]
mod tests;

/// One function for each message of the catalogues, made by `build.rs`.
#[allow(
    unreachable_pub,
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    unused
)]
mod l10n {
    include!(concat!(env!("OUT_DIR"), "/l10n.rs"));
}

pub use figures::CODE_SECONDS;
pub use keys::PortalKeys;
pub use server::{Callers, CertificateError, Door, ShownCertificate, serve};
pub use settings::{BadLines, Contact, PortalSettings, ReadingHours, Targets, contacts};
pub use spool::{Drain, Spool};

use std::sync::Arc;

use axum::Router;
use flare_access::Clock;
use flare_edge::Lines;

include!(concat!(env!("OUT_DIR"), "/unread.rs"));

/// The portal of one organisation.
pub struct Portal {
    settings: PortalSettings,
    keys: Arc<PortalKeys>,
    clock: Arc<dyn Clock>,
    requester: requester::Requester,
}

impl Portal {
    /// A portal that reaches the services over `lines`. Its calls say for which place they are made, and wait where it has
    /// made many.
    pub fn new(lines: Lines, settings: PortalSettings, keys: PortalKeys, clock: Arc<dyn Clock>) -> Self {
        figures::begin();
        let queues = patience::Queues::new();
        let lines = lines.through(|way| queues.before(place::telling(way)));
        let requester = requester::Requester::new(lines, settings.organisation.clone());
        Self { settings, keys: Arc::new(keys), clock, requester }
    }

    /// The same, with a place where requests wait while the services are away.
    #[must_use]
    pub fn with_spool(mut self, spool: &Spool) -> Self {
        let (keys, clock) = (Arc::clone(&self.keys), Arc::clone(&self.clock));
        let (lines, organisation) = (self.requester.lines.clone(), self.requester.organisation.clone());
        self.requester.room = Some(spool::WaitingRoom::new(spool, keys, lines, clock, organisation));
        self
    }

    /// What sends on what waits, if there is a place where requests wait. It is to run beside the pages.
    pub fn drain(&self) -> Option<Drain> {
        self.requester.room.clone().map(Drain)
    }

    /// Every page, behind the checks and headers that each of them has.
    pub fn router(self) -> Router {
        handlers::router(Arc::new(self))
    }
}
