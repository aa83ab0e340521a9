//! What we propose, the agreement, what arrived, and how it went.

use axum::response::Response;
use flare_edge::receipt::AgreementAnswer;
use flare_typed::text::has_visible;

use super::{
    Answer, Typed, Visit,
    acting::{Drawn, done_before},
    fault_of,
};
use crate::{
    act_page::{ActForm, ActPage, Carried, Field},
    acts::{Act, Paper},
    answers::Body,
    requester::{Arrival, Offer, PaperAnswer},
};

impl Paper {
    const fn act(self) -> Act {
        match self {
            Self::Proposal => Act::Proposal,
            Self::Agreement => Act::Agreement,
        }
    }
}

/// Shows a proposal, or takes what is said to it.
pub(super) async fn proposal(visit: Visit, Typed(body): Typed) -> Answer {
    let t = visit.t();
    let Some(carried) = Carried::read(&body, &visit.session.receipt) else {
        return offer(&visit, Paper::Proposal, Drawn::first(&body)).await;
    };
    let words = Some(body.text("text")).filter(|text| has_visible(text));
    let fault = fault_of(t, body.text("text"));
    let (agrees, thanks, fault) = match body.text("do") {
        // Words are not asked for then, but whatever is written goes with it.
        "agree" => (true, t.proposal_agree_done(), fault.filter(|_| words.is_some())),
        "wrong" => (false, t.proposal_wrong_done(), fault),
        _ => (false, String::new(), Some(t.acts_choose())),
    };
    let said = match fault {
        Some(fault) => Err(fault),
        None => Ok((PaperAnswer::Proposal(agrees, words), thanks)),
    };
    answer_offer(&visit, Paper::Proposal, (&carried, &body), said).await
}

/// Shows an agreement, or takes what is said to it.
pub(super) async fn agreement(visit: Visit, Typed(body): Typed) -> Answer {
    let t = visit.t();
    let Some(carried) = Carried::read(&body, &visit.session.receipt) else {
        return offer(&visit, Paper::Agreement, Drawn::first(&body)).await;
    };
    let said = match body.text("do") {
        "accept" => Ok((AgreementAnswer::Accept, t.agreement_accept_done())),
        "refuse" => Ok((AgreementAnswer::Refuse, t.agreement_refuse_done())),
        "donor" => Ok((AgreementAnswer::RefuseDonor, t.agreement_refuse_donor_done())),
        _ => Err(t.acts_choose()),
    };
    let said = said.map(|(answer, thanks)| (PaperAnswer::Agreement(answer), thanks));
    answer_offer(&visit, Paper::Agreement, (&carried, &body), said).await
}

/// Sends an answer, or shows the page again with what keeps it from being sent.
async fn answer_offer(
    visit: &Visit,
    paper: Paper,
    sent: (&Carried, &Body),
    said: Result<(PaperAnswer<'_>, String), String>,
) -> Answer {
    match try_to_answer(visit, paper, sent, said).await {
        Ok(response) => Ok(response),
        Err(drawn) => offer(visit, paper, drawn).await,
    }
}

async fn try_to_answer<'b>(
    visit: &Visit,
    paper: Paper,
    (carried, body): (&'b Carried, &'b Body),
    said: Result<(PaperAnswer<'_>, String), String>,
) -> Result<Response, Drawn<'b>> {
    let (answer, thanks) = said.map_err(|fault| Drawn::again(&carried.about, body, fault))?;
    let act = visit.attempt(carried, body)?;
    let (receipt, shown) = (&visit.session.receipt, (carried.about.as_str(), carried.shown.as_str()));
    let acted = visit.portal.requester.answer_offer(receipt, paper, shown, answer, act.as_try()).await;
    visit.conclude((paper.act(), thanks), (carried, body), acted)
}

async fn offer(visit: &Visit, paper: Paper, drawn: Drawn<'_>) -> Answer {
    let found = visit.portal.requester.offer(&visit.session.receipt, paper, drawn.about).await;
    let Some(found) = found.map_err(|why| visit.cannot_look(&why))? else {
        return Ok(visit.nothing_to_do(paper.act()));
    };
    let carried = visit.carried(&found.grant, &found.shown)?;
    let mut shown = ActPage::new(visit.lang, paper.act(), &carried, drawn.fault, drawn.typed);
    fill_offer(visit, paper, found, &mut shown);
    Ok(visit.act_page(drawn.status, &shown))
}

fn fill_offer(visit: &Visit, paper: Paper, found: Offer, shown: &mut ActPage<'_>) {
    let t = visit.t();
    let (first, last) = found.days;
    let ceiling = found.ceiling.map(|money| (t.offer_up_to(), money.to_string()));
    let days = [(t.offer_from(), first), (t.offer_until(), last)];
    shown.facts = ceiling.into_iter().chain(days.into_iter().filter(|(_, day)| !day.is_empty())).collect();
    shown.next = found.next;
    let Some(text) = found.text else {
        shown.texts.push(t.offer_closed());
        return;
    };
    shown.quoted = Some(text);
    if let Some(at) = found.answered {
        shown.texts.extend([done_before(visit, Some(at)), t.acts_before_else()]);
        return;
    }
    shown.texts.push(match paper {
        Paper::Proposal => t.proposal_lead(),
        Paper::Agreement => t.agreement_lead(),
    });
    let (field, buttons) = match paper {
        Paper::Proposal => (
            Field::Words(t.proposal_words()),
            vec![("agree", t.proposal_agree()), ("wrong", t.proposal_wrong())],
        ),
        Paper::Agreement => (
            Field::None,
            vec![
                ("accept", t.agreement_accept()),
                ("refuse", t.agreement_refuse()),
                ("donor", t.agreement_refuse_donor()),
            ],
        ),
    };
    shown.forms.push(ActForm { question: String::new(), choices: Vec::new(), field, buttons });
}

/// Asks what arrived of a payment, or takes what is said.
pub(super) async fn money(visit: Visit, Typed(body): Typed) -> Answer {
    let Some(carried) = Carried::read(&body, &visit.session.receipt) else {
        return payment(&visit, Drawn::first(&body)).await;
    };
    match say_arrival(&visit, &carried, &body).await {
        Ok(response) => Ok(response),
        Err(drawn) => payment(&visit, drawn).await,
    }
}

async fn say_arrival<'b>(visit: &Visit, carried: &'b Carried, body: &'b Body) -> Result<Response, Drawn<'b>> {
    let t = visit.t();
    let act = visit.attempt(carried, body)?;
    let (arrival, thanks) = match body.text("do") {
        "all" => (Arrival::All, t.money_done()),
        "none" => (Arrival::Nothing, t.money_none_done()),
        "elsewhere" => (Arrival::Elsewhere, t.money_elsewhere_done()),
        "less" => (Arrival::Less(body.text("text")), t.money_done()),
        _ => return Err(Drawn::again(&carried.about, body, t.acts_choose())),
    };
    let (receipt, shown) = (&visit.session.receipt, (carried.about.as_str(), carried.shown.as_str()));
    let acted = visit.portal.requester.say_arrival(receipt, shown, arrival, act.as_try()).await;
    visit.conclude((Act::Money, thanks), (carried, body), acted)
}

async fn payment(visit: &Visit, drawn: Drawn<'_>) -> Answer {
    let t = visit.t();
    let found = visit.portal.requester.payment(&visit.session.receipt, drawn.about).await;
    let Some(found) = found.map_err(|why| visit.cannot_look(&why))? else {
        return Ok(visit.nothing_to_do(Act::Money));
    };
    let carried = visit.carried(&found.tranche, &found.shown)?;
    let mut shown = ActPage::new(visit.lang, Act::Money, &carried, drawn.fault, drawn.typed);
    shown.texts.push(t.money_lead());
    if found.reported.is_some() {
        shown.texts.push(done_before(visit, found.reported));
    }
    shown.facts.extend(found.amount.map(|sent| (t.money_sent(), sent.to_string())));
    let less = ActForm { field: Field::Line(t.money_how_much()), ..ActForm::button("less", t.money_less()) };
    shown.forms.extend([
        ActForm::button("all", t.money_all()),
        less,
        ActForm::button("none", t.money_none()),
        ActForm::button("elsewhere", t.money_elsewhere()),
    ]);
    shown.next = found.next;
    Ok(visit.act_page(drawn.status, &shown))
}

/// Asks how it went, or takes what is said.
pub(super) async fn report(visit: Visit, Typed(body): Typed) -> Answer {
    let Some(carried) = Carried::read(&body, &visit.session.receipt) else {
        return asked_report(&visit, Drawn::first(&body)).await;
    };
    match say_how_it_went(&visit, &carried, &body).await {
        Ok(response) => Ok(response),
        Err(drawn) => asked_report(&visit, drawn).await,
    }
}

async fn say_how_it_went<'b>(
    visit: &Visit,
    carried: &'b Carried,
    body: &'b Body,
) -> Result<Response, Drawn<'b>> {
    let (t, text) = (visit.t(), body.text("text"));
    if let Some(fault) = fault_of(t, text) {
        return Err(Drawn::again(&carried.about, body, fault));
    }
    let act = visit.attempt(carried, body)?;
    let receipt = &visit.session.receipt;
    let acted = visit.portal.requester.report(receipt, &carried.about, text, act.as_try()).await;
    visit.conclude((Act::Report, t.acts_done()), (carried, body), acted)
}

async fn asked_report(visit: &Visit, drawn: Drawn<'_>) -> Answer {
    let t = visit.t();
    let found = visit.portal.requester.report_asked(&visit.session.receipt, drawn.about).await;
    let Some(found) = found.map_err(|why| visit.cannot_look(&why))? else {
        return Ok(visit.nothing_to_do(Act::Report));
    };
    let carried = visit.carried(&found.grant, "")?;
    let mut shown = ActPage::new(visit.lang, Act::Report, &carried, drawn.fault, drawn.typed);
    shown.next = found.next;
    if found.reported.is_some() {
        shown.texts.extend([done_before(visit, found.reported), t.acts_before_else()]);
    } else {
        shown.texts.push(t.report_lead());
        let field = Field::Words(t.report_words());
        shown.forms.push(ActForm { field, ..ActForm::button("send", t.report_send()) });
    }
    Ok(visit.act_page(drawn.status, &shown))
}
