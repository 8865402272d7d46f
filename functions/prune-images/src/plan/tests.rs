//! The laws of the plan, on worlds made by hand.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::ecr::Repository;
use shared::image::{EcrImage, ImageRef};
use shared::lifecycle::Image;
use shared::perform::Narrowed;

use super::*;
use crate::observe::Images;
use crate::used::{SourceFailure, Unknown, Use};

const HOST: &str = "123456789012.dkr.ecr.sa-east-1.amazonaws.com";

fn now() -> Timestamp {
    "2026-11-24T23:00:00Z".parse().unwrap()
}

fn digest(n: usize) -> Digest {
    format!("sha256:{n:064x}").parse().unwrap()
}

/// So many images a day apart, the first the oldest, each with the tag `vN`.
fn seen(count: usize) -> SeenRepository {
    let image = |n: usize| {
        let days = 24 * i64::try_from(100 - n).unwrap();
        let value: Value = json!({
            "digest": digest(n), "tags": [format!("v{n}")], "pushedAt": now() - SignedDuration::from_hours(days),
        });
        serde_json::from_value::<Image>(value).unwrap()
    };
    let repository = Repository { repository_name: "users".into(), ..Repository::default() };
    let images = Images { images: (0..count).map(image).collect(), ..Images::default() };
    SeenRepository { repository, images, ..SeenRepository::default() }
}

fn newest(kept: u32) -> Policy {
    let policy = json!({"rules": [{
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": kept},
        "action": {"type": "expire"},
    }]});
    Policy::parse(&policy).unwrap()
}

fn ecr(text: &str) -> EcrImage {
    match ImageRef::parse(&format!("{HOST}/{text}")).unwrap() {
        ImageRef::Ecr(image) => image,
        ImageRef::Elsewhere(text) => panic!("{text}"),
    }
}

fn scope() -> shared::names::Scope {
    shared::names::Scope {
        partition: "aws".into(),
        region: "sa-east-1".into(),
        account: "123456789012".into(),
    }
}

fn planned(seen: SeenRepository, in_use: &InUse) -> Planned {
    let used = in_use.by_repository(&scope());
    let guards = Guards::none();
    let context =
        PlanContext { in_use, used: &used, scope: &scope(), guards: &guards, archive: false, now: now() };
    plan(&[(seen, Some(newest(2)))], &context, &mut PlanId::default())
}

fn id(seen: SeenRepository, in_use: &InUse) -> String {
    let used = in_use.by_repository(&scope());
    let guards = Guards::none();
    let context =
        PlanContext { in_use, used: &used, scope: &scope(), guards: &guards, archive: false, now: now() };
    let mut id = PlanId::default();
    _ = plan(&[(seen, Some(newest(2)))], &context, &mut id);
    id.finish()
}

fn codes(planned: &Planned) -> BTreeSet<(Outcome, Option<Code>)> {
    planned.plan.forecast().iter().map(|item| (item.outcome, item.code)).collect()
}

#[test]
fn a_service_of_which_no_revision_tells_keeps_all_of_its_repository_and_the_answer_says_what_helps() {
    let mut in_use = InUse::default();
    let image = ecr("users:v9");
    in_use.found.unknown.push(Unknown { image, service: "service/prod/users".into() });
    let planned = planned(seen(5), &in_use);
    assert!(planned.plan.is_empty());
    assert_eq!(codes(&planned), [(Outcome::Failed, Some(Code::UnknownPinnedDigest))].into());
    let reason = &planned.plan.forecast()[0].reason;
    assert!(reason.contains("service/prod/users") && reason.contains("force-new-deployment"), "{reason}");
}

#[test]
fn a_source_that_failed_means_that_nothing_goes() {
    let failed = SourceFailure { source: "tasks", code: Code::AccessDenied, reason: "denied".into() };
    let planned = planned(seen(5), &InUse { failed: vec![failed], ..InUse::default() });
    assert!(planned.plan.is_empty());
    assert_eq!(codes(&planned), [(Outcome::Failed, Some(Code::SourceUnreadable))].into());
}

#[test]
fn the_id_is_of_what_would_go_and_not_of_why() {
    let nobody = InUse::default();
    let first = id(seen(5), &nobody);
    let mut elsewhere = InUse::default();
    elsewhere.found.uses.push(Use { image: ecr("threads:v1"), by: "service/prod/threads".into() });
    assert_eq!(id(seen(5), &elsewhere), first, "use elsewhere is no part of it");
    let mut pulled = seen(5);
    pulled.images.images[0].last_pulled_at = Some(now());
    assert_eq!(id(pulled, &nobody), first, "nor are pull times");
    let mut here = InUse::default();
    here.found.uses.push(Use { image: ecr("users:v0"), by: "service/prod/users".into() });
    assert_ne!(id(seen(5), &here), first, "one less would go");
    assert_ne!(id(seen(6), &nobody), first, "one more would go");
    let mut tagged = seen(5);
    tagged.images.images[0].tags.push("release".parse().unwrap());
    assert_ne!(id(tagged, &nobody), first, "another tag would go");
}

/// What still goes after a second look, and why the rest does not.
fn narrowed(first: SeenRepository, again: Images, in_use: InUse) -> (Vec<Digest>, Vec<(Outcome, Code)>) {
    let jobs = planned(first, &InUse::default()).plan.into_parts().1.remove(0);
    let used = in_use.by_repository(&scope());
    let images = [("users".to_owned(), Ok(again))].into();
    let fresh = Fresh { used, in_use, scope: scope(), images, now: now() };
    let Narrowed { jobs, taken } = narrow(jobs, &fresh, &Guards::none(), &FirstLook::new());
    let left = jobs.iter().flat_map(|job| &job.steps).flat_map(Step::images);
    let why = taken.iter().map(|(_, taken)| (taken.outcome, taken.code));
    (left.map(|it| it.digest.clone()).collect(), why.collect())
}

#[test]
fn what_the_second_look_finds_changed_is_taken_away_and_nothing_is_added() {
    let mut again = seen(8).images;
    again.images[0].tags.push("release".parse().unwrap());
    again.images.remove(1);
    let mut used = InUse::default();
    used.found.uses.push(Use { image: ecr("users:v2"), by: "service/prod/new".into() });
    let (left, why) = narrowed(seen(6), again, used);
    assert_eq!(left, [digest(3)]);
    assert_eq!(
        why,
        [
            (Outcome::Skipped, Code::ChangedSince),
            (Outcome::Unchanged, Code::NotFound),
            (Outcome::Skipped, Code::InUse),
        ]
    );
}

#[test]
fn what_an_index_names_that_came_between_the_looks_waits_though_no_guard_keeps_the_index() {
    let mut again = seen(5).images;
    again.images[4].media_type = Some("application/vnd.oci.image.index.v1+json".into());
    again.images[4].children = vec![digest(1)];
    let (left, why) = narrowed(seen(4), again, InUse::default());
    assert_eq!(left, [digest(0)]);
    assert_eq!(why, [(Outcome::Skipped, Code::ReferencedByIndex)]);
}
