//! What holds of whatever a stranger sends. Tests draw it at random; a fuzzer (`fuzz/`) searches for something for which it
//! does not hold.

use askama::Template as _;
use axum::http::{HeaderMap, HeaderValue, header};
use flare_kernel::Timestamp;
use flare_seal::{PortalKey, Receipt};
use flare_typed::text::clean_text;

use crate::{
    act_page::Carried,
    answers::{Answers, Body},
    form::form_of,
    keys::{PortalKeys, Session, Slip},
    language::Language,
    pages::Ask,
    web::{self, COOKIE},
};

const NOW: Timestamp = Timestamp::from_micros(1_795_300_000_000_000);

fn keys() -> PortalKeys {
    PortalKeys::new(PortalKey::from_bytes([7; 32]), vec![PortalKey::from_bytes([8; 32])])
}

/// The body of a form: the page that shows it again has every element that it has when nothing was written, and no other;
/// the two first answers are kept to the letter, and what can be sent is sent. What an act's page carried has an id as they
/// are drawn, which is carried on as it was, or none.
pub fn urlencoded_body(bytes: &[u8]) {
    let body = Body::read(bytes);
    let carried = Carried::read(&body, &Receipt::from_bytes([9; 15])).filter(|page| page.id.is_some());
    assert!(carried.is_none_or(|page| body.text("h").starts_with(&page.written())));
    let answers = Answers::read(&body);
    assert_eq!((&*answers.story, &*answers.reach), (body.text("story"), body.text("reach")));
    let elements = |answers: &Answers| {
        let page = Ask::new(Language::Ar, String::new(), answers, &[]).render();
        page.map(|html| html.matches('<').count()).ok()
    };
    assert_eq!(elements(&answers), elements(&Answers::default()));
    let _ = Ask::new(Language::En, String::new(), &answers, &answers.faults()).render();
    let form = form_of(&answers);
    if let (true, Ok(sent)) = (answers.faults().is_empty(), form.answers()) {
        let story = clean_text(&answers.story);
        assert!(sent.iter().any(|(name, text)| *name == "request.happened" && text.contains(story.trim())));
    }
    let _ = form.listing();
}

/// What a form brings back as its hidden field, or a browser as its cookie: nobody makes one who has no key.
pub fn hidden_field(text: &str) {
    let keys = keys();
    assert!(Slip::open(&keys, text, NOW).is_none());
    assert!(Session::open(&keys, text, NOW).is_none());
}

/// The header of cookies: ours is found among any others, and one that we did not make opens nothing.
pub fn cookie(others: &[u8]) {
    let keys = keys();
    let Ok(others) = HeaderValue::from_bytes(others) else { return };
    let mut headers = HeaderMap::new();
    headers.append(header::COOKIE, others.clone());
    let made_up = web::cookie(&headers).map(str::to_owned);
    assert!(made_up.is_none_or(|text| Session::open(&keys, &text, NOW).is_none()));

    let session = Session::begin(Receipt::from_bytes([9; 15]), NOW);
    let Ok(sealed) = session.seal(&keys, NOW) else { return };
    let Ok(ours) = HeaderValue::from_str(&format!("{COOKIE}={sealed}")) else { return };
    let mut headers = HeaderMap::new();
    headers.append(header::COOKIE, ours);
    headers.append(header::COOKIE, others);
    let opened = web::cookie(&headers).and_then(|text| Session::open(&keys, text, NOW));
    assert!(opened.is_some_and(|opened| *opened.receipt.expose() == [9; 15]));
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::{NOW, cookie, hidden_field, keys, urlencoded_body};
    use crate::keys::Slip;

    const FIELD: &str = "(story|reach|way|need|danger|amount|people|kind|anything|who0|tell0|other1|f|h|to|[a-z]{0,4})=[a-zA-Z0-9+%&<>\"']{0,40}";

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn of_any_body(bytes: Vec<u8>) {
            urlencoded_body(&bytes);
        }

        #[test]
        fn of_any_form(fields in proptest::collection::vec(FIELD, 0..12)) {
            urlencoded_body(fields.join("&").as_bytes());
        }

        #[test]
        fn of_any_field(text in "\\PC{0,80}|[A-Za-z0-9_-]{0,500}") {
            hidden_field(&text);
        }

        #[test]
        fn of_any_change_to_a_field_of_ours(place in 0_usize..120, letter in "[A-Za-z0-9_-]") {
            static OURS: LazyLock<String> = LazyLock::new(|| Slip::draw(NOW).unwrap().seal(&keys()).unwrap());
            let mut text = OURS.clone();
            let place = place % text.len();
            prop_assume!(text[place..=place] != letter);
            text.replace_range(place..=place, &letter);
            hidden_field(&text);
        }

        #[test]
        fn of_any_cookies(others in "([a-zA-Z_-]{1,10}|__Host-s)?=?[ -~]{0,60}(; [a-z]{0,5}=[ -~]{0,20}){0,3}") {
            cookie(others.as_bytes());
        }
    }
}
