//! Who listens to whom: the one table that every role declares on the broker, whole, before it publishes.

use flare_contracts::Producer;

/// The services whose events `service` receives. What its [`Consumer`](crate::Consumer) returns, too.
pub const fn listens_to(service: Producer) -> &'static [Producer] {
    match service {
        Producer::Identity => &[],
        Producer::Intake => &[Producer::Triage, Producer::Grants],
        Producer::Triage => &[Producer::Intake, Producer::Grants],
        Producer::Grants => &[Producer::Intake, Producer::Triage, Producer::Identity],
        Producer::Notification => &[Producer::Identity, Producer::Intake, Producer::Triage, Producer::Grants],
    }
}

/// The services that receive the events of `producer`.
pub fn listeners_of(producer: Producer) -> impl Iterator<Item = Producer> {
    Producer::ALL.into_iter().filter(move |service| listens_to(*service).contains(&producer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_listens_to_itself_or_twice_to_another() {
        for service in Producer::ALL {
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
            listeners_of(Producer::Identity).collect::<Vec<_>>(),
            [Producer::Grants, Producer::Notification]
        );
        assert_eq!(listeners_of(Producer::Notification).count(), 0);
    }
}
