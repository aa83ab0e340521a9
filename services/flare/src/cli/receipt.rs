//! `flare receipt`: what a receipt opens.

mod conversation;
mod files;
mod grants;
mod status;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use flare_edge::{
    receipt::{ReceiptHolder, Status},
    retrying,
};
use flare_seal::{Receipt, ReceiptError};
use serde_json::json;

use super::{CliError, Context, prompt, secret_file};

/// What the holder of a receipt can do.
#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Whether a receipt is written rightly; says which word or group is off. Asks no service
    #[command(after_help = "Examples:\n  flare receipt check\n  flare receipt check receipt")]
    Check(CheckArgs),
    /// Where the request stands, and what happened so far
    #[command(after_help = "Example:\n  flare receipt status --receipt-file receipt")]
    Status(ReceiptSource),
    /// The conversation with staff, oldest first
    #[command(after_help = "Example:\n  flare receipt messages --receipt-file receipt")]
    Messages(ReceiptSource),
    /// Write to staff
    #[command(after_help = "Examples:
  flare receipt write --receipt-file receipt
  flare receipt write --receipt-file receipt --text-file message.txt")]
    Write(conversation::WriteArgs),
    /// Answer a question that staff asked
    #[command(after_help = "Example:\n  flare receipt answer --receipt-file receipt --text-file answer.txt")]
    Answer(conversation::AnswerArgs),
    /// What help is proposed, before it is decided on; say whether it is right
    #[command(after_help = "Examples:
  flare receipt proposal --receipt-file receipt
  flare receipt proposal --receipt-file receipt --right
  flare receipt proposal --receipt-file receipt --wrong --text-file why.txt")]
    Proposal(grants::ProposalArgs),
    /// Agree to the terms under which help is given
    #[command(after_help = "Example:\n  flare receipt agree --receipt-file receipt")]
    Agree(grants::AgreeArgs),
    /// Refuse the terms, or only the money of the donor that they name
    #[command(after_help = "Examples:
  flare receipt refuse --receipt-file receipt
  flare receipt refuse --receipt-file receipt --donor   not this donor's money")]
    Refuse(grants::RefuseArgs),
    /// Say whether money arrived, and how much of it
    #[command(after_help = "Examples:
  flare receipt arrived tranche_… --receipt-file receipt --all
  flare receipt arrived tranche_… --receipt-file receipt --amount 400.00
  flare receipt arrived tranche_… --receipt-file receipt --nothing")]
    Arrived(grants::ArrivedArgs),
    /// Report on the help that was given, in your own words
    #[command(after_help = "Example:\n  flare receipt report --receipt-file receipt --text-file report.txt")]
    Report(grants::ReportArgs),
    /// Withdraw the request: nothing goes out any more, whatever is under way is settled
    #[command(
        after_help = "Example:\n  flare receipt withdraw --receipt-file receipt --reason no-longer-needed"
    )]
    Withdraw(conversation::WithdrawArgs),
    /// Ask for more time, or for another change
    #[command(
        after_help = "Example:\n  flare receipt change --receipt-file receipt --text-file more-time.txt"
    )]
    Change(conversation::ChangeArgs),
    /// Ask that another person looks again at what was declined
    #[command(after_help = "Example:\n  flare receipt review --receipt-file receipt --text-file why.txt")]
    Review(conversation::ReviewArgs),
    /// Others have seen the receipt: end what it opens, for good
    #[command(after_help = "Examples:
  flare receipt freeze --receipt-file receipt
  flare receipt freeze --receipt-file receipt --reason lost

Nobody can read or write with it any more, and you cannot either. No money moves
until staff have reached you in the way you gave them.")]
    Freeze(conversation::FreezeArgs),
    /// Attach a file; it is sealed on this device as it is sent
    #[command(after_help = "Example:\n  flare receipt attach letter.pdf --receipt-file receipt")]
    Attach(files::AttachArgs),
    /// The files of the conversation
    #[command(after_help = "Example:\n  flare receipt files --receipt-file receipt")]
    Files(ReceiptSource),
    /// Fetch a file and open it
    #[command(
        after_help = "Example:\n  flare receipt download file_… --receipt-file receipt --to letter.pdf"
    )]
    Download(files::DownloadArgs),
}

/// Where the receipt is.
#[derive(Args, Debug)]
pub(crate) struct ReceiptSource {
    /// The file with the receipt; without it, you are asked, and what you type is not shown
    #[arg(long, value_name = "FILE")]
    receipt_file: Option<PathBuf>,
}

/// `flare receipt check`
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// The file with the receipt; without it, you are asked, and what you type is not shown
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Does it.
pub(crate) async fn run(command: ReceiptCommand, context: &Context) -> Result<(), CliError> {
    match command {
        ReceiptCommand::Check(args) => check(&args, context),
        ReceiptCommand::Status(source) => status::status(source, context).await,
        ReceiptCommand::Messages(source) => conversation::messages(source, context).await,
        ReceiptCommand::Write(args) => conversation::write(args, context).await,
        ReceiptCommand::Answer(args) => conversation::answer(args, context).await,
        ReceiptCommand::Proposal(args) => grants::proposal(args, context).await,
        ReceiptCommand::Agree(args) => grants::agree(args, context).await,
        ReceiptCommand::Refuse(args) => grants::refuse(args, context).await,
        ReceiptCommand::Arrived(args) => grants::arrived(args, context).await,
        ReceiptCommand::Report(args) => grants::report(args, context).await,
        ReceiptCommand::Withdraw(args) => conversation::withdraw(args, context).await,
        ReceiptCommand::Change(args) => conversation::change(args, context).await,
        ReceiptCommand::Review(args) => conversation::review(args, context).await,
        ReceiptCommand::Freeze(args) => conversation::freeze(args, context).await,
        ReceiptCommand::Attach(args) => files::attach(args, context).await,
        ReceiptCommand::Files(source) => files::list(source, context).await,
        ReceiptCommand::Download(args) => files::download_file(args, context).await,
    }
}

fn check(args: &CheckArgs, context: &Context) -> Result<(), CliError> {
    receipt(args.file.as_deref())?;
    context.output.show(&json!({ "well_written": true }), |out| {
        out.line(
            "This is written like a receipt should be. Whether a request goes with it: flare receipt status",
        );
    })
}

fn receipt(file: Option<&Path>) -> Result<Receipt, CliError> {
    if let Some(path) = file {
        return read(path);
    }
    let typed = prompt::hidden("Your receipt (ten words, or eight groups of digits)", "--receipt-file")?;
    Receipt::parse(typed.expose()).map_err(CliError::from)
}

/// Reads a receipt from its file.
pub(crate) fn read(path: &Path) -> Result<Receipt, CliError> {
    let text = secret_file::read(path)?;
    Receipt::parse(text.expose()).map_err(CliError::from)
}

impl ReceiptSource {
    /// Goes to what the receipt opens. It is asked where that is: a receipt that was issued later belongs to a case
    /// that was there before.
    pub(crate) async fn open(&self, context: &Context) -> Result<ReceiptHolder, CliError> {
        Ok(self.open_with_status(context).await?.0)
    }

    /// The same, of a receipt that may be frozen. Then only intake knows whether it was issued later, and it need not
    /// be known: freezing it again is no act.
    async fn frozen_or_not(&self, context: &Context) -> Result<ReceiptHolder, CliError> {
        let receipt = receipt(self.receipt_file.as_deref())?;
        Ok(retrying(|| ReceiptHolder::find_even_frozen(&context.lines, &receipt)).await?)
    }

    /// The same, and where the case stands.
    async fn open_with_status(&self, context: &Context) -> Result<(ReceiptHolder, Status), CliError> {
        let receipt = receipt(self.receipt_file.as_deref())?;
        let (holder, status) = retrying(|| ReceiptHolder::find(&context.lines, &receipt)).await?;
        Ok((holder.trusting(context.profile.organisation()?), status))
    }
}

/// The one that is meant: by its id, or because there is no other.
fn the_one<'a, T>(
    all: &'a [T],
    id_of: impl Fn(&T) -> &str,
    named: Option<&str>,
    what: &str,
) -> Result<&'a T, CliError> {
    let Some(named) = named else {
        return match all {
            [one] => Ok(one),
            [] => Err(CliError::not_found(what)),
            [..] => {
                let ids: Vec<_> = all.iter().map(id_of).collect();
                Err(CliError::usage(format!("there are several; name the {what}: {}", ids.join(", "))))
            }
        };
    };
    all.iter().find(|one| id_of(one) == named).ok_or_else(|| CliError::not_found(what))
}

/// Asks before something that cannot be undone.
fn confirmed(yes: bool, question: &str) -> Result<(), CliError> {
    if yes || prompt::confirm(question, "--yes")? {
        return Ok(());
    }
    Err(CliError::state("NOT_CONFIRMED", "nothing was done"))
}

impl From<ReceiptError> for CliError {
    fn from(error: ReceiptError) -> Self {
        let refusal = Self::mistyped(error.to_string());
        match error {
            ReceiptError::UnknownWord { nearest: Some(word), .. } => {
                refusal.hint(format!("did you mean \"{word}\"?"))
            }
            ReceiptError::UnknownWord { nearest: None, .. }
            | ReceiptError::Empty
            | ReceiptError::TooLong
            | ReceiptError::Mixed
            | ReceiptError::Count { .. }
            | ReceiptError::Checksum
            | ReceiptError::GroupLength { .. }
            | ReceiptError::GroupCheck { .. }
            | ReceiptError::GroupRange { .. } => refusal,
        }
    }
}

/// How the case is called on screens that others may see.
fn name_of(status: &Status) -> &str {
    if status.codename.is_empty() { "your request" } else { &status.codename }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Exit;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("receipt");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn a_mistyped_receipt_is_told_which_group_is_off() {
        let drawn = Receipt::from_bytes([7; 15]);
        let digits = drawn.digits().into_inner();
        let (_folder, path) = file(&digits);
        assert_eq!(read(&path).unwrap().expose(), drawn.expose());
        let mut groups: Vec<_> = digits.split(' ').map(ToOwned::to_owned).collect();
        let last = groups[2].pop().unwrap();
        groups[2].push(if last == '9' { '0' } else { char::from(last as u8 + 1) });
        let (_folder, path) = file(&groups.join(" "));
        let refusal = read(&path).err().unwrap();
        assert_eq!(refusal.exit, Exit::Refused);
        assert!(refusal.for_people().contains("group 3"), "{}", refusal.for_people());
    }

    #[test]
    fn a_receipt_is_read_as_whichever_editor_kept_it() {
        let drawn = Receipt::from_bytes([7; 15]);
        let (_folder, path) = file("");
        let text = format!("\u{feff}{}\r\n", drawn.words().expose());
        std::fs::write(&path, text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()).unwrap();
        assert_eq!(read(&path).unwrap().expose(), drawn.expose());
    }

    #[test]
    fn a_misspelt_word_is_told_with_the_nearest() {
        let mut words = Receipt::from_bytes([7; 15]).words().into_inner();
        let meant = words.split(' ').next().unwrap().to_owned();
        words.insert(meant.len(), 'q');
        let (_folder, path) = file(&words);
        let refusal = read(&path).err().unwrap().for_people();
        assert!(
            refusal.contains("word 1") && refusal.contains(&format!("did you mean \"{meant}\"")),
            "{refusal}"
        );
    }

    #[test]
    fn one_of_several_must_be_named_and_one_alone_need_not() {
        fn id<'a>(text: &'a &str) -> &'a str {
            text
        }
        assert_eq!(the_one(&["a"], |text| id(text), None, "grant").unwrap(), &"a");
        assert_eq!(the_one(&["a", "b"], |text| id(text), Some("b"), "grant").unwrap(), &"b");
        let several = the_one(&["a", "b"], |text| id(text), None, "grant").unwrap_err();
        assert!(several.for_people().contains("a, b"));
        assert_eq!(the_one(&["a"], |text| id(text), Some("b"), "grant").unwrap_err().exit, Exit::NotFound);
        assert_eq!(the_one::<&str>(&[], |text| id(text), None, "grant").unwrap_err().exit, Exit::NotFound);
    }
}
