//! An embedded installation with its people, made once for each build of the binary and copied for each test: stretching
//! passphrases takes most of the time that setting one up takes.

use std::{
    fs::{self, File},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use super::process::FLARE;

/// People's sessions last twelve hours; a template is made anew long before.
const FRESH: Duration = Duration::from_hours(3);

/// Copies the template to `target`, making it first with `make` where there is none. Tests are processes of their own, so
/// they take turns by a lock on a file.
pub(crate) fn copy_to(target: &Path, make: impl FnOnce(&Path)) {
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(&home).unwrap();
    let lock = File::create(home.join("journeys-template.lock")).unwrap();
    lock.lock().unwrap();
    let template = home.join("journeys-template");
    let (ready, built) = (template.join("ready"), build());
    let is_fresh = fs::read_to_string(&ready).is_ok_and(|of| of == built)
        && fs::metadata(&ready)
            .and_then(|file| file.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age < FRESH));
    if !is_fresh {
        let _ = fs::remove_dir_all(&template);
        fs::create_dir_all(&template).unwrap();
        make(&template);
        fs::write(&ready, built).unwrap();
    }
    copy(&template, target);
}

/// What tells one build of the binary from another.
fn build() -> String {
    let binary = fs::metadata(FLARE).unwrap();
    format!("{} {:?}", binary.len(), binary.modified().unwrap())
}

fn copy(from: &Path, to: &Path) {
    // As the data folder has to be: closed to everybody else.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
