//! What the requester is shown of triage's and grants' work.

use flare_contracts::{
    Event, Service,
    common::v1::{Lane as WireLane, Money, NeedKind},
    events::v1::{
        AgreementPosted, CaseAcknowledged, CaseAssessed, CaseAssigned, CaseClosed, CaseOpened, CaseReopened,
        CaseResumed, CaseStopped, CloseProposed, ContactLogged, GateClosed, GateOpened, GrantActivated,
        GrantApproved, GrantClosed, GrantDrafted, GrantEnded, GrantRecommended, GrantRejected, GrantReturned,
        GrantRevised, GrantSubmitted, GrantTerminated, GrantWithdrawn, MoneyHeld, MoneyStopped, NeedAdded,
        NeedEnded, NeedReferred, NotificationEvent, ProposalAccepted, ProposalShown, ReferralAnswered,
        ReferralUnanswered, ReportDueSet, ReportRecorded, TrancheMoved, VoteCast, grants_event, triage_event,
    },
    grants::v1::{Gate, TrancheState},
    input,
    intake::v1::{GetStatusResponse, MessageKind, Standing},
    triage::v1::Outcome,
};
use flare_kernel::{CaseId, Duration, GrantId, MessageId, NeedId, TrancheId};
use flare_store::Error;
use flare_testkit::{Sandbox, on_both_engines};

use super::fixture::{NOW, Requester, World, officer};

/// A case and the streams about it.
pub(super) struct Story<'a> {
    pub(super) world: &'a World,
    pub(super) requester: &'a Requester,
    pub(super) grant: GrantId,
    triage: std::cell::Cell<i64>,
    grants: std::cell::Cell<i64>,
}

impl<'a> Story<'a> {
    pub(super) fn new(world: &'a World, requester: &'a Requester) -> Self {
        let grant = GrantId::random().unwrap();
        Self { world, requester, grant, triage: 0.into(), grants: 0.into() }
    }

    pub(super) fn case(&self) -> String {
        self.requester.case.to_string()
    }

    pub(super) async fn triage(&self, event: triage_event::Event) {
        self.triage.set(self.triage.get() + 1);
        let (stream, seq) = (self.case(), self.triage.get());
        self.world.handle(Service::Triage, &stream, seq, Event::Triage(event)).await.unwrap();
    }

    pub(super) async fn grants(&self, event: grants_event::Event) {
        self.grants.set(self.grants.get() + 1);
        let (stream, seq) = (self.grant.to_string(), self.grants.get());
        self.world.handle(Service::Grants, &stream, seq, Event::Grants(event)).await.unwrap();
    }

    pub(super) async fn status(&self) -> GetStatusResponse {
        self.world.status(self.requester).await
    }

    async fn stands(&self, standing: Standing) {
        assert_eq!(self.status().await.standing(), standing);
    }

    pub(super) async fn draft(&self, needs: &[NeedId]) {
        self.grants(grants_event::Event::GrantDrafted(GrantDrafted {
            case_id: self.case(),
            grant_id: self.grant.to_string(),
            need_ids: needs.iter().map(ToString::to_string).collect(),
            ceiling: Some(eur(940_000)),
            start: "2026-12-01".to_owned(),
            end: "2027-01-31".to_owned(),
            ..GrantDrafted::default()
        }))
        .await;
    }

    pub(super) async fn tranche(&self, tranche: TrancheId, state: TrancheState) {
        self.grants(grants_event::Event::TrancheMoved(TrancheMoved {
            tranche_id: tranche.to_string(),
            state: state.into(),
            amount: Some(eur(500)),
            ..TrancheMoved::default()
        }))
        .await;
    }

    fn outcome(status: &GetStatusResponse) -> Vec<&str> {
        status.needs.iter().map(|need| need.outcome.as_str()).collect()
    }
}

pub(super) fn eur(minor_units: i64) -> Money {
    Money { currency: "EUR".to_owned(), minor_units }
}

fn opened() -> triage_event::Event {
    let due = input::timestamp_out(NOW.plus(Duration::from_hours(2)));
    let lane = WireLane::Critical.into();
    let codename = "amber-kestrel-27".to_owned();
    let (case_id, acknowledge_by) = (String::new(), Some(due));
    triage_event::Event::CaseOpened(CaseOpened { case_id, lane, acknowledge_by, codename })
}

fn need_added(need: NeedId) -> triage_event::Event {
    triage_event::Event::NeedAdded(NeedAdded {
        need_id: need.to_string(),
        kind: NeedKind::Legal.into(),
        ..NeedAdded::default()
    })
}

fn recommended(need: NeedId) -> triage_event::Event {
    triage_event::Event::GrantRecommended(GrantRecommended {
        need_ids: vec![need.to_string()],
        ..GrantRecommended::default()
    })
}

on_both_engines!(a_case_is_followed_from_receipt_to_close, crate::SCHEMA);
async fn a_case_is_followed_from_receipt_to_close(sandbox: Sandbox) {
    use grants_event::Event as G;
    use triage_event::Event as T;
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let story = Story::new(&world, &requester);
    let need = NeedId::random().unwrap();
    let message = MessageId::random().unwrap().to_string();
    let tranche = TrancheId::random().unwrap();

    assert_eq!(story.status().await.codename, "", "triage has not named it");
    story.triage(opened()).await;
    let status = story.status().await;
    assert_eq!(status.codename, "amber-kestrel-27");
    assert_eq!(status.we_answer_by, Some(input::timestamp_out(NOW.plus(Duration::from_hours(2)))));
    story.triage(T::CaseAcknowledged(CaseAcknowledged::default())).await;
    story.stands(Standing::Acknowledged).await;
    let lane = WireLane::Urgent.into();
    story.triage(T::CaseAssessed(CaseAssessed { lane, ..CaseAssessed::default() })).await;
    story.stands(Standing::BeingAssessed).await;
    story.triage(T::CaseAssigned(CaseAssigned::default())).await;
    story.triage(need_added(need)).await;
    assert_eq!(Story::outcome(&story.status().await), ["open"]);
    story.triage(recommended(need)).await;
    assert_eq!(Story::outcome(&story.status().await), ["recommended"]);
    story.stands(Standing::HelpBeingPrepared).await;

    story.draft(&[need]).await;
    story.stands(Standing::HelpBeingPrepared).await;
    story
        .grants(G::ProposalShown(ProposalShown { message_id: message.clone(), ..ProposalShown::default() }))
        .await;
    story.stands(Standing::WaitingForYou).await;
    assert_eq!(story.status().await.grants[0].proposal_message_id, message);
    story.grants(G::ProposalAccepted(ProposalAccepted { agrees: true, ..ProposalAccepted::default() })).await;
    story.grants(G::GrantSubmitted(GrantSubmitted::default())).await;
    story.stands(Standing::InApproval).await;
    story.grants(G::VoteCast(VoteCast::default())).await;
    story.grants(G::GrantReturned(GrantReturned::default())).await;
    story.stands(Standing::HelpBeingPrepared).await;
    let revised =
        GrantRevised { ceiling: Some(eur(900_000)), end: "2027-02-28".to_owned(), ..GrantRevised::default() };
    story.grants(G::GrantRevised(revised)).await;
    assert_eq!(story.status().await.grants[0].proposal_message_id, "", "what was shown is no longer so");
    story.grants(G::GrantSubmitted(GrantSubmitted::default())).await;
    story.grants(G::GrantApproved(GrantApproved::default())).await;
    story.stands(Standing::InApproval).await;
    let posted = AgreementPosted { message_id: message.clone(), ..AgreementPosted::default() };
    story.grants(G::AgreementPosted(posted.clone())).await;
    story.stands(Standing::WaitingForYou).await;
    let gate = Gate::Agreed.into();
    story.grants(G::GateOpened(GateOpened { gate, ..GateOpened::default() })).await;
    story.stands(Standing::InApproval).await;
    story.grants(G::GateClosed(GateClosed { gate, ..GateClosed::default() })).await;
    assert_eq!(story.status().await.grants[0].agreement_message_id, "");
    story.grants(G::AgreementPosted(posted)).await;
    story.grants(G::GateOpened(GateOpened { gate, ..GateOpened::default() })).await;
    let end = "2027-02-28".to_owned();
    story.grants(G::GrantActivated(GrantActivated { end: end.clone(), ..GrantActivated::default() })).await;
    story.stands(Standing::HelpActive).await;
    // A payee is replaced: no money moves until the new one was checked.
    let payee = GateClosed { gate: Gate::PayeeChecked.into(), ..GateClosed::default() };
    story.grants(G::GateClosed(payee)).await;
    story.stands(Standing::InApproval).await;
    story.grants(G::GrantActivated(GrantActivated { end: end.clone(), ..GrantActivated::default() })).await;
    story.stands(Standing::HelpActive).await;
    for state in [TrancheState::Scheduled, TrancheState::Released, TrancheState::Sent, TrancheState::Arrived]
    {
        story.tranche(tranche, state).await;
    }
    let status = story.status().await;
    let grant = &status.grants[0];
    assert_eq!((grant.stage.as_str(), &grant.ceiling, &grant.end), ("active", &Some(eur(900_000)), &end));
    assert_eq!((grant.tranches[0].state.as_str(), &grant.tranches[0].amount), ("arrived", &Some(eur(500))));
    let report_due = Some(input::timestamp_out(NOW.plus(Duration::from_days(30))));
    story.grants(G::GrantEnded(GrantEnded { report_due, ..GrantEnded::default() })).await;
    story.stands(Standing::Reporting).await;
    assert_eq!(story.status().await.grants[0].report_due, report_due);
    story.grants(G::ReportDueSet(ReportDueSet::default())).await;
    assert_eq!(story.status().await.grants[0].report_due, None, "the money came back");
    story.grants(G::ReportDueSet(ReportDueSet { report_due, ..ReportDueSet::default() })).await;
    assert_eq!(story.status().await.grants[0].report_due, report_due, "it was sent again");
    for (how, due) in [("deferred", report_due), ("waived", None)] {
        story
            .grants(G::ReportRecorded(ReportRecorded { how: how.to_owned(), ..ReportRecorded::default() }))
            .await;
        assert_eq!(story.status().await.grants[0].report_due, due);
    }
    story.grants(G::CloseProposed(CloseProposed::default())).await;
    story.grants(G::GrantClosed(GrantClosed::default())).await;
    assert_eq!(Story::outcome(&story.status().await), ["given"], "nobody prepares help that has come");
    story.stands(Standing::BeingAssessed).await;
    story.triage(T::CaseClosed(CaseClosed::default())).await;
    story.stands(Standing::Closed).await;

    tells_every_step(&story.status().await);
}

/// Every step that a whole case has is told, in the order of time.
fn tells_every_step(status: &GetStatusResponse) {
    let steps: Vec<_> = status.steps.iter().map(|step| step.what.as_str()).collect();
    for what in [
        "received",
        "acknowledged",
        "assessed",
        "help_recommended",
        "grant_drafted",
        "proposal_shown",
        "in_approval",
        "grant_returned",
        "grant_revised",
        "grant_approved",
        "agreement_shown",
        "grant_active",
        "tranche_sent",
        "tranche_arrived",
        "report_asked",
        "report_recorded",
        "grant_closed",
        "closed",
    ] {
        assert!(steps.contains(&what), "{what} in {steps:?}");
    }
    let times: Vec<_> = status.steps.iter().map(|step| step.at.map(|at| (at.seconds, at.nanos))).collect();
    assert!(times.is_sorted());
    assert_eq!(status.version, 1, "what others did is not in the case's own history here");
}

on_both_engines!(an_event_heard_twice_is_one_step, crate::SCHEMA);
async fn an_event_heard_twice_is_one_step(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let (case, grant) = (requester.case.to_string(), GrantId::random().unwrap().to_string());
    let (need, tranche) = (NeedId::random().unwrap(), TrancheId::random().unwrap());
    let moved = |state: TrancheState| {
        grants_event::Event::TrancheMoved(TrancheMoved {
            tranche_id: tranche.to_string(),
            state: state.into(),
            amount: Some(eur(5)),
            ..TrancheMoved::default()
        })
    };
    for _ in 0..2 {
        world.handle(Service::Triage, &case, 1, Event::Triage(opened())).await.unwrap();
        world.handle(Service::Triage, &case, 2, Event::Triage(need_added(need))).await.unwrap();
        let closed = triage_event::Event::CaseClosed(CaseClosed::default());
        world.handle(Service::Triage, &case, 3, Event::Triage(closed)).await.unwrap();
    }
    let drafted = GrantDrafted {
        case_id: case.clone(),
        grant_id: grant.clone(),
        ceiling: Some(eur(5)),
        ..GrantDrafted::default()
    };
    let drafted = grants_event::Event::GrantDrafted(drafted);
    world.handle(Service::Grants, &grant, 1, Event::Grants(drafted)).await.unwrap();
    for (seq, state) in [(2, TrancheState::InDoubt), (3, TrancheState::InDoubt), (4, TrancheState::Lost)] {
        world.handle(Service::Grants, &grant, seq, Event::Grants(moved(state))).await.unwrap();
    }
    let status = world.status(&requester).await;
    let steps: Vec<_> = status.steps.iter().map(|step| step.what.as_str()).collect();
    assert_eq!(steps, ["received", "grant_drafted", "tranche_in_doubt", "closed", "tranche_lost"]);
    assert_eq!(status.needs.len(), 1);
}

on_both_engines!(needs_end_in_their_own_ways, crate::SCHEMA);
async fn needs_end_in_their_own_ways(sandbox: Sandbox) {
    use triage_event::Event as T;
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let story = Story::new(&world, &requester);
    let need = NeedId::random().unwrap();
    let need_id = need.to_string();
    story.triage(need_added(need)).await;
    let ended = |outcome: Outcome| {
        let (need_id, reason) = (need_id.clone(), "no_funds".to_owned());
        T::NeedEnded(NeedEnded { need_id, outcome: outcome.into(), reason, ..NeedEnded::default() })
    };
    let answered = |accepted| {
        T::ReferralAnswered(ReferralAnswered {
            need_id: need_id.clone(),
            accepted,
            ..ReferralAnswered::default()
        })
    };
    let referred = || T::NeedReferred(NeedReferred { need_id: need_id.clone(), ..NeedReferred::default() });
    let unanswered = ReferralUnanswered { need_id: need_id.clone(), ..ReferralUnanswered::default() };
    for (event, outcome) in [
        (referred(), "referred"),
        (T::ReferralUnanswered(unanswered), "open"),
        (referred(), "referred"),
        (answered(false), "open"),
        (answered(true), "referred"),
        (ended(Outcome::Given), "given"),
        (ended(Outcome::Covered), "covered"),
        (ended(Outcome::Declined), "declined"),
        (ended(Outcome::Open), "open"),
        (recommended(need), "recommended"),
        (ended(Outcome::Open), "open"),
        (recommended(need), "recommended"),
    ] {
        story.triage(event).await;
        let status = story.status().await;
        assert_eq!(Story::outcome(&status), [outcome]);
        let reason = if outcome == "declined" { "no_funds" } else { "" };
        assert_eq!(
            status.needs[0].reason, reason,
            "only a decline has a reason for the requester: {outcome}"
        );
    }
    story.draft(&[need]).await;
    for _ in 0..20 {
        story.grants(grants_event::Event::MoneyHeld(MoneyHeld::default())).await;
    }
    story.grants(grants_event::Event::GrantRejected(GrantRejected::default())).await;
    let status = story.status().await;
    assert_eq!((Story::outcome(&status), status.grants[0].stage.as_str()), (vec!["open"], "rejected"));
}

on_both_engines!(stops_and_returns_are_reflected, crate::SCHEMA);
async fn stops_and_returns_are_reflected(sandbox: Sandbox) {
    use triage_event::Event as T;
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let story = Story::new(&world, &requester);
    let stop = |how: &str| T::CaseStopped(CaseStopped { how: how.to_owned(), ..CaseStopped::default() });
    for (event, standing) in [
        (stop("paused"), Standing::Paused),
        (T::CaseResumed(CaseResumed::default()), Standing::Received),
        (stop("held"), Standing::Paused),
        (T::CaseResumed(CaseResumed::default()), Standing::Received),
        (stop("withdrawn"), Standing::AskedToStop),
        (T::MoneyStopped(MoneyStopped::default()), Standing::Withdrawn),
        (T::CaseReopened(CaseReopened::default()), Standing::BeingAssessed),
    ] {
        story.triage(event).await;
        story.stands(standing).await;
    }
    let need = NeedId::random().unwrap();
    story.triage(need_added(need)).await;
    for (event, stage) in [
        (grants_event::Event::GrantWithdrawn(GrantWithdrawn::default()), "withdrawn"),
        (grants_event::Event::GrantTerminated(GrantTerminated::default()), "terminated"),
    ] {
        story.triage(recommended(need)).await;
        let ended = Story::new(&world, &requester);
        ended.draft(&[need]).await;
        for _ in 0..story.triage.get() {
            ended.grants(grants_event::Event::VoteCast(VoteCast::default())).await;
        }
        assert_eq!(Story::outcome(&story.status().await), ["recommended"]);
        ended.grants(event).await;
        let status = ended.status().await;
        assert_eq!(Story::outcome(&status), ["open"], "what came to nothing opens its needs");
        let found = status.grants.iter().find(|grant| grant.grant_id == ended.grant.to_string()).unwrap();
        assert_eq!(found.stage, stage);
    }
}

on_both_engines!(being_heard_on_another_channel_ends_the_waiting, crate::SCHEMA);
async fn being_heard_on_another_channel_ends_the_waiting(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let story = Story::new(&world, &requester);
    world.sandbox.advance(Duration::from_micros(1));
    world.post(officer(), requester.message(MessageKind::Question, "", "?")).await.unwrap();
    let contact =
        |inbound| triage_event::Event::ContactLogged(ContactLogged { inbound, ..ContactLogged::default() });
    story.triage(contact(false)).await;
    story.stands(Standing::WaitingForYou).await;
    story.triage(contact(true)).await;
    story.stands(Standing::Received).await;
}

on_both_engines!(what_is_not_ours_changes_nothing_and_what_cannot_be_is_an_error, crate::SCHEMA);
async fn what_is_not_ours_changes_nothing_and_what_cannot_be_is_an_error(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let nowhere = CaseId::random().unwrap().to_string();
    let grant = GrantId::random().unwrap().to_string();
    world.handle(Service::Triage, &nowhere, 1, Event::Triage(opened())).await.unwrap();
    let drafted = GrantDrafted { case_id: nowhere.clone(), ..GrantDrafted::default() };
    let drafted = grants_event::Event::GrantDrafted(drafted);
    world.handle(Service::Grants, &grant, 1, Event::Grants(drafted)).await.unwrap();
    let closed = grants_event::Event::GrantClosed(GrantClosed::default());
    world.handle(Service::Grants, &grant, 2, Event::Grants(closed)).await.unwrap();
    let notice = flare_contracts::events::v1::NoticeRaised::default();
    let notice = NotificationEvent::from(notice).event.unwrap();
    world.handle(Service::Notification, "notice", 1, Event::Notification(notice)).await.unwrap();
    assert_eq!(world.count("SELECT grant_id FROM view_grants").await, 0);
    assert_eq!(
        world.count("SELECT stream FROM streams").await,
        1,
        "no stream begins for a case that is not here"
    );

    let stopped = CaseStopped { how: "evaporated".to_owned(), ..CaseStopped::default() };
    let event = Event::Triage(triage_event::Event::CaseStopped(stopped));
    let outcome = world.handle(Service::Triage, &requester.case.to_string(), 1, event).await;
    assert!(matches!(outcome, Err(Error::Corrupt(what)) if what == "CaseStopped.how"));
}
