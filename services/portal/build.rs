//! Makes one function of each message. A message that a language lacks has none, so that the crate does not compile.

use std::{env, process::ExitCode};

use fluent_typed::{BuildOptions, FtlOutputOptions, LintLevel, build_from_locales_folder};

fn main() -> ExitCode {
    #[allow(clippy::disallowed_methods, reason = "cargo tells a build script its place in no other way")]
    let Ok(out) = env::var("OUT_DIR") else { return ExitCode::FAILURE };
    build_from_locales_folder(
        BuildOptions::default()
            .with_prefix("")
            .with_output_file_path(&format!("{out}/l10n.rs"))
            .with_ftl_output(FtlOutputOptions::single_file(&format!("{out}/translations.ftl")))
            .with_lint_level(LintLevel::Strict)
            .without_format(),
    )
}
