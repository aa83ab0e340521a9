//! Names of months, in the languages that people fill in forms with, from the Unicode CLDR: of each calendar, in full, as
//! they stand beside a day, and cut short.

use std::{collections::HashMap, sync::LazyLock};

use icu_calendar::{
    AnyCalendar, Date,
    types::{Month, YearInput},
};
use icu_datetime::{
    DateTimeFormatter, DateTimeFormatterPreferences,
    fieldsets::{M, MD},
};
use icu_locale::Locale;

use crate::{
    date::Calendar,
    names::{WRITTEN_IN, folded, spelled},
    text::clean_value,
};

/// Where the same language names months otherwise: the Levant, the Maghreb, Afghanistan; and languages of which no name
/// of a country is needed.
const ALSO_WRITTEN_IN: [&str; 17] = [
    "ar-IQ", "ar-MA", "ar-DZ", "ar-MR", "fa-AF", "uz-Cyrl", "sr-Latn", "ckb", "ne", "tg", "kk", "ky", "ro",
    "bg", "ta", "si", "sq",
];

/// Names in use that the CLDR does not give.
const OTHER_NAMES: &[(&str, Calendar, u8)] = &[
    ("sept", Calendar::Gregorian, 9),
    ("set", Calendar::Gregorian, 9),
    ("ابريل", Calendar::Gregorian, 4),
    ("اغسطس", Calendar::Gregorian, 8),
    ("rabi al-awwal", Calendar::Islamic, 3),
    ("rabi al-thani", Calendar::Islamic, 4),
    ("rabi al-akhir", Calendar::Islamic, 4),
    ("ربيع الثاني", Calendar::Islamic, 4),
    ("jumada al-awwal", Calendar::Islamic, 5),
    ("jumada al-ula", Calendar::Islamic, 5),
    ("jumada al-thani", Calendar::Islamic, 6),
    ("jumada al-akhira", Calendar::Islamic, 6),
    ("جمادى الاول", Calendar::Islamic, 5),
    ("جمادى الثانية", Calendar::Islamic, 6),
    ("جمادى الثاني", Calendar::Islamic, 6),
    ("dhu al-qidah", Calendar::Islamic, 11),
    ("dhul qidah", Calendar::Islamic, 11),
    ("dhu al-hijjah", Calendar::Islamic, 12),
    ("dhul hijjah", Calendar::Islamic, 12),
];

/// A month of a calendar.
pub(crate) type Named = (Calendar, Month);

/// Every month that has this name, in whichever calendar and language.
pub(crate) fn named(name: &str) -> &'static [Named] {
    let months = &*MONTHS;
    let found = months.exact.get(&spelled(name)).or_else(|| months.folded.get(&folded(name)));
    found.map_or(&[], Vec::as_slice)
}

/// The months by their names: with every mark, for "जून" and "जन" are two; and without, for many a phone has no accents.
#[derive(Default)]
struct Months {
    exact: HashMap<String, Vec<Named>>,
    folded: HashMap<String, Vec<Named>>,
}

static MONTHS: LazyLock<Months> = LazyLock::new(|| {
    let mut months = Months::default();
    for language in WRITTEN_IN.iter().chain(&ALSO_WRITTEN_IN) {
        for (calendar, key, years) in CALENDARS {
            let Ok(locale) = format!("{language}-u-ca-{key}").parse::<Locale>() else { continue };
            months.add_all(calendar, (&locale).into(), years);
        }
    }
    for (name, calendar, month) in OTHER_NAMES {
        months.add(name, (*calendar, Month::new(*month)), true);
    }
    months
});

/// The calendars that name months of their own, by their keys in a locale, with years that have all their months between
/// them: others go by the Gregorian names.
const CALENDARS: [(Calendar, &str, [i32; 2]); 7] = [
    (Calendar::Gregorian, "gregory", [2026, 2026]),
    (Calendar::Islamic, "islamic-umalqura", [1447, 1447]),
    (Calendar::SolarHijri, "persian", [1405, 1405]),
    (Calendar::Ethiopian, "ethiopic", [2019, 2019]),
    (Calendar::Hebrew, "hebrew", [5786, 5787]),
    (Calendar::Saka, "indian", [1948, 1948]),
    (Calendar::Coptic, "coptic", [1743, 1743]),
];

impl Months {
    /// The names that a language gives a calendar's months.
    fn add_all(&mut self, calendar: Calendar, language: DateTimeFormatterPreferences, years: [i32; 2]) {
        let whole = DateTimeFormatter::try_new(language, M::long());
        let beside_a_day = DateTimeFormatter::try_new(language, MD::long());
        let short = DateTimeFormatter::try_new(language, M::medium());
        let (Ok(whole), Ok(beside_a_day), Ok(short)) = (whole, beside_a_day, short) else { return };
        let months = (1..=13).flat_map(|number| [Month::new(number), Month::leap(number)]);
        for (month, year) in months.flat_map(|month| years.map(|year| (month, year))) {
            let first = Date::try_new(YearInput::Extended(year), month, 1, AnyCalendar::new(calendar.kind()));
            let Ok(first) = first else { continue };
            self.add(&whole.format(&first).to_string(), (calendar, month), true);
            self.add(&beside_a_day.format(&first).to_string(), (calendar, month), true);
            self.add(&short.format(&first).to_string(), (calendar, month), false);
        }
    }

    /// One more name; a short one only as it is written, for without its marks it may be that of another month.
    fn add(&mut self, name: &str, month: Named, is_whole: bool) {
        // Beside a name stands the day, in some languages with a word or as a letter: "1 de enero", "1ê rêbendanê".
        let name = clean_value(name);
        let days = ["1-", "1 de ", "1ê ", "א׳ "];
        let name = days.iter().find_map(|day| name.strip_prefix(day)).unwrap_or(&name);
        let name = name.trim_matches(|c: char| c == '1' || c == '0' || c.is_whitespace());
        // A month that is called by its number is read by that.
        if name.contains(|c: char| c.is_ascii_digit()) {
            return;
        }
        push(&mut self.exact, spelled(name), month);
        if is_whole {
            push(&mut self.folded, folded(name), month);
        }
    }
}

fn push(months: &mut HashMap<String, Vec<Named>>, name: String, month: Named) {
    if name.chars().count() < 2 {
        return;
    }
    let known = months.entry(name).or_default();
    if !known.contains(&month) {
        known.push(month);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the Gregorian months of this name.
    fn gregorian(name: &str) -> Vec<u8> {
        let of = |(calendar, month): &Named| (*calendar == Calendar::Gregorian).then(|| month.number());
        named(name).iter().filter_map(of).collect()
    }

    #[test]
    fn each_month_has_its_names() {
        for names in [
            "january february march april may june july august september october november december",
            "jan feb mar apr may jun jul aug sep oct nov dec",
            "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
            "JANVIER FEVRIER MARS AVRIL MAI JUIN JUILLET AOUT SEPTEMBRE OCTOBRE NOVEMBRE DECEMBRE",
            "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
            "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
            "يناير فبراير مارس ابريل مايو يونيو يوليو اغسطس سبتمبر اكتوبر نوفمبر ديسمبر",
            "كانون_الثاني شباط آذار نيسان أيار حزيران تموز آب أيلول تشرين_الأول تشرين_الثاني كانون_الأول",
            "جانفي فيفري مارس أفريل ماي جوان جويلية أوت سبتمبر أكتوبر نوفمبر ديسمبر",
            "يناير فبراير مارس أبريل ماي يونيو يوليوز غشت شتنبر أكتوبر نونبر دجنبر",
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
            "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
            "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
            "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
            "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
            "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
            "ocak subat mart nisan mayis haziran temmuz agustos eylul ekim kasim aralik",
            "ژانویه فوریه مارس آوریل مه ژوئن ژوئیه اوت سپتامبر اکتبر نوامبر دسامبر",
            "جنوری فبروری مارچ اپریل می جون جولای اگست سپتمبر اکتوبر نومبر دسمبر",
            "ဇန်နဝါရီ ဖေဖော်ဝါရီ မတ် ဧပြီ မေ ဇွန် ဇူလိုင် ဩဂုတ် စက်တင်ဘာ အောက်တိုဘာ နိုဝင်ဘာ ဒီဇင်ဘာ",
        ] {
            for (number, name) in (1..).zip(names.split(' ')) {
                assert_eq!(gregorian(&name.replace('_', " ")), [number], "{name}");
            }
        }
        for (name, calendar, month) in [
            ("رمضان", Calendar::Islamic, Month::new(9)),
            ("Ramadan", Calendar::Islamic, Month::new(9)),
            ("ربيع الآخر", Calendar::Islamic, Month::new(4)),
            ("آذر", Calendar::SolarHijri, Month::new(9)),
            ("قوس", Calendar::SolarHijri, Month::new(9)),
            ("ኅዳር", Calendar::Ethiopian, Month::new(3)),
            ("כסלו", Calendar::Hebrew, Month::new(3)),
            ("Adar I", Calendar::Hebrew, Month::leap(5)),
            ("कार्तिक", Calendar::Saka, Month::new(8)),
        ] {
            assert!(named(name).contains(&(calendar, month)), "{name}: {:?}", named(name));
        }
        for other in ["", "x", "26", "soon", "tomorrow", "غدا", "月"] {
            assert_eq!(named(other), [], "{other}");
        }
    }
}
