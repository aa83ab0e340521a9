//! Who must know what: pure, without a clock and without I/O.

mod ask;
mod facts;
mod plan;
mod resolve;
mod route;
mod sight;
mod subject;

pub(crate) use ask::Ask;
pub(crate) use facts::{Facts, GrantFacts};
pub(crate) use plan::{Audience, NoticePlan, Routed, Settle};
pub(crate) use resolve::{Member, resolve};
pub(crate) use route::{Heard, Malformed, route};
pub(crate) use sight::{Sight, may_be_told};
pub(crate) use subject::{Subject, subject};
