//! A whole case on one page: the contact plan first, then what is known, then what was said.

use std::fmt::Display;

use clap::Args;
use flare_contracts::{
    intake::v1::RequesterKind,
    words::{Worded as _, hyphened},
};
use flare_edge::{
    ContactPlan,
    desk::{
        CLOSED, CaseName, CasePage,
        case_page::{Contact, Need, Note, Person, Recommendation, Reference, Referral},
    },
};

use super::{
    answer_text::{answer_label, answer_text},
    answers::change_text,
    danger::danger_text,
    plan_box::{mark_forbidden, plan_box},
};
use crate::cli::{
    CliError, Context, Output,
    output::{indented, isolated},
};

/// `flare case show`
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// The case
    case: CaseName,
}

pub(crate) async fn show(context: &Context, args: ShowArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let case = desk.find_case(&args.case).await?;
    let page = desk.case_page(case).await?;
    context.output.show(&page, |output| Writer { page: &page, output }.write())
}

/// Writes a case out.
struct Writer<'p> {
    page: &'p CasePage,
    output: &'p Output,
}

impl Writer<'_> {
    fn write(&self) {
        self.write_plan();
        self.write_warnings();
        self.write_standing();
        self.write_answers();
        self.write_persons_and_needs();
        self.write_references();
        self.write_history();
        self.write_grants();
        self.write_thread();
    }

    fn plan(&self) -> Option<&ContactPlan> {
        self.page.plan.contact_plan.as_ref()
    }

    /// The name of whoever did something, as it stands within a line.
    fn name(&self, id: &str) -> String {
        isolated(&self.page.people.name(id))
    }

    /// A text, with what must not be said in red.
    fn text(&self, text: Option<&str>) -> String {
        mark_forbidden(&isolated(text.unwrap_or_default()), self.plan(), |text| self.output.red(text))
    }

    /// A text below a line about it.
    fn entry(&self, head: impl Display, text: Option<&str>) {
        let text = indented(&self.text(text));
        let head = self.output.dim(head);
        self.output.line(if text.is_empty() { head } else { format!("{head}\n{text}") });
    }

    fn write_plan(&self) {
        let output = self.output;
        if self.page.plan.contact_plan_closed {
            let warning =
                "CONTACT PLAN: it does not open for you. Write nothing before you have set it anew.";
            output.line(output.red(warning));
        } else {
            output.line(plan_box(&self.page.case.codename, self.plan(), |text| output.red(text)));
        }
    }

    /// What is wrong with the keys of the case.
    fn write_warnings(&self) {
        let (output, keys) = (self.output, &self.page.keys);
        if keys.sealed_to_nobody {
            output.line(
                output.red("NOTHING of this request opens: it was sealed to somebody else, or to nobody."),
            );
            let case = &self.page.case.codename;
            output.line(format!("It can be closed: flare case close {case} --exit unreachable"));
        }
        if !keys.broken_keys.is_empty() {
            let keys = keys.broken_keys.join(", ");
            output.line(output.red(format!("Keys that do not open, and what is sealed under them: {keys}")));
        }
        if keys.foreign_receipt {
            let warning = "The receipt of this case is not the one that it was opened with: a server may have \
                           replaced it. Tell whoever runs the servers, and write nothing to the requester.";
            output.line(output.red(warning));
        }
    }

    fn write_standing(&self) {
        let (output, page) = (self.output, self.page);
        let (case, listed) = (&page.case, &page.listed);
        let next = match case.next.as_str() {
            "" | "nothing" => String::new(),
            next => format!("{}: {}", next.replace('_', " "), output.due(case.due)),
        };
        let consents: Vec<_> = listed
            .consents
            .iter()
            .map(|(purpose, state)| format!("{} {}", purpose.word(), state.word()))
            .collect();
        let news = if case.has_news { "the requester wrote and waits for an answer" } else { "" };
        output.record(&[
            ("case", case.case_id.clone()),
            ("stage", case.stage.word().to_owned()),
            ("lane", case.lane.word().to_owned()),
            ("danger", danger_text(&listed.danger, &page.people, |at| output.happened_at(at))),
            ("owner", case.owner.clone().unwrap_or_else(|| "nobody yet".to_owned())),
            ("waits for", case.waits_for.word().to_owned()),
            ("next", next),
            ("news", news.to_owned()),
            ("submitted", output.happened_at(case.submitted)),
            ("our clock", hours(page.our_clock_seconds)),
            ("total clock", hours(page.total_clock_seconds)),
            ("came by", listed.channel.word().to_owned()),
            ("requester", requester(listed.requester, listed.on_behalf)),
            ("language", listed.language.clone()),
            ("consents", consents.join(" · ")),
            ("receipt", if listed.has_receipt { "issued".to_owned() } else { "none".to_owned() }),
            ("exit", hyphened(&page.exit)),
            ("exit words", self.text(page.exit_words.as_deref())),
            ("version", page.version.to_string()),
        ]);
    }

    fn write_answers(&self) {
        let output = self.output;
        output.heading("What they told");
        for answer in &self.page.answers.0 {
            let (label, text) = (answer_label(answer.name), answer_text(&answer.answer));
            output.line(format!("{}\n{}", output.bold(label), indented(&self.text(Some(&text)))));
            if let Some(changed) = change_text(answer, self.page, output) {
                output.line(indented(&output.red(changed)));
            }
        }
    }

    fn write_persons_and_needs(&self) {
        if !self.page.persons.is_empty() {
            self.output.heading("Persons");
        }
        for Person { status, person_id, description } in &self.page.persons {
            self.entry(format!("{} · {person_id}", status.word()), description.as_deref());
        }
        if !self.page.needs.is_empty() {
            self.output.heading("Needs");
        }
        for Need { kind, outcome, reason, need_id, words, .. } in &self.page.needs {
            let why = if reason.is_empty() { String::new() } else { format!(" ({})", hyphened(reason)) };
            self.entry(format!("{} · {}{why} · {need_id}", kind.word(), outcome.word()), words.as_deref());
        }
    }

    fn write_references(&self) {
        if !self.page.references.is_empty() {
            self.output.heading("References");
        }
        for reference in &self.page.references {
            let Reference { reference_id, description, words, .. } = reference;
            self.output.record(&[
                ("reference", reference_id.clone()),
                ("who", self.text(description.as_deref())),
                ("checked", self.check_text(reference)),
                ("words", self.text(words.as_deref())),
            ]);
        }
        for Referral { referral_id, need_id, state, sent, description } in &self.page.referrals {
            self.output.heading("Referral");
            self.output.record(&[
                ("referral", referral_id.clone()),
                ("need", need_id.clone()),
                ("state", state.word().to_owned()),
                ("sent", self.output.happened_at(*sent)),
                ("to whom", self.text(description.as_deref())),
            ]);
        }
    }

    /// How a reference was checked.
    fn check_text(&self, reference: &Reference) -> String {
        if reference.checked_by.is_empty() {
            return "not checked yet".to_owned();
        }
        format!(
            "{} by {}, confidence {}, {}, checked by {}",
            reference.result.word(),
            reference.method.word(),
            reference.confidence.word(),
            if reference.independent { "independent" } else { "not independent" },
            self.name(&reference.checked_by),
        )
    }

    fn write_history(&self) {
        if !self.page.notes.is_empty() {
            self.output.heading("Notes of staff");
        }
        for Note { author, at, text, .. } in &self.page.notes {
            let head = format!("{} · {}", self.name(author), self.output.happened_at(*at));
            self.entry(head, text.as_deref());
        }
        if !self.page.contacts.is_empty() {
            self.output.heading("Contacts");
        }
        for Contact { author, at, channel, inbound, reached, words, .. } in &self.page.contacts {
            let way = if *inbound { "from them" } else { "to them" };
            let reached = if *reached { "reached" } else { "not reached" };
            let (name, at) = (self.name(author), self.output.happened_at(*at));
            self.entry(format!("{name} · {channel} {way}, {reached} · {at}"), words.as_deref());
        }
    }

    fn write_grants(&self) {
        for Recommendation { need_ids, amount, scores, author, at, words } in &self.page.recommendations {
            self.output.heading("Recommendation");
            self.output.record(&[
                ("needs", need_ids.join("\n")),
                ("amount", amount.clone()),
                ("scores", scores.clone().unwrap_or_default()),
                ("by", self.page.people.name(author)),
                ("at", self.output.happened_at(*at)),
                ("why", self.text(words.as_deref())),
            ]);
        }
        if !self.page.grants.is_empty() {
            self.output.heading("Grants");
            let rows = self.page.grants.iter();
            let rows = rows.map(|grant| vec![grant.stage.replace('_', " "), grant.grant_id.clone()]);
            self.output.table(&["stage", "id"], rows.collect());
        }
    }

    fn write_thread(&self) {
        self.output.heading("Thread with the requester");
        if self.page.messages.is_empty() {
            self.output.line("(nothing yet)");
        }
        for message in &self.page.messages {
            let head = format!(
                "{} · {} · {} · place {} · {}",
                self.name(&message.author),
                message.kind.word(),
                self.output.happened_at(message.at),
                message.place,
                message.message_id
            );
            self.entry(head, Some(message.text.as_deref().unwrap_or(CLOSED)));
        }
    }
}

/// Whom a request is about, in a word.
fn requester(kind: RequesterKind, on_behalf: bool) -> String {
    let asked = if on_behalf { " (somebody asks for them)" } else { "" };
    format!("{}{asked}", kind.word())
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
