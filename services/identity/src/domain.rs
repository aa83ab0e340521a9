//! The rules about people, teams and sessions: pure, without a clock and without I/O.

mod name;
mod passphrases;
mod session;
mod staff;
mod team;

pub(crate) use name::StaffName;
pub(crate) use passphrases::{Stretched, false_stretching, stretching};
pub(crate) use session::{MOST_SESSIONS, SESSION_LIFE, SessionKey, SessionView};
pub(crate) use staff::{PublicKeys, Staff, StaffError, State, effective};
pub(crate) use team::Team;
