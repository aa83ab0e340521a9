//! What waits, as Prometheus reads it. Numbers only.

use flare_kernel::Timestamp;

use super::SpoolFigures;

/// Requests that wait, those refused or unreadable among them.
const REQUESTS: &str = "flare_portal_spool_requests";
/// Their size.
const BYTES: &str = "flare_portal_spool_bytes";
/// How much may wait, by setting.
const LIMIT: &str = "flare_portal_spool_limit_bytes";
/// For how long the oldest waits that can still go; 0 when none does.
const OLDEST: &str = "flare_portal_spool_oldest_seconds";
/// Those that intake refuses.
const REFUSED: &str = "flare_portal_spool_refused";
/// Those that no key opens.
const UNREADABLE: &str = "flare_portal_spool_unreadable";
/// 1 while nothing can be written.
const FAILS: &str = "flare_portal_spool_fails";

/// Sets the gauges.
pub(super) fn set(figures: &SpoolFigures, limit_bytes: u64, now: Timestamp) {
    for (name, value) in readings(figures, limit_bytes, now) {
        #[allow(clippy::cast_precision_loss, reason = "a gauge is a float, and these stay far below 2^52")]
        metrics::gauge!(name).set(value as f64);
    }
}

fn readings(figures: &SpoolFigures, limit_bytes: u64, now: Timestamp) -> [(&'static str, u64); 7] {
    let micros = figures.oldest.map_or(0, |oldest| now.since(oldest).as_micros());
    [
        (REQUESTS, figures.waiting),
        (BYTES, figures.bytes),
        (LIMIT, limit_bytes),
        (OLDEST, u64::try_from(micros / 1_000_000).unwrap_or(0)),
        (REFUSED, figures.refused),
        (UNREADABLE, figures.unreadable),
        (FAILS, u64::from(figures.fails)),
    ]
}

#[cfg(test)]
mod tests {
    use flare_kernel::Duration;

    use super::*;

    #[test]
    fn each_figure_has_its_gauge_and_each_gauge_an_alarm_that_names_it() {
        let now = Timestamp::from_micros(0).plus(Duration::from_hours(2));
        let figures = SpoolFigures {
            waiting: 5,
            bytes: 4_000,
            oldest: Some(Timestamp::from_micros(0)),
            refused: 2,
            unreadable: 1,
            fails: true,
        };
        assert_eq!(readings(&figures, 9_000, now).map(|(_, value)| value), [5, 4_000, 9_000, 7_200, 2, 1, 1]);
        assert_eq!(readings(&SpoolFigures::default(), 0, now).map(|(_, value)| value), [0; 7]);
        let rules = include_str!("../../../../deploy/alerts.yml");
        let named = [OLDEST, REFUSED, UNREADABLE, FAILS].map(str::to_owned);
        for of in named.into_iter().chain([format!("{BYTES} / {LIMIT}")]) {
            assert!(rules.contains(&format!("expr: {of} > ")), "{of}");
        }
    }
}
