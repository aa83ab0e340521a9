//! What changes a grant. Each command reads the grant under its locks, lets the domain decide, and saves what follows:
//! rows, timers, events. Those of a few lines that belong together share a file.

mod begin_key_epoch;
mod draft_grant;
mod ending;
mod gates;
mod hold_money;
mod payee;
mod proposal;
mod record_agreement;
mod record_report;
mod tranches;
mod voting;

pub(crate) use begin_key_epoch::BeginKeyEpoch;
pub(crate) use draft_grant::DraftGrant;
pub(crate) use ending::{AbandonGrant, CloseGrant, TerminateGrant};
pub(crate) use gates::{AuthoriseAdvance, OverrideVerification, ReserveFunds};
pub(crate) use hold_money::{HoldMoney, SYSTEM, hold_case};
pub(crate) use payee::{CheckPayee, EnterPayee};
pub(crate) use proposal::{ReviseGrant, ShowProposal, SubmitGrant};
pub(crate) use record_agreement::RecordAgreement;
pub(crate) use record_report::RecordReport;
pub(crate) use tranches::{MarkTrancheSent, ReleaseTranche, ScheduleTranche, SettleTranche, WriteOffTranche};
pub(crate) use voting::{CastVote, DeclareConflict};

use flare_access::Staff;
use flare_contracts::{Refusal, common::v1::Role, grants::v1::GrantState, input};
use flare_kernel::{GrantId, StaffId, Timestamp};
use flare_store::{Error, Tx};

use crate::{
    Grants, GrantsPolicy,
    domain::{CaseFacts, Events, Grant, Refused, TIMERS, TimerKind},
    store,
};

/// The grant that a member of staff acts on, at the version they saw: what they decided of it holds for no other.
#[derive(Clone, Copy, Debug)]
struct SeenGrant {
    grant: GrantId,
    /// None where the call carries its own proof of what was seen.
    version: Option<i64>,
    by: StaffId,
    is_head: bool,
    policy: GrantsPolicy,
}

impl SeenGrant {
    /// Of a call that names a version.
    fn parse(grants: &Grants, by: &Staff, grant: &str, version: i64) -> Result<Self, Refusal> {
        let version = Some(input::version(version)?);
        Ok(Self { version, ..Self::at_any_version(grants, by, grant)? })
    }

    /// Of a call that names none.
    fn at_any_version(grants: &Grants, by: &Staff, grant: &str) -> Result<Self, Refusal> {
        let (grant, is_head) = (input::id("grant_id", grant)?, by.roles.holds(Role::Head));
        Ok(Self { grant, version: None, by: by.id, is_head, policy: grants.policy })
    }

    /// Locks the grant and its case and reads both, unless the grant was changed since.
    async fn lock(&self, tx: &mut Tx) -> Result<LockedGrant, Error> {
        let locked = LockedGrant::load(tx, self.grant, &self.policy).await?;
        if let Some(version) = self.version {
            tx.expect_version(self.grant, version)?;
        }
        Ok(locked)
    }

    /// Does one thing to the grant, as this person.
    async fn change(
        &self,
        tx: &mut Tx,
        decide: impl FnOnce(&mut LockedGrant, Timestamp) -> Result<Events, Refused> + Send,
    ) -> Result<GrantState, Error> {
        let mut locked = self.lock(tx).await?;
        let events = decide(&mut locked, tx.now())?;
        locked.save(tx, &self.by.to_string(), events).await
    }
}

/// A grant under its locks, and what is known of its case.
pub(crate) struct LockedGrant {
    pub(crate) grant: Grant,
    pub(crate) case: CaseFacts,
    policy: GrantsPolicy,
    before: Option<Grant>,
}

impl LockedGrant {
    /// Locks a grant and its case and reads both.
    pub(crate) async fn load(tx: &mut Tx, id: GrantId, policy: &GrantsPolicy) -> Result<Self, Error> {
        let missing = || Refusal::not_found("grant");
        let case_id = store::grants::case_of(tx, id).await?.ok_or_else(missing)?;
        tx.lock(&[&case_id, &id]).await?;
        let grant = store::grants::find(tx, id).await?.ok_or_else(missing)?;
        let case = store::cases::find(tx, case_id)
            .await?
            .ok_or_else(|| Error::Corrupt("grants.case_id".to_owned()))?;
        Ok(Self { before: Some(grant.clone()), grant, case, policy: *policy })
    }

    /// A grant that is not stored yet; its stream and its case's are locked.
    fn new(grant: Grant, case: CaseFacts, policy: &GrantsPolicy) -> Self {
        Self { before: None, grant, case, policy: *policy }
    }

    /// Saves what was decided and everything that follows from it.
    pub(crate) async fn save(self, tx: &mut Tx, by: &str, events: Events) -> Result<GrantState, Error> {
        save(tx, (self.before.as_ref(), self.grant), None, by, events, &self.policy).await
    }
}

/// Saves what was decided about a grant: its rows, its timers, and the events, with what follows from the decision. A
/// timer that has just fired is gone from the database, and set again if it is still to come.
pub(crate) async fn save(
    tx: &mut Tx,
    (before, mut grant): (Option<&Grant>, Grant),
    fired: Option<TimerKind>,
    by: &str,
    mut events: Events,
    policy: &GrantsPolicy,
) -> Result<GrantState, Error> {
    events.extend(grant.follow(before.map_or(Grant::NO_GATES, Grant::gates)));
    events.extend(grant.set_deadlines(tx.now(), policy));
    store::grants::save(tx, before, &grant, by).await?;
    if grant.stage.came_to_nothing() && before.is_some_and(|before| before.stage != grant.stage) {
        store::cases::take_back_needs_of(tx, grant.case, grant.id).await?;
    }
    for kind in TIMERS {
        let was = before.filter(|_| fired != Some(*kind)).and_then(|before| before.timer(*kind));
        match grant.timer(*kind) {
            due if due == was => {}
            Some(due) => tx.set_timer(grant.id, kind.as_str(), due).await?,
            None => tx.clear_timer(grant.id, kind.as_str()).await?,
        }
    }
    for event in &events {
        tx.append(grant.id, grant.lane, by, event)?;
    }
    let open = grant.gates().into_iter().filter(|(_, state)| state.is_ok());
    Ok(GrantState {
        grant_id: grant.id.to_string(),
        version: tx.version(grant.id),
        stage: grant.stage.out().into(),
        open_gates: open.map(|(gate, _)| gate.into()).collect(),
    })
}
