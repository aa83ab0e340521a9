//! How a need ends: given directly, recommended for a grant, covered, referred or declined.

use clap::{Args, ValueEnum};
use flare_contracts::{codes, limits::HIGHEST_SCORE, text_limits, triage::v1::Scores};
use flare_edge::desk::{CaseName, CaseRecord, Decline, Desk, NewRecommendation};
use flare_kernel::{NeedId, ReferralId};
use serde_json::json;

use super::{
    choices::code,
    saying::{Saying, agreed, show_plan, words},
    standing::state_line,
    taking::SeenVersion,
};
use crate::cli::{self, CliError, Context, TextSource};

/// `flare case give`, `flare case cover`
#[derive(Args, Debug)]
pub(crate) struct EndNeedArgs {
    /// The case
    case: CaseName,
    /// The need
    need: NeedId,
    /// A file with what was given or who covers it, or - for standard input; asked for when left out
    #[arg(long, value_name = "FILE")]
    text_file: Option<TextSource>,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare case recommend`
#[derive(Args, Debug)]
pub(crate) struct RecommendArgs {
    /// The case
    case: CaseName,
    /// A need the grant shall answer; may be given several times
    #[arg(long = "need", value_name = "ID", required = true)]
    needs: Vec<NeedId>,
    /// The most it may cost, such as 9400.00
    #[arg(long, allow_hyphen_values = true)]
    amount: String,
    /// ISO 4217, such as EUR
    #[arg(long)]
    currency: String,
    /// A file with the reasons, or - for standard input; asked for when left out
    #[arg(long, value_name = "FILE")]
    text_file: Option<TextSource>,
    // Before the scores: their heading is for all that follows.
    #[command(flatten)]
    version: SeenVersion,
    #[command(flatten)]
    scores: ScoreArgs,
}

/// The scores that a larger amount needs.
#[derive(Args, Debug)]
#[group(id = "scores", multiple = true)]
#[command(next_help_heading = "Scores of 0 to 4, all of them above the light threshold")]
pub(crate) struct ScoreArgs {
    /// Relevance to the context
    #[arg(long, value_name = "0-4", requires_all = ["result", "fit", "quality", "added_value"], value_parser = score())]
    relevance: Option<u32>,
    /// Potential for a tangible result or lasting change
    #[arg(long, value_name = "0-4", requires = "relevance", value_parser = score())]
    result: Option<u32>,
    /// Relevance within what we already support, and comparative advantage
    #[arg(long, value_name = "0-4", requires = "relevance", value_parser = score())]
    fit: Option<u32>,
    /// Quality and feasibility, including diversity, equity and inclusion
    #[arg(long, value_name = "0-4", requires = "relevance", value_parser = score())]
    quality: Option<u32>,
    /// Added value of our help
    #[arg(long, value_name = "0-4", requires = "relevance", value_parser = score())]
    added_value: Option<u32>,
}

fn score() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(0..=i64::from(HIGHEST_SCORE))
}

/// `flare case refer`
#[derive(Args, Debug)]
pub(crate) struct ReferArgs {
    /// The case
    case: CaseName,
    /// The need
    need: NeedId,
    /// The requester agreed to this referral
    #[arg(long)]
    consented: bool,
    /// A file with to whom, and what they were told, or - for standard input; asked for when left out
    #[arg(long, value_name = "FILE")]
    text_file: Option<TextSource>,
    #[command(flatten)]
    version: SeenVersion,
}

/// `flare case referral-answer`
#[derive(Args, Debug)]
pub(crate) struct ReferralAnswerArgs {
    /// The case
    case: CaseName,
    /// The referral
    referral: ReferralId,
    /// What they answered
    answer: ReferralAnswer,
    #[command(flatten)]
    version: SeenVersion,
}

/// What the other organisation answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReferralAnswer {
    /// They took it
    Accepted,
    /// They did not; the need is open again
    Refused,
}

/// `flare case decline`
#[derive(Args, Debug)]
pub(crate) struct DeclineArgs {
    /// The case
    case: CaseName,
    /// The need
    need: NeedId,
    /// Why
    #[arg(long, value_parser = code(codes::WHY_DECLINED))]
    reason: String,
    #[command(flatten)]
    saying: Saying,
    /// A file with a note for staff only, or - for standard input
    #[arg(long, value_name = "FILE")]
    note_file: Option<TextSource>,
    #[command(flatten)]
    version: SeenVersion,
}

const TEXT: &str = "--text-file";

fn named(error: flare_edge::EdgeError) -> CliError {
    CliError::from(error).named(&[
        ("words", TEXT),
        ("description", TEXT),
        ("need_ids", "--need"),
        ("amount", "--amount"),
        ("scores", "--relevance … --added-value"),
        ("consented", "--consented"),
    ])
}

pub(crate) async fn give(context: &Context, args: EndNeedArgs) -> Result<(), CliError> {
    let (desk, mut record, text) = read_end(context, &args, "What was given?").await?;
    let standing = desk.give(&mut record, args.need, &text).await.map_err(named)?;
    context.done(&format!("{} was given directly: {}", args.need, state_line(&standing)), &standing)
}

pub(crate) async fn cover(context: &Context, args: EndNeedArgs) -> Result<(), CliError> {
    let (desk, mut record, text) = read_end(context, &args, "Who covers it?").await?;
    let standing = desk.cover(&mut record, args.need, &text).await.map_err(named)?;
    context.done(&format!("{} is covered by others: {}", args.need, state_line(&standing)), &standing)
}

/// The case, and the words that say how a need of it ends without a grant.
async fn read_end(
    context: &Context,
    args: &EndNeedArgs,
    question: &str,
) -> Result<(Desk, CaseRecord, String), CliError> {
    let desk = context.desk().await?;
    let record = desk.case(desk.find_case(&args.case).await?, args.version.seen).await?;
    let text = context.read_text(args.text_file.as_ref(), (TEXT, text_limits::WORDS), question)?;
    Ok((desk, record, text.expose().clone()))
}

pub(crate) async fn recommend(context: &Context, args: RecommendArgs) -> Result<(), CliError> {
    let amount = cli::words::read_money(&args.amount, &args.currency)?;
    let desk = context.desk().await?;
    let mut record = desk.case(desk.find_case(&args.case).await?, args.version.seen).await?;
    let text = context.read_text(args.text_file.as_ref(), (TEXT, text_limits::NOTE), "Why?")?;
    let recommendation =
        NewRecommendation { needs: &args.needs, amount, scores: args.scores.scores(), words: text.expose() };
    let standing = desk.recommend(&mut record, &recommendation).await.map_err(named)?;
    context.done(&format!("A grant of {amount} is recommended: {}", state_line(&standing)), &standing)
}

impl ScoreArgs {
    /// All five, or none: clap asks for the others when one is given.
    const fn scores(&self) -> Option<Scores> {
        match (self.relevance, self.result, self.fit, self.quality, self.added_value) {
            (Some(relevance), Some(result), Some(fit), Some(quality), Some(added_value)) => Some(Scores {
                relevance_to_context: relevance,
                potential_for_result: result,
                fit_with_what_we_support: fit,
                quality_and_feasibility: quality,
                added_value,
            }),
            _ => None,
        }
    }
}

pub(crate) async fn refer(context: &Context, args: ReferArgs) -> Result<(), CliError> {
    if !args.consented {
        return Err(CliError::refused(
            "--consented",
            "must be given: nobody is referred without having agreed to it",
        ));
    }
    let desk = context.desk().await?;
    let mut record = desk.case(desk.find_case(&args.case).await?, args.version.seen).await?;
    let question = "To whom, and what were they told?";
    let text = context.read_text(args.text_file.as_ref(), (TEXT, text_limits::WORDS), question)?;
    let (referral, standing) = desk.refer(&mut record, args.need, text.expose()).await.map_err(named)?;
    let said = format!("Referred as {referral}: {}", state_line(&standing));
    context.done_with(&said, &standing, [("referral_id", json!(referral.to_string()))])
}

pub(crate) async fn answer_referral(context: &Context, args: ReferralAnswerArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let accepted = args.answer == ReferralAnswer::Accepted;
    let standing = desk
        .answer_referral(desk.find_case(&args.case).await?, args.referral, accepted, args.version.seen)
        .await?;
    context.done(&format!("Noted: {}", state_line(&standing)), &standing)
}

/// Tells the requester first, then declines: a need is never declined without words that its requester can read.
pub(crate) async fn decline(context: &Context, args: DeclineArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let mut record = desk.case(desk.find_case(&args.case).await?, args.version.seen).await?;
    desk.check_declinable(&record, args.need).await?;
    let note = context.read_optional_text(args.note_file.as_ref(), ("--note-file", text_limits::WORDS))?;
    show_plan(context, &record)?;
    let text = words(context, &args.saying, None)?;
    let decline = Decline {
        need: args.need,
        reason: &args.reason,
        words: &text,
        note: note.as_ref().map(|note| note.expose().as_str()),
    };
    let declined = agreed(context, &mut record, args.saying.anyway, async |record, all_the_same| {
        desk.decline(record, &decline, all_the_same).await
    });
    let (said, standing) = declined.await.map_err(|error| error.named(&[("words", "--note-file")]))?;
    let told = format!("{} is declined, and the requester was told: {}", args.need, state_line(&standing));
    let more = [("message_id", json!(said.message_id)), ("contact_plan", json!(said.contact_plan))];
    context.done_with(&told, &standing, more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_all_there_or_none() {
        let all = Scores {
            relevance_to_context: 1,
            potential_for_result: 2,
            fit_with_what_we_support: 3,
            quality_and_feasibility: 4,
            added_value: 0,
        };
        for (given, scores) in [
            ([None; 5], None),
            ([Some(1), None, None, None, None], None),
            ([Some(1), Some(2), Some(3), Some(4), None], None),
            ([Some(1), Some(2), Some(3), Some(4), Some(0)], Some(all)),
        ] {
            let [relevance, result, fit, quality, added_value] = given;
            let args = ScoreArgs { relevance, result, fit, quality, added_value };
            assert_eq!(args.scores(), scores, "{given:?}");
        }
    }
}
