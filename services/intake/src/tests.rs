//! The service through its API, on both engines. The rules by themselves are tested where they stand, in `domain`.

mod acts;
mod attachments;
mod fixture;
mod lists;
mod requests;
mod rules;
mod sealed;
mod thread;
mod view;
