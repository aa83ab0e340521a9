//! The sample requests, each played as far as its stage.

use std::{fs, path::Path, sync::Arc, time::Duration};

use flare_access::Clock as _;
use flare_contracts::{
    common::v1::{Mode, NeedKind, Trigger},
    grants::v1::{PaymentMethod, SupportKind},
    intake::v1::MessageKind,
    triage::v1::Scores,
};
use flare_edge::{
    ActKey, ContactPlan, EdgeError, Form, Lines, Proposal, Session,
    desk::{AllTheSame, CaseRecord, Desk, NewRecommendation, Words},
    need_kind,
    receipt::{ReceiptHolder, Request, Try},
};
use flare_kernel::{CaseId, Date, Money, NeedId};
use flare_runtime::SystemClock;
use flare_seal::{Receipt, RequestSeed};
use tonic::{Code, Status};

use super::cast::Cast;
use crate::run::RunError;

const SAMPLES: &[u8] = include_bytes!("../../../../tests/samples/requests.json");

/// How long one service may take to learn of another's change before the demo gives up.
const KNOWN_WITHIN: Duration = Duration::from_secs(20);
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
        let scene = Scene { officer, form, case: request.case() };
        let mut known = scene.known().await?;
        scene.play(&mut known, stage).await?;
        if stage == Until::InApproval {
            scene.to_the_votes(lines, &receipt).await?;
        }
        let codename = known.codename().to_owned();
        played.push(Played { sample: form.id.clone(), case: scene.case, codename, stands });
    }
    Ok(played)
}

/// One case and the officer who works on it.
struct Scene<'a> {
    officer: &'a Arc<Session>,
    form: &'a Form,
    case: CaseId,
}

impl Scene<'_> {
    fn key(&self, step: &str) -> String {
        format!("demo-{}-{step}", self.form.id)
    }

    /// The officer at one act.
    fn desk(&self, step: &str) -> Desk {
        Desk::new(Arc::clone(self.officer), ActKey::given(self.key(step)))
    }

    /// The case as it is now; waits until triage knows it.
    async fn known(&self) -> Result<CaseRecord, RunError> {
        let desk = self.desk("look");
        Ok(once_known(async || desk.case(self.case, None).await).await?)
    }

    async fn play(&self, case: &mut CaseRecord, until: Until) -> Result<(), RunError> {
        if until >= Until::Acknowledged {
            let plan = ContactPlan {
                how: self.form.contact.clone(),
                never_do: self.form.never.clone(),
                ..ContactPlan::default()
            };
            self.desk("acknowledge").acknowledge(case, &plan).await?;
            *case = self.known().await?;
        }
        if until >= Until::Asked {
            self.desk("assess").assess(case, None).await?;
            for (index, need) in self.form.needs.iter().enumerate() {
                let kind = need_kind(need).unwrap_or(NeedKind::Continuity);
                self.desk(&format!("need-{index}")).add_need(self.case, kind, &[]).await?;
            }
            *case = self.known().await?;
        }
        if until == Until::Asked {
            let text = match self.form.language.as_str() {
                "ar" => "هل أنت في مكان آمن الآن؟ أجب متى استطعت.",
                "fr" => "Êtes-vous en lieu sûr ? Répondez quand vous pouvez.",
                _ => "Are you somewhere safe now? Answer whenever you can.",
            };
            let words = Words { kind: MessageKind::Question, about: "", text };
            self.desk("ask").say(case, words, &AllTheSame::default()).await?;
        }
        if until >= Until::Recommended {
            let needs = case.needs();
            let recommendation = NewRecommendation {
                needs: &needs,
                amount: self.amount()?,
                scores: Some(Scores {
                    relevance_to_context: 4,
                    potential_for_result: 3,
                    fit_with_what_we_support: 4,
                    quality_and_feasibility: 3,
                    added_value: 3,
                }),
                words: "Two independent colleagues confirm it; the partner can deliver within days.",
            };
            self.desk("recommend").recommend(case, &recommendation).await?;
        }
        Ok(())
    }

    fn amount(&self) -> Result<Money, RunError> {
        Ok(Money::parse(&self.form.amount, &self.form.currency)?)
    }

    fn proposal(&self, needs: Vec<NeedId>) -> Result<Proposal, RunError> {
        let today = Date::from_timestamp(SystemClock.now());
        let budget: Vec<_> =
            self.form.budget.iter().map(|(what, amount)| format!("{amount}: {what}")).collect();
        Ok(Proposal {
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
            scope:
                "Safe housing and transport for two reporters and their families for six weeks; new devices."
                    .to_owned(),
            budget: budget.join("\n"),
            beneficiary: "The two reporters named in the case, through the partner's office.".to_owned(),
        })
    }

    /// Drafts the grant, shows it to the requester, who agrees, and asks for the votes.
    async fn to_the_votes(&self, lines: &Lines, receipt: &Receipt) -> Result<(), RunError> {
        let mut case = self.known().await?;
        let proposal = self.proposal(case.needs())?;
        // Grants must know that the needs are recommended.
        let desk = self.desk("draft");
        let (grant, _) = once_known(async || desk.draft(&case, &proposal, None).await).await?;
        let desk = self.desk("show");
        let drafted = desk.grant(grant, None).await?;
        let (said, _) = desk.propose(&drafted, &mut case, &proposal.scope, &AllTheSame::default()).await?;
        let holder = ReceiptHolder::open(lines, receipt)?;
        let key = self.key("agree");
        once_known(async || {
            // Intake must know of the grant, and that its proposal was shown.
            let not_yet = || EdgeError::Answered(Status::not_found("the proposal"));
            let shown =
                holder.messages().await?.into_iter().find(|shown| shown.message_id == said.message_id);
            let grants = holder.status().await?.grants;
            let known =
                grants.iter().find(|known| known.grant_id == grant.to_string()).ok_or_else(not_yet)?;
            let act = Try { request_id: &key, at: SystemClock.now() };
            holder.answer_proposal(known, &shown.ok_or_else(not_yet)?, (true, None), act).await
        })
        .await?;
        let desk = self.desk("submit");
        once_known(async || desk.submit(grant, None).await).await?;
        Ok(())
    }
}

/// Calls again until the service knows from the others what the call rests on.
async fn once_known<T>(call: impl AsyncFn() -> Result<T, EdgeError>) -> Result<T, EdgeError> {
    let waits = |error: &EdgeError| {
        let code = if let EdgeError::Answered(status) = error { status.code() } else { Code::Ok };
        error.is_stale()
            || matches!(code, Code::NotFound | Code::FailedPrecondition | Code::Aborted | Code::Unavailable)
    };
    let deadline = tokio::time::Instant::now() + KNOWN_WITHIN;
    loop {
        match call().await {
            Err(error) if waits(&error) && tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            outcome => return outcome,
        }
    }
}
