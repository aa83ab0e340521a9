//! Looks into the databases from outside: everything that happened was handled, once, and nothing is left over.

use std::{collections::BTreeMap, time::Duration};

use flare_contracts::Service;
use flare_messaging::listens_to;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Row as _};

use super::{Installation, block_on, today, within};

/// Waits until every event is applied by everyone who listens to it, and checks that each was, once. `patience` bounds
/// the wait.
pub(crate) fn settled(installation: &Installation, patience: Duration) {
    let mut left = Vec::new();
    let quiet = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        within(patience, "everything that happened is handled", || {
            left = leftovers(installation);
            left.is_empty().then_some(())
        });
    }));
    assert!(quiet.is_ok(), "left over:\n{}", left.join("\n"));
    whole_streams(installation);
    notices_once(installation);
}

/// The rows that a statement gives, each as its columns' texts. `{}` stands for what comes before a table's name.
pub(crate) fn rows(installation: &Installation, service: Service, statement: &str) -> Vec<Vec<String>> {
    let (url, prefix) = installation.database(service);
    rows_at(&url, &prefix, statement)
}

/// The same, of a database.
pub(crate) fn rows_at(url: &str, prefix: &str, statement: &str) -> Vec<Vec<String>> {
    sqlx::any::install_default_drivers();
    block_on(async {
        let mut connection = AnyConnection::connect(url).await.unwrap();
        let statement = statement.replace("{}", prefix);
        let rows = sqlx::query(AssertSqlSafe(statement)).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        rows.iter()
            .map(|row| {
                let text = |column| {
                    row.try_get::<String, _>(column)
                        .or_else(|_| row.try_get::<i64, _>(column).map(|number| number.to_string()))
                        .unwrap_or_default()
                };
                (0..row.len()).map(text).collect()
            })
            .collect()
    })
}

/// Changes rows behind the services' back.
fn change(url: &str, prefix: &str, statement: &str) -> u64 {
    sqlx::any::install_default_drivers();
    block_on(async {
        let mut connection = AnyConnection::connect(url).await.unwrap();
        let statement = statement.replace("{}", prefix);
        let done = sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        done.rows_affected()
    })
}

/// Nobody can wait until the end date of a grant, and Flare has no way to turn its clock: this brings the date and its
/// timer forward in the database of grants, and the service does the rest.
pub(crate) fn end_date_passes(url: &str, prefix: &str, grant: &str) {
    let yesterday = today().add_days(-1);
    for statement in [
        format!(
            "UPDATE {{}}grants SET start_on = '{yesterday}', end_on = '{yesterday}' WHERE grant_id = '{grant}'"
        ),
        format!("UPDATE {{}}timers SET due = 1 WHERE stream = '{grant}' AND kind = 'end'"),
    ] {
        assert_eq!(change(url, prefix, &statement), 1, "{statement}");
    }
}

fn leftovers(installation: &Installation) -> Vec<String> {
    let mut left = Vec::new();
    for service in Service::ALL {
        for (table, columns) in [("outbox", "stream, seq, attempts"), ("inbox", "producer, stream, seq")] {
            let found = rows(installation, service, &format!("SELECT {columns} FROM {{}}{table}"));
            left.extend(found.into_iter().map(|row| format!("{service}.{table}: {}", row.join(" "))));
        }
        let statement = "SELECT producer, stream, seq, reason FROM {}cursors WHERE reason IS NOT NULL";
        let found = rows(installation, service, statement);
        left.extend(found.into_iter().map(|row| format!("{service} quarantined {}", row.join(" "))));
        let cursors: BTreeMap<(String, String), String> =
            rows(installation, service, "SELECT producer, stream, seq FROM {}cursors")
                .into_iter()
                .map(|row| ((row[0].clone(), row[1].clone()), row[2].clone()))
                .collect();
        for producer in listens_to(service) {
            for head in rows(installation, *producer, "SELECT stream, seq FROM {}streams WHERE seq > 0") {
                let at = cursors.get(&(producer.to_string(), head[0].clone())).map_or("0", String::as_str);
                if at != head[1] {
                    left.push(format!("{service} is at {at} of {} of {producer}'s {}", head[1], head[0]));
                }
            }
        }
    }
    left
}

/// Every stream has all its events, numbered from 1 without a gap, and none twice.
fn whole_streams(installation: &Installation) {
    let statement = "SELECT s.stream, s.seq, COUNT(e.seq), MIN(e.seq), MAX(e.seq), COUNT(DISTINCT e.event_id) \
                     FROM {}streams s JOIN {}events e ON e.stream = s.stream GROUP BY s.stream, s.seq";
    for service in Service::ALL {
        for row in rows(installation, service, statement) {
            let [stream, seq, count, first, last, ids] = row.as_slice() else { unreachable!() };
            assert_eq!(first, "1", "{service} {stream}");
            assert!(seq == count && seq == last && seq == ids, "{service} {stream}: {row:?}");
        }
    }
}

/// Nobody was told the same thing twice.
fn notices_once(installation: &Installation) {
    let statement =
        "SELECT event_id, staff_id, COUNT(*) FROM {}notices GROUP BY event_id, staff_id HAVING COUNT(*) > 1";
    let twice = rows(installation, Service::Notification, statement);
    assert!(twice.is_empty(), "told twice: {twice:?}");
}
