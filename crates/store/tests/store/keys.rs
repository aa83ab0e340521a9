//! Key epochs: one after the other in each compartment, and wrapped once more at rest.

use flare_contracts::{
    common::v1::{EpochAuthor, KeyEpoch, KeyWrap},
    input,
};
use flare_kernel::{CaseId, StaffId};
use flare_seal::{Compartment, ServiceKey, WRAPPED_LEN};
use flare_store::{
    Database, Error, Migration, Schema, Tx, Write,
    keys::{self, SealedEpoch},
    sql,
};
use flare_testkit::{Sandbox, on_both_engines};

use crate::fixtures::run;

on_both_engines!(what_is_stored_is_wrapped_once_more_and_bound_to_its_row, crate::keys::SCHEMA);
on_both_engines!(an_epoch_follows_the_newest_of_its_compartment, crate::keys::SCHEMA);
on_both_engines!(epochs_come_back_as_they_were_given, crate::keys::SCHEMA);

const SCHEMA: Schema = Schema {
    name: "keys",
    migrations: &[Migration { version: 1000, name: "keys", sql: MIGRATION }],
    refusals: &[],
};

const MIGRATION: &str = "
    CREATE TABLE key_epochs (
        stream TEXT NOT NULL,
        compartment TEXT NOT NULL,
        epoch BIGINT NOT NULL,
        author BYTEA,
        PRIMARY KEY (stream, compartment, epoch)
    );
    CREATE TABLE key_wraps (
        stream TEXT NOT NULL,
        compartment TEXT NOT NULL,
        epoch BIGINT NOT NULL,
        recipient TEXT NOT NULL,
        generation BIGINT NOT NULL,
        wrapped BYTEA NOT NULL,
        PRIMARY KEY (stream, compartment, epoch, recipient),
        FOREIGN KEY (stream, compartment, epoch) REFERENCES key_epochs (stream, compartment, epoch)
    );
";

const HELD: [Compartment; 2] = [Compartment::Thread, Compartment::Payment];

struct Begin(SealedEpoch);

impl Write for Begin {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        self.0.begin(tx).await
    }
}

struct Insert(Vec<SealedEpoch>);

impl Write for Insert {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        keys::insert(tx, &self.0).await
    }
}

fn case() -> CaseId {
    CaseId::from_bytes([1; 16])
}

fn service() -> ServiceKey {
    ServiceKey::from_bytes([7; 32])
}

/// An epoch whose wraps stand in the order in which they are read.
fn key(compartment: Compartment, epoch: u32) -> KeyEpoch {
    let mut readers = compartment.readers().to_vec();
    readers.sort_unstable();
    let wrap = |recipient: &str| KeyWrap {
        recipient: recipient.to_owned(),
        generation: 3,
        wrapped: vec![5; WRAPPED_LEN],
    };
    let wraps = readers.into_iter().map(wrap).collect();
    KeyEpoch { compartment: input::compartment_out(compartment).into(), epoch, wraps, author: None }
}

fn sealed(key: KeyEpoch) -> SealedEpoch {
    SealedEpoch::seal("key", Some(key), case(), &HELD, &service()).unwrap()
}

async fn all(database: &Database, compartments: &[Compartment]) -> Result<Vec<KeyEpoch>, Error> {
    keys::all(&mut database.clone(), case(), compartments, &service()).await
}

async fn what_is_stored_is_wrapped_once_more_and_bound_to_its_row(sandbox: Sandbox) {
    let database = &sandbox.database;
    database.write(Begin(sealed(key(Compartment::Thread, 1)))).await.unwrap();
    let stored = database.fetch_all(sql("SELECT wrapped FROM key_wraps")).await.unwrap();
    assert_eq!(stored.len(), 2);
    assert!(stored.iter().all(|row| row.bytes("wrapped").unwrap() != [5; WRAPPED_LEN]));
    all(database, &HELD).await.unwrap();
    let elsewhere = "UPDATE key_wraps SET recipient = 'receipt' WHERE recipient = 'recovery'";
    run(database, move |tx| Box::pin(tx.execute(sql(elsewhere)))).await.unwrap();
    let outcome = all(database, &HELD).await;
    assert!(matches!(outcome, Err(Error::Corrupt(_))), "{outcome:?}");
}

async fn an_epoch_follows_the_newest_of_its_compartment(sandbox: Sandbox) {
    let database = &sandbox.database;
    let begin = async |compartment, epoch| database.write(Begin(sealed(key(compartment, epoch)))).await;
    for epoch in [1, 2] {
        begin(Compartment::Thread, epoch).await.unwrap();
    }
    let wrong = [(Compartment::Thread, 2), (Compartment::Thread, 4), (Compartment::Payment, 3)];
    for (compartment, epoch) in wrong {
        match begin(compartment, epoch).await {
            Err(Error::Refused(refusal)) => {
                let told = (refusal.reason, refusal.violations[0].field.as_str());
                assert_eq!(told, ("OLD_KEY_EPOCH", "key.epoch"));
            }
            other => panic!("{compartment} {epoch}: {other:?}"),
        }
    }
    begin(Compartment::Payment, 1).await.unwrap();
    let reads = &mut database.clone();
    let of = [Compartment::Payment, Compartment::Notes, Compartment::Thread];
    assert_eq!(keys::newest(reads, case(), of).await.unwrap(), [1, 0, 2]);
    assert_eq!(keys::newest(reads, CaseId::from_bytes([2; 16]), of).await.unwrap(), [0; 3]);
}

async fn epochs_come_back_as_they_were_given(sandbox: Sandbox) {
    let database = &sandbox.database;
    let author = EpochAuthor {
        staff_id: StaffId::from_bytes([1; 16]).to_string(),
        encryption_key_digest: vec![1; 32],
        signing_key: vec![2; 32],
        certificate: vec![3; 64],
        signature: vec![4; 64],
    };
    let first = KeyEpoch { author: Some(author), ..key(Compartment::Thread, 1) };
    let (second, payment) = (key(Compartment::Thread, 2), key(Compartment::Payment, 1));
    let first_ones = [payment.clone(), first.clone()].map(sealed);
    database.write(Insert(first_ones.into())).await.unwrap();
    database.write(Begin(sealed(second.clone()))).await.unwrap();
    assert_eq!(all(database, &HELD).await.unwrap(), [first, second, payment.clone()]);
    assert_eq!(all(database, &[Compartment::Payment]).await.unwrap(), [payment]);
    assert!(all(database, &[Compartment::Notes]).await.unwrap().is_empty());
}

#[test]
fn an_epoch_is_of_a_compartment_that_is_held_and_wrapped_to_whoever_must_open_it() {
    let notes = key(Compartment::Notes, 1);
    match SealedEpoch::seal("keys[1]", Some(notes), case(), &HELD, &service()) {
        Err(Error::Refused(refusal)) => assert_eq!(refusal.violations[0].field, "keys[1].compartment"),
        Err(_) | Ok(_) => panic!("notes are not held here"),
    }
    let mut thread = key(Compartment::Thread, 1);
    let refusal = sealed(thread.clone()).check_wrapped_to(input::RECEIPT).unwrap_err();
    assert_eq!(refusal.violations[0].field, "key.wraps");
    thread.wraps.push(KeyWrap { recipient: input::RECEIPT.to_owned(), ..thread.wraps[0].clone() });
    sealed(thread).check_wrapped_to(input::RECEIPT).unwrap();
}
