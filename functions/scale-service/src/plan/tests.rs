//! What must hold for every service there could be, on a model of AWS in a few lines.

use std::num::NonZeroU32;

use jiff::Timestamp;
use proptest::prelude::*;
use shared::Code;
use shared::application_autoscaling::{ScalableTarget, Suspended};
use shared::ecs::{self, Service};
use shared::record::{By, Record, Scaling, Size, State};
use shared::schedule::{Catalog, Drift, Half, Rules as Calendar};

use super::*;
use crate::ask::Target;
use crate::observe::Seen;

const T: &str = "2026-11-24T23:00:00Z";

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn rules() -> PlanSettings {
    PlanSettings {
        tags: TagKeys::default(),
        max_desired: 500,
        scheduling: Scheduling {
            catalog: Catalog::default(),
            calendar: Calendar::default(),
            drift: Drift::Once,
            half: Half::Both,
        },
        late_after: SignedDuration::from_mins(15),
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

fn planned(seen: &Seen, ask: &Ask) -> Plan {
    let snapshot = Snapshot { services: vec![seen.clone()], ..Snapshot::default() };
    plan(&snapshot, ask, &rules())
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

/// After a few ticks: one may adopt what the next finishes and the one after cleans up.
fn settled(seen: Seen, ask: &Ask) -> Seen {
    (0..4).fold(seen, |seen, _| performed(seen, ask))
}

fn tags(seen: &Seen) -> std::collections::BTreeMap<String, String> {
    seen.service.tags_by_key()
}

fn shape(seen: &Seen) -> (i32, Option<ScalableTarget>) {
    (seen.service.desired_count, seen.target.clone())
}

fn flags() -> impl Strategy<Value = Suspended> {
    any::<[bool; 3]>().prop_map(|[i, o, s]| Suspended {
        dynamic_scaling_in: i,
        dynamic_scaling_out: o,
        scheduled_scaling: s,
    })
}

fn targets() -> impl Strategy<Value = Option<ScalableTarget>> {
    prop::option::of((0..4_u32, 0..6_u32, flags()).prop_map(|(min, more, suspended)| ScalableTarget {
        resource_id: "service/prod/users".into(),
        min_capacity: min,
        max_capacity: min + more,
        suspended,
    }))
}

fn records() -> impl Strategy<Value = Option<Record>> {
    let size = (prop::option::of(1..9_u32), prop::option::of((0..4_u32, flags())));
    let state = prop::sample::select(vec![State::On, State::Stopping, State::Off]);
    prop::option::of((state, size).prop_map(|(state, (count, scaling))| Record {
        state,
        at: instant("2026-11-23T23:00:00Z"),
        size: Size {
            count: count.and_then(NonZeroU32::new),
            scaling: scaling.map(|(min, suspended)| Scaling { min, suspended }),
        },
        sched: None,
        by: Some(By::Request),
    }))
}

/// Any service at all, whatever people and crashes have made of it.
fn any_service() -> impl Strategy<Value = Seen> {
    let tagged =
        prop::option::of(prop::sample::select(vec!["n=3", "n=2 min=1 susp=---", "min=1 susp=i--", "many"]));
    (0..9_u32, targets(), records(), tagged).prop_map(|(count, target, record, tagged)| {
        let mut tags = Vec::new();
        tags.extend(record.map(|record| ("steward:record", record.to_string())));
        tags.extend(tagged.map(|text| ("steward:size", text.to_owned())));
        service(count, target, &tags)
    })
}

/// A service that runs within its bounds.
fn service_on() -> impl Strategy<Value = Seen> {
    (targets(), 0..9_u32).prop_map(|(target, extra)| {
        let (min, max) = target.as_ref().map_or((1, 9), |t| (t.min_capacity.max(1), t.max_capacity.max(1)));
        let mut target = target;
        if let Some(target) = &mut target {
            target.max_capacity = max;
        }
        service((min + extra).min(max), target, &[])
    })
}

/// Any service at all, with any tags at all that schedules look at.
fn any_scheduled_service() -> impl Strategy<Value = Seen> {
    let schedules =
        ["always", "never", "Mon-Fri 08:00-20:00 UTC", "Mon-Sun 22:00-23:30 UTC", "none", "whenever"];
    let overrides = [
        "on from 2026-11-24T20:00:00Z until 2026-11-25T02:00:00Z by ana",
        "off from 2026-11-24T20:00:00Z until 2026-11-25T02:00:00Z by ana",
        "hold from 2026-11-24T20:00:00Z until 2026-11-25T02:00:00Z by ana",
        "on from 2026-11-24T20:00:00Z until 2026-11-24T22:30:00Z by ana",
        "off from 2026-11-24T20:00:00Z until 2026-11-24T22:30:00Z by ana",
        "until tomorrow",
    ];
    let tag = |key: &'static str, values: Vec<&'static str>| {
        prop::option::of(prop::sample::select(values)).prop_map(move |value| value.map(|value| (key, value)))
    };
    (
        any_service(),
        tag("steward:schedule", schedules.to_vec()),
        tag("steward:override", overrides.to_vec()),
        tag("steward:drift", vec!["once", "enforce"]),
        tag("steward:half", vec!["both", "stop-only"]),
    )
        .prop_map(|(mut seen, schedule, standing, drift, half)| {
            for (key, value) in [schedule, standing, drift, half].into_iter().flatten() {
                seen.service.tags.push(ecs::Tag { key: key.into(), value: value.into() });
            }
            seen
        })
}

fn verbs() -> impl Strategy<Value = Verb> {
    prop_oneof![Just(Verb::Stop), Just(Verb::Start), (1..9_u32).prop_map(Verb::Scale)]
}

proptest! {
    #[test]
    fn every_prefix_of_a_plan_replans_to_the_same_end(seen in any_service(), verb in verbs()) {
        let ask = ask(verb);
        let steps = planned(&seen, &ask).steps().count();
        let end = performed(seen.clone(), &ask);
        for killed_after in 0..steps {
            let half = perform(seen.clone(), &ask, killed_after);
            prop_assert_eq!(&performed(half, &ask), &end, "killed after {} of {} steps", killed_after, steps);
        }
    }

    #[test]
    fn every_prefix_of_a_reconcile_replans_to_the_same_end(seen in any_scheduled_service()) {
        let ask = ask(Verb::Reconcile);
        let steps = planned(&seen, &ask).steps().count();
        let end = settled(seen.clone(), &ask);
        prop_assert!(planned(&end, &ask).is_empty());
        for killed_after in 0..steps {
            let half = perform(seen.clone(), &ask, killed_after);
            let end_of_half = settled(half, &ask);
            prop_assert_eq!(tags(&end_of_half), tags(&end), "killed after {} of {} steps", killed_after, steps);
            prop_assert_eq!(shape(&end_of_half), shape(&end));
        }
    }

    #[test]
    fn a_reconcile_looks_at_a_target_wherever_it_matters(seen in any_scheduled_service()) {
        let ask = ask(Verb::Reconcile);
        let blind = Seen { target: None, ..seen.clone() };
        let snapshot = Snapshot { services: vec![blind.clone()], ..Snapshot::default() };
        if need_targets(&snapshot, &ask, &rules()).is_empty() {
            prop_assert_eq!(planned(&seen, &ask).steps().count(), planned(&blind, &ask).steps().count());
        }
    }

    #[test]
    fn what_is_done_costs_nothing_to_do_again(seen in any_service(), verb in verbs()) {
        let ask = ask(verb);
        let end = performed(seen, &ask);
        prop_assert!(planned(&end, &ask).is_empty());
    }

    #[test]
    fn a_service_comes_back_as_it_was(seen in service_on()) {
        let off = performed(seen.clone(), &ask(Verb::Stop));
        prop_assert_eq!(off.service.desired_count, 0);
        prop_assert!(off.target.as_ref().is_none_or(ScalableTarget::is_asleep));
        let on = performed(off, &ask(Verb::Start));
        prop_assert_eq!(shape(&on), shape(&seen));
    }

    #[test]
    fn what_people_do_inside_an_off_period_is_temporary(seen in service_on(), raised in 1..9_u32) {
        let mut night = performed(seen.clone(), &ask(Verb::Stop));
        night.service.desired_count = i32::try_from(raised).unwrap();
        let off = performed(night, &ask(Verb::Stop));
        prop_assert_eq!(off.service.desired_count, 0);
        prop_assert_eq!(shape(&performed(off, &ask(Verb::Start))), shape(&seen));
    }

    #[test]
    fn a_start_never_lowers_a_running_service(seen in any_service()) {
        for step in planned(&seen, &ask(Verb::Start)).steps() {
            if let Step::SetDesired { before, after, .. } = step {
                prop_assert!(i64::from(*after) > i64::from(*before));
            }
        }
    }

    #[test]
    fn the_record_is_written_before_anything_is_changed_by_a_stop(seen in any_service()) {
        let plan = planned(&seen, &ask(Verb::Stop));
        let first_change = plan.steps().position(|step| !matches!(step, Step::WriteRecord { .. }));
        let before = seen.service.tags_by_key().get("steward:record").and_then(|t| t.parse::<Record>().ok());
        let begun = before.is_some_and(|record| record.state == State::Stopping);
        prop_assert!(begun || first_change.is_none_or(|place| place > 0));
    }

    #[test]
    fn two_tag_writes_a_stop_and_one_a_start_no_more(seen in service_on()) {
        let writes = |seen: &Seen, verb| {
            planned(seen, &ask(verb)).steps().filter(|step| matches!(step, Step::WriteRecord { .. })).count()
        };
        prop_assert_eq!(writes(&seen, Verb::Stop), 2);
        let off = performed(seen, &ask(Verb::Stop));
        prop_assert_eq!(writes(&off, Verb::Start), 1);
    }
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

fn record(text: &str) -> Vec<(&'static str, String)> {
    vec![("steward:record", text.to_owned())]
}

const OFF: &str = "v1 off@2026-11-23T23:00:00Z n=5 min=2 susp=--- by=request";

#[test]
fn what_cannot_be_stopped_says_why_and_gets_no_step() {
    type Spoil = fn(&mut Seen);
    let cases: &[(Spoil, Outcome, Code)] = &[
        (|seen| seen.service.status = "DRAINING".into(), Outcome::Skipped, Code::Gone),
        (|seen| seen.service.status = "INACTIVE".into(), Outcome::Skipped, Code::Gone),
        (|seen| seen.service.scheduling_strategy = "DAEMON".into(), Outcome::Skipped, Code::Daemon),
        (
            |seen| seen.service.resource_management_type = Some("ECS".into()),
            Outcome::Skipped,
            Code::ExpressManaged,
        ),
        (
            |seen| seen.service.service_arn = "arn:aws:ecs:sa-east-1:123456789012:service/users".into(),
            Outcome::Failed,
            Code::ShortArn,
        ),
        (
            |seen| {
                seen.service.tags =
                    (0..50).map(|n| ecs::Tag { key: format!("tag{n}"), value: String::new() }).collect();
            },
            Outcome::Failed,
            Code::TooManyTags,
        ),
        (
            |seen| {
                seen.service.tags = vec![ecs::Tag { key: "steward:record".into(), value: "v2 off".into() }];
            },
            Outcome::Failed,
            Code::RecordUnreadable,
        ),
    ];
    for (spoil, outcome, code) in cases {
        let mut seen = service(2, None, &[]);
        spoil(&mut seen);
        let plan = planned(&seen, &ask(Verb::Stop));
        assert!(plan.is_empty(), "{code}");
        assert_eq!((only(&plan).outcome, only(&plan).code), (*outcome, Some(*code)));
    }
}

#[test]
fn fifty_tags_of_which_one_is_the_record_or_awss_own_are_no_obstacle() {
    let tags = |own: &str| (0..49).map(|n| format!("tag{n}")).chain([own.to_owned()]).collect::<Vec<_>>();
    for own in ["steward:record", "aws:cloudformation:stack-name"] {
        let mut seen = service(2, None, &[]);
        let value = |key: &str| if key == "steward:record" { OFF.to_owned() } else { String::new() };
        seen.service.tags = tags(own).into_iter().map(|key| ecs::Tag { value: value(&key), key }).collect();
        assert!(!planned(&seen, &ask(Verb::Stop)).is_empty(), "{own}");
    }
}

#[test]
fn a_deployment_defers_a_fleets_stop_and_warns_the_one_who_names_the_service() {
    let mut seen = service(2, None, &[]);
    seen.service.deployments = vec![
        ecs::Deployment {
            status: "PRIMARY".into(),
            rollout_state: Some("IN_PROGRESS".into()),
            ..Default::default()
        },
        ecs::Deployment {
            status: "ACTIVE".into(),
            rollout_state: Some("COMPLETED".into()),
            ..Default::default()
        },
    ];
    let named = planned(&seen, &ask(Verb::Stop));
    assert_eq!((only(&named).outcome, warned(only(&named))), (Outcome::Changed, vec![Code::Deploying]));

    let fleet = Target::Cluster(id().cluster, shared::select::Selector::default());
    for ask in [Ask { target: fleet, ..ask(Verb::Stop) }, Ask { scheduled: true, ..ask(Verb::Stop) }] {
        let plan = planned(&seen, &ask);
        assert!(plan.is_empty());
        assert_eq!((only(&plan).outcome, only(&plan).code), (Outcome::Skipped, Some(Code::Deploying)));
    }
    let off = performed(seen.clone(), &ask(Verb::Stop));
    assert!(!planned(&off, &ask(Verb::Start)).is_empty(), "a start never waits");
}

#[test]
fn what_somebody_changed_while_it_was_off_wins_with_a_warning() {
    let off = |target| service(0, target, &record(OFF));
    let asleep = Suspended::ALL;
    let own = Suspended { scheduled_scaling: true, ..Suspended::default() };
    for (name, seen, shape_after, codes) in [
        ("untouched", off(Some(target(0, 6, asleep))), (5, Some(target(2, 6, Suspended::default()))), vec![]),
        (
            "a min was set",
            off(Some(target(3, 6, asleep))),
            (5, Some(target(3, 6, Suspended::default()))),
            vec![Code::TargetChanged],
        ),
        (
            "flags were set",
            off(Some(target(0, 6, own))),
            (5, Some(target(2, 6, own))),
            vec![Code::TargetChanged],
        ),
        ("the target was removed", off(None), (5, None), vec![Code::TargetRemoved]),
        (
            "the max was lowered",
            off(Some(target(0, 3, asleep))),
            (3, Some(target(2, 3, Suspended::default()))),
            vec![Code::Clamped],
        ),
        (
            "the max was lowered below the min",
            off(Some(target(0, 1, asleep))),
            (1, Some(target(1, 1, Suspended::default()))),
            vec![Code::Clamped, Code::Clamped],
        ),
    ] {
        let plan = planned(&seen, &ask(Verb::Start));
        assert_eq!(warned(only(&plan)), codes, "{name}");
        assert_eq!(shape(&performed(seen, &ask(Verb::Start))), shape_after, "{name}");
    }
}

#[test]
fn off_with_no_saved_size_uses_the_size_tag_else_fails_and_never_guesses() {
    let off = "v1 off@2026-11-23T23:00:00Z by=request";
    let none = planned(&service(0, None, &record(off)), &ask(Verb::Start));
    assert!(none.is_empty());
    assert_eq!((only(&none).outcome, only(&none).code), (Outcome::Failed, Some(Code::NoSavedSize)));

    let mut tags = record(off);
    tags.push(("steward:size", "n=4 min=2 susp=-o-".into()));
    let seen = service(0, Some(target(0, 9, Suspended::ALL)), &tags);
    let on = performed(seen, &ask(Verb::Start));
    let flags = Suspended { dynamic_scaling_out: true, ..Suspended::default() };
    assert_eq!(shape(&on), (4, Some(target(2, 9, flags))));

    let mut tags = record(off);
    tags.push(("steward:size", "plenty".into()));
    let bad = planned(&service(0, None, &tags), &ask(Verb::Start));
    assert_eq!(only(&bad).code, Some(Code::SizeUnreadable));
}

#[test]
fn a_tagged_size_is_bounded_because_whoever_may_tag_may_choose_it() {
    let seen = service(0, None, &[("steward:size", "n=4000".into())]);
    let plan = planned(&seen, &ask(Verb::Start));
    assert_eq!(warned(only(&plan)), [Code::Clamped]);
    assert_eq!(performed(seen, &ask(Verb::Start)).service.desired_count, 500);
}

#[test]
fn a_queue_worker_that_autoscaling_took_to_0_is_put_to_sleep_and_keeps_its_size() {
    let on = "v1 on@2026-11-23T08:00:00Z n=3 min=0 susp=--- by=request";
    let worker = service(0, Some(target(0, 9, Suspended::default())), &record(on));
    let off = performed(worker.clone(), &ask(Verb::Stop));
    assert!(off.target.as_ref().unwrap().is_asleep());
    let back = performed(off, &ask(Verb::Start));
    assert_eq!(shape(&back), (3, Some(target(0, 9, Suspended::default()))));
    // Named at 0, it is started although its record says on; selected, it is left alone.
    assert_eq!(performed(worker.clone(), &ask(Verb::Start)).service.desired_count, 3);
    let fleet = Target::Cluster(id().cluster, shared::select::Selector::default());
    assert!(planned(&worker, &Ask { target: fleet, ..ask(Verb::Start) }).is_empty());
}

#[test]
fn scale_to_n_after_a_stop_leaves_autoscaling_as_it_was_before_the_stop() {
    let own = Suspended { dynamic_scaling_in: true, ..Suspended::default() };
    let seen = service(3, Some(target(2, 6, own)), &[]);
    let off = performed(seen, &ask(Verb::Stop));
    let on = performed(off, &ask(Verb::Scale(4)));
    assert_eq!(shape(&on), (4, Some(target(2, 6, own))));
}

#[test]
fn scale_while_on_sets_the_count_and_nothing_else() {
    let seen = service(2, Some(target(1, 6, Suspended::default())), &[]);
    let plan = planned(&seen, &ask(Verb::Scale(8)));
    assert!(plan.steps().all(|step| matches!(step, Step::SetDesired { after: 8, .. })));
    assert_eq!(plan.steps().count(), 1);
    assert_eq!(warned(only(&plan)), [Code::OutsideBounds]);
}

#[test]
fn a_late_event_that_would_change_something_is_stale() {
    let late = Ask { stale_before: Some(instant("2026-11-24T23:20:00Z")), ..ask(Verb::Stop) };
    let on = service(2, None, &[]);
    assert_eq!(only(&planned(&on, &late)).code, Some(Code::Stale));
    // Older than what was done since.
    let newer = "v1 on@2026-11-24T23:00:01Z n=2 by=request";
    let in_time = Ask { stale_before: Some(instant("2026-11-24T22:50:00Z")), ..ask(Verb::Stop) };
    assert_eq!(only(&planned(&service(2, None, &record(newer)), &in_time)).code, Some(Code::Stale));
    // A retry with the same instant goes on.
    let begun = "v1 stopping@2026-11-24T23:00:00Z n=2 by=request";
    assert!(!planned(&service(2, None, &record(begun)), &in_time).is_empty());
    // What would change nothing is not stale, but done.
    let off = service(0, None, &record("v1 off@2026-11-24T23:00:00Z n=2 by=request"));
    assert_eq!(only(&planned(&off, &late)).outcome, Outcome::Unchanged);
}

#[test]
fn stopping_what_is_off_leaves_the_record_byte_for_byte_and_notes_who_asked() {
    let seen = service(0, None, &record("v1 off@2026-11-23T23:00:00Z n=5 by=request"));
    assert!(planned(&seen, &ask(Verb::Stop)).is_empty());
    let by_schedule = service(0, None, &record("v1 off@2026-11-23T23:00:00Z n=5 sched=5f2c1a9e by=schedule"));
    let noted = performed(by_schedule, &ask(Verb::Stop));
    assert_eq!(
        noted.service.tags_by_key()["steward:record"],
        "v1 off@2026-11-23T23:00:00Z n=5 sched=5f2c1a9e by=request"
    );
}

#[test]
fn sleeping_autoscaling_without_a_record_is_a_warning() {
    let seen = service(2, Some(target(0, 6, Suspended::ALL)), &[]);
    assert_eq!(warned(only(&planned(&seen, &ask(Verb::Stop)))), [Code::OrphanedSuspension]);
}

mod narrowing {
    use std::collections::BTreeMap;

    use super::*;
    use crate::observe::Fresh;

    fn confirmed(fresh: Option<Fresh>) -> Vec<Code> {
        let seen = service(0, None, &record(OFF));
        let (_, stages) = planned(&seen, &ask(Verb::Start)).into_parts();
        let confirm = stages.into_iter().nth(CONFIRM).unwrap();
        let fresh = BTreeMap::from_iter(fresh.map(|fresh| (id(), fresh)));
        let narrowed = narrow(confirm, &fresh, &BTreeMap::new(), &Ok(BTreeMap::new()));
        assert_eq!(narrowed.jobs.len() + narrowed.taken.len(), 1);
        narrowed.taken.into_iter().map(|(_, taken)| taken.code).collect()
    }

    #[test]
    fn a_start_is_recorded_only_while_it_holds() {
        let fresh = |desired_count, record: &str| Some(Fresh { desired_count, record: Some(record.into()) });
        assert_eq!(confirmed(fresh(5, OFF)), []);
        assert_eq!(confirmed(fresh(9, OFF)), [], "raised meanwhile is fine");
        assert_eq!(confirmed(fresh(0, OFF)), [Code::Raced], "stopped meanwhile");
        assert_eq!(confirmed(fresh(5, "v1 stopping@2026-11-24T23:00:00Z n=5")), [Code::Raced]);
        assert_eq!(confirmed(None), [Code::Raced], "deleted meanwhile");
    }
}
