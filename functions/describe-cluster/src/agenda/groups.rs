//! Auto Scaling groups: which of them a reconcile changes, with which size, and what keeps them.

use jiff::Timestamp;
use shared::autoscaling::Group;
use shared::groups::Link;
use shared::record::sizing::{Live, comes_back_with};
use shared::record::{Bounds, Capacity, Record, State};
use shared::schedule::OnOff;
use shared::settings::TagKeys;
use shared::tags::{Tags, no_room, no_saved_size, recorded, sized};
use shared::{Code, Refusal};

use super::coming::{Coming, Course, Standpoint};
use super::{Entry, Of};
use crate::ViewSettings;

/// One group's coming transitions; none if it follows no schedule. It goes off only when no task is left
/// on its instances, however late that is.
pub(super) fn entries(
    group: &Group,
    link: &Link,
    cluster_tags: &Tags,
    settings: &ViewSettings,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Entry>, Refusal> {
    let keys = &settings.tags;
    let tags = group.tags_by_key();
    // A cluster's schedule is its services'.
    let mut cluster_tags = cluster_tags.clone();
    cluster_tags.remove(&keys.schedule);
    let tagged = settings.scheduling.reading(keys).read(&tags, Some(&cluster_tags));
    let Some(course) = Course::of(&tagged, settings)? else { return Ok(Vec::new()) };
    // A group has no night size.
    let course = Course { night: 0, ..course };
    let record: Option<Record<Capacity>> = recorded(&tags, keys)?;
    let is_on = record.as_ref().is_none_or(|record| record.state == State::On);
    // ECS sizes those by itself, and those that are being deleted are gone.
    if group.status.is_some() || (link.managed_scaling && is_on) {
        return Ok(Vec::new());
    }
    let live = live(group);
    let tagged: Result<Option<Capacity>, Refusal> = sized(&tags, keys);
    let size = comes_back_with(record.as_ref(), &live, tagged.as_ref().ok().and_then(Option::as_ref));
    let standpoint = Standpoint {
        record: record.clone(),
        count: live.size.count.map_or(0, u32::from),
        scaled: live.size.bounds.is_some(),
        asleep: live.asleep,
        idle: false,
        size: size.clone(),
        saved: size.count.map(u32::from),
    };
    let entry = |Coming { at, to, cause }| Entry {
        of: Of::AutoScalingGroup(group.auto_scaling_group_name.clone()),
        size: size.clone().into(),
        would_fail: no_room(&tags, &keys.record).or_else(|| match to {
            OnOff::On => unstartable(&size, group, &tagged, keys),
            OnOff::Off => None,
        }),
        at,
        to,
        cause,
    };
    Ok(course.coming(standpoint, now, until).into_iter().map(entry).collect())
}

fn live(group: &Group) -> Live<Capacity> {
    let number = |of: i32| u32::try_from(of).unwrap_or(0);
    let bounds = Bounds { min: number(group.min_size), suspended: group.suspended() };
    let count = number(group.desired_capacity).try_into().ok();
    Live {
        size: Capacity { count, bounds: Some(bounds), cluster: None },
        asleep: group.is_asleep(),
        night: 0,
        most: number(group.max_size),
    }
}

/// Why it can't come back with this size.
fn unstartable(
    size: &Capacity,
    group: &Group,
    tagged: &Result<Option<Capacity>, Refusal>,
    keys: &TagKeys,
) -> Option<Refusal> {
    if size.count.is_none() {
        return Some(tagged.clone().err().unwrap_or_else(|| no_saved_size::<Capacity>(keys)));
    }
    let reason = "its max is 0: raise it".into();
    (group.max_size == 0).then_some(Refusal { code: Code::OutsideGroupBounds, reason })
}
