//! Taking a case: acknowledge it with a contact plan, give it to somebody else, begin the assessment.

use clap::Args;
use flare_contracts::{
    common::v1::Lane,
    text_limits,
    triage::v1::{
        AcknowledgeCaseRequest, AssessCaseRequest, AssignCaseRequest, CaseSummary, SetContactPlanRequest,
    },
};
use flare_edge::ContactPlan;
use flare_kernel::{CaseId, codename};
use flare_typed::text::at_most;
use serde_json::json;

use super::{
    addresses::addresses_in,
    choices::{Worded as _, code, worded},
    desk::{Desk, call},
    plan_box::plan_box,
    record::{CaseRecord, not_acknowledged, seen_version, state_json, state_line},
};
use crate::cli::{CliError, Context, TextSource, output::isolated, prompt};

/// The field that holds the contact plan.
const CONTACT_PLAN: &str = "notes.contact_plan";

/// The version of the case that a change was decided on.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct SeenVersion {
    /// The version of the case you decided on; refused if it has changed since [usually: as it is now]
    #[arg(long = "version", id = "seen_version", value_name = "N")]
    pub(crate) seen: Option<i64>,
}

/// `flare case acknowledge`
#[derive(Args, Debug)]
pub(crate) struct AcknowledgeArgs {
    /// The case
    case: CaseId,
    /// The contact plan as JSON, or - for standard input; asked for when left out
    #[arg(long, value_name = "FILE")]
    contact_plan_file: Option<TextSource>,
    #[command(flatten)]
    pub(super) version: SeenVersion,
}

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
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare case assign`
#[derive(Args, Debug)]
pub(crate) struct AssignArgs {
    /// The case
    case: CaseId,
    /// The new owner, by name or id
    #[arg(long, value_name = "NAME")]
    to: String,
    /// Why
    #[arg(long, value_parser = code(&["shift", "leave", "workload", "conflict", "expertise"]))]
    reason: String,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare case assess`
#[derive(Args, Debug)]
pub(crate) struct AssessArgs {
    /// The case
    case: CaseId,
    /// The lane you confirm [usually: the one that the answers point to]
    #[arg(long, value_parser = worded::<Lane>())]
    lane: Option<Lane>,
    #[command(flatten)]
    version: SeenVersion,
}

pub(crate) async fn acknowledge(context: &Context, args: AcknowledgeArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let mut record =
        CaseRecord::read(&desk, args.case, args.version.seen).await?.with_notes_to_write(&desk).await?;
    if args.contact_plan_file.is_none() {
        let answered = |name: &str| record.answer(name).unwrap_or_default();
        context.output.record(&[
            ("they say: reach us by", isolated(&answered("request.contact"))),
            ("they say: never", isolated(&answered("request.never"))),
        ]);
    }
    let plan = read_plan(args.contact_plan_file.as_ref(), &ContactPlan::default())?;
    let contact = record.written_answer("request.contact").unwrap_or_default();
    let requester_fingerprints = [&contact, &plan.how]
        .into_iter()
        .flat_map(|text| addresses_in(text))
        .map(|address| Ok(desk.session.contact_fingerprint(&address)?.to_vec()))
        .collect::<Result<Vec<_>, CliError>>()?;
    let key = record.first_notes_key(&desk)?;
    let request = AcknowledgeCaseRequest {
        request_id: desk.request_id()?,
        case_id: record.case_id(),
        version: record.version(),
        contact_plan: Some(record.seal_note(CONTACT_PLAN, 1, &plan_text(&plan)?)?),
        key,
        requester_fingerprints: distinct(requester_fingerprints),
    };
    let answer = call!(desk, triage.acknowledge_case(request)).map_err(named);
    let state = desk.settled(args.case, answer).await?;
    context.output.line(plan_box(&record.codename(), Some(&plan), |text| context.output.red(text)));
    desk.done(&format!("{} is yours: {}", record.codename(), state_line(&state)), &state_json(&state))
}

pub(crate) async fn contact_plan(context: &Context, args: ContactPlanArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let record =
        CaseRecord::read(&desk, args.case, args.version.seen).await?.with_notes_to_write(&desk).await?;
    let output = &context.output;
    let is_set_anew = args.contact_plan_file.is_some();
    // One that does not open is replaced by a whole new one.
    let before = match record.contact_plan() {
        Err(_) if is_set_anew => Some(ContactPlan::default()),
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
    let request = SetContactPlanRequest {
        request_id: desk.request_id()?,
        case_id: record.case_id(),
        version: record.version(),
        contact_plan: Some(record.seal_note(CONTACT_PLAN, sealed.version + 1, &plan_text(&plan)?)?),
    };
    let answer = call!(desk, triage.set_contact_plan(request)).map_err(named);
    let state = desk.settled(args.case, answer).await?;
    output.line(plan_box(&record.codename(), Some(&plan), |text| output.red(text)));
    desk.done(&state_line(&state), &state_json(&state))
}

pub(crate) async fn assign(context: &Context, args: AssignArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let people = desk.staff().await?;
    let owner = people.find(&args.to).ok_or_else(|| {
        CliError::refused("--to", "must be the name or id of somebody on the staff (see: flare staff list)")
    })?;
    let version = seen_version(&desk, args.case, args.version.seen).await?;
    let request = AssignCaseRequest {
        request_id: desk.request_id()?,
        case_id: args.case.to_string(),
        version,
        owner: owner.staff_id.clone(),
        reason: args.reason,
    };
    let answer = call!(desk, triage.assign_case(request)).map_err(|error| error.named(&[("owner", "--to")]));
    let state = desk.settled(args.case, answer).await?;
    let said = format!("{} belongs to {} now: {}", codename(args.case), owner.name, state_line(&state));
    desk.done(&said, &state_json(&state))
}

pub(crate) async fn assess(context: &Context, args: AssessArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let record = CaseRecord::read(&desk, args.case, args.version.seen).await?;
    let derived = record.case.summary.as_ref().map(CaseSummary::lane).unwrap_or_default();
    let lane = args.lane.unwrap_or(derived);
    let request = AssessCaseRequest {
        request_id: desk.request_id()?,
        case_id: record.case_id(),
        version: record.version(),
        lane: lane.into(),
    };
    let answer = call!(desk, triage.assess_case(request)).map_err(|error| error.named(&[("lane", "--lane")]));
    let state = desk.settled(args.case, answer).await?;
    let said = format!("{} is being assessed as {}: {}", record.codename(), lane.word(), state_line(&state));
    desk.done(&said, &state_json(&state))
}

fn named(error: CliError) -> CliError {
    error.named(&[("contact_plan", "--contact-plan-file")])
}

fn distinct(mut items: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    items.sort();
    items.dedup();
    items
}

fn plan_text(plan: &ContactPlan) -> Result<String, CliError> {
    let text = plan.to_text().map_err(|error| CliError::refused("--contact-plan-file", error.to_string()))?;
    at_most(text_limits::CONTACT_PLAN, &text)
        .map_err(|rule| CliError::refused("--contact-plan-file", rule.to_string()))?;
    Ok(text)
}

/// A plan from its file, or asked for line by line; an empty answer keeps what stood there before.
fn read_plan(source: Option<&TextSource>, before: &ContactPlan) -> Result<ContactPlan, CliError> {
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
    use super::*;

    #[test]
    fn phrases_are_separated_by_semicolons_of_either_script() {
        assert_eq!(phrases(" the town; El Fasher ؛ المدينة;; "), ["the town", "El Fasher", "المدينة"]);
        assert!(phrases("").is_empty());
    }

    #[test]
    fn a_plan_that_is_too_long_or_no_plan_is_refused_by_its_option() {
        let long = ContactPlan { how: "x".repeat(text_limits::CONTACT_PLAN), ..ContactPlan::default() };
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

    #[test]
    fn fingerprints_come_once() {
        assert_eq!(distinct(vec![vec![2], vec![1], vec![2]]), [vec![1], vec![2]]);
    }
}
