//! What the thread with the requester does to a case.

use flare_contracts::events::v1::{QuestionAsked, RequesterAnswered};
use flare_kernel::Timestamp;

use super::Case;
use crate::TriagePolicy;

impl Case {
    /// Staff asked the requester something: from now on we wait.
    pub(crate) fn question_asked(
        &mut self,
        message_id: String,
        now: Timestamp,
        policy: &TriagePolicy,
    ) -> QuestionAsked {
        self.has_news = false;
        if self.ended.is_none() {
            self.awaiting = true;
        }
        self.settle(now, policy);
        QuestionAsked { case_id: self.id.to_string(), message_id }
    }

    /// The requester sent something: an answer, a message, more answers, a file. It is our turn, and on a case that has
    /// ended somebody must look too. `message_id` is empty when it was no message.
    pub(crate) fn requester_wrote(
        &mut self,
        message_id: String,
        now: Timestamp,
        policy: &TriagePolicy,
    ) -> RequesterAnswered {
        self.has_news = true;
        self.awaiting = false;
        self.settle(now, policy);
        RequesterAnswered { case_id: self.id.to_string(), message_id }
    }

    /// Staff wrote to the requester.
    pub(crate) fn staff_wrote(&mut self) {
        self.has_news = false;
    }

    /// Staff and requester were in contact outside Flare. Whoever was reached knows where things stand; whoever called
    /// us has answered.
    pub(crate) fn contact(&mut self, inbound: bool, reached: bool, now: Timestamp, policy: &TriagePolicy) {
        if !reached {
            return;
        }
        self.has_news = false;
        if inbound {
            self.awaiting = false;
        }
        self.settle(now, policy);
    }
}
