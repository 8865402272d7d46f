//! What no policy may exceed.

use shared::{Code, Problem};

use crate::glob::Globs;
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
    pub protected_tags: Globs,
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
            protected_tags: Globs::default(),
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
            protected_tags: Globs(self.protected_tags.0.iter().chain(own).cloned().collect()),
            keep_pulled_days: u32::try_from(pulled).unwrap_or(u32::MAX),
        })
    }

    /// Why nothing may be deleted of a repository with so many images, if so many would go.
    #[must_use]
    pub fn tripped(&self, images: usize, going: usize) -> Option<String> {
        let left = images.saturating_sub(going);
        let nothing =
            format!("nothing of this repository is deleted: {going} of its {images} images would go");
        if going == 0 {
            None
        } else if going > self.max_delete {
            Some(format!("{nothing}, and maxDelete is {}", self.max_delete))
        } else if going.saturating_mul(100) > self.max_delete_percent.saturating_mul(images) {
            Some(format!("{nothing}, and maxDeletePercent is {}", self.max_delete_percent))
        } else if left < self.keep_at_least {
            Some(format!("{nothing}, and keepAtLeast is {}", self.keep_at_least))
        } else {
            None
        }
    }
}

fn looser(name: &str, asked: usize, here: usize) -> Problem {
    let detail =
        format!("{name} {asked} is looser than {here}, as it is here: a request may only tighten it");
    Problem::new(Code::BeyondMax, detail)
}
