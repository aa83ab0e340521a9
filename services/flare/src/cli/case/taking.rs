//! Taking a case: acknowledge it with its first contact plan, give it to somebody else, begin the assessment.

use clap::Args;
use flare_contracts::{answers, codes, common::v1::Lane, words::Worded as _};
use flare_edge::{ContactPlan, desk::CaseName};

use super::{
    choices::{code, worded},
    contact_plan::{plan_refused, read_plan},
    plan_box::plan_box,
    standing::state_line,
};
use crate::cli::{CliError, Context, TextSource, output::isolated};

/// The version of the case that a change was decided on.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct SeenVersion {
    /// The version of what you decide on, case or grant, as its page shows it; refused if it has changed since [usually: as
    /// it is now]
    #[arg(long = "version", id = "seen_version", value_name = "N")]
    pub(crate) seen: Option<i64>,
}

/// `flare case acknowledge`
#[derive(Args, Debug)]
pub(crate) struct AcknowledgeArgs {
    /// The case
    case: CaseName,
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
    case: CaseName,
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
    case: CaseName,
    /// The lane you confirm [usually: the one that the answers point to]
    #[arg(long, value_parser = worded::<Lane>())]
    lane: Option<Lane>,
    #[command(flatten)]
    version: SeenVersion,
}

pub(crate) async fn acknowledge(context: &Context, args: AcknowledgeArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let mut record = desk.case(desk.find_case(&args.case).await?, args.version.seen).await?;
    if args.contact_plan_file.is_none() {
        let answered = |name: &str| record.answer(name).unwrap_or_default();
        context.output.record(&[
            ("they say: reach us by", isolated(&answered(answers::CONTACT))),
            ("they say: never", isolated(&answered(answers::NEVER))),
        ]);
    }
    let plan = read_plan(args.contact_plan_file.as_ref(), &ContactPlan::default())?;
    let standing = desk.acknowledge(&mut record, &plan).await.map_err(plan_refused)?;
    context.output.line(plan_box(record.codename(), Some(&plan), |text| context.output.red(text)));
    context.done(&format!("{} is yours: {}", record.codename(), state_line(&standing)), &standing)
}

pub(crate) async fn assign(context: &Context, args: AssignArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let people = desk.people().await?;
    let (owner, name) = people.find(&args.to).ok_or_else(|| {
        CliError::refused("--to", "must be the name or id of somebody on the staff (see: flare staff list)")
    })?;
    let assigned =
        desk.assign(desk.find_case(&args.case).await?, owner, &args.reason, args.version.seen).await;
    let standing = assigned.map_err(|error| CliError::from(error).named(&[("owner", "--to")]))?;
    let said = format!("{} belongs to {name} now: {}", standing.codename, state_line(&standing));
    context.done(&said, &standing)
}

pub(crate) async fn assess(context: &Context, args: AssessArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let record = desk.case(desk.find_case(&args.case).await?, args.version.seen).await?;
    let assessed = desk.assess(&record, args.lane).await;
    let standing = assessed.map_err(|error| CliError::from(error).named(&[("lane", "--lane")]))?;
    let said = format!(
        "{} is being assessed as {}: {}",
        standing.codename,
        standing.lane.word(),
        state_line(&standing)
    );
    context.done(&said, &standing)
}
