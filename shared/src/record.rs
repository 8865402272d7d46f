//! The record: a service's size and what was last done, kept as one tag on the service itself.
//!
//! `v1 off@2026-11-23T23:00:00Z n=3 min=2 susp=--- sched=5f2c1a9e by=schedule`
//!
//! An Auto Scaling group's is the same, with a [`Capacity`] for its size.
//!
//! A person can read it, and write it at 3 a.m. if need be. A tag value holds at most 256
//! characters of letters, digits, spaces and `+ - = . _ : / @`
//! (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html>).
//!
//! Invariant: zero is never a saved count. [`Size::count`] can't hold one, and a text that says
//! `n=0` does not parse.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::application_autoscaling::Suspended;

mod capacity;
pub mod sizing;

pub use capacity::{Bounds, Capacity};

/// Where a service stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// On since the record's t.
    On,
    /// A stop began at t and is to be finished.
    Stopping,
    /// Stopped for t.
    Off,
    /// Started for t, and not yet seen whole. Until then its scale-in sleeps on, and its size is the
    /// record's.
    Starting,
}

impl State {
    const ALL: [Self; 4] = [Self::On, Self::Stopping, Self::Off, Self::Starting];

    /// On, or on its way there; else off, or on its way there.
    #[must_use]
    pub fn is_on(self) -> bool {
        matches!(self, Self::On | Self::Starting)
    }

    /// The word in the record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Stopping => "stopping",
            Self::Off => "off",
            Self::Starting => "starting",
        }
    }
}

/// What caused what the record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum By {
    /// A transition of its schedule.
    Schedule,
    /// A `scale`, `stop` or `start` that somebody or some event asked for.
    Request,
    /// An override.
    Override,
    /// The first look at a service that has a schedule.
    Adoption,
}

impl By {
    const ALL: [Self; 4] = [Self::Schedule, Self::Request, Self::Override, Self::Adoption];

    fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Request => "request",
            Self::Override => "override",
            Self::Adoption => "adoption",
        }
    }
}

/// The part of a size that lives in the scalable target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub struct Scaling {
    /// `MinCapacity`; zero is a min like any other.
    pub min: u32,
    /// The three suspended flags.
    pub suspended: Suspended,
}

/// What a service had when it was on. Also the value of the tag `steward:size`, which
/// infrastructure-as-code may own: `n=3 min=2 susp=---`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub struct Size {
    /// The desired count; `None` when it was never seen above zero.
    pub count: Option<NonZeroU32>,
    /// The scalable target; `None` when it had none.
    pub scaling: Option<Scaling>,
}

/// What a record remembers of the thing that it stands on: the words between its time and its `sched`.
pub trait Saved: fmt::Display + Clone + Sized {
    /// The part of it that is not the count: the min, and what of its scaling is suspended.
    type Bounds: Copy;
    /// What is set to give it a size: `a count`.
    const SET: &'static str;
    /// What the tag `steward:size` may say.
    const EXAMPLES: &'static str;

    /// The count or desired capacity; `None` when it was never seen above zero.
    fn count(&self) -> Option<NonZeroU32>;

    /// The rest of it; `None` where nothing scales it, or nothing says how.
    fn bounds(&self) -> Option<Self::Bounds>;

    /// It needs no count: its own autoscaling takes it up from 0, and down to it, as a queue's worker does.
    fn is_worker(&self) -> bool {
        false
    }

    /// The same with this count and these bounds.
    #[must_use]
    fn with(self, count: Option<NonZeroU32>, bounds: Option<Self::Bounds>) -> Self;

    /// What it does not say itself is as `other` says.
    #[must_use]
    fn or(self, other: &Self) -> Self {
        let (count, bounds) = (self.count().or(other.count()), self.bounds().or(other.bounds()));
        self.with(count, bounds)
    }

    /// The same, with what its record alone may still know: the cluster of an empty group.
    #[must_use]
    fn with_what_is_recorded(self, _record: &Self) -> Self {
        self
    }

    /// Takes its words out of the record's.
    fn take(words: &mut Words<'_>) -> Result<Self, RecordFault>;

    /// A tag's text as a person wrote it: spaces around it and between its words do no harm.
    fn from_tag(text: &str) -> Result<Self, RecordFault> {
        tagged(&text.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

/// The record, of a service or of an Auto Scaling group. Prints as its tag's value, and a printed one
/// parses back the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "RecordOf{S}")]
pub struct Record<S = Size> {
    /// What was last done.
    pub state: State,
    /// t: the instant it was done for, in whole milliseconds. Never the time of the write.
    #[schemars(with = "crate::schema::Instant")]
    pub at: Timestamp,
    /// The size to come back to.
    pub size: S,
    /// How many tasks a stop left: the night size that was then in force. Only what is off has one.
    #[serde(skip_serializing_if = "is_none")]
    pub night: u32,
    /// A short hash of the schedule then in force; `None` when none was.
    pub sched: Option<String>,
    /// What caused it; `None` in a record that a person wrote without saying.
    pub by: Option<By>,
}

/// Why a record or size can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// Written by a newer ecs-steward.
    #[error("it has version {0:?}, and this ecs-steward reads v1: deploy the newer one")]
    Version(String),
    /// Not of the form.
    #[error("{0}; a record reads like \"v1 off@2026-11-23T23:00:00Z n=3 min=2 susp=---\"")]
    Malformed(String),
}

/// Instants in our tags have whole milliseconds: a bot's stop and its override come within one second.
#[must_use]
pub fn whole_millis(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// An instant as people read it.
#[must_use]
pub fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

impl<S: Saved> fmt::Display for Record<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1 {}@{}", self.state.as_str(), whole_millis(self.at))?;
        let size = self.size.to_string();
        if !size.is_empty() {
            write!(f, " {size}")?;
        }
        if self.night > 0 {
            write!(f, " night={}", self.night)?;
        }
        if let Some(sched) = &self.sched {
            write!(f, " sched={sched}")?;
        }
        if let Some(by) = self.by {
            write!(f, " by={}", by.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        if let Some(count) = self.count {
            words.push(format!("n={count}"));
        }
        if let Some(Scaling { min, suspended }) = self.scaling {
            words.push(format!("min={min} susp={suspended}"));
        }
        f.write_str(&words.join(" "))
    }
}

impl fmt::Display for Suspended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (letter, flag) in
            [('i', self.dynamic_scaling_in), ('o', self.dynamic_scaling_out), ('s', self.scheduled_scaling)]
        {
            write!(f, "{}", if flag { letter } else { '-' })?;
        }
        Ok(())
    }
}

impl<S: Saved> FromStr for Record<S> {
    type Err = RecordFault;

    fn from_str(text: &str) -> Result<Self, RecordFault> {
        let mut words = text.split(' ');
        match words.next() {
            Some("v1") => {}
            Some(version) if is_version(version) => return Err(RecordFault::Version(version.to_owned())),
            _ => return Err(malformed("it does not begin with v1")),
        }
        let (state, at) = words
            .next()
            .and_then(|word| word.split_once('@'))
            .ok_or_else(|| malformed("its second word is not STATE@TIME"))?;
        let state = State::ALL.into_iter().find(|known| known.as_str() == state).ok_or_else(|| {
            malformed(format!("its state {state:?} is none of on, stopping, off, starting"))
        })?;
        let at =
            at.parse().map_err(|_| malformed(format!("its time {at:?} is not like 2026-11-23T23:00:00Z")))?;
        let mut pairs = Words::of(words)?;
        let size = S::take(&mut pairs)?;
        let night = pairs.take("night").map(night).transpose()?.unwrap_or(0);
        let sched = pairs.take("sched").map(sched).transpose()?;
        let by = pairs.take("by").map(by).transpose()?;
        pairs.end()?;
        Ok(Self { state, at: whole_millis(at), size, night, sched, by })
    }
}

impl FromStr for Size {
    type Err = RecordFault;

    fn from_str(text: &str) -> Result<Self, RecordFault> {
        tagged(text)
    }
}

/// What a record saves, from a text of its own: the tag `steward:size`.
fn tagged<S: Saved>(text: &str) -> Result<S, RecordFault> {
    let mut words = Words::of(text.split(' '))?;
    let size = S::take(&mut words)?;
    words.end()?;
    Ok(size)
}

fn is_version(word: &str) -> bool {
    word.strip_prefix('v').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

fn malformed(text: impl Into<String>) -> RecordFault {
    RecordFault::Malformed(text.into())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_none(night: &u32) -> bool {
    *night == 0
}

fn night(text: &str) -> Result<u32, RecordFault> {
    digits(text).ok_or_else(|| malformed(format!("its night {text:?} is not a count")))
}

fn sched(text: &str) -> Result<String, RecordFault> {
    if (1..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        Ok(text.to_owned())
    } else {
        Err(malformed(format!("its sched {text:?} is not a short hash")))
    }
}

fn by(text: &str) -> Result<By, RecordFault> {
    By::ALL
        .into_iter()
        .find(|known| known.as_str() == text)
        .ok_or_else(|| malformed(format!("its by {text:?} is not known")))
}

/// A record's words of the form `key=value`, each key once.
#[derive(Debug)]
pub struct Words<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Words<'a> {
    fn of(words: impl Iterator<Item = &'a str>) -> Result<Self, RecordFault> {
        let mut pairs = BTreeMap::new();
        for word in words {
            let (key, value) =
                word.split_once('=').ok_or_else(|| malformed(format!("{word:?} is not KEY=VALUE")))?;
            if pairs.insert(key, value).is_some() {
                return Err(malformed(format!("{key:?} stands twice")));
            }
        }
        Ok(Self(pairs))
    }

    fn take(&mut self, key: &str) -> Option<&'a str> {
        self.0.remove(key)
    }

    fn count(&mut self) -> Result<Option<NonZeroU32>, RecordFault> {
        let count = self.take("n").map(|text| {
            digits(text)
                .and_then(NonZeroU32::new)
                .ok_or_else(|| malformed(format!("its n {text:?} is not a count above zero")))
        });
        count.transpose()
    }

    /// `min` and `susp`, which go together.
    fn min_and<T>(
        &mut self,
        suspended: impl Fn(&str) -> Result<T, RecordFault>,
    ) -> Result<Option<(u32, T)>, RecordFault> {
        let min = self
            .take("min")
            .map(|text| digits(text).ok_or_else(|| malformed(format!("its min {text:?} is not a count"))));
        match (min.transpose()?, self.take("susp").map(suspended).transpose()?) {
            (Some(min), Some(suspended)) => Ok(Some((min, suspended))),
            (None, None) => Ok(None),
            _ => Err(malformed("min and susp go together")),
        }
    }

    fn end(self) -> Result<(), RecordFault> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((key, _)) => Err(malformed(format!("{key:?} is not known"))),
        }
    }
}

/// A count as a record prints it: no sign, no leading zero, within what ECS can count.
fn digits(text: &str) -> Option<u32> {
    let plain = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|n| plain && i32::try_from(*n).is_ok())
}

fn suspended(text: &str) -> Result<Suspended, RecordFault> {
    let fault = || malformed(format!("its susp {text:?} is not three of i, o, s or -"));
    let mut letters = text.chars();
    let mut flag = |letter: char| match letters.next() {
        Some(found) if found == letter => Ok(true),
        Some('-') => Ok(false),
        _ => Err(fault()),
    };
    let suspended = Suspended {
        dynamic_scaling_in: flag('i')?,
        dynamic_scaling_out: flag('o')?,
        scheduled_scaling: flag('s')?,
    };
    if letters.next().is_some() { Err(fault()) } else { Ok(suspended) }
}

impl Saved for Size {
    type Bounds = Scaling;
    const SET: &'static str = "a count";
    const EXAMPLES: &'static str = r#""n=3", or "n=3 min=2 susp=---""#;

    fn count(&self) -> Option<NonZeroU32> {
        self.count
    }

    fn bounds(&self) -> Option<Scaling> {
        self.scaling
    }

    fn is_worker(&self) -> bool {
        let awake = |scaling: Scaling| scaling.min == 0 && scaling.suspended != Suspended::ALL;
        self.count.is_none() && self.scaling.is_some_and(awake)
    }

    fn with(self, count: Option<NonZeroU32>, scaling: Option<Scaling>) -> Self {
        Self { count, scaling }
    }

    fn take(words: &mut Words<'_>) -> Result<Self, RecordFault> {
        let count = words.count()?;
        let scaling = words.min_and(suspended)?.map(|(min, suspended)| Scaling { min, suspended });
        Ok(Self { count, scaling })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sizes() -> impl Strategy<Value = Size> {
        let scaling = (0..5_000_u32, any::<[bool; 3]>()).prop_map(|(min, [i, o, s])| Scaling {
            min,
            suspended: Suspended { dynamic_scaling_in: i, dynamic_scaling_out: o, scheduled_scaling: s },
        });
        (prop::option::of(1..5_000_u32), prop::option::of(scaling))
            .prop_map(|(count, scaling)| Size { count: count.and_then(NonZeroU32::new), scaling })
    }

    fn records() -> impl Strategy<Value = Record> {
        (
            prop::sample::select(State::ALL.to_vec()),
            0..4_102_444_800_i64,
            prop_oneof![Just(0_i64), 0..1_000_i64],
            sizes(),
            prop_oneof![Just(0_u32), 1..10_000_u32],
            prop::option::of("[0-9a-f]{8}"),
            prop::option::of(prop::sample::select(By::ALL.to_vec())),
        )
            .prop_map(|(state, second, millis, size, night, sched, by)| Record {
                state,
                at: Timestamp::from_millisecond(second * 1_000 + millis).unwrap(),
                size,
                night,
                sched,
                by,
            })
    }

    proptest! {
        #[test]
        fn a_printed_record_parses_back_the_same_and_fits_in_a_tag(record in records()) {
            let text = record.to_string();
            prop_assert_eq!(text.parse::<Record>().unwrap(), record);
            prop_assert!(text.len() <= 256);
            prop_assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || " +-=._:/@".contains(c)), "{}", text);
        }

        #[test]
        fn a_parsed_record_prints_back_the_same(text in "v1 (on|stopping|off|starting)@2026-11-23T2[0-3]:00:0[0-9](\\.[0-9]{2}[1-9])?Z( n=[0-9]{1,3})?( min=[0-9] susp=[i-][o-][s-])?( night=[1-9])?( by=(schedule|request))?") {
            if let Ok(record) = text.parse::<Record>() {
                prop_assert_eq!(record.to_string(), text);
            }
        }

        #[test]
        fn any_text_at_all_is_read_or_refused_without_a_panic(text in ".{0,80}") {
            let _ = text.parse::<Record>();
            let _ = Size::from_tag(&text);
        }
    }

    #[test]
    fn the_record_in_the_documents_reads_as_it_says() {
        let text = "v1 off@2026-11-23T23:00:00Z n=3 min=2 susp=-o- sched=5f2c1a9e by=schedule";
        let record: Record = text.parse().unwrap();
        assert_eq!(record.state, State::Off);
        assert_eq!(record.size.count, NonZeroU32::new(3));
        let scaling = record.size.scaling.unwrap();
        assert_eq!((scaling.min, scaling.suspended.dynamic_scaling_out), (2, true));
        assert_eq!(record.to_string(), text);
    }

    #[test]
    fn only_a_service_that_its_own_scaling_takes_up_from_0_needs_no_count() {
        for (size, is_worker) in [
            ("min=0 susp=---", true),
            ("min=0 susp=i--", true),
            ("min=0 susp=ios", false),
            ("min=1 susp=---", false),
            ("n=1 min=0 susp=---", false),
            ("n=1", false),
        ] {
            assert_eq!(Size::from_tag(size).unwrap().is_worker(), is_worker, "{size}");
        }
        assert!(!Size::default().is_worker());
        for size in ["min=0 susp=--", "n=1 min=0 susp=--"] {
            assert!(!Capacity::from_tag(size).unwrap().is_worker(), "{size}");
        }
    }

    #[test]
    fn a_night_size_of_0_is_left_out_wherever_a_record_is_shown() {
        for (night, shown) in [("", None), (" night=2", Some(2))] {
            let text = format!("v1 off@2026-11-23T20:00:00Z n=3{night}");
            let record: Record = text.parse().unwrap();
            let json = serde_json::to_value(&record).unwrap();
            assert_eq!(json.get("night").and_then(serde_json::Value::as_u64), shown, "{json}");
            assert_eq!(record.to_string(), text);
        }
    }

    #[test]
    fn zero_is_never_a_saved_count_but_a_min_like_any_other() {
        assert!("v1 off@2026-11-23T23:00:00Z n=0".parse::<Record>().is_err());
        assert!("v1 off@2026-11-23T23:00:00Z n=1 min=0 susp=---".parse::<Record>().is_ok());
    }

    #[test]
    fn a_record_that_is_newer_cut_or_scribbled_on_says_what_is_wrong() {
        for (text, says) in [
            ("v2 off@2026-11-23T23:00:00Z n=3", "version \"v2\""),
            ("", "does not begin with v1"),
            ("v off@2026-11-23T23:00:00Z", "does not begin with v1"),
            ("vx off@2026-11-23T23:00:00Z", "does not begin with v1"),
            ("v1", "not STATE@TIME"),
            ("v1 off", "not STATE@TIME"),
            ("v1 asleep@2026-11-23T23:00:00Z", "none of on, stopping, off"),
            ("v1 off@yesterday", "its time \"yesterday\""),
            ("v1 off@2026-11-23T23:00:00Z n=", "its n \"\""),
            ("v1 off@2026-11-23T23:00:00Z n=-1", "its n \"-1\""),
            ("v1 off@2026-11-23T23:00:00Z n=99999999999", "its n"),
            ("v1 off@2026-11-23T23:00:00Z min=2", "min and susp go together"),
            ("v1 off@2026-11-23T23:00:00Z min=2 susp=--", "its susp \"--\""),
            ("v1 off@2026-11-23T23:00:00Z min=2 susp=soi", "its susp \"soi\""),
            ("v1 off@2026-11-23T23:00:00Z n=3 n=4", "stands twice"),
            ("v1 off@2026-11-23T23:00:00Z n=3 colour=red", "\"colour\" is not known"),
            ("v1 off@2026-11-23T23:00:00Z  n=3", "not KEY=VALUE"),
            ("v1 off@2026-11-23T23:00:00Z n=3 by=me", "its by \"me\""),
            ("v1 off@2026-11-23T23:00:00Z n=3 sched=5f2c-a9e", "its sched \"5f2c-a9e\""),
            ("v1 off@2026-11-23T23:00:00Z n=3 sched=0123456789abcdef0", "its sched \"0123456789abcdef0\""),
        ] {
            let fault = text.parse::<Record>().unwrap_err().to_string();
            assert!(fault.contains(says), "{text:?} gave {fault:?}");
        }
    }

    #[test]
    fn the_size_tag_that_infrastructure_as_code_owns_may_be_spaced_as_people_do() {
        assert_eq!(Size::from_tag(" n=3  min=2 susp=--- ").unwrap().to_string(), "n=3 min=2 susp=---");
        assert!(Size::from_tag("3").is_err());
    }
}
