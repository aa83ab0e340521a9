//! The only SQL of this service.

mod cases;
mod entries;
mod grants;
mod keys;
mod money;
mod needs;
mod persons;
mod references;
mod sealed;

#[cfg(test)]
pub(crate) use cases::{LIST_MATCHES, LIST_OF_OWNER, LIST_QUEUE};
pub(crate) use cases::{
    Place, exists, find_case, finish, finish_with, lock_case, lock_case_if_any, log, matches, page_of_owner,
    page_of_queue, save, state, version_of,
};
pub(crate) use entries::{add_contact, add_note, contact_count, contacts, note_count, notes};
pub(crate) use grants::{
    add_grant_need, grant_no_longer_active, grants, needs_left_by_grant, open_grants, set_grant_stage,
};
pub(crate) use keys::{begin_epoch, epochs, newest_epoch};
pub(crate) use money::{DueAsk, asked_of, begin_stop, claim_due_asks, end_stop};
pub(crate) use needs::{
    add_need, add_recommendation, add_referral, need_count, needs, needs_with_persons, recommendations,
    referral, referrals, save_need, save_referral, sent_referrals,
};
pub(crate) use persons::{add_person, person_count, persons, set_status};
pub(crate) use references::{
    ReferenceRow, add_fingerprint, add_reference, check_reference, fingerprints, reference_exists, references,
};
pub(crate) use sealed::{newest_sealed, put_sealed};

use flare_store::{Error, Row};

/// A count or version that is never negative and never large.
fn small(row: &Row, column: &str) -> Result<u32, Error> {
    u32::try_from(row.int(column)?).map_err(|_| Error::Corrupt(column.to_owned()))
}

/// A whole number for a length that fits.
fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A text column that is the written form of a `T`, or `NULL`.
fn parsed_or_null<T: std::str::FromStr>(row: &Row, column: &str) -> Result<Option<T>, Error> {
    let text = row.text_or_null(column)?;
    text.map(|text| text.parse().map_err(|_| Error::Corrupt(column.to_owned()))).transpose()
}
