//! Whatever a requester does beside asking and writing has one address: which act it is stands in what is sent, so that a
//! browser's history does not tell.

use super::wire::{self, Reply};

/// Opens an act's page, or sends it with these fields.
pub(crate) fn send(pages: &str, lang: &str, act: &str, fields: &str, cookie: &str) -> Reply {
    wire::post(pages, &format!("/{lang}/step"), &format!("act={act}&{fields}"), cookie)
}

/// The button that opens an act's page, on the page that tells where a request stands.
pub(crate) fn button(act: &str) -> String {
    format!("form[action$='/step']:has(input[name='act'][value='{act}']) button")
}
