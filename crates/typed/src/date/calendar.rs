//! The calendars that people date by, and the words that name them.

use flare_kernel::Date;
use icu_calendar::{AnyCalendarKind, types::Month};

use super::Day;

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
    pub(super) fn of_year(year: i32, today: Date) -> Option<Self> {
        let this_year: i32 = today.to_string().get(..4)?.parse().ok()?;
        Self::ALL.into_iter().find(|calendar| (-4..=2).contains(&(year + calendar.ahead() - this_year)))
    }
}

impl Calendar {
    /// Its name in English, which [`read`](super::read) understands behind a day.
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
    pub(super) const COUNTED: [Self; 9] = [
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
    pub(super) const fn has_gregorian_months(self) -> bool {
        match self {
            Self::Gregorian | Self::Buddhist | Self::Minguo | Self::Japanese => true,
            Self::Islamic | Self::SolarHijri | Self::Ethiopian | Self::Saka | Self::Coptic | Self::Hebrew => {
                false
            }
        }
    }

    /// The months of a year that may be meant by a number. The Jewish year is counted from autumn, its months also from
    /// spring.
    pub(super) fn months(self, year: i32, number: u8) -> Vec<Month> {
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
pub(super) const WORDS: &[(&str, Calendar, &str)] = &[
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
pub(super) const UNCONVERTED_WORDS: &[(&str, Unconverted)] = &[
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
