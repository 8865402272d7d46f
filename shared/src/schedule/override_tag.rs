//! An override: "keep it on, off, or as it is, until …, because …". A lease that ends by itself,
//! kept as one tag: `on from 2026-11-23T19:00:00Z until 2026-11-23T22:00:00Z by alice : deploy`.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::Want;
use crate::record::{whole_millis, whole_seconds};
use crate::tags::is_allowed_in_values;

/// The most characters that a tag's value holds.
const LONGEST: usize = 256;

/// An override. Prints as its tag's value, and a printed one parses back the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Override {
    state: Want,
    #[schemars(with = "crate::schema::Instant")]
    from: Timestamp,
    #[schemars(with = "crate::schema::Instant")]
    until: Timestamp,
    by: String,
    reason: String,
}

/// Why an override's text can't be read, or an override can't be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}; an override reads like \"on from 2026-11-23T19:00:00Z until 2026-11-23T22:00:00Z by alice : deploy\""
)]
pub struct OverrideFault(String);

impl Override {
    /// An override as its tag will hold it: instants in milliseconds, its end in seconds, what tags forbid
    /// as `_`, cut
    /// at 256 characters (the audit line has the whole text). An end before the start is a fault.
    pub fn new(
        state: Want,
        from: Timestamp,
        until: Timestamp,
        by: &str,
        reason: &str,
    ) -> Result<Self, OverrideFault> {
        let from = whole_millis(from);
        // An end in whole seconds is there at the tick that it is meant for, not just after it.
        let until = Some(whole_seconds(until)).filter(|until| *until > from).unwrap_or(whole_millis(until));
        // The first " : " ends the actor.
        let by = by.replace(" : ", " _ ");
        let text: String = format!("{state} from {from} until {until} by {} : {reason}", by.trim())
            .chars()
            .map(|c| if is_allowed_in_values(c) { c } else { '_' })
            .take(LONGEST)
            .collect();
        text.parse()
    }

    /// What it keeps the service at.
    #[must_use]
    pub fn state(&self) -> Want {
        self.state
    }

    /// Its start.
    #[must_use]
    pub fn from(&self) -> Timestamp {
        self.from
    }

    /// Its end, at or after its start; at the end it is over.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Who asked for it.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.by
    }

    /// Why; empty where nobody said.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether it decides at an instant.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }

    /// Whether its end has come.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now
    }

    /// The same, ended early; it never ends later than it would have.
    #[must_use]
    pub fn ended(self, now: Timestamp) -> Self {
        let until = whole_millis(now).min(self.until).max(self.from);
        Self { until, ..self }
    }
}

impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {} until {} by {}", self.state, self.from, self.until, self.by)?;
        if self.reason.is_empty() { Ok(()) } else { write!(f, " : {}", self.reason) }
    }
}

impl FromStr for Override {
    type Err = OverrideFault;

    fn from_str(text: &str) -> Result<Self, OverrideFault> {
        let mut words = text.trim().splitn(7, ' ');
        let mut word = || words.next().unwrap_or_default();
        let state = match word() {
            "on" => Want::On,
            "off" => Want::Off,
            "hold" => Want::Hold,
            other => return Err(OverrideFault(format!("its state {other:?} is none of on, off, hold"))),
        };
        keyword("from", word())?;
        let from = instant("from", word())?;
        keyword("until", word())?;
        let until = instant("until", word())?;
        if until < from {
            return Err(OverrideFault(format!("it ends at {until}, before it starts at {from}")));
        }
        keyword("by", word())?;
        let rest = word();
        // A text that was cut may end anywhere in " : ".
        let (by, reason) = rest.split_once(" : ").unwrap_or((rest, ""));
        let by = by.strip_suffix(" :").unwrap_or(by).trim();
        if by.is_empty() {
            return Err(OverrideFault("nobody stands after \"by\"".into()));
        }
        Ok(Self { state, from, until, by: by.to_owned(), reason: reason.trim().to_owned() })
    }
}

fn keyword(word: &str, found: &str) -> Result<(), OverrideFault> {
    if word == found {
        Ok(())
    } else {
        Err(OverrideFault(format!("{word:?} is missing where it says {found:?}")))
    }
}

fn instant(word: &str, text: &str) -> Result<Timestamp, OverrideFault> {
    text.parse()
        .map(whole_millis)
        .map_err(|_| OverrideFault(format!("its {word} {text:?} is not a time like 2026-11-23T19:00:00Z")))
}
