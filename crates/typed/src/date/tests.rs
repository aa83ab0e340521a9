//! Days as people write them.

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
            format!("{} {} | {} {}", first.date, first.calendar.name(), second.date, second.calendar.name())
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
    assert_eq!(doubt("2026-11-01", Expected::Ahead).unwrap(), "lies in the past: 2026-11-01 was 25 days ago");
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
