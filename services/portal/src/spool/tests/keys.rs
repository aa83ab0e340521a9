//! The keys that lie here for when identity is away.

use flare_seal::PortalKey;

use super::*;

#[tokio::test]
async fn keys_that_stay_the_same_wait_for_no_disk_and_older_ones_are_not_used() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let (spool, room) = room(folder.path(), &services);
    room.fetch_keys().await.unwrap();
    let (locked, is_locked) = tokio::sync::oneshot::channel();
    let (let_go, until) = std::sync::mpsc::channel::<()>();
    let writer = Arc::clone(&spool.0);
    let thread = std::thread::spawn(move || {
        let _writing = writer.writing();
        locked.send(()).unwrap();
        until.recv().unwrap();
    });
    is_locked.await.unwrap();
    let generation = |bundle: KeyBundle| bundle.team(Team::Triage).unwrap().generation;
    assert_eq!(generation(room.fetch_keys().await.unwrap()), 1, "while somebody else writes");
    let_go.send(()).unwrap();
    thread.join().unwrap();
    room.keep_keys(bundle(2)).unwrap();
    assert_eq!(generation(room.fetch_keys().await.unwrap()), 2, "identity was set back");
}

#[tokio::test]
async fn keys_are_never_replaced_by_older_ones_and_are_verified_when_read() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let (_, before) = room(folder.path(), &services);
    before.keep_keys(bundle(2)).unwrap();
    before.keep_keys(bundle(1)).unwrap();
    let (_, after) = room(folder.path(), &services);
    after.keep_keys(bundle(1)).unwrap();
    let generation =
        |room: &WaitingRoom| room.kept_keys().map(|bundle| bundle.team(Team::Triage).unwrap().generation);
    assert_eq!(generation(&after), Some(2));
    let file = folder.path().join("keys");
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    let (_, spoilt) = room(folder.path(), &services);
    assert_eq!(generation(&spoilt), None);
    spoilt.fetch_keys().await.unwrap();
    let (_, mended) = room(folder.path(), &services);
    assert_eq!(generation(&mended), Some(1));
    let of = |organisation: String| {
        let (keys, clock) = (Arc::new(keys()), Arc::new(Fixed));
        let spool = Spool::open(folder.path(), ROOMY).unwrap();
        WaitingRoom::new(&spool, keys, services.lines(), clock, Some(organisation))
    };
    assert_eq!(generation(&of(bundle(1).fingerprint())), Some(1));
    let stranger = of("another".to_owned());
    assert!(
        stranger.fetch_keys().await.is_err() && generation(&stranger).is_none(),
        "of whom we do not trust"
    );
}

#[tokio::test]
async fn what_no_key_opens_stays_and_keeps_no_other_from_going() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let key = |byte| PortalKey::from_bytes([byte; 32]);
    let (_, lost) = room_with(folder.path(), &services, PortalKeys::new(key(9), Vec::new()));
    let (_, old) = room_with(folder.path(), &services, PortalKeys::new(key(8), Vec::new()));
    let new = PortalKeys::new(key(7), vec![key(8)]);
    lost.keep(&request(1, 1), ids(1, 1)).await.unwrap();
    old.keep(&request(2, 1), ids(2, 1)).await.unwrap();
    let (spool, room) = room_with(folder.path(), &services, new);
    assert_eq!(room.pass().await.unwrap(), Pass::Done);
    let figures = spool.figures();
    assert_eq!((figures.waiting, figures.unreadable, figures.refused), (1, 1, 0));
    assert_eq!(services.cases().len(), 1);
    // An entry under another entry's name opens no more.
    old.keep(&request(3, 1), ids(3, 1)).await.unwrap();
    let name = Name { at: Fixed.now(), form: [3; 16], words: [1; 16] };
    let other = Name { form: [4; 16], ..name };
    let waiting = folder.path().join("waiting");
    fs::rename(waiting.join(name.to_text()), waiting.join(other.to_text())).unwrap();
    assert_eq!(room.pass().await.unwrap(), Pass::Done);
    assert_eq!((spool.figures().unreadable, services.cases().len()), (2, 1));
}
