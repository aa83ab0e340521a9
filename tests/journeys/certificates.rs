//! An installation on several machines: each role and the portal have a certificate of the installation's own authority, made
//! as `deploy/README.md` says. A request goes from the page to staff, and whoever has no certificate, or another's, gets no
//! further than anybody.

use std::sync::Arc;

use flare_access::{Clock, Place, PlaceNames, ServiceTokens, Signatory};
use flare_contracts::{
    Coded as _, Service, ToldRefusal,
    events::v1::{StreamHeadsRequest, event_log_client::EventLogClient},
};
use flare_edge::Credential;
use flare_runtime::{PeerChannel, SystemClock, Tls, client, read_service_key};
use flare_seal::ServiceKey;
use tonic::{Code, Request, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::{
    acts::Case,
    harness::{Installation, block_on, installation::Wish, wire},
};

/// More calls than one place may make in a minute, and than it regains while they are made.
const CALLS: u32 = 600;

#[test]
fn distributed() {
    let wish =
        Wish { replicas: 1, pages: Some(&[]), certificates: true, usual_limits: true, ..Wish::default() };
    let Some(installation) = Installation::distributed(&wish) else { return };
    from_the_page_to_staff(&installation);
    block_on(async {
        services_believe_each_other_by_their_certificates(&installation).await;
        the_portal_alone_is_believed_about_places(&installation).await;
    });
}

fn from_the_page_to_staff(installation: &Installation) {
    let pages = installation.pages();
    let asked = wire::asks(pages, "They came at night");
    // Kept for a while at most, where intake took its time.
    installation.nothing_waits();
    let case = Case::of_code(installation, &asked.code());
    case.wait_until_it_is_queued();
    assert_eq!(case.show()["answers"]["request.happened"], "They came at night");
    case.stands("received");
    let status = wire::ask(pages, &wire::visit(pages, "/en/status", &asked.cookie()));
    assert_eq!(status.status, 200, "{}", status.html);
}

/// The service key alone, once leaked, opens nothing.
async fn services_believe_each_other_by_their_certificates(installation: &Installation) {
    let certificates = installation.certificates.as_ref().unwrap();
    let key = ServiceKey::from_bytes(*read_service_key(&installation.service_key()).unwrap());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let triage = Signatory::new(ServiceTokens::new(&key), Service::Triage, clock);
    let address = installation.address("intake");
    let ask = async |tls: Option<&Tls>| {
        let channel = client::connect(&[&address], tls, triage.clone()).unwrap();
        let of_intake = StreamHeadsRequest { producer: Service::Intake.to_string(), ..Default::default() };
        let heads = EventLogClient::new(channel).stream_heads(of_intake).await;
        heads.map(|heads| heads.into_inner().heads.len())
    };
    assert_eq!(ask(Some(&certificates.of("triage"))).await.unwrap(), 1, "the history of one request");
    let without = ask(Some(&certificates.of_nobody())).await.unwrap_err();
    assert_eq!(reason(&without), "NO_CERTIFICATE", "{without:?}");
    let in_the_clear = ask(None).await.unwrap_err();
    assert_eq!(in_the_clear.code(), Code::Unavailable, "{in_the_clear:?}");
}

/// Whoever is not believed is where they connect from, however many places they name, and has used up that place's limit soon.
async fn the_portal_alone_is_believed_about_places(installation: &Installation) {
    let certificates = installation.certificates.as_ref().unwrap();
    let address = installation.address("intake");
    let channel = |tls: &Tls| client::connect(&[&address], Some(tls), Credential::NONE).unwrap();
    let portal = channel(&certificates.of("portal"));
    assert!(is_limited(&portal, |_| 0).await, "one place has its limit");
    assert!(!is_limited(&portal, |nth| nth + 1).await, "the portal is believed that these are many places");
    for other in [certificates.of("intake"), certificates.of_nobody()] {
        assert!(is_limited(&channel(&other), |nth| nth + 1).await, "nobody else is");
    }
}

/// Calls, each for a place of this number; whether one of them came too often.
async fn is_limited(channel: &PeerChannel, place: impl Fn(u32) -> u32) -> bool {
    let names = PlaceNames::new(&[7; 32]);
    for nth in 0..CALLS {
        let place = names.name(&Place::of_circuit(place(nth)), 0);
        let mut check = Request::new(HealthCheckRequest { service: String::new() });
        check.metadata_mut().insert(Place::header(), place.to_metadata().unwrap());
        if let Err(status) = HealthClient::new(channel.clone()).check(check).await {
            assert_eq!(reason(&status), "TOO_MANY_CALLS", "{status:?}");
            return true;
        }
    }
    false
}

fn reason(status: &Status) -> String {
    ToldRefusal::read(status).map(|told| told.cause.code().to_owned()).unwrap_or_default()
}
