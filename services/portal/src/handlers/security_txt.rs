//! Whom to tell of a weakness (RFC 9116).

use axum::{
    extract::State,
    http::{HeaderMap, Uri, header},
    response::{IntoResponse as _, Response},
};
use flare_kernel::Duration;

use super::{Shared, not_found};

/// How long a copy of it may be believed.
const LIFE: Duration = Duration::from_days(90);

/// The file, where the organisation named a contact.
pub(super) async fn show(State(portal): Shared, uri: Uri, headers: HeaderMap) -> Response {
    let Some(contact) = &portal.settings.security_contact else { return not_found(uri, headers).await };
    let expires = portal.clock.now().plus(LIFE);
    let text = format!("Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en, fr, ar\n");
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
