//! What triage does with a case.

use flare_contracts::{
    events::v1::{LaneRaised, triage_event::Event},
    triage::v1::{Outcome, PersonStatus},
};

use super::{Heard, Malformed, codename, lane, staff, time};
use crate::domain::{
    Ask,
    Audience::{Finance, Heads, Officers, Owner, Staff},
    Routed, Settle,
};

pub(super) fn route(event: &Event, heard: &Heard<'_>, to: &mut Routed) -> Result<(), Malformed> {
    let case = heard.case_id();
    match event {
        // The request itself was told, sooner.
        Event::CaseOpened(event) => {
            to.facts.codename = codename(&event.codename).or(to.facts.codename.take());
            to.facts.lane = lane(event.lane).or(to.facts.lane);
        }
        Event::CaseAcknowledged(event) => {
            to.facts.owner = Some(staff("owner", &event.owner)?);
            to.settle_all([Ask::Acknowledge, Ask::AcknowledgeOverdue], &case);
        }
        Event::CaseAssigned(event) => {
            let owner = staff("owner", &event.owner)?;
            to.facts.owner = Some(owner);
            to.settle_all([Ask::Acknowledge, Ask::AcknowledgeOverdue, Ask::TakeOver], &case);
            to.notify(Staff(owner), Ask::TakeOver, case).except(heard.staff());
        }
        Event::CaseAssessed(event) => {
            to.facts.lane = lane(event.lane).or(to.facts.lane);
            to.settle_all([Ask::AssessOverdue, Ask::TakeOver, Ask::TakeUpAgain], &case);
        }
        Event::LaneRaised(event) => lane_raised(event, &case, to),
        Event::PersonAdded(event) => person(event.status(), heard, to),
        Event::PersonStatusSet(event) => person(event.status(), heard, to),
        Event::ContactLogged(event) => {
            if event.reached {
                to.settle_all([Ask::CheckWelfare, Ask::Answer, Ask::TellRequester, Ask::ReachAnew], &case);
            }
        }
        // Whether another need still waits for a grant's draft is not known here: what asks for one stands until it is
        // drafted or the case ends.
        Event::NeedEnded(event) if event.outcome() == Outcome::Open => {
            to.settle(Ask::ReviewDecline, event.need_id.clone());
            to.notify(Owner, Ask::DecideNeed, event.need_id.clone()).except(heard.staff());
        }
        Event::NeedEnded(event) => {
            to.settle_all([Ask::DecideNeed, Ask::ReviewDecline], &event.need_id);
        }
        Event::NeedReferred(event) => to.settle(Ask::DecideNeed, event.need_id.clone()),
        Event::GrantRecommended(event) => {
            for need in &event.need_ids {
                to.settle(Ask::DecideNeed, need.clone());
            }
            to.notify(Owner, Ask::DraftGrant, case).until(time(event.draft_by.as_ref()));
        }
        Event::ReferralAnswered(event) => {
            if event.accepted {
                to.settle(Ask::DecideNeed, event.need_id.clone());
            } else {
                to.notify(Owner, Ask::DecideNeed, event.need_id.clone()).except(heard.staff());
            }
        }
        Event::ReferralUnanswered(event) => {
            to.notify(Owner, Ask::DecideNeed, event.need_id.clone());
        }
        Event::CaseStopped(event) => {
            if event.how == "withdrawn" {
                to.settle_all([Ask::Acknowledge, Ask::Answer, Ask::DraftGrant, Ask::CheckWelfare], &case);
            }
            to.settle_all([Ask::ConsiderPause, Ask::StopPayments, Ask::ResumePayments], &case);
            // A requester's own withdrawal was told when they asked for it; that they froze their code, which pauses the
            // case, was told to those who reach them only.
            if heard.staff().is_some() || event.how != "withdrawn" {
                to.notify_all([Finance, Owner], Ask::StopPayments, &case, heard.staff());
            }
        }
        Event::CaseResumed(_) => {
            to.settle(Ask::StopPayments, &case);
            to.notify(Finance, Ask::ResumePayments, &case).except(heard.staff());
            to.notify(Owner, Ask::TakeUpAgain, case).except(heard.staff());
        }
        Event::CaseClosed(_) => to.settle.push(Settle::Case(heard.case)),
        Event::CaseReopened(_) => {
            to.notify(Owner, Ask::TakeUpAgain, case).except(heard.staff());
        }
        Event::CaseOverdue(event) => {
            let ask = match event.step.as_str() {
                "acknowledge" => Ask::AcknowledgeOverdue,
                "assess" => Ask::AssessOverdue,
                "draft" => Ask::DraftGrant,
                // The last step there is; a step that this version does not know comes to the same people.
                _ => Ask::OutcomeOverdue,
            };
            // Told again and again while it lasts; only the latest stays.
            to.settle(ask, &case);
            to.notify_all([Owner, Heads], ask, &case, None);
        }
        Event::WelfareCheckDue(_) => {
            to.settle(Ask::CheckWelfare, &case);
            to.notify(Owner, Ask::CheckWelfare, case);
        }
        // Done by the owner or told by intake; or records that ask nothing of anybody. That the money has stopped leaves
        // finance with what was told when the case was.
        Event::ContactPlanSet(_)
        | Event::NeedAdded(_)
        | Event::NoteAdded(_)
        | Event::QuestionAsked(_)
        | Event::RequesterAnswered(_)
        | Event::ReferenceAdded(_)
        | Event::ReferenceChecked(_)
        | Event::MoneyStopped(_)
        | Event::NotesKeyBegun(_) => {}
    }
    Ok(())
}

/// A case is more pressing than it was. It goes before what was told in the lane that it had.
fn lane_raised(event: &LaneRaised, case: &str, to: &mut Routed) {
    to.facts.lane = lane(event.lane).or(to.facts.lane);
    to.lane = to.facts.lane.unwrap_or(to.lane);
    if to.facts.owner.is_some() {
        to.notify(Heads, Ask::ReadAnswers, case.to_owned());
        return;
    }
    let due = time(event.due.as_ref());
    to.settle(Ask::Acknowledge, case);
    for audience in [Officers, Heads] {
        to.notify(audience, Ask::Acknowledge, case).until(due);
    }
}

/// Somebody a case is about may not be safe: then nothing should go out before people have looked.
fn person(status: PersonStatus, heard: &Heard<'_>, to: &mut Routed) {
    match status {
        PersonStatus::Unreachable | PersonStatus::Detained | PersonStatus::Missing | PersonStatus::Dead => {
            to.notify_all([Owner, Heads], Ask::ConsiderPause, &heard.case_id(), heard.staff());
        }
        PersonStatus::Unspecified | PersonStatus::Safe | PersonStatus::Unknown => {}
    }
}
