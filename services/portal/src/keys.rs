//! What leaves the portal sealed and comes back: the hidden field of a form, and the cookie of whoever has a code.

use data_encoding::BASE64URL_NOPAD;
use flare_access::PlaceNames;
use flare_kernel::{Duration, Lane, Timestamp};
use flare_seal::{PortalKey, Receipt, SealError, Sensitive};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{form::Unclear, withheld};

/// How long a form that was fetched can be sent.
const FORM_LIFE: Duration = Duration::from_days(90);
/// How long somebody may do nothing before the code must be typed again.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// How long one typing of the code serves in all.
const SESSION_LIFE: Duration = Duration::from_hours(12);
/// What a cookie carries for the words at intake where it knows of none. No words have this id.
const NO_WORDS: [u8; 16] = [0; 16];
/// Longer than anything sealed here; bounds the work that a made-up value can cause.
const LONGEST: usize = 400;

/// The portal's key, and older ones that what was sealed before still opens under.
pub struct PortalKeys {
    newest: PortalKey,
    older: Vec<PortalKey>,
    places: PlaceNames,
}

/// What a form carries: the code that its request will have, and what the request's ids grow from.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Slip {
    receipt: [u8; 15],
    secret: [u8; 32],
    #[zeroize(skip)]
    issued: i64,
}

/// What a cookie carries while somebody has the code at hand.
#[derive(Clone)]
pub(crate) struct Session {
    /// The code.
    pub(crate) receipt: Receipt,
    /// When the code was shown or typed.
    pub(crate) begun: Timestamp,
    /// When it was last used.
    pub(crate) last_used: Timestamp,
    /// Whether the code was drawn in this session, and may still be shown.
    pub(crate) is_new: bool,
    /// Whether there is no other way to reach whoever holds it.
    pub(crate) only_here: bool,
    /// Whether its request went to the portal's disk in this session, so that the services may not know the code yet.
    pub(crate) is_kept: bool,
    /// The words of the form sent in this session that intake has, the last of them, by their id.
    pub(crate) at_intake: Option<[u8; 16]>,
    /// The lane of the request that was sent in this session, else urgent.
    pub(crate) lane: Lane,
    /// Which answers could not be read for sure, as far as they were given in this session.
    pub(crate) unclear: Unclear,
}

impl PortalKeys {
    /// Seals under `newest`; opens under any.
    pub fn new(newest: PortalKey, older: Vec<PortalKey>) -> Self {
        let places = PlaceNames::new(&newest.place_names());
        Self { newest, older, places }
    }

    /// The names under which services hear of places.
    pub(crate) const fn place_names(&self) -> &PlaceNames {
        &self.places
    }

    /// Seals what does not travel as text.
    pub(crate) fn seal_bytes(&self, context: &str, bytes: &[u8]) -> Result<Vec<u8>, SealError> {
        self.newest.seal(context, bytes)
    }

    /// Opens what [`seal_bytes`](Self::seal_bytes) gave for the same context, under this key or an older one.
    pub(crate) fn open_bytes(&self, context: &str, sealed: &[u8]) -> Option<Sensitive<Vec<u8>>> {
        let keys = std::iter::once(&self.newest).chain(&self.older);
        keys.into_iter().find_map(|key| key.open(context, sealed).ok())
    }

    fn seal(&self, context: &str, mut bytes: Vec<u8>) -> Result<String, SealError> {
        let sealed = self.seal_bytes(context, &bytes);
        bytes.zeroize();
        Ok(BASE64URL_NOPAD.encode(&sealed?))
    }

    fn open<const N: usize>(&self, context: &str, text: &str) -> Option<[u8; N]> {
        if text.len() > LONGEST {
            return None;
        }
        let sealed = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        self.open_bytes(context, &sealed)?.expose().as_slice().try_into().ok()
    }
}

impl Slip {
    /// A fresh one. No code says a word that could harm whoever is found with it.
    pub(crate) fn draw(now: Timestamp) -> Result<Self, SealError> {
        let receipt = withheld::draw()?;
        Ok(Self { receipt: *receipt.expose(), secret: flare_kernel::random()?, issued: now.as_micros() })
    }

    /// For what a page of this code sends as a request of its own, under the id of its words: the same ones are one request
    /// however often they are sent. Its code is shown to nobody.
    pub(crate) fn beside(code: &Receipt, words_id: &str, now: Timestamp) -> Self {
        let grown = |what: &[u8]| -> [u8; 32] {
            let hash = Sha256::new_with_prefix(b"flare/portal/request-beside/1").chain_update(what);
            hash.chain_update(code.expose()).chain_update(words_id).finalize().into()
        };
        let mut receipt = [0; 15];
        receipt.copy_from_slice(&grown(b"code")[..15]);
        Self { receipt, secret: grown(b"seed"), issued: now.as_micros() }
    }

    /// The code of the request.
    pub(crate) fn receipt(&self) -> Receipt {
        Receipt::from_bytes(self.receipt)
    }

    /// When the form was opened.
    pub(crate) const fn issued(&self) -> Timestamp {
        Timestamp::from_micros(self.issued)
    }

    /// What ids grow from.
    pub(crate) const fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// As the form carries it.
    pub(crate) fn seal(&self, keys: &PortalKeys) -> Result<String, SealError> {
        let mut bytes = Vec::with_capacity(55);
        bytes.extend_from_slice(&self.issued.to_be_bytes());
        bytes.extend_from_slice(&self.receipt);
        bytes.extend_from_slice(&self.secret);
        keys.seal("form", bytes)
    }

    /// What the form brought back; none when it was altered, or is too old.
    pub(crate) fn open(keys: &PortalKeys, text: &str, now: Timestamp) -> Option<Self> {
        let mut bytes: [u8; 55] = keys.open("form", text)?;
        let (issued, rest) = bytes.split_first_chunk::<8>()?;
        let (receipt, secret) = rest.split_first_chunk::<15>()?;
        let slip =
            Self { receipt: *receipt, secret: secret.try_into().ok()?, issued: i64::from_be_bytes(*issued) };
        bytes.zeroize();
        let age = now.since(Timestamp::from_micros(slip.issued));
        (age <= FORM_LIFE).then_some(slip)
    }
}

impl Session {
    /// Begins with a code that was just shown or typed.
    pub(crate) fn begin(receipt: Receipt, now: Timestamp) -> Self {
        let unclear = Unclear::default();
        Self {
            receipt,
            begun: now,
            last_used: now,
            is_new: false,
            only_here: false,
            is_kept: false,
            at_intake: None,
            lane: Lane::Urgent,
            unclear,
        }
    }

    /// As the cookie carries it, used at `now`.
    pub(crate) fn seal(&self, keys: &PortalKeys, now: Timestamp) -> Result<String, SealError> {
        let mut bytes = Vec::with_capacity(49);
        bytes.extend_from_slice(self.receipt.expose());
        bytes.extend_from_slice(&self.begun.as_micros().to_be_bytes());
        bytes.extend_from_slice(&now.as_micros().to_be_bytes());
        let kept = u8::from(self.is_kept) << 4;
        bytes.push(u8::from(self.is_new) | u8::from(self.only_here) << 1 | lane_bits(self.lane) << 2 | kept);
        bytes.push(self.unclear.byte());
        bytes.extend_from_slice(&self.at_intake.unwrap_or(NO_WORDS));
        keys.seal("session", bytes)
    }

    /// What the cookie brought back; none when it was altered, or is over.
    pub(crate) fn open(keys: &PortalKeys, text: &str, now: Timestamp) -> Option<Self> {
        let mut bytes: [u8; 49] = keys.open("session", text)?;
        let (receipt, rest) = bytes.split_first_chunk::<15>()?;
        let (begun, rest) = rest.split_first_chunk::<8>()?;
        let (last_used, rest) = rest.split_first_chunk::<8>()?;
        let (flags, at_intake) = rest.split_first_chunk::<2>()?;
        let session = Self {
            receipt: Receipt::from_bytes(*receipt),
            begun: Timestamp::from_micros(i64::from_be_bytes(*begun)),
            last_used: Timestamp::from_micros(i64::from_be_bytes(*last_used)),
            is_new: flags[0] & 1 != 0,
            only_here: flags[0] & 2 != 0,
            lane: lane_of_bits(flags[0] >> 2 & 3),
            is_kept: flags[0] & 16 != 0,
            unclear: Unclear::from_byte(flags[1]),
            at_intake: at_intake.try_into().ok().filter(|words| *words != NO_WORDS),
        };
        bytes.zeroize();
        (now.since(session.last_used) <= IDLE && now.since(session.begun) <= SESSION_LIFE).then_some(session)
    }
}

/// A lane as a cookie carries it.
const fn lane_bits(lane: Lane) -> u8 {
    match lane {
        Lane::Urgent => 0,
        Lane::Critical => 1,
        Lane::Standard => 2,
    }
}

/// The lane that a cookie carried.
const fn lane_of_bits(bits: u8) -> Lane {
    match bits {
        1 => Lane::Critical,
        2 => Lane::Standard,
        _ => Lane::Urgent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(newest: u8, older: &[u8]) -> PortalKeys {
        let key = |byte: u8| PortalKey::from_bytes([byte; 32]);
        PortalKeys::new(key(newest), older.iter().map(|byte| key(*byte)).collect())
    }

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_micros(0).plus(Duration::from_hours(hours))
    }

    #[test]
    fn a_form_comes_back_as_it_went_under_old_keys_too_for_ninety_days() {
        let slip = Slip::draw(at(0)).unwrap();
        let text = slip.seal(&keys(1, &[])).unwrap();
        let opened = Slip::open(&keys(2, &[1]), &text, at(90 * 24)).unwrap();
        assert_eq!((opened.receipt, opened.secret), (slip.receipt, slip.secret));
        assert!(Slip::open(&keys(1, &[]), &text, at(90 * 24 + 1)).is_none());
        assert!(Slip::open(&keys(2, &[]), &text, at(1)).is_none());
    }

    #[test]
    fn what_is_sent_beside_a_request_is_one_for_the_same_words_of_the_same_code() {
        let beside = |code: u8, words: &str| Slip::beside(&Receipt::from_bytes([code; 15]), words, at(0));
        let is_same = |one: &Slip, other: &Slip| (one.receipt, one.secret) == (other.receipt, other.secret);
        assert!(is_same(&beside(1, "a"), &beside(1, "a")));
        for other in [beside(2, "a"), beside(1, "b")] {
            let first = beside(1, "a");
            assert!(first.receipt != other.receipt && first.secret != other.secret);
        }
        assert_ne!(beside(1, "a").receipt, [1; 15], "it opens nothing of the code");
        assert_ne!(beside(1, "a").receipt, beside(1, "a").secret[..15]);
    }

    #[test]
    fn an_altered_field_or_cookie_never_opens() {
        let keys = keys(1, &[]);
        let text = Slip::draw(at(0)).unwrap().seal(&keys).unwrap();
        for index in 0..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[index] = if altered[index] == b'A' { b'B' } else { b'A' };
            assert!(Slip::open(&keys, str::from_utf8(&altered).unwrap(), at(0)).is_none(), "byte {index}");
        }
        for text in ["", "é", &"A".repeat(10_000), &text[1..], &format!("{text}A")] {
            assert!(Slip::open(&keys, text, at(0)).is_none() && Session::open(&keys, text, at(0)).is_none());
        }
        assert!(Session::open(&keys, &text, at(0)).is_none(), "a form is no session");
    }

    #[test]
    fn a_session_ends_when_nobody_uses_it_and_after_half_a_day() {
        let keys = keys(1, &[]);
        let receipt = Receipt::draw().unwrap();
        let code = *receipt.expose();
        let unclear = Unclear::from_byte(5);
        let lane = Lane::Critical;
        let begun = Session::begin(receipt, at(0));
        let none = Session::open(&keys, &begun.seal(&keys, at(0)).unwrap(), at(0)).unwrap();
        assert!(none.at_intake.is_none() && !none.is_kept && !none.only_here);
        let at_intake = Some([7; 16]);
        let begun = Session { only_here: true, is_kept: true, at_intake, lane, unclear, ..begun };
        let used_at = |hours| begun.seal(&keys, at(hours)).unwrap();
        let opened = Session::open(&keys, &used_at(11), at(11)).unwrap();
        assert!(*opened.receipt.expose() == code && opened.only_here && opened.is_kept && !opened.is_new);
        assert_eq!((opened.unclear, opened.lane, opened.at_intake), (unclear, lane, at_intake));
        assert!(Lane::ALL.into_iter().all(|lane| lane_of_bits(lane_bits(lane)) == lane));
        assert!(Session::open(&keys, &used_at(0), at(1)).is_none(), "idle");
        assert!(Session::open(&keys, &used_at(12), at(13)).is_none(), "over");
    }
}
