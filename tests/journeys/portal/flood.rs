//! People in earnest amid a flood of made-up requests, from other places and from their own: each has a code while the
//! flood still runs.

use std::{
    io,
    net::Ipv4Addr,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use flare_testkit::in_full;

use crate::harness::{
    Installation,
    installation::Wish,
    spool::ON_ITS_WAY,
    wire::{self, Reply},
    within,
};

/// Hands that send made-up requests at once.
const HANDS: usize = 8;
/// People in earnest, from each of two places.
const IN_EARNEST: usize = 5;

/// Made-up requests that one place of the flood sends before anybody asks in earnest: more than its limit of a minute.
const FROM_ONE_PLACE: usize = 150;
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 21);

#[test]
fn each_has_a_code_while_the_flood_runs() {
    let junk = if in_full() { 5_000 } else { 300 };
    let flooding = |nth: usize| {
        let places = u8::try_from(junk / FROM_ONE_PLACE).unwrap();
        Ipv4Addr::new(127, 0, 1, u8::try_from(nth % usize::from(places)).unwrap() + 1)
    };
    let wish = Wish { pages: Some(&[]), usual_limits: true, ..Wish::default() };
    let installation = Installation::embedded_with(&wish);
    let pages = installation.pages();
    let (begun, answered, is_over) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..HANDS {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let nth = begun.fetch_add(1, Ordering::Relaxed);
                    if sends_junk(flooding(nth), pages).is_ok() {
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        // Whatever fails below, the flood ends.
        let _end = EndOf(&is_over);
        within(Duration::from_mins(10), "the flood runs", || {
            (answered.load(Ordering::Relaxed) >= junk).then_some(())
        });
        for place in [ELSEWHERE, flooding(0)] {
            for nth in 0..IN_EARNEST {
                let reply = asks(place, pages, &format!("In earnest, number {nth}, from {place}"));
                assert_eq!(reply.status, 200, "{place}, number {nth}: {}", reply.html);
                assert!(reply.html.contains("<ol"), "{place}, number {nth} has a code: {}", reply.html);
                if place == ELSEWHERE {
                    let status = wire::visit(pages, "/en/status", &reply.cookie());
                    // What intake did not take soon lies on the disk first.
                    within(ON_ITS_WAY, &format!("{place}, number {nth} is with staff"), || {
                        (wire::ask_from(place, pages, &status).status == 200).then_some(())
                    });
                }
            }
        }
    });
}

/// Opens the page and sends it, each on a connection of its own.
fn asks(place: Ipv4Addr, pages: &str, story: &str) -> Reply {
    let form = wire::ask_from(place, pages, &wire::visit(pages, "/en/ask", "")).field("f");
    wire::ask_from(place, pages, &wire::form(pages, "/en/ask", &wire::asking(&form, story), ""))
}

/// The same of a made-up request. What it is answered is nobody's business, nor whether its line holds.
fn sends_junk(place: Ipv4Addr, pages: &str) -> io::Result<()> {
    let page = wire::try_ask_from(place, pages, &wire::visit(pages, "/en/ask", ""))?;
    if let Some(form) = page.field_if_any("f") {
        let body = wire::asking(&form, "Junk");
        wire::try_ask_from(place, pages, &wire::form(pages, "/en/ask", &body, ""))?;
    }
    Ok(())
}

/// Ends the flood when it goes.
struct EndOf<'a>(&'a AtomicBool);

impl Drop for EndOf<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
