//! Who listens to whom: the one table that every role declares on the broker, whole, before it publishes.

use flare_contracts::Service;

/// The services whose events `service` receives. What its [`Handler`](crate::Handler) returns, too.
pub const fn listens_to(service: Service) -> &'static [Service] {
    match service {
        Service::Identity => &[],
        Service::Intake => &[Service::Triage, Service::Grants],
        Service::Triage => &[Service::Intake, Service::Grants],
        Service::Grants => &[Service::Intake, Service::Triage, Service::Identity],
        Service::Notification => &[Service::Identity, Service::Intake, Service::Triage, Service::Grants],
    }
}

/// The services that receive the events of `producer`.
pub fn listeners_of(producer: Service) -> impl Iterator<Item = Service> {
    Service::ALL.into_iter().filter(move |service| listens_to(*service).contains(&producer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_listens_to_itself_or_twice_to_another() {
        for service in Service::ALL {
            let mut heard = listens_to(service).to_vec();
            assert!(!heard.contains(&service));
            heard.sort();
            heard.dedup();
            assert_eq!(heard.len(), listens_to(service).len());
        }
    }

    #[test]
    fn notification_and_grants_listen_to_identity_and_nobody_to_notification() {
        assert_eq!(
            listeners_of(Service::Identity).collect::<Vec<_>>(),
            [Service::Grants, Service::Notification]
        );
        assert_eq!(listeners_of(Service::Notification).count(), 0);
    }
}
