//! What becomes of a grant.

use flare_contracts::{
    events::v1::{GrantOverdue, ReportRecorded, TrancheMoved, grants_event::Event},
    grants::v1::{Gate, TrancheState},
};

use super::{Heard, Malformed, codename, proposer, staff, time};
use crate::domain::{
    Ask,
    Audience::{Approvers, Finance, Heads, Owner, Staff},
    GrantFacts, Routed, Settle,
};

pub(super) fn route(event: &Event, heard: &Heard<'_>, to: &mut Routed) -> Result<(), Malformed> {
    let grant = heard.grant_id();
    match event {
        Event::GrantDrafted(event) => {
            // Triage's own telling of it may still be on its way.
            to.facts.codename = codename(&event.codename).or(to.facts.codename.take());
            to.facts.grant =
                Some(GrantFacts { proposer: staff("proposer", &event.proposer)?, active: false });
            to.settle(Ask::DraftGrant, heard.case_id());
        }
        // Whatever was voted no longer counts, so nobody's vote is waited for.
        Event::GrantRevised(_) => {
            to.settle_all([Ask::ReviseGrant, Ask::SubmitGrant, Ask::Vote, Ask::VotesOverdue], &grant);
        }
        Event::GrantSubmitted(event) => {
            let mut excluded = vec![staff("proposer", &event.proposer)?];
            for one in &event.excluded {
                excluded.push(staff("excluded", one)?);
            }
            to.settle_all([Ask::ReviseGrant, Ask::SubmitGrant, Ask::SubmitOverdue, Ask::Vote], &grant);
            to.notify(Approvers { excluded }, Ask::Vote, grant).until(time(event.due.as_ref()));
        }
        // Told again to whoever has not voted, with less time.
        Event::VoteHastened(event) => {
            let excluded = event.excluded.iter().map(|one| staff("excluded", one));
            let excluded = excluded.collect::<Result<_, _>>()?;
            to.settle(Ask::Vote, &grant);
            to.notify(Approvers { excluded }, Ask::Vote, grant).until(time(event.due.as_ref()));
        }
        Event::VoteCast(event) => {
            to.settle.push(Settle::AskedOf(Ask::Vote, grant, staff("voter", &event.voter)?));
        }
        Event::ConflictDeclared(event) => {
            to.settle.push(Settle::AskedOf(Ask::Vote, grant, staff("approver", &event.approver)?));
        }
        Event::GrantReturned(event) => {
            to.settle_all([Ask::Vote, Ask::VotesOverdue], &grant);
            to.notify(Staff(staff("proposer", &event.proposer)?), Ask::ReviseGrant, grant);
        }
        Event::GrantRejected(event) => {
            end(heard, to);
            to.notify(Staff(staff("proposer", &event.proposer)?), Ask::TellRequester, grant);
        }
        Event::GrantApproved(event) => {
            to.settle_all([Ask::Vote, Ask::VotesOverdue], &grant);
            to.notify(Staff(staff("proposer", &event.proposer)?), Ask::TellRequester, grant);
        }
        Event::GateOpened(event) => gate_opened(event.gate(), &grant, to),
        Event::GateClosed(event) => gate_closed(event.gate(), &grant, to),
        Event::PayeeEntered(event) => {
            to.settle_all([Ask::EnterPayee, Ask::CheckPayee], &grant);
            to.notify(Finance, Ask::CheckPayee, grant).except(Some(staff("by", &event.by)?));
        }
        Event::AgreementPosted(_) => to.settle(Ask::TellRequester, grant),
        Event::AdvanceAuthorised(event) => {
            to.settle(Ask::AuthoriseAdvance, &grant);
            if event.complete {
                to.notify(Finance, Ask::ReleaseTranche, grant);
            } else {
                let by = Some(staff("by", &event.by)?);
                let approvers = Approvers { excluded: Vec::new() };
                to.notify_all([Heads, Finance, approvers], Ask::AuthoriseAdvance, &grant, by);
            }
        }
        Event::GrantActivated(_) => {
            if let Some(known) = &mut to.facts.grant {
                known.active = true;
            }
            to.notify(Finance, Ask::ReleaseTranche, grant);
        }
        Event::TrancheMoved(event) => tranche(event, heard, to),
        Event::GrantEnded(event) => {
            to.notify(Owner, Ask::CollectReport, grant).until(time(event.report_due.as_ref()));
        }
        Event::ReportDueSet(event) => {
            to.settle_all([Ask::CollectReport, Ask::ReportOverdue, Ask::CloseGrant], &grant);
            match time(event.report_due.as_ref()) {
                Some(due) => to.notify(Owner, Ask::CollectReport, grant).until(Some(due)),
                None => to.notify(Owner, Ask::CloseGrant, grant),
            };
        }
        Event::ReportRecorded(event) => report(event, heard, to),
        Event::CloseProposed(event) => {
            to.settle_all([Ask::CloseGrant, Ask::ReadReport, Ask::CloseOverdue], &grant);
            to.notify_all([Finance, Heads, Owner], Ask::ConfirmClose, &grant, Some(staff("by", &event.by)?));
        }
        Event::GrantClosed(_) => {
            end(heard, to);
            to.notify(Owner, Ask::CloseCase, heard.case_id()).except(heard.staff());
        }
        Event::GrantWithdrawn(_) => end(heard, to),
        Event::GrantTerminated(_) => {
            end(heard, to);
            to.notify_all([Finance, Owner], Ask::StopPayments, &grant, heard.staff());
        }
        Event::GrantOverdue(event) => overdue(event, &grant, to),
        // Told by intake, or on the way to something that is told; or records that ask nothing of anybody. That money is
        // held or freed is told by triage, for the whole case.
        Event::ProposalShown(_)
        | Event::ProposalAccepted(_)
        | Event::FundsReserved(_)
        | Event::MoneyHeld(_)
        | Event::MoneyFreed(_)
        | Event::GrantKeyBegun(_) => {}
    }
    Ok(())
}

/// Nothing about the grant is to be done any more.
fn end(heard: &Heard<'_>, to: &mut Routed) {
    to.settle.extend(heard.grant.map(Settle::Grant));
    if let Some(known) = &mut to.facts.grant {
        known.active = false;
    }
}

/// A step is late. Told again and again while it lasts; only the latest stays.
fn overdue(event: &GrantOverdue, grant: &str, to: &mut Routed) {
    let ask = match event.step.as_str() {
        "draft" => Ask::SubmitOverdue,
        "vote" => Ask::VotesOverdue,
        "report" => Ask::ReportOverdue,
        "arrival" => Ask::ArrivalOverdue,
        // The last step there is; a step that this version does not know comes to the same people.
        _ => Ask::CloseOverdue,
    };
    let about = if event.tranche_id.is_empty() { grant } else { &event.tranche_id };
    to.settle(ask, about);
    to.notify_all([Owner, Heads], ask, about, None);
}

fn report(event: &ReportRecorded, heard: &Heard<'_>, to: &mut Routed) {
    let grant = heard.grant_id();
    to.settle(Ask::ReportOverdue, &grant);
    // A deferred one is still owed.
    if event.how != "deferred" {
        to.settle(Ask::CollectReport, &grant);
        // A report that the requester sent was told when they sent it.
        if heard.staff().is_some() {
            to.notify(Owner, Ask::CloseGrant, grant).except(heard.staff());
        }
    }
}

fn gate_opened(gate: Gate, grant: &str, to: &mut Routed) {
    match gate {
        Gate::Voted => {
            to.notify(Finance, Ask::ReserveFunds, grant);
            to.notify(Owner, Ask::EnterPayee, grant);
        }
        Gate::Verified => to.settle(Ask::Verify, grant),
        Gate::PayeeChecked => to.settle_all([Ask::EnterPayee, Ask::CheckPayee], grant),
        Gate::Agreed => to.settle(Ask::SettleAgreement, grant),
        Gate::Funded => to.settle(Ask::ReserveFunds, grant),
        Gate::Unspecified => {}
    }
}

fn gate_closed(gate: Gate, grant: &str, to: &mut Routed) {
    match gate {
        Gate::Verified => to.notify_all([Owner], Ask::Verify, grant, None),
        Gate::PayeeChecked => to.notify_all([Finance, Owner], Ask::CheckPayee, grant, None),
        Gate::Agreed => to.notify_all([Owner], Ask::SettleAgreement, grant, None),
        Gate::Funded => to.notify_all([Finance], Ask::ReserveFunds, grant, None),
        // The change that voids the votes tells whoever made it what comes next.
        Gate::Voted | Gate::Unspecified => {}
    }
}

fn tranche(event: &TrancheMoved, heard: &Heard<'_>, to: &mut Routed) {
    const AFTER_SENDING: [Ask; 4] =
        [Ask::ConfirmArrival, Ask::ArrivalOverdue, Ask::TracePayment, Ask::ConfirmWriteOff];
    let about = &event.tranche_id;
    match event.state() {
        // Before the gates are open there is nothing to release; when they open, finance is told of the grant.
        TrancheState::Scheduled => {
            if to.facts.grant.is_some_and(|grant| grant.active) {
                to.notify(Finance, Ask::ReleaseTranche, about).except(heard.staff());
            }
        }
        TrancheState::Released => {
            to.settle_all([Ask::ReleaseTranche, Ask::RescheduleTranche], about);
            to.settle_all([Ask::ReleaseTranche, Ask::RescheduleTranche], &heard.grant_id());
            to.notify(Finance, Ask::SendTranche, about);
        }
        TrancheState::Sent => {
            to.settle(Ask::SendTranche, about);
            to.notify(Owner, Ask::ConfirmArrival, about);
        }
        TrancheState::InDoubt if event.write_off_proposed => {
            to.notify_all([Finance, Heads], Ask::ConfirmWriteOff, about, heard.staff());
        }
        TrancheState::InDoubt => {
            to.settle_all([Ask::ConfirmArrival, Ask::ArrivalOverdue], about);
            // What the requester reported was told when they did.
            if heard.staff().is_some() {
                to.notify_all([Finance, Owner], Ask::TracePayment, about, heard.staff());
            }
        }
        TrancheState::Arrived => to.settle_all(AFTER_SENDING, about),
        TrancheState::Returned => {
            to.settle_all(AFTER_SENDING, about);
            to.notify(Finance, Ask::RescheduleTranche, about).except(heard.staff());
            to.notify(proposer(to), Ask::RescheduleTranche, about).except(heard.staff());
        }
        TrancheState::Lost => {
            to.settle_all(AFTER_SENDING, about);
            to.notify_all([Heads, Finance, Owner], Ask::NoteLoss, about, heard.staff());
        }
        TrancheState::Unspecified => {}
    }
}
