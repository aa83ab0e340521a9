//! Days, as people write them in the calendar they live by.

use std::{
    collections::{HashMap, HashSet},
    ops::RangeInclusive,
    sync::LazyLock,
};

use flare_kernel::Date;
use icu_calendar::{
    AnyCalendar, AnyCalendarKind, Gregorian,
    types::{Month, YearInput},
};

use crate::{
    Reading, Rule,
    months::{self, Named},
    names::folded,
    text::clean_value,
};

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
    /// Of the Jews.
    Hebrew,
}

/// A calendar that people date by and that no library converts: its days are recognised and not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unconverted {
    /// Bikram Sambat, of Nepal.
    Nepali,
    /// Of Bengal.
    Bengali,
    /// Of Myanmar.
    Burmese,
}

impl Unconverted {
    const ALL: [Self; 3] = [Self::Nepali, Self::Bengali, Self::Burmese];

    /// Its name in English.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nepali => "Nepali",
            Self::Bengali => "Bengali",
            Self::Burmese => "Burmese",
        }
    }

    /// What to add to its year for the Gregorian one in which it begins, in April.
    const fn ahead(self) -> i32 {
        match self {
            Self::Nepali => -57,
            Self::Bengali => 593,
            Self::Burmese => 638,
        }
    }

    /// The one of which this is a year near to today.
    fn of_year(year: i32, today: Date) -> Option<Self> {
        let this_year: i32 = today.to_string().get(..4)?.parse().ok()?;
        Self::ALL.into_iter().find(|calendar| (-4..=2).contains(&(year + calendar.ahead() - this_year)))
    }
}

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
            Self::Hebrew => "Hebrew",
        }
    }

    /// Those whose years are counted on, so that a number alone can be one of theirs.
    const COUNTED: [Self; 9] = [
        Self::Gregorian,
        Self::Islamic,
        Self::SolarHijri,
        Self::Ethiopian,
        Self::Buddhist,
        Self::Minguo,
        Self::Saka,
        Self::Coptic,
        Self::Hebrew,
    ];

    /// What it is to the library.
    pub(crate) const fn kind(self) -> AnyCalendarKind {
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
            Self::Hebrew => AnyCalendarKind::Hebrew,
        }
    }

    /// Whether its months have the Gregorian names.
    const fn has_gregorian_months(self) -> bool {
        match self {
            Self::Gregorian | Self::Buddhist | Self::Minguo | Self::Japanese => true,
            Self::Islamic | Self::SolarHijri | Self::Ethiopian | Self::Saka | Self::Coptic | Self::Hebrew => {
                false
            }
        }
    }

    /// The months of a year that may be meant by a number. The Jewish year is counted from autumn, its months also from
    /// spring.
    fn months(self, year: i32, number: u8) -> Vec<Month> {
        if self != Self::Hebrew {
            return vec![Month::new(number)];
        }
        let exists = |month: &Month| Day::of(self, "", (year, *month, 1)).is_some();
        let mut from_autumn: Vec<Month> =
            (1..=12).flat_map(|number| [Month::new(number), Month::leap(number)]).filter(exists).collect();
        let at = usize::from(number.saturating_sub(1));
        let first = from_autumn.get(at).copied();
        let nisan = from_autumn.iter().position(|month| *month == Month::new(7)).unwrap_or_default();
        from_autumn.rotate_left(nisan);
        let second = from_autumn.get(at).copied();
        if number == 0 { Vec::new() } else { first.into_iter().chain(second).collect() }
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
    ("hebrew", Calendar::Hebrew, ""),
    ("jewish", Calendar::Hebrew, ""),
    ("עברי", Calendar::Hebrew, ""),
];

/// The words that name a calendar that cannot be converted.
const UNCONVERTED_WORDS: &[(&str, Unconverted)] = &[
    ("nepali", Unconverted::Nepali),
    ("bikram sambat", Unconverted::Nepali),
    ("vikram samvat", Unconverted::Nepali),
    ("bs", Unconverted::Nepali),
    ("vs", Unconverted::Nepali),
    ("बिसं", Unconverted::Nepali),
    ("विसं", Unconverted::Nepali),
    ("bengali", Unconverted::Bengali),
    ("bangla", Unconverted::Bengali),
    ("বঙ্গাব্দ", Unconverted::Bengali),
    ("বাংলা", Unconverted::Bengali),
    ("burmese", Unconverted::Burmese),
    ("မြန်မာ", Unconverted::Burmese),
];

/// Words that stand in a day and say nothing about it: "the 26th of", "26 de noviembre de", "26 ноября 2026 г.".
const PARTICLES: &[&str] = &[
    "st", "nd", "rd", "th", "of", "the", "er", "le", "de", "del", "do", "den", "г", "года", "р", "року",
    "ቀን", "في", "من", "سنة", "عام", "يوم", "شهر", "لسنة", "ماه", "سال", "مورخ", "ngày", "tháng", "năm",
];

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
    let other = || match (&pieces.word, pieces.unconverted()) {
        (Some(_), Some(calendar)) => Some(calendar),
        (Some(_), None) if pieces.calendar().is_some() => None,
        (None | Some(_), None | Some(_)) => {
            pieces.numbers.iter().find_map(|(year, _)| Unconverted::of_year(*year, today))
        }
    };
    let unread =
        |rule| Reading::Unreadable(other().map_or(rule, |calendar| Rule::DateOtherCalendar { calendar }));
    let Some(candidates) = pieces.candidates(text.contains('.')) else { return unread(Rule::NotADate) };
    let mut days = candidates;
    if pieces.word.is_none() {
        let gregorian = days.iter().find(|day| day.calendar == Calendar::Gregorian).copied();
        let near = near(&days, expected, today);
        // Where the month is named, so is the calendar.
        if near.is_empty() && pieces.months.is_empty() && other().is_some() {
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

/// A number, with how many digits it has.
type Number = (i32, usize);

/// A year, a month and a day of whichever calendar.
type YearMonthDay = (i32, u8, u8);

/// What a day is written with: three numbers, or two and the name of a month.
struct Pieces {
    numbers: Vec<Number>,
    /// The months that have the name that stands among the numbers.
    months: &'static [Named],
    /// The word beside them, as it is looked up.
    word: Option<String>,
}

impl Pieces {
    /// The most words that a day is written with.
    const MOST_WORDS: usize = 10;
    /// The most words of a month's name.
    const MOST_OF_A_NAME: usize = 4;

    fn of(text: &str) -> Option<Self> {
        let (mut numbers, mut words) = cut(text);
        if words.len() > Self::MOST_WORDS {
            return None;
        }
        if let [all] = numbers.as_slice()
            && all.len() == 8
        {
            numbers = vec![all[..4].to_owned(), all[4..6].to_owned(), all[6..].to_owned()];
        }
        let numbers: Vec<Number> = numbers
            .iter()
            .map(|number| Some((number.parse().ok().filter(|_| number.len() <= 4)?, number.len())))
            .collect::<Option<_>>()?;
        let months = match numbers.len() {
            2 => take_month(&mut words),
            3 => &[],
            _ => return None,
        };
        words.retain(|word| !is_particle(word));
        let word = Some(folded(&words.join(" "))).filter(|word| !word.is_empty());
        Some(Self { numbers, months, word })
    }

    /// The calendar that the word names, and its era.
    fn calendar(&self) -> Option<(Calendar, &'static str)> {
        static CALENDARS: LazyLock<HashMap<String, (Calendar, &str)>> = LazyLock::new(|| {
            WORDS.iter().rev().map(|(word, calendar, era)| (folded(word), (*calendar, *era))).collect()
        });
        CALENDARS.get(self.word.as_ref()?).copied()
    }

    /// The calendar that the word names, if it is one that cannot be converted.
    fn unconverted(&self) -> Option<Unconverted> {
        static CALENDARS: LazyLock<HashMap<String, Unconverted>> = LazyLock::new(|| {
            UNCONVERTED_WORDS.iter().map(|(word, calendar)| (folded(word), *calendar)).collect()
        });
        CALENDARS.get(self.word.as_ref()?).copied()
    }

    /// Every day that may be written here, in whichever calendar, or nothing where none is.
    fn candidates(&self, has_full_stops: bool) -> Option<Vec<Day>> {
        let (calendars, era) = match (&self.word, self.calendar()) {
            (None, _) => (Calendar::COUNTED.to_vec(), ""),
            (Some(_), Some((calendar, era))) => (vec![calendar], era),
            (Some(_), None) => return None,
        };
        match *self.numbers {
            [first, second] if !self.months.is_empty() => {
                let (year, day) = if first.1 >= 3 { (first, second) } else { (second, first) };
                if year.1 < 3 || day.1 > 2 {
                    return None;
                }
                let day = u8::try_from(day.0).ok()?;
                let of = |calendar: &Calendar| {
                    let is_of = |named: &Calendar| {
                        named == calendar || *named == Calendar::Gregorian && calendar.has_gregorian_months()
                    };
                    let months = self.months.iter().filter(move |(named, _)| is_of(named));
                    months.filter_map(|(_, month)| Day::of(*calendar, era, (year.0, *month, day))).collect()
                };
                Some(calendars.iter().flat_map(|calendar| -> Vec<Day> { of(calendar) }).collect())
            }
            [first, second, third] => {
                let mut days = Vec::new();
                for ((year, month, day), is_month_first) in
                    orders([first, second, third], self.word.is_some())?
                {
                    // Nobody puts the month first but in Gregorian days, and not with full stops.
                    let has_it = |calendar: &&Calendar| {
                        !is_month_first || **calendar == Calendar::Gregorian && !has_full_stops
                    };
                    for calendar in calendars.iter().filter(has_it) {
                        let months = calendar.months(year, month).into_iter();
                        days.extend(months.filter_map(|month| Day::of(*calendar, era, (year, month, day))));
                    }
                }
                Some(days)
            }
            _ => None,
        }
    }
}

/// The numbers in a text and the words between them.
fn cut(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut numbers, mut words) = (Vec::new(), Vec::new());
    let (mut digits, mut letters) = (String::new(), String::new());
    for c in text.chars().chain([' ']) {
        let is_digit = c.is_ascii_digit();
        let is_sign = matches!(
            c,
            '-' | '/' | '.' | '،' | ',' | '\u{60d}' | '年' | '月' | '日' | '년' | '월' | '일' | '(' | ')'
        );
        if !is_digit && !digits.is_empty() {
            numbers.push(std::mem::take(&mut digits));
        }
        if (is_digit || is_sign || c.is_whitespace()) && !letters.is_empty() {
            words.push(std::mem::take(&mut letters));
        }
        if is_digit {
            digits.push(c);
        } else if !is_sign && !c.is_whitespace() {
            letters.push(c);
        }
    }
    (numbers, words)
}

fn is_particle(word: &str) -> bool {
    static FOLDED: LazyLock<HashSet<String>> =
        LazyLock::new(|| PARTICLES.iter().map(|word| folded(word)).collect());
    FOLDED.contains(&folded(word))
}

/// Takes the name of a month out of the words: the longest that is one.
fn take_month(words: &mut Vec<String>) -> &'static [Named] {
    for len in (1..=Pieces::MOST_OF_A_NAME.min(words.len())).rev() {
        for at in 0..=words.len() - len {
            let months = months::named(&words[at..at + len].join(" "));
            if !months.is_empty() {
                words.drain(at..at + len);
                return months;
            }
        }
    }
    &[]
}

/// Year, month and day in the orders that the numbers can stand in, and whether the month stands before the day and the
/// year behind both. A year has three or four digits, but behind the name of an era.
fn orders(numbers: [Number; 3], has_word: bool) -> Option<Vec<(YearMonthDay, bool)>> {
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
            ("26 November 2026", "2026-11-26 Gregorian"),
            ("November 26th, 2026", "2026-11-26 Gregorian"),
            ("2026 Nov 26", "2026-11-26 Gregorian"),
            ("26-Nov-2026", "2026-11-26 Gregorian"),
            ("1er décembre 2026", "2026-12-01 Gregorian"),
            ("26 NOV. 2026", "2026-11-26 Gregorian"),
            ("٢٦ نوفمبر ٢٠٢٦", "2026-11-26 Gregorian"),
            ("٢٦ تشرين الثاني ٢٠٢٦ م", "2026-11-26 Gregorian"),
            ("\u{200f}26 كانون الثاني، 2026", "2026-01-26 Gregorian"),
            ("26 de noviembre de 2026", "2026-11-26 Gregorian"),
            ("26 de novembro de 2026", "2026-11-26 Gregorian"),
            ("26 ноября 2026 г.", "2026-11-26 Gregorian"),
            ("26 листопада 2026 року", "2026-11-26 Gregorian"),
            ("26 Kasım 2026", "2026-11-26 Gregorian"),
            ("۲۶ نوامبر ۲۰۲۶", "2026-11-26 Gregorian"),
            ("၂၆ နိုဝင်ဘာ ၂၀၂၆", "2026-11-26 Gregorian"),
            ("ngày 26 tháng 11 năm 2026", "2026-11-26 Gregorian"),
            ("26 Nisan 2026", "2026-04-26 Gregorian"),
            ("10 ธันวาคม 2569", "2026-12-10 Buddhist"),
            ("16 جمادى الآخرة 1448 هـ", "2026-11-26 Islamic"),
            ("16 Jumada al-Akhira 1448", "2026-11-26 Islamic"),
            ("١٠ رمضان ١٤٣٠", "2009-08-31 Islamic"),
            ("۵ آذر ۱۴۰۵", "2026-11-26 Persian"),
            ("۵ قوس ۱۴۰۵", "2026-11-26 Persian"),
            ("17 ኅዳር 2019", "2026-11-26 Ethiopian"),
            ("5787-03-16", "2026-11-26 Hebrew"),
            ("16 Kislev 5787", "2026-11-26 Hebrew"),
            ("16 בכסלו 5787", "2026-11-26 Hebrew"),
            ("5 अग्रहायण 1948", "2026-11-26 Saka"),
            ("1433-08-12 AH", "2012-07-02 Islamic"),
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
            ("5786-03-16", "2026-06-01 Hebrew | 2025-12-06 Hebrew"),
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
            ("26 November", "NOT_A_DATE"),
            ("26 November 26", "NOT_A_DATE"),
            ("26 Novembruary 2026", "NOT_A_DATE"),
            ("31 November 2026", "NO_SUCH_DAY"),
            ("26 November 1026", "DATE_FAR"),
            ("10 رمضان 2026", "NO_SUCH_DAY"),
            ("26 November 2026 Islamic", "NO_SUCH_DAY"),
            ("2026-11", "NOT_A_DATE"),
            ("26-11-26", "NOT_A_DATE"),
            ("2026-11-26T10:00", "NOT_A_DATE"),
            ("2026-13-01", "NO_SUCH_DAY"),
            ("2026-02-30", "NO_SUCH_DAY"),
            ("3026-11-26", "DATE_FAR"),
            ("1447-13-01", "NO_SUCH_DAY"),
        ] {
            assert_eq!(told(text), code, "{text}");
        }
    }

    #[test]
    fn a_day_of_a_calendar_that_is_not_converted_is_told_as_one() {
        for (text, calendar) in [
            ("2083-08-10", Unconverted::Nepali),
            ("२०८३/०८/१०", Unconverted::Nepali),
            ("१० मंसिर २०८३", Unconverted::Nepali),
            ("2083 Mangsir 10", Unconverted::Nepali),
            ("वि.सं. २०८३ कार्तिक १०", Unconverted::Nepali),
            ("2070-01-01 BS", Unconverted::Nepali),
            ("১৪৩৩-০৮-১২", Unconverted::Bengali),
            ("১২ অগ্রহায়ণ ১৪৩৩", Unconverted::Bengali),
            ("১২ অগ্রহায়ণ ১৪৩৩ বঙ্গাব্দ", Unconverted::Bengali),
            ("1388-08-12", Unconverted::Burmese),
            ("၁၃၈၈ နတ်တော် ၁၂", Unconverted::Burmese),
        ] {
            for expected in [Expected::Ahead, Expected::Behind] {
                let reading = read(text, expected, today());
                assert_eq!(reading, Reading::Unreadable(Rule::DateOtherCalendar { calendar }), "{text}");
            }
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
        fn no_text_panics(text in "\\PC*|[0-9]{1,5}[-/. ][0-9]{1,3}[-/. ][0-9]{1,5}( AH| BE| R)?|[0-9]{1,4} (Nov|رمضان|Adar I|ኅዳር|x){0,2} [0-9]{1,4}( BS)?") {
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
