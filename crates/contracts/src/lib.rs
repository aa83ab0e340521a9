//! What Flare's services say to each other and to everyone else: the code generated from `proto/`, the descriptor set
//! with its access rules, and the one way a refusal becomes a gRPC status.

mod access_rules;
pub mod answers;
mod cause;
mod codec;
mod coded;
pub mod codes;
pub mod danger;
mod domain_events;
pub mod epoch_author;
pub mod fields;
mod fingerprint;
mod generated {
    //! Generated from `proto/`; the documentation stands there.
    #![allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, clippy::unwrap_used)]
    include!(concat!(env!("OUT_DIR"), "/flare.rs"));
}
pub mod input;
mod input_rule;
mod keyed;
mod kind;
pub mod limits;
mod parts;
mod refusal;
mod request_submitted;
pub mod requester_act;
mod service;
mod step_code;
pub mod text_limits;
pub mod vote;
pub mod words;

pub use access_rules::{AccessRules, MissingRule};
pub use cause::Cause;
pub use coded::{Coded, Params, ReadBack};
pub use domain_events::{DomainEvent, Event, UnknownEvent};
pub use fingerprint::fingerprint;
pub use generated::flare::{common, events, grants, identity, intake, notification, triage};
pub use input_rule::InputRule;
pub use keyed::{KeyScope, Keyed};
pub use kind::{Kind, Reason};
pub use refusal::{Refusal, ToldRefusal, Violation};
pub use service::{Service, UnknownService};
pub use step_code::StepCode;

/// The encoded descriptor set of everything in `proto/`, custom options included.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
