//! For which place a page's calls are made. Each call carries it by itself, so that no page can forget it.

use std::{future::Future, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use flare_access::Place;
use flare_edge::Way;
use tokio::task_local;
use tower::{ServiceExt as _, util::BoxCloneSyncService};

use crate::Portal;

/// Microseconds for which a place keeps the name under which services hear of it.
const DAY: i64 = 86_400_000_000;

task_local! {
    /// The named place of whoever asked for the page that this task makes.
    static CALLER: Option<Place>;
}

/// The named place that calls of this task are made for; none outside a page.
pub(crate) fn caller() -> Option<Place> {
    CALLER.try_with(Clone::clone).ok().flatten()
}

/// Runs something for a named place.
pub(crate) async fn on_behalf<T>(place: Option<Place>, of: impl Future<Output = T>) -> T {
    CALLER.scope(place, of).await
}

/// Makes the page for the place that the listener found, under the name that services may know.
pub(crate) async fn locate(
    State(portal): State<Arc<Portal>>,
    request: Request<Body>,
    next: Next,
) -> Response {
    let day = portal.clock.now().as_micros().div_euclid(DAY);
    let named = request.extensions().get::<Place>().map(|place| portal.keys.place_names().name(place, day));
    on_behalf(named, next.run(request)).await
}

/// A way whose calls say which place they are made for.
pub(crate) fn telling(way: Way) -> Way {
    BoxCloneSyncService::new(way.map_request(|mut request: http::Request<tonic::body::Body>| {
        if let Some(value) = caller().and_then(|place| place.to_metadata()) {
            let mut metadata =
                tonic::metadata::MetadataMap::from_headers(std::mem::take(request.headers_mut()));
            metadata.insert(Place::header(), value);
            *request.headers_mut() = metadata.into_headers();
        }
        request
    }))
}
