//! What a notice asks.

use flare_kernel::codes;

codes! {
    /// What a notice asks of whoever gets it. The codes are stable: programs and translations hang on them.
    #[derive(PartialOrd, Ord)]
    pub(crate) enum Ask {
        /// Take a new case.
        Acknowledge = "acknowledge",
        /// A case has no owner though it is time.
        AcknowledgeOverdue = "acknowledge_overdue",
        /// A case is not assessed though it is time.
        AssessOverdue = "assess_overdue",
        /// A need has no outcome though it is time.
        OutcomeOverdue = "outcome_overdue",
        /// A case was given to you.
        TakeOver = "take_over",
        /// A case was reopened or goes on.
        TakeUpAgain = "take_up_again",
        /// The requester wrote.
        Answer = "answer",
        /// The requester added answers to their request.
        ReadAnswers = "read_answers",
        /// The requester attached a file.
        ReadFile = "read_file",
        /// A person is not safe: should the case be paused?
        ConsiderPause = "consider_pause",
        /// Nobody has heard from the requester.
        CheckWelfare = "check_welfare",
        /// A referral came to nothing: the need is open again.
        DecideNeed = "decide_need",
        /// A grant was recommended.
        DraftGrant = "draft_grant",
        /// The requester agrees with the proposal.
        SubmitGrant = "submit_grant",
        /// A grant was drafted or returned and not submitted though it is time.
        SubmitOverdue = "submit_overdue",
        /// The requester or an approver wants the proposal changed.
        ReviseGrant = "revise_grant",
        /// Vote.
        Vote = "vote",
        /// Votes are missing though it is time.
        VotesOverdue = "votes_overdue",
        /// Tell the requester what was decided.
        TellRequester = "tell_requester",
        /// The case is no longer verified.
        Verify = "verify",
        /// Enter who is to be paid.
        EnterPayee = "enter_payee",
        /// Check the payee that somebody else entered.
        CheckPayee = "check_payee",
        /// The agreement was refused or no longer stands.
        SettleAgreement = "settle_agreement",
        /// Set money aside.
        ReserveFunds = "reserve_funds",
        /// Be the second to authorise an advance.
        AuthoriseAdvance = "authorise_advance",
        /// Release a payment.
        ReleaseTranche = "release_tranche",
        /// Send a payment that was released.
        SendTranche = "send_tranche",
        /// Find out whether a payment arrived.
        ConfirmArrival = "confirm_arrival",
        /// Nobody knows whether a payment arrived, and it is time.
        ArrivalOverdue = "arrival_overdue",
        /// A payment did not arrive.
        TracePayment = "trace_payment",
        /// A payment came back.
        RescheduleTranche = "reschedule_tranche",
        /// Be the second to write a payment off.
        ConfirmWriteOff = "confirm_write_off",
        /// A payment is lost.
        NoteLoss = "note_loss",
        /// Nothing may be paid any more, or for now.
        StopPayments = "stop_payments",
        /// Payments may go on.
        ResumePayments = "resume_payments",
        /// The requester withdraws: settle what is under way.
        SettleWithdrawal = "settle_withdrawal",
        /// Ask for the report.
        CollectReport = "collect_report",
        /// The report is missing though it is time.
        ReportOverdue = "report_overdue",
        /// The requester sent the report.
        ReadReport = "read_report",
        /// Everything is there to close the grant.
        CloseGrant = "close_grant",
        /// Be the second to close a grant.
        ConfirmClose = "confirm_close",
        /// A grant is not closed though it is time.
        CloseOverdue = "close_overdue",
        /// A grant was closed: can the case be?
        CloseCase = "close_case",
        /// The requester asks that somebody else looks again at what was declined.
        ReviewDecline = "review_decline",
        /// Others have seen the requester's code, which is frozen: reach them another way.
        ReachAnew = "reach_anew",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_plain_and_stands_once_and_is_named_in_proto() {
        let codes: BTreeSet<_> = Ask::ALL.iter().map(|ask| ask.as_str()).collect();
        assert_eq!(codes.len(), Ask::ALL.len());
        let proto = include_str!("../../../../proto/flare/notification/v1/notification.proto");
        for code in codes {
            assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code}");
            let named = proto.split(|c: char| !(c.is_ascii_lowercase() || c == '_')).any(|word| word == code);
            assert!(named, "{code} is not listed in notification.proto");
        }
    }
}
