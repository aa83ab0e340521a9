//! How far a file has come, on a terminal.

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Output;

/// A bar on standard error; nothing where nobody looks.
pub(crate) struct FileProgress(ProgressBar);

impl FileProgress {
    /// Begins. `doing` is a word such as "sending".
    pub(crate) fn new(output: Output, doing: &'static str) -> Self {
        // indicatif hides a bar on standard error that is no terminal by itself.
        let target =
            if output.is_json() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target).with_message(doing);
        let style = ProgressStyle::with_template("{msg} [{bar:30}] {bytes}/{total_bytes} ({eta})");
        Self(style.map_or(bar.clone(), |style| bar.with_style(style.progress_chars("=> "))))
    }

    /// Tells how many bytes have gone, and how many there are.
    pub(crate) fn told(&self, done: u64, all: u64) {
        self.0.set_length(all);
        self.0.set_position(done);
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

/// A size as people read it: "1.25 MiB".
pub(crate) fn size(bytes: u64) -> String {
    HumanBytes(bytes).to_string()
}
