//! The first page, and the questions.

use std::sync::LazyLock;

use askama::Template as _;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use flare_edge::Form;
use flare_kernel::{Date, Duration, Lane, Timestamp};

use super::{Answer, In, Shared, Typed, away, broken, code};
use crate::{
    Portal,
    answers::{Answers, Fault},
    figures,
    form::{Unclear, form_of},
    keys::{Session, Slip},
    l10n::L10nLanguage,
    language::{Language, due, written},
    pages::{Ask, Home, Page, Text},
    refusals,
    requester::{NotDone, Sent},
    settings::Reading,
    web::{self, padded, page, with_cookie},
};

pub(super) async fn home_by_guess(State(portal): Shared, headers: HeaderMap) -> Response {
    portal.home(web::language("", &headers)).await
}

pub(super) async fn home(State(portal): Shared, In(lang): In) -> Response {
    portal.home(lang).await
}

pub(super) async fn ask_by_guess(State(portal): Shared, headers: HeaderMap) -> Response {
    portal.ask(web::language("", &headers)).await
}

pub(super) async fn ask(State(portal): Shared, In(lang): In) -> Response {
    portal.ask(lang).await
}

/// The form that nobody has written on yet. All that tells one from another is its slip, so the rest is written once: this
/// is the page that a crowd opens.
fn empty_form(lang: Language, slip: &str) -> Response {
    static AROUND_THE_SLIP: LazyLock<[Option<(String, String)>; Language::ALL.len()]> = LazyLock::new(|| {
        const SLIP: &str = "{slip}";
        Language::ALL.map(|lang| {
            let page = Ask::new(lang, SLIP.to_owned(), &Answers::default(), &[]).render().ok()?;
            page.split_once(SLIP).map(|(before, after)| (before.to_owned(), after.to_owned()))
        })
    });
    let around = Language::ALL.into_iter().zip(&*AROUND_THE_SLIP).find(|(known, _)| *known == lang);
    match around {
        Some((_, Some((before, after)))) => padded(StatusCode::OK, [before, slip, after].concat()),
        Some((_, None)) | None => web::cannot_be_written(),
    }
}

/// Sends the form, or shows it again in another language or with what keeps it from being sent.
pub(super) async fn send(
    State(portal): Shared,
    In(lang): In,
    headers: HeaderMap,
    Typed(body): Typed,
) -> Answer {
    let now = portal.now();
    let carried = body.text("f").to_owned();
    let Some(slip) = Slip::open(&portal.keys, &carried, now) else {
        return Err(altered(lang));
    };
    let answers = Answers::read(&body);
    if let Some(other) = Language::of_code(body.text("to")) {
        return Ok(page(StatusCode::OK, &Ask::new(other, carried, &answers, &[])));
    }
    let again = |faults: &[_]| {
        page(StatusCode::UNPROCESSABLE_ENTITY, &Ask::new(lang, carried.clone(), &answers, faults))
    };
    let faults = answers.faults();
    if !faults.is_empty() {
        return Ok(again(&faults));
    }
    let form = form_of(&answers);
    if form.answers().is_err() {
        return Ok(again(&[Fault::RestLong]));
    }
    let before = web::cookie(&headers).and_then(|sealed| Session::open(&portal.keys, sealed, now));
    let before = before.filter(|session| session.receipt.expose() == slip.receipt().expose());
    let at_intake = before.and_then(|session| session.at_intake);
    let sent = match portal.requester.send_or_keep(&slip, &form, at_intake).await {
        Ok(sent) => sent,
        Err(NotDone::Refused(told)) => {
            let why = refusals::text(lang.texts(), &told);
            return Ok(page(refusals::status(&told), &Ask::refused(lang, carried, &answers, why)));
        }
        Err(NotDone::NotFound | NotDone::Away) => return Err(away(lang)),
    };
    let other_words = match sent {
        Sent::AtIntake { beside_other_words: false, .. } | Sent::Kept { beside_other_words: false } => None,
        Sent::AtIntake { beside_other_words: true, .. } => Some(lang.texts().code_other_words()),
        Sent::Kept { beside_other_words: true } => Some(lang.texts().spool_other_words()),
    };
    let now = portal.now();
    figures::code_after(slip.issued(), now);
    let begun = Session::begin(slip.receipt(), now);
    let unclear = Unclear::of(&form, Date::from_timestamp(now));
    let only_here = answers.only_here();
    let (is_kept, at_intake) = match sent {
        Sent::AtIntake { words, .. } => (false, Some(words)),
        Sent::Kept { .. } => (at_intake.is_none(), at_intake),
    };
    let session =
        Session { is_new: true, only_here, is_kept, at_intake, lane: form.lane(), unclear, ..begun };
    let by = portal.read_by(&form, now);
    let by = lang.texts().code_by(lang.within(by, now), written(by));
    let shown = page(
        StatusCode::OK,
        &code::code_page(lang, web::host(&headers), &session.receipt, (by, other_words), false),
    );
    let sealed = session.seal(&portal.keys, now).map_err(|_| broken(lang))?;
    Ok(with_cookie(shown, &sealed))
}

fn altered(lang: Language) -> Response {
    let p = Page::at_fault(lang, L10nLanguage::title_about);
    let t = p.t;
    let texts = vec![t.altered_text(), t.safe_between(), t.safe_history(), t.safe_recent()];
    let shown = Text::new(p, t.altered_heading(), texts).leading_to("ask", t.home_start());
    page(StatusCode::BAD_REQUEST, &shown)
}

impl Portal {
    async fn home(&self, lang: Language) -> Response {
        if !self.requester.takes().await {
            return self.full(lang);
        }
        let now = self.now();
        let t = lang.texts();
        let reads = self.settings.reading.at(now);
        let reading = match reads {
            Reading::Unsaid => None,
            Reading::Now => Some(t.home_reading()),
            Reading::Again(again) => Some(t.home_reading_again(lang.distance(again, now))),
        };
        let critical = reads != Reading::Now && self.settings.critical_at_any_hour;
        page(StatusCode::OK, &Home::new(lang, reading, critical, &self.settings.helplines))
    }

    async fn ask(&self, lang: Language) -> Response {
        if !self.requester.takes().await {
            return self.full(lang);
        }
        let slip = Slip::draw(self.now()).and_then(|slip| slip.seal(&self.keys));
        match slip {
            Ok(slip) => empty_form(lang, &slip),
            Err(_) => broken(lang),
        }
    }

    /// Said before anybody writes, when neither the services nor the disk can take it.
    fn full(&self, lang: Language) -> Response {
        let p = Page::at_fault(lang, L10nLanguage::title_about);
        let (t, lines) = (p.t, self.settings.helplines.as_slice());
        let mut texts = vec![t.spool_full_text(), t.spool_full_code()];
        if !lines.is_empty() {
            texts.push(t.home_helplines());
        }
        let shown = Text::new(p, t.away_heading(), texts).with_contacts(lines);
        page(StatusCode::SERVICE_UNAVAILABLE, &shown.leading_to("back", t.link_back()))
    }

    /// By when a new request is read: the later of its target and the target counted from when somebody reads again.
    fn read_by(&self, form: &Form, now: Timestamp) -> Timestamp {
        let targets = &self.settings.targets;
        let (hours, at_any_hour) = match form.lane() {
            Lane::Critical => (targets.critical, self.settings.critical_at_any_hour),
            Lane::Urgent => (targets.urgent, false),
            Lane::Standard => (targets.standard, false),
        };
        due(now, hours, self.settings.reading.again(now).filter(|_| !at_any_hour))
    }

    /// By when a request is read that came in then, where the services say `by`, which know nothing of the hours in which
    /// somebody reads. What they say is changed only where it is a target counted from then: what waited on a disk, and what
    /// became urgent later, was promised in another way.
    pub(super) fn answered_by(&self, by: Timestamp, received: Timestamp) -> Timestamp {
        let targets = &self.settings.targets;
        let is_target = |hours: u32| {
            let apart = by.since(received.plus(Duration::from_hours(hours.into())));
            apart.as_micros().unsigned_abs() < 60_000_000
        };
        let at_any_hour = self.settings.critical_at_any_hour && is_target(targets.critical);
        if at_any_hour || ![targets.critical, targets.urgent, targets.standard].into_iter().any(is_target) {
            return by;
        }
        self.settings.reading.again(received).map_or(by, |again| by.plus(again.since(received)))
    }
}
