//! Key epochs as they come in: checked, and wrapped once more under the service key before they are stored.

use flare_contracts::{Refusal, common::v1::KeyEpoch, input};
use flare_kernel::CaseId;
use flare_seal::{Compartment, ServiceKey};
use flare_store::Error;

/// The compartments that intake holds.
pub(crate) const HELD: &[Compartment] = &[Compartment::Request, Compartment::Thread];
/// The reader that a receipt is.
pub(crate) const RECEIPT: &str = "receipt";

/// An epoch, ready to be stored.
pub(crate) struct SealedEpoch {
    pub(crate) compartment: Compartment,
    pub(crate) epoch: u32,
    pub(crate) wraps: Vec<SealedWrap>,
}

/// A wrap inside the service key's own.
pub(crate) struct SealedWrap {
    pub(crate) recipient: String,
    pub(crate) generation: u32,
    pub(crate) wrapped: Vec<u8>,
}

/// Whom a new epoch's key must be wrapped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReceiptWrap {
    /// The receipt must be able to open it.
    Required,
    /// The case has no receipt yet; a wrap to one would open nothing.
    Optional,
    /// The receipt must never open it: answers are not given back.
    Forbidden,
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
        let to_receipt = key.wraps.iter().any(|wrap| wrap.recipient == RECEIPT);
        match (receipt, to_receipt) {
            (ReceiptWrap::Required, false) => {
                return Err(
                    Refusal::invalid(format!("{field}.wraps"), "must hold one for \"receipt\"").into()
                );
            }
            (ReceiptWrap::Forbidden, true) => {
                let rule = "must hold none for \"receipt\": it never opens earlier answers";
                return Err(Refusal::invalid(format!("{field}.wraps"), rule).into());
            }
            (ReceiptWrap::Required, true) | (ReceiptWrap::Optional, _) | (ReceiptWrap::Forbidden, false) => {}
        }
        let wraps = key.wraps.into_iter().map(|wrap| {
            let context = context(case, compartment, key.epoch, &wrap.recipient);
            let wrapped = service.wrap(&context, &wrap.wrapped);
            Ok(SealedWrap {
                wrapped: wrapped.map_err(|_| Error::Corrupt("key_wraps.wrapped".to_owned()))?,
                recipient: wrap.recipient,
                generation: wrap.generation,
            })
        });
        Ok(Self { compartment, epoch: key.epoch, wraps: wraps.collect::<Result<_, Error>>()? })
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

    use super::*;

    fn epoch(recipients: &[&str]) -> KeyEpoch {
        let wrap = |recipient: &&str| KeyWrap {
            recipient: (*recipient).to_owned(),
            generation: 1,
            wrapped: b"a wrap".to_vec(),
        };
        KeyEpoch { compartment: Wire::Thread.into(), epoch: 2, wraps: recipients.iter().map(wrap).collect() }
    }

    fn seal(recipients: &[&str], receipt: ReceiptWrap) -> Result<SealedEpoch, Error> {
        let place = (CaseId::from_bytes([1; 16]), Compartment::Thread, receipt);
        SealedEpoch::seal("key", Some(epoch(recipients)), place, &ServiceKey::from_bytes([7; 32]))
    }

    #[test]
    fn the_receipt_is_among_the_readers_when_it_must_be_and_never_when_it_must_not() {
        for (receipt, with, without) in [
            (ReceiptWrap::Required, true, false),
            (ReceiptWrap::Optional, true, true),
            (ReceiptWrap::Forbidden, false, true),
        ] {
            assert_eq!(seal(&["team:triage", "receipt"], receipt).is_ok(), with, "{receipt:?}");
            assert_eq!(seal(&["team:triage"], receipt).is_ok(), without, "{receipt:?}");
        }
    }

    #[test]
    fn what_is_stored_is_wrapped_once_more_and_bound_to_its_row() {
        let service = ServiceKey::from_bytes([7; 32]);
        let sealed = seal(&["team:triage"], ReceiptWrap::Optional).unwrap();
        let wrap = &sealed.wraps[0];
        assert_ne!(wrap.wrapped, b"a wrap");
        let context =
            |epoch| context(CaseId::from_bytes([1; 16]), Compartment::Thread, epoch, &wrap.recipient);
        assert_eq!(service.unwrap(&context(2), &wrap.wrapped).unwrap().expose(), b"a wrap");
        assert!(service.unwrap(&context(3), &wrap.wrapped).is_err());
    }

    #[test]
    fn an_epoch_follows_the_newest() {
        let sealed = seal(&["team:triage"], ReceiptWrap::Optional).unwrap();
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
