//! The idempotency key of one act: what makes a repetition of it harmless.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use data_encoding::HEXLOWER;
use flare_kernel::{RandomError, random};
use sha2::{Digest as _, Sha256};

/// The key under which everything that one act changes is done at most once. Cloning shares it.
#[derive(Clone, Debug)]
pub struct ActKey(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    own: String,
    /// Whether somebody gave it, who may be repeating an act.
    is_given: bool,
    /// In place of a random one: what follows from what the act says.
    derived: OnceLock<String>,
    /// Whether a call went out under it.
    is_used: AtomicBool,
}

impl ActKey {
    /// A key that nobody has used before.
    pub fn draw() -> Result<Self, RandomError> {
        Ok(Self::new(HEXLOWER.encode(&random::<16>()?), false))
    }

    /// The key that whoever acts gave, perhaps for the second time.
    pub fn given(key: String) -> Self {
        Self::new(key, true)
    }

    fn new(own: String, is_given: bool) -> Self {
        let (derived, is_used) = (OnceLock::new(), AtomicBool::new(false));
        Self(Arc::new(Inner { own, is_given, derived, is_used }))
    }

    /// The key of the act's one call that changes something. If its answer is lost, the act can be repeated under
    /// [`Self::to_repeat`].
    pub fn use_it(&self) -> String {
        self.0.is_used.store(true, Ordering::Relaxed);
        self.text().to_owned()
    }

    /// The key of one of several calls of an act, told apart by a short word.
    pub fn use_for(&self, step: &str) -> String {
        format!("{}.{step}", self.use_it())
    }

    /// The same key for a call that has another way of being repeated: nobody need be told it.
    pub fn text(&self) -> &str {
        self.0.derived.get().unwrap_or(&self.0.own)
    }

    /// Lets the key follow from what the act says, unless one was given: whoever was cut off before any key was told acts
    /// again under the same one. `what` it is said about, and the tag of the words, which tells them from others and tells
    /// nothing of them.
    pub(crate) fn derive_from(&self, what: &str, tag: &[u8]) {
        if !self.0.is_given {
            self.0.derived.get_or_init(|| derived(what, tag));
        }
    }

    /// Whether this act may be one that was tried before under the same key.
    pub fn may_be_a_repetition(&self) -> bool {
        self.0.is_given
    }

    /// The key to repeat the act under; none when no call went out under it.
    pub fn to_repeat(&self) -> Option<&str> {
        self.0.is_used.load(Ordering::Relaxed).then(|| self.text())
    }
}

fn derived(what: &str, tag: &[u8]) -> String {
    let digest = Sha256::new_with_prefix(b"flare/cli/meaning/1")
        .chain_update((what.len() as u64).to_be_bytes())
        .chain_update(what)
        .chain_update(tag)
        .finalize();
    let (key, _) = digest.split_at(16);
    HEXLOWER.encode(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_given_follows_from_nothing() {
        let given = ActKey::given("mine".to_owned());
        given.derive_from("grant_1/4/PROPOSAL", b"tag");
        assert_eq!((given.text(), given.may_be_a_repetition()), ("mine", true));
        assert_eq!(given.use_for("2"), "mine.2");
    }

    #[test]
    fn a_derived_key_is_the_same_for_the_same_words_about_the_same_thing() {
        let key = |what: &str, tag: &[u8]| {
            let key = ActKey::draw().unwrap();
            key.derive_from(what, tag);
            key.text().to_owned()
        };
        assert_eq!(key("a", b"1"), key("a", b"1"));
        assert_ne!(key("a", b"1"), key("a", b"2"));
        assert_ne!(key("a", b"1"), key("b", b"1"));
        assert_ne!(ActKey::draw().unwrap().text(), ActKey::draw().unwrap().text());
    }

    #[test]
    fn a_key_is_told_once_a_call_went_out_under_it() {
        let key = ActKey::draw().unwrap();
        assert_eq!(key.to_repeat(), None);
        let used = key.clone().use_it();
        assert_eq!(key.to_repeat(), Some(used.as_str()));
    }
}
