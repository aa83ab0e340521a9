//! Days, as people write them in the calendar they live by.

use std::ops::RangeInclusive;

use flare_kernel::Date;
use icu_calendar::{
    AnyCalendar, AnyCalendarKind, Gregorian,
    types::{Month, YearInput},
};

use crate::{Reading, Rule, names::folded, text::clean_value};

/// Where no calendar gives a near day: how far a day of another calendar may lie.
const FAR: RangeInclusive<i64> = -22_000..=1_830;
/// How far a Gregorian day may lie.
const GREGORIAN: RangeInclusive<i64> = -44_000..=3_660;

/// A calendar that people date by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calendar {
    /// The one that Flare counts in.
    Gregorian,
    /// The Islamic lunar calendar in the reckoning of Umm al-Qura; where the month began with the moon being seen, the
    /// day may be one earlier or later.
    Islamic,
    /// The solar Hijri calendar of Iran and Afghanistan.
    SolarHijri,
    /// Of Ethiopia and Eritrea, years of grace.
    Ethiopian,
    /// Of Thailand and its neighbours.
    Buddhist,
    /// Of Taiwan, years of the Republic.
    Minguo,
    /// Of Japan, by eras.
    Japanese,
    /// India's national calendar.
    Saka,
    /// Of the Coptic church.
    Coptic,
}

/// A day that was typed, and by which calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day, in the Gregorian calendar.
    pub date: Date,
    /// The calendar it was typed in.
    pub calendar: Calendar,
    /// Year, month and day as typed.
    typed: (i32, u8, u8),
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

impl Calendar {
    /// Its name in English, which [`read`] understands behind a day.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gregorian => "Gregorian",
            Self::Islamic => "Islamic",
            Self::SolarHijri => "Persian",
            Self::Ethiopian => "Ethiopian",
            Self::Buddhist => "Buddhist",
            Self::Minguo => "Minguo",
            Self::Japanese => "Japanese",
            Self::Saka => "Saka",
            Self::Coptic => "Coptic",
        }
    }

    /// Those whose years are counted on, so that a number alone can be one of theirs.
    const COUNTED: [Self; 8] = [
        Self::Gregorian,
        Self::Islamic,
        Self::SolarHijri,
        Self::Ethiopian,
        Self::Buddhist,
        Self::Minguo,
        Self::Saka,
        Self::Coptic,
    ];

    const fn kind(self) -> AnyCalendarKind {
        match self {
            Self::Gregorian => AnyCalendarKind::Gregorian,
            Self::Islamic => AnyCalendarKind::HijriUmmAlQura,
            Self::SolarHijri => AnyCalendarKind::Persian,
            Self::Ethiopian => AnyCalendarKind::Ethiopian,
            Self::Buddhist => AnyCalendarKind::Buddhist,
            Self::Minguo => AnyCalendarKind::Roc,
            Self::Japanese => AnyCalendarKind::Japanese,
            Self::Saka => AnyCalendarKind::Indian,
            Self::Coptic => AnyCalendarKind::Coptic,
        }
    }
}

/// The words that name a calendar beside a day, and the era where the calendar counts by several.
const WORDS: &[(&str, Calendar, &str)] = &[
    ("gregorian", Calendar::Gregorian, ""),
    ("ce", Calendar::Gregorian, ""),
    ("ad", Calendar::Gregorian, ""),
    ("م", Calendar::Gregorian, ""),
    ("ميلادي", Calendar::Gregorian, ""),
    ("ميلادية", Calendar::Gregorian, ""),
    ("میلادی", Calendar::Gregorian, ""),
    ("西暦", Calendar::Gregorian, ""),
    ("公元", Calendar::Gregorian, ""),
    ("እኤአ", Calendar::Gregorian, ""),
    ("ค.ศ", Calendar::Gregorian, ""),
    ("islamic", Calendar::Islamic, ""),
    ("hijri", Calendar::Islamic, ""),
    ("ah", Calendar::Islamic, ""),
    ("hicri", Calendar::Islamic, ""),
    ("ه", Calendar::Islamic, ""),
    ("هجري", Calendar::Islamic, ""),
    ("هجرية", Calendar::Islamic, ""),
    ("قمری", Calendar::Islamic, ""),
    ("هجری قمری", Calendar::Islamic, ""),
    ("persian", Calendar::SolarHijri, ""),
    ("solar hijri", Calendar::SolarHijri, ""),
    ("jalali", Calendar::SolarHijri, ""),
    ("shamsi", Calendar::SolarHijri, ""),
    ("ap", Calendar::SolarHijri, ""),
    ("sh", Calendar::SolarHijri, ""),
    ("ش", Calendar::SolarHijri, ""),
    ("ه ش", Calendar::SolarHijri, ""),
    ("شمسی", Calendar::SolarHijri, ""),
    ("خورشیدی", Calendar::SolarHijri, ""),
    ("هجری شمسی", Calendar::SolarHijri, ""),
    ("ethiopian", Calendar::Ethiopian, ""),
    ("ec", Calendar::Ethiopian, ""),
    ("ዓም", Calendar::Ethiopian, ""),
    ("buddhist", Calendar::Buddhist, ""),
    ("be", Calendar::Buddhist, ""),
    ("thai", Calendar::Buddhist, ""),
    ("พศ", Calendar::Buddhist, ""),
    ("minguo", Calendar::Minguo, ""),
    ("roc", Calendar::Minguo, ""),
    ("民國", Calendar::Minguo, ""),
    ("民国", Calendar::Minguo, ""),
    ("中華民國", Calendar::Minguo, ""),
    ("japanese", Calendar::Japanese, "reiwa"),
    ("reiwa", Calendar::Japanese, "reiwa"),
    ("令和", Calendar::Japanese, "reiwa"),
    ("r", Calendar::Japanese, "reiwa"),
    ("heisei", Calendar::Japanese, "heisei"),
    ("平成", Calendar::Japanese, "heisei"),
    ("h", Calendar::Japanese, "heisei"),
    ("showa", Calendar::Japanese, "showa"),
    ("昭和", Calendar::Japanese, "showa"),
    ("saka", Calendar::Saka, ""),
    ("शक", Calendar::Saka, ""),
    ("coptic", Calendar::Coptic, ""),
    ("قبطي", Calendar::Coptic, ""),
];

impl Day {
    fn of(calendar: Calendar, era: &str, (year, month, day): (i32, u8, u8)) -> Option<Self> {
        let input = if era.is_empty() { YearInput::Extended(year) } else { YearInput::EraYear(era, year) };
        let there = icu_calendar::Date::try_new(
            if calendar == Calendar::Minguo { YearInput::EraYear("roc", year) } else { input },
            Month::new(month),
            day,
            AnyCalendar::new(calendar.kind()),
        );
        let here = there.ok()?.to_calendar(Gregorian);
        let (y, m, d) = (here.year().extended_year(), here.month().ordinal, here.day_of_month().0);
        let date = Date::parse(&format!("{y:04}-{m:02}-{d:02}")).ok()?;
        Some(Self { date, calendar, typed: (year, month, day) })
    }

    /// Whether the moon decides, so that the day may be one earlier or later.
    pub fn is_about(&self) -> bool {
        self.calendar == Calendar::Islamic
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
            | Calendar::Coptic => format!("{} (from the {} calendar)", self.date, self.calendar.name()),
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

/// Reads a day, with the year first or last, in digits of any script, in the calendar that a word beside it names or that
/// its year belongs to.
///
/// Near `today`, a year can be of two calendars: 2019 is now in Ethiopia. Then, and where day and month may stand in
/// either order, the day reads two ways.
pub fn read(text: &str, expected: Expected, today: Date) -> Reading<Day> {
    let text = clean_value(text);
    let Some((numbers, word)) = pieces(&text) else { return Reading::Unreadable(Rule::NotADate) };
    let (calendars, era) = match &word {
        None => (Calendar::COUNTED.to_vec(), ""),
        Some(word) => {
            let known = WORDS.iter().find(|(known, ..)| folded(known) == *word);
            let Some((_, calendar, era)) = known else { return Reading::Unreadable(Rule::NotADate) };
            (vec![*calendar], *era)
        }
    };
    let Some(orders) = orders(numbers, word.is_some()) else {
        return Reading::Unreadable(Rule::NotADate);
    };
    let mut days: Vec<Day> = Vec::new();
    for (order, is_month_first) in orders {
        // Nobody puts the month first but in Gregorian days, and not with full stops.
        let has_it = |calendar: &&Calendar| {
            !is_month_first || **calendar == Calendar::Gregorian && !text.contains('.')
        };
        days.extend(calendars.iter().filter(has_it).filter_map(|calendar| Day::of(*calendar, era, order)));
    }
    if word.is_none() {
        let gregorian = days.iter().find(|day| day.calendar == Calendar::Gregorian).copied();
        days = likely(&days, expected, today);
        if let (true, Some(Day { date, .. })) = (days.is_empty(), gregorian) {
            return Reading::Unreadable(Rule::DateFar { date });
        }
    }
    days.sort_by_key(|day| today.days_until(day.date).abs());
    days.dedup_by_key(|day| day.date);
    match *days {
        [] => Reading::Unreadable(Rule::NoSuchDay),
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

/// The days that may be meant where no word names the calendar.
fn likely(days: &[Day], expected: Expected, today: Date) -> Vec<Day> {
    let within = |day: &&Day, range: RangeInclusive<i64>| range.contains(&today.days_until(day.date));
    let is_gregorian = |day: &&Day| day.calendar == Calendar::Gregorian;
    let near = days
        .iter()
        .filter(|day| within(day, if is_gregorian(day) { GREGORIAN } else { expected.near() }))
        .copied()
        .collect::<Vec<_>>();
    if near.is_empty() { days.iter().filter(|day| within(day, FAR)).copied().collect() } else { near }
}

/// A year, a month and a day of whichever calendar.
type YearMonthDay = (i32, u8, u8);

/// Three numbers with how many digits each has, and the word beside them as it is looked up.
type Numbers = [(i32, usize); 3];

fn pieces(text: &str) -> Option<(Numbers, Option<String>)> {
    let mut numbers = Vec::new();
    let mut words = String::new();
    let mut digits = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if !digits.is_empty() {
            numbers.push(std::mem::take(&mut digits));
        }
        match c {
            '-' | '/' | '.' | '،' | ',' | '\u{60d}' | '\u{200f}' | '年' | '月' | '日' | '년' | '월'
            | '일' | '(' | ')' => {
                words.push(' ');
            }
            _ => words.push(c),
        }
    }
    if let [all] = numbers.as_slice()
        && all.len() == 8
    {
        numbers = vec![all[..4].to_owned(), all[4..6].to_owned(), all[6..].to_owned()];
    }
    let mut found = [(0, 0); 3];
    for (slot, number) in found.iter_mut().zip(&numbers) {
        *slot = (number.parse().ok().filter(|_| number.len() <= 4)?, number.len());
    }
    let word = folded(&words);
    (numbers.len() == 3).then_some((found, Some(word).filter(|word| !word.is_empty())))
}

/// Year, month and day in the orders that the numbers can stand in, and whether the month stands before the day and the
/// year behind both. A year has three or four digits, but behind the name of an era.
fn orders(numbers: Numbers, has_word: bool) -> Option<Vec<(YearMonthDay, bool)>> {
    let [(first, first_len), (second, second_len), (third, third_len)] = numbers;
    let small = |number: i32| u8::try_from(number).ok();
    if second_len > 2 {
        return None;
    }
    if first_len >= 3 || has_word && third_len <= 2 {
        return (third_len <= 2).then_some(vec![((first, small(second)?, small(third)?), false)]);
    }
    let day_first = (third, small(second)?, small(first)?);
    let month_first = (third, small(first)?, small(second)?);
    (third_len >= 3).then_some(vec![(day_first, false), (month_first, true)])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn today() -> Date {
        date("2026-11-26")
    }

    fn told(text: &str) -> String {
        match read(text, Expected::Behind, today()) {
            Reading::One(day) => format!("{} {}", day.date, day.calendar.name()),
            Reading::Two(first, second) => {
                format!(
                    "{} {} | {} {}",
                    first.date,
                    first.calendar.name(),
                    second.date,
                    second.calendar.name()
                )
            }
            Reading::Unreadable(rule) => rule.code().to_owned(),
        }
    }

    #[test]
    fn days_are_read_in_the_calendar_of_their_year() {
        for (text, expected) in [
            ("2026-11-26", "2026-11-26 Gregorian"),
            ("\u{200f}٢٠٢٦-١١-٢٦", "2026-11-26 Gregorian"),
            ("၂၀၂၆-၁၁-၂၆", "2026-11-26 Gregorian"),
            ("２０２６－１１－２６", "2026-11-26 Gregorian"),
            ("2026/11/26", "2026-11-26 Gregorian"),
            ("26.11.2026", "2026-11-26 Gregorian"),
            ("2026\u{2011}11\u{2011}26\u{200f}", "2026-11-26 Gregorian"),
            ("20261126", "2026-11-26 Gregorian"),
            ("2026年11月26日", "2026-11-26 Gregorian"),
            ("1990-05-01", "1990-05-01 Gregorian"),
            ("1448-06-16", "2026-11-26 Islamic"),
            ("1447-06-05", "2025-11-26 Islamic"),
            ("١٤٤٧/٠٦/٠٥ هـ", "2025-11-26 Islamic"),
            ("1405-09-05", "2026-11-26 Persian"),
            ("۱۴۰۵/۰۹/۰۵", "2026-11-26 Persian"),
            ("1405-09-05 AH", "1985-05-25 Islamic"),
            ("2569-12-10", "2026-12-10 Buddhist"),
            ("๑๐/๑๒/๒๕๖๙ พ.ศ.", "2026-12-10 Buddhist"),
            ("115-11-26", "2026-11-26 Minguo"),
            ("民國115年11月26日", "2026-11-26 Minguo"),
            ("令和8年11月26日", "2026-11-26 Japanese"),
            ("R8.11.26", "2026-11-26 Japanese"),
            ("2019-03-17 Gregorian", "2019-03-17 Gregorian"),
            ("2019-03-17 ዓ.ም.", "2026-11-26 Ethiopian"),
            ("1743-03-17", "2026-11-26 Coptic"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn days_that_read_two_ways_are_told_with_both() {
        for (text, expected) in [
            ("2019-03-17", "2026-11-26 Ethiopian | 2019-03-17 Gregorian"),
            ("2018-12-01", "2026-08-07 Ethiopian | 2018-12-01 Gregorian"),
            ("1948-09-05", "2026-11-26 Saka | 1948-09-05 Gregorian"),
            ("03/12/2026", "2026-12-03 Gregorian | 2026-03-12 Gregorian"),
        ] {
            assert_eq!(told(text), expected, "{text}");
            let Reading::Two(first, second) = read(text, Expected::Behind, today()) else { panic!("{text}") };
            for day in [first, second] {
                let again = read(&day.unmistakable(today()), Expected::Ahead, today());
                assert!(matches!(again, Reading::One(read) if read.date == day.date), "{again:?}");
            }
        }
        let said = read("2019-03-17", Expected::Behind, today()).one_day(today()).unwrap_err().to_string();
        assert!(said.contains("write 2026-11-26 for 2026-11-26 (from the Ethiopian calendar)"), "{said}");
        assert!(said.contains("or 2019-03-17 Gregorian for 2019-03-17 (Gregorian)"), "{said}");
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for (text, code) in [
            ("", "NOT_A_DATE"),
            ("tomorrow", "NOT_A_DATE"),
            ("26 November 2026", "NOT_A_DATE"),
            ("2026-11", "NOT_A_DATE"),
            ("26-11-26", "NOT_A_DATE"),
            ("2026-11-26T10:00", "NOT_A_DATE"),
            ("2026-13-01", "NO_SUCH_DAY"),
            ("2026-02-30", "NO_SUCH_DAY"),
            ("2083-08-10", "DATE_FAR"),
            ("3026-11-26", "DATE_FAR"),
            ("1447-13-01", "NO_SUCH_DAY"),
        ] {
            assert_eq!(told(text), code, "{text}");
        }
    }

    #[test]
    fn a_day_that_cannot_be_meant_is_doubted() {
        let doubt = |text: &str, expected| {
            let day = read(text, expected, today()).one_day(today()).unwrap();
            day.doubt(expected, today()).map(|rule| rule.to_string())
        };
        assert_eq!(
            doubt("2026-11-01", Expected::Ahead).unwrap(),
            "lies in the past: 2026-11-01 was 25 days ago"
        );
        assert_eq!(
            doubt("2027-03-01", Expected::Behind).unwrap(),
            "lies in the future: 2027-03-01 is 95 days ahead"
        );
        for (text, expected) in [
            ("2026-11-25", Expected::Ahead),
            ("2026-12-10", Expected::Ahead),
            ("2026-11-27", Expected::Behind),
            ("2020-01-01", Expected::Behind),
        ] {
            assert_eq!(doubt(text, expected), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*|[0-9]{1,5}[-/. ][0-9]{1,3}[-/. ][0-9]{1,5}( AH| BE| R)?") {
            let _ = read(&text, Expected::Ahead, today());
        }

        #[test]
        fn a_gregorian_day_near_today_is_itself(days in -1_000..700) {
            let day = today().add_days(days);
            let reading = read(&day.to_string(), Expected::Ahead, today());
            prop_assert!(matches!(reading, Reading::One(read) if read.date == day && read.calendar == Calendar::Gregorian));
        }
    }
}
