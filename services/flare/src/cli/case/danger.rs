//! What was said of danger: with the request, and each time since. Nobody's word replaces another's, for it may not be the
//! same person who says it.

use flare_contracts::intake::v1::{Danger, DangerAnswer, GetRequestResponse, Listing};
use prost_types::Timestamp;
use serde_json::{Value, json};

use super::{choices::Worded as _, desk::People};
use crate::cli::when;

/// All of it as people read it, oldest first; empty where it was never said.
pub(super) fn danger_text(
    request: &GetRequestResponse,
    people: &People,
    when: impl Fn(Option<&Timestamp>) -> String,
) -> String {
    let first = first(request);
    let first = (first != Danger::Unspecified).then(|| format!("{} (with the request)", first.word()));
    let later = |said: &DangerAnswer| {
        format!("{} ({} by {})", said.danger().word(), when(said.at.as_ref()), people.name(&said.author))
    };
    first.into_iter().chain(request.later_danger.iter().map(later)).collect::<Vec<_>>().join("\n")
}

/// All of it for machines.
pub(super) fn danger_json(request: &GetRequestResponse) -> Value {
    let later = |said: &DangerAnswer| {
        json!({
            "danger": said.danger().word(),
            "author": said.author,
            "at": when::rfc3339(said.at.as_ref()),
        })
    };
    json!({
        "first": first(request).word(),
        "later": request.later_danger.iter().map(later).collect::<Vec<_>>(),
    })
}

fn first(request: &GetRequestResponse) -> Danger {
    request.listing.as_ref().map_or(Danger::Unspecified, Listing::danger)
}
