//! What a typed text turned out to be.

use crate::Rule;

/// A typed text, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading<T> {
    /// It means this.
    One(T),
    /// It means one of these, and nothing in it says which.
    Two(T, T),
    /// It breaks this rule.
    Unreadable(Rule),
}

/// A value of which a text can mean two.
pub trait TwoWays: Sized {
    /// What is said where only one will do: both readings, each written so that it reads one way.
    fn two_ways(first: Self, second: Self) -> Rule;
}

impl<T: TwoWays> Reading<T> {
    /// The one meaning; else the rule that is broken, which for two meanings names both.
    pub fn one(self) -> Result<T, Rule> {
        match self {
            Self::One(value) => Ok(value),
            Self::Two(first, second) => Err(T::two_ways(first, second)),
            Self::Unreadable(rule) => Err(rule),
        }
    }
}

impl<T> From<Result<T, Rule>> for Reading<T> {
    fn from(result: Result<T, Rule>) -> Self {
        match result {
            Ok(value) => Self::One(value),
            Err(rule) => Self::Unreadable(rule),
        }
    }
}
