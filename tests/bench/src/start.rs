//! How soon the whole system is ready, and what it weighs doing nothing; and what the pages weigh in a process of their own.

use std::time::Duration;

use flare_contracts::common::v1::Role;
use flare_edge::Team;

use crate::{
    Failure,
    installation::{Installation, Servers},
    median, people, report,
};

/// How long a process is left alone until it has come to rest.
const REST: Duration = Duration::from_secs(3);
/// How often each is started.
const TIMES: usize = 5;

const OFFICER: (&str, &[Role], &[Team]) = ("officer", &[Role::Officer], &[Team::Triage]);

pub(crate) async fn measure() -> Result<(), Failure> {
    let (mut ready, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        let installation = Installation::embedded().await?;
        ready.push(installation.ready_after.as_secs_f64());
        tokio::time::sleep(REST).await;
        memory.push(installation.memory()?);
        installation.stop(None).await?;
    }
    report("all-in-one: ready after start, median of 5", &format!("{:.2} s", median(ready)), "<= 1 s");
    report("all-in-one: idle memory (VmRSS), median of 5", &format!("{:.1} MB", median(memory)), "<= 60 MB");
    portal_alone().await
}

/// The role portal has its own process; what it calls is there and answers.
async fn portal_alone() -> Result<(), Failure> {
    let servers = Servers::from_environment()?;
    let installation = Installation::distributed(&servers).await?;
    let sessions = people::bring_in(&installation, &[OFFICER]).await?;
    let organisation = sessions.first().ok_or("no officer")?.bundle().fingerprint();
    let mut memory = Vec::new();
    for _ in 0..TIMES {
        let portal = installation.portal(&organisation).await?;
        tokio::time::sleep(REST).await;
        memory.push(portal.memory()?);
    }
    report("role portal: idle memory (VmRSS), median of 5", &format!("{:.1} MB", median(memory)), "<= 48 MB");
    installation.stop(Some(&servers)).await
}
