//! From a call to its command: who asks, what is read, and how often it happens.

use flare_contracts::{
    Cause, InputRule, KeyScope, Refusal, ToldRefusal,
    events::v1::{ReplayRequest, StreamHead},
};
use flare_store::{Command, Error, Reply, Tx, Write, sql};
use flare_testkit::{Sandbox, on_both_engines};

use crate::fixtures::{count_up, counter};

on_both_engines!(the_same_key_twice_gives_the_same_answer, crate::fixtures::SCHEMA);
on_both_engines!(other_content_under_the_same_key_is_refused, crate::fixtures::SCHEMA);
on_both_engines!(what_cannot_be_read_is_refused_and_uses_up_no_key, crate::fixtures::SCHEMA);
on_both_engines!(each_caller_has_keys_of_their_own_for_each_rpc, crate::fixtures::SCHEMA);

/// Which counters there are.
struct Counters(&'static [&'static str]);

const COUNTERS: Counters = Counters(&["a", "b"]);

/// Who counts.
struct Person(&'static str);

impl KeyScope for Person {
    fn key_scope(&self) -> String {
        self.0.to_owned()
    }
}

/// Counts one up, and tells the count.
struct CountUp(&'static str);

impl Command for CountUp {
    type Service = Counters;
    type By = Person;
    type Request = ReplayRequest;

    fn parse(counters: &Counters, _: &Person, request: ReplayRequest) -> Result<Self, Error> {
        let known = counters.0.iter().copied().find(|name| *name == request.stream);
        known.map(Self).ok_or_else(|| Refusal::not_found("counter").into())
    }
}

impl Write for CountUp {
    type Output = StreamHead;

    async fn apply(&self, tx: &mut Tx) -> Result<StreamHead, Error> {
        let seq = count_up(tx, self.0).await?;
        Ok(StreamHead { stream: self.0.to_owned(), seq, ..StreamHead::default() })
    }
}

async fn call(sandbox: &Sandbox, who: &'static str, key: &str, counter: &str) -> Reply<CountUp> {
    let request =
        ReplayRequest { request_id: key.into(), stream: counter.into(), ..ReplayRequest::default() };
    sandbox.database.run::<CountUp>(&COUNTERS, &Person(who), request).await
}

fn told(reply: Reply<CountUp>) -> StreamHead {
    reply.unwrap().into_inner()
}

fn refused(reply: Reply<CountUp>) -> ToldRefusal {
    ToldRefusal::read(&reply.unwrap_err()).unwrap()
}

async fn the_same_key_twice_gives_the_same_answer(sandbox: Sandbox) {
    let first = told(call(&sandbox, "anna", "key", "a").await);
    assert_eq!((first.stream.as_str(), first.seq), ("a", 1));
    assert_eq!(told(call(&sandbox, "anna", "key", "a").await), first);
    assert_eq!(counter(&sandbox.database, "a").await, 1);
    assert_eq!(told(call(&sandbox, "anna", "next", "a").await).seq, 2);
}

async fn other_content_under_the_same_key_is_refused(sandbox: Sandbox) {
    told(call(&sandbox, "anna", "key", "a").await);
    let reused = refused(call(&sandbox, "anna", "key", "b").await);
    assert_eq!(reused.cause, Cause::RequestIdReused);
    assert_eq!(reused.fields, [("request_id".to_owned(), InputRule::NotNew)]);
    assert_eq!((counter(&sandbox.database, "a").await, counter(&sandbox.database, "b").await), (1, 0));
}

async fn what_cannot_be_read_is_refused_and_uses_up_no_key(sandbox: Sandbox) {
    let keyless = refused(call(&sandbox, "anna", "", "c").await);
    assert_eq!(keyless.fields, [("request_id".to_owned(), InputRule::NotARequestId)], "before all else");
    let unread = refused(call(&sandbox, "anna", "key", "c").await);
    assert_eq!(unread.cause, Cause::NotFound { what: "counter".to_owned() });
    assert_eq!(told(call(&sandbox, "anna", "key", "b").await).seq, 1);
}

async fn each_caller_has_keys_of_their_own_for_each_rpc(sandbox: Sandbox) {
    told(call(&sandbox, "anna", "key", "a").await);
    told(call(&sandbox, "ben", "key", "b").await);
    let kept = sql("SELECT scope, rpc FROM idempotency WHERE request_id = 'key' ORDER BY scope");
    let kept = sandbox.database.fetch_all(kept).await.unwrap();
    let keys = kept.iter().map(|row| (row.text("scope").unwrap(), row.text("rpc").unwrap()));
    let of = |who: &str| (who.to_owned(), "Replay".to_owned());
    assert_eq!(keys.collect::<Vec<_>>(), [of("anna"), of("ben")], "by the name of the RPC in the contract");
}
