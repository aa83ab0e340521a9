//! The one way from the pages to the services: what a requester does, over `flare-edge`.

mod acts;
mod sending;

use flare_contracts::{Kind, Reason as _, ToldRefusal};
use flare_edge::{
    EdgeError, Form, IfNothing, Lines,
    receipt::{ReceiptHolder, Status, add_once, was_sent_before},
};
use flare_kernel::{Lane, Timestamp};
use flare_seal::{Receipt, RequestSeed};
use sha2::{Digest, Sha256};
use tokio::time::timeout;
use tonic::Code;

use crate::{
    act_id::ActId,
    acts::{Act, Turn, possible, turn, unread_since},
    form::{Unclear, questions_left},
    keys::{Session, Slip},
    language::Language,
    spool::WaitingRoom,
    to_staff,
};

pub(crate) use acts::{Acted, Arrival, OfferAnswer, Stopped, Way};
use sending::PATIENCE;

/// Acts for whoever sits before a page.
pub(crate) struct Requester {
    pub(crate) lines: Lines,
    /// The fingerprint of the organisation to which anything is sealed; without one, whichever answers.
    pub(crate) organisation: Option<String>,
    /// Where requests wait while the services are away.
    pub(crate) room: Option<WaitingRoom>,
}

/// What became of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// These words are at intake, as the request or beside other words of the same page.
    AtIntake { words: [u8; 16], beside_other_words: bool },
    /// The services are away: it is on the disk, perhaps beside other words of the same page, there or at intake.
    Kept { beside_other_words: bool },
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotDone {
    /// The code opens nothing here.
    NotFound,
    /// Something is away, or busy: later is fine.
    Away,
    /// It breaks a rule, which the page says in its reader's language.
    Refused(ToldRefusal),
}

/// Where a request stands, with nothing that convicts.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    /// Whose turn.
    pub(crate) turn: Turn,
    /// When something last happened.
    pub(crate) since: Option<Timestamp>,
    /// When it came in, where nobody has read it yet.
    pub(crate) unread_since: Option<Timestamp>,
    /// What can be done, what we wait for first.
    pub(crate) acts: Vec<Act>,
}

impl Requester {
    /// Over these lines.
    pub(crate) fn new(lines: Lines, organisation: Option<String>) -> Self {
        Self { lines, organisation, room: None }
    }

    /// Tells staff one safe way to reach somebody who cannot keep the code of a request that they just sent. While that
    /// waits on our disk the code opens no thread yet, and it is not kept here: so the way goes as a request of its own,
    /// which names the other and is kept and sent on like each. `id` is of these words.
    pub(crate) async fn tell_way(
        &self,
        session: &Session,
        lang: Language,
        (way, id): (&str, &str),
        now: Timestamp,
    ) -> Result<(), NotDone> {
        let words = to_staff::safe_way(way);
        let written = self.write(&session.receipt, None, &words, id);
        if !session.is_kept {
            // A code that the services knew and do not know now may have been closed: nothing is said in its name.
            return written.await;
        }
        match timeout(PATIENCE, written).await.unwrap_or(Err(NotDone::Away)) {
            Err(NotDone::NotFound | NotDone::Away) => {
                let form = form_of_lost_code(session, lang, way).map_err(|error| not_done(&error))?;
                self.send_or_keep(&Slip::beside(&session.receipt, id, now), &form, None).await.map(drop)
            }
            written => written,
        }
    }

    /// Whether one safe way to reach the holder of this code would get through now, as far as is known. It goes to the disk
    /// only beside a request that did (`tell_way`).
    pub(crate) async fn takes_way(&self, session: &Session) -> bool {
        (session.is_kept && self.room.is_some() && self.takes().await)
            || self.look(&session.receipt).await.is_ok()
    }

    /// Whether whoever begins to write now can be taken, as far as is known.
    pub(crate) async fn takes(&self) -> bool {
        match &self.room {
            Some(room) => room.takes().await,
            None => true,
        }
    }

    /// Adds a form's answers to a code's request. The same id and answers again add nothing; other answers are added too.
    pub(crate) async fn add(&self, receipt: &Receipt, form: &Form, id: &ActId) -> Result<(), NotDone> {
        let bundle = self.fetch_keys().await.map_err(|error| not_done(&error))?;
        let seed = RequestSeed::from_bytes(Sha256::digest(id.as_str()).into());
        add_once(&self.lines, &bundle, form, (receipt, &seed)).await.map_err(|error| not_done(&error))
    }

    /// The fields of the page that there are questions left for.
    pub(crate) async fn questions_left(
        &self,
        receipt: &Receipt,
        unclear: Unclear,
    ) -> Result<Vec<&'static str>, NotDone> {
        let (_, status) = self.find(receipt).await?;
        Ok(questions_left(|name| status.has_answer(name), unclear))
    }

    /// Where a code's request stands.
    pub(crate) async fn look(&self, receipt: &Receipt) -> Result<Standing, NotDone> {
        let (_, status) = self.find(receipt).await?;
        let since = status.steps.iter().filter_map(|step| step.at).max();
        let (turn, unread_since, acts) = (turn(&status), unread_since(&status), possible(&status));
        Ok(Standing { turn, since, unread_since, acts })
    }

    async fn find(&self, receipt: &Receipt) -> Result<(ReceiptHolder, Status), NotDone> {
        let found = ReceiptHolder::find(&self.lines, receipt).await.map_err(|error| not_done(&error));
        found.map(|(holder, status)| (holder.trusting(self.organisation.clone()), status))
    }

    /// Writes to staff: an answer to the question that was shown, where one was. `id` is of these words: they are one message
    /// however often they are sent.
    pub(crate) async fn write(
        &self,
        receipt: &Receipt,
        question: Option<&str>,
        text: &str,
        id: &str,
    ) -> Result<(), NotDone> {
        let (holder, _) = self.find(receipt).await?;
        let written = match question {
            // The one that was shown: what was asked meanwhile is not answered by it, and stays open.
            Some(question) => holder.answer(question, text, id).await,
            None => holder.write(text, "", id).await,
        };
        match written {
            Ok(_) => Ok(()),
            Err(error) if was_sent_before(&error) => Ok(()),
            Err(error) => Err(not_done(&error)),
        }
    }
}

/// What reaches staff of somebody whose code is lost before their request came in: which one it was, how to reach them, and
/// how soon, which is as soon as the request itself.
fn form_of_lost_code(session: &Session, lang: Language, way: &str) -> Result<Form, EdgeError> {
    let before = || to_staff::AS_BEFORE.to_owned();
    // Which of these is filled gives the lane (`Form::lane`).
    let if_nothing = match session.lane {
        Lane::Critical => IfNothing { day: before(), ..IfNothing::default() },
        Lane::Urgent => IfNothing { week: before(), ..IfNothing::default() },
        Lane::Standard => IfNothing { month: before(), ..IfNothing::default() },
    };
    let case = session.receipt.case_id()?;
    Ok(Form {
        contact: way.to_owned(),
        happened: to_staff::lost_code(case),
        language: lang.code().to_owned(),
        if_nothing,
        ..Form::default()
    })
}

/// Never the error's own words: they may name what is behind the portal.
pub(crate) fn not_done(error: &EdgeError) -> NotDone {
    if let EdgeError::Answered(status) = error
        && matches!(status.code(), Code::NotFound | Code::Unauthenticated | Code::PermissionDenied)
    {
        return NotDone::NotFound;
    }
    if let Some(told) = error.told() {
        match told.cause.kind() {
            Kind::Unauthenticated | Kind::Forbidden | Kind::NotFound => return NotDone::NotFound,
            Kind::Invalid | Kind::State | Kind::Stale | Kind::Reused => {
                tracing::debug!(%error, "a page was refused");
                return NotDone::Refused(told);
            }
            Kind::Exhausted | Kind::Unavailable | Kind::Late => {}
        }
    }
    tracing::warn!(%error, "a page could not be answered");
    NotDone::Away
}
