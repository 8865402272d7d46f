//! From windows to transitions: the openings of all windows in order of time, those that touch or
//! overlap joined.
//!
//! A window's openings, day after day, have ascending starts and ascending ends, clock changes or
//! not. So one cursor a window, each looking at its next opening, finds them all in order, lazily.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::windows::{Edge, Opening, Window};
use super::{Calendar, Moment, OnOff};

/// How far is looked for a change: over two years, so that every pair of two zones' clock changes
/// is seen. Holidays may close a schedule for longer, and windows may leave no gap at all; both
/// count as never changing.
pub const REACH: SignedDuration = SignedDuration::from_hours(800 * 24);

/// An instant at which what a schedule wants changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Transition {
    /// When, in the zone of the window that starts or ends.
    pub at: Moment,
    /// To what.
    pub to: OnOff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Ahead,
    Back,
}

/// One window's openings, day by day.
#[derive(Clone, Debug)]
struct Cursor<'a> {
    window: &'a Window,
    way: Way,
    /// The day to look at next; `None` beyond the calendar's end.
    day: Option<Date>,
    /// The next opening, once it is found.
    found: Option<Opening<'a>>,
}

impl<'a> Cursor<'a> {
    fn new(window: &'a Window, way: Way, at: Timestamp, rules: &Calendar) -> Self {
        let local = |at| window.zone.civil(at).date();
        let day = match way {
            // An opening lasts at most into the day after the one it starts on; a day more, because
            // a clock change may repeat one.
            Way::Ahead => back(back(local(at))),
            Way::Back => ahead(local(later(at, rules.lead()))),
        };
        Self { window, way, day: Some(day), found: None }
    }

    /// The next opening, if it is reached within `horizon`.
    fn peek(&mut self, horizon: Timestamp, rules: &Calendar) -> Option<Opening<'a>> {
        let local = |at| self.window.zone.civil(at).date();
        let last = match self.way {
            Way::Ahead => ahead(local(later(horizon, rules.lead()))),
            Way::Back => back(back(local(horizon))),
        };
        while self.found.is_none() {
            let day = self.day.filter(|day| match self.way {
                Way::Ahead => *day <= last,
                Way::Back => *day >= last,
            })?;
            self.found = self.window.opening(day, rules);
            self.day = match self.way {
                Way::Ahead => day.tomorrow().ok(),
                Way::Back => day.yesterday().ok(),
            };
        }
        self.found
    }
}

fn ahead(day: Date) -> Date {
    day.tomorrow().unwrap_or(day)
}

fn back(day: Date) -> Date {
    day.yesterday().unwrap_or(day)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(at)
}

fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_sub(by).unwrap_or(at)
}

/// All windows' openings in order of time.
#[derive(Clone, Debug)]
struct Walk<'a> {
    cursors: Vec<Cursor<'a>>,
    rules: &'a Calendar,
}

/// Openings that touch or overlap, as one.
struct Span<'a> {
    start: Edge<'a>,
    /// `None` if it does not end within reach.
    end: Option<Edge<'a>>,
}

impl<'a> Walk<'a> {
    fn new(windows: &'a [Window], way: Way, at: Timestamp, rules: &'a Calendar) -> Self {
        Self { cursors: windows.iter().map(|window| Cursor::new(window, way, at, rules)).collect(), rules }
    }

    /// Takes the opening that starts first, if it starts by `limit`.
    fn starting_by(&mut self, limit: Timestamp) -> Option<Opening<'a>> {
        let rules = self.rules;
        let peeked = self.cursors.iter_mut().filter_map(|cursor| {
            cursor
                .peek(limit, rules)
                .filter(|opening| opening.start.at <= limit)
                .map(|opening| (opening, cursor))
        });
        let (opening, cursor) = peeked.min_by_key(|(opening, _)| opening.start.at)?;
        cursor.found = None;
        Some(opening)
    }

    /// Going back, takes the opening that ends last, if it does not end before `limit`.
    fn ending_from(&mut self, limit: Timestamp) -> Option<Opening<'a>> {
        let rules = self.rules;
        let peeked = self.cursors.iter_mut().filter_map(|cursor| {
            cursor
                .peek(limit, rules)
                .filter(|opening| opening.end.at >= limit)
                .map(|opening| (opening, cursor))
        });
        let (opening, cursor) = peeked.max_by_key(|(opening, _)| opening.end.at)?;
        cursor.found = None;
        Some(opening)
    }

    /// The first span that ends after an instant; `None` if it is out of reach.
    fn span_after(&mut self, at: Timestamp) -> Option<Span<'a>> {
        loop {
            let Opening { start, mut end } = self.starting_by(later(at, REACH))?;
            let reach = later(start.at.max(at), REACH);
            while let Some(next) = self.starting_by(end.at) {
                if next.end.at > end.at {
                    end = next.end;
                }
                if end.at > reach {
                    return Some(Span { start, end: None });
                }
            }
            if end.at > at {
                return Some(Span { start, end: Some(end) });
            }
        }
    }
}

/// The state at an instant, and when it changes next.
pub(super) fn next_change(windows: &[Window], at: Timestamp, rules: &Calendar) -> (OnOff, Option<Moment>) {
    match Walk::new(windows, Way::Ahead, at, rules).span_after(at) {
        None => (OnOff::Off, None),
        Some(span) if span.start.at <= at => (OnOff::On, span.end.map(Edge::moment)),
        Some(span) => (OnOff::Off, Some(span.start.moment())),
    }
}

/// Since when the state of an instant holds; `None` if the change is out of reach.
pub(super) fn since(windows: &[Window], at: Timestamp, state: OnOff, rules: &Calendar) -> Option<Moment> {
    let mut walk = Walk::new(windows, Way::Back, at, rules);
    let mut begun = None;
    let mut reached = at;
    let limit = earlier(at, REACH);
    loop {
        let opening = walk.ending_from(if state == OnOff::On { reached } else { limit });
        match opening {
            None => return begun.map(Edge::moment),
            Some(opening) if opening.start.at > at => {}
            Some(opening) if state == OnOff::Off => return Some(opening.end.moment()),
            Some(opening) => {
                if begun.is_none() || opening.start.at < reached {
                    begun = Some(opening.start);
                    reached = opening.start.at;
                }
                if reached < limit {
                    return None;
                }
            }
        }
    }
}

/// A schedule's transitions, found as they are asked for.
#[derive(Clone, Debug)]
pub struct Transitions<'a> {
    walk: Walk<'a>,
    /// The last transition, or where it began to look.
    last: Timestamp,
    /// The end of the span whose start was given.
    off: Option<Edge<'a>>,
    over: bool,
}

impl<'a> Transitions<'a> {
    pub(super) fn none(rules: &'a Calendar) -> Self {
        let walk = Walk { cursors: Vec::new(), rules };
        Self { walk, last: Timestamp::UNIX_EPOCH, off: None, over: true }
    }

    pub(super) fn of(windows: &'a [Window], from: Timestamp, rules: &'a Calendar) -> Self {
        Self { walk: Walk::new(windows, Way::Ahead, from, rules), last: from, off: None, over: false }
    }

    fn change(&mut self, edge: Edge<'_>, to: OnOff) -> Transition {
        self.last = edge.at;
        Transition { at: edge.moment(), to }
    }
}

impl Iterator for Transitions<'_> {
    type Item = Transition;

    fn next(&mut self) -> Option<Transition> {
        if let Some(off) = self.off.take() {
            return Some(self.change(off, OnOff::Off));
        }
        if self.over {
            return None;
        }
        let span = self.walk.span_after(self.last);
        self.over = span.as_ref().is_none_or(|span| span.end.is_none());
        let Span { start, end } = span?;
        if start.at > self.last {
            self.off = end;
            return Some(self.change(start, OnOff::On));
        }
        // It began inside this span.
        end.map(|end| self.change(end, OnOff::Off))
    }
}

impl std::iter::FusedIterator for Transitions<'_> {}
