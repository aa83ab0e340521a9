//! One unambiguous way to turn a list of parts into bytes that are signed or hashed.

/// Parts, each preceded by its length in eight bytes, big-endian.
#[derive(Default)]
pub(crate) struct Parts(pub(crate) Vec<u8>);

impl Parts {
    pub(crate) fn bytes(&mut self, part: &[u8]) -> &mut Self {
        self.0.extend_from_slice(&(part.len() as u64).to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }

    pub(crate) fn text(&mut self, part: &str) -> &mut Self {
        self.bytes(part.as_bytes())
    }

    /// A number in decimal.
    #[allow(clippy::needless_pass_by_value, reason = "numbers of several types, all of them small")]
    pub(crate) fn number(&mut self, number: impl ToString) -> &mut Self {
        self.text(&number.to_string())
    }
}
