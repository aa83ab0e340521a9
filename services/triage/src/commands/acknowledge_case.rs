//! Taking a case.

use flare_contracts::{
    InputRule, Refusal,
    common::v1::SealedField,
    events::v1::NotesKeyBegun,
    fields, input,
    triage::v1::{AcknowledgeCaseRequest, CaseState},
};
use flare_kernel::StaffId;
use flare_seal::Compartment;
use flare_store::{Error, Tx, Write, keys::SealedEpoch};

use super::SeenCase;
use crate::{Triage, TriagePolicy, store};

/// The most ways to be reached that one requester is known by.
const MOST_FINGERPRINTS: usize = 10;

/// Makes the officer the owner of a case, with a contact plan.
pub(crate) struct AcknowledgeCase {
    pub(crate) seen: SeenCase,
    pub(crate) contact_plan: SealedField,
    pub(crate) key: Option<SealedEpoch>,
    pub(crate) fingerprints: Vec<[u8; 32]>,
    pub(crate) policy: TriagePolicy,
}

impl AcknowledgeCase {
    pub(crate) fn parse(
        desk: &Triage,
        officer: StaffId,
        request: &AcknowledgeCaseRequest,
    ) -> Result<Self, Error> {
        if request.requester_fingerprints.len() > MOST_FINGERPRINTS {
            let rule = InputRule::TooMany { limit: MOST_FINGERPRINTS };
            return Err(Refusal::invalid("requester_fingerprints", rule).into());
        }
        let fingerprints = request.requester_fingerprints.iter().enumerate();
        let seen = SeenCase::parse(officer, &request.case_id, request.version)?;
        let held = &[Compartment::Notes];
        let seal = |key| SealedEpoch::seal("key", Some(key), seen.case, held, desk.service_key());
        Ok(Self {
            seen,
            contact_plan: input::sealed("contact_plan", request.contact_plan.clone(), &fields::CONTACT_PLAN)?,
            key: request.key.clone().map(seal).transpose()?,
            fingerprints: fingerprints
                .map(|(place, bytes)| input::array(&format!("requester_fingerprints[{place}]"), bytes))
                .collect::<Result<_, _>>()?,
            policy: desk.policy(),
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

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_kernel::CaseId;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;
    use flare_contracts::triage::v1::Stage;

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
        let desk = Desk::new(sandbox);
        let case = desk.submitted(1, Lane::Critical).await;
        assert_eq!(desk.timers().await, [("acknowledge".to_owned(), 2)]);
        let state = desk.act(AcknowledgeCase::parse, 1, request(case)).await.unwrap();
        assert_eq!((state.version, stage(&state)), (3, Stage::Acknowledged));
        assert_eq!(desk.timers().await, [("assess".to_owned(), 24)]);
        let read = desk.read(case).await;
        assert_eq!(read.contact_plan, Some(sealed(CONTACT_PLAN, 1, 1)));
        let summary = read.summary.unwrap();
        assert_eq!((&*summary.owner, &*summary.next), (&*staff(1).to_string(), "assess"));
        assert_eq!(desk.last_event(case).await, ("CaseAcknowledged".to_owned(), staff(1).to_string()));
        let again = AcknowledgeCaseRequest { version: 3, key: None, ..request(case) };
        let refused = refusal(desk.act(AcknowledgeCase::parse, 2, again).await);
        assert_eq!(refused.reason, "WRONG_STAGE");
        assert!(refused.message.contains("while the case is submitted; this one is acknowledged"));
    }

    on_both_engines!(without_key_plan_or_the_right_version_nothing_changes, crate::SCHEMA);
    async fn without_key_plan_or_the_right_version_nothing_changes(sandbox: Sandbox) {
        let desk = Desk::new(sandbox);
        let case = desk.submitted(1, Lane::Urgent).await;
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
            let refused = refusal(desk.act(AcknowledgeCase::parse, 1, request).await);
            let named = refused.violations.first().map_or("", |violation| &violation.field);
            assert_eq!((refused.reason, named), (reason, field));
        }
        let oversized = flare_seal::sealed_len(5 * fields::CONTACT_PLAN.longest);
        let mut plan = sealed(CONTACT_PLAN, 1, 1);
        plan.ciphertext = vec![0; oversized];
        let large = AcknowledgeCaseRequest { contact_plan: Some(plan), ..request(case) };
        let refused = refusal(desk.act(AcknowledgeCase::parse, 1, large).await);
        assert_eq!(refused.violations[0].field, "contact_plan.ciphertext");
        let read = desk.read(case).await;
        assert_eq!((read.version, read.keys.len(), shown(&read).0), (1, 0, Stage::Submitted));
    }
}
