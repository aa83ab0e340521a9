//! What the pages of acts share: how one is drawn, how it comes back, and what it is answered with.

use axum::{http::StatusCode, response::Response};
use flare_edge::receipt::Try;
use flare_kernel::Timestamp;

use super::{Answer, Visit, act_id, is_act_id};
use crate::{
    act_page::{ActPage, Carried, small},
    acts::Act,
    answers::Body,
    l10n::L10nLanguage,
    language::{Language, written},
    pages::{ActButton, Text},
    refusals,
    requester::{Acted, NotDone},
    web::page,
};

/// How a page is drawn: about what, and whether it is drawn again because of something.
pub(super) struct Drawn<'b> {
    pub(super) about: &'b str,
    pub(super) status: StatusCode,
    pub(super) fault: Option<String>,
    /// What was written, to be kept.
    pub(super) typed: &'b str,
}

impl<'b> Drawn<'b> {
    /// For the first time, by a button of another page.
    pub(super) fn first(body: &'b Body) -> Self {
        Self { about: body.text("about"), status: StatusCode::OK, fault: None, typed: "" }
    }

    /// Again, because of this; what was written is kept.
    pub(super) fn again(about: &'b str, body: &'b Body, fault: String) -> Self {
        Self { about, status: StatusCode::UNPROCESSABLE_ENTITY, fault: Some(fault), typed: body.text("text") }
    }

    /// Again, because what was shown is not what there is now.
    pub(super) fn changed(about: &'b str, body: &'b Body, t: &L10nLanguage) -> Self {
        Self { status: StatusCode::CONFLICT, ..Self::again(about, body, t.acts_changed()) }
    }
}

/// The buttons of these acts.
pub(super) fn buttons(lang: Language, acts: &[Act]) -> Vec<ActButton> {
    let t = lang.texts();
    let button = |act: &Act| ActButton { path: act.path(), name: act.name(t), is_asked: act.is_asked() };
    acts.iter().map(button).collect()
}

/// When something was done, in a sentence.
pub(super) fn done_before(visit: &Visit, at: Option<Timestamp>) -> String {
    let t = visit.t();
    at.map_or_else(
        || t.acts_before_ever(),
        |at| t.acts_before(visit.lang.distance(at, visit.portal.now()), written(at)),
    )
}

impl Visit {
    /// One try of the act that a page carried.
    pub(super) fn attempt<'c>(&self, carried: &'c Carried) -> Try<'c> {
        Try { request_id: &carried.id, at: self.portal.now() }
    }

    /// What a page carries that is drawn now.
    pub(super) fn carried(&self, about: &str, shown: &str) -> Result<Carried, Response> {
        Ok(Carried { id: act_id(self.lang)?, about: about.to_owned(), shown: shown.to_owned() })
    }

    /// An act's page.
    pub(super) fn act_page(&self, status: StatusCode, page_of: &ActPage<'_>) -> Response {
        self.keep(page(status, page_of))
    }

    /// A page that says these texts about an act, with a way back.
    pub(super) fn said(&self, act: Act, texts: Vec<String>) -> Response {
        let p = small(self.lang, false);
        let (heading, next) = (act.name(p.t), Some(("status", p.t.link_status())));
        self.keep(page(StatusCode::OK, &Text { p, heading, texts, lines: &[], next }))
    }

    /// The page for what was done before.
    pub(super) fn said_before(&self, act: Act, at: Option<Timestamp>) -> Response {
        self.said(act, vec![done_before(self, at), self.t().acts_before_else()])
    }

    /// The page for what cannot be done because there is nothing to do.
    pub(super) fn nothing_to_do(&self, act: Act) -> Response {
        self.said(act, vec![self.t().acts_nothing()])
    }
}

/// What is answered to an act. None where the page is to be drawn again, as things are now.
pub(super) fn answered(
    visit: &Visit,
    act: Act,
    acted: &Result<Acted, NotDone>,
    thanks: String,
) -> Option<Answer> {
    match acted {
        Ok(Acted::Done) => Some(Ok(visit.said(act, vec![thanks]))),
        Ok(Acted::Before(at)) => Some(Ok(visit.said_before(act, *at))),
        Ok(Acted::Changed | Acted::Unreadable(_)) | Err(NotDone::Refused(_)) => None,
        Err(why @ (NotDone::NotFound | NotDone::Away | NotDone::Faults(_))) => {
            Some(Err(visit.cannot_do(why)))
        }
    }
}

/// How the page of an act is drawn that came to nothing.
pub(super) fn redrawn<'b>(
    t: &L10nLanguage,
    about: &'b str,
    body: &'b Body,
    acted: &Result<Acted, NotDone>,
) -> Drawn<'b> {
    match acted {
        Ok(Acted::Unreadable(rule)) => Drawn::again(about, body, refusals::typed_rule(t, rule)),
        Err(NotDone::Refused(told)) => {
            let again = Drawn::again(about, body, refusals::text(t, told));
            Drawn { status: refusals::status(told), ..again }
        }
        Ok(Acted::Done | Acted::Before(_) | Acted::Changed)
        | Err(NotDone::NotFound | NotDone::Away | NotDone::Faults(_)) => Drawn::changed(about, body, t),
    }
}

/// Whether an act can be tried: a page whose id was altered is drawn again, and nobody is told off.
pub(super) fn can_be_tried(carried: &Carried) -> bool {
    is_act_id(&carried.id)
}
