//! Staff at work: one method for each act, with everything inside that makes it safe. Content is sealed here, the version
//! that somebody has seen is named, a repetition is harmless, and what the contact plan forbids is not said unawares.
//!
//! An act that stands on what somebody read takes the [`CaseRecord`] or [`GrantRecord`] that they read. Whoever shows
//! things shows views; each of them is what the command line prints as JSON.

mod addresses;
mod answers;
pub mod case_page;
mod case_record;
mod contact_plan;
mod facts;
mod files;
mod gates;
mod grant_ending;
mod grant_lists;
mod grant_record;
pub mod grant_sheet;
mod inbox;
mod keys;
mod names;
mod opening;
mod operations;
mod outcomes;
mod pages;
mod payments;
mod people;
mod proposing;
mod queue;
mod references;
mod refusals;
mod saying;
mod staff;
mod standing;
mod stopping;
mod taking;
mod terms;
mod voting;
mod waiting;

use std::sync::Arc;

use flare_contracts::{
    grants::v1::grants_client::GrantsClient, identity::v1::identity_client::IdentityClient, input,
    intake::v1::intake_client::IntakeClient, notification::v1::notification_client::NotificationClient,
    triage::v1::triage_client::TriageClient,
};
use flare_kernel::{Id, IdKind, StaffId};
use sha2::{Digest as _, Sha256};

use crate::{ActKey, EdgeError, Line, Session};

pub use answers::{Answers, CaseAnswer, Change, OpenedAnswer, Writing, Writings};
pub use case_page::CasePage;
pub use case_record::{CLOSED, CaseRecord};
pub use contact_plan::Agreed;
pub use facts::LoggedContact;
pub use files::CaseFile;
pub use gates::{PayeeCheck, ShownPayee};
pub use grant_lists::{GrantLine, GrantPage};
pub use grant_record::GrantRecord;
pub use grant_sheet::GrantSheet;
pub use inbox::{Inbox, InboxLine};
pub use names::{CaseName, GrantName, NameError};
pub use opening::{AddedAnswers, Opened};
pub use outcomes::{Decline, NewRecommendation};
pub use pages::Wanted;
pub use people::People;
pub use queue::{QueueCount, QueueLine, QueuePage};
pub use references::{NewReference, ReferenceCheck, may_name};
pub use saying::{AllTheSame, Crossed, Said, Words};
pub use staff::Member;
pub use standing::{CaseStanding, GrantStanding, Standing};
pub use stopping::Stopped;
pub use voting::{Proof, check_shown, digest_text};
pub use waiting::{Asked, Waiting, WaitingLine};

/// The rows asked for at once when everything is wanted.
pub(crate) const PAGE: i32 = input::MAX_PAGE;

/// An open session, and the key of the one act that is done at it.
pub struct Desk {
    session: Arc<Session>,
    key: ActKey,
}

impl Desk {
    /// A desk for one act.
    pub fn new(session: impl Into<Arc<Session>>, key: ActKey) -> Self {
        Self { session: session.into(), key }
    }

    /// The session of whoever works here.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The key of the act.
    pub const fn key(&self) -> &ActKey {
        &self.key
    }

    /// An id that is the same whenever the same person repeats the act under the same key, so that a message whose answer
    /// was lost is not written twice.
    pub(crate) fn drawn<K: IdKind>(&self, what: &str) -> Id<K> {
        drawn(self.session.staff_id(), self.key.text(), what)
    }

    pub(crate) async fn triage(&self) -> Result<TriageClient<Line>, EdgeError> {
        Ok(self.session.lines().triage(&self.session.credential().await?))
    }

    pub(crate) async fn intake(&self) -> Result<IntakeClient<Line>, EdgeError> {
        Ok(self.session.lines().intake(&self.session.credential().await?))
    }

    pub(crate) async fn grants(&self) -> Result<GrantsClient<Line>, EdgeError> {
        Ok(self.session.lines().grants(&self.session.credential().await?))
    }

    pub(crate) async fn identity(&self) -> Result<IdentityClient<Line>, EdgeError> {
        Ok(self.session.lines().identity(&self.session.credential().await?))
    }

    pub(crate) async fn notification(&self) -> Result<NotificationClient<Line>, EdgeError> {
        Ok(self.session.lines().notification(&self.session.credential().await?))
    }
}

fn drawn<K: IdKind>(staff: StaffId, key: &str, what: &str) -> Id<K> {
    let mut hasher = Sha256::new_with_prefix(b"flare/cli/id/1");
    for part in [staff.to_string().as_str(), key, K::PREFIX, what] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Id::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use flare_kernel::{MessageId, NoteId};

    use super::*;

    #[test]
    fn an_id_is_drawn_alike_for_the_same_act_and_for_no_other() {
        let (one, two) = (StaffId::from_bytes([1; 16]), StaffId::from_bytes([2; 16]));
        let id: MessageId = drawn(one, "key", "case_a/reply");
        assert_eq!(id, drawn(one, "key", "case_a/reply"));
        assert_ne!(id, drawn(two, "key", "case_a/reply"));
        assert_ne!(id, drawn(one, "other", "case_a/reply"));
        assert_ne!(id, drawn(one, "key", "case_b/reply"));
        let note: NoteId = drawn(one, "key", "case_a/reply");
        assert_ne!(note.as_bytes(), id.as_bytes());
    }
}
