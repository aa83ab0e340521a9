//! A session: who holds its 32 secret bytes is the person, for twelve hours.

use data_encoding::HEXLOWER;
use flare_access::Roles;
use flare_kernel::{Duration, StaffId, Timestamp};
use sha2::{Digest, Sha256};

/// How long a session lasts.
pub(crate) const SESSION_LIFE: Duration = Duration::from_hours(12);

/// How many sessions one person has at most; one more ends the oldest.
pub(crate) const MOST_SESSIONS: i64 = 16;

/// SHA-256 of a session's secret: what is stored and cached in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionKey(pub(crate) [u8; 32]);

impl SessionKey {
    /// The key of the session with this secret. The secret is 32 random bytes, so one hash is enough.
    pub(crate) fn of(secret: &[u8; 32]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// What names the session inside an access token; opens nothing.
    pub(crate) fn id(self) -> [u8; 16] {
        let mut id = [0; 16];
        id.copy_from_slice(&self.0[..16]);
        id
    }

    /// Its name in the session cache.
    pub(crate) fn cache_key(self) -> String {
        format!("session:{}", HEXLOWER.encode(&self.0))
    }
}

/// What a session gives, as long as it lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionView {
    pub(crate) staff: StaffId,
    pub(crate) roles: Roles,
    pub(crate) ends: Timestamp,
    /// What opens the seed that the device keeps; as it is stored, under the service key.
    pub(crate) unlock_share: Vec<u8>,
}

impl SessionView {
    /// The cached form: 16 bytes of id, roles and end as 8 bytes each, and the wrapped share.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let (roles, ends) = (self.roles.bits().to_be_bytes(), self.ends.as_micros().to_be_bytes());
        [self.staff.as_bytes().as_slice(), &roles, &ends, &self.unlock_share].concat()
    }

    /// Reads the cached form.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (staff, rest) = bytes.split_first_chunk::<16>()?;
        let (roles, rest) = rest.split_first_chunk::<8>()?;
        let (ends, unlock_share) = rest.split_first_chunk::<8>()?;
        Some(Self {
            staff: StaffId::from_bytes(*staff),
            roles: Roles::from_bits(i64::from_be_bytes(*roles)).ok()?,
            ends: Timestamp::from_micros(i64::from_be_bytes(*ends)),
            unlock_share: unlock_share.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neither_cache_key_nor_id_is_the_secret() {
        let secret = [7; 32];
        let key = SessionKey::of(&secret);
        assert!(!key.cache_key().contains("0707"));
        assert_ne!(key.id(), [7; 16]);
    }

    proptest! {
        #[test]
        fn the_cached_form_reads_back(staff: [u8; 16], bits in 0_i64..64, ends: i64, unlock_share: Vec<u8>) {
            let view = SessionView {
                staff: StaffId::from_bytes(staff),
                roles: Roles::from_bits(bits << 1).unwrap(),
                ends: Timestamp::from_micros(ends),
                unlock_share,
            };
            prop_assert_eq!(SessionView::from_bytes(&view.to_bytes()), Some(view));
        }

        #[test]
        fn anything_else_counts_as_absent(bytes: Vec<u8>) {
            if let Some(view) = SessionView::from_bytes(&bytes) {
                prop_assert_eq!(view.to_bytes(), bytes);
            }
        }
    }
}
