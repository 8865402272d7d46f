//! The schedule language, and the config's named schedules.

use jiff::SignedDuration;
use shared::schedule::{Calendar, Catalog, Moment, OnOff, Resolved, Schedule, Zone, preview};

use crate::inputs::{evening, first_line, instant, text};

/// The first line is a schedule, the second an instant, the third minutes of lead, and all others are holidays.
///
/// What is read prints as what is read the same, and its transitions ascend, are on and off in turn, and are what it
/// says of each of these instants.
pub(crate) fn schedules(bytes: &[u8]) {
    let text = text(bytes);
    let (written, rest) = first_line(&text);
    let (at, rest) = first_line(rest);
    let (lead, holidays) = first_line(rest);
    let berlin: Zone = "Europe/Berlin".parse().expect("it is a zone");
    let Ok(schedule) = Schedule::parse(written, Some(&berlin)) else {
        assert!(written.parse::<Schedule>().is_err(), "{written:?}");
        return;
    };
    let printed = schedule.to_string();
    let again: Result<Schedule, _> = printed.parse();
    assert_eq!(again.as_ref(), Ok(&schedule), "{written:?} prints as {printed:?}");
    assert_eq!(again.map(|again| again.hash()), Ok(schedule.hash()));

    let at = instant(at);
    let rules = Calendar {
        holidays: holidays.lines().filter_map(|day| day.parse().ok()).collect(),
        lead: lead
            .parse()
            .map_or(SignedDuration::ZERO, |minutes: u16| SignedDuration::from_mins(minutes.into())),
        ..Calendar::default()
    };
    let position = schedule.at(at, &rules);
    let seen = preview(&schedule, at, 12, &rules);
    assert!(seen.transitions.len() <= 12);
    assert_eq!((seen.state, &seen.until), (position.state, &position.until), "{printed}");
    let instant_of = |moment: &Option<Moment>| moment.as_ref().map(|moment| moment.at);
    assert!(instant_of(&position.since).is_none_or(|since| since <= at), "{printed} at {at}: {position:?}");
    if let Some(first) = seen.transitions.first() {
        assert_eq!(instant_of(&position.until), Some(first.at.at), "{printed}");
    }
    let (mut last, mut state) = (at, position.state);
    for transition in &seen.transitions {
        let when = transition.at.at;
        assert!(when > last, "{printed}: {when} does not come after {last}");
        assert_ne!(transition.to, state, "{printed}: twice {state} at {when}");
        let there = schedule.at(when, &rules);
        assert_eq!(there.state, transition.to, "{printed} at {when}");
        assert_eq!(instant_of(&there.since), Some(when), "{printed} at {when}");
        let just_before = schedule.at(when - SignedDuration::from_millis(1), &rules);
        assert_eq!(just_before.state, state, "{printed} just before {when}");
        (last, state) = (when, transition.to);
    }
}

/// Of each schedule that `SCHEDULES` names, the name means that schedule, and the schedule prints as itself.
pub(crate) fn catalogs(bytes: &[u8]) {
    let text = text(bytes);
    let Ok(catalog) = text.parse::<Catalog>() else { return };
    let rules = catalog.calendar(SignedDuration::ZERO, true);
    for (name, schedule) in catalog.schedules() {
        assert_eq!(catalog.resolve(name).as_ref(), Ok(&Resolved::Follow(schedule.clone())), "{name:?}");
        assert_eq!(schedule.to_string().parse().as_ref(), Ok(schedule), "{name:?}");
        assert!(matches!(schedule.at(evening(), &rules).state, OnOff::On | OnOff::Off));
    }
    assert_eq!(catalog.resolve(" none "), Ok(Resolved::OptOut));
}
