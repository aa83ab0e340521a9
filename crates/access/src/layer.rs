//! The layer in front of every gRPC server: who is calling, may they, not too often, and by when.

use std::{
    collections::BTreeSet,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use data_encoding::HEXLOWER;
use flare_contracts::{AccessRules, Refusal};
use flare_seal::ServiceKey;
use hmac::{Hmac, Mac};
use http::request::Parts;
use sha2::Sha256;
use tokio::time::Instant;
use tonic::{Status, body::Body};
use tower::{Layer, Service};

use crate::{
    Caller, Clock, Credentials, Deadlines, Decision, Limit, Place, RateLimits, ServiceTokens, TokenError,
    TokenVerifier, deadline, mac, peer, permits, refusals,
};

/// How often people without an account may call. Staff and services are known by name and are not counted.
///
/// A newsroom, a mobile network or an onion service can be one place for many people, so the defaults are wide: they
/// stop floods and guessing, not people. Guessing a receipt is hopeless at any rate; the limit for one receipt keeps a
/// lookup id that has leaked from being tried at all.
///
/// What breaks the form of a call, its path or its credentials, is refused before it counts. A body that cannot be read and a
/// false proof of a receipt count like any call: to find that out is work that must be bounded, and whoever wants to use up a
/// place's calls can as well send good ones.
///
/// What is counted from one place is counted for each RPC by itself: nothing that anybody does to another one keeps a
/// request from being submitted. The neighbours of an IPv6 place, 65,536 of them, have eight times its limit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls of one RPC without credentials from one place. 120 a minute by default.
    pub anonymous_from_one_place: Limit,
    /// The same for the RPCs named to [`AccessLayer::with_frequent_calls`]. 1,200 a minute by default.
    pub frequent_from_one_place: Limit,
    /// Calls of one RPC with a receipt, whichever, from one place. 600 a minute by default.
    pub receipts_from_one_place: Limit,
    /// Calls with one receipt, wherever from. 60 a minute by default.
    pub one_receipt: Limit,
    /// Calls of one RPC that writes with one receipt, wherever from. 500 a day by default: receipts are free, and what
    /// is written with them takes room for ever.
    pub one_receipt_writes: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        let a_minute = |calls| Limit { calls, per: Duration::from_mins(1) };
        Self {
            anonymous_from_one_place: a_minute(120),
            frequent_from_one_place: a_minute(1_200),
            receipts_from_one_place: a_minute(600),
            one_receipt: a_minute(60),
            one_receipt_writes: Limit { calls: 500, per: Duration::from_hours(24) },
        }
    }
}

/// How many times a place's limit the neighbours of an IPv6 place have together.
const NEIGHBOURS: u32 = 8;

/// Puts a [`Caller`] into each call's extensions, or refuses the call with a stable reason:
///
/// | reason | status | |
/// |---|---|---|
/// | `NO_CREDENTIALS` | `UNAUTHENTICATED` | the RPC is not public |
/// | `BAD_CREDENTIALS` | `UNAUTHENTICATED` | malformed, forged, or of another installation |
/// | `EXPIRED_CREDENTIALS` | `UNAUTHENTICATED` | good once; fresh ones will do |
/// | `NOT_ALLOWED` | `PERMISSION_DENIED` | the RPC's rule does not name this caller |
/// | `TOO_MANY_CALLS` | `RESOURCE_EXHAUSTED` | with `RetryInfo` |
/// | `DEADLINE_EXCEEDED` | `DEADLINE_EXCEEDED` | no answer in time |
///
/// Bad credentials are refused on public RPCs too: whoever shows some should learn that they no longer work. Health
/// and reflection are open to all, counted and timed like public RPCs; what is no RPC is not counted. For `tonic::transport::Server::layer`; leave that
/// server's own `timeout` unset, or above the longest of the [`Deadlines`].
#[derive(Clone)]
pub struct AccessLayer(Arc<Gate>);

#[derive(Clone)]
struct Gate {
    rules: Arc<AccessRules>,
    verifier: Arc<TokenVerifier>,
    tokens: ServiceTokens,
    /// Makes keys for counting out of places and receipts, so that no counter, and nothing that shares counters
    /// between processes, ever holds a requester's address or lookup id.
    counter_names: Hmac<Sha256>,
    rate_limits: Arc<dyn RateLimits>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    frequent_calls: BTreeSet<String>,
    ending_calls: BTreeSet<String>,
    deadlines: Deadlines,
}

impl AccessLayer {
    /// A layer with the default [`Limits`] and [`Deadlines`].
    pub fn new(
        rules: Arc<AccessRules>,
        verifier: Arc<TokenVerifier>,
        service_key: &ServiceKey,
        rate_limits: Arc<dyn RateLimits>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Gate {
            rules,
            verifier,
            tokens: ServiceTokens::new(service_key),
            counter_names: mac::keyed(&service_key.derive("counter-names")),
            rate_limits,
            clock,
            limits: Limits::default(),
            frequent_calls: BTreeSet::new(),
            ending_calls: BTreeSet::new(),
            deadlines: Deadlines::default(),
        }))
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self(Arc::new(Gate { limits, ..Arc::unwrap_or_clone(self.0) }))
    }

    /// The same with a wide limit for the public RPCs of these paths, which everybody at work calls with each command,
    /// so that an office behind one address is not kept waiting. Their handlers count by what they are shown.
    #[must_use]
    pub fn with_frequent_calls(self, paths: impl IntoIterator<Item = String>) -> Self {
        Self(Arc::new(Gate { frequent_calls: paths.into_iter().collect(), ..Arc::unwrap_or_clone(self.0) }))
    }

    /// The same where the RPCs of these paths, which end what a receipt opens, are counted for their place only: whoever
    /// found a receipt must not keep its holder from ending it by calling often.
    #[must_use]
    pub fn with_ending_calls(self, paths: impl IntoIterator<Item = String>) -> Self {
        Self(Arc::new(Gate { ending_calls: paths.into_iter().collect(), ..Arc::unwrap_or_clone(self.0) }))
    }

    /// The same with other deadlines.
    #[must_use]
    pub fn with_deadlines(self, deadlines: Deadlines) -> Self {
        Self(Arc::new(Gate { deadlines, ..Arc::unwrap_or_clone(self.0) }))
    }
}

impl<S> Layer<S> for AccessLayer {
    type Service = AccessService<S>;

    fn layer(&self, inner: S) -> AccessService<S> {
        AccessService { gate: Arc::clone(&self.0), inner }
    }
}

/// A gRPC server behind an [`AccessLayer`].
#[derive(Clone)]
pub struct AccessService<S> {
    gate: Arc<Gate>,
    inner: S,
}

impl<S> Service<http::Request<Body>> for AccessService<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = http::Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        // The service that was polled ready takes this call; its clone waits for the next one.
        let clone = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, clone);
        let gate = Arc::clone(&self.gate);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match gate.admit(&mut parts).await {
                Ok(deadline) => {
                    deadline::within(deadline, ready.call(http::Request::from_parts(parts, body))).await
                }
                Err(status) => Ok(status.into_http()),
            }
        })
    }
}

impl Gate {
    /// Lets a call in, with its caller in its extensions, and says by when it must be answered.
    async fn admit(&self, parts: &mut Parts) -> Result<Instant, Status> {
        let credentials = Credentials::take(&mut parts.headers);
        let path = parts.uri.path();
        if !path.starts_with("/flare.") {
            if !path.starts_with("/grpc.health.") && !path.starts_with("/grpc.reflection.") {
                // No RPC, so that it uses up nothing of what those that ask for health have.
                return Err(Status::unimplemented(""));
            }
            // Not by path: nobody knows them all.
            self.count_place("open", "", parts, self.limits.anonymous_from_one_place).await?;
            parts.extensions.insert(Caller::Anonymous);
            return Ok(self.deadlines.of(parts));
        }
        let Some(rule) = self.rules.of(path) else {
            // What tonic answers for an RPC that does not exist. Said here, no RPC can be reached without a rule.
            return Err(Status::unimplemented(""));
        };
        let deadline = self.deadlines.of(parts);
        let admitted = async {
            let caller = self.authenticate(credentials)?;
            if !permits(rule, &caller) {
                return Err(match caller {
                    Caller::Anonymous => refusals::no_credentials(),
                    Caller::Receipt(_) | Caller::Staff(_) | Caller::Service(_) => refusals::not_allowed(),
                });
            }
            self.count(&caller, parts).await?;
            Ok(caller)
        };
        let caller = admitted.await.inspect_err(|refusal| {
            tracing::debug!(rpc = parts.uri.path(), reason = refusal.reason, "call refused");
        })?;
        parts.extensions.insert(caller);
        Ok(deadline)
    }

    fn authenticate(
        &self,
        credentials: Result<Option<Credentials>, TokenError>,
    ) -> Result<Caller, TokenError> {
        let now = self.clock.now();
        Ok(match credentials? {
            None => Caller::Anonymous,
            Some(Credentials::Receipt(claim)) => Caller::Receipt(claim),
            Some(Credentials::Bearer(token)) => Caller::Staff(self.verifier.verify(&token, now)?),
            Some(Credentials::Service(token)) => Caller::Service(self.tokens.verify(&token, now)?),
        })
    }

    async fn count(&self, caller: &Caller, parts: &Parts) -> Result<(), Refusal> {
        let (limits, path) = (&self.limits, parts.uri.path());
        match caller {
            Caller::Anonymous if self.frequent_calls.contains(path) => {
                self.count_place("frequent", path, parts, limits.frequent_from_one_place).await
            }
            Caller::Anonymous => {
                self.count_place("anonymous", path, parts, limits.anonymous_from_one_place).await
            }
            Caller::Receipt(claim) => {
                self.count_place("receipts", path, parts, limits.receipts_from_one_place).await?;
                if self.ending_calls.contains(path) {
                    return Ok(());
                }
                self.count_one("receipt", "", &claim.lookup, limits.one_receipt).await?;
                if writes(path) {
                    self.count_one("writes", path, &claim.lookup, limits.one_receipt_writes).await?;
                }
                Ok(())
            }
            Caller::Staff(_) | Caller::Service(_) => Ok(()),
        }
    }

    async fn count_place(&self, what: &str, path: &str, parts: &Parts, limit: Limit) -> Result<(), Refusal> {
        // Calls within the process are one place.
        let from = peer::of_call(&parts.extensions);
        self.count_one(what, path, from.as_ref().map(Place::exact).unwrap_or_default(), limit).await?;
        if let Some(near) = from.as_ref().and_then(Place::around) {
            let neighbours = Limit { calls: limit.calls.saturating_mul(NEIGHBOURS), ..limit };
            self.count_one(&format!("{what}-near"), path, near, neighbours).await?;
        }
        Ok(())
    }

    async fn count_one(&self, what: &str, path: &str, who: &[u8], limit: Limit) -> Result<(), Refusal> {
        let name = self.counter_names.clone().chain_update(path).chain_update([0]).chain_update(who);
        let who = name.finalize().into_bytes();
        match self.rate_limits.allow(&format!("{what}:{}", HEXLOWER.encode(&who[..16])), limit).await {
            Decision::Allowed => Ok(()),
            Decision::RetryAfter(wait) => Err(refusals::too_many_calls(wait)),
        }
    }
}

/// Whether an RPC changes anything: all do that are not named as questions.
fn writes(path: &str) -> bool {
    let rpc = path.rsplit('/').next().unwrap_or_default();
    !["Get", "List", "Download"].iter().any(|question| rpc.starts_with(question))
}

#[cfg(test)]
mod tests;
