//! Beginning the first or next key epoch of the notes.

use flare_access::Staff;
use flare_contracts::{
    events::v1::NotesKeyBegun,
    input,
    triage::v1::{BeginKeyEpochRequest, BeginKeyEpochResponse},
};
use flare_kernel::{CaseId, StaffId};
use flare_seal::Compartment;
use flare_store::{Command, Error, Tx, Write, keys::SealedEpoch};

use crate::{Triage, store};

/// Begins the key epoch that staff's words are written under from now on.
pub(crate) struct BeginKeyEpoch {
    case: CaseId,
    officer: StaffId,
    key: SealedEpoch,
}

impl Command for BeginKeyEpoch {
    type Service = Triage;
    type By = Staff;
    type Request = BeginKeyEpochRequest;

    fn parse(triage: &Triage, by: &Staff, request: BeginKeyEpochRequest) -> Result<Self, Error> {
        let (case, held) = (input::id("case_id", &request.case_id)?, &[Compartment::Notes]);
        let key = SealedEpoch::seal("key", request.key, case, held, triage.service_key())?;
        Ok(Self { case, officer: by.id, key })
    }
}

impl Write for BeginKeyEpoch {
    type Output = BeginKeyEpochResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<BeginKeyEpochResponse, Error> {
        let case = store::lock_case(tx, self.case).await?;
        self.key.begin(tx).await?;
        let event = NotesKeyBegun { case_id: self.case.to_string(), epoch: self.key.number() };
        store::log(tx, &case, self.officer, event)?;
        Ok(BeginKeyEpochResponse { version: tx.version(self.case) })
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Lane;
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::*;

    on_both_engines!(an_epoch_follows_the_newest_one, crate::SCHEMA);
    async fn an_epoch_follows_the_newest_one(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let case = world.submitted(1, Lane::Urgent).await;
        let begin = |epoch| {
            let request = BeginKeyEpochRequest {
                case_id: case.to_string(),
                key: Some(key(epoch)),
                ..BeginKeyEpochRequest::default()
            };
            world.act::<BeginKeyEpoch>(1, request)
        };
        assert_eq!(begin(1).await.unwrap().version, 2);
        assert_eq!(world.last_event(case).await, ("NotesKeyBegun".to_owned(), staff(1).to_string()));
        for epoch in [1, 3] {
            let refused = refusal(begin(epoch).await);
            assert_eq!((refused.reason, &*refused.violations[0].field), ("OLD_KEY_EPOCH", "key.epoch"));
        }
        begin(2).await.unwrap();
        let keys = world.read(case).await.keys;
        assert_eq!(keys, [key(1), key(2)], "the wraps come back as they were given");
        let stored = world.triage.database().fetch_all(flare_store::sql("SELECT wrapped FROM key_wraps"));
        let given = vec![9; flare_seal::WRAPPED_LEN];
        assert!(stored.await.unwrap().iter().all(|row| row.bytes("wrapped").unwrap() != given));
    }

    on_both_engines!(an_unknown_case_and_another_compartment_are_refused, crate::SCHEMA);
    async fn an_unknown_case_and_another_compartment_are_refused(sandbox: Sandbox) {
        let world = World::new(sandbox);
        let mut request = BeginKeyEpochRequest {
            case_id: nobodys_case(),
            key: Some(key(1)),
            ..BeginKeyEpochRequest::default()
        };
        assert_eq!(refusal(world.act::<BeginKeyEpoch>(1, request.clone()).await).reason, "NOT_FOUND");
        request.key.as_mut().unwrap().compartment = 5;
        let refused = refusal(world.act::<BeginKeyEpoch>(1, request).await);
        assert_eq!(refused.violations[0].field, "key.compartment");
    }
}
