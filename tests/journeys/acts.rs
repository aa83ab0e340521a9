//! What people do with a case, one act each. Every act is repeated until it is done: another service may not have heard
//! yet of what came before, somebody may have changed the case meanwhile, and in some journeys processes are being killed.

mod case;
mod draft;
mod grant;
mod inbox;
mod payments;

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::harness::{Answer, Desk, answer::exit, token, until};

pub(crate) use case::Case;
pub(crate) use draft::Draft;
pub(crate) use grant::Grant;
pub(crate) use inbox::{asked_of, is_asked};

/// How long an act may take. Long, because processes may be killed and started again meanwhile.
const PATIENCE: Duration = Duration::from_mins(2);

/// Does something until it is done. `done` looks whether it is, when nobody could say so.
pub(crate) fn act(desk: &Desk, args: &[&str], done: impl Fn() -> bool) {
    let id = token();
    let args = [args, &["--request-id", &id]].concat();
    let begun = Instant::now();
    loop {
        let answer = desk.run(&args);
        match answer.code {
            0 => return,
            exit::UNAVAILABLE | exit::STATE | exit::NOT_FOUND if done() => return,
            exit::UNAVAILABLE | exit::STATE | exit::NOT_FOUND => {
                assert!(begun.elapsed() < PATIENCE, "not done within {PATIENCE:?}; at last {answer}");
            }
            _ => panic!("{answer}"),
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Tries something that must be refused for this reason. A try that somebody else's change came before is made again.
pub(crate) fn refused(code: i32, reason: &str, attempt: impl Fn() -> Answer) -> Answer {
    let answer = until("nobody else changes it", || {
        Some(attempt()).filter(|answer| !answer.err.contains("STALE_VERSION"))
    });
    answer.refused_because(code, reason);
    answer
}

/// A text of a document.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// A list of a document.
#[track_caller]
pub(crate) fn list(value: &Value) -> Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}")).clone()
}
