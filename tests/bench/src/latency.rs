//! Unloaded: how soon a submission is in the duty officer's inbox, and a submitted grant on an approver's queue.

use std::time::{Duration, Instant};

use flare_contracts::{
    common::v1::{Lane, Mode, NeedKind, Role, Trigger},
    fields,
    grants::v1::{
        CastVoteRequest, Decision, DraftGrantRequest, GetGrantRequest, Grant, PaymentMethod,
        ReviseGrantRequest, ShowProposalRequest, SubmitGrantRequest, SupportKind,
    },
    triage::v1::{
        AcknowledgeCaseRequest, AddNeedRequest, AssessCaseRequest, GetCaseRequest, RecommendGrantRequest,
        Scores,
    },
};
use flare_edge::{CaseKeys, ContactPlan, Credential, Proposal, Session, Team, VerifiedProposal};
use flare_kernel::{CaseId, Date, GrantId, Money, NeedId, Timestamp};
use flare_seal::Compartment;
use futures::StreamExt as _;
use lapin::{Connection, ConnectionProperties, options::BasicConsumeOptions, types::FieldTable};
use tokio::time::timeout;

use crate::{
    Failure,
    installation::{Installation, Servers},
    median, p99, people, report, requests,
    throughput::inbox,
};

const SUBMISSIONS: usize = 50;
const ROUNDS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(20);

const PEOPLE: &[(&str, &[Role], &[Team])] = &[
    ("officer", &[Role::Officer], &[Team::Triage]),
    ("approver", &[Role::Approver], &[Team::Approvers]),
    ("approver2", &[Role::Approver], &[Team::Approvers]),
];

pub(crate) async fn measure() -> Result<(), Failure> {
    let installation = Installation::embedded().await?;
    let sessions = people::bring_in(&installation, PEOPLE).await?;
    notices("embedded", "p50 <= 25 ms", &installation, &sessions[0]).await?;
    installation.stop(None).await?;

    let servers = Servers::from_environment()?;
    let installation = Installation::distributed(&servers).await?;
    let sessions = people::bring_in(&installation, PEOPLE).await?;
    notices("distributed", "p50 <= 60 ms", &installation, &sessions[0]).await?;
    votes(&servers, &installation, &sessions[0], &sessions[1]).await?;
    installation.stop(Some(&servers)).await
}

fn millis(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}

async fn notices(
    mode: &str,
    target: &str,
    installation: &Installation,
    officer: &Session,
) -> Result<(), Failure> {
    let mut times = Vec::new();
    let before = inbox(officer).await?;
    for (index, request) in requests::compose(officer.bundle(), SUBMISSIONS)?.into_iter().enumerate() {
        let began = Instant::now();
        installation.lines.intake(&Credential::NONE).submit_request(request).await?;
        while inbox(officer).await? <= before + index {
            if began.elapsed() > PATIENCE {
                return Err("a notice did not come".into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        times.push(millis(began));
    }
    let figure = format!("p50 {:.1} ms, p99 {:.1} ms", median(times.clone()), p99(times));
    report(
        &format!("{mode}: submission → in the duty officer's inbox, {SUBMISSIONS} times"),
        &figure,
        target,
    );
    Ok(())
}

/// One grant, submitted, returned by an approver, revised and submitted again, round after round.
async fn votes(
    servers: &Servers,
    installation: &Installation,
    officer: &Session,
    approver: &Session,
) -> Result<(), Failure> {
    let desk = Desk { installation, officer };
    let case = desk.recommended_case().await?;
    let grant = GrantId::random()?;
    let (key, epoch) = officer.draw_epoch(case, Compartment::Proposal, 1, None)?;
    let mut keys = CaseKeys::new(case);
    keys.insert(Compartment::Proposal, 1, key);
    let mut grants = desk.grants().await?;
    let needs = desk.needs(case).await?;
    let draft = DraftGrantRequest {
        request_id: "draft".to_owned(),
        grant_id: grant.to_string(),
        case_id: case.to_string(),
        terms: Some(proposal(needs.clone())?.seal(&keys, 1)?),
        key: Some(epoch),
        votes_required: 2,
    };
    let began = Instant::now();
    while let Err(status) = grants.draft_grant(draft.clone()).await {
        if began.elapsed() > PATIENCE {
            return Err(status.into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let connection = Connection::connect(&servers.rabbitmq, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let queue = format!("{}approver.{}", installation.prefix, approver.staff_id());
    let no_ack = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let mut messages =
        channel.basic_consume(queue.into(), "bench".into(), no_ack, FieldTable::default()).await?;

    let mut times = Vec::new();
    for round in 1..=u32::try_from(ROUNDS)? {
        if round > 1 {
            let version = desk.grant(grant).await?.version;
            let request_id = format!("revise-{round}");
            let terms = Some(proposal(needs.clone())?.seal(&keys, round)?);
            grants
                .revise_grant(ReviseGrantRequest { request_id, grant_id: grant.to_string(), version, terms })
                .await?;
        }
        let version = desk.grant(grant).await?.version;
        let show = ShowProposalRequest {
            request_id: format!("show-{round}"),
            grant_id: grant.to_string(),
            version,
            message_id: String::new(),
            told_by: "phone".to_owned(),
        };
        let version = grants.show_proposal(show).await?.into_inner().version;
        let submit = SubmitGrantRequest {
            request_id: format!("submit-{round}"),
            grant_id: grant.to_string(),
            version,
        };
        let began = Instant::now();
        grants.submit_grant(submit).await?;
        timeout(PATIENCE, messages.next()).await?.ok_or("the approver's queue ended")??;
        times.push(millis(began));
        send_back(approver, &desk.grant(grant).await?, round).await?;
    }
    let figure = format!("p50 {:.1} ms, p99 {:.1} ms", median(times.clone()), p99(times));
    report(
        &format!("distributed: grant submitted → on the approver's queue, {ROUNDS} times"),
        &figure,
        "p50 <= 60 ms",
    );
    Ok(())
}

async fn send_back(approver: &Session, grant: &Grant, round: u32) -> Result<(), Failure> {
    let case: CaseId = grant.case_id.parse()?;
    let keys = approver.case_keys(case, &Compartment::ALL, &grant.keys);
    let shown = VerifiedProposal::open(&keys, grant)?;
    let field = fields::vote(approver.staff_id());
    let text = "once more, for the benchmark";
    let words = Some(keys.seal_committed(&field, round, text)?);
    let vote = CastVoteRequest {
        request_id: format!("return-{round}"),
        grant_id: grant.grant_id.clone(),
        decision: Decision::Return.into(),
        shown_digest: shown.digest().to_vec(),
        signature: approver.sign_vote(shown.digest(), Decision::Return, words.as_ref()),
        words,
    };
    approver.lines().grants(&approver.credential().await?).cast_vote(vote).await?;
    Ok(())
}

fn proposal(needs: Vec<NeedId>) -> Result<Proposal, Failure> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let today = Date::from_timestamp(Timestamp::from_micros(i64::try_from(now.as_micros())?));
    Ok(Proposal {
        ceiling: Money::parse("900.00", "EUR")?,
        start: today,
        end: today.add_days(30),
        pay_by: today.add_days(30),
        costs_from: None,
        support_kind: SupportKind::Cash,
        payment_method: PaymentMethod::BankTransfer,
        mode: Mode::Reactive,
        trigger: Trigger::Negative,
        needs,
        scope: "Six weeks of safe housing.".to_owned(),
        budget: "900.00 housing".to_owned(),
        beneficiary: "One reporter.".to_owned(),
    })
}

/// The officer's work up to a recommendation.
struct Desk<'a> {
    installation: &'a Installation,
    officer: &'a Session,
}

impl Desk<'_> {
    async fn grants(
        &self,
    ) -> Result<flare_contracts::grants::v1::grants_client::GrantsClient<flare_edge::Line>, Failure> {
        Ok(self.installation.lines.grants(&self.officer.credential().await?))
    }

    async fn grant(&self, grant: GrantId) -> Result<Grant, Failure> {
        let request = GetGrantRequest { grant_id: grant.to_string() };
        Ok(self.grants().await?.get_grant(request).await?.into_inner().grant.ok_or("no grant")?)
    }

    async fn case(&self, case: CaseId) -> Result<flare_contracts::triage::v1::GetCaseResponse, Failure> {
        let mut triage = self.installation.lines.triage(&self.officer.credential().await?);
        let began = Instant::now();
        loop {
            match triage.get_case(GetCaseRequest { case_id: case.to_string() }).await {
                Ok(found) => return Ok(found.into_inner()),
                Err(status) if began.elapsed() > PATIENCE => return Err(status.into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    async fn needs(&self, case: CaseId) -> Result<Vec<NeedId>, Failure> {
        let found = self.case(case).await?;
        Ok(found.needs.iter().map(|need| need.need_id.parse()).collect::<Result<_, _>>()?)
    }

    async fn recommended_case(&self) -> Result<CaseId, Failure> {
        let request = requests::compose(self.officer.bundle(), 1)?.pop().ok_or("no request")?;
        let request = flare_contracts::intake::v1::SubmitRequestRequest {
            request_id: "one-more".to_owned(),
            ..request
        };
        let case: CaseId = request.case_id.parse()?;
        self.installation.lines.intake(&Credential::NONE).submit_request(request).await?;
        let found = self.case(case).await?;
        let (key, epoch) = self.officer.draw_epoch(case, Compartment::Notes, 1, None)?;
        let mut keys = CaseKeys::new(case);
        keys.insert(Compartment::Notes, 1, key);
        let plan = ContactPlan { how: "Signal".to_owned(), ..ContactPlan::default() }.to_text()?;
        let mut triage = self.installation.lines.triage(&self.officer.credential().await?);
        let acknowledge = AcknowledgeCaseRequest {
            request_id: "acknowledge".to_owned(),
            case_id: case.to_string(),
            version: found.version,
            contact_plan: Some(keys.seal(&fields::CONTACT_PLAN, 1, &plan)?),
            key: Some(epoch),
            requester_fingerprints: vec![
                self.officer.contact_fingerprint("Signal +1-202-555-0142")?.to_vec(),
            ],
        };
        let version = triage.acknowledge_case(acknowledge).await?.into_inner().version;
        let (request_id, case_id) = ("assess".to_owned(), case.to_string());
        let assess = AssessCaseRequest { request_id, case_id, version, lane: Lane::Critical.into() };
        triage.assess_case(assess).await?;
        let need = NeedId::random()?;
        let add = AddNeedRequest {
            request_id: "need".to_owned(),
            case_id: case.to_string(),
            need_id: need.to_string(),
            kind: NeedKind::Relocation.into(),
            person_ids: Vec::new(),
        };
        let version = triage.add_need(add).await?.into_inner().version;
        let words = keys.seal(&fields::recommendation(need), 1, "It is urgent.")?;
        let recommend = RecommendGrantRequest {
            request_id: "recommend".to_owned(),
            case_id: case.to_string(),
            version,
            need_ids: vec![need.to_string()],
            words: Some(words),
            amount: Some(flare_contracts::input::money_out(Money::parse("900.00", "EUR")?)),
            scores: Some(Scores::default()),
        };
        triage.recommend_grant(recommend).await?;
        Ok(case)
    }
}
