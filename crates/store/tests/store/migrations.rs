//! Several replicas may start at once.

use std::time::Duration;

use flare_kernel::random;
use flare_store::{Database, DatabaseOptions, DatabaseUrl, DatabaseUrlError, Migration, Schema};
use flare_testkit::{Sandbox, on_both_engines, postgres_url};

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

/// sqlx migrates one schema of a database at a time; the bounds that hold for callers must not end who waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_migration_makes_others_wait_and_none_fail() {
    const SLOW: Schema = Schema {
        name: "slow",
        migrations: &[Migration { version: 1000, name: "slow", sql: "SELECT pg_sleep(0.3)" }],
        refusals: &[],
    };
    let Some(url) = postgres_url() else { return };
    let opening: Vec<_> = (0..3)
        .map(|_| {
            let schema_prefix = format!("t{:032x}_", u128::from_be_bytes(random().unwrap()));
            let schema = format!("{schema_prefix}{}", SLOW.name);
            let url = DatabaseUrl::Postgres { url: url.clone(), schema_prefix };
            let options =
                DatabaseOptions { lock_timeout: Duration::from_millis(100), ..DatabaseOptions::default() };
            (schema, tokio::spawn(async move { Database::open(&url, SLOW, options).await }))
        })
        .collect();
    for (schema, database) in opening {
        let database = database.await.unwrap().unwrap();
        let drop_schema = format!("DROP SCHEMA {schema} CASCADE");
        run(&database, move |tx| {
            let drop_schema = sqlx::query(sqlx::AssertSqlSafe(drop_schema.clone()));
            Box::pin(async move { tx.execute(drop_schema).await })
        })
        .await
        .unwrap();
    }
}

on_both_engines!(an_old_replica_starts_though_a_new_one_has_migrated, crate::fixtures::SCHEMA);
async fn an_old_replica_starts_though_a_new_one_has_migrated(sandbox: Sandbox) {
    const NEXT: Schema = Schema {
        migrations: &[
            SCHEMA.migrations[0],
            Migration { version: 1001, name: "more", sql: "CREATE TABLE more (one BIGINT NOT NULL)" },
        ],
        ..SCHEMA
    };
    let url = sandbox.url();
    Database::open(&url, NEXT, DatabaseOptions::default()).await.unwrap();
    let old = Database::open(&url, SCHEMA, DatabaseOptions::default()).await.unwrap();
    run(&old, |tx| Box::pin(note(tx, "bridge", "anna", 1))).await.unwrap();
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
