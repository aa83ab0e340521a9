//! Submissions per second: on PostgreSQL against pgbench writing the same rows, and embedded up to the stored notice.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use flare_contracts::{
    common::v1::Role, intake::v1::SubmitRequestRequest, notification::v1::ListInboxRequest,
};
use flare_edge::{Credential, Session, Team};
use futures::future::try_join_all;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

use crate::{
    Failure,
    installation::{Installation, Servers},
    people, report, requests,
};

/// Connections of the load, and of pgbench.
const CONNECTIONS: usize = 16;

/// How often submissions and pgbench take turns.
const ROUNDS: usize = 5;

const OFFICER: (&str, &[Role], &[Team]) = ("officer", &[Role::Officer], &[Team::Triage]);

/// Sends requests over several workers; requests per second.
async fn send(installation: &Installation, requests: Vec<SubmitRequestRequest>) -> Result<f64, Failure> {
    let count = requests.len();
    let mut hands: Vec<Vec<_>> = (0..CONNECTIONS).map(|_| Vec::new()).collect();
    for (index, request) in requests.into_iter().enumerate() {
        hands[index % CONNECTIONS].push(request);
    }
    let began = Instant::now();
    let workers = hands.into_iter().map(|hand| {
        let mut intake = installation.lines.intake(&Credential::NONE);
        tokio::spawn(async move {
            for request in hand {
                intake.submit_request(request).await?;
            }
            Ok::<_, tonic::Status>(())
        })
    });
    for done in try_join_all(workers).await? {
        done?;
    }
    Ok(rate(count, began.elapsed()))
}

fn rate(count: usize, took: Duration) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a few thousand")]
    let count = count as f64;
    count / took.as_secs_f64()
}

/// Embedded: submissions per second while each reaches the duty officer's inbox.
pub(crate) async fn embedded(submissions: usize) -> Result<(), Failure> {
    let installation = Installation::embedded().await?;
    let sessions = people::bring_in(&installation, &[OFFICER]).await?;
    let officer = sessions.first().ok_or("no officer")?;
    let requests = requests::compose(officer.bundle(), submissions)?;
    let began = Instant::now();
    let accepted = send(&installation, requests).await?;
    let accepted_all = began.elapsed();
    while count_notices(&installation).await? < i64::try_from(submissions)? {
        if began.elapsed() > Duration::from_mins(5) {
            return Err("the notices did not all arrive within 300 s".into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let noticed = rate(submissions, began.elapsed());
    let behind = began.elapsed().saturating_sub(accepted_all).as_secs_f64();
    report("embedded: submissions per second, accepted", &format!("{accepted:.0} /s"), ">= 300 /s");
    report(
        "embedded: submissions per second up to the stored notice",
        &format!("{noticed:.0} /s"),
        ">= 300 /s",
    );
    report("embedded: the last notice after the last submission", &format!("{behind:.2} s"), "flat backlog");
    installation.stop(None).await
}

async fn count_notices(installation: &Installation) -> Result<i64, Failure> {
    let file = installation.folder.path().join("notification.db");
    let mut connection =
        sqlx::SqliteConnection::connect(&format!("sqlite://{}?mode=ro", file.display())).await?;
    let row = sqlx::query("SELECT count(*) FROM notices").fetch_one(&mut connection).await?;
    Ok(row.try_get(0)?)
}

/// The caller's unread notices, the first page.
pub(crate) async fn inbox(session: &Session) -> Result<usize, Failure> {
    let request = ListInboxRequest { page_size: 200, page_token: String::new() };
    let mut notification = session.lines().notification(&session.credential().await?);
    Ok(notification.list_inbox(request).await?.into_inner().notices.len())
}

/// Distributed: submissions per second, accepted and up to the stored notice, divided by the transactions per second of
/// pgbench that write the same rows.
pub(crate) async fn against_pgbench(submissions: usize) -> Result<(), Failure> {
    let servers = Servers::from_environment()?;
    let installation = Installation::distributed(&servers).await?;
    let sessions = people::bring_in(&installation, &[OFFICER]).await?;
    let officer = sessions.first().ok_or("no officer")?;
    let mut notification = PgConnection::connect(&servers.postgres).await?;
    let schema = format!("SET search_path TO {}notification", installation.prefix);
    notification.execute(AssertSqlSafe(schema)).await?;
    let (mut accepted_ratios, mut noticed_ratios) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let requests = requests::compose(officer.bundle(), submissions)?;
        let began = Instant::now();
        let accepted = send(&installation, requests).await?;
        // pgbench must not run beside what is left of the work.
        while noticed_cases(&mut notification).await? < i64::try_from(round * submissions)? {
            if began.elapsed() > Duration::from_mins(5) {
                return Err("the notices did not all arrive within 300 s".into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let noticed = rate(submissions, began.elapsed());
        let pgbench = pgbench(&servers, &installation.prefix).await?;
        println!(
            "  round {round}: {accepted:.0} submissions/s accepted, {noticed:.0} /s up to the stored notice, \
             pgbench {pgbench:.0} transactions/s"
        );
        accepted_ratios.push(accepted / pgbench);
        noticed_ratios.push(noticed / pgbench);
    }
    for (what, ratios) in [("accepted", accepted_ratios), ("up to the stored notice", noticed_ratios)] {
        report(
            &format!("distributed: submissions/s {what} ÷ pgbench with the same rows, median of {ROUNDS}"),
            &format!("{:.2}", crate::median(ratios)),
            ">= 0.5",
        );
    }
    installation.stop(Some(&servers)).await
}

/// The cases that somebody has been told of.
async fn noticed_cases(notification: &mut PgConnection) -> Result<i64, Failure> {
    let row = sqlx::query("SELECT count(DISTINCT case_id) FROM notices").fetch_one(notification).await?;
    Ok(row.try_get(0)?)
}

/// Runs pgbench with prepared statements that write, in one transaction, the rows of one stored request under new keys.
async fn pgbench(servers: &Servers, prefix: &str) -> Result<f64, Failure> {
    let schema = format!("{prefix}intake");
    let mut connection = PgConnection::connect(&servers.postgres).await?;
    connection.execute(AssertSqlSafe(format!("SET search_path TO {schema}"))).await?;
    let script = tempfile::NamedTempFile::new()?;
    std::fs::write(script.path(), same_rows(&mut connection).await?)?;
    let output = Command::new(program("pgbench"))
        .args(["--no-vacuum", "--protocol=prepared", "--time=8", "--jobs=2"])
        .arg(format!("--client={CONNECTIONS}"))
        .arg(format!("--file={}", script.path().display()))
        .arg(&servers.postgres)
        .env("PGOPTIONS", format!("-c search_path={schema}"))
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().find(|line| line.starts_with("tps = ")).ok_or("pgbench printed no tps")?;
    Ok(line.trim_start_matches("tps = ").split(' ').next().ok_or("pgbench printed no tps")?.parse()?)
}

fn program(name: &str) -> String {
    let beside = |version: u32| format!("/usr/lib/postgresql/{version}/bin/{name}");
    let found = (13..=18).rev().map(beside).find(|path| std::path::Path::new(path).exists());
    found.unwrap_or_else(|| name.to_owned())
}

/// One transaction as a pgbench script: every row that one stored request has in intake's tables, with the case's id and
/// the other unique values replaced by fresh ones.
async fn same_rows(connection: &mut PgConnection) -> Result<String, Failure> {
    let case: String = sqlx::query("SELECT case_id FROM requests ORDER BY received DESC LIMIT 1")
        .fetch_one(&mut *connection)
        .await?
        .try_get(0)?;
    let mut script = String::from(
        "\\set a random(1, 9000000000000000000)\n\\set b random(1, 9000000000000000000)\nBEGIN;\n",
    );
    let tables = [
        ("requests", "case_id"),
        ("consents", "case_id"),
        ("receipts", "case_id"),
        ("key_epochs", "stream"),
        ("key_wraps", "stream"),
        ("answers", "case_id"),
        ("case_view", "case_id"),
        ("view_steps", "case_id"),
        ("streams", "stream"),
        ("events", "stream"),
    ];
    for (table, key) in tables {
        let columns = columns(connection, table).await?;
        let list =
            columns.iter().map(|column| format!("quote_nullable({column})")).collect::<Vec<_>>().join(", ");
        let select = format!("SELECT ARRAY[{list}] AS row FROM {table} WHERE {key} = $1");
        let rows = sqlx::query(AssertSqlSafe(select)).bind(&case).fetch_all(&mut *connection).await?;
        for row in rows {
            let values: Vec<String> = row.try_get("row")?;
            let values = columns.iter().zip(values).map(|(column, value)| fresh(column, &value, &case));
            let values = values.collect::<Vec<_>>().join(", ");
            let insert = ["INSERT INTO ", table, " (", &columns.join(", "), ") VALUES (", &values, ");\n"];
            script.extend(insert);
        }
    }
    script += "INSERT INTO outbox (stream, seq, lane, queued_at, due, claim, attempts) \
               VALUES ('bench' || :a::bigint || '-' || :b::bigint, 1, 3, 0, 9223372036854775807, '', 0);\n";
    script += "INSERT INTO idempotency (scope, rpc, request_id, fingerprint, reply, at) \
               VALUES ('bench' || :a::bigint || '-' || :b::bigint, 'SubmitRequest', 'bench', '\\x00', '\\x00', 0);\n";
    Ok(script + "COMMIT;\n")
}

/// A value of the copied row, or a fresh one where it must be unique.
fn fresh(column: &str, value: &str, case: &str) -> String {
    match column {
        "lookup_id" => {
            "decode(lpad(to_hex(:a::bigint), 16, '0') || lpad(to_hex(:b::bigint), 16, '0'), 'hex')".to_owned()
        }
        "event_id" | "source" => "'event' || :a::bigint || '-' || :b::bigint".to_owned(),
        _ if value == format!("'{case}'") => "'bench' || :a::bigint || '-' || :b::bigint".to_owned(),
        // pgbench takes a colon before a letter for a variable, even inside a literal.
        _ => value.replace(':', "' || chr(58) || '"),
    }
}

async fn columns(connection: &mut PgConnection, table: &str) -> Result<Vec<String>, Failure> {
    let rows = sqlx::query(
        "SELECT column_name::text FROM information_schema.columns \
         WHERE table_name = $1 AND table_schema = current_schema() ORDER BY ordinal_position",
    )
    .bind(table)
    .fetch_all(connection)
    .await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}
