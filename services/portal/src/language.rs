//! The languages of the pages, and how times are said in them.

use std::sync::LazyLock;

use flare_kernel::{Duration, Timestamp};

use crate::l10n::{L10n, L10nLanguage};

/// A language that has a catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    En,
    Fr,
    Ar,
}

static TEXTS: LazyLock<[L10nLanguage; 3]> =
    LazyLock::new(|| [L10n::En.load(), L10n::Fr.load(), L10n::Ar.load()]);

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl Language {
    /// All of them, in the order in which they are offered.
    pub(crate) const ALL: [Self; 3] = [Self::En, Self::Fr, Self::Ar];

    /// As it stands in addresses and in `lang`.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
            Self::Ar => "ar",
        }
    }

    /// Which way it is written.
    pub(crate) const fn direction(self) -> &'static str {
        match self {
            Self::En | Self::Fr => "ltr",
            Self::Ar => "rtl",
        }
    }

    /// Its own name for itself.
    pub(crate) fn name(self) -> String {
        self.texts().language_name()
    }

    /// The language of an address, if it is one.
    pub(crate) fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    /// A first guess from `Accept-Language`: the first that has a catalogue. Weights are not looked at; browsers list what
    /// they prefer first.
    pub(crate) fn guess(header: Option<&str>) -> Self {
        let wanted = header.unwrap_or_default().split(',').take(20);
        let code = |tag: &str| tag.trim().get(..2).map(str::to_ascii_lowercase);
        wanted.filter_map(code).find_map(|code| Self::of_code(&code)).unwrap_or(Self::En)
    }

    /// Every text in it.
    pub(crate) fn texts(self) -> &'static L10nLanguage {
        match self {
            Self::En => &TEXTS[0],
            Self::Fr => &TEXTS[1],
            Self::Ar => &TEXTS[2],
        }
    }

    /// A number of hours, in words.
    pub(crate) fn hours(self, hours: u32) -> String {
        self.span(u64::from(hours) * HOUR)
    }

    /// A span to the nearest minute, from an hour up to the nearest hour, from three days up to the nearest day.
    fn span(self, seconds: u64) -> String {
        let texts = self.texts();
        let nearest = |unit: u64| (seconds + unit / 2) / unit;
        match (nearest(MINUTE), nearest(HOUR)) {
            (minutes @ 0..60, _) => texts.minutes(minutes.max(1)),
            (_, hours @ 0..72) => texts.hours(hours),
            _ => texts.days(nearest(DAY)),
        }
    }

    /// How far away an instant is: "in 5 hours", "2 hours ago", "now".
    pub(crate) fn distance(self, at: Timestamp, now: Timestamp) -> String {
        self.said(at, now, L10nLanguage::in_span)
    }

    /// The same of an instant by which something is done, which is not the instant at which it is.
    pub(crate) fn within(self, by: Timestamp, now: Timestamp) -> String {
        self.said(by, now, L10nLanguage::within_span)
    }

    fn said(self, at: Timestamp, now: Timestamp, ahead: impl Fn(&L10nLanguage, String) -> String) -> String {
        let micros = at.since(now).as_micros();
        let seconds = micros.unsigned_abs() / 1_000_000;
        let texts = self.texts();
        match (seconds < MINUTE / 2, micros < 0) {
            (true, _) => texts.now(),
            (false, true) => texts.ago_span(self.span(seconds)),
            (false, false) => ahead(texts, self.span(seconds)),
        }
    }
}

/// An instant to the minute, in UTC: nothing is known of the reader's clock. It stays on one line: broken up, it reads
/// backwards in Arabic.
pub(crate) fn written(at: Timestamp) -> String {
    let text = at.to_string();
    match (text.get(..10), text.get(11..16)) {
        (Some(date), Some(time)) => {
            format!("{date} {time} UTC").replace('-', "\u{2060}-\u{2060}").replace(' ', "\u{a0}")
        }
        _ => text,
    }
}

/// The later of a target and of the same span counted from when somebody reads again.
pub(crate) fn due(received: Timestamp, target_hours: u32, reads_again: Option<Timestamp>) -> Timestamp {
    reads_again.unwrap_or(received).plus(Duration::from_hours(target_hours.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_with_a_catalogue_is_guessed() {
        for (header, guessed) in [
            (None, Language::En),
            (Some("fr-CA,en;q=0.5"), Language::Fr),
            (Some("my, ar-IQ;q=0.8, en"), Language::Ar),
            (Some("é"), Language::En),
            (Some("*"), Language::En),
        ] {
            assert_eq!(Language::guess(header), guessed, "{header:?}");
        }
    }

    #[test]
    fn distances_are_said_in_each_language_with_its_plurals() {
        let plain = |text: String| text.replace(['\u{2068}', '\u{2069}'], "");
        let said = |language: Language, seconds: i64| {
            let now = Timestamp::from_micros(1_795_300_000_000_000);
            plain(language.distance(now.plus(Duration::from_secs(seconds)), now))
        };
        let hour = 3_600;
        for (seconds, texts) in [
            (0, ["now", "maintenant", "الآن"]),
            (60, ["in 1 minute", "dans 1 minute", "بعد دقيقة واحدة"]),
            (hour, ["in 1 hour", "dans 1 heure", "بعد ساعة واحدة"]),
            (2 * hour, ["in 2 hours", "dans 2 heures", "بعد ساعتين"]),
            (3 * hour, ["in 3 hours", "dans 3 heures", "بعد 3 ساعات"]),
            (11 * hour, ["in 11 hours", "dans 11 heures", "بعد 11 ساعة"]),
            (-2 * hour, ["2 hours ago", "il y a 2 heures", "قبل ساعتين"]),
            (240 * hour, ["in 10 days", "dans 10 jours", "بعد 10 أيام"]),
        ] {
            assert_eq!(Language::ALL.map(|language| said(language, seconds)), texts);
        }
        let now = Timestamp::from_micros(0);
        let by = now.plus(Duration::from_hours(2));
        let within = Language::ALL.map(|language| plain(language.within(by, now)));
        assert_eq!(within, ["in 2 hours", "d’ici 2 heures", "خلال ساعتين"]);
        assert_eq!(Language::En.within(now, now), "now");
    }

    #[test]
    fn an_instant_is_written_to_the_minute_and_never_broken_up() {
        let text = written(Timestamp::from_micros(1_795_300_000_000_000));
        assert_eq!(text.replace('\u{2060}', "").replace('\u{a0}', " "), "2026-11-21 22:26 UTC");
        assert!(!text.contains(' ') && text.matches("\u{2060}-\u{2060}").count() == 2);
    }

    #[test]
    fn outside_reading_hours_the_target_counts_from_when_somebody_reads() {
        let at = Timestamp::from_micros(0);
        let opens = at.plus(Duration::from_hours(6));
        assert_eq!(due(at, 24, None), at.plus(Duration::from_hours(24)));
        assert_eq!(due(at, 24, Some(opens)), at.plus(Duration::from_hours(30)));
    }
}
