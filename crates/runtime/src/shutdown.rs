//! SIGTERM and SIGINT ask the process to stop; asked a second time, it ends at once.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The exit code of a process that was asked twice, as a shell reports an interrupt.
const ENDED_AT_ONCE: i32 = 130;

/// A token that the first signal cancels. From this call on, signals no longer kill the process by themselves.
pub fn on_signals() -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let asked = token.clone();
    // Not one of `Tasks`: it must outlive them, to end the process when one of them hangs.
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if asked.is_cancelled() {
                tracing::warn!("asked to stop again; ending at once");
                std::process::exit(ENDED_AT_ONCE);
            }
            tracing::info!("asked to stop; finishing the calls that run");
            asked.cancel();
        }
    });
    Ok(token)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader},
        process::{Child, ChildStdout, Command, Stdio},
    };

    use super::*;

    /// Makes this test binary the program below.
    const PROGRAM: &str = "FLARE_TEST_SIGNALS";

    /// The program that the test beneath starts and sends signals to: it says what happens to it, and stops only when
    /// made to.
    #[test]
    fn program() {
        if std::env::var_os(PROGRAM).is_none() {
            return;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let token = on_signals().unwrap();
            println!("\nready");
            token.cancelled().await;
            println!("\nstopping");
            let bound = std::time::Duration::from_secs(20);
            tokio::time::timeout(bound, std::future::pending::<()>()).await.unwrap_err();
        });
    }

    fn start() -> (Child, BufReader<ChildStdout>) {
        let program = std::env::current_exe().unwrap();
        let mut child = Command::new(program)
            .args(["--exact", "shutdown::tests::program", "--nocapture"])
            .env(PROGRAM, "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        (child, lines)
    }

    fn wait_for(lines: &mut BufReader<ChildStdout>, word: &str) {
        let mut line = String::new();
        while lines.read_line(&mut line).unwrap() > 0 {
            if line.trim() == word {
                return;
            }
            line.clear();
        }
        panic!("ended before it said {word}");
    }

    fn send(child: &Child, signal: &str) {
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    }

    #[test]
    fn the_first_signal_asks_and_the_second_ends_at_once() {
        for (first, second) in [("-TERM", "-INT"), ("-INT", "-TERM"), ("-TERM", "-TERM")] {
            let (mut child, mut lines) = start();
            wait_for(&mut lines, "ready");
            send(&child, first);
            wait_for(&mut lines, "stopping");
            send(&child, second);
            assert_eq!(child.wait().unwrap().code(), Some(ENDED_AT_ONCE));
        }
    }
}
