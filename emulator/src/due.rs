//! What will happen by itself, in order of time.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// One thing that will happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// In ECS.
    Ecs(crate::ecs::life::Due),
    /// In EC2 Auto Scaling.
    AutoScaling(crate::autoscaling::Due),
    /// In Application Auto Scaling.
    ApplicationAutoScaling(crate::application_autoscaling::Due),
}

/// The agenda: earliest first, and what is due at the same instant in the order it was entered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agenda {
    entered: u64,
    entries: BTreeMap<(Timestamp, u64), Due>,
}

impl Agenda {
    pub(crate) fn enter(&mut self, at: Timestamp, what: Due) {
        self.entered += 1;
        self.entries.insert((at, self.entered), what);
    }

    /// When something is due first.
    pub(crate) fn first(&self) -> Option<Timestamp> {
        self.entries.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next thing that is due at or before `now`.
    pub(crate) fn next_until(&mut self, now: Timestamp) -> Option<(Timestamp, Due)> {
        let entry = self.entries.first_entry()?;
        let at = entry.key().0;
        (at <= now).then(|| (at, entry.remove()))
    }
}
