//! The step that is due from us, and when we are reminded of it.

use std::str::FromStr;

use flare_kernel::{Duration, Lane, Timestamp};

use super::listed::Unlisted;
use crate::TriagePolicy;

/// A step that a human owes the requester.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Acknowledge,
    Assess,
    Outcome,
    Draft,
}

/// A step and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) step: Step,
    pub(crate) running: Running,
    /// How often it was found overdue.
    pub(crate) reminders: u32,
}

/// Whether the time of a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Running {
    /// It is due at an instant; the next alarm may be later, when it is overdue.
    Until { due: Timestamp, alarm: Timestamp },
    /// It stands still, with so much left; less than nothing when it was overdue.
    Stopped { left: Duration },
}

impl Step {
    const ALL: [Self; 4] = [Self::Acknowledge, Self::Assess, Self::Outcome, Self::Draft];

    /// Its name in tables, events and timers.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Assess => "assess",
            Self::Outcome => "outcome",
            Self::Draft => "draft",
        }
    }
}

impl FromStr for Step {
    type Err = Unlisted;

    fn from_str(text: &str) -> Result<Self, Unlisted> {
        Self::ALL.into_iter().find(|step| step.as_str() == text).ok_or(Unlisted)
    }
}

impl Target {
    /// A step that is due at an instant.
    pub(crate) const fn due_at(step: Step, due: Timestamp) -> Self {
        Self { step, running: Running::Until { due, alarm: due }, reminders: 0 }
    }

    /// When it is due, while its time runs.
    pub(crate) const fn due(&self) -> Option<Timestamp> {
        match self.running {
            Running::Until { due, .. } => Some(due),
            Running::Stopped { .. } => None,
        }
    }

    /// When the next alarm goes off, while its time runs.
    pub(crate) const fn alarm(&self) -> Option<Timestamp> {
        match self.running {
            Running::Until { alarm, .. } => Some(alarm),
            Running::Stopped { .. } => None,
        }
    }

    /// Stops its time; stopping it twice changes nothing.
    pub(crate) fn stop(&mut self, now: Timestamp) {
        if let Running::Until { due, .. } = self.running {
            self.running = Running::Stopped { left: due.since(now) };
        }
    }

    /// Lets its time go on; doing so twice changes nothing. One that was overdue before does not ring at once again.
    pub(crate) fn go_on(&mut self, now: Timestamp, lane: Lane, policy: &TriagePolicy) {
        if let Running::Stopped { left } = self.running {
            let due = now.plus(left);
            let rang = due <= now && self.reminders > 0;
            let alarm = if rang {
                now.plus(policy.until_next_reminder(self.step, lane, self.reminders))
            } else {
                due
            };
            self.running = Running::Until { due, alarm };
        }
    }

    /// Has it due no later than a step that begins in this lane now, and the next alarm too.
    pub(crate) fn hasten(&mut self, now: Timestamp, lane: Lane, policy: &TriagePolicy) {
        let span = policy.span(self.step, lane);
        let latest = now.plus(span);
        self.running = match self.running {
            Running::Until { due, alarm } => {
                Running::Until { due: due.min(latest), alarm: alarm.min(latest) }
            }
            Running::Stopped { left } => Running::Stopped { left: left.min(span) },
        };
    }

    /// Notes that its alarm went off, and sets the next one. False when it is not due to go off.
    pub(crate) fn ring(&mut self, now: Timestamp, lane: Lane, policy: &TriagePolicy) -> bool {
        match self.running {
            Running::Until { due, alarm } if alarm <= now => {
                self.reminders = self.reminders.saturating_add(1);
                let alarm = now.plus(policy.until_next_reminder(self.step, lane, self.reminders));
                self.running = Running::Until { due, alarm };
                true
            }
            Running::Until { .. } | Running::Stopped { .. } => false,
        }
    }
}
