//! What a requester does.

use flare_contracts::{danger::lane_in_danger, events::v1::intake_event::Event, intake::v1::MessageKind};

use flare_kernel::Lane;

use super::{Heard, lane, proposer};
use crate::domain::{
    Ask,
    Audience::{Finance, Heads, Officers, Owner},
    Routed,
};

pub(super) fn route(event: &Event, heard: &Heard<'_>, to: &mut Routed) {
    let (case, grant) = (heard.case_id(), heard.grant_id());
    match event {
        Event::RequestSubmitted(event) => {
            let hint = event.listing.as_ref().and_then(|listing| lane(listing.lane_hint));
            // Triage may have confirmed a lane before this arrived; then that stands.
            to.lane = *to.facts.lane.get_or_insert(hint.unwrap_or(heard.lane));
            let due = Some(event.asked_at(heard.at).plus(heard.policy.acknowledge(to.lane)));
            for audience in [Officers, Heads] {
                to.notify(audience, Ask::Acknowledge, &case).until(due);
            }
        }
        // Until somebody has the case, "acknowledge" is what there is to do, and it shows all answers.
        Event::AnswersAdded(event) => {
            // Triage tells that it raised the lane; whoever owns the case need not wait for that.
            to.lane = lane_in_danger(event.danger(), to.lane);
            if heard.staff().is_none() && to.facts.owner.is_some() {
                to.notify(Owner, Ask::ReadAnswers, case);
            }
        }
        Event::FileAttached(event) => {
            if event.by_requester && to.facts.owner.is_some() {
                to.notify(Owner, Ask::ReadFile, case);
            }
        }
        Event::MessagePosted(event) if event.by_requester => {
            to.settle(Ask::CheckWelfare, &case);
            match event.kind() {
                MessageKind::Text
                | MessageKind::Answer
                | MessageKind::Unspecified
                | MessageKind::Question
                | MessageKind::Decision
                | MessageKind::Proposal
                | MessageKind::Agreement
                | MessageKind::Change => {
                    to.notify(Owner, Ask::Answer, case);
                }
                // Whoever declined does not look again alone: a head finds somebody.
                MessageKind::Review => {
                    to.notify_all([Heads, Owner], Ask::ReviewDecline, &event.about, None);
                }
                // `ReportSubmitted` tells of it.
                MessageKind::Report => {}
            }
        }
        Event::MessagePosted(event) => {
            to.settle(Ask::Answer, &case);
            match event.kind() {
                MessageKind::Decision => to.settle(Ask::TellRequester, event.about.clone()),
                MessageKind::Text
                | MessageKind::Answer
                | MessageKind::Unspecified
                | MessageKind::Question
                | MessageKind::Proposal
                | MessageKind::Agreement
                | MessageKind::Report
                | MessageKind::Change
                | MessageKind::Review => {}
            }
        }
        Event::ProposalAnswered(event) => {
            let ask = if event.agrees { Ask::SubmitGrant } else { Ask::ReviseGrant };
            to.notify(proposer(to), ask, grant);
        }
        Event::AgreementAnswered(event) => {
            // Accepting opens a gate, and grants tells of that.
            if !event.accepts {
                to.notify(Owner, Ask::SettleAgreement, &grant);
                if event.refuses_donor {
                    to.notify(Finance, Ask::ReserveFunds, grant);
                }
            }
        }
        Event::ArrivalReported(event) => {
            // What arrived settles the payment, and grants tells of that.
            if event.arrived.as_ref().is_none_or(|money| money.minor_units == 0) {
                to.notify_all([Finance, Owner], Ask::TracePayment, &event.tranche_id, None);
            }
        }
        Event::ReportSubmitted(_) => {
            to.notify(Owner, Ask::ReadReport, grant);
        }
        Event::WithdrawalRequested(_) => {
            to.settle_all([Ask::Acknowledge, Ask::Answer, Ask::DraftGrant, Ask::CheckWelfare], &case);
            to.notify_all([Owner, Heads, Finance], Ask::SettleWithdrawal, &case, None);
        }
        // Frozen by its holder: somebody else may have read, written and agreed with it. It goes before everything else.
        Event::ReceiptFrozen(_) if heard.staff().is_none() => {
            to.lane = Lane::Critical;
            to.notify_all([Owner, Heads], Ask::ReachAnew, &case, None);
        }
        // They have a new one.
        Event::ReceiptIssued(_) => to.settle(Ask::ReachAnew, case),
        // Done by staff, who know.
        Event::ReceiptFrozen(_) | Event::CaseKeyBegun(_) => {}
    }
}
