//! Somebody asks, comes back and writes through the pages, with the word in everything; and asks while intake is away.

use std::{fs, net::Ipv4Addr};

use flare_seal::Receipt;

use crate::{
    acts::Case,
    harness::{
        Installation,
        canary::{Search, WORD},
        spool::ON_ITS_WAY,
        wire::{self, Reply},
        within,
    },
};

/// Where they are: nobody else is there, and nothing of ours listens there.
const PLACE: Ipv4Addr = Ipv4Addr::new(127, 0, 53, 7);
/// The pages that they open and send.
const PATHS: [&str; 5] = ["/en/ask", "/en/back", "/en/status", "/en/messages", "/en/write"];

/// What only a note of who visits, or of what they visit, would hold.
pub(super) fn what_tells_of_visits() -> Search {
    let mut told: Vec<String> = PATHS.map(str::to_owned).into();
    told.push(PLACE.to_string());
    Search::of(&told)
}

/// What was typed is on the pages that must show it, and neither it nor the code is in a title or an address. Gives what else
/// must not be found: the code in both forms, and what the form and the cookie carry.
pub(super) fn through_the_pages(installation: &Installation) -> Vec<String> {
    let pages = installation.pages();
    let [ask, back, status, messages, write] = PATHS;
    let form = opens(pages, ask, "").field("f");
    let body = |story: &str| {
        let typed = [
            "story", "reach", "name", "now", "place", "day", "amount", "payment", "who0", "how0", "anything",
        ];
        let typed = typed.map(|field| format!("&{field}={WORD}+{field}")).concat();
        format!("f={form}&story={story}{typed}")
    };
    let empty = sends(pages, ask, &body(""), "");
    assert!(empty.status == 422 && empty.html.contains(WORD), "what was typed is kept");
    let code = sends(pages, ask, &body(&format!("{WORD}+page")), "");
    let cookie = code.cookie();
    let typed = format!("code={}", code.code().replace(' ', "+"));
    let opened = within(ON_ITS_WAY, "the code opens the request", || {
        Some(sends(pages, back, &typed, "")).filter(|opened| opened.status == 303)
    });
    let stands = opens(pages, status, &opened.cookie());
    let thread = sends(pages, messages, "", &cookie);
    let id = thread.field("id");
    let written = sends(pages, write, &format!("id={id}&text={WORD}+message+on+the+page"), &cookie);
    assert!(written.status == 200 && written.html.contains(WORD), "what was written is there to read");
    let mut secrets = secrets_of(&code, &form);
    secrets.extend([&opened, &stands].map(carried_in_cookie));
    let (word, seen) = (Search::of(&[WORD.to_owned()]), Search::of(&secrets));
    for page in [&empty, &code, &opened, &stands, &thread, &written] {
        let title = page.html.split("</title>").next().unwrap();
        let address = page.header("location").unwrap_or_default();
        for (place, text) in [("title", title), ("address", address)] {
            let hits = [word.hits(place, text.as_bytes()), seen.hits(place, text.as_bytes())];
            assert_eq!(hits.concat(), Vec::<String>::new());
        }
    }
    secrets
}

/// While intake is away a request lies on the portal's disk, and then beside what went on; whoever finds it there learns
/// neither what it says nor what opens it. What must not be found is added to `planted`.
pub(super) fn while_intake_is_away(installation: &Installation, planted: &mut Search) {
    let (pages, intake) = (installation.pages(), installation.process("intake"));
    let ask = PATHS[0];
    installation.nothing_waits();
    intake.kill();
    let form = opens(pages, ask, "").field("f");
    let story = format!("{WORD} while intake is away");
    let kept = sends(pages, ask, &wire::asking(&form, &story), "");
    planted.add(&secrets_of(&kept, &form));
    let [name]: [String; 1] = installation.on_disk("waiting").try_into().expect("one request waits");
    lies_closed(installation, ("waiting", &name), &story, planted);

    intake.start();
    intake.wait_until_it_serves();
    installation.nothing_waits();
    // Its name begins with the time when it went.
    let (_, of_words) = name.split_once('-').unwrap();
    let gone = installation.on_disk("drained").into_iter().find(|gone| gone.ends_with(of_words)).unwrap();
    lies_closed(installation, ("drained", &gone), &story, planted);
    let case = Case::of_code(installation, &kept.code());
    case.wait_until_it_is_queued();
    assert_eq!(case.show()["answers"]["request.happened"], story, "it is there for who may read");
}

/// A file is there and holds something, and nothing of it can be read, there or anywhere on the portal's disk.
fn lies_closed(installation: &Installation, (folder, name): (&str, &str), story: &str, planted: &Search) {
    let file = installation.spool().join(folder).join(name);
    assert!(fs::read(&file).unwrap().len() > story.len(), "{} holds a request", file.display());
    let (mut hits, _) = planted.hits_in_folder(&installation.spool());
    hits.extend(what_tells_of_visits().hits_in_folder(&installation.spool()).0);
    assert_eq!(hits, Vec::<String>::new(), "on the portal's disk");
}

/// What a page that shows a code gives away: the code in both forms, and what its form and its cookie carry.
fn secrets_of(shown: &Reply, form: &str) -> Vec<String> {
    let words = shown.code();
    let digits = Receipt::parse(&words).unwrap().digits().expose().clone();
    vec![digits.replace(' ', ""), digits, words, form.to_owned(), carried_in_cookie(shown)]
}

fn carried_in_cookie(reply: &Reply) -> String {
    reply.cookie().split_once('=').unwrap().1.to_owned()
}

fn opens(pages: &str, path: &str, cookie: &str) -> Reply {
    wire::ask_from(PLACE, pages, &wire::visit(pages, path, cookie))
}

fn sends(pages: &str, path: &str, body: &str, cookie: &str) -> Reply {
    wire::ask_from(PLACE, pages, &wire::form(pages, path, body, cookie))
}
