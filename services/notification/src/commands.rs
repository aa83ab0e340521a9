//! What can be done, one act per file.

mod claim_messages;
mod finish_round;
mod mark_read;

pub(crate) use claim_messages::ClaimMessages;
#[cfg(test)]
pub(crate) use claim_messages::LEASE;
pub(crate) use finish_round::{FinishRound, MessageEnd};
pub(crate) use mark_read::MarkRead;
