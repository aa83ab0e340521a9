//! Coming back with a code, where a request stands, and leaving.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use flare_kernel::Duration;
use flare_seal::{Receipt, ReceiptError, ReceiptForm};

use super::{Answer, In, Shared, Typed, Visit, acts::buttons, broken, refused};
use crate::{
    acts::Turn,
    keys::Session,
    l10n::L10nLanguage,
    language::{Language, written},
    pages::{Back, Page, Status},
    requester::NotDone,
    web::{self, page, see, with_cookie},
};

pub(super) async fn back_by_guess(headers: HeaderMap) -> Response {
    empty_back(web::language("", &headers))
}

pub(super) async fn back(In(lang): In) -> Response {
    empty_back(lang)
}

fn empty_back(lang: Language) -> Response {
    let p = Page::new(lang, L10nLanguage::title_back);
    page(StatusCode::OK, &Back { p, faults: Vec::new(), typed: "" })
}

/// Another site, with our cookie gone and no word of ours on the way.
pub(super) async fn leave(State(portal): Shared) -> Response {
    with_cookie(see(&portal.settings.leave), "")
}

/// Asks for the code again, for this reason; nothing is kept.
pub(super) fn typed_again(
    lang: Language,
    status: StatusCode,
    why: impl Fn(&L10nLanguage) -> String,
) -> Response {
    let p = Page::new(lang, L10nLanguage::title_back);
    let faults = vec![why(p.t)];
    with_cookie(page(status, &Back { p, faults, typed: "" }), "")
}

/// Opens what a code opens, or says which piece of it is off.
pub(super) async fn open(State(portal): Shared, In(lang): In, Typed(body): Typed) -> Answer {
    let typed = body.text("code");
    let again = |status, faults| {
        page(status, &Back { p: Page::at_fault(lang, L10nLanguage::title_back), faults, typed })
    };
    let receipt = match Receipt::parse(typed) {
        Ok(receipt) => receipt,
        Err(error) => return Ok(again(StatusCode::UNPROCESSABLE_ENTITY, what_is_off(lang, error))),
    };
    match portal.requester.look(&receipt).await {
        Ok(_) => {
            let now = portal.now();
            let session = Session::begin(receipt, now).seal(&portal.keys, now).map_err(|_| broken(lang))?;
            Ok(with_cookie(see(&format!("/{}/status", lang.code())), &session))
        }
        Err(NotDone::NotFound) => Ok(again(StatusCode::NOT_FOUND, vec![lang.texts().back_not_found()])),
        Err(NotDone::Refused(told)) => Err(refused(lang, &told)),
        Err(NotDone::Away) => Ok(again(StatusCode::SERVICE_UNAVAILABLE, vec![lang.texts().back_later()])),
    }
}

fn what_is_off(lang: Language, error: ReceiptError) -> Vec<String> {
    let t = lang.texts();
    match error {
        ReceiptError::Empty | ReceiptError::TooLong => vec![t.back_empty()],
        ReceiptError::Mixed => vec![t.back_mixed()],
        ReceiptError::Count { form: ReceiptForm::Words, found, expected } => {
            vec![t.back_words_count(found, expected)]
        }
        ReceiptError::Count { form: ReceiptForm::Digits, found, expected } => {
            vec![t.back_digits_count(found, expected)]
        }
        ReceiptError::UnknownWord { position, nearest } => {
            let nearest = nearest.map(|word| t.back_nearest(word));
            std::iter::once(t.back_word(position)).chain(nearest).collect()
        }
        ReceiptError::Checksum => vec![t.back_order()],
        ReceiptError::GroupLength { group, .. }
        | ReceiptError::GroupCheck { group }
        | ReceiptError::GroupRange { group } => vec![t.back_group(group)],
    }
}

/// Where the request stands.
pub(super) async fn status(visit: Visit) -> Answer {
    let (now, t, lang) = (visit.portal.now(), visit.t(), visit.lang);
    let standing = visit.portal.requester.look(&visit.session.receipt).await;
    let standing = standing.map_err(|why| visit.cannot_look(&why))?;
    // What nobody has read yet waits for the hours in which somebody reads.
    let by_hours = |by| standing.unread_since.map_or(by, |received| visit.portal.answered_by(by, received));
    let turn = match standing.turn.map_by(by_hours) {
        Turn::Ours(None) => t.status_ours_open(),
        Turn::Ours(Some(by)) if by < now => t.status_late(written(by)),
        Turn::Ours(Some(by)) => t.status_ours(lang.within(by, now), written(by)),
        Turn::Theirs => t.status_theirs(),
        Turn::Paused => t.status_paused(),
        Turn::Ended => t.status_ended(),
    };
    // "Since now" says nothing.
    let since = standing.since.filter(|since| now.since(*since) >= Duration::from_secs(60));
    let since = since.map(|since| t.status_since(lang.distance(since, now)));
    let acts = buttons(lang, &standing.acts);
    let unclear = visit.session.unclear.any();
    let p = Page::new(lang, L10nLanguage::title_messages);
    let shown = page(StatusCode::OK, &Status { p, turn, since, unclear, acts });
    // The code is not shown again to whoever went on from it.
    let session = Session { is_new: false, ..visit.session.clone() };
    Ok(visit.keep_as(shown, &session))
}
