//! Days, as people write them in the calendar they live by.

mod calendar;
mod pieces;

use std::ops::RangeInclusive;

use flare_kernel::Date;
use icu_calendar::{
    AnyCalendar, Gregorian,
    types::{Month, YearInput},
};

use crate::{Reading, Rule, text::clean_value};
use pieces::Pieces;

pub use calendar::{Calendar, Unconverted};

/// Where no calendar gives a near day: how far a day of another calendar may lie.
const FAR: RangeInclusive<i64> = -22_000..=1_830;
/// How far a Gregorian day may lie.
const GREGORIAN: RangeInclusive<i64> = -44_000..=3_660;

/// A day that was typed, and by which calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day, in the Gregorian calendar.
    pub date: Date,
    /// The calendar it was typed in.
    pub calendar: Calendar,
}

/// On which side of today a day is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// By this day something is needed.
    Ahead,
    /// On this day something happened.
    Behind,
}

impl Expected {
    /// Without a word for the calendar, a day of another calendar is meant only where it lies this near (days).
    const fn near(self) -> RangeInclusive<i64> {
        match self {
            Self::Ahead => -400..=740,
            Self::Behind => -1_100..=7,
        }
    }
}

impl Day {
    fn of(calendar: Calendar, era: &str, (year, month, day): (i32, Month, u8)) -> Option<Self> {
        let input = if era.is_empty() { YearInput::Extended(year) } else { YearInput::EraYear(era, year) };
        let there = icu_calendar::Date::try_new(
            if calendar == Calendar::Minguo { YearInput::EraYear("roc", year) } else { input },
            month,
            day,
            AnyCalendar::new(calendar.kind()),
        );
        let here = there.ok()?.to_calendar(Gregorian);
        let (y, m, d) = (here.year().extended_year(), here.month().ordinal, here.day_of_month().0);
        let date = Date::parse(&format!("{y:04}-{m:02}-{d:02}")).ok()?;
        Some(Self { date, calendar })
    }

    /// What a day of another calendar is in the Gregorian one, for whoever reads what was typed.
    pub fn told(&self) -> String {
        match self.calendar {
            Calendar::Gregorian => format!("{} (Gregorian)", self.date),
            Calendar::Islamic => {
                format!(
                    "{} (from the Islamic calendar, Umm al-Qura; by the moon a day earlier or later)",
                    self.date
                )
            }
            Calendar::SolarHijri
            | Calendar::Ethiopian
            | Calendar::Buddhist
            | Calendar::Minguo
            | Calendar::Japanese
            | Calendar::Saka
            | Calendar::Coptic
            | Calendar::Hebrew => format!("{} (from the {} calendar)", self.date, self.calendar.name()),
        }
    }

    /// The day written so that [`read`] takes it one way, wherever it is expected.
    pub fn unmistakable(&self, today: Date) -> String {
        let gregorian = self.date.to_string();
        let is_plain = |expected| matches!(read(&gregorian, expected, today), Reading::One(day) if day.date == self.date);
        if is_plain(Expected::Ahead) && is_plain(Expected::Behind) {
            gregorian
        } else {
            format!("{gregorian} {}", Calendar::Gregorian.name())
        }
    }

    /// What is odd about the day where it is expected: needed by a day that is over, happened on one that has not
    /// come. A day is let pass, for it begins earlier in the east and ends later in the west.
    pub fn doubt(&self, expected: Expected, today: Date) -> Option<Rule> {
        let (date, ahead) = (self.date, today.days_until(self.date));
        match expected {
            Expected::Ahead if ahead < -1 => Some(Rule::NeededByPast { date, days: -ahead }),
            Expected::Behind if ahead > 1 => Some(Rule::HappenedInFuture { date, days: ahead }),
            Expected::Ahead | Expected::Behind => None,
        }
    }
}

/// Reads a day, with the year first or last, in digits of any script, its month as a number or by its name in any of many
/// languages, in the calendar that a word beside it or the name of its month names, or that its year belongs to.
///
/// Near `today`, a year can be of two calendars: 2019 is now in Ethiopia. Then, and where day and month may stand in
/// either order, the day reads two ways. A year of a calendar that nothing here converts is told as that.
pub fn read(text: &str, expected: Expected, today: Date) -> Reading<Day> {
    let text = clean_value(text);
    let Some(pieces) = Pieces::of(&text) else { return Reading::Unreadable(Rule::NotADate) };
    let unconverted_meant = || match (&pieces.word, pieces.unconverted()) {
        (Some(_), Some(calendar)) => Some(calendar),
        (Some(_), None) if pieces.calendar().is_some() => None,
        (None, _) | (Some(_), None) => {
            pieces.numbers.iter().find_map(|(year, _)| Unconverted::of_year(*year, today))
        }
    };
    let unread = |rule| {
        Reading::Unreadable(unconverted_meant().map_or(rule, |calendar| Rule::DateOtherCalendar { calendar }))
    };
    let Some(candidates) = pieces.candidates(text.contains('.')) else { return unread(Rule::NotADate) };
    let mut days = candidates;
    if pieces.word.is_none() {
        let gregorian = days.iter().find(|day| day.calendar == Calendar::Gregorian).copied();
        let near = near(&days, expected, today);
        // Where the month is named, so is the calendar.
        if near.is_empty() && pieces.months.is_empty() && unconverted_meant().is_some() {
            return unread(Rule::NotADate);
        }
        days = if near.is_empty() { far(&days, today) } else { near };
        if let (true, Some(Day { date, .. })) = (days.is_empty(), gregorian) {
            return unread(Rule::DateFar { date });
        }
    }
    days.sort_by_key(|day| today.days_until(day.date).abs());
    days.dedup_by_key(|day| day.date);
    match *days {
        [] => unread(Rule::NoSuchDay),
        [one] => Reading::One(one),
        [first, second, ..] => Reading::Two(first, second),
    }
}

impl Reading<Day> {
    /// The one day, else the rule with both readings as they can be typed `today`.
    pub fn one_day(self, today: Date) -> Result<Day, Rule> {
        match self {
            Self::One(day) => Ok(day),
            Self::Two(first, second) => Err(Rule::DateTwoWays { first, second, today }),
            Self::Unreadable(rule) => Err(rule),
        }
    }
}

/// The days that lie near, where no word names the calendar.
fn near(days: &[Day], expected: Expected, today: Date) -> Vec<Day> {
    let range = |day: &&Day| {
        if day.calendar == Calendar::Gregorian { GREGORIAN } else { expected.near() }
    };
    days.iter().filter(|day| range(day).contains(&today.days_until(day.date))).copied().collect()
}

/// The days that may be meant where none lies near.
fn far(days: &[Day], today: Date) -> Vec<Day> {
    days.iter().filter(|day| FAR.contains(&today.days_until(day.date))).copied().collect()
}

#[cfg(test)]
mod tests;
