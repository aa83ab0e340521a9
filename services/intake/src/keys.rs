//! Key epochs as they come in: checked, and wrapped once more under the service key before they are stored.

use flare_contracts::{InputRule, Refusal, common::v1::KeyEpoch, epoch_author, input};
use flare_kernel::CaseId;
use flare_seal::{Compartment, ServiceKey};
use flare_store::Error;

/// The compartments that intake holds.
pub(crate) const HELD: &[Compartment] = &[Compartment::Request, Compartment::Thread];

/// An epoch, ready to be stored.
pub(crate) struct SealedEpoch {
    pub(crate) compartment: Compartment,
    pub(crate) epoch: u32,
    pub(crate) wraps: Vec<SealedWrap>,
    /// Who vouches for it, as it is stored.
    pub(crate) author: Option<Vec<u8>>,
}

/// A wrap inside the service key's own.
pub(crate) struct SealedWrap {
    pub(crate) recipient: String,
    pub(crate) generation: u32,
    pub(crate) wrapped: Vec<u8>,
}

/// Whether a new epoch's key must be wrapped to the receipt, beside those who must always be able to open it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReceiptWrap {
    /// The receipt must be able to open it.
    Required,
    /// The case has no receipt yet, or the receipt opens nothing of this compartment.
    Unneeded,
}

impl SealedEpoch {
    /// Checks an epoch of one compartment and wraps its keys for storage.
    pub(crate) fn seal(
        field: &str,
        key: Option<KeyEpoch>,
        (case, compartment, receipt): (CaseId, Compartment, ReceiptWrap),
        service: &ServiceKey,
    ) -> Result<Self, Error> {
        let key = input::key_epoch(field, key, &[compartment])?;
        let author = epoch_author::to_bytes(key.author.as_ref());
        let wraps = key.wraps.into_iter().map(|wrap| {
            let context = context(case, compartment, key.epoch, &wrap.recipient);
            let wrapped = service.wrap(&context, &wrap.wrapped);
            Ok(SealedWrap {
                wrapped: wrapped.map_err(|_| Error::Corrupt("key_wraps.wrapped".to_owned()))?,
                recipient: wrap.recipient,
                generation: wrap.generation,
            })
        });
        let sealed =
            Self { compartment, epoch: key.epoch, wraps: wraps.collect::<Result<_, Error>>()?, author };
        match receipt {
            ReceiptWrap::Required => sealed.check_wrapped_to_receipt(field)?,
            ReceiptWrap::Unneeded => {}
        }
        Ok(sealed)
    }

    /// Refuses an epoch that the receipt could not open.
    pub(crate) fn check_wrapped_to_receipt(&self, field: &str) -> Result<(), Refusal> {
        if self.wraps.iter().any(|wrap| wrap.recipient == input::RECEIPT) {
            return Ok(());
        }
        let rule = InputRule::NoWrapFor { reader: input::RECEIPT.to_owned() };
        Err(Refusal::invalid(format!("{field}.wraps"), rule))
    }

    /// Refuses an epoch that does not follow the newest.
    pub(crate) fn check_follows(&self, field: &str, newest: u32) -> Result<(), Refusal> {
        let next = newest.saturating_add(1);
        if self.epoch == next {
            return Ok(());
        }
        Err(input::old_epoch(field, next))
    }
}

/// What a stored wrap is bound to: its row.
pub(crate) fn context(case: CaseId, compartment: Compartment, epoch: u32, recipient: &str) -> String {
    format!("{case}/{compartment}/{epoch}/{recipient}")
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::{Compartment as Wire, KeyWrap};
    use flare_seal::WRAPPED_LEN;

    use super::*;

    fn epoch(receipt: bool) -> KeyEpoch {
        let readers = Compartment::Thread.readers().iter().chain(receipt.then_some(&input::RECEIPT));
        let wrap = |recipient: &&str| KeyWrap {
            recipient: (*recipient).to_owned(),
            generation: 1,
            wrapped: vec![5; WRAPPED_LEN],
        };
        KeyEpoch {
            compartment: Wire::Thread.into(),
            epoch: 2,
            wraps: readers.map(wrap).collect(),
            author: None,
        }
    }

    fn seal(to_receipt: bool, receipt: ReceiptWrap) -> Result<SealedEpoch, Error> {
        let place = (CaseId::from_bytes([1; 16]), Compartment::Thread, receipt);
        SealedEpoch::seal("key", Some(epoch(to_receipt)), place, &ServiceKey::from_bytes([7; 32]))
    }

    #[test]
    fn the_receipt_is_among_the_readers_when_it_must_be() {
        for (receipt, without) in [(ReceiptWrap::Required, false), (ReceiptWrap::Unneeded, true)] {
            assert!(seal(true, receipt).is_ok(), "{receipt:?}");
            assert_eq!(seal(false, receipt).is_ok(), without, "{receipt:?}");
        }
    }

    #[test]
    fn what_is_stored_is_wrapped_once_more_and_bound_to_its_row() {
        let service = ServiceKey::from_bytes([7; 32]);
        let sealed = seal(false, ReceiptWrap::Unneeded).unwrap();
        let wrap = &sealed.wraps[0];
        assert_ne!(wrap.wrapped, [5; WRAPPED_LEN]);
        let context =
            |epoch| context(CaseId::from_bytes([1; 16]), Compartment::Thread, epoch, &wrap.recipient);
        assert_eq!(service.unwrap(&context(2), &wrap.wrapped).unwrap().expose(), &[5; WRAPPED_LEN]);
        assert!(service.unwrap(&context(3), &wrap.wrapped).is_err());
    }

    #[test]
    fn an_epoch_follows_the_newest() {
        let sealed = seal(false, ReceiptWrap::Unneeded).unwrap();
        assert!(sealed.check_follows("key", 1).is_ok());
        for newest in [0, 2, 3] {
            let refusal = sealed.check_follows("key", newest).unwrap_err();
            assert_eq!(
                (refusal.reason, refusal.violations[0].field.as_str()),
                ("OLD_KEY_EPOCH", "key.epoch")
            );
        }
    }
}
