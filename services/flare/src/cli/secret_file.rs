//! Files that only their owner may read: receipts, one-time codes, keys, sessions.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use flare_seal::Sensitive;
use flare_typed::text::decode;
use tempfile::NamedTempFile;

use super::{CliError, Output};

/// A file that holds a secret and that only its owner may read. It is on the disk, whole, before the call is made that
/// gives the secret its meaning: whatever is lost after that, the answer or the power, the secret is not.
#[derive(Debug)]
pub(crate) struct SecretFile {
    path: PathBuf,
    is_new: bool,
}

impl SecretFile {
    /// Keeps a secret in a new file. One that is there already is never replaced: it may be the only copy of a secret.
    pub(crate) fn keep(path: &Path, secret: &str) -> Result<Self, CliError> {
        let kept = private_copy(path, &format!("{secret}\n"))
            .and_then(|file| file.persist_noclobber(path).map(drop).map_err(|error| error.error))
            .and_then(|()| settle(path));
        match kept {
            Ok(()) => Ok(Self { path: path.to_owned(), is_new: true }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(is_there(path)),
            Err(error) => Err(CliError::file(path, &error)),
        }
    }

    /// The same; a file that holds this very secret from an earlier try is as good.
    pub(crate) fn keep_again(path: &Path, secret: &str) -> Result<Self, CliError> {
        match read(path) {
            Ok(earlier) if earlier.expose().trim_end() == secret => {
                Ok(Self { path: path.to_owned(), is_new: false })
            }
            Ok(_) => Err(is_there(path)),
            Err(_) => Self::keep(path, secret),
        }
    }

    /// Lets the file go, if it is this try's: what its secret opens did not come to be.
    pub(crate) fn forget(self) {
        if self.is_new {
            // Left behind, it opens nothing.
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Lets the file of a refused call go. When nobody knows whether the call was carried out, the file stays, and
    /// `how` says how to go on with it.
    pub(crate) fn forget_if_refused(kept: Option<Self>, error: CliError, how: &str) -> CliError {
        if error.may_have_been_done() {
            return error.hint(how);
        }
        if let Some(file) = kept {
            file.forget();
        }
        error
    }
}

fn is_there(path: &Path) -> CliError {
    CliError::refused(path.display().to_string(), "is there already, and a secret is never written over")
}

/// Checks, before anything is drawn or asked, that a secret has somewhere to go: to a file if one is named, else once to
/// the terminal.
pub(crate) fn check_destination(path: Option<&Path>, option: &str, output: Output) -> Result<(), CliError> {
    if path.is_some() || output.is_terminal() {
        return Ok(());
    }
    Err(CliError::usage(format!(
        "{option} is needed: a secret is shown on a terminal only, and here is none"
    )))
}

/// Writes a file that only its owner may read, in place of the one that may be there: whole, or not at all.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), CliError> {
    private_folder(folder_of(path))?;
    let written = private_copy(path, text)
        .and_then(|file| file.persist(path).map(drop).map_err(|error| error.error))
        .and_then(|()| settle(path));
    written.map_err(|error| CliError::file(path, &error))
}

/// A text on the disk beside `path`, still without a name of its own.
fn private_copy(path: &Path, text: &str) -> io::Result<NamedTempFile> {
    // Created with mode 0600.
    let mut file = NamedTempFile::new_in(folder_of(path))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Brings the file's name to the disk too.
#[cfg(unix)]
fn settle(path: &Path) -> io::Result<()> {
    fs::File::open(folder_of(path))?.sync_all()
}

#[cfg(not(unix))]
fn settle(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Reads a secret. Whoever was given it may have kept it with an editor that writes UTF-16, or a mark before the text.
pub(crate) fn read(path: &Path) -> Result<Sensitive<String>, CliError> {
    let bytes = Sensitive::new(fs::read(path).map_err(|error| CliError::file(path, &error))?);
    let text = decode(bytes.expose());
    let text = text.map_err(|rule| CliError::refused(path.display().to_string(), rule.to_string()))?;
    Ok(Sensitive::new(text.into_owned()))
}

fn private_folder(folder: &Path) -> Result<(), CliError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| CliError::file(folder, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_whole_or_not_there_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("receipt");
        SecretFile::keep(&path, "first").unwrap();
        for refused in [SecretFile::keep(&path, "second"), SecretFile::keep_again(&path, "second")] {
            assert!(refused.unwrap_err().for_people().contains("never written over"));
        }
        assert_eq!(read(&path).unwrap().expose(), "first\n");
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|name| name.unwrap().path()).collect();
        assert_eq!(names, std::slice::from_ref(&path), "no copy is left beside it");
        SecretFile::keep_again(&path, "first").unwrap().forget();
        assert!(path.exists(), "an earlier try's file is not this one's to remove");
        assert!(SecretFile::keep(&folder.path().join("none/receipt"), "x").is_err());
        // A name without a folder is one in the folder at hand.
        assert_eq!(folder_of(Path::new("receipt")), Path::new("."));
    }

    #[test]
    fn a_secret_is_read_as_whichever_editor_kept_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("code");
        let utf16 =
            |unit: fn(u16) -> [u8; 2]| "\u{feff}abc\n".encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        let kept: [Vec<u8>; 4] = [
            b"abc\n".to_vec(),
            b"\xef\xbb\xbfabc\n".to_vec(),
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
        ];
        for bytes in kept {
            fs::write(&path, &bytes).unwrap();
            assert_eq!(read(&path).unwrap().expose(), "abc\n", "{bytes:?}");
            assert!(!SecretFile::keep_again(&path, "abc").unwrap().is_new, "{bytes:?}");
        }
        fs::write(&path, b"caf\xe9").unwrap();
        let refused = read(&path).err().unwrap().for_people();
        assert!(refused.contains("code must be text in UTF-8"), "{refused}");
    }

    #[test]
    fn a_file_goes_when_its_call_was_refused_and_stays_when_nobody_knows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("code");
        let lost = || CliError::from(tonic::Status::unavailable("away"));
        let kept = SecretFile::keep(&path, "x").unwrap();
        let error = SecretFile::forget_if_refused(Some(kept), lost(), "look again");
        assert!(path.exists() && error.for_people().contains("look again"));
        let kept = SecretFile { path: path.clone(), is_new: true };
        let error = SecretFile::forget_if_refused(Some(kept), CliError::not_found("case"), "look again");
        assert!(!path.exists() && !error.for_people().contains("look again"));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let folder = tempfile::tempdir().unwrap();
        let (new, replaced) = (folder.path().join("new"), folder.path().join("profile/session.json"));
        SecretFile::keep(&new, "x").unwrap();
        replace(&replaced, "x").unwrap();
        replace(&replaced, "y").unwrap();
        assert_eq!((mode(&new), mode(&replaced), mode(replaced.parent().unwrap())), (0o600, 0o600, 0o700));
        assert_eq!(read(&replaced).unwrap().expose(), "y");
    }
}
