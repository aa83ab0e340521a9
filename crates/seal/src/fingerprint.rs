//! Fingerprints of contacts, by which duplicates and self-references are noticed without comparing contacts.
//!
//! A fingerprint is an HMAC under a key that only the team's members can derive, so a database of fingerprints cannot be
//! searched by whoever guesses telephone numbers.

use flare_typed::text::{digit, is_invisible};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    RecipientSecret,
    derive::{derive, keyed_hash},
};

/// Fewer digits than this are not taken for a telephone number.
const FEWEST_PHONE_DIGITS: usize = 7;

/// Makes fingerprints; comes from a team's secret.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct FingerprintKey([u8; 32]);

/// A contact in the one form that is fingerprinted; only [`normalise_contact`] makes it.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct NormalisedContact(String);

/// Stands for one contact, for those who hold the team's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactFingerprint(pub [u8; 32]);

impl FingerprintKey {
    /// The fingerprint key of the team whose secret this is.
    pub fn from_team(secret: &RecipientSecret) -> Self {
        Self(*derive(secret.expose(), "flare/v1/team/fingerprints"))
    }
}

/// Brings the ways of writing one contact together.
///
/// Invisible marks are dropped, white space is trimmed and collapsed, letters are lower-cased, and digits of every
/// script become 0–9. What then looks like a telephone number keeps its digits only, without a leading `+` or `00`. A national
/// number stays national: the country cannot be guessed.
pub fn normalise_contact(contact: &str) -> NormalisedContact {
    let mut text = String::with_capacity(contact.len() * 2);
    for c in contact.chars().filter(|c| !is_invisible(*c)) {
        match digit(c) {
            Some(digit) => text.push(digit),
            None if c.is_whitespace() => {
                if !text.is_empty() && !text.ends_with(' ') {
                    text.push(' ');
                }
            }
            None => text.extend(c.to_lowercase()),
        }
    }
    text.truncate(text.trim_end().len());
    if let Some(number) = telephone_number(&text) {
        text.zeroize();
        text = number;
    }
    NormalisedContact(text)
}

/// The digits of a telephone number in international form, when `text` looks like one.
fn telephone_number(text: &str) -> Option<String> {
    let number = text.strip_prefix("tel:").unwrap_or(text).trim_start();
    let (international, rest) = match number.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    if !rest.chars().all(|c| c.is_ascii_digit() || " -.()/\u{2010}\u{2011}\u{2013}".contains(c)) {
        return None;
    }
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < FEWEST_PHONE_DIGITS {
        return None;
    }
    let dialled = if international { None } else { digits.strip_prefix("00").map(str::to_owned) };
    Some(dialled.unwrap_or(digits))
}

/// The fingerprint of a contact.
pub fn contact_fingerprint(key: &FingerprintKey, contact: &NormalisedContact) -> ContactFingerprint {
    ContactFingerprint(keyed_hash(&key.0, "flare/v1/contact-fingerprint", &[contact.0.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn key() -> FingerprintKey {
        FingerprintKey::from_team(&RecipientSecret::from_bytes([0x24; 32]))
    }

    #[test]
    fn the_format_is_fixed() {
        let fingerprint = contact_fingerprint(&key(), &normalise_contact("+47 22 12 34 56"));
        assert_eq!(
            HEXLOWER.encode(&fingerprint.0),
            "4e3e1eb8b137de6a559245119c72c8d744c43f39c5de17181e9c271456f45be2"
        );
    }

    #[test]
    fn ways_of_writing_one_contact_meet() {
        for (written, normal) in [
            ("+47 22 12 34 56", "4722123456"),
            ("0047-22.12.34.56", "4722123456"),
            ("tel:+47(22)123456", "4722123456"),
            ("\u{202a}+٤٧ ٢٢ ١٢ ٣٤ ٥٦\u{202c}", "4722123456"),
            ("۰۰۴۷۲۲۱۲۳۴۵۶", "4722123456"),
            ("022 123 456", "022123456"),
            (" Amal@Example.ORG\n", "amal@example.org"),
            ("Signal:  amal.07", "signal: amal.07"),
            ("12345", "12345"),
            ("1234567@example.org", "1234567@example.org"),
            ("", ""),
        ] {
            assert_eq!(normalise_contact(written).0, normal, "{written:?}");
        }
    }

    #[test]
    fn fingerprints_differ_by_contact_and_by_team() {
        let other_team = FingerprintKey::from_team(&RecipientSecret::from_bytes([0x25; 32]));
        let (one, two) = (normalise_contact("a@example.org"), normalise_contact("b@example.org"));
        assert_eq!(contact_fingerprint(&key(), &one), contact_fingerprint(&key(), &one));
        assert_ne!(contact_fingerprint(&key(), &one), contact_fingerprint(&key(), &two));
        assert_ne!(contact_fingerprint(&key(), &one), contact_fingerprint(&other_team, &one));
    }
}
