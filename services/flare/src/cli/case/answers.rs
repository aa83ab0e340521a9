//! What was answered, and what was replaced since. Whoever holds a receipt can replace answers, and it may not be who sent
//! them: an officer sees that something changed, and can read every earlier word.

use clap::Args;
use flare_edge::desk::{CaseAnswer, CaseName, CasePage, OpenedAnswer};

use super::answer_text::{answer_label, answer_text};
use crate::cli::{
    CliError, Context, Output,
    output::{indented, isolated},
};

/// `flare case answers`
#[derive(Args, Debug)]
pub(crate) struct AnswersArgs {
    /// The case
    case: CaseName,
}

/// Everything that was ever answered, oldest first.
pub(crate) async fn answers(context: &Context, args: AnswersArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let record = desk.case(desk.find_case(&args.case).await?, None).await?;
    let writings = desk.writings(&record).await?;
    let people = desk.people().await?;
    context.output.show(&writings, |output| {
        for written in &writings.0 {
            let head = format!(
                "{} · writing {} · {} · {}",
                answer_label(&written.name),
                written.version,
                isolated(&people.name(&written.author)),
                output.happened_at(written.at)
            );
            output.line(format!("{}\n{}", output.dim(head), shown(&written.answer)));
        }
    })
}

/// What an officer is told about an answer that changed.
pub(super) fn change_text(answer: &CaseAnswer, page: &CasePage, output: &Output) -> Option<String> {
    let change = answer.change.as_ref()?;
    let who = format!("{} by {}", output.happened_at(change.at), isolated(&page.people.name(&change.author)));
    Some(match &change.first {
        None => format!("answered later: {who}"),
        Some(first) if answer.shows_what_was_first() => {
            format!("changed: {who}; first it was:\n{}", shown(first))
        }
        Some(_) => format!("changed: {who}; every writing: flare case answers {}", page.case.codename),
    })
}

/// A writing as people read it.
fn shown(answer: &OpenedAnswer) -> String {
    indented(&isolated(&answer_text(answer)))
}
