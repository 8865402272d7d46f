//! What must hold for every service there could be, on a model of AWS in a few lines.

use std::num::NonZeroU32;

use jiff::Timestamp;
use proptest::prelude::*;
use shared::Code;
use shared::application_autoscaling::{ScalableTarget, Suspended};
use shared::ecs::{self, Service};
use shared::record::{By, Record, Scaling, Size, State};
use shared::schedule::{Calendar, Catalog, Drift, Half};

use shared::Problem;

use super::*;
use crate::ask::Target;
use crate::observe::Seen;

const T: &str = "2026-11-24T23:00:00Z";

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
    let state = prop::sample::select(vec![State::On, State::Stopping, State::Off, State::Starting]);
    let night = prop_oneof![3 => Just(0_u32), 1 => 1..4_u32];
    prop::option::of((state, size, night).prop_map(|(state, (count, scaling), night)| Record {
        state,
        at: instant("2026-11-23T23:00:00Z"),
        size: Size {
            count: count.and_then(NonZeroU32::new),
            scaling: scaling.map(|(min, suspended)| Scaling { min, suspended }),
        },
        night: if state.is_on() { 0 } else { night },
        sched: None,
        by: Some(By::Request),
    }))
}

/// Any service at all, whatever people and crashes have made of it.
fn any_service() -> impl Strategy<Value = Seen> {
    let tagged =
        prop::option::of(prop::sample::select(vec!["n=3", "n=2 min=1 susp=---", "min=1 susp=i--", "many"]));
    let night = prop::option::weighted(0.3, prop::sample::select(vec!["0", "1", "2", "3", "few"]));
    (0..9_u32, targets(), records(), tagged, night).prop_map(|(count, target, record, tagged, night)| {
        let mut tags = Vec::new();
        tags.extend(record.map(|record| ("steward:record", record.to_string())));
        tags.extend(tagged.map(|text| ("steward:size", text.to_owned())));
        tags.extend(night.map(|text| ("steward:night", text.to_owned())));
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
        tag("steward:half", vec!["both", "stop-only", "start-only"]),
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
        if need_targets(&snapshot, &ask, &settings()).is_empty() {
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
        prop_assert!(off.target.as_ref().is_none_or(|target| target.is_asleep_at(0)));
        let on = started(off);
        prop_assert_eq!(shape(&on), shape(&seen));
        prop_assert!(tags(&on)["steward:record"].starts_with("v1 on@"));
    }

    #[test]
    fn with_a_night_size_off_is_so_many_tasks_never_more_and_it_comes_back_as_it_was(
        seen in service_on(), night in 1..9_u32, raised in 0..9_u32,
    ) {
        let mut seen = seen;
        // What a person put to sleep altogether looks like our own sleep.
        if let Some(target) = seen.target.as_mut().filter(|target| target.is_asleep_at(night)) {
            target.suspended = Suspended::default();
        }
        seen.service.tags.push(ecs::Tag { key: "steward:night".into(), value: night.to_string() });
        let off = performed(seen.clone(), &ask(Verb::Stop));
        let left = seen.service.desired_count.min(i32::try_from(night).unwrap());
        prop_assert_eq!(off.service.desired_count, left);
        if let (Some(target), Some(own)) = (&off.target, &seen.target) {
            prop_assert_eq!(target.suspended, Suspended::ALL);
            prop_assert_eq!(target.min_capacity, own.min_capacity.min(night));
        }
        let said = format!(" night={night}");
        prop_assert!(tags(&off)["steward:record"].contains(&said));
        // What people do inside an off period is temporary, whether it is more or less than the night size.
        let raised = seen.target.as_ref().map_or(raised, |target| raised.min(target.max_capacity));
        let mut by_night = off.clone();
        by_night.service.desired_count = i32::try_from(raised).unwrap();
        let stopped_again = performed(by_night, &ask(Verb::Stop));
        prop_assert!(stopped_again.service.desired_count <= i32::try_from(raised.min(night)).unwrap());
        for off in [off, stopped_again] {
            // A start never lowers what runs.
            let there = off.service.desired_count.max(seen.service.desired_count);
            let on = started(off);
            prop_assert_eq!((on.service.desired_count, &on.target), (there, &seen.target));
            prop_assert!(!tags(&on)["steward:record"].contains("night="));
        }
    }

    #[test]
    fn scale_in_sleeps_on_until_a_started_service_is_whole(seen in service_on()) {
        let off = performed(seen.clone(), &ask(Verb::Stop));
        let starting = performed(off.clone(), &ask(Verb::Start));
        prop_assert!(tags(&starting)["steward:record"].starts_with("v1 starting@"));
        if let (Some(target), Some(before)) = (&starting.target, &seen.target) {
            let flags = Suspended { dynamic_scaling_in: true, ..before.suspended };
            prop_assert_eq!((target.min_capacity, target.suspended), (before.min_capacity, flags));
        }
        // Nothing of it runs yet.
        prop_assert!(planned(&starting, &ask(Verb::Reconcile)).is_empty());
        // Where no reconcile comes, everything is handed back at once.
        let alone = PlanSettings { acts_in: NamePatterns::default(), ..settings() };
        let snapshot = Snapshot { services: vec![off.clone()], ..Snapshot::default() };
        let mut on = off;
        for step in plan(&snapshot, &ask(Verb::Start), &alone).steps() {
            apply(&mut on, step);
        }
        prop_assert_eq!(shape(&on), shape(&seen));
        prop_assert!(tags(&on)["steward:record"].starts_with("v1 on@"));
    }

    #[test]
    fn what_people_do_inside_an_off_period_is_temporary(seen in service_on(), raised in 1..9_u32) {
        let mut night = performed(seen.clone(), &ask(Verb::Stop));
        night.service.desired_count = i32::try_from(raised).unwrap();
        let off = performed(night, &ask(Verb::Stop));
        prop_assert_eq!(off.service.desired_count, 0);
        prop_assert_eq!(shape(&started(off)), shape(&seen));
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
        assert_eq!(shape(&started(seen)), shape_after, "{name}");
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
    let on = started(seen);
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
    assert!(off.target.as_ref().unwrap().is_asleep_at(0));
    assert_eq!(shape(&started(off)), (3, Some(target(0, 9, Suspended::default()))));
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
    let on = with_its_tasks(performed(off, &ask(Verb::Scale(4))));
    let on = performed(on, &ask(Verb::Reconcile));
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

#[test]
fn a_queue_worker_that_was_never_seen_above_0_sleeps_and_wakes_without_a_count() {
    let on = || vec![("steward:schedule", "Mon-Fri 08:00-20:00 UTC".to_owned())];
    let worker = service(0, Some(target(0, 9, Suspended::default())), &on());
    let reconcile = |at: &str| Ask { at: instant(at), now: instant(at), ..ask(Verb::Reconcile) };
    let adopted = performed(worker.clone(), &reconcile("2026-11-24T12:00:00Z"));
    let sched = "Mon-Fri 08:00-20:00 UTC".parse::<shared::schedule::Schedule>().unwrap().hash();
    let record = |seen: &Seen| tags(seen)["steward:record"].clone();
    let text = |state: &str, by: &str| format!("v1 {state} min=0 susp=--- sched={sched} by={by}");
    assert_eq!(record(&adopted), text("on@2026-11-24T12:00:00Z", "adoption"));
    let off = performed(adopted, &reconcile("2026-11-24T20:01:00Z"));
    assert!(off.target.as_ref().unwrap().is_asleep_at(0));
    assert_eq!(record(&off), text("off@2026-11-24T20:00:00Z", "schedule"));
    let plan = planned(&off, &reconcile("2026-11-25T08:00:00Z"));
    assert_eq!((only(&plan).outcome, warned(only(&plan))), (Outcome::Changed, vec![]));
    let back = performed(off, &reconcile("2026-11-25T08:00:00Z"));
    assert_eq!(shape(&back), shape(&worker));
    assert_eq!(record(&back), text("on@2026-11-25T08:00:00Z", "schedule"));
}

#[test]
fn a_lost_record_is_told_once_at_once_and_our_own_sleep_is_never_taken_for_a_size() {
    let schedule = || ("steward:schedule", "Mon-Fri 08:00-20:00 UTC".to_owned());
    let asleep = Some(target(0, 9, Suspended::ALL));
    let lost = service(0, asleep.clone(), &[schedule()]);
    let at = |at: &str| Ask { at: instant(at), now: instant(at), ..ask(Verb::Reconcile) };
    let night = at("2026-11-25T02:05:00Z");
    let told = planned(&lost, &night);
    assert_eq!((only(&told).outcome, only(&told).code), (Outcome::Failed, Some(Code::NoSavedSize)));
    assert_eq!(warned(only(&told)), [Code::OrphanedSuspension]);
    for remedy in ["steward:size", "none", "aws logs filter-log-events"] {
        assert!(only(&told).reason.contains(remedy), "{}", only(&told).reason);
    }
    let adopted = performed(lost, &night);
    // Then it is quiet, through a morning and an evening.
    for (instant, steps) in
        [("2026-11-25T02:10:00Z", 0), ("2026-11-25T08:00:00Z", 1), ("2026-11-25T20:00:00Z", 1)]
    {
        let plan = planned(&adopted, &at(instant));
        assert_eq!((only(&plan).outcome, only(&plan).code), (Outcome::Skipped, Some(Code::NoSavedSize)));
        assert_eq!((warned(only(&plan)), plan.steps().count()), (vec![Code::OrphanedSuspension], steps));
    }
    // A person raises it: what it had is still not known, and our own sleep is not it.
    let mut raised = adopted;
    raised.service.desired_count = 2;
    let off = performed(raised, &at("2026-11-25T20:00:00Z"));
    let record: Record = tags(&off)["steward:record"].parse().unwrap();
    assert_eq!((record.size.count.map(u32::from), record.size.scaling), (Some(2), None));

    let mut raised = service(2, asleep, &[schedule(), ("steward:size", "n=3 min=1 susp=---".into())]);
    raised = performed(raised, &night);
    let record: Record = tags(&raised)["steward:record"].parse().unwrap();
    assert_eq!(record.size, "n=2 min=1 susp=---".parse().unwrap());
    let plan = planned(&raised, &at("2026-11-25T02:10:00Z"));
    assert_eq!(warned(only(&plan)), [Code::OrphanedSuspension], "until it is mended");
    let off = performed(raised, &at("2026-11-25T20:00:00Z"));
    let back = performed(off, &at("2026-11-26T08:00:00Z"));
    let without_scale_in = Suspended { dynamic_scaling_in: true, ..Suspended::default() };
    assert_eq!(shape(&back), (2, Some(target(1, 9, without_scale_in))));
}

#[test]
fn late_to_wake_is_what_starts_for_long_and_never_what_was_whole_once() {
    let schedule = ("steward:schedule", "Mon-Fri 08:00-20:00 UTC".to_owned());
    let with = |record: &str, running: i32| {
        let record = record.to_owned() + " n=2 sched=%s by=schedule";
        let sched = "Mon-Fri 08:00-20:00 UTC".parse::<shared::schedule::Schedule>().unwrap().hash();
        let tags = [schedule.clone(), ("steward:record", record.replace("%s", &sched))];
        let mut seen = service(2, None, &tags);
        seen.service.running_count = running;
        seen
    };
    let at = |at: &str| Ask { at: instant(at), now: instant(at), ..ask(Verb::Reconcile) };
    let starting = with("v1 starting@2026-11-25T08:00:00Z", 1);
    let warned_at = |seen: &Seen, time: &str| warned(only(&planned(seen, &at(time))));
    assert_eq!(warned_at(&starting, "2026-11-25T08:10:00Z"), []);
    assert_eq!(warned_at(&starting, "2026-11-25T08:15:00Z"), [Code::LateToWake]);
    let over = planned(&starting, &at("2026-11-25T10:00:00Z"));
    assert_eq!((only(&over).outcome, warned(only(&over))), (Outcome::Changed, vec![Code::LateToWake]));
    assert!(tags(&performed(starting, &at("2026-11-25T10:00:00Z")))["steward:record"].starts_with("v1 on@"));
    // Scaled out at 15:00, it is nobody's alarm.
    assert_eq!(warned_at(&with("v1 on@2026-11-25T08:00:00Z", 1), "2026-11-25T15:00:00Z"), []);
}

mod narrowing {
    use shared::perform::Narrowed;

    use super::*;
    use crate::observe::Fresh;

    fn again(seen: Option<Seen>, cluster: &[(&str, &str)]) -> Fresh {
        let tags = cluster.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let seen = Snapshot {
            services: seen.into_iter().collect(),
            cluster_tags: [(id().cluster, tags)].into(),
            ..Snapshot::default()
        };
        Fresh { seen, services: Ok(()), groups: Ok(()) }
    }

    /// What a plan for `seen` leaves of itself after a fresh look.
    fn narrowed(seen: &Seen, ask: &Ask, fresh: &Fresh) -> Narrowed<Step> {
        let (_, stages) = planned(seen, ask).into_parts();
        let (stage, jobs) = stages.into_iter().enumerate().find(|(_, jobs)| !jobs.is_empty()).unwrap();
        let cluster_tags = [(id().cluster, std::collections::BTreeMap::new())].into();
        let before = Snapshot { services: vec![seen.clone()], cluster_tags, ..Snapshot::default() };
        narrow(stage, jobs, &before, fresh, ask, &settings())
    }

    fn taken(seen: &Seen, ask: &Ask, fresh: &Fresh) -> Option<(Outcome, Code)> {
        let Narrowed { jobs, taken } = narrowed(seen, ask, fresh);
        assert_eq!(jobs.len() + taken.len(), 1);
        taken.first().map(|(_, taken)| (taken.outcome, taken.code))
    }

    fn evening() -> (Seen, Ask) {
        let sched = "Mon-Fri 08:00-20:00 UTC".parse::<shared::schedule::Schedule>().unwrap().hash();
        let record = format!("v1 on@2026-11-24T08:00:00Z n=2 sched={sched} by=schedule");
        let tags = [("steward:schedule", "Mon-Fri 08:00-20:00 UTC".to_owned()), ("steward:record", record)];
        (service(2, None, &tags), ask(Verb::Reconcile))
    }

    fn tagged(mut seen: Seen, key: &str, value: &str) -> Seen {
        seen.service.tags.retain(|tag| tag.key != key);
        seen.service.tags.push(ecs::Tag { key: key.into(), value: value.into() });
        seen
    }

    // Put after the run has begun, which is at 23:00.
    const HOLD: &str = "hold from 2026-11-24T23:00:02Z until 2026-11-25T02:00:00Z by ana";
    const ON: &str = "on from 2026-11-24T22:59:00Z until 2026-11-25T02:00:00Z by ana";

    #[test]
    fn nothing_is_switched_on_an_old_look() {
        let (seen, ask) = evening();
        let meanwhile = Some((Outcome::Unchanged, Code::ChangedMeanwhile));
        assert_eq!(taken(&seen, &ask, &again(Some(seen.clone()), &[])), None);
        for text in [HOLD, ON] {
            let its_own = tagged(seen.clone(), "steward:override", text);
            assert_eq!(taken(&seen, &ask, &again(Some(its_own), &[])), meanwhile, "{text}");
            let clusters = again(Some(seen.clone()), &[("steward:override", text)]);
            assert_eq!(taken(&seen, &ask, &clusters), meanwhile, "its cluster's {text}");
        }
        let mut scaled = seen.clone();
        scaled.service.desired_count = 3;
        assert_eq!(taken(&seen, &ask, &again(Some(scaled), &[])), meanwhile, "a size is never old");
        assert_eq!(taken(&seen, &ask, &again(None, &[])), meanwhile, "gone");
        let mut deploying = seen.clone();
        let primary = ecs::Deployment { status: "PRIMARY".into(), ..ecs::Deployment::default() };
        deploying.service.deployments = vec![primary.clone(), primary];
        let since = Ask { now: instant("2026-11-24T20:01:00Z"), ..ask.clone() };
        assert_eq!(taken(&seen, &since, &again(Some(deploying), &[])), meanwhile);
    }

    #[test]
    fn what_a_request_finds_changed_is_failed_and_may_be_asked_again() {
        let seen = service(2, None, &[]);
        let stop = ask(Verb::Stop);
        assert_eq!(taken(&seen, &stop, &again(Some(seen.clone()), &[])), None);
        let mut scaled = seen.clone();
        scaled.service.desired_count = 3;
        assert_eq!(taken(&seen, &stop, &again(Some(scaled), &[])), Some((Outcome::Failed, Code::Raced)));
        let unread = Problem::new(Code::Throttled, "throttled");
        let unread = Fresh { services: Err(unread), ..again(Some(seen.clone()), &[]) };
        assert_eq!(taken(&seen, &stop, &unread), Some((Outcome::Failed, Code::Throttled)));
    }

    #[test]
    fn what_a_twin_of_this_run_did_for_the_same_instant_is_success_and_not_a_race() {
        let off = service(0, None, &record(OFF));
        for (verb, t) in [(Verb::Start, "starting"), (Verb::Start, "on"), (Verb::Stop, "stopping")] {
            let seen = if verb == Verb::Start { off.clone() } else { service(5, None, &[]) };
            let text = format!("v1 {t}@{T} n=5 min=2 susp=--- by=request");
            let twins = tagged(seen.clone(), "steward:record", &text);
            let unchanged = Some((Outcome::Unchanged, Code::ChangedMeanwhile));
            assert_eq!(taken(&seen, &ask(verb), &again(Some(twins), &[])), unchanged, "{text}");
        }
    }

    #[test]
    fn an_override_that_was_put_anew_is_not_removed_as_the_one_that_was_over() {
        let (seen, ask) = evening();
        let over = "hold from 2026-11-24T12:00:00Z until 2026-11-24T13:00:00Z by ana";
        let off = performed(seen, &ask);
        let seen = tagged(off, "steward:override", over);
        assert_eq!(taken(&seen, &ask, &again(Some(seen.clone()), &[])), None);
        let anew = tagged(seen.clone(), "steward:override", HOLD);
        let meanwhile = Some((Outcome::Unchanged, Code::ChangedMeanwhile));
        assert_eq!(taken(&seen, &ask, &again(Some(anew), &[])), meanwhile);
    }
}
