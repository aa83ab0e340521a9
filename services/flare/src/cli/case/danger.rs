//! What was said of danger, as people read it.

use flare_contracts::{intake::v1::Danger, words::Worded as _};
use flare_edge::desk::{
    People,
    case_page::{LaterDanger, SaidOfDanger},
};
use flare_kernel::Timestamp;

/// All of it, oldest first; empty where it was never said.
pub(super) fn danger_text(
    said: &SaidOfDanger,
    people: &People,
    when: impl Fn(Option<Timestamp>) -> String,
) -> String {
    let first =
        (said.first != Danger::Unspecified).then(|| format!("{} (with the request)", said.first.word()));
    let later = |said: &LaterDanger| {
        format!("{} ({} by {})", said.danger.word(), when(said.at), people.name(&said.author))
    };
    first.into_iter().chain(said.later.iter().map(later)).collect::<Vec<_>>().join("\n")
}
