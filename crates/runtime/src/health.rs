//! What `grpc.health.v1.Health` answers.

use tonic_health::{
    ServingStatus,
    pb::health_server::HealthServer,
    server::{HealthReporter, HealthService},
};

/// Whether each service of this process serves. Clones share it.
#[derive(Clone, Debug)]
pub struct Health {
    reporter: HealthReporter,
    /// Their full names, such as `flare.intake.v1.Intake`.
    services: Vec<String>,
}

impl Health {
    /// None of these services serves yet, nor the process as a whole.
    pub async fn starting(services: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let services = services.into_iter().map(Into::into).collect();
        let health = Self { reporter: HealthReporter::new(), services };
        health.set_all(false).await;
        health
    }

    /// Says whether one service serves.
    pub async fn set(&self, service: &str, serves: bool) {
        self.reporter.set_service_status(service, status(serves)).await;
    }

    /// Says whether all of them serve, and the process as a whole.
    pub async fn set_all(&self, serves: bool) {
        for service in self.services.iter().map(String::as_str).chain([""]) {
            self.set(service, serves).await;
        }
    }

    pub(crate) fn service(&self) -> HealthServer<HealthService> {
        HealthServer::new(HealthService::from_health_reporter(self.reporter.clone()))
    }
}

fn status(serves: bool) -> ServingStatus {
    if serves { ServingStatus::Serving } else { ServingStatus::NotServing }
}
