//! Who drew a compartment's key. A wrap needs public keys only, so whoever stores wraps could hand out a key of their own and
//! read what is sealed under it; a signature over the key by somebody the organisation vouches for tells such a key apart.

use flare_kernel::CaseId;
use sha2::{Digest, Sha256};

use crate::{Compartment, CompartmentKey, SealError, SigningKey, encoding::encode, sign, verify};

const DOMAIN: &str = "flare/v1/key-epoch";

fn signed_bytes(case: CaseId, compartment: Compartment, epoch: u32, key: &CompartmentKey) -> Vec<u8> {
    let parts: [&[u8]; 4] = [
        case.as_bytes(),
        compartment.as_str().as_bytes(),
        &epoch.to_be_bytes(),
        &Sha256::digest(key.expose()),
    ];
    encode(DOMAIN, &parts)
}

/// Vouches for a key that was drawn here.
pub fn sign_epoch(
    signer: &SigningKey,
    (case, compartment, epoch): (CaseId, Compartment, u32),
    key: &CompartmentKey,
) -> [u8; 64] {
    sign(DOMAIN, signer, &signed_bytes(case, compartment, epoch, key))
}

/// Checks that whoever has this public key vouches for a key.
pub fn verify_epoch(
    public: &[u8; 32],
    (case, compartment, epoch): (CaseId, Compartment, u32),
    key: &CompartmentKey,
    signature: &[u8],
) -> Result<(), SealError> {
    verify(DOMAIN, public, &signed_bytes(case, compartment, epoch, key), signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_one_key_in_one_place() {
        let (signer, key) = (SigningKey::from_bytes([7; 32]), CompartmentKey::from_bytes([1; 32]));
        let case = CaseId::from_bytes([2; 16]);
        let place = (case, Compartment::Notes, 3);
        let signature = sign_epoch(&signer, place, &key);
        let public = signer.public();
        verify_epoch(&public, place, &key, &signature).unwrap();
        let other = CompartmentKey::from_bytes([9; 32]);
        assert!(verify_epoch(&public, place, &other, &signature).is_err());
        for place in [
            (CaseId::from_bytes([4; 16]), Compartment::Notes, 3),
            (case, Compartment::Thread, 3),
            (case, Compartment::Notes, 4),
        ] {
            assert!(verify_epoch(&public, place, &key, &signature).is_err());
        }
    }
}
