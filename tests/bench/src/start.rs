//! How soon the whole system is ready, and what it weighs doing nothing.

use std::time::Duration;

use crate::{Failure, installation::Installation, median, report};

pub(crate) async fn measure() -> Result<(), Failure> {
    let (mut ready, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let installation = Installation::embedded().await?;
        ready.push(installation.ready_after.as_secs_f64());
        // What is measured is a process that has come to rest.
        tokio::time::sleep(Duration::from_secs(3)).await;
        memory.push(installation.memory()?);
        installation.stop(None).await?;
    }
    report("all-in-one: ready after start, median of 5", &format!("{:.2} s", median(ready)), "<= 1 s");
    report("all-in-one: idle memory (VmRSS), median of 5", &format!("{:.1} MB", median(memory)), "<= 60 MB");
    Ok(())
}
