//! Files: what is known of each. The bytes are in the object store.

use flare_contracts::{common::v1::SealedField, fields, input, intake::v1::StoredFile};
use flare_kernel::{CaseId, FileId};
use flare_seal::Compartment;
use flare_store::{Error, Page, Reads, Record, Row, Tx, sql};

/// A page of a case's files, oldest first.
macro_rules! page_statement {
    () => {
        "SELECT file_id, case_id, seq, upload, compartment, author, at, size, seal_header, epoch, ciphertext, tag, \
         commitment FROM files WHERE case_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"
    };
}

/// A page of the files of one compartment, oldest first.
macro_rules! page_of_compartment_statement {
    () => {
        "SELECT file_id, case_id, seq, upload, compartment, author, at, size, seal_header, epoch, ciphertext, tag, \
         commitment FROM files WHERE case_id = $1 AND compartment = $2 AND seq > $3 ORDER BY seq LIMIT $4"
    };
}

/// A file that is whole in the object store.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct File {
    pub(crate) id: FileId,
    pub(crate) case: CaseId,
    /// Names the upload that won, in the object store.
    pub(crate) upload: String,
    pub(crate) compartment: Compartment,
    pub(crate) epoch: u32,
    pub(crate) description: SealedField,
    pub(crate) seal_header: Vec<u8>,
    /// Bytes in the object store.
    pub(crate) size: u64,
    pub(crate) author: String,
}

pub(crate) async fn insert(tx: &mut Tx, seq: i64, file: &File) -> Result<(), Error> {
    let size = i64::try_from(file.size).map_err(|_| Error::Corrupt("files.size".to_owned()))?;
    Record::of("files")
        .key("file_id", file.id)
        .set("case_id", file.case)
        .set("seq", seq)
        .set("upload", file.upload.clone())
        .set("compartment", file.compartment.as_str())
        .set("author", file.author.clone())
        .set("at", tx.now())
        .set("size", size)
        .set("seal_header", file.seal_header.clone())
        .sealed(&file.description)
        .insert(tx)
        .await
}

/// The file of this id, whatever its case, and its wire form.
pub(crate) async fn find(reads: &mut impl Reads, id: FileId) -> Result<Option<(File, StoredFile)>, Error> {
    let row = reads
        .row(
            sql("SELECT file_id, case_id, seq, upload, compartment, author, at, size, seal_header, epoch, ciphertext, \
                 tag, commitment FROM files WHERE file_id = $1")
            .bind(id.to_string()),
        )
        .await?;
    row.map(|row| Ok((file(&row)?, stored(&row)?))).transpose()
}

/// All bytes of a case's files together.
pub(crate) async fn bytes_of_case(reads: &mut impl Reads, case: CaseId) -> Result<u64, Error> {
    let row = reads
        .row(
            sql("SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM files WHERE case_id = $1")
                .bind(case.to_string()),
        )
        .await?;
    row.map_or(Ok(0), |row| row.number("bytes", u64::try_from))
}

/// The mark of the folder that holds the files, if there is one.
pub(crate) async fn mark(reads: &mut impl Reads) -> Result<Option<String>, Error> {
    let row = reads.row(sql("SELECT mark FROM files_folder WHERE place = 1")).await?;
    row.map(|row| row.text("mark")).transpose()
}

/// Keeps a mark unless there is one.
pub(crate) async fn keep_mark(tx: &mut Tx, mark: &str) -> Result<(), Error> {
    let statement = "INSERT INTO files_folder (place, mark) VALUES (1, $1) ON CONFLICT DO NOTHING";
    tx.execute(sql(statement).bind(mark.to_owned())).await.map(drop)
}

/// The files after a place in a case, or those of one compartment; each with its own place.
pub(crate) async fn page(
    reads: &mut impl Reads,
    case: CaseId,
    compartment: Option<Compartment>,
    page: &Page<(i64,)>,
) -> Result<Vec<((i64,), StoredFile)>, Error> {
    let query = match compartment {
        None => sql(page_statement!()).bind(case.to_string()),
        Some(compartment) => {
            sql(page_of_compartment_statement!()).bind(case.to_string()).bind(compartment.as_str())
        }
    };
    let rows = reads.rows(query.bind(page.after().0).bind(page.limit())).await?;
    rows.iter().map(|row| Ok(((row.int("seq")?,), stored(row)?))).collect()
}

fn file(row: &Row) -> Result<File, Error> {
    let (id, compartment) = (row.id("file_id")?, row.parse("compartment")?);
    Ok(File {
        id,
        case: row.id("case_id")?,
        upload: row.text("upload")?,
        compartment,
        epoch: row.small("epoch")?,
        description: row.sealed_as(fields::file(id, compartment).name.into_owned(), 1)?,
        seal_header: row.bytes("seal_header")?,
        size: row.number("size", u64::try_from)?,
        author: row.text("author")?,
    })
}

fn stored(row: &Row) -> Result<StoredFile, Error> {
    let (id, compartment): (FileId, _) = (row.id("file_id")?, row.parse("compartment")?);
    Ok(StoredFile {
        file_id: id.to_string(),
        compartment: input::compartment_out(compartment).into(),
        epoch: row.small("epoch")?,
        description: Some(row.sealed_as(fields::file(id, compartment).name.into_owned(), 1)?),
        seal_header: row.bytes("seal_header")?,
        size: row.int("size")?,
        author: row.text("author")?,
        at: Some(input::timestamp_out(row.timestamp("at")?)),
    })
}

#[cfg(test)]
pub(crate) const PLANS: [(&str, &str, &str); 2] = [
    (
        concat!("EXPLAIN QUERY PLAN ", page_statement!()),
        concat!("EXPLAIN ", page_statement!()),
        "files_place",
    ),
    (
        concat!("EXPLAIN QUERY PLAN ", page_of_compartment_statement!()),
        concat!("EXPLAIN ", page_of_compartment_statement!()),
        "files_of_compartment",
    ),
];
