//! What grants was asked to do with the money of a case.

use std::str::FromStr;

use flare_contracts::grants::v1::CaseMoney;

use super::listed::Unlisted;

/// What grants is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MoneyKind {
    /// Release nothing.
    Hold,
    /// Go on.
    Free,
    /// Never release what is not released yet.
    Stop,
}

/// Whether grants has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MoneyState {
    /// It is asked again until it does.
    Asked,
    /// It has.
    Done,
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

impl MoneyKind {
    /// Its name in tables.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Free => "free",
            Self::Stop => "stop",
        }
    }
}

impl FromStr for MoneyKind {
    type Err = Unlisted;

    fn from_str(text: &str) -> Result<Self, Unlisted> {
        [Self::Hold, Self::Free, Self::Stop].into_iter().find(|kind| kind.as_str() == text).ok_or(Unlisted)
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

impl MoneyState {
    /// Its name in tables.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Done => "done",
        }
    }
}

impl FromStr for MoneyState {
    type Err = Unlisted;

    fn from_str(text: &str) -> Result<Self, Unlisted> {
        [Self::Asked, Self::Done].into_iter().find(|state| state.as_str() == text).ok_or(Unlisted)
    }
}
