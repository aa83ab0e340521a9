//! Where the services are, and how a caller shows who they are.

use flare_access::Credentials;
use flare_contracts::{
    Service, events::v1::event_log_client::EventLogClient, grants::v1::grants_client::GrantsClient,
    identity::v1::identity_client::IdentityClient, intake::v1::intake_client::IntakeClient,
    notification::v1::notification_client::NotificationClient, triage::v1::triage_client::TriageClient,
};
use tonic::{
    Request, Status,
    body::Body,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
};
use tower::{BoxError, ServiceExt as _, util::BoxCloneSyncService};

/// What carries calls to a service: one connection, or several replicas of which one is asked.
pub type Way = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, Status>;

/// A way whose calls carry a credential.
pub type Line = InterceptedService<Way, Credential>;

/// The most that an answer may weigh: a case with its sealed history.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// A way to each service.
#[derive(Clone, Debug)]
pub struct Lines {
    identity: Way,
    intake: Way,
    triage: Way,
    grants: Way,
    notification: Way,
}

/// What a call shows; nothing for a public one.
#[derive(Clone, Debug, Default)]
pub struct Credential(Option<MetadataValue<Ascii>>);

impl Credential {
    /// Nothing to show.
    pub const NONE: Self = Self(None);

    /// These.
    pub fn new(credentials: &Credentials) -> Result<Self, Status> {
        let value = credentials.to_metadata().map_err(|error| Status::unauthenticated(error.to_string()))?;
        Ok(Self(Some(value)))
    }
}

impl Interceptor for Credential {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

macro_rules! client {
    ($(#[$doc:meta])* $name:ident, $client:ident) => {
        $(#[$doc])*
        pub fn $name(&self, credential: &Credential) -> $client<Line> {
            $client::with_interceptor(self.$name.clone(), credential.clone()).max_decoding_message_size(LARGEST_ANSWER)
        }
    };
}

impl Lines {
    /// Every service behind one address, as when all roles run in one process.
    pub fn all<C>(channel: &C) -> Self
    where
        C: tower::Service<http::Request<Body>, Response = http::Response<Body>>
            + Clone
            + Send
            + Sync
            + 'static,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        Self::each(|_| channel.clone())
    }

    /// Each service where it is.
    pub fn each<C>(mut channel: impl FnMut(Service) -> C) -> Self
    where
        C: tower::Service<http::Request<Body>, Response = http::Response<Body>>
            + Clone
            + Send
            + Sync
            + 'static,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        let failed = |error: C::Error| Status::from_error(error.into());
        let mut way = |service| BoxCloneSyncService::new(channel(service).map_err(failed));
        Self {
            identity: way(Service::Identity),
            intake: way(Service::Intake),
            triage: way(Service::Triage),
            grants: way(Service::Grants),
            notification: way(Service::Notification),
        }
    }

    /// The same lines, each of whose ways is replaced: by one that adds to its calls, or makes them again.
    #[must_use]
    pub fn through(self, mut way: impl FnMut(Way) -> Way) -> Self {
        Self {
            identity: way(self.identity),
            intake: way(self.intake),
            triage: way(self.triage),
            grants: way(self.grants),
            notification: way(self.notification),
        }
    }

    client!(
        /// Staff and keys.
        identity, IdentityClient);
    client!(
        /// Requests and threads.
        intake, IntakeClient);
    client!(
        /// Cases.
        triage, TriageClient);
    client!(
        /// Grants.
        grants, GrantsClient);
    client!(
        /// Notices.
        notification, NotificationClient);

    /// A service's event log.
    pub fn event_log(&self, of: Service, credential: &Credential) -> EventLogClient<Line> {
        let way = match of {
            Service::Identity => &self.identity,
            Service::Intake => &self.intake,
            Service::Triage => &self.triage,
            Service::Grants => &self.grants,
            Service::Notification => &self.notification,
        };
        EventLogClient::with_interceptor(way.clone(), credential.clone())
            .max_decoding_message_size(LARGEST_ANSWER)
    }
}
