//! Sealed words, every version of them.

use std::collections::HashMap;

use flare_contracts::{InputRule, Refusal, common::v1::SealedField, fields, input};
use flare_kernel::CaseId;
use flare_seal::Compartment;
use flare_store::{Error, Reads, Record, Tx, keys, sql};

use super::count;
use crate::refusals::TriageRefusal;

/// The most bytes that the sealed words of a case may take as they stand now. All of a case is told in one answer, which
/// may have 4 MiB; what it tells besides them is small.
const MOST_BYTES: i64 = 3 << 20;
/// The most bytes after which no note and no contact is added, so that there is always room for what a case needs to go on.
const MOST_BYTES_FOR_ENTRIES: i64 = 2 << 20;
/// The bytes that a field takes besides its ciphertext: name, tag, commitment, and whom and when it came from.
const FRAME: i64 = 300;

/// Stores the next version of a sealed field under the newest epoch; `field` is its place in the request.
pub(crate) async fn put_sealed(
    tx: &mut Tx,
    case: CaseId,
    field: &str,
    sealed: &SealedField,
) -> Result<(), Error> {
    let [epoch] = keys::newest(tx, case, [Compartment::Notes]).await?;
    if epoch == 0 {
        return Err(Refusal::from(TriageRefusal::NoNotesKey).into());
    }
    if sealed.epoch != epoch {
        return Err(input::old_epoch(field, epoch).into());
    }
    let next = newest_version(tx, case, &sealed.name).await? + 1;
    if sealed.version != next {
        let rule = InputRule::NotTheNumber { number: next.into() };
        let refusal = Refusal::from(TriageRefusal::FieldVersion);
        return Err(refusal.field(format!("{field}.version"), rule).into());
    }
    expect_room(tx, case, sealed).await?;
    Record::of("sealed_fields")
        .key("case_id", case)
        .key("name", sealed.name.clone())
        .key("version", sealed.version)
        .sealed(sealed)
        .set("at", tx.now())
        .insert(tx)
        .await
}

/// Refuses what would make a case too large to be read.
async fn expect_room(tx: &mut Tx, case: CaseId, sealed: &SealedField) -> Result<(), Error> {
    let is_entry = fields::is_entry(&sealed.name);
    let most = if is_entry { MOST_BYTES_FOR_ENTRIES } else { MOST_BYTES };
    let query = sql("SELECT CAST(COALESCE(SUM(LENGTH(f.ciphertext) + $3), 0) AS BIGINT) AS bytes \
                     FROM sealed_fields f WHERE f.case_id = $1 AND f.name <> $2 AND NOT EXISTS (\
                         SELECT 1 FROM sealed_fields later \
                         WHERE later.case_id = f.case_id AND later.name = f.name AND later.version > f.version)");
    let query = query.bind(case.to_string()).bind(sealed.name.clone()).bind(FRAME);
    let others = tx.fetch_one(query).await?.int("bytes")?;
    if others + FRAME + count(sealed.ciphertext.len()) <= most {
        return Ok(());
    }
    let what = if is_entry { "notes and contacts" } else { "words of staff" };
    Err(Refusal::from(TriageRefusal::WordsFull { what: what.to_owned() }).into())
}

async fn newest_version(tx: &mut Tx, case: CaseId, name: &str) -> Result<u32, Error> {
    let newest = sql(
        "SELECT version FROM sealed_fields WHERE case_id = $1 AND name = $2 ORDER BY version DESC LIMIT 1",
    );
    let row = tx.fetch_optional(newest.bind(case.to_string()).bind(name.to_owned())).await?;
    row.map_or(Ok(0), |row| row.small("version"))
}

/// The newest version of every sealed field of a case, by name.
pub(crate) async fn newest_sealed(
    reads: &mut impl Reads,
    case: CaseId,
) -> Result<HashMap<String, SealedField>, Error> {
    let newest = sql(
        "SELECT f.name, f.version, f.epoch, f.ciphertext, f.tag, f.commitment FROM sealed_fields f \
                      WHERE f.case_id = $1 AND NOT EXISTS (\
                          SELECT 1 FROM sealed_fields later \
                          WHERE later.case_id = f.case_id AND later.name = f.name AND later.version > f.version)",
    );
    let mut fields = HashMap::new();
    for row in reads.rows(newest.bind(case.to_string())).await? {
        let field = row.sealed()?;
        fields.insert(field.name.clone(), field);
    }
    Ok(fields)
}
