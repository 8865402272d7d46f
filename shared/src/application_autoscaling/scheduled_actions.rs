//! Scheduled scaling actions: when they come due, and what they would have set.
//!
//! While a service sleeps its scheduled actions do not act, and AWS never makes up for one that was
//! missed: a start does.
//!
//! Source: <https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html>,
//! <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ScheduledAction.html>

use std::cmp::Ordering;

use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use croner::{CivilDate, CivilDateTime, CivilTime, CronDateTime, Resolution, Weekday};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// A person's scheduled scaling action on a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduledAction {
    /// `service/prod/users`.
    pub resource_id: String,
    /// Its name.
    pub scheduled_action_name: String,
    /// `at(…)`, `cron(…)` or `rate(…)`.
    pub schedule: String,
    /// The zone of the expression.
    pub timezone: Option<String>,
    /// It begins then.
    pub start_time: Option<Timestamp>,
    /// It ends then.
    pub end_time: Option<Timestamp>,
    /// When it was made: a rate counts from there, unless it has a start.
    pub creation_time: Option<Timestamp>,
    /// The min that it sets.
    pub min_capacity: Option<u32>,
    /// The max that it sets.
    pub max_capacity: Option<u32>,
}

/// The bounds that actions would have set which came due unseen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missed {
    /// The min.
    pub min: Option<u32>,
    /// The max.
    pub max: Option<u32>,
    /// The actions that set them, in a few words.
    pub by: Vec<String>,
}

/// What these actions would have set after `after` and up to `until`: of several the last counts. One whose
/// expression can't be read sets nothing.
#[must_use]
pub fn missed(actions: &[ScheduledAction], after: Timestamp, until: Timestamp) -> Missed {
    let mut due: Vec<(Timestamp, &ScheduledAction)> =
        actions.iter().filter_map(|action| Some((action.last_due(after, until)?, action))).collect();
    due.sort_by_key(|(at, _)| *at);
    let last = |bound: fn(&ScheduledAction) -> Option<u32>| {
        let said = |at, action: &ScheduledAction| format!("{} of {at}", action.scheduled_action_name);
        due.iter().rev().find_map(|(at, action)| Some((bound(action)?, said(*at, action))))
    };
    let (min, max) = (last(|action| action.min_capacity), last(|action| action.max_capacity));
    let mut by: Vec<String> = [&min, &max].into_iter().flatten().map(|(_, said)| said.clone()).collect();
    by.dedup();
    Missed { min: min.map(|(bound, _)| bound), max: max.map(|(bound, _)| bound), by }
}

impl ScheduledAction {
    /// Whether it can come due after `now`: everything that recurs and has not ended, and what is
    /// still ahead. An expression that can't be read counts as one that can.
    #[must_use]
    pub fn may_come_due_after(&self, now: Timestamp) -> bool {
        if self.end_time.is_some_and(|end| end <= now) {
            return false;
        }
        self.once().is_none_or(|at| at > now)
    }

    /// The last instant after `after` and up to `until` at which it came due.
    #[must_use]
    pub fn last_due(&self, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let until = self.end_time.map_or(until, |end| end.min(until));
        let (kind, inner) = self.schedule.strip_suffix(')')?.split_once('(')?;
        let at = match kind {
            "at" => self.once()?,
            "rate" => self.last_of_a_rate(inner, until)?,
            "cron" => {
                // AWS's six fields, from minutes to years; the library has seconds before them.
                let inner = format!("0 {inner}");
                let parser = CronParser::builder()
                    .seconds(Seconds::Required)
                    .year(Year::Required)
                    .alternative_weekdays(true)
                    .sloppy_ranges(true)
                    .build();
                let until = Local { at: until, zone: self.zone()? };
                parser.parse(&inner).ok()?.find_previous_occurrence(&until, true).ok()?.at
            }
            _ => return None,
        };
        let begun = self.start_time.is_none_or(|start| start <= at);
        (begun && after < at && at <= until).then_some(at)
    }

    fn last_of_a_rate(&self, inner: &str, until: Timestamp) -> Option<Timestamp> {
        let (count, unit) = inner.trim().split_once(' ')?;
        let unit = match unit.trim() {
            "minute" | "minutes" => 60,
            "hour" | "hours" => 3_600,
            "day" | "days" => 86_400,
            _ => return None,
        };
        let period = count.parse::<i64>().ok()?.checked_mul(unit).filter(|period| *period > 0)?;
        let first = self.start_time.or(self.creation_time)?;
        let passed = until.duration_since(first).as_secs();
        let since = (passed / period).checked_mul(period).filter(|_| passed >= 0)?;
        first.checked_add(SignedDuration::from_secs(since)).ok()
    }

    /// The instant of an `at(2026-11-25T02:00:00)`, whose zone is UTC unless another is given.
    fn once(&self) -> Option<Timestamp> {
        let at: DateTime = self.schedule.strip_prefix("at(")?.strip_suffix(')')?.parse().ok()?;
        self.zone()?.to_timestamp(at).ok()
    }

    fn zone(&self) -> Option<TimeZone> {
        TimeZone::get(self.timezone.as_deref().unwrap_or("UTC")).ok()
    }
}

/// The cron library searches over any type that tells it the time on the wall.
#[derive(Clone, Debug)]
struct Local {
    at: Timestamp,
    zone: TimeZone,
}

impl Local {
    fn on_the_wall(&self) -> DateTime {
        self.zone.to_datetime(self.at)
    }
}

impl CronDateTime for Local {
    fn to_civil(&self) -> CivilDateTime {
        let part = |of: i8| u32::try_from(of).unwrap_or(0);
        let at = self.on_the_wall();
        let date = CivilDate::from_parts_unchecked(at.year().into(), part(at.month()), part(at.day()));
        let time = CivilTime::from_parts_unchecked(part(at.hour()), part(at.minute()), part(at.second()));
        CivilDateTime::new(date, time)
    }

    fn civil_weekday(&self) -> Weekday {
        let days = self.on_the_wall().weekday().to_sunday_zero_offset();
        Weekday::from_days_from_sunday(u32::try_from(days).unwrap_or(0))
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let part = |of: u32| i8::try_from(of).map_err(|_| CronError::InvalidTime);
        let year = i16::try_from(civil.year()).map_err(|_| CronError::InvalidDate)?;
        let (month, day) = (part(civil.month())?, part(civil.day())?);
        let (hour, minute, second) = (part(civil.hour())?, part(civil.minute())?, part(civil.second())?);
        let at =
            DateTime::new(year, month, day, hour, minute, second, 0).map_err(|_| CronError::InvalidDate)?;
        let found = self.zone.to_ambiguous_timestamp(at);
        let local = |at: Result<Timestamp, jiff::Error>| match at {
            Ok(at) => Ok(Self { at, zone: self.zone.clone() }),
            Err(_) => Err(CronError::InvalidTime),
        };
        Ok(match found.offset() {
            AmbiguousOffset::Unambiguous { .. } => Resolution::Single(local(found.unambiguous())?),
            AmbiguousOffset::Fold { .. } => {
                Resolution::Ambiguous(local(found.earlier())?, local(found.later())?)
            }
            AmbiguousOffset::Gap { .. } => Resolution::Gap,
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        let at = self.at.checked_add(SignedDuration::from_secs(seconds)).ok()?;
        Some(Self { at, zone: self.zone.clone() })
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.at.cmp(&other.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(schedule: &str, zone: Option<&str>, end: Option<&str>) -> ScheduledAction {
        ScheduledAction {
            scheduled_action_name: schedule.into(),
            schedule: schedule.into(),
            timezone: zone.map(str::to_owned),
            end_time: end.map(|end| end.parse().unwrap()),
            creation_time: Some("2026-11-01T00:10:00Z".parse().unwrap()),
            ..ScheduledAction::default()
        }
    }

    #[test]
    fn what_recurs_or_lies_ahead_may_come_due_and_what_is_over_may_not() {
        let now = "2026-11-25T01:00:00Z".parse().unwrap();
        for (action, due) in [
            (action("cron(0 2 * * ? *)", None, None), true),
            (action("rate(1 hour)", None, Some("2026-11-26T00:00:00Z")), true),
            (action("rate(1 hour)", None, Some("2026-11-25T00:00:00Z")), false),
            (action("at(2026-11-25T02:00:00)", None, None), true),
            (action("at(2026-11-25T00:59:59)", None, None), false),
            (action("at(2026-11-24T22:30:00)", Some("America/Sao_Paulo"), None), true),
            (action("at(2026-11-25T02:00:00)", Some("Europe/Berlin"), None), false),
            (action("at(some day)", None, None), true),
        ] {
            assert_eq!(action.may_come_due_after(now), due, "{action:?}");
        }
    }

    #[test]
    fn the_last_time_an_action_came_due_is_found_in_its_own_zone() {
        // From a Tuesday's evening to a Wednesday's morning.
        let (after, until) =
            ("2026-11-24T23:00:00Z".parse().unwrap(), "2026-11-25T11:00:00Z".parse().unwrap());
        for (schedule, zone, end, due) in [
            ("cron(0 7 * * ? *)", None, None, Some("2026-11-25T07:00:00Z")),
            ("cron(0 7 ? * MON-FRI *)", Some("America/Sao_Paulo"), None, Some("2026-11-25T10:00:00Z")),
            ("cron(0 8 ? * WED *)", Some("America/Sao_Paulo"), None, Some("2026-11-25T11:00:00Z")),
            ("cron(0 7 ? * 4 *)", None, None, Some("2026-11-25T07:00:00Z")),
            ("cron(0 7 ? * 5 *)", None, None, None),
            ("cron(0 7 ? * 4#4 *)", None, None, Some("2026-11-25T07:00:00Z")),
            ("cron(0 7 ? * 4L *)", None, None, Some("2026-11-25T07:00:00Z")),
            ("cron(0 7 L * ? *)", None, None, None),
            ("cron(0/15 3-5 * * ? *)", None, None, Some("2026-11-25T05:45:00Z")),
            ("cron(0 7 * * ? 2025)", None, None, None),
            ("cron(0 7 25 NOV ? 2026-2027)", None, None, Some("2026-11-25T07:00:00Z")),
            ("cron(0 7 * * ? *)", None, Some("2026-11-25T06:00:00Z"), None),
            ("cron(0 23 * * ? *)", None, None, None),
            ("rate(1 minute)", None, None, Some("2026-11-25T11:00:00Z")),
            ("rate(25 minutes)", None, None, Some("2026-11-25T10:50:00Z")),
            ("rate(1 hour)", None, None, Some("2026-11-25T10:10:00Z")),
            ("rate(2 days)", None, None, Some("2026-11-25T00:10:00Z")),
            ("rate(7 days)", None, None, None),
            ("at(2026-11-25T02:00:00)", None, None, Some("2026-11-25T02:00:00Z")),
            ("at(2026-11-25T12:00:00)", None, None, None),
            ("cron(sometimes)", None, None, None),
            ("rate(0 minutes)", None, None, None),
            ("whenever", None, None, None),
        ] {
            let found = action(schedule, zone, end).last_due(after, until);
            assert_eq!(found, due.map(|at| at.parse().unwrap()), "{schedule} {zone:?} {end:?}");
        }
        // A night on which the clocks change: 02:30 does not exist in Berlin, and 07:00 does.
        let (after, until) =
            ("2026-03-28T20:00:00Z".parse().unwrap(), "2026-03-29T06:00:00Z".parse().unwrap());
        let at_seven = action("cron(0 7 * * ? *)", Some("Europe/Berlin"), None);
        assert_eq!(at_seven.last_due(after, until), Some("2026-03-29T05:00:00Z".parse().unwrap()));
    }

    #[test]
    fn an_action_does_not_come_due_before_its_start() {
        let (after, until) =
            ("2026-11-24T23:00:00Z".parse().unwrap(), "2026-11-25T11:00:00Z".parse().unwrap());
        for (start, due) in
            [("2026-11-25T06:59:59Z", true), ("2026-11-25T07:00:00Z", true), ("2026-11-25T07:00:01Z", false)]
        {
            let begins = ScheduledAction {
                start_time: Some(start.parse().unwrap()),
                ..action("cron(0 7 * * ? *)", None, None)
            };
            assert_eq!(begins.last_due(after, until).is_some(), due, "{start}");
        }
    }

    #[test]
    fn of_several_that_were_missed_the_last_that_sets_a_bound_counts_for_it() {
        let (after, until) =
            ("2026-11-24T23:00:00Z".parse().unwrap(), "2026-11-25T11:00:00Z".parse().unwrap());
        let sets = |schedule: &str, min, max| ScheduledAction {
            min_capacity: min,
            max_capacity: max,
            ..action(schedule, None, None)
        };
        let actions = [
            sets("cron(0 7 * * ? *)", Some(4), None),
            sets("cron(0 5 * * ? *)", Some(2), Some(9)),
            sets("cron(0 19 * * ? *)", Some(1), Some(3)),
        ];
        let found = missed(&actions, after, until);
        assert_eq!((found.min, found.max), (Some(4), Some(9)));
        let by = ["cron(0 7 * * ? *) of 2026-11-25T07:00:00Z", "cron(0 5 * * ? *) of 2026-11-25T05:00:00Z"];
        assert_eq!(found.by, by);
        assert_eq!(missed(&actions[2..], after, until), Missed::default());
    }
}
