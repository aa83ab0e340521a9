//! The hash chain shows every change but an erasure.

use flare_kernel::{Duration, Lane};
use flare_store::{EventRecord, events_after, verify_chain};
use flare_testkit::{Sandbox, on_both_engines};

use crate::fixtures::log;

/// Something done to a stored history.
type Change = fn(&mut Vec<EventRecord>);

on_both_engines!(a_history_holds_as_it_is_stored, crate::fixtures::SCHEMA);
on_both_engines!(every_change_shows, crate::fixtures::SCHEMA);
on_both_engines!(an_erased_event_can_still_be_verified, crate::fixtures::SCHEMA);

async fn history(sandbox: &Sandbox) -> Vec<EventRecord> {
    for events in [1, 3, 2] {
        log(&sandbox.database, "case_1", events).await;
        sandbox.advance(Duration::from_secs(7));
    }
    log(&sandbox.database, "case_2", 1).await;
    events_after(&sandbox.database, "case_1", 0, 100).await.unwrap()
}

async fn a_history_holds_as_it_is_stored(sandbox: Sandbox) {
    let history = history(&sandbox).await;
    assert_eq!(history.len(), 6);
    assert_eq!(verify_chain(&history), Ok(()));
    assert_eq!(verify_chain(&[]), Ok(()));
    for (one, other) in history.iter().zip(&history[1..]) {
        assert_ne!(one.salt, other.salt);
        assert_ne!(one.digest, other.digest, "the same content never shows as the same");
    }
}

async fn every_change_shows(sandbox: Sandbox) {
    let history = history(&sandbox).await;
    let changes: [(&str, i64, Change); 12] = [
        ("payload", 3, |events| events[2].payload.as_mut().unwrap().push(0)),
        ("actor", 3, |events| events[2].actor = Some("somebody else".into())),
        ("salt", 3, |events| events[2].salt.as_mut().unwrap()[0] ^= 1),
        ("digest", 3, |events| events[2].digest[0] ^= 1),
        ("hash", 3, |events| events[2].hash[0] ^= 1),
        ("instant", 3, |events| events[2].at = events[2].at.plus(Duration::from_micros(1))),
        ("lane", 3, |events| events[2].lane = Lane::Standard),
        ("kind", 3, |events| events[2].kind.push('x')),
        ("id", 3, |events| events[2].event_id.push('x')),
        ("removed", 4, |events| drop(events.remove(2))),
        ("first removed", 2, |events| drop(events.remove(0))),
        ("erased and forged", 3, |events| {
            (events[2].payload, events[2].digest) = (None, vec![0; 32]);
        }),
    ];
    for (what, at, change) in changes {
        let mut forged = history.clone();
        change(&mut forged);
        let found = verify_chain(&forged).map_err(|found| found.seq);
        assert_eq!(found, Err(at), "{what}");
    }
    let mut swapped = history.clone();
    swapped.swap(2, 3);
    assert!(verify_chain(&swapped).is_err());
    let mut renamed = history;
    for event in &mut renamed {
        event.stream = "case_2".into();
    }
    assert_eq!(verify_chain(&renamed).unwrap_err().seq, 1, "a history cannot be passed off as another's");
}

async fn an_erased_event_can_still_be_verified(sandbox: Sandbox) {
    history(&sandbox).await;
    let erase =
        "UPDATE events SET payload = NULL, actor = NULL, salt = NULL WHERE stream = 'case_1' AND seq <= 4";
    let erased =
        crate::fixtures::run(&sandbox.database, move |tx| Box::pin(tx.execute(flare_store::sql(erase))));
    assert_eq!(erased.await.unwrap(), 4);
    let history = events_after(&sandbox.database, "case_1", 0, 100).await.unwrap();
    assert_eq!(history[0].payload, None);
    assert_eq!(verify_chain(&history), Ok(()));
}
