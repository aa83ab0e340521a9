//! The first answer again for whoever repeats a call.

use flare_contracts::{Cause, InputRule, Refusal};
use flare_kernel::Duration;
use prost::{Message, Name};

use crate::{Database, Error, Tx, Write, sql};

/// What makes a call the same call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    scope: String,
    rpc: &'static str,
    request_id: String,
    fingerprint: [u8; 32],
}

impl Once {
    /// The key of a call by `scope` (who calls: a staff id, a receipt's lookup id, a case id) to `rpc`.
    ///
    /// Refused when `request_id` is not 1 to 64 printable ASCII characters.
    pub fn new<T: Message + Name>(
        scope: impl Into<String>,
        rpc: &'static str,
        request_id: &str,
        request: &T,
    ) -> Result<Self, Refusal> {
        if request_id.is_empty()
            || request_id.len() > 64
            || !request_id.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(Refusal::invalid("request_id", InputRule::NotARequestId));
        }
        let fingerprint = flare_contracts::fingerprint(request)
            .ok_or_else(|| Refusal::invalid("request_id", InputRule::NotOfFlare))?;
        Ok(Self { scope: scope.into(), rpc, request_id: request_id.to_owned(), fingerprint })
    }
}

pub(crate) enum Earlier {
    None,
    Reply(Vec<u8>),
}

/// A write that remembers its answer.
pub(crate) struct OnceOnly<W> {
    pub(crate) once: Once,
    pub(crate) write: W,
}

impl<W> Write for OnceOnly<W>
where
    W: Write,
    W::Output: Message + Default,
{
    type Output = W::Output;

    async fn apply(&self, tx: &mut Tx) -> Result<W::Output, Error> {
        if let Earlier::Reply(reply) = tx.earlier(&self.once).await? {
            return W::Output::decode(reply.as_slice())
                .map_err(|_| Error::Corrupt("idempotency.reply".to_owned()));
        }
        let output = self.write.apply(tx).await?;
        tx.execute(
            sql("UPDATE idempotency SET reply = $4 WHERE scope = $1 AND rpc = $2 AND request_id = $3")
                .bind(self.once.scope.clone())
                .bind(self.once.rpc)
                .bind(self.once.request_id.clone())
                .bind(output.encode_to_vec()),
        )
        .await?;
        Ok(output)
    }
}

/// Takes the key, or finds the answer that was given under it. Two calls at once wait for each other here.
pub(crate) async fn claim(tx: &mut Tx, once: &Once) -> Result<Earlier, Error> {
    let taken = tx
        .execute(
            sql("INSERT INTO idempotency (scope, rpc, request_id, fingerprint, at) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (scope, rpc, request_id) DO NOTHING")
            .bind(once.scope.clone())
            .bind(once.rpc)
            .bind(once.request_id.clone())
            .bind(once.fingerprint.to_vec())
            .bind(tx.now().as_micros()),
        )
        .await?;
    if taken == 1 {
        return Ok(Earlier::None);
    }
    let row = tx
        .fetch_one(
            sql("SELECT fingerprint, reply FROM idempotency WHERE scope = $1 AND rpc = $2 AND request_id = $3")
                .bind(once.scope.clone())
                .bind(once.rpc)
                .bind(once.request_id.clone()),
        )
        .await?;
    if row.bytes("fingerprint")? != once.fingerprint {
        return Err(Refusal::from(Cause::RequestIdReused).field("request_id", InputRule::NotNew).into());
    }
    let reply = row.bytes_or_null("reply")?.ok_or_else(|| Error::Corrupt("idempotency.reply".to_owned()))?;
    Ok(Earlier::Reply(reply))
}

/// How long an answer is kept for whoever repeats the call: longer than any retry, and any device that was offline.
const KEEP_ANSWERS: Duration = Duration::from_days(30);
/// The most answers that one clearing forgets.
const CLEAR_AT_ONCE: i64 = 10_000;

impl Database {
    /// Forgets answers older than 30 days, at most 10,000 at once.
    pub async fn forget_old_answers(&self) -> Result<u64, Error> {
        self.write(ForgetOldAnswers).await
    }
}

struct ForgetOldAnswers;

impl Write for ForgetOldAnswers {
    type Output = u64;

    async fn apply(&self, tx: &mut Tx) -> Result<u64, Error> {
        let oldest = tx.now().plus(Duration::from_micros(-KEEP_ANSWERS.as_micros()));
        tx.execute(
            sql("DELETE FROM idempotency WHERE (scope, rpc, request_id) IN \
                 (SELECT scope, rpc, request_id FROM idempotency WHERE at < $1 ORDER BY at LIMIT $2)")
            .bind(oldest.as_micros())
            .bind(CLEAR_AT_ONCE),
        )
        .await
    }
}
