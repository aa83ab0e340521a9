//! The code, once, and what its holder can do with it then.

use axum::{
    http::{HeaderMap, StatusCode},
    response::Response,
};
use flare_contracts::answers::CONTACT;
use flare_seal::Receipt;
use flare_typed::text::{characters, digit, is_invisible};

use super::{Answer, Typed, Visit, Words};
use crate::{
    answers::most_characters,
    keys::Session,
    l10n::L10nLanguage,
    language::Language,
    pages::{Cannot, Code, Page, Text},
    refusals,
    requester::NotDone,
    web::{self, page},
};

pub(super) fn code_page(
    lang: Language,
    host: String,
    receipt: &Receipt,
    (by, other_words): (String, Option<String>),
    wrong: bool,
) -> Code {
    let pieces = |text: String| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    Code {
        p: Page::new(lang, L10nLanguage::title_code),
        host,
        by,
        other_words,
        words_first: lang == Language::En,
        groups: pieces(receipt.digits().into_inner()),
        words: pieces(receipt.words().into_inner()),
        places: asked_pieces(receipt),
        wrong,
    }
}

/// The two pieces that are asked back, the same ones each time: two of the eight groups, or words of the same places.
fn asked_pieces(receipt: &Receipt) -> [usize; 2] {
    let lookup = receipt.lookup_id();
    let first = usize::from(lookup[0] % 4) + 1;
    [first, first + 1 + usize::from(lookup[1] % 4)]
}

/// Compares two pieces of a code that its holder wrote down.
pub(super) async fn check(visit: Visit, headers: HeaderMap, Typed(body): Typed) -> Response {
    let (lang, receipt) = (visit.lang, &visit.session.receipt);
    let plain = |text: &str| {
        let seen = text.chars().filter(|c| !c.is_whitespace() && !is_invisible(*c));
        seen.map(|c| digit(c).unwrap_or(c)).collect::<String>().to_lowercase()
    };
    let (words, digits) = (receipt.words(), receipt.digits());
    let is_right = asked_pieces(receipt).into_iter().all(|place| {
        let typed = plain(body.text(&format!("p{place}")));
        let piece = |text: &str| text.split(' ').nth(place - 1).is_some_and(|piece| piece == typed);
        piece(words.expose()) || piece(digits.expose())
    });
    if !is_right && visit.session.is_new {
        let code = code_page(lang, web::host(&headers), receipt, (String::new(), None), true);
        return visit.keep(page(StatusCode::UNPROCESSABLE_ENTITY, &code));
    }
    let t = visit.t();
    let heading = if is_right { t.code_check_right() } else { t.code_check_wrong() };
    let shown = Text::new(Page::new(lang, L10nLanguage::title_code), heading, Vec::new());
    visit.keep(page(StatusCode::OK, &shown.leading_to("status", t.code_kept())))
}

/// Says what happens to whoever cannot keep the code.
pub(super) async fn cannot(visit: Visit) -> Answer {
    if visit.session.only_here {
        // What cannot be taken is said before anything is typed.
        return if visit.portal.requester.takes_way(&visit.session).await {
            way_page(&visit, StatusCode::OK, "", None)
        } else {
            Ok(visit.keep(not_now(visit.lang)))
        };
    }
    Ok(visit.keep(reached(visit.lang)))
}

/// Takes one safe way to reach whoever cannot keep the code.
pub(super) async fn way(visit: Visit, Typed(body): Typed) -> Answer {
    let words = match Words::read(&body, &visit) {
        Ok(words) => words,
        Err((text, fault)) => return way_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, text, fault),
    };
    // It may have to go as the way to be reached of a request (`tell_way`).
    if characters(words.text) > most_characters(CONTACT) {
        let fault = Some(visit.t().error_long());
        return way_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, words.text, fault);
    }
    let told = (words.text, words.id.as_str());
    match visit.portal.requester.tell_way(&visit.session, visit.lang, told, visit.portal.now()).await {
        Ok(()) => {
            let session = Session { only_here: false, ..visit.session.clone() };
            Ok(visit.keep_as(reached(visit.lang), &session))
        }
        Err(NotDone::Refused(told)) => {
            let why = refusals::text(visit.t(), &told);
            way_page(&visit, refusals::status(&told), words.text, Some(why))
        }
        Err(why @ (NotDone::NotFound | NotDone::Away)) => Err(visit.cannot_do(&why)),
    }
}

fn way_page(visit: &Visit, status: StatusCode, text: &str, fault: Option<String>) -> Answer {
    let p = Page::new(visit.lang, L10nLanguage::title_code);
    Ok(visit.keep(page(status, &Cannot { p, id: visit.act_id()?.into_string(), text, fault })))
}

fn not_now(lang: Language) -> Response {
    let t = lang.texts();
    let p = Page::at_fault(lang, L10nLanguage::title_code);
    let shown = Text::new(p, t.away_heading(), vec![t.cannot_now()]);
    page(StatusCode::SERVICE_UNAVAILABLE, &shown.leading_to("status", t.code_kept()))
}

fn reached(lang: Language) -> Response {
    let t = lang.texts();
    let p = Page::new(lang, L10nLanguage::title_code);
    page(StatusCode::OK, &Text::new(p, t.cannot_heading(), vec![t.cannot_reach()]))
}
