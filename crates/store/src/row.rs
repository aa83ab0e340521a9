//! Reading rows into the kernel's types.

use std::str::FromStr;

use flare_contracts::common::v1::SealedField;
use flare_kernel::{Currency, Id, IdKind, Money, Timestamp};
use sqlx::{Row as _, any::AnyRow};

use crate::Error;

/// One row of an answer. `NULL` stands for nothing, and nothing else does.
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

    /// A text column, empty where it is `NULL`: what [`Value::unless_empty`](crate::Value::unless_empty) stored.
    pub fn text_or_empty(&self, column: &str) -> Result<String, Error> {
        Ok(self.text_or_null(column)?.unwrap_or_default())
    }

    /// A text column that is the written form of a `T`: an id, a day, a word of `flare_kernel::codes!`.
    pub fn parse<T: FromStr>(&self, column: &str) -> Result<T, Error> {
        self.text(column)?.parse().map_err(|_| corrupt(column))
    }

    /// The same, where it may be `NULL`.
    pub fn parse_or_null<T: FromStr>(&self, column: &str) -> Result<Option<T>, Error> {
        let text = self.text_or_null(column)?;
        text.map(|text| text.parse().map_err(|_| corrupt(column))).transpose()
    }

    /// A text column that `read` understands, such as a value of a protobuf enum under its name on the wire.
    pub fn word<T>(&self, column: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Error> {
        read(&self.text(column)?).ok_or_else(|| corrupt(column))
    }

    /// One of a list of codes.
    pub fn code(&self, column: &str, codes: &[&'static str]) -> Result<&'static str, Error> {
        self.word(column, |text| among(codes, text))
    }

    /// One of a list of codes, where it may be `NULL`.
    pub fn code_or_null(&self, column: &str, codes: &[&'static str]) -> Result<Option<&'static str>, Error> {
        let text = self.text_or_null(column)?;
        text.map(|text| among(codes, &text).ok_or_else(|| corrupt(column))).transpose()
    }

    /// An id, stored in its written form.
    pub fn id<K: IdKind>(&self, column: &str) -> Result<Id<K>, Error> {
        self.parse(column)
    }

    /// An id that may be `NULL`.
    pub fn id_or_null<K: IdKind>(&self, column: &str) -> Result<Option<Id<K>>, Error> {
        self.parse_or_null(column)
    }

    /// A whole number.
    pub fn int(&self, column: &str) -> Result<i64, Error> {
        self.0.try_get(column).map_err(Error::Database)
    }

    /// A whole number that may be `NULL`.
    pub fn int_or_null(&self, column: &str) -> Result<Option<i64>, Error> {
        self.0.try_get(column).map_err(Error::Database)
    }

    /// A whole number that `read` understands, such as that of a lane.
    pub fn number<T, E>(&self, column: &str, read: impl FnOnce(i64) -> Result<T, E>) -> Result<T, Error> {
        read(self.int(column)?).map_err(|_| corrupt(column))
    }

    /// The same, where it may be `NULL`.
    pub fn number_or_null<T, E>(
        &self,
        column: &str,
        read: impl FnOnce(i64) -> Result<T, E>,
    ) -> Result<Option<T>, Error> {
        self.int_or_null(column)?.map(read).transpose().map_err(|_| corrupt(column))
    }

    /// A whole number that the table's rules keep small.
    pub fn small(&self, column: &str) -> Result<u32, Error> {
        self.number(column, u32::try_from)
    }

    /// A small whole number that may be `NULL`.
    pub fn small_or_null(&self, column: &str) -> Result<Option<u32>, Error> {
        self.number_or_null(column, u32::try_from)
    }

    /// A truth value, stored as 0 or 1.
    pub fn flag(&self, column: &str) -> Result<bool, Error> {
        Ok(self.int(column)? != 0)
    }

    /// An instant, stored as microseconds.
    pub fn timestamp(&self, column: &str) -> Result<Timestamp, Error> {
        self.int(column).map(Timestamp::from_micros)
    }

    /// An instant that may be `NULL`.
    pub fn timestamp_or_null(&self, column: &str) -> Result<Option<Timestamp>, Error> {
        Ok(self.int_or_null(column)?.map(Timestamp::from_micros))
    }

    /// Money: so many minor units of the currency in the column `currency`.
    pub fn money(&self, column: &str) -> Result<Money, Error> {
        self.amount(column, self.parse("currency")?)
    }

    /// So many minor units of a currency that stands elsewhere.
    pub fn amount(&self, column: &str, currency: Currency) -> Result<Money, Error> {
        self.number(column, |minor| Money::new(currency, minor))
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
        self.bytes(column)?.try_into().map_err(|_| corrupt(column))
    }

    /// Exactly `N` bytes, where they may be `NULL`.
    pub fn array_or_null<const N: usize>(&self, column: &str) -> Result<Option<[u8; N]>, Error> {
        let bytes = self.bytes_or_null(column)?;
        bytes.map(|bytes| bytes.try_into().map_err(|_| corrupt(column))).transpose()
    }

    /// The sealed field in the columns `name`, `version`, `epoch`, `ciphertext`, `tag` and `commitment`.
    pub fn sealed(&self) -> Result<SealedField, Error> {
        self.sealed_as(self.text("name")?, self.small("version")?)
    }

    /// The same, of a table that has no columns for its name and version.
    pub fn sealed_as(&self, name: String, version: u32) -> Result<SealedField, Error> {
        Ok(SealedField {
            name,
            version,
            epoch: self.small("epoch")?,
            ciphertext: self.bytes("ciphertext")?,
            tag: self.bytes("tag")?,
            commitment: self.bytes("commitment")?,
        })
    }
}

fn among(codes: &[&'static str], text: &str) -> Option<&'static str> {
    codes.iter().copied().find(|code| *code == text)
}

fn corrupt(column: &str) -> Error {
    Error::Corrupt(column.to_owned())
}
