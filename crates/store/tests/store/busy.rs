//! So many write at once that the turn of one does not come in time: it is told that we are busy, for nothing is away.

use std::{sync::Arc, time::Duration};

use flare_contracts::{Cause, ToldRefusal};
use flare_store::{Database, DatabaseOptions, DatabaseUrl, Error};
use tokio::sync::Semaphore;
use tonic::Status;

use crate::fixtures::{SCHEMA, run};

#[tokio::test]
async fn a_write_whose_turn_does_not_come_is_told_that_we_are_busy() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().to_owned());
    let options = DatabaseOptions { acquire_timeout: Duration::from_secs(2), ..DatabaseOptions::default() };
    let database = Database::open(&url, SCHEMA, options).await.unwrap();
    let (begun, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let long = {
        let (database, begun, go_on) = (database.clone(), Arc::clone(&begun), Arc::clone(&go_on));
        tokio::spawn(async move {
            run(&database, move |_| {
                let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
                Box::pin(async move {
                    begun.add_permits(1);
                    go_on.acquire().await.unwrap().forget();
                    Ok(())
                })
            })
            .await
        })
    };
    begun.acquire().await.unwrap().forget();
    let lock = || run(&database, |tx| Box::pin(async move { tx.lock(&[&"case_1"]).await }));
    let busy = lock().await.unwrap_err();
    assert!(matches!(busy, Error::Busy) && busy.is_transient(), "{busy:?}");
    assert_eq!(ToldRefusal::read(&Status::from(busy)).unwrap().cause, Cause::TooBusy);
    go_on.add_permits(1);
    long.await.unwrap().unwrap();
    lock().await.unwrap();
}
