//! The `authorization` metadata, written and read (decision 0008).
//!
//! ```text
//! authorization: Receipt <lookup id, 32 hex digits>.<proof, 64 hex digits>
//! authorization: Bearer <access token>
//! authorization: Service <service token>
//! ```

use std::fmt;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use flare_seal::Sensitive;
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use tonic::metadata::{Ascii, MetadataValue};

use crate::{ReceiptClaim, TokenError};

/// Longer than any token of ours; what is longer is refused unread.
const MAX_LEN: usize = 1024;

/// What a caller shows, before anything about it is checked.
pub enum Credentials {
    /// A receipt's lookup id and proof.
    Receipt(ReceiptClaim),
    /// An access token's text.
    Bearer(String),
    /// A service token's text.
    Service(String),
}

/// A token with characters that no header can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the credentials cannot be sent: they are no token")]
pub struct UnsendableCredentials;

impl Credentials {
    /// The value of the `authorization` metadata, marked so that it is never printed.
    pub fn to_metadata(&self) -> Result<MetadataValue<Ascii>, UnsendableCredentials> {
        let text = match self {
            Self::Receipt(claim) => {
                format!(
                    "Receipt {}.{}",
                    HEXLOWER.encode(&claim.lookup),
                    HEXLOWER.encode(claim.proof.expose())
                )
            }
            Self::Bearer(token) => format!("Bearer {token}"),
            Self::Service(token) => format!("Service {token}"),
        };
        let mut value = MetadataValue::try_from(text).map_err(|_| UnsendableCredentials)?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Takes the credentials out of a call's headers, so that nothing further in can log or forward them. Two of them
    /// are refused: nobody should have to guess which one counts.
    pub(crate) fn take(headers: &mut HeaderMap) -> Result<Option<Self>, TokenError> {
        let values: Vec<HeaderValue> = match headers.entry(AUTHORIZATION) {
            http::header::Entry::Occupied(entry) => entry.remove_entry_mult().1.collect(),
            http::header::Entry::Vacant(_) => return Ok(None),
        };
        match values.as_slice() {
            [value] => Self::read(value).map(Some),
            _ => Err(TokenError::Malformed),
        }
    }

    fn read(value: &HeaderValue) -> Result<Self, TokenError> {
        let text = value.to_str().ok().filter(|text| text.len() <= MAX_LEN).ok_or(TokenError::Malformed)?;
        let (scheme, rest) = text.split_once(' ').ok_or(TokenError::Malformed)?;
        // RFC 9110, 11.1: the scheme's case does not count.
        match scheme.to_ascii_lowercase().as_str() {
            "receipt" => read_receipt(rest).map(Self::Receipt),
            "bearer" => Ok(Self::Bearer(rest.to_owned())),
            "service" => Ok(Self::Service(rest.to_owned())),
            _ => Err(TokenError::Malformed),
        }
    }
}

impl fmt::Debug for Credentials {
    /// The scheme only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Receipt(_) => "Receipt",
            Self::Bearer(_) => "Bearer",
            Self::Service(_) => "Service",
        })
    }
}

fn read_receipt(text: &str) -> Result<ReceiptClaim, TokenError> {
    let (lookup, proof) = text.split_once('.').ok_or(TokenError::Malformed)?;
    Ok(ReceiptClaim { lookup: bytes(lookup)?, proof: Sensitive::new(bytes(proof)?) })
}

fn bytes<const N: usize>(hex: &str) -> Result<[u8; N], TokenError> {
    let mut bytes = [0; N];
    if hex.len() != 2 * N {
        return Err(TokenError::Malformed);
    }
    HEXLOWER_PERMISSIVE.decode_mut(hex.as_bytes(), &mut bytes).map_err(|_| TokenError::Malformed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixtures;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    fn take(text: &str) -> Result<Option<Credentials>, TokenError> {
        Credentials::take(&mut headers(&[text.as_bytes()]))
    }

    #[test]
    fn what_is_written_is_read_back() {
        let shown = [
            Credentials::Receipt(fixtures::claim(0xa5)),
            Credentials::Bearer("AbC-_9".to_owned()),
            Credentials::Service("xyz".to_owned()),
        ];
        for credentials in shown {
            let value = credentials.to_metadata().unwrap();
            assert!(value.is_sensitive());
            let again = take(value.to_str().unwrap()).unwrap().unwrap();
            match (&credentials, &again) {
                (Credentials::Receipt(one), Credentials::Receipt(two)) => {
                    assert_eq!((one.lookup, one.proof.expose()), (two.lookup, two.proof.expose()));
                }
                (Credentials::Bearer(one), Credentials::Bearer(two))
                | (Credentials::Service(one), Credentials::Service(two)) => assert_eq!(one, two),
                _ => panic!("{credentials:?} became {again:?}"),
            }
        }
    }

    #[test]
    fn the_format_is_fixed() {
        let value = Credentials::Receipt(fixtures::claim(0xa5)).to_metadata().unwrap();
        assert_eq!(value.to_str().unwrap(), format!("Receipt {}.{}", "a5".repeat(16), "a5".repeat(32)));
    }

    #[test]
    fn the_case_of_the_scheme_and_of_hex_digits_does_not_count() {
        let text = format!("rECEIPT {}.{}", "A5".repeat(16), "a5".repeat(32));
        assert!(matches!(take(&text), Ok(Some(Credentials::Receipt(claim))) if claim.lookup == [0xa5; 16]));
    }

    #[test]
    fn malformed_headers_are_refused() {
        let receipt = format!("Receipt {}.{}", "a5".repeat(16), "a5".repeat(32));
        let long = format!("Bearer {}", "a".repeat(MAX_LEN));
        let bad = [
            "",
            " ",
            "Bearer",
            "Basic dXNlcjpwYXNz",
            "Receipt ",
            "Receipt .",
            &receipt.replace('.', ""),
            &receipt.replace('.', ":"),
            &receipt.replacen("a5", "g5", 1),
            &receipt.replacen("a5", "", 1),
            &format!("{receipt}a5"),
            &format!("{receipt}."),
            &receipt.replace(' ', "  "),
            &long,
        ];
        for text in bad {
            assert!(matches!(take(text), Err(TokenError::Malformed)), "{text:?}");
        }
        let twice = &mut headers(&[receipt.as_bytes(), b"Bearer abc"]);
        assert!(matches!(Credentials::take(twice), Err(TokenError::Malformed)));
        let not_text = &mut headers(&["Bearer é".as_bytes()]);
        assert!(matches!(Credentials::take(not_text), Err(TokenError::Malformed)));
    }

    #[test]
    fn nothing_stays_in_the_headers() {
        for values in [vec![&b"Bearer abc"[..]], vec![&b"Bearer abc"[..], b"Service def"], vec![&b"junk"[..]]]
        {
            let mut headers = headers(&values);
            let _ = Credentials::take(&mut headers);
            assert!(headers.is_empty());
        }
        assert!(matches!(Credentials::take(&mut HeaderMap::new()), Ok(None)));
    }

    #[test]
    fn a_token_that_no_header_can_carry_is_not_sent() {
        let token = Credentials::Bearer("line\nbreak".to_owned());
        assert_eq!(token.to_metadata().err(), Some(UnsendableCredentials));
        assert_eq!(format!("{token:?}"), "Bearer");
    }

    proptest! {
        #[test]
        fn no_header_makes_reading_panic(
            scheme in prop::sample::select(vec!["Receipt ", "Bearer ", "Service ", "receipt", ""]),
            rest in prop::collection::vec(32_u8..=255, 0..200),
        ) {
            let value = [scheme.as_bytes(), &rest].concat();
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let _ = Credentials::read(&value);
            }
        }
    }
}
