//! The table of "Reconcile", line by line; then stories told tick by tick.

use super::*;
use crate::record::{By, Record, Size, State};
use crate::settings::TagKeys;

const T: &str = "2026-11-23T08:00:00Z";
const NEWER: &str = "2026-11-23T20:00:00Z";
const NOW: &str = "2026-11-23T21:00:00Z";
const SCHED: &str = "5f2c1a9e";

fn record(text: &str) -> Record {
    format!("v1 {text}").parse().unwrap()
}

fn want(state: Want, since: Option<&str>) -> Wanted {
    Wanted {
        state,
        since: since.map(|at| Zone::UTC.moment(instant(at))),
        until: None,
        by: WantedBy::Schedule,
        why: String::new(),
    }
}

/// On since T, under the schedule in force, and running.
fn facts<'a>(record: Option<&'a Record>, wanted: Option<&'a Wanted>) -> Facts<'a> {
    Facts {
        record: Ok(record),
        wanted: Ok(wanted),
        sched: Some(SCHED),
        drift: Drift::Once,
        half: Half::Both,
        count: 3,
        night: 0,
        scaled: false,
        asleep: false,
        idle: false,
        whole: true,
        size_tag: false,
        now: instant("2026-11-23T21:00:00.0009Z"),
    }
}

fn on() -> Record {
    record(&format!("on@{T} n=3 sched={SCHED} by=schedule"))
}

fn off() -> Record {
    record(&format!("off@{T} n=3 sched={SCHED} by=schedule"))
}

fn at(text: &str) -> Timestamp {
    instant(text)
}

#[test]
fn what_cannot_be_read_is_left_alone_even_under_a_hold() {
    let (on, hold) = (on(), want(Want::Hold, Some(NEWER)));
    let mut it = facts(Some(&on), Some(&hold));
    it.record = Err(Unreadable);
    assert_eq!(decide(&it), Due::Unreadable);
    let mut it = facts(Some(&on), None);
    it.wanted = Err(Unreadable);
    assert_eq!(decide(&it), Due::Unreadable);
}

#[test]
fn a_hold_changes_nothing_not_even_a_stop_that_began_or_a_first_look() {
    let hold = want(Want::Hold, Some(NEWER));
    let stopping = record(&format!("stopping@{T} n=3 sched={SCHED} by=schedule"));
    for record in [None, Some(&stopping)] {
        assert_eq!(decide(&facts(record, Some(&hold))), Due::Held);
    }
}

#[test]
fn a_stop_that_began_is_finished_unless_a_newer_transition_wants_it_on() {
    for sched in [" sched=5f2c1a9e", ""] {
        let stopping = record(&format!("stopping@{T} n=3{sched} by=request"));
        assert_eq!(decide(&facts(Some(&stopping), None)), Due::FinishStop);
        for (state, since) in
            [(Want::Off, Some(NEWER)), (Want::Off, Some(T)), (Want::On, Some(T)), (Want::On, None)]
        {
            assert_eq!(decide(&facts(Some(&stopping), Some(&want(state, since)))), Due::FinishStop);
        }
    }
    // Begun by a schedule, it is taken back with that schedule.
    let begun = record(&format!("stopping@{T} n=3 sched=00000000 by=schedule"));
    assert_eq!(decide(&facts(Some(&begun), Some(&want(Want::On, Some(T))))), Due::MakeOn { at: at(NOW) });
    assert_eq!(decide(&facts(Some(&begun), Some(&want(Want::Off, Some(T))))), Due::FinishStop);
    assert_eq!(decide(&facts(Some(&begun), None)), Due::StartUnscheduled { at: at(NOW) });
    let stopping = record(&format!("stopping@{T} n=3 sched={SCHED} by=request"));
    assert_eq!(
        decide(&facts(Some(&stopping), Some(&want(Want::On, Some(NEWER))))),
        Due::MakeOn { at: at(NEWER) }
    );
}

#[test]
fn what_an_override_did_is_undone_once_none_wants_it_though_nothing_tells_its_end() {
    let by = |state: &str, by: &str| record(&format!("{state}@{T} n=3 sched={SCHED} by={by}"));
    let (on, off) = (want(Want::On, Some(T)), want(Want::Off, Some(T)));
    let due = |record: &Record, wanted: &Wanted| decide(&facts(Some(record), Some(wanted)));
    assert_eq!(due(&by("off", "override"), &on), Due::MakeOn { at: at(NOW) });
    assert_eq!(due(&by("on", "override"), &off), Due::MakeOff { at: at(NOW) });
    assert_eq!(due(&by("stopping", "override"), &on), Due::MakeOn { at: at(NOW) });
    for who in ["schedule", "request", "adoption"] {
        assert_eq!(due(&by("off", who), &on), Due::Nothing, "{who}");
        assert_eq!(due(&by("on", who), &off), Due::Nothing, "{who}");
    }
    assert_eq!(due(&by("off", "override"), &off), Due::Nothing);
    assert_eq!(due(&by("on", "override"), &on), Due::Nothing);
}

#[test]
fn what_an_override_wants_as_it_is_already_is_adopted_where_the_record_knows_of_no_schedule_yet() {
    for (word, state, is) in [("on", State::On, Want::On), ("off", State::Off, Want::Off)] {
        let of_override = record(&format!("{word}@{T} n=3 by=override"));
        let seen = Facts {
            count: if is == Want::On { 3 } else { 0 },
            asleep: true,
            ..facts(Some(&of_override), None)
        };
        let wanted = Wanted { by: WantedBy::Override, ..want(is, Some(NEWER)) };
        let due = decide(&Facts { wanted: Ok(Some(&wanted)), ..seen });
        assert_eq!(due, Due::Adopt { state, at: at(NEWER) });
    }
}

#[test]
fn with_nothing_in_force_what_steward_turned_off_is_started_and_the_rest_is_left() {
    for (text, due) in [
        ("off@2026-11-23T08:00:00Z n=3 sched=5f2c1a9e by=schedule", Due::StartUnscheduled { at: at(NOW) }),
        ("off@2026-11-23T08:00:00Z n=3 by=override", Due::StartUnscheduled { at: at(NOW) }),
        ("off@2026-11-23T08:00:00Z n=3 sched=5f2c1a9e by=request", Due::Nothing),
        ("off@2026-11-23T08:00:00Z n=3 sched=5f2c1a9e by=adoption", Due::Nothing),
        ("off@2026-11-23T08:00:00Z n=3", Due::Nothing),
        ("on@2026-11-23T08:00:00Z n=3 sched=5f2c1a9e by=schedule", Due::Nothing),
    ] {
        let record = record(text);
        let it = Facts { sched: None, count: 0, ..facts(Some(&record), None) };
        assert_eq!(decide(&it), due, "{text}");
    }
    assert_eq!(decide(&Facts { sched: None, ..facts(None, None) }), Due::Nothing);
}

#[test]
fn the_first_look_writes_a_record_and_changes_nothing() {
    for wanted in [want(Want::Off, Some(NEWER)), want(Want::On, Some(T)), want(Want::On, None)] {
        for drift in [Drift::Once, Drift::Enforce] {
            let first = Facts { drift, ..facts(None, Some(&wanted)) };
            assert_eq!(decide(&first), Due::Adopt { state: State::On, at: at(NOW) });
            let at_zero = Facts { count: 0, ..first };
            assert_eq!(decide(&at_zero), Due::AdoptWithoutSize { at: at(NOW) });
            let worker = Facts { idle: true, ..at_zero };
            assert_eq!(decide(&worker), Due::Adopt { state: State::On, at: at(NOW) });
            assert_eq!(
                decide(&Facts { size_tag: true, ..at_zero }),
                Due::Adopt { state: State::On, at: at(NOW) }
            );
            let off = record(&format!("off@{T} n=3 by=request"));
            let known = Facts { record: Ok(Some(&off)), ..at_zero };
            assert_eq!(decide(&known), Due::Adopt { state: State::Off, at: at(NOW) });
        }
    }
}

#[test]
fn a_newer_transition_makes_it_so_or_renews_t_alone() {
    let (on, off) = (on(), off());
    let (wants_on, wants_off) = (want(Want::On, Some(NEWER)), want(Want::Off, Some(NEWER)));
    let newer = at(NEWER);
    for (record, wanted, count, asleep, due) in [
        (&on, &wants_off, 3, false, Due::MakeOff { at: newer }),
        // A queue worker that autoscaling took to 0 is stopped like any other.
        (&on, &wants_off, 0, false, Due::MakeOff { at: newer }),
        (&on, &wants_off, 0, true, Due::MakeOff { at: newer }),
        (&off, &wants_off, 0, true, Due::Renew { at: newer }),
        // Raised by a person, or its target woken, in the night.
        (&off, &wants_off, 1, true, Due::MakeOff { at: newer }),
        (&off, &wants_off, 0, false, Due::MakeOff { at: newer }),
        (&off, &wants_on, 0, true, Due::MakeOn { at: newer }),
        (&off, &wants_on, 2, true, Due::MakeOn { at: newer }),
        (&on, &wants_on, 3, false, Due::Renew { at: newer }),
        (&on, &wants_on, 0, false, Due::MakeOn { at: newer }),
    ] {
        let it = Facts { count, asleep, ..facts(Some(record), Some(wanted)) };
        assert_eq!(decide(&it), due, "{record} {} count {count} asleep {asleep}", wanted.state);
    }
}

#[test]
fn what_is_starting_is_looked_at_until_it_is_whole_or_two_hours_have_passed() {
    let starting = |t: &str| record(&format!("starting@{t} n=3 min=1 susp=--- sched={SCHED} by=schedule"));
    let (fresh, old) = (starting("2026-11-23T19:00:01Z"), starting("2026-11-23T19:00:00Z"));
    let wants_on = want(Want::On, Some(T));
    for wanted in [None, Some(&wants_on)] {
        let not_whole = Facts { whole: false, ..facts(Some(&fresh), wanted) };
        assert_eq!(decide(&not_whole), Due::Waking);
        assert_eq!(decide(&Facts { whole: true, ..not_whole }), Due::FinishStart);
        assert_eq!(decide(&Facts { record: Ok(Some(&old)), ..not_whole }), Due::FinishStart);
    }
    // Started by request inside an off period, it becomes whole like any other.
    let (older_off, newer_off) = (want(Want::Off, Some(T)), want(Want::Off, Some(NEWER)));
    let not_whole = |wanted| Facts { whole: false, ..facts(Some(&fresh), Some(wanted)) };
    assert_eq!(decide(&not_whole(&older_off)), Due::Waking);
    assert_eq!(decide(&not_whole(&newer_off)), Due::MakeOff { at: at(NEWER) });
    assert_eq!(decide(&not_whole(&want(Want::Hold, Some(NEWER)))), Due::Held);
}

#[test]
fn what_was_adopted_without_a_size_is_told_once_and_then_left_until_somebody_gives_it_one() {
    let unsaid = record(&format!("on@{T} sched={SCHED} by=adoption"));
    let at_0 = |wanted| Facts { count: 0, asleep: true, ..facts(Some(&unsaid), Some(wanted)) };
    let (wants_on, wants_off) = (want(Want::On, Some(NEWER)), want(Want::Off, Some(NEWER)));
    for wanted in [&wants_on, &wants_off] {
        assert_eq!(decide(&at_0(wanted)), Due::Renew { at: at(NEWER) });
        assert_eq!(decide(&Facts { drift: Drift::Enforce, ..at_0(wanted) }), Due::Renew { at: at(NEWER) });
    }
    let wants_on_still = want(Want::On, Some(T));
    assert_eq!(decide(&Facts { drift: Drift::Enforce, ..at_0(&wants_on_still) }), Due::Nothing);
    assert_eq!(decide(&Facts { size_tag: true, ..at_0(&wants_on) }), Due::MakeOn { at: at(NEWER) });
    assert_eq!(decide(&Facts { count: 2, ..at_0(&wants_off) }), Due::MakeOff { at: at(NEWER) });
    // Also where its autoscaling is awake, with a min that AWS will raise it to.
    assert_eq!(decide(&Facts { asleep: false, ..at_0(&wants_off) }), Due::Renew { at: at(NEWER) });
    let idle = Facts { asleep: false, idle: true, ..at_0(&wants_off) };
    assert_eq!(decide(&idle), Due::MakeOff { at: at(NEWER) });
}

#[test]
fn a_queue_worker_with_nothing_to_do_is_on_and_goes_off_and_comes_back_without_a_count() {
    let on = record(&format!("on@{T} min=0 susp=--- sched={SCHED} by=schedule"));
    let off = record(&format!("off@{T} min=0 susp=--- sched={SCHED} by=schedule"));
    let (wants_on, wants_off) = (want(Want::On, Some(NEWER)), want(Want::Off, Some(NEWER)));
    let idle = Facts { count: 0, idle: true, ..facts(Some(&on), Some(&wants_on)) };
    assert_eq!(decide(&idle), Due::Renew { at: at(NEWER) });
    assert_eq!(decide(&Facts { wanted: Ok(Some(&wants_off)), ..idle }), Due::MakeOff { at: at(NEWER) });
    let asleep = Facts { count: 0, asleep: true, ..facts(Some(&off), Some(&wants_on)) };
    assert_eq!(decide(&asleep), Due::MakeOn { at: at(NEWER) });
    assert_eq!(decide(&Facts { wanted: Ok(Some(&wants_off)), ..asleep }), Due::Renew { at: at(NEWER) });
}

#[test]
fn what_people_did_since_the_last_transition_stays() {
    let (on, off) = (on(), off());
    for (record, state, count) in
        [(&on, Want::On, 0), (&on, Want::On, 3), (&off, Want::Off, 2), (&on, Want::Off, 3)]
    {
        for since in [Some(T), Some("2026-11-22T08:00:00Z"), None] {
            let wanted = want(state, since);
            assert_eq!(decide(&Facts { count, ..facts(Some(record), Some(&wanted)) }), Due::Nothing);
        }
    }
}

#[test]
fn an_edited_schedule_acts_at_once_but_not_against_a_request() {
    let edited = |text: &str| record(&format!("{text} n=3 sched=00000000 by=schedule"));
    let (was_on, was_off) = (edited("on@2026-11-23T08:00:00Z"), edited("off@2026-11-23T08:00:00Z"));
    let (wants_on, wants_off) = (want(Want::On, None), want(Want::Off, Some(T)));
    let now = at(NOW);
    assert_eq!(decide(&facts(Some(&was_on), Some(&wants_off))), Due::MakeOff { at: now });
    assert_eq!(decide(&facts(Some(&was_off), Some(&wants_on))), Due::MakeOn { at: now });
    // The record says what is wanted: the morning was moved, say. No write.
    assert_eq!(decide(&facts(Some(&was_on), Some(&wants_on))), Due::Nothing);
    assert_eq!(decide(&facts(Some(&was_off), Some(&wants_off))), Due::Nothing);
    let asked = record("off@2026-11-23T08:00:00Z n=3 sched=00000000 by=request");
    assert_eq!(decide(&facts(Some(&asked), Some(&wants_on))), Due::Nothing);
}

#[test]
fn enforce_puts_right_whatever_differs() {
    let (on, off) = (on(), off());
    let (wants_on, wants_off) = (want(Want::On, Some(T)), want(Want::Off, Some(T)));
    let now = at(NOW);
    for (record, wanted, count, asleep, due) in [
        (&on, &wants_on, 3, false, Due::Nothing),
        (&on, &wants_on, 0, false, Due::MakeOn { at: now }),
        (&off, &wants_on, 0, true, Due::MakeOn { at: now }),
        (&off, &wants_on, 2, true, Due::MakeOn { at: now }),
        (&off, &wants_off, 0, true, Due::Nothing),
        (&off, &wants_off, 2, true, Due::MakeOff { at: now }),
        (&off, &wants_off, 0, false, Due::MakeOff { at: now }),
        (&on, &wants_off, 3, false, Due::MakeOff { at: now }),
        (&on, &wants_off, 0, true, Due::Nothing),
    ] {
        let it = Facts { count, asleep, drift: Drift::Enforce, ..facts(Some(record), Some(wanted)) };
        assert_eq!(decide(&it), due, "{record} {} count {count} asleep {asleep}", wanted.state);
    }
}

#[test]
fn stop_only_leaves_the_morning_to_people_and_marks_on_what_they_started() {
    let (on, off) = (on(), off());
    let (morning, evening) = (want(Want::On, Some(NEWER)), want(Want::Off, Some(NEWER)));
    // What an override causes is not the schedule's.
    let kept = Wanted { by: WantedBy::Override, ..morning.clone() };
    let of =
        |record, wanted, count| Facts { count, half: Half::StopOnly, ..facts(Some(record), Some(wanted)) };
    assert_eq!(decide(&of(&off, &morning, 0)), Due::Withheld { half: Half::StopOnly });
    assert_eq!(decide(&of(&off, &morning, 2)), Due::HandBack { at: at(NEWER) });
    assert_eq!(decide(&of(&on, &morning, 0)), Due::Withheld { half: Half::StopOnly });
    assert_eq!(decide(&of(&on, &morning, 2)), Due::Renew { at: at(NEWER) });
    assert_eq!(decide(&of(&on, &evening, 2)), Due::MakeOff { at: at(NEWER) });
    assert_eq!(decide(&of(&off, &kept, 0)), Due::MakeOn { at: at(NEWER) });
    // Nor is the start of what lost its schedule.
    let unscheduled = Facts { sched: None, wanted: Ok(None), ..of(&off, &kept, 0) };
    assert_eq!(decide(&unscheduled), Due::StartUnscheduled { at: at(NOW) });
}

#[test]
fn start_only_leaves_the_evening_to_people_and_starts_what_they_stopped() {
    let (on, off) = (on(), off());
    let (morning, evening) = (want(Want::On, Some(NEWER)), want(Want::Off, Some(NEWER)));
    let by_override = Wanted { by: WantedBy::Override, ..evening.clone() };
    let of =
        |record, wanted, count| Facts { count, half: Half::StartOnly, ..facts(Some(record), Some(wanted)) };
    assert_eq!(decide(&of(&on, &evening, 2)), Due::Withheld { half: Half::StartOnly });
    assert_eq!(decide(&of(&on, &evening, 0)), Due::Withheld { half: Half::StartOnly });
    assert_eq!(decide(&of(&on, &by_override, 2)), Due::MakeOff { at: at(NEWER) });
    assert_eq!(decide(&of(&off, &morning, 0)), Due::MakeOn { at: at(NEWER) });
    assert_eq!(decide(&of(&on, &morning, 0)), Due::MakeOn { at: at(NEWER) });
    assert_eq!(decide(&of(&on, &morning, 2)), Due::Renew { at: at(NEWER) });
    let older = want(Want::Off, Some(T));
    let enforced = Facts { drift: Drift::Enforce, ..of(&on, &older, 2) };
    assert_eq!(decide(&enforced), Due::Withheld { half: Half::StartOnly });
}

#[test]
fn with_a_night_size_off_is_so_many_and_an_edit_of_it_by_night_is_seen() {
    let (on, off) = (on(), record(&format!("off@{T} n=3 night=2 sched={SCHED} by=schedule")));
    let (evening, night) = (want(Want::Off, Some(NEWER)), want(Want::Off, Some(T)));
    let of = |record, wanted, count, asleep| Facts {
        count,
        asleep,
        night: 2,
        ..facts(Some(record), Some(wanted))
    };
    assert_eq!(decide(&of(&on, &evening, 3, false)), Due::MakeOff { at: at(NEWER) });
    assert_eq!(decide(&of(&off, &night, 2, true)), Due::Nothing);
    assert_eq!(
        decide(&of(&off, &evening, 1, true)),
        Due::Renew { at: at(NEWER) },
        "what runs fewer keeps them"
    );
    for edited in [0, 1, 3] {
        let facts = Facts { night: edited, ..of(&off, &night, 2, true) };
        assert_eq!(decide(&facts), Due::MakeOff { at: at(NOW) }, "{edited}");
    }
    let enforced = |count| Facts { drift: Drift::Enforce, ..of(&off, &night, count, true) };
    assert_eq!(decide(&enforced(2)), Due::Nothing);
    assert_eq!(decide(&enforced(3)), Due::MakeOff { at: at(NOW) });
    // Without a record, what a stop of ours may have left is never a size.
    let first =
        |wanted, count, scaled| Facts { count, scaled, asleep: true, night: 2, ..facts(None, Some(wanted)) };
    let morning = want(Want::On, Some(T));
    assert_eq!(decide(&first(&night, 2, false)), Due::AdoptWithoutSize { at: at(NOW) });
    assert_eq!(decide(&first(&morning, 2, true)), Due::AdoptWithoutSize { at: at(NOW) });
    assert_eq!(
        decide(&first(&morning, 2, false)),
        Due::Adopt { state: State::On, at: at(NOW) },
        "a small service"
    );
    assert_eq!(decide(&first(&night, 3, false)), Due::Adopt { state: State::On, at: at(NOW) });
}

#[test]
fn an_override_without_a_schedule_is_followed_and_not_adopted_again_and_again() {
    let off_now = Wanted { by: WantedBy::Override, ..want(Want::Off, Some(NEWER)) };
    let first = Facts { sched: None, ..facts(None, Some(&off_now)) };
    assert_eq!(decide(&first), Due::MakeOff { at: at(NEWER) });
    let done = record(&format!("off@{NEWER} n=3 by=override"));
    let then = Facts { count: 0, asleep: true, record: Ok(Some(&done)), ..first };
    assert_eq!(decide(&then), Due::Nothing);
    assert_eq!(decide(&Facts { wanted: Ok(None), ..then }), Due::StartUnscheduled { at: at(NOW) });
    let on_now = Wanted { by: WantedBy::Override, ..want(Want::On, Some(NEWER)) };
    assert_eq!(decide(&Facts { wanted: Ok(Some(&on_now)), ..first }), Due::Nothing);
}

#[test]
fn the_policies_are_read_from_their_tags() {
    assert_eq!(("once".parse(), "enforce".parse()), (Ok(Drift::Once), Ok(Drift::Enforce)));
    assert_eq!(("both".parse(), "stop-only".parse()), (Ok(Half::Both), Ok(Half::StopOnly)));
    assert!("Once".parse::<Drift>().unwrap_err().contains("once nor enforce"));
    assert_eq!("start-only".parse(), Ok(Half::StartOnly));
    assert!("stop".parse::<Half>().unwrap_err().contains("none of both, stop-only and start-only"));
    let (keys, catalog) = (TagKeys::default(), Catalog::default());
    let reading =
        Reading { keys: &keys, catalog: &catalog, drift: Drift::Once, half: Half::Both, default: None };
    for (text, count) in [("0", Some(0)), ("9999", Some(9_999)), ("10000", None), ("+5", None), ("", None)] {
        let tags = [(keys.night.clone(), text.to_owned())].into();
        assert_eq!(reading.read(&tags, None).night.ok(), count, "{text:?}");
    }
}

/// A service as `decide` sees it, changed as the shell would change it.
struct World {
    schedule: Option<Schedule>,
    own: Option<Override>,
    record: Option<Record>,
    count: u32,
    asleep: bool,
    drift: Drift,
    half: Half,
    rules: Calendar,
    writes: u32,
}

impl World {
    fn new(text: &str) -> Self {
        Self {
            schedule: Some(schedule(text)),
            own: None,
            record: None,
            count: 3,
            asleep: false,
            drift: Drift::Once,
            half: Half::Both,
            rules: Calendar::default(),
            writes: 0,
        }
    }

    fn put(&mut self, state: Want, from: &str, until: &str) {
        self.own = Override::new(state, at(from), at(until), "alice", "x").ok();
    }

    /// One tick, and what it did; a second one right after it must find nothing.
    fn tick(&mut self, now: &str) -> Due {
        let due = self.once(now);
        let mut again = self.once(now);
        if again == Due::FinishStart {
            again = self.once(now);
        }
        let waits = matches!(again, Due::Held | Due::Withheld { .. });
        assert!(again == Due::Nothing || waits, "{due:?} at {now} was followed by {again:?}");
        due
    }

    fn once(&mut self, now: &str) -> Due {
        let sched = self.schedule.as_ref().map(Schedule::hash);
        let standing = Standing { own: self.own.as_ref(), clusters: None, schedule: self.schedule.as_ref() };
        let wanted = wanted(&standing, at(now), &self.rules);
        let due = decide(&Facts {
            record: Ok(self.record.as_ref()),
            wanted: Ok(wanted.as_ref()),
            sched: sched.as_deref(),
            drift: self.drift,
            half: self.half,
            count: self.count,
            night: 0,
            scaled: false,
            asleep: self.asleep,
            idle: false,
            whole: true,
            size_tag: false,
            now: at(now),
        });
        let saved = self.record.as_ref().map(|record| record.size).unwrap_or_default();
        let live = Size { count: std::num::NonZeroU32::new(self.count), scaling: None };
        let size = if self.record.as_ref().is_none_or(|it| it.state == State::On) && live.count.is_some() {
            live
        } else {
            saved
        };
        let by = match wanted.as_ref().map(|wanted| wanted.by) {
            Some(WantedBy::Override) => By::Override,
            _ => By::Schedule,
        };
        let was = self.record.clone();
        let mut write = |state, at, size, by| {
            self.record = Some(Record { state, at, size, night: 0, sched: sched.clone(), by });
            self.writes += 1;
        };
        match due {
            Due::Adopt { state, at } => write(state, at, size, Some(By::Adoption)),
            Due::MakeOff { at } => write(State::Off, at, size, Some(by)),
            Due::MakeOn { at } | Due::StartUnscheduled { at } => write(State::Starting, at, saved, Some(by)),
            Due::HandBack { at } => write(State::On, at, saved, Some(by)),
            Due::FinishStart => self.record = was.map(|record| Record { state: State::On, ..record }),
            Due::Renew { at } => self.record = was.map(|record| Record { at, ..record }),
            Due::FinishStop => self.record = was.map(|record| Record { state: State::Off, ..record }),
            _ => {}
        }
        match due {
            Due::MakeOff { .. } | Due::FinishStop => (self.count, self.asleep) = (0, true),
            Due::MakeOn { .. } | Due::StartUnscheduled { .. } => {
                self.count = self.count.max(saved.count.map_or(0, Into::into));
                self.asleep = false;
            }
            Due::HandBack { .. } => self.asleep = false,
            _ => {}
        }
        due
    }
}

const OFFICE: &str = "Mon-Fri 08:00-20:00 UTC";

/// A service that was adopted on Sunday and is up on Monday, 23 November, at 08:00.
fn adopted() -> World {
    let mut world = World::new(OFFICE);
    world.tick("2026-11-22T12:00:00Z");
    world.tick("2026-11-22T20:00:00Z");
    world.tick("2026-11-23T08:00:00Z");
    assert_eq!((world.count, world.record.as_ref().unwrap().at), (3, at("2026-11-23T08:00:00Z")));
    world
}

#[test]
fn tagged_at_noon_with_a_schedule_that_wants_it_off_nothing_stops_before_the_next_transition() {
    let mut world = World::new("Mon-Fri 18:00-20:00 UTC");
    assert_eq!(
        world.tick("2026-11-23T12:00:00Z"),
        Due::Adopt { state: State::On, at: at("2026-11-23T12:00:00Z") }
    );
    assert_eq!(world.tick("2026-11-23T17:55:00Z"), Due::Nothing);
    assert_eq!(world.tick("2026-11-23T18:00:00Z"), Due::Renew { at: at("2026-11-23T18:00:00Z") });
    assert_eq!(world.tick("2026-11-23T20:05:00Z"), Due::MakeOff { at: at("2026-11-23T20:00:00Z") });
}

#[test]
fn untagged_at_night_it_comes_back_and_tagged_again_it_is_adopted_again() {
    let mut world = adopted();
    world.tick("2026-11-23T20:00:00Z");
    world.schedule = None;
    assert_eq!(world.tick("2026-11-23T23:00:00Z"), Due::StartUnscheduled { at: at("2026-11-23T23:00:00Z") });
    assert_eq!((world.count, world.record.as_ref().unwrap().sched.as_ref()), (3, None));
    world.schedule = Some(schedule(OFFICE));
    assert_eq!(
        world.tick("2026-11-23T23:10:00Z"),
        Due::Adopt { state: State::On, at: at("2026-11-23T23:10:00Z") }
    );
    assert_eq!(world.tick("2026-11-24T08:00:00Z"), Due::Renew { at: at("2026-11-24T08:00:00Z") });
    assert_eq!(world.tick("2026-11-24T20:00:00Z"), Due::MakeOff { at: at("2026-11-24T20:00:00Z") });
}

#[test]
fn an_override_on_over_the_evening_ends_into_the_night() {
    let mut world = adopted();
    world.put(Want::On, "2026-11-23T19:00:00Z", "2026-11-23T22:00:00Z");
    assert_eq!(world.tick("2026-11-23T19:00:00Z"), Due::Renew { at: at("2026-11-23T19:00:00Z") });
    assert_eq!(world.tick("2026-11-23T20:00:00Z"), Due::Nothing);
    assert_eq!(world.tick("2026-11-23T22:00:00Z"), Due::MakeOff { at: at("2026-11-23T22:00:00Z") });
    world.own = None;
    assert_eq!(world.tick("2026-11-23T22:05:00Z"), Due::Nothing);
    assert_eq!(world.tick("2026-11-24T08:00:00Z"), Due::MakeOn { at: at("2026-11-24T08:00:00Z") });
}

#[test]
fn an_override_off_by_day_deleted_early_gives_the_day_back() {
    let mut world = adopted();
    world.put(Want::Off, "2026-11-23T12:00:00Z", "2026-11-23T15:00:00Z");
    assert_eq!(world.tick("2026-11-23T12:00:00Z"), Due::MakeOff { at: at("2026-11-23T12:00:00Z") });
    world.own = world.own.map(|it| it.ended(at("2026-11-23T13:00:00Z")));
    assert_eq!(world.tick("2026-11-23T13:00:00Z"), Due::MakeOn { at: at("2026-11-23T13:00:00Z") });
}

#[test]
fn a_hold_over_the_evening_lets_the_evening_happen_after_it_but_not_over_an_earlier_request() {
    let mut world = adopted();
    world.put(Want::Hold, "2026-11-23T19:00:00Z", "2026-11-23T21:00:00Z");
    assert_eq!(world.tick("2026-11-23T20:00:00Z"), Due::Held);
    assert_eq!(world.tick("2026-11-23T21:00:00Z"), Due::MakeOff { at: at("2026-11-23T20:00:00Z") });

    let mut world = adopted();
    let stopped = Record {
        state: State::Off,
        at: at("2026-11-23T10:00:00Z"),
        by: Some(By::Request),
        ..world.record.clone().unwrap()
    };
    (world.record, world.count, world.asleep) = (Some(stopped), 0, true);
    world.put(Want::Hold, "2026-11-23T11:00:00Z", "2026-11-23T13:00:00Z");
    assert_eq!(world.tick("2026-11-23T12:00:00Z"), Due::Held);
    assert_eq!(world.tick("2026-11-23T13:00:00Z"), Due::Nothing);
}

#[test]
fn raised_on_a_friday_night_and_again_it_is_taken_down_each_24_hours() {
    let mut world = adopted();
    assert_eq!(world.tick("2026-11-27T20:00:00Z"), Due::MakeOff { at: at("2026-11-27T20:00:00Z") });
    world.count = 1;
    assert_eq!(world.tick("2026-11-27T21:05:00Z"), Due::Nothing);
    assert_eq!(world.tick("2026-11-28T20:00:00Z"), Due::MakeOff { at: at("2026-11-28T20:00:00Z") });
    world.count = 1;
    assert_eq!(world.tick("2026-11-28T21:05:00Z"), Due::Nothing);
    assert_eq!(world.tick("2026-11-29T20:00:00Z"), Due::MakeOff { at: at("2026-11-29T20:00:00Z") });
    world.tick("2026-11-30T08:00:00Z");
    assert_eq!(world.count, 3, "what people do inside an off period is temporary");
}

#[test]
fn missed_ticks_are_made_good_at_the_next() {
    let mut world = adopted();
    assert_eq!(world.tick("2026-11-24T09:00:00Z"), Due::Renew { at: at("2026-11-24T08:00:00Z") });
    assert_eq!(world.tick("2026-11-24T21:00:00Z"), Due::MakeOff { at: at("2026-11-24T20:00:00Z") });
    assert_eq!(world.tick("2026-11-25T09:00:00Z"), Due::MakeOn { at: at("2026-11-25T08:00:00Z") });
}

#[test]
fn a_schedule_edited_at_night_to_always_starts_it_and_a_moved_morning_waits() {
    let mut world = adopted();
    world.tick("2026-11-23T20:00:00Z");
    world.schedule = Some(schedule("Mon-Fri 06:00-20:00 UTC"));
    assert_eq!(world.tick("2026-11-23T22:00:00Z"), Due::Nothing);
    assert_eq!(world.tick("2026-11-24T06:00:00Z"), Due::MakeOn { at: at("2026-11-24T06:00:00Z") });
    world.tick("2026-11-24T20:00:00Z");
    world.schedule = Some(Schedule::ALWAYS);
    assert_eq!(world.tick("2026-11-24T22:00:00Z"), Due::MakeOn { at: at("2026-11-24T22:00:00Z") });
}

#[test]
fn a_lead_of_ten_minutes_leaves_a_stop_at_five_to_eight_alone() {
    let mut world = adopted();
    world.rules = lead(10);
    world.tick("2026-11-23T20:00:00Z");
    assert_eq!(world.tick("2026-11-24T07:50:00Z"), Due::MakeOn { at: at("2026-11-24T07:50:00Z") });
    let stopped = Record {
        state: State::Off,
        at: at("2026-11-24T07:55:00Z"),
        by: Some(By::Request),
        ..world.record.clone().unwrap()
    };
    (world.record, world.count, world.asleep) = (Some(stopped), 0, true);
    assert_eq!(world.tick("2026-11-24T08:00:00Z"), Due::Nothing);
    assert_eq!(world.tick("2026-11-24T20:00:00Z"), Due::Renew { at: at("2026-11-24T20:00:00Z") });
    assert_eq!(world.tick("2026-11-25T07:50:00Z"), Due::MakeOn { at: at("2026-11-25T07:50:00Z") });
}

#[test]
fn never_takes_down_at_midnight_what_people_raised_by_day() {
    let mut world = World::new("never");
    world.tick("2026-11-23T12:00:00Z");
    assert_eq!(world.tick("2026-11-23T23:55:00Z"), Due::Nothing);
    assert_eq!(world.tick("2026-11-24T00:00:00Z"), Due::MakeOff { at: at("2026-11-24T00:00:00Z") });
    world.count = 2;
    assert_eq!(world.tick("2026-11-24T12:00:00Z"), Due::Nothing);
    assert_eq!(world.tick("2026-11-25T00:00:00Z"), Due::MakeOff { at: at("2026-11-25T00:00:00Z") });
}

#[test]
fn stop_only_with_a_person_each_morning() {
    let mut world = adopted();
    world.half = Half::StopOnly;
    for day in 23..26 {
        let off = format!("2026-11-{day}T20:00:00Z");
        assert_eq!(world.tick(&off), Due::MakeOff { at: at(&off) });
        let on = format!("2026-11-{}T08:00:00Z", day + 1);
        assert_eq!(world.tick(&on), Due::Withheld { half: Half::StopOnly });
        world.count = 2;
        assert_eq!(world.tick(&format!("2026-11-{}T09:00:00Z", day + 1)), Due::HandBack { at: at(&on) });
    }
}

#[test]
fn enforce_undoes_a_person_at_noon_and_at_night() {
    let mut world = adopted();
    world.drift = Drift::Enforce;
    world.count = 0;
    assert_eq!(world.tick("2026-11-23T12:00:00Z"), Due::MakeOn { at: at("2026-11-23T12:00:00Z") });
    world.tick("2026-11-23T20:00:00Z");
    world.count = 1;
    assert_eq!(world.tick("2026-11-23T22:00:00Z"), Due::MakeOff { at: at("2026-11-23T22:00:00Z") });
    assert_eq!(world.tick("2026-11-24T08:00:00Z"), Due::MakeOn { at: at("2026-11-24T08:00:00Z") });
    assert_eq!(world.count, 3);
}

#[test]
fn a_holiday_is_slept_through() {
    let mut world = adopted();
    world.rules = holidays(&["2026-11-24"]);
    world.tick("2026-11-23T20:00:00Z");
    assert_eq!(world.tick("2026-11-24T12:00:00Z"), Due::Nothing);
    assert_eq!(world.tick("2026-11-24T20:00:00Z"), Due::Renew { at: at("2026-11-24T20:00:00Z") });
    assert_eq!(world.tick("2026-11-25T08:00:00Z"), Due::MakeOn { at: at("2026-11-25T08:00:00Z") });
}

#[test]
fn an_instant_in_our_tags_keeps_its_milliseconds_and_an_override_wins_over_what_it_finds_at_its_own() {
    let t = "2026-11-23T12:00:00.123Z";
    let mut world = adopted();
    let stopped =
        Record { state: State::Off, at: at(t), by: Some(By::Request), ..world.record.clone().unwrap() };
    (world.record, world.count, world.asleep) = (Some(stopped), 0, true);
    world.put(Want::On, t, "2026-11-23T15:00:00Z");
    assert_eq!(world.tick(t), Due::MakeOn { at: at(t) });
    assert_eq!(world.tick("2026-11-23T12:05:00Z"), Due::Nothing);
}
