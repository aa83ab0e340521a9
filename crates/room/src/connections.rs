//! Connections that are counted. A newcomer who finds no room gets that of the idlest.

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use flare_access::Place;
use tokio_util::sync::CancellationToken;

use crate::slots::share;

/// While those that have not called yet hold more than this part of the room, they are the idlest. Below it the silent
/// ones that have called are, or else idle callers would drive out whoever is still in the handshake.
const NEWCOMERS: usize = 4;

/// Room for so many connections, shared out by place.
#[derive(Clone)]
pub struct Connections(Arc<Shared>);

struct Shared {
    most: usize,
    standing: Mutex<Standing>,
}

#[derive(Default)]
struct Standing {
    /// Grows with whatever happens, and so tells what was earlier.
    moment: u64,
    by_id: HashMap<u64, Entry>,
}

struct Entry {
    place: Option<Vec<u8>>,
    called: bool,
    calls: usize,
    silent_since: u64,
    closing: CancellationToken,
}

impl Connections {
    /// Room for so many.
    pub fn new(most: u32) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Self(Arc::new(Shared { most, standing: Mutex::default() }))
    }

    /// Room for a connection from this place, if need be that of an idler one; a trusted proxy has no place. None when every
    /// connection that would have to be closed has a call in flight.
    pub fn take(&self, from: Option<&Place>) -> Option<Room> {
        let place = from.map(|place| place.neighbourhood().to_vec());
        let (most, share) = (self.0.most, share(self.0.most));
        let mut standing = self.0.standing();
        let free = most.saturating_sub(standing.by_id.len());
        let held = standing.by_id.values().filter(|entry| place.is_some() && entry.place == place).count();
        let idlest = if free < most / 2 && held >= share {
            Some(standing.idlest(share, share, |entry| entry.place == place)?)
        } else if free == 0 {
            Some(standing.idlest(most, share, |_| true)?)
        } else {
            None
        };
        if let Some(closed) = idlest.and_then(|id| standing.by_id.remove(&id)) {
            closed.closing.cancel();
        }
        let id = standing.next();
        let closing = CancellationToken::new();
        let entry = Entry { place, called: false, calls: 0, silent_since: id, closing: closing.clone() };
        standing.by_id.insert(id, entry);
        drop(standing);
        Some(Room { seat: Seat { id, connections: self.clone() }, closing })
    }
}

impl Shared {
    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standing {
    fn next(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }

    /// Which of these goes first, none of them having a call in flight: of the kind that has to be closed, one of the
    /// place that is furthest above its share, and there the one that has been silent longest.
    fn idlest(&self, room: usize, share: usize, among: impl Fn(&Entry) -> bool) -> Option<u64> {
        let mut held: HashMap<&[u8], usize> = HashMap::new();
        for place in self.by_id.values().filter_map(|entry| entry.place.as_deref()) {
            *held.entry(place).or_default() += 1;
        }
        let above = |entry: &Entry| {
            let held = entry.place.as_deref().and_then(|place| held.get(place)).copied().unwrap_or(0);
            held.saturating_sub(share)
        };
        let among = || self.by_id.iter().filter(|(_, entry)| among(entry));
        let newcomers_first = among().filter(|(_, entry)| !entry.called).count() > room / NEWCOMERS;
        among()
            .filter(|(_, entry)| entry.calls == 0)
            .min_by_key(|(_, entry)| {
                (entry.called == newcomers_first, Reverse(above(entry)), entry.silent_since)
            })
            .map(|(id, _)| *id)
    }
}

/// A connection's room, until it is dropped or somebody else gets it.
pub struct Room {
    seat: Seat,
    closing: CancellationToken,
}

impl Room {
    /// What calls on the connection know of it.
    pub fn seat(&self) -> Seat {
        self.seat.clone()
    }

    /// Cancelled when the room goes to another connection: this one must be closed.
    pub fn closing(&self) -> &CancellationToken {
        &self.closing
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.seat.connections.0.standing().by_id.remove(&self.seat.id);
    }
}

/// The part of a room that calls on the connection hold on to.
#[derive(Clone)]
pub struct Seat {
    id: u64,
    connections: Connections,
}

impl Seat {
    /// A first call has come, whatever becomes of it.
    pub fn called(&self) {
        if let Some(entry) = self.connections.0.standing().by_id.get_mut(&self.id) {
            entry.called = true;
        }
    }

    /// Something was heard of the connection, so that it is not the idlest.
    pub fn heard(&self) {
        let mut standing = self.connections.0.standing();
        let now = standing.next();
        if let Some(entry) = standing.by_id.get_mut(&self.id) {
            entry.silent_since = now;
        }
    }

    /// Keeps the connection from being closed for another while a call is in flight.
    pub fn hold(&self) -> HeldSeat {
        if let Some(entry) = self.connections.0.standing().by_id.get_mut(&self.id) {
            entry.calls += 1;
        }
        HeldSeat(self.clone())
    }

    /// Whether a first call has come.
    pub fn has_called(&self) -> bool {
        self.connections.0.standing().by_id.get(&self.id).is_some_and(|entry| entry.called)
    }
}

/// A call in flight on a connection.
pub struct HeldSeat(Seat);

impl Drop for HeldSeat {
    fn drop(&mut self) {
        if let Some(entry) = self.0.connections.0.standing().by_id.get_mut(&self.0.id) {
            entry.calls -= 1;
        }
        self.0.heard();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(connections: &Connections, nth: u16) -> Option<Room> {
        let [high, low] = nth.to_be_bytes();
        connections.take(Some(&Place::of([10, 0, high, low].into())))
    }

    #[test]
    fn a_thousand_silent_places_do_not_drive_out_a_call_nor_a_handshake() {
        let connections = Connections::new(768);
        let caller = take(&connections, 2_000).unwrap();
        let call = caller.seat().hold();
        let silent: Vec<_> = (0..1_000).map(|nth| take(&connections, nth).unwrap()).collect();
        let newcomer = take(&connections, 2_001).unwrap();
        let flood: Vec<_> = (1_000..1_190).map(|nth| take(&connections, nth).unwrap()).collect();
        assert!(silent[0].closing.is_cancelled(), "the oldest goes first");
        assert!(!caller.closing.is_cancelled() && !newcomer.closing.is_cancelled());
        assert_eq!(connections.0.standing().by_id.len(), 768);
        drop((call, caller, newcomer, silent, flood));
        assert!(connections.0.standing().by_id.is_empty());
    }

    #[test]
    fn idle_callers_give_way_before_the_few_that_are_in_their_handshake() {
        let connections = Connections::new(64);
        let idle: Vec<_> = (0..64).map(|nth| take(&connections, nth).unwrap()).collect();
        for room in &idle {
            room.seat().called();
        }
        let newcomers: Vec<_> = (100..116).map(|nth| take(&connections, nth).unwrap()).collect();
        assert!(newcomers.iter().all(|room| !room.closing.is_cancelled()));
        assert_eq!(idle.iter().filter(|room| room.closing.is_cancelled()).count(), 16);
    }

    #[test]
    fn a_place_above_its_share_gives_way_first_and_a_full_one_to_itself() {
        let connections = Connections::new(64);
        let others: Vec<_> = (1..=20).map(|nth| take(&connections, nth).unwrap()).collect();
        let flood: Vec<_> = (0..100).map(|_| take(&connections, 0).unwrap()).collect();
        assert!(others.iter().all(|room| !room.closing.is_cancelled()), "it drives out its own");
        let more: Vec<_> = (100..142).map(|nth| take(&connections, nth).unwrap()).collect();
        // The flood stopped at 13, where half of the room was taken; 31 more filled it, and 11 took the flood's.
        assert!(others.iter().chain(&more).all(|room| !room.closing.is_cancelled()));
        assert_eq!(flood.iter().filter(|room| !room.closing.is_cancelled()).count(), 2, "its share");
    }

    #[test]
    fn where_every_connection_has_a_call_in_flight_the_newcomer_is_turned_away() {
        let connections = Connections::new(1);
        let room = take(&connections, 0).unwrap();
        let call = room.seat().hold();
        assert!(take(&connections, 1).is_none());
        drop(call);
        assert!(take(&connections, 1).is_some() && room.closing.is_cancelled());
    }
}
