//! What access tokens and service tokens have in common: their text, their life, and why one is refused.

use data_encoding::BASE64URL_NOPAD;
use flare_contracts::{Refusal, common::v1::SignedToken};
use flare_kernel::{Duration, Timestamp};
use prost::Message;

use crate::refusals;

/// How long a token lives. Nobody can take one back early, so it is short (decision 0005).
pub const TOKEN_LIFE: Duration = Duration::from_secs(60);

/// How far the clocks of two machines may differ before a good token is refused.
pub const TOKEN_LEEWAY: Duration = Duration::from_secs(5);

/// Why credentials are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// They have no form that Flare knows.
    #[error("malformed")]
    Malformed,
    /// They are signed with a key that is not, or no longer, one of ours.
    #[error("signed with an unknown key")]
    UnknownKey,
    /// Their signature does not fit.
    #[error("forged")]
    Forged,
    /// They begin in the future, by more than clocks may differ.
    #[error("from the future")]
    FromTheFuture,
    /// They have ended.
    #[error("expired")]
    Expired,
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Malformed
            | TokenError::UnknownKey
            | TokenError::Forged
            | TokenError::FromTheFuture => refusals::bad_credentials(),
            TokenError::Expired => refusals::expired_credentials(),
        }
    }
}

/// A token as text.
pub(crate) fn write(token: &SignedToken) -> String {
    BASE64URL_NOPAD.encode(&token.encode_to_vec())
}

/// The token that a text holds.
pub(crate) fn read(text: &str) -> Result<SignedToken, TokenError> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| TokenError::Malformed)?;
    SignedToken::decode(bytes.as_slice()).map_err(|_| TokenError::Malformed)
}

/// The token is alive now. Asked only once its signature is known to fit, so that nobody learns from the answer
/// anything about a token that is not theirs.
pub(crate) fn check_life(issued: Timestamp, expires: Timestamp, now: Timestamp) -> Result<(), TokenError> {
    if expires <= issued || expires > issued.plus(TOKEN_LIFE) {
        return Err(TokenError::Malformed);
    }
    if issued > now.plus(TOKEN_LEEWAY) {
        return Err(TokenError::FromTheFuture);
    }
    if now >= expires.plus(TOKEN_LEEWAY) {
        return Err(TokenError::Expired);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ISSUED: Timestamp = Timestamp::from_micros(1_000_000_000);

    fn at(secs: i64, micros: i64) -> Timestamp {
        ISSUED.plus(Duration::from_secs(secs)).plus(Duration::from_micros(micros))
    }

    #[test]
    fn a_token_lives_for_its_life_and_the_leeway_on_both_sides() {
        let check = |now| check_life(ISSUED, at(60, 0), now);
        assert_eq!(check(at(-5, -1)), Err(TokenError::FromTheFuture));
        assert_eq!(check(at(-5, 0)), Ok(()));
        assert_eq!(check(at(65, -1)), Ok(()));
        assert_eq!(check(at(65, 0)), Err(TokenError::Expired));
    }

    #[test]
    fn a_life_that_is_empty_or_longer_than_ours_is_refused() {
        assert_eq!(check_life(ISSUED, ISSUED, ISSUED), Err(TokenError::Malformed));
        assert_eq!(check_life(ISSUED, at(60, 1), ISSUED), Err(TokenError::Malformed));
        assert_eq!(check_life(ISSUED, Timestamp::from_micros(i64::MAX), ISSUED), Err(TokenError::Malformed));
        let begin = Timestamp::from_micros(i64::MIN);
        assert_eq!(check_life(begin, Timestamp::from_micros(i64::MAX), ISSUED), Err(TokenError::Malformed));
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in ".{0,80}", bytes: Vec<u8>) {
            let _ = read(&text);
            let _ = read(&BASE64URL_NOPAD.encode(&bytes));
        }
    }
}
