//! Which case a caller may act in, and as whom.

use flare_access::{Caller, ReceiptClaim};
use flare_contracts::{Cause, KeyScope, Refusal, input};
use flare_kernel::CaseId;
use flare_seal::proof_matches;
use flare_store::Error;

use crate::{
    Intake,
    author::Author,
    store::{self, receipts::Opened},
};

/// A caller who may act in a case.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    pub(crate) case: CaseId,
    pub(crate) author: Author,
    scope: String,
}

/// Whoever shows a receipt, which opens its case.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub(crate) case: CaseId,
    /// Under which they sign.
    pub(crate) signing_key: [u8; 32],
    scope: String,
}

impl Holder {
    /// Whoever proved that they hold what opens this.
    pub(crate) fn new(claim: &ReceiptClaim, opened: &Opened) -> Self {
        Self { case: opened.case, signing_key: opened.signing_key, scope: claim.key_scope() }
    }
}

impl KeyScope for Admitted {
    fn key_scope(&self) -> String {
        self.scope.clone()
    }
}

impl KeyScope for Holder {
    fn key_scope(&self) -> String {
        self.scope.clone()
    }
}

impl Intake {
    /// Staff act in the case they name; whoever holds a receipt acts in its case and in no other.
    pub(crate) async fn admit(&self, caller: &Caller, case_id: &str) -> Result<Admitted, Error> {
        let scope = caller.key_scope();
        match caller {
            Caller::Staff(staff) => {
                let case = input::id("case_id", case_id)?;
                Ok(Admitted { case, author: Author::Staff(staff.id), scope })
            }
            Caller::Receipt(claim) => {
                let case = self.case_of(claim).await?;
                if !case_id.is_empty() && case_id.parse() != Ok(case) {
                    return Err(Refusal::not_found("case").into());
                }
                Ok(Admitted { case, author: Author::Requester, scope })
            }
            Caller::Anonymous | Caller::Service(_) => Err(Refusal::from(Cause::NotAllowed).into()),
        }
    }

    /// Whether a caller is who they say, before anything they send is looked at. What they may do is for [`Self::admit`].
    pub(crate) async fn prove(&self, caller: &Caller) -> Result<(), Error> {
        match caller {
            Caller::Staff(_) => Ok(()),
            Caller::Receipt(claim) => self.case_of(claim).await.map(drop),
            Caller::Anonymous | Caller::Service(_) => Err(Refusal::from(Cause::NotAllowed).into()),
        }
    }

    /// The case that a shown receipt opens.
    pub(crate) async fn case_of(&self, claim: &ReceiptClaim) -> Result<CaseId, Error> {
        Ok(self.opened_by(claim).await?.case)
    }

    /// What a shown receipt opens. One that is frozen, an unknown one and a wrong proof are refused alike, after the same
    /// work: whoever took a receipt learns nothing from it any more, not even that it was frozen.
    pub(crate) async fn opened_by(&self, claim: &ReceiptClaim) -> Result<Opened, Error> {
        let opened = self.held_by(claim).await?;
        if opened.frozen.is_some() { Err(Refusal::from(Cause::UnknownReceipt).into()) } else { Ok(opened) }
    }

    /// What a shown receipt opens, or opened until it was frozen.
    pub(crate) async fn held_by(&self, claim: &ReceiptClaim) -> Result<Opened, Error> {
        let found = store::receipts::opened_by(&mut self.database.clone(), &claim.lookup).await?;
        let stored = found.map_or([0; 32], |opened| opened.proof_hash);
        let matches = proof_matches(&stored, claim.proof.expose());
        found.filter(|_| matches).ok_or_else(|| Refusal::from(Cause::UnknownReceipt).into())
    }
}
