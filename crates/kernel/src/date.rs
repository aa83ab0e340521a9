//! Calendar days: when a grant starts and ends, when money is due.
//!
//! A day is a day in UTC. Deadlines that matter to a person in another zone are hours away from it at most, and one
//! rule that everybody can compute beats a zone that a case must not reveal.

use std::{fmt, str::FromStr};

use crate::{Duration, Timestamp};

const DAY_MICROS: i64 = 86_400_000_000;
const EPOCH: jiff::civil::Date = jiff::civil::Date::constant(1970, 1, 1);
const FIRST: Date = Date(jiff::civil::Date::constant(0, 1, 1));
const LAST: Date = Date(jiff::civil::Date::constant(9999, 12, 31));

/// A day of the Gregorian calendar, from 0000-01-01 to 9999-12-31.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(jiff::civil::Date);

/// Why a text is not a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// Not four, two and two digits with hyphens between.
    #[error("must be a date written YYYY-MM-DD")]
    NotADate,
    /// Well written, but the calendar has no such day, such as 2026-02-30.
    #[error("must be a day that exists")]
    NoSuchDay,
}

impl Date {
    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        let well_written = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !well_written {
            return Err(DateError::NotADate);
        }
        text.parse().map(Self).map_err(|_| DateError::NoSuchDay)
    }

    /// The day in UTC that holds this instant.
    pub fn from_timestamp(instant: Timestamp) -> Self {
        from_days_since_epoch(instant.as_micros().div_euclid(DAY_MICROS))
    }

    /// The day's first instant.
    pub fn start_of_day(self) -> Timestamp {
        Timestamp::from_micros(self.days_since_epoch() * DAY_MICROS)
    }

    /// The day's last instant: a grant that ends on this day is still running then.
    pub fn end_of_day(self) -> Timestamp {
        self.start_of_day().plus(Duration::from_micros(DAY_MICROS - 1))
    }

    /// So many days later, or earlier when negative; held at the ends of the calendar.
    #[must_use]
    pub fn add_days(self, days: i32) -> Self {
        from_days_since_epoch(self.days_since_epoch() + i64::from(days))
    }

    /// How many days `later` lies ahead; negative when it lies behind.
    pub fn days_until(self, later: Self) -> i64 {
        later.days_since_epoch() - self.days_since_epoch()
    }

    fn days_since_epoch(self) -> i64 {
        self.0.duration_since(EPOCH).as_hours() / 24
    }
}

fn from_days_since_epoch(days: i64) -> Date {
    let days = days.clamp(FIRST.days_since_epoch(), LAST.days_since_epoch());
    Date(EPOCH.saturating_add(jiff::SignedDuration::from_hours(days * 24)))
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        Self::parse(text)
    }
}

impl fmt::Display for Date {
    /// `YYYY-MM-DD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn any_day() -> impl Strategy<Value = Date> {
        (FIRST.days_since_epoch()..=LAST.days_since_epoch()).prop_map(from_days_since_epoch)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(date in any_day()) {
            prop_assert_eq!(date.to_string().parse(), Ok(date));
            prop_assert_eq!(date.to_string().len(), 10);
        }

        #[test]
        fn a_day_holds_its_first_and_last_instant_and_no_other_days(date in any_day()) {
            prop_assert_eq!(Date::from_timestamp(date.start_of_day()), date);
            prop_assert_eq!(Date::from_timestamp(date.end_of_day()), date);
            let next = date.end_of_day().plus(Duration::from_micros(1));
            prop_assert_eq!(Date::from_timestamp(next), date.add_days(1));
        }

        #[test]
        fn days_added_are_days_until(date in any_day(), days in -100_000..100_000) {
            let later = date.add_days(days);
            prop_assume!(later != FIRST && later != LAST);
            prop_assert_eq!(date.days_until(later), i64::from(days));
        }

        #[test]
        fn no_instant_panics(micros: i64) {
            let date = Date::from_timestamp(Timestamp::from_micros(micros));
            prop_assert!((FIRST..=LAST).contains(&date));
        }
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for text in
            ["2026-02-30", "2026-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-01-00", "1900-02-29"]
        {
            assert_eq!(Date::parse(text), Err(DateError::NoSuchDay), "{text}");
        }
        assert_eq!(day("2028-02-29").to_string(), "2028-02-29");
    }

    #[test]
    fn only_one_way_of_writing_is_read() {
        for text in [
            "",
            "2026-1-1",
            "26-01-01",
            "2026/01/01",
            "20260101",
            "2026-01-01T00:00",
            " 2026-01-01",
            "+026-01-01",
            "٢٠٢٦-٠١-٠١",
        ] {
            assert_eq!(Date::parse(text), Err(DateError::NotADate), "{text}");
        }
    }

    #[test]
    fn days_are_utc() {
        assert_eq!(day("1970-01-02").start_of_day(), Timestamp::from_micros(DAY_MICROS));
        assert_eq!(day("1969-12-31").end_of_day(), Timestamp::from_micros(-1));
        assert_eq!(day("2026-11-22").start_of_day().to_string(), "2026-11-22T00:00:00Z");
    }
}
