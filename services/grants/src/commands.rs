//! What changes a grant, one act per file. Each reads the grant under its locks, lets the domain decide, and saves what
//! follows: rows, timers, events.

pub(crate) mod abandon_grant;
pub(crate) mod authorise_advance;
pub(crate) mod begin_key_epoch;
pub(crate) mod cast_vote;
pub(crate) mod check_payee;
pub(crate) mod close_grant;
pub(crate) mod declare_conflict;
pub(crate) mod draft_grant;
pub(crate) mod enter_payee;
pub(crate) mod hold_money;
pub(crate) mod mark_tranche_sent;
pub(crate) mod override_verification;
pub(crate) mod record_agreement;
pub(crate) mod record_report;
pub(crate) mod release_tranche;
pub(crate) mod reserve_funds;
pub(crate) mod revise_grant;
pub(crate) mod schedule_tranche;
pub(crate) mod settle_tranche;
pub(crate) mod show_proposal;
pub(crate) mod submit_grant;
pub(crate) mod terminate_grant;
pub(crate) mod write_off_tranche;

use flare_access::Staff;
use flare_contracts::{Refusal, grants::v1::GrantState, input};
use flare_kernel::{GrantId, StaffId, Timestamp};
use flare_store::{Error, Tx};

use crate::{
    Grants, GrantsPolicy,
    domain::{CaseFacts, Facts, Grant, Refused, TIMERS, TimerKind},
    store,
};

/// Who changes which grant, having seen which version of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) grant: GrantId,
    /// Nothing where the call carries its own proof of what was seen.
    pub(crate) version: Option<i64>,
    pub(crate) by: StaffId,
    policy: GrantsPolicy,
}

impl Change {
    /// Of a call that names a version.
    pub(crate) fn parse(grants: &Grants, staff: &Staff, grant: &str, version: i64) -> Result<Self, Refusal> {
        let version = Some(input::version(version)?);
        Ok(Self { version, ..Self::unversioned(grants, staff, grant)? })
    }

    /// Of a call that names none.
    pub(crate) fn unversioned(grants: &Grants, staff: &Staff, grant: &str) -> Result<Self, Refusal> {
        let grant = input::id("grant_id", grant)?;
        Ok(Self { grant, version: None, by: staff.id, policy: grants.policy })
    }

    /// Locks the grant and its case and reads both.
    pub(crate) async fn open(&self, tx: &mut Tx) -> Result<Open, Error> {
        let open = Open::at(tx, self.grant, &self.policy).await?;
        if let Some(version) = self.version {
            tx.expect_version(self.grant, version)?;
        }
        Ok(open)
    }

    /// Does one thing to the grant, as this person.
    pub(crate) async fn apply(
        &self,
        tx: &mut Tx,
        decide: impl FnOnce(&mut Open, Timestamp) -> Result<Facts, Refused> + Send,
    ) -> Result<GrantState, Error> {
        let mut open = self.open(tx).await?;
        let facts = decide(&mut open, tx.now())?;
        open.save(tx, &self.by.to_string(), facts).await
    }
}

/// A grant under its locks, and what is known of its case.
pub(crate) struct Open {
    pub(crate) grant: Grant,
    pub(crate) case: CaseFacts,
    before: Option<Grant>,
    policy: GrantsPolicy,
}

impl Open {
    /// Locks a grant and its case and reads both.
    pub(crate) async fn at(tx: &mut Tx, id: GrantId, policy: &GrantsPolicy) -> Result<Self, Error> {
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
    pub(crate) fn new(grant: Grant, case: CaseFacts, policy: &GrantsPolicy) -> Self {
        Self { before: None, grant, case, policy: *policy }
    }

    /// Saves what was decided and everything that follows from it.
    pub(crate) async fn save(self, tx: &mut Tx, by: &str, facts: Facts) -> Result<GrantState, Error> {
        save(tx, (self.before.as_ref(), self.grant), None, by, facts, &self.policy).await
    }
}

/// Saves what was decided about a grant: its rows, its timers, and the events, with what follows from the decision. A
/// timer that has just fired is gone from the database, and set again if it is still to come.
pub(crate) async fn save(
    tx: &mut Tx,
    (before, mut grant): (Option<&Grant>, Grant),
    fired: Option<TimerKind>,
    by: &str,
    mut facts: Facts,
    policy: &GrantsPolicy,
) -> Result<GrantState, Error> {
    facts.extend(grant.follow(before.map_or(Grant::NO_GATES, Grant::gates)));
    facts.extend(grant.set_deadlines(tx.now(), policy));
    store::grants::save(tx, before, &grant, by).await?;
    if grant.stage.came_to_nothing() && before.is_some_and(|before| before.stage != grant.stage) {
        store::cases::fell_through(tx, grant.case, grant.id).await?;
    }
    for kind in TIMERS {
        let was = before.filter(|_| fired != Some(*kind)).and_then(|before| before.timer(*kind));
        match grant.timer(*kind) {
            due if due == was => {}
            Some(due) => tx.set_timer(grant.id, kind.as_str(), due).await?,
            None => tx.clear_timer(grant.id, kind.as_str()).await?,
        }
    }
    for fact in &facts {
        tx.append(grant.id, grant.lane, by, fact)?;
    }
    let open = grant.gates().into_iter().filter(|(_, state)| state.is_ok());
    Ok(GrantState {
        grant_id: grant.id.to_string(),
        version: tx.version(grant.id),
        stage: grant.stage.out().into(),
        open_gates: open.map(|(gate, _)| gate.into()).collect(),
    })
}
