//! Room for calls and connections, shared out by place, so that no place can keep the others out.
//!
//! It counts and decides; sockets, protocols and time are for whoever asks it.

mod connections;
mod slots;

pub use connections::{Connections, HeldSeat, Room, Seat};
pub use slots::{Slot, Slots};
