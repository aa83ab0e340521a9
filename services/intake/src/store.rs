//! The only SQL.

pub(crate) mod answers;
pub(crate) mod files;
pub(crate) mod grants;
pub(crate) mod keys;
pub(crate) mod messages;
pub(crate) mod receipts;
pub(crate) mod requests;
pub(crate) mod view;
