//! A receipt as intake knows it: enough to recognise its holder and what they sign, nothing that opens anything.

use flare_contracts::{
    InputRule, KeyScope, Refusal,
    common::v1::EpochAuthor,
    events::v1::ReceiptKeys as KeysOfEvent,
    input,
    intake::v1::{self, HolderKind},
};
use flare_kernel::CaseId;
use flare_seal::{ReceiptKeys, RecipientPublic};

use crate::author::Author;

/// The thread of whoever asked. Each further receipt that opens a case beside theirs has a thread of its own.
pub(crate) const REQUESTERS_THREAD: u32 = 1;

/// What stands for a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReceiptLock {
    pub(crate) lookup: [u8; 16],
    pub(crate) proof_hash: [u8; 32],
    pub(crate) keys: ReceiptKeys,
}

/// A receipt to store.
pub(crate) struct NewReceipt<'r> {
    pub(crate) lock: &'r ReceiptLock,
    pub(crate) holder: HolderKind,
    pub(crate) thread: u32,
    pub(crate) drawn_by: &'r Author,
    /// Who vouches for its keys, where the case id does not commit to them.
    pub(crate) author: Option<&'r EpochAuthor>,
    /// The first key of its thread that is wrapped to it.
    pub(crate) first_epoch: u32,
}

impl ReceiptLock {
    pub(crate) fn parse(lock: Option<v1::ReceiptLock>) -> Result<Self, Refusal> {
        let lock = input::required("receipt", lock)?;
        let encryption = RecipientPublic::from_bytes(&lock.encryption_key)
            .map_err(|_| Refusal::invalid("receipt.encryption_key", InputRule::NotAnEncryptionKey))?;
        Ok(Self {
            lookup: input::array("receipt.lookup_id", &lock.lookup_id)?,
            proof_hash: input::array("receipt.proof_hash", &lock.proof_hash)?,
            keys: ReceiptKeys {
                encryption,
                signing: input::array("receipt.signing_key", &lock.signing_key)?,
            },
        })
    }

    /// Refuses a case id that does not commit to this receipt's keys: nobody takes the id of another's case, and whoever
    /// knows the id knows the keys.
    pub(crate) fn check_opens(&self, case: CaseId) -> Result<(), Refusal> {
        if self.keys.case_id() == case {
            return Ok(());
        }
        Err(Refusal::invalid("case_id", InputRule::NotOfTheseKeys))
    }

    /// The public keys as an event tells them.
    pub(crate) fn keys_of_event(&self) -> KeysOfEvent {
        KeysOfEvent {
            encryption_key: self.keys.encryption.to_bytes(),
            signing_key: self.keys.signing.to_vec(),
        }
    }
}

impl KeyScope for ReceiptLock {
    /// The same as the access layer's for a caller who shows it.
    fn key_scope(&self) -> String {
        format!("receipt:{}", data_encoding::HEXLOWER.encode(&self.lookup))
    }
}
