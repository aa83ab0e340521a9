//! The one way in: from what an RPC is asked to the write that does it.

use std::pin::Pin;

use flare_contracts::{KeyScope, Keyed};
use prost::Message;
use tonic::{Request, Response, Status};

use crate::{Database, Error, Once, Write};

/// A write that an RPC asks for.
pub trait Command: Write<Output: Message + Default> + Sized {
    /// The service whose RPC it is: its settings and keys.
    type Service;
    /// Who may ask for it, as far as the command needs to know them.
    type By: KeyScope;
    /// What they send.
    type Request: Keyed;

    /// Reads what is asked for, or names what is wrong with it. Nothing is looked up here: that is for the write.
    fn parse(service: &Self::Service, by: &Self::By, request: Self::Request) -> Result<Self, Error>;
}

/// A call that asks for a command.
pub type Call<C> = Request<<C as Command>::Request>;

/// What whoever asked for a command is told.
pub type Reply<C> = Result<Response<<C as Write>::Output>, Status>;

/// A reply under way, as `async_trait` has it.
pub type Replying<'a, C> = Pin<Box<dyn Future<Output = Reply<C>> + Send + 'a>>;

impl Database {
    /// Does what is asked for, once for each idempotency key: whoever repeats the call with the same content gets the
    /// first answer, and with other content a refusal.
    pub async fn run<C: Command>(&self, service: &C::Service, by: &C::By, request: C::Request) -> Reply<C> {
        let once = Once::new(by.key_scope(), C::Request::RPC, request.request_id(), &request)?;
        let command = C::parse(service, by, request)?;
        Ok(Response::new(self.once(once, command).await?))
    }
}

/// The RPCs of a gRPC service that do nothing but run their command, inside its `#[async_trait] impl`. The first word is
/// the service's own method that finds out who asks and calls [`Database::run`].
///
/// ```ignore
/// rpcs! {
///     by_staff:
///     draft_grant => DraftGrant,
///     revise_grant => ReviseGrant,
/// }
/// ```
///
/// `async_trait` does not look into macros, so each method is written as it would write it.
#[macro_export]
macro_rules! rpcs {
    ($way:ident: $($method:ident => $command:ty,)+) => {$(
        fn $method<'api, 'reply>(
            &'api self,
            call: $crate::Call<$command>,
        ) -> $crate::Replying<'reply, $command>
        where
            'api: 'reply,
            Self: 'reply,
        {
            ::std::boxed::Box::pin(self.$way::<$command>(call))
        }
    )+};
}
