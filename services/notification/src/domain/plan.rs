//! What an event leads to.

use flare_kernel::{CaseId, GrantId, Lane, StaffId, Timestamp};

use super::{Ask, Facts};

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// All of triage.
    Officers,
    /// The heads of rapid response.
    Heads,
    /// All of finance.
    Finance,
    /// Everyone who votes, but for those who may not vote on this.
    Approvers {
        /// Who may not.
        excluded: Vec<StaffId>,
    },
    /// The case's owner; where there is none, the officers, and in a critical case the heads too.
    Owner,
    /// One person; where they have no access any more, the owner.
    Staff(StaffId),
}

impl Audience {
    /// Who is told instead of somebody who has no access any more, as it is stored with the notice.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Officers => "officers",
            // The other approvers were asked as well, and may have voted: heads can find one more.
            Self::Heads | Self::Approvers { .. } => "heads",
            Self::Finance => "finance",
            Self::Owner | Self::Staff(_) => "owner",
        }
    }

    /// The audience of a code.
    pub(crate) fn of_code(code: &str) -> Option<Self> {
        [Self::Officers, Self::Heads, Self::Finance, Self::Owner].into_iter().find(|one| one.code() == code)
    }
}

/// A notice to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoticePlan {
    pub(crate) audience: Audience,
    pub(crate) ask: Ask,
    /// The thing whose next step settles it.
    pub(crate) about: String,
    pub(crate) due: Option<Timestamp>,
    /// Whoever did it themselves and need not be told.
    pub(crate) except: Option<StaffId>,
}

/// Notices whose reason is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Settle {
    /// What was asked about a thing, of everyone.
    Asked(Ask, String),
    /// What was asked about a thing, of one person.
    AskedOf(Ask, String, StaffId),
    /// Everything about a grant.
    Grant(GrantId),
    /// Everything about a case.
    Case(CaseId),
}

/// All that an event leads to. Settling comes before raising.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Routed {
    /// What is known from now on.
    pub(crate) facts: Facts,
    /// How soon it matters.
    pub(crate) lane: Lane,
    pub(crate) settle: Vec<Settle>,
    /// Whoever is in several audiences is told by the first only.
    pub(crate) plans: Vec<NoticePlan>,
}

impl Routed {
    /// Plans a notice.
    pub(super) fn notify(
        &mut self,
        audience: Audience,
        ask: Ask,
        about: impl Into<String>,
    ) -> &mut NoticePlan {
        self.plans.push(NoticePlan { audience, ask, about: about.into(), due: None, except: None });
        let last = self.plans.len() - 1;
        &mut self.plans[last]
    }

    /// Plans the same notice for several audiences.
    pub(super) fn notify_all<const N: usize>(
        &mut self,
        audiences: [Audience; N],
        ask: Ask,
        about: &str,
        except: Option<StaffId>,
    ) {
        for audience in audiences {
            self.notify(audience, ask, about).except(except);
        }
    }

    /// Settles what was asked of everyone.
    pub(super) fn settle(&mut self, ask: Ask, about: impl Into<String>) {
        self.settle.push(Settle::Asked(ask, about.into()));
    }

    /// Settles several asks about one thing.
    pub(super) fn settle_all<const N: usize>(&mut self, asks: [Ask; N], about: &str) {
        for ask in asks {
            self.settle(ask, about);
        }
    }
}

impl NoticePlan {
    /// Names until when.
    pub(super) fn until(&mut self, due: Option<Timestamp>) -> &mut Self {
        self.due = due;
        self
    }

    /// Leaves one person out.
    pub(super) fn except(&mut self, staff: Option<StaffId>) -> &mut Self {
        self.except = staff;
        self
    }
}
