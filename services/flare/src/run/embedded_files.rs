//! The two secrets that embedded mode makes for itself at its first start: the service key and the setup code.

use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use flare_kernel::random;
use flare_runtime::{Settings, config::Mode, read_or_make_service_key, read_service_key};
use flare_seal::ServiceKey;
use sha2::{Digest, Sha256};

use super::RunError;

/// The shortest setup code that is accepted.
const SHORTEST_CODE: usize = 20;

/// The installation's service key; embedded mode makes it when there is none.
pub(crate) fn service_key(settings: &Settings) -> Result<ServiceKey, RunError> {
    let file = settings.service_key_file();
    let bytes = match settings.mode.kind {
        Mode::Embedded => {
            fs::create_dir_all(&settings.mode.data_dir)?;
            read_or_make_service_key(&file)?
        }
        Mode::Distributed => read_service_key(&file)?,
    };
    Ok(ServiceKey::from_bytes(*bytes))
}

/// SHA-256 of the setup code, if there is one; embedded mode makes it when there is none.
pub(crate) fn setup_code_hash(settings: &Settings) -> Result<Option<[u8; 32]>, RunError> {
    let file = settings.setup_code_file();
    if settings.mode.kind == Mode::Embedded && !file.exists() {
        make_setup_code(&file)?;
    }
    if !file.exists() {
        return Ok(None);
    }
    let code = fs::read_to_string(&file)?;
    let code = code.trim();
    if code.len() < SHORTEST_CODE {
        return Err(format!(
            "{}: the setup code must have at least {SHORTEST_CODE} characters",
            file.display()
        )
        .into());
    }
    Ok(Some(Sha256::digest(code.as_bytes()).into()))
}

/// Written whole or not at all: a name of its own first, then the real one.
fn make_setup_code(file: &Path) -> Result<(), RunError> {
    let code = data_encoding::BASE32_NOPAD.encode(&random::<20>()?).to_lowercase();
    let draft = file.with_extension("draft");
    let mut out = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    writeln!(out, "{code}")?;
    out.sync_all()?;
    fs::rename(draft, file)?;
    Ok(())
}
