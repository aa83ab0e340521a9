//! Taking a case: somebody owns it, somebody else does, and it is assessed in the lane that a human confirms.

use flare_access::Staff;
use flare_contracts::{
    InputRule, Refusal, codes,
    common::v1::SealedField,
    events::v1::NotesKeyBegun,
    fields, input,
    limits::FINGERPRINTS_OF_A_CASE,
    triage::v1::{AcknowledgeCaseRequest, AssessCaseRequest, AssignCaseRequest, CaseState},
};
use flare_kernel::{Lane, StaffId};
use flare_seal::Compartment;
use flare_store::{Command, Error, Tx, Write, keys::SealedEpoch};

use super::SeenCase;
use crate::{Triage, TriagePolicy, store};

/// Makes the officer the owner of a case, with a contact plan.
pub(crate) struct AcknowledgeCase {
    pub(crate) seen: SeenCase,
    pub(crate) contact_plan: SealedField,
    pub(crate) key: Option<SealedEpoch>,
    pub(crate) fingerprints: Vec<[u8; 32]>,
    pub(crate) policy: TriagePolicy,
}

impl Command for AcknowledgeCase {
    type Service = Triage;
    type By = Staff;
    type Request = AcknowledgeCaseRequest;

    fn parse(triage: &Triage, by: &Staff, request: AcknowledgeCaseRequest) -> Result<Self, Error> {
        if request.requester_fingerprints.len() > FINGERPRINTS_OF_A_CASE {
            let rule = InputRule::TooMany { limit: FINGERPRINTS_OF_A_CASE };
            return Err(Refusal::invalid("requester_fingerprints", rule).into());
        }
        let fingerprints = request.requester_fingerprints.iter().enumerate();
        let seen = SeenCase::parse(by, &request.case_id, request.version)?;
        let held = &[Compartment::Notes];
        let seal = |key| SealedEpoch::seal("key", Some(key), seen.case, held, triage.service_key());
        Ok(Self {
            seen,
            contact_plan: input::sealed("contact_plan", request.contact_plan, &fields::CONTACT_PLAN)?,
            key: request.key.map(seal).transpose()?,
            fingerprints: fingerprints
                .map(|(place, bytes)| input::array(&format!("requester_fingerprints[{place}]"), bytes))
                .collect::<Result<_, _>>()?,
            policy: triage.policy(),
        })
    }
}

impl Write for AcknowledgeCase {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        let acknowledged = case.acknowledge(self.seen.officer, tx.now(), &self.policy)?;
        if let Some(key) = &self.key {
            key.begin(tx).await?;
            let event = NotesKeyBegun { case_id: case.id.to_string(), epoch: key.number() };
            store::log(tx, &case, self.seen.officer, event)?;
        }
        store::put_sealed(tx, case.id, "contact_plan", &self.contact_plan).await?;
        for fingerprint in &self.fingerprints {
            store::add_fingerprint(tx, case.id, "requester", fingerprint).await?;
        }
        store::finish(tx, &mut case, self.seen.officer, acknowledged).await
    }
}

/// Gives a case to another owner.
pub(crate) struct AssignCase {
    pub(crate) seen: SeenCase,
    pub(crate) owner: StaffId,
    pub(crate) reason: &'static str,
}

impl Command for AssignCase {
    type Service = Triage;
    type By = Staff;
    type Request = AssignCaseRequest;

    fn parse(_: &Triage, by: &Staff, request: AssignCaseRequest) -> Result<Self, Error> {
        Ok(Self {
            seen: SeenCase::parse(by, &request.case_id, request.version)?,
            owner: input::id("owner", &request.owner)?,
            reason: input::code("reason", &request.reason, codes::WHY_ASSIGNED)?,
        })
    }
}

impl Write for AssignCase {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        let assigned = case.assign(self.owner, self.reason)?;
        store::finish(tx, &mut case, self.seen.officer, assigned).await
    }
}

/// Begins the assessment of a case in the lane that a human confirmed; again, it changes the lane.
pub(crate) struct AssessCase {
    pub(crate) seen: SeenCase,
    pub(crate) lane: Lane,
    pub(crate) policy: TriagePolicy,
}

impl Command for AssessCase {
    type Service = Triage;
    type By = Staff;
    type Request = AssessCaseRequest;

    fn parse(triage: &Triage, by: &Staff, request: AssessCaseRequest) -> Result<Self, Error> {
        Ok(Self {
            seen: SeenCase::parse(by, &request.case_id, request.version)?,
            lane: input::lane("lane", request.lane)?,
            policy: triage.policy(),
        })
    }
}

impl Write for AssessCase {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = self.seen.lock(tx).await?;
        let needs = store::needs(tx, case.id).await?;
        let assessed = case.assess(self.lane, &needs, tx.now(), &self.policy)?;
        store::finish(tx, &mut case, self.seen.officer, assessed).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{common::v1::Lane, triage::v1::Stage};
    use flare_kernel::CaseId;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    const CONTACT_PLAN: &str = "notes.contact_plan";

    fn request(case: CaseId) -> AcknowledgeCaseRequest {
        AcknowledgeCaseRequest {
            case_id: case.to_string(),
            version: 1,
            contact_plan: Some(sealed(CONTACT_PLAN, 1, 1)),
            key: Some(key(1)),
            requester_fingerprints: vec![vec![4; 32]],
            ..AcknowledgeCaseRequest::default()
        }
    }

    on_both_engines!(whoever_takes_a_case_owns_it, crate::SCHEMA);
    async fn whoever_takes_a_case_owns_it(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.submitted(1, Lane::Critical).await;
        assert_eq!(world.timers().await, [("acknowledge".to_owned(), 2)]);
        let state = world.act::<AcknowledgeCase>(1, request(case)).await.unwrap();
        assert_eq!((state.version, stage(&state)), (3, Stage::Acknowledged));
        assert_eq!(world.timers().await, [("assess".to_owned(), 24)]);
        let read = world.read(case).await;
        assert_eq!(read.contact_plan, Some(sealed(CONTACT_PLAN, 1, 1)));
        let summary = read.summary.unwrap();
        assert_eq!((&*summary.owner, &*summary.next), (&*staff(1).to_string(), "assess"));
        assert_eq!(world.last_event(case).await, ("CaseAcknowledged".to_owned(), staff(1).to_string()));
        let again = AcknowledgeCaseRequest { version: 3, key: None, ..request(case) };
        let refused = refusal(world.act::<AcknowledgeCase>(2, again).await);
        assert_eq!(refused.reason, "WRONG_STAGE");
        assert!(refused.message.contains("while the case is submitted; this one is acknowledged"));
    }

    on_both_engines!(without_key_plan_or_the_right_version_nothing_changes, crate::SCHEMA);
    async fn without_key_plan_or_the_right_version_nothing_changes(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.submitted(1, Lane::Urgent).await;
        let broken: [(AcknowledgeCaseRequest, &str, &str); 8] = [
            (AcknowledgeCaseRequest { key: None, ..request(case) }, "NO_NOTES_KEY", ""),
            (AcknowledgeCaseRequest { version: 2, ..request(case) }, "STALE_VERSION", "version"),
            (AcknowledgeCaseRequest { version: 0, ..request(case) }, "INVALID_FIELD", "version"),
            (AcknowledgeCaseRequest { contact_plan: None, ..request(case) }, "INVALID_FIELD", "contact_plan"),
            (
                AcknowledgeCaseRequest { contact_plan: Some(sealed("notes.plan", 1, 1)), ..request(case) },
                "INVALID_FIELD",
                "contact_plan.name",
            ),
            (
                AcknowledgeCaseRequest { contact_plan: Some(sealed(CONTACT_PLAN, 2, 1)), ..request(case) },
                "FIELD_VERSION",
                "contact_plan.version",
            ),
            (
                AcknowledgeCaseRequest { contact_plan: Some(sealed(CONTACT_PLAN, 1, 2)), ..request(case) },
                "OLD_KEY_EPOCH",
                "contact_plan.epoch",
            ),
            (
                AcknowledgeCaseRequest { requester_fingerprints: vec![vec![1; 31]], ..request(case) },
                "INVALID_FIELD",
                "requester_fingerprints[0]",
            ),
        ];
        for (request, reason, field) in broken {
            let refused = refusal(world.act::<AcknowledgeCase>(1, request).await);
            let named = refused.violations.first().map_or("", |violation| &violation.field);
            assert_eq!((refused.reason, named), (reason, field));
        }
        let oversized = flare_seal::sealed_len(5 * fields::CONTACT_PLAN.longest);
        let mut plan = sealed(CONTACT_PLAN, 1, 1);
        plan.ciphertext = vec![0; oversized];
        let large = AcknowledgeCaseRequest { contact_plan: Some(plan), ..request(case) };
        let refused = refusal(world.act::<AcknowledgeCase>(1, large).await);
        assert_eq!(refused.violations[0].field, "contact_plan.ciphertext");
        let read = world.read(case).await;
        assert_eq!((read.version, read.keys.len(), shown(&read).0), (1, 0, Stage::Submitted));
    }

    on_both_engines!(a_case_changes_hands, crate::SCHEMA);
    async fn a_case_changes_hands(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.acknowledged(1, Lane::Urgent).await;
        let request = AssignCaseRequest {
            case_id: case.to_string(),
            version: world.version(case).await,
            owner: staff(2).to_string(),
            reason: "shift".to_owned(),
            ..AssignCaseRequest::default()
        };
        let state = world.act::<AssignCase>(1, request.clone()).await.unwrap();
        assert_eq!(world.read(case).await.summary.unwrap().owner, staff(2).to_string());
        assert_eq!(world.last_event(case).await.0, "CaseAssigned");
        let again = AssignCaseRequest { version: state.version, ..request.clone() };
        assert_eq!(refusal(world.act::<AssignCase>(1, again).await).reason, "ALREADY_OWNER");
        let unsaid = AssignCaseRequest { reason: "because".to_owned(), ..request };
        assert_eq!(refusal(world.act::<AssignCase>(1, unsaid).await).violations[0].field, "reason");
    }

    on_both_engines!(a_human_confirms_the_lane, crate::SCHEMA);
    async fn a_human_confirms_the_lane(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.acknowledged(1, Lane::Urgent).await;
        let request = |version, lane: Lane| AssessCaseRequest {
            case_id: case.to_string(),
            version,
            lane: lane.into(),
            ..AssessCaseRequest::default()
        };
        let version = world.version(case).await;
        let state = world.act::<AssessCase>(1, request(version, Lane::Critical)).await.unwrap();
        assert_eq!((stage(&state), state.lane()), (Stage::Assessing, Lane::Critical));
        assert_eq!(world.timers().await, [("outcome".to_owned(), 48)]);
        world.advance_hours(10);
        let state = world.act::<AssessCase>(2, request(state.version, Lane::Standard)).await.unwrap();
        assert_eq!(state.lane(), Lane::Standard);
        assert_eq!(world.timers().await, [("outcome".to_owned(), 38)], "changing the lane buys no time");
        let unsaid = world.act::<AssessCase>(1, request(state.version, Lane::Unspecified)).await;
        assert_eq!(refusal(unsaid).violations[0].field, "lane");
    }

    on_both_engines!(the_lane_is_raised_whatever_was_decided_or_stopped, crate::SCHEMA);
    async fn the_lane_is_raised_whatever_was_decided_or_stopped(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let (paused, held) = (world.assessing(2, Lane::Urgent).await, world.assessing(3, Lane::Urgent).await);
        world.pause(paused, 1).await;
        world.hold(held, 3).await;
        let cases = [(world.decided(1).await, Stage::Decided), (paused, Stage::Paused), (held, Stage::Held)];
        for (case, before) in cases {
            let request = AssessCaseRequest {
                case_id: case.to_string(),
                version: world.version(case).await,
                lane: Lane::Critical.into(),
                ..AssessCaseRequest::default()
            };
            let state = world.act::<AssessCase>(1, request).await.unwrap();
            assert_eq!((stage(&state), state.lane()), (before, Lane::Critical));
        }
    }

    on_both_engines!(a_case_that_nobody_owns_is_not_assessed, crate::SCHEMA);
    async fn a_case_that_nobody_owns_is_not_assessed(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.submitted(1, Lane::Urgent).await;
        let request = AssessCaseRequest {
            case_id: case.to_string(),
            version: 1,
            lane: 1,
            ..AssessCaseRequest::default()
        };
        assert_eq!(refusal(world.act::<AssessCase>(1, request).await).reason, "WRONG_STAGE");
    }
}
