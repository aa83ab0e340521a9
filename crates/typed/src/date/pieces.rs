//! What a day is written with, and every day that it may be.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use super::{
    Day,
    calendar::{Calendar, UNCONVERTED_WORDS, Unconverted, WORDS},
};
use crate::{
    months::{self, Named},
    names::folded,
};

/// Words that stand in a day and say nothing about it: "the 26th of", "26 de noviembre de", "26 ноября 2026 г.".
const PARTICLES: &[&str] = &[
    "st", "nd", "rd", "th", "of", "the", "er", "le", "de", "del", "do", "den", "г", "года", "р", "року",
    "ቀን", "في", "من", "سنة", "عام", "يوم", "شهر", "لسنة", "ماه", "سال", "مورخ", "ngày", "tháng", "năm",
];

/// A number, with how many digits it has.
pub(super) type Number = (i32, usize);

/// A year, a month and a day of whichever calendar.
type YearMonthDay = (i32, u8, u8);

/// What a day is written with: three numbers, or two and the name of a month.
pub(super) struct Pieces {
    pub(super) numbers: Vec<Number>,
    /// The months that have the name that stands among the numbers.
    pub(super) months: &'static [Named],
    /// The word beside them, as it is looked up.
    pub(super) word: Option<String>,
}

impl Pieces {
    /// The most words that a day is written with.
    const MOST_WORDS: usize = 10;
    /// The most words of a month's name.
    const MOST_OF_A_NAME: usize = 4;

    pub(super) fn of(text: &str) -> Option<Self> {
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
    pub(super) fn calendar(&self) -> Option<(Calendar, &'static str)> {
        static CALENDARS: LazyLock<HashMap<String, (Calendar, &str)>> = LazyLock::new(|| {
            WORDS.iter().rev().map(|(word, calendar, era)| (folded(word), (*calendar, *era))).collect()
        });
        CALENDARS.get(self.word.as_ref()?).copied()
    }

    /// The calendar that the word names, if it is one that cannot be converted.
    pub(super) fn unconverted(&self) -> Option<Unconverted> {
        static CALENDARS: LazyLock<HashMap<String, Unconverted>> = LazyLock::new(|| {
            UNCONVERTED_WORDS.iter().map(|(word, calendar)| (folded(word), *calendar)).collect()
        });
        CALENDARS.get(self.word.as_ref()?).copied()
    }

    /// Every day that may be written here, in whichever calendar, or nothing where none is.
    pub(super) fn candidates(&self, has_full_stops: bool) -> Option<Vec<Day>> {
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
