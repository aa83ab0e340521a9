//! What the requester says about grants, and withdrawing.

use flare_contracts::{
    Event, Service,
    common::v1::{ActSignature, Money, RequesterActKind},
    events::v1::{
        AgreementPosted, CaseClosed, CaseStopped, GrantActivated, MoneyStopped, ProposalShown, grants_event,
        intake_event, triage_event,
    },
    grants::v1::TrancheState,
    intake::v1::{
        AnswerAgreementRequest, AnswerProposalRequest, MessageKind, ReportArrivalRequest, Standing,
        SubmitReportRequest, WithdrawRequest, WithdrawResponse, intake_server::Intake as _,
    },
    requester_act::{is_signed, sign_call},
};
use flare_kernel::{GrantId, MessageId, TrancheId};
use flare_testkit::{Sandbox, on_both_engines};
use tonic::{Code, Status};

use super::{
    fixture::{Requester, World, field, fresh, from, officer, reason},
    view::{Story, eur},
};

on_both_engines!(a_proposal_is_answered_once_it_was_shown, crate::SCHEMA);
async fn a_proposal_is_answered_once_it_was_shown(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let (requester, elsewhere) = (world.requester().await, world.requester().await);
    let story = Story::new(&world, &requester);
    let answer = |grant: GrantId, agrees, message_id: &str| AnswerProposalRequest {
        request_id: fresh(),
        grant_id: grant.to_string(),
        agrees,
        message_id: message_id.to_owned(),
        ..AnswerProposalRequest::default()
    };
    let call = async |by: &Requester, mut request: AnswerProposalRequest| {
        request.act = Some(by.act(&request, None));
        world.api.answer_proposal(from(by.caller(), request)).await.map(tonic::Response::into_inner)
    };
    assert_eq!(call(&requester, answer(story.grant, true, "")).await.unwrap_err().code(), Code::NotFound);
    story.draft(&[]).await;
    let early = call(&requester, answer(story.grant, true, "")).await.unwrap_err();
    assert_eq!((early.code(), reason(&early).as_str()), (Code::FailedPrecondition, "PROPOSAL_NOT_SHOWN"));
    let of_another_grant =
        requester.message(MessageKind::Proposal, &GrantId::random().unwrap().to_string(), "940 EUR");
    world.post(officer(), of_another_grant.clone()).await.unwrap();
    let shown = ProposalShown { message_id: of_another_grant.message_id.clone(), ..ProposalShown::default() };
    story.grants(grants_event::Event::ProposalShown(shown)).await;
    let unseen = call(&requester, answer(story.grant, true, "")).await.unwrap_err();
    assert_eq!(field(&unseen), "shown_message_id", "a yes to another message is no yes to this one");
    let shown_message_id = of_another_grant.message_id.clone();
    let unfit = AnswerProposalRequest { shown_message_id, ..answer(story.grant, true, "") };
    let unfit = call(&requester, unfit).await.unwrap_err();
    assert_eq!(reason(&unfit), "PROPOSAL_NOT_SHOWN", "a yes to other terms is no yes to these");
    story.grants(grants_event::Event::ProposalShown(ProposalShown::default())).await;
    assert_eq!(call(&elsewhere, answer(story.grant, true, "")).await.unwrap_err().code(), Code::NotFound);
    let unposted = MessageId::random().unwrap().to_string();
    assert_eq!(
        field(&call(&requester, answer(story.grant, false, &unposted)).await.unwrap_err()),
        "message_id"
    );
    let of_staff = requester.message(MessageKind::Text, "", "Hello");
    world.post(officer(), of_staff.clone()).await.unwrap();
    let theirs = call(&requester, answer(story.grant, false, &of_staff.message_id)).await.unwrap_err();
    assert_eq!(field(&theirs), "message_id");

    let words = requester.message(MessageKind::Text, "", "The amount is too low");
    world.post(requester.caller(), words.clone()).await.unwrap();
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
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let story = Story::new(&world, &requester);
    let post = async |kind| {
        let message = requester.message(kind, &story.grant.to_string(), "You receive 940 EUR.");
        world.post(officer(), message.clone()).await.unwrap();
        message.message_id.parse::<MessageId>().unwrap()
    };
    let (shown, of_another_kind) = (post(MessageKind::Agreement).await, post(MessageKind::Proposal).await);
    let answer = |message: MessageId, accepts, refuses_donor| AnswerAgreementRequest {
        request_id: fresh(),
        grant_id: story.grant.to_string(),
        accepts,
        refuses_donor,
        message_id: message.to_string(),
        act: None,
    };
    let call = async |mut request: AnswerAgreementRequest| {
        let shown = request.message_id.clone();
        request.act = Some(requester.act(&request, Some((&shown, "You receive 940 EUR."))));
        world.api.answer_agreement(from(requester.caller(), request)).await.map(tonic::Response::into_inner)
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
        world.count("SELECT seq FROM events WHERE kind = 'flare.events.v1.AgreementAnswered'").await,
        2
    );
}

on_both_engines!(an_act_is_the_signed_word_of_whoever_holds_the_receipt, crate::SCHEMA);
async fn an_act_is_the_signed_word_of_whoever_holds_the_receipt(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let (requester, other) = (world.requester().await, Requester::draw());
    let story = Story::new(&world, &requester);
    let text = "You receive 940 EUR.";
    let shown = requester.message(MessageKind::Agreement, &story.grant.to_string(), text);
    world.post(officer(), shown.clone()).await.unwrap();
    story.draft(&[]).await;
    let posted = AgreementPosted { message_id: shown.message_id.clone(), ..AgreementPosted::default() };
    story.grants(grants_event::Event::AgreementPosted(posted)).await;
    let accept = AnswerAgreementRequest {
        request_id: fresh(),
        grant_id: story.grant.to_string(),
        accepts: true,
        refuses_donor: false,
        message_id: shown.message_id.clone(),
        act: None,
    };
    let call = async |act| {
        let request = AnswerAgreementRequest { act, ..accept.clone() };
        world.api.answer_agreement(from(requester.caller(), request)).await.map(tonic::Response::into_inner)
    };
    let about = |text| Some((shown.message_id.as_str(), text));
    assert_eq!(field(&call(None).await.unwrap_err()), "act");
    let elsewhere = Requester { case: requester.case, ..other };
    for forged in [
        elsewhere.act(&accept, about(text)),
        requester.act(&AnswerAgreementRequest { accepts: false, ..accept.clone() }, about(text)),
    ] {
        assert_eq!(reason(&call(Some(forged)).await.unwrap_err()), "ACT_NOT_SIGNED");
    }
    let other_text = requester.act(&accept, about("You receive 94 EUR."));
    assert_eq!(
        reason(&call(Some(other_text)).await.unwrap_err()),
        "AGREEMENT_NOT_SHOWN",
        "not the text shown"
    );
    assert_eq!(world.count("SELECT seq FROM events WHERE kind LIKE '%AgreementAnswered'").await, 0);

    let first = call(Some(requester.act(&accept, about(text)))).await.unwrap();
    // Whoever repeats the call signs it at another time.
    let later = ActSignature { at: None, ..requester.act(&accept, about(text)) };
    let again = sign_call(
        &accept,
        requester.case,
        (&later.text_tag, prost_types::Timestamp { seconds: 2_000_000_000, nanos: 0 }),
        &requester.receipt.signer(),
    );
    assert_eq!(call(Some(again)).await.unwrap(), first, "the first answer again");
    let payload = "SELECT payload FROM events WHERE kind LIKE '%AgreementAnswered'";
    let rows = world.sandbox.database.fetch_all(flare_store::sql(payload)).await.unwrap();
    let event = Event::decode(Service::Intake, &rows[0].bytes("payload").unwrap()).unwrap();
    let Event::Intake(intake_event::Event::AgreementAnswered(answered)) = event else { panic!("{event:?}") };
    let signed = answered.act.unwrap();
    assert!(is_signed(&signed), "whoever reads the event can check it");
    let keys = requester.receipt.keys().unwrap();
    assert_eq!((signed.signing_key, keys.case_id()), (keys.signing.to_vec(), requester.case));
    assert_eq!(signed.act.unwrap().kind(), RequesterActKind::AgreementAccepted);
}

on_both_engines!(an_arrival_is_reported_for_money_under_way, crate::SCHEMA);
async fn an_arrival_is_reported_for_money_under_way(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let story = Story::new(&world, &requester);
    let tranche = TrancheId::random().unwrap();
    let report = |arrived: Option<Money>| ReportArrivalRequest {
        request_id: fresh(),
        grant_id: story.grant.to_string(),
        tranche_id: tranche.to_string(),
        arrived,
        act: None,
    };
    let call = async |mut request: ReportArrivalRequest| {
        request.act = Some(requester.act(&request, None));
        world.api.report_arrival(from(requester.caller(), request)).await.map(tonic::Response::into_inner)
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
    withdraw(&world, &requester, "other").await.unwrap();
    call(report(Some(eur(500)))).await.unwrap();
}

on_both_engines!(a_report_is_a_message_about_its_grant, crate::SCHEMA);
async fn a_report_is_a_message_about_its_grant(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let story = Story::new(&world, &requester);
    story.draft(&[]).await;
    let submit = |message_id: &str| SubmitReportRequest {
        request_id: fresh(),
        grant_id: story.grant.to_string(),
        message_id: message_id.to_owned(),
        act: None,
    };
    let call = async |mut request: SubmitReportRequest| {
        let written = request.message_id.clone();
        request.act = Some(requester.act(&request, Some((&written, "It went well"))));
        world.api.submit_report(from(requester.caller(), request)).await.map(tonic::Response::into_inner)
    };
    let post = async |kind, about: &str| {
        let message = requester.message(kind, about, "It went well");
        world.post(requester.caller(), message.clone()).await.unwrap();
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
    assert_eq!(world.count("SELECT seq FROM events WHERE kind = 'flare.events.v1.ReportSubmitted'").await, 1);
}

async fn withdraw(world: &World, requester: &Requester, reason: &str) -> Result<WithdrawResponse, Status> {
    let mut request = WithdrawRequest { request_id: fresh(), reason: reason.to_owned(), act: None };
    request.act = Some(requester.act(&request, None));
    world.api.withdraw(from(requester.caller(), request)).await.map(tonic::Response::into_inner)
}

on_both_engines!(a_withdrawal_holds_from_its_first_answer_on, crate::SCHEMA);
async fn a_withdrawal_holds_from_its_first_answer_on(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    let story = Story::new(&world, &requester);
    story.draft(&[]).await;
    story.grants(grants_event::Event::ProposalShown(ProposalShown::default())).await;
    assert_eq!(field(&withdraw(&world, &requester, "bored").await.unwrap_err()), "reason");
    let first = withdraw(&world, &requester, "too_dangerous").await.unwrap();
    assert_eq!(first.standing(), Standing::AskedToStop);
    let second = withdraw(&world, &requester, "other").await.unwrap();
    assert_eq!(second, first, "twice is once");
    assert_eq!(
        world.count("SELECT seq FROM events WHERE kind = 'flare.events.v1.WithdrawalRequested'").await,
        1
    );

    let refused = world.post(officer(), requester.message(MessageKind::Text, "", "Hello")).await.unwrap_err();
    assert_eq!(reason(&refused), "CASE_STOPPED");
    world.post(requester.caller(), requester.message(MessageKind::Text, "", "Thank you")).await.unwrap();
    let mut answer = AnswerProposalRequest {
        request_id: fresh(),
        grant_id: story.grant.to_string(),
        agrees: true,
        ..AnswerProposalRequest::default()
    };
    answer.act = Some(requester.act(&answer, None));
    let ended = world.api.answer_proposal(from(requester.caller(), answer)).await.unwrap_err();
    assert_eq!((ended.code(), reason(&ended).as_str()), (Code::FailedPrecondition, "CASE_ENDED"));

    let stopped = CaseStopped { how: "withdrawn".to_owned(), ..CaseStopped::default() };
    story.triage(triage_event::Event::CaseStopped(stopped)).await;
    assert_eq!(story.status().await.standing(), Standing::AskedToStop, "money may still be under way");
    story.triage(triage_event::Event::MoneyStopped(MoneyStopped::default())).await;
    assert_eq!(story.status().await.standing(), Standing::Withdrawn);
    assert_eq!(withdraw(&world, &requester, "other").await.unwrap().standing(), Standing::Withdrawn);
}

on_both_engines!(a_closed_case_cannot_be_withdrawn, crate::SCHEMA);
async fn a_closed_case_cannot_be_withdrawn(sandbox: Sandbox) {
    let world = World::new(sandbox);
    let requester = world.requester().await;
    Story::new(&world, &requester).triage(triage_event::Event::CaseClosed(CaseClosed::default())).await;
    let refused = withdraw(&world, &requester, "unsaid").await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "CASE_CLOSED"));
}
