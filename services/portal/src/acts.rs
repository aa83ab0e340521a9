//! What a requester can do where their request stands now, and what they did before: rules over the status, nothing else.

use flare_contracts::StepCode;
use flare_edge::receipt::{
    Grant, GrantStage, Message, MessageKind, Need, Outcome, Standing, Status, Tranche,
};
use flare_kernel::Timestamp;

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Ours, by then if that is known.
    Ours(Option<Timestamp>),
    /// Theirs: something was asked.
    Theirs,
    /// Nobody's until it is safe.
    Paused,
    /// It has ended.
    Ended,
}

impl Turn {
    /// The same, with what becomes of the instant by which we answer.
    pub(crate) fn map_by(self, change: impl Fn(Timestamp) -> Timestamp) -> Self {
        match self {
            Self::Ours(by) => Self::Ours(by.map(change)),
            Self::Theirs | Self::Paused | Self::Ended => self,
        }
    }
}

/// Something that a requester does on a page of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Says whether what is proposed is right.
    Proposal,
    /// Accepts or refuses an agreement.
    Agreement,
    /// Says whether a payment arrived.
    Money,
    /// Says how it went.
    Report,
    /// Asks that somebody else looks again at what was declined.
    Review,
    /// Asks for more time, or for another change.
    Change,
    /// Withdraws.
    Stop,
    /// Closes a code that others have seen.
    Seen,
}

/// What is shown in a message to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// A grant's proposal.
    Proposal,
    /// Its agreement.
    Agreement,
}

impl Act {
    const ALL: [Self; 8] = [
        Self::Proposal,
        Self::Agreement,
        Self::Money,
        Self::Report,
        Self::Review,
        Self::Change,
        Self::Stop,
        Self::Seen,
    ];

    /// As pages name it to us.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Proposal => "proposal",
            Self::Agreement => "agreement",
            Self::Money => "money",
            Self::Report => "report",
            Self::Review => "review",
            Self::Change => "change",
            Self::Stop => "stop",
            Self::Seen => "seen",
        }
    }

    /// The act that a page named so, if there is one.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.word() == word)
    }

    /// Whether it is of the kind that we ask for. Whether we wait for it now is for [`turn`] to say.
    pub(crate) const fn is_asked(self) -> bool {
        match self {
            Self::Proposal | Self::Agreement | Self::Money | Self::Report => true,
            Self::Review | Self::Change | Self::Stop | Self::Seen => false,
        }
    }

    fn makes_sense(self, status: &Status) -> bool {
        match self {
            Self::Proposal => Offer::Proposal.waiting(status).next().is_some(),
            Self::Agreement => Offer::Agreement.waiting(status).next().is_some(),
            Self::Money => payments(status).next().is_some(),
            Self::Report => reports(status).any(|grant| reported_at(status, grant).is_none()),
            Self::Review => declined(status).next().is_some(),
            Self::Change => !status.is_over(),
            Self::Stop => !status.is_over() && !status.is_stopped(),
            Self::Seen => true,
        }
    }
}

/// What can be done now, what we wait for first.
pub(crate) fn possible(status: &Status) -> Vec<Act> {
    Act::ALL.into_iter().filter(|act| act.makes_sense(status)).collect()
}

impl Offer {
    /// The message that shows it; empty when none does.
    pub(crate) fn message_of(self, grant: &Grant) -> &str {
        match self {
            Self::Proposal => &grant.proposal_message_id,
            Self::Agreement => &grant.agreement_message_id,
        }
    }

    /// The grants whose offer is shown and can be answered, answered or not.
    pub(crate) fn shown(self, status: &Status) -> impl Iterator<Item = &Grant> {
        let is_open = move |grant: &&Grant| self.can_be_answered(grant.stage);
        status.grants.iter().filter(is_open).filter(move |grant| !self.message_of(grant).is_empty())
    }

    /// Those that wait for an answer.
    fn waiting(self, status: &Status) -> impl Iterator<Item = &Grant> {
        self.shown(status).filter(move |grant| self.answered_at(status, grant).is_none())
    }

    /// When it was answered as it is shown now.
    pub(crate) fn answered_at(self, status: &Status, grant: &Grant) -> Option<Timestamp> {
        match self {
            Self::Proposal => {
                since(status, &grant.grant_id, StepCode::ProposalAnswered, StepCode::ProposalShown)
            }
            Self::Agreement => {
                since(status, &grant.grant_id, StepCode::AgreementAnswered, StepCode::AgreementShown)
            }
        }
    }

    const fn can_be_answered(self, stage: GrantStage) -> bool {
        match (self, stage) {
            (_, GrantStage::Draft) | (Self::Agreement, GrantStage::InApproval | GrantStage::Approved) => true,
            (Self::Proposal, GrantStage::InApproval | GrantStage::Approved)
            | (
                _,
                GrantStage::Active
                | GrantStage::Reporting
                | GrantStage::Closing
                | GrantStage::Closed
                | GrantStage::Rejected
                | GrantStage::Withdrawn
                | GrantStage::Terminated
                | GrantStage::Unknown,
            ) => false,
        }
    }
}

/// The payments that may have arrived.
pub(crate) fn payments(status: &Status) -> impl Iterator<Item = (&Grant, &Tranche)> {
    let of_grant = |grant| -> Vec<(&Grant, &Tranche)> {
        let grant: &Grant = grant;
        grant.tranches.iter().map(|tranche| (grant, tranche)).collect()
    };
    status.grants.iter().flat_map(of_grant).filter(|(_, tranche)| tranche.state.is_under_way())
}

/// When something was last said of a payment's arrival.
pub(crate) fn arrival_reported_at(status: &Status, tranche: &str) -> Option<Timestamp> {
    last(status, tranche, StepCode::ArrivalReported)
}

/// How often something was said of a payment's arrival. A page carries this number: a higher one now means that another page
/// reported meanwhile.
pub(crate) fn times_arrival_was_reported(status: &Status, tranche: &str) -> usize {
    let of_this = status.steps.iter().filter(|step| step.about == tranche);
    of_this.filter(|step| step.is(StepCode::ArrivalReported)).count()
}

/// The help that goes on, which a wish for a change is about.
pub(crate) fn running(status: &Status) -> Option<&Grant> {
    status.grants.iter().find(|grant| match grant.stage {
        GrantStage::Draft
        | GrantStage::InApproval
        | GrantStage::Approved
        | GrantStage::Active
        | GrantStage::Reporting => true,
        GrantStage::Closing
        | GrantStage::Closed
        | GrantStage::Rejected
        | GrantStage::Withdrawn
        | GrantStage::Terminated
        | GrantStage::Unknown => false,
    })
}

/// The help that can be reported on.
pub(crate) fn reports(status: &Status) -> impl Iterator<Item = &Grant> {
    status.grants.iter().filter(|grant| match grant.stage {
        GrantStage::Active | GrantStage::Reporting => true,
        GrantStage::Draft
        | GrantStage::InApproval
        | GrantStage::Approved
        | GrantStage::Closing
        | GrantStage::Closed
        | GrantStage::Rejected
        | GrantStage::Withdrawn
        | GrantStage::Terminated
        | GrantStage::Unknown => false,
    })
}

/// When a grant was reported on since a report was last asked for.
pub(crate) fn reported_at(status: &Status, grant: &Grant) -> Option<Timestamp> {
    since(status, &grant.grant_id, StepCode::ReportSubmitted, StepCode::ReportAsked)
}

/// What was declined.
pub(crate) fn declined(status: &Status) -> impl Iterator<Item = &Need> {
    status.needs.iter().filter(|need| match need.outcome {
        Outcome::Declined => true,
        Outcome::Open
        | Outcome::Given
        | Outcome::Recommended
        | Outcome::Covered
        | Outcome::Referred
        | Outcome::Unknown => false,
    })
}

/// When a need was last declined.
pub(crate) fn declined_at(status: &Status, need: &str) -> Option<Timestamp> {
    last(status, need, StepCode::NeedDeclined)
}

/// When the requester stopped it.
pub(crate) fn stopped_at(status: &Status) -> Option<Timestamp> {
    last(status, "", StepCode::WithdrawalRequested)
}

/// When somebody asked that a need is looked at again, since it was last declined.
pub(crate) fn review_asked_at(status: &Status, messages: &[Message], need: &str) -> Option<Timestamp> {
    let mut own = messages.iter().rev().filter(|message| message.is_own() && message.about == need);
    let asked = own.find(|message| message.kind == MessageKind::Review)?.at;
    asked.filter(|at| declined_at(status, need).is_none_or(|declined| declined <= *at))
}

/// Whose turn it is. What has ended, and what must wait until it is safe, waits for nobody's answer.
pub(crate) fn turn(status: &Status) -> Turn {
    let ours = Turn::Ours(status.we_answer_by);
    let theirs_if = |waits: bool| if waits { Turn::Theirs } else { ours };
    let asked = !status.open_questions.is_empty();
    match status.standing {
        Standing::Closed | Standing::Withdrawn => Turn::Ended,
        // An inquiry may ask on while it is paused; whoever is not safe yet is asked nothing.
        Standing::Paused if asked_since_paused(status) => Turn::Theirs,
        Standing::Paused => Turn::Paused,
        Standing::WaitingForYou => Turn::Theirs,
        Standing::HelpActive | Standing::Reporting => theirs_if(asked || help_waits_for_them(status)),
        Standing::Unspecified
        | Standing::Received
        | Standing::Acknowledged
        | Standing::BeingAssessed
        | Standing::HelpBeingPrepared
        | Standing::InApproval
        | Standing::AskedToStop => theirs_if(asked),
    }
}

/// Whether a question that is still open was asked after the case was paused.
fn asked_since_paused(status: &Status) -> bool {
    let newest = |what| status.steps.iter().filter(|step| step.is(what)).filter_map(|step| step.at).max();
    !status.open_questions.is_empty() && newest(StepCode::QuestionAsked) > newest(StepCode::Paused)
}

/// When a request came in that nobody has read yet.
pub(crate) fn unread_since(status: &Status) -> Option<Timestamp> {
    status.received.filter(|_| status.standing == Standing::Received)
}

/// Whether we wait to hear of a payment under way, or of help whose report was asked for.
fn help_waits_for_them(status: &Status) -> bool {
    let unheard =
        |(_, tranche): (&Grant, &Tranche)| arrival_reported_at(status, &tranche.tranche_id).is_none();
    let in_reporting = status.grants.iter().filter(|grant| grant.stage == GrantStage::Reporting);
    payments(status).any(unheard)
        || in_reporting.into_iter().any(|grant| reported_at(status, grant).is_none())
}

fn last(status: &Status, about: &str, what: StepCode) -> Option<Timestamp> {
    let steps = status.steps.iter().rev();
    steps.filter(|step| step.about == about).find(|step| step.is(what)).and_then(|step| step.at)
}

/// When `done` last happened about something, unless `asked` happened after it.
fn since(status: &Status, about: &str, done: StepCode, asked: StepCode) -> Option<Timestamp> {
    let steps = status.steps.iter().rev().filter(|step| step.about == about);
    let newest = steps.into_iter().find(|step| step.is(done) || step.is(asked))?;
    newest.at.filter(|_| newest.is(done))
}

#[cfg(test)]
mod tests;
