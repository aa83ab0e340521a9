//! `flare login` and `flare logout`: a session on this device.

use std::path::{Path, PathBuf};

use clap::Args;
use flare_edge::{Session, retrying};
use flare_seal::{Passphrase, PassphraseRule};
use serde_json::json;

use super::{
    CliError, Context,
    first_contact::{self, FirstContact},
    prompt, secret_file,
};

/// The fewest characters of a passphrase. It protects whatever the person can open, even from a stolen database.
const SHORTEST: usize = 12;

/// `flare login`
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  flare login mara
  flare login mara --organisation '01234 56789 01234 56789 01234 56789'

The first log-in on a device shows the organisation's fingerprint and asks whether it is a colleague's too. From then on,
a server that shows another is refused.")]
pub(crate) struct LoginArgs {
    /// Your name
    name: String,
    /// A file with your passphrase; without it, you are asked
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    contact: FirstContact,
    /// Accept a passphrase that is barely protected: only for made-up people of a sandbox
    #[arg(long, hide = true)]
    sandbox: bool,
}

/// Begins a session, and keeps it in the profile.
pub(crate) async fn run(args: LoginArgs, context: &Context) -> Result<(), CliError> {
    let trusted = context.trusted(&args.contact).await?;
    let fingerprint = trusted.bundle.fingerprint();
    let passphrase = match args.passphrase_file.as_deref() {
        Some(path) => read_passphrase(path)?,
        None => Passphrase::new(prompt::hidden("Passphrase", "--passphrase-file")?.into_inner()),
    };
    let rule = if args.sandbox { PassphraseRule::Sandbox } else { PassphraseRule::Standard };
    let (session, saved) =
        retrying(|| Session::log_in(&context.lines, &args.name, &passphrase, rule, Some(&fingerprint)))
            .await?;
    context.profile.keep_session(&saved)?;
    let closed: Vec<_> = session.closed_teams().map(|(team, _)| team.to_owned()).collect();
    let document = json!({
        "name": saved.name, "staff_id": saved.staff_id, "organisation_fingerprint": fingerprint,
        "organisation_is_new_here": trusted.is_new,
        "key_fingerprint": session.own_keys().fingerprint(), "certified": session.is_certified(),
        "closed_teams": closed,
    });
    context.output.show(&document, |out| {
        out.line(format!("You are logged in as {} for twelve hours.", saved.name));
        if trusted.is_new {
            out.line("This device trusts this organisation from now on:");
            first_contact::show(context, &trusted.bundle);
        }
        for team in &closed {
            out.line(format!(
                "The key of the team {team} that you were given does not open: ask to be admitted once more."
            ));
        }
        if !session.is_certified() {
            out.line(format!(
                "Nobody vouches for your keys yet. Read these numbers to whoever holds the organisation's key:\n  {}",
                out.bold(session.own_keys().fingerprint())
            ));
        }
    })
}

/// Ends the session, here and at identity.
pub(crate) async fn log_out(context: &Context) -> Result<(), CliError> {
    let saved = context.profile.session()?;
    // Even when the service cannot be reached, nobody shall go on with it from this device.
    let ended = match retrying(|| Session::resume(&context.lines, &saved)).await {
        Ok(session) => retrying(|| session.log_out()).await,
        Err(error) if error.may_pass() => Err(error),
        // It was over already.
        Err(_) => Ok(()),
    };
    context.profile.forget_session()?;
    ended.map_err(|error| {
        CliError::from(error).hint(
            "this device has forgotten the session; at the service it ends by itself within twelve hours",
        )
    })?;
    context.output.show(&json!({ "logged_out": saved.name }), |out| out.line("You are logged out."))
}

/// A new passphrase: from a file, or typed twice.
pub(crate) fn new_passphrase(file: Option<&Path>) -> Result<Passphrase, CliError> {
    let (passphrase, option) = match file {
        Some(path) => (read_passphrase(path)?, "--passphrase-file"),
        None => (typed_twice()?, "passphrase"),
    };
    if passphrase.chars() < SHORTEST {
        return Err(CliError::refused(option, format!("must have at least {SHORTEST} characters")));
    }
    Ok(passphrase)
}

fn typed_twice() -> Result<Passphrase, CliError> {
    let first = prompt::hidden("New passphrase", "--passphrase-file")?;
    let again = prompt::hidden("The same again", "--passphrase-file")?;
    if first.expose() == again.expose() {
        return Ok(Passphrase::new(first.into_inner()));
    }
    Err(CliError::refused("passphrase", "must be typed twice the same"))
}

fn read_passphrase(path: &Path) -> Result<Passphrase, CliError> {
    Ok(Passphrase::new(secret_file::read(path)?.into_inner()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_passphrase_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        std::fs::write(&path, "eleven char\n").unwrap();
        assert!(new_passphrase(Some(&path)).err().unwrap().for_people().contains("at least 12 characters"));
        std::fs::write(&path, "twelve chars\n").unwrap();
        assert_eq!(new_passphrase(Some(&path)).unwrap().chars(), 12);
    }
}
