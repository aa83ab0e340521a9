//! The services that log events.

use std::{fmt, str::FromStr};

use crate::{Coded, Params};

/// A service that logs events, and the name of its database, its queues and its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Staff, teams, keys.
    Identity,
    /// Requests, threads, files.
    Intake,
    /// Cases.
    Triage,
    /// Grants and money.
    Grants,
    /// Notices.
    Notification,
}

/// Why a text names no service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of identity, intake, triage, grants, notification")]
pub struct UnknownService;

impl Coded for UnknownService {
    fn code(&self) -> &'static str {
        "UNKNOWN_PRODUCER"
    }

    fn params(&self) -> Params {
        Params::new()
    }
}

impl Service {
    /// All of them, in the order in which they start.
    pub const ALL: [Self; 5] = [Self::Identity, Self::Intake, Self::Triage, Self::Grants, Self::Notification];

    /// The name in configuration, queues and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Intake => "intake",
            Self::Triage => "triage",
            Self::Grants => "grants",
            Self::Notification => "notification",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Service {
    type Err = UnknownService;

    fn from_str(text: &str) -> Result<Self, UnknownService> {
        Self::ALL.into_iter().find(|service| service.as_str() == text).ok_or(UnknownService)
    }
}
