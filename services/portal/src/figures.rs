//! The figures of the portal. None has a label that a caller can choose, and none names anybody.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{MatchedPath, Request},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use flare_kernel::Timestamp;

/// The time from opening the form to the code, in seconds, and the upper edges of its histogram: people type for minutes, and
/// some come back the next day.
pub const CODE_SECONDS: (&str, &[f64]) =
    ("flare_portal_code_seconds", &[10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 21_600.0, 86_400.0]);

/// Pages, by the pattern of their address and their status.
const PAGES: &str = "flare_portal_pages_total";

/// Whoever was not served for want of room or because of a limit, by which.
const REFUSED: &str = "flare_portal_refused_total";

/// Calls to services that waited for their turn, because their place had made many.
const WAITED: &str = "flare_portal_waited_total";

/// Faults of ours. `flare-runtime` counts calls that panic under this name, and begins it at 0; a page that panics is one more.
const PANICS: &str = "flare_panics_total";

/// What kept somebody from being served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// A service's limit, also after waiting.
    Limit,
    /// Every connection was busy.
    Room,
    /// The services are away, and the disk has no room for what is sent, or none for more from its place.
    Disk,
}

/// Counts every page.
pub(crate) async fn count_pages(request: Request<Body>, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    page(route, response.status());
    response
}

fn page(route: &str, status: StatusCode) {
    metrics::counter!(PAGES, "route" => route.to_owned(), "status" => status.as_u16().to_string())
        .increment(1);
}

/// Notes how long it took from the form to the code.
pub(crate) fn code_after(opened: Timestamp, now: Timestamp) {
    let micros = u64::try_from(now.since(opened).as_micros()).unwrap_or(0);
    metrics::histogram!(CODE_SECONDS.0).record(Duration::from_micros(micros));
}

/// Tells the counters that an alarm looks at, which notices the first of anything only where it saw none before.
pub(crate) fn begin() {
    for by in [Want::Limit, Want::Room, Want::Disk] {
        count_refused(by, 0);
    }
    metrics::counter!(WAITED).increment(0);
}

/// Counts somebody who was not served.
pub(crate) fn refused(by: Want) {
    count_refused(by, 1);
}

fn count_refused(by: Want, times: u64) {
    let by = match by {
        Want::Limit => "limit",
        Want::Room => "room",
        Want::Disk => "disk",
    };
    metrics::counter!(REFUSED, "by" => by).increment(times);
}

/// Counts a call that waited.
pub(crate) fn waited() {
    metrics::counter!(WAITED).increment(1);
}

/// Counts a page that ended in a fault of ours.
pub(crate) fn panicked() {
    metrics::counter!(PANICS).increment(1);
}
