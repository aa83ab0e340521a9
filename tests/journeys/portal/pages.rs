//! Every page there is, in each language, as somebody meets it who asks, comes back and makes every mistake.

use crate::harness::wire::{self, Reply};

pub(super) const LANGUAGES: [&str; 3] = ["en", "fr", "ar"];
/// Announced, not sent.
const TOO_MUCH: &str = "9000000";

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

/// All of them.
pub(super) fn every_page(pages: &str) -> Vec<Page> {
    LANGUAGES.iter().flat_map(|lang| in_language(pages, lang)).collect()
}

fn in_language(pages: &str, lang: &str) -> Vec<Page> {
    let mut seen = Vec::new();
    let mut see = |name: &str, path: &'static str, has_code: bool, status: u16, reply: Reply| {
        assert_eq!(reply.status, status, "{lang}: {name}: {}", reply.html);
        seen.push(Page { name: format!("{lang}: {name}"), path, has_code, reply });
    };
    let at = |path: &str| format!("/{lang}{path}");
    for path in ["", "/ask", "/back", "/safe", "/lost", "/complain"] {
        see(path, path, false, 200, wire::get(pages, &at(path)));
    }
    see("no such page", "/nothing", false, 404, wire::get(pages, &at("/nothing")));

    let form = wire::get(pages, &at("/ask")).field("f");
    let send = |body: &str| wire::post(pages, &at("/ask"), &format!("f={form}&{body}"), "");
    let typed = "story=&reach=&name=Ana+%3Cb%3E&amount=about+500&need=legal&danger=yes&anything=Thanks";
    see("nothing written", "/ask", false, 422, send(typed));
    see("another language", "/ask", false, 200, send("to=fr&story=%D8%AC%D8%A7%D8%A1%D9%88%D8%A7&reach=x"));
    see(
        "an altered form",
        "/altered",
        false,
        400,
        wire::post(pages, &at("/ask"), "f=AAAA&story=x&reach=y", ""),
    );
    let too_large = wire::form(pages, &at("/ask"), "", "")
        .replace("Content-Length: 0", &format!("Content-Length: {TOO_MUCH}"));
    see("too large", "/large", false, 413, wire::ask(pages, &too_large));
    let elsewhere = wire::form(pages, &at("/ask"), "f=x", "").replace("same-origin", "cross-site");
    see("from another site", "/elsewhere", false, 403, wire::ask(pages, &elsewhere));
    let other_name = format!("GET {} HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n", at(""));
    see("by another name", "/name", false, 421, wire::ask(pages, &other_name));

    let asked = send("story=They+came&reach=Signal&way=here");
    let cookie = asked.cookie();
    let as_holder = |path: &str, body: &str| wire::post(pages, &at(path), body, &cookie);
    see("the code", "/code", true, 200, asked);
    see("other words", "/code", true, 200, send("story=They+came+again&reach=Signal&way=here"));
    see("pieces that are wrong", "/code", true, 422, as_holder("/check", "p1=x&p2=y"));
    let cannot = as_holder("/cannot", "");
    let id = cannot.field("id");
    see("a code that cannot be kept", "/cannot", true, 200, cannot);
    see("no way written", "/cannot", true, 422, as_holder("/way", &format!("id={id}&text=")));
    see("a way written", "/way", true, 200, as_holder("/way", &format!("id={id}&text=By+mail")));
    let status = wire::ask(pages, &wire::visit(pages, &at("/status"), &cookie));
    see("where it stands", "/status", true, 200, status);
    let messages = as_holder("/messages", "");
    let id = messages.field("id");
    see("messages", "/messages", true, 200, messages);
    see("an empty message", "/messages", true, 422, as_holder("/write", &format!("id={id}&text=")));
    see("a message", "/messages", true, 200, as_holder("/write", &format!("id={id}&text=We+are+safe")));
    let form = wire::get(pages, &at("/ask")).field("f");
    let another = wire::post(pages, &at("/ask"), &format!("f={form}&story=x&reach=y"), "").cookie();
    let meant_for_one = format!("id={id}&text=We+are+safe");
    let sent_as_another = wire::post(pages, &at("/write"), &meant_for_one, &another);
    see("a page of another code", "/messages", true, 422, sent_as_another);
    let more = as_holder("/more", "");
    let id = more.field("id");
    see("what was not answered yet", "/more", true, 200, more);
    see("nothing more", "/more", true, 422, as_holder("/add", &format!("id={id}&payment=")));
    see("more answers", "/added", true, 200, as_holder("/add", &format!("id={id}&danger=yes&now=Sudan")));
    for act in ["proposal", "agreement", "money", "report", "review"] {
        see(act, "/act", true, 200, as_holder(&format!("/{act}"), ""));
    }
    for (act, sent, status) in [("change", "text=", 422), ("stop", "do=stop", 200), ("seen", "do=close", 200)]
    {
        let opened = as_holder(&format!("/{act}"), "");
        let carried = opened.field("h");
        see(act, "/act", true, 200, opened);
        for sending in ["sent", "sent again"] {
            let reply = as_holder(&format!("/{act}"), &format!("h={carried}&{sent}"));
            see(&format!("{act}, {sending}"), "/act", true, status, reply);
        }
    }
    see("without a code", "/back", true, 401, wire::get(pages, &at("/status")));
    see(
        "a code that is off",
        "/back",
        false,
        422,
        wire::post(pages, &at("/back"), "code=accompany+grill+thursdayy", ""),
    );
    let unknown = "code=accompany+grill+thursday+cardigan+state+labrador+oozy+unstamped+quaking+preheated";
    see("a code that is none", "/back", false, 404, wire::post(pages, &at("/back"), unknown, ""));
    seen
}
