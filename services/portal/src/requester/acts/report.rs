//! How it went.

use flare_edge::receipt::{Grant, Try};
use flare_kernel::Timestamp;
use flare_seal::Receipt;

use super::{Acted, acted, chosen};
use crate::{
    acts::{reported_at, reports},
    requester::{NotDone, Requester},
};

/// Help that can be reported on.
pub(crate) struct Report {
    /// Which grant.
    pub(crate) grant: String,
    /// When it was reported on.
    pub(crate) reported: Option<Timestamp>,
    /// Another one.
    pub(crate) next: Option<String>,
}

impl Requester {
    /// The help of this grant that can be reported on; the first, where it cannot.
    pub(crate) async fn report_asked(
        &self,
        receipt: &Receipt,
        grant: &str,
    ) -> Result<Option<Report>, NotDone> {
        let (_, status) = self.find(receipt).await?;
        let all: Vec<_> = reports(&status).collect();
        let unsaid = |grant: &&Grant| reported_at(&status, grant).is_none();
        Ok(chosen(&all, |grant| &grant.grant_id, unsaid, grant).map(|(grant, next)| Report {
            grant: grant.grant_id.clone(),
            reported: reported_at(&status, grant),
            next,
        }))
    }

    /// Reports on a grant.
    pub(crate) async fn report(
        &self,
        receipt: &Receipt,
        grant: &str,
        text: &str,
        act: Try<'_>,
    ) -> Result<Acted, NotDone> {
        let (holder, status) = self.find(receipt).await?;
        let Some(grant) = status.grants.iter().find(|known| known.grant_id == grant) else {
            return Ok(Acted::Changed);
        };
        if let Some(at) = reported_at(&status, grant) {
            return Ok(Acted::Before(Some(at)));
        }
        acted(&status, holder.report(grant, text, act).await, None)
    }
}
