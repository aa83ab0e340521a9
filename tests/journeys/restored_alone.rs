//! A service that is restored from a backup alone gives numbers again to other events than the others know. They keep what
//! it tells, say so where people look, and take it once somebody says so.

use std::{fs, path::Path, time::Duration};

use flare_contracts::Service;
use serde_json::json;

use crate::{
    acts::{Case, list, text},
    harness::{Installation, checker, installation::Wish, samples, until},
};

/// How long until everything that happened is handled.
const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn embedded() {
    let installation = Installation::embedded_with(&Wish { figures: true, ..Wish::default() });
    let (process, admin) = (installation.process("all"), &installation.team.admin);
    let database = installation.data().join("intake.db");
    let backup = installation.data().with_file_name("backup.db");
    let while_stopped = |act: &dyn Fn()| {
        process.stop();
        act();
        process.start();
        process.wait_until_it_serves();
    };
    let set_aside = |at: &[&str]| {
        until(&format!("histories are set aside at {at:?}"), || {
            let health = admin.flare(&["health"]);
            (health["health"][0]["set_aside_at"] == json!(at)).then_some(())
        });
    };

    let case = Case::submit(&installation, &samples::sample("raid-en"));
    checker::settled(&installation, PATIENCE);
    while_stopped(&|| copy(&database, &backup));
    let lost = ["threat-ar", "election-en"].map(|form| Case::submit(&installation, &samples::sample(form)));
    write(&case, "We are two now.");
    write(&case, "We are three now.");
    checker::settled(&installation, PATIENCE);
    set_aside(&[]);
    while_stopped(&|| copy(&backup, &database));

    // Of what intake lost nobody hears by an event: it is asked.
    set_aside(&["triage", "grants", "notification"]);
    write(&case, "We are somewhere else.");
    let kept = format!("SELECT seq FROM {{}}inbox WHERE producer = 'intake' AND stream = '{}'", case.id);
    until("what has a used number is kept", || {
        (!checker::rows(&installation, Service::Triage, &kept).is_empty()).then_some(())
    });
    until("the figure counts them", || {
        process.figures().contains("flare_differing_histories{service=\"triage\"} 3\n").then_some(())
    });
    let mut differing = vec![case.id.clone()];
    differing.extend(lost.iter().map(|case| case.id.clone()));
    differing.sort();
    let listed = list(&admin.flare(&["replay", "--consumer", "triage"])["quarantined"]);
    assert_eq!(listed.iter().map(|found| text(&found["stream"])).collect::<Vec<_>>(), differing);
    assert!(listed.iter().all(|found| found["reason"] == "HISTORY_DIFFERS"), "{listed:?}");
    Case::submit(&installation, &samples::sample("raid-en"));

    for consumer in ["triage", "grants", "notification"] {
        let untouched = admin.flare(&["replay", "--consumer", consumer, "--all"]);
        assert_eq!(
            (&untouched["released"], &untouched["left_differing"]),
            (&json!([]), &json!(3)),
            "{consumer}"
        );
        let released =
            list(&admin.flare(&["replay", "--consumer", consumer, "--all", "--differing"])["released"]);
        assert_eq!(released.iter().map(text).collect::<Vec<_>>(), differing, "{consumer}");
    }
    checker::settled(&installation, PATIENCE);
    set_aside(&[]);
    assert!(case.message("text", "somewhere else").is_some());
    for case in &lost {
        assert_ne!(case.receipt_try(&["status"]).code, 0, "what intake lost only a later backup brings back");
    }
}

fn write(case: &Case<'_>, words: &str) {
    let file = case.requester.words(words);
    case.receipt_act(&["write", "--text-file", &file], || case.message("text", words).is_some());
}

/// Copies a database that nobody has open, with whatever lies beside it.
fn copy(from: &Path, to: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let beside = |path: &Path| format!("{}{ending}", path.display());
        let _ = fs::remove_file(beside(to));
        if Path::new(&beside(from)).exists() {
            fs::copy(beside(from), beside(to)).unwrap();
        }
    }
}
