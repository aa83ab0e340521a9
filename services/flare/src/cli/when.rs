//! Instants as people read them: the time in UTC, and how far away it is.

use flare_contracts::input::timestamp_in;
use flare_kernel::Timestamp;

/// An instant and its distance from now: "2026-11-22 03:20 UTC (in 3 h)", or "(2 d late)" for one that should not have
/// passed.
pub(crate) fn due(at: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", utc(at), left(at, now))
}

/// An instant and its distance from now: "2026-11-22 03:20 UTC (5 min ago)".
pub(crate) fn happened(at: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", utc(at), ago(at, now))
}

/// The time that is left until an instant: "in 3 h", or "2 d late".
pub(crate) fn left(at: Timestamp, now: Timestamp) -> String {
    away(at, now, "late")
}

/// How long ago something happened: "5 min ago".
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    away(at, now, "ago")
}

/// An instant to the minute: "2026-11-22 03:20 UTC".
pub(crate) fn utc(at: Timestamp) -> String {
    // RFC 3339 to the second: the date, the time to the minute.
    let text = at.to_string();
    match (text.get(..10), text.get(11..16)) {
        (Some(date), Some(time)) => format!("{date} {time} UTC"),
        _ => text,
    }
}

/// An instant that may be none, told in one of these ways; none is a dash.
pub(crate) fn told(at: Option<Timestamp>, tell: impl FnOnce(Timestamp) -> String) -> String {
    at.map_or_else(|| "-".to_owned(), tell)
}

/// RFC 3339, for machines; `None` when unset.
pub(crate) fn rfc3339(at: Option<&prost_types::Timestamp>) -> Option<String> {
    at.map(|at| timestamp_in(at).to_string())
}

fn away(at: Timestamp, now: Timestamp, past: &str) -> String {
    let micros = at.since(now).as_micros();
    let distance = distance(micros.unsigned_abs() / 1_000_000);
    match (distance.as_str(), micros < 0) {
        ("now", _) => distance,
        (distance, true) => format!("{distance} {past}"),
        (distance, false) => format!("in {distance}"),
    }
}

/// To the nearest minute, from an hour up to the nearest hour, from two days up to the nearest day.
fn distance(seconds: u64) -> String {
    let nearest = |unit: u64| (seconds + unit / 2) / unit;
    match (nearest(60), nearest(3_600)) {
        (0, _) => "now".to_owned(),
        (minutes @ 1..60, _) => format!("{minutes} min"),
        (_, hours @ 0..48) => format!("{hours} h"),
        _ => format!("{} d", nearest(86_400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_told_in_utc_and_from_now() {
        let now = Timestamp::from_micros(1_795_300_000_000_000);
        let at = |seconds: i64| Timestamp::from_micros((1_795_300_000 + seconds) * 1_000_000);
        assert_eq!(due(at(3 * 3_600), now), "2026-11-22 01:26 UTC (in 3 h)");
        assert_eq!(due(at(-2 * 86_400), now), "2026-11-19 22:26 UTC (2 d late)");
        assert_eq!(happened(at(-300), now), "2026-11-21 22:21 UTC (5 min ago)");
        assert_eq!(happened(at(20), now), "2026-11-21 22:27 UTC (now)");
        assert_eq!(due(at(2 * 3_600 - 20), now), "2026-11-22 00:26 UTC (in 2 h)");
        assert_eq!(
            (told(None, utc), told(Some(at(0)), utc)),
            ("-".to_owned(), "2026-11-21 22:26 UTC".to_owned())
        );
        let on_the_wire = prost_types::Timestamp { seconds: 1_795_300_000, nanos: 0 };
        assert_eq!(rfc3339(Some(&on_the_wire)).unwrap(), "2026-11-21T22:26:40Z");
    }
}
