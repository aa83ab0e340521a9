//! The opened keys of a case, and sealing and opening with them.

use std::collections::{BTreeMap, BTreeSet};

use flare_contracts::{
    common::v1::{KeyEpoch, SealedField},
    fields::Field,
    input,
};
use flare_kernel::CaseId;
use flare_seal::{
    Compartment, CompartmentKey, FieldAddress, RecipientPublic, RecipientSecret, Sensitive, WrapContext,
    content_tag, open_committed, open_field, seal_committed, seal_field, unwrap_key,
};

use crate::{EdgeError, KeyBundle};

/// The keys of a case (or of one of its grants) that the reader's own keys open.
///
/// Whoever stores wraps can hand out a key of their own beside the true ones. So nothing is sealed under a key but one that
/// was drawn here, that somebody signed whom the organisation vouches for, or that the requester drew when they asked;
/// and nothing is believed that is sealed under another, save what a requester added later.
///
/// Anybody can send a wrap that opens for nobody. It hides what is sealed under its own key and nothing else: reading
/// passes over it and [`Self::broken`] names it, and whoever writes draws the compartment's next key.
pub struct CaseKeys {
    case: CaseId,
    keys: BTreeMap<(&'static str, u32), CompartmentKey>,
    /// Epochs that open here, but nobody vouches for.
    unvouched: BTreeSet<(&'static str, u32)>,
    /// Epochs that are wrapped to this reader, in a wrap that does not open.
    broken: BTreeSet<(&'static str, u32)>,
    newest: BTreeMap<&'static str, u32>,
}

/// A compartment's key of a given epoch, and its wraps. Nobody vouches for it yet.
pub(crate) fn next_epoch(
    bundle: &KeyBundle,
    case: CaseId,
    compartment: Compartment,
    epoch: u32,
    receipt: Option<&RecipientPublic>,
) -> Result<(CompartmentKey, KeyEpoch), EdgeError> {
    let key = CompartmentKey::generate()?;
    let wire = wrapped_epoch(bundle, case, (compartment, epoch, &key), receipt)?;
    Ok((key, wire))
}

/// The wraps of a key that is there. Nobody vouches for it yet.
pub(crate) fn wrapped_epoch(
    bundle: &KeyBundle,
    case: CaseId,
    (compartment, epoch, key): (Compartment, u32, &CompartmentKey),
    receipt: Option<&RecipientPublic>,
) -> Result<KeyEpoch, EdgeError> {
    let wraps = bundle.wrap(case, compartment, epoch, key, receipt)?;
    Ok(KeyEpoch { compartment: input::compartment_out(compartment).into(), epoch, wraps, author: None })
}

fn unvouched(compartment: Compartment, epoch: u32) -> EdgeError {
    EdgeError::Unvouched(format!("key {epoch} of this case's {compartment}"))
}

impl CaseKeys {
    /// No keys yet.
    pub const fn new(case: CaseId) -> Self {
        Self {
            case,
            keys: BTreeMap::new(),
            unvouched: BTreeSet::new(),
            broken: BTreeSet::new(),
            newest: BTreeMap::new(),
        }
    }

    /// The case.
    pub const fn case(&self) -> CaseId {
        self.case
    }

    /// Opens what of these epochs `secret_of` holds a secret for: it is asked for each wrap's recipient and generation.
    /// Epochs that nobody here can open are noted but stay closed; what does not open though it is wrapped to this reader
    /// is [`Self::broken`]. `bundle` is of the organisation whose people may have drawn them.
    pub fn open_epochs<'s>(
        &mut self,
        bundle: Option<&KeyBundle>,
        epochs: &[KeyEpoch],
        secret_of: impl Fn(&str, u32) -> Option<&'s RecipientSecret>,
    ) {
        for epoch in epochs {
            // A compartment that this version does not know holds nothing that it could show.
            let Ok(compartment) = input::compartment("keys", epoch.compartment) else { continue };
            self.note(compartment, epoch.epoch);
            let own = epoch.wraps.iter().filter_map(|wrap| {
                let secret = secret_of(&wrap.recipient, wrap.generation)?;
                let recipient = wrap.recipient.as_str();
                let context = WrapContext { case: self.case, compartment, epoch: epoch.epoch, recipient };
                Some(unwrap_key(secret, &wrap.wrapped, &context).ok())
            });
            let place = (compartment.as_str(), epoch.epoch);
            match own.max_by_key(Option::is_some) {
                None => {}
                Some(Some(key)) => {
                    self.take(bundle, compartment, epoch, key);
                    self.broken.remove(&place);
                }
                Some(None) if self.keys.contains_key(&place) || self.unvouched.contains(&place) => {}
                Some(None) => {
                    self.broken.insert(place);
                }
            }
        }
    }

    /// The keys that are wrapped to this reader, but in wraps that do not open: compartment and epoch of each.
    pub fn broken(&self) -> impl Iterator<Item = (&'static str, u32)> {
        self.broken.iter().copied()
    }

    fn take(
        &mut self,
        bundle: Option<&KeyBundle>,
        compartment: Compartment,
        epoch: &KeyEpoch,
        key: CompartmentKey,
    ) {
        let place = (compartment.as_str(), epoch.epoch);
        let is_vouched = match (&epoch.author, bundle) {
            (Some(author), Some(bundle)) => {
                let drawn = (self.case, compartment, epoch.epoch);
                bundle.check_author(author, drawn, &key).is_ok()
            }
            (Some(_), None) => false,
            (None, _) => {
                epoch.epoch == 1 && matches!(compartment, Compartment::Request | Compartment::Thread)
            }
        };
        // What nobody signed takes the place of nothing: a service could hand it out beside the true key.
        if is_vouched && (epoch.author.is_some() || !self.keys.contains_key(&place)) {
            self.unvouched.remove(&place);
            self.keys.insert(place, key);
        } else if !self.keys.contains_key(&place) {
            self.unvouched.insert(place);
            // A requester vouches for nothing but what they know, and may add answers at any time.
            if compartment == Compartment::Request && epoch.author.is_none() {
                self.keys.insert(place, key);
            }
        }
    }

    /// Takes in a key that was drawn here.
    pub fn insert(&mut self, compartment: Compartment, epoch: u32, key: CompartmentKey) {
        self.note(compartment, epoch);
        self.unvouched.remove(&(compartment.as_str(), epoch));
        self.broken.remove(&(compartment.as_str(), epoch));
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

    /// Whether the compartment's newest epoch opens here and can be sealed under.
    pub fn holds(&self, compartment: Compartment) -> bool {
        self.newest_key(compartment).is_ok()
    }

    fn key(&self, compartment: Compartment, epoch: u32) -> Result<&CompartmentKey, EdgeError> {
        let place = (compartment.as_str(), epoch);
        match self.keys.get(&place) {
            Some(key) => Ok(key),
            None if self.unvouched.contains(&place) => Err(unvouched(compartment, epoch)),
            None => Err(EdgeError::Closed { compartment, epoch }),
        }
    }

    /// The key that files are sealed under, and its epoch.
    pub(crate) fn newest_key(&self, compartment: Compartment) -> Result<(&CompartmentKey, u32), EdgeError> {
        let epoch = self.newest(compartment);
        if self.unvouched.contains(&(compartment.as_str(), epoch)) {
            return Err(unvouched(compartment, epoch));
        }
        Ok((self.key(compartment, epoch)?, epoch))
    }

    pub(crate) fn key_of(&self, compartment: Compartment, epoch: u32) -> Result<&CompartmentKey, EdgeError> {
        self.key(compartment, epoch)
    }

    /// Seals a text under its compartment's newest epoch. `version` counts from 1 with each writing of the field.
    pub fn seal(&self, field: &Field, version: u32, text: &str) -> Result<SealedField, EdgeError> {
        let (name, compartment) = (&*field.name, field.compartment);
        let (key, epoch) = self.newest_key(compartment)?;
        let address = FieldAddress { case: self.case, compartment, epoch, field: name, version };
        let sealed = seal_field(key, &address, text.as_bytes())?;
        let (ciphertext, tag) = (sealed.ciphertext, sealed.tag.to_vec());
        Ok(SealedField { name: name.to_owned(), epoch, version, ciphertext, tag, commitment: Vec::new() })
    }

    /// Seals a text that a vote will cover.
    pub fn seal_committed(&self, field: &Field, version: u32, text: &str) -> Result<SealedField, EdgeError> {
        let (name, compartment) = (&*field.name, field.compartment);
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

    /// The keyed digest of a text under the key that a field of this name is sealed with.
    pub(crate) fn tag(
        &self,
        compartment: Compartment,
        field: &SealedField,
        text: &str,
    ) -> Result<Vec<u8>, EdgeError> {
        Ok(content_tag(self.key(compartment, field.epoch)?, &field.name, text.as_bytes()).to_vec())
    }

    /// Opens a field. Refused when it is another than the one that was asked for: whoever runs the servers could hand out one
    /// sealed text in the place of another. One that carries a commitment is opened only when the commitment is its text's.
    pub fn open(&self, wanted: &Field, field: &SealedField) -> Result<Sensitive<String>, EdgeError> {
        if field.name != wanted.name {
            return Err(EdgeError::Misplaced(wanted.name.clone().into_owned()));
        }
        let compartment = wanted.compartment;
        let key = self.key(compartment, field.epoch)?;
        let (epoch, version) = (field.epoch, field.version);
        let address = FieldAddress { case: self.case, compartment, epoch, field: &field.name, version };
        let bytes = if field.commitment.is_empty() {
            open_field(key, &address, &field.ciphertext)?
        } else {
            let (bytes, commitment) = open_committed(key, &address, &field.ciphertext)?;
            if commitment.0.as_slice() != field.commitment {
                return Err(EdgeError::Altered(field.name.clone()));
            }
            bytes
        };
        let text =
            String::from_utf8(bytes.into_inner()).map_err(|_| EdgeError::Incomplete("readable text"))?;
        Ok(Sensitive::new(text))
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{common::v1::EpochAuthor, fields};
    use flare_kernel::StaffId;
    use flare_seal::{PersonKeys, SigningKey, certify, sign_epoch};
    use proptest::prelude::*;

    use super::*;
    use crate::bundle::tests::{bundle, seed, triage};

    const CASE: CaseId = CaseId::from_bytes([1; 16]);

    /// What a member of staff draws whose keys are certified with this seed.
    fn drawn(
        seed: &flare_seal::OrganisationSeed,
        compartment: Compartment,
        epoch: u32,
    ) -> (CompartmentKey, KeyEpoch) {
        let signer = SigningKey::from_bytes([7; 32]);
        let staff = StaffId::from_bytes([3; 16]);
        let keys = PersonKeys::new(staff, &triage().public().unwrap(), signer.public());
        let (key, wire) = next_epoch(&bundle(), CASE, compartment, epoch, None).unwrap();
        let author = EpochAuthor {
            staff_id: staff.to_string(),
            encryption_key_digest: keys.encryption_digest.to_vec(),
            signing_key: keys.signing.to_vec(),
            certificate: certify(seed, &keys).to_vec(),
            signature: sign_epoch(&signer, (CASE, compartment, epoch), &key).to_vec(),
        };
        (key, KeyEpoch { author: Some(author), ..wire })
    }

    fn open(epochs: &[KeyEpoch]) -> CaseKeys {
        let mut keys = CaseKeys::new(CASE);
        let triage = triage();
        keys.open_epochs(Some(&bundle()), epochs, |name, _| (name == "team:triage").then_some(&triage));
        keys
    }

    fn any_field(compartment: Compartment) -> Field {
        Field { name: "x".into(), compartment, longest: 100 }
    }

    fn is_unvouched<T>(outcome: &Result<T, EdgeError>) -> bool {
        matches!(outcome, Err(EdgeError::Unvouched(_)))
    }

    #[test]
    fn nothing_is_sealed_under_a_key_that_a_server_slipped_in() {
        for compartment in Compartment::ALL {
            let (key, first) = drawn(&seed(), compartment, 1);
            let own = open(std::slice::from_ref(&first));
            assert_eq!(own.newest_key(compartment).unwrap().0.expose(), key.expose(), "{compartment}");
            // Wrapped rightly to everybody, but drawn by nobody whom the organisation vouches for.
            let (_, slipped_in) = next_epoch(&bundle(), CASE, compartment, 2, None).unwrap();
            let (_, forged) = drawn(&flare_seal::OrganisationSeed::from_bytes([9; 32]), compartment, 2);
            let mut moved = forged.clone();
            moved.author.clone_from(&first.author);
            for epoch in [slipped_in, forged, moved] {
                let keys = open(&[first.clone(), epoch]);
                assert!(is_unvouched(&keys.seal(&any_field(compartment), 1, "text")), "{compartment}");
                assert!(!keys.holds(compartment));
            }
        }
    }

    #[test]
    fn nothing_is_believed_that_is_sealed_under_such_a_key_but_what_a_requester_added() {
        for compartment in Compartment::ALL {
            let (key, wire) = next_epoch(&bundle(), CASE, compartment, 2, None).unwrap();
            let mut server = CaseKeys::new(CASE);
            server.insert(compartment, 2, key);
            let planted = server.seal(&any_field(compartment), 1, "call this number instead").unwrap();
            let opened = open(&[wire]).open(&any_field(compartment), &planted);
            assert_eq!(is_unvouched(&opened), compartment != Compartment::Request, "{compartment}");
        }
    }

    #[test]
    fn a_text_that_its_commitment_was_not_made_for_is_told_as_changed() {
        let (_, epoch) = drawn(&seed(), Compartment::Proposal, 1);
        let keys = open(&[epoch]);
        let seal = |text| keys.seal_committed(&fields::BUDGET, 1, text).unwrap();
        let (shown, other) = (seal("rent: 400"), seal("rent: 900"));
        assert!(keys.open(&fields::BUDGET, &shown).is_ok());
        let swapped = SealedField { commitment: other.commitment, ..shown };
        match keys.open(&fields::BUDGET, &swapped) {
            Err(EdgeError::Altered(field)) => assert_eq!(field, "proposal.budget"),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("a text was opened that nobody voted on"),
        }
    }

    #[test]
    fn a_text_that_was_sealed_for_another_place_is_not_opened_in_this_one() {
        let (_, epoch) = drawn(&seed(), Compartment::Notes, 1);
        let keys = open(&[epoch]);
        let close = keys.seal(&fields::CLOSE, 1, r#"{"how": "Signal"}"#).unwrap();
        assert!(keys.open(&fields::CLOSE, &close).is_ok());
        let renamed = SealedField { name: fields::CONTACT_PLAN.name.clone().into_owned(), ..close.clone() };
        for (field, is_told) in [(&close, true), (&renamed, false)] {
            let refused = keys.open(&fields::CONTACT_PLAN, field).err().unwrap();
            assert_eq!(matches!(refused, EdgeError::Misplaced(_)), is_told, "{refused}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn any_subset_of_bad_wraps_hides_exactly_what_those_keys_alone_open(bad: [[bool; 3]; 5]) {
            let mut epochs = Vec::new();
            let mut fields = Vec::new();
            for (compartment, bad) in Compartment::ALL.into_iter().zip(bad) {
                for (number, is_bad) in (1..).zip(bad) {
                    let (key, mut epoch) = drawn(&seed(), compartment, number);
                    let mut writer = CaseKeys::new(CASE);
                    writer.insert(compartment, number, key);
                    let sealed = writer.seal(&any_field(compartment), 1, "words").unwrap();
                    fields.push((compartment, is_bad, sealed));
                    if is_bad {
                        epoch.wraps.iter_mut().for_each(|wrap| wrap.wrapped.fill(7));
                    }
                    epochs.push(epoch);
                }
            }
            // What is no compartment of this version hides nothing either.
            epochs.push(KeyEpoch { compartment: 99, ..KeyEpoch::default() });
            let keys = open(&epochs);
            for (compartment, is_bad, field) in &fields {
                let opened = keys.open(&any_field(*compartment), field);
                prop_assert_eq!(opened.is_err(), *is_bad, "{} {}", compartment, field.epoch);
                let place = (compartment.as_str(), field.epoch);
                prop_assert_eq!(keys.broken().any(|broken| broken == place), *is_bad);
            }
            for (compartment, bad) in Compartment::ALL.into_iter().zip(bad) {
                // Nothing is ever written under an older key than the newest.
                prop_assert_eq!(keys.holds(compartment), !bad[2]);
                prop_assert_eq!(keys.newest(compartment), 3);
            }
        }
    }

    #[test]
    fn one_good_wrap_among_bad_ones_opens() {
        let (key, mut epoch) = drawn(&seed(), Compartment::Notes, 1);
        let good = epoch.wraps[0].clone();
        let bad = flare_contracts::common::v1::KeyWrap { wrapped: vec![7; 9], ..good.clone() };
        epoch.wraps = vec![bad.clone(), good, bad];
        let keys = open(&[epoch]);
        assert_eq!(keys.newest_key(Compartment::Notes).unwrap().0.expose(), key.expose());
        assert_eq!(keys.broken().count(), 0);
    }

    #[test]
    fn a_requesters_first_keys_are_sealed_under_and_no_others_of_theirs() {
        let usable = |compartment, epoch| {
            open(&[next_epoch(&bundle(), CASE, compartment, epoch, None).unwrap().1]).holds(compartment)
        };
        for compartment in Compartment::ALL {
            let asked = matches!(compartment, Compartment::Request | Compartment::Thread);
            assert_eq!(usable(compartment, 1), asked, "{compartment}");
            assert!(!usable(compartment, 2), "{compartment}");
        }
    }
}
