//! What every answer carries, whom the pages answer, and from where they take a form: tables over the wire.

use super::pages::Page;
use crate::harness::wire::{self, Reply};

/// Headers of every answer, whatever it is.
const ALWAYS: [(&str, &str); 8] = [
    ("cache-control", "no-store"),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("x-robots-tag", "noindex, nofollow"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), interest-cohort=()"),
];
/// What no answer says: who made it, when, and what would have been kept.
const NEVER: [&str; 6] = ["server", "x-powered-by", "etag", "last-modified", "content-encoding", "refresh"];

pub(super) fn are_those_of_every_page(page: &Page) {
    are_complete(&page.name, &page.reply);
}

fn are_complete(what: &str, reply: &Reply) {
    for (name, value) in ALWAYS {
        assert_eq!(reply.header(name), Some(value), "{what}: {name}");
    }
    for name in NEVER {
        assert_eq!(reply.header(name), None, "{what}: {name}");
    }
    let policy = reply.header("content-security-policy").unwrap_or_default();
    for part in ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{what}: {part} is not in {policy}");
    }
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
}

/// Leaving leads to another site, without the cookie and without a word of ours on the way.
pub(super) fn leaving_says_nothing(pages: &str) {
    let left = wire::ask(pages, &wire::visit(pages, "/leave", "__Host-s=AAAA"));
    are_complete("/leave", &left);
    assert_eq!((left.status, left.html.as_str()), (303, ""));
    assert_eq!(left.header("location"), Some("https://localhost:9/"));
    let cookie = left.header("set-cookie").unwrap_or_default();
    assert!(cookie.starts_with("__Host-s=;") && cookie.contains("Max-Age=0"), "{cookie}");
}

/// Only the portal's own names are answered, whatever else is said on the line, so that no other name can be made to lead
/// here.
pub(super) fn name_decides_who_is_answered(pages: &str) {
    let (address, port) = pages.rsplit_once(':').unwrap();
    let other = format!("attacker.example:{port}");
    for (lines, target, status) in [
        (format!("Host: {pages}\r\n"), "/en".to_owned(), 200),
        (format!("hOsT: {pages}\r\n"), "/en".to_owned(), 200),
        (format!("Host: {other}\r\n"), "/en".to_owned(), 421),
        (format!("Host: {address}\r\n"), "/en".to_owned(), 421),
        (format!("Host: {pages}.\r\n"), "/en".to_owned(), 421),
        (format!("Host: user@{pages}\r\n"), "/en".to_owned(), 421),
        (format!("Host: {pages}, {other}\r\n"), "/en".to_owned(), 421),
        (format!("Host: {pages}\r\nHost: {other}\r\n"), "/en".to_owned(), 421),
        (format!("Host: {other}\r\nX-Forwarded-Host: {pages}\r\n"), "/en".to_owned(), 421),
        (format!("X-Forwarded-Host: {pages}\r\n"), "/en".to_owned(), 421),
        (format!("Host: {pages}\r\n"), format!("http://{other}/en"), 421),
    ] {
        for method in ["GET", "POST"] {
            let request = format!(
                "{method} {target} HTTP/1.1\r\n{lines}Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let reply = wire::ask(pages, &request);
            // A name that is ours, and a page that takes no form.
            let status = if method == "POST" && status == 200 { 404 } else { status };
            assert_eq!(reply.status, status, "{request}");
            are_complete(&request, &reply);
        }
    }
}

/// A form comes from a page of ours, or from a browser too old to say where from.
pub(super) fn forms_come_from_our_own_pages(pages: &str) {
    let ours = format!("http://{pages}");
    let by_name = format!("http://attacker.example:{}", pages.rsplit_once(':').unwrap().1);
    for (site, origin, taken) in [
        (None, None, true),
        (Some("same-origin"), Some(ours.as_str()), true),
        (None, Some(ours.as_str()), true),
        (Some("same-origin"), None, true),
        (Some("none"), None, true),
        (Some("cross-site"), None, false),
        (Some("same-site"), Some(ours.as_str()), false),
        (Some("same-origin"), Some("null"), false),
        (None, Some("null"), false),
        (Some("same-origin"), Some(by_name.as_str()), false),
        (None, Some("http://127.0.0.1"), false),
        (None, Some(""), false),
        (Some("Same-Origin"), None, false),
    ] {
        let site = site.map(|site| format!("Sec-Fetch-Site: {site}\r\n")).unwrap_or_default();
        let origin = origin.map(|origin| format!("Origin: {origin}\r\n")).unwrap_or_default();
        for path in ["/en/ask", "/fr/back", "/ar/messages", "/en/nothing"] {
            let request = format!(
                "POST {path} HTTP/1.1\r\nHost: {pages}\r\n{site}{origin}Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let reply = wire::ask(pages, &request);
            assert_eq!(reply.status != 403, taken, "{request}: {}", reply.status);
            are_complete(&request, &reply);
        }
    }
}
