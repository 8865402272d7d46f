//! The id of a plan: a hash of the policies and of what would go, and of nothing else.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use shared::lifecycle::{Policy, Verdict};
use shared::{Code, Problem};

use super::{Judged, goes};

/// The hash, as it is made.
#[derive(Clone, Default)]
pub struct PlanId(Sha256);

impl PlanId {
    /// A repository: its policy, and what would go, sorted. Reasons, pull times and use elsewhere
    /// are no part of it.
    pub(super) fn repository(&mut self, name: &str, policy: &Policy, judged: &[Judged]) {
        let mut lines: Vec<String> = judged
            .iter()
            .filter(|one| goes(one))
            .map(|one| {
                let mut tags: Vec<&str> = one.decision.tags.iter().map(shared::image::Tag::as_str).collect();
                tags.sort_unstable();
                let rule = one.decision.rule.unwrap_or(0);
                let word = match one.decision.verdict {
                    Verdict::Expire => "expire",
                    Verdict::Archive => "archive",
                    Verdict::Keep => "keep",
                };
                format!("{} {word} {rule} {}\n", one.decision.digest, tags.join(","))
            })
            .collect();
        lines.sort_unstable();
        self.0.update(format!("repository {name}\n{policy}\n"));
        for line in lines {
            self.0.update(line);
        }
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> String {
        self.0.finalize().iter().fold(String::new(), |mut text, byte| {
            // Writing into a text does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// Whether a text may be the id of a plan.
#[must_use]
pub fn is_plan_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether the plan with this id is the one that a request means, where that means one.
pub fn confirm(id: &str, asked: &str) -> Result<(), Problem> {
    if id == asked {
        return Ok(());
    }
    let detail = format!(
        "what would go is not what plan {asked} said: look at plan {id} (the same request as a dry run), and send \
         that"
    );
    Err(Problem::new(Code::PlanChanged, detail))
}
