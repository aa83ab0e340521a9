//! Several replicas may start at once.

use flare_kernel::random;
use flare_store::{Database, DatabaseOptions, DatabaseUrl, DatabaseUrlError};
use flare_testkit::postgres_url;

use crate::fixtures::{SCHEMA, note, notes, run};

/// Opens the same tables eight times at once.
async fn open_at_once(url: DatabaseUrl) -> Vec<Database> {
    let opening: Vec<_> = (0..8)
        .map(|_| {
            let url = url.clone();
            let options = DatabaseOptions { connections: 2, ..DatabaseOptions::default() };
            tokio::spawn(async move { Database::open(&url, SCHEMA, options).await })
        })
        .collect();
    let mut databases = Vec::new();
    for database in opening {
        databases.push(database.await.unwrap().unwrap());
    }
    for (number, database) in databases.iter().enumerate() {
        let thing = format!("bridge_{number}");
        run(database, move |tx| {
            let thing = thing.clone();
            Box::pin(async move { note(tx, &thing, "anna", 1).await })
        })
        .await
        .unwrap();
    }
    assert_eq!(notes(&databases[0]).await, 8);
    databases
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_may_migrate_one_file_at_once() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        open_at_once(DatabaseUrl::Sqlite(folder.path().to_owned())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_may_migrate_one_schema_at_once() {
    let Some(url) = postgres_url() else { return };
    let schema_prefix = format!("t{:032x}_", u128::from_be_bytes(random().unwrap()));
    let databases = open_at_once(DatabaseUrl::Postgres { url, schema_prefix: schema_prefix.clone() }).await;
    run(&databases[0], move |tx| {
        let schema = format!("{schema_prefix}{}", SCHEMA.name);
        let drop_schema = sqlx::query(sqlx::AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE")));
        Box::pin(async move { tx.execute(drop_schema).await })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_prefix_that_would_need_quoting_is_refused() {
    for schema_prefix in ["Upper", "1st", "a-b", "x;", "é", "_a"] {
        let url =
            DatabaseUrl::Postgres { url: "postgres://nowhere".into(), schema_prefix: schema_prefix.into() };
        let refused = Database::open(&url, SCHEMA, DatabaseOptions::default()).await;
        assert!(matches!(refused, Err(DatabaseUrlError::Prefix)), "{schema_prefix}");
    }
}

#[test]
fn an_address_never_shows_its_password() {
    let url =
        DatabaseUrl::Postgres { url: "postgres://a:secret@host/db".into(), schema_prefix: String::new() };
    assert!(!format!("{url:?}").contains("secret"));
}
