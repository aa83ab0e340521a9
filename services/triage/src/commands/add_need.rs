//! Adding a need.

use flare_access::Staff;
use flare_contracts::{
    Refusal, common,
    events::v1::NeedAdded,
    input,
    triage::v1::{AddNeedRequest, CaseState},
};
use flare_kernel::{CaseId, NeedId, PersonId, StaffId};
use flare_store::{Command, Error, Tx, Write};

use super::at_most;
use crate::{
    Triage, TriagePolicy,
    domain::{Need, NeedKind, listed_in},
    refusals::TriageRule,
    store,
};

/// The most needs of one case.
const MOST: usize = 50;
/// The most persons who share one need.
const MOST_PERSONS: usize = 100;

/// Adds one thing that somebody lacks.
pub(crate) struct AddNeed {
    pub(crate) case: CaseId,
    pub(crate) officer: StaffId,
    pub(crate) need: NeedId,
    pub(crate) kind: NeedKind,
    pub(crate) persons: Vec<PersonId>,
    pub(crate) policy: TriagePolicy,
}

impl Command for AddNeed {
    type Service = Triage;
    type By = Staff;
    type Request = AddNeedRequest;

    fn parse(triage: &Triage, by: &Staff, request: AddNeedRequest) -> Result<Self, Error> {
        Ok(Self {
            case: input::id("case_id", &request.case_id)?,
            officer: by.id,
            need: input::id("need_id", &request.need_id)?,
            kind: listed_in::<common::v1::NeedKind, _>("kind", request.kind)?,
            persons: input::ids("person_ids", &request.person_ids, MOST_PERSONS)?,
            policy: triage.policy(),
        })
    }
}

impl Write for AddNeed {
    type Output = CaseState;

    async fn apply(&self, tx: &mut Tx) -> Result<CaseState, Error> {
        let mut case = store::lock_case(tx, self.case).await?;
        case.require_at_work()?;
        let known = store::persons(tx, self.case).await?;
        if self.persons.iter().any(|person| known.iter().all(|(known, _)| known != person)) {
            return Err(Refusal::invalid("person_ids", TriageRule::OtherPersons).into());
        }
        let number = store::need_count(tx, self.case).await?;
        at_most("needs", number, MOST)?;
        let need = Need::open(self.need, self.kind);
        store::add_need(tx, self.case, &need, &self.persons, number).await?;
        let needs = store::needs(tx, self.case).await?;
        case.recount(&needs, tx.now(), &self.policy);
        let added = NeedAdded {
            case_id: self.case.to_string(),
            need_id: self.need.to_string(),
            kind: common::v1::NeedKind::from(self.kind).into(),
        };
        store::finish(tx, &mut case, self.officer, added).await
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;
    use flare_contracts::triage::v1;

    on_both_engines!(a_need_of_known_persons_is_added, crate::SCHEMA);
    async fn a_need_of_known_persons_is_added(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.acknowledged(1, Lane::Urgent).await;
        let person = world.person(case, 1).await;
        let request = AddNeedRequest {
            case_id: case.to_string(),
            need_id: NeedId::from_bytes([1; 16]).to_string(),
            kind: common::v1::NeedKind::Medical.into(),
            person_ids: vec![person.to_string()],
            ..AddNeedRequest::default()
        };
        let state = world.act::<AddNeed>(1, request.clone()).await.unwrap();
        assert_eq!(stage(&state), v1::Stage::Acknowledged, "before the assessment nothing is decided");
        let need = world.read(case).await.needs.remove(0);
        assert_eq!((need.outcome(), need.person_ids), (v1::Outcome::Open, vec![person.to_string()]));
        assert_eq!(refusal(world.act::<AddNeed>(1, request.clone()).await).reason, "ID_TAKEN");
        let strangers = AddNeedRequest {
            need_id: NeedId::from_bytes([2; 16]).to_string(),
            person_ids: vec![PersonId::from_bytes([9; 16]).to_string()],
            ..request
        };
        let refused = refusal(world.act::<AddNeed>(1, strangers).await);
        assert_eq!(refused.violations[0].field, "person_ids");
    }

    on_both_engines!(a_new_need_takes_a_decided_case_back, crate::SCHEMA);
    async fn a_new_need_takes_a_decided_case_back(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.decided(1).await;
        assert_eq!(shown(&world.read(case).await).0, v1::Stage::Decided);
        assert!(world.timers().await.is_empty());
        world.need(case, 7).await;
        assert_eq!(shown(&world.read(case).await).0, v1::Stage::Assessing);
        assert_eq!(world.timers().await, [("outcome".to_owned(), 48)]);
    }
}
