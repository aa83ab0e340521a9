//! The people a case is about.

use flare_kernel::{CaseId, PersonId};
use flare_store::{Error, Reads, Record, Tx, sql};

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
    Record::of("persons")
        .key("case_id", case)
        .key("person_id", person)
        .set("number", count(number))
        .set("status", status.as_str())
        .insert(tx)
        .await
}

/// Sets how a person is. False when the case has no such person.
pub(crate) async fn set_status(
    tx: &mut Tx,
    case: CaseId,
    person: PersonId,
    status: PersonStatus,
) -> Result<bool, Error> {
    let person = Record::of("persons").key("case_id", case).key("person_id", person);
    person.set("status", status.as_str()).update(tx).await
}

/// The persons of a case, in the order they were added.
pub(crate) async fn persons(
    reads: &mut impl Reads,
    case: CaseId,
) -> Result<Vec<(PersonId, PersonStatus)>, Error> {
    let query = sql("SELECT person_id, status FROM persons WHERE case_id = $1 ORDER BY number, person_id");
    let rows = reads.rows(query.bind(case.to_string())).await?;
    rows.iter().map(|row| Ok((row.id("person_id")?, row.parse("status")?))).collect()
}

/// How many persons a case has.
pub(crate) async fn person_count(tx: &mut Tx, case: CaseId) -> Result<usize, Error> {
    persons(tx, case).await.map(|persons| persons.len())
}
