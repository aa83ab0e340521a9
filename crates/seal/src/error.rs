//! Why sealing, opening or verifying was refused; never with a word of the content or a byte of a key.

use flare_kernel::RandomError;

/// Why a cryptographic step could not be done.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The authentication tag does not fit: another key, another address or context, or altered bytes. Which of them
    /// cannot be told apart, and must not be.
    #[error("the sealed content does not open: wrong key, wrong place, or altered")]
    Refused,
    /// The bytes cannot be what they are said to be, whatever the key.
    #[error("{what} is malformed")]
    Malformed {
        /// What was being read.
        what: &'static str,
    },
    /// The text is longer than the format can hold.
    #[error("the content is too long to seal")]
    TooLong,
    /// The bytes are not a public key.
    #[error("not a valid public key")]
    PublicKey,
    /// The signature is not one that this key made over these bytes in this domain.
    #[error("the signature is not valid")]
    Signature,
    /// A part of a file before the last one is not of the full length, or a part is longer than that.
    #[error("every part of a file but the last must be of the full length, and none longer")]
    ChunkLength,
    /// A part came after the last one.
    #[error("the file has already ended")]
    FileEnded,
    /// The last part never came.
    #[error("the file is cut short")]
    FileTruncated,
    /// Parameters of the passphrase function that are too weak to protect, or too heavy to compute.
    #[error("the passphrase parameters are out of bounds: {parameter} must be between {min} and {max}")]
    PassphraseParameters {
        /// Which parameter.
        parameter: &'static str,
        /// The least that is accepted.
        min: u32,
        /// The most that is accepted.
        max: u32,
    },
    /// There was not enough memory for the passphrase function.
    #[error("the passphrase function could not run")]
    Passphrase(#[source] argon2::Error),
    /// No randomness could be had.
    #[error(transparent)]
    Random(#[from] RandomError),
}
