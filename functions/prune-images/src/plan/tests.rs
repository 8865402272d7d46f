//! The laws of the plan, on worlds made by hand.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::ecr::Repository;
use shared::image::{EcrImage, ImageRef};
use shared::lifecycle::Image;
use shared::perform::Narrowed;

use super::*;
use crate::ask::PolicySource;
use crate::observe::{Images, Registry};
use crate::policies::Policies;
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

/// What becomes of these images under this policy and these guards.
fn guarded(
    seen: &SeenRepository,
    policy: &Policy,
    in_use: &InUse,
    guards: &Guards,
    archive: bool,
) -> Planned {
    let used = in_use.by_repository(&scope());
    let context = PlanContext { in_use, used: &used, scope: &scope(), guards, archive, now: now() };
    plan(&[(seen.clone(), Some(policy.clone()))], &context, &mut PlanId::default())
}

fn uses(of: &[(&str, &str)]) -> InUse {
    let mut in_use = InUse::default();
    in_use.found.uses = of.iter().map(|(image, by)| Use { image: ecr(image), by: (*by).into() }).collect();
    in_use
}

fn hours_ago(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

#[test]
fn what_the_policy_itself_keeps_is_told_with_the_policys_reason_whatever_needs_it_besides() {
    let in_use = uses(&[("users:v0", "service/prod/old"), ("users:v4", "service/prod/users")]);
    let planned = guarded(&seen(5), &newest(2), &in_use, &Guards::none(), false);
    let told: Vec<_> = planned
        .images
        .iter()
        .map(|one| {
            (one.decision.reason.starts_with("kept: in use by"), one.held.is_some(), one.used_by.len())
        })
        .collect();
    let going = (false, false, 0);
    assert_eq!(told, [(true, true, 1), going, going, going, (false, false, 1)]);
}

#[test]
fn a_scanner_is_told_of_where_more_than_half_of_ten_or_more_that_would_go_were_pulled() {
    let guards = Guards { keep_pulled_days: 30, ..Guards::none() };
    for (going, pulled, told) in [
        (10, 5, false),
        (10, 6, true),
        (9, 9, false),
        (11, 6, true),
        (12, 6, false),
        (30, 20, true),
        (30, 0, false),
    ] {
        // The newest two, which no rule would take, were pulled as well.
        let mut seen = seen(going + 2);
        let newest_two = seen.images.images.iter_mut().rev().take(2);
        newest_two.for_each(|image| image.last_pulled_at = Some(hours_ago(24)));
        let others = seen.images.images.iter_mut().take(pulled);
        others.for_each(|image| image.last_pulled_at = Some(hours_ago(24)));
        let planned = guarded(&seen, &newest(2), &InUse::default(), &guards, false);
        let codes: Vec<Code> = planned.warnings.iter().map(|warning| warning.code).collect();
        let expected = if told { vec![Code::PulledRecently] } else { vec![] };
        assert_eq!(codes, expected, "{pulled} of {going}");
    }
}

#[test]
fn images_in_the_archive_count_for_no_guard_and_what_goes_there_counts_as_gone() {
    // Three can be pulled; the oldest has been in the archive for long enough.
    let mut seen = seen(4);
    let oldest = &mut seen.images.images[0];
    oldest.storage_class = StorageClass::Archive;
    oldest.last_archived_at = Some(hours_ago(24 * 95));
    let newest_two = json!({"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 2});
    let archived = json!({
        "tagStatus": "any", "storageClass": "archive", "countType": "sinceImageTransitioned",
        "countUnit": "days", "countNumber": 90,
    });
    let expire = json!({"rules": [
        {"rulePriority": 1, "selection": newest_two, "action": {"type": "expire"}},
        {"rulePriority": 2, "selection": archived, "action": {"type": "expire"}},
    ]});
    let expire = Policy::parse(&expire).unwrap();
    let outcomes = |policy: &Policy, guards: Guards, archive: bool| {
        codes(&guarded(&seen, policy, &InUse::default(), &guards, archive))
    };
    let goes: BTreeSet<_> = [(Outcome::Changed, None)].into();
    let tripped: BTreeSet<_> = [(Outcome::Failed, Some(Code::GuardTripped))].into();
    for (left, percent, expected) in [(2, 100, &goes), (3, 100, &tripped), (0, 34, &goes), (0, 33, &tripped)]
    {
        let guards = Guards { keep_at_least: left, max_delete_percent: percent, ..Guards::none() };
        assert_eq!(outcomes(&expire, guards, false), *expected, "{left} {percent}");
    }
    // What goes to the archive is not left either, where something is deleted beside it.
    let old = |tag: &str| {
        json!({
            "tagStatus": "tagged", "tagPatternList": [tag], "countType": "sinceImagePushed", "countUnit": "days",
            "countNumber": 1,
        })
    };
    let to_the_archive = json!({"type": "transition", "targetStorageClass": "archive"});
    let twice = json!({"rules": [
        {"rulePriority": 1, "selection": old("v1"), "action": {"type": "expire"}},
        {"rulePriority": 2, "selection": old("v2"), "action": to_the_archive},
    ]});
    let twice = Policy::parse(&twice).unwrap();
    for (left, expected) in [(1, &goes), (2, &tripped)] {
        let guards = Guards { keep_at_least: left, ..Guards::none() };
        assert_eq!(outcomes(&twice, guards, true), *expected, "{left}");
    }
    // It waits where nobody asked for it, and the rest goes.
    let waits: BTreeSet<_> = [(Outcome::Changed, None), (Outcome::Skipped, Some(Code::ArchiveOff))].into();
    let planned = guarded(&seen, &twice, &InUse::default(), &Guards::none(), false);
    assert_eq!(codes(&planned), waits);
    let verdicts: Vec<Verdict> = planned.images.iter().map(|one| one.decision.verdict).collect();
    assert_eq!(verdicts, [Verdict::Keep, Verdict::Expire, Verdict::Archive, Verdict::Keep]);
    let planned = guarded(&seen, &twice, &InUse::default(), &Guards::none(), true);
    let kinds: Vec<bool> = planned.plan.steps().map(|step| matches!(step, Step::Archive { .. })).collect();
    assert_eq!(kinds, [false, true]);
}

#[test]
fn a_run_deletes_so_many_of_a_repository_and_archives_as_many_as_it_likes() {
    let guards = Guards { max_delete: 2, ..Guards::none() };
    let deleted = guarded(&seen(7), &newest(2), &InUse::default(), &guards, false);
    let held: Vec<_> = deleted.images.iter().map(|one| one.held).collect();
    let later = Some((Outcome::Skipped, Code::MaxDelete));
    assert_eq!(held, [None, None, later, later, later, None, None]);
    let to_the_archive = json!({"rules": [{
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 2},
        "action": {"type": "transition", "targetStorageClass": "archive"},
    }]});
    let policy = Policy::parse(&to_the_archive).unwrap();
    let archived = guarded(&seen(7), &policy, &InUse::default(), &guards, true);
    assert_eq!(archived.plan.steps().flat_map(Step::images).count(), 5);
}

#[test]
fn a_repository_that_is_left_alone_is_skipped_and_one_that_failed_is_not_tried_where_only_the_time_was_up() {
    let why = |code| Some(Refusal { code, reason: "so it is".into() });
    for (left, failed, expected) in [
        (why(Code::SharedRepository), None, (Outcome::Skipped, Some(Code::SharedRepository))),
        (None, why(Code::OutOfTime), (Outcome::NotAttempted, Some(Code::OutOfTime))),
        (None, why(Code::AccessDenied), (Outcome::Failed, Some(Code::AccessDenied))),
    ] {
        let planned = planned(SeenRepository { left, failed, ..seen(5) }, &InUse::default());
        assert_eq!((codes(&planned), planned.plan.is_empty()), ([expected].into(), true));
        assert_eq!(planned.images, [], "{expected:?}");
    }
}

/// The numbers of the images that stay, each with its code.
fn kept(images: &Images, in_use: &InUse, guards: &Guards) -> Vec<(usize, Code)> {
    let used = in_use.by_repository(&scope()).remove("users").unwrap_or_default();
    let kept = protect(images, &used, guards, now());
    (0..images.images.len()).filter_map(|n| Some((n, kept.get(&digest(n))?.code))).collect()
}

#[test]
fn a_day_or_an_hour_that_is_over_protects_no_more() {
    let guards = Guards { keep_pulled_days: 30, keep_pushed_hours: 72, ..Guards::none() };
    let nobody = InUse::default();
    let mut images = seen(3).images;
    let second = SignedDuration::from_secs(1);
    for (hours, code) in [(30 * 24, Code::PulledRecently), (72, Code::PushedRecently)] {
        for (n, image) in images.images.iter_mut().enumerate() {
            let at = hours_ago(hours) + second * i32::try_from(n).unwrap() - second;
            if code == Code::PulledRecently { image.last_pulled_at = Some(at) } else { image.pushed_at = at }
        }
        assert_eq!(kept(&images, &nobody, &guards), [(2, code)], "the first at {}", hours_ago(hours));
        images.images.iter_mut().for_each(|image| image.last_pulled_at = None);
    }
    // What an index in the archive may name was pushed before it.
    let mut images = seen(3).images;
    images.archived_unread = Some((images.images[1].pushed_at, digest(9)));
    let may_be_named = [(0, Code::ReferencedByIndex), (1, Code::ReferencedByIndex)];
    assert_eq!(kept(&images, &nobody, &Guards::none()), may_be_named);
}

#[test]
fn what_was_reached_through_an_index_keeps_it_with_all_that_it_names_and_what_a_tag_names_does_not() {
    // 0 and 1 are of index 2, which stands in index 3; 4 signs 2.
    let mut images = seen(5).images;
    images.images[2].children = vec![digest(0), digest(1)];
    images.images[3].children = vec![digest(2)];
    images.images[4].subject = Some(digest(2));
    let guards = Guards { keep_pulled_days: 30, ..Guards::none() };
    let all = |code: Code| (0..5).map(|n| (n, code)).collect::<Vec<_>>();
    let by_digest = format!("users@{}", digest(0));
    assert_eq!(kept(&images, &uses(&[(&by_digest, "service/prod/users")]), &guards), all(Code::InUse));
    let by_tag = uses(&[("users:v0", "service/prod/users")]);
    assert_eq!(kept(&images, &by_tag, &guards), [(0, Code::InUse)]);
    let index = uses(&[("users:v2", "service/prod/users")]);
    let below = [0, 1, 2, 4].map(|n| (n, Code::InUse));
    assert_eq!(kept(&images, &index, &guards), below);
    images.images[1].last_pulled_at = Some(hours_ago(1));
    assert_eq!(kept(&images, &InUse::default(), &guards), all(Code::PulledRecently));
    // One that is kept for its own sake keeps its own reason.
    let reasons = protect(&images, &UsedHere::default(), &guards, now());
    assert!(reasons[&digest(1)].reason.starts_with("it was pulled"), "{reasons:?}");
    assert!(reasons[&digest(2)].reason.contains("it names"), "{reasons:?}");
}

#[test]
fn a_reason_names_three_of_those_that_need_an_image_and_counts_the_others() {
    let reason = |count: usize| {
        let names: Vec<String> = (1..=count).map(|n| format!("s{n}")).collect();
        let of: Vec<(&str, &str)> = names.iter().map(|name| ("users:v0", name.as_str())).collect();
        let used = uses(&of).by_repository(&scope()).remove("users").unwrap();
        protect(&seen(1).images, &used, &Guards::none(), now())[&digest(0)].reason.clone()
    };
    assert_eq!(reason(1), "in use by s1");
    assert_eq!(reason(3), "in use by s1, s2, s3");
    assert_eq!(reason(5), "in use by s1, s2, s3 and 2 more");
}

#[test]
fn our_own_pulls_matter_only_where_a_guard_asks_for_pull_times_and_a_manifest_was_read() {
    for (keep_pulled_days, pulled, asks) in
        [(0, false, false), (0, true, false), (1, false, false), (1, true, true), (30, true, true)]
    {
        let mut seen = seen(1);
        seen.images.pulled = pulled;
        let guards = Guards { keep_pulled_days, ..Guards::none() };
        let told = guard_asks_for_pull_times(&[(seen, None)], &guards);
        assert_eq!(told, asks, "{keep_pulled_days} {pulled}");
    }
}

#[test]
fn the_id_of_a_plan_has_64_small_hexadecimal_digits() {
    assert!(is_plan_id(&id(seen(5), &InUse::default())));
    for other in
        ["", "0", &"0".repeat(63), &"0".repeat(65), &"A".repeat(64), &"g".repeat(64), &"/".repeat(64)]
    {
        assert!(!is_plan_id(other), "{other}");
    }
    assert!(confirm("a", "a").is_ok());
    assert_eq!(confirm("a", "b").unwrap_err().code, Code::PlanChanged);
}

#[test]
fn a_list_that_is_not_whole_is_not_written_and_the_answer_says_what_it_lacks() {
    let listed = |in_use: &InUse| {
        let list = WriteList { at: "s3://lists/here.json".parse().unwrap(), json: "[]".into() };
        let plan = super::list(in_use, list, crate::effect::WrittenList { images: 3, at: now() });
        let item = &plan.forecast()[0];
        (plan.steps().count(), item.outcome, item.code)
    };
    let failed = |code| SourceFailure { source: "tasks", code, reason: "as it was".into() };
    assert_eq!(listed(&InUse::default()), (1, Outcome::Changed, None));
    for (failed, off, code) in [
        (vec![failed(Code::AccessDenied)], vec![], Code::SourceUnreadable),
        (vec![failed(Code::AccessDenied), failed(Code::OutOfTime)], vec![], Code::UseTooLarge),
        (vec![], vec!["tasks"], Code::SourceOff),
    ] {
        let in_use = InUse { failed, off, ..InUse::default() };
        assert_eq!(listed(&in_use), (0, Outcome::Failed, Some(code)), "{in_use:?}");
    }
}

/// What a second look leaves of the plan for a first, under these guards.
fn left_by(guards: &Guards, first: &SeenRepository, again: &Images) -> usize {
    let jobs = planned(first.clone(), &InUse::default()).plan.into_parts().1.remove(0);
    let look = first_look(&[(first.clone(), None)]);
    let images = [("users".to_owned(), Ok(again.clone()))].into();
    let fresh = Fresh { used: BTreeMap::new(), in_use: InUse::default(), scope: scope(), images, now: now() };
    let Narrowed { jobs, taken } = narrow(jobs, &fresh, guards, &look);
    let left = jobs.iter().flat_map(|job| &job.steps).flat_map(Step::images).count();
    let tripped = taken.iter().filter(|(_, taken)| taken.code == Code::GuardTripped).count();
    assert!(left == 0 || tripped == 0, "all or none");
    left
}

#[test]
fn whatever_has_gone_since_the_first_look_counts_as_gone_whoever_took_it_and_wherever() {
    // Six of eight are to go.
    let first = seen(8);
    let least = |keep_at_least| Guards { keep_at_least, ..Guards::none() };
    let percent = |max_delete_percent| Guards { max_delete_percent, ..Guards::none() };
    let unchanged = first.images.clone();
    assert_eq!([2, 3].map(|left| left_by(&least(left), &first, &unchanged)), [6, 0]);
    assert_eq!([75, 74].map(|most| left_by(&percent(most), &first, &unchanged)), [6, 0]);
    // Somebody deletes two of those that were to stay.
    let mut gone = first.images.clone();
    gone.images.truncate(6);
    assert_eq!([0, 1].map(|left| left_by(&least(left), &first, &gone)), [6, 0]);
    assert_eq!([100, 99].map(|most| left_by(&percent(most), &first, &gone)), [6, 0]);
    // Or puts one of them into the archive.
    let mut away = first.images.clone();
    away.images[7].storage_class = StorageClass::Archive;
    assert_eq!([1, 2].map(|left| left_by(&least(left), &first, &away)), [6, 0]);
    assert_eq!([75, 74].map(|most| left_by(&percent(most), &first, &away)), [6, 0]);
    // What was in the archive all along was never there.
    let mut archived = first.clone();
    archived.images.images[7].storage_class = StorageClass::Archive;
    let again = archived.images.clone();
    let going = left_by(&least(0), &archived, &again);
    assert_eq!([7 - going, 8 - going].map(|left| left_by(&least(left), &archived, &again)), [going, 0]);
    // And what came since is there, and counts.
    let more = seen(10).images;
    assert_eq!([4, 5].map(|left| left_by(&least(left), &first, &more)), [6, 0]);
}

#[test]
fn an_index_in_the_archive_keeps_what_it_names_from_being_deleted_and_not_from_the_archive() {
    let mut again = seen(5).images;
    let index = &mut again.images[4];
    index.media_type = Some("application/vnd.oci.image.index.v1+json".into());
    index.children = vec![digest(0)];
    index.storage_class = StorageClass::Archive;
    let steps = |archive: bool| {
        let going = |plan: Planned| plan.plan.into_parts().1.remove(0);
        let jobs = going(planned(seen(4), &InUse::default()));
        let to_the_archive = |step: Step| match step {
            Step::Delete { repository, images } if archive => Step::Archive { repository, images },
            step => step,
        };
        let jobs: Vec<Job<Step>> = jobs
            .into_iter()
            .map(|job| Job { steps: job.steps.into_iter().map(to_the_archive).collect(), ..job })
            .collect();
        let images = [("users".to_owned(), Ok(again.clone()))].into();
        let used = BTreeMap::new();
        let fresh = Fresh { used, in_use: InUse::default(), scope: scope(), images, now: now() };
        let Narrowed { jobs, .. } = narrow(jobs, &fresh, &Guards::none(), &FirstLook::new());
        let left = jobs.iter().flat_map(|job| &job.steps).flat_map(Step::images);
        left.map(|it| it.digest.clone()).collect::<Vec<_>>()
    };
    assert_eq!(steps(false), [digest(1)]);
    assert_eq!(steps(true), [digest(0), digest(1)]);
}

#[test]
fn use_that_was_not_read_in_time_leaves_all_to_the_next_run_and_a_source_that_failed_is_a_failure() {
    for (code, outcome) in [(Code::OutOfTime, Outcome::NotAttempted), (Code::AccessDenied, Outcome::Failed)] {
        let failed = SourceFailure { source: "tasks", code, reason: "as it was".into() };
        let (left, why) =
            narrowed(seen(3), seen(3).images, InUse { failed: vec![failed], ..InUse::default() });
        assert_eq!(left, []);
        assert!(why.iter().all(|(told, _)| *told == outcome) && !why.is_empty(), "{why:?}");
    }
}

#[test]
fn a_request_may_be_as_tight_as_the_config_or_tighter() {
    let here = Guards {
        max_delete: 100,
        max_delete_percent: 80,
        keep_at_least: 2,
        keep_pulled_days: 30,
        keep_pushed_hours: 72,
        ..Guards::none()
    };
    let asked = |field: &str, number: usize| {
        let fields: crate::request::PruneFields = serde_json::from_value(json!({field: number})).unwrap();
        here.tightened(&fields).map_err(|problem| problem.code)
    };
    for (field, same, tighter, looser) in [
        ("maxDelete", 100, 99, 101),
        ("maxDeletePercent", 80, 79, 81),
        ("keepAtLeast", 2, 3, 1),
        ("keepPulledDays", 30, 31, 29),
        ("keepPushedHours", 72, 73, 71),
    ] {
        assert_eq!(asked(field, same), Ok(here.clone()), "{field}");
        assert!(asked(field, tighter).is_ok_and(|guards| guards != here), "{field}");
        assert_eq!(asked(field, looser), Err(Code::BeyondMax), "{field}");
    }
}

#[test]
fn an_attached_policy_is_told_of_with_what_it_would_do_to_an_image_in_use() {
    let in_use = uses(&[("users:v0", "service/prod/users"), ("users:v4", "service/prod/users")]);
    let told = |action: Value| {
        let attached = json!({"rules": [{
            "rulePriority": 1,
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 2},
            "action": action,
        }]});
        let seen = SeenRepository { attached: Some(attached.to_string()), ..seen(5) };
        let warnings = planned(seen, &in_use).warnings;
        let mine = warnings.into_iter().filter(|warning| warning.code == Code::NativePolicyActive);
        mine.map(|warning| warning.detail).collect::<Vec<_>>()
    };
    for (action, verb) in [
        (json!({"type": "expire"}), "expire"),
        (json!({"type": "transition", "targetStorageClass": "archive"}), "archive"),
    ] {
        let told = told(action);
        assert_eq!(told.len(), 1, "{told:?}");
        let words = format!("lets ECR itself {verb} repository/users@{}", digest(0));
        assert!(told[0].contains(&words), "{told:?}");
    }
}

/// A dry run of what `newest` goes beyond, in these repositories.
fn ask(repositories: Option<&[&str]>) -> Ask {
    Ask {
        repositories: repositories.map(|names| names.iter().map(|name| name.parse().unwrap()).collect()),
        policies: PolicySource::These(Policies::one(newest(2))),
        plan_id: None,
        archive: false,
        guards: Guards::none(),
        documents: Vec::new(),
        dry_run: true,
        scheduled: false,
        as_event: None,
    }
}

fn registry(names: &[&str]) -> Registry {
    let repository =
        |name: &&str| Repository { repository_name: (*name).to_owned(), ..Repository::default() };
    Registry {
        repositories: names.iter().map(repository).collect(),
        caches: vec!["docker-hub".into()],
        ..Registry::default()
    }
}

#[test]
fn what_the_config_does_not_name_and_what_is_a_copy_is_left_alone_unless_it_is_named_exactly() {
    let registry = registry(&["team/users", "other", "docker-hub/nginx"]);
    let meant = |asked: Option<&[&str]>, allowed: &str| -> Vec<(String, Option<Code>, bool)> {
        let meant = meant(&registry, &ask(asked), &allowed.parse().unwrap()).into_iter();
        let line =
            |it: SeenRepository| (it.repository.repository_name, it.left.map(|left| left.code), it.named);
        meant.map(line).collect()
    };
    let line = |name: &str, left, named| (name.to_owned(), left, named);
    let not_configured = Some(Code::NotConfigured);
    let cached = Some(Code::CachedRepository);
    assert_eq!(
        meant(None, "team/*,docker-hub/*"),
        [
            line("team/users", None, false),
            line("other", not_configured, false),
            line("docker-hub/nginx", cached, false),
        ]
    );
    let nginx = "docker-hub/nginx";
    assert_eq!(meant(Some(&["docker-hub/*"]), "*"), [line(nginx, cached, false)]);
    assert_eq!(meant(Some(&[nginx]), "*"), [line(nginx, None, true)]);
    assert_eq!(meant(Some(&["docker-hub/*"]), nginx), [line(nginx, None, true)]);
    assert_eq!(
        meant(Some(&[nginx]), "team/*"),
        [line(nginx, not_configured, true)],
        "only the config allows"
    );
}

#[test]
fn what_is_named_and_not_there_fails_without_a_look_and_a_pattern_that_matches_nothing_is_a_warning() {
    let registry = registry(&["users"]);
    let asked = ask(Some(&["users", "gone", "team/*"]));
    let seen = meant(&registry, &asked, &"*".parse().unwrap());
    let told: Vec<_> = with_policies(&registry, seen, &asked)
        .into_iter()
        .map(|(seen, policy)| {
            let failed = seen.failed.map(|failed| failed.code);
            (seen.repository.repository_name, seen.named, failed, policy.is_some())
        })
        .collect();
    let gone = ("gone".to_owned(), true, Some(Code::NotFound), true);
    assert_eq!(told, [("users".to_owned(), true, None, true), gone]);
    let unmatched = unmatched(&registry, &asked);
    assert_eq!((unmatched.len(), unmatched[0].code), (1, Code::NoMatch));
    assert!(unmatched[0].detail.contains("team/*"), "{unmatched:?}");
}

#[test]
fn use_that_takes_too_long_to_read_is_a_problem_that_names_the_source() {
    let failed = |source, code| SourceFailure { source, code, reason: "as it was".into() };
    let told = |failed| in_time(&InUse { failed, ..InUse::default() }, &ask(None));
    assert!(told(Vec::new()).is_ok());
    assert!(told(vec![failed("tasks", Code::AccessDenied)]).is_ok(), "that is told of each repository");
    let late =
        told(vec![failed("tasks", Code::AccessDenied), failed("lambda", Code::OutOfTime)]).unwrap_err();
    assert_eq!(late.code, Code::UseTooLarge);
    assert!(late.detail.contains("(lambda took too long)"), "{late:?}");
}

#[test]
fn a_run_warns_of_sources_that_do_not_tell_all_and_of_what_is_in_use_and_cannot_be_pulled() {
    let failed = SourceFailure { source: "tasks", code: Code::AccessDenied, reason: "denied".into() };
    let mut in_use = InUse { failed: vec![failed], off: vec!["lambda"], ..InUse::default() };
    in_use.found.dynamic.push("stateMachine:nightly".into());
    let told: Vec<_> = sources(&in_use).into_iter().map(|warning| warning.code).collect();
    assert_eq!(told, [Code::SourceOff, Code::SourceUnreadable, Code::DynamicTaskDefinition]);
    assert_eq!(sources(&InUse::default()), []);

    let mut archived = seen(5);
    for n in [3, 4] {
        archived.images.images[n].storage_class = StorageClass::Archive;
    }
    let used = uses(&[("users:v0", "service/prod/old"), ("users:v3", "service/prod/users")]);
    let told = planned(archived, &used).warnings;
    assert_eq!((told.len(), told[0].code), (1, Code::ArchivedInUse), "{told:?}");
    assert!(told[0].detail.contains(&digest(3).to_string()), "{told:?}");
}
