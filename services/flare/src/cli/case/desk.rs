//! An officer at work: the open session, ids that hold when a command is given twice, and calls that are tried again.

use std::collections::BTreeMap;

use flare_contracts::{
    grants::v1::grants_client::GrantsClient,
    identity::v1::{ListStaffRequest, Staff},
    input,
    intake::v1::intake_client::IntakeClient,
    triage::v1::triage_client::TriageClient,
};
use flare_edge::{KeyBundle, Line, Session};
use flare_kernel::{Id, IdKind, StaffId};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::cli::{CliError, Context, output::isolated};

/// The rows asked for at once when everything is wanted.
pub(crate) const PAGE: i32 = input::MAX_PAGE;

/// A session and what is asked of it in one command.
pub(crate) struct Desk<'c> {
    pub(crate) context: &'c Context,
    pub(crate) session: Session,
    request_id: String,
}

/// Calls a service: with a fresh credential, and again with the same content while it cannot be reached.
macro_rules! call {
    ($desk:expr, $service:ident.$method:ident($request:expr)) => {
        $crate::cli::ask($desk.$service().await?, $request, async |mut client, request| {
            client.$method(request).await
        })
        .await
    };
}
pub(crate) use call;

impl<'c> Desk<'c> {
    /// Goes on with the session of whoever is logged in.
    pub(crate) async fn open(context: &'c Context) -> Result<Self, CliError> {
        Ok(Self { context, session: context.session().await?, request_id: context.own_id()? })
    }

    /// The key under which every change of this command is done at most once.
    pub(crate) fn request_id(&self) -> Result<String, CliError> {
        self.context.request_id()
    }

    /// The same for a command that has another way of being given again.
    pub(crate) fn own_id(&self) -> String {
        self.request_id.clone()
    }

    /// Lets the command's ids follow from what it says, unless one was given with `--request-id`: `what` it is said about,
    /// and the tag of the words, which tells them from others and tells nothing of them.
    pub(crate) fn mean(&mut self, what: &str, tag: &[u8]) -> Result<(), CliError> {
        self.context.mean(&meaning(what, tag));
        self.request_id = self.context.own_id()?;
        Ok(())
    }

    /// An id that is the same whenever this command is given again with the same `--request-id` by the same person, so
    /// that a message whose answer was lost is not written twice.
    pub(crate) fn drawn<K: IdKind>(&self, what: &str) -> Id<K> {
        drawn(self.session.staff_id(), &self.request_id, what)
    }

    pub(crate) async fn triage(&self) -> Result<TriageClient<Line>, CliError> {
        Ok(self.session.lines().triage(&self.session.credential().await?))
    }

    pub(crate) async fn intake(&self) -> Result<IntakeClient<Line>, CliError> {
        Ok(self.session.lines().intake(&self.session.credential().await?))
    }

    pub(crate) async fn grants(&self) -> Result<GrantsClient<Line>, CliError> {
        Ok(self.session.lines().grants(&self.session.credential().await?))
    }

    pub(crate) async fn identity(
        &self,
    ) -> Result<flare_contracts::identity::v1::identity_client::IdentityClient<Line>, CliError> {
        Ok(self.session.lines().identity(&self.session.credential().await?))
    }

    /// Everyone on the staff.
    pub(crate) async fn staff(&self) -> Result<People, CliError> {
        let mut staff = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListStaffRequest { page_size: PAGE, page_token };
            let page = call!(self, identity.list_staff(request))?;
            staff.extend(page.staff);
            if page.next_page_token.is_empty() {
                return Ok(People::new(staff, self.session.bundle()));
            }
            page_token = page.next_page_token;
        }
    }

    /// Says what was done: one JSON document, or a line for people.
    pub(crate) fn done(&self, said: &str, value: &Value) -> Result<(), CliError> {
        self.context.output.show(value, |output| output.line(said))
    }
}

fn meaning(what: &str, tag: &[u8]) -> [u8; 16] {
    let hasher = Sha256::new_with_prefix(b"flare/cli/meaning/1");
    let digest: [u8; 32] = hasher
        .chain_update((what.len() as u64).to_be_bytes())
        .chain_update(what)
        .chain_update(tag)
        .finalize()
        .into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes
}

fn drawn<K: IdKind>(staff: StaffId, request_id: &str, what: &str) -> Id<K> {
    let mut hasher = Sha256::new_with_prefix(b"flare/cli/id/1");
    for part in [staff.to_string().as_str(), request_id, K::PREFIX, what] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Id::from_bytes(bytes)
}

/// The staff, to show names in place of ids and to find ids by name.
pub(crate) struct People {
    staff: Vec<Staff>,
    /// The keys that the organisation vouches for.
    certified: BTreeMap<String, [u8; 32]>,
}

impl People {
    fn new(staff: Vec<Staff>, bundle: &KeyBundle) -> Self {
        let key = |one: &Staff| Some((one.staff_id.clone(), bundle.certified(one).ok()?.signing));
        Self { certified: staff.iter().filter_map(key).collect(), staff }
    }

    /// The key that a person signs with, if the organisation vouches for it: the server could name any.
    pub(crate) fn signing_key(&self, staff_id: &str) -> Option<&[u8; 32]> {
        self.certified.get(staff_id)
    }

    /// The person's name; whatever else stands there (an id nobody has, "requester") stays as it is.
    pub(crate) fn name(&self, staff_id: &str) -> String {
        let found = self.staff.iter().find(|staff| staff.staff_id == staff_id);
        found.map_or(staff_id, |staff| staff.name.as_str()).to_owned()
    }

    /// The name as it stands within a line.
    pub(crate) fn shown(&self, staff_id: &str) -> String {
        isolated(&self.name(staff_id))
    }

    /// The person of this name or id.
    pub(crate) fn find(&self, name_or_id: &str) -> Option<&Staff> {
        self.staff.iter().find(|staff| staff.name == name_or_id || staff.staff_id == name_or_id)
    }
}

#[cfg(test)]
mod tests {
    use flare_kernel::{MessageId, NoteId};

    use super::*;

    #[test]
    fn an_id_is_drawn_alike_for_the_same_command_and_for_no_other() {
        let (one, two) = (StaffId::from_bytes([1; 16]), StaffId::from_bytes([2; 16]));
        let id: MessageId = drawn(one, "key", "case_a/reply");
        assert_eq!(id, drawn(one, "key", "case_a/reply"));
        assert_ne!(id, drawn(two, "key", "case_a/reply"));
        assert_ne!(id, drawn(one, "other", "case_a/reply"));
        assert_ne!(id, drawn(one, "key", "case_b/reply"));
        let note: NoteId = drawn(one, "key", "case_a/reply");
        assert_ne!(note.as_bytes(), id.as_bytes());
    }

    #[test]
    fn people_are_shown_by_name_and_found_by_either() {
        let staff = Staff { staff_id: "staff_1".to_owned(), name: "amal".to_owned(), ..Staff::default() };
        let people = People { staff: vec![staff], certified: BTreeMap::new() };
        assert_eq!(people.name("staff_1"), "amal");
        assert_eq!(people.name("requester"), "requester");
        assert!(
            people.find("amal").is_some() && people.find("staff_1").is_some() && people.find("x").is_none()
        );
    }
}
