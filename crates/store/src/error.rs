//! What can go wrong in a write or a read.

use flare_contracts::{Cause, Refusal};
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
    /// The database did not answer in time. What was asked of it may have happened or not.
    #[error("the database did not answer in time")]
    Late,
    /// This one's turn did not come in time: so many write at once, or a write hangs. It may be tried again.
    #[error("its turn to write did not come in time")]
    Busy,
    /// What this rests on has not come yet. Nothing is wrong; it is tried again until it has.
    #[error("not yet: {0}")]
    NotYet(&'static str),
    /// The transaction saw an error earlier and may not commit (PostgreSQL would answer that it did).
    #[error("a transaction that saw an error was to be committed")]
    Poisoned,
    /// Something stored cannot be read back as what it must be. Names the column or the row, never its content.
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
        let error = match self {
            Self::Late | Self::Busy | Self::NotYet(_) => return true,
            Self::Database(error) => error,
            Self::Refused(_) | Self::Poisoned | Self::Corrupt(_) | Self::Random(_) | Self::Stopped(_) => {
                return false;
            }
        };
        if let sqlx::Error::Database(error) = error {
            // PostgreSQL: connection lost, out of resources, stopped by an operator, lock or statement timeout.
            // SQLite: the disk fails, or is full, or the file cannot be opened.
            let code = error.code();
            let code = code.as_deref().unwrap_or_default();
            let away = code.len() == 5 && ["08", "53", "57"].iter().any(|class| code.starts_with(class));
            let no_disk = matches!(sqlite_code(code), Some(10 | 13 | 14));
            return away || no_disk || code == "55P03" || self.is_collision();
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
            Some(code) => matches!(sqlite_code(code), Some(5 | 6)),
            None => false,
        }
    }
}

/// SQLite's primary code, which an extended one has in its low byte. PostgreSQL's codes have five characters.
fn sqlite_code(code: &str) -> Option<u32> {
    code.parse::<u32>().ok().filter(|_| code.len() < 5).map(|code| code & 0xff)
}

/// Whether the connection is gone, so that whatever comes next on it would fail too.
pub(crate) fn is_severed(error: &sqlx::Error) -> bool {
    if let sqlx::Error::Database(error) = error {
        // PostgreSQL: connection lost, shut down by an operator, crashed.
        let code = error.code().unwrap_or_default();
        return code.len() == 5 && (code.starts_with("08") || code.starts_with("57P"));
    }
    matches!(error, sqlx::Error::Io(_))
}

impl From<Error> for Status {
    /// A refusal is told in full. Anything else is logged here, once, and told without its cause.
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Busy => {
                tracing::warn!(%error, "a call failed");
                Refusal::from(Cause::TooBusy).into()
            }
            Error::Database(_) | Error::Late | Error::NotYet(_) | Error::Stopped(_) => {
                tracing::error!(%error, "a call failed");
                Refusal::from(Cause::StoreUnavailable).into()
            }
            Error::Poisoned | Error::Corrupt(_) | Error::Random(_) => {
                tracing::error!(%error, "a call failed");
                Self::internal("something broke on our side; nothing was changed")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, fmt};

    use sqlx::error::{DatabaseError, ErrorKind};

    use super::*;

    /// An error with a code, as an engine gives it.
    #[derive(Debug)]
    struct Coded(&'static str);

    impl fmt::Display for Coded {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Coded {}

    impl DatabaseError for Coded {
        fn message(&self) -> &str {
            self.0
        }
        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }
        fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
            self
        }
        fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
            self
        }
        fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
            self
        }
        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    #[test]
    fn a_bad_moment_is_told_from_a_bad_statement() {
        let coded = |code| Error::Database(sqlx::Error::Database(Box::new(Coded(code))));
        // Busy, a full disk, failing and extended I/O, a file that cannot be opened; then PostgreSQL's.
        for code in ["5", "517", "13", "10", "778", "14", "1038", "40001", "57P01", "08006", "53100", "55P03"]
        {
            assert!(coded(code).is_transient(), "{code}");
        }
        // An error, a constraint, a corrupt file; a unique violation, a syntax error, one whose number looks like 10.
        for code in ["1", "19", "2067", "11", "23505", "42601", "03082"] {
            assert!(!coded(code).is_transient(), "{code}");
        }
        assert!(
            Error::Late.is_transient() && Error::NotYet("x").is_transient() && Error::Busy.is_transient()
        );
        assert!(!Error::Poisoned.is_transient());
    }
}
