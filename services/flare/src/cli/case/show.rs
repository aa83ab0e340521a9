//! A whole case on one page: the contact plan first, then what is known, then what was said.

use clap::Args;
use flare_contracts::{
    answers::ANSWERS,
    common::v1::SealedField,
    intake::v1::Message,
    triage::v1::{Need, Person, Scores},
};
use flare_edge::ContactPlan;
use flare_kernel::CaseId;
use flare_seal::Compartment;

use super::{
    answer_text::{answer_label, answer_text},
    answers::Writings,
    choices::Worded as _,
    danger::danger_text,
    desk::{Desk, People},
    opening::requester,
    plan_box::{mark_forbidden, plan_box},
    record::CaseRecord,
};
use crate::cli::{
    CliError, Context, Output,
    output::{indented, isolated},
    when, words,
};

/// `flare case show`
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// The case
    case: CaseId,
}

pub(crate) async fn show(context: &Context, args: ShowArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let record = CaseRecord::read(&desk, args.case, None).await?;
    let messages = record.messages(&desk).await?;
    let writings = Writings::read(&desk, &record).await?;
    let people = desk.staff().await?;
    // A plan that does not open hides nothing of the rest.
    let plan = record.contact_plan();
    let page = Page {
        record: &record,
        writings: &writings,
        messages: &messages,
        people: &people,
        plan: plan.as_ref().ok().and_then(Option::as_ref),
        plan_is_closed: plan.is_err(),
    };
    context.output.show(&page.json(), |output| page.write(output))
}

/// A case, opened, with everything that its page shows.
pub(super) struct Page<'p> {
    pub(super) record: &'p CaseRecord,
    pub(super) writings: &'p Writings,
    pub(super) messages: &'p [Message],
    pub(super) people: &'p People,
    pub(super) plan: Option<&'p ContactPlan>,
    /// There is one, and this reader cannot read it.
    pub(super) plan_is_closed: bool,
}

impl Page<'_> {
    /// Words of staff, opened.
    pub(super) fn note(&self, field: Option<&SealedField>) -> Option<String> {
        self.record.text(Compartment::Notes, field)
    }

    /// A message, opened.
    pub(super) fn message(&self, message: &Message) -> Option<String> {
        self.record.text(Compartment::Thread, message.text.as_ref())
    }

    fn write(&self, output: &Output) {
        if self.plan_is_closed {
            let warning =
                "CONTACT PLAN: it does not open for you. Write nothing before you have set it anew.";
            output.line(output.red(warning));
        } else {
            output.line(plan_box(&self.record.codename(), self.plan, |text| output.red(text)));
        }
        self.write_warnings(output);
        self.write_standing(output);
        self.write_answers(output);
        self.write_persons_and_needs(output);
        self.write_references(output);
        self.write_history(output);
        self.write_grants(output);
        self.write_thread(output);
    }

    /// What is wrong with the keys of the case.
    fn write_warnings(&self, output: &Output) {
        let record = self.record;
        if record.is_sealed_to_nobody() {
            output.line(
                output.red("NOTHING of this request opens: it was sealed to somebody else, or to nobody."),
            );
            output.line(format!("It can be closed: flare case close {} --exit unreachable", record.id));
        }
        let broken = record.broken_keys();
        if !broken.is_empty() {
            let keys = broken.join(", ");
            output.line(output.red(format!("Keys that do not open, and what is sealed under them: {keys}")));
        }
        if record.has_foreign_receipt() {
            let warning = "The receipt of this case is not the one that it was opened with: a server may have \
                           replaced it. Tell whoever runs the servers, and write nothing to the requester.";
            output.line(output.red(warning));
        }
    }

    fn text(&self, output: &Output, text: Option<String>) -> String {
        mark_forbidden(&isolated(&text.unwrap_or_default()), self.plan, |text| output.red(text))
    }

    fn write_standing(&self, output: &Output) {
        let case = &self.record.case;
        let summary = case.summary.clone().unwrap_or_default();
        let request = &self.record.request;
        let listing = request.listing.clone().unwrap_or_default();
        let owner =
            if summary.owner.is_empty() { "nobody yet".to_owned() } else { self.people.name(&summary.owner) };
        let next = match summary.next.as_str() {
            "" | "nothing" => String::new(),
            next => format!("{}: {}", next.replace('_', " "), output.due(summary.due.as_ref())),
        };
        let consents: Vec<_> = listing
            .consents
            .iter()
            .map(|consent| format!("{} {}", consent.purpose().word(), consent.state().word()))
            .collect();
        let news = if summary.has_news { "the requester wrote and waits for an answer" } else { "" };
        output.record(&[
            ("case", self.record.case_id()),
            ("stage", summary.stage().word().to_owned()),
            ("lane", summary.lane().word().to_owned()),
            ("danger", danger_text(request, self.people, |at| output.happened(at))),
            ("owner", owner),
            ("next", next),
            ("news", news.to_owned()),
            ("submitted", output.happened(summary.submitted.as_ref())),
            ("our clock", hours(case.our_clock_seconds)),
            ("total clock", hours(case.total_clock_seconds)),
            ("came by", request.channel().word().to_owned()),
            ("requester", requester(listing.kind(), listing.on_behalf)),
            ("language", listing.language.clone()),
            ("consents", consents.join(" · ")),
            ("receipt", if request.has_receipt { "issued".to_owned() } else { "none".to_owned() }),
            ("exit", case.exit.clone()),
            ("exit words", self.text(output, self.note(case.exit_words.as_ref()))),
            ("version", case.version.to_string()),
        ]);
    }

    fn write_answers(&self, output: &Output) {
        output.heading("What they told");
        let submitted = self.record.case.summary.as_ref().and_then(|summary| summary.submitted);
        let sent = when::day(submitted.as_ref());
        for rule in ANSWERS {
            if let Some(shown) = self.record.answer(rule.name) {
                let text = self.record.written_answer(rule.name);
                let text = text.map_or(shown, |text| answer_text(rule.name, &text, sent));
                let label = answer_label(rule.name);
                output.line(format!("{}\n{}", output.bold(label), indented(&self.text(output, Some(text)))));
                let happened = |at: Option<&prost_types::Timestamp>| output.happened(at);
                if let Some(changed) = self.writings.told((self.record, self.people), rule.name, happened) {
                    output.line(indented(&output.red(changed)));
                }
            }
        }
    }

    fn write_persons_and_needs(&self, output: &Output) {
        let case = &self.record.case;
        if !case.persons.is_empty() {
            output.heading("Persons");
            let row = |person: &Person| {
                let description = self.text(output, self.note(person.description.as_ref()));
                vec![person.status().word().to_owned(), description, person.person_id.clone()]
            };
            output.table(&["status", "who", "id"], case.persons.iter().map(row).collect());
        }
        if !case.needs.is_empty() {
            output.heading("Needs");
            let row = |need: &Need| {
                let words = self.text(output, self.note(need.words.as_ref()));
                let ended = [need.reason.as_str(), words.as_str()].join(" ").trim().to_owned();
                vec![
                    need.kind().word().to_owned(),
                    need.outcome().word().to_owned(),
                    ended,
                    need.need_id.clone(),
                ]
            };
            output.table(&["need", "outcome", "how", "id"], case.needs.iter().map(row).collect());
        }
    }

    fn write_references(&self, output: &Output) {
        let case = &self.record.case;
        if !case.references.is_empty() {
            output.heading("References");
        }
        for reference in &case.references {
            let checked = if reference.checked_by.is_empty() {
                "not checked yet".to_owned()
            } else {
                let independent = if reference.independent { "independent" } else { "not independent" };
                format!(
                    "{} by {}, confidence {}, {independent}, checked by {}",
                    reference.result().word(),
                    reference.method().word(),
                    reference.confidence().word(),
                    self.people.shown(&reference.checked_by),
                )
            };
            output.record(&[
                ("reference", reference.reference_id.clone()),
                ("who", self.text(output, self.note(reference.description.as_ref()))),
                ("checked", checked),
                ("words", self.text(output, self.note(reference.words.as_ref()))),
            ]);
        }
        for referral in &case.referrals {
            output.heading("Referral");
            output.record(&[
                ("referral", referral.referral_id.clone()),
                ("need", referral.need_id.clone()),
                ("state", referral.state().word().to_owned()),
                ("sent", output.happened(referral.sent.as_ref())),
                ("to whom", self.text(output, self.note(referral.description.as_ref()))),
            ]);
        }
    }

    fn write_history(&self, output: &Output) {
        let case = &self.record.case;
        if !case.notes.is_empty() {
            output.heading("Notes of staff");
        }
        for note in &case.notes {
            let head = format!("{} · {}", self.people.shown(&note.author), output.happened(note.at.as_ref()));
            let text = self.text(output, self.note(note.text.as_ref()));
            output.line(format!("{}\n{}", output.dim(head), indented(&text)));
        }
        if !case.contacts.is_empty() {
            output.heading("Contacts");
        }
        for contact in &case.contacts {
            let way = if contact.inbound { "from them" } else { "to them" };
            let reached = if contact.reached { "reached" } else { "not reached" };
            let head = format!(
                "{} · {} {way}, {reached} · {}",
                self.people.shown(&contact.author),
                contact.channel,
                output.happened(contact.at.as_ref())
            );
            let text = self.text(output, self.note(contact.words.as_ref()));
            output.line(format!("{}\n{}", output.dim(head), indented(&text)));
        }
    }

    fn write_grants(&self, output: &Output) {
        let case = &self.record.case;
        for recommendation in &case.recommendations {
            output.heading("Recommendation");
            output.record(&[
                ("needs", recommendation.need_ids.join("\n")),
                ("amount", words::money(recommendation.amount.as_ref())),
                ("scores", recommendation.scores.map(|scores| score_text(&scores)).unwrap_or_default()),
                ("by", self.people.name(&recommendation.author)),
                ("at", output.happened(recommendation.at.as_ref())),
                ("why", self.text(output, self.note(recommendation.words.as_ref()))),
            ]);
        }
        if !case.grants.is_empty() {
            output.heading("Grants");
            let rows =
                case.grants.iter().map(|grant| vec![grant.stage.replace('_', " "), grant.grant_id.clone()]);
            output.table(&["stage", "id"], rows.collect());
        }
    }

    fn write_thread(&self, output: &Output) {
        output.heading("Thread with the requester");
        if self.messages.is_empty() {
            output.line("(nothing yet)");
        }
        for message in self.messages {
            let head = format!(
                "{} · {} · {} · place {} · {}",
                self.people.shown(&message.author),
                message.kind().word(),
                output.happened(message.at.as_ref()),
                message.place,
                message.message_id
            );
            let text = self.text(output, self.message(message));
            output.line(format!("{}\n{}", output.dim(head), indented(&text)));
        }
    }
}

/// An officer's scores in a line.
pub(super) fn score_text(scores: &Scores) -> String {
    format!(
        "relevance {} · result {} · fit {} · quality {} · added value {}",
        scores.relevance_to_context,
        scores.potential_for_result,
        scores.fit_with_what_we_support,
        scores.quality_and_feasibility,
        scores.added_value
    )
}

/// A span in hours and minutes.
fn hours(seconds: i64) -> String {
    format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_read_well() {
        assert_eq!((hours(59), hours(3_600 * 30 + 125)), ("0 h 00 min".to_owned(), "30 h 02 min".to_owned()));
    }
}
