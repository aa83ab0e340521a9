//! The people a case is about.

use flare_kernel::{CaseId, PersonId};
use flare_store::{Error, Tx, sql};

use super::count;
use crate::domain::PersonStatus;

/// Adds a person.
pub(crate) async fn add_person(
    tx: &mut Tx,
    case: CaseId,
    person: PersonId,
    status: PersonStatus,
    number: usize,
) -> Result<(), Error> {
    tx.execute(
        sql("INSERT INTO persons (case_id, person_id, number, status) VALUES ($1, $2, $3, $4)")
            .bind(case.to_string())
            .bind(person.to_string())
            .bind(count(number))
            .bind(status.as_str()),
    )
    .await
    .map(drop)
}

/// Sets how a person is. False when the case has no such person.
pub(crate) async fn set_status(
    tx: &mut Tx,
    case: CaseId,
    person: PersonId,
    status: PersonStatus,
) -> Result<bool, Error> {
    let update = sql("UPDATE persons SET status = $3 WHERE case_id = $1 AND person_id = $2");
    let changed = tx.execute(update.bind(case.to_string()).bind(person.to_string()).bind(status.as_str()));
    Ok(changed.await? == 1)
}

/// The persons of a case, in the order they were added.
pub(crate) async fn persons(tx: &mut Tx, case: CaseId) -> Result<Vec<(PersonId, PersonStatus)>, Error> {
    let query = sql("SELECT person_id, status FROM persons WHERE case_id = $1 ORDER BY number, person_id");
    let rows = tx.fetch_all(query.bind(case.to_string())).await?;
    rows.iter().map(|row| Ok((row.id("person_id")?, row.parse("status")?))).collect()
}

/// How many persons a case has.
pub(crate) async fn person_count(tx: &mut Tx, case: CaseId) -> Result<usize, Error> {
    persons(tx, case).await.map(|persons| persons.len())
}
