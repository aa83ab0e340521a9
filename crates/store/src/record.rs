//! One row to be written.

use flare_contracts::common::v1::SealedField;
use sqlx::AssertSqlSafe;

use crate::{Error, Tx, Value};

/// A row to be written, each column beside its value.
///
/// Table and columns are literals, so that nothing else becomes part of a statement.
#[must_use = "a record is stored once it is inserted, saved or updated"]
pub struct Record {
    pub(crate) table: &'static str,
    pub(crate) columns: Vec<Column>,
}

/// A column and its value.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) value: Value,
    part: Part,
}

/// What a column is to its row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Key,
    /// Written with a new row only.
    First,
    Set,
}

impl Record {
    /// A row of a table.
    pub const fn of(table: &'static str) -> Self {
        Self { table, columns: Vec::new() }
    }

    /// A column of the key: those that a constraint of the table holds to be unique together.
    pub fn key(self, name: &'static str, value: impl Into<Value>) -> Self {
        self.with(Part::Key, name, value.into())
    }

    /// A column that stays as it was when the row was new.
    pub fn first(self, name: &'static str, value: impl Into<Value>) -> Self {
        self.with(Part::First, name, value.into())
    }

    /// A column that is written whenever the row is.
    pub fn set(self, name: &'static str, value: impl Into<Value>) -> Self {
        self.with(Part::Set, name, value.into())
    }

    /// The columns `epoch`, `ciphertext`, `tag` and `commitment` of a sealed field; its name and version are the table's.
    pub fn sealed(self, field: &SealedField) -> Self {
        self.set("epoch", field.epoch)
            .set("ciphertext", field.ciphertext.clone())
            .set("tag", field.tag.clone())
            .set("commitment", field.commitment.clone())
    }

    fn with(mut self, part: Part, name: &'static str, value: Value) -> Self {
        self.columns.push(Column { name, value, part });
        self
    }

    /// Stores a new row.
    pub async fn insert(self, tx: &mut Tx) -> Result<(), Error> {
        let statement = self.insertion();
        self.run(tx, statement).await.map(drop)
    }

    /// Stores a new row unless there is one with its key; says whether there was none.
    pub async fn insert_new(self, tx: &mut Tx) -> Result<bool, Error> {
        let statement = format!("{} ON CONFLICT ({}) DO NOTHING", self.insertion(), self.key_columns());
        Ok(self.run(tx, statement).await? > 0)
    }

    /// Stores a new row, or what is set of it in the row with its key. Both engines hold it to the table's checks as a new
    /// row first, so that it needs every column that a check does.
    pub async fn save(self, tx: &mut Tx) -> Result<(), Error> {
        let set = |column: &Column| format!("{0} = excluded.{0}", column.name);
        let changes = self.each(Part::Set, set).join(", ");
        let (insertion, key) = (self.insertion(), self.key_columns());
        let statement = format!("{insertion} ON CONFLICT ({key}) DO UPDATE SET {changes}");
        self.run(tx, statement).await.map(drop)
    }

    /// Stores what is set in the row with its key; says whether there is one.
    pub async fn update(mut self, tx: &mut Tx) -> Result<bool, Error> {
        self.columns.retain(|column| column.part != Part::First);
        let mut number = 0;
        let numbered = |column: &Column| {
            number += 1;
            (column.part, format!("{} = ${number}", column.name))
        };
        let columns: Vec<_> = self.columns.iter().map(numbered).collect();
        let those = |part: Part, between: &str| {
            let of_part = columns.iter().filter(|(of, _)| *of == part).map(|(_, column)| column.as_str());
            of_part.collect::<Vec<_>>().join(between)
        };
        let (changes, key) = (those(Part::Set, ", "), those(Part::Key, " AND "));
        let statement = format!("UPDATE {} SET {changes} WHERE {key}", self.table);
        Ok(self.run(tx, statement).await? > 0)
    }

    fn insertion(&self) -> String {
        let placeholders: Vec<_> = (1..=self.columns.len()).map(|number| format!("${number}")).collect();
        format!("INSERT INTO {} VALUES ({})", self.table_and_columns(), placeholders.join(", "))
    }

    /// The table and its columns, such as `consents (case_id, purpose, state)`.
    pub(crate) fn table_and_columns(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|column| column.name).collect();
        format!("{} ({})", self.table, names.join(", "))
    }

    /// The columns of the key, such as `case_id, purpose`.
    pub(crate) fn key_columns(&self) -> String {
        self.each(Part::Key, |column| column.name.to_owned()).join(", ")
    }

    fn each(&self, part: Part, write: impl Fn(&Column) -> String) -> Vec<String> {
        self.columns.iter().filter(|column| column.part == part).map(write).collect()
    }

    async fn run(self, tx: &mut Tx, statement: String) -> Result<u64, Error> {
        // Only literals and the numbers of placeholders become part of the statement.
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for column in self.columns {
            query = column.value.bind(query);
        }
        tx.execute(query).await
    }
}
