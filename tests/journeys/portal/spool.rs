//! All services go away while people ask by the pages, and then the portal dies as well, again and again. Each of them has a
//! code, and once everything is back their request is there, once, and the code opens it.

use std::{fs, io::Write as _, net::TcpStream};

use flare_contracts::Service;

use super::{
    are_well_made,
    pages::{LANGUAGES, Page, Seen},
};
use crate::{
    acts::Case,
    harness::{
        Installation, checker, installation::Wish, process::Process, spool::ON_ITS_WAY, step, until, wire,
        within,
    },
};

/// A page that is open, and what is written on it.
struct Form {
    slip: String,
    story: &'static str,
}

impl Form {
    /// Opens the page.
    fn open(pages: &str, story: &'static str) -> Self {
        Self { slip: wire::get(pages, "/en/ask").field("f"), story }
    }

    /// What is sent by whoever can be reached on the page alone.
    fn body(&self) -> String {
        format!("{}&way=here", wire::asking(&self.slip, self.story))
    }

    fn send(&self, pages: &str) -> Asked {
        let reply = wire::post(pages, "/en/ask", &self.body(), "");
        Asked { code: reply.code(), cookie: reply.cookie(), story: self.story }
    }
}

/// Somebody who has a code.
struct Asked {
    code: String,
    cookie: String,
    story: &'static str,
}

#[test]
fn distributed() {
    let wish = Wish { replicas: 1, pages: Some(&[]), ..Wish::default() };
    let Some(installation) = Installation::distributed(&wish) else { return };
    let said = while_the_services_are_away(&installation);
    drop(installation);
    are_well_made(&said);
}

/// Gives the pages that say so meanwhile.
fn while_the_services_are_away(installation: &Installation) -> Vec<Page> {
    let pages = installation.pages();
    let portal = installation.process("portal");
    let services = || installation.processes.iter().filter(|process| process.label != portal.label);
    until("the portal has the organisation's keys", || {
        installation.spool().join("keys").exists().then_some(())
    });
    let opened_before = Form::open(pages, "They came an hour ago");
    services().for_each(Process::kill);

    let asked = [
        after_the_code_was_shown(installation, &opened_before),
        before_the_code_was_shown(installation),
        as_soon_as_it_was_sent(installation),
    ];
    assert_eq!(installation.waiting(), asked.len(), "each lies there once, however often it was sent");
    for one in &asked {
        let status = wire::ask(pages, &wire::visit(pages, "/en/status", &one.cookie));
        assert_eq!(status.status, 503, "{}", status.html);
        assert!(status.html.contains("Your code is still good."), "{}", status.html);
    }
    let mut said = whoever_has_a_code_is_told(pages, &asked[0]);
    said.extend(without_keys_nobody_is_invited(installation, &asked[0]));

    services().for_each(Process::start);
    services().for_each(Process::wait_until_it_serves);
    within(ON_ITS_WAY, "the first is on its way", || (installation.waiting() < asked.len()).then_some(()));
    restart(portal, |_| ());
    installation.nothing_waits();
    each_is_there_once(installation, &asked);
    said
}

/// Kills the portal when this has been done, and starts it again.
fn restart<T>(portal: &Process, when: impl FnOnce(&Process) -> T) -> T {
    let done = when(portal);
    portal.kill();
    portal.start();
    portal.wait_until_it_serves();
    done
}

fn after_the_code_was_shown(installation: &Installation, form: &Form) -> Asked {
    let (pages, before) = (installation.pages(), installation.waiting());
    let asked = restart(installation.process("portal"), |_| form.send(pages));
    assert_eq!(installation.waiting(), before + 1);
    let again = form.send(pages);
    assert_eq!(again.code, asked.code, "the page is still open, and is sent once more");
    asked
}

/// The request lies on the disk, and its sender has heard nothing of it.
fn before_the_code_was_shown(installation: &Installation) -> Asked {
    let (pages, before) = (installation.pages(), installation.waiting());
    let form = Form::open(pages, "They are in the building");
    restart(installation.process("portal"), |_| {
        let line = send_and_leave(pages, &form);
        until("it lies there", || (installation.waiting() > before).then_some(()));
        line
    });
    form.send(pages)
}

/// Whether anything of it was read is left to chance.
fn as_soon_as_it_was_sent(installation: &Installation) -> Asked {
    let pages = installation.pages();
    let form = Form::open(pages, "They took my brother");
    restart(installation.process("portal"), |_| send_and_leave(pages, &form));
    form.send(pages)
}

/// Sends a form and reads nothing.
fn send_and_leave(pages: &str, form: &Form) -> TcpStream {
    let mut line = TcpStream::connect(pages).unwrap();
    line.write_all(wire::form(pages, "/en/ask", &form.body(), "").as_bytes()).unwrap();
    line
}

/// What cannot be looked at or done now, on every page of somebody with a code.
fn whoever_has_a_code_is_told(pages: &str, one: &Asked) -> Vec<Page> {
    let in_language = |lang: &'static str| {
        let mut seen = Seen::nothing_yet(lang);
        let at = |path: &str| format!("/{lang}{path}");
        let away = |what: &str| format!("{what}, while the services are away");
        let status = wire::ask(pages, &wire::visit(pages, &at("/status"), &one.cookie));
        seen.see(&away("where it stands"), "/away", false, 503, status);
        for path in ["/messages", "/more"] {
            seen.see(&away(path), "/away", false, 503, wire::post(pages, &at(path), "", &one.cookie));
        }
        let proposal = step::send(pages, lang, "proposal", "", &one.cookie);
        seen.see(&away("a proposal"), "/away", false, 503, proposal);
        let carried = step::send(pages, lang, "change", "", &one.cookie).field("h");
        let change = step::send(pages, lang, "change", &format!("h={carried}&text=x"), &one.cookie);
        seen.see(&away("a change"), "/away", false, 503, change);
        let back = format!("code={}", one.code.replace(' ', "+"));
        seen.see(&away("a code"), "/back", false, 503, wire::post(pages, &at("/back"), &back, ""));
        seen.pages
    };
    LANGUAGES.into_iter().flat_map(in_language).collect()
}

/// A portal that has never reached the services can seal nothing, and says so before anybody writes.
fn without_keys_nobody_is_invited(installation: &Installation, one: &Asked) -> Vec<Page> {
    let (pages, portal) = (installation.pages(), installation.process("portal"));
    let (keys, aside) = (installation.spool().join("keys"), installation.spool().with_file_name("keys"));
    let swap = |from, to| {
        portal.kill();
        fs::rename(from, to).unwrap();
        portal.start();
        portal.wait_until_it_serves();
    };
    let form = Form::open(pages, "They are at the door").body();
    swap(&keys, &aside);
    for page in ["/en", "/en/ask"] {
        let told = wire::get(pages, page);
        assert_eq!(told.status, 503, "{page}: {}", told.html);
        assert!(told.html.contains("Please write nothing here yet."), "{page}: {}", told.html);
    }
    let in_language = |lang: &'static str| {
        let mut seen = Seen::nothing_yet(lang);
        let at = |path: &str| format!("/{lang}{path}");
        seen.see("nobody is invited", "/away", false, 503, wire::get(pages, &at("")));
        seen.see("nothing is taken", "/away", false, 503, wire::post(pages, &at("/ask"), &form, ""));
        let cannot = wire::post(pages, &at("/cannot"), "", &one.cookie);
        seen.see("no way is taken", "/away", true, 503, cannot);
        seen.pages
    };
    let said = LANGUAGES.into_iter().flat_map(in_language).collect();
    swap(&aside, &keys);
    assert_eq!(wire::get(pages, "/en").status, 200, "with the keys that lie there people are invited");
    said
}

fn each_is_there_once(installation: &Installation, asked: &[Asked]) {
    let pages = installation.pages();
    let mut expected = Vec::new();
    for one in asked {
        let case = Case::of_code(installation, &one.code);
        case.wait_until_it_is_queued();
        assert_eq!(case.show()["answers"]["request.happened"], one.story);
        case.stands("received");
        let back = format!("code={}", one.code.replace(' ', "+"));
        let cookie = wire::post(pages, "/en/back", &back, "").cookie();
        for cookie in [&one.cookie, &cookie] {
            let status = wire::ask(pages, &wire::visit(pages, "/en/status", cookie));
            assert_eq!(status.status, 200, "{}", status.html);
        }
        expected.push(vec![case.id]);
    }
    expected.sort();
    let found =
        checker::rows(installation, Service::Intake, "SELECT case_id FROM {}requests ORDER BY case_id");
    assert_eq!(found, expected);
    assert_eq!(installation.on_disk("refused"), Vec::<String>::new());
    checker::settled(installation, std::time::Duration::from_mins(1));
}
