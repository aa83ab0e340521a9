//! The sample requests, each played as far as its stage.

use std::{fs, path::Path, time::Duration};

use flare_access::Clock as _;
use flare_contracts::{
    common::v1::{Lane, Mode, NeedKind, Trigger},
    fields,
    grants::v1::{
        DraftGrantRequest, GetGrantRequest, Grant, PaymentMethod, ShowProposalRequest, SubmitGrantRequest,
        SupportKind,
    },
    intake::v1::{GetRequestRequest, MessageKind, PostMessageRequest},
    triage::v1::{
        AcknowledgeCaseRequest, AddNeedRequest, AssessCaseRequest, GetCaseRequest, GetCaseResponse,
        RecommendGrantRequest, Scores,
    },
};
use flare_edge::{
    CaseKeys, ContactPlan, EdgeError, Form, Lines, Proposal, Session, need_kind,
    receipt::{ReceiptHolder, Request, Try},
};
use flare_kernel::{CaseId, Date, GrantId, MessageId, Money, NeedId, codename};
use flare_runtime::SystemClock;
use flare_seal::{Compartment, Receipt, RequestSeed};
use tonic::{Code, Status};

use super::cast::Cast;
use crate::run::RunError;

const SAMPLES: &[u8] = include_bytes!("../../../../tests/samples/requests.json");

/// How long one service may take to hear of another's change before the demo gives up.
const HEARD_WITHIN: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A case of the demo.
pub(crate) struct Played {
    /// The sample's label, which names the receipt's file.
    pub(crate) sample: String,
    /// The case.
    pub(crate) case: CaseId,
    /// Its label.
    pub(crate) codename: String,
    /// Where it stands, in words.
    pub(crate) stands: &'static str,
}

/// How far a sample is played.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Until {
    Submitted,
    Acknowledged,
    Asked,
    Recommended,
    InApproval,
}

fn until(sample: &str) -> (Until, &'static str) {
    match sample {
        "raid-en" => (Until::InApproval, "its grant waits for two votes"),
        "arrest-fr" => (Until::Recommended, "recommended, to be drafted"),
        "threat-ar" => (Until::Asked, "waits for the requester's answer"),
        "medical-fr" => (Until::Acknowledged, "acknowledged, to be assessed"),
        _ => (Until::Submitted, "new, nobody has looked yet"),
    }
}

/// Sends every sample and plays it on.
pub(crate) async fn play(lines: &Lines, people: &Cast, folder: &Path) -> Result<Vec<Played>, RunError> {
    let receipts = folder.join("receipts");
    fs::create_dir_all(&receipts)?;
    let forms: Vec<Form> = serde_json::from_slice(SAMPLES)?;
    let mut played = Vec::new();
    for form in &forms {
        let (stage, stands) = until(&form.id);
        let receipt = Receipt::draw()?;
        fs::write(receipts.join(&form.id), format!("{}\n", receipt.words().expose()))?;
        let officer = people.session("omar")?;
        let seed = RequestSeed::generate()?;
        let request =
            Request::compose(officer.bundle(), form, (&receipt, &seed), &format!("demo-{}", form.id))?;
        request.submit(lines).await?;
        let case = request.case();
        let scene = Scene { lines, officer, form, case };
        scene.play(stage).await?;
        if stage == Until::InApproval {
            scene.to_the_votes(&receipt).await?;
        }
        played.push(Played { sample: form.id.clone(), case, codename: codename(case), stands });
    }
    Ok(played)
}

/// One case and the officer who works on it.
struct Scene<'a> {
    lines: &'a Lines,
    officer: &'a Session,
    form: &'a Form,
    case: CaseId,
}

impl Scene<'_> {
    fn id(&self, step: &str) -> String {
        format!("demo-{}-{step}", self.form.id)
    }

    async fn play(&self, until: Until) -> Result<(), RunError> {
        if until >= Until::Acknowledged {
            self.acknowledge().await?;
        }
        if until >= Until::Asked {
            self.assess().await?;
        }
        if until == Until::Asked {
            self.ask().await?;
        }
        if until >= Until::Recommended {
            self.recommend().await?;
        }
        Ok(())
    }

    /// The case as triage has it; waits until triage has heard of it.
    async fn look(&self) -> Result<GetCaseResponse, RunError> {
        let found = heard(async || {
            let request = GetCaseRequest { case_id: self.case.to_string() };
            Ok(self.lines.triage(&self.officer.credential().await?).get_case(request).await?.into_inner())
        });
        Ok(found.await?)
    }

    async fn acknowledge(&self) -> Result<(), RunError> {
        let case = self.look().await?;
        let (key, epoch) = self.officer.draw_epoch(self.case, Compartment::Notes, 1, None)?;
        let mut keys = CaseKeys::new(self.case);
        keys.insert(Compartment::Notes, 1, key);
        let plan = ContactPlan {
            how: self.form.contact.clone(),
            never_do: self.form.never.clone(),
            ..ContactPlan::default()
        };
        let request = AcknowledgeCaseRequest {
            request_id: self.id("acknowledge"),
            case_id: self.case.to_string(),
            version: case.version,
            contact_plan: Some(keys.seal(&fields::CONTACT_PLAN, 1, &plan.to_text()?)?),
            key: Some(epoch),
            requester_fingerprints: vec![self.officer.contact_fingerprint(&self.form.contact)?.to_vec()],
        };
        self.lines.triage(&self.officer.credential().await?).acknowledge_case(request).await?;
        Ok(())
    }

    async fn assess(&self) -> Result<(), RunError> {
        let case = self.look().await?;
        let lane = case.summary.map_or(Lane::Urgent, |summary| summary.lane());
        let mut triage = self.lines.triage(&self.officer.credential().await?);
        let request = AssessCaseRequest {
            request_id: self.id("assess"),
            case_id: self.case.to_string(),
            version: case.version,
            lane: lane.into(),
        };
        triage.assess_case(request).await?;
        for (index, need) in self.form.needs.iter().enumerate() {
            let request = AddNeedRequest {
                request_id: self.id(&format!("need-{index}")),
                case_id: self.case.to_string(),
                need_id: NeedId::random()?.to_string(),
                kind: need_kind(need).unwrap_or(NeedKind::Continuity).into(),
                person_ids: Vec::new(),
            };
            triage.add_need(request).await?;
        }
        Ok(())
    }

    /// Writes to the requester, sealed to the thread.
    async fn write(&self, kind: MessageKind, text: &str, about: &str) -> Result<MessageId, RunError> {
        let mut intake = self.lines.intake(&self.officer.credential().await?);
        let case_id = self.case.to_string();
        let found = intake.get_request(GetRequestRequest { case_id: case_id.clone() }).await?.into_inner();
        let keys = self.officer.case_keys(self.case, &found.keys);
        let message = MessageId::random()?;
        let request = PostMessageRequest {
            request_id: self.id(&format!("write-{}", kind as i32)),
            case_id,
            message_id: message.to_string(),
            kind: kind.into(),
            text: Some(keys.seal(&fields::message(message), 1, text)?),
            about: about.to_owned(),
            contact_plan_kept: true,
            seen: found.newest_message,
        };
        intake.post_message(request).await?;
        Ok(message)
    }

    async fn ask(&self) -> Result<(), RunError> {
        let question = match self.form.language.as_str() {
            "ar" => "هل أنت في مكان آمن الآن؟ أجب متى استطعت.",
            "fr" => "Êtes-vous en lieu sûr ? Répondez quand vous pouvez.",
            _ => "Are you somewhere safe now? Answer whenever you can.",
        };
        self.write(MessageKind::Question, question, "").await.map(drop)
    }

    fn amount(&self) -> Result<Money, RunError> {
        Ok(Money::parse(&self.form.amount, &self.form.currency)?)
    }

    async fn recommend(&self) -> Result<(), RunError> {
        let case = self.look().await?;
        let keys = self.officer.case_keys(self.case, &case.keys);
        let needs: Vec<String> = case.needs.iter().map(|need| need.need_id.clone()).collect();
        let first: NeedId = needs.first().map(String::as_str).unwrap_or_default().parse()?;
        let words = "Two independent colleagues confirm it; the partner can deliver within days.";
        let request = RecommendGrantRequest {
            request_id: self.id("recommend"),
            case_id: self.case.to_string(),
            version: case.version,
            need_ids: needs,
            words: Some(keys.seal(&fields::recommendation(first), 1, words)?),
            amount: Some(flare_contracts::input::money_out(self.amount()?)),
            scores: Some(Scores {
                relevance_to_context: 4,
                potential_for_result: 3,
                fit_with_what_we_support: 4,
                quality_and_feasibility: 3,
                added_value: 3,
            }),
        };
        self.lines.triage(&self.officer.credential().await?).recommend_grant(request).await?;
        Ok(())
    }

    /// Drafts the grant, shows it to the requester, who agrees, and asks for the votes.
    async fn to_the_votes(&self, receipt: &Receipt) -> Result<(), RunError> {
        let case = self.look().await?;
        let grant = GrantId::random()?;
        let (key, epoch) = self.officer.draw_epoch(self.case, Compartment::Proposal, 1, None)?;
        let mut keys = CaseKeys::new(self.case);
        keys.insert(Compartment::Proposal, 1, key);
        let today = Date::from_timestamp(SystemClock.now());
        let needs = case.needs.iter().map(|need| need.need_id.parse()).collect::<Result<Vec<NeedId>, _>>()?;
        let budget: Vec<_> =
            self.form.budget.iter().map(|(what, amount)| format!("{amount}: {what}")).collect();
        let scope =
            "Safe housing and transport for two reporters and their families for six weeks; new devices.";
        let proposal = Proposal {
            ceiling: self.amount()?,
            start: today,
            end: today.add_days(45),
            pay_by: today.add_days(45),
            costs_from: None,
            support_kind: SupportKind::Cash,
            payment_method: PaymentMethod::CashByPartner,
            mode: Mode::Reactive,
            trigger: Trigger::Negative,
            needs,
            scope: scope.to_owned(),
            budget: budget.join("\n"),
            beneficiary: "The two reporters named in the case, through the partner's office.".to_owned(),
        };
        let request = DraftGrantRequest {
            request_id: self.id("draft"),
            grant_id: grant.to_string(),
            case_id: self.case.to_string(),
            terms: Some(proposal.seal(&keys, 1)?),
            key: Some(epoch),
            votes_required: 0,
        };
        // Grants must have heard that the needs are recommended.
        heard(async || {
            let mut grants = self.lines.grants(&self.officer.credential().await?);
            Ok(grants.draft_grant(request.clone()).await?.into_inner())
        })
        .await?;
        let message = self.write(MessageKind::Proposal, scope, &grant.to_string()).await?;
        let request = ShowProposalRequest {
            request_id: self.id("show"),
            grant_id: grant.to_string(),
            version: self.grant(grant).await?.version,
            message_id: message.to_string(),
            told_by: String::new(),
        };
        self.lines.grants(&self.officer.credential().await?).show_proposal(request).await?;
        let holder = ReceiptHolder::open(self.lines, receipt)?;
        let request_id = self.id("agree");
        heard(async || {
            // Intake must have heard of the grant, and that its proposal was shown.
            let not_yet = || EdgeError::Answered(Status::not_found("the proposal"));
            let shown =
                holder.messages().await?.into_iter().find(|said| said.message_id == message.to_string());
            let grants = holder.status().await?.grants;
            let known =
                grants.iter().find(|known| known.grant_id == grant.to_string()).ok_or_else(not_yet)?;
            let act = Try { request_id: &request_id, at: SystemClock.now() };
            holder.answer_proposal(known, &shown.ok_or_else(not_yet)?, (true, None), act).await
        })
        .await?;
        heard(async || {
            let seen = self.grant(grant).await?;
            let request = SubmitGrantRequest {
                request_id: self.id("submit"),
                grant_id: grant.to_string(),
                version: seen.version,
            };
            Ok(self.lines.grants(&self.officer.credential().await?).submit_grant(request).await?.into_inner())
        })
        .await?;
        Ok(())
    }

    async fn grant(&self, grant: GrantId) -> Result<Grant, EdgeError> {
        let request = GetGrantRequest { grant_id: grant.to_string() };
        let found =
            self.lines.grants(&self.officer.credential().await?).get_grant(request).await?.into_inner();
        found.grant.ok_or(EdgeError::Incomplete("the grant"))
    }
}

/// Calls again until the service has heard from the others what the call rests on.
async fn heard<T>(call: impl AsyncFn() -> Result<T, EdgeError>) -> Result<T, EdgeError> {
    let waits = |status: &Status| {
        matches!(status.code(), Code::NotFound | Code::FailedPrecondition | Code::Aborted | Code::Unavailable)
    };
    let deadline = tokio::time::Instant::now() + HEARD_WITHIN;
    loop {
        match call().await {
            Err(EdgeError::Answered(status)) if waits(&status) && tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            outcome => return outcome,
        }
    }
}
