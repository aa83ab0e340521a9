//! Sealed content: what makes a person's words unreadable to the services that store and carry them.
//!
//! Everything here is a pure function of its input and of [`flare_kernel::random`]: no I/O, no clock, no task. The
//! formats are fixed by golden vectors in the tests of each module; every key has one use, told apart by its label.
//!
//! | to protect | use |
//! |---|---|
//! | a field of a case | [`seal_field`], or [`seal_committed`] when a vote covers it |
//! | a file | [`FileSealer`], [`FileOpener`] |
//! | a compartment's key | [`wrap_key`] to each reader, then [`ServiceKey::wrap`] at rest |
//! | a team's secret | [`wrap_secret`] to each member |
//! | a person's keys | [`PersonSeed`], sealed under a [`Passphrase`] |
//! | a requester's way back | [`Receipt`] |
//! | what a page or cookie brings back | [`PortalKey`] |
//! | who said it | [`sign`], [`verify`] |

mod aead;
mod commitment;
mod compartment;
mod derive;
mod encoding;
mod epoch;
mod error;
mod field;
mod file;
mod fingerprint;
mod organisation;
mod own_sealing;
mod padding;
mod passphrase;
mod person;
mod portal_key;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod properties;
mod receipt;
mod request_seed;
mod rng;
mod sensitive;
mod service_key;
mod signature;
mod wrap;

pub use commitment::{Commitment, open_committed, seal_committed, sealed_committed_len};
pub use compartment::{Compartment, CompartmentKey, UnknownCompartment};
pub use epoch::{sign_epoch, verify_epoch};
pub use error::SealError;
pub use field::{FieldAddress, SealedBytes, content_tag, max_plaintext, open_field, seal_field, sealed_len};
pub use file::{FILE_CHUNK_LEN, FILE_HEADER_LEN, FileAddress, FileOpener, FileSealer, SEALED_FILE_CHUNK_LEN};
pub use fingerprint::{
    ContactFingerprint, FingerprintKey, NormalisedContact, contact_fingerprint, normalise_contact,
};
pub use organisation::{
    OrganisationSeed, PersonKeys, TeamKey, certify, fingerprint, sign_recovery_key, sign_team_key,
    verify_certificate, verify_recovery_key, verify_team_key,
};
pub use passphrase::{
    Argon2Params, Passphrase, PassphraseKeys, PassphraseRule, SeedKey, auth_key_hash, auth_key_matches,
    false_salt,
};
pub use person::PersonSeed;
pub use portal_key::PortalKey;
pub use receipt::{
    Receipt, ReceiptError, ReceiptForm, ReceiptKeys, proof_hash, proof_matches, sign_receipt, verify_receipt,
};
pub use request_seed::RequestSeed;
pub use sensitive::Sensitive;
pub use service_key::ServiceKey;
pub use signature::{SigningKey, sign, verify};
pub use wrap::{
    RecipientPublic, RecipientSecret, WRAPPED_LEN, WrapContext, unwrap_key, unwrap_secret, wrap_key,
    wrap_secret,
};
