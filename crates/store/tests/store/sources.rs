//! What must not stand in any statement.

use std::path::{Path, PathBuf};

/// PostgreSQL takes a lock of the whole database at the commit of whoever notifies: writers of all services would stand
/// in one line. Workers poll, and are woken within a process.
#[test]
fn nobody_notifies_through_the_database() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for folder in ["crates", "services"] {
        collect(&root.join(folder), &mut files);
    }
    assert!(files.len() > 200, "the sources are where they are looked for");
    // Put together, so that this file does not find itself.
    let banned = [["NOTI", "FY "], ["pg_", "notify"], ["Pg", "Listener"]].map(|parts| parts.concat());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let found = banned.iter().find(|word| text.contains(word.as_str()));
        assert!(found.is_none(), "{} says {found:?}", file.display());
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "sql") {
            files.push(path);
        }
    }
}
