//! From what was seen and what is asked to what will go. Pure: no AWS, no clock, no log.
//!
//! Images rank as ECR ranks them, whether in use or not; then what is in use, protected or pulled
//! recently is taken out of what would go, with all that it holds. What is left must pass the guards.

mod batch;
mod guards;
mod id;
mod list;
mod narrow;
mod protect;
mod pulls;
mod selection;
mod stages;
#[cfg(test)]
mod tests;
mod warnings;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use shared::image::{Digest, Tag};
use shared::lifecycle::{Decision, Image, Policy, StorageClass, Verdict, evaluate};
use shared::names::Scope;
use shared::plan::Job;
use shared::report::{Outcome, Warning};
use shared::{Code, ItemId, Problem, Refusal};

use crate::ask::Ask;
use crate::effect::{Effect, Item};
use crate::observe::{Images, SeenRepository};
use crate::used::{InUse, UsedHere};
use guards::Losses;

pub use guards::Guards;
pub use id::{PlanId, confirm, is_plan_id};
pub use list::{ListPlan, WriteList, list, list_warnings};
pub use narrow::{FirstLook, Fresh, narrow};
pub use protect::protect;
pub use pulls::{guard_asks_for_pull_times, guard_led_astray, rule_led_astray, rules_ask_for_pull_times};
pub use selection::{left_alone, left_as_shared, meant, names, unmatched, with_policies};
pub use warnings::{replicated, sources};

/// The most images that one call deletes.
const BATCH: usize = 100;
/// The most images that are archived one after the other.
const ARCHIVED: usize = 20;

/// A plan of prune-images.
pub type Plan = shared::Plan<Step, Effect>;

/// One AWS call.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `BatchDeleteImage`, by digest.
    Delete {
        /// Of which repository.
        repository: String,
        /// At most 100 images.
        images: Vec<PlannedImage>,
    },
    /// `UpdateImageStorageClass`, of each.
    Archive {
        /// Of which repository.
        repository: String,
        /// At most 20 images.
        images: Vec<PlannedImage>,
    },
}

impl Step {
    /// The repository that it changes.
    #[must_use]
    pub fn repository(&self) -> &str {
        match self {
            Self::Delete { repository, .. } | Self::Archive { repository, .. } => repository,
        }
    }

    /// The images that it changes.
    #[must_use]
    pub fn images(&self) -> &[PlannedImage] {
        match self {
            Self::Delete { images, .. } | Self::Archive { images, .. } => images,
        }
    }
}

/// An image to delete or archive, as it was when that was planned.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedImage {
    /// Its item.
    pub item: ItemId,
    /// Its digest.
    pub digest: Digest,
    /// Its tags, sorted.
    pub tags: Vec<Tag>,
    /// When it was pushed or restored.
    pub since: Timestamp,
}

/// What is held against the images that were seen.
#[derive(Clone, Copy)]
pub struct PlanContext<'a> {
    /// What is in use.
    pub in_use: &'a InUse,
    /// The same by repository.
    pub used: &'a BTreeMap<String, UsedHere>,
    /// Whose registry it is.
    pub scope: &'a Scope,
    /// What must not be exceeded.
    pub guards: &'a Guards,
    /// Whether archive verdicts are applied.
    pub archive: bool,
    /// The run's start.
    pub now: Timestamp,
}

/// What becomes of one image.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Judged {
    /// Its repository.
    pub repository: String,
    /// What becomes of it, and why.
    #[serde(flatten)]
    pub decision: Decision,
    /// What needs it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<String>,
    /// What the policy alone says.
    #[serde(skip)]
    pub by_policy: Verdict,
    /// Why it is kept although the policy says otherwise, or may not go although it should.
    #[serde(skip)]
    pub held: Option<(Outcome, Code)>,
}

/// A plan of some repositories, and every image of theirs with its verdict.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What will be done.
    pub plan: Plan,
    /// Every image.
    pub images: Vec<Judged>,
    /// What concerns these repositories.
    pub warnings: Vec<Warning>,
}

/// What is in use is known by two thirds of the deadline, or nothing is deleted.
pub fn in_time(in_use: &InUse, ask: &Ask) -> Result<(), Problem> {
    let slow = in_use.failed.iter().filter(|it| it.code == Code::OutOfTime);
    let slow: Vec<&str> = slow.map(|it| it.source).collect();
    if slow.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "what is in use was not read in two thirds of the time ({} took too long): nothing is deleted. A direct or \
         scheduled event has more time",
        slow.join(", ")
    );
    Err(ask.as_event.clone().into_iter().fold(Problem::new(Code::UseTooLarge, detail), Problem::offering))
}

/// The plan for these repositories, each with its policy. `id` takes up what would go.
#[must_use]
pub fn plan(
    repositories: &[(SeenRepository, Option<Policy>)],
    context: &PlanContext<'_>,
    id: &mut PlanId,
) -> Planned {
    let mut planned = Planned { plan: Plan::default(), images: Vec::new(), warnings: Vec::new() };
    for (seen, policy) in repositories {
        let name = &seen.repository.repository_name;
        let resource = format!("repository/{name}");
        if let Some((outcome, Refusal { code, reason })) = refused(seen, policy.as_ref()) {
            planned.plan.decided(Item::new(&resource, outcome, Some(code), reason));
            continue;
        }
        let Some(policy) = policy else { continue };
        let judged = judge(name, &seen.images, Some(policy), context);
        planned.warnings.extend(warnings::native(seen, context));
        planned.warnings.extend(warnings::archived_in_use(seen, context));
        planned.warnings.extend(warnings::pulled_by_a_scanner(name, &judged));
        id.repository(name, policy, &judged);
        add(&mut planned.plan, seen, &judged, context);
        planned.images.extend(judged);
    }
    planned
}

/// The images of these repositories that can be pulled.
#[must_use]
pub fn first_look(repositories: &[(SeenRepository, Option<Policy>)]) -> FirstLook {
    let there = |seen: &SeenRepository| {
        let images = seen.images.images.iter().filter(|it| it.storage_class == StorageClass::Standard);
        (seen.repository.repository_name.clone(), images.map(|it| it.digest.clone()).collect())
    };
    repositories.iter().map(|(seen, _)| there(seen)).collect()
}

/// Why a repository is not looked into, if it is not.
fn refused(seen: &SeenRepository, policy: Option<&Policy>) -> Option<(Outcome, Refusal)> {
    if let Some(why) = &seen.left {
        return Some((Outcome::Skipped, why.clone()));
    }
    if let Some(why) = &seen.failed {
        // The next run goes on.
        let out_of_time = why.code == Code::OutOfTime;
        return Some((if out_of_time { Outcome::NotAttempted } else { Outcome::Failed }, why.clone()));
    }
    policy.is_none().then(|| {
        let reason = "no lifecycle policy is for it: send one, or set PRUNE_POLICY";
        (Outcome::Skipped, Refusal { code: Code::NoPolicy, reason: reason.into() })
    })
}

/// What becomes of each image of a repository, in the order in which they were seen. Without a policy all
/// are kept.
#[must_use]
pub fn judge(name: &str, seen: &Images, policy: Option<&Policy>, context: &PlanContext<'_>) -> Vec<Judged> {
    let none = UsedHere::default();
    let used = context.used.get(name).unwrap_or(&none);
    let kept = protect(seen, used, context.guards, context.now);
    let unclaimed = |image: &Image| Decision {
        digest: image.digest.clone(),
        tags: image.tags.clone(),
        verdict: Verdict::Keep,
        rule: None,
        reason: "no lifecycle policy is for this repository".into(),
    };
    let decisions = match policy {
        Some(policy) => evaluate(policy, &seen.images, context.now),
        None => seen.images.iter().map(unclaimed).collect(),
    };
    let mut judged: Vec<Judged> = decisions
        .into_iter()
        .map(|decision| {
            let used_by = used.by(&decision.digest, &decision.tags).into_iter().collect();
            let by_policy = decision.verdict;
            let mut one = Judged { repository: name.to_owned(), decision, used_by, by_policy, held: None };
            let why = match by_policy {
                Verdict::Keep => None,
                _ => kept.get(&one.decision.digest).cloned(),
            };
            let why = why.or_else(|| {
                (by_policy == Verdict::Archive && !context.archive).then(|| {
                    let reason = "it would go to the archive: send \"archive\": true to let it";
                    Refusal { code: Code::ArchiveOff, reason: reason.into() }
                })
            });
            if let Some(Refusal { code, reason }) = why {
                one.decision.reason = format!("kept: {reason} ({})", one.decision.reason);
                one.held = Some((Outcome::Skipped, code));
                // What only waits keeps its verdict.
                if code != Code::ArchiveOff {
                    one.decision.verdict = Verdict::Keep;
                }
            }
            one
        })
        .collect();
    leave_for_later(&mut judged, &seen.images, context.guards.max_delete);
    if let Some(Refusal { code, reason }) = blocked(seen, used, &judged, context) {
        for one in judged.iter_mut().filter(|one| goes(one)) {
            one.held = Some((Outcome::Failed, code));
            one.decision.reason = format!("{reason} ({})", one.decision.reason);
        }
    }
    judged
}

/// Holds back what is more than a run deletes of a repository.
fn leave_for_later(judged: &mut [Judged], images: &[Image], most: usize) {
    let expires = |one: &&Judged| goes(one) && one.decision.verdict == Verdict::Expire;
    let going: Vec<Digest> = judged.iter().filter(expires).map(|one| one.decision.digest.clone()).collect();
    let going: BTreeSet<&Digest> = going.iter().collect();
    let later = batch::left_for_later(images, &going, most);
    for one in judged.iter_mut().filter(|one| later.contains(&one.decision.digest)) {
        one.held = Some((Outcome::Skipped, Code::MaxDelete));
        let reason = format!("left for the next run: maxDelete is {most}, and the oldest go first");
        one.decision.reason = format!("{reason} ({})", one.decision.reason);
    }
}

/// Whether an image is to go.
fn goes(one: &Judged) -> bool {
    one.decision.verdict != Verdict::Keep && one.held.is_none()
}

/// Why nothing of a repository may go, if nothing may.
fn blocked(seen: &Images, used: &UsedHere, judged: &[Judged], context: &PlanContext<'_>) -> Option<Refusal> {
    if let Some(reason) = context.in_use.blocked(context.scope) {
        return Some(Refusal { code: Code::SourceUnreadable, reason });
    }
    if let Some(fault) = &seen.unreadable {
        let reason = format!("nothing of this repository is deleted, because {fault}");
        return Some(Refusal { code: Code::IndexUnreadable, reason });
    }
    if let Some(why) = used.blocked() {
        return Some(why);
    }
    // What lies in the archive can't be pulled: it is not what is left.
    let there = |image: &Image| image.storage_class == StorageClass::Standard;
    let going = judged.iter().zip(&seen.images).filter(|(one, _)| goes(one));
    let mut losses =
        Losses { images: seen.images.iter().filter(|it| there(it)).count(), ..Losses::default() };
    for (one, image) in going {
        match one.decision.verdict {
            Verdict::Expire if there(image) => losses.expired += 1,
            Verdict::Expire => {}
            _ => losses.archived += 1,
        }
    }
    context.guards.tripped(losses).map(|reason| Refusal { code: Code::GuardTripped, reason })
}

/// The items of what a rule acts on, and the steps of what goes.
fn add(plan: &mut Plan, seen: &SeenRepository, judged: &[Judged], context: &PlanContext<'_>) {
    let repository = &seen.repository.repository_name;
    let mut going = Vec::new();
    for (one, image) in judged.iter().zip(&seen.images.images) {
        if one.by_policy == Verdict::Keep {
            continue;
        }
        let (outcome, code) = one.held.map_or((Outcome::Changed, None), |(held, code)| (held, Some(code)));
        let mut item = Item::new(
            &format!("repository/{repository}@{}", one.decision.digest),
            outcome,
            code,
            one.decision.reason.clone(),
        );
        let (tags, pushed_at) = (one.decision.tags.clone(), image.pushed_at);
        item.before = Some(Effect::Seen { repository: repository.clone(), tags, pushed_at });
        if one.held.is_none() {
            item.after = Some(Effect::Pruned { verdict: one.decision.verdict, rule: one.decision.rule });
        }
        let id = plan.decided(item);
        if one.held.is_none() {
            let mut tags = image.tags.clone();
            tags.sort();
            let target =
                PlannedImage { item: id, digest: one.decision.digest.clone(), tags, since: image.since() };
            going.push((one.decision.verdict, target));
        }
    }
    let digests: Vec<&Digest> = going.iter().map(|(_, target)| &target.digest).collect();
    let stages = stages::stages(&seen.images.images, &digests);
    let mut batches: BTreeMap<(usize, bool), Vec<PlannedImage>> = BTreeMap::new();
    for (verdict, target) in going {
        let stage = stages.get(&target.digest).copied().unwrap_or(0);
        if verdict == Verdict::Expire || context.archive {
            batches.entry((stage, verdict == Verdict::Archive)).or_default().push(target);
        }
    }
    for ((stage, archive), targets) in batches {
        for batch in targets.chunks(if archive { ARCHIVED } else { BATCH }) {
            let covers = batch.iter().map(|target| target.item).collect();
            let (repository, images) = (repository.clone(), batch.to_vec());
            let step = if archive {
                Step::Archive { repository, images }
            } else {
                Step::Delete { repository, images }
            };
            plan.job(stage, Job { covers, steps: vec![step] });
        }
    }
}
