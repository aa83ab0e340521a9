//! The opened keys of a case, and sealing and opening with them.

use std::collections::BTreeMap;

use flare_contracts::{
    common::v1::{self, KeyEpoch, SealedField},
    input,
};
use flare_kernel::CaseId;
use flare_seal::{
    Compartment, CompartmentKey, FieldAddress, RecipientSecret, Sensitive, WrapContext, open_committed,
    open_field, seal_committed, seal_field, unwrap_key,
};

use crate::{EdgeError, KeyBundle};

/// Why a field does not open.
pub type OpenError = EdgeError;

/// The keys of a case (or of one of its grants) that the reader's own keys open.
pub struct CaseKeys {
    case: CaseId,
    keys: BTreeMap<(&'static str, u32), CompartmentKey>,
    newest: BTreeMap<&'static str, u32>,
}

/// A compartment's first key, and its wraps for the service that keeps them.
pub fn fresh_epoch(
    bundle: &KeyBundle,
    case: CaseId,
    compartment: Compartment,
    receipt: Option<&RecipientSecret>,
) -> Result<(CompartmentKey, KeyEpoch), EdgeError> {
    next_epoch(bundle, case, compartment, 1, receipt)
}

/// A compartment's key of a given epoch, and its wraps.
pub fn next_epoch(
    bundle: &KeyBundle,
    case: CaseId,
    compartment: Compartment,
    epoch: u32,
    receipt: Option<&RecipientSecret>,
) -> Result<(CompartmentKey, KeyEpoch), EdgeError> {
    let key = CompartmentKey::generate()?;
    let wraps = bundle.wrap(case, compartment, epoch, &key, receipt)?;
    Ok((key, KeyEpoch { compartment: on_the_wire(compartment).into(), epoch, wraps }))
}

/// A compartment as messages name it.
pub(crate) const fn on_the_wire(compartment: Compartment) -> v1::Compartment {
    match compartment {
        Compartment::Request => v1::Compartment::Request,
        Compartment::Thread => v1::Compartment::Thread,
        Compartment::Notes => v1::Compartment::Notes,
        Compartment::Proposal => v1::Compartment::Proposal,
        Compartment::Payment => v1::Compartment::Payment,
    }
}

impl CaseKeys {
    /// No keys yet.
    pub const fn new(case: CaseId) -> Self {
        Self { case, keys: BTreeMap::new(), newest: BTreeMap::new() }
    }

    /// The case.
    pub const fn case(&self) -> CaseId {
        self.case
    }

    /// Opens what of these epochs `secret_of` holds a secret for: it is asked for each wrap's recipient and generation.
    /// Epochs that nobody here can open are noted but stay closed.
    pub fn open_epochs<'s>(
        &mut self,
        epochs: &[KeyEpoch],
        secret_of: impl Fn(&str, u32) -> Option<&'s RecipientSecret>,
    ) -> Result<(), EdgeError> {
        for epoch in epochs {
            let compartment = input::compartment("keys", epoch.compartment)?;
            self.note(compartment, epoch.epoch);
            for wrap in &epoch.wraps {
                let Some(secret) = secret_of(&wrap.recipient, wrap.generation) else { continue };
                let context = WrapContext {
                    case: self.case,
                    compartment,
                    epoch: epoch.epoch,
                    recipient: &wrap.recipient,
                };
                let key = unwrap_key(secret, &wrap.wrapped, &context)?;
                self.keys.insert((compartment.as_str(), epoch.epoch), key);
                break;
            }
        }
        Ok(())
    }

    /// Takes in a key that was drawn here.
    pub fn insert(&mut self, compartment: Compartment, epoch: u32, key: CompartmentKey) {
        self.note(compartment, epoch);
        self.keys.insert((compartment.as_str(), epoch), key);
    }

    fn note(&mut self, compartment: Compartment, epoch: u32) {
        let newest = self.newest.entry(compartment.as_str()).or_default();
        *newest = (*newest).max(epoch);
    }

    /// The epoch to write under; 0 when the compartment has none yet.
    pub fn newest(&self, compartment: Compartment) -> u32 {
        self.newest.get(compartment.as_str()).copied().unwrap_or_default()
    }

    /// Whether the compartment's newest epoch opens here.
    pub fn holds(&self, compartment: Compartment) -> bool {
        self.keys.contains_key(&(compartment.as_str(), self.newest(compartment)))
    }

    fn key(&self, compartment: Compartment, epoch: u32) -> Result<&CompartmentKey, EdgeError> {
        self.keys.get(&(compartment.as_str(), epoch)).ok_or(EdgeError::Incomplete("a key that opens this"))
    }

    /// The key that files are sealed under, and its epoch.
    pub(crate) fn newest_key(&self, compartment: Compartment) -> Result<(&CompartmentKey, u32), EdgeError> {
        let epoch = self.newest(compartment);
        Ok((self.key(compartment, epoch)?, epoch))
    }

    pub(crate) fn key_of(&self, compartment: Compartment, epoch: u32) -> Result<&CompartmentKey, EdgeError> {
        self.key(compartment, epoch)
    }

    /// Seals a text under the newest epoch. `version` counts from 1 with each writing of the field.
    pub fn seal(
        &self,
        compartment: Compartment,
        name: &str,
        version: u32,
        text: &str,
    ) -> Result<SealedField, EdgeError> {
        let (key, epoch) = self.newest_key(compartment)?;
        let address = FieldAddress { case: self.case, compartment, epoch, field: name, version };
        let sealed = seal_field(key, &address, text.as_bytes())?;
        let (ciphertext, tag) = (sealed.ciphertext, sealed.tag.to_vec());
        Ok(SealedField { name: name.to_owned(), epoch, version, ciphertext, tag, commitment: Vec::new() })
    }

    /// Seals a text that a vote will cover.
    pub fn seal_committed(
        &self,
        compartment: Compartment,
        name: &str,
        version: u32,
        text: &str,
    ) -> Result<SealedField, EdgeError> {
        let (key, epoch) = self.newest_key(compartment)?;
        let address = FieldAddress { case: self.case, compartment, epoch, field: name, version };
        let (sealed, commitment) = seal_committed(key, &address, text.as_bytes())?;
        Ok(SealedField {
            name: name.to_owned(),
            epoch,
            version,
            ciphertext: sealed.ciphertext,
            tag: sealed.tag.to_vec(),
            commitment: commitment.0.to_vec(),
        })
    }

    /// Opens a field. One that carries a commitment is opened only when the commitment is its text's.
    pub fn open(
        &self,
        compartment: Compartment,
        field: &SealedField,
    ) -> Result<Sensitive<String>, EdgeError> {
        let key = self.key(compartment, field.epoch)?;
        let (epoch, version) = (field.epoch, field.version);
        let address = FieldAddress { case: self.case, compartment, epoch, field: &field.name, version };
        let bytes = if field.commitment.is_empty() {
            open_field(key, &address, &field.ciphertext)?
        } else {
            let (bytes, commitment) = open_committed(key, &address, &field.ciphertext)?;
            if commitment.0.as_slice() != field.commitment {
                return Err(EdgeError::Incomplete("the text that its commitment was made for"));
            }
            bytes
        };
        let text =
            String::from_utf8(bytes.into_inner()).map_err(|_| EdgeError::Incomplete("readable text"))?;
        Ok(Sensitive::new(text))
    }
}
