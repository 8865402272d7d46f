//! The tags that the state is kept in.

use std::fmt::Debug;

use jiff::SignedDuration;
use shared::record::{Capacity, Record, Saved, Size};
use shared::schedule::{Override, Want};
use shared::tags::is_allowed_in_values;

use crate::inputs::{evening, first_line, instant, text};

/// A record or a size that is read prints as one that is read the same, in characters that a tag takes.
pub(crate) fn records(bytes: &[u8]) {
    let text = text(bytes);
    record::<Size>(&text);
    record::<Capacity>(&text);
}

fn record<S: Saved + Debug + PartialEq>(text: &str) {
    match text.parse::<Record<S>>() {
        Ok(record) => {
            let printed = record.to_string();
            assert_eq!(printed.parse::<Record<S>>().as_ref(), Ok(&record), "{text:?} prints as {printed:?}");
            assert!(printed.chars().all(is_allowed_in_values), "{printed:?}");
            let printed_again = record.to_string().parse::<Record<S>>().map(|record| record.to_string());
            assert_eq!(printed_again, Ok(printed));
        }
        Err(fault) => assert!(!fault.to_string().is_empty()),
    }
    if let Ok(size) = S::from_tag(text) {
        let printed = size.to_string();
        assert_eq!(S::from_tag(&printed).as_ref(), Ok(&size), "{text:?} prints as {printed:?}");
        let (count, bounds) = (size.count(), size.bounds());
        assert_eq!(size.clone().with(count, bounds), size);
    }
}

/// An override that is read prints as one that is read the same, and ends no later when it is ended early.
pub(crate) fn overrides(bytes: &[u8]) {
    let text = text(bytes);
    let Ok(read) = text.parse::<Override>() else { return };
    let printed = read.to_string();
    assert_eq!(printed.parse().as_ref(), Ok(&read), "{text:?} prints as {printed:?}");
    assert!(read.from() <= read.until() && !read.by().is_empty(), "{read:?}");
    let now = evening();
    assert!(!(read.is_live(now) && read.is_over(now)), "{read:?}");
    let ended = read.clone().ended(now);
    assert!(ended.until() <= read.until() && ended.from() == read.from(), "{read:?} ended as {ended:?}");
    assert!(!ended.is_live(now) || ended.from() > now, "{ended:?}");
}

/// Whoever asks with whatever reason: the tag holds what AWS takes, and reads as what was meant.
pub(crate) fn made_overrides(bytes: &[u8]) {
    let text = text(bytes);
    let (from, rest) = first_line(&text);
    let (lasts, rest) = first_line(rest);
    let (by, reason) = first_line(rest);
    let from = instant(from);
    let lasts = lasts.parse().map_or(SignedDuration::from_hours(2), SignedDuration::from_millis);
    let Ok(until) = from.checked_add(lasts) else { return };
    for state in [Want::On, Want::Off, Want::Hold] {
        let Ok(made) = Override::new(state, from, until, by, reason) else { continue };
        let printed = made.to_string();
        assert_eq!(printed.parse().as_ref(), Ok(&made), "{printed:?}");
        assert!(printed.chars().count() <= 256 && printed.chars().all(is_allowed_in_values), "{printed:?}");
        assert_eq!(made.state(), state);
        // What is before 1970 is rounded towards it.
        let latest = until.saturating_add(SignedDuration::from_secs(1)).unwrap_or(until);
        assert!(made.from() <= made.until() && made.until() < latest, "{made:?}");
    }
}
