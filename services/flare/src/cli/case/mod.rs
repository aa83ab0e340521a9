//! `flare case …`: what duty and case officers do.
//!
//! Each command reads the case, opens it with the officer's keys, seals what it adds, and names the version it was
//! decided on. Content comes from files, standard input or the terminal, never from arguments.

mod answer_text;
mod answers;
pub(crate) mod choices;
mod contact_plan;
mod danger;
mod facts;
mod files;
mod freezing;
pub(crate) mod lists;
mod opening;
mod outcomes;
mod plan_box;
mod references;
pub(crate) mod saying;
mod show;
pub(crate) mod standing;
mod stopping;
pub(crate) mod taking;

use clap::Subcommand;

use super::{CliError, Context};

/// What can be done with cases.
#[derive(Subcommand, Debug)]
pub(crate) enum CaseCommand {
    /// Open a case for somebody who asked on another channel
    #[command(
        after_help = "Examples:\n  flare case open --from signal --form request.json --receipt-file receipt.txt\n  flare case open --from signal --form request.json --receipt-file receipt.txt --again      after a connection broke\n\nThe form is a JSON object; only \"contact\" and \"happened\" must be in it."
    )]
    Open(opening::OpenArgs),
    /// Give a case that was opened without one its receipt, with which the requester follows it and writes
    #[command(
        after_help = "Examples:\n  flare case issue-receipt case_… --receipt-file receipt.txt\n  flare case issue-receipt case_… --receipt-file receipt.txt --again      after a connection broke"
    )]
    IssueReceipt(opening::IssueReceiptArgs),
    /// End what a receipt opens, for good: it may be in other hands
    #[command(after_help = "Example:\n  flare case freeze-receipt case_… --reason seized")]
    FreezeReceipt(freezing::FreezeReceiptArgs),
    /// Everything that was ever answered: what was replaced stays, with who replaced it and when
    #[command(after_help = "Example:\n  flare case answers case_…")]
    Answers(answers::AnswersArgs),
    /// Add or replace answers that you were told elsewhere
    #[command(after_help = "Example:\n  flare case add-answers case_… --form more.json")]
    AddAnswers(opening::AddAnswersArgs),
    /// The cases whose next act is ours, the one that needs a human first on top: by lane, one that is overdue a lane higher,
    /// then by the time that is left; below, how many wait for others
    #[command(after_help = "Examples:\n  flare case queue --limit 20\n  flare case queue --group requester")]
    Queue(lists::QueueArgs),
    /// Your own cases of the queue, in the same order
    #[command(after_help = "Examples:\n  flare case mine\n  flare case mine --group votes")]
    Mine(lists::QueueArgs),
    /// Everything about a case, its contact plan on top
    #[command(after_help = "Example:\n  flare case show case_…")]
    Show(show::ShowArgs),
    /// Take a case: you become its owner, with a contact plan
    #[command(
        after_help = "Example:\n  flare case acknowledge case_… --contact-plan-file plan.json\n\nThe plan is JSON: {\"how\": \"Signal, …\", \"when\": \"after 18:00\", \"who\": \"\", \"never_do\": \"phone\", \"never_say\": [\"the town\"]}"
    )]
    Acknowledge(taking::AcknowledgeArgs),
    /// Give a case to another owner
    #[command(after_help = "Example:\n  flare case assign case_… --to amal --reason shift")]
    Assign(taking::AssignArgs),
    /// Show the contact plan, or change it
    #[command(
        after_help = "Examples:\n  flare case contact-plan amber-kestrel-27\n  flare case contact-plan amber-kestrel-27 --contact-plan-file plan.json --version 4\n\nA file is made of one version of the case, which `flare case contact-plan CASE --json` tells: a plan that a colleague changed since is not undone.\nWhat the plan before rules out and the new one no longer does, you name: asked, or with --lift-file."
    )]
    ContactPlan(contact_plan::ContactPlanArgs),
    /// Begin the assessment and confirm the lane
    #[command(after_help = "Example:\n  flare case assess case_… --lane critical")]
    Assess(taking::AssessArgs),
    /// The persons a case is about: add one, or say how they are now
    #[command(subcommand)]
    Person(facts::PersonCommand),
    /// What the persons of a case lack: add a need
    #[command(subcommand)]
    Need(facts::NeedCommand),
    /// Write a note for staff
    #[command(after_help = "Example:\n  flare case note case_… --text-file note.txt")]
    Note(facts::NoteArgs),
    /// Log a contact that happened outside Flare
    #[command(
        after_help = "Example:\n  flare case contact case_… --channel phone --outbound --not-reached --text-file call.txt"
    )]
    Contact(facts::ContactArgs),
    /// Write to the requester
    #[command(after_help = "Example:\n  flare case reply case_… --text-file words.txt")]
    Reply(saying::ReplyArgs),
    /// Ask the requester something; the case waits for the answer
    #[command(after_help = "Example:\n  flare case ask case_… --text-file question.txt")]
    Ask(saying::AskArgs),
    /// End a need with advice, a letter, an introduction or advocacy
    #[command(after_help = "Example:\n  flare case give case_… need_… --text-file given.txt")]
    Give(outcomes::EndNeedArgs),
    /// Ask for a grant for one or more needs
    #[command(
        after_help = "Example:\n  flare case recommend case_… --need need_… --amount 9400.00 --currency EUR --text-file why.txt \\\n    --relevance 4 --result 3 --fit 3 --quality 3 --added-value 4"
    )]
    Recommend(outcomes::RecommendArgs),
    /// End a need that another organisation already covers
    #[command(after_help = "Example:\n  flare case cover case_… need_… --text-file who.txt")]
    Cover(outcomes::EndNeedArgs),
    /// Hand a need to another organisation, with consent; unanswered for 48 hours it is back in the queue
    #[command(after_help = "Example:\n  flare case refer case_… need_… --consented --text-file to-whom.txt")]
    Refer(outcomes::ReferArgs),
    /// Note what the other organisation answered
    #[command(after_help = "Example:\n  flare case referral-answer case_… referral_… accepted")]
    ReferralAnswer(outcomes::ReferralAnswerArgs),
    /// Decline a need: tells the requester first, in words they can read
    #[command(
        after_help = "Example:\n  flare case decline case_… need_… --reason outside-mandate --text-file words.txt"
    )]
    Decline(outcomes::DeclineArgs),
    /// People who can vouch: name one, or note what came of asking them
    #[command(subcommand)]
    Reference(references::ReferenceCommand),
    /// Withdraw on the requester's behalf; money stops first
    #[command(after_help = "Example:\n  flare case withdraw case_… --reason too-dangerous")]
    Withdraw(stopping::WithdrawArgs),
    /// Pause for safety: nothing goes out and no money moves until it is resumed
    #[command(after_help = "Example:\n  flare case pause case_… --reason not-safe")]
    Pause(stopping::PauseArgs),
    /// Hold for an inquiry: no money moves until it is resumed
    #[command(after_help = "Example:\n  flare case hold case_… --reason inquiry")]
    Hold(stopping::HoldArgs),
    /// End a pause or an inquiry; not by the person who began it, and an inquiry only by a head
    #[command(after_help = "Example:\n  flare case resume case_… --reason safe-again")]
    Resume(stopping::ResumeArgs),
    /// Close a case in which every need has ended
    #[command(after_help = "Example:\n  flare case close case_… --exit helped")]
    Close(stopping::CloseArgs),
    /// Open a closed or withdrawn case again
    #[command(after_help = "Example:\n  flare case reopen case_… --reason new-need")]
    Reopen(stopping::ReopenArgs),
    /// Other cases that share a way to be reached with this one
    #[command(after_help = "Example:\n  flare case matches case_…")]
    Matches(lists::MatchesArgs),
    /// Attach a file, sealed as it goes
    #[command(after_help = "Example:\n  flare case attach case_… letter.pdf --for-requester")]
    Attach(files::AttachArgs),
    /// The files of a case
    #[command(after_help = "Example:\n  flare case files case_…")]
    Files(files::FilesArgs),
    /// Fetch a file of a case and open it
    #[command(after_help = "Example:\n  flare case download case_… file_… --to letter.pdf")]
    Download(files::DownloadArgs),
}

/// Does what a command says.
pub(crate) async fn run(command: CaseCommand, context: &Context) -> Result<(), CliError> {
    match command {
        CaseCommand::Open(args) => opening::open(context, args).await,
        CaseCommand::IssueReceipt(args) => opening::issue_receipt(context, args).await,
        CaseCommand::FreezeReceipt(args) => freezing::freeze_receipt(context, args).await,
        CaseCommand::Answers(args) => answers::answers(context, args).await,
        CaseCommand::AddAnswers(args) => opening::add_answers(context, args).await,
        CaseCommand::Queue(args) => lists::queue(context, args).await,
        CaseCommand::Mine(args) => lists::mine(context, args).await,
        CaseCommand::Show(args) => show::show(context, args).await,
        CaseCommand::Acknowledge(args) => taking::acknowledge(context, args).await,
        CaseCommand::Assign(args) => taking::assign(context, args).await,
        CaseCommand::ContactPlan(args) => contact_plan::contact_plan(context, args).await,
        CaseCommand::Assess(args) => taking::assess(context, args).await,
        CaseCommand::Person(command) => facts::person(context, command).await,
        CaseCommand::Need(command) => facts::need(context, command).await,
        CaseCommand::Note(args) => facts::note(context, args).await,
        CaseCommand::Contact(args) => facts::contact(context, args).await,
        CaseCommand::Reply(args) => saying::reply(context, args).await,
        CaseCommand::Ask(args) => saying::ask(context, args).await,
        CaseCommand::Give(args) => outcomes::give(context, args).await,
        CaseCommand::Recommend(args) => outcomes::recommend(context, args).await,
        CaseCommand::Cover(args) => outcomes::cover(context, args).await,
        CaseCommand::Refer(args) => outcomes::refer(context, args).await,
        CaseCommand::ReferralAnswer(args) => outcomes::answer_referral(context, args).await,
        CaseCommand::Decline(args) => outcomes::decline(context, args).await,
        CaseCommand::Reference(command) => references::run(context, command).await,
        CaseCommand::Withdraw(args) => stopping::withdraw(context, args).await,
        CaseCommand::Pause(args) => stopping::pause(context, args).await,
        CaseCommand::Hold(args) => stopping::hold(context, args).await,
        CaseCommand::Resume(args) => stopping::resume(context, args).await,
        CaseCommand::Close(args) => stopping::close(context, args).await,
        CaseCommand::Reopen(args) => stopping::reopen(context, args).await,
        CaseCommand::Matches(args) => lists::matches(context, args).await,
        CaseCommand::Attach(args) => files::attach(context, args).await,
        CaseCommand::Files(args) => files::files(context, args).await,
        CaseCommand::Download(args) => files::download(context, args).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser, error::ErrorKind};

    use super::*;

    #[derive(Debug, Parser)]
    struct Only {
        #[command(subcommand)]
        command: CaseCommand,
    }

    const CASE: &str = "case_00000000000000000000000000";
    const NEED: &str = "need_00000000000000000000000000";

    fn parse(line: &str) -> Result<CaseCommand, ErrorKind> {
        let line = line.replace("CASE", CASE).replace("NEED", NEED);
        let parsed = Only::try_parse_from(std::iter::once("case").chain(line.split_whitespace()));
        parsed.map(|only| only.command).map_err(|error| error.kind())
    }

    #[test]
    fn the_commands_hold_together() {
        Only::command().debug_assert();
    }

    #[test]
    fn commands_are_read() {
        for line in [
            "open --from signal --form - --receipt-file receipt",
            "queue --limit 20 --page-token abc",
            "queue --group requester",
            "mine --group votes --limit 3",
            "acknowledge CASE --contact-plan-file plan.json --version 3",
            "contact-plan CASE",
            "contact-plan CASE --change --lift-file words",
            "contact-plan CASE --change --replace-closed --version 4",
            "contact-plan CASE --contact-plan-file plan.json --version 4 --lift-file words --replace-closed",
            "assess CASE --lane critical",
            "person add CASE --status unreachable --description-file -",
            "need add CASE continuity --person person_00000000000000000000000000",
            "need reopen CASE NEED --reason helped-otherwise --version 3",
            "contact CASE --channel phone --outbound --not-reached --text-file -",
            "reply CASE --text-file words --anyway --seen 12",
            "freeze-receipt CASE --reason seized",
            "answers CASE",
            "recommend CASE --need NEED --amount 900.00 --currency EUR --text-file -",
            "recommend CASE --need NEED --amount 9400 --currency EUR --relevance 4 --result 0 --fit 3 --quality 2 --added-value 1",
            "referral-answer CASE referral_00000000000000000000000000 refused",
            "decline CASE NEED --reason outside-mandate --text-file words",
            "reference add CASE --from-answers 2",
            "close CASE --exit helped",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
        let Ok(CaseCommand::Acknowledge(args)) = parse("acknowledge CASE --version 3") else {
            panic!("no acknowledge")
        };
        assert_eq!(args.version.seen, Some(3));
    }

    #[test]
    fn what_makes_no_sense_is_refused_before_anything_is_done() {
        for (line, kind) in [
            ("show case_1", ErrorKind::ValueValidation),
            ("show need_00000000000000000000000000", ErrorKind::ValueValidation),
            ("open --from pigeon --form x", ErrorKind::InvalidValue),
            ("queue --limit 0", ErrorKind::ValueValidation),
            ("queue --group nobody", ErrorKind::InvalidValue),
            ("contact-plan CASE --contact-plan-file plan.json", ErrorKind::MissingRequiredArgument),
            (
                "contact-plan CASE --contact-plan-file plan.json --version 4 --change",
                ErrorKind::ArgumentConflict,
            ),
            ("contact-plan CASE --lift-file words", ErrorKind::MissingRequiredArgument),
            ("contact-plan CASE --replace-closed --version 4", ErrorKind::MissingRequiredArgument),
            ("contact CASE --channel phone --inbound --outbound --reached", ErrorKind::ArgumentConflict),
            ("contact CASE --channel phone --inbound", ErrorKind::MissingRequiredArgument),
            (
                "recommend CASE --need NEED --amount 1 --currency EUR --relevance 4",
                ErrorKind::MissingRequiredArgument,
            ),
            (
                "recommend CASE --need NEED --amount 1 --currency EUR --fit 4",
                ErrorKind::MissingRequiredArgument,
            ),
            (
                "recommend CASE --need NEED --amount 1 --currency EUR --relevance 5 --result 0 --fit 3 --quality 2 --added-value 1",
                ErrorKind::ValueValidation,
            ),
            ("reference add CASE --from-answers 1 --description-file x", ErrorKind::ArgumentConflict),
            ("reference add CASE --from-answers 0", ErrorKind::ValueValidation),
            ("decline CASE NEED --text-file x", ErrorKind::MissingRequiredArgument),
            ("need reopen CASE NEED", ErrorKind::MissingRequiredArgument),
            ("need reopen CASE NEED --reason bored", ErrorKind::InvalidValue),
            ("withdraw CASE --reason bored", ErrorKind::InvalidValue),
            ("freeze-receipt CASE", ErrorKind::MissingRequiredArgument),
        ] {
            assert_eq!(parse(line).unwrap_err(), kind, "{line}");
        }
    }
}
