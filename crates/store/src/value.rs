//! What a column holds.

use flare_kernel::{Date, Duration, Id, IdKind, Lane, Timestamp};

use crate::Sql;

/// A column's value; nothing is `NULL`, and `NULL` is nothing else.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A `TEXT`, or none.
    Text(Option<String>),
    /// A `BIGINT`, or none.
    Int(Option<i64>),
    /// A `BYTEA`, or none.
    Bytes(Option<Vec<u8>>),
}

impl Value {
    /// A text of which the wire or the domain says by an empty one that it is not there.
    pub fn unless_empty(text: impl Into<String>) -> Self {
        Self::Text(Some(text.into()).filter(|text| !text.is_empty()))
    }

    pub(crate) fn bind(self, query: Sql<'_>) -> Sql<'_> {
        match self {
            Self::Text(text) => query.bind(text),
            Self::Int(int) => query.bind(int),
            Self::Bytes(bytes) => query.bind(bytes),
        }
    }
}

/// What a column can hold. [`Row`](crate::Row) reads it back.
pub trait Stored {
    /// `NULL`, in a column for it.
    const NULL: Value;

    /// What stands for it in the column.
    fn stored(self) -> Value;
}

impl<T: Stored> Stored for Option<T> {
    const NULL: Value = T::NULL;

    fn stored(self) -> Value {
        self.map_or(T::NULL, T::stored)
    }
}

impl<T: Stored> From<T> for Value {
    fn from(value: T) -> Self {
        value.stored()
    }
}

macro_rules! stored {
    ($($type:ty $(where [$($generic:tt)*])? => $kind:ident |$value:ident| $stored:expr;)*) => {$(
        impl $(<$($generic)*>)? Stored for $type {
            const NULL: Value = Value::$kind(None);

            fn stored(self) -> Value {
                let $value = self;
                Value::$kind(Some($stored))
            }
        }
    )*};
}

stored! {
    String => Text |text| text;
    &str => Text |text| text.to_owned();
    Id<K> where [K: IdKind] => Text |id| id.to_string();
    Date => Text |day| day.to_string();
    i64 => Int |int| int;
    u32 => Int |int| int.into();
    bool => Int |flag| flag.into();
    Lane => Int |lane| lane.as_i64();
    Timestamp => Int |at| at.as_micros();
    Duration => Int |span| span.as_micros();
    Vec<u8> => Bytes |bytes| bytes;
    [u8; N] where [const N: usize] => Bytes |bytes| bytes.to_vec();
}
