//! The receipt: the secret that opens a requester's conversation again, with no account behind it.
//!
//! 120 random bits in two written forms, either of which is the whole receipt:
//!
//! - **ten words** of the EFF's large list, a list for passphrases that says nothing about wallets at a checkpoint;
//! - **eight groups of digits**, which read alike in every language and can be told over a telephone.
//!
//! From it derive the id under which a case is found, the proof that is shown, the secret that the thread's key is wrapped
//! to, and the key that signs its holder's acts. The id of the case that it opened commits to its public keys. A service
//! stores a hash of the proof and the public keys, and never sees the receipt.

mod digits;
mod error;
mod keys;
mod words;

use flare_kernel::{CaseId, random};
use flare_typed::text::{digit, is_invisible};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub use error::{ReceiptError, ReceiptForm};
pub use keys::{ReceiptKeys, sign_receipt, verify_receipt};

use crate::{RecipientSecret, SealError, Sensitive, SigningKey, derive::derive};

/// Bytes of a receipt.
const LEN: usize = 15;
/// More than any way of writing a receipt takes; bounds the work that a pasted text can cause.
const LONGEST_TEXT: usize = 2048;

/// The secret of one requester.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Receipt([u8; LEN]);

impl Receipt {
    /// Draws a fresh receipt.
    ///
    /// The checksum of the words alone would let one slip in some 600 pass. The likeliest slips, two neighbouring words
    /// swapped or a word taken for one that differs by a single slip of a letter, are always noticed: a receipt for which such a
    /// slip gives another valid one is drawn again. It costs less than a tenth of a bit.
    pub fn draw() -> Result<Self, SealError> {
        loop {
            let receipt = Self(random()?);
            if words::notices_likely_slips(&receipt.0) {
                return Ok(receipt);
            }
        }
    }

    /// The receipt made of these bytes.
    pub const fn from_bytes(bytes: [u8; LEN]) -> Self {
        Self(bytes)
    }

    /// The secret bytes; whoever calls this answers for where they go.
    pub const fn expose(&self) -> &[u8; LEN] {
        &self.0
    }

    /// Ten words, separated by spaces.
    pub fn words(&self) -> Sensitive<String> {
        words::write(&self.0)
    }

    /// Eight groups of six digits, separated by spaces.
    pub fn digits(&self) -> Sensitive<String> {
        digits::write(&self.0)
    }

    /// Reads either form as people write it: in any case, with spaces, hyphens, commas, full stops or line breaks
    /// between words or groups, with digits of any script, with the invisible marks that messengers add.
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        if text.len() > LONGEST_TEXT {
            return Err(ReceiptError::TooLong);
        }
        let text = plain(text);
        let pieces: Vec<&str> = text.split(' ').filter(|piece| !piece.is_empty()).collect();
        let has_digits = text.chars().any(|c| c.is_ascii_digit());
        let has_letters = text.chars().any(|c| c != ' ' && !c.is_ascii_digit());
        match (has_letters, has_digits) {
            (false, false) => Err(ReceiptError::Empty),
            (true, true) => Err(ReceiptError::Mixed),
            (true, false) => words::read(&pieces).map(Self),
            (false, true) => digits::read(&pieces).map(Self),
        }
    }

    /// The id under which the case is found; it proves nothing.
    pub fn lookup_id(&self) -> [u8; 16] {
        *derive(&self.0, "flare/v1/receipt/lookup-id")
    }

    /// What is shown to prove that one holds the receipt.
    pub fn proof(&self) -> [u8; 32] {
        *derive(&self.0, "flare/v1/receipt/proof")
    }

    /// The public keys.
    pub fn keys(&self) -> Result<ReceiptKeys, SealError> {
        Ok(ReceiptKeys { encryption: self.recipient().public()?, signing: self.signer().public() })
    }

    /// The id of the case that is opened with this receipt, so that sending the same form twice is the same case.
    pub fn case_id(&self) -> Result<CaseId, SealError> {
        Ok(self.keys()?.case_id())
    }

    /// What signs its holder's acts.
    pub fn signer(&self) -> SigningKey {
        SigningKey::from_bytes(*derive(&self.0, "flare/v1/receipt/signer"))
    }

    /// What opens the thread's key.
    pub fn recipient(&self) -> RecipientSecret {
        RecipientSecret::from_bytes(*derive(&self.0, "flare/v1/receipt/recipient"))
    }
}

/// What a service stores in place of a proof. One hash is enough: nobody guesses 120 bits.
pub fn proof_hash(proof: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update("flare/v1/receipt/proof-hash").chain_update(proof).finalize().into()
}

/// Says whether `proof` is the one whose hash was stored, in a time that tells nothing.
pub fn proof_matches(stored: &[u8; 32], proof: &[u8; 32]) -> bool {
    stored.ct_eq(&proof_hash(proof)).into()
}

/// `text` in lower case, with one space for each separator, ASCII digits and no invisible marks.
fn plain(text: &str) -> Zeroizing<String> {
    // Twice the room: lower case can be longer, and growing would leave a copy behind.
    let mut out = Zeroizing::new(String::with_capacity(text.len() * 2));
    for c in text.chars().filter(|c| !is_invisible(*c)) {
        match (digit(c), c) {
            (Some(digit), _) => out.push(digit),
            // A Turkish keyboard's two forms of i.
            (None, 'İ' | 'ı') => out.push('i'),
            (None, _) if is_separator(c) => out.push(' '),
            (None, _) => out.extend(c.to_lowercase()),
        }
    }
    out
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '_' | ',' | '.' | ';' | ':' | '/' | '|' | '،'
        )
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    use super::*;

    const WORDS: &str = "accompany grill thursday cardigan state labrador oozy unstamped quaking preheated";
    const DIGITS: &str = "001376 022535 022182 262314 174849 273102 311315 243038";

    fn receipt() -> Receipt {
        Receipt::from_bytes(std::array::from_fn(|i| u8::try_from(i * 17 + 1).unwrap()))
    }

    fn reads(text: &str) {
        assert_eq!(Receipt::parse(text).map(|read| read.0), Ok(receipt().0), "{text:?}");
    }

    #[test]
    fn both_forms_and_all_derived_values_are_fixed() {
        assert_eq!(receipt().words().expose(), WORDS);
        assert_eq!(receipt().digits().expose(), DIGITS);
        assert_eq!(HEXLOWER.encode(&receipt().lookup_id()), "31a010d1ede7880dadd3320d3c4a6602");
        assert_eq!(
            HEXLOWER.encode(&receipt().proof()),
            "d4e5899c33f83295fdc6b3587551b9811296160036b2773eec197e03199d31ef"
        );
        assert_eq!(
            HEXLOWER.encode(receipt().case_id().unwrap().as_bytes()),
            "f83956c62d299da93894d4b59629654f"
        );
        assert_eq!(
            HEXLOWER.encode(receipt().recipient().expose()),
            "6f8876ddce1b804e0a6fd436a7c7913824a6c827ce7f121eb28364fbef629e93"
        );
        // These two and the case id were computed apart from this code too, with Python's cryptography.
        let keys = receipt().keys().unwrap();
        assert_eq!(
            HEXLOWER.encode(&keys.signing),
            "4e2699531533dbd6b0d6c150211a8723e4ff8356c862cb217f6cdfa738adc64f"
        );
        assert_eq!(
            HEXLOWER.encode(&Sha256::digest(keys.encryption.to_bytes())),
            "a622538bc4fd080bd6ea7e50067de59d38dcda85c641d44e75808882917630ef"
        );
        assert_eq!(
            HEXLOWER.encode(&proof_hash(&receipt().proof())),
            "389d602079e897cc4747e902fad5b34bf59b8c4ccaa6458d915915b461ebd70d"
        );
    }

    #[test]
    fn words_are_read_however_they_are_written() {
        let separated = |separator: &str| WORDS.split(' ').collect::<Vec<_>>().join(separator);
        for text in [
            WORDS.to_owned(),
            WORDS.to_uppercase(),
            WORDS.to_uppercase().replace('I', "İ"),
            separated("  "),
            separated("-"),
            separated("\n"),
            separated(",\r\n\t"),
            separated(" – "),
            format!("\u{feff}\u{200f} {} .\n", separated("\u{a0}")),
        ] {
            reads(&text);
        }
    }

    #[test]
    fn digits_are_read_however_they_are_written() {
        let in_script = |zero: u32| -> String {
            DIGITS.chars().map(|c| c.to_digit(10).map_or(c, |d| char::from_u32(zero + d).unwrap())).collect()
        };
        for text in [
            DIGITS.to_owned(),
            DIGITS.replace(' ', ""),
            DIGITS.replace(' ', "-"),
            DIGITS.replace(' ', "\n"),
            format!("\u{202b}{}\u{202c}", in_script(0x660)),
            in_script(0x6f0).replace(' ', "،"),
            DIGITS
                .replace(' ', "")
                .as_bytes()
                .chunks(4)
                .map(|four| str::from_utf8(four).unwrap())
                .collect::<Vec<_>>()
                .join(" "),
        ] {
            reads(&text);
        }
    }

    #[test]
    fn what_is_no_receipt_is_refused_with_the_reason() {
        let refusal = |text: &str| Receipt::parse(text).err().unwrap();
        assert_eq!(refusal(" \n-"), ReceiptError::Empty);
        assert_eq!(refusal(&"word ".repeat(500)), ReceiptError::TooLong);
        assert_eq!(refusal("abacus 12345"), ReceiptError::Mixed);
    }

    #[test]
    fn proofs_match_their_hash_only() {
        let stored = proof_hash(&receipt().proof());
        assert!(proof_matches(&stored, &receipt().proof()));
        assert!(!proof_matches(&stored, &Receipt::draw().unwrap().proof()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn both_forms_of_any_receipt_are_read_back(bytes: [u8; LEN]) {
            let receipt = Receipt::from_bytes(bytes);
            prop_assert_eq!(Receipt::parse(receipt.words().expose()).map(|read| read.0), Ok(bytes));
            prop_assert_eq!(Receipt::parse(receipt.digits().expose()).map(|read| read.0), Ok(bytes));
        }

        #[test]
        fn no_text_panics_or_is_repeated_in_its_refusal(text in "\\PC{0,80}|([a-z]{3,9} ){10}|[0-9 ]{40,60}") {
            if let Err(refusal) = Receipt::parse(&text) {
                let shown = format!("{refusal} {refusal:?}");
                for word in text.split_whitespace().filter(|word| word.chars().count() > 7) {
                    prop_assert!(!shown.contains(word));
                }
            }
        }
    }
}
