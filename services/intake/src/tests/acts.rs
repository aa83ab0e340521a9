//! What the requester says about grants, and withdrawing.

use flare_contracts::{
    common::v1::Money,
    events::v1::{
        AgreementPosted, CaseClosed, CaseStopped, GrantActivated, MoneyStopped, ProposalShown, grants_event,
        triage_event,
    },
    grants::v1::TrancheState,
    intake::v1::{
        AnswerAgreementRequest, AnswerProposalRequest, MessageKind, ReportArrivalRequest, Standing,
        SubmitReportRequest, WithdrawRequest, WithdrawResponse, intake_server::Intake as _,
    },
};
use flare_kernel::{GrantId, MessageId, TrancheId};
use flare_testkit::{Sandbox, on_both_engines};
use tonic::{Code, Status};

use super::{
    fixture::{Desk, Requester, field, fresh, from, officer, reason},
    view::{Story, eur},
};

on_both_engines!(a_proposal_is_answered_once_it_was_shown, crate::SCHEMA);
async fn a_proposal_is_answered_once_it_was_shown(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let (requester, elsewhere) = (desk.requester().await, desk.requester().await);
    let story = Story::new(&desk, &requester);
    let answer = |grant: GrantId, agrees, message_id: &str| AnswerProposalRequest {
        request_id: fresh(),
        grant_id: grant.to_string(),
        agrees,
        message_id: message_id.to_owned(),
    };
    let call = async |by: &Requester, request: AnswerProposalRequest| {
        desk.api.answer_proposal(from(by.caller(), request)).await.map(tonic::Response::into_inner)
    };
    assert_eq!(call(&requester, answer(story.grant, true, "")).await.unwrap_err().code(), Code::NotFound);
    story.draft(&[]).await;
    let early = call(&requester, answer(story.grant, true, "")).await.unwrap_err();
    assert_eq!((early.code(), reason(&early).as_str()), (Code::FailedPrecondition, "PROPOSAL_NOT_SHOWN"));
    let of_another_grant =
        requester.message(MessageKind::Proposal, &GrantId::random().unwrap().to_string(), "940 EUR");
    desk.post(officer(), of_another_grant.clone()).await.unwrap();
    let shown = ProposalShown { message_id: of_another_grant.message_id, ..ProposalShown::default() };
    story.grants(grants_event::Event::ProposalShown(shown)).await;
    let unfit = call(&requester, answer(story.grant, true, "")).await.unwrap_err();
    assert_eq!(reason(&unfit), "PROPOSAL_NOT_SHOWN", "a yes to other terms is no yes to these");
    story.grants(grants_event::Event::ProposalShown(ProposalShown::default())).await;
    assert_eq!(call(&elsewhere, answer(story.grant, true, "")).await.unwrap_err().code(), Code::NotFound);
    let unposted = MessageId::random().unwrap().to_string();
    assert_eq!(
        field(&call(&requester, answer(story.grant, false, &unposted)).await.unwrap_err()),
        "message_id"
    );
    let of_staff = requester.message(MessageKind::Text, "", "Hello");
    desk.post(officer(), of_staff.clone()).await.unwrap();
    let theirs = call(&requester, answer(story.grant, false, &of_staff.message_id)).await.unwrap_err();
    assert_eq!(field(&theirs), "message_id");

    let words = requester.message(MessageKind::Text, "", "The amount is too low");
    desk.post(requester.caller(), words.clone()).await.unwrap();
    let good = answer(story.grant, false, &words.message_id);
    let first = call(&requester, good.clone()).await.unwrap();
    assert_eq!(call(&requester, good.clone()).await.unwrap(), first, "the first answer again");
    let changed = AnswerProposalRequest { agrees: true, ..good };
    assert_eq!(reason(&call(&requester, changed).await.unwrap_err()), "REQUEST_ID_REUSED");
    assert_eq!(
        field(
            &call(
                &requester,
                AnswerProposalRequest { request_id: String::new(), ..answer(story.grant, true, "") }
            )
            .await
            .unwrap_err()
        ),
        "request_id"
    );
    story.grants(grants_event::Event::GrantActivated(GrantActivated::default())).await;
    let late = call(&requester, answer(story.grant, true, "")).await.unwrap_err();
    assert_eq!(reason(&late), "PROPOSAL_NOT_OPEN");
    assert!(late.message().contains("while the grant is draft; this one is active"), "{}", late.message());
}

on_both_engines!(an_agreement_is_answered_by_the_message_that_shows_it, crate::SCHEMA);
async fn an_agreement_is_answered_by_the_message_that_shows_it(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let requester = desk.requester().await;
    let story = Story::new(&desk, &requester);
    let post = async |kind| {
        let message = requester.message(kind, &story.grant.to_string(), "You receive 940 EUR.");
        desk.post(officer(), message.clone()).await.unwrap();
        message.message_id.parse::<MessageId>().unwrap()
    };
    let (shown, of_another_kind) = (post(MessageKind::Agreement).await, post(MessageKind::Proposal).await);
    let answer = |message: MessageId, accepts, refuses_donor| AnswerAgreementRequest {
        request_id: fresh(),
        grant_id: story.grant.to_string(),
        accepts,
        refuses_donor,
        message_id: message.to_string(),
    };
    let call = async |request: AnswerAgreementRequest| {
        desk.api.answer_agreement(from(requester.caller(), request)).await.map(tonic::Response::into_inner)
    };
    story.draft(&[]).await;
    assert_eq!(reason(&call(answer(shown, true, false)).await.unwrap_err()), "AGREEMENT_NOT_SHOWN");
    let named = |message: MessageId| {
        let posted = AgreementPosted { message_id: message.to_string(), ..AgreementPosted::default() };
        story.grants(grants_event::Event::AgreementPosted(posted))
    };
    for unfit in [of_another_kind, MessageId::random().unwrap()] {
        named(unfit).await;
        assert_eq!(reason(&call(answer(unfit, true, false)).await.unwrap_err()), "AGREEMENT_NOT_SHOWN");
    }
    named(shown).await;
    assert_eq!(field(&call(answer(shown, true, true)).await.unwrap_err()), "refuses_donor");
    let other = MessageId::random().unwrap();
    assert_eq!(field(&call(answer(other, true, false)).await.unwrap_err()), "message_id");
    assert_eq!(story.status().await.standing(), Standing::WaitingForYou);
    call(answer(shown, false, true)).await.unwrap();
    assert_eq!(story.status().await.standing(), Standing::HelpBeingPrepared);
    call(answer(shown, true, false)).await.unwrap();
    story.grants(grants_event::Event::GrantActivated(GrantActivated::default())).await;
    assert_eq!(reason(&call(answer(shown, false, false)).await.unwrap_err()), "AGREEMENT_NOT_OPEN");
    assert_eq!(
        desk.count("SELECT seq FROM events WHERE kind = 'flare.events.v1.AgreementAnswered'").await,
        2
    );
}

on_both_engines!(an_arrival_is_reported_for_money_under_way, crate::SCHEMA);
async fn an_arrival_is_reported_for_money_under_way(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let requester = desk.requester().await;
    let story = Story::new(&desk, &requester);
    let tranche = TrancheId::random().unwrap();
    let report = |arrived: Option<Money>| ReportArrivalRequest {
        request_id: fresh(),
        grant_id: story.grant.to_string(),
        tranche_id: tranche.to_string(),
        arrived,
    };
    let call = async |request: ReportArrivalRequest| {
        desk.api.report_arrival(from(requester.caller(), request)).await.map(tonic::Response::into_inner)
    };
    story.draft(&[]).await;
    assert_eq!(call(report(Some(eur(5)))).await.unwrap_err().code(), Code::NotFound, "no such payment yet");
    story.tranche(tranche, TrancheState::Released).await;
    let early = call(report(Some(eur(5)))).await.unwrap_err();
    assert_eq!((early.code(), reason(&early).as_str()), (Code::FailedPrecondition, "TRANCHE_NOT_UNDER_WAY"));
    story.tranche(tranche, TrancheState::Sent).await;
    for (arrived, expected) in [
        (None, "arrived"),
        (Some(eur(-1)), "arrived.minor_units"),
        (Some(Money { currency: "XXX".to_owned(), minor_units: 1 }), "arrived.currency"),
        (Some(Money { currency: "USD".to_owned(), minor_units: 1 }), "arrived"),
        (Some(eur(501)), "arrived"),
    ] {
        assert_eq!(field(&call(report(arrived)).await.unwrap_err()), expected);
    }
    call(report(Some(eur(0)))).await.unwrap();
    story.tranche(tranche, TrancheState::InDoubt).await;
    // What was sent arrives even where the case was withdrawn meanwhile.
    withdraw(&desk, &requester, "other").await.unwrap();
    call(report(Some(eur(500)))).await.unwrap();
}

on_both_engines!(a_report_is_a_message_about_its_grant, crate::SCHEMA);
async fn a_report_is_a_message_about_its_grant(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let requester = desk.requester().await;
    let story = Story::new(&desk, &requester);
    story.draft(&[]).await;
    let submit = |message_id: &str| SubmitReportRequest {
        request_id: fresh(),
        grant_id: story.grant.to_string(),
        message_id: message_id.to_owned(),
    };
    let call = async |request: SubmitReportRequest| {
        desk.api.submit_report(from(requester.caller(), request)).await.map(tonic::Response::into_inner)
    };
    let post = async |kind, about: &str| {
        let message = requester.message(kind, about, "It went well");
        desk.post(requester.caller(), message.clone()).await.unwrap();
        message.message_id
    };
    let report = post(MessageKind::Report, &story.grant.to_string()).await;
    assert_eq!(reason(&call(submit(&report)).await.unwrap_err()), "REPORT_NOT_OPEN");
    story.grants(grants_event::Event::GrantActivated(GrantActivated::default())).await;
    let text = post(MessageKind::Text, &story.grant.to_string()).await;
    let other = post(MessageKind::Report, &GrantId::random().unwrap().to_string()).await;
    for message in [&text, &other, &MessageId::random().unwrap().to_string()] {
        assert_eq!(field(&call(submit(message)).await.unwrap_err()), "message_id");
    }
    call(submit(&report)).await.unwrap();
    assert_eq!(desk.count("SELECT seq FROM events WHERE kind = 'flare.events.v1.ReportSubmitted'").await, 1);
}

async fn withdraw(desk: &Desk, requester: &Requester, reason: &str) -> Result<WithdrawResponse, Status> {
    let request = WithdrawRequest { request_id: fresh(), reason: reason.to_owned() };
    desk.api.withdraw(from(requester.caller(), request)).await.map(tonic::Response::into_inner)
}

on_both_engines!(a_withdrawal_holds_from_its_first_answer_on, crate::SCHEMA);
async fn a_withdrawal_holds_from_its_first_answer_on(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let requester = desk.requester().await;
    let story = Story::new(&desk, &requester);
    story.draft(&[]).await;
    story.grants(grants_event::Event::ProposalShown(ProposalShown::default())).await;
    assert_eq!(field(&withdraw(&desk, &requester, "bored").await.unwrap_err()), "reason");
    let first = withdraw(&desk, &requester, "too_dangerous").await.unwrap();
    assert_eq!(first.standing(), Standing::AskedToStop);
    let second = withdraw(&desk, &requester, "other").await.unwrap();
    assert_eq!(second, first, "twice is once");
    assert_eq!(
        desk.count("SELECT seq FROM events WHERE kind = 'flare.events.v1.WithdrawalRequested'").await,
        1
    );

    let refused = desk.post(officer(), requester.message(MessageKind::Text, "", "Hello")).await.unwrap_err();
    assert_eq!(reason(&refused), "CASE_STOPPED");
    desk.post(requester.caller(), requester.message(MessageKind::Text, "", "Thank you")).await.unwrap();
    let answer = AnswerProposalRequest {
        request_id: fresh(),
        grant_id: story.grant.to_string(),
        agrees: true,
        message_id: String::new(),
    };
    let ended = desk.api.answer_proposal(from(requester.caller(), answer)).await.unwrap_err();
    assert_eq!((ended.code(), reason(&ended).as_str()), (Code::FailedPrecondition, "CASE_ENDED"));

    let stopped = CaseStopped { how: "withdrawn".to_owned(), ..CaseStopped::default() };
    story.triage(triage_event::Event::CaseStopped(stopped)).await;
    assert_eq!(story.status().await.standing(), Standing::AskedToStop, "money may still be under way");
    story.triage(triage_event::Event::MoneyStopped(MoneyStopped::default())).await;
    assert_eq!(story.status().await.standing(), Standing::Withdrawn);
    assert_eq!(withdraw(&desk, &requester, "other").await.unwrap().standing(), Standing::Withdrawn);
}

on_both_engines!(a_closed_case_cannot_be_withdrawn, crate::SCHEMA);
async fn a_closed_case_cannot_be_withdrawn(sandbox: Sandbox) {
    let desk = Desk::new(sandbox);
    let requester = desk.requester().await;
    Story::new(&desk, &requester).triage(triage_event::Event::CaseClosed(CaseClosed::default())).await;
    let refused = withdraw(&desk, &requester, "unsaid").await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "CASE_CLOSED"));
}
