//! What the sources of the command line and of the demo may hold.

use std::{fs, path::PathBuf};

/// What a person's device seals, opens, commits to and sends is `flare-edge`'s business: one typed method for each act. Here
/// are arguments, words and tables.
#[test]
fn no_command_seals_anything_or_builds_a_message_of_the_wire() {
    const ABSENT: [&str; 9] = [
        "Compartment",
        "CaseKeys",
        "draw_epoch",
        ".seal(",
        ".seal_committed(",
        "SealedField",
        "KeyEpoch",
        "contracts::fields",
        "commitment:",
    ];
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let mut folders: Vec<_> = ["cli", "demo"].map(|folder| PathBuf::from(source).join(folder)).into();
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("tests") {
                    folders.push(path);
                }
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            for absent in ABSENT {
                assert!(!code.contains(absent), "{} names {absent}", path.display());
            }
            let words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
            let is_message = |word: &&str| word.len() > "Request".len() && word.ends_with("Request");
            // Whether a server is there, anybody may ask it: that is no act.
            let messages: Vec<_> =
                words.filter(is_message).filter(|word| *word != "HealthCheckRequest").collect();
            assert!(messages.is_empty(), "{} names {messages:?}", path.display());
            read += 1;
        }
    }
    assert!(read > 40, "only {read} files were read");
}
