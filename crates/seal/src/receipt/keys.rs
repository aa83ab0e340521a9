//! The public keys of a receipt, and the id of the case that they commit to.

use flare_kernel::CaseId;
use sha2::{Digest, Sha256};

use crate::{RecipientPublic, SealError, SigningKey, encoding::encode, sign, verify};

const CASE_DOMAIN: &str = "flare/v1/case-id";
const ISSUE_DOMAIN: &str = "flare/v1/receipt-issued";

/// The public keys of a receipt: what its thread's keys are wrapped to, and what verifies its holder's acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptKeys {
    /// X-Wing: what a thread's keys are wrapped to.
    pub encryption: RecipientPublic,
    /// Ed25519: what verifies what its holder signs.
    pub signing: [u8; 32],
}

impl ReceiptKeys {
    /// The id of the case that a receipt with these keys opened: the first 16 bytes of SHA-256 over the domain and both
    /// keys, each preceded by its length in eight bytes, big-endian. Whoever knows the id knows whether a server shows
    /// the true keys, and nobody can take the id of a case that they have not the receipt of.
    pub fn case_id(&self) -> CaseId {
        let digest: [u8; 32] =
            Sha256::digest(encode(CASE_DOMAIN, &[&self.encryption.to_bytes(), &self.signing])).into();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        CaseId::from_bytes(id)
    }

    /// What a member of staff signs who draws a receipt for a case that is there already.
    fn issued_bytes(&self, case: CaseId, lookup: &[u8; 16]) -> Vec<u8> {
        encode(ISSUE_DOMAIN, &[case.as_bytes(), lookup, &self.encryption.to_bytes(), &self.signing])
    }
}

/// Vouches for a receipt that was drawn for a case: its id does not commit to this one's keys.
pub fn sign_receipt(signer: &SigningKey, case: CaseId, lookup: &[u8; 16], keys: &ReceiptKeys) -> [u8; 64] {
    sign(ISSUE_DOMAIN, signer, &keys.issued_bytes(case, lookup))
}

/// Checks that a receipt's keys are the ones that somebody vouched for.
pub fn verify_receipt(
    public: &[u8; 32],
    (case, lookup): (CaseId, &[u8; 16]),
    keys: &ReceiptKeys,
    signature: &[u8],
) -> Result<(), SealError> {
    verify(ISSUE_DOMAIN, public, &keys.issued_bytes(case, lookup), signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Receipt;

    fn keys(byte: u8) -> ReceiptKeys {
        Receipt::from_bytes([byte; 15]).keys().unwrap()
    }

    #[test]
    fn a_case_id_commits_to_both_keys() {
        let (one, two) = (keys(1), keys(2));
        assert_eq!(one.case_id(), keys(1).case_id());
        let mixed = [
            ReceiptKeys { signing: two.signing, ..one.clone() },
            ReceiptKeys { encryption: two.encryption.clone(), ..one.clone() },
            two,
        ];
        assert!(mixed.iter().all(|other| other.case_id() != one.case_id()));
    }

    #[test]
    fn a_receipt_is_vouched_for_in_one_case_under_one_lookup_id_with_these_keys() {
        let signer = SigningKey::from_bytes([7; 32]);
        let (case, lookup) = (CaseId::from_bytes([2; 16]), [3; 16]);
        let signature = sign_receipt(&signer, case, &lookup, &keys(1));
        let holds = |case, lookup: &[u8; 16], keys: &ReceiptKeys| {
            verify_receipt(&signer.public(), (case, lookup), keys, &signature).is_ok()
        };
        assert!(holds(case, &lookup, &keys(1)));
        assert!(!holds(CaseId::from_bytes([4; 16]), &lookup, &keys(1)));
        assert!(!holds(case, &[4; 16], &keys(1)));
        assert!(!holds(case, &lookup, &keys(2)));
    }
}
