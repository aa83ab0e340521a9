//! The two secrets that embedded mode makes for itself at its first start: the service key and the setup code.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use flare_kernel::random;
use flare_runtime::{Settings, config::Mode, read_or_make_service_key, read_service_key};
use flare_seal::ServiceKey;
use flare_typed::text::{clean_value, decode};
use sha2::{Digest, Sha256};

use super::RunError;

/// The shortest setup code that is accepted.
const SHORTEST_CODE: usize = 20;

/// The installation's service key; embedded mode makes it when there is none.
pub(crate) fn service_key(settings: &Settings) -> Result<ServiceKey, RunError> {
    let file = settings.service_key_file();
    let bytes = match settings.mode.kind {
        Mode::Embedded => {
            open_data_folder(&settings.mode.data_dir)?;
            read_or_make_service_key(&file)?
        }
        Mode::Distributed => read_service_key(&file)?,
    };
    Ok(ServiceKey::from_bytes(*bytes))
}

/// Makes the folder that holds everything for its owner alone, and refuses one that others may look into: who decides about
/// which case, and when, stands in the databases unsealed.
fn open_data_folder(folder: &Path) -> Result<(), RunError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mode = fs::metadata(folder)?.permissions().mode();
    if mode & 0o077 != 0 {
        let folder = folder.display();
        return Err(format!(
            "mode.data_dir: {folder} can be looked into by others on this machine; close it with: chmod 700 {folder}"
        )
        .into());
    }
    Ok(())
}

/// SHA-256 of the setup code, if there is one; embedded mode makes it when there is none.
pub(crate) fn setup_code_hash(settings: &Settings) -> Result<Option<[u8; 32]>, RunError> {
    let file = settings.setup_code_file();
    if settings.mode.kind == Mode::Embedded && !file.exists() {
        make_setup_code(&file)?;
    }
    if !file.exists() {
        // Not refused: once the organisation is founded the code has done its work, and may be gone.
        let file = file.display();
        tracing::warn!(%file, "there is no setup code (service.setup_code_file): no organisation can be founded here");
        return Ok(None);
    }
    // Read in the same way as the founder's copy (`cli/secret_file.rs`): an editor may have written either.
    let bytes = fs::read(&file)?;
    let code = decode(&bytes).map_err(|rule| format!("{}: {rule}", file.display()))?;
    let code = clean_value(&code);
    if code.len() < SHORTEST_CODE {
        return Err(format!(
            "{}: the setup code must have at least {SHORTEST_CODE} characters",
            file.display()
        )
        .into());
    }
    Ok(Some(Sha256::digest(code.as_bytes()).into()))
}

/// Written whole or not at all: under a name that nobody can have prepared first, then under the real one, unless a code is
/// there by then.
fn make_setup_code(file: &Path) -> Result<(), RunError> {
    let code = data_encoding::BASE32_NOPAD.encode(&random::<20>()?).to_lowercase();
    let draft = file.with_extension(data_encoding::HEXLOWER.encode(&random::<8>()?));
    let mut out = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let linked =
        writeln!(out, "{code}").and_then(|()| out.sync_all()).and_then(|()| fs::hard_link(&draft, file));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_looks_into_the_data_folder() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("deep/flare-data");
        open_data_folder(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        open_data_folder(&folder).unwrap();
        for open in [0o750, 0o701, 0o755] {
            fs::set_permissions(&folder, fs::Permissions::from_mode(open)).unwrap();
            let refused = open_data_folder(&folder).unwrap_err().to_string();
            assert!(refused.contains("chmod 700"), "{open:o}: {refused}");
        }
    }

    #[test]
    fn a_setup_code_is_made_once_for_its_owner_and_follows_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, elsewhere) = (folder.path().join("setup-code"), folder.path().join("elsewhere"));
        fs::write(&elsewhere, "theirs").unwrap();
        std::os::unix::fs::symlink(&elsewhere, file.with_extension("draft")).unwrap();
        make_setup_code(&file).unwrap();
        let code = fs::read_to_string(&file).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "theirs");
        make_setup_code(&file).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), code, "a process that was slower keeps it");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "no draft is left");
    }
}
