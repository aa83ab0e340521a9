//! A small service: notes on things, and counters of them; and a table with a column of each kind.

use std::{pin::Pin, sync::Arc};

use flare_contracts::{
    Kind, Reason,
    events::v1::{IntakeEvent, ReceiptIssued},
};
use flare_kernel::Lane;
use flare_store::{ConstraintRefusal, Database, Error, Migration, Schema, Tx, Write, sql};
use tokio::{sync::Semaphore, task::JoinHandle};

pub(crate) const SCHEMA: Schema = Schema {
    name: "notes",
    migrations: &[Migration { version: 1000, name: "notes", sql: MIGRATION }],
    refusals: &[
        ConstraintRefusal {
            name: "notes_thing_author",
            columns: "notes.thing, notes.author",
            refusal: || NoteRefusal::Second.into(),
        },
        ConstraintRefusal {
            name: "notes_not_about_oneself",
            columns: "",
            refusal: || NoteRefusal::AboutOneself.into(),
        },
    ],
};

const MIGRATION: &str = "
    CREATE TABLE notes (
        thing TEXT NOT NULL,
        author TEXT NOT NULL,
        stars BIGINT NOT NULL CONSTRAINT notes_stars CHECK (stars <= 5),
        CONSTRAINT notes_thing_author UNIQUE (thing, author),
        CONSTRAINT notes_not_about_oneself CHECK (thing <> author)
    );
    CREATE TABLE sheets (
        sheet TEXT NOT NULL PRIMARY KEY,
        since BIGINT, day TEXT, lane BIGINT, reason TEXT, mode TEXT, wait BIGINT, is_open BIGINT, currency TEXT,
        amount BIGINT, digest BYTEA, name TEXT, version BIGINT, epoch BIGINT, ciphertext BYTEA, tag BYTEA,
        commitment BYTEA
    );
    CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL);
    INSERT INTO counters (name, value) VALUES ('a', 0), ('b', 0);
";

flare_contracts::coded! {
    enum NoteRefusal {
        Second = "SECOND_NOTE", "one note from each";
        AboutOneself = "ABOUT_ONESELF", "not about oneself";
    }
}

impl Reason for NoteRefusal {
    fn kind(&self) -> Kind {
        match self {
            Self::Second => Kind::State,
            Self::AboutOneself => Kind::Invalid,
        }
    }
}

pub(crate) type Doing<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A write made of a closure.
pub(crate) struct Do<F>(F);

impl<T, F> Write for Do<F>
where
    T: Send + 'static,
    F: for<'a> Fn(&'a mut Tx) -> Doing<'a, T> + Send + Sync + 'static,
{
    type Output = T;

    async fn apply(&self, tx: &mut Tx) -> Result<T, Error> {
        (self.0)(tx).await
    }
}

/// A closure as a write.
pub(crate) fn doing<T, F>(write: F) -> Do<F>
where
    F: for<'a> Fn(&'a mut Tx) -> Doing<'a, T>,
{
    Do(write)
}

/// Runs a closure as a write.
pub(crate) async fn run<T, F>(database: &Database, write: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: for<'a> Fn(&'a mut Tx) -> Doing<'a, T> + Send + Sync + 'static,
{
    database.write(Do(write)).await
}

/// A write that has added a note and now holds its transaction, and with it the one writer of a file.
pub(crate) struct Held {
    go_on: Arc<Semaphore>,
    writing: JoinHandle<Result<(), Error>>,
}

impl Held {
    /// Begins it; it is in the middle when this returns.
    pub(crate) async fn begin(database: &Database) -> Self {
        let (begun, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let write = {
            let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
            doing(move |tx| {
                let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
                Box::pin(async move {
                    note(tx, "bridge", "anna", 3).await?;
                    begun.add_permits(1);
                    go_on.acquire().await.unwrap().forget();
                    Ok(())
                })
            })
        };
        let database = database.clone();
        let writing = tokio::spawn(async move { database.write(write).await });
        begun.acquire().await.unwrap().forget();
        Self { go_on, writing }
    }

    /// Lets it end.
    pub(crate) async fn end(self) {
        self.go_on.add_permits(1);
        self.writing.await.unwrap().unwrap();
    }
}

pub(crate) async fn note(tx: &mut Tx, thing: &str, author: &str, stars: i64) -> Result<(), Error> {
    let query = sql("INSERT INTO notes (thing, author, stars) VALUES ($1, $2, $3)")
        .bind(thing.to_owned())
        .bind(author.to_owned())
        .bind(stars);
    tx.execute(query).await.map(drop)
}

/// Reads a counter, waits a little, writes it back with one more: lost updates wherever nothing is locked.
pub(crate) async fn count_up(tx: &mut Tx, name: &'static str) -> Result<i64, Error> {
    let row = tx.fetch_one(sql("SELECT value FROM counters WHERE name = $1").bind(name)).await?;
    let value = row.int("value")? + 1;
    tokio::task::yield_now().await;
    tx.execute(sql("UPDATE counters SET value = $2 WHERE name = $1").bind(name).bind(value)).await?;
    Ok(value)
}

pub(crate) async fn counter(database: &Database, name: &'static str) -> i64 {
    let query = sql("SELECT value FROM counters WHERE name = $1").bind(name);
    database.fetch_optional(query).await.unwrap().unwrap().int("value").unwrap()
}

pub(crate) async fn notes(database: &Database) -> usize {
    database.fetch_all(sql("SELECT thing FROM notes")).await.unwrap().len()
}

/// Logs events of a history in one write.
pub(crate) async fn log(database: &Database, stream: &'static str, events: usize) -> i64 {
    run(database, move |tx| {
        Box::pin(async move {
            tx.lock(&[&stream]).await?;
            for _ in 0..events {
                let event = IntakeEvent::from(ReceiptIssued {
                    case_id: stream.to_owned(),
                    ..ReceiptIssued::default()
                });
                tx.append(stream, Lane::Urgent, "requester", &event)?;
            }
            Ok(tx.version(stream))
        })
    })
    .await
    .unwrap()
}
