//! What somebody with a code does on the pages of their own acts.
//!
//! Each page carries an id that was drawn with it, so that a double click and a reload are one act: its event then has a
//! number that was there before. What another page did meanwhile is seen in the status, and is not done again.

use flare_edge::{
    EdgeError,
    receipt::{
        AgreementAnswer, DeclineReason, Grant, Message, MessageKind, Posted, ReceiptHolder, Status, Tranche,
        Try, message_id, was_sent_before,
    },
};
use flare_kernel::{Money, Timestamp};
use flare_seal::Receipt;
use flare_typed::{Rule, money};

use super::{NotDone, Requester, not_done};
use crate::{
    acts::{
        Act, Paper, arrival_reported, arrivals_reported, declined, declined_at, is_stopped, payments,
        possible, reported, reports, running, stopped_at,
    },
    to_staff,
};

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

/// A proposal or an agreement, as it is shown.
pub(crate) struct Offer {
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
pub(crate) enum PaperAnswer<'a> {
    /// Whether the proposal is right, and words about it.
    Proposal(bool, Option<&'a str>),
    /// What they say to an agreement.
    Agreement(AgreementAnswer),
}

/// A payment that may have arrived.
pub(crate) struct Payment {
    /// Which.
    pub(crate) tranche: String,
    /// How much was sent.
    pub(crate) amount: Option<Money>,
    /// What was shown: how often its arrival was reported, and how much was sent.
    pub(crate) shown: String,
    /// When it last was.
    pub(crate) reported: Option<Timestamp>,
    /// Another one.
    pub(crate) next: Option<String>,
}

/// What somebody says of a payment.
pub(crate) enum Arrival<'a> {
    /// All of it is there.
    All,
    /// So much is there, as it was typed.
    Less(&'a str),
    /// Nothing is there yet.
    Nothing,
    /// They cannot say it on the page.
    Elsewhere,
}

/// Help that can be reported on.
pub(crate) struct Report {
    /// Which grant.
    pub(crate) grant: String,
    /// When it was reported on.
    pub(crate) reported: Option<Timestamp>,
    /// Another one.
    pub(crate) next: Option<String>,
}

/// Whether a request was stopped.
pub(crate) enum Stopped {
    /// It goes on.
    No,
    /// It was; then, where that is known.
    At(Option<Timestamp>),
}

/// What became of closing a code.
pub(crate) struct Closed {
    /// Since when it opens nothing.
    pub(crate) since: Option<Timestamp>,
    /// What became of another way to reach its holder.
    pub(crate) way: Way,
}

/// What became of a way to reach somebody that was written when a code was to be closed.
pub(crate) enum Way {
    /// None was written, or it came in.
    NoneOrThere,
    /// The code was closed before: it came in only if the click that closed it said the same.
    TooLate,
    /// It did not get through.
    Lost,
}

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
    /// What was written, and what waits for whom.
    pub(crate) async fn conversation(&self, receipt: &Receipt) -> Result<Conversation, NotDone> {
        let (holder, status) = self.find(receipt).await?;
        let thread = holder.thread().await.map_err(|error| not_done(&error))?;
        let acts = possible(&status).into_iter().filter(|act| act.is_asked()).collect();
        let (messages, unopened) = (thread.messages, thread.unopened);
        Ok(Conversation { messages, unopened, asked: status.open_questions, acts })
    }

    /// The proposal or agreement of this grant; of the one that waits first, where it has none to be answered.
    pub(crate) async fn offer(
        &self,
        receipt: &Receipt,
        paper: Paper,
        grant: &str,
    ) -> Result<Option<Offer>, NotDone> {
        let (holder, status) = self.find(receipt).await?;
        let waits = |grant: &&Grant| paper.answered(&status, grant).is_none();
        let shown: Vec<_> = paper.shown(&status).collect();
        let Some((grant, next)) = chosen(&shown, |grant| &grant.grant_id, waits, grant) else {
            return Ok(None);
        };
        let message = message_of(&holder, paper.message_of(grant)).await?;
        Ok(Some(Offer {
            grant: grant.grant_id.clone(),
            ceiling: grant.ceiling,
            days: (grant.start.clone(), grant.end.clone()),
            answered: paper.answered(&status, grant),
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
        paper: Paper,
        (grant, shown): (&str, &str),
        answer: PaperAnswer<'_>,
        act: Try<'_>,
    ) -> Result<Acted, NotDone> {
        let (holder, status) = self.find(receipt).await?;
        let Some(grant) = status.grants.iter().find(|known| known.grant_id == grant) else {
            return Ok(Acted::Changed);
        };
        if let Some(at) = paper.answered(&status, grant) {
            return Ok(Acted::Before(Some(at)));
        }
        let message = message_of(&holder, paper.message_of(grant)).await?;
        let Some(message) = message.filter(|message| as_shown(message) == shown) else {
            return Ok(Acted::Changed);
        };
        let answered = match answer {
            PaperAnswer::Proposal(agrees, words) => {
                holder.answer_proposal(grant, &message, (agrees, words), act).await
            }
            PaperAnswer::Agreement(answer) => holder.answer_agreement(grant, &message, answer, act).await,
        };
        acted(&status, answered, None)
    }

    /// This payment; the first one under way, where it is not.
    pub(crate) async fn payment(&self, receipt: &Receipt, tranche: &str) -> Result<Option<Payment>, NotDone> {
        let (_, status) = self.find(receipt).await?;
        let under_way: Vec<_> = payments(&status).collect();
        let unsaid =
            |(_, tranche): &(&Grant, &Tranche)| arrival_reported(&status, &tranche.tranche_id).is_none();
        let chosen = chosen(&under_way, |(_, tranche)| &tranche.tranche_id, unsaid, tranche);
        Ok(chosen.map(|((_, tranche), next)| Payment {
            tranche: tranche.tranche_id.clone(),
            amount: tranche.amount,
            shown: payment_as_shown(&status, tranche),
            reported: arrival_reported(&status, &tranche.tranche_id),
            next,
        }))
    }

    /// Says what became of a payment, as it was shown.
    pub(crate) async fn say_arrival(
        &self,
        receipt: &Receipt,
        (tranche, shown): (&str, &str),
        arrival: Arrival<'_>,
        act: Try<'_>,
    ) -> Result<Acted, NotDone> {
        let (holder, status) = self.find(receipt).await?;
        let all =
            status.grants.iter().flat_map(|grant| grant.tranches.iter().map(move |tranche| (grant, tranche)));
        let Some((grant, tranche)) = all.into_iter().find(|(_, known)| known.tranche_id == tranche) else {
            return Ok(Acted::Changed);
        };
        if let Arrival::Elsewhere = arrival {
            let posted = holder.write(to_staff::ASK_ELSEWHERE, &grant.grant_id, act.request_id).await;
            return posted_now(&holder, &status, act.request_id, posted).await;
        }
        let now = payment_as_shown(&status, tranche);
        if now != shown {
            let has_same_amount = now.split_once(':').map(|(_, amount)| amount)
                == shown.split_once(':').map(|(_, amount)| amount);
            let before = Acted::Before(arrival_reported(&status, &tranche.tranche_id));
            return Ok(if has_same_amount { before } else { Acted::Changed });
        }
        let Some(sent) = tranche.amount else { return Ok(Acted::Changed) };
        let arrived = match arrival {
            Arrival::All => sent,
            Arrival::Less(typed) => match money::read(typed, sent.currency().code()).one() {
                Ok(arrived) => arrived,
                Err(rule) => return Ok(Acted::Unreadable(rule)),
            },
            Arrival::Nothing | Arrival::Elsewhere => Money::zero(sent.currency()),
        };
        acted(&status, holder.report_arrival(grant, tranche, arrived, act).await, None)
    }

    /// The help of this grant that can be reported on; the first, where it cannot.
    pub(crate) async fn report_asked(
        &self,
        receipt: &Receipt,
        grant: &str,
    ) -> Result<Option<Report>, NotDone> {
        let (_, status) = self.find(receipt).await?;
        let all: Vec<_> = reports(&status).collect();
        let unsaid = |grant: &&Grant| reported(&status, grant).is_none();
        Ok(chosen(&all, |grant| &grant.grant_id, unsaid, grant).map(|(grant, next)| Report {
            grant: grant.grant_id.clone(),
            reported: reported(&status, grant),
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
        if let Some(at) = reported(&status, grant) {
            return Ok(Acted::Before(Some(at)));
        }
        acted(&status, holder.report(grant, text, act).await, None)
    }

    /// Asks for more time, or for another change.
    pub(crate) async fn ask_change(&self, receipt: &Receipt, text: &str, id: &str) -> Result<Acted, NotDone> {
        let (holder, status) = self.find(receipt).await?;
        let about = running(&status).map_or("", |grant| &grant.grant_id);
        let posted = holder.ask_change(text, about, id).await;
        posted_now(&holder, &status, id, posted).await
    }

    /// Whether the request was stopped.
    pub(crate) async fn stopped(&self, receipt: &Receipt) -> Result<Stopped, NotDone> {
        let (_, status) = self.find(receipt).await?;
        Ok(if is_stopped(status.standing) { Stopped::At(stopped_at(&status)) } else { Stopped::No })
    }

    /// Withdraws the request.
    pub(crate) async fn stop(&self, receipt: &Receipt, reason: &str, act: Try<'_>) -> Result<Acted, NotDone> {
        let (holder, status) = self.find(receipt).await?;
        if is_stopped(status.standing) {
            return Ok(Acted::Before(stopped_at(&status)));
        }
        acted(&status, holder.withdraw(reason, act).await.map(|(_, version)| version), None)
    }

    /// Closes a code that others have seen, closed already or not, whatever becomes of anything else. `way` is another way
    /// to reach its holder, which goes to the thread while the code still opens it.
    pub(crate) async fn close_code(
        &self,
        receipt: &Receipt,
        way: Option<&str>,
        act: Try<'_>,
    ) -> Result<Closed, NotDone> {
        let holder = ReceiptHolder::find_even_frozen(&self.lines, receipt).await;
        let holder = holder.map_err(|error| not_done(&error))?.trusting(self.organisation.clone());
        let way = match way {
            None => Way::NoneOrThere,
            Some(way) => match holder.write(way, "", act.request_id).await {
                Ok(_) => Way::NoneOrThere,
                Err(error) if was_sent_before(&error) => Way::NoneOrThere,
                Err(error) => match not_done(&error) {
                    NotDone::NotFound => Way::TooLate,
                    NotDone::Away | NotDone::Refused(_) => Way::Lost,
                },
            },
        };
        let since = holder.freeze("seen_by_others", act).await.map_err(|error| not_done(&error))?;
        Ok(Closed { since, way })
    }

    /// This declined need; the first that nobody was asked to look at again, where it is not declined.
    pub(crate) async fn declined(&self, receipt: &Receipt, need: &str) -> Result<Option<Declined>, NotDone> {
        let (holder, status) = self.find(receipt).await?;
        let messages = holder.messages().await.map_err(|error| not_done(&error))?;
        let all: Vec<_> = declined(&status).collect();
        let asked = |need: &str| review_asked(&status, &messages, need);
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
        if let Some(at) = review_asked(&status, &messages, need) {
            return Ok(Acted::Before(Some(at)));
        }
        let posted = holder.ask_review(text, need, id).await;
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

/// What a page carries of a message that it shows: which one, and a digest of its words.
fn as_shown(message: &Message) -> String {
    format!("{}:{}", message.message_id, message.digest())
}

/// What a page carries of a payment that it shows.
fn payment_as_shown(status: &Status, tranche: &Tranche) -> String {
    let amount = tranche.amount.map(|amount| format!("{}{}", amount.minor(), amount.currency()));
    format!("{}:{}", arrivals_reported(status, &tranche.tranche_id), amount.unwrap_or_default())
}

async fn message_of(holder: &ReceiptHolder, id: &str) -> Result<Option<Message>, NotDone> {
    let messages = holder.messages().await.map_err(|error| not_done(&error))?;
    Ok(messages.into_iter().find(|message| message.message_id == id))
}

/// When somebody asked that a need is looked at again, since it was last declined.
fn review_asked(status: &Status, messages: &[Message], need: &str) -> Option<Timestamp> {
    let mut own = messages.iter().rev().filter(|message| message.is_own() && message.about == need);
    let asked = own.find(|message| message.kind == MessageKind::Review)?.at;
    asked.filter(|at| declined_at(status, need).is_none_or(|declined| declined <= *at))
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
