//! What no policy may exceed.

use shared::select::{ImagePatterns, Patterns};
use shared::{Code, Problem};

use crate::request::PruneFields;

/// The guards, from the config; a request may only tighten them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guards {
    /// The most images that are deleted of a repository in a run.
    pub max_delete: usize,
    /// The most of its images, in percent.
    pub max_delete_percent: usize,
    /// How many must be left.
    pub keep_at_least: usize,
    /// Tags whose images stay.
    pub protected_tags: ImagePatterns,
    /// An image with a pull recorded within so many days stays: what can't be seen (EKS, other
    /// regions, other accounts) is seen by its pulls.
    pub keep_pulled_days: u32,
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
        let days = |days: u32| usize::try_from(days).unwrap_or(usize::MAX);
        let pulled =
            at_least("keepPulledDays", fields.keep_pulled_days.map(days), days(self.keep_pulled_days))?;
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
            keep_pulled_days: u32::try_from(pulled).unwrap_or(u32::MAX),
        })
    }

    /// Why nothing may be deleted of a repository that would lose so many of its images.
    #[must_use]
    pub fn tripped(&self, losses: Losses) -> Option<String> {
        let Losses { images, expired, archived, of_the_archive } = losses;
        let nothing = |going: usize, of: &str| {
            format!("nothing of this repository is deleted: {going} of its {of}images would go")
        };
        let deleted = expired + of_the_archive;
        let of = format!("{images} ");
        if deleted > self.max_delete {
            Some(format!("{}, and maxDelete is {}", nothing(deleted, ""), self.max_delete))
        } else if expired == 0 {
            None
        } else if expired.saturating_mul(100) > self.max_delete_percent.saturating_mul(images) {
            Some(format!("{}, and maxDeletePercent is {}", nothing(expired, &of), self.max_delete_percent))
        } else if images.saturating_sub(expired + archived) < self.keep_at_least {
            Some(format!("{}, and keepAtLeast is {}", nothing(expired + archived, &of), self.keep_at_least))
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
    /// What would be deleted of the archive.
    pub of_the_archive: usize,
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
        let guards = Guards { max_delete: 50, max_delete_percent: 80, keep_at_least: 1, ..Guards::none() };
        let tripped = |guards: &Guards, images, expired, archived, of_the_archive| {
            guards.tripped(Losses { images, expired, archived, of_the_archive }).unwrap_or_default()
        };
        // However many lie in the archive beside them.
        assert!(
            tripped(&guards, 10, 10, 0, 0)
                .contains("10 of its 10 images would go, and maxDeletePercent is 80")
        );
        let all = Guards { max_delete_percent: 100, ..guards.clone() };
        assert!(tripped(&all, 10, 10, 0, 0).contains("keepAtLeast is 1"));
        assert!(tripped(&all, 10, 4, 6, 0).contains("10 of its 10 images would go, and keepAtLeast is 1"));
        assert_eq!(tripped(&all, 10, 9, 0, 0), "");
        assert_eq!(tripped(&all, 10, 0, 10, 0), "", "the archive gives back what it holds");
        assert_eq!(tripped(&guards, 0, 0, 0, 50), "");
        assert!(tripped(&guards, 0, 0, 0, 51).contains("51 of its images would go, and maxDelete is 50"));
    }
}
