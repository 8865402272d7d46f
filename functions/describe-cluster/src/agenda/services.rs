//! Services: which of them a reconcile changes, with which size, and what keeps them.

use jiff::Timestamp;
use shared::application_autoscaling::ScalableTarget;
use shared::ecs::Service;
use shared::record::{By, Record, Scaling, Size, State};
use shared::schedule::OnOff;
use shared::settings::TagKeys;
use shared::tags::{Tags, no_saved_size, recorded, sized};
use shared::{Code, Refusal};

use super::coming::{Coming, Course, Standpoint};
use super::{Entry, Of};
use crate::Rules;

/// One service's coming transitions; none if it follows no schedule.
pub(super) fn entries(
    service: &Service,
    target: Option<&ScalableTarget>,
    cluster_tags: &Tags,
    rules: &Rules,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Entry>, Refusal> {
    if !is_within_reach(service) {
        return Ok(Vec::new());
    }
    let keys = &rules.tags;
    let tags = service.tags_by_key();
    let tagged = rules.scheduling.reading(keys).read(&tags, Some(cluster_tags));
    let Some(course) = Course::of(&tagged, rules)? else { return Ok(Vec::new()) };
    let record: Option<Record> = recorded(&tags, keys)?;
    let case = Case { service, target, tags: &tags, record: record.as_ref(), keys };
    let size = case.size();
    let standpoint = Standpoint {
        record: record.clone(),
        count: case.count(),
        asleep: target.is_none_or(ScalableTarget::is_asleep),
        size,
        saved: size.count.map(u32::from),
    };
    let entry = |Coming { at, to, cause }| Entry {
        of: Of::Service(service.service_name.clone()),
        size: size.into(),
        would_fail: service.untaggable(&keys.record).or_else(|| match to {
            OnOff::On => case.unstartable(size),
            OnOff::Off => None,
        }),
        at,
        to,
        cause,
    };
    Ok(course.coming(standpoint, now, until).into_iter().map(entry).collect())
}

/// Whether a reconcile changes it at all.
fn is_within_reach(service: &Service) -> bool {
    service.is_active() && !service.is_daemon() && !service.is_express_managed()
}

/// A service as it is, with what a transition needs of it.
struct Case<'a> {
    service: &'a Service,
    target: Option<&'a ScalableTarget>,
    tags: &'a Tags,
    record: Option<&'a Record>,
    keys: &'a TagKeys,
}

impl Case<'_> {
    fn count(&self) -> u32 {
        u32::try_from(self.service.desired_count).unwrap_or(0)
    }

    /// The size that the next stop saves and the next start puts back: what a service that is on
    /// has, and what the record of one that is off says; else what infrastructure-as-code tagged.
    fn size(&self) -> Size {
        let tagged: Size = sized(self.tags, self.keys).ok().flatten().unwrap_or_default();
        let scaling =
            |target: &ScalableTarget| Scaling { min: target.min_capacity, suspended: target.suspended };
        let size = match self.record {
            // What people do inside an off period is temporary.
            Some(Record { state: State::Off | State::Stopping, size, .. }) => {
                let awake = self.target.filter(|target| !target.is_asleep()).map(scaling);
                Size { count: size.count, scaling: size.scaling.or(awake) }
            }
            record => {
                let saved = record.map(|record| record.size).unwrap_or_default();
                let adopted = record.is_none_or(|record| record.by == Some(By::Adoption));
                // What is at 0 and sleeps has lost its record, and with it what it was before.
                let own = self.target.filter(|target| !adopted || self.count() > 0 || !target.is_asleep());
                Size {
                    count: self.count().try_into().ok().or(saved.count),
                    scaling: own.map(scaling).or(saved.scaling.filter(|_| adopted)),
                }
            }
        };
        Size { count: size.count.or(tagged.count), scaling: size.scaling.or(tagged.scaling) }
    }

    /// Why it can't come back with this size.
    fn unstartable(&self, size: Size) -> Option<Refusal> {
        if size.count.is_none() {
            let tagged = sized::<Size>(self.tags, self.keys);
            return Some(tagged.err().unwrap_or_else(|| no_saved_size::<Size>(self.keys)));
        }
        let reason = "the scalable target's max is 0: raise it".into();
        let stuck = self.target.is_some_and(|target| target.max_capacity == 0);
        stuck.then_some(Refusal { code: Code::OutsideBounds, reason })
    }
}
