//! The step that is due from us, and when we are reminded of it.

use flare_kernel::{Duration, Lane, Timestamp, codes};

use crate::TriagePolicy;

codes! {
    /// A step that a human owes the requester.
    pub(crate) enum Step {
        /// Somebody takes the case.
        Acknowledge = "acknowledge",
        /// The case is assessed.
        Assess = "assess",
        /// Every need ends.
        Outcome = "outcome",
        /// A grant is drafted for what was recommended.
        Draft = "draft",
    }
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
    /// How long it may take.
    pub(crate) const fn span(self, lane: Lane, policy: &TriagePolicy) -> Duration {
        match self {
            Self::Acknowledge => policy.acknowledge.of(lane),
            Self::Assess => policy.assess.of(lane),
            Self::Outcome => policy.outcome,
            Self::Draft => policy.draft,
        }
    }

    /// How long after its `reminders`-th reminder (from 1) it comes up again when it is overdue: twice as long each time.
    fn until_next_reminder(self, reminders: u32, lane: Lane, policy: &TriagePolicy) -> Duration {
        let doublings = reminders.saturating_sub(1).min(30);
        let wait = self.span(lane, policy).as_micros().saturating_mul(1_i64 << doublings);
        Duration::from_micros(wait.min(policy.longest_reminder.as_micros()))
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
                now.plus(self.step.until_next_reminder(self.reminders, lane, policy))
            } else {
                due
            };
            self.running = Running::Until { due, alarm };
        }
    }

    /// Has it due no later than a step that begins in this lane now, and the next alarm too.
    pub(crate) fn hasten(&mut self, now: Timestamp, lane: Lane, policy: &TriagePolicy) {
        let span = self.step.span(lane, policy);
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
                let alarm = now.plus(self.step.until_next_reminder(self.reminders, lane, policy));
                self.running = Running::Until { due, alarm };
                true
            }
            Running::Until { .. } | Running::Stopped { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    #[test]
    fn the_targets_are_those_of_the_product() {
        let policy = TriagePolicy::default();
        let of = |step: Step| Lane::ALL.map(|lane| step.span(lane, &policy).as_micros() / HOUR);
        assert_eq!(of(Step::Acknowledge), [2, 24, 72]);
        assert_eq!(of(Step::Assess), [24, 72, 72]);
        assert_eq!(of(Step::Outcome), [48, 48, 48]);
        assert_eq!(of(Step::Draft), [48, 48, 48]);
    }

    #[test]
    fn reminders_come_at_doubling_distance_up_to_a_week() {
        let policy = TriagePolicy::default();
        let hours = |reminders| {
            let wait = Step::Acknowledge.until_next_reminder(reminders, Lane::Critical, &policy);
            wait.as_micros() / HOUR
        };
        assert_eq!([1, 2, 3, 6, 7, 8, 60, u32::MAX].map(hours), [2, 4, 8, 64, 128, 168, 168, 168]);
    }
}
