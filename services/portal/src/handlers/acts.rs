//! The pages of acts, each in a module by its act. Here is what they share: how one is drawn, how it comes back, and
//! what it is answered with.

mod agreement;
mod change;
mod money;
mod offer;
mod proposal;
mod report;
mod review;
mod seen;
mod stop;

use axum::{http::StatusCode, response::Response};
use flare_kernel::Timestamp;

use super::{Answer, Typed, Visit, missing};
use crate::{
    act_id::Sending,
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

use agreement::Agreement;
use change::Change;
use money::Money;
use proposal::Proposal;
use report::Report;
use review::Review;
use seen::Seen;
use stop::Stop;

/// An act with a page of its own.
pub(super) trait ActOnPage {
    /// Draws the page.
    fn draw(visit: &Visit, drawn: Drawn<'_>) -> impl Future<Output = Answer> + Send;

    /// Does what the page sent, or says how it is drawn again.
    fn take<'b>(
        visit: &Visit,
        act: &Sending,
        sent: (&'b Carried, &'b Body),
    ) -> impl Future<Output = Result<Response, Drawn<'b>>> + Send;
}

/// The page of the act that is named. All have one address: a browser's history keeps addresses, of forms that were sent too.
pub(super) async fn step(visit: Visit, Typed(body): Typed) -> Answer {
    match Act::of_word(body.text("act")) {
        Some(Act::Proposal) => act::<Proposal>(visit, body).await,
        Some(Act::Agreement) => act::<Agreement>(visit, body).await,
        Some(Act::Money) => act::<Money>(visit, body).await,
        Some(Act::Report) => act::<Report>(visit, body).await,
        Some(Act::Review) => act::<Review>(visit, body).await,
        Some(Act::Change) => act::<Change>(visit, body).await,
        Some(Act::Stop) => act::<Stop>(visit, body).await,
        Some(Act::Seen) => act::<Seen>(visit, body).await,
        None => Err(missing(visit.lang)),
    }
}

/// Shows an act's page, where a button of another page asks for it, or takes what it sent.
async fn act<A: ActOnPage>(visit: Visit, body: Body) -> Answer {
    let Some(carried) = Carried::read(&body, &visit.session.receipt) else {
        return A::draw(&visit, Drawn::first(&body)).await;
    };
    // Before anything else is looked at: what was meant for one code goes to no other, and is not even shown there.
    let Some(id) = &carried.id else {
        return A::draw(&visit, Drawn::of_another_code(visit.t())).await;
    };
    match A::take(&visit, &id.sending(&body, visit.portal.now()), (&carried, &body)).await {
        Ok(response) => Ok(response),
        Err(drawn) => A::draw(&visit, drawn).await,
    }
}

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

    /// For this code, because the page was drawn for another one, or its id was altered.
    pub(super) fn of_another_code(t: &L10nLanguage) -> Self {
        Self { about: "", status: StatusCode::CONFLICT, fault: Some(t.another_code()), typed: "" }
    }

    /// Again, because what was shown is not what there is now.
    pub(super) fn changed(about: &'b str, body: &'b Body, t: &L10nLanguage) -> Self {
        Self { status: StatusCode::CONFLICT, ..Self::again(about, body, t.acts_changed()) }
    }
}

/// The buttons of these acts.
pub(super) fn buttons(lang: Language, acts: &[Act]) -> Vec<ActButton> {
    let t = lang.texts();
    let button = |act: &Act| ActButton { word: act.word(), name: act.name(t), is_asked: act.is_asked() };
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
    /// What is answered to an act, or how its page is drawn again where it came to nothing.
    pub(super) fn conclude<'b>(
        &self,
        (act, thanks): (Act, String),
        (carried, body): (&'b Carried, &'b Body),
        acted: Result<Acted, NotDone>,
    ) -> Result<Response, Drawn<'b>> {
        let (t, about) = (self.t(), carried.about.as_str());
        match acted {
            Ok(Acted::Done) => Ok(self.said(act, vec![thanks])),
            Ok(Acted::Before(at)) => Ok(self.said_before(act, at)),
            Ok(Acted::Changed) => Err(Drawn::changed(about, body, t)),
            Ok(Acted::Unreadable(rule)) => Err(Drawn::again(about, body, refusals::typed_rule(t, &rule))),
            Err(why) => self.undone((carried, body), &why),
        }
    }

    /// The same, of what was not done.
    pub(super) fn undone<'b>(
        &self,
        (carried, body): (&'b Carried, &'b Body),
        why: &NotDone,
    ) -> Result<Response, Drawn<'b>> {
        match why {
            NotDone::Refused(told) => {
                let again = Drawn::again(&carried.about, body, refusals::text(self.t(), told));
                Err(Drawn { status: refusals::status(told), ..again })
            }
            NotDone::NotFound | NotDone::Away => Ok(self.cannot_do(why)),
        }
    }

    /// What a page carries that is drawn now.
    pub(super) fn carried(&self, about: &str, shown: &str) -> Result<Carried, Response> {
        Ok(Carried { id: Some(self.act_id()?), about: about.to_owned(), shown: shown.to_owned() })
    }

    /// An act's page.
    pub(super) fn act_page(&self, status: StatusCode, page_of: &ActPage<'_>) -> Response {
        self.keep(page(status, page_of))
    }

    /// A page that says these texts about an act, with a way back.
    pub(super) fn said(&self, act: Act, texts: Vec<String>) -> Response {
        self.keep(self.said_with(act, texts, ("status", self.t().link_status())))
    }

    /// The same without the session's cookie, and with another way on.
    pub(super) fn said_with(
        &self,
        act: Act,
        texts: Vec<String>,
        (address, label): (&'static str, String),
    ) -> Response {
        let p = small(self.lang, false);
        page(StatusCode::OK, &Text::new(p, act.name(self.t()), texts).leading_to(address, label))
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
