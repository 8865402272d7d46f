//! How the story is written, and how its promises are counted.

use std::io::{self, Write};

use jiff::ZonedDateTime;
use shared_lambda::table;

use super::Outcome;

/// The story's paper.
pub(super) struct Printer<'w, W> {
    out: &'w mut W,
    outcome: Outcome,
    /// The last line was empty.
    apart: bool,
}

impl<'w, W: Write> Printer<'w, W> {
    pub(super) fn new(out: &'w mut W) -> Self {
        Self { out, outcome: Outcome::default(), apart: false }
    }

    /// A line at the margin.
    pub(super) fn title(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// A step begins, at this time.
    pub(super) fn step(&mut self, now: &ZonedDateTime, what: &str) -> io::Result<()> {
        self.space()?;
        self.apart = false;
        writeln!(self.out, "{}  {what}", now.strftime("%a %H:%M"))
    }

    /// Lines of the step.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        self.apart = false;
        text.lines().try_for_each(|line| writeln!(self.out, "{}", format!("  {line}").trim_end()))
    }

    /// One empty line, and no more than one.
    fn space(&mut self) -> io::Result<()> {
        if self.apart {
            return Ok(());
        }
        self.apart = true;
        writeln!(self.out)
    }

    /// A table of the step.
    pub(super) fn table(&mut self, headings: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
        self.space()?;
        self.say(&table::render(headings, rows))?;
        self.space()
    }

    /// A promise and what is wrong with it: it holds when that is nothing.
    pub(super) fn told(&mut self, promise: &str, wrong: &[String]) -> io::Result<()> {
        if wrong.is_empty() {
            self.outcome.kept.push(promise.to_owned());
            return self.say(&format!("✓ {promise}"));
        }
        self.outcome.broken.push(promise.to_owned());
        self.say(&format!("✗ {promise}"))?;
        wrong.iter().try_for_each(|wrong| self.say(&format!("    {wrong}")))
    }

    /// The last lines.
    pub(super) fn end(self) -> io::Result<Outcome> {
        let Outcome { kept, broken } = &self.outcome;
        let all = kept.len() + broken.len();
        if broken.is_empty() {
            writeln!(self.out, "\nAll {all} promises held.")?;
        } else {
            writeln!(self.out, "\n{} of {all} promises did not hold:", broken.len())?;
            broken.iter().try_for_each(|promise| writeln!(self.out, "  ✗ {promise}"))?;
        }
        self.out.flush()?;
        Ok(self.outcome)
    }
}
