//! What no policy may exceed.

use shared::select::{ImagePatterns, Patterns};
use shared::{Code, Problem};

use crate::request::PruneFields;

/// The guards, from the config; a request may only tighten them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guards {
    /// The most images that are deleted of a repository in a run: the oldest, and the rest in the next.
    pub max_delete: usize,
    /// The most of its images, in percent.
    pub max_delete_percent: usize,
    /// How many must be left.
    pub keep_at_least: usize,
    /// Tags whose images stay.
    pub protected_tags: ImagePatterns,
    /// An image with a pull recorded within so many days stays. It softens what can't be seen, and does not
    /// cover it: a pod that has been up for longer has pulled nothing since.
    pub keep_pulled_days: u32,
    /// An image pushed within so many hours stays: an index may come that names it, or an approval.
    pub keep_pushed_hours: u32,
}

impl Guards {
    /// Guards that let everything pass.
    #[must_use]
    pub fn none() -> Self {
        Self {
            max_delete: usize::MAX,
            max_delete_percent: 100,
            keep_at_least: 0,
            protected_tags: ImagePatterns::default(),
            keep_pulled_days: 0,
            keep_pushed_hours: 0,
        }
    }

    /// These guards, made tighter as a request says.
    pub fn tightened(&self, fields: &PruneFields) -> Result<Self, Problem> {
        let at_most = |name: &str, asked: Option<usize>, here: usize| match asked {
            Some(asked) if asked > here => Err(looser(name, asked, here)),
            asked => Ok(asked.unwrap_or(here)),
        };
        let at_least = |name: &str, asked: Option<usize>, here: usize| match asked {
            Some(asked) if asked < here => Err(looser(name, asked, here)),
            asked => Ok(asked.unwrap_or(here)),
        };
        let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let at_least_so_old = |name: &str, asked: Option<u32>, here: u32| {
            let least = at_least(name, asked.map(number), number(here))?;
            Ok::<_, Problem>(u32::try_from(least).unwrap_or(u32::MAX))
        };
        let own = fields.protected_tags.iter().flatten();
        Ok(Self {
            max_delete: at_most("maxDelete", fields.max_delete, self.max_delete)?,
            max_delete_percent: at_most(
                "maxDeletePercent",
                fields.max_delete_percent,
                self.max_delete_percent,
            )?,
            keep_at_least: at_least("keepAtLeast", fields.keep_at_least, self.keep_at_least)?,
            protected_tags: Patterns(self.protected_tags.0.iter().chain(own).cloned().collect()),
            keep_pulled_days: at_least_so_old(
                "keepPulledDays",
                fields.keep_pulled_days,
                self.keep_pulled_days,
            )?,
            keep_pushed_hours: at_least_so_old(
                "keepPushedHours",
                fields.keep_pushed_hours,
                self.keep_pushed_hours,
            )?,
        })
    }

    /// Why nothing may be deleted of a repository that would lose so many of its images.
    #[must_use]
    pub fn tripped(&self, losses: Losses) -> Option<String> {
        let Losses { images, expired, archived } = losses;
        let nothing = |going: usize| {
            format!("nothing of this repository is deleted: {going} of its {images} images would go")
        };
        if expired == 0 {
            None
        } else if expired.saturating_mul(100) > self.max_delete_percent.saturating_mul(images) {
            Some(format!("{}, and maxDeletePercent is {}", nothing(expired), self.max_delete_percent))
        } else if images.saturating_sub(expired + archived) < self.keep_at_least {
            Some(format!("{}, and keepAtLeast is {}", nothing(expired + archived), self.keep_at_least))
        } else {
            None
        }
    }
}

/// What a repository would lose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Its images that can be pulled: those in the archive can't.
    pub images: usize,
    /// Those of them that would be deleted.
    pub expired: usize,
    /// Those of them that would go to the archive.
    pub archived: usize,
}

fn looser(name: &str, asked: usize, here: usize) -> Problem {
    let detail =
        format!("{name} {asked} is looser than {here}, as it is here: a request may only tighten it");
    Problem::new(Code::BeyondMax, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_the_archive_is_neither_left_nor_counted() {
        let guards = Guards { max_delete_percent: 80, keep_at_least: 1, ..Guards::none() };
        let tripped = |guards: &Guards, images, expired, archived| {
            guards.tripped(Losses { images, expired, archived }).unwrap_or_default()
        };
        // However many lie in the archive beside them.
        assert!(
            tripped(&guards, 10, 10, 0).contains("10 of its 10 images would go, and maxDeletePercent is 80")
        );
        let all = Guards { max_delete_percent: 100, ..guards.clone() };
        assert!(tripped(&all, 10, 10, 0).contains("keepAtLeast is 1"));
        assert!(tripped(&all, 10, 4, 6).contains("10 of its 10 images would go, and keepAtLeast is 1"));
        assert_eq!(tripped(&all, 10, 9, 0), "");
        assert_eq!(tripped(&all, 10, 0, 10), "", "the archive gives back what it holds");
        assert_eq!(tripped(&guards, 0, 0, 0), "");
    }
}
