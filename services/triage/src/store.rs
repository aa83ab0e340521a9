//! The only SQL of this service.

mod cases;
mod entries;
mod grants;
mod money;
mod needs;
mod persons;
mod queue;
mod references;
mod sealed;

#[cfg(test)]
pub(crate) use cases::LIST_MATCHES;
pub(crate) use cases::{
    begin, case_named, exists, find_case, finish, finish_with, lock_case, lock_case_if_any, log, matches,
    save, state, version_of,
};
pub(crate) use entries::{add_contact, add_note, contact_count, contacts, note_count, notes};
pub(crate) use grants::{
    add_grant_need, grant_no_longer_active, grants, grants_wait, needs_left_by_grant, open_grants,
    set_grant_stage,
};
pub(crate) use money::{DueAsk, asked_of, begin_stop, claim_due_asks, end_stop, next_ask};
pub(crate) use needs::{
    add_need, add_recommendation, add_referral, need_count, needs, needs_with_persons, recommendations,
    referral, referrals, save_need, save_referral, sent_referrals,
};
pub(crate) use persons::{add_person, person_count, persons, set_status};
#[cfg(test)]
pub(crate) use queue::{COUNT_OF_OWNER, COUNT_QUEUE, LIST_OF_OWNER, LIST_QUEUE};
pub(crate) use queue::{PagePlace, as_of, page_of_queue, queue_counts};
pub(crate) use references::{
    ReferenceRow, add_fingerprint, add_reference, check_reference, fingerprints, reference_exists, references,
};
pub(crate) use sealed::{newest_sealed, put_sealed};

/// A whole number for a length that fits.
fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
