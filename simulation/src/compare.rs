//! What is compared after a run, and the text of a violation.

use std::ops::RangeInclusive;

use emulator::World;
use jiff::Timestamp;

use crate::SystemUnderTest;
use crate::calendar::rfc3339;
use crate::fleet::{RECORD, Service, end, look};
use crate::model::{By, Expected, Live, MAX_DESIRED, Memory, Size, Target, WHOLE, wanted};
use crate::year::{Seen, Year};

impl<S: SystemUnderTest> Year<S> {
    pub(crate) fn violation(&mut self, law: &str, what: &str, how: &str) {
        let at = rfc3339(self.seconds());
        let seed = self.options.seed;
        self.figures.violations.push(format!("{law}: {what} at {at} (seed {seed}): {how}"));
    }

    /// The counts that services have while they are on: what may be saved of them.
    pub(crate) fn note_sizes(&mut self) {
        let Self { fleet, aws, .. } = self;
        let names: Vec<String> = fleet.services.iter().map(|one| fleet.cluster_of(one).to_owned()).collect();
        aws.with(|world| {
            for (service, cluster) in fleet.services.iter_mut().zip(&names) {
                let count = world.desired_count(cluster, &service.name);
                if count > 0 && service.memory.as_ref().is_none_or(|memory| memory.on) {
                    service.had.insert(count);
                }
            }
        });
        self.note_machines();
    }

    /// Nothing ought to change.
    pub(crate) fn is_quiet(&self, seen: &[Seen]) -> bool {
        self.fleet
            .services
            .iter()
            .zip(seen)
            .all(|(service, seen)| seen.expected.live == seen.live && seen.expected.memory == service.memory)
    }

    /// The same, where nothing ought to be done at all.
    pub(crate) fn unchanged(&self, seen: Vec<Seen>) -> Vec<Seen> {
        let same = |(seen, service): (Seen, &Service)| Seen {
            expected: Expected {
                rule: "a refused request",
                live: seen.live,
                memory: service.memory.clone(),
                at_now: false,
            },
            ..seen
        };
        seen.into_iter().zip(&self.fleet.services).map(same).collect()
    }

    /// Where a disturbed run took so long that something else is wanted by now, or where a second run
    /// does more than the first (`enforce` after an adoption), nothing is expected but what is found.
    pub(crate) fn still_due(&self, seen: Vec<Seen>, from: i64, now: i64) -> Vec<Seen> {
        let want = |service: &Service, at| {
            let plan = self.fleet.plan_of(service).ok().flatten();
            let lease = self.cluster_lease(service.cluster);
            wanted(service.lease, lease, plan.and_then(|plan| self.fleet.plans.get(plan)), at)
        };
        let one = |(mut seen, service): (Seen, &Service)| {
            // What was started by the first run may be whole at the last, and what was whole may have lost a
            // task.
            let starting = seen.expected.memory.as_ref().is_some_and(|memory| memory.starting)
                || seen.expected.rule == WHOLE;
            if want(service, from) != want(service, now) || !seen.settles || (starting && from != now) {
                seen.expected.rule = UNKNOWN;
            }
            seen
        };
        seen.into_iter().zip(&self.fleet.services).map(one).collect()
    }

    /// After a run at this instant or later: is every one of these as it ought to be?
    pub(crate) fn compare(&mut self, seen: &[Seen], which: &[usize], from: i64) {
        let now = self.seconds();
        for n in which {
            let (Some(service), Some(seen)) = (self.fleet.services.get(*n), seen.get(*n)) else { continue };
            let (path, cluster) = (self.fleet.path(service), self.fleet.cluster_of(service).to_owned());
            let name = service.name.clone();
            let (live, text) = self.aws.with(|world: &mut World| {
                (look(world, &cluster, &name), world.tags(&cluster, &name).remove(RECORD))
            });
            let found = text.as_deref().and_then(record);
            let expected = &seen.expected;
            let mut faults = Vec::new();
            if expected.rule != UNKNOWN {
                if live != expected.live {
                    faults.push(format!("expected {}, found {}", shown(&expected.live), shown(&live)));
                }
                let span = expected.at_now.then_some(from..=now + 1);
                if !is_as_remembered(found.as_ref(), expected.memory.as_ref(), span) {
                    faults.push(format!(
                        "expected to remember {:?}, its record says {text:?}",
                        expected.memory
                    ));
                }
            }
            if text.is_some() && found.is_none() && !service.garbled {
                faults.push(format!("its record can't be read: {text:?}"));
            }
            let count = found.as_ref().and_then(|found| found.size.count);
            let wrong_size = count.filter(|count| !service.had.contains(count));
            let zero = count == Some(0);
            let was_on = service.memory.as_ref().is_none_or(|memory| memory.on);
            let is_on = found.as_ref().is_none_or(|found| found.on);
            let is_up = is_on && !found.as_ref().is_some_and(|found| found.starting);
            let back = service.before.filter(|_| is_up && live.count > 0);
            let rule = expected.rule;
            let was = format!("{} with {:?}", shown(&seen.live), service.memory);
            let memory = match (&found, &expected.memory) {
                (Some(found), Some(expected)) => Some(Memory { plan: expected.plan, ..found.clone() }),
                (found, _) => found.clone(),
            };
            if let Some(service) = self.fleet.services.get_mut(*n) {
                // What was not yet whole comes back as it was before that.
                let starting = service.memory.as_ref().is_some_and(|memory| memory.starting);
                service.memory = memory;
                // It had more than it keeps by night.
                let went_down =
                    seen.live.count > live.count.max(service.night) && live.count <= service.night;
                if was_on && !starting && !is_on && went_down {
                    // Its own action may give it another min meanwhile.
                    service.before = Some(seen.live).filter(|_| service.action.is_none());
                } else if is_up {
                    service.before = None;
                }
            }
            if was_on != is_on {
                self.figures.transitions += 1;
            }
            for fault in faults {
                self.violation(rule, &path, &format!("{fault}; it was {was}"));
            }
            if zero {
                self.violation("zero is never saved", &path, &format!("its record says {text:?}"));
            }
            if let Some(size) = wrong_size {
                let what = format!("{size} is saved, which it never had while it was on");
                self.violation("a size is saved only from a service that is on", &path, &what);
            }
            if let Some(before) = back {
                self.figures.comebacks += 1;
                let bounds = before.target.map_or((0, i64::MAX), |t| (t.min, t.max));
                let count = before.count.min(MAX_DESIRED).clamp(bounds.0, bounds.1);
                let was = Live { count, ..before };
                if live != was {
                    let what = format!("expected {}, found {}", shown(&was), shown(&live));
                    self.violation("it comes back as it was", &path, &what);
                }
            }
        }
    }

    /// After kills and a clean run: is all as a run that was never killed leaves it?
    pub(crate) fn recovered(&mut self, expected: &[(String, String)], settles: &[bool], from: i64) {
        if self.seconds() != from {
            // What is written for the run's own instant is for a later one.
            return;
        }
        self.figures.recoveries += 1;
        let found = end(&self.aws, &self.fleet);
        for (((path, expected), (_, found)), settles) in expected.iter().zip(found).zip(settles) {
            if without_fractions(expected) == without_fractions(&found) || !settles {
                continue;
            }
            let what = format!("without the kill {expected}, with it {found}");
            self.violation("a killed run is finished by the next", path, &what);
        }
    }
}

/// A text whose instants are cut to whole seconds: a run that was killed and its successor are milliseconds
/// apart.
fn without_fractions(text: &str) -> String {
    let mut parts = text.split('.');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |cut, part| match part.trim_start_matches(|c: char| c.is_ascii_digit()) {
        rest if rest.starts_with('Z') => cut + rest,
        _ => cut + "." + part,
    })
}

/// The rule of a service or group of which nothing certain is expected: it is not compared.
pub(crate) const UNKNOWN: &str = "unknown";

pub(crate) fn is_as_remembered(
    found: Option<&Memory>,
    expected: Option<&Memory>,
    span: Option<RangeInclusive<i64>>,
) -> bool {
    match (found, expected) {
        (None, None) => true,
        (Some(found), Some(expected)) => {
            (found.on, found.begun, found.starting) == (expected.on, expected.begun, expected.starting)
                && (found.size, found.night) == (expected.size, expected.night)
                && found.by == expected.by
                && (found.at == expected.at || span.is_some_and(|span| span.contains(&found.at)))
        }
        _ => false,
    }
}

pub(crate) fn shown(live: &Live) -> String {
    match live.target {
        None => format!("{}", live.count),
        Some(Target { min, max, flags }) => {
            format!("{} (min {min}, max {max}, suspended {flags:?})", live.count)
        }
    }
}

/// An instant as the model has it. What is between two seconds is later than all that happens on the clock at
/// the first of them.
pub(crate) fn whole(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

/// The record, read in the plainest way. A group's has two flags.
pub(crate) fn record(text: &str) -> Option<Memory> {
    let mut words = text.strip_prefix("v1 ")?.split(' ');
    let (state, at) = words.next()?.split_once('@')?;
    let at: Timestamp = at.parse().ok()?;
    let (at, rounded) = (whole(at), at.subsec_nanosecond() > 0);
    let mut size = Size::default();
    let (mut min, mut flags, mut by, mut night) = (None, None, By::Plan, 0);
    for (key, value) in words.filter_map(|word| word.split_once('=')) {
        match key {
            "n" => size.count = value.parse().ok(),
            "by" if value == "override" => by = By::Lease,
            "by" if value == "adoption" => by = By::Adoption,
            "night" => night = value.parse().ok()?,
            "min" => min = value.parse().ok(),
            "susp" => {
                let mut letters = value.chars().map(|c| c != '-');
                flags = Some([letters.next()?, letters.next()?, letters.next().unwrap_or(true)]);
            }
            _ => {}
        }
    }
    size.scaling = min.zip(flags);
    let (begun, starting) = (state == "stopping", state == "starting");
    let on = state == "on" || starting;
    Some(Memory { on, begun, starting, at, rounded, by, plan: None, size, night })
}
