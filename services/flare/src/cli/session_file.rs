//! The profile: the folder in which this device keeps one person's session and the organisation it trusts.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use flare_edge::SavedSession;

use super::{CliError, secret_file};

/// One person's folder on this device.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    folder: PathBuf,
}

impl Profile {
    /// The folder that was named, or the usual one of this machine's user.
    pub(crate) fn new(named: Option<PathBuf>) -> Result<Self, CliError> {
        let usual = || {
            variable("FLARE_PROFILE")
                .or_else(|| variable("XDG_CONFIG_HOME").map(|folder| folder.join("flare")))
                .or_else(|| variable("HOME").map(|folder| folder.join(".config/flare")))
        };
        let folder = named.or_else(usual);
        folder.map(|folder| Self { folder }).ok_or_else(|| {
            CliError::usage("--profile is needed: HOME is not set, so there is no usual place")
        })
    }

    fn session_path(&self) -> PathBuf {
        self.folder.join("session.json")
    }

    fn organisation_path(&self) -> PathBuf {
        self.folder.join("organisation")
    }

    /// The session that was begun here.
    pub(crate) fn session(&self) -> Result<SavedSession, CliError> {
        let Some(text) = read_if_there(&self.session_path())? else { return Err(CliError::not_logged_in()) };
        serde_json::from_str(&text).map_err(|_| {
            CliError::not_logged_in()
                .hint("the saved session cannot be read; log in again with: flare login NAME")
        })
    }

    /// Keeps a session, in place of the one before.
    pub(crate) fn keep_session(&self, session: &SavedSession) -> Result<(), CliError> {
        let text = serde_json::to_string(session).map_err(|error| CliError::unexpected(error.to_string()))?;
        secret_file::replace(&self.session_path(), &text)
    }

    /// Forgets the session.
    pub(crate) fn forget_session(&self) -> Result<(), CliError> {
        let path = self.session_path();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(CliError::file(&path, &error)),
            _ => Ok(()),
        }
    }

    /// The fingerprint of the organisation that this device trusts.
    pub(crate) fn organisation(&self) -> Result<Option<String>, CliError> {
        Ok(read_if_there(&self.organisation_path())?.map(|text| text.trim().to_owned()))
    }

    /// Trusts an organisation from now on.
    pub(crate) fn trust(&self, fingerprint: &str) -> Result<(), CliError> {
        secret_file::replace(&self.organisation_path(), &format!("{fingerprint}\n"))
    }
}

fn variable(name: &str) -> Option<PathBuf> {
    // Where a person's files are is no setting of Flare: `flare_runtime::config` knows nothing of it.
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn read_if_there(path: &Path) -> Result<Option<String>, CliError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CliError::file(path, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Exit;

    #[test]
    fn a_profile_keeps_what_it_is_given_and_forgets_the_session_only() {
        let folder = tempfile::tempdir().unwrap();
        let profile = Profile::new(Some(folder.path().join("someone"))).unwrap();
        assert_eq!(profile.session().unwrap_err().exit, Exit::NotAllowed);
        assert_eq!(profile.organisation().unwrap(), None);
        profile.trust("01234 56789").unwrap();
        let saved: SavedSession = serde_json::from_value(serde_json::json!({
            "name": "mara", "staff_id": "staff_x", "organisation": "01234 56789", "session": "00", "sealed_seed": "00",
        }))
        .unwrap();
        profile.keep_session(&saved).unwrap();
        assert_eq!(profile.session().unwrap(), saved);
        profile.forget_session().unwrap();
        profile.forget_session().unwrap();
        assert_eq!(profile.session().unwrap_err().exit, Exit::NotAllowed);
        assert_eq!(profile.organisation().unwrap().unwrap(), "01234 56789");
    }

    #[test]
    fn a_broken_session_file_is_told_and_not_guessed_at() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("session.json"), "{").unwrap();
        let profile = Profile::new(Some(folder.path().to_owned())).unwrap();
        assert!(profile.session().unwrap_err().for_people().contains("cannot be read"));
    }
}
