//! The token a member of staff calls with: made by identity, checked by every service without asking anyone.

use std::collections::HashMap;

use flare_contracts::common::v1::{AccessClaims, Role, SignedToken};
use flare_kernel::{StaffId, Timestamp};
use flare_seal::{SigningKey, sign, verify};
use prost::Message;
use sha2::{Digest, Sha256};

use crate::{Roles, Staff, TOKEN_LIFE, TokenError, token};

/// Keeps these signatures from meaning anything elsewhere.
const DOMAIN: &str = "flare/v1/access-token";

/// The first 8 bytes of SHA-256 over a public key.
type KeyId = [u8; 8];

/// A text to call with as `authorization: Bearer …`, and when it ends. Whoever holds it is the person.
pub struct AccessToken {
    /// Base64url without padding.
    pub text: String,
    /// 60 seconds after it was issued.
    pub expires: Timestamp,
}

/// Makes access tokens. Identity's alone.
pub struct TokenSigner {
    key: SigningKey,
    id: KeyId,
}

impl TokenSigner {
    /// The signer whose Ed25519 key grows from this seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(*seed);
        let id = key_id(&key.public());
        Self { key, id }
    }

    /// What a [`TokenVerifier`] needs to check this signer's tokens.
    pub fn public_key(&self) -> [u8; 32] {
        self.key.public()
    }

    /// A token for a member of staff, good from `now` for 60 seconds.
    pub fn issue(&self, staff: StaffId, roles: Roles, session: [u8; 16], now: Timestamp) -> AccessToken {
        let expires = now.plus(TOKEN_LIFE);
        let claims = AccessClaims {
            staff_id: staff.as_bytes().to_vec(),
            roles: roles.codes(),
            session: session.to_vec(),
            issued_micros: now.as_micros(),
            expires_micros: expires.as_micros(),
        }
        .encode_to_vec();
        let proof = sign(DOMAIN, &self.key, &claims).to_vec();
        let text = token::write(&SignedToken { claims, proof, key_id: self.id.to_vec() });
        AccessToken { text, expires }
    }
}

/// Checks access tokens against the public keys of whoever may sign them.
pub struct TokenVerifier {
    keys: HashMap<KeyId, [u8; 32]>,
}

impl TokenVerifier {
    /// Believes what is signed with one of these keys, and nothing else. Bytes that are no usable key verify nothing.
    pub fn new(public_keys: &[[u8; 32]]) -> Self {
        Self { keys: public_keys.iter().map(|key| (key_id(key), *key)).collect() }
    }

    /// The member of staff whom a token names.
    pub fn verify(&self, text: &str, now: Timestamp) -> Result<Staff, TokenError> {
        let token = token::read(text)?;
        let key = self.keys.get(token.key_id.as_slice()).ok_or(TokenError::UnknownKey)?;
        verify(DOMAIN, key, &token.claims, &token.proof).map_err(|_| TokenError::Forged)?;

        let claims = AccessClaims::decode(token.claims.as_slice()).map_err(|_| TokenError::Malformed)?;
        let expires = Timestamp::from_micros(claims.expires_micros);
        token::check_life(Timestamp::from_micros(claims.issued_micros), expires, now)?;
        let sixteen = |bytes: Vec<u8>| bytes.try_into().map_err(|_| TokenError::Malformed);
        Ok(Staff {
            id: StaffId::from_bytes(sixteen(claims.staff_id)?),
            // A role that a newer identity knows and this service does not gives nothing here; the others still hold.
            roles: claims.roles.iter().filter_map(|code| Role::try_from(*code).ok()).collect(),
            session: sixteen(claims.session)?,
            expires,
        })
    }
}

fn key_id(public_key: &[u8; 32]) -> KeyId {
    let mut id = KeyId::default();
    id.copy_from_slice(&Sha256::digest(public_key)[..8]);
    id
}

#[cfg(test)]
mod tests {
    use flare_kernel::Duration;

    use super::*;
    use crate::fixtures::{NOW, service_tokens};

    fn signer() -> TokenSigner {
        TokenSigner::from_seed(&[1; 32])
    }

    fn verifier() -> TokenVerifier {
        TokenVerifier::new(&[signer().public_key()])
    }

    fn issue(signer: &TokenSigner) -> String {
        signer.issue(StaffId::from_bytes([7; 16]), [Role::Finance].into_iter().collect(), [8; 16], NOW).text
    }

    #[test]
    fn a_token_names_who_it_was_issued_to() {
        let staff = verifier().verify(&issue(&signer()), NOW).unwrap();
        let expected = Staff {
            id: StaffId::from_bytes([7; 16]),
            roles: [Role::Finance].into_iter().collect(),
            session: [8; 16],
            expires: NOW.plus(Duration::from_secs(60)),
        };
        assert_eq!(staff, expected);
    }

    #[test]
    fn a_token_ends_after_a_minute_and_the_leeway() {
        let text = issue(&signer());
        let at = |secs| verifier().verify(&text, NOW.plus(Duration::from_secs(secs))).err();
        assert_eq!(at(64), None);
        assert_eq!(at(65), Some(TokenError::Expired));
        assert_eq!(at(-6), Some(TokenError::FromTheFuture));
    }

    #[test]
    fn a_token_of_another_key_is_refused_even_under_our_keys_name() {
        let stranger = TokenSigner::from_seed(&[2; 32]);
        let text = issue(&stranger);
        assert_eq!(verifier().verify(&text, NOW), Err(TokenError::UnknownKey));
        let mut token = token::read(&text).unwrap();
        token.key_id = signer().id.to_vec();
        assert_eq!(verifier().verify(&token::write(&token), NOW), Err(TokenError::Forged));
    }

    #[test]
    fn no_changed_claim_passes() {
        let token = token::read(&issue(&signer())).unwrap();
        for at in 0..token.claims.len() {
            let mut changed = token.clone();
            changed.claims[at] ^= 1;
            assert_eq!(verifier().verify(&token::write(&changed), NOW), Err(TokenError::Forged), "byte {at}");
        }
        for at in 0..token.proof.len() {
            let mut changed = token.clone();
            changed.proof[at] ^= 1;
            assert_eq!(verifier().verify(&token::write(&changed), NOW), Err(TokenError::Forged), "byte {at}");
        }
        let short = SignedToken { proof: token.proof[..63].to_vec(), ..token };
        assert_eq!(verifier().verify(&token::write(&short), NOW), Err(TokenError::Forged));
    }

    #[test]
    fn claims_that_make_no_sense_are_refused_though_signed() {
        let good = AccessClaims {
            staff_id: vec![7; 16],
            roles: vec![],
            session: vec![8; 16],
            issued_micros: NOW.as_micros(),
            expires_micros: NOW.plus(TOKEN_LIFE).as_micros(),
        };
        let verify = |claims: &AccessClaims| {
            let claims = claims.encode_to_vec();
            let proof = sign(DOMAIN, &signer().key, &claims).to_vec();
            verifier()
                .verify(&token::write(&SignedToken { claims, proof, key_id: signer().id.to_vec() }), NOW)
        };
        assert!(verify(&good).is_ok());
        let short_id = AccessClaims { staff_id: vec![7; 15], ..good.clone() };
        let long_session = AccessClaims { session: vec![8; 17], ..good.clone() };
        let endless = AccessClaims { expires_micros: i64::MAX, ..good.clone() };
        for bad in [short_id, long_session, endless] {
            assert_eq!(verify(&bad), Err(TokenError::Malformed), "{bad:?}");
        }
        let newer = AccessClaims { roles: vec![Role::Head as i32, 99, 0], ..good };
        assert_eq!(verify(&newer).unwrap().roles, [Role::Head].into_iter().collect());
    }

    #[test]
    fn a_signature_made_for_another_purpose_is_refused() {
        let mut token = token::read(&issue(&signer())).unwrap();
        token.proof = sign("flare/v1/vote", &signer().key, &token.claims).to_vec();
        assert_eq!(verifier().verify(&token::write(&token), NOW), Err(TokenError::Forged));
    }

    #[test]
    fn a_service_token_is_no_access_token() {
        let text = service_tokens(1).issue(flare_contracts::Service::Triage, NOW).unwrap();
        assert_eq!(verifier().verify(&text, NOW), Err(TokenError::UnknownKey));
    }

    #[test]
    fn every_key_that_is_named_counts_and_no_other() {
        let (old, new) = (signer(), TokenSigner::from_seed(&[2; 32]));
        let both = TokenVerifier::new(&[old.public_key(), new.public_key()]);
        assert!(both.verify(&issue(&old), NOW).is_ok() && both.verify(&issue(&new), NOW).is_ok());
        let verifier = TokenVerifier::new(&[new.public_key()]);
        assert_eq!(verifier.verify(&issue(&old), NOW), Err(TokenError::UnknownKey));
    }

    #[test]
    fn bytes_that_are_no_key_verify_nothing() {
        let junk = [[0xff; 32], [0; 32]];
        let verifier = TokenVerifier::new(&junk);
        for key in junk {
            let mut token = token::read(&issue(&signer())).unwrap();
            token.key_id = key_id(&key).to_vec();
            assert_eq!(verifier.verify(&token::write(&token), NOW), Err(TokenError::Forged));
        }
    }
}
