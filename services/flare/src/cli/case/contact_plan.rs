//! The contact plan: how somebody may be reached, and what must never be said or done. Whoever takes something back that was
//! ruled out says so by name.

use std::collections::BTreeSet;

use clap::Args;
use flare_contracts::{fields, triage::v1::SetContactPlanRequest};
use flare_edge::{ContactPlan, Lifted};
use flare_kernel::CaseId;
use flare_typed::text::at_most;
use serde_json::json;

use super::{
    desk::{Desk, call},
    plan_box::plan_box,
    record::{CaseRecord, not_acknowledged, state_json, state_line},
    taking::SeenVersion,
};
use crate::cli::{CliError, Context, TextSource, output::isolated, prompt};

const LIFT_FILE: &str = "--lift-file";

/// `flare case contact-plan`
#[derive(Args, Debug)]
pub(crate) struct ContactPlanArgs {
    /// The case
    case: CaseId,
    /// A new plan as JSON, or - for standard input
    #[arg(long, value_name = "FILE")]
    contact_plan_file: Option<TextSource>,
    /// Ask for a new plan, line by line
    #[arg(long, conflicts_with = "contact_plan_file")]
    change: bool,
    /// A file that names what the plan before rules out and the new one no longer does, a line each; without it, you are
    /// asked about each
    #[arg(long, value_name = "FILE")]
    lift_file: Option<TextSource>,
    #[command(flatten)]
    version: SeenVersion,
}

pub(crate) async fn contact_plan(context: &Context, args: ContactPlanArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let record =
        CaseRecord::read(&desk, args.case, args.version.seen).await?.with_notes_to_write(&desk).await?;
    let output = &context.output;
    let is_set_anew = args.contact_plan_file.is_some();
    // One that does not open is replaced by a whole new one.
    let before = match record.contact_plan() {
        Err(_) if is_set_anew => {
            output.warn("the plan before does not open for you: what it ruled out cannot be compared");
            Some(ContactPlan::default())
        }
        before => before?,
    };
    if args.contact_plan_file.is_none() && !args.change {
        let document =
            json!({"case_id": record.case_id(), "version": record.case.version, "contact_plan": before});
        return output.show(&document, |output| {
            output.line(plan_box(&record.codename(), before.as_ref(), |text| output.red(text)));
        });
    }
    let (Some(before), Some(sealed)) = (before, &record.case.contact_plan) else {
        return Err(not_acknowledged(args.case));
    };
    let plan = read_plan(args.contact_plan_file.as_ref(), &before)?;
    let ask = |old_beside_new: &str, question: &str| {
        output.warn(old_beside_new);
        prompt::confirm(question, LIFT_FILE)
    };
    let lift = args.lift_file.as_ref().map(|source| source.text(LIFT_FILE)).transpose()?;
    let lift = lift.as_ref().map(|text| text.expose().as_str()).unwrap_or_default();
    check_lifted(&before, &plan, lift, prompt::is_possible().then_some(&ask))?;
    let request = SetContactPlanRequest {
        request_id: desk.request_id()?,
        case_id: record.case_id(),
        version: record.version(),
        contact_plan: Some(record.seal_note(
            &fields::CONTACT_PLAN,
            sealed.version + 1,
            &plan_text(&plan)?,
        )?),
    };
    let answer = call!(desk, triage.set_contact_plan(request)).map_err(named);
    let state = desk.settled(args.case, answer).await?;
    output.line(plan_box(&record.codename(), Some(&plan), |text| output.red(text)));
    desk.done(&state_line(&state), &state_json(&state))
}

/// Shows the old beside the new, and asks a question about one thing that is taken back.
type Ask<'a> = dyn Fn(&str, &str) -> Result<bool, CliError> + 'a;

/// Checks that everything which a new plan takes back is named in a line, or agreed to by whoever can be asked.
fn check_lifted(
    before: &ContactPlan,
    after: &ContactPlan,
    named: &str,
    ask: Option<&Ask<'_>>,
) -> Result<(), CliError> {
    let named: BTreeSet<_> = named.lines().map(str::trim).collect();
    for lifted in before.lifted_by(after) {
        let (words, old_beside_new, question) = match &lifted {
            Lifted::NeverSay(phrase) => (
                phrase,
                beside("never say", &never_say(before), &never_say(after)),
                "May it be said from now on",
            ),
            Lifted::NeverDo(what) => (
                what,
                beside("never do", &isolated(what.trim()), &or_nothing(isolated(after.never_do.trim()))),
                "Is it no longer ruled out",
            ),
        };
        if words.trim().lines().all(|line| named.contains(line.trim())) {
            continue;
        }
        let shown = isolated(words.trim());
        let agreed = match ask {
            Some(ask) => ask(&old_beside_new, &format!("“{shown}”: {question}?"))?,
            None => false,
        };
        if !agreed {
            let rule = format!("takes back “{shown}”, which the plan before rules out");
            let hint = format!(
                "nothing was changed\n{old_beside_new}\nname it in the file of {LIFT_FILE} if it may be taken back"
            );
            let mut error = CliError::refused("--contact-plan-file", rule).hint(hint);
            "CONTACT_PLAN_LIFTS".clone_into(&mut error.reason);
            return Err(error);
        }
    }
    Ok(())
}

fn beside(what: &str, before: &str, after: &str) -> String {
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

pub(super) fn named(error: CliError) -> CliError {
    error.named(&[("contact_plan", "--contact-plan-file")])
}

pub(super) fn plan_text(plan: &ContactPlan) -> Result<String, CliError> {
    let text = plan.to_text().map_err(|error| CliError::refused("--contact-plan-file", error.to_string()))?;
    at_most(fields::CONTACT_PLAN.longest, &text)
        .map_err(|rule| CliError::refused("--contact-plan-file", rule.to_string()))?;
    Ok(text)
}

/// A plan from its file, or asked for line by line; an empty answer keeps what stood there before.
pub(super) fn read_plan(source: Option<&TextSource>, before: &ContactPlan) -> Result<ContactPlan, CliError> {
    const OPTION: &str = "--contact-plan-file";
    let refused = |error: flare_edge::ContactPlanError| CliError::refused(OPTION, error.to_string());
    if let Some(source) = source {
        return ContactPlan::parse(source.text(OPTION)?.expose()).map_err(refused);
    }
    let ask = |question: &str, before: &str| {
        let kept = if before.is_empty() { String::new() } else { format!(" [{}]", isolated(before)) };
        let answer = prompt::line(&format!("{question}{kept}"), OPTION)?;
        Ok::<_, CliError>(if answer.is_empty() { before.to_owned() } else { answer })
    };
    let plan = ContactPlan {
        how: ask("How may they be reached (channel and address)", &before.how)?,
        when: ask("When (hours, whose time zone)", &before.when)?,
        who: ask("By whom, or through whom", &before.who)?,
        never_do: ask("What must never be done", &before.never_do)?,
        never_say: phrases(&ask(
            "What must never be said (words, separated by semicolons)",
            &before.never_say.join("; "),
        )?),
    };
    ContactPlan::parse(&plan.to_text().map_err(refused)?).map_err(refused)
}

fn phrases(text: &str) -> Vec<String> {
    text.split([';', '؛']).map(str::trim).filter(|phrase| !phrase.is_empty()).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::cli::exit::Exit;

    #[test]
    fn phrases_are_separated_by_semicolons_of_either_script() {
        assert_eq!(phrases(" the town; El Fasher ؛ المدينة;; "), ["the town", "El Fasher", "المدينة"]);
        assert!(phrases("").is_empty());
    }

    #[test]
    fn a_plan_that_is_too_long_or_no_plan_is_refused_by_its_option() {
        let long = ContactPlan { how: "x".repeat(fields::CONTACT_PLAN.longest), ..ContactPlan::default() };
        assert!(
            plan_text(&long)
                .unwrap_err()
                .for_people()
                .contains("--contact-plan-file must be at most 4000 characters")
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan");
        std::fs::write(&path, "{}").unwrap();
        let error = read_plan(Some(&TextSource::File(path)), &ContactPlan::default()).unwrap_err();
        assert!(error.for_people().contains("--contact-plan-file must be JSON like"));
    }

    fn before() -> ContactPlan {
        ContactPlan {
            how: "Signal".to_owned(),
            never_do: "Do not phone.".to_owned(),
            never_say: vec!["El Fasher".to_owned(), "radio".to_owned()],
            ..ContactPlan::default()
        }
    }

    #[test]
    fn what_is_taken_back_is_shown_old_beside_new_and_asked_for_by_name() {
        let after = ContactPlan { never_do: String::new(), never_say: vec!["radio".to_owned()], ..before() };
        let told = RefCell::new(Vec::new());
        let ask = |old_beside_new: &str, question: &str| {
            told.borrow_mut().push(format!("{old_beside_new}\n{question}"));
            Ok(true)
        };
        check_lifted(&before(), &after, "", Some(&ask)).unwrap();
        assert_eq!(
            told.take(),
            [
                "never say, before: “El Fasher” · “radio”\nnever say, now: “radio”\n“El Fasher”: May it be said from now on?",
                "never do, before: Do not phone.\nnever do, now: nothing\n“Do not phone.”: Is it no longer ruled out?",
            ]
        );
        check_lifted(&before(), &after, "Do not phone.\n El Fasher \n", Some(&ask)).unwrap();
        assert!(told.take().is_empty(), "what was named is not asked for");
    }

    #[test]
    fn nothing_is_taken_back_unless_somebody_agrees_to_it() {
        let after =
            ContactPlan { when: "at noon".to_owned(), never_say: vec!["radio".to_owned()], ..before() };
        let no = |_: &str, _: &str| Ok(false);
        for ask in [None, Some(&no as &Ask<'_>)] {
            let error = check_lifted(&before(), &after, "Do not phone.", ask).unwrap_err();
            assert_eq!((error.exit, error.reason.as_str()), (Exit::Refused, "CONTACT_PLAN_LIFTS"));
            let told = error.for_people();
            assert!(told.contains("--contact-plan-file takes back “El Fasher”"), "{told}");
            assert!(told.contains("never say, now: “radio”") && told.contains("--lift-file"), "{told}");
        }
        let other_hour = ContactPlan { when: "at noon".to_owned(), ..before() };
        assert!(check_lifted(&before(), &other_hour, "", None).is_ok());
    }
}
