//! `flare demo`: the whole system in a throw-away folder, with sample people and requests at different stages.
//!
//! It is visibly a demo and can never become an installation: its organisation says so, its passphrases are stretched
//! hardly at all, its folder carries a mark that `flare run` refuses, and everything goes when it ends.

mod cases;
mod cast;
mod guide;

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use flare_contracts::Service;
use flare_edge::Lines;
use flare_runtime::{
    Settings, Tasks, Telemetry,
    config::{Sources, is_loopback},
    shutdown,
};
use flare_seal::PassphraseRule;
use tonic::transport::Endpoint;

use crate::run::{DEMO_MARK, Process, RunError};

/// Where a demo answers when nothing else does.
const USUAL: &str = "127.0.0.1:7420";

/// Where its pages are when nothing else is there.
const USUAL_PAGES: &str = "127.0.0.1:7480";

/// `flare demo`
#[derive(Debug, Default, clap::Args)]
pub(crate) struct DemoArgs {
    /// Where it answers, on this machine [usually 127.0.0.1:7420, or a free port when that is taken]
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
}

/// Sets the demo up, says how to go on, and runs until it is interrupted.
pub(crate) async fn run(args: DemoArgs) -> Result<(), RunError> {
    let listen = args.listen.unwrap_or_else(|| free_address(USUAL));
    check_private(&listen)?;
    let closed = fs::Permissions::from_mode(0o700);
    let folder = tempfile::Builder::new().prefix("flare-demo-").permissions(closed).tempdir()?;
    fs::write(
        folder.path().join(DEMO_MARK),
        "Sample people and sample requests. Never use this folder for anything real.\n",
    )?;
    let settings = settings(folder.path(), listen)?;
    settings.check(&Service::ALL)?;
    let tasks = Tasks::new(shutdown::on_signals()?);
    let telemetry = Telemetry::start(&settings.telemetry, &[flare_portal::CODE_SECONDS], &tasks)?;
    let process = Process::start(&settings, &Service::ALL, PassphraseRule::Sandbox, &tasks).await;
    let outcome = match process {
        Ok(process) => {
            let prepared = prepare(&settings, folder.path(), &process).await;
            if prepared.is_err() {
                tasks.token().cancel();
            }
            process.finish(&settings, &tasks).await;
            prepared
        }
        Err(error) => {
            tasks.token().cancel();
            tasks.finish(Duration::from_secs(1)).await;
            Err(error)
        }
    };
    telemetry.finish().await;
    outcome?;
    folder.close()?;
    Ok(())
}

/// A demo takes what it is sent like any other, and forgets it at its end: nobody else may take it for the real one.
fn check_private(listen: &str) -> Result<(), RunError> {
    if is_loopback(listen) {
        return Ok(());
    }
    Err(format!(
        "--listen must stay on this machine, not {listen}: a real request that came to a demo would be lost"
    )
    .into())
}

async fn prepare(settings: &Settings, folder: &Path, process: &Process) -> Result<(), RunError> {
    let address = process.address;
    let lines = Lines::all(&Endpoint::from_shared(format!("http://{address}"))?.connect_lazy());
    let setup_code = fs::read_to_string(settings.setup_code_file())?;
    let cast = cast::assemble(&lines, folder, &setup_code).await?;
    let cases = cases::play(&lines, &cast, folder).await?;
    println!("{}", guide::guide((address, process.pages), folder, &cases));
    Ok(())
}

fn settings(folder: &Path, listen: String) -> Result<Settings, RunError> {
    let sources = Sources::defaults()
        .set("mode.data_dir", folder.display().to_string())
        .set("server.listen", listen)
        .set("portal.listen", free_address(USUAL_PAGES))
        .set("telemetry.filter", "warn")
        // The demo plays everybody from one place within a second or two.
        .set("limits.anonymous_calls_per_minute", "6000")
        .set("limits.receipts_calls_per_minute", "6000")
        .set("limits.one_receipt_calls_per_minute", "6000");
    Ok(Settings::load(&sources)?)
}

/// The usual address, or a free port when that is taken.
fn free_address(usual: &str) -> String {
    match TcpListener::bind(usual) {
        Ok(_) => usual.to_owned(),
        Err(_) => "127.0.0.1:0".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_is_for_this_machine_alone() {
        for here in [USUAL, "127.0.0.1:0", "[::1]:7420", "localhost:7420"] {
            assert!(check_private(here).is_ok(), "{here}");
        }
        for beyond in ["0.0.0.0:7420", "[::]:7420", "192.0.2.1:7420", "help.example.org:7420"] {
            assert!(check_private(beyond).unwrap_err().to_string().contains(beyond), "{beyond}");
        }
    }
}
