//! Events in, notices out.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt::Display,
    sync::Arc,
};

use async_trait::async_trait;
use flare_access::Roles;
use flare_contracts::{
    Event, Service,
    common::v1::{Lane as WireLane, Role},
    events::v1::{NoticeRaised, NotificationEvent, identity_event},
    input,
};
use flare_kernel::{NoticeId, StaffId};
use flare_messaging::{Handler, Received, listens_to};
use flare_store::{Error, Tx, Work};

use crate::{
    Notification,
    domain::{Ask, Heard, Malformed, Member, NoticePlan, Routed, Subject, resolve, route, subject},
    store::{self, NewNotice},
};

/// Who raises notices, in the audit trail.
const ACTOR: &str = "system:notification";

/// Notification's side of the queue.
#[derive(Clone, Debug)]
pub struct NotificationConsumer(Arc<Notification>);

impl NotificationConsumer {
    /// Feeds this notification.
    pub const fn new(notification: Arc<Notification>) -> Self {
        Self(notification)
    }
}

#[async_trait]
impl Handler for NotificationConsumer {
    fn listens_to(&self) -> &'static [Service] {
        listens_to(Service::Notification)
    }

    async fn apply(&self, tx: &mut Tx, received: &Received) -> Result<(), Error> {
        match &received.event {
            Event::Identity(event) => {
                if record(tx, event).await? {
                    tx.hint(Work::Own);
                }
            }
            Event::Intake(_) | Event::Triage(_) | Event::Grants(_) | Event::Notification(_) => {
                if let Some(subject) = subject(&received.event).map_err(corrupt)?
                    && self.handle(tx, received, subject).await?
                {
                    tx.hint(Work::Own);
                }
            }
        }
        Ok(())
    }
}

impl NotificationConsumer {
    /// Takes in an event about a case; says whether somebody's queue gets a message.
    async fn handle(&self, tx: &mut Tx, received: &Received, subject: Subject) -> Result<bool, Error> {
        tx.lock(&[&subject.case]).await?;
        let heard = Heard {
            case: subject.case,
            grant: subject.grant,
            at: received.at,
            actor: &received.actor,
            lane: received.lane,
            policy: &self.0.policy,
        };
        let before = store::facts(tx, subject).await?;
        let routed = route(&received.event, &heard, before.clone()).map_err(corrupt)?;
        store::put_facts(tx, subject, &before, &routed.facts).await?;
        for what in &routed.settle {
            store::settle(tx, what, received).await?;
        }
        raise(tx, received, subject, &routed).await
    }
}

/// Raises what is planned; says whether somebody's queue gets a message.
async fn raise(tx: &mut Tx, received: &Received, subject: Subject, routed: &Routed) -> Result<bool, Error> {
    if routed.plans.is_empty() {
        return Ok(false);
    }
    let directory = store::directory(tx).await?;
    if directory.is_empty() {
        // Identity's events are on their way. Going on would mean that nobody ever hears of this.
        return Err(Error::NotYet("there is nobody yet to tell"));
    }
    let mut planned: Vec<StaffId> = Vec::new();
    let mut stale: BTreeMap<(Ask, &str), bool> = BTreeMap::new();
    let mut notices = Vec::new();
    for plan in &routed.plans {
        let key = (plan.ask, plan.about.as_str());
        let is_stale = match stale.entry(key) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => {
                let settled = store::settled(tx, received, subject, plan.ask, &plan.about).await?;
                *unknown.insert(settled.is_some_and(|at| at > received.at))
            }
        };
        if is_stale {
            continue;
        }
        for id in resolve(plan, routed.lane, &routed.facts, &directory) {
            if !planned.contains(&id) {
                planned.push(id);
                notices.push(NewNotice {
                    id: NoticeId::random()?,
                    event_id: &received.event_id,
                    staff: id,
                    lane: routed.lane,
                    subject,
                    ask: plan.ask,
                    about: &plan.about,
                    audience: &plan.audience,
                    due: plan.due,
                });
            }
        }
    }
    raise_all(tx, &notices, &directory).await
}

/// Raises notices, but for those that are raised already; says whether somebody's queue gets a message.
async fn raise_all(tx: &mut Tx, notices: &[NewNotice<'_>], directory: &[Member]) -> Result<bool, Error> {
    let new = store::insert_notices(tx, notices).await?;
    let mut queued = false;
    for notice in notices.iter().filter(|notice| new.contains(&notice.id)) {
        queued |= notify(tx, notice, directory).await?;
    }
    Ok(queued)
}

/// Logs a notice that is stored; says whether their queue gets a message.
async fn notify(tx: &mut Tx, notice: &NewNotice<'_>, directory: &[Member]) -> Result<bool, Error> {
    let subject = notice.subject;
    let wire_lane: WireLane = input::lane_out(notice.lane);
    let event = NoticeRaised {
        notice_id: notice.id.to_string(),
        staff_id: notice.staff.to_string(),
        case_id: subject.case.to_string(),
        grant_id: subject.grant.map(|grant| grant.to_string()).unwrap_or_default(),
        ask: notice.ask.as_str().to_owned(),
        lane: wire_lane.into(),
    };
    tx.append(subject.case, notice.lane, ACTOR, &NotificationEvent::from(event))?;
    let approver = directory.iter().any(|member| member.id == notice.staff && votes(member));
    let queued = notice.ask == Ask::Vote && approver;
    if queued {
        store::insert_message(tx, notice.id, notice.lane).await?;
    }
    Ok(queued)
}

fn votes(member: &Member) -> bool {
    member.roles.holds(Role::Approver)
}

/// Keeps the directory; says whether an approver's queue is to be made or gets a message.
async fn record(tx: &mut Tx, event: &identity_event::Event) -> Result<bool, Error> {
    match event {
        identity_event::Event::StaffEnrolled(event) => {
            let id = locked(tx, &event.staff_id).await?;
            store::put_member(tx, id, roles(&event.roles), Some(true)).await?;
            need_queue(tx, id).await
        }
        identity_event::Event::RolesSet(event) => {
            let id = locked(tx, &event.staff_id).await?;
            store::put_member(tx, id, roles(&event.roles), None).await?;
            need_queue(tx, id).await
        }
        identity_event::Event::StaffCertified(event) => {
            let id = locked(tx, &event.staff_id).await?;
            store::put_member(tx, id, roles(&event.roles), None).await?;
            need_queue(tx, id).await
        }
        identity_event::Event::StaffDisabled(event) => {
            let id = locked(tx, &event.staff_id).await?;
            store::disable_member(tx, id).await?;
            pass_on(tx, id).await
        }
        // Nobody can be told anything before they enrol, and teams hold keys, not duties.
        identity_event::Event::OrganisationFounded(_)
        | identity_event::Event::StaffInvited(_)
        | identity_event::Event::AdmittedToTeam(_) => Ok(false),
    }
}

/// Passes on what only this person was asked, read or not: nobody else knows of it, and much of it has no alarm of its
/// own. Says whether somebody's queue gets a message.
async fn pass_on(tx: &mut Tx, from: StaffId) -> Result<bool, Error> {
    let cases = store::cases_with_notices_of(tx, from).await?;
    let streams: Vec<&(dyn Display + Sync)> = cases.iter().map(|case| case as _).collect();
    tx.lock(&streams).await?;
    let directory = store::directory(tx).await?;
    let mut queued = false;
    for orphan in store::orphan_notices_of(tx, from).await? {
        let facts = store::facts(tx, orphan.subject).await?;
        let plan = NoticePlan {
            audience: orphan.audience,
            ask: orphan.ask,
            about: orphan.about,
            due: orphan.due,
            except: Some(from),
        };
        let event_id = orphan.id.to_string();
        let mut notices = Vec::new();
        for staff in resolve(&plan, orphan.lane, &facts, &directory) {
            notices.push(NewNotice {
                id: NoticeId::random()?,
                event_id: &event_id,
                staff,
                lane: orphan.lane,
                subject: orphan.subject,
                ask: plan.ask,
                about: &plan.about,
                audience: &plan.audience,
                due: plan.due,
            });
        }
        queued |= raise_all(tx, &notices, &directory).await?;
    }
    Ok(queued)
}

async fn need_queue(tx: &mut Tx, id: StaffId) -> Result<bool, Error> {
    let needs = store::member(tx, id).await?.is_some_and(|member| votes(&member));
    if needs {
        store::need_queue(tx, id).await?;
    }
    Ok(needs)
}

async fn locked(tx: &mut Tx, staff_id: &str) -> Result<StaffId, Error> {
    let id = staff_id.parse().map_err(|_| corrupt(Malformed("staff_id")))?;
    tx.lock(&[&id]).await?;
    Ok(id)
}

/// Roles that a newer identity knows and this version does not lead nowhere here; the others still hold.
fn roles(codes: &[i32]) -> Roles {
    codes.iter().filter_map(|code| Role::try_from(*code).ok()).collect()
}

fn corrupt(malformed: Malformed) -> Error {
    Error::Corrupt(malformed.to_string())
}

#[cfg(test)]
mod tests;
