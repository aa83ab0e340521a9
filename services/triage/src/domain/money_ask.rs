//! What grants was asked to do with the money of a case.

use flare_contracts::grants::v1::CaseMoney;
use flare_kernel::codes;

codes! {
    /// What grants is to do.
    pub(crate) enum MoneyKind {
        /// Release nothing.
        Hold = "hold",
        /// Go on.
        Free = "free",
        /// Never release what is not released yet.
        Stop = "stop",
    }
}

codes! {
    /// Whether grants has answered.
    pub(crate) enum MoneyState {
        /// It is asked again until it does.
        Asked = "asked",
        /// It has.
        Done = "done",
    }
}

/// The last thing grants was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MoneyAsk {
    pub(crate) kind: MoneyKind,
    pub(crate) state: MoneyState,
    /// The version of the case that asks, known when it is first stored. It is never seen twice, so it names the asking,
    /// and it tells grants which of two is the newer.
    pub(crate) version: Option<i64>,
}

impl MoneyAsk {
    /// Something to ask for the first time.
    pub(crate) const fn new(kind: MoneyKind) -> Self {
        Self { kind, state: MoneyState::Asked, version: None }
    }
}

/// What a case's money is once grants has done it.
impl From<MoneyKind> for CaseMoney {
    fn from(kind: MoneyKind) -> Self {
        match kind {
            MoneyKind::Hold => Self::Held,
            MoneyKind::Free => Self::Free,
            MoneyKind::Stop => Self::Stopped,
        }
    }
}
