//! A need, as the requester is shown it.

use flare_contracts::{common::v1::NeedKind, triage::v1::Outcome};
use flare_kernel::{NeedId, Timestamp, codes};

use crate::domain::grant::{Grant, Stage};

codes! {
    /// How a need ended, or that it has not.
    pub(crate) enum NeedOutcome {
        /// Not ended.
        Open = "open",
        /// Given directly.
        Given = "given",
        /// A grant is to be made for it.
        Recommended = "recommended",
        /// A supporter covers it.
        Covered = "covered",
        /// Another organisation was asked.
        Referred = "referred",
        /// We cannot help with it.
        Declined = "declined",
    }
}

impl NeedOutcome {
    /// What a requester is shown of triage's outcome; nothing for one that triage never sends.
    pub(crate) const fn from_triage(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Unspecified => None,
            Outcome::Open => Some(Self::Open),
            Outcome::Given => Some(Self::Given),
            Outcome::Recommended | Outcome::Granted => Some(Self::Recommended),
            Outcome::Covered => Some(Self::Covered),
            Outcome::Referred | Outcome::ReferralAccepted => Some(Self::Referred),
            Outcome::Declined => Some(Self::Declined),
        }
    }
}

/// A need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) id: NeedId,
    pub(crate) kind: NeedKind,
    pub(crate) outcome: NeedOutcome,
    /// Why it was declined, in triage's code; empty while it is not.
    pub(crate) reason: String,
    /// When triage said so.
    pub(crate) since: Timestamp,
}

impl Need {
    /// The outcome, minding what became of the grants that cover it. One whose grant was rejected, withdrawn or
    /// terminated is open again, unless it was recommended anew after that or another grant still covers it; one whose
    /// grant has run its course was given. Triage and grants tell these things in streams of their own, so it is the
    /// times that decide and not the order of arrival.
    pub(crate) fn shown(&self, grants: &[Grant]) -> NeedOutcome {
        if self.outcome != NeedOutcome::Recommended {
            return self.outcome;
        }
        let covering = || grants.iter().filter(|grant| grant.needs.contains(&self.id));
        let over = || covering().filter(|grant| grant.over_at.is_some_and(|at| at > self.since));
        if over().next().is_none() || covering().any(|grant| grant.over_at.is_none()) {
            NeedOutcome::Recommended
        } else if over().any(|grant| grant.stage == Stage::Closed) {
            NeedOutcome::Given
        } else {
            NeedOutcome::Open
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::grant::tests::grant;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn a_rejected_grant_opens_its_needs_until_they_are_recommended_again() {
        let need = |since| Need {
            id: NeedId::from_bytes([1; 16]),
            kind: NeedKind::Medical,
            outcome: NeedOutcome::Recommended,
            reason: String::new(),
            since: at(since),
        };
        let over = |over_at| Grant { needs: vec![need(0).id], over_at, ..grant() };
        assert_eq!(need(5).shown(&[]), NeedOutcome::Recommended);
        assert_eq!(need(5).shown(&[over(None)]), NeedOutcome::Recommended);
        assert_eq!(need(5).shown(&[over(Some(at(6)))]), NeedOutcome::Open);
        assert_eq!(need(7).shown(&[over(Some(at(6)))]), NeedOutcome::Recommended, "recommended anew");
        assert_eq!(
            need(5).shown(&[over(Some(at(6))), over(None)]),
            NeedOutcome::Recommended,
            "another grant"
        );
        let other = Grant { needs: Vec::new(), ..over(Some(at(6))) };
        assert_eq!(need(5).shown(&[other]), NeedOutcome::Recommended);
        let given = Need { outcome: NeedOutcome::Given, ..need(5) };
        assert_eq!(given.shown(&[over(Some(at(6)))]), NeedOutcome::Given);
    }

    #[test]
    fn a_need_whose_grant_has_run_its_course_was_given() {
        let need = |since| Need {
            id: NeedId::from_bytes([1; 16]),
            kind: NeedKind::Medical,
            outcome: NeedOutcome::Recommended,
            reason: String::new(),
            since: at(since),
        };
        let covering = |stage, over: Option<i64>| Grant {
            needs: vec![need(0).id],
            stage,
            over_at: over.map(at),
            ..grant()
        };
        let closed = || covering(Stage::Closed, Some(6));
        assert_eq!(need(5).shown(&[closed()]), NeedOutcome::Given);
        assert_eq!(need(7).shown(&[closed()]), NeedOutcome::Recommended, "recommended anew");
        assert_eq!(need(5).shown(&[closed(), covering(Stage::Active, None)]), NeedOutcome::Recommended);
        assert_eq!(need(5).shown(&[closed(), covering(Stage::Terminated, Some(7))]), NeedOutcome::Given);
        assert_eq!(need(5).shown(&[covering(Stage::Terminated, Some(6))]), NeedOutcome::Open);
    }
}
