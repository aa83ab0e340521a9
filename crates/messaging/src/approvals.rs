//! The queues of those who vote: each approver has one, which a tool of their own can read.

use async_trait::async_trait;
use flare_kernel::StaffId;

use crate::PublishError;

/// Tells an approver's own tools that a vote is asked for. The notice in the inbox holds the truth; a queue forgets its
/// oldest messages when nobody reads it.
#[async_trait]
pub trait ApproverQueues: Send + Sync + 'static {
    /// Makes the queue of an approver if it is not there.
    async fn ensure(&self, staff: StaffId) -> Result<(), PublishError>;

    /// Puts an event in the format of CloudEvents (JSON, structured mode) on an approver's queue. `event_id` is its `id`.
    async fn publish(
        &self,
        staff: StaffId,
        event_id: &str,
        cloudevent_json: &[u8],
    ) -> Result<(), PublishError>;
}

/// Where there is no broker there are no queues: every call is answered with success, because the inbox holds the
/// truth.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoApproverQueues;

#[async_trait]
impl ApproverQueues for NoApproverQueues {
    async fn ensure(&self, _: StaffId) -> Result<(), PublishError> {
        Ok(())
    }

    async fn publish(&self, _: StaffId, _: &str, _: &[u8]) -> Result<(), PublishError> {
        Ok(())
    }
}
