//! Taking a case: acknowledge it with its first contact plan, give it to somebody else, begin the assessment.

use clap::Args;
use flare_contracts::{
    answers, codes,
    common::v1::Lane,
    fields,
    triage::v1::{AcknowledgeCaseRequest, AssessCaseRequest, AssignCaseRequest, CaseSummary},
};
use flare_edge::ContactPlan;
use flare_kernel::{CaseId, codename};

use super::{
    addresses::addresses_in,
    choices::{Worded as _, code, worded},
    contact_plan::{named, plan_text, read_plan},
    desk::{Desk, call},
    plan_box::plan_box,
    record::{CaseRecord, seen_version, state_json, state_line},
};
use crate::cli::{CliError, Context, TextSource, output::isolated};

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

/// `flare case assign`
#[derive(Args, Debug)]
pub(crate) struct AssignArgs {
    /// The case
    case: CaseId,
    /// The new owner, by name or id
    #[arg(long, value_name = "NAME")]
    to: String,
    /// Why
    #[arg(long, value_parser = code(codes::WHY_ASSIGNED))]
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
            ("they say: reach us by", isolated(&answered(answers::CONTACT))),
            ("they say: never", isolated(&answered(answers::NEVER))),
        ]);
    }
    let plan = read_plan(args.contact_plan_file.as_ref(), &ContactPlan::default())?;
    let contact = record.written_answer(answers::CONTACT).unwrap_or_default();
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
        contact_plan: Some(record.seal_note(&fields::CONTACT_PLAN, 1, &plan_text(&plan)?)?),
        key,
        requester_fingerprints: distinct(requester_fingerprints),
    };
    let answer = call!(desk, triage.acknowledge_case(request)).map_err(named);
    let state = desk.settled(args.case, answer).await?;
    context.output.line(plan_box(&record.codename(), Some(&plan), |text| context.output.red(text)));
    desk.done(&format!("{} is yours: {}", record.codename(), state_line(&state)), &state_json(&state))
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

fn distinct(mut items: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    items.sort();
    items.dedup();
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_come_once() {
        assert_eq!(distinct(vec![vec![2], vec![1], vec![2]]), [vec![1], vec![2]]);
    }
}
