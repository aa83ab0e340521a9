//! All services go away while people ask by the pages, and then the portal dies as well, again and again. Each of them has a
//! code, and once everything is back their request is there, once, and the code opens it.

use std::{fs, io::Write as _, net::TcpStream};

use flare_contracts::Producer;

use crate::{
    acts::Case,
    harness::{Installation, checker, installation::Wish, process::Process, until, wire},
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

    fn body(&self) -> String {
        format!("f={}&story={}&reach=Signal", self.slip, self.story.replace(' ', "+"))
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
    let pages = installation.pages();
    let portal = installation.process("portal");
    let services = || installation.processes.iter().filter(|process| process.label != portal.label);
    until("the portal has the organisation's keys", || {
        installation.spool().join("keys").exists().then_some(())
    });
    let opened_before = Form::open(pages, "They came an hour ago");
    services().for_each(Process::kill);

    let asked = [
        after_the_code_was_shown(&installation, &opened_before),
        before_the_code_was_shown(&installation),
        as_soon_as_it_was_sent(&installation),
    ];
    assert_eq!(waiting(&installation), asked.len(), "each lies there once, however often it was sent");
    for one in &asked {
        let status = wire::ask(pages, &wire::visit(pages, "/en/status", &one.cookie));
        assert_eq!(status.status, 503, "{}", status.html);
        assert!(status.html.contains("Your code is still good."), "{}", status.html);
    }
    without_keys_nobody_is_invited(&installation);

    services().for_each(Process::start);
    services().for_each(Process::wait_until_it_serves);
    until("the first is on its way", || (waiting(&installation) < asked.len()).then_some(()));
    restart(portal, |_| ());
    until("nothing waits any more", || (waiting(&installation) == 0).then_some(()));
    each_is_there_once(&installation, &asked);
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
    let (pages, before) = (installation.pages(), waiting(installation));
    let asked = restart(installation.process("portal"), |_| form.send(pages));
    assert_eq!(waiting(installation), before + 1);
    let again = form.send(pages);
    assert_eq!(again.code, asked.code, "the page is still open, and is sent once more");
    asked
}

/// The request lies on the disk, and its sender has heard nothing of it.
fn before_the_code_was_shown(installation: &Installation) -> Asked {
    let (pages, before) = (installation.pages(), waiting(installation));
    let form = Form::open(pages, "They are in the building");
    restart(installation.process("portal"), |_| {
        let line = send_and_leave(pages, &form);
        until("it lies there", || (waiting(installation) > before).then_some(()));
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

/// A portal that has never reached the services can seal nothing, and says so before anybody writes.
fn without_keys_nobody_is_invited(installation: &Installation) {
    let (pages, portal) = (installation.pages(), installation.process("portal"));
    let (keys, aside) = (installation.spool().join("keys"), installation.spool().with_file_name("keys"));
    let swap = |from, to| {
        portal.kill();
        fs::rename(from, to).unwrap();
        portal.start();
        portal.wait_until_it_serves();
    };
    swap(&keys, &aside);
    for page in ["/en", "/en/ask"] {
        let told = wire::get(pages, page);
        assert_eq!(told.status, 503, "{page}: {}", told.html);
        assert!(told.html.contains("Please write nothing here yet."), "{page}: {}", told.html);
    }
    swap(&aside, &keys);
    assert_eq!(wire::get(pages, "/en").status, 200, "with the keys that lie there people are invited");
}

/// How many requests wait.
fn waiting(installation: &Installation) -> usize {
    fs::read_dir(installation.spool().join("waiting")).unwrap().count()
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
        checker::rows(installation, Producer::Intake, "SELECT case_id FROM {}requests ORDER BY case_id");
    assert_eq!(found, expected);
    assert_eq!(fs::read_dir(installation.spool().join("refused")).unwrap().count(), 0);
    checker::settled(installation, std::time::Duration::from_mins(1));
}
