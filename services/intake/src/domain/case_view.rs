//! What intake knows of the work on a case: derived from triage's events and from the requester's own acts.

use flare_contracts::{Cause, Refusal};
use flare_kernel::{CaseId, Codename, Lane, Timestamp, codes};

codes! {
    /// How far the work has come.
    pub(crate) enum Progress {
        /// Nobody has answered yet.
        Received = "received",
        /// Somebody owns it.
        Acknowledged = "acknowledged",
        /// It is being worked on.
        Assessed = "assessed",
        /// It is over, unless reopened.
        Closed = "closed",
    }
}

codes! {
    /// Whether triage stopped the case.
    pub(crate) enum Stop {
        /// It did not.
        None = "none",
        /// Paused for somebody's safety.
        Paused = "paused",
        /// Held for an inquiry.
        Held = "held",
        /// Withdrawn.
        Withdrawn = "withdrawn",
    }
}

/// A case, as far as intake knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CaseView {
    pub(crate) case: CaseId,
    /// The name that triage gave it; none until triage has opened it.
    pub(crate) codename: Option<Codename>,
    pub(crate) lane: Lane,
    pub(crate) progress: Progress,
    /// The requester withdrew, and triage has not closed the case since.
    pub(crate) asked_to_stop: bool,
    pub(crate) stop: Stop,
    /// Grants has confirmed that no money moves any more.
    pub(crate) money_stopped: bool,
    /// When the requester was last heard of.
    pub(crate) heard_at: Option<Timestamp>,
    /// By when triage owes its next step.
    pub(crate) answer_by: Option<Timestamp>,
}

impl CaseView {
    pub(crate) const fn new(case: CaseId, lane: Lane) -> Self {
        Self {
            case,
            codename: None,
            lane,
            progress: Progress::Received,
            asked_to_stop: false,
            stop: Stop::None,
            money_stopped: false,
            heard_at: None,
            answer_by: None,
        }
    }

    /// The requester was in touch, here or on another channel.
    pub(crate) fn record_contact(&mut self, at: Timestamp) {
        self.heard_at = self.heard_at.max(Some(at));
    }

    /// Triage opened the case, and named it.
    pub(crate) fn opened(&mut self, codename: Codename, lane: Lane, acknowledge_by: Option<Timestamp>) {
        self.codename = Some(codename);
        self.lane = lane;
        self.answer_by = acknowledge_by;
    }

    /// Triage acknowledged it.
    pub(crate) fn acknowledged(&mut self, assess_by: Option<Timestamp>) {
        self.progress = Progress::Acknowledged;
        self.answer_by = assess_by;
    }

    /// Triage assessed it, perhaps again.
    pub(crate) fn assessed(&mut self, lane: Lane, outcome_by: Option<Timestamp>) {
        self.lane = lane;
        self.progress = Progress::Assessed;
        self.answer_by = outcome_by;
    }

    /// Triage raised its lane, and owes its next step sooner, if it owes one.
    pub(crate) fn raised(&mut self, lane: Lane, due: Option<Timestamp>) {
        self.lane = lane;
        self.answer_by = due.or(self.answer_by);
    }

    /// Triage stopped it.
    pub(crate) fn stopped(&mut self, how: Stop) {
        self.stop = how;
        self.money_stopped = false;
    }

    /// A pause or an inquiry is over. A requester who asked to stop meanwhile is still heard.
    pub(crate) fn resumed(&mut self) {
        self.stop = Stop::None;
        self.money_stopped = false;
    }

    /// Triage closed it, which it does only when nothing is under way.
    pub(crate) fn closed(&mut self) {
        self.progress = Progress::Closed;
        self.asked_to_stop = false;
        self.answer_by = None;
    }

    /// Triage took it up again.
    pub(crate) fn reopened(&mut self) {
        self.progress = Progress::Assessed;
        self.asked_to_stop = false;
        self.stop = Stop::None;
        self.money_stopped = false;
    }

    /// Whether the case is withdrawn, or about to be.
    const fn is_ending(&self) -> bool {
        self.asked_to_stop || matches!(self.stop, Stop::Withdrawn)
    }

    /// Refuses words of staff while nothing may go out. An inquiry may ask on; a person who is not safe, or who
    /// withdrew, is left alone.
    pub(crate) fn may_be_written_to(&self) -> Result<(), Refusal> {
        let silent = self.is_ending() || matches!(self.stop, Stop::Paused);
        if silent { Err(Cause::CaseStopped.into()) } else { Ok(()) }
    }

    /// Refuses an act of the requester on a grant of a case that is over.
    pub(crate) fn goes_on(&self) -> Result<(), Refusal> {
        if self.is_ending() || matches!(self.progress, Progress::Closed) {
            return Err(Cause::CaseEnded.into());
        }
        Ok(())
    }

    /// The requester withdraws. Says whether that is news: withdrawing twice is withdrawing.
    pub(crate) fn withdraw(&mut self) -> Result<bool, Refusal> {
        if self.is_ending() {
            return Ok(false);
        }
        if matches!(self.progress, Progress::Closed) {
            return Err(Cause::CaseClosed.into());
        }
        self.asked_to_stop = true;
        Ok(true)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn view() -> CaseView {
        CaseView::new(CaseId::from_bytes([1; 16]), Lane::Urgent)
    }

    /// Every state that matters to a decision.
    fn all() -> impl Iterator<Item = CaseView> {
        Progress::ALL.iter().flat_map(|progress| {
            Stop::ALL.iter().flat_map(move |stop| {
                [false, true].map(|asked_to_stop| CaseView {
                    progress: *progress,
                    stop: *stop,
                    asked_to_stop,
                    ..view()
                })
            })
        })
    }

    #[test]
    fn staff_are_silent_exactly_while_paused_withdrawn_or_asked_to_stop() {
        for view in all() {
            let silent = view.asked_to_stop || view.stop == Stop::Paused || view.stop == Stop::Withdrawn;
            assert_eq!(view.may_be_written_to().is_err(), silent, "{view:?}");
            if let Err(refusal) = view.may_be_written_to() {
                assert_eq!((refusal.kind, refusal.reason), (flare_contracts::Kind::State, "CASE_STOPPED"));
            }
        }
    }

    #[test]
    fn withdrawing_is_news_once_and_possible_until_the_close() {
        for mut view in all() {
            let ending = view.asked_to_stop || view.stop == Stop::Withdrawn;
            let before = view.clone();
            match view.withdraw() {
                Ok(news) => {
                    assert_eq!(news, !ending);
                    assert!(view.asked_to_stop || view.stop == Stop::Withdrawn);
                    assert_eq!(view.withdraw(), Ok(false));
                }
                Err(refusal) => {
                    assert_eq!(refusal.reason, "CASE_CLOSED");
                    assert_eq!((before.progress, ending), (Progress::Closed, false));
                    assert_eq!(view, before, "a refusal changes nothing");
                }
            }
        }
    }

    #[test]
    fn acts_on_grants_end_with_the_case() {
        for view in all() {
            let over =
                view.asked_to_stop || view.stop == Stop::Withdrawn || view.progress == Progress::Closed;
            assert_eq!(view.goes_on().is_err(), over, "{view:?}");
        }
    }

    #[test]
    fn a_pause_that_ends_does_not_undo_a_withdrawal_and_a_reopening_does() {
        let mut view = view();
        view.stopped(Stop::Paused);
        assert_eq!(view.withdraw(), Ok(true));
        view.resumed();
        assert!(view.asked_to_stop && view.stop == Stop::None);
        view.stopped(Stop::Withdrawn);
        view.money_stopped = true;
        view.reopened();
        assert!(!view.asked_to_stop && view.stop == Stop::None && !view.money_stopped);
        assert_eq!(view.progress, Progress::Assessed);
    }

    #[test]
    fn words_are_read_back() {
        for stop in Stop::ALL {
            assert_eq!(stop.as_str().parse(), Ok(*stop));
        }
        assert!("Paused".parse::<Stop>().is_err());
    }
}
