use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::image::EcrImage;
use crate::lifecycle::{Image, Policy};
use crate::names::Scope;
use crate::schedule::Zone;

const USERS: &str = "123456789012.dkr.ecr.sa-east-1.amazonaws.com/users";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Tuesday, 20:05 in São Paulo.
fn now() -> Timestamp {
    at("2026-11-24T23:05:00Z")
}

/// Wednesday, 08:00 there.
fn morning() -> Timestamp {
    at("2026-11-25T11:00:00Z")
}

fn scope() -> Scope {
    Scope { partition: "aws".into(), account: "123456789012".into(), region: "sa-east-1".into() }
}

fn own(text: &str, digest: Option<&str>) -> EcrImage {
    match wanted_image(text, digest, &scope()) {
        WantedImage::Own(image) => image,
        WantedImage::Told(fate) => panic!("{text}: {fate:?}"),
    }
}

fn digest(n: u32) -> String {
    format!("sha256:{n:064x}")
}

fn image(n: u32, tags: &[&str], pushed: &str) -> Image {
    serde_json::from_value(json!({"digest": digest(n), "tags": tags, "pushedAt": pushed})).unwrap()
}

fn look(images: Vec<Image>, policy: Option<&serde_json::Value>) -> RepositoryLook {
    let attached = policy.map(|policy| Ok(policy.to_string().parse::<Policy>().unwrap()));
    RepositoryLook { images, attached }
}

fn older_than(days: u32, status: &str) -> serde_json::Value {
    let mut selection = json!({"tagStatus": status, "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days});
    if status == "tagged" {
        selection["tagPrefixList"] = json!(["dev"]);
    }
    json!({"rules": [{"rulePriority": 3, "selection": selection, "action": {"type": "expire"}}]})
}

fn fate(look: &RepositoryLook, image: &EcrImage) -> Fate {
    look.fate(image, (now(), morning()), &mut BTreeMap::new())
}

#[test]
fn an_image_that_a_rule_takes_an_hour_before_the_start_is_told_and_one_that_it_takes_an_hour_after_is_not() {
    let policy = older_than(14, "tagged");
    for (pushed, taken_from) in [
        ("2026-11-11T10:00:00Z", Some("2026-11-25T10:00:00Z")),
        ("2026-11-11T12:00:00Z", None),
        // Strictly older than so many days.
        ("2026-11-11T11:00:00Z", None),
        ("2026-11-11T10:59:59Z", Some("2026-11-25T10:59:59Z")),
    ] {
        let seen = look(vec![image(1, &["dev-7"], pushed)], Some(&policy));
        let found = fate(&seen, &own(&format!("{USERS}:dev-7"), None));
        let Some(from) = taken_from else {
            assert_eq!(found, Fate::Stays, "{pushed}");
            continue;
        };
        let Fate::Taken(taking) = found else { panic!("{pushed}: {found:?}") };
        assert_eq!((taking.from, taking.rule), (Some(at(from)), Some(3)), "{pushed}");
        assert!(!taking.may_be_a_child);
    }
}

#[test]
fn what_is_taken_may_be_a_child_only_where_it_has_no_tag_is_no_index_and_an_index_is_there() {
    let index = |n: u32, tags: &[&str]| -> Image {
        serde_json::from_value(json!({
            "digest": digest(n), "tags": tags, "pushedAt": "2026-10-01T00:00:00Z",
            "mediaType": "application/vnd.oci.image.index.v1+json", "children": [digest(9)],
        }))
        .unwrap()
    };
    let old = |tags: &[&str]| image(1, tags, "2026-10-01T00:00:00Z");
    for (images, may_be) in [
        (vec![old(&[])], false),
        (vec![old(&[]), index(2, &["v1"])], true),
        (vec![old(&["v0"]), index(2, &["v1"])], false),
        (vec![index(1, &[])], false),
    ] {
        let tagged = images[0].tags.first().map(ToString::to_string);
        let seen = look(images, Some(&older_than(14, "any")));
        let wanted = match tagged {
            Some(tag) => own(&format!("{USERS}:{tag}"), None),
            None => own(&format!("{USERS}@{}", digest(1)), None),
        };
        let Fate::Taken(taking) = fate(&seen, &wanted) else { panic!("it stays: {seen:?}") };
        assert_eq!(taking.may_be_a_child, may_be, "{seen:?}");
    }
}

#[test]
fn what_is_old_enough_already_has_no_hour_and_what_no_policy_takes_stays() {
    let image = image(1, &["dev-7"], "2026-10-01T00:00:00Z");
    let wanted = own(&format!("{USERS}:dev-7"), None);
    let seen = look(vec![image.clone()], Some(&older_than(14, "tagged")));
    let Fate::Taken(taking) = fate(&seen, &wanted) else { panic!("it stays") };
    assert_eq!(taking.from, None);
    assert_eq!(fate(&look(vec![image.clone()], None), &wanted), Fate::Stays);
    let other = look(vec![image], Some(&older_than(14, "untagged")));
    assert_eq!(fate(&other, &wanted), Fate::Stays);
}

#[test]
fn the_digest_that_is_pinned_counts_and_not_what_its_tag_points_to_now() {
    let seen = look(vec![image(2, &["prod-1"], "2026-11-20T00:00:00Z")], None);
    let by_tag = own(&format!("{USERS}:prod-1"), None);
    let pinned = own(&format!("{USERS}:prod-1"), Some(&digest(1)));
    let there = own(&format!("{USERS}:prod-9"), Some(&digest(2)));
    assert_eq!(fate(&seen, &by_tag), Fate::Stays);
    assert_eq!(fate(&seen, &pinned), Fate::Gone);
    assert_eq!(fate(&seen, &there), Fate::Stays, "its tag moved on, and the image is there");
}

#[test]
fn an_untagged_image_beside_an_index_may_be_its_child_which_ecr_leaves() {
    let mut index = image(9, &["prod-1"], "2026-10-01T00:00:00Z");
    index.media_type = Some("application/vnd.oci.image.index.v1+json".into());
    let child = image(1, &[], "2026-10-01T00:00:00Z");
    let wanted = own(USERS, Some(&digest(1)));
    let with_index = look(vec![index, child.clone()], Some(&older_than(14, "untagged")));
    let alone = look(vec![child], Some(&older_than(14, "untagged")));
    let may_be = |look| match fate(look, &wanted) {
        Fate::Taken(taking) => taking.may_be_a_child,
        other => panic!("{other:?}"),
    };
    assert_eq!((may_be(&with_index), may_be(&alone)), (true, false));
}

#[test]
fn an_archived_image_and_a_policy_that_cannot_be_read_are_told_apart_from_one_that_stays() {
    let mut archived = image(1, &["prod-1"], "2026-10-01T00:00:00Z");
    archived.storage_class = crate::lifecycle::StorageClass::Archive;
    let wanted = own(&format!("{USERS}:prod-1"), None);
    assert_eq!(fate(&look(vec![archived], None), &wanted), Fate::Archived);
    let odd = RepositoryLook {
        images: vec![image(1, &["prod-1"], "2026-10-01T00:00:00Z")],
        attached: Some(Err("rule 1: unknown".into())),
    };
    assert!(matches!(fate(&odd, &wanted), Fate::Unread(_)));
}

#[test]
fn an_image_of_another_account_region_or_registry_is_elsewhere() {
    for text in [
        "210987654321.dkr.ecr.sa-east-1.amazonaws.com/users:1",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/users:1",
        "public.ecr.aws/nginx/nginx:1",
        "nginx",
    ] {
        assert_eq!(wanted_image(text, None, &scope()), WantedImage::Told(Fate::Elsewhere), "{text}");
    }
    let odd = wanted_image("123456789012.dkr.ecr.sa-east-1.amazonaws.com/Users:1", None, &scope());
    assert!(matches!(odd, WantedImage::Told(Fate::Unread(_))), "{odd:?}");
}

#[test]
fn the_verdict_is_the_worst_of_what_there_is_to_tell_and_unread_is_never_yes() {
    let service = Service {
        service_name: "users".into(),
        cluster_arn: "arn:aws:ecs:sa-east-1:123456789012:cluster/prod".into(),
        task_definition: "arn:aws:ecs:sa-east-1:123456789012:task-definition/users:7".into(),
        ..Service::default()
    };
    let waker = Waker::Reconcile(Zone::UTC.moment(morning()));
    let size = "n=2".parse().unwrap();
    let sleeper = Sleeper { service: &service, target: None, size: Ok(size), waker, parked: false };
    let good = Facts {
        sleeper: &sleeper,
        max_desired: 500,
        longest_hold: crate::duration::IsoDuration::from_mins(60),
        definition: Some(Ok("ACTIVE".into())),
        images: Ok(vec![(format!("{USERS}:1"), Fate::Stays)]),
        capacity: Capacity::There,
        predictive: Ok(Vec::new()),
    };
    assert_eq!(check(&good), Verdict { can_wake: CanWake::Yes, because: Vec::new() });
    let denied = Refusal { code: Code::AccessDenied, reason: "denied".into() };
    for unread in [
        Facts { definition: Some(Err(denied.clone())), ..good.clone() },
        Facts { images: Err(denied.clone()), ..good.clone() },
        Facts { capacity: Capacity::Unknown(denied.clone()), ..good.clone() },
        Facts { predictive: Err(denied.clone()), ..good.clone() },
        Facts { images: Ok(vec![("x".into(), Fate::Unread(denied.clone()))]), ..good.clone() },
    ] {
        let verdict = check(&unread);
        assert_eq!(verdict.can_wake, CanWake::Unknown, "{unread:?}");
        assert_eq!(verdict.because.len(), 1);
    }
    let both = Facts {
        predictive: Err(denied),
        images: Ok(vec![("x".into(), Fate::Gone), ("y".into(), Fate::Elsewhere)]),
        ..good.clone()
    };
    assert_eq!(check(&both).can_wake, CanWake::No);
    let gone = Refusal { code: Code::NotFound, reason: "not found".into() };
    let verdict = check(&Facts { definition: Some(Err(gone)), ..good.clone() });
    assert_eq!(
        (verdict.can_wake, verdict.because[0].code),
        (CanWake::No, Code::TaskDefinitionGone),
        "nothing can be started of a task definition that is gone"
    );
    assert!(verdict.because[0].reason.contains("users:7"), "{verdict:?}");
    let inactive = Facts { definition: Some(Ok("INACTIVE".into())), ..good };
    let verdict = check(&inactive);
    assert_eq!(verdict.can_wake, CanWake::Yes, "ECS scales what names an INACTIVE task definition");
    assert_eq!(verdict.because[0].code, Code::TaskDefinitionInactive);
}
