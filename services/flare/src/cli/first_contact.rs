//! Which organisation a device trusts: shown and confirmed, or named, before anything is sealed to it.

use clap::Args;
use flare_contracts::input;
use flare_edge::{KeyBundle, retrying};
use serde_json::{Value, json};

use super::{CliError, Context, output::isolated, prompt};

/// Whom to trust when this device trusts nobody yet.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct FirstContact {
    /// The organisation's fingerprint, as it is published or as a colleague reads it out
    #[arg(long, value_name = "FINGERPRINT")]
    pub(crate) organisation: Option<String>,
    /// Trust whichever organisation answers the first time, without comparing numbers
    #[arg(long, conflicts_with = "organisation")]
    first_contact: bool,
}

/// An organisation that this device trusts, and whether it did before.
pub(crate) struct Trusted {
    pub(crate) bundle: KeyBundle,
    pub(crate) is_new: bool,
}

impl Trusted {
    /// As JSON, to be merged into a command's document.
    pub(crate) fn json(&self) -> Value {
        json!({ "name": self.bundle.name(), "fingerprint": self.bundle.fingerprint(), "is_new": self.is_new })
    }
}

impl Context {
    /// The organisation that answers, if this device trusts it, or comes to: because its fingerprint was named, because
    /// the person confirms the numbers that are shown, or because they said that they compare none. It is trusted from
    /// then on, and another that answers in its place is refused.
    pub(crate) async fn trusted(&self, contact: &FirstContact) -> Result<Trusted, CliError> {
        let known = self.profile.organisation()?;
        let named = contact.organisation.as_deref().map(input::fingerprint);
        let expected = match (&known, &named) {
            (Some(known), Some(named)) if known != named => {
                let rule = format!("must be that of the organisation this device trusts: {known}");
                return Err(CliError::refused("--organisation", rule));
            }
            (known, named) => known.as_ref().or(named.as_ref()),
        };
        let bundle = retrying(|| KeyBundle::fetch(&self.lines, expected.map(String::as_str))).await?;
        let is_new = known.is_none();
        if is_new {
            if named.is_none() && !contact.first_contact {
                self.confirm(&bundle)?;
            }
            self.profile.trust(&bundle.fingerprint())?;
        }
        Ok(Trusted { bundle, is_new })
    }

    fn confirm(&self, bundle: &KeyBundle) -> Result<(), CliError> {
        if !self.can_ask() {
            return Err(CliError::usage(
                "--organisation is needed: this device trusts no organisation yet, and there is nobody to ask; \
                 or --first-contact, to trust whichever answers",
            ));
        }
        self.output.heading("This device trusts no organisation yet. This one answers:");
        show(self, bundle);
        self.output.line("Compare the numbers with those that it publishes, or with a colleague's.");
        if prompt::confirm("Are they the same?", "--organisation")? {
            return Ok(());
        }
        Err(CliError::state("NOT_CONFIRMED", "nothing was sent, and this organisation is not trusted here"))
    }
}

/// Shows whom one writes to.
pub(crate) fn show(context: &Context, bundle: &KeyBundle) {
    context.output.line(format!("  {}", isolated(bundle.name())));
    context.output.line(format!("  {}", context.output.bold(bundle.fingerprint())));
}
