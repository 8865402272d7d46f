//! What a person should know of a run, that changes nothing in it.

use shared::Code;
use shared::lifecycle::{Policy, StorageClass, Verdict, evaluate};
use shared::report::Warning;

use super::{Guards, Judged, PlanContext, protect};
use crate::observe::{Registry, SeenRepository};
use crate::used::InUse;

/// Sources that are off, could not be read, or do not say what will run.
#[must_use]
pub fn sources(in_use: &InUse) -> Vec<Warning> {
    let off = in_use.off.iter().map(|source| {
        let detail = format!(
            "the source {source} is switched off by SOURCES_OFF: what it would name is not protected"
        );
        Warning::new(Code::SourceOff, detail)
    });
    let failed = in_use.failed.iter().map(|failure| {
        let detail = format!("the source {} could not be read whole: {}", failure.source, failure.reason);
        Warning::new(Code::SourceUnreadable, detail)
    });
    let dynamic = in_use.found.dynamic.iter().map(|machine| {
        let detail = format!(
            "{machine} works out which task definition it runs while it runs: of each family the latest revisions are \
             kept, and name in IN_USE what else it may run"
        );
        Warning::new(Code::DynamicTaskDefinition, detail)
    });
    off.chain(failed).chain(dynamic).collect()
}

/// What the policy that is attached to a repository would do to images in use: ECR runs it itself.
pub(super) fn native(seen: &SeenRepository, context: &PlanContext<'_>) -> Vec<Warning> {
    let Some(text) = &seen.attached else { return Vec::new() };
    let name = &seen.repository.repository_name;
    let Ok(policy) = text.parse::<Policy>() else {
        let detail = format!(
            "repository/{name} has a lifecycle policy attached, which ECR runs with no regard to use, and it can't be \
             read here"
        );
        return vec![Warning::new(Code::NativePolicyActive, detail)];
    };
    let Some(used) = context.used.get(name) else { return Vec::new() };
    let protected = protect(&seen.images, used, &Guards::none(), context.now);
    let would = evaluate(&policy, &seen.images.images, context.now).into_iter().filter_map(|decision| {
        let kept = protected.get(&decision.digest)?;
        if decision.verdict == Verdict::Keep {
            return None;
        }
        let verb = if decision.verdict == Verdict::Expire { "expire" } else { "archive" };
        let detail = format!(
            "rule {} of the policy attached to repository/{name} lets ECR itself {verb} repository/{name}@{}: {}. \
             Detach it (aws ecr delete-lifecycle-policy --repository-name {name})",
            decision.rule.unwrap_or(0),
            decision.digest,
            kept.reason
        );
        Some(Warning::new(Code::NativePolicyActive, detail))
    });
    would.collect()
}

/// So few images may all have been pulled by somebody who needs them.
const MANY: usize = 10;

/// Most of what a rule would act on is kept as pulled: something may pull every image each night.
pub(super) fn pulled_by_a_scanner(name: &str, judged: &[Judged]) -> Option<Warning> {
    let meant = judged.iter().filter(|one| one.by_policy != Verdict::Keep).count();
    let is_pulled = |one: &&Judged| one.held.is_some_and(|(_, code)| code == Code::PulledRecently);
    let pulled = judged.iter().filter(is_pulled).count();
    (meant >= MANY && pulled * 2 > meant).then(|| {
        let detail = format!(
            "{pulled} of the {meant} images of repository/{name} that would go were pulled a short while ago. A scanner \
             that pulls each image keeps it: exclude its role (aws ecr register-pull-time-update-exclusion)"
        );
        Warning::new(Code::PulledRecently, detail)
    })
}

/// Images in use that can't be pulled.
pub(super) fn archived_in_use(seen: &SeenRepository, context: &PlanContext<'_>) -> Vec<Warning> {
    let name = &seen.repository.repository_name;
    let Some(used) = context.used.get(name) else { return Vec::new() };
    let archived = seen.images.images.iter().filter(|it| it.storage_class == StorageClass::Archive);
    archived
        .filter_map(|image| {
            let by = used.by(&image.digest, &image.tags);
            let by = by.first()?;
            let detail = format!(
                "repository/{name}@{} is in the archive and can't be pulled, and {by} needs it: restore it (aws ecr \
                 update-image-storage-class)",
                image.digest
            );
            Some(Warning::new(Code::ArchivedInUse, detail))
        })
        .collect()
}

/// Where deletions may be copied to: AWS's answer does not say whether a rule copies them.
#[must_use]
pub fn replicated(registry: &Registry, seen: &[(SeenRepository, Option<Policy>)]) -> Vec<Warning> {
    let copied = |name: &&String| registry.replication.iter().any(|rule| rule.copies(name));
    let names =
        seen.iter().filter(|(seen, _)| seen.left.is_none()).map(|(seen, _)| &seen.repository.repository_name);
    names
        .filter(copied)
        .map(|name| {
            let detail = format!(
                "repository/{name} is replicated. Where deletions are as well, its copies lose the same images, and \
                 their use is not seen here"
            );
            Warning::new(Code::ReplicatedRepository, detail)
        })
        .collect()
}
