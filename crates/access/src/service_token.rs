//! The token one Flare service calls another with.

use flare_contracts::{
    Service,
    common::v1::{ServiceClaims, SignedToken},
};
use flare_kernel::{RandomError, Timestamp, random};
use flare_seal::ServiceKey;
use hmac::{Hmac, Mac};
use prost::Message;
use sha2::Sha256;

use crate::{TOKEN_LIFE, TokenError, mac, token};

/// Makes and checks service tokens under the installation's service key: whoever has that key is one of our services.
#[derive(Clone)]
pub struct ServiceTokens {
    mac: Hmac<Sha256>,
}

impl ServiceTokens {
    /// The tokens of the installation that has this service key.
    pub fn new(key: &ServiceKey) -> Self {
        Self { mac: mac::keyed(&key.derive("service-token")) }
    }

    /// A token for one call of `producer`, good from `now` for 60 seconds.
    pub fn issue(&self, producer: Service, now: Timestamp) -> Result<String, RandomError> {
        let claims = ServiceClaims {
            producer: producer.as_str().to_owned(),
            issued_micros: now.as_micros(),
            nonce: random::<16>()?.to_vec(),
        }
        .encode_to_vec();
        let proof = self.over(&claims).finalize().into_bytes().to_vec();
        Ok(token::write(&SignedToken { claims, proof, key_id: Vec::new() }))
    }

    /// The service that a token names. The MAC is compared in constant time.
    pub fn verify(&self, text: &str, now: Timestamp) -> Result<Service, TokenError> {
        let token = token::read(text)?;
        self.over(&token.claims).verify_slice(&token.proof).map_err(|_| TokenError::Forged)?;

        let claims = ServiceClaims::decode(token.claims.as_slice()).map_err(|_| TokenError::Malformed)?;
        let issued = Timestamp::from_micros(claims.issued_micros);
        token::check_life(issued, issued.plus(TOKEN_LIFE), now)?;
        claims.producer.parse().map_err(|_| TokenError::Malformed)
    }

    fn over(&self, claims: &[u8]) -> Hmac<Sha256> {
        self.mac.clone().chain_update(claims)
    }
}

#[cfg(test)]
mod tests {
    use flare_kernel::{Duration, StaffId};

    use super::*;
    use crate::{
        Roles, TokenSigner,
        fixtures::{NOW, service_tokens},
    };

    #[test]
    fn a_token_names_the_service_that_made_it() {
        let tokens = service_tokens(1);
        for producer in Service::ALL {
            assert_eq!(tokens.verify(&tokens.issue(producer, NOW).unwrap(), NOW), Ok(producer));
        }
        assert_ne!(
            tokens.issue(Service::Triage, NOW).unwrap(),
            tokens.issue(Service::Triage, NOW).unwrap(),
            "each call has a token of its own"
        );
    }

    #[test]
    fn a_token_ends_after_a_minute_and_the_leeway() {
        let tokens = service_tokens(1);
        let text = tokens.issue(Service::Intake, NOW).unwrap();
        let at = |secs| tokens.verify(&text, NOW.plus(Duration::from_secs(secs))).err();
        assert_eq!(at(64), None);
        assert_eq!(at(65), Some(TokenError::Expired));
        assert_eq!(at(-6), Some(TokenError::FromTheFuture));
    }

    #[test]
    fn another_installations_token_is_refused() {
        let text = service_tokens(2).issue(Service::Triage, NOW).unwrap();
        assert_eq!(service_tokens(1).verify(&text, NOW), Err(TokenError::Forged));
    }

    #[test]
    fn one_service_cannot_pass_for_another() {
        let tokens = service_tokens(1);
        let mut token = token::read(&tokens.issue(Service::Triage, NOW).unwrap()).unwrap();
        let mut claims = ServiceClaims::decode(token.claims.as_slice()).unwrap();
        claims.producer = "grants".to_owned();
        token.claims = claims.encode_to_vec();
        assert_eq!(tokens.verify(&token::write(&token), NOW), Err(TokenError::Forged));
    }

    #[test]
    fn no_changed_byte_passes_and_no_shortened_mac() {
        let tokens = service_tokens(1);
        let token = token::read(&tokens.issue(Service::Grants, NOW).unwrap()).unwrap();
        for at in 0..token.claims.len() {
            let mut changed = token.clone();
            changed.claims[at] ^= 1;
            assert_eq!(tokens.verify(&token::write(&changed), NOW), Err(TokenError::Forged));
        }
        for length in 0..token.proof.len() {
            let short = SignedToken { proof: token.proof[..length].to_vec(), ..token.clone() };
            assert_eq!(tokens.verify(&token::write(&short), NOW), Err(TokenError::Forged));
        }
    }

    #[test]
    fn a_name_that_is_no_service_is_refused_though_signed() {
        let tokens = service_tokens(1);
        let claims =
            ServiceClaims { producer: "portal2".to_owned(), issued_micros: NOW.as_micros(), nonce: vec![] };
        let claims = claims.encode_to_vec();
        let proof = tokens.over(&claims).finalize().into_bytes().to_vec();
        let text = token::write(&SignedToken { claims, proof, key_id: vec![] });
        assert_eq!(tokens.verify(&text, NOW), Err(TokenError::Malformed));
    }

    #[test]
    fn an_access_token_is_no_service_token() {
        let text = TokenSigner::from_seed(&[1; 32])
            .issue(StaffId::from_bytes([7; 16]), Roles::NONE, [8; 16], NOW)
            .text;
        assert_eq!(service_tokens(1).verify(&text, NOW), Err(TokenError::Forged));
    }
}
