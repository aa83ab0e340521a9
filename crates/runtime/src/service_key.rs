//! The installation's service key: 32 random bytes kept in a file outside the database.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER_PERMISSIVE;
use flare_kernel::RandomError;
use zeroize::Zeroizing;

/// Why there is no service key. Without it nothing may start.
#[derive(Debug, thiserror::Error)]
pub enum ServiceKeyError {
    /// The file could not be read or made.
    #[error("the service key file {path} cannot be used: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("the service key file {0} must hold 64 hexadecimal digits")]
    Malformed(PathBuf),
    /// No key could be made.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Reads the key.
pub fn read_service_key(path: &Path) -> Result<Zeroizing<[u8; 32]>, ServiceKeyError> {
    let text = fs::read_to_string(path).map(Zeroizing::new).map_err(|source| failed(path, source))?;
    let mode = fs::metadata(path).map_err(|source| failed(path, source))?.permissions().mode();
    if mode & 0o077 != 0 {
        // Secrets mounted into containers often look so; whoever runs this should know all the same.
        tracing::warn!(path = %path.display(), "the service key file can be read by others on this machine");
    }
    let malformed = || ServiceKeyError::Malformed(path.to_owned());
    let bytes =
        HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).map(Zeroizing::new).map_err(|_| malformed())?;
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return Err(malformed());
    }
    key.copy_from_slice(&bytes);
    Ok(key)
}

/// Reads the key, or makes it at the first start. Two processes that start at once end with the same key.
pub fn read_or_make_service_key(path: &Path) -> Result<Zeroizing<[u8; 32]>, ServiceKeyError> {
    if !path.exists() {
        let bytes = flare_kernel::random::<32>().map(Zeroizing::new)?;
        let draft = path.with_extension(HEXLOWER_PERMISSIVE.encode(&flare_kernel::random::<8>()?));
        let text = Zeroizing::new(HEXLOWER_PERMISSIVE.encode(&*bytes));
        make(path, &draft, &text).map_err(|source| failed(path, source))?;
    }
    read_service_key(path)
}

/// Puts a whole, synced file at `path`, unless one is there by then.
fn make(path: &Path, draft: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    let linked = writeln!(file, "{text}").and_then(|()| file.sync_all()).and_then(|()| {
        // Unlike a rename, a link never replaces what somebody else has put there.
        match fs::hard_link(draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            result => result,
        }
    });
    fs::remove_file(draft)?;
    linked?;
    File::open(folder)?.sync_all()
}

fn failed(path: &Path, source: io::Error) -> ServiceKeyError {
    ServiceKeyError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_once_for_its_owner_only_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/service.key");
        let made = read_or_make_service_key(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read_or_make_service_key(&path).unwrap(), made);
        assert_eq!(read_service_key(&path).unwrap(), made);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft is left behind");
    }

    #[test]
    fn a_key_put_there_meanwhile_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("service.key");
        for key in ["11", "22"] {
            make(&path, &dir.path().join("draft"), &key.repeat(32)).unwrap();
        }
        assert_eq!(*read_service_key(&path).unwrap(), [0x11; 32]);
    }

    #[test]
    fn anything_else_is_refused_and_not_quoted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("service.key");
        assert!(matches!(read_service_key(&path), Err(ServiceKeyError::File { .. })));
        for text in ["", "hunter2", &"ab".repeat(31), &"ab".repeat(33), &"zz".repeat(32)] {
            fs::write(&path, text).unwrap();
            let error = read_or_make_service_key(&path).unwrap_err();
            assert!(matches!(error, ServiceKeyError::Malformed(_)), "{text:?} gave {error:?}");
            assert!(!error.to_string().contains("hunter2"));
        }
        fs::write(&path, format!("{}\n", "AB".repeat(32))).unwrap();
        assert_eq!(*read_service_key(&path).unwrap(), [0xab; 32]);
    }
}
