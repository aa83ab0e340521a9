//! What can go wrong in a write or a read.

use flare_contracts::{Kind, Refusal};
use flare_kernel::RandomError;
use tonic::Status;

/// Why a write or a read did not happen. Nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule said no, in the domain or in the database; the caller is told.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The database failed. The caller learns only that something is away.
    #[error("the database failed: {0}")]
    Database(#[source] sqlx::Error),
    /// The transaction saw an error earlier and may not commit (PostgreSQL would answer that it did).
    #[error("a transaction that saw an error was to be committed")]
    Poisoned,
    /// Something stored cannot be read back as what it must be. Names the column, never its content.
    #[error("{0} holds something that it never should")]
    Corrupt(String),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The write's task panicked or was stopped by shutdown.
    #[error("the write was stopped: {0}")]
    Stopped(String),
}

impl Error {
    /// Whether nothing is wrong but the moment: the database is away, busy or shutting down. Trying again later is
    /// right, and counting it as a failure of what was tried is not.
    pub fn is_transient(&self) -> bool {
        let Self::Database(error) = self else { return false };
        if let sqlx::Error::Database(error) = error {
            // PostgreSQL: connection lost, out of resources, stopped by an operator, lock or statement timeout.
            let code = error.code();
            let code = code.as_deref().unwrap_or_default();
            let away = code.len() == 5 && ["08", "53", "57"].iter().any(|class| code.starts_with(class));
            return away || code == "55P03" || self.is_collision();
        }
        matches!(
            error,
            sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::BeginFailed
        )
    }

    /// Whether the engine gave up this transaction for the sake of another, so that repeating it is right.
    pub(crate) fn is_collision(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        // PostgreSQL: serialization failure, deadlock. SQLite: busy, busy snapshot, locked (primary code in the low byte).
        match error.code().as_deref() {
            Some("40001" | "40P01") => true,
            Some(code) => code.parse::<u32>().is_ok_and(|code| code < 10_000 && matches!(code & 0xff, 5 | 6)),
            None => false,
        }
    }
}

impl From<Error> for Status {
    /// A refusal is told in full. Anything else is logged here, once, and told without its cause.
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Database(_) | Error::Stopped(_) => {
                tracing::error!(%error, "a call failed");
                Refusal::new(
                    Kind::Unavailable,
                    "STORE_UNAVAILABLE",
                    "we cannot look or write now; try again in a moment",
                )
                .into()
            }
            Error::Poisoned | Error::Corrupt(_) | Error::Random(_) => {
                tracing::error!(%error, "a call failed");
                Self::internal("something broke on our side; nothing was changed")
            }
        }
    }
}
