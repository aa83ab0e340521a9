//! What was answered, and what was replaced since. Whoever holds a receipt can replace answers, and it may not be who
//! sent them: an officer sees that something changed, and can read every earlier word.

use clap::Args;
use flare_contracts::{
    answers::{CONTACT, ENDANGERING_MONEY, NEVER, PAYMENT},
    intake::v1::{ListAnswersRequest, WrittenAnswer},
};
use flare_kernel::CaseId;
use flare_seal::Compartment;
use prost_types::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    answer_text::{answer_json, answer_label, answer_text},
    desk::{Desk, PAGE, People, call},
    record::{self, CaseRecord},
};
use crate::cli::{
    CliError, Context,
    output::{indented, isolated},
    when,
};

/// The answers whose first words stand beside the newest: who changes these may lead staff, or money, to somebody else.
const SHOWN_BESIDE: [&str; 4] = [CONTACT, NEVER, PAYMENT, ENDANGERING_MONEY];

/// `flare case answers`
#[derive(Args, Debug)]
pub(crate) struct AnswersArgs {
    /// The case
    case: CaseId,
}

/// Every writing of a case's answers, oldest first.
pub(super) struct Writings(Vec<WrittenAnswer>);

/// How an answer differs from what was sent first.
#[derive(Debug, PartialEq)]
pub(super) struct Change<'w> {
    /// The newest writing.
    pub(super) newest: &'w WrittenAnswer,
    /// What was sent first; none when it was first answered later.
    pub(super) first: Option<&'w WrittenAnswer>,
}

impl Writings {
    pub(super) async fn read(desk: &Desk<'_>, record: &CaseRecord) -> Result<Self, CliError> {
        let mut answers = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListAnswersRequest { case_id: record.case_id(), page_size: PAGE, page_token };
            let page = call!(desk, intake.list_answers(request))?;
            answers.extend(page.answers);
            if page.next_page_token.is_empty() {
                return Ok(Self(answers));
            }
            page_token = page.next_page_token;
        }
    }

    /// How an answer changed after the first sending, if it did.
    pub(super) fn change(&self, name: &str) -> Option<Change<'_>> {
        let sent = self.0.first()?.at;
        let mut writings = self.0.iter().filter(|written| name_of(written) == name);
        let first = writings.next()?;
        let newest = writings.next_back().unwrap_or(first);
        let was_sent_first = first.at == sent;
        (!was_sent_first || newest.at != sent)
            .then_some(Change { newest, first: Some(first).filter(|_| was_sent_first) })
    }

    /// What an officer is told about an answer that changed.
    pub(super) fn told(
        &self,
        (record, people): (&CaseRecord, &People),
        name: &str,
        when: impl Fn(Option<&Timestamp>) -> String,
    ) -> Option<String> {
        let change = self.change(name)?;
        let who = format!("{} by {}", when(change.newest.at.as_ref()), people.shown(&change.newest.author));
        let Some(first) = change.first else { return Some(format!("answered later: {who}")) };
        if SHOWN_BESIDE.contains(&name) {
            return Some(format!("changed: {who}; first it was:\n{}", shown(record, first)));
        }
        Some(format!("changed: {who}; every writing: flare case answers {}", record.id))
    }

    /// The answers that changed, as JSON.
    pub(super) fn changes_json(&self, record: &CaseRecord) -> Map<String, Value> {
        let names = record.request.answers.iter().map(|answer| answer.name.as_str());
        let changed = names.filter_map(|name| Some((name, self.change(name)?)));
        let json = |change: &Change<'_>| {
            json!({
                "author": change.newest.author,
                "at": when::rfc3339(change.newest.at.as_ref()),
                "first": change.first.and_then(|first| opened_json(record, first)),
            })
        };
        changed.map(|(name, change)| (name.to_owned(), json(&change))).collect()
    }
}

/// Everything that was ever answered, oldest first.
pub(crate) async fn answers(context: &Context, args: AnswersArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let record = CaseRecord::read(&desk, args.case, None).await?;
    let writings = Writings::read(&desk, &record).await?;
    let people = desk.staff().await?;
    let json = |written: &WrittenAnswer| {
        json!({
            "name": name_of(written),
            "version": written.answer.as_ref().map(|answer| answer.version),
            "author": written.author,
            "at": when::rfc3339(written.at.as_ref()),
            "text": opened_json(&record, written),
        })
    };
    context.output.show(&writings.0.iter().map(json).collect::<Vec<_>>(), |output| {
        for written in &writings.0 {
            let version = written.answer.as_ref().map(|answer| answer.version).unwrap_or_default();
            let head = format!(
                "{} · writing {version} · {} · {}",
                answer_label(name_of(written)),
                people.shown(&written.author),
                output.happened(written.at.as_ref())
            );
            output.line(format!("{}\n{}", output.dim(head), shown(&record, written)));
        }
    })
}

fn name_of(written: &WrittenAnswer) -> &str {
    written.answer.as_ref().map_or("", |answer| answer.name.as_str())
}

/// The words of a writing; none when it does not open.
fn words(record: &CaseRecord, written: &WrittenAnswer) -> Option<String> {
    record::written(&record.keys, Compartment::Request, written.answer.as_ref()?)
}

/// A writing, opened, as people read it.
fn shown(record: &CaseRecord, written: &WrittenAnswer) -> String {
    let text = match words(record, written) {
        Some(words) => answer_text(name_of(written), &words, when::day(written.at.as_ref())),
        None => record.text(Compartment::Request, written.answer.as_ref()).unwrap_or_default(),
    };
    indented(&isolated(&text))
}

/// A writing, opened, for machines; none when it does not open.
fn opened_json(record: &CaseRecord, written: &WrittenAnswer) -> Option<Value> {
    Some(answer_json(name_of(written), &words(record, written)?))
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::SealedField;

    use super::*;

    fn written(name: &str, version: u32, at: i64) -> WrittenAnswer {
        WrittenAnswer {
            answer: Some(SealedField { name: name.to_owned(), version, ..SealedField::default() }),
            author: "requester".to_owned(),
            at: Some(Timestamp { seconds: at, nanos: 0 }),
        }
    }

    #[test]
    fn what_differs_from_the_first_sending_is_a_change() {
        let writings = Writings(vec![
            written("request.contact", 1, 5),
            written("request.happened", 1, 5),
            written("request.contact", 2, 6),
            written("request.who", 1, 7),
            written("request.contact", 3, 8),
        ]);
        let contact = writings.change("request.contact").unwrap();
        assert_eq!((contact.newest, contact.first), (&writings.0[4], Some(&writings.0[0])));
        let who = writings.change("request.who").unwrap();
        assert_eq!((who.newest, who.first), (&writings.0[3], None), "first answered later");
        assert_eq!(writings.change("request.happened"), None);
        assert_eq!(writings.change("request.amount"), None);
        assert_eq!(Writings(Vec::new()).change("request.contact"), None);
    }
}
