//! What the holder of a receipt is shown, in types of its own: no wire message leaves this module, and each view is what
//! the command line prints as JSON.

use flare_contracts::{
    StepCode,
    common::v1::{KeyEpoch, Money as WireMoney},
    input,
    intake::v1::{self, GetStatusResponse},
};
use flare_kernel::{CaseId, Money, Timestamp};
use flare_seal::Sensitive;
use serde::{Deserialize, Serialize, Serializer, de::value::StrDeserializer};

use crate::{
    EdgeError,
    view::{text, text_or_none, told_codename},
};

pub use flare_contracts::{
    common::v1::NeedKind,
    intake::v1::{MessageKind, Standing},
};

/// Where a request stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// The case.
    #[serde(serialize_with = "text")]
    pub case_id: CaseId,
    /// Its name on screens that others may see; empty for as long as staff's side has not named it.
    pub codename: String,
    /// The number of the last event in its history at intake.
    pub version: i64,
    /// In one word.
    #[serde(serialize_with = "standing")]
    pub standing: Standing,
    /// When the request came in.
    #[serde(serialize_with = "text_or_none")]
    pub received: Option<Timestamp>,
    /// By when staff do the next step; none when it is the requester's turn, or nothing is due.
    #[serde(serialize_with = "text_or_none")]
    pub we_answer_by: Option<Timestamp>,
    /// The messages that ask something which is still open.
    pub open_questions: Vec<String>,
    /// What is lacking.
    pub needs: Vec<Need>,
    /// The help that is prepared or given.
    pub grants: Vec<Grant>,
    /// What happened, oldest first.
    pub steps: Vec<Step>,
    /// The newest key of the answers, and how often each answer was written.
    #[serde(skip)]
    pub(crate) answered: Answered,
    #[serde(skip)]
    listed_answers: Vec<String>,
    #[serde(skip)]
    pub(crate) thread_keys: Vec<KeyEpoch>,
}

/// What further answers must follow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) epoch: u32,
    pub(crate) versions: Vec<(String, u32)>,
}

/// What somebody lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Need {
    /// Its id.
    pub need_id: String,
    /// Which kind.
    #[serde(serialize_with = "need_kind")]
    pub kind: NeedKind,
    /// How it ended, if it did.
    pub outcome: Outcome,
    /// Why it was declined; none while it is not.
    pub declined_for: Option<DeclineReason>,
}

/// Why a need was declined. It speaks of the help, never of whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(serialize = "kebab-case", deserialize = "snake_case"))]
pub enum DeclineReason {
    /// The team may not give this kind of help.
    OutsideMandate,
    /// Not enough could be checked safely.
    NotVerified,
    /// Somebody else gives it.
    CoveredElsewhere,
    /// It could put somebody in more danger.
    CouldHarm,
    /// There is no money for it now.
    NoFunds,
    /// Another request asks for the same.
    Duplicate,
    /// What staff wrote says why; so it is too for a reason that this version does not know.
    #[serde(other)]
    Other,
}

/// How a need ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(serialize = "kebab-case", deserialize = "snake_case"))]
pub enum Outcome {
    /// It did not yet.
    Open,
    /// Help was given.
    Given,
    /// A grant was asked for.
    Recommended,
    /// Another organisation covers it.
    Covered,
    /// Another organisation was asked.
    Referred,
    /// It was declined.
    Declined,
    /// In a way that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Help that is prepared or given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// Its id.
    pub grant_id: String,
    /// How far it is.
    pub stage: GrantStage,
    /// The most that it may cost.
    #[serde(serialize_with = "text_or_none")]
    pub ceiling: Option<Money>,
    /// Its first day, `YYYY-MM-DD`.
    pub start: String,
    /// Its last day, `YYYY-MM-DD`.
    pub end: String,
    /// When a report is due; none when none is.
    #[serde(serialize_with = "text_or_none")]
    pub report_due: Option<Timestamp>,
    /// The message that shows the proposal; empty when none does.
    pub proposal_message_id: String,
    /// The message that shows the agreement; empty when none does.
    pub agreement_message_id: String,
    /// Its payments.
    pub tranches: Vec<Tranche>,
}

/// How far a grant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(serialize = "kebab-case", deserialize = "snake_case"))]
pub enum GrantStage {
    /// Being written.
    Draft,
    /// Being voted on.
    InApproval,
    /// Voted for; not every gate is open.
    Approved,
    /// Money may move.
    Active,
    /// Its last day is over.
    Reporting,
    /// Its close is proposed.
    Closing,
    /// Over.
    Closed,
    /// Voted against.
    Rejected,
    /// Taken back.
    Withdrawn,
    /// Ended early.
    Terminated,
    /// In a way that this version does not know.
    #[serde(other)]
    Unknown,
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tranche {
    /// Its id.
    pub tranche_id: String,
    /// How much is sent.
    #[serde(serialize_with = "text_or_none")]
    pub amount: Option<Money>,
    /// How far it is.
    pub state: TrancheState,
}

/// How far a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(serialize = "kebab-case", deserialize = "snake_case"))]
pub enum TrancheState {
    /// To be sent later.
    Scheduled,
    /// Let go, not yet sent.
    Released,
    /// On its way.
    Sent,
    /// It should have arrived.
    InDoubt,
    /// It arrived.
    Arrived,
    /// It came back.
    Returned,
    /// It is lost.
    Lost,
    /// In a way that this version does not know.
    #[serde(other)]
    Unknown,
}

impl TrancheState {
    /// Whether its receiver is asked whether it arrived.
    pub const fn is_under_way(self) -> bool {
        match self {
            Self::Sent | Self::InDoubt => true,
            Self::Scheduled
            | Self::Released
            | Self::Arrived
            | Self::Returned
            | Self::Lost
            | Self::Unknown => false,
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Stable, such as `tranche-sent`.
    pub what: String,
    /// When.
    #[serde(serialize_with = "text_or_none")]
    pub at: Option<Timestamp>,
    /// The need, grant, payment or message it is about; may be empty.
    pub about: String,
}

impl Step {
    /// Whether this is what happened.
    pub fn is(&self, step: StepCode) -> bool {
        self.what == as_shown(step.as_str())
    }
}

/// What was written, as far as a receipt opens it.
#[derive(Clone, Default, Serialize)]
pub struct Thread {
    /// What opens, oldest first.
    pub messages: Vec<Message>,
    /// How many messages do not: they are from before the receipt was issued.
    pub unopened: usize,
}

/// A message of the thread, opened.
#[derive(Clone, Serialize)]
pub struct Message {
    /// Its id.
    pub message_id: String,
    /// What it is.
    #[serde(serialize_with = "message_kind")]
    pub kind: MessageKind,
    /// "requester" or a staff id.
    pub author: String,
    /// When it was written.
    #[serde(serialize_with = "text_or_none")]
    pub at: Option<Timestamp>,
    /// The question, need or grant it is about; may be empty.
    pub about: String,
    /// What it says.
    #[serde(serialize_with = "exposed")]
    pub text: Sensitive<String>,
    /// The keyed digest of exactly this text, which an act on it is signed over.
    #[serde(skip)]
    pub(crate) tag: Vec<u8>,
}

impl Message {
    /// The keyed digest of exactly this text, as hexadecimal digits: what was shown is what is signed only while it is equal.
    pub fn digest(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.tag)
    }

    /// Whether the holder of the receipt wrote it.
    pub fn is_own(&self) -> bool {
        self.author == "requester"
    }
}

impl Status {
    /// Of a case of which nothing is known yet.
    pub fn of_case(case_id: CaseId) -> Self {
        Self {
            case_id,
            codename: String::new(),
            version: 0,
            standing: Standing::Unspecified,
            received: None,
            we_answer_by: None,
            open_questions: Vec::new(),
            needs: Vec::new(),
            grants: Vec::new(),
            steps: Vec::new(),
            answered: Answered::default(),
            listed_answers: Vec::new(),
            thread_keys: Vec::new(),
        }
    }

    /// Whether nothing more happens in it.
    pub const fn is_over(&self) -> bool {
        match self.standing {
            Standing::Closed | Standing::Withdrawn => true,
            Standing::Unspecified
            | Standing::Received
            | Standing::Acknowledged
            | Standing::BeingAssessed
            | Standing::WaitingForYou
            | Standing::HelpBeingPrepared
            | Standing::InApproval
            | Standing::HelpActive
            | Standing::Reporting
            | Standing::Paused
            | Standing::AskedToStop => false,
        }
    }

    /// Whether its requester stopped it, and it was not taken up again.
    pub const fn is_stopped(&self) -> bool {
        match self.standing {
            Standing::AskedToStop | Standing::Withdrawn => true,
            Standing::Unspecified
            | Standing::Received
            | Standing::Acknowledged
            | Standing::BeingAssessed
            | Standing::WaitingForYou
            | Standing::HelpBeingPrepared
            | Standing::InApproval
            | Standing::HelpActive
            | Standing::Reporting
            | Standing::Closed
            | Standing::Paused => false,
        }
    }

    /// How often an answer was written, such as `request.payment`.
    pub fn times_written(&self, name: &str) -> u32 {
        self.answered.versions.iter().find(|(known, _)| known == name).map_or(0, |(_, version)| *version)
    }

    /// Whether a question was answered: one that is sealed, such as `request.payment`, or one that is listed, such as
    /// `danger`.
    pub fn has_answer(&self, name: &str) -> bool {
        self.times_written(name) > 0 || self.listed_answers.iter().any(|listed| listed == name)
    }

    pub(super) fn read(status: GetStatusResponse) -> Result<Self, EdgeError> {
        let case_id: CaseId =
            status.case_id.parse().map_err(|_| EdgeError::Incomplete("the id of a case"))?;
        let standing = status.standing();
        let versions = status.answers.into_iter().map(|answer| (answer.name, answer.version)).collect();
        Ok(Self {
            codename: told_codename(status.codename),
            version: status.version,
            standing,
            received: status.received.as_ref().map(input::timestamp_in),
            we_answer_by: status.we_answer_by.as_ref().map(input::timestamp_in),
            open_questions: status.open_questions,
            needs: status.needs.into_iter().map(need).collect::<Result<_, _>>()?,
            grants: status.grants.into_iter().map(grant).collect::<Result<_, _>>()?,
            steps: status.steps.into_iter().map(step).collect(),
            answered: Answered { epoch: status.request_epoch, versions },
            listed_answers: status.listed_answers,
            thread_keys: status.thread_keys,
            ..Self::of_case(case_id)
        })
    }
}

fn need(need: v1::NeedView) -> Result<Need, EdgeError> {
    let declined_for = if need.reason.is_empty() { None } else { Some(code(&need.reason)?) };
    Ok(Need { kind: need.kind(), outcome: code(&need.outcome)?, declined_for, need_id: need.need_id })
}

fn grant(grant: v1::GrantView) -> Result<Grant, EdgeError> {
    Ok(Grant {
        stage: code(&grant.stage)?,
        ceiling: money(grant.ceiling.as_ref())?,
        report_due: grant.report_due.as_ref().map(input::timestamp_in),
        tranches: grant.tranches.into_iter().map(tranche).collect::<Result<_, _>>()?,
        grant_id: grant.grant_id,
        start: grant.start,
        end: grant.end,
        proposal_message_id: grant.proposal_message_id,
        agreement_message_id: grant.agreement_message_id,
    })
}

fn tranche(tranche: v1::TrancheView) -> Result<Tranche, EdgeError> {
    Ok(Tranche {
        amount: money(tranche.amount.as_ref())?,
        state: code(&tranche.state)?,
        tranche_id: tranche.tranche_id,
    })
}

/// A code of the wire as it is shown.
fn as_shown(code: &str) -> String {
    code.replace('_', "-")
}

fn step(step: v1::Step) -> Step {
    Step { what: as_shown(&step.what), at: step.at.as_ref().map(input::timestamp_in), about: step.about }
}

/// One of the stable codes, or the unknown one.
fn code<'c, T: Deserialize<'c>>(code: &'c str) -> Result<T, EdgeError> {
    T::deserialize(StrDeserializer::<serde::de::value::Error>::new(code))
        .map_err(|_| EdgeError::Incomplete("a known code"))
}

fn money(money: Option<&WireMoney>) -> Result<Option<Money>, EdgeError> {
    Ok(money.map(|money| input::money("amount", Some(money))).transpose()?)
}

fn exposed<S: Serializer>(text: &Sensitive<String>, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(text.expose())
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference to the field")]
fn standing<S: Serializer>(standing: &Standing, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&hyphened(standing.as_str_name(), "STANDING_"))
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference to the field")]
fn need_kind<S: Serializer>(kind: &NeedKind, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&hyphened(kind.as_str_name(), "NEED_KIND_"))
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands out a reference to the field")]
fn message_kind<S: Serializer>(kind: &MessageKind, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&hyphened(kind.as_str_name(), "MESSAGE_KIND_"))
}

/// A name on the wire, as people and their programs read it: `waiting-for-you`.
fn hyphened(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use flare_contracts::{
        codes,
        intake::v1::{GrantView, NeedView, TrancheView},
    };
    use serde_json::json;

    use super::*;

    #[test]
    fn a_status_is_printed_as_it_always_was() {
        let case = CaseId::from_bytes([1; 16]);
        let amount = Some(WireMoney { currency: "EUR".to_owned(), minor_units: 120_000 });
        let wire = GetStatusResponse {
            case_id: case.to_string(),
            codename: "amber-kestrel-27".to_owned(),
            version: 7,
            standing: Standing::WaitingForYou.into(),
            received: Some(input::timestamp_out(Timestamp::from_micros(1_795_300_000_000_000))),
            needs: vec![NeedView {
                need_id: "need_1".to_owned(),
                kind: NeedKind::Relocation.into(),
                outcome: "recommended".to_owned(),
                reason: String::new(),
            }],
            grants: vec![GrantView {
                grant_id: "grant_1".to_owned(),
                stage: "in_approval".to_owned(),
                ceiling: amount.clone(),
                tranches: vec![TrancheView {
                    tranche_id: "tranche_1".to_owned(),
                    amount,
                    state: "in_doubt".to_owned(),
                }],
                ..GrantView::default()
            }],
            steps: vec![v1::Step { what: "tranche_sent".to_owned(), ..v1::Step::default() }],
            ..GetStatusResponse::default()
        };
        let status = Status::read(wire).unwrap();
        assert!(status.grants[0].tranches[0].state.is_under_way());
        assert_eq!(
            serde_json::to_value(&status).unwrap(),
            json!({
                "case_id": case.to_string(), "codename": "amber-kestrel-27", "version": 7,
                "standing": "waiting-for-you", "received": "2026-11-21T22:26:40Z", "we_answer_by": null,
                "open_questions": [],
                "needs": [{ "need_id": "need_1", "kind": "relocation", "outcome": "recommended", "declined_for": null }],
                "grants": [{
                    "grant_id": "grant_1", "stage": "in-approval", "ceiling": "1200.00 EUR", "start": "",
                    "end": "", "report_due": null, "proposal_message_id": "", "agreement_message_id": "",
                    "tranches": [{ "tranche_id": "tranche_1", "amount": "1200.00 EUR", "state": "in-doubt" }],
                }],
                "steps": [{ "what": "tranche-sent", "at": null, "about": "" }],
            })
        );
    }

    #[test]
    fn a_code_of_a_later_version_is_unknown_and_hides_nothing_else() {
        let later = v1::TrancheView { state: "melted".to_owned(), ..v1::TrancheView::default() };
        assert_eq!(tranche(later).unwrap().state, TrancheState::Unknown);
    }

    #[test]
    fn every_reason_for_a_decline_is_known_and_shown_as_it_is() {
        for declined_for in codes::WHY_DECLINED {
            let reason: DeclineReason = code(declined_for).unwrap();
            assert_eq!(json!(reason), json!(as_shown(declined_for)));
        }
    }
}
