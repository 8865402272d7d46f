//! A schedule's text: reading it, with faults that point at the place, and printing it back.

use std::fmt;
use std::str::FromStr;

use super::windows::{Clock, DAYS, Days, NTHS, Nth, Window};
use super::{Kind, Schedule, Zone, ZoneFault};

/// The longest schedule in characters. A tag's value has 256; a named one may be longer.
const LONGEST: usize = 1_000;

/// Why a text is not a schedule, where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleFault {
    /// The text.
    pub text: String,
    /// How many characters stand before the place.
    pub at: usize,
    /// What is wrong there, and what would be right.
    pub fault: String,
}

impl fmt::Display for ScheduleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = self.text.chars().take(256).collect();
        let cut = if text.len() < self.text.len() { "…" } else { "" };
        // People count from one.
        write!(f, "{text:?}{cut} is not a schedule: at character {}, {}", self.at + 1, self.fault)
    }
}

impl std::error::Error for ScheduleFault {}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let windows = match &self.0 {
            Kind::Always => return f.write_str("always"),
            Kind::Never => return f.write_str("never"),
            Kind::Windows(windows) => windows,
        };
        let mut rest = windows.iter().peekable();
        while let Some(window) = rest.next() {
            let next = rest.peek();
            write!(f, "{window}")?;
            // A window has the zone of the next one that names one.
            if next.is_none_or(|next| next.zone != window.zone) {
                write!(f, " {}", window.zone)?;
            }
            if next.is_some() {
                f.write_str(" + ")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Schedule {
    type Err = ScheduleFault;

    /// Reads a schedule that names its zones.
    fn from_str(text: &str) -> Result<Self, ScheduleFault> {
        Self::parse(text, None)
    }
}

impl Schedule {
    /// Reads a schedule; a window without a zone has the zone of the next window that names one,
    /// else the default. More spaces than one do no harm.
    pub fn parse(text: &str, default: Option<&Zone>) -> Result<Self, ScheduleFault> {
        let length = text.chars().count();
        if length > LONGEST {
            return Err(Fault::at(LONGEST, format!("it is longer than {LONGEST} characters")).of(text));
        }
        let words = words(text);
        let parsed = match words.as_slice() {
            [] => Err(Fault::at(
                0,
                "it is empty: write always, never, or windows such as Mon-Fri 08:00-20:00 Europe/Berlin",
            )),
            [Word { text: "always", .. }] => Ok(Self::ALWAYS),
            [Word { text: "never", .. }] => Ok(Self::NEVER),
            words => windows(words, length, default).map(|windows| Self(Kind::Windows(windows))),
        };
        parsed.map_err(|fault| fault.of(text))
    }
}

/// A fault before it knows its text.
struct Fault {
    at: usize,
    fault: String,
}

impl Fault {
    fn at(at: usize, fault: impl Into<String>) -> Self {
        Self { at, fault: fault.into() }
    }

    fn of(self, text: &str) -> ScheduleFault {
        ScheduleFault { text: text.to_owned(), at: self.at, fault: self.fault }
    }
}

/// A part of the text, and how many characters stand before it.
#[derive(Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    at: usize,
}

fn words(text: &str) -> Vec<Word<'_>> {
    split(Word { text, at: 0 }, ' ').into_iter().filter(|word| !word.text.is_empty()).collect()
}

fn split(word: Word<'_>, by: char) -> Vec<Word<'_>> {
    let mut at = word.at;
    let mut parts = Vec::new();
    for text in word.text.split(by) {
        parts.push(Word { text, at });
        at += text.chars().count() + 1;
    }
    parts
}

/// A window that may still be without a zone, and the place where it would stand.
struct Bare {
    days: Days,
    start: Clock,
    end: Clock,
    zone: Option<Zone>,
    place: usize,
}

fn windows(words: &[Word<'_>], length: usize, default: Option<&Zone>) -> Result<Vec<Window>, Fault> {
    let mut bare = Vec::new();
    let mut words = words.iter().copied().peekable();
    loop {
        let days = words.next().ok_or_else(|| {
            Fault::at(length, "a window is missing after \"+\", such as Mon-Fri 08:00-20:00")
        })?;
        if matches!(days.text, "always" | "never") {
            return Err(Fault::at(days.at, format!("{:?} only stands alone", days.text)));
        }
        let days = self::days(days)?;
        let hours = words.next().ok_or_else(|| Fault::at(length, HOURS_MISSING))?;
        let (start, end) = self::hours(hours)?;
        let named = words.next_if(|word| word.text != "+");
        let zone = named.map(zone).transpose()?;
        bare.push(Bare { days, start, end, zone, place: hours.at + hours.text.chars().count() });
        match words.next() {
            None => break,
            Some(Word { text: "+", .. }) => {}
            Some(word) => {
                return Err(Fault::at(
                    word.at,
                    format!("{:?} is one word too many: windows are joined by \" + \"", word.text),
                ));
            }
        }
    }
    // From the end, because a window has the zone of the next one that names one.
    let mut next = None;
    let mut windows = Vec::new();
    for Bare { days, start, end, zone, place } in bare.into_iter().rev() {
        next = zone.or(next);
        let zone = next.clone().or_else(|| default.cloned()).ok_or_else(|| {
            Fault::at(
                place,
                "a zone is missing, and the config has no default zone: add an IANA name such as Europe/Berlin",
            )
        })?;
        windows.push(Window { days, start, end, zone });
    }
    windows.reverse();
    Ok(windows)
}

const HOURS_MISSING: &str = "the hours are missing, such as 08:00-20:00";

fn days(word: Word<'_>) -> Result<Days, Fault> {
    if word.text == "+" {
        return Err(Fault::at(word.at, "a window is missing before \"+\", such as Mon-Fri 08:00-20:00"));
    }
    if word.text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Fault::at(word.at, "the days are missing: a window begins with them, such as Mon-Fri"));
    }
    let parts = split(word, '-');
    if let [first, days @ ..] = parts.as_slice()
        && let (Some(nth), false) = (nth(first.text), days.is_empty())
    {
        let [one] = days else {
            return Err(Fault::at(word.at, "a day of the month is one day, such as first-Sat"));
        };
        return Ok(Days::Monthly { nth, day: day(*one)? });
    }
    match parts.as_slice() {
        [one] => day(*one).map(|day| Days::Weekly { first: day, last: day }),
        [first, last] => Ok(Days::Weekly { first: day(*first)?, last: day(*last)? }),
        [_, _, third, ..] => Err(Fault::at(
            third.at - 1,
            "a range has two ends, such as Mon-Fri: join more windows by \" + \"",
        )),
        [] => Err(Fault::at(word.at, "the days are missing, such as Mon-Fri")),
    }
}

fn day(word: Word<'_>) -> Result<jiff::civil::Weekday, Fault> {
    if let Some((_, day)) = DAYS.into_iter().find(|(name, _)| *name == word.text) {
        return Ok(day);
    }
    if let Some(comma) = word.text.chars().position(|c| c == ',') {
        return Err(Fault::at(
            word.at + comma,
            "there are no lists of days: write a range such as Mon-Fri, or join windows by \" + \"",
        ));
    }
    let right = meant(word.text).unwrap_or_else(|| {
        format!("one of {}, or first-Sat and the like", DAYS.map(|(name, _)| name).join(" "))
    });
    Err(Fault::at(word.at, format!("{:?} is not a day: write {right}", word.text)))
}

fn nth(text: &str) -> Option<Nth> {
    NTHS.into_iter().find(|(name, _)| *name == text).map(|(_, nth)| nth)
}

/// What a word that is no day surely means: `Mon` where it reads `monday`, `Thurs` or `MON`.
fn meant(text: &str) -> Option<String> {
    const WHOLE: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let text = text.to_lowercase();
    if ["always", "never"].contains(&text.as_str()) {
        return Some(text);
    }
    let of = |text: &str| {
        let is_one = |whole: &&str| text.len() >= 3 && whole.starts_with(text);
        WHOLE.iter().position(is_one).and_then(|at| DAYS.get(at)).map(|(name, _)| *name)
    };
    // As other tools write the first Saturday, and a range with the wrong dash.
    let monthly = || {
        let (day, n) = text.split_once('#')?;
        let (nth, _) =
            NTHS.get(n.parse::<usize>().ok()?.checked_sub(1)?).filter(|(_, nth)| *nth != Nth::Last)?;
        Some(format!("{nth}-{}", of(day)?))
    };
    let range = || {
        let (first, last) = text.split_once(['–', '—'])?;
        Some(format!("{}-{}", of(first)?, of(last)?))
    };
    of(&text).map(str::to_owned).or_else(monthly).or_else(range)
}

fn hours(word: Word<'_>) -> Result<(Clock, Clock), Fault> {
    if word.text == "+" {
        return Err(Fault::at(word.at, HOURS_MISSING));
    }
    if word.text.starts_with('-') {
        return Err(Fault::at(word.at, "a range has no spaces, such as Mon-Fri or 08:00-20:00"));
    }
    if let Some(plus) = word.text.chars().position(|c| c == '+') {
        return Err(Fault::at(word.at + plus, "\"+\" has a space on both sides"));
    }
    let parts = split(word, '-');
    let (start, end) = match parts.as_slice() {
        [start, end] => (*start, *end),
        [start] => {
            clock(*start)?;
            let end = start.at + start.text.chars().count();
            return Err(Fault::at(
                end,
                "the end is missing: hours are a start and an end, such as 08:00-20:00",
            ));
        }
        [_, _, third, ..] => {
            return Err(Fault::at(third.at - 1, "hours are one start and one end, such as 08:00-20:00"));
        }
        [] => return Err(Fault::at(word.at, HOURS_MISSING)),
    };
    let (from, to) = (clock(start)?, clock(end)?);
    if from == Clock::MIDNIGHT_AFTER {
        return Err(Fault::at(start.at, "24:00 is only an end: start at 00:00 of the next day"));
    }
    if from == to {
        return Err(Fault::at(
            end.at,
            "the end is the start: write always or never, or 00:00-24:00 for a whole day",
        ));
    }
    Ok((from, to))
}

fn clock(word: Word<'_>) -> Result<Clock, Fault> {
    let read = || {
        let (hour, minute) = word.text.split_once(':')?;
        let two = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        if !two(hour) || !two(minute) {
            return None;
        }
        Clock::new(hour.parse().ok()?, minute.parse().ok()?)
    };
    read().ok_or_else(|| {
        Fault::at(word.at, format!("{:?} is not a time: write HH:MM, from 00:00 to 24:00", word.text))
    })
}

fn zone(word: Word<'_>) -> Result<Zone, Fault> {
    word.text.parse().map_err(|fault: ZoneFault| Fault::at(word.at, fault.to_string()))
}
