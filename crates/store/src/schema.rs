//! A service's tables: its migrations, and what breaking each constraint means to a caller.

use std::borrow::Cow;

use flare_contracts::Refusal;
use sqlx::migrate::{MigrationType, Migrator};

/// One migration file, included at compile time.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// The file's number. A service's own begin at 1000; below that are the tables of this crate.
    pub version: i64,
    /// The file's name without number and ending.
    pub name: &'static str,
    /// The file's text.
    pub sql: &'static str,
}

/// What breaking a constraint means to a caller.
#[derive(Clone, Copy, Debug)]
pub struct ConstraintRefusal {
    /// The constraint's name: what PostgreSQL reports, and SQLite for a `CHECK`.
    pub name: &'static str,
    /// What SQLite reports for a `UNIQUE`: the columns as `table.column, table.column`; empty for a `CHECK`.
    pub columns: &'static str,
    /// The refusal.
    pub refusal: fn() -> Refusal,
}

/// A service's tables and rules.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// The service's name: names the SQLite file and the PostgreSQL schema.
    pub name: &'static str,
    /// In order of version.
    pub migrations: &'static [Migration],
    /// The constraints that a caller can run into.
    pub refusals: &'static [ConstraintRefusal],
}

const OWN: &[Migration] = &[
    Migration { version: 1, name: "store", sql: include_str!("../migrations/0001_store.sql") },
    Migration { version: 2, name: "applied", sql: include_str!("../migrations/0002_applied.sql") },
];

impl Schema {
    /// The migrations of this crate and of the service as one list.
    pub(crate) fn migrator(&self) -> Migrator {
        let all = OWN.iter().chain(self.migrations).map(|migration| {
            sqlx::migrate::Migration::new(
                migration.version,
                Cow::Borrowed(migration.name),
                MigrationType::Simple,
                sqlx::SqlSafeStr::into_sql_str(migration.sql),
                false,
            )
        });
        let mut migrator = Migrator::with_migrations(all.collect());
        // While a new version comes in, an old replica may have to start again: migrations suit the code before them.
        migrator.set_ignore_missing(true);
        migrator
    }

    /// The refusal that a broken constraint stands for, if the caller can have caused it.
    pub(crate) fn refusal(&self, error: &sqlx::Error) -> Option<Refusal> {
        let error = error.as_database_error()?;
        let found = self.refusals.iter().find(|known| match error.constraint() {
            Some(name) => name == known.name,
            None => names(error.message(), known),
        })?;
        Some((found.refusal)())
    }
}

/// Whether SQLite's message (`UNIQUE constraint failed: votes.grant_id, votes.voter` or
/// `CHECK constraint failed: votes_not_proposer`) is about this constraint.
fn names(message: &str, known: &ConstraintRefusal) -> bool {
    message
        .split_once("constraint failed: ")
        .is_some_and(|(_, what)| what == known.name || (!known.columns.is_empty() && what == known.columns))
}
