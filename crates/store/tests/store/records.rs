//! What is written column by column, and what is read back.

use flare_contracts::common::v1::{Mode, SealedField};
use flare_kernel::{CaseId, Currency, Date, Duration, Lane, Money, Timestamp};
use flare_store::{Error, Record, Row, Tx, Value, Write, sql};
use flare_testkit::{Sandbox, on_both_engines};

use crate::fixtures::{note, run};

on_both_engines!(what_is_stored_is_read_back, crate::fixtures::SCHEMA);
on_both_engines!(what_is_not_there_is_null, crate::fixtures::SCHEMA);
on_both_engines!(what_no_type_fits_is_corrupt, crate::fixtures::SCHEMA);
on_both_engines!(a_row_is_new_or_written_over, crate::fixtures::SCHEMA);
on_both_engines!(only_a_row_that_is_there_is_updated, crate::fixtures::SCHEMA);

const CASE: CaseId = CaseId::from_bytes([7; 16]);
const REASONS: &[&str] = &["unsafe", "other"];

fn day() -> Date {
    "2026-12-01".parse().unwrap()
}

fn money() -> Money {
    Money::new(Currency::parse("EUR").unwrap(), 940_000).unwrap()
}

fn sealed() -> SealedField {
    SealedField {
        name: "notes.note".to_owned(),
        version: 2,
        epoch: 3,
        ciphertext: vec![1; 40],
        tag: vec![2; 32],
        commitment: Vec::new(),
    }
}

/// A row with something in every column.
fn full() -> Record {
    Record::of("sheets")
        .key("sheet", CASE)
        .first("since", Timestamp::from_micros(5))
        .set("day", day())
        .set("lane", Lane::Urgent)
        .set("reason", Value::unless_empty("other"))
        .set("mode", Mode::Reactive.as_str_name())
        .set("wait", Duration::from_secs(1))
        .set("is_open", true)
        .set("currency", money().currency().code())
        .set("amount", money().minor())
        .set("digest", [9_u8; 32])
        .set("name", sealed().name)
        .set("version", sealed().version)
        .sealed(&sealed())
}

/// The same row with nothing but its key.
fn empty() -> Record {
    Record::of("sheets")
        .key("sheet", CASE)
        .set("day", None::<Date>)
        .set("lane", None::<Lane>)
        .set("reason", None::<&str>)
        .set("currency", Value::unless_empty(""))
        .set("amount", None::<i64>)
        .set("digest", None::<[u8; 32]>)
        .set("version", None::<u32>)
}

/// Writes a record in one of the ways there are.
#[derive(Clone, Copy)]
enum How {
    Insert,
    Save,
    Update,
}

struct Put(How, fn() -> Record);

impl Write for Put {
    type Output = bool;

    async fn apply(&self, tx: &mut Tx) -> Result<bool, Error> {
        let record = (self.1)();
        match self.0 {
            How::Insert => record.insert(tx).await.map(|()| true),
            How::Save => record.save(tx).await.map(|()| true),
            How::Update => record.update(tx).await,
        }
    }
}

async fn put(sandbox: &Sandbox, how: How, record: fn() -> Record) -> bool {
    sandbox.database.write(Put(how, record)).await.unwrap()
}

async fn row(sandbox: &Sandbox) -> Row {
    sandbox.database.fetch_optional(sql("SELECT * FROM sheets")).await.unwrap().unwrap()
}

async fn what_is_stored_is_read_back(sandbox: Sandbox) {
    put(&sandbox, How::Insert, full).await;
    let row = row(&sandbox).await;
    assert_eq!(row.id("sheet").unwrap(), CASE);
    assert_eq!(row.timestamp("since").unwrap(), Timestamp::from_micros(5));
    assert_eq!((row.parse::<Date>("day").unwrap(), row.flag("is_open").unwrap()), (day(), true));
    assert_eq!(row.number("lane", Lane::from_i64).unwrap(), Lane::Urgent);
    assert_eq!((row.code("reason", REASONS).unwrap(), row.int("wait").unwrap()), ("other", 1_000_000));
    assert_eq!(row.word("mode", Mode::from_str_name).unwrap(), Mode::Reactive);
    assert_eq!(row.money("amount").unwrap(), money());
    assert_eq!(row.amount("amount", money().currency()).unwrap(), money());
    assert_eq!(row.array::<32>("digest").unwrap(), [9; 32]);
    assert_eq!(row.sealed().unwrap(), sealed());
    assert_eq!(row.sealed_as("other".to_owned(), 1).unwrap().name, "other");

    assert_eq!(row.parse_or_null("day").unwrap(), Some(day()));
    assert_eq!(row.number_or_null("lane", Lane::from_i64).unwrap(), Some(Lane::Urgent));
    assert_eq!(row.code_or_null("reason", REASONS).unwrap(), Some("other"));
    assert_eq!(row.text_or_empty("reason").unwrap(), "other");
    assert_eq!(row.small_or_null("version").unwrap(), Some(2));
    assert_eq!(row.array_or_null("digest").unwrap(), Some([9; 32]));
}

async fn what_is_not_there_is_null(sandbox: Sandbox) {
    put(&sandbox, How::Insert, empty).await;
    let row = row(&sandbox).await;
    assert_eq!(row.parse_or_null::<Date>("day").unwrap(), None);
    assert_eq!(row.number_or_null("lane", Lane::from_i64).unwrap(), None);
    assert_eq!(row.code_or_null("reason", REASONS).unwrap(), None);
    assert_eq!(row.small_or_null("version").unwrap(), None);
    assert_eq!(row.array_or_null::<32>("digest").unwrap(), None);
    assert_eq!(row.timestamp_or_null("since").unwrap(), None);
    assert_eq!(row.text_or_null("currency").unwrap(), None);
    assert_eq!(row.text_or_empty("currency").unwrap(), "");
    assert!(row.text("reason").is_err() && row.int("amount").is_err() && row.bytes("digest").is_err());
}

async fn what_no_type_fits_is_corrupt(sandbox: Sandbox) {
    put(&sandbox, How::Insert, || {
        let record = Record::of("sheets").key("sheet", "case_x").set("day", "2026-13-01").set("lane", 4_i64);
        let record = record.set("reason", "else").set("mode", "reactive").set("digest", [9_u8; 31]);
        record.set("currency", "EUR").set("amount", -1_i64).set("version", -1_i64)
    })
    .await;
    let row = row(&sandbox).await;
    let faults = [
        row.parse_or_null::<CaseId>("sheet").map(drop),
        row.parse_or_null::<Date>("day").map(drop),
        row.number_or_null("lane", Lane::from_i64).map(drop),
        row.code("reason", REASONS).map(drop),
        row.code_or_null("reason", REASONS).map(drop),
        row.word("mode", Mode::from_str_name).map(drop),
        row.money("amount").map(drop),
        row.small("version").map(drop),
        row.array_or_null::<32>("digest").map(drop),
    ];
    for fault in faults {
        // It names the column and never what stands in it.
        assert!(matches!(&fault, Err(Error::Corrupt(column)) if !column.contains(' ')), "{fault:?}");
    }
}

async fn a_row_is_new_or_written_over(sandbox: Sandbox) {
    put(&sandbox, How::Save, full).await;
    put(&sandbox, How::Save, || empty().first("since", Timestamp::from_micros(6)).set("mode", "new")).await;
    let row = row(&sandbox).await;
    assert_eq!(row.timestamp("since").unwrap(), Timestamp::from_micros(5), "as it was when the row was new");
    assert_eq!((row.text_or_null("reason").unwrap(), row.text("mode").unwrap().as_str()), (None, "new"));
    assert!(row.flag("is_open").unwrap(), "what is not set stays");

    let twice = sandbox.database.write(Put(How::Insert, full)).await;
    assert!(matches!(twice, Err(Error::Database(_))), "{twice:?}");
    let added = async |thing: &'static str| {
        let fresh = move || Record::of("notes").key("thing", thing).key("author", "anna").set("stars", 3_i64);
        run(&sandbox.database, move |tx| Box::pin(fresh().insert_new(tx))).await.unwrap()
    };
    run(&sandbox.database, |tx| Box::pin(note(tx, "bridge", "anna", 4))).await.unwrap();
    assert_eq!((added("bridge").await, added("road").await), (false, true));
}

async fn only_a_row_that_is_there_is_updated(sandbox: Sandbox) {
    assert!(!put(&sandbox, How::Update, full).await);
    put(&sandbox, How::Insert, empty).await;
    let other = || Record::of("sheets").key("sheet", "other").set("mode", "other");
    put(&sandbox, How::Insert, other).await;
    assert!(put(&sandbox, How::Update, full).await);
    let rows = sandbox.database.fetch_all(sql("SELECT * FROM sheets ORDER BY sheet")).await.unwrap();
    let [updated, other] = rows.as_slice() else { panic!("two rows") };
    assert_eq!((updated.sealed().unwrap(), updated.timestamp_or_null("since").unwrap()), (sealed(), None));
    assert_eq!(other.text("mode").unwrap(), "other");
    assert_eq!(other.text_or_null("reason").unwrap(), None);
}
