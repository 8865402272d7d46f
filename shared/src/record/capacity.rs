//! What the record of an Auto Scaling group saves.
//!
//! `v1 off@2026-11-23T23:00:00Z n=2 min=1 susp=-- cluster=ecs-api sched=5f2c1a9e by=schedule`

use std::fmt;
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::Serialize;

use super::{RecordFault, Saved, Words, malformed};
use crate::autoscaling::Suspended;
use crate::names::ClusterName;

/// The part of a group's size that is not its desired capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub struct Bounds {
    /// `MinSize`; zero is a min like any other. The max is never touched.
    pub min: u32,
    /// The processes that slept already.
    pub suspended: Suspended,
}

/// What a group had when it was on. Also the value of its tag `steward:size`: `n=2 min=1 susp=--`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub struct Capacity {
    /// The desired capacity; `None` when it was never seen above zero.
    pub count: Option<NonZeroU32>,
    /// The rest of its size.
    pub bounds: Option<Bounds>,
    /// Its cluster: an empty group is linked to nothing.
    pub cluster: Option<ClusterName>,
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        words.extend(self.count.map(|count| format!("n={count}")));
        words.extend(self.bounds.map(|Bounds { min, suspended }| format!("min={min} susp={suspended}")));
        words.extend(self.cluster.as_ref().map(|cluster| format!("cluster={cluster}")));
        f.write_str(&words.join(" "))
    }
}

impl Saved for Capacity {
    type Bounds = Bounds;
    const SET: &'static str = "a size";
    const EXAMPLES: &'static str = r#""n=2", or "n=2 min=1 susp=--""#;

    fn count(&self) -> Option<NonZeroU32> {
        self.count
    }

    fn bounds(&self) -> Option<Bounds> {
        self.bounds
    }

    fn with(self, count: Option<NonZeroU32>, bounds: Option<Bounds>) -> Self {
        Self { count, bounds, ..self }
    }

    fn with_what_is_recorded(mut self, record: &Self) -> Self {
        self.cluster = self.cluster.or_else(|| record.cluster.clone());
        self
    }

    fn take(words: &mut Words<'_>) -> Result<Self, RecordFault> {
        let count = words.count()?;
        let bounds = words.min_and(suspended)?.map(|(min, suspended)| Bounds { min, suspended });
        let cluster = words.take("cluster").map(|name| name.parse().map_err(|_| cluster_fault(name)));
        Ok(Self { count, bounds, cluster: cluster.transpose()? })
    }
}

fn cluster_fault(name: &str) -> RecordFault {
    malformed(format!("its cluster {name:?} is not a cluster's name"))
}

fn suspended(text: &str) -> Result<Suspended, RecordFault> {
    let known = [(false, false), (true, false), (false, true), (true, true)];
    known
        .into_iter()
        .map(|(alarm_notification, scheduled_actions)| Suspended { alarm_notification, scheduled_actions })
        .find(|known| known.to_string() == text)
        .ok_or_else(|| malformed(format!("its susp {text:?} is not two of a, s or -")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;

    #[test]
    fn a_groups_record_reads_as_the_documents_say_and_prints_back_the_same() {
        let text = "v1 off@2026-11-23T23:00:00Z n=2 min=1 susp=a- cluster=ecs-api sched=5f2c1a9e by=schedule";
        let record: Record<Capacity> = text.parse().unwrap();
        assert_eq!(record.size.count, NonZeroU32::new(2));
        let suspended = Suspended { alarm_notification: true, scheduled_actions: false };
        assert_eq!(record.size.bounds, Some(Bounds { min: 1, suspended }));
        assert_eq!(record.size.cluster.as_ref().map(ClusterName::as_str), Some("ecs-api"));
        assert_eq!(record.to_string(), text);
        assert!(text.parse::<Record>().is_err(), "it is no service's record");
    }

    #[test]
    fn zero_is_never_a_saved_capacity_and_what_is_scribbled_on_says_what_is_wrong() {
        for (text, says) in [
            ("v1 off@2026-11-23T23:00:00Z n=0", "its n \"0\""),
            ("v1 off@2026-11-23T23:00:00Z n=2 min=1", "min and susp go together"),
            ("v1 off@2026-11-23T23:00:00Z n=2 min=1 susp=---", "its susp \"---\""),
            ("v1 off@2026-11-23T23:00:00Z n=2 cluster=a/b", "its cluster \"a/b\""),
        ] {
            let fault = text.parse::<Record<Capacity>>().unwrap_err().to_string();
            assert!(fault.contains(says), "{text:?} gave {fault:?}");
        }
        assert_eq!(Capacity::from_tag(" n=2  min=1 susp=-s ").unwrap().to_string(), "n=2 min=1 susp=-s");
    }
}
