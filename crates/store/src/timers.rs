//! What must happen later.

use std::fmt::Display;

use flare_kernel::Timestamp;

use crate::{Error, Tx, Work, sql};

impl Tx {
    /// Sets the timer of a kind on a history, in place of the one that may be set there already.
    pub async fn set_timer(
        &mut self,
        stream: impl Display,
        kind: &'static str,
        due: Timestamp,
    ) -> Result<(), Error> {
        self.execute(
            sql("INSERT INTO timers (stream, kind, generation, due, attempts) VALUES ($1, $2, 1, $3, 0) \
                 ON CONFLICT (stream, kind) DO UPDATE \
                 SET generation = timers.generation + 1, due = $3, attempts = 0")
            .bind(stream.to_string())
            .bind(kind)
            .bind(due.as_micros()),
        )
        .await?;
        self.hint(Work::Timers);
        Ok(())
    }

    /// Clears a timer; clearing one that is not set changes nothing.
    pub async fn clear_timer(&mut self, stream: impl Display, kind: &'static str) -> Result<(), Error> {
        self.execute(
            sql("DELETE FROM timers WHERE stream = $1 AND kind = $2").bind(stream.to_string()).bind(kind),
        )
        .await
        .map(drop)
    }
}
