//! What the thread with the requester does to a case.

use flare_contracts::{
    danger::lane_in_danger,
    events::v1::{LaneRaised, QuestionAsked, RequesterAnswered},
    input::{lane_out, timestamp_out},
    intake::v1::Danger,
};
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

    /// Somebody is said to be in danger, or not to be. It can raise the lane, at whatever stage, and then what is ours is
    /// due as soon as in a case that came to that lane now; it never lowers it. None where nothing changes.
    pub(crate) fn record_danger(
        &mut self,
        danger: Danger,
        now: Timestamp,
        policy: &TriagePolicy,
    ) -> Option<LaneRaised> {
        let lane = lane_in_danger(danger, self.lane);
        if lane == self.lane {
            return None;
        }
        self.lane = lane;
        if let Some(target) = &mut self.target {
            target.hasten(now, lane, policy);
        }
        self.settle(now, policy);
        Some(LaneRaised {
            case_id: self.id.to_string(),
            lane: lane_out(lane).into(),
            due: self.target.and_then(|target| target.due()).map(timestamp_out),
        })
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
