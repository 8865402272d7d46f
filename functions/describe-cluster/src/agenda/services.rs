//! Services: which of them a reconcile changes, with which size, and what keeps them.

use jiff::{SignedDuration, Timestamp};
use shared::application_autoscaling::ScalableTarget;
use shared::ecs::Service;
use shared::names::short_name;
use shared::record::sizing::{Live, comes_back_with};
use shared::record::{By, Record, Saved as _, Scaling, Size, State};
use shared::schedule::{OnOff, Tagged, Zone};
use shared::settings::TagKeys;
use shared::tags::{Tags, no_saved_size, recorded, sized};
use shared::wake::{Sleeper, Waker};
use shared::{Code, Refusal};

use super::coming::{Coming, Course, Return, Standpoint};
use super::{Entry, Foretold, Of};
use crate::ViewSettings;
use crate::steward::NextChange;

/// One service's coming transitions; none if it follows no schedule.
pub(crate) fn entries(
    service: &Service,
    target: Option<&ScalableTarget>,
    cluster_tags: &Tags,
    settings: &ViewSettings,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Entry>, Refusal> {
    let keys = &settings.tags;
    let Some(seen) = Seen::of(service, target, cluster_tags, settings)? else { return Ok(Vec::new()) };
    let Some(course) = Course::of(&seen.tagged, settings)? else { return Ok(Vec::new()) };
    let size = seen.standpoint.size;
    let entry = |Coming { at, to, cause, .. }| Entry {
        of: Of::Service(service.service_name.clone()),
        size: size.into(),
        would_fail: service.untaggable(&keys.record).or_else(|| match to {
            OnOff::On => unstartable(size, target, &seen.size_tag, keys),
            OnOff::Off => None,
        }),
        at,
        to,
        cause,
        can_wake: None,
    };
    Ok(course.coming(seen.standpoint.clone(), now, until).into_iter().map(entry).collect())
}

/// The next change of a service: none where nothing is known to come, or where a tag can't be read.
pub(crate) fn next_change(
    service: &Service,
    target: Option<&ScalableTarget>,
    cluster_tags: &Tags,
    settings: &ViewSettings,
    now: Timestamp,
) -> Option<NextChange> {
    let seen = Seen::of(service, target, cluster_tags, settings).ok()??;
    let course = Course::of(&seen.tagged, settings).ok()??;
    course.next_change(seen.standpoint, now)
}

/// The time that a service's tasks together are not run between these instants, beside what it runs by day.
pub(crate) fn not_run(
    service: &Service,
    target: Option<&ScalableTarget>,
    cluster_tags: &Tags,
    settings: &ViewSettings,
    (now, until): (Timestamp, Timestamp),
) -> Result<SignedDuration, Refusal> {
    let none = SignedDuration::ZERO;
    let Some(seen) = Seen::of(service, target, cluster_tags, settings)? else { return Ok(none) };
    let Some(course) = Course::of(&seen.tagged, settings)? else { return Ok(none) };
    Ok(course.not_run(seen.standpoint, now, until))
}

/// What it is when, within these instants (from, now, until); `None` where it follows no schedule.
pub(crate) fn spans(
    service: &Service,
    target: Option<&ScalableTarget>,
    cluster_tags: &Tags,
    settings: &ViewSettings,
    within: (Timestamp, Timestamp, Timestamp),
) -> Result<Option<Foretold>, Refusal> {
    let Some(seen) = Seen::of(service, target, cluster_tags, settings)? else { return Ok(None) };
    let Some(course) = Course::of(&seen.tagged, settings)? else { return Ok(None) };
    Ok(Some(Foretold {
        schedule: Some(course.schedule.to_string()),
        size: seen.standpoint.size.into(),
        spans: course.spans(seen.standpoint, within),
    }))
}

/// The zone of its schedule; `None` where it follows none.
pub(crate) fn zone(service: &Service, cluster_tags: &Tags, settings: &ViewSettings) -> Option<Zone> {
    let reading = settings.scheduling.reading_services(&settings.tags, short_name(&service.cluster_arn));
    let tagged = reading.read(&service.tags_by_key(), Some(cluster_tags));
    let course = Course::of(&tagged, settings).ok()??;
    Some(course.schedule.zone(course.calendar).clone())
}

/// A service that sleeps, or will: `None` where it does neither.
pub(crate) fn sleeper<'a>(
    service: &'a Service,
    target: Option<&'a ScalableTarget>,
    cluster_tags: &Tags,
    settings: &ViewSettings,
    now: Timestamp,
) -> Option<Sleeper<'a>> {
    if !is_within_reach(service) {
        return None;
    }
    let keys = &settings.tags;
    let tags = service.tags_by_key();
    let reading = settings.scheduling.reading_services(keys, short_name(&service.cluster_arn));
    let night = reading.read(&tags, Some(cluster_tags)).night.unwrap_or(0);
    let is_down = service.desired_count <= i32::try_from(night).unwrap_or(i32::MAX)
        && target.is_none_or(|it| it.min_capacity <= night);
    let unknown = |refusal: Refusal| Sleeper {
        service,
        target,
        size: Err(refusal),
        waker: Waker::People,
        parked: false,
    };
    let seen = match Seen::of(service, target, cluster_tags, settings) {
        Ok(seen) => seen,
        // Nothing is done about what can't be read: what is up stays so.
        Err(refusal) => return is_down.then(|| unknown(refusal)),
    };
    let idle = settings.reconcile_is_idle_in(short_name(&service.cluster_arn));
    let Some(Seen { tagged, size_tag, standpoint }) = seen else {
        return unscheduled(service, target, settings, now);
    };
    let course = match Course::of(&tagged, settings) {
        Ok(course) => course?,
        Err(refusal) => return is_down.then(|| unknown(refusal)),
    };
    let record = standpoint.record.as_ref();
    let is_asleep = record.is_some_and(|record| !record.state.is_on());
    // What is on where reconcile does not act never goes off.
    if idle.is_some() && !is_asleep {
        return None;
    }
    let waker = match (course.wakes(standpoint.clone(), now), idle) {
        (Return::NeverOff, _) => return None,
        // What a person stopped waits for people where reconcile does not act.
        (Return::At(_), Some(_)) if record.is_some_and(|record| record.by == Some(By::Request)) => {
            Waker::People
        }
        (Return::At(_), Some(why)) => Waker::Nobody(why),
        (Return::At(at), None) => Waker::Reconcile(at),
        (Return::Never, _) => Waker::People,
    };
    let size = standpoint.size;
    let sizeless = sizeless(size, target, &size_tag, keys);
    let parked = is_down && !standpoint.idle && record.is_some_and(|record| record.state == State::On);
    Some(Sleeper { service, target, size: sizeless.map_or(Ok(size), Err), waker, parked })
}

/// What no schedule is in force for sleeps only where it was put to sleep, and the next reconcile wakes what a schedule
/// or an override had stopped.
fn unscheduled<'a>(
    service: &'a Service,
    target: Option<&'a ScalableTarget>,
    settings: &ViewSettings,
    now: Timestamp,
) -> Option<Sleeper<'a>> {
    let tags = service.tags_by_key();
    let keys = &settings.tags;
    let of = |size, waker| Some(Sleeper { service, target, size, waker, parked: false });
    let record: Record = match recorded(&tags, keys) {
        Ok(record) => record?,
        Err(refusal) if service.desired_count == 0 => return of(Err(refusal), Waker::People),
        Err(_) => return None,
    };
    if record.state.is_on() {
        return None;
    }
    let live = live(service, target, record.night, settings);
    let size_tag: Result<Option<Size>, Refusal> = sized(&tags, keys);
    let size = comes_back_with(Some(&record), &live, size_tag.as_ref().ok().and_then(Option::as_ref));
    let size = sizeless(size, target, &size_tag, keys).map_or(Ok(size), Err);
    let is_ours = matches!(record.by, Some(By::Schedule | By::Override));
    let waker = match settings.reconcile_is_idle_in(short_name(&service.cluster_arn)) {
        _ if !is_ours => Waker::People,
        Some(why) => Waker::Nobody(why),
        None => Waker::Reconcile(Zone::UTC.moment(now)),
    };
    of(size, waker)
}

/// A service that a reconcile changes, as it is.
struct Seen {
    tagged: Tagged,
    size_tag: Result<Option<Size>, Refusal>,
    standpoint: Standpoint<Size>,
}

impl Seen {
    fn of(
        service: &Service,
        target: Option<&ScalableTarget>,
        cluster_tags: &Tags,
        settings: &ViewSettings,
    ) -> Result<Option<Self>, Refusal> {
        if !is_within_reach(service) {
            return Ok(None);
        }
        let keys = &settings.tags;
        let tags = service.tags_by_key();
        let reading = settings.scheduling.reading_services(keys, short_name(&service.cluster_arn));
        let tagged = reading.read(&tags, Some(cluster_tags));
        let Some(course) = Course::of(&tagged, settings)? else { return Ok(None) };
        let record: Option<Record> = recorded(&tags, keys)?;
        let live = live(service, target, course.night, settings);
        let size_tag: Result<Option<Size>, Refusal> = sized(&tags, keys);
        let size = comes_back_with(record.as_ref(), &live, size_tag.as_ref().ok().and_then(Option::as_ref));
        let is_worker = |scaling: Scaling| scaling.min == 0 && !live.asleep;
        let standpoint = Standpoint {
            count: live.size.count.map_or(0, u32::from),
            scaled: live.size.scaling.is_some(),
            asleep: live.asleep,
            idle: live.size.count.is_none() && live.size.scaling.is_some_and(is_worker),
            saved: size.count.map(u32::from),
            record,
            size,
        };
        Ok(Some(Self { tagged, size_tag, standpoint }))
    }
}

/// Whether a reconcile changes it at all.
fn is_within_reach(service: &Service) -> bool {
    service.is_active() && !service.is_daemon() && !service.is_express_managed()
}

fn live(
    service: &Service,
    target: Option<&ScalableTarget>,
    night: u32,
    settings: &ViewSettings,
) -> Live<Size> {
    let count = u32::try_from(service.desired_count).unwrap_or(0).try_into().ok();
    let scaling = target.map(|it| Scaling { min: it.min_capacity, suspended: it.suspended });
    let most = target.map_or(u32::MAX, |it| it.max_capacity).min(settings.max_desired);
    let asleep = target.is_none_or(|target| target.is_asleep_at(night));
    Live { size: Size { count, scaling }, asleep, night, most }
}

/// Why it can't come back with this size.
fn unstartable(
    size: Size,
    target: Option<&ScalableTarget>,
    tagged: &Result<Option<Size>, Refusal>,
    keys: &TagKeys,
) -> Option<Refusal> {
    sizeless(size, target, tagged, keys).or_else(|| {
        let reason = "the scalable target's max is 0: raise it".into();
        let is_stuck = size.count.is_some() && target.is_some_and(|target| target.max_capacity == 0);
        is_stuck.then_some(Refusal { code: Code::OutsideBounds, reason })
    })
}

/// Why nobody knows with which size it comes back. A worker's autoscaling knows.
fn sizeless(
    size: Size,
    target: Option<&ScalableTarget>,
    tagged: &Result<Option<Size>, Refusal>,
    keys: &TagKeys,
) -> Option<Refusal> {
    let is_known = size.count.is_some() || (size.is_worker() && target.is_some());
    (!is_known).then(|| tagged.clone().err().unwrap_or_else(|| no_saved_size::<Size>(keys)))
}
