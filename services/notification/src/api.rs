//! Proto in, proto out.

use std::sync::Arc;

use flare_access::{Staff, staff};
use flare_contracts::notification::v1::{ListInboxRequest, ListInboxResponse, notification_server};
use flare_store::{Call, Command, Reply, rpcs};
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

    /// Does what a member of staff asks for.
    async fn by_staff<C: Command<Service = Notification, By = Staff>>(&self, call: Call<C>) -> Reply<C> {
        let by = staff(&call)?.clone();
        self.0.database.run::<C>(&self.0, &by, call.into_inner()).await
    }
}

#[tonic::async_trait]
impl notification_server::Notification for NotificationApi {
    rpcs! {
        by_staff:
        mark_read => MarkRead,
    }

    async fn list_inbox(
        &self,
        request: Request<ListInboxRequest>,
    ) -> Result<Response<ListInboxResponse>, Status> {
        let caller = staff(&request)?.clone();
        Ok(Response::new(queries::list_inbox(&self.0, &caller, &request.into_inner()).await?))
    }
}

#[cfg(test)]
mod tests;
