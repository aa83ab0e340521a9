//! Another look at what was declined.

use flare_edge::receipt::DeclineReason;
use flare_kernel::Timestamp;
use flare_seal::Receipt;

use super::{Acted, chosen, posted_now};
use crate::{
    acts::{declined, review_asked_at},
    requester::{NotDone, Requester, not_done},
};

/// A need that was declined.
pub(crate) struct Declined {
    /// Which.
    pub(crate) need: String,
    /// Why.
    pub(crate) reason: DeclineReason,
    /// When they asked that somebody else looks again.
    pub(crate) asked: Option<Timestamp>,
    /// Another one.
    pub(crate) next: Option<String>,
}

impl Requester {
    /// This declined need; the first that nobody was asked to look at again, where it is not declined.
    pub(crate) async fn declined(&self, receipt: &Receipt, need: &str) -> Result<Option<Declined>, NotDone> {
        let (holder, status) = self.find(receipt).await?;
        let messages = holder.messages().await.map_err(|error| not_done(&error))?;
        let all: Vec<_> = declined(&status).collect();
        let asked = |need: &str| review_asked_at(&status, &messages, need);
        let chosen = chosen(&all, |need| &need.need_id, |need| asked(&need.need_id).is_none(), need);
        Ok(chosen.map(|(need, next)| Declined {
            need: need.need_id.clone(),
            reason: need.declined_for.unwrap_or(DeclineReason::Other),
            asked: asked(&need.need_id),
            next,
        }))
    }

    /// Asks that another person looks again at a declined need.
    pub(crate) async fn ask_review(
        &self,
        receipt: &Receipt,
        need: &str,
        text: &str,
        id: &str,
    ) -> Result<Acted, NotDone> {
        let (holder, status) = self.find(receipt).await?;
        if !declined(&status).any(|known| known.need_id == need) {
            return Ok(Acted::Changed);
        }
        let messages = holder.messages().await.map_err(|error| not_done(&error))?;
        if let Some(at) = review_asked_at(&status, &messages, need) {
            return Ok(Acted::Before(Some(at)));
        }
        let posted = holder.ask_review(text, need, id).await;
        posted_now(&holder, &status, id, posted).await
    }
}
