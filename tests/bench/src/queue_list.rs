//! The queue's list among a million open cases, on both engines, as a whole call.

use std::time::Instant;

use flare_contracts::{
    common::v1::Role,
    triage::v1::{CaseSummary, ListQueueRequest},
};
use flare_edge::{Credential, Session, Team};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use crate::{
    Failure,
    installation::{Installation, Servers},
    median, p99, people, report, requests,
};

const OFFICER: (&str, &[Role], &[Team]) = ("officer", &[Role::Officer], &[Team::Triage]);
const CALLS: usize = 300;

pub(crate) async fn measure(cases: i64) -> Result<(), Failure> {
    let installation = Installation::embedded().await?;
    let session = one_case(&installation).await?;
    let file = installation.folder.path().join("triage.db");
    let mut sqlite = sqlx::SqliteConnection::connect(&format!("sqlite://{}", file.display())).await?;
    let numbers = format!(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {cases})"
    );
    let columns = "SELECT group_concat(name) AS names FROM pragma_table_info('cases')";
    let names: String = sqlx::Row::try_get(&sqlite.fetch_one(columns).await?, "names")?;
    sqlite
        .execute(AssertSqlSafe(format!(
            "{numbers} {}",
            copies(
                &names,
                "printf('%025d', n)",
                "char(97 + n % 26, 97 + n / 26 % 26, 97 + n / 676 % 26, 97 + n / 17576 % 26, 97 + n / 456976 % 26)",
                "numbers"
            )
        )))
        .await?;
    sqlite.execute("ANALYZE").await?;
    list("SQLite", &session, cases).await?;
    installation.stop(None).await?;

    let servers = Servers::from_environment()?;
    let installation = Installation::distributed(&servers).await?;
    let session = one_case(&installation).await?;
    let mut postgres = sqlx::PgConnection::connect(&servers.postgres).await?;
    postgres.execute(AssertSqlSafe(format!("SET search_path TO {}triage", installation.prefix))).await?;
    let columns = "SELECT string_agg(column_name::text, ',') AS names FROM information_schema.columns \
                   WHERE table_name = 'cases' AND table_schema = current_schema()";
    let names: String = sqlx::Row::try_get(&postgres.fetch_one(columns).await?, "names")?;
    let numbers = format!("generate_series(CAST(1 AS BIGINT), {cases}) AS numbers(n)");
    let letter = |power: i64| format!("chr(CAST(97 + n / {power} % 26 AS INT))");
    let letters = [1, 26, 676, 17_576, 456_976].map(letter).join(" || ");
    postgres.execute(AssertSqlSafe(copies(&names, "lpad(n::text, 25, '0')", &letters, &numbers))).await?;
    postgres.execute("ANALYZE cases").await?;
    list("PostgreSQL", &session, cases).await?;
    installation.stop(Some(&servers)).await
}

/// Copies the one real case under other ids and names, in all lanes, at other times and some of them overdue. Digits are
/// base32 too.
fn copies(names: &str, number: &str, letters: &str, numbers: &str) -> String {
    let values = names.split(',').map(|name| match name {
        "case_id" => format!("'case_' || {number} || '0'"),
        "codename" => format!("{letters} || '-kestrel-27'"),
        "queue_due" => "queue_due - (n % 9973) * 10000000".to_owned(),
        "lane" => "1 + n % 3".to_owned(),
        "submitted" => "submitted - (n % 9973) * 1000000".to_owned(),
        other => other.to_owned(),
    });
    let values = values.collect::<Vec<_>>().join(", ");
    format!(
        "INSERT INTO cases ({names}) SELECT {values} FROM (SELECT * FROM cases LIMIT 1) AS one, {numbers}"
    )
}

/// An officer, and a request that has become a case.
async fn one_case(installation: &Installation) -> Result<Session, Failure> {
    let mut sessions = people::bring_in(installation, &[OFFICER]).await?;
    let session = sessions.pop().ok_or("no officer")?;
    for request in requests::compose(session.bundle(), 1)? {
        installation.lines.intake(&Credential::NONE).submit_request(request).await?;
    }
    while page(&session, 1, String::new()).await?.0.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    Ok(session)
}

async fn page(
    session: &Session,
    page_size: i32,
    page_token: String,
) -> Result<(Vec<CaseSummary>, String), Failure> {
    let mut triage = session.lines().triage(&session.credential().await?);
    let request = ListQueueRequest { page_size, page_token, ..ListQueueRequest::default() };
    let answer = triage.list_queue(request).await?.into_inner();
    Ok((answer.cases, answer.next_page_token))
}

async fn list(engine: &str, session: &Session, cases: i64) -> Result<(), Failure> {
    // From page to page, so that deep places are timed as well as the first.
    let (mut times, mut token) = (Vec::new(), String::new());
    for _ in 0..CALLS {
        let began = Instant::now();
        let (found, next) = page(session, 50, token).await?;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
        if found.len() != 50 {
            return Err("a page was not full".into());
        }
        token = next;
    }
    let figure = format!("p50 {:.2} ms, p99 {:.2} ms", median(times.clone()), p99(times));
    report(&format!("queue list, page of 50 among {cases} cases, {engine}"), &figure, "p50 <= 5 ms");
    Ok(())
}
