//! A worker notes what came of its round.

use flare_kernel::{NoticeId, StaffId};
use flare_store::{Error, Tx, Write};

use crate::store;

/// What came of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageEnd {
    /// The broker has it.
    Published,
    /// Nobody waits for it any more.
    NotNeeded,
    /// The person may not be told now, or nobody can say.
    Waits,
    /// The broker did not take it; the person's queue may be gone.
    NotTaken(StaffId),
}

/// What came of everything in a round.
#[derive(Clone, Debug, Default)]
pub(crate) struct FinishRound {
    /// Each approver, and whether their queue is there.
    pub(crate) queues: Vec<(StaffId, bool)>,
    pub(crate) messages: Vec<(NoticeId, MessageEnd)>,
}

impl Write for FinishRound {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        for (staff, made) in &self.queues {
            if *made {
                store::queue_made(tx, *staff).await?;
            } else {
                store::queue_failed(tx, *staff).await?;
            }
        }
        for (notice, end) in &self.messages {
            match end {
                MessageEnd::Published | MessageEnd::NotNeeded => store::message_done(tx, *notice).await?,
                MessageEnd::Waits => store::message_waits(tx, *notice).await?,
                MessageEnd::NotTaken(staff) => {
                    store::message_waits(tx, *notice).await?;
                    store::queue_lost(tx, *staff).await?;
                }
            }
        }
        // A queue can be made and refuse all the same, again and again: only what it took says that the broker is back.
        if self.messages.iter().any(|(_, end)| *end == MessageEnd::Published) {
            store::broker_is_back(tx).await?;
        }
        Ok(())
    }
}
