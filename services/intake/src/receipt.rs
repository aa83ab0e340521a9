//! A receipt as intake knows it: enough to recognise its holder, nothing that opens anything.

use flare_contracts::{Refusal, input, intake::v1};

/// What stands for a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReceiptLock {
    pub(crate) lookup: [u8; 16],
    pub(crate) proof_hash: [u8; 32],
}

impl ReceiptLock {
    pub(crate) fn parse(lock: Option<v1::ReceiptLock>) -> Result<Self, Refusal> {
        let lock = input::required("receipt", lock)?;
        Ok(Self {
            lookup: input::array("receipt.lookup_id", &lock.lookup_id)?,
            proof_hash: input::array("receipt.proof_hash", &lock.proof_hash)?,
        })
    }

    /// Whose idempotency keys its holder's are; the same as the access layer's for a caller who shows it.
    pub(crate) fn scope(&self) -> String {
        format!("receipt:{}", data_encoding::HEXLOWER.encode(&self.lookup))
    }
}
