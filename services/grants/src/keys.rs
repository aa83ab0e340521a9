//! Key epochs as they come in: checked, and wrapped once more under the service key before they are stored.

use flare_access::Roles;
use flare_contracts::{
    Refusal,
    common::v1::{KeyEpoch, Role},
    epoch_author, input,
};
use flare_kernel::GrantId;
use flare_seal::{Compartment, ServiceKey};
use flare_store::Error;

/// The compartments that grants holds.
const HELD: &[Compartment] = &[Compartment::Proposal, Compartment::Payment];

/// Whether somebody of these roles knows whom money goes to. It is nothing that approvers need.
pub(crate) fn sees_payee(roles: Roles) -> bool {
    roles.any_of([Role::Officer, Role::Head, Role::Finance].into_iter().collect())
}

/// Those of them that somebody of these roles reads and writes.
pub(crate) fn held_for(roles: Roles) -> &'static [Compartment] {
    if sees_payee(roles) { HELD } else { &[Compartment::Proposal] }
}

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

impl SealedEpoch {
    /// Checks an epoch of one of these compartments and wraps its keys for storage.
    pub(crate) fn seal(
        key: Option<KeyEpoch>,
        grant: GrantId,
        compartments: &[Compartment],
        service: &ServiceKey,
    ) -> Result<Self, Error> {
        let key = input::key_epoch("key", key, compartments)?;
        let compartment = input::compartment("key.compartment", key.compartment)?;
        let author = epoch_author::to_bytes(key.author.as_ref());
        let wraps = key.wraps.into_iter().map(|wrap| {
            let wrapped =
                service.wrap(&context(grant, compartment, key.epoch, &wrap.recipient), &wrap.wrapped);
            Ok(SealedWrap {
                wrapped: wrapped.map_err(|_| Error::Corrupt("key_wraps.wrapped".to_owned()))?,
                recipient: wrap.recipient,
                generation: wrap.generation,
            })
        });
        Ok(Self { compartment, epoch: key.epoch, wraps: wraps.collect::<Result<_, Error>>()?, author })
    }

    /// Refuses an epoch that does not follow the newest.
    pub(crate) fn check_follows(&self, newest: u32) -> Result<(), Refusal> {
        let next = newest.saturating_add(1);
        if self.epoch == next { Ok(()) } else { Err(input::old_epoch("key", next)) }
    }
}

/// What a stored wrap is bound to: its row.
pub(crate) fn context(grant: GrantId, compartment: Compartment, epoch: u32, recipient: &str) -> String {
    format!("{grant}/{compartment}/{epoch}/{recipient}")
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Compartment as Wire;

    use super::*;

    #[test]
    fn what_is_stored_is_wrapped_once_more_and_bound_to_its_row() {
        let (grant, service) = (GrantId::from_bytes([1; 16]), ServiceKey::from_bytes([7; 32]));
        let key = crate::fixtures::key(Wire::Payment, 2);
        assert!(SealedEpoch::seal(Some(key.clone()), grant, &[Compartment::Proposal], &service).is_err());
        let given = key.wraps[0].wrapped.clone();
        let sealed = SealedEpoch::seal(Some(key), grant, HELD, &service).unwrap();
        assert_ne!(sealed.wraps[0].wrapped, given);
        let context = |epoch| context(grant, Compartment::Payment, epoch, "team:triage");
        assert_eq!(service.unwrap(&context(2), &sealed.wraps[0].wrapped).unwrap().expose(), &given);
        assert!(service.unwrap(&context(1), &sealed.wraps[0].wrapped).is_err());
    }

    #[test]
    fn an_epoch_follows_the_newest() {
        let sealed =
            SealedEpoch { compartment: Compartment::Proposal, epoch: 2, wraps: Vec::new(), author: None };
        assert!(sealed.check_follows(1).is_ok());
        for newest in [0, 2, 3] {
            assert_eq!(sealed.check_follows(newest).unwrap_err().reason, "OLD_KEY_EPOCH");
        }
    }
}
