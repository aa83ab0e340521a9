//! Who is calling, and may they.
//!
//! [`AccessLayer`] stands in front of every gRPC server. It reads the caller's credentials, holds them against the
//! rule that stands beside the RPC in `proto/`, counts the calls of people without an account, bounds the time an
//! answer may take, and hands the handler a [`Caller`]. A handler reads it with [`caller`], [`staff`], [`receipt`] or
//! [`service`]. What a receipt proves is the handler's to check: only its service knows the receipt.
//!
//! Nothing here stores anything, opens a connection or knows a clock of its own: time, counting and caching come in
//! through [`Clock`], [`RateLimits`] and [`SessionCache`].

mod access_token;
mod bounded;
mod caller;
mod clock;
mod credentials;
mod deadline;
mod extract;
#[cfg(test)]
mod fixtures;
mod layer;
mod mac;
mod peer;
mod permit;
mod place;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod properties;
mod rate_limits;
mod refusals;
mod roles;
mod service_token;
mod session_cache;
mod signatory;
mod token;

pub use access_token::{AccessToken, TokenSigner, TokenVerifier};
pub use caller::{Caller, ReceiptClaim, Staff};
pub use clock::Clock;
pub use credentials::{Credentials, UnsendableCredentials};
pub use deadline::Deadlines;
pub use extract::{FromPortal, caller, is_from_portal, only_service, receipt, service, staff};
pub use layer::{AccessLayer, AccessService, Limits};
pub use peer::{TrustedProxies, peer};
pub use permit::permits;
pub use place::{Place, PlaceNames, take_place};
pub use rate_limits::{Decision, Limit, LocalRateLimits, RateLimits};
pub use roles::{Roles, UnknownRole};
pub use service_token::ServiceTokens;
pub use session_cache::{LocalSessionCache, SessionCache};
pub use signatory::Signatory;
pub use token::{TOKEN_LEEWAY, TOKEN_LIFE, TokenError};
