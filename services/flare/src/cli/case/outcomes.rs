//! How a need ends: given directly, recommended for a grant, covered, referred or declined.

use clap::{Args, ValueEnum};
use flare_contracts::{
    codes,
    common::v1::SealedField,
    fields,
    intake::v1::MessageKind,
    limits::HIGHEST_SCORE,
    triage::v1::{
        AnswerReferralRequest, CoverNeedRequest, DeclineNeedRequest, GiveDirectlyRequest, Outcome,
        RecommendGrantRequest, ReferNeedRequest, Scores,
    },
};
use flare_kernel::{CaseId, NeedId, ReferralId};
use serde_json::json;

use super::{
    ahead::check_ahead,
    choices::{Worded as _, code},
    desk::{Desk, call},
    record::{CaseRecord, seen_version, state_json, state_line},
    saying::{Saying, post, show_plan, words},
    taking::SeenVersion,
};
use crate::cli::{self, CliError, Context, TextSource};

/// `flare case give`, `flare case cover`
#[derive(Args, Debug)]
pub(crate) struct EndNeedArgs {
    /// The case
    case: CaseId,
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
    case: CaseId,
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
    case: CaseId,
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
    case: CaseId,
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
    case: CaseId,
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
/// How often a case that moves on by itself is looked at again.
const LOOKS: u32 = 5;

fn named(error: CliError) -> CliError {
    error.named(&[
        ("words", TEXT),
        ("description", TEXT),
        ("need_ids", "--need"),
        ("amount", "--amount"),
        ("scores", "--relevance … --added-value"),
        ("consented", "--consented"),
    ])
}

/// The version of the words on a need's end: its next.
fn next_version(record: &CaseRecord, need: NeedId) -> u32 {
    let need = need.to_string();
    let words =
        record.case.needs.iter().find(|other| other.need_id == need).and_then(|need| need.words.as_ref());
    words.map_or(1, |words| words.version + 1)
}

pub(crate) async fn give(context: &Context, args: EndNeedArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let ended = Ended::read(&desk, &args, "What was given?").await?;
    let request = GiveDirectlyRequest {
        request_id: desk.request_id()?,
        case_id: ended.case_id,
        version: ended.version,
        need_id: ended.need_id,
        words: Some(ended.words),
    };
    let answer = call!(desk, triage.give_directly(request)).map_err(named);
    let state = desk.settled(args.case, answer).await?;
    desk.done(&format!("{} was given directly: {}", args.need, state_line(&state)), &state_json(&state))
}

pub(crate) async fn cover(context: &Context, args: EndNeedArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let ended = Ended::read(&desk, &args, "Who covers it?").await?;
    let request = CoverNeedRequest {
        request_id: desk.request_id()?,
        case_id: ended.case_id,
        version: ended.version,
        need_id: ended.need_id,
        words: Some(ended.words),
    };
    let answer = call!(desk, triage.cover_need(request)).map_err(named);
    let state = desk.settled(args.case, answer).await?;
    desk.done(&format!("{} is covered by others: {}", args.need, state_line(&state)), &state_json(&state))
}

/// A need that ends without a grant, and the words that say how.
struct Ended {
    case_id: String,
    version: i64,
    need_id: String,
    words: SealedField,
}

impl Ended {
    async fn read(desk: &Desk<'_>, args: &EndNeedArgs, question: &str) -> Result<Self, CliError> {
        let record =
            CaseRecord::read(desk, args.case, args.version.seen).await?.with_notes_to_write(desk).await?;
        let field = fields::need(args.need);
        let text = desk.context.read_text(args.text_file.as_ref(), (TEXT, field.longest), question)?;
        Ok(Self {
            case_id: record.case_id(),
            version: record.version(),
            need_id: args.need.to_string(),
            words: record.seal_note(&field, next_version(&record, args.need), text.expose())?,
        })
    }
}

pub(crate) async fn recommend(context: &Context, args: RecommendArgs) -> Result<(), CliError> {
    let amount = cli::words::read_money(&args.amount, &args.currency)?;
    let desk = Desk::open(context).await?;
    let record =
        CaseRecord::read(&desk, args.case, args.version.seen).await?.with_notes_to_write(&desk).await?;
    let first = args.needs.first().ok_or_else(|| CliError::refused("--need", "is required"))?;
    let field = fields::recommendation(*first);
    let text = context.read_text(args.text_file.as_ref(), (TEXT, field.longest), "Why?")?;
    let earlier = record.case.recommendations.iter().filter_map(|earlier| earlier.words.as_ref());
    let version =
        earlier.filter(|words| words.name == field.name).map(|words| words.version + 1).max().unwrap_or(1);
    let request = RecommendGrantRequest {
        request_id: desk.request_id()?,
        case_id: record.case_id(),
        version: record.version(),
        need_ids: args.needs.iter().map(ToString::to_string).collect(),
        words: Some(record.seal_note(&field, version, text.expose())?),
        amount: Some(amount.clone()),
        scores: args.scores.scores(),
    };
    let answer = call!(desk, triage.recommend_grant(request)).map_err(named);
    let state = desk.settled(args.case, answer).await?;
    let said =
        format!("A grant of {} is recommended: {}", cli::words::money(Some(&amount)), state_line(&state));
    desk.done(&said, &state_json(&state))
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
    let desk = Desk::open(context).await?;
    let record =
        CaseRecord::read(&desk, args.case, args.version.seen).await?.with_notes_to_write(&desk).await?;
    let referral: ReferralId = desk.drawn(&args.need.to_string());
    let field = fields::referral(referral);
    let question = "To whom, and what were they told?";
    let text = context.read_text(args.text_file.as_ref(), (TEXT, field.longest), question)?;
    let request = ReferNeedRequest {
        request_id: desk.request_id()?,
        case_id: record.case_id(),
        version: record.version(),
        need_id: args.need.to_string(),
        referral_id: referral.to_string(),
        description: Some(record.seal_note(&field, 1, text.expose())?),
        consented: args.consented,
    };
    let answer = call!(desk, triage.refer_need(request)).map_err(named);
    let state = desk.settled(args.case, answer).await?;
    let mut document = state_json(&state);
    document["referral_id"] = json!(referral.to_string());
    desk.done(&format!("Referred as {referral}: {}", state_line(&state)), &document)
}

pub(crate) async fn answer_referral(context: &Context, args: ReferralAnswerArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let version = seen_version(&desk, args.case, args.version.seen).await?;
    let request = AnswerReferralRequest {
        request_id: desk.request_id()?,
        case_id: args.case.to_string(),
        version,
        referral_id: args.referral.to_string(),
        accepted: args.answer == ReferralAnswer::Accepted,
    };
    let answer = call!(desk, triage.answer_referral(request));
    let state = desk.settled(args.case, answer).await?;
    desk.done(&format!("Noted: {}", state_line(&state)), &state_json(&state))
}

/// Tells the requester first, then declines: a need is never declined without words that its requester can read.
pub(crate) async fn decline(context: &Context, args: DeclineArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let mut record =
        CaseRecord::read(&desk, args.case, args.version.seen).await?.with_notes_to_write(&desk).await?;
    let need = args.need.to_string();
    let current = if record.version() == record.case.version { Ok(()) } else { Err(stale()) };
    let check = desk.settled(args.case, current).await.and_then(|()| check_open(&record, args.need));
    check_ahead(&desk, &record, (MessageKind::Decision, &need), check).await?;
    let field = fields::need(args.need);
    let note = context.read_optional_text(args.note_file.as_ref(), ("--note-file", field.longest))?;
    let plan = show_plan(context, &record)?;
    let text = words(context, &args.saying, &plan, None)?;
    let version = next_version(&record, args.need);
    let words = note.map(|note| record.seal_note(&field, version, note.expose())).transpose()?;
    let said = post(&desk, &mut record, &plan, (MessageKind::Decision, &need), &text).await?;
    let mut request = DeclineNeedRequest {
        request_id: desk.request_id()?,
        case_id: record.case_id(),
        version: record.version(),
        need_id: need,
        reason: args.reason,
        message_id: said.message.to_string(),
        words,
    };
    let mut answer = Err(stale());
    // Triage hears of the message just posted, and that alone moves the case on: look again, and go on while the need
    // is as open as it was.
    for _ in 0..LOOKS {
        answer = call!(desk, triage.decline_need(request.clone()));
        if !answer.as_ref().is_err_and(CliError::is_stale) {
            break;
        }
        let now = CaseRecord::read(&desk, args.case, None).await?;
        check_open(&now, args.need)?;
        request.version = now.version();
    }
    let answer = answer.map_err(|error| error.named(&[("words", "--note-file")]));
    let state = desk.settled(args.case, answer).await?;
    let mut document = state_json(&state);
    document["message_id"] = json!(said.message.to_string());
    document["contact_plan"] = json!(plan);
    desk.done(
        &format!("{} is declined, and the requester was told: {}", args.need, state_line(&state)),
        &document,
    )
}

fn check_open(record: &CaseRecord, need: NeedId) -> Result<(), CliError> {
    let need = need.to_string();
    let known = record.case.needs.iter().find(|other| other.need_id == need);
    let outcome = known.ok_or_else(|| CliError::not_found("need"))?.outcome();
    if outcome == Outcome::Open {
        return Ok(());
    }
    let message = format!("the need is {}; only an open one can be declined", outcome.word());
    Err(CliError::state("NEED_HAS_ENDED", message))
}

fn stale() -> CliError {
    let message = "the case has changed since the version you decided on";
    CliError::stale("STALE_VERSION", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_all_there_or_none() {
        let none = ScoreArgs { relevance: None, result: None, fit: None, quality: None, added_value: None };
        assert_eq!(none.scores(), None);
        let all = ScoreArgs {
            relevance: Some(1),
            result: Some(2),
            fit: Some(3),
            quality: Some(4),
            added_value: Some(0),
        };
        let scores = all.scores().unwrap();
        assert_eq!(
            (scores.relevance_to_context, scores.quality_and_feasibility, scores.added_value),
            (1, 4, 0)
        );
    }

    #[test]
    fn a_version_that_is_not_the_newest_is_stale() {
        assert!(stale().is_stale());
    }
}
