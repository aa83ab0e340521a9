//! Reading rows into the kernel's types.

use flare_kernel::{Id, IdKind, Timestamp};
use sqlx::{Row as _, any::AnyRow};

use crate::Error;

/// One row of an answer.
pub struct Row(AnyRow);

impl Row {
    pub(crate) fn new(row: AnyRow) -> Self {
        Self(row)
    }

    /// A text column.
    pub fn text(&self, column: &str) -> Result<String, Error> {
        self.0.try_get(column).map_err(Error::Database)
    }

    /// A text column that may be `NULL`.
    pub fn text_or_null(&self, column: &str) -> Result<Option<String>, Error> {
        self.0.try_get(column).map_err(Error::Database)
    }

    /// A whole number.
    pub fn int(&self, column: &str) -> Result<i64, Error> {
        self.0.try_get(column).map_err(Error::Database)
    }

    /// A whole number that may be `NULL`.
    pub fn int_or_null(&self, column: &str) -> Result<Option<i64>, Error> {
        self.0.try_get(column).map_err(Error::Database)
    }

    /// A truth value, stored as 0 or 1.
    pub fn flag(&self, column: &str) -> Result<bool, Error> {
        Ok(self.int(column)? != 0)
    }

    /// Bytes.
    pub fn bytes(&self, column: &str) -> Result<Vec<u8>, Error> {
        self.0.try_get(column).map_err(Error::Database)
    }

    /// Bytes that may be `NULL`.
    pub fn bytes_or_null(&self, column: &str) -> Result<Option<Vec<u8>>, Error> {
        self.0.try_get(column).map_err(Error::Database)
    }

    /// Exactly `N` bytes.
    pub fn array<const N: usize>(&self, column: &str) -> Result<[u8; N], Error> {
        self.bytes(column)?.try_into().map_err(|_| Error::Corrupt(column.to_owned()))
    }

    /// An instant, stored as microseconds.
    pub fn timestamp(&self, column: &str) -> Result<Timestamp, Error> {
        self.int(column).map(Timestamp::from_micros)
    }

    /// An instant that may be `NULL`.
    pub fn timestamp_or_null(&self, column: &str) -> Result<Option<Timestamp>, Error> {
        Ok(self.int_or_null(column)?.map(Timestamp::from_micros))
    }

    /// An id, stored in its written form.
    pub fn id<K: IdKind>(&self, column: &str) -> Result<Id<K>, Error> {
        self.parse(column)
    }

    /// An id that may be `NULL`.
    pub fn id_or_null<K: IdKind>(&self, column: &str) -> Result<Option<Id<K>>, Error> {
        let text = self.text_or_null(column)?;
        text.map(|text| text.parse().map_err(|_| Error::Corrupt(column.to_owned()))).transpose()
    }

    /// A text column that is the written form of a `T`.
    pub fn parse<T: std::str::FromStr>(&self, column: &str) -> Result<T, Error> {
        self.text(column)?.parse().map_err(|_| Error::Corrupt(column.to_owned()))
    }
}
