//! The service through its API, on both engines. The rules by themselves are tested where they stand, in `domain`.

mod acts;
mod answers;
mod attachments;
mod fixture;
mod lists;
mod receipts;
mod requests;
mod rules;
mod sealed;
mod thread;
mod view;
