//! The figures that this crate keeps. Each has the label `service`.

/// Gauge: events that wait to be published.
pub const OUTBOX_DEPTH: &str = "flare_outbox_depth";
/// Gauge: events received and not applied.
pub const INBOX_DEPTH: &str = "flare_inbox_depth";
/// Gauge: streams that wait for somebody to look.
pub const QUARANTINED: &str = "flare_quarantined_streams";
/// Gauge: those of them whose producer tells another history than was applied, as one does that was restored alone.
pub const DIFFERING: &str = "flare_differing_histories";
/// Counter: events that the bus confirmed.
pub const PUBLISHED: &str = "flare_published_total";
/// Counter: attempts to publish an event that the bus did not confirm.
pub const PUBLISH_FAILURES: &str = "flare_publish_failures_total";
/// Counter: events applied.
pub const APPLIED: &str = "flare_applied_total";
/// Counter: attempts to apply an event that failed.
pub const APPLY_FAILURES: &str = "flare_apply_failures_total";
/// Counter: events fetched from their producer because the bus had not brought them, by gap or reconciler.
pub const FETCHED: &str = "flare_fetched_events_total";
/// Counter: messages that are no event, moved to the queue `flare.<service>.undecodable`.
pub const UNDECODABLE: &str = "flare_undecodable_messages_total";
/// Counter: timers fired.
pub const TIMERS_FIRED: &str = "flare_timers_fired_total";
/// Counter: timers whose handler failed.
pub const TIMER_FAILURES: &str = "flare_timer_failures_total";

use flare_contracts::Service;

/// Adds to a counter of a service.
pub(crate) fn count(name: &'static str, service: Service, by: usize) {
    if by > 0 {
        metrics::counter!(name, "service" => service.as_str())
            .increment(u64::try_from(by).unwrap_or(u64::MAX));
    }
}

/// Sets a gauge of a service.
pub(crate) fn set(name: &'static str, service: Service, to: i64) {
    #[allow(clippy::cast_precision_loss, reason = "a gauge is a float, and counts stay far below 2^52")]
    metrics::gauge!(name, "service" => service.as_str()).set(to as f64);
}
