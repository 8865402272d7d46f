//! The windows against an oracle that has no arithmetic of clock changes: it looks at what the
//! clock shows at every minute.

use jiff::civil::DateTime;
use proptest::prelude::*;

use super::*;

const ZONES: &[&str] = &[
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Pacific/Auckland",
    "Pacific/Kiritimati",
];
const NTHS: [&str; 5] = ["first", "second", "third", "fourth", "last"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const DAY: usize = 24 * 60;

/// A window, read by nobody else.
#[derive(Clone, Debug)]
struct Spec {
    /// `first-`, `last-`: of each month, and then `first` alone is the day.
    nth: Option<usize>,
    first: usize,
    length: usize,
    start: usize,
    end: usize,
    zone: &'static str,
}

impl Spec {
    fn text(&self) -> String {
        let clock = |minutes: usize| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let days = match self.length {
            _ if self.nth.is_some() => format!("{}-{}", NTHS[self.nth.unwrap()], DAYS[self.first]),
            0 => DAYS[self.first].to_owned(),
            length => format!("{}-{}", DAYS[self.first], DAYS[(self.first + length) % 7]),
        };
        format!("{days} {}-{} {}", clock(self.start), clock(self.end), self.zone)
    }

    fn is_on(&self, date: Date) -> bool {
        let day = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap();
        let Some(nth) = self.nth else { return (day + 7 - self.first) % 7 <= self.length };
        // Counted through the month, day by day.
        let same: Vec<Date> = (1..=date.days_in_month())
            .map(|day| jiff::civil::date(date.year(), date.month(), day))
            .filter(|other| other.weekday() == date.weekday())
            .collect();
        let meant = if NTHS[nth] == "last" { same.last() } else { same.get(nth) };
        day == self.first && meant == Some(&date)
    }
}

fn specs() -> impl Strategy<Value = Spec> {
    // Hours in which clocks change come more often, and so do round ones.
    let minute = prop_oneof![0..DAY, 0..200_usize, (0..48_usize).prop_map(|half| half * 30)];
    let nth = prop_oneof![3 => Just(None), 1 => (0..NTHS.len()).prop_map(Some)];
    (
        nth,
        0..7_usize,
        0..7_usize,
        minute.clone(),
        prop_oneof![9 => minute, 1 => Just(DAY)],
        prop::sample::select(ZONES),
    )
        .prop_filter("the end is the start", |(_, _, _, start, end, _)| start != end)
        .prop_map(|(nth, first, length, start, end, zone)| Spec { nth, first, length, start, end, zone })
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => prop::collection::vec(specs(), 1..5)
            .prop_map(|specs| specs.iter().map(Spec::text).collect::<Vec<_>>().join(" + ")),
        1 => Just("always".to_owned()),
        1 => Just("never".to_owned()),
    ]
}

/// For each minute from `from` on, whether a window is open, holidays and lead in.
fn minutes_on(specs: &[Spec], from: Timestamp, count: usize, rules: &Calendar) -> Vec<bool> {
    const MARGIN: usize = 2 * DAY;
    let begin = from - SignedDuration::from_mins(i64::try_from(MARGIN).unwrap());
    let mut on = vec![false; count + 2 * MARGIN];
    for spec in specs {
        let tz = jiff::tz::TimeZone::get(spec.zone).unwrap();
        let shown: Vec<DateTime> = (0..on.len())
            .map(|minute| tz.to_datetime(begin + SignedDuration::from_mins(i64::try_from(minute).unwrap())))
            .collect();
        let clock = |date: Date, minutes: usize| {
            let date = if minutes == DAY { date.tomorrow().unwrap() } else { date };
            date.at(i8::try_from(minutes % DAY / 60).unwrap(), i8::try_from(minutes % 60).unwrap(), 0, 0)
        };
        let after = |civil: DateTime| shown.iter().position(|it| *it > civil).unwrap_or(shown.len());
        let mut dates: Vec<Date> = shown.iter().map(|it| it.date()).collect();
        dates.dedup();
        for date in dates {
            if !spec.is_on(date) || rules.holidays.contains(&date) {
                continue;
            }
            let start = clock(date, spec.start);
            let end = clock(if spec.end < spec.start { date.tomorrow().unwrap() } else { date }, spec.end);
            let start = shown.iter().position(|it| *it == start).unwrap_or_else(|| after(start));
            let end = shown.iter().rposition(|it| *it == end).unwrap_or_else(|| after(end));
            if start < end {
                on[start..end].fill(true);
            }
        }
    }
    let lead = usize::try_from(rules.lead.as_mins()).unwrap();
    (MARGIN..MARGIN + count).map(|minute| on[minute..=minute + lead].contains(&true)).collect()
}

fn some_rules() -> impl Strategy<Value = Calendar> {
    let lead = prop_oneof![2 => Just(0_i64), 1 => 1..180_i64];
    (lead, prop::collection::btree_set(0..365_i64, 0..40)).prop_map(|(minutes, days)| Calendar {
        holidays: days
            .into_iter()
            .map(|day| jiff::civil::date(2026, 1, 1).saturating_add(SignedDuration::from_hours(24 * day)))
            .collect(),
        ..lead_of(minutes)
    })
}

fn lead_of(minutes: i64) -> Calendar {
    lead(minutes)
}

/// Days in 2026 at which some of the zones' clocks change, and any other.
fn mornings() -> impl Strategy<Value = Timestamp> {
    let changes = [
        "2026-02-12",
        "2026-03-05",
        "2026-03-19",
        "2026-03-26",
        "2026-04-01",
        "2026-04-21",
        "2026-09-02",
        "2026-09-23",
        "2026-10-01",
        "2026-10-21",
        "2026-10-26",
        "2026-10-29",
    ];
    let any_day =
        (0..340_i64).prop_map(|day| instant("2026-01-05T00:00:00Z") + SignedDuration::from_hours(24 * day));
    prop_oneof![
        3 => prop::sample::select(changes.to_vec()).prop_map(|day| instant(&format!("{day}T00:00:00Z"))),
        1 => any_day,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_minute_of_a_week_and_a_half_is_as_the_clock_on_the_wall_says(
        specs in prop::collection::vec(specs(), 1..4), from in mornings(), rules in some_rules(),
    ) {
        const COUNT: usize = 10 * DAY;
        let expected = minutes_on(&specs, from, COUNT, &rules);
        let text = specs.iter().map(Spec::text).collect::<Vec<_>>().join(" + ");
        let schedule = schedule(&text);
        let minute_of = |at: Timestamp| usize::try_from(at.duration_since(from).as_mins()).unwrap();
        let minute = |minute: usize| from + SignedDuration::from_mins(i64::try_from(minute).unwrap());

        let mut state = schedule.at(from, &rules).state == OnOff::On;
        let mut found = Vec::with_capacity(COUNT);
        let mut edges = Vec::new();
        for Transition { at, to } in schedule.transitions(from, &rules) {
            let at = minute_of(at.at).min(COUNT);
            found.resize(at, state);
            if at == COUNT {
                break;
            }
            state = to == OnOff::On;
            edges.push(at);
        }
        found.resize(COUNT, state);
        if let Some(wrong) = (0..COUNT).find(|minute| found[*minute] != expected[*minute]) {
            prop_assert!(false, "{} at {}: {} instead of {}", text, minute(wrong), found[wrong], expected[wrong]);
        }
        let around = edges.iter().take(12).flat_map(|edge| [edge.saturating_sub(1), *edge, edge + 1]);
        for at in around.chain((0..COUNT).step_by(777)).filter(|at| *at < COUNT) {
            let position = schedule.at(minute(at), &rules);
            prop_assert_eq!(position.state == OnOff::On, expected[at], "{} at {}", &text, minute(at));
            if let Some(edge) = edges.iter().rfind(|edge| **edge <= at) {
                prop_assert_eq!(position.since.map(|since| since.at), Some(minute(*edge)));
            }
            if let Some(edge) = edges.iter().find(|edge| **edge > at) {
                prop_assert_eq!(position.until.map(|until| until.at), Some(minute(*edge)));
            }
        }
    }
}

proptest! {
    #[test]
    fn a_printed_schedule_parses_back_the_same(text in texts()) {
        let read = schedule(&text);
        let printed = read.to_string();
        prop_assert_eq!(&schedule(&printed), &read);
        prop_assert_eq!(schedule(&printed).to_string(), printed);
        prop_assert_eq!(schedule(&text).hash(), read.hash());
    }

    #[test]
    fn any_text_at_all_is_read_or_refused_at_a_place_inside_it(
        text in prop_oneof![".{0,60}", "[MonTueFri0-9: +–#-]{0,40}", "(Mon|Fri|first|last|-|08:00|24:00| |\\+|UTC|always){0,12}"],
    ) {
        if let Err(fault) = Schedule::parse(&text, Some(&Zone::UTC)) {
            prop_assert!(fault.at <= text.chars().count(), "{:?}", fault);
            let _ = fault.to_string();
        }
        let _ = Catalog::default().resolve(&text);
        let _ = text.parse::<Catalog>();
    }

    #[test]
    fn transitions_ascend_and_alternate_and_the_state_at_each_instant_agrees(
        text in texts(), second in 946_684_800..4_102_444_800_i64, rules in some_rules(),
    ) {
        let schedule = schedule(&text);
        let now = Timestamp::from_second(second).unwrap();
        let position = schedule.at(now, &rules);
        prop_assert!(position.since.as_ref().is_none_or(|since| since.at <= now));
        prop_assert!(position.until.as_ref().is_none_or(|until| now < until.at));
        let second = SignedDuration::from_secs(1);
        let (mut last, mut state, mut since) = (now, position.state, position.since.clone());
        for (index, Transition { at, to }) in schedule.transitions(now, &rules).take(6).enumerate() {
            prop_assert!(at.at > last && to != state);
            if index == 0 {
                prop_assert_eq!(position.until.as_ref(), Some(&at));
            }
            let before = schedule.at(at.at - second, &rules);
            prop_assert_eq!((before.state, before.until.as_ref()), (state, Some(&at)));
            prop_assert_eq!(before.since.map(|it| it.at), since.map(|it| it.at));
            let then = schedule.at(at.at, &rules);
            prop_assert_eq!(then.state, to);
            prop_assert_eq!(then.since.as_ref().map(|it| it.at), Some(at.at));
            (last, state, since) = (at.at, to, Some(at));
        }
    }
}
