//! Identifiers that say what they name: `case_` followed by 26 characters of lower-case Crockford base32.
//!
//! An id is 128 bits, random or derived, so it tells nothing about order or number. The prefix makes a pasted id
//! recognisable to a person, and the type makes the wrong id impossible to pass in code.

use std::{fmt, hash::Hash, marker::PhantomData, str::FromStr, sync::LazyLock};

use data_encoding::{Encoding, Specification};

use crate::{RandomError, random};

/// Crockford's base32 without padding; upper case and the look-alikes I, L and O are understood when reading.
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    spec.translate.from.push_str("ABCDEFGHJKMNPQRSTVWXYZiIlLoO");
    spec.translate.to.push_str("abcdefghjkmnpqrstvwxyz111100");
    #[allow(clippy::expect_used, reason = "a constant alphabet; the tests below read and write it")]
    spec.encoding().expect("Crockford's alphabet is a valid base32 alphabet")
});

/// What an [`Id`] names; implemented by the marker types of this module only.
pub trait IdKind: Copy + Eq + Ord + Hash + fmt::Debug + Send + Sync + 'static {
    /// The prefix before the underscore.
    const PREFIX: &'static str;
}

/// An identifier of one kind of thing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<K: IdKind> {
    bytes: [u8; 16],
    kind: PhantomData<K>,
}

/// Why a text is not an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be \"{prefix}_\" followed by 26 characters of base32")]
pub struct IdError {
    prefix: &'static str,
}

impl<K: IdKind> Id<K> {
    /// The id made of these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self { bytes, kind: PhantomData }
    }

    /// A fresh random id.
    pub fn random() -> Result<Self, RandomError> {
        random().map(Self::from_bytes)
    }

    /// The id's 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.bytes
    }
}

impl<K: IdKind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", K::PREFIX, BASE32.encode(&self.bytes))
    }
}

impl<K: IdKind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K: IdKind> FromStr for Id<K> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let refusal = IdError { prefix: K::PREFIX };
        let (prefix, rest) = text.split_once('_').ok_or_else(|| refusal.clone())?;
        if prefix != K::PREFIX || rest.len() != 26 {
            return Err(refusal);
        }
        let bytes = BASE32.decode(rest.as_bytes()).map_err(|_| refusal.clone())?;
        bytes.try_into().map(Self::from_bytes).map_err(|_| refusal)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident = $kind:ident $prefix:literal;)*) => {$(
        #[doc = concat!("Marks an identifier with the prefix `", $prefix, "`.")]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $kind;

        impl IdKind for $kind {
            const PREFIX: &'static str = $prefix;
        }

        $(#[$doc])*
        pub type $id = Id<$kind>;
    )*};
}

ids! {
    /// A case and the request it began with; the same in every service.
    CaseId = CaseKind "case";
    /// A member of staff.
    StaffId = StaffKind "staff";
    /// One event.
    EventId = EventKind "event";
    /// One message between a requester and staff.
    MessageId = MessageKind "msg";
    /// One sealed file.
    FileId = FileKind "file";
    /// One human a case is about.
    PersonId = PersonKind "person";
    /// One thing somebody lacks.
    NeedId = NeedKind "need";
    /// A person who can vouch.
    ReferenceId = ReferenceKind "ref";
    /// A need handed to another organisation.
    ReferralId = ReferralKind "referral";
    /// One note of staff on a case.
    NoteId = NoteKind "note";
    /// One contact with a requester outside Flare.
    ContactId = ContactKind "contact";
    /// A grant.
    GrantId = GrantKind "grant";
    /// One payment of a grant.
    TrancheId = TrancheKind "tranche";
    /// Something a person must know.
    NoticeId = NoticeKind "notice";
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes: [u8; 16]) {
            let id = CaseId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse::<CaseId>(), Ok(id));
            prop_assert_eq!(id.to_string().to_uppercase().replacen("CASE", "case", 1).parse::<CaseId>(), Ok(id));
        }
    }

    #[test]
    fn another_kind_a_wrong_length_and_stray_bits_are_refused() {
        let id = GrantId::from_bytes([7; 16]).to_string();
        assert!(id.parse::<CaseId>().is_err());
        assert!(id[..id.len() - 1].parse::<GrantId>().is_err());
        assert!(
            format!("{}z", &id[..id.len() - 1]).parse::<GrantId>().is_err(),
            "the last 2 bits must be zero"
        );
        assert!("".parse::<GrantId>().is_err());
    }
}
