//! Why a text is not a receipt, told so that its holder can find the slip.

use std::fmt;

/// The two ways to write a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptForm {
    /// Ten words.
    Words,
    /// Eight groups of six digits.
    Digits,
}

impl fmt::Display for ReceiptForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Words => "words",
            Self::Digits => "digits",
        })
    }
}

/// Why a text is not a receipt. Positions count from 1. Neither `Display` nor `Debug` repeats anything of the text, nor
/// the word that may have been meant: whoever shows [`UnknownWord::nearest`](Self::UnknownWord) shows it to the holder only.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// There is nothing in it.
    #[error("there is no receipt here: it is ten words, or eight groups of six digits")]
    Empty,
    /// It is far longer than any receipt.
    #[error("this is too long to be a receipt: it is ten words, or eight groups of six digits")]
    TooLong,
    /// Words and digits together.
    #[error("words and digits are mixed: enter either the ten words or the eight groups of digits")]
    Mixed,
    /// Too few or too many words or digits.
    #[error("there are {found} {form}, and a receipt has {expected}")]
    Count {
        /// Which form it was taken for.
        form: ReceiptForm,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A word that is not on the list.
    #[error("word {position} is not a word of any receipt: check its spelling")]
    UnknownWord {
        /// Which word.
        position: usize,
        /// The word of the list that comes closest, if one is close.
        nearest: Option<&'static str>,
    },
    /// All words are on the list, but not together.
    #[error(
        "the ten words do not belong together: one is not the word you were given, or their order is another"
    )]
    Checksum,
    /// A group that is too short or too long.
    #[error("group {group} has {found} digits, and each group has 6")]
    GroupLength {
        /// Which group.
        group: usize,
        /// How many digits it has.
        found: usize,
    },
    /// A group whose last digit does not fit the others and its place.
    #[error("group {group} has a wrong digit, or stands in another group's place")]
    GroupCheck {
        /// Which group.
        group: usize,
    },
    /// A group whose first five digits are above any that a receipt has.
    #[error("group {group} is not one of any receipt: its first five digits are at most 32767")]
    GroupRange {
        /// Which group.
        group: usize,
    },
}

impl fmt::Debug for ReceiptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceiptError({self})")
    }
}
