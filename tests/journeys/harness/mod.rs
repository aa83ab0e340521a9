//! What the journeys stand on: installations of the real binary, the people who work with it, and ways to look from
//! outside at what it left behind.

pub(crate) mod answer;
pub(crate) mod broker;
pub(crate) mod browser;
pub(crate) mod canary;
pub(crate) mod certificates;
pub(crate) mod checker;
pub(crate) mod cutter;
pub(crate) mod desk;
pub(crate) mod installation;
pub(crate) mod people;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod redis_watch;
pub(crate) mod samples;
pub(crate) mod servers;
pub(crate) mod spool;
pub(crate) mod step;
pub(crate) mod template;
pub(crate) mod wait;
pub(crate) mod wire;

pub(crate) use answer::Answer;
pub(crate) use desk::Desk;
pub(crate) use installation::Installation;
pub(crate) use people::{Person, Team};
pub(crate) use wait::{until, within};

use flare_kernel::{Date, Timestamp, random};

/// A number below `end`, which must not be 0.
pub(crate) fn below(end: u64) -> u64 {
    u64::from_le_bytes(random().unwrap()) % end
}

/// Lower-case letters and digits that nobody drew before.
pub(crate) fn token() -> String {
    data_encoding::HEXLOWER.encode(&random::<6>().unwrap())
}

/// Today, as the databases of this machine see it.
#[allow(clippy::disallowed_methods, reason = "the dates of a grant that people would type today")]
pub(crate) fn today() -> Date {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Date::from_timestamp(Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap()))
}

/// Runs asynchronous work to its end on a runtime of its own.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}
