//! What a service is when.

use super::*;

/// `on 3`, span by span, from an instant on and for so many hours after it.
fn spans(service: &Service, target: Option<&ScalableTarget>, now: &str, hours: i64) -> Vec<String> {
    let now = local(now);
    let within = (now, now, now + SignedDuration::from_hours(hours));
    let foretold = services::spans(service, target, &Tags::new(), &settings(), within).unwrap().unwrap();
    foretold.spans.iter().map(shown_span).collect()
}

#[test]
fn a_service_is_foretold_with_the_count_that_each_span_has() {
    let of = |count, tags: &[(&str, &str)], target: Option<ScalableTarget>, now| {
        spans(&users(count, tags), target.as_ref(), now, 36)
    };
    assert_eq!(of(0, &[("record", STOPPED)], None, NIGHT), ["off 0", "on 3", "off 0"]);
    // Nothing says its size: what comes after the start that fails is foretold as if that had been mended.
    let sizeless = "v1 off@2026-11-24T23:00:00Z sched=SCHED by=schedule";
    assert_eq!(of(0, &[("record", sizeless)], None, NIGHT), ["off 0", "on 1", "off 0"]);
    // A worker comes back to what its queue has for it: nothing, as far as is known.
    let worker = "v1 off@2026-11-24T23:00:00Z min=0 susp=--- sched=SCHED by=schedule";
    let asleep = Some(target(0, Suspended::ALL));
    assert_eq!(of(0, &[("record", worker)], asleep, NIGHT), ["off 0", "on 0", "off 0"]);
    // One that has as many at night as by day sleeps all the same, because nothing can raise it then.
    let night = [("night", "3"), ("record", ON)];
    assert_eq!(
        of(3, &night, Some(target(2, Suspended::default())), MORNING),
        ["on 3", "off 3", "on 3", "off 3"]
    );
    // At the very second of its stop nothing of the day is left.
    assert_eq!(of(3, &[("record", ON)], None, "2026-11-24 20:00"), ["off 0", "on 3", "off 0"]);
}

#[test]
fn what_was_before_now_is_told_since_the_record_where_that_still_holds() {
    let first = |from: &str, count: i32, record: &str| {
        let within = (local(from), local(NIGHT), local("2026-11-25 09:00"));
        let service = users(count, &[("record", record)]);
        let foretold = services::spans(&service, None, &Tags::new(), &settings(), within).unwrap().unwrap();
        (shown_span(&foretold.spans[0]), foretold.spans[0].from)
    };
    let off = "off 0".to_owned();
    assert_eq!(first("2026-11-24 19:00", 0, STOPPED), (off.clone(), local("2026-11-24 20:00")));
    assert_eq!(first("2026-11-24 21:00", 0, STOPPED), (off, local("2026-11-24 21:00")));
    assert_eq!(first("2026-11-24 19:00", 3, STOPPED), ("on 3".to_owned(), local(NIGHT)), "raised since");
}

#[test]
fn spans_say_what_an_override_wants_while_it_lives_and_nothing_of_schedules() {
    let on = override_("on", "09:00", "22:00");
    let service = users(3, &[("override", &on), ("record", ON)]);
    let now = local("2026-11-24 09:30");
    let within = (now, now, now + SignedDuration::from_hours(24));
    let foretold = services::spans(&service, None, &Tags::new(), &settings(), within).unwrap().unwrap();
    let told: Vec<_> = foretold.spans.iter().map(|span| (shown_span(span), span.override_)).collect();
    let told: Vec<_> = told.iter().map(|(span, wanted)| (span.as_str(), *wanted)).collect();
    assert_eq!(told, [("on 3", Some(Want::On)), ("off 0", None), ("on 3", None)]);
}

#[test]
fn only_its_autoscaling_knows_a_workers_size_and_of_another_somebody_must_have_said_it() {
    for (min, code) in [(0, None), (1, Some(Code::NoSavedSize))] {
        let mut seen = cluster(vec![users(0, &[])], &[]);
        let target = target(min, Suspended::default());
        seen.services.targets = Some([(target.resource_id.clone(), target)].into());
        let found = look(&seen, MORNING, 24, &settings());
        let morning = found.agenda.iter().find(|entry| entry.to == OnOff::On).unwrap();
        assert_eq!(morning.would_fail.as_ref().map(|fails| fails.code), code, "min {min}");
    }
}
