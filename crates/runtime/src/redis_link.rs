//! The connection to Redis, which may go away at any time without anybody noticing.
//!
//! A question that fails or takes too long has no answer, and the asker does without. Then, and until a new connection
//! has proved itself, questions are not even asked, so that an outage costs one slow call and not one for each.

use std::{sync::Arc, time::Duration};

use flare_kernel::Backoff;
use redis::{AsyncConnectionConfig, Client, RedisError, RedisResult, aio::MultiplexedConnection};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Secret,
    tasks::{OnFailure, Tasks},
};

/// Redis is on the same network and answers in well under a millisecond; whatever takes longer is trouble.
const SLOW: Duration = Duration::from_millis(50);

/// How long a connection may take to open and prove itself.
const CONNECT: Duration = Duration::from_secs(2);

/// Tries to come back are this far apart.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// A connection to Redis, kept up in the background. Clones share it.
#[derive(Clone)]
pub struct RedisLink {
    link: Arc<Link>,
}

struct Link {
    client: Client,
    prefix: Arc<str>,
    /// None while Redis is away.
    connection: watch::Sender<Option<Connection>>,
}

#[derive(Clone)]
struct Connection {
    /// Tells this connection from the one before, whose last questions may still fail.
    number: u64,
    redis: MultiplexedConnection,
}

impl RedisLink {
    /// Begins to connect to `url`, for as long as `tasks` run. `prefix` stands before every key, so that
    /// installations can share a server.
    pub fn start(url: &Secret, prefix: impl Into<Arc<str>>, tasks: &Tasks) -> Result<Self, RedisError> {
        let client = Client::open(url.reveal())?;
        let link = Arc::new(Link { client, prefix: prefix.into(), connection: watch::Sender::new(None) });
        let kept = Arc::clone(&link);
        // It never fails: being away is a state of it.
        tasks.spawn("redis", OnFailure::Restart(BACKOFF), move |token| {
            let link = Arc::clone(&kept);
            async move {
                link.keep(token).await;
                Ok(())
            }
        });
        Ok(Self { link })
    }

    pub(crate) fn key(&self, kind: &str, key: &str) -> String {
        format!("{}:{kind}:{key}", self.link.prefix)
    }

    /// The answer, if Redis is there and quick about it.
    pub(crate) async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>,
    ) -> Option<T> {
        let Connection { number, mut redis } = self.link.connection.borrow().clone()?;
        match timeout(SLOW, question(&mut redis)).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(error)) => {
                self.link.lose(number, &error.category_and_code());
                None
            }
            Err(_) => {
                self.link.lose(number, "too slow");
                None
            }
        }
    }
}

/// What is said about an error: never its text, which can quote a URL.
trait Category {
    fn category_and_code(&self) -> String;
}

impl Category for RedisError {
    fn category_and_code(&self) -> String {
        match self.code() {
            Some(code) => format!("{} ({code})", self.category()),
            None => self.category().to_owned(),
        }
    }
}

impl Link {
    async fn keep(&self, token: CancellationToken) {
        let mut backoff = BACKOFF;
        let mut number = 0;
        let mut complained = false;
        loop {
            let opened = tokio::select! {
                opened = timeout(CONNECT, self.open()) => opened,
                () = token.cancelled() => return,
            };
            match opened {
                Ok(Ok(redis)) => {
                    number += 1;
                    complained = false;
                    tracing::info!("Redis is there");
                    let since = Instant::now();
                    self.connection.send_replace(Some(Connection { number, redis }));
                    let mut lost = self.connection.subscribe();
                    tokio::select! {
                        _ = lost.wait_for(Option::is_none) => {}
                        () = token.cancelled() => return,
                    }
                    if since.elapsed() > backoff.most() {
                        backoff.reset();
                    }
                }
                failure if !complained && number == 0 => {
                    let why = failure.map_or("too slow".to_owned(), |result| {
                        result.map_or_else(|error| error.category_and_code(), |_| String::new())
                    });
                    tracing::warn!(why, "Redis is away; each process counts and remembers by itself");
                    complained = true;
                }
                // Said when it was lost.
                _ => {}
            }
            tokio::select! {
                () = sleep(backoff.next_wait()) => {}
                () = token.cancelled() => return,
            }
        }
    }

    /// A connection that has shown it can be written to: a server that is full, loading or only a copy is no use.
    async fn open(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(CONNECT));
        let mut redis = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let probe =
            redis::cmd("SET").arg(format!("{}:probe", self.prefix)).arg(1).arg("PX").arg(1_000).to_owned();
        let () = probe.query_async(&mut redis).await?;
        Ok(redis)
    }

    /// Gives up the connection with this number, unless that has been done.
    fn lose(&self, number: u64, why: &str) {
        let lost = self.connection.send_if_modified(|connection| {
            connection.take_if(|connection| connection.number == number).is_some()
        });
        if lost {
            tracing::warn!(why, "Redis is away; each process counts and remembers by itself");
        }
    }
}

#[cfg(test)]
mod tests;
