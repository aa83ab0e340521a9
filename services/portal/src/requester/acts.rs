//! What somebody with a code does on the pages of their own acts.
//!
//! Each page carries an id that was drawn with it, so that a double click and a reload are one act: its event then has a
//! number that was there before. What another page did meanwhile is seen in the status, and is not done again.

mod money;
mod offer;
mod report;
mod review;
mod seen;
mod stop;

use flare_edge::{
    EdgeError,
    receipt::{Message, Posted, ReceiptHolder, Status, message_id, was_sent_before},
};
use flare_kernel::Timestamp;
use flare_seal::Receipt;
use flare_typed::Rule;

use super::{NotDone, Requester, not_done};
use crate::acts::{Act, possible, running};

pub(crate) use money::Arrival;
pub(crate) use offer::OfferAnswer;
pub(crate) use seen::Way;
pub(crate) use stop::Stopped;

/// What came of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Acted {
    /// It is done.
    Done,
    /// It was done before; then, where that is known.
    Before(Option<Timestamp>),
    /// What was shown is not what there is now: nothing was done.
    Changed,
    /// The amount that was typed breaks this rule: nothing was done.
    Unreadable(Rule),
}

/// What is written, and what waits.
pub(crate) struct Conversation {
    /// What opens, oldest first.
    pub(crate) messages: Vec<Message>,
    /// How many messages this code does not open.
    pub(crate) unopened: usize,
    /// Which of them ask something that is still open.
    pub(crate) asked: Vec<String>,
    /// What can be done.
    pub(crate) acts: Vec<Act>,
}

impl Requester {
    /// What was written, and what waits for whom.
    pub(crate) async fn conversation(&self, receipt: &Receipt) -> Result<Conversation, NotDone> {
        let (holder, status) = self.find(receipt).await?;
        let thread = holder.thread().await.map_err(|error| not_done(&error))?;
        let acts = possible(&status).into_iter().filter(|act| act.is_asked()).collect();
        let (messages, unopened) = (thread.messages, thread.unopened);
        Ok(Conversation { messages, unopened, asked: status.open_questions, acts })
    }

    /// Asks for more time, or for another change.
    pub(crate) async fn ask_change(&self, receipt: &Receipt, text: &str, id: &str) -> Result<Acted, NotDone> {
        let (holder, status) = self.find(receipt).await?;
        let about = running(&status).map_or("", |grant| &grant.grant_id);
        let posted = holder.ask_change(text, about, id).await;
        posted_now(&holder, &status, id, posted).await
    }
}

/// The one of this id, or the first that is `open`, or the first; with the id of the one after it, if there are several.
fn chosen<'a, T: Copy>(
    all: &[T],
    id: impl Fn(&T) -> &'a String,
    open: impl Fn(&T) -> bool,
    named: &str,
) -> Option<(T, Option<String>)> {
    let named = all.iter().position(|one| id(one) == named);
    let at = named.or_else(|| all.iter().position(open)).unwrap_or_default();
    let next = all.get((at + 1) % all.len().max(1)).filter(|_| all.len() > 1);
    Some((*all.get(at)?, next.map(|next| id(next).clone())))
}

async fn message_of(holder: &ReceiptHolder, id: &str) -> Result<Option<Message>, NotDone> {
    let messages = holder.messages().await.map_err(|error| not_done(&error))?;
    Ok(messages.into_iter().find(|message| message.message_id == id))
}

/// What came of an act whose event has this number, after the status was seen.
fn acted(
    status: &Status,
    version: Result<i64, EdgeError>,
    before: Option<Timestamp>,
) -> Result<Acted, NotDone> {
    match version {
        Ok(version) if version > status.version => Ok(Acted::Done),
        Ok(_) => Ok(Acted::Before(before)),
        Err(error) if was_sent_before(&error) => Ok(Acted::Before(before)),
        Err(error) => match not_done(&error) {
            NotDone::Refused(told) if is_about_another(&told) => Ok(Acted::Changed),
            why @ (NotDone::NotFound | NotDone::Away | NotDone::Refused(_)) => Err(why),
        },
    }
}

/// The same for a message of this id, which tells by itself when it was written.
async fn posted_now(
    holder: &ReceiptHolder,
    status: &Status,
    id: &str,
    posted: Result<Posted, EdgeError>,
) -> Result<Acted, NotDone> {
    let was_there = match &posted {
        Ok(posted) => posted.version <= status.version,
        Err(error) => was_sent_before(error),
    };
    let at = if was_there {
        let id = message_id(holder.case(), id).to_string();
        message_of(holder, &id).await?.and_then(|message| message.at)
    } else {
        None
    };
    acted(status, posted.map(|posted| posted.version), at)
}

/// Whether a refusal says that another message shows it now.
fn is_about_another(told: &flare_contracts::ToldRefusal) -> bool {
    use flare_contracts::InputRule::{OtherAgreement, OtherProposal};
    told.fields.iter().any(|(_, rule)| matches!(rule, OtherProposal | OtherAgreement))
}
