//! Progress on a terminal, for what takes longer than a second; nothing where nobody looks.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often what turns is drawn.
const TURNS: Duration = Duration::from_millis(120);

/// A line that says what is under way, and goes away at the end. It is only drawn where the standard error is a
/// terminal, so what is piped is never mixed with it.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Something whose end nobody knows.
    #[must_use]
    pub fn waiting(what: impl Into<Cow<'static, str>>) -> Self {
        let bar = Self::new(ProgressBar::no_length(), "{spinner} {msg}");
        bar.0.set_message(what);
        if !bar.0.is_hidden() {
            bar.0.enable_steady_tick(TURNS);
        }
        bar
    }

    /// Something of so many steps.
    #[must_use]
    pub fn of(steps: u64, what: impl Into<Cow<'static, str>>) -> Self {
        let bar = Self::new(ProgressBar::new(steps), "{msg} [{bar:30}] {percent} %");
        bar.0.set_message(what);
        bar
    }

    fn new(bar: ProgressBar, template: &str) -> Self {
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        bar.set_draw_target(target);
        let style = ProgressStyle::with_template(template);
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    /// Says what is under way now.
    pub fn say(&self, what: impl Into<Cow<'static, str>>) {
        self.0.set_message(what);
    }

    /// So many steps are done.
    pub fn at(&self, step: u64) {
        self.0.set_position(step);
    }

    /// So many steps of so many are done.
    pub fn of_steps(&self, step: u64, steps: u64) {
        self.0.set_length(steps);
        self.0.set_position(step);
    }

    /// Nothing of it is shown any more.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_shown() {
        // A template with a fault would silently become another style.
        for template in ["{spinner} {msg}", "{msg} [{bar:30}] {percent} %"] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
        let progress = Progress::of(2, "playing");
        progress.at(1);
        progress.say("playing on");
    }
}
