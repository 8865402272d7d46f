//! The rules of slots and tokens, by hand: a request of some tasks, what AWS answers, and what is asked then.

use jiff::{SignedDuration, Timestamp};
use shared::run_task::Options;

use super::*;
use crate::ask::Key;

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

fn ask(count: usize) -> Ask {
    Ask {
        cluster: "prod".parse().unwrap(),
        task_definition: "job".parse().unwrap(),
        count,
        like: None,
        overrides: None,
        network: None,
        launch_type: None,
        strategy: Vec::new(),
        platform_version: None,
        options: Options::default(),
        tags: Vec::new(),
        group: None,
        started_by: "alice".into(),
        key: Key { hash: "0".repeat(32), given: true, may_repeat: true },
        wait: None,
        verdict_of: Vec::new(),
        dry_run: false,
    }
}

/// The same under a key that no other run can have.
fn without_key(count: usize) -> Ask {
    let ask = ask(count);
    Ask { key: Key { given: false, may_repeat: false, ..ask.key.clone() }, ..ask }
}

fn keys() -> Keys {
    Keys { run: "steward:run".into(), chunk: "steward:chunk".into(), slot: "steward:slot".into() }
}

fn base_of(ask: &Ask) -> RunTask {
    let definition = TaskDefinition { family: "job".into(), revision: 7, ..TaskDefinition::default() };
    base(ask, Launch::default(), &definition, &keys())
}

fn arn(n: usize) -> String {
    format!("arn:aws:ecs:sa-east-1:123456789012:task/prod/{n:032x}")
}

/// A task that was started a minute ago, with its chunk or its slot.
fn task(n: usize, place: (&str, usize)) -> Task {
    Task {
        task_arn: arn(n),
        created_at: Some(now() - SignedDuration::from_mins(1)),
        tags: vec![Tag { key: format!("steward:{}", place.0), value: place.1.to_string() }],
        ..Task::default()
    }
}

fn slots(ask: &Ask, before: &[Task]) -> Slots {
    Slots::new(ask, before, &keys(), now())
}

fn calls(slots: &Slots, ask: &Ask) -> Vec<RunTask> {
    let plan = plan(&mut slots.clone(), &base_of(ask), ask, &keys());
    plan.steps().map(|step| step.call.clone()).collect()
}

/// `10 of chunk 0`, call by call.
fn asked(slots: &Slots, ask: &Ask) -> Vec<String> {
    let line = |call: &RunTask| {
        let Tag { key, value } = call.tags.last().unwrap();
        format!("{} of {} {value}", call.count, key.trim_start_matches("steward:"))
    };
    calls(slots, ask).iter().map(line).collect()
}

fn tokens(slots: &Slots, ask: &Ask) -> Vec<String> {
    calls(slots, ask).into_iter().map(|call| call.token).collect()
}

/// The task of each slot: `7 before` where an earlier run has started it, `7` where this one has.
fn shown(slots: &Slots, ask: &Ask) -> Vec<String> {
    let line = |item: &Item| {
        item.after.as_ref().map_or("-".to_owned(), |after| {
            let n = usize::from_str_radix(short_name(&after.task_arn), 16).unwrap();
            format!("{n}{}", if after.started_before { " before" } else { "" })
        })
    };
    plan(&mut slots.clone(), &base_of(ask), ask, &keys()).forecast().iter().map(line).collect()
}

fn started(n: usize) -> Item {
    let mut item = Item::new("task/prod", Outcome::Changed, None, "a task of job");
    item.after = Some(StartedTask::of(&task(n, ("chunk", 0)), false));
    item
}

fn refused(code: Code) -> Item {
    Item::failed("task/prod", &Problem::new(code, "as AWS says"))
}

#[test]
fn a_request_is_asked_for_in_tens_each_under_a_token_of_its_own() {
    let ask = ask(25);
    let fresh = slots(&ask, &[]);
    assert_eq!(asked(&fresh, &ask), ["10 of chunk 0", "10 of chunk 1", "5 of chunk 2"]);
    let mut tokens = tokens(&fresh, &ask);
    tokens.dedup();
    assert_eq!(tokens.len(), 3);
    let (items, stages) = plan(&mut fresh.clone(), &base_of(&ask), &ask, &keys()).into_parts();
    assert_eq!(items.len(), 25);
    assert_eq!(stages.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2], "the first goes alone");
    assert!(fresh.may_go_on() && !fresh.any_started());
}

#[test]
fn what_a_chunk_left_empty_is_asked_for_slot_by_slot_and_what_got_no_answer_whole_again() {
    let ask = ask(25);
    let fresh = slots(&ask, &[]);
    let first = tokens(&fresh, &ask);
    let mut items: Vec<Item> = (0..14).map(started).collect();
    items.extend((14..20).map(|_| refused(Code::NoCapacity)));
    items.extend((20..25).map(|_| refused(Code::Unreachable)));
    let then = fresh.after(items);
    assert!(then.may_go_on() && then.any_started());
    let alone: Vec<String> = (14..20).map(|slot| format!("1 of slot {slot}")).collect();
    assert_eq!(asked(&then, &ask), [alone.as_slice(), &["5 of chunk 2".into()]].concat());
    let again = tokens(&then, &ask);
    assert_eq!(again.last(), first.last(), "AWS may have heard it");
    assert_eq!(again[0], ask.key.token("slot 14"));

    // All but one that would never do.
    let mut items: Vec<Item> = (0..19).map(started).collect();
    items.push(refused(Code::NotStarted));
    items.extend((20..25).map(started));
    let ended = then.after(items);
    assert!(!ended.may_go_on());
    assert_eq!(asked(&ended, &ask), [""; 0]);
    let outcomes: Vec<Outcome> = ended.into_items().iter().map(|item| item.outcome).collect();
    assert_eq!((outcomes.len(), outcomes[19]), (25, Outcome::Failed));
}

#[test]
fn a_chunk_that_was_refused_as_a_whole_is_asked_for_whole_again() {
    let ask = ask(3);
    let refused = slots(&ask, &[]).after((0..3).map(|_| refused(Code::NoCapacity)).collect());
    assert_eq!(asked(&refused, &ask), ["3 of chunk 0"]);
    assert!(!refused.any_started());
}

#[test]
fn only_where_no_other_run_has_the_key_a_refused_call_goes_out_under_another_token() {
    let not_attempted = Item::new("task/prod", Outcome::NotAttempted, Some(Code::NoCapacity), "not tried");
    for (item, is_refusal) in [
        (refused(Code::NoCapacity), true),
        (refused(Code::Throttled), false),
        (refused(Code::Unreachable), false),
        (refused(Code::AwsFailed), false),
        (refused(Code::OutOfTime), false),
        (not_attempted, false),
    ] {
        let [without_key, under_key] = [without_key(1), ask(1)];
        let changes = |ask: &Ask| {
            let fresh = slots(ask, &[]);
            tokens(&fresh, ask) != tokens(&fresh.clone().after(vec![item.clone()]), ask)
        };
        assert_eq!((changes(&without_key), changes(&under_key)), (is_refusal, false), "{item:?}");
    }
    let ask = without_key(2);
    let mut all = Vec::new();
    let mut slots = slots(&ask, &[]);
    for _ in 0..3 {
        all.extend(tokens(&slots, &ask));
        slots = slots.after(vec![refused(Code::NoCapacity), refused(Code::NoCapacity)]);
    }
    // The chunk's token has started something, and the slot's own has been refused nothing yet.
    slots = slots.after(vec![started(1), refused(Code::NoCapacity)]);
    assert_eq!(tokens(&slots, &ask), [ask.key.token("slot 1")]);
    for _ in 0..2 {
        slots = slots.after(vec![started(1), refused(Code::NoCapacity)]);
        all.extend(tokens(&slots, &ask));
    }
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!((count, all.len()), (5, 5), "each time another");
}

#[test]
fn tasks_of_an_earlier_run_fill_their_places_as_far_as_their_tokens_are_known_to_be_spent() {
    let chunk = |n: usize| task(n, ("chunk", 0));
    let old = |n: usize, seconds: i64| Task {
        created_at: Some(now() - REMEMBERED - SignedDuration::from_secs(seconds)),
        ..chunk(n)
    };
    let check = |what: &str, count: usize, before: &[Task], comes: &[&str], filled: &[&str]| {
        let ask = ask(count);
        let slots = slots(&ask, before);
        assert_eq!(asked(&slots, &ask), comes, "{what}");
        let places = shown(&slots, &ask).into_iter().enumerate().filter(|(_, it)| it != "-");
        let places: Vec<String> = places.map(|(place, it)| format!("{place}: {it}")).collect();
        assert_eq!(places, filled, "{what}");
    };
    check(
        "all are there",
        3,
        &[chunk(1), chunk(2), chunk(3)],
        &[],
        &["0: 1 before", "1: 2 before", "2: 3 before"],
    );
    check("the list may lack one: the call tells", 3, &[chunk(1), chunk(2)], &["3 of chunk 0"], &[]);
    check("AWS still knows the token", 3, &[old(1, 0), chunk(2)], &["3 of chunk 0"], &[]);
    check(
        "AWS may have forgotten it",
        3,
        &[old(1, 1), chunk(2)],
        &["1 of slot 2"],
        &["0: 1 before", "1: 2 before"],
    );
    check(
        "one that was started alone has outlived its chunk",
        3,
        &[task(7, ("slot", 1))],
        &["1 of slot 0", "1 of slot 2"],
        &["1: 7 before"],
    );
    check(
        "one of the chunk, and the others alone",
        3,
        &[task(8, ("slot", 2)), chunk(1), task(7, ("slot", 1))],
        &[],
        &["0: 1 before", "1: 7 before", "2: 8 before"],
    );
    check(
        "in the second chunk",
        12,
        &[task(7, ("slot", 11))],
        &["10 of chunk 0", "1 of slot 10"],
        &["11: 7 before"],
    );
    check(
        "the second chunk alone",
        12,
        &[task(1, ("chunk", 1)), task(2, ("chunk", 1))],
        &["10 of chunk 0"],
        &["10: 1 before", "11: 2 before"],
    );
}

#[test]
fn a_task_fills_one_place_and_what_was_refused_keeps_its_reason() {
    let ask = ask(3);
    let items = vec![started(1), refused(Code::NoCapacity), refused(Code::NoCapacity)];
    let mut slots = slots(&ask, &[]).after(items);
    slots.find(&[task(1, ("chunk", 0))], &ask, &keys(), now());
    assert_eq!(asked(&slots, &ask), ["1 of slot 1", "1 of slot 2"]);
    assert_eq!(shown(&slots, &ask), ["1", "-", "-"]);
    let reasons: Vec<String> = slots.clone().into_items().into_iter().map(|item| item.reason).collect();
    assert_eq!(reasons, ["a task of job", "as AWS says", "as AWS says"]);
    // Another run has started the last of them meanwhile.
    slots.find(&[task(1, ("chunk", 0)), task(5, ("slot", 2))], &ask, &keys(), now());
    assert_eq!(shown(&slots, &ask), ["1", "-", "5 before"]);
    assert_eq!(asked(&slots, &ask), ["1 of slot 1"]);
}

#[test]
fn a_task_of_its_chunk_that_a_list_lacked_at_first_fills_a_place_all_the_same() {
    let ask = ask(3);
    let alone = task(7, ("slot", 1));
    let mut slots = slots(&ask, std::slice::from_ref(&alone));
    assert_eq!(asked(&slots, &ask), ["1 of slot 0", "1 of slot 2"]);
    slots.find(&[alone, task(1, ("chunk", 0))], &ask, &keys(), now());
    assert_eq!(shown(&slots, &ask), ["1 before", "7 before", "-"]);
    assert_eq!(asked(&slots, &ask), ["1 of slot 2"]);
}

#[test]
fn what_this_run_asked_for_without_an_answer_is_its_own_when_it_is_found() {
    let found = |answers: &[Code]| {
        let ask = ask(2);
        let mut slots = slots(&ask, &[]);
        for code in answers {
            slots = slots.after(vec![refused(*code), refused(*code)]);
        }
        // One of them alone says nothing.
        slots.find(&[task(1, ("chunk", 0))], &ask, &keys(), now());
        assert_eq!(asked(&slots, &ask), ["2 of chunk 0"], "{answers:?}");
        slots.find(&[task(1, ("chunk", 0)), task(2, ("chunk", 0))], &ask, &keys(), now());
        assert_eq!(asked(&slots, &ask), [""; 0], "{answers:?}");
        let outcomes: Vec<Outcome> = slots.clone().into_items().iter().map(|item| item.outcome).collect();
        (shown(&slots, &ask), outcomes)
    };
    let its_own = (vec!["1".to_owned(), "2".to_owned()], vec![Outcome::Changed; 2]);
    let anothers = (vec!["1 before".to_owned(), "2 before".to_owned()], vec![Outcome::Unchanged; 2]);
    assert_eq!(found(&[Code::Unreachable]), its_own);
    assert_eq!(found(&[Code::Unreachable, Code::Throttled]), its_own, "the first may have gone through");
    assert_eq!(found(&[Code::Unreachable, Code::NoCapacity]), anothers, "it was refused, so it had not");
    assert_eq!(found(&[Code::Throttled]), anothers);
    assert_eq!(found(&[Code::NoCapacity]), anothers);
}

#[test]
fn an_answers_tasks_fill_the_places_in_the_order_of_their_names_and_each_of_the_rest_has_its_failure() {
    let ask = ask(3);
    let plan = plan(&mut slots(&ask, &[]), &base_of(&ask), &ask, &keys());
    let step = plan.steps().next().unwrap();
    let failure = |reason: &&str| Failure { reason: (*reason).to_owned(), ..Failure::default() };
    let settled = |tasks: &[usize], failures: &[&str]| {
        let started = Started {
            tasks: tasks.iter().map(|n| task(*n, ("chunk", 0))).collect(),
            failures: failures.iter().map(failure).collect(),
        };
        settle(step, &started, &[task(1, ("chunk", 0))])
    };
    let made = settled(&[3, 1, 2], &[]).made;
    let told: Vec<_> = made
        .iter()
        .map(|(id, made)| {
            (*id, made.resource.clone(), made.after.task_arn.clone(), made.after.started_before)
        })
        .collect();
    let expected: Vec<_> = step
        .slots
        .iter()
        .zip(1..)
        .map(|(id, n)| (*id, format!("task/prod/{n:032x}"), arn(n), n == 1))
        .collect();
    assert_eq!(told, expected);

    let refusals = |tasks: &[usize], failures: &[&str]| -> Vec<(Code, String)> {
        let refused = settled(tasks, failures).refused.into_iter();
        refused.map(|(_, problem)| (problem.code, problem.detail)).collect()
    };
    let each = refusals(&[1], &["ATTRIBUTE", "MISSING"]);
    assert!(each[0].1.contains("ATTRIBUTE") && each[1].1.contains("MISSING"), "{each:?}");
    for (failures, code) in [
        (["RESOURCE:MEMORY"].as_slice(), Code::NoCapacity),
        (&["AGENT"], Code::NoCapacity),
        (&["Capacity is unavailable at this time. Please try again later"], Code::NoCapacity),
        (&["ATTRIBUTE"], Code::NotStarted),
        (&["INACTIVE"], Code::NotStarted),
        // It may go well later if any of them may.
        (&["ATTRIBUTE", "AGENT"], Code::NoCapacity),
    ] {
        assert!(refusals(&[], failures).iter().all(|refusal| refusal.0 == code), "{failures:?}");
    }
    // AWS does not say why: what it started of the same it may start later.
    assert_eq!(refusals(&[1], &[])[0].0, Code::NoCapacity);
    assert_eq!(refusals(&[], &[])[0].0, Code::NotStarted);
}

#[test]
fn what_aws_had_started_before_is_told_as_unchanged_and_as_stopped_where_somebody_stopped_it() {
    let before = |stop_code: Option<&str>| {
        let stopped = Task { stop_code: stop_code.map(str::to_owned), ..task(1, ("chunk", 0)) };
        [task(9, ("chunk", 0)), stopped]
    };
    let again = |started_before| {
        let mut item = started(1);
        item.after = Some(StartedTask::of(&task(1, ("chunk", 0)), started_before));
        item
    };
    let told = |item: Item, stop_code| recognised(vec![item], &before(stop_code)).remove(0);
    let known = told(again(true), None);
    assert_eq!((known.outcome, known.code), (Outcome::Unchanged, Some(Code::AlreadyStarted)));
    assert_eq!(
        (known.resource.as_str(), known.warnings.len()),
        (format!("task/prod/{:032x}", 1).as_str(), 0)
    );
    assert_eq!(known.after.unwrap().task_arn, arn(1));
    assert_eq!(told(again(false), None), again(false), "this run started it");
    let stopped = told(again(true), Some("UserInitiated"));
    assert_eq!(stopped.warnings[0].code, Code::AlreadyStopped);
    assert_eq!(told(again(true), Some("EssentialContainerExited")).warnings, []);
    // What was found by its tags is told as it was found, which is later than the first look.
    let mut found = again(true);
    found.outcome = Outcome::Unchanged;
    found.after.as_mut().unwrap().last_status = "RUNNING".into();
    assert_eq!(told(found.clone(), None), found);
}

#[test]
fn another_request_under_the_key_is_a_conflict_that_names_what_that_one_started() {
    let run = |ask: &Ask| base_of(ask).tags;
    let [ours, others] = [ask(3), ask(4)];
    let task = |n: usize, tags: Vec<Tag>| Task { task_arn: arn(n), tags, ..Task::default() };
    let conflict = |before: &[Task]| conflict(before, &base_of(&ours), &keys());
    assert!(conflict(&[]).is_none());
    let without_tags = task(2, Vec::new());
    assert!(conflict(&[task(1, run(&ours)), without_tags]).is_none());
    let told = conflict(&[task(1, run(&ours)), task(2, run(&others)), task(3, Vec::new())]).unwrap();
    assert_eq!(told.code, Code::IdempotencyConflict);
    assert!(told.detail.contains(&arn(2)), "{told:?}");
    assert!(!told.detail.contains(&arn(1)) && !told.detail.contains(&arn(3)), "{told:?}");
}

#[test]
fn all_tasks_are_of_the_revision_that_was_looked_at() {
    let of = |revision: i32| {
        let definition = TaskDefinition { family: "job".into(), revision, ..TaskDefinition::default() };
        base(&ask(1), Launch::default(), &definition, &keys()).task_definition.to_string()
    };
    assert_eq!((of(7).as_str(), of(1).as_str()), ("job:7", "job:1"));
    assert_eq!(of(0), "job", "where AWS does not tell it");
}
