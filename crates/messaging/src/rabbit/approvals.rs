//! The approvers' queues on the broker.

use async_trait::async_trait;
use flare_kernel::StaffId;
use lapin::BasicProperties;

use super::{
    declare::declare_approver,
    publisher::{Message, Publisher},
};
use crate::{ApproverQueues, PublishError, RabbitSettings};

/// `approver.<staff id>` on the exchange `flare.approvals`: a durable quorum queue for each approver.
pub struct RabbitApproverQueues(Publisher);

impl RabbitApproverQueues {
    /// Connects to nothing before the first call.
    pub fn new(settings: RabbitSettings) -> Self {
        Self(Publisher::new(settings, "flare: approvals".to_owned()))
    }

    async fn publish_once(&self, staff: StaffId, event_id: &str, body: &[u8]) -> Result<(), PublishError> {
        let message = Message {
            id: event_id.to_owned(),
            exchange: self.0.settings().approvals(),
            routing_key: staff.to_string(),
            properties: BasicProperties::default()
                .with_content_type("application/cloudevents+json; charset=utf-8".into()),
            body: body.to_vec(),
        };
        self.0.publish(vec![message]).await.pop().unwrap_or(Err(PublishError::Refused))
    }
}

#[async_trait]
impl ApproverQueues for RabbitApproverQueues {
    async fn ensure(&self, staff: StaffId) -> Result<(), PublishError> {
        self.0.call(async |channel| declare_approver(channel, self.0.settings(), staff).await).await
    }

    async fn publish(
        &self,
        staff: StaffId,
        event_id: &str,
        cloudevent_json: &[u8],
    ) -> Result<(), PublishError> {
        match self.publish_once(staff, event_id, cloudevent_json).await {
            // The queue is not there yet, or the broker forgot it.
            Err(PublishError::Unroutable) => {
                self.ensure(staff).await?;
                self.publish_once(staff, event_id, cloudevent_json).await
            }
            outcome => outcome,
        }
    }
}
