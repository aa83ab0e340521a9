//! The pages for people in danger: how soon one is there, what it costs, and how long a borrowed phone on a bad network
//! takes from the first byte to a code.

mod line;
mod visitor;

use std::{
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

use crate::{Failure, installation::Installation, median, p99, people, report};
use visitor::Visitor;

/// Pages a second, as they come from many people who do not wait for one another, and for how long.
const PER_SECOND: u32 = 200;
const SECONDS: u32 = 20;
/// Connections on which they come.
const CONNECTIONS: usize = 32;
/// Requests of one round through the page, and through gRPC; at once; rounds.
const REQUESTS: usize = 200;
const AT_ONCE: usize = 8;
const ROUNDS: usize = 5;
/// Made-up requests of the flood, from so many strangers at once, and requests in earnest meanwhile.
const JUNK: usize = 5_000;
const STRANGERS: usize = 16;
const HONEST: usize = 100;

const PEOPLE: [(&str, &[Role], &[Team]); 1] = [("officer", &[Role::Officer], &[Team::Triage])];

pub(crate) async fn measure() -> Result<(), Failure> {
    let installation = Installation::embedded_with_pages().await?;
    let sessions = people::bring_in(&installation, &PEOPLE).await?;
    let bundle = sessions.first().ok_or("no officer")?.bundle();
    let pages = installation.pages()?;
    open_loop(&installation, &pages).await?;
    against_grpc(&pages, &installation.lines, bundle).await?;
    amid_junk(&pages).await?;
    on_a_bad_network(&pages).await?;
    installation.stop(None).await
}

/// A page at a fixed rate, each timed from when it was due.
async fn open_loop(installation: &Installation, pages: &str) -> Result<(), Failure> {
    let total = usize::try_from(PER_SECOND * SECONDS)?;
    let next = Arc::new(AtomicUsize::new(0));
    let (began, cpu) = (Instant::now(), installation.cpu()?);
    let hands = (0..CONNECTIONS).map(|_| {
        let (next, pages) = (Arc::clone(&next), pages.to_owned());
        tokio::spawn(async move {
            let mut visitor = Visitor::arrive(&pages, &pages).await?;
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
    let each = (installation.cpu()? - cpu) * 1_000.0 / f64::from(PER_SECOND * SECONDS);
    report(
        &format!("portal: a page at {PER_SECOND}/s, open loop, p99"),
        &format!("{:.2} ms", p99(times)),
        "<= 5 ms",
    );
    report("portal: processor time of the server for each page", &format!("{each:.3} ms"), "<= 0.2 ms");
    Ok(())
}

/// Requests a second through the page and through gRPC in turn; both seal within the measured time.
async fn against_grpc(pages: &str, lines: &Lines, bundle: &KeyBundle) -> Result<(), Failure> {
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let by_grpc = try_join_all((0..AT_ONCE).map(|_| by_grpc(lines, bundle)));
        let began = Instant::now();
        by_grpc.await?;
        let grpc = began.elapsed().as_secs_f64();

        // The page is fetched before, as it is while somebody writes.
        let mut hands = Vec::new();
        for _ in 0..AT_ONCE {
            let mut visitor = Visitor::arrive(pages, pages).await?;
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
    let form =
        Form { happened: visitor::STORY.to_owned(), contact: visitor::REACH.to_owned(), ..Form::default() };
    for _ in 0..REQUESTS / AT_ONCE {
        let (receipt, seed) = (Receipt::draw()?, RequestSeed::generate()?);
        let request = Request::of_form(bundle, &form, (&receipt, &seed))?;
        request.submit_or_add(lines, (bundle, &form), (&receipt, &seed)).await?;
    }
    Ok(())
}

/// From opening the page to the code, while strangers send one made-up request after another.
async fn amid_junk(pages: &str) -> Result<(), Failure> {
    let sent = Arc::new(AtomicUsize::new(0));
    let strangers = (0..STRANGERS).map(|_| {
        let (sent, pages) = (Arc::clone(&sent), pages.to_owned());
        tokio::spawn(async move {
            while sent.fetch_add(1, Ordering::Relaxed) < JUNK {
                // What becomes of it is nobody's business.
                let _ = Visitor::asks(&pages, &pages).await;
            }
        })
    });
    let strangers: Vec<_> = strangers.collect();
    let mut times = Vec::new();
    while times.len() < HONEST && sent.load(Ordering::Relaxed) < JUNK {
        let began = Instant::now();
        Visitor::asks(pages, pages).await?;
        times.push(began.elapsed().as_secs_f64());
    }
    let count = times.len();
    for stranger in strangers {
        stranger.await?;
    }
    let figure = format!("{:.2} s", p99(times));
    report(&format!("portal: {count} codes amid {JUNK} made-up requests, p99"), &figure, "<= 2 s");
    Ok(())
}

/// Opening the page up to the code, typing not counted.
async fn on_a_bad_network(pages: &str) -> Result<(), Failure> {
    let line = line::slow(pages, Duration::from_millis(600), 50_000).await?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        Visitor::asks(&line, pages).await?;
        times.push(began.elapsed().as_secs_f64());
    }
    let figure = format!("{:.1} s", median(times));
    report("portal: from the page to the code at 50 kbit/s and 600 ms, median", &figure, "<= 6 s");
    Ok(())
}
