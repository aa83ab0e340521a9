//! Files that only their owner may read: receipts, one-time codes, keys, sessions.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::{CliError, Output};

/// A new file that only its owner may read, made before the thing is done whose secret it will hold, so that a secret
/// never comes to be with nowhere to keep it. Dropped without its secret, the file goes away again.
pub(crate) struct SecretFile {
    path: PathBuf,
    file: File,
    kept: bool,
}

impl SecretFile {
    /// Makes the file. One that is there already is never replaced: it may be the only copy of a secret.
    pub(crate) fn create(path: &Path) -> Result<Self, CliError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        owner_only(&mut options);
        let file = options.open(path).map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                let rule = "is there already, and a secret is never written over";
                return CliError::refused(path.display().to_string(), rule);
            }
            CliError::file(path, &error)
        })?;
        Ok(Self { path: path.to_owned(), file, kept: false })
    }

    /// Writes the secret to the disk.
    pub(crate) fn keep(&mut self, secret: &str) -> Result<(), CliError> {
        let written = writeln!(self.file, "{secret}").and_then(|()| self.file.sync_all());
        written.map_err(|error| CliError::file(&self.path, &error))?;
        self.kept = true;
        Ok(())
    }

    /// Lets the file go although it holds its secret: what the secret opens did not come to be.
    pub(crate) fn forget(mut self) {
        self.kept = false;
    }
}

impl Drop for SecretFile {
    fn drop(&mut self) {
        if !self.kept {
            // Left behind, it is an empty file or opens nothing.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Where a secret goes: to a file if one is named, else once to the terminal. Neither is a mistake told before anything
/// is done.
pub(crate) fn destination(
    path: Option<&Path>,
    option: &str,
    output: Output,
) -> Result<Option<SecretFile>, CliError> {
    match path {
        Some(path) => SecretFile::create(path).map(Some),
        None if output.is_terminal() => Ok(None),
        None => Err(CliError::usage(format!(
            "{option} is needed: a secret is shown on a terminal only, and here is none"
        ))),
    }
}

/// Writes a file that only its owner may read, in place of the one that may be there: whole, or not at all.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), CliError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    private_folder(folder)?;
    // Created with mode 0600.
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map(drop).map_err(|error| error.error)
    });
    written.map_err(|error| CliError::file(path, &error))
}

/// Reads a secret.
pub(crate) fn read(path: &Path) -> Result<flare_seal::Sensitive<String>, CliError> {
    let text = fs::read_to_string(path).map_err(|error| CliError::file(path, &error))?;
    Ok(flare_seal::Sensitive::new(text))
}

fn private_folder(folder: &Path) -> Result<(), CliError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| CliError::file(folder, &error))
}

#[cfg(unix)]
fn owner_only(options: &mut OpenOptions) {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
}

#[cfg(not(unix))]
fn owner_only(_: &mut OpenOptions) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_written_over_and_an_empty_file_never_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("receipt");
        drop(SecretFile::create(&path).unwrap());
        assert!(!path.exists(), "nothing came of it");
        SecretFile::create(&path).unwrap().keep("first").unwrap();
        let refusal = SecretFile::create(&path).err().unwrap();
        assert!(refusal.for_people().contains("never written over"));
        assert_eq!(read(&path).unwrap().expose(), "first\n");
        assert!(SecretFile::create(&folder.path().join("none/receipt")).is_err());
        let other = folder.path().join("other");
        let mut file = SecretFile::create(&other).unwrap();
        file.keep("second").unwrap();
        file.forget();
        assert!(!other.exists());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let folder = tempfile::tempdir().unwrap();
        let (new, replaced) = (folder.path().join("new"), folder.path().join("profile/session.json"));
        SecretFile::create(&new).unwrap().keep("x").unwrap();
        replace(&replaced, "x").unwrap();
        replace(&replaced, "y").unwrap();
        assert_eq!((mode(&new), mode(&replaced), mode(replaced.parent().unwrap())), (0o600, 0o600, 0o700));
        assert_eq!(read(&replaced).unwrap().expose(), "y");
    }
}
