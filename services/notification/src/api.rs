//! Proto in, proto out.

use std::sync::Arc;

use flare_access::staff;
use flare_contracts::notification::v1::{
    ListInboxRequest, ListInboxResponse, MarkReadRequest, MarkReadResponse, notification_server,
};
use flare_store::Once;
use tonic::{Request, Response, Status};

use crate::{Notification, commands::MarkRead, queries};

/// Notification over gRPC.
#[derive(Clone, Debug)]
pub struct NotificationApi(Arc<Notification>);

impl NotificationApi {
    /// Serves this notification.
    pub const fn new(notification: Arc<Notification>) -> Self {
        Self(notification)
    }
}

#[tonic::async_trait]
impl notification_server::Notification for NotificationApi {
    async fn list_inbox(
        &self,
        request: Request<ListInboxRequest>,
    ) -> Result<Response<ListInboxResponse>, Status> {
        let caller = staff(&request)?.clone();
        Ok(Response::new(queries::list_inbox(&self.0, &caller, &request.into_inner()).await?))
    }

    async fn mark_read(
        &self,
        request: Request<MarkReadRequest>,
    ) -> Result<Response<MarkReadResponse>, Status> {
        let caller = staff(&request)?.clone();
        let request = request.into_inner();
        let once = Once::new(caller.id.to_string(), "MarkRead", &request.request_id, &request)?;
        let command = MarkRead::parse(&caller, &request)?;
        Ok(Response::new(self.0.database.once(once, command).await?))
    }
}

#[cfg(test)]
mod tests;
