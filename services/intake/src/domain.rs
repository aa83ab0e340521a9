//! The rules, pure: no clock, no I/O.

pub(crate) mod answers;
pub(crate) mod case_view;
pub(crate) mod grant;
pub(crate) mod listing;
pub(crate) mod message;
pub(crate) mod need;
pub(crate) mod payment;
pub(crate) mod standing;
pub(crate) mod waiting_since;
