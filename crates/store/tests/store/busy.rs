//! So many write at once that the turn of one does not come in time: it is told that we are busy, for nothing is away.

use std::time::Duration;

use flare_contracts::{Cause, ToldRefusal};
use flare_store::{Database, DatabaseOptions, DatabaseUrl, Error};
use tonic::Status;

use crate::fixtures::{Held, SCHEMA, run};

#[tokio::test]
async fn a_write_whose_turn_does_not_come_is_told_that_we_are_busy() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().to_owned());
    let options = DatabaseOptions { acquire_timeout: Duration::from_secs(2), ..DatabaseOptions::default() };
    let database = Database::open(&url, SCHEMA, options).await.unwrap();
    let long = Held::begin(&database).await;
    let lock = || run(&database, |tx| Box::pin(async move { tx.lock(&[&"case_1"]).await }));
    let busy = lock().await.unwrap_err();
    assert!(matches!(busy, Error::Busy) && busy.is_transient(), "{busy:?}");
    assert_eq!(ToldRefusal::read(&Status::from(busy)).unwrap().cause, Cause::TooBusy);
    long.end().await;
    lock().await.unwrap();
}
