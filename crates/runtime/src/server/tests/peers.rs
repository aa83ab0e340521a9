//! Who is believed over TLS: services, people, and a portal that says where its callers are.

use flare_access::{FromPortal, Limit, Limits, Place, PlaceNames};
use tower::util::MapRequestLayer;

use super::*;

#[tokio::test]
async fn over_tls_a_service_must_show_a_certificate_and_a_person_need_not() {
    let dir = tempfile::tempdir().unwrap();
    let files = certificates(dir.path());
    files.check(&[]).unwrap();
    let tls = Tls::load(&files.tls).unwrap().unwrap();
    let key = ServiceKey::from_bytes([1; 32]);
    let server = start(&[], access(&key, Deadlines::default()), Some(tls.clone())).await;

    let service = client::connect(&[&server.address], Some(&tls), signatory(&key)).unwrap();
    assert!(ask(&service, "", "").await.is_ok());
    let person = Tls::trusting(&files.tls.ca).unwrap();
    let stolen = client::connect(&[&server.address], Some(&person), signatory(&key)).unwrap();
    assert_eq!(reason(&ask(&stolen, "", "").await.unwrap_err()), "NO_CERTIFICATE");
    for scheme in ["service", "SERVICE"] {
        let signatory = signatory(&key);
        let other_case = move |request: tonic::Request<()>| {
            let mut request = tonic::service::Interceptor::call(&mut signatory.clone(), request)?;
            let shown = request.metadata().get("authorization").unwrap().to_str().unwrap();
            let shown = shown.replace("Service", scheme).parse().unwrap();
            request.metadata_mut().insert("authorization", shown);
            Ok(request)
        };
        let stolen = client::connect(&[&server.address], Some(&person), other_case).unwrap();
        assert_eq!(reason(&ask(&stolen, "", "").await.unwrap_err()), "NO_CERTIFICATE", "{scheme}");
    }
    let anyone = client::connect(&[&server.address], Some(&person), plain).unwrap();
    assert_eq!(reason(&ask(&anyone, "", "").await.unwrap_err()), "NO_CREDENTIALS");

    let other_dir = tempfile::tempdir().unwrap();
    let other = Tls::load(&certificates(other_dir.path()).tls).unwrap().unwrap();
    let foreign = client::connect(&[&server.address], Some(&other), signatory(&key)).unwrap();
    assert_eq!(ask(&foreign, "", "").await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(ask(&server.channel, "", "").await.unwrap_err().code(), Code::Unavailable, "in the clear");
}

#[tokio::test]
async fn a_certificate_that_is_none_is_refused_before_anything_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let files = certificates(dir.path());
    fs::write(&files.tls.key, "nonsense").unwrap();
    let tls = Tls::load(&files.tls).unwrap();
    let server = start(&[], Identity::new(), tls).await;
    assert!(matches!(server.run.await.unwrap(), Err(ServerError::Transport(_))));
    fs::remove_file(&files.tls.key).unwrap();
    assert!(Tls::load(&files.tls).err().unwrap().to_string().contains("key cannot be read"));
}

/// Asks for health over a channel, for a place; whether it was answered, or its place had asked too often.
async fn health_for(channel: PeerChannel, place: Option<u8>) -> bool {
    let mut request = tonic::Request::new(HealthCheckRequest { service: String::new() });
    if let Some(place) = place {
        let named = PlaceNames::new(&[7; 32]).name(&Place::of([192, 0, 2, place].into()), 0);
        request.metadata_mut().insert(Place::header(), named.to_metadata().unwrap());
    }
    match HealthClient::new(channel).check(request).await {
        Ok(_) => true,
        Err(status) => {
            assert_eq!(reason(&status), "TOO_MANY_CALLS", "{status:?}");
            false
        }
    }
}

fn twice_a_minute(key: &ServiceKey) -> AccessLayer {
    let limit = Limit { calls: 2, per: Duration::from_mins(1) };
    access(key, Deadlines::default())
        .with_limits(Limits { anonymous_from_one_place: limit, ..Limits::default() })
}

#[tokio::test]
async fn a_flood_from_one_place_stops_nobody_at_another_who_comes_by_the_same_portal() {
    let health = Health::starting(Vec::<String>::new()).await;
    let key = ServiceKey::from_bytes([1; 32]);
    let server = GrpcServer::new(&settings(&[]), twice_a_minute(&key), Log::new().routes(), &health).unwrap();
    let token = CancellationToken::new();
    let (for_portal, run) = server.clone().serve_portal_in_process(token.clone());
    let (for_services, other_run) = server.serve_in_process(token.clone());
    let runs = [tokio::spawn(run), tokio::spawn(other_run)];

    let portal = client::over(for_portal, plain);
    let flood = [true, true, false, false];
    for expected in flood {
        assert_eq!(health_for(portal.clone(), Some(1)).await, expected);
    }
    assert!(health_for(portal.clone(), Some(2)).await, "somebody else, by the same portal");
    assert!(!health_for(portal, Some(1)).await, "the flood's limit holds");

    let service = client::over(for_services, plain);
    for (place, expected) in [(3, true), (4, true), (5, false)] {
        assert_eq!(health_for(service.clone(), Some(place)).await, expected, "only the portal is believed");
    }
    token.cancel();
    for run in runs {
        run.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn over_the_network_a_place_is_believed_of_the_certificate_that_names_the_portal() {
    for (name, is_believed) in [("portal", true), ("intake", false)] {
        let dir = tempfile::tempdir().unwrap();
        let files = certificates_for(dir.path(), name);
        let tls = Tls::load(&files.tls).unwrap().unwrap();
        let key = ServiceKey::from_bytes([1; 32]);
        let server = start(&[], twice_a_minute(&key), Some(tls.clone())).await;
        let channel = client::connect(&[&server.address], Some(&tls), plain).unwrap();
        let mut answered = Vec::new();
        for place in [1, 1, 1, 2] {
            answered.push(health_for(channel.clone(), Some(place)).await);
        }
        assert_eq!(answered, [true, true, false, is_believed], "{name}");
        let person = client::connect(&[&server.address], Some(&Tls::trusting(&files.tls.ca).unwrap()), plain);
        // The same address as the connection above: no name of a place helps without a certificate.
        assert_eq!(health_for(person.unwrap(), Some(9)).await, is_believed, "{name}");
    }
}

/// A layer that notes of each call whether services take it for the portal's.
fn noting(
    told: &Told,
) -> MapRequestLayer<impl FnMut(http::Request<Body>) -> http::Request<Body> + Clone + use<>> {
    let told = Arc::clone(told);
    MapRequestLayer::new(move |request: http::Request<Body>| {
        told.lock().unwrap().push(request.extensions().get::<FromPortal>().is_some());
        request
    })
}

#[tokio::test]
async fn the_portal_is_known_by_its_channel_or_its_certificate_and_by_nothing_else() {
    let told = Told::default();
    let heard = || std::mem::take(&mut *told.lock().unwrap());
    for (name, is_portal) in [("portal", true), ("intake", false)] {
        let dir = tempfile::tempdir().unwrap();
        let files = certificates_for(dir.path(), name);
        let tls = Tls::load(&files.tls).unwrap().unwrap();
        let server = start(&[], noting(&told), Some(tls.clone())).await;
        let person = Tls::trusting(&files.tls.ca).unwrap();
        for (tls, expected) in [(&tls, is_portal), (&person, false)] {
            let channel = client::connect(&[&server.address], Some(tls), plain).unwrap();
            health_for(channel, Some(1)).await;
            assert_eq!(heard(), [expected], "{name}");
        }
    }
    let server = start(&[], noting(&told), None).await;
    health_for(server.channel.clone(), Some(1)).await;
    assert_eq!(heard(), [false], "in the clear");

    let health = Health::starting(Vec::<String>::new()).await;
    let server = GrpcServer::new(&settings(&[]), noting(&told), Log::new().routes(), &health).unwrap();
    let token = CancellationToken::new();
    let (for_portal, run) = server.clone().serve_portal_in_process(token.clone());
    let (for_services, other_run) = server.serve_in_process(token.clone());
    let runs = [tokio::spawn(run), tokio::spawn(other_run)];
    for (channel, expected) in [(for_portal, true), (for_services, false)] {
        health_for(client::over(channel, plain), Some(1)).await;
        assert_eq!(heard(), [expected], "within the process");
    }
    token.cancel();
    for run in runs {
        run.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn whatever_the_portal_is_flooded_with_services_reach_each_other() {
    let (log, token) = (Log::new(), CancellationToken::new());
    let health = Health::starting(["flare.events.v1.EventLog"]).await;
    let settings = settings(&[("server.max_calls_in_flight", "1")]);
    let server = GrpcServer::new(&settings, Identity::new(), log.routes(), &health).unwrap();
    let (for_portal, run) = server.clone().serve_portal_in_process(token.clone());
    let (for_services, other_run) = server.serve_in_process(token.clone());
    let runs = [tokio::spawn(run), tokio::spawn(other_run)];
    let portal = client::over(for_portal, plain);
    let held = {
        let portal = portal.clone();
        tokio::spawn(async move { ask(&portal, "hold", "").await })
    };
    log.held.acquire().await.unwrap().forget();
    assert_eq!(reason(&ask(&portal, "", "").await.unwrap_err()), "TOO_BUSY");
    assert!(ask(&client::over(for_services, plain), "", "").await.is_ok());
    log.release.add_permits(1);
    held.await.unwrap().unwrap();
    token.cancel();
    for run in runs {
        run.await.unwrap().unwrap();
    }
}
