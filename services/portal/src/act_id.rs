//! What tells one act from another, so that a double click is one.

use data_encoding::HEXLOWER;
use flare_edge::receipt::Try;
use flare_kernel::{RandomError, Timestamp, random};
use flare_seal::Receipt;
use sha2::{Digest, Sha256};

use crate::answers::Body;

/// The id that a page is drawn with: 32 hexadecimal digits, half of them random, half telling for which code it was drawn. A
/// browser may hold another code by the time the page is sent: nothing that was meant for one goes to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActId(String);

impl ActId {
    /// A fresh one, for a page of this code.
    pub(crate) fn draw(code: &Receipt) -> Result<Self, RandomError> {
        random().map(|fresh| Self::of(code, fresh))
    }

    /// One that a page brought back; none where it is not what [`draw`](Self::draw) gives for this code.
    pub(crate) fn read(code: &Receipt, text: &str) -> Option<Self> {
        let fresh = HEXLOWER.decode(text.get(..16)?.as_bytes()).ok()?.try_into().ok()?;
        Some(Self::of(code, fresh)).filter(|id| id.0 == text)
    }

    fn of(code: &Receipt, fresh: [u8; 8]) -> Self {
        let hash = Sha256::new_with_prefix(b"flare/portal/page-of-a-code/1");
        let hash = hash.chain_update(code.expose()).chain_update(fresh).finalize();
        Self(HEXLOWER.encode(&[&fresh[..], &hash[..8]].concat()))
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
        let code = Receipt::from_bytes([7; 15]);
        let drawn = ActId::draw(&code).unwrap();
        assert_eq!(ActId::read(&code, drawn.as_str()), Some(drawn.clone()));
        assert_ne!(ActId::draw(&code).unwrap(), drawn);
        let (short, long, upper) =
            (&drawn.as_str()[1..], format!("{}0", drawn.as_str()), drawn.as_str().to_uppercase());
        for other in ["", "x", short, &long, &upper, &"0f".repeat(16), &"é".repeat(16)] {
            assert_eq!(ActId::read(&code, other), None, "{other}");
        }
    }

    #[test]
    fn a_page_of_one_code_is_none_of_another() {
        let [one, other] = [7, 8].map(|byte| Receipt::from_bytes([byte; 15]));
        assert_eq!(ActId::read(&other, ActId::draw(&one).unwrap().as_str()), None);
    }

    #[test]
    fn the_same_words_of_a_page_are_one_sending_and_others_are_another() {
        let code = Receipt::from_bytes([7; 15]);
        let (one, other) = (ActId::draw(&code).unwrap(), ActId::draw(&code).unwrap());
        assert_eq!(one.of_words("Signal"), one.of_words("Signal"));
        assert_ne!(one.of_words("Signal"), one.of_words("Signal, at night"));
        assert_ne!(one.of_words("Signal"), other.of_words("Signal"));
        assert_eq!(one.of_words("").len(), one.as_str().len(), "intake takes it for an id of a call");
    }
}
