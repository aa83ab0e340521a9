//! The receipts of a case as staff see them: whose keys are believed.

use flare_contracts::intake::v1::ReceiptRecord;
use flare_kernel::CaseId;
use flare_seal::{ReceiptKeys, RecipientPublic};

use crate::{EdgeError, KeyBundle};

/// The thread of whoever asked.
const REQUESTERS_THREAD: u32 = 1;

/// Whether the case's id commits to one of its receipts, as that of every request does which somebody sent with a receipt.
/// Where it does not, whoever runs the servers may have put a receipt of their own in its place.
pub fn commits_to_a_receipt(case: CaseId, receipts: &[ReceiptRecord]) -> bool {
    receipts.iter().any(|receipt| keys(receipt).is_ok_and(|keys| keys.case_id() == case))
}

/// The public key that a new key of the requester's thread is wrapped to: of the receipt that opens it now, if one does.
/// Refused when neither the case's id nor anybody whom the organisation vouches for commits to that key: whoever runs the
/// servers would read what is written from now on.
pub fn receipt_to_wrap_to(
    bundle: &KeyBundle,
    case: CaseId,
    receipts: &[ReceiptRecord],
) -> Result<Option<RecipientPublic>, EdgeError> {
    let active =
        receipts.iter().find(|receipt| receipt.frozen.is_none() && receipt.thread == REQUESTERS_THREAD);
    let Some(receipt) = active else { return Ok(None) };
    let keys = keys(receipt)?;
    if keys.case_id() != case {
        bundle
            .check_receipt_author(receipt.author.as_ref(), (case, &receipt.lookup_id), &keys)
            .map_err(|_| EdgeError::Unvouched("the receipt of this case".to_owned()))?;
    }
    Ok(Some(keys.encryption))
}

fn keys(receipt: &ReceiptRecord) -> Result<ReceiptKeys, EdgeError> {
    let encryption = RecipientPublic::from_bytes(&receipt.encryption_key)?;
    let signing = receipt.signing_key.as_slice().try_into();
    Ok(ReceiptKeys { encryption, signing: signing.map_err(|_| EdgeError::Incomplete("a receipt's key"))? })
}

#[cfg(test)]
mod tests {
    use flare_contracts::{common::v1::EpochAuthor, input::timestamp_out};
    use flare_kernel::StaffId;
    use flare_seal::{OrganisationSeed, PersonKeys, Receipt, SigningKey, certify, sign_receipt};

    use super::*;
    use crate::bundle::tests::{bundle, seed, triage};

    fn record(receipt: &Receipt) -> ReceiptRecord {
        let keys = receipt.keys().unwrap();
        ReceiptRecord {
            thread: REQUESTERS_THREAD,
            lookup_id: receipt.lookup_id().to_vec(),
            encryption_key: keys.encryption.to_bytes(),
            signing_key: keys.signing.to_vec(),
            ..ReceiptRecord::default()
        }
    }

    fn receipt(byte: u8) -> Receipt {
        Receipt::from_bytes([byte; 15])
    }

    /// A receipt that somebody issues whose keys are certified with this seed.
    fn issued(seed: &OrganisationSeed, case: CaseId, receipt: &Receipt) -> ReceiptRecord {
        let signer = SigningKey::from_bytes([7; 32]);
        let staff = StaffId::from_bytes([3; 16]);
        let keys = PersonKeys::new(staff, &triage().public().unwrap(), signer.public());
        let signature = sign_receipt(&signer, case, &receipt.lookup_id(), &receipt.keys().unwrap());
        let author = EpochAuthor {
            staff_id: staff.to_string(),
            encryption_key_digest: keys.encryption_digest.to_vec(),
            signing_key: keys.signing.to_vec(),
            certificate: certify(seed, &keys).to_vec(),
            signature: signature.to_vec(),
        };
        ReceiptRecord { author: Some(author), ..record(receipt) }
    }

    #[test]
    fn a_key_is_wrapped_to_the_receipt_that_the_case_commits_to_or_that_staff_issued() {
        let case = receipt(1).case_id().unwrap();
        let to = |receipts: &[ReceiptRecord]| receipt_to_wrap_to(&bundle(), case, receipts);
        assert_eq!(to(&[]).unwrap(), None);
        let own = receipt(1).keys().unwrap().encryption;
        assert_eq!(to(&[record(&receipt(1))]).unwrap(), Some(own));
        let frozen = ReceiptRecord {
            frozen: Some(timestamp_out(flare_kernel::Timestamp::from_micros(1))),
            ..record(&receipt(1))
        };
        assert_eq!(to(std::slice::from_ref(&frozen)).unwrap(), None);
        let next = issued(&seed(), case, &receipt(2));
        assert_eq!(to(&[frozen.clone(), next]).unwrap(), Some(receipt(2).keys().unwrap().encryption));
        // Kin's receipt opens a thread of its own.
        let kin = ReceiptRecord { thread: 2, ..record(&receipt(3)) };
        assert_eq!(to(&[kin, frozen]).unwrap(), None);
    }

    #[test]
    fn a_receipt_that_a_server_put_in_place_is_never_wrapped_to() {
        let case = receipt(1).case_id().unwrap();
        let forged = issued(&OrganisationSeed::from_bytes([9; 32]), case, &receipt(2));
        let elsewhere = issued(&seed(), CaseId::from_bytes([4; 16]), &receipt(2));
        let swapped =
            ReceiptRecord { author: issued(&seed(), case, &receipt(3)).author, ..record(&receipt(2)) };
        for receipt in [record(&receipt(2)), forged, elsewhere, swapped] {
            assert!(!commits_to_a_receipt(case, std::slice::from_ref(&receipt)));
            let refused = receipt_to_wrap_to(&bundle(), case, &[receipt]);
            assert!(matches!(refused, Err(EdgeError::Unvouched(_))));
        }
        assert!(commits_to_a_receipt(case, &[record(&receipt(1))]));
    }
}
