//! The portal's disk, where requests wait while the services are away.

use std::{fs, time::Duration};

use super::{Installation, within};

/// How long what waits may take to go once everything is back: what sends it on pauses for up to a minute.
pub(crate) const ON_ITS_WAY: Duration = Duration::from_mins(2);

impl Installation {
    /// The names of what lies in a folder of the role portal's disk.
    pub(crate) fn on_disk(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.spool().join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// How many requests wait.
    pub(crate) fn waiting(&self) -> usize {
        self.on_disk("waiting").len()
    }

    /// Waits until none does.
    pub(crate) fn nothing_waits(&self) {
        within(ON_ITS_WAY, "nothing waits any more", || (self.waiting() == 0).then_some(()));
    }
}
