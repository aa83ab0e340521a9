//! Others have seen a code: it is closed.

use flare_contracts::codes::SEEN_BY_OTHERS;
use flare_edge::receipt::{ReceiptHolder, Try, was_sent_before};
use flare_kernel::Timestamp;
use flare_seal::Receipt;

use crate::requester::{NotDone, Requester, not_done};

/// What became of closing a code.
pub(crate) struct Closed {
    /// Since when it opens nothing.
    pub(crate) since: Option<Timestamp>,
    /// What became of another way to reach its holder.
    pub(crate) way: Way,
}

/// What became of a way to reach somebody that was written when a code was to be closed.
pub(crate) enum Way {
    /// None was written, or it came in.
    NoneOrThere,
    /// The code was closed before: it came in only if the click that closed it said the same.
    TooLate,
    /// It did not get through.
    Lost,
}

impl Requester {
    /// Closes a code that others have seen, closed already or not, whatever becomes of anything else. `way` is another way
    /// to reach its holder, which goes to the thread while the code still opens it.
    pub(crate) async fn close_code(
        &self,
        receipt: &Receipt,
        way: Option<&str>,
        act: Try<'_>,
    ) -> Result<Closed, NotDone> {
        let holder = ReceiptHolder::find_even_frozen(&self.lines, receipt).await;
        let holder = holder.map_err(|error| not_done(&error))?.trusting(self.organisation.clone());
        let way = match way {
            None => Way::NoneOrThere,
            Some(way) => match holder.write(way, "", act.request_id).await {
                Ok(_) => Way::NoneOrThere,
                Err(error) if was_sent_before(&error) => Way::NoneOrThere,
                Err(error) => match not_done(&error) {
                    NotDone::NotFound => Way::TooLate,
                    NotDone::Away | NotDone::Refused(_) => Way::Lost,
                },
            },
        };
        let since = holder.freeze(SEEN_BY_OTHERS, act).await.map_err(|error| not_done(&error))?;
        Ok(Closed { since, way })
    }
}
