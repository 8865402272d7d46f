//! Auto Scaling groups: which of them a reconcile changes, with which size, and what keeps them.

use jiff::Timestamp;
use shared::autoscaling::Group;
use shared::groups::Link;
use shared::record::sizing::{Live, comes_back_with};
use shared::record::{Bounds, Capacity, Record, State};
use shared::schedule::{Moment, OnOff, Tagged, Zone};
use shared::settings::TagKeys;
use shared::tags::{Tags, no_room, no_saved_size, recorded, sized};
use shared::{Code, Refusal};

use super::coming::{Coming, Course, Standpoint};
use super::{Entry, Foretold, Of};
use crate::ViewSettings;
use crate::steward::NextChange;

/// One group's coming transitions; none if it follows no schedule. It goes off only when no task is left
/// on its instances, however late that is.
pub(crate) fn entries(
    group: &Group,
    link: &Link,
    cluster_tags: &Tags,
    settings: &ViewSettings,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Entry>, Refusal> {
    let keys = &settings.tags;
    let Some(seen) = Seen::of(group, link.managed_scaling, cluster_tags, settings)? else {
        return Ok(Vec::new());
    };
    let Some(course) = seen.course(settings)? else { return Ok(Vec::new()) };
    let size = &seen.standpoint.size;
    let entry = |Coming { at, to, cause, .. }| Entry {
        of: Of::AutoScalingGroup(group.auto_scaling_group_name.clone()),
        size: size.clone().into(),
        would_fail: no_room(&group.tags_by_key(), &keys.record).or_else(|| match to {
            OnOff::On => unstartable(size, group, &seen.size_tag, keys),
            OnOff::Off => None,
        }),
        at,
        to,
        cause,
        can_wake: None,
    };
    Ok(course.coming(seen.standpoint.clone(), now, until).into_iter().map(entry).collect())
}

/// The next change of a group: none where nothing is known to come, or where a tag can't be read.
pub(crate) fn next_change(
    group: &Group,
    managed_scaling: bool,
    cluster_tags: &Tags,
    settings: &ViewSettings,
    now: Timestamp,
) -> Option<NextChange> {
    let seen = Seen::of(group, managed_scaling, cluster_tags, settings).ok()??;
    let course = seen.course(settings).ok()??;
    course.next_change(seen.standpoint.clone(), now)
}

/// What it is when, within these instants (from, now, until); `None` where it follows no schedule.
pub(crate) fn spans(
    group: &Group,
    link: &Link,
    cluster_tags: &Tags,
    settings: &ViewSettings,
    within: (Timestamp, Timestamp, Timestamp),
) -> Result<Option<Foretold>, Refusal> {
    let Some(seen) = Seen::of(group, link.managed_scaling, cluster_tags, settings)? else { return Ok(None) };
    let Some(course) = seen.course(settings)? else { return Ok(None) };
    Ok(Some(Foretold {
        schedule: Some(course.schedule.to_string()),
        size: seen.standpoint.size.clone().into(),
        spans: course.spans(seen.standpoint.clone(), within),
    }))
}

/// The zone of its schedule; `None` where it follows none.
pub(crate) fn zone(group: &Group, link: &Link, cluster_tags: &Tags, settings: &ViewSettings) -> Option<Zone> {
    let seen = Seen::of(group, link.managed_scaling, cluster_tags, settings).ok()??;
    let course = seen.course(settings).ok()??;
    Some(course.schedule.zone(course.calendar).clone())
}

/// Why a group has no machines at an instant, as far as schedules tell; `None` where it has some then.
pub(crate) fn no_machines_at(
    group: &Group,
    link: &Link,
    cluster_tags: &Tags,
    settings: &ViewSettings,
    (now, at): (Timestamp, &Moment),
) -> Option<String> {
    let name = &group.auto_scaling_group_name;
    let is_there = group.desired_capacity > 0;
    let empty = |why: &str| (!is_there).then(|| format!("group {name} has no instances, and {why}"));
    if group.status.is_some() {
        return Some(format!("group {name} is being deleted"));
    }
    if link.managed_scaling {
        return (group.max_size == 0).then(|| format!("the max of group {name} is 0: raise it"));
    }
    let idle = link.cluster.as_ref().and_then(|(cluster, _)| settings.reconcile_is_idle_in(cluster));
    if let Some(why) = idle {
        return empty(&format!("nothing wakes it: {why}"));
    }
    let seen = match Seen::of(group, link.managed_scaling, cluster_tags, settings) {
        Err(Refusal { reason, .. }) => return empty(&reason),
        Ok(None) => return empty("no schedule gives it any"),
        Ok(Some(seen)) => seen,
    };
    let Ok(Some(course)) = seen.course(settings) else { return empty("no schedule gives it any") };
    if !course.is_up_at(seen.standpoint.clone(), now, at.at) {
        return Some(format!("group {name} sleeps at {at}: give it a schedule that wakes it by then"));
    }
    if is_there {
        return None;
    }
    let refusal = unstartable(&seen.standpoint.size, group, &seen.size_tag, &settings.tags)?;
    Some(format!("group {name}: {}", refusal.reason))
}

/// A group that a reconcile changes, as it is.
struct Seen {
    tagged: Tagged,
    size_tag: Result<Option<Capacity>, Refusal>,
    standpoint: Standpoint<Capacity>,
}

impl Seen {
    fn of(
        group: &Group,
        managed_scaling: bool,
        cluster_tags: &Tags,
        settings: &ViewSettings,
    ) -> Result<Option<Self>, Refusal> {
        let keys = &settings.tags;
        let tags = group.tags_by_key();
        // A cluster's schedule is its services'.
        let mut cluster_tags = cluster_tags.clone();
        cluster_tags.remove(&keys.schedule);
        let tagged = settings.scheduling.reading(keys).read(&tags, Some(&cluster_tags));
        if Course::of(&tagged, settings)?.is_none() {
            return Ok(None);
        }
        let record: Option<Record<Capacity>> = recorded(&tags, keys)?;
        let is_on = record.as_ref().is_none_or(|record| record.state == State::On);
        // ECS sizes those by itself, and those that are being deleted are gone.
        if group.status.is_some() || (managed_scaling && is_on) {
            return Ok(None);
        }
        let live = live(group);
        let size_tag: Result<Option<Capacity>, Refusal> = sized(&tags, keys);
        let size = comes_back_with(record.as_ref(), &live, size_tag.as_ref().ok().and_then(Option::as_ref));
        let standpoint = Standpoint {
            count: live.size.count.map_or(0, u32::from),
            scaled: live.size.bounds.is_some(),
            asleep: live.asleep,
            idle: false,
            saved: size.count.map(u32::from),
            record,
            size,
        };
        Ok(Some(Self { tagged, size_tag, standpoint }))
    }

    /// A group has no night size.
    fn course<'a>(&'a self, settings: &'a ViewSettings) -> Result<Option<Course<'a>>, Refusal> {
        Ok(Course::of(&self.tagged, settings)?.map(|course| Course { night: 0, ..course }))
    }
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
