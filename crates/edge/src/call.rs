//! Calls that are made again while a service cannot be reached.

use std::time::Duration;

use flare_kernel::Backoff;

use crate::EdgeError;

/// How often a call is made at most before its failure counts.
const TRIES: u32 = 3;

/// Makes a call again, up to three times, when the service could not be reached. Only for calls that may be repeated:
/// reads, and changes that carry the same `request_id` and content each time.
pub async fn retrying<T, E, R>(mut call: impl FnMut() -> R) -> Result<T, EdgeError>
where
    E: Into<EdgeError>,
    R: Future<Output = Result<T, E>>,
{
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
    for _ in 1..TRIES {
        match call().await.map_err(Into::into) {
            Err(error) if error.may_pass() => tokio::time::sleep(backoff.next_wait()).await,
            result => return result,
        }
    }
    call().await.map_err(Into::into)
}

/// Calls a service of a desk: with a fresh credential, and again with the same content while it cannot be reached.
macro_rules! call {
    ($desk:expr, $service:ident.$method:ident($request:expr)) => {
        $crate::call::call!($desk.$service().await?; $method($request))
    };
    ($client:expr; $method:ident($request:expr)) => {{
        let (client, request) = ($client, $request);
        $crate::call::retrying(|| {
            let (mut client, request) = (client.clone(), request.clone());
            async move { client.$method(request).await.map(::tonic::Response::into_inner) }
        })
        .await
    }};
}
pub(crate) use call;

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tonic::Status;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_what_may_pass_is_tried_again_and_not_for_ever() {
        for (status, tries) in [
            (Status::unavailable("away"), 3),
            (Status::from_error(Box::new(std::io::Error::other("connection reset"))), 3),
            (Status::aborted("stale"), 1),
            (Status::unknown("a bug"), 1),
        ] {
            let made = Cell::new(0);
            let failed = retrying(|| {
                made.set(made.get() + 1);
                std::future::ready(Err::<(), _>(status.clone()))
            });
            assert_eq!((failed.await.unwrap_err().may_pass(), made.get()), (tries > 1, tries), "{status:?}");
        }
    }
}
