//! Proposals and agreements: something is shown in a message, and answered as it was shown.

use flare_edge::receipt::{AgreementAnswer, Grant, Message, Try};
use flare_kernel::{Money, Timestamp};
use flare_seal::Receipt;

use super::{Acted, acted, chosen, message_of};
use crate::{
    acts::Offer,
    requester::{NotDone, Requester},
};

/// A proposal or an agreement, as it is shown.
pub(crate) struct ShownOffer {
    /// Of which grant.
    pub(crate) grant: String,
    /// At most so much.
    pub(crate) ceiling: Option<Money>,
    /// First and last day.
    pub(crate) days: (String, String),
    /// What was shown, to the letter; empty where it could not be.
    pub(crate) shown: String,
    /// Its text; none where this code does not open it.
    pub(crate) text: Option<String>,
    /// When it was answered.
    pub(crate) answered: Option<Timestamp>,
    /// Another one.
    pub(crate) next: Option<String>,
}

/// What somebody says to what they were shown.
pub(crate) enum OfferAnswer<'a> {
    /// Whether the proposal is right, and words about it.
    Proposal(bool, Option<&'a str>),
    /// What they say to an agreement.
    Agreement(AgreementAnswer),
}

impl OfferAnswer<'_> {
    /// What it answers.
    pub(crate) const fn offer(&self) -> Offer {
        match self {
            Self::Proposal(..) => Offer::Proposal,
            Self::Agreement(_) => Offer::Agreement,
        }
    }
}

impl Requester {
    /// The proposal or agreement of this grant; of the one that waits first, where it has none to be answered.
    pub(crate) async fn offer(
        &self,
        receipt: &Receipt,
        offer: Offer,
        grant: &str,
    ) -> Result<Option<ShownOffer>, NotDone> {
        let (holder, status) = self.find(receipt).await?;
        let waits = |grant: &&Grant| offer.answered_at(&status, grant).is_none();
        let shown: Vec<_> = offer.shown(&status).collect();
        let Some((grant, next)) = chosen(&shown, |grant| &grant.grant_id, waits, grant) else {
            return Ok(None);
        };
        let message = message_of(&holder, offer.message_of(grant)).await?;
        Ok(Some(ShownOffer {
            grant: grant.grant_id.clone(),
            ceiling: grant.ceiling,
            days: (grant.start.clone(), grant.end.clone()),
            answered: offer.answered_at(&status, grant),
            shown: message.as_ref().map(as_shown).unwrap_or_default(),
            text: message.map(|message| message.text.expose().clone()),
            next,
        }))
    }

    /// Answers what was shown of a grant, to the letter. What stands there now in another message, or in other words, is not
    /// answered by it.
    pub(crate) async fn answer_offer(
        &self,
        receipt: &Receipt,
        (grant, shown): (&str, &str),
        answer: OfferAnswer<'_>,
        act: Try<'_>,
    ) -> Result<Acted, NotDone> {
        let (holder, status) = self.find(receipt).await?;
        let offer = answer.offer();
        let Some(grant) = status.grants.iter().find(|known| known.grant_id == grant) else {
            return Ok(Acted::Changed);
        };
        if let Some(at) = offer.answered_at(&status, grant) {
            return Ok(Acted::Before(Some(at)));
        }
        let message = message_of(&holder, offer.message_of(grant)).await?;
        let Some(message) = message.filter(|message| as_shown(message) == shown) else {
            return Ok(Acted::Changed);
        };
        let answered = match answer {
            OfferAnswer::Proposal(agrees, words) => {
                holder.answer_proposal(grant, &message, (agrees, words), act).await
            }
            OfferAnswer::Agreement(answer) => holder.answer_agreement(grant, &message, answer, act).await,
        };
        acted(&status, answered, None)
    }
}

/// What a page carries of a message that it shows: which one, and a digest of its words.
fn as_shown(message: &Message) -> String {
    format!("{}:{}", message.message_id, message.digest())
}
