//! What must hold for every service there could be, on a model of AWS in a few lines.

mod cases;
mod laws;
mod narrow;
mod overrides;
mod reconcile;
mod scheduled_actions;
mod soon;
mod start;
mod stop;

use std::num::NonZeroU32;

use jiff::Timestamp;
use shared::Code;
use shared::application_autoscaling::{ScalableTarget, ScheduledAction, Suspended};
use shared::ecs::{self, Service};
use shared::record::{By, Record, Scaling, Size, State};
use shared::schedule::{Calendar, Catalog, Drift, Half, Schedule, Want};

use shared::Problem;

use super::*;
use crate::ask::Target;
use crate::effect::Became;
use crate::observe::Seen;

const T: &str = "2026-11-24T23:00:00Z";

const OFFICE: &str = "Mon-Fri 08:00-20:00 UTC";

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn settings() -> PlanSettings {
    PlanSettings {
        tags: TagKeys::default(),
        max_desired: 500,
        scheduling: Scheduling {
            catalog: Catalog::default(),
            calendar: Calendar::default(),
            drift: Drift::Once,
            half: Half::Both,
            default: None,
            reach: "*".parse().unwrap(),
        },
        late_after: SignedDuration::from_mins(15),
        deploying_wait: SignedDuration::from_hours(2),
        acts_in: "*".parse().unwrap(),
    }
}

fn ask(verb: Verb) -> Ask {
    Ask {
        verb,
        target: Target::One(id()),
        force: false,
        groups: crate::ask::Groups::None,
        at: instant(T),
        now: instant(T),
        change: None,
        stale_before: None,
        scheduled: false,
        dry_run: false,
        observes: false,
    }
}

fn id() -> ServiceId {
    ServiceId::from_resource("service/prod/users").unwrap()
}

fn service(count: u32, target: Option<ScalableTarget>, tags: &[(&str, String)]) -> Seen {
    let service = Service {
        service_arn: "arn:aws:ecs:sa-east-1:123456789012:service/prod/users".into(),
        service_name: "users".into(),
        status: "ACTIVE".into(),
        desired_count: i32::try_from(count).unwrap(),
        scheduling_strategy: "REPLICA".into(),
        tags: tags.iter().map(|(key, value)| ecs::Tag { key: (*key).into(), value: value.clone() }).collect(),
        ..Service::default()
    };
    Seen { id: id(), service, target, actions: Vec::new() }
}

/// One that follows the office's hours, with a record of them and more tags.
fn office(count: u32, target: Option<ScalableTarget>, state: &str, more: &[(&'static str, &str)]) -> Seen {
    let hash = OFFICE.parse::<Schedule>().unwrap().hash();
    let (state, by) = state.split_once(" by=").unwrap_or((state, "schedule"));
    let mut tags = record(&format!("v1 {state} sched={hash} by={by}"));
    tags.push(("steward:schedule", OFFICE.to_owned()));
    tags.extend(more.iter().map(|(key, value)| (*key, (*value).to_owned())));
    service(count, target, &tags)
}

/// A verb at an instant.
fn at(verb: Verb, time: &str) -> Ask {
    Ask { at: instant(time), now: instant(time), ..ask(verb) }
}

/// It names none of its services.
fn of_fleet(ask: Ask) -> Ask {
    let fleet = Target::Cluster(id().cluster, shared::select::Selector::default());
    Ask { target: fleet, ..ask }
}

fn only(plan: &Plan) -> &Item {
    let [item] = plan.forecast() else { panic!("{} items", plan.forecast().len()) };
    item
}

fn warned(item: &Item) -> Vec<Code> {
    item.warnings.iter().map(|warning| warning.code).collect()
}

fn target(min: u32, max: u32, suspended: Suspended) -> ScalableTarget {
    ScalableTarget {
        resource_id: "service/prod/users".into(),
        min_capacity: min,
        max_capacity: max,
        suspended,
    }
}

fn planned(seen: &Seen, ask: &Ask) -> Plan {
    let snapshot = Snapshot { services: vec![seen.clone()], ..Snapshot::default() };
    plan(&snapshot, ask, &settings())
}

/// AWS in a few lines: what each call does to a service.
fn apply(seen: &mut Seen, step: &Step) {
    match step {
        Step::WriteRecord { record, .. } => {
            seen.service.tags.retain(|tag| tag.key != "steward:record");
            seen.service.tags.push(ecs::Tag { key: "steward:record".into(), value: record.to_string() });
        }
        Step::DropOverride { .. } => seen.service.tags.retain(|tag| tag.key != "steward:override"),
        Step::WriteGroupRecord { .. }
        | Step::SizeGroup { .. }
        | Step::Suspend { .. }
        | Step::Resume { .. }
        | Step::WriteOverride { .. } => panic!("nobody puts one here: {step:?}"),
        Step::SetDesired { after, .. } => seen.service.desired_count = i32::try_from(*after).unwrap(),
        Step::SetScalable { after: (min, suspended), .. } => {
            let target = seen.target.as_mut().unwrap();
            target.min_capacity = *min;
            target.suspended = *suspended;
            let (min, max) = (i32::try_from(*min).unwrap(), i32::try_from(target.max_capacity).unwrap());
            seen.service.desired_count = seen.service.desired_count.clamp(min, max);
        }
    }
}

fn perform(mut seen: Seen, ask: &Ask, steps: usize) -> Seen {
    let plan = planned(&seen, ask);
    for step in plan.steps().take(steps) {
        apply(&mut seen, step);
    }
    seen
}

fn performed(seen: Seen, ask: &Ask) -> Seen {
    perform(seen, ask, usize::MAX)
}

/// After a few ticks: one may adopt what the next finishes and the one after cleans up. Tasks start and end
/// between them.
fn settled(seen: Seen, ask: &Ask) -> Seen {
    (0..5).fold(seen, |seen, _| with_its_tasks(performed(seen, ask)))
}

fn with_its_tasks(mut seen: Seen) -> Seen {
    seen.service.running_count = seen.service.desired_count;
    seen
}

/// Started by request, and whole at the next tick.
fn started(seen: Seen) -> Seen {
    let whole = with_its_tasks(performed(seen, &ask(Verb::Start)));
    with_its_tasks(performed(whole, &ask(Verb::Reconcile)))
}

fn tags(seen: &Seen) -> std::collections::BTreeMap<String, String> {
    seen.service.tags_by_key()
}

fn shape(seen: &Seen) -> (i32, Option<ScalableTarget>) {
    (seen.service.desired_count, seen.target.clone())
}

fn record(text: &str) -> Vec<(&'static str, String)> {
    vec![("steward:record", text.to_owned())]
}

const OFF: &str = "v1 off@2026-11-23T23:00:00Z n=5 min=2 susp=--- by=request";
