//! What tells one act from another, so that a double click is one.

use data_encoding::HEXLOWER;
use flare_edge::receipt::Try;
use flare_kernel::{RandomError, Timestamp, random};
use sha2::{Digest, Sha256};

use crate::answers::Body;

/// The id that a page is drawn with: 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActId(String);

impl ActId {
    /// A fresh one.
    pub(crate) fn draw() -> Result<Self, RandomError> {
        random::<16>().map(|bytes| Self(HEXLOWER.encode(&bytes)))
    }

    /// One that a page brought back; none where it is not what [`draw`](Self::draw) gives.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let is_ours = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_ours.then(|| Self(text.to_owned()))
    }

    /// As a page carries it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The same, of its own.
    pub(crate) fn into_string(self) -> String {
        self.0
    }

    /// The id under which the services get these words of its page. A double click and a reload send the same words: they
    /// are one call. Words that were changed before the page was sent again are others, and are not taken for the first.
    pub(crate) fn of_words(&self, text: &str) -> String {
        let hash = Sha256::new_with_prefix(b"flare/portal/words/1").chain_update(&self.0).chain_update(text);
        HEXLOWER.encode(&hash.finalize()[..16])
    }

    /// One try, at this time, of what its page sent.
    pub(crate) fn sending(&self, body: &Body, at: Timestamp) -> Sending {
        Sending { id: self.of_words(body.text("text")), at }
    }
}

/// One try of what a page sent.
pub(crate) struct Sending {
    /// Tells these words of this page from everything else.
    pub(crate) id: String,
    at: Timestamp,
}

impl Sending {
    /// As the services are told.
    pub(crate) fn as_try(&self) -> Try<'_> {
        Try { request_id: &self.id, at: self.at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back_as_it_was_drawn_and_nothing_else_is_one() {
        let drawn = ActId::draw().unwrap();
        assert_eq!(ActId::read(drawn.as_str()), Some(drawn.clone()));
        assert_ne!(ActId::draw().unwrap(), drawn);
        for other in ["", "x", &drawn.as_str()[1..], &format!("{}0", drawn.as_str()), &"é".repeat(16)] {
            assert_eq!(ActId::read(other), None, "{other}");
        }
    }

    #[test]
    fn the_same_words_of_a_page_are_one_sending_and_others_are_another() {
        let (one, other) = (ActId::draw().unwrap(), ActId::draw().unwrap());
        assert_eq!(one.of_words("Signal"), one.of_words("Signal"));
        assert_ne!(one.of_words("Signal"), one.of_words("Signal, at night"));
        assert_ne!(one.of_words("Signal"), other.of_words("Signal"));
        assert!(ActId::read(&one.of_words("")).is_some(), "intake takes it for an id of a call");
    }
}
