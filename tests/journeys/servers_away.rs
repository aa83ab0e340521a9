//! RabbitMQ, Redis and PostgreSQL go away and come back, or RabbitMQ forgets everything: requests are taken all the same,
//! whoever must act is told late at worst, and nothing is lost or told twice.

use std::time::{Duration, Instant};

use flare_contracts::Service;

use crate::{
    acts::{Case, asked_of, is_asked},
    harness::{
        Installation, broker, checker, installation::Wish, proxy::Proxy, samples, servers::Servers,
        spool::ON_ITS_WAY, until, wire, within,
    },
};

/// How long the broker is away.
const AWAY: Duration = Duration::from_mins(1);
/// How late a notice may be once the broker is back.
const LATE: Duration = Duration::from_secs(30);

#[test]
fn distributed() {
    let Some(servers) = Servers::of_this_machine() else { return };
    let database = before(&servers.postgres, 5432);
    let (broker, cache) = (before(&servers.rabbitmq, 5672), before(&servers.redis, 6379));
    let wish = Wish {
        database: Some(&database),
        broker: Some(&broker),
        cache: Some(&cache),
        replicas: 1,
        pages: Some(&[]),
        ..Wish::default()
    };
    let Some(installation) = Installation::distributed(&wish) else { return };
    broker_away(&installation, &broker);
    broker_forgets(&installation);
    redis_away(&installation, &cache);
    database_away(&installation, &database);
    checker::settled(&installation, Duration::from_mins(2));
}

fn before(server: &str, port: u16) -> Proxy {
    let server = url::Url::parse(server).unwrap();
    Proxy::before(&format!("{}:{}", server.host_str().unwrap(), server.port().unwrap_or(port)))
}

fn broker_away(installation: &Installation, broker: &Proxy) {
    broker.cut();
    let mut cases: Vec<_> =
        samples::all().iter().take(4).map(|form| Case::send(installation, form)).collect();
    cases.push(unnoticed_by_whoever_asks(installation, "They came while the broker was away"));
    for case in &cases {
        assert_eq!(case.status()["standing"], "received");
    }
    let (turned_away, gone) = (broker.turned_away(), Instant::now());
    // Long enough for every pause to reach its longest.
    within(AWAY + LATE, "the services keep trying in vain", || {
        (gone.elapsed() >= AWAY && broker.turned_away() > turned_away + 20).then_some(())
    });
    let waiting = checker::rows(installation, Service::Intake, "SELECT stream FROM {}outbox");
    assert!(waiting.len() >= cases.len(), "what happened waits to be told: {waiting:?}");
    // Whoever has been told by now was told by the reconciler, which needs no broker.
    let officer = &installation.team.officer;
    broker.mend();
    let back = Instant::now();
    for case in &cases {
        within(LATE.saturating_sub(back.elapsed()), "whoever must act is told", || {
            asked_of(officer, &case.id).contains(&"acknowledge".to_owned()).then_some(())
        });
    }
    cases.iter().for_each(Case::wait_until_it_is_queued);
}

/// Messages that were confirmed and not yet read go with the broker's disk. Whoever should have read them asks the
/// producers when they start, and when they find the broker again.
fn broker_forgets(installation: &Installation) {
    let asleep = ["triage", "notification"].map(|role| installation.process(role));
    for process in asleep {
        process.kill();
    }
    let cases: Vec<_> = samples::all().iter().take(4).map(|form| Case::send(installation, form)).collect();
    until("the broker has everything", || {
        checker::rows(installation, Service::Intake, "SELECT stream FROM {}outbox").is_empty().then_some(())
    });
    broker::forget_everything(installation.servers.as_ref().unwrap(), &installation.team.approver_ids());
    for process in asleep {
        process.start();
        process.wait_until_it_serves();
    }
    for case in &cases {
        case.wait_until_it_is_queued();
        is_asked(&installation.team.officer, &case.id, "acknowledge");
    }
    // Those who kept running have declared everything again, and have asked what they missed.
    Case::submit(installation, &samples::sample("raid-en")).take();
    checker::settled(installation, Duration::from_mins(1));
}

fn redis_away(installation: &Installation, cache: &Proxy) {
    cache.cut();
    let case = Case::submit(installation, &samples::sample("threat-ar"));
    let officer = &installation.team.officer;
    let begun = Instant::now();
    for _ in 0..5 {
        officer.flare(&["inbox"]);
        officer.flare(&["case", "show", &case.id]);
        assert_eq!(case.status()["standing"], "received");
    }
    assert!(begun.elapsed() < Duration::from_secs(30), "somebody waits for Redis: {:?}", begun.elapsed());
    case.take();
    unnoticed_by_whoever_asks(installation, "They came while the cache was away").wait_until_it_is_queued();
    officer.flare(&[
        "login",
        "mara",
        "--passphrase-file",
        officer.folder.join("passphrase").to_str().unwrap(),
    ]);
    cache.mend();
    officer.flare(&["inbox"]);
}

/// Somebody asks by the page and looks where it stands: what is away is none of their business.
fn unnoticed_by_whoever_asks<'i>(installation: &'i Installation, story: &str) -> Case<'i> {
    let asked = wire::asks(installation.pages(), story);
    assert!(!asked.html.contains("role=\"alert\""), "{}", asked.html);
    stands_for(installation, &asked.cookie());
    Case::of_code(installation, &asked.code())
}

/// Waits until intake has a request, and its page says where it stands.
fn stands_for(installation: &Installation, cookie: &str) {
    let pages = installation.pages();
    installation.nothing_waits();
    let status = within(ON_ITS_WAY, "the page says where it stands", || {
        Some(wire::ask(pages, &wire::visit(pages, "/en/status", cookie))).filter(|page| page.status == 200)
    });
    assert!(!status.html.contains("role=\"alert\""), "{}", status.html);
}

/// Intake and identity are there and can do nothing: a request lies on the portal's disk, and goes once they can.
fn database_away(installation: &Installation, database: &Proxy) {
    let (pages, story) = (installation.pages(), "They came while the database was away");
    installation.nothing_waits();
    database.cut();
    let asked = wire::asks(pages, story);
    let code = asked.code();
    assert_eq!(installation.waiting(), 1, "it lies on the portal's disk");
    let status = wire::ask(pages, &wire::visit(pages, "/en/status", &asked.cookie()));
    assert_eq!(status.status, 503, "{}", status.html);
    assert!(database.turned_away() > 0, "nobody asked the database");
    database.mend();
    stands_for(installation, &asked.cookie());
    let case = Case::of_code(installation, &code);
    case.wait_until_it_is_queued();
    assert_eq!(case.show()["answers"]["request.happened"], story);
}
