//! `at(…)`, `rate(…)` and `cron(…)`.
//!
//! <https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html>, and
//! a Unix crontab's five fields for EC2 Auto Scaling.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// A schedule that says when it is due next.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    zone: TimeZone,
    when: When,
}

#[derive(Clone, Debug)]
enum When {
    At(DateTime),
    Every { first: Timestamp, period: SignedDuration },
    Cron(Cron),
}

/// The values that each field allows.
#[derive(Clone, Debug)]
struct Cron {
    minutes: BTreeSet<i64>,
    hours: BTreeSet<i64>,
    /// None: `?` or `*`.
    days_of_month: Option<BTreeSet<i64>>,
    months: BTreeSet<i64>,
    /// 1 is Sunday. None: `?` or `*`.
    days_of_week: Option<BTreeSet<i64>>,
    years: Option<BTreeSet<i64>>,
    /// A day that fits one of the two restrictions is enough, where both are there.
    either_day: bool,
}

/// How far ahead a cron expression is looked for.
const HORIZON_DAYS: i64 = 5 * 366;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl Schedule {
    /// Reads an expression; `first` is when a rate begins. The special characters `L`, `W` and `#` are not modelled.
    pub(crate) fn parse(text: &str, zone: TimeZone, first: Timestamp) -> Result<Self, String> {
        let wrong = || format!("Invalid schedule expression: {text}");
        let (kind, rest) = text.split_once('(').ok_or_else(wrong)?;
        let inner = rest.strip_suffix(')').ok_or_else(wrong)?;
        let when = match kind {
            "at" => When::At(inner.parse().map_err(|_| wrong())?),
            "rate" => When::Every { first, period: rate(inner).ok_or_else(wrong)? },
            "cron" => When::Cron(Cron::parse(inner).ok_or_else(wrong)?),
            _ => return Err(wrong()),
        };
        Ok(Self { zone, when })
    }

    /// Reads the five fields of a Unix crontab: with both days restricted, either is enough.
    pub(crate) fn unix(text: &str, zone: TimeZone) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days_of_month, months, days_of_week] = fields.as_slice() else {
            return None;
        };
        let week: Option<BTreeSet<i64>> = if any(days_of_week) {
            None
        } else {
            // 0 and 7 are Sunday, which is 1 here.
            Some(field(days_of_week, 0, 7, &DAYS, 0)?.into_iter().map(|day| day % 7 + 1).collect())
        };
        let cron = Cron {
            minutes: field(minutes, 0, 59, &[], 0)?,
            hours: field(hours, 0, 23, &[], 0)?,
            days_of_month: if any(days_of_month) { None } else { Some(field(days_of_month, 1, 31, &[], 1)?) },
            months: field(months, 1, 12, &MONTHS, 1)?,
            days_of_week: week,
            years: None,
            either_day: true,
        };
        Some(Self { zone, when: When::Cron(cron) })
    }

    /// The first instant after this one.
    pub(crate) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::At(at) => self.instant(*at).filter(|at| *at > after),
            When::Every { first, period } => {
                if *first > after {
                    return Some(*first);
                }
                let passed = after.duration_since(*first).as_secs().checked_div(period.as_secs())?;
                let ahead = period.checked_mul(i32::try_from(passed + 1).ok()?)?;
                first.checked_add(ahead).ok()
            }
            When::Cron(cron) => {
                let local = self.zone.to_datetime(after);
                let mut day = local.date();
                for _ in 0..HORIZON_DAYS {
                    if cron.allows(day) {
                        let found = cron.times(day).filter_map(|at| self.instant(at)).find(|at| *at > after);
                        if found.is_some() {
                            return found;
                        }
                    }
                    day = day.checked_add(1.day()).ok()?;
                }
                None
            }
        }
    }

    /// A local time that does not exist is the one as much later; one that exists twice, the first.
    fn instant(&self, at: DateTime) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(at).compatible().ok()
    }
}

fn rate(inner: &str) -> Option<SignedDuration> {
    let (value, unit) = inner.split_once(' ')?;
    let value: i64 = value.parse().ok().filter(|v| *v > 0)?;
    let seconds = match unit {
        "minute" | "minutes" => 60,
        "hour" | "hours" => 3600,
        "day" | "days" => 86_400,
        _ => return None,
    };
    value.checked_mul(seconds).map(SignedDuration::from_secs)
}

impl Cron {
    fn parse(inner: &str) -> Option<Self> {
        let fields: Vec<&str> = inner.split_whitespace().collect();
        let [minutes, hours, days_of_month, months, days_of_week, years] = fields.as_slice() else {
            return None;
        };
        Some(Self {
            minutes: field(minutes, 0, 59, &[], 0)?,
            hours: field(hours, 0, 23, &[], 0)?,
            days_of_month: if any(days_of_month) { None } else { Some(field(days_of_month, 1, 31, &[], 1)?) },
            months: field(months, 1, 12, &MONTHS, 1)?,
            days_of_week: if any(days_of_week) { None } else { Some(field(days_of_week, 1, 7, &DAYS, 1)?) },
            years: if *years == "*" { None } else { Some(field(years, 1970, 2199, &[], 1970)?) },
            either_day: false,
        })
    }

    fn allows(&self, day: Date) -> bool {
        let has = |set: &Option<BTreeSet<i64>>, value: i64| set.as_ref().is_none_or(|s| s.contains(&value));
        let of_month = has(&self.days_of_month, day.day().into());
        let of_week = has(&self.days_of_week, i64::from(day.weekday().to_sunday_one_offset()));
        let either = self.either_day && self.days_of_month.is_some() && self.days_of_week.is_some();
        has(&self.years, day.year().into())
            && self.months.contains(&day.month().into())
            && if either { of_month || of_week } else { of_month && of_week }
    }

    fn times(&self, day: Date) -> impl Iterator<Item = DateTime> {
        self.hours.iter().flat_map(move |hour| {
            self.minutes.iter().filter_map(move |minute| {
                let at = time(i8::try_from(*hour).ok()?, i8::try_from(*minute).ok()?, 0, 0);
                Some(day.to_datetime(at))
            })
        })
    }
}

fn any(field: &str) -> bool {
    field == "*" || field == "?"
}

/// The values of one field: `*`, numbers, names, lists, ranges and steps.
fn field(text: &str, least: i64, most: i64, names: &[&str], first_name: i64) -> Option<BTreeSet<i64>> {
    let value = |word: &str| -> Option<i64> {
        let position = names.iter().position(|n| n.eq_ignore_ascii_case(word));
        let value = match position {
            Some(n) => i64::try_from(n).ok()? + first_name,
            None => word.parse().ok()?,
        };
        (least..=most).contains(&value).then_some(value)
    };
    let mut values = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<usize>().ok().filter(|s| *s > 0)?)),
            None => (part, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (value(from)?, value(to)?),
            None => {
                let from = value(range)?;
                (from, if step.is_some() { most } else { from })
            }
        };
        let step = step.unwrap_or(1);
        if from <= to {
            values.extend((from..=to).step_by(step));
        } else if !names.is_empty() {
            // SAT-MON
            values.extend((from..=most).chain(least..=to).step_by(step));
        } else {
            return None;
        }
    }
    Some(values)
}
