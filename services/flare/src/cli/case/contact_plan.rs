//! The contact plan: how somebody may be reached, and what must never be said or done. Whoever takes something back that was
//! ruled out says so by name.

use std::{
    collections::BTreeSet,
    io::{BufRead, Write},
};

use clap::Args;
use flare_edge::{
    ContactPlan, EdgeError, Lifted,
    desk::{Agreed, CaseName, CaseRecord, Desk},
};
use serde_json::json;

use super::{plan_box::plan_box, standing::state_line, taking::SeenVersion};
use crate::cli::{
    CliError, Context, TextSource,
    output::isolated,
    prompt::{self, Conversation},
};

const LIFT_FILE: &str = "--lift-file";
const PLAN_FILE: &str = "--contact-plan-file";

/// `flare case contact-plan`
#[derive(Args, Debug)]
pub(crate) struct ContactPlanArgs {
    /// The case
    case: CaseName,
    /// A new plan as JSON, or - for standard input; --version says of which version of the case it was made
    #[arg(long, value_name = "FILE", group = "new_plan", requires = "seen_version")]
    contact_plan_file: Option<TextSource>,
    /// Ask for a new plan, line by line
    #[arg(long, group = "new_plan")]
    change: bool,
    /// A file that names what the plan before rules out and the new one no longer does, a line each; without it, you are
    /// asked about each
    #[arg(long, value_name = "FILE", requires = "new_plan")]
    lift_file: Option<TextSource>,
    /// Set a whole new plan in place of one that does not open for you, though nobody can say what that one rules out;
    /// without it, you are asked
    #[arg(long, requires = "new_plan")]
    replace_closed: bool,
    #[command(flatten)]
    version: SeenVersion,
}

pub(crate) async fn contact_plan(context: &Context, args: ContactPlanArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let mut record = desk.case(desk.find_case(&args.case).await?, args.version.seen).await?;
    if args.contact_plan_file.is_none() && !args.change {
        return show(context, &record);
    }
    let mut agreed = Agreed { replaces_closed: args.replace_closed, ..Agreed::default() };
    let before = plan_before(context, &desk, &record, &mut agreed).await?;
    let plan = read_plan(args.contact_plan_file.as_ref(), &before)?;
    // Whoever repeats the command finds its own plan there, which takes nothing of itself back.
    let is_set_already = context.key.may_be_a_repetition() && before == plan;
    if let Some(source) = args.lift_file.as_ref().filter(|_| !is_set_already) {
        agreed.lines = named_lines(source.text(LIFT_FILE)?.expose(), &before.lifted_by(&plan))?;
    }
    let standing = loop {
        match desk.set_contact_plan(&mut record, &plan, &agreed).await {
            Err(EdgeError::Lifts(lifted)) if context.can_ask() => {
                for one in lifted {
                    context.output.warn(beside(&one, &before, &plan));
                    if !prompt::confirm(&question(&one), LIFT_FILE)? {
                        return Err(takes_back(vec![one], &before, &plan));
                    }
                    agreed.lines.extend(lines_of(&one).map(ToOwned::to_owned));
                }
            }
            Err(EdgeError::Lifts(lifted)) => return Err(takes_back(lifted, &before, &plan)),
            set => break set.map_err(plan_refused)?,
        }
    };
    context.output.line(plan_box(record.codename(), Some(&plan), |text| context.output.red(text)));
    context.done(&state_line(&standing), &standing)
}

fn show(context: &Context, record: &CaseRecord) -> Result<(), CliError> {
    let plan = record.contact_plan()?;
    let document =
        json!({"case_id": record.id().to_string(), "version": record.version(), "contact_plan": plan});
    context.output.show(&document, |output| {
        output.line(plan_box(record.codename(), plan.as_ref(), |text| output.red(text)));
    })
}

/// The plan in whose place the new one is set. One that does not open is replaced only if whoever sets it says so.
async fn plan_before(
    context: &Context,
    desk: &Desk,
    record: &CaseRecord,
    agreed: &mut Agreed,
) -> Result<ContactPlan, CliError> {
    const OPTION: &str = "--replace-closed";
    let error = match desk.plan_to_replace(record, agreed.replaces_closed).await {
        Err(error) if error.reason().is_some_and(|reason| reason == "CONTACT_PLAN_CLOSED") => error,
        before => return Ok(before?),
    };
    if context.can_ask() {
        context.output.warn(&error);
        agreed.replaces_closed = prompt::confirm("Set a whole new one in its place?", OPTION)?;
    }
    if agreed.replaces_closed {
        return Ok(desk.plan_to_replace(record, true).await?);
    }
    let hint = format!("nothing was changed; give {OPTION} if a whole new plan shall stand in its place");
    Err(CliError::from(error).hint(hint))
}

/// The lines that name what is taken back. One that names nothing of it is refused: whoever wrote it means something else
/// than the new plan does.
fn named_lines(text: &str, lifted: &[Lifted]) -> Result<BTreeSet<String>, CliError> {
    let known: BTreeSet<_> = lifted.iter().flat_map(lines_of).collect();
    let mut named = BTreeSet::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty()) {
        if !known.contains(line) {
            let rule = format!("must name what the new plan takes back; line {number} names nothing of it");
            return Err(CliError::refused(LIFT_FILE, rule).hint("nothing was changed"));
        }
        named.insert(line.to_owned());
    }
    Ok(named)
}

/// What is taken back, in the lines that name it.
fn lines_of(lifted: &Lifted) -> impl Iterator<Item = &str> {
    words_of(lifted).lines().map(str::trim)
}

fn words_of(lifted: &Lifted) -> &str {
    let (Lifted::NeverSay(words) | Lifted::NeverDo(words)) = lifted;
    words.trim()
}

fn question(lifted: &Lifted) -> String {
    let question = match lifted {
        Lifted::NeverSay(_) => "May it be said from now on?",
        Lifted::NeverDo(_) => "Is it no longer ruled out?",
    };
    format!("“{}”: {question}", isolated(words_of(lifted)))
}

/// The refusal of a plan that takes this back.
fn takes_back(lifted: Vec<Lifted>, before: &ContactPlan, after: &ContactPlan) -> CliError {
    let shown: Vec<_> = lifted.iter().map(|one| beside(one, before, after)).collect();
    let hint = format!(
        "nothing was changed\n{}\nname it in the file of {LIFT_FILE} if it may be taken back",
        shown.join("\n")
    );
    plan_refused(EdgeError::Lifts(lifted)).hint(hint)
}

/// The old beside the new.
fn beside(lifted: &Lifted, before: &ContactPlan, after: &ContactPlan) -> String {
    let (what, before, after) = match lifted {
        Lifted::NeverSay(_) => ("never say", never_say(before), never_say(after)),
        Lifted::NeverDo(_) => {
            let shown = |plan: &ContactPlan| or_nothing(isolated(plan.never_do.trim()));
            ("never do", shown(before), shown(after))
        }
    };
    format!("{what}, before: {before}\n{what}, now: {after}")
}

fn never_say(plan: &ContactPlan) -> String {
    let phrases: Vec<_> =
        plan.never_say.iter().map(|phrase| format!("“{}”", isolated(phrase.trim()))).collect();
    or_nothing(phrases.join(" · "))
}

fn or_nothing(text: String) -> String {
    if text.is_empty() { "nothing".to_owned() } else { text }
}

/// The refusal of a plan, told by the option that it came from.
pub(super) fn plan_refused(error: EdgeError) -> CliError {
    CliError::from(error).named(&[("contact_plan", PLAN_FILE)])
}

/// A plan from its file, or asked for line by line.
pub(super) fn read_plan(source: Option<&TextSource>, before: &ContactPlan) -> Result<ContactPlan, CliError> {
    let plan = if let Some(source) = source {
        ContactPlan::parse(source.text(PLAN_FILE)?.expose())
    } else {
        let plan = prompt::at_terminal(PLAN_FILE)?.contact_plan(before)?;
        plan.to_text().map(|_| plan)
    };
    plan.map_err(|error| CliError::refused(PLAN_FILE, error.to_string()))
}

impl<R: BufRead, W: Write> Conversation<R, W> {
    /// Asks for a plan, line by line. An empty answer keeps what stood there before, exactly as it was.
    fn contact_plan(&mut self, before: &ContactPlan) -> Result<ContactPlan, CliError> {
        let how = self.or_kept("How may they be reached (channel and address)", &before.how)?;
        let when = self.or_kept("When (hours, whose time zone)", &before.when)?;
        let who = self.or_kept("By whom, or through whom", &before.who)?;
        let never_do = self.or_kept("What must never be done", &before.never_do)?;
        let question = "What must never be said (words, separated by semicolons)";
        let never_say = match self.changed(question, &before.never_say.join("; "))? {
            Some(answer) => phrases(&answer),
            None => before.never_say.clone(),
        };
        Ok(ContactPlan { how, when, who, never_do, never_say })
    }

    fn or_kept(&mut self, question: &str, before: &str) -> Result<String, CliError> {
        Ok(self.changed(question, before)?.unwrap_or_else(|| before.to_owned()))
    }

    fn changed(&mut self, question: &str, before: &str) -> Result<Option<String>, CliError> {
        let kept = if before.is_empty() { String::new() } else { format!(" [{}]", isolated(before)) };
        let answer = self.line(&format!("{question}{kept}"))?;
        Ok(Some(answer).filter(|answer| !answer.is_empty()))
    }
}

fn phrases(text: &str) -> Vec<String> {
    text.split([';', '؛']).map(str::trim).filter(|phrase| !phrase.is_empty()).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::Exit;

    fn before() -> ContactPlan {
        ContactPlan {
            how: "Signal".to_owned(),
            never_do: "Do not phone.".to_owned(),
            never_say: vec!["El Fasher; the town".to_owned(), "radio".to_owned()],
            ..ContactPlan::default()
        }
    }

    #[test]
    fn phrases_are_separated_by_semicolons_of_either_script() {
        assert_eq!(phrases(" the town; El Fasher ؛ المدينة;; "), ["the town", "El Fasher", "المدينة"]);
        assert!(phrases("").is_empty());
    }

    #[test]
    fn what_is_not_answered_is_kept_exactly() {
        for (answers, changed) in [
            ("\n\n\n\n\n", before()),
            ("\nat noon\n\n\n\n", ContactPlan { when: "at noon".to_owned(), ..before() }),
            (
                "\n\n\n\nradio; bridge\n",
                ContactPlan { never_say: vec!["radio".to_owned(), "bridge".to_owned()], ..before() },
            ),
        ] {
            let mut conversation = Conversation::with(answers.as_bytes(), Vec::new());
            assert_eq!(conversation.contact_plan(&before()).unwrap(), changed, "{answers:?}");
        }
    }

    #[test]
    fn what_is_no_plan_is_refused_by_its_option() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan");
        std::fs::write(&path, "{}").unwrap();
        let error = read_plan(Some(&TextSource::File(path)), &ContactPlan::default()).unwrap_err();
        assert!(error.for_people().contains("--contact-plan-file must be JSON like"));
    }

    #[test]
    fn a_line_that_takes_nothing_back_is_refused_by_its_number() {
        let lifted = [
            Lifted::NeverSay("El Fasher ".to_owned()),
            Lifted::NeverDo("Do not phone.\nDo not visit.".to_owned()),
        ];
        for (text, named) in [
            ("", Ok(vec![])),
            (" El Fasher\n\n", Ok(vec!["El Fasher"])),
            (
                "Do not visit.\r\nDo not phone.\nEl Fasher",
                Ok(vec!["Do not phone.", "Do not visit.", "El Fasher"]),
            ),
            ("El Fasher\n\nradio", Err("line 3 names nothing")),
            ("el fasher", Err("line 1 names nothing")),
            ("Do not phone. Do not visit.", Err("line 1 names nothing")),
        ] {
            match (named_lines(text, &lifted), named) {
                (Ok(lines), Ok(named)) => assert_eq!(lines.into_iter().collect::<Vec<_>>(), named),
                (Err(error), Err(line)) => {
                    let told = error.for_people();
                    assert!(told.contains("--lift-file must name") && told.contains(line), "{told}");
                }
                (lines, _) => panic!("{text:?}: {lines:?}"),
            }
        }
    }

    #[test]
    fn what_is_taken_back_is_shown_old_beside_new_and_told_by_name() {
        let after = ContactPlan { never_do: String::new(), never_say: vec!["radio".to_owned()], ..before() };
        let (said, done) = (
            Lifted::NeverSay(" El Fasher; the town".to_owned()),
            Lifted::NeverDo("Do not phone.".to_owned()),
        );
        for (lifted, asked, shown) in [
            (
                &said,
                "“El Fasher; the town”: May it be said from now on?",
                "never say, before: “El Fasher; the town” · “radio”\nnever say, now: “radio”",
            ),
            (
                &done,
                "“Do not phone.”: Is it no longer ruled out?",
                "never do, before: Do not phone.\nnever do, now: nothing",
            ),
        ] {
            assert_eq!(
                (question(lifted).as_str(), beside(lifted, &before(), &after).as_str()),
                (asked, shown)
            );
        }
        let error = takes_back(vec![said, done], &before(), &after);
        assert_eq!((error.exit, error.reason.as_str()), (Exit::Refused, "CONTACT_PLAN_LIFTS"));
        let told = error.for_people();
        assert!(
            told.contains("--contact-plan-file takes back “El Fasher; the town”, “Do not phone.”"),
            "{told}"
        );
        assert!(told.contains("never do, now: nothing") && told.contains("--lift-file"), "{told}");
    }
}
