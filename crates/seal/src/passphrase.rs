//! A passphrase, and what is made from it on the person's own device.
//!
//! Argon2id turns passphrase and salt into 32 bytes; HKDF turns those into two keys. One proves to `identity` that the
//! passphrase is known; the other seals the person's seed. Neither tells anything about the other, so a service that is
//! shown the first still cannot open the seed, short of guessing the passphrase at the full price of Argon2id.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use flare_kernel::random;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    PersonSeed, SealError,
    aead::{NONCE_LEN, open_prefixed, seal_prefixed},
    derive::{derive, keyed_hash},
    encoding::encode,
};

/// A passphrase as its owner meant it: less a line break at its end, and the same whichever keyboard typed it.
///
/// One keyboard sends "é" as one character and another as two, and some send a no-break space where others send a plain
/// one. It is therefore prepared as RFC 8265 prepares an `OpaqueString`: every space is U+0020 and the whole is in
/// Unicode's form NFC; nothing else is changed, and nothing is forbidden.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Passphrase(String);

/// The price of one guess at a passphrase. It is stored beside the salt and so comes back from a service; whoever
/// receives it checks it with [`within`](Self::within), lest a service that lies makes guessing cheap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Params {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Which parameters are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassphraseRule {
    /// The standard or stronger, up to what a small device can still compute.
    Standard,
    /// Those of [`Argon2Params::for_tests`] too: for sandboxes, whose people and content are made up.
    Sandbox,
}

/// What a passphrase gives.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct PassphraseKeys {
    /// Shown to `identity` in place of the passphrase.
    pub auth_key: [u8; 32],
    /// Seals the person's seed; never leaves the device.
    pub seed_key: SeedKey,
}

/// Seals the seed of whoever knows the passphrase.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SeedKey([u8; 32]);

/// How many times as long a text in UTF-8 can become in NFC (Unicode Standard Annex #15, section 9).
const LONGEST_NFC: usize = 3;

/// A space of any kind (Unicode's category Zs) as U+0020.
const fn plain_space(c: char) -> char {
    match c {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        c => c,
    }
}

impl Passphrase {
    /// Takes a passphrase as it was typed or read from a file.
    pub fn new(mut typed: String) -> Self {
        let kept = typed.trim_end_matches(['\r', '\n']).len();
        typed.truncate(kept);
        // Room for the longest that NFC can become, so that no copy is left behind by growing.
        let mut prepared = String::with_capacity(typed.len() * LONGEST_NFC);
        prepared.extend(typed.chars().map(plain_space).nfc());
        typed.zeroize();
        Self(prepared)
    }

    /// How many characters it has, for a rule on length.
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }

    /// Makes the keys. Takes some 0.4 s and 128 MiB with the standard parameters: run it off the async threads, and few
    /// at a time.
    pub fn keys(&self, salt: &[u8; 16], params: Argon2Params) -> Result<PassphraseKeys, SealError> {
        let Argon2Params { memory_kib, passes, lanes } = params;
        let params = Params::new(memory_kib, passes, lanes, Some(32)).map_err(SealError::Passphrase)?;
        // Our own memory, so that it is wiped: its first blocks would let a guess be checked for almost nothing.
        let mut blocks = Zeroizing::new(Vec::new());
        let count = params.block_count();
        blocks.try_reserve_exact(count).map_err(|_| SealError::Passphrase(argon2::Error::OutOfMemory))?;
        blocks.resize(count, Block::new());
        let mut root = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(self.0.as_bytes(), salt, &mut *root, blocks.as_mut_slice())
            .map_err(SealError::Passphrase)?;
        Ok(PassphraseKeys {
            auth_key: *derive(&*root, "flare/v1/passphrase/auth"),
            seed_key: SeedKey(*derive(&*root, "flare/v1/passphrase/seed")),
        })
    }
}

impl Argon2Params {
    /// What every passphrase is protected with: 128 MiB, four passes, one lane.
    pub const STANDARD: Self = Self { memory_kib: 128 * 1024, passes: 4, lanes: 1 };

    const STRONGEST: Self = Self { memory_kib: 1024 * 1024, passes: 16, lanes: 4 };

    /// Parameters that protect nothing and cost nothing.
    pub const fn for_tests() -> Self {
        Self { memory_kib: 8, passes: 1, lanes: 1 }
    }

    /// The parameters that a service sent, if `rule` accepts them.
    pub fn within(rule: PassphraseRule, memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, SealError> {
        let params = Self { memory_kib, passes, lanes };
        if rule == PassphraseRule::Sandbox && params == Self::for_tests() {
            return Ok(params);
        }
        let (least, most) = (Self::STANDARD, Self::STRONGEST);
        for (parameter, value, min, max) in [
            ("memory in KiB", memory_kib, least.memory_kib, most.memory_kib),
            ("passes", passes, least.passes, most.passes),
            ("lanes", lanes, least.lanes, most.lanes),
        ] {
            if !(min..=max).contains(&value) {
                return Err(SealError::PassphraseParameters { parameter, min, max });
            }
        }
        Ok(params)
    }

    /// Memory in KiB.
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes that could be computed in parallel.
    pub const fn lanes(self) -> u32 {
        self.lanes
    }
}

impl SeedKey {
    /// Seals a person's seed: 24 bytes of nonce, then XChaCha20-Poly1305. `owner` is the person's id.
    pub fn seal_seed(&self, owner: &str, seed: &PersonSeed) -> Result<Vec<u8>, SealError> {
        self.seal_seed_with(owner, seed, random()?)
    }

    fn seal_seed_with(
        &self,
        owner: &str,
        seed: &PersonSeed,
        nonce: [u8; NONCE_LEN],
    ) -> Result<Vec<u8>, SealError> {
        seal_prefixed(&self.0, nonce, &seed_address(owner), seed.expose())
    }

    /// Opens what [`seal_seed`](Self::seal_seed) gave for the same owner; refused when the passphrase was another.
    pub fn open_seed(&self, owner: &str, sealed: &[u8]) -> Result<PersonSeed, SealError> {
        let seed = open_prefixed(&self.0, &seed_address(owner), sealed)?;
        seed.as_slice()
            .try_into()
            .map(PersonSeed::from_bytes)
            .map_err(|_| SealError::Malformed { what: "a sealed seed" })
    }
}

fn seed_address(owner: &str) -> Vec<u8> {
    encode("flare/v1/passphrase/sealed-seed", &[owner.as_bytes()])
}

/// What `identity` stores in place of an auth key. One hash is enough: the price of guessing was paid before it.
pub fn auth_key_hash(auth_key: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update("flare/v1/passphrase/auth-key-hash").chain_update(auth_key).finalize().into()
}

/// Says whether `auth_key` is the one whose hash was stored, in a time that tells nothing.
pub fn auth_key_matches(stored: &[u8; 32], auth_key: &[u8; 32]) -> bool {
    stored.ct_eq(&auth_key_hash(auth_key)).into()
}

/// The salt shown for a name that nobody has: the same each time, so that asking twice does not tell who exists.
pub fn false_salt(secret: &[u8; 32], name: &str) -> [u8; 16] {
    let mut salt = [0; 16];
    salt.copy_from_slice(&keyed_hash(secret, "flare/v1/passphrase/false-salt", &[name.as_bytes()])[..16]);
    salt
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn keys(passphrase: &str, salt: u8) -> PassphraseKeys {
        Passphrase::new(passphrase.to_owned()).keys(&[salt; 16], Argon2Params::for_tests()).unwrap()
    }

    #[test]
    fn the_formats_are_fixed() {
        let keys = keys("correct horse", 0x33);
        assert_eq!(
            HEXLOWER.encode(&keys.auth_key),
            "777ff6d044cc7afc432b437da3015b32d40539689b0a854d4c713f92686f07c6"
        );
        let sealed =
            keys.seed_key.seal_seed_with("staff_1", &PersonSeed::from_bytes([0x42; 32]), [0x07; 24]).unwrap();
        assert_eq!(
            HEXLOWER.encode(&sealed),
            "0707070707070707070707070707070707070707070707076e2cc8eebbe44c8c0f43deb65a3691e925be57df00e1e8902a471eff5b1eccf8a4bb9620a74455e4be0e50c264b78f74"
        );
        assert_eq!(
            HEXLOWER.encode(&auth_key_hash(&[0x42; 32])),
            "3442f4b261e38b90328783e2961e685b8e9bd244231425c9a28760ced965c26a"
        );
        assert_eq!(HEXLOWER.encode(&false_salt(&[0x42; 32], "nobody")), "1138a79890d4c4b961cdf4e5ac3cc82a");
    }

    #[test]
    fn the_standard_parameters_run_and_are_fixed() {
        let keys =
            Passphrase::new("correct horse".to_owned()).keys(&[0x33; 16], Argon2Params::STANDARD).unwrap();
        assert_eq!(
            HEXLOWER.encode(&keys.auth_key),
            "09d8d1638064c1bf8e508784d372fcfb1711c98660ce0cf4422b1e8d06fa6a90"
        );
    }

    #[test]
    fn a_seed_opens_with_its_passphrase_salt_and_owner_only() {
        let seed = PersonSeed::generate().unwrap();
        let sealed = keys("correct horse", 1).seed_key.seal_seed("staff_1", &seed).unwrap();
        let opened = keys("correct horse\r\n", 1).seed_key.open_seed("staff_1", &sealed).unwrap();
        assert_eq!(opened.expose(), seed.expose());
        for (passphrase, salt, owner) in [
            ("correct horse ", 1, "staff_1"),
            ("correct horse", 2, "staff_1"),
            ("correct horse", 1, "staff_2"),
        ] {
            let refused = keys(passphrase, salt).seed_key.open_seed(owner, &sealed);
            assert!(matches!(refused, Err(SealError::Refused)));
        }
    }

    #[test]
    fn what_the_service_sees_does_not_open_the_seed() {
        let keys = keys("correct horse", 1);
        let sealed = keys.seed_key.seal_seed("staff_1", &PersonSeed::generate().unwrap()).unwrap();
        assert!(matches!(SeedKey(keys.auth_key).open_seed("staff_1", &sealed), Err(SealError::Refused)));
    }

    #[test]
    fn weak_and_absurd_parameters_are_refused() {
        let standard = Argon2Params::STANDARD;
        let within = |rule, memory, passes, lanes| Argon2Params::within(rule, memory, passes, lanes);
        assert_eq!(within(PassphraseRule::Standard, 131_072, 4, 1).unwrap(), standard);
        assert!(within(PassphraseRule::Standard, 262_144, 8, 2).is_ok());
        let refused = [(131_071, 4, 1), (131_072, 3, 1), (131_072, 4, 0), (u32::MAX, 4, 1), (131_072, 17, 1)];
        for (memory, passes, lanes) in refused.into_iter().chain([(131_072, 4, 5), (8, 1, 1)]) {
            let refusal = within(PassphraseRule::Standard, memory, passes, lanes);
            assert!(
                matches!(refusal, Err(SealError::PassphraseParameters { .. })),
                "{memory} {passes} {lanes}"
            );
        }
        assert_eq!(within(PassphraseRule::Sandbox, 8, 1, 1).unwrap(), Argon2Params::for_tests());
        assert!(within(PassphraseRule::Sandbox, 8, 2, 1).is_err());
        assert_eq!((standard.memory_kib(), standard.passes(), standard.lanes()), (131_072, 4, 1));
    }

    #[test]
    fn stored_hashes_match_their_key_only() {
        let stored = auth_key_hash(&[1; 32]);
        assert!(auth_key_matches(&stored, &[1; 32]));
        assert!(!auth_key_matches(&stored, &[2; 32]));
        assert_ne!(false_salt(&[1; 32], "a"), false_salt(&[1; 32], "b"));
        assert_ne!(false_salt(&[1; 32], "a"), false_salt(&[2; 32], "a"));
    }

    #[test]
    fn a_passphrase_is_the_same_from_every_keyboard() {
        for (one, other) in [
            ("l'été à Sète", "l'e\u{301}te\u{301} a\u{300} Se\u{300}te"),
            ("l'été\u{a0}à Sète", "l'été à\u{202f}Sète"),
            ("한국어 비밀번호", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}\u{110b}\u{1165} 비밀번호"),
            ("قلب سليم مؤمن", "قلب سليم م\u{648}\u{654}من"),
        ] {
            assert_ne!(one, other);
            assert_eq!(keys(one, 1).auth_key, keys(other, 1).auth_key, "{one}");
            assert_eq!(
                Passphrase::new(one.to_owned()).chars(),
                Passphrase::new(other.to_owned()).chars(),
                "the rule on length is the same too"
            );
        }
        let sealed =
            keys("l'été à Sète", 1).seed_key.seal_seed("s", &PersonSeed::from_bytes([1; 32])).unwrap();
        assert!(keys("l'e\u{301}te\u{301} à Sète", 1).seed_key.open_seed("s", &sealed).is_ok());
        // What looks alike but is another letter, another case or another width stays another.
        for other in ["l'ete à Sète", "L'été à Sète", "l'été à Sète "] {
            assert!(keys(other, 1).seed_key.open_seed("s", &sealed).is_err(), "{other}");
        }
        let longest = "\u{1d160}".repeat(50);
        assert!(longest.nfc().collect::<String>().len() <= longest.len() * LONGEST_NFC);
    }

    #[test]
    fn only_the_line_break_is_taken_off() {
        assert_eq!(Passphrase::new("  صوت الحق \r\n".to_owned()).chars(), 11);
        assert_eq!(Passphrase::new(String::new()).chars(), 0);
    }
}
