//! Auto Scaling groups: which of them a reconcile changes, with which size, and what keeps them.

use jiff::Timestamp;
use shared::autoscaling::Group;
use shared::groups::Link;
use shared::record::{Bounds, By, Capacity, Record, State};
use shared::schedule::OnOff;
use shared::settings::TagKeys;
use shared::tags::{Tags, no_room, no_saved_size, recorded, sized};
use shared::{Code, Refusal};

use super::coming::{Coming, Course, Standpoint};
use super::{Entry, Of};
use crate::Rules;

/// One group's coming transitions; none if it follows no schedule. It goes off only when no task is left
/// on its instances, however late that is.
pub(super) fn entries(
    group: &Group,
    link: &Link,
    cluster_tags: &Tags,
    rules: &Rules,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Entry>, Refusal> {
    let keys = &rules.tags;
    let tags = group.tags_by_key();
    // A cluster's schedule is its services'.
    let mut cluster_tags = cluster_tags.clone();
    cluster_tags.remove(&keys.schedule);
    let tagged = rules.scheduling.reading(keys).read(&tags, Some(&cluster_tags));
    let Some(course) = Course::of(&tagged, rules)? else { return Ok(Vec::new()) };
    let record: Option<Record<Capacity>> = recorded(&tags, keys)?;
    let is_on = record.as_ref().is_none_or(|record| record.state == State::On);
    // ECS sizes those by itself, and those that are being deleted are gone.
    if group.status.is_some() || (link.managed_scaling && is_on) {
        return Ok(Vec::new());
    }
    let case = Case { group, tags: &tags, record: record.as_ref(), keys };
    let size = case.size();
    let standpoint = Standpoint {
        record: record.clone(),
        count: case.count(),
        asleep: group.is_asleep(),
        size: size.clone(),
        saved: size.count.map(u32::from),
    };
    let entry = |Coming { at, to, cause }| Entry {
        of: Of::AutoScalingGroup(group.auto_scaling_group_name.clone()),
        size: size.clone().into(),
        would_fail: no_room(&tags, &keys.record).or_else(|| match to {
            OnOff::On => case.unstartable(&size),
            OnOff::Off => None,
        }),
        at,
        to,
        cause,
    };
    Ok(course.coming(standpoint, now, until).into_iter().map(entry).collect())
}

/// A group as it is, with what a transition needs of it.
struct Case<'a> {
    group: &'a Group,
    tags: &'a Tags,
    record: Option<&'a Record<Capacity>>,
    keys: &'a TagKeys,
}

impl Case<'_> {
    fn count(&self) -> u32 {
        u32::try_from(self.group.desired_capacity).unwrap_or(0)
    }

    /// The size that the next stop saves and the next start puts back.
    fn size(&self) -> Capacity {
        let tagged: Capacity = sized(self.tags, self.keys).ok().flatten().unwrap_or_default();
        let min = u32::try_from(self.group.min_size).unwrap_or(0);
        let live = Bounds { min, suspended: self.group.suspended() };
        let (count, bounds) = match self.record {
            // What people do inside an off period is temporary.
            Some(Record { state: State::Off | State::Stopping, size, .. }) => {
                (size.count, size.bounds.or((!self.group.is_asleep()).then_some(live)))
            }
            record => {
                let saved = record.map(|record| record.size.clone()).unwrap_or_default();
                let adopted = record.is_none_or(|record| record.by == Some(By::Adoption));
                // What is at 0 and sleeps has lost its record, and with it what it was before.
                let own = (!adopted || self.count() > 0 || !self.group.is_asleep()).then_some(live);
                (self.count().try_into().ok().or(saved.count), own.or(saved.bounds.filter(|_| adopted)))
            }
        };
        Capacity { count: count.or(tagged.count), bounds: bounds.or(tagged.bounds), cluster: None }
    }

    /// Why it can't come back with this size.
    fn unstartable(&self, size: &Capacity) -> Option<Refusal> {
        if size.count.is_none() {
            let tagged = sized::<Capacity>(self.tags, self.keys);
            return Some(tagged.err().unwrap_or_else(|| no_saved_size::<Capacity>(self.keys)));
        }
        let reason = "its max is 0: raise it".into();
        (self.group.max_size == 0).then_some(Refusal { code: Code::OutsideGroupBounds, reason })
    }
}
