//! Who is calling.

use std::fmt;

use data_encoding::HEXLOWER;
use flare_contracts::{KeyScope, Service};
use flare_kernel::{StaffId, Timestamp};
use flare_seal::Sensitive;

use crate::Roles;

/// Who is calling, as far as the access layer can tell. It stands in the extensions of every request.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Somebody who showed no credentials.
    Anonymous,
    /// Somebody who says they hold a receipt. The handler must check the proof before it believes them.
    Receipt(ReceiptClaim),
    /// A signed-in member of staff.
    Staff(Staff),
    /// Another service of this installation.
    Service(Service),
}

/// A receipt's lookup id and proof, as shown and not yet checked.
#[derive(Clone)]
pub struct ReceiptClaim {
    /// Finds the receipt's row.
    pub lookup: [u8; 16],
    /// Shows that the caller holds the receipt and not only its lookup id.
    pub proof: Sensitive<[u8; 32]>,
}

/// A signed-in member of staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    /// Who they are.
    pub id: StaffId,
    /// What they may do.
    pub roles: Roles,
    /// The session their access token was issued for.
    pub session: [u8; 16],
    /// When that access token ends; the session may go on.
    pub expires: Timestamp,
}

impl Caller {
    /// The caller's name in the audit trail: a staff id, "requester", "service:triage" or "anonymous".
    pub fn actor(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::Receipt(_) => "requester".to_owned(),
            Self::Staff(staff) => staff.id.to_string(),
            Self::Service(producer) => format!("service:{producer}"),
        }
    }
}

impl KeyScope for Caller {
    /// Like [`Caller::actor`], but tells one receipt from another.
    fn key_scope(&self) -> String {
        match self {
            Self::Receipt(claim) => claim.key_scope(),
            Self::Anonymous | Self::Staff(_) | Self::Service(_) => self.actor(),
        }
    }
}

impl KeyScope for ReceiptClaim {
    fn key_scope(&self) -> String {
        format!("receipt:{}", HEXLOWER.encode(&self.lookup))
    }
}

impl KeyScope for Staff {
    fn key_scope(&self) -> String {
        self.id.to_string()
    }
}

impl fmt::Debug for ReceiptClaim {
    /// Neither half: together they open a conversation, and the lookup id alone ties a log line to a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiptClaim").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn each_caller_has_a_name_in_the_audit_trail() {
        let staff = fixtures::staff(Roles::NONE);
        assert_eq!(Caller::Anonymous.actor(), "anonymous");
        assert_eq!(Caller::Receipt(fixtures::claim(1)).actor(), "requester");
        assert_eq!(Caller::Staff(staff.clone()).actor(), staff.id.to_string());
        assert_eq!(Caller::Service(Service::Triage).actor(), "service:triage");
    }

    #[test]
    fn two_receipts_never_share_an_idempotency_key() {
        let scopes = [1, 2].map(|lookup| Caller::Receipt(fixtures::claim(lookup)).key_scope());
        assert_ne!(scopes[0], scopes[1]);
        assert_eq!(scopes[0], format!("receipt:{}", "01".repeat(16)));
        assert_eq!(Caller::Service(Service::Grants).key_scope(), "service:grants");
        let staff = fixtures::staff(Roles::NONE);
        assert_eq!(staff.key_scope(), Caller::Staff(staff.clone()).key_scope());
    }

    #[test]
    fn a_receipt_does_not_show_itself() {
        let shown = format!("{:?}", Caller::Receipt(fixtures::claim(0xab)));
        assert!(!shown.contains("ab") && !shown.contains("171"), "{shown}");
    }
}
