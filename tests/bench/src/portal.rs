//! The pages for people in danger: how soon one is there, what it costs, and how long a borrowed phone on a bad network
//! takes from the first byte to a code.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use flare_contracts::common::v1::Role;
use flare_edge::{Form, KeyBundle, Lines, Team, receipt::Request};
use flare_seal::{Receipt, RequestSeed};
use futures::future::try_join_all;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    Failure,
    installation::{Installation, Limits, Portal, Servers},
    median, p99,
    pages::{REACH, STORY, Visitor, Way},
    people, report,
};

/// Pages a second, as they come from many people who do not wait for one another, and for how long.
const PER_SECOND: u32 = 200;
const SECONDS: u32 = 20;
/// Connections on which they come.
const CONNECTIONS: usize = 32;
/// Requests of one round through the page, and through gRPC; at once; rounds.
const REQUESTS: usize = 200;
const AT_ONCE: usize = 8;
const ROUNDS: usize = 5;
/// Strangers of the flood, each with one made-up request after another.
const STRANGERS: usize = 16;
/// So many made-up requests come from each place of the flood: more than its limit of a minute.
const FROM_ONE_PLACE: usize = 150;
/// Between two requests in earnest.
const IN_EARNEST: Duration = Duration::from_millis(250);

const PEOPLE: [(&str, &[Role], &[Team]); 1] = [("officer", &[Role::Officer], &[Team::Triage])];

pub(crate) async fn measure(junk: usize) -> Result<(), Failure> {
    by_itself().await?;

    let installation = Installation::embedded_with_pages(Limits::None).await?;
    let sessions = people::bring_in(&installation, &PEOPLE).await?;
    let bundle = sessions.first().ok_or("no officer")?.bundle();
    let pages = installation.pages()?.way();
    against_grpc(&pages, &installation.lines, bundle).await?;
    on_a_bad_network(&pages, "in the clear", "<= 6 s").await?;
    installation.stop(None).await?;

    let installation = Installation::embedded_with_pages_over_tls().await?;
    people::bring_in(&installation, &PEOPLE).await?;
    on_a_bad_network(&installation.pages()?.way(), "over TLS", "<= 7.5 s").await?;
    installation.stop(None).await?;

    let installation = Installation::embedded_with_pages(Limits::Usual).await?;
    people::bring_in(&installation, &PEOPLE).await?;
    amid_junk(&installation.pages()?.way(), junk).await?;
    installation.stop(None).await
}

/// Pages of a process that serves nothing else, so that its processor time is theirs. The services have given it their keys
/// and are gone, as on a machine of its own: the pages go on without them.
async fn by_itself() -> Result<(), Failure> {
    let servers = Servers::from_environment()?;
    let installation = Installation::distributed(&servers).await?;
    let sessions = people::bring_in(&installation, &PEOPLE).await?;
    let organisation = sessions.first().ok_or("no officer")?.bundle().fingerprint();
    let portal = installation.portal(&organisation).await?;
    installation.stop(Some(&servers)).await?;
    open_loop(&portal).await
}

/// A page at a fixed rate, each timed from when it was due.
async fn open_loop(portal: &Portal) -> Result<(), Failure> {
    let total = usize::try_from(PER_SECOND * SECONDS)?;
    let (pages, next) = (portal.way(), Arc::new(AtomicUsize::new(0)));
    let (began, cpu) = (Instant::now(), portal.cpu()?);
    let hands = (0..CONNECTIONS).map(|_| {
        let (next, pages) = (Arc::clone(&next), pages.clone());
        tokio::spawn(async move {
            let mut visitor = Visitor::arrive(&pages).await?;
            let mut times = Vec::new();
            loop {
                let nth = next.fetch_add(1, Ordering::Relaxed);
                if nth >= total {
                    return Ok::<_, Failure>(times);
                }
                let due = began + Duration::from_secs(1) * u32::try_from(nth)? / PER_SECOND;
                tokio::time::sleep_until(due.into()).await;
                visitor.opens("/en/ask").await?;
                times.push(due.elapsed().as_secs_f64() * 1_000.0);
            }
        })
    });
    let mut times = Vec::new();
    for hand in try_join_all(hands).await? {
        times.extend(hand?);
    }
    let each = (portal.cpu()? - cpu) * 1_000.0 / f64::from(PER_SECOND * SECONDS);
    report(
        &format!("portal: a page at {PER_SECOND}/s, open loop, p99"),
        &format!("{:.2} ms", p99(times)),
        "<= 5 ms",
    );
    report("portal: processor time of the role portal for each page", &format!("{each:.3} ms"), "<= 0.2 ms");
    Ok(())
}

/// Requests a second through the page and through gRPC in turn; both seal within the measured time.
async fn against_grpc(pages: &Way, lines: &Lines, bundle: &KeyBundle) -> Result<(), Failure> {
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let by_grpc = try_join_all((0..AT_ONCE).map(|_| by_grpc(lines, bundle)));
        let began = Instant::now();
        by_grpc.await?;
        let grpc = began.elapsed().as_secs_f64();

        // The page is fetched before, as it is while somebody writes.
        let mut hands = Vec::new();
        for _ in 0..AT_ONCE {
            let mut visitor = Visitor::arrive(pages).await?;
            let mut slips = Vec::new();
            for _ in 0..REQUESTS / AT_ONCE {
                slips.push(visitor.opens("/en/ask").await?);
            }
            hands.push((visitor, slips));
        }
        let began = Instant::now();
        try_join_all(hands.into_iter().map(|(mut visitor, slips)| async move {
            for slip in slips {
                visitor.sends(&slip).await?;
            }
            Ok::<_, Failure>(())
        }))
        .await?;
        ratios.push(grpc / began.elapsed().as_secs_f64());
    }
    let figure = format!("{:.2}", median(ratios));
    report("portal: requests a second, through the page / through gRPC, median", &figure, ">= 0.7");
    Ok(())
}

async fn by_grpc(lines: &Lines, bundle: &KeyBundle) -> Result<(), Failure> {
    let form = Form { happened: STORY.to_owned(), contact: REACH.to_owned(), ..Form::default() };
    for _ in 0..REQUESTS / AT_ONCE {
        let (receipt, seed) = (Receipt::draw()?, RequestSeed::generate()?);
        let request = Request::of_form(bundle, &form, (&receipt, &seed))?;
        request.submit_or_add(lines, (bundle, &form), (&receipt, &seed)).await?;
    }
    Ok(())
}

/// From opening the page to the code, while strangers send one made-up request after another: for people at places from which
/// nothing else comes, and for people at the strangers' own places, who share their limits.
async fn amid_junk(pages: &Way, junk: usize) -> Result<(), Failure> {
    let sent = Arc::new(AtomicUsize::new(0));
    let places = junk.div_ceil(FROM_ONE_PLACE);
    let (flood, elsewhere) = (move |nth: usize| place(1, nth % places), |nth: usize| place(2, nth));
    let strangers = (0..STRANGERS).map(|_| {
        let (sent, pages) = (Arc::clone(&sent), pages.clone());
        tokio::spawn(async move {
            loop {
                let nth = sent.fetch_add(1, Ordering::Relaxed);
                if nth >= junk {
                    return;
                }
                // What becomes of it is nobody's business.
                let _ = pages.from(flood(nth)).ask().await;
            }
        })
    });
    let strangers: Vec<_> = strangers.collect();
    let began = Instant::now();
    let goes_on = || sent.load(Ordering::Relaxed) < junk;
    let (other, same) =
        tokio::try_join!(in_earnest(pages, elsewhere, goes_on), in_earnest(pages, flood, goes_on))?;
    let took = began.elapsed().as_secs_f64();
    for stranger in strangers {
        stranger.await?;
    }
    for (from, times) in [("other places", other), ("the same places", same)] {
        let what = format!(
            "portal: {} codes for {from} amid {junk} made-up requests in {took:.0} s, p99",
            times.len()
        );
        report(&what, &format!("{:.2} s", p99(times)), "<= 2 s");
    }
    Ok(())
}

/// People in earnest, one after another, each at a place; how long each had to wait for the code.
async fn in_earnest(
    pages: &Way,
    place: impl Fn(usize) -> Ipv4Addr,
    goes_on: impl Fn() -> bool,
) -> Result<Vec<f64>, Failure> {
    let mut next = interval(IN_EARNEST);
    next.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut times = Vec::new();
    while goes_on() {
        next.tick().await;
        let began = Instant::now();
        pages.from(place(times.len())).ask().await?;
        times.push(began.elapsed().as_secs_f64());
    }
    Ok(times)
}

/// The nth address of one kind on this machine.
fn place(kind: u8, nth: usize) -> Ipv4Addr {
    let [.., high, low] = (nth + 1).to_be_bytes();
    Ipv4Addr::new(127, kind, high, low)
}

/// Opening the page up to the code, typing not counted.
async fn on_a_bad_network(pages: &Way, how: &str, target: &str) -> Result<(), Failure> {
    let line = pages.by_line(Duration::from_millis(600), 50_000).await?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        line.ask().await?;
        times.push(began.elapsed().as_secs_f64());
    }
    let what = format!("portal: from the page to the code {how} at 50 kbit/s and 600 ms, median");
    report(&what, &format!("{:.1} s", median(times)), target);
    Ok(())
}
