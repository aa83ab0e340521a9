//! What is shared through Redis, and what happens without it. The tests with a real server run where
//! `FLARE_TEST_REDIS` names one, which `cargo xtask test` always sees to.

use std::sync::Arc;

use flare_access::{Clock, Decision, Limit, RateLimits, SessionCache};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::*;
use crate::{Ending, RedisRateLimits, RedisSessionCache, SystemClock};

const BOUND: Duration = Duration::from_secs(20);
const MINUTE: Duration = Duration::from_mins(1);

/// What the proxy does to connections.
#[derive(Clone, Copy, PartialEq)]
enum Weather {
    Fair,
    /// Nobody is there.
    Gone,
    /// Bytes no longer move.
    Stuck,
}

/// A Redis that can go away: a proxy before the real one, if there is one.
struct Redis {
    url: Secret,
    weather: watch::Sender<Weather>,
    prefix: String,
    tasks: Tasks,
}

impl Redis {
    async fn start() -> Option<Self> {
        let url = flare_testkit::redis_url()?;
        let server = url.trim_start_matches("redis://").split('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Secret::new(format!("redis://{}", listener.local_addr().unwrap()));
        let weather = watch::Sender::new(Weather::Fair);
        let changes = weather.subscribe();
        tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                tokio::spawn(pass(connection, server.clone(), changes.clone()));
            }
        });
        let prefix = format!("flare-test-{:032x}", u128::from_be_bytes(flare_kernel::random().unwrap()));
        Some(Self { url, weather, prefix, tasks: Tasks::new(CancellationToken::new()) })
    }

    /// One process's link.
    async fn link(&self) -> RedisLink {
        let link = RedisLink::start(&self.url, self.prefix.as_str(), &self.tasks).unwrap();
        up(&link).await;
        link
    }

    async fn clean(self) {
        let link = self.link().await;
        let pattern = format!("{}:*", self.prefix);
        let keys = link
            .ask(async |redis| redis::cmd("KEYS").arg(pattern).query_async::<Vec<String>>(redis).await)
            .await;
        for key in keys.unwrap() {
            link.ask(async |redis| redis::cmd("DEL").arg(key).query_async::<()>(redis).await).await.unwrap();
        }
        self.tasks.token().cancel();
        assert_eq!(self.tasks.finish(BOUND).await, Ending::default());
    }
}

async fn pass(mut connection: TcpStream, server: String, mut weather: watch::Receiver<Weather>) {
    loop {
        let now = *weather.borrow_and_update();
        let moving = async {
            match now {
                Weather::Fair => {
                    let mut server = TcpStream::connect(&server).await.unwrap();
                    let _moved = copy_bidirectional(&mut connection, &mut server).await;
                }
                Weather::Gone => {}
                Weather::Stuck => std::future::pending().await,
            }
        };
        tokio::select! {
            () = moving => return,
            // Fair weather does not give back a connection that was lost.
            _ = weather.changed() => if *weather.borrow() != Weather::Stuck { return },
        }
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// Waits until Redis is there: the link comes back by itself.
async fn up(link: &RedisLink) {
    let mut connection = link.link.connection.subscribe();
    timeout(BOUND, connection.wait_for(Option::is_some)).await.expect("Redis is there").unwrap();
}

fn is_up(link: &RedisLink) -> bool {
    link.link.connection.borrow().is_some()
}

async fn lost(link: &RedisLink) {
    let mut connection = link.link.connection.subscribe();
    timeout(BOUND, connection.wait_for(Option::is_none)).await.expect("the link is given up").unwrap();
}

#[tokio::test]
async fn replicas_count_together_and_a_refused_call_is_not_counted() {
    let Some(redis) = Redis::start().await else { return };
    let one = RedisRateLimits::new(redis.link().await, clock());
    let two = RedisRateLimits::new(redis.link().await, clock());
    let limit = Limit { calls: 4, per: MINUTE };
    for replica in [&one, &two, &one, &two] {
        assert_eq!(replica.allow("caller", limit).await, Decision::Allowed);
    }
    for replica in [&one, &two, &one, &two] {
        let Decision::RetryAfter(wait) = replica.allow("caller", limit).await else { panic!("a fifth call") };
        assert!(wait > Duration::from_secs(10) && wait <= Duration::from_secs(15), "{wait:?}");
    }
    assert_eq!(one.allow("another", limit).await, Decision::Allowed);
    let none = Limit { calls: 0, per: MINUTE };
    assert_eq!(one.allow("none", none).await, Decision::RetryAfter(MINUTE));
    let endless = Limit { calls: 1, per: Duration::MAX };
    assert_eq!(one.allow("endless", endless).await, Decision::Allowed);
    assert!(matches!(two.allow("endless", endless).await, Decision::RetryAfter(_)));
    redis.clean().await;
}

#[tokio::test]
async fn calls_at_once_are_never_counted_as_one() {
    let Some(redis) = Redis::start().await else { return };
    let limits = Arc::new(RedisRateLimits::new(redis.link().await, clock()));
    let limit = Limit { calls: 10, per: Duration::from_hours(1) };
    let calls = (0..40).map(|_| {
        let limits = Arc::clone(&limits);
        tokio::spawn(async move { limits.allow("caller", limit).await })
    });
    let calls = futures::future::join_all(calls.collect::<Vec<_>>()).await;
    let allowed = calls.into_iter().filter(|call| matches!(call, Ok(Decision::Allowed))).count();
    assert_eq!(allowed, 10);
    redis.clean().await;
}

#[tokio::test]
async fn sessions_are_shared_replaced_and_forgotten() {
    let Some(redis) = Redis::start().await else { return };
    let one = RedisSessionCache::new(redis.link().await, clock());
    let two = RedisSessionCache::new(redis.link().await, clock());
    assert_eq!(one.get("session").await, None);
    one.put("session", vec![0, 255], MINUTE).await;
    assert_eq!(two.get("session").await, Some(vec![0, 255]));
    two.put("session", vec![1], Duration::MAX).await;
    assert_eq!(one.get("session").await, Some(vec![1]));
    one.forget("session").await;
    assert_eq!(two.get("session").await, None);
    redis.clean().await;
}

#[tokio::test]
async fn an_outage_fails_no_call_and_what_was_forgotten_in_it_stays_forgotten() {
    for weather in [Weather::Gone, Weather::Stuck] {
        let Some(redis) = Redis::start().await else { return };
        let link = redis.link().await;
        let limits = RedisRateLimits::new(link.clone(), clock());
        let sessions = RedisSessionCache::new(link.clone(), clock());
        sessions.put("ended", vec![1], MINUTE).await;
        sessions.put("changed", vec![1], MINUTE).await;

        redis.weather.send_replace(weather);
        let limit = Limit { calls: 2, per: MINUTE };
        assert_eq!(limits.allow("caller", limit).await, Decision::Allowed);
        lost(&link).await;
        assert_eq!(limits.allow("caller", limit).await, Decision::Allowed);
        assert!(
            matches!(limits.allow("caller", limit).await, Decision::RetryAfter(_)),
            "counted here meanwhile"
        );
        sessions.forget("ended").await;
        sessions.put("changed", vec![2], MINUTE).await;
        assert_eq!(sessions.get("changed").await, Some(vec![2]), "remembered here meanwhile");
        assert!(!is_up(&link));

        redis.weather.send_replace(Weather::Fair);
        up(&link).await;
        assert_eq!(sessions.get("ended").await, None);
        assert_ne!(sessions.get("changed").await, Some(vec![1]));
        assert_eq!(limits.allow("caller", limit).await, Decision::Allowed, "counted there again");
        sessions.put("after", vec![3], MINUTE).await;
        assert_eq!(sessions.get("after").await, Some(vec![3]));
        redis.clean().await;
    }
}

#[tokio::test]
async fn where_no_redis_is_everything_works_in_process_at_once() {
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let tasks = Tasks::new(CancellationToken::new());
    let link = RedisLink::start(&Secret::new(format!("redis://{dead}")), "flare", &tasks).unwrap();
    let limits = RedisRateLimits::new(link.clone(), clock());
    let sessions = RedisSessionCache::new(link.clone(), clock());
    let limit = Limit { calls: 1, per: MINUTE };
    assert_eq!(limits.allow("caller", limit).await, Decision::Allowed);
    assert!(matches!(limits.allow("caller", limit).await, Decision::RetryAfter(_)));
    sessions.put("session", vec![1], MINUTE).await;
    assert_eq!(sessions.get("session").await, Some(vec![1]));
    sessions.forget("session").await;
    assert_eq!(sessions.get("session").await, None);
    assert!(!is_up(&link));
    tasks.token().cancel();
    assert_eq!(tasks.finish(BOUND).await, Ending::default(), "the link ends while it waits to try again");
}

#[test]
fn a_url_that_is_none_is_refused_without_being_quoted() {
    let tasks = Tasks::new(CancellationToken::new());
    let error = RedisLink::start(&Secret::new("http://user:hunter2@host"), "flare", &tasks).err().unwrap();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}
