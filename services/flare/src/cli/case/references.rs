//! References: people who can vouch, and what came of asking them.

use clap::{ArgGroup, Args, Subcommand};
use flare_contracts::{
    answers, fields,
    triage::v1::{AddReferenceRequest, CheckMethod, CheckReferenceRequest, CheckResult, Confidence},
};
use flare_edge::{Answer, Reference};
use flare_kernel::{CaseId, ReferenceId};
use flare_typed::text::clean_line;
use serde_json::json;

use super::{
    addresses::addresses_in,
    answer_text::may_name,
    choices::{Worded as _, worded},
    desk::{Desk, call},
    record::{CaseRecord, state_json, state_line},
    taking::SeenVersion,
};
use crate::cli::{CliError, Context, TextSource};

/// `flare case reference`
#[derive(Subcommand, Debug)]
pub(crate) enum ReferenceCommand {
    /// Name somebody who can vouch: never the requester, never who is paid
    #[command(
        after_help = "Examples:\n  flare case reference add case_… --from-answers 1\n  flare case reference add case_… --description-file reference.txt"
    )]
    Add(AddReferenceArgs),
    /// Say what came of asking them
    #[command(
        after_help = "Example:\n  flare case reference check case_… ref_… --method call --confidence high --result confirms \\\n    --independent --text-file check.txt"
    )]
    Check(CheckReferenceArgs),
}

/// `flare case reference add`
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("whence").args(["description_file", "from_answers"])))]
pub(crate) struct AddReferenceArgs {
    /// The case
    case: CaseId,
    /// A file with who they are and how to reach them safely, or - for standard input; asked for when left out
    #[arg(long, value_name = "FILE")]
    description_file: Option<TextSource>,
    /// Take the N-th reference that the request names
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    from_answers: Option<u8>,
}

/// `flare case reference check`
#[derive(Args, Debug)]
pub(crate) struct CheckReferenceArgs {
    /// The case
    case: CaseId,
    /// The reference
    reference: ReferenceId,
    /// How they were asked
    #[arg(long, value_parser = worded::<CheckMethod>())]
    method: CheckMethod,
    /// How sure you are of what they said
    #[arg(long, value_parser = worded::<Confidence>())]
    confidence: Confidence,
    /// What they said
    #[arg(long, value_parser = worded::<CheckResult>())]
    result: CheckResult,
    /// They know of it by themselves, not from the requester
    #[arg(long)]
    independent: bool,
    /// A file with what they said, or - for standard input; asked for when left out
    #[arg(long, value_name = "FILE")]
    text_file: Option<TextSource>,
    #[command(flatten)]
    version: SeenVersion,
}

pub(crate) async fn run(context: &Context, command: ReferenceCommand) -> Result<(), CliError> {
    match command {
        ReferenceCommand::Add(args) => add(context, args).await,
        ReferenceCommand::Check(args) => check(context, args).await,
    }
}

async fn add(context: &Context, args: AddReferenceArgs) -> Result<(), CliError> {
    const OPTION: &str = "--description-file";
    let desk = Desk::open(context).await?;
    let record = CaseRecord::read(&desk, args.case, None).await?.with_notes_to_write(&desk).await?;
    let reference: ReferenceId = desk.drawn(&args.case.to_string());
    let field = fields::reference(reference);
    let text = if let Some(number) = args.from_answers {
        let text = record.written_answer(answers::REFERENCES).unwrap_or_default();
        nth(&Answer::read(answers::REFERENCES, &text), number)?
    } else {
        let question = "Who are they, and how are they reached safely?";
        context.read_text(args.description_file.as_ref(), (OPTION, field.longest), question)?.expose().clone()
    };
    let requesters = addresses_in(&record.written_answer(answers::CONTACT).unwrap_or_default());
    let fingerprint = desk.session.contact_fingerprint(&most_telling(&addresses_in(&text), &requesters))?;
    let request = AddReferenceRequest {
        request_id: desk.request_id()?,
        case_id: record.case_id(),
        reference_id: reference.to_string(),
        description: Some(record.seal_note(&field, 1, &text)?),
        fingerprint: fingerprint.to_vec(),
    };
    let state = call!(desk, triage.add_reference(request))
        .map_err(|error| error.named(&[("description", OPTION), ("fingerprint", OPTION)]))?;
    let mut document = state_json(&state);
    document["reference_id"] = json!(reference.to_string());
    desk.done(&format!("Added {reference}: {}", state_line(&state)), &document)
}

async fn check(context: &Context, args: CheckReferenceArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let record =
        CaseRecord::read(&desk, args.case, args.version.seen).await?.with_notes_to_write(&desk).await?;
    let field = fields::reference_check(args.reference);
    let option = ("--text-file", field.longest);
    let text = context.read_text(args.text_file.as_ref(), option, "What did they say?")?;
    let id = args.reference.to_string();
    let earlier = record.case.references.iter().find(|reference| reference.reference_id == id);
    let version = earlier.and_then(|reference| reference.words.as_ref()).map_or(1, |words| words.version + 1);
    let request = CheckReferenceRequest {
        request_id: desk.request_id()?,
        case_id: record.case_id(),
        version: record.version(),
        words: Some(record.seal_note(&field, version, text.expose())?),
        reference_id: id,
        method: args.method.into(),
        confidence: args.confidence.into(),
        result: args.result.into(),
        independent: args.independent,
    };
    let answer = call!(desk, triage.check_reference(request))
        .map_err(|error| error.named(&[("words", "--text-file")]));
    let state = desk.settled(args.case, answer).await?;
    let said = format!("{} {}: {}", args.reference, args.result.word(), state_line(&state));
    desk.done(&said, &state_json(&state))
}

/// The address that is fingerprinted: the one that somebody else in the case is known by, if there is one, so that it is
/// noticed; else the first.
pub(crate) fn most_telling(addresses: &[String], known: &[String]) -> String {
    let same = |a: &str, b: &str| bare(a) == bare(b);
    let telling = addresses.iter().find(|address| known.iter().any(|other| same(address, other)));
    telling.or(addresses.first()).cloned().unwrap_or_default()
}

fn bare(address: &str) -> String {
    address.chars().filter(|c| c.is_alphanumeric() || *c == '@').flat_map(char::to_lowercase).collect()
}

/// The N-th reference that the request names, as staff write one down: whether they may hear the requester's name stands
/// first, where nothing that the requester typed can come before it.
fn nth(answer: &Answer, number: u8) -> Result<String, CliError> {
    let references: &[Reference] = match answer {
        Answer::References(references) => references,
        Answer::Text(_)
        | Answer::Who(_)
        | Answer::Amount(_)
        | Answer::Budget(_)
        | Answer::Others(_)
        | Answer::Consent(_) => &[],
    };
    let found = references.get(usize::from(number) - 1).ok_or_else(|| {
        let count = references.len();
        CliError::refused(
            "--from-answers",
            format!("must be one of the {count} references that the request names"),
        )
    })?;
    Ok(format!("{}\n{}\n{}", may_name(found.may_name), clean_line(&found.who), clean_line(&found.contact)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_the_requesters_is_the_one_that_tells() {
        let addresses = ["ref@example.org".to_owned(), "+1 (202) 555-0142".to_owned()];
        assert_eq!(most_telling(&addresses, &["+1-202-555-0142".to_owned()]), "+1 (202) 555-0142");
        assert_eq!(most_telling(&addresses, &["desk@example.net".to_owned()]), "ref@example.org");
        assert_eq!(most_telling(&[], &[]), "");
    }

    #[test]
    fn a_reference_that_the_request_does_not_name_is_refused() {
        let named = |who: &str, may_name| Reference {
            who: who.to_owned(),
            contact: "a@example.org".to_owned(),
            may_name,
        };
        let answer = Answer::References(vec![
            named("one (may hear the requester's name)\nforged: x", false),
            named("two", true),
        ]);
        assert_eq!(
            nth(&answer, 1).unwrap(),
            "must not hear the requester's name\none (may hear the requester's name) forged: x\na@example.org"
        );
        assert!(nth(&answer, 2).unwrap().starts_with("may hear the requester's name\ntwo"));
        let error = nth(&answer, 3).unwrap_err();
        assert!(error.for_people().contains("--from-answers must be one of the 2 references"));
    }
}
