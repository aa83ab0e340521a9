//! What the tests of this crate share.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use flare_kernel::{Duration, StaffId, Timestamp};
use flare_seal::{Sensitive, ServiceKey};

use crate::{Clock, ReceiptClaim, Roles, ServiceTokens, Staff};

pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// A clock that stands still until it is moved.
pub(crate) struct FixedClock(AtomicI64);

impl FixedClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(NOW.as_micros())))
    }

    pub(crate) fn forward(&self, span: std::time::Duration) {
        self.0.fetch_add(i64::try_from(span.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn back(&self, span: std::time::Duration) {
        self.0.fetch_sub(i64::try_from(span.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) fn claim(lookup: u8) -> ReceiptClaim {
    ReceiptClaim { lookup: [lookup; 16], proof: Sensitive::new([lookup; 32]) }
}

pub(crate) fn staff(roles: Roles) -> Staff {
    Staff {
        id: StaffId::from_bytes([7; 16]),
        roles,
        session: [8; 16],
        expires: NOW.plus(Duration::from_secs(60)),
    }
}

pub(crate) fn service_key(installation: u8) -> ServiceKey {
    ServiceKey::from_bytes([installation; 32])
}

pub(crate) fn service_tokens(installation: u8) -> ServiceTokens {
    ServiceTokens::new(&service_key(installation))
}
