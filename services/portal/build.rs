//! Makes one function of each message. A message that a language lacks has none, so that the crate does not compile. Beside
//! them it notes the languages in which no native speaker has read every catalogue.

use std::{collections::BTreeSet, env, fs, io, path::Path, process::ExitCode};

use fluent_typed::{BuildOptions, FtlOutputOptions, LintLevel, build_from_locales_folder};

fn main() -> ExitCode {
    #[allow(clippy::disallowed_methods, reason = "cargo tells a build script its place in no other way")]
    let Ok(out) = env::var("OUT_DIR") else { return ExitCode::FAILURE };
    if note_unread(Path::new(&out)).is_err() {
        return ExitCode::FAILURE;
    }
    build_from_locales_folder(
        BuildOptions::default()
            .with_prefix("")
            .with_output_file_path(&format!("{out}/l10n.rs"))
            .with_ftl_output(FtlOutputOptions::single_file(&format!("{out}/translations.ftl")))
            .with_lint_level(LintLevel::Strict)
            .without_format(),
    )
}

/// What stands at the head of each catalogue, before "yes" or "no".
const UNREAD: &str = "# Not read by a native speaker: ";

fn note_unread(out: &Path) -> io::Result<()> {
    println!("cargo::rerun-if-changed=locales");
    let mut unread = BTreeSet::new();
    for language in fs::read_dir("locales")? {
        let language = language?;
        for catalogue in fs::read_dir(language.path())? {
            let text = fs::read_to_string(catalogue?.path())?;
            let said = text.lines().find_map(|line| line.strip_prefix(UNREAD));
            // A catalogue that says nothing has not been read either.
            if said.is_none_or(|said| !said.starts_with("no")) {
                unread.insert(language.file_name().to_string_lossy().into_owned());
            }
        }
    }
    let doc = "/// The languages of the pages that no native speaker has read, by their codes.";
    let unread: Vec<_> = unread.into_iter().collect();
    let code = format!("{doc}\npub const UNREAD_LANGUAGES: [&str; {}] = {unread:?};\n", unread.len());
    fs::write(out.join("unread.rs"), code)
}
