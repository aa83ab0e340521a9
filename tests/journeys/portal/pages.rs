//! Every page there is, in each language, as somebody meets it who asks, comes back and makes every mistake.

use crate::harness::{
    step,
    wire::{self, Reply},
};

pub(super) const LANGUAGES: [&str; 3] = ["en", "fr", "ar"];
/// Announced, not sent.
const TOO_MUCH: &str = "9000000";
/// What no browser sends: bytes that are no text, and signs that announce more and name nothing.
const UNREADABLE: &str = "story=%FF%zz%C3%28&reach=&name=%&%FE=%80";

/// One page as it came.
pub(super) struct Page {
    /// The language, and what was done to see it.
    pub(super) name: String,
    /// Which page it is, for its budget: an address without its language.
    pub(super) path: &'static str,
    /// Whether it belongs to somebody with a code, or takes the code from whoever had one.
    pub(super) has_code: bool,
    pub(super) reply: Reply,
}

/// The pages that somebody sees in one language.
pub(super) struct Seen<'l> {
    lang: &'l str,
    pub(super) pages: Vec<Page>,
}

impl<'l> Seen<'l> {
    pub(super) const fn nothing_yet(lang: &'l str) -> Self {
        Self { lang, pages: Vec::new() }
    }

    /// Keeps a page, which must have come with this status.
    #[track_caller]
    pub(super) fn see(&mut self, name: &str, path: &'static str, has_code: bool, status: u16, reply: Reply) {
        let name = format!("{}: {name}", self.lang);
        assert_eq!(reply.status, status, "{name}: {}", reply.html);
        self.pages.push(Page { name, path, has_code, reply });
    }
}

/// All that nobody but the requester brings about.
pub(super) fn every_page(pages: &str) -> Vec<Page> {
    let in_language = |lang| without_a_code(pages, lang).into_iter().chain(with_a_code(pages, lang));
    LANGUAGES.into_iter().flat_map(in_language).collect()
}

fn without_a_code(pages: &str, lang: &str) -> Vec<Page> {
    let mut seen = Seen::nothing_yet(lang);
    let at = |path: &str| format!("/{lang}{path}");
    for path in ["", "/ask", "/back", "/safe", "/lost", "/complain"] {
        seen.see(path, path, false, 200, wire::get(pages, &at(path)));
    }
    seen.see("no such page", "/nothing", false, 404, wire::get(pages, &at("/nothing")));

    let form = wire::get(pages, &at("/ask")).field("f");
    let send = |body: &str| wire::post(pages, &at("/ask"), &format!("f={form}&{body}"), "");
    let typed = "story=&reach=&name=Ana+%3Cb%3E&amount=about+500&need=legal&danger=yes&anything=Thanks";
    seen.see("nothing written", "/ask", false, 422, send(typed));
    let crowded = format!("{}story=They+came&reach=Signal", "a=b&".repeat(10_000));
    seen.see("ten thousand fields", "/ask", false, 422, send(&crowded));
    seen.see("broken encodings", "/ask", false, 422, send(UNREADABLE));
    let in_another = send("to=fr&story=%D8%AC%D8%A7%D8%A1%D9%88%D8%A7&reach=x");
    seen.see("another language", "/ask", false, 200, in_another);
    let altered = wire::post(pages, &at("/ask"), "f=AAAA&story=x&reach=y", "");
    seen.see("an altered form", "/altered", false, 400, altered);
    let too_large = wire::form(pages, &at("/ask"), "", "")
        .replace("Content-Length: 0", &format!("Content-Length: {TOO_MUCH}"));
    seen.see("too large", "/large", false, 413, wire::ask(pages, &too_large));
    let elsewhere = wire::form(pages, &at("/ask"), "f=x", "").replace("same-origin", "cross-site");
    seen.see("from another site", "/elsewhere", false, 403, wire::ask(pages, &elsewhere));
    let other_name = format!("GET {} HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n", at(""));
    seen.see("by another name", "/name", false, 421, wire::ask(pages, &other_name));

    seen.see("without a code", "/back", true, 401, wire::get(pages, &at("/status")));
    let off = wire::post(pages, &at("/back"), "code=accompany+grill+thursdayy", "");
    seen.see("a code that is off", "/back", false, 422, off);
    let unknown = "code=accompany+grill+thursday+cardigan+state+labrador+oozy+unstamped+quaking+preheated";
    seen.see("a code that is none", "/back", false, 404, wire::post(pages, &at("/back"), unknown, ""));
    seen.pages
}

fn with_a_code(pages: &str, lang: &str) -> Vec<Page> {
    let mut seen = Seen::nothing_yet(lang);
    let at = |path: &str| format!("/{lang}{path}");
    let form = wire::get(pages, &at("/ask")).field("f");
    let send = |body: &str| wire::post(pages, &at("/ask"), &format!("f={form}&{body}"), "");
    let asked = send("story=They+came&reach=Signal&way=here");
    let cookie = asked.cookie();
    let as_holder = |path: &str, body: &str| wire::post(pages, &at(path), body, &cookie);
    seen.see("the code", "/code", true, 200, asked);
    seen.see("other words", "/code", true, 200, send("story=They+came+again&reach=Signal&way=here"));
    seen.see("pieces that are wrong", "/code", true, 422, as_holder("/check", "p1=x&p2=y"));
    let cannot = as_holder("/cannot", "");
    let id = cannot.field("id");
    seen.see("a code that cannot be kept", "/cannot", true, 200, cannot);
    seen.see("no way written", "/cannot", true, 422, as_holder("/way", &format!("id={id}&text=")));
    seen.see("a way written", "/way", true, 200, as_holder("/way", &format!("id={id}&text=By+mail")));
    let status = wire::ask(pages, &wire::visit(pages, &at("/status"), &cookie));
    seen.see("where it stands", "/status", true, 200, status);
    let messages = as_holder("/messages", "");
    let id = messages.field("id");
    seen.see("messages", "/messages", true, 200, messages);
    seen.see("an empty message", "/messages", true, 422, as_holder("/write", &format!("id={id}&text=")));
    seen.see("a message", "/messages", true, 200, as_holder("/write", &format!("id={id}&text=We+are+safe")));
    let another = wire::asks(pages, "They took him").cookie();
    let meant_for_one = format!("id={id}&text=We+are+safe");
    let sent_as_another = wire::post(pages, &at("/write"), &meant_for_one, &another);
    seen.see("a page of another code", "/messages", true, 422, sent_as_another);
    let more = as_holder("/more", "");
    let id = more.field("id");
    seen.see("what was not answered yet", "/more", true, 200, more);
    seen.see("nothing more", "/more", true, 422, as_holder("/add", &format!("id={id}&payment=")));
    let added = as_holder("/add", &format!("id={id}&danger=yes&now=Sudan"));
    seen.see("more answers", "/added", true, 200, added);
    acts_at_any_time(&mut seen, pages, &cookie);
    seen.pages
}

/// What can be done whatever staff have done.
fn acts_at_any_time(seen: &mut Seen<'_>, pages: &str, cookie: &str) {
    let lang = seen.lang;
    let as_step = |act: &str, fields: &str| step::send(pages, lang, act, fields, cookie);
    seen.see("an act that is none", "/nothing", false, 404, as_step("x", ""));
    for act in ["proposal", "agreement", "money", "report", "review"] {
        seen.see(&format!("{act}, where there is none"), "/act", true, 200, as_step(act, ""));
    }
    for (act, sent, status) in [("change", "text=", 422), ("stop", "do=stop", 200), ("seen", "do=close", 200)]
    {
        let opened = as_step(act, "");
        let carried = opened.field("h");
        seen.see(act, "/act", true, 200, opened);
        seen.see(&format!("{act}, altered"), "/act", true, 409, as_step(act, "h=x"));
        for sending in ["sent", "sent again"] {
            let reply = as_step(act, &format!("h={carried}&{sent}"));
            seen.see(&format!("{act}, {sending}"), "/act", true, status, reply);
        }
    }
}
