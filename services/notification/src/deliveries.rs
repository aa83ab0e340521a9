//! The worker that serves the approvers' queues. What it talks to, it talks to outside any transaction.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use flare_contracts::Service;
use flare_kernel::{CaseId, StaffId};
use flare_messaging::{Round, Rounds, RunLoop, SOON};
use flare_store::{Error, Work};
use futures::{StreamExt as _, stream};
use tokio_util::sync::CancellationToken;

use crate::{
    Notification,
    commands::{ClaimMessages, FinishRound, MessageEnd},
    domain::{Sight, may_be_told},
    queries::sight,
    store::{self, Message},
    vote_event::vote_event,
};

/// How many messages and queues a round takes: few, so that a round is over before a shutdown must be.
const BATCH: i64 = 16;

/// How long the broker may take for one queue or message.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells approvers' own tools of votes that are asked for.
#[derive(Clone, Debug)]
pub struct NotificationWorkers(Arc<Notification>);

impl NotificationWorkers {
    /// Works for this notification. Several replicas may.
    pub const fn new(notification: Arc<Notification>) -> Self {
        Self(notification)
    }

    /// Works until the token is cancelled; the round under way is finished, and bounded in time.
    pub async fn run(mut self, token: CancellationToken) {
        let database = &self.0.database.clone();
        let run_loop = RunLoop {
            service: Service::Notification,
            database,
            work: Work::Own,
            look_every: database.look_every(),
            trouble: "approvers could not be told; trying again",
        };
        run_loop.run(&token, &mut self).await;
    }

    /// Makes queues and publishes messages that are due; says whether there were any.
    pub(crate) async fn work_once(&self) -> Result<bool, Error> {
        let database = &self.0.database;
        let now = database.now().await?;
        let queues = store::due_queues(database, now, BATCH).await?;
        let messages = if store::has_due_messages(database, now).await? {
            database.write(ClaimMessages { limit: BATCH }).await?
        } else {
            Vec::new()
        };
        if queues.is_empty() && messages.is_empty() {
            return Ok(false);
        }
        // Queues first: a message that finds no queue is not taken.
        let queues = self.make(queues).await;
        let messages = self.publish(messages).await;
        database.write(FinishRound { queues, messages }).await?;
        Ok(true)
    }

    async fn make(&self, approvers: Vec<StaffId>) -> Vec<(StaffId, bool)> {
        let made = stream::iter(approvers).map(|staff| async move {
            let outcome = tokio::time::timeout(PATIENCE, self.0.queues.ensure(staff)).await;
            let made = matches!(outcome, Ok(Ok(())));
            if !made {
                tracing::warn!(%staff, "an approver's queue could not be made; trying again");
            }
            (staff, made)
        });
        made.buffer_unordered(usize::try_from(BATCH).unwrap_or(1)).collect().await
    }

    async fn publish(&self, messages: Vec<Message>) -> Vec<(flare_kernel::NoticeId, MessageEnd)> {
        let (settled, open): (Vec<_>, Vec<_>) = messages.into_iter().partition(|message| message.settled);
        let mut ends: Vec<_> =
            settled.iter().map(|message| (message.notice.id, MessageEnd::NotNeeded)).collect();
        let mut by_case: BTreeMap<CaseId, Vec<Message>> = BTreeMap::new();
        for message in open {
            by_case.entry(message.notice.case).or_default().push(message);
        }
        let published = stream::iter(by_case).map(|(case, messages)| async move {
            let staff: Vec<_> = messages.iter().map(|message| message.staff).collect();
            let visible = sight(self.0.can_see.as_ref(), case, &staff).await;
            let mut ends = Vec::with_capacity(messages.len());
            for message in messages {
                let sight = match &visible {
                    None => Sight::Unknown,
                    Some(visible) if visible.contains(&message.staff) => Sight::Visible,
                    Some(_) => Sight::Hidden,
                };
                ends.push((message.notice.id, self.publish_one(&message, sight).await));
            }
            ends
        });
        let published: Vec<_> =
            published.buffer_unordered(usize::try_from(BATCH).unwrap_or(1)).collect().await;
        ends.extend(published.into_iter().flatten());
        ends
    }

    async fn publish_one(&self, message: &Message, sight: Sight) -> MessageEnd {
        if !may_be_told(sight, message.notice.lane, message.is_head) {
            return MessageEnd::Waits;
        }
        let (id, staff) = (message.notice.id.to_string(), message.staff);
        let event = match vote_event(message) {
            Ok(event) => event,
            Err(error) => {
                tracing::error!(notice = %id, %error, "an approver's message could not be written");
                return MessageEnd::Waits;
            }
        };
        match tokio::time::timeout(PATIENCE, self.0.queues.publish(staff, &id, &event)).await {
            Ok(Ok(())) => MessageEnd::Published,
            Ok(Err(error)) => {
                tracing::warn!(%staff, notice = %id, %error, "an approver's queue did not take a message");
                MessageEnd::NotTaken(staff)
            }
            Err(_) => {
                tracing::warn!(%staff, notice = %id, "an approver's queue did not answer in time");
                MessageEnd::NotTaken(staff)
            }
        }
    }
}

impl Rounds for NotificationWorkers {
    type Error = Error;

    async fn round(&mut self, _: &CancellationToken) -> Result<Round, Error> {
        if self.work_once().await? {
            return Ok(Round::Worked(Duration::ZERO));
        }
        Ok(if store::has_open_messages(&self.0.database).await? { Round::DueIn(SOON) } else { Round::Idle })
    }
}

#[cfg(test)]
mod tests;
