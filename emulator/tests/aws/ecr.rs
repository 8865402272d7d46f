//! Repositories and images behave as Amazon ECR's.

use std::time::Duration;

use aws_sdk_ecr::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_ecr::error::ProvideErrorMetadata;
use aws_sdk_ecr::types::{DescribeImagesFilter, ImageIdentifier, ImageStatusFilter};
use emulator::{Aws, Faults, ImageSeed, ServiceSeed, World};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::{pass, texts};

fn client(aws: &Aws) -> aws_sdk_ecr::Client {
    let config = aws_sdk_ecr::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("sa-east-1"))
        .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None, None, "test"))
        .http_client(aws.http_client())
        .time_source(aws.time_source())
        .retry_config(RetryConfig::disabled())
        .build();
    aws_sdk_ecr::Client::from_conf(config)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn empty() -> World {
    World::new(at("2026-11-24T12:00:00Z"))
}

/// A repository `users` with images `dev-1`, `dev-2`, …, pushed on the first days of November.
fn users(n: usize) -> World {
    let mut world = empty();
    world.repository("users");
    for i in 1..=n {
        let day = at("2026-10-31T12:00:00Z")
            + jiff::SignedDuration::from_hours(24 * i64::try_from(i % 20).unwrap());
        world.image("users", ImageSeed::new(&format!("dev-{i}")).pushed_at(day));
    }
    world
}

fn digest(world: &World, tag: &str) -> String {
    world.digest("users", tag).unwrap()
}

fn delete(world: &mut World, ids: &Value) -> Value {
    world.call("ecr", "BatchDeleteImage", json!({"repositoryName": "users", "imageIds": ids})).unwrap()
}

fn codes(answer: &Value) -> Vec<&str> {
    answer["failures"].as_array().unwrap().iter().map(|f| f["failureCode"].as_str().unwrap()).collect()
}

fn pulled_at(world: &World, tag: &str) -> Option<Timestamp> {
    let digest = digest(world, tag);
    world.images("users").into_iter().find(|i| i.digest == digest).unwrap().pulled_at
}

fn read(world: &mut World, ids: &Value) -> Value {
    world.call("ecr", "BatchGetImage", json!({"repositoryName": "users", "imageIds": ids})).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_sdk_reads_repositories_and_images_to_the_end() {
    let mut world = users(250);
    for i in 0..120 {
        world.repository(&format!("team/app-{i:03}"));
    }
    let aws = Aws::new(world);
    let ecr = client(&aws);
    let mut pages = ecr.describe_repositories().into_paginator().send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().repositories().len());
    }
    assert_eq!(sizes, [100, 21]);
    let repository =
        ecr.describe_repositories().repository_names("users").send().await.unwrap().repositories()[0].clone();
    assert_eq!(repository.repository_uri(), Some("123456789012.dkr.ecr.sa-east-1.amazonaws.com/users"));
    assert_eq!(repository.repository_arn(), Some("arn:aws:ecr:sa-east-1:123456789012:repository/users"));

    let mut pages = ecr.describe_images().repository_name("users").into_paginator().send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().image_details().len());
    }
    assert_eq!(sizes, [100, 100, 50]);
    let all = ecr.describe_images().repository_name("users").max_results(1000).send().await.unwrap();
    assert_eq!((all.image_details().len(), all.next_token()), (250, None));
    let image = &all.image_details()[0];
    assert_eq!(image.image_manifest_media_type(), Some("application/vnd.oci.image.manifest.v1+json"));
    assert_eq!(image.artifact_media_type(), Some("application/vnd.oci.image.config.v1+json"));
    assert_eq!(image.image_size_in_bytes(), Some(50_000_000));
    assert_eq!(image.image_status().unwrap().as_str(), "ACTIVE");
    assert_eq!(image.image_tags().len(), 1);
    assert!(image.last_recorded_pull_time().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_sdk_knows_ecrs_errors() {
    let aws = Aws::new(users(1));
    let ecr = client(&aws);
    let lost = ecr.describe_images().repository_name("ghost").send().await.unwrap_err();
    assert!(lost.as_service_error().unwrap().is_repository_not_found_exception());
    let lost = ecr.describe_repositories().repository_names("ghost").send().await.unwrap_err();
    assert!(lost.as_service_error().unwrap().is_repository_not_found_exception());
    let id = ImageIdentifier::builder().image_tag("dev-9").build();
    let lost = ecr.describe_images().repository_name("users").image_ids(id).send().await.unwrap_err();
    assert!(lost.as_service_error().unwrap().is_image_not_found_exception());
    let none = ecr.get_lifecycle_policy().repository_name("users").send().await.unwrap_err();
    assert!(none.as_service_error().unwrap().is_lifecycle_policy_not_found_exception());
    let none = ecr.get_repository_policy().repository_name("users").send().await.unwrap_err();
    assert!(none.as_service_error().unwrap().is_repository_policy_not_found_exception());
    let abroad =
        ecr.describe_images().repository_name("users").registry_id("210987654321").send().await.unwrap_err();
    assert!(abroad.as_service_error().unwrap().is_repository_not_found_exception());
    let unmodelled = ecr.get_authorization_token().send().await.unwrap_err();
    assert_eq!(unmodelled.code(), Some("UnknownOperationException"));
}

#[test]
fn pages_and_batches_are_no_larger_than_ecrs() {
    let mut world = users(101);
    let refused = |world: &mut World, operation: &str, mut input: Value| {
        input["repositoryName"] = json!("users");
        world.call("ecr", operation, input).unwrap_err().code
    };
    let ids = |n: usize| (1..=n).map(|i| json!({"imageTag": format!("dev-{i}")})).collect::<Value>();
    for operation in ["DescribeImages", "BatchGetImage", "BatchDeleteImage"] {
        let code = refused(&mut world, operation, json!({"imageIds": ids(101)}));
        assert_eq!(code, "InvalidParameterException", "{operation}");
    }
    assert_eq!(refused(&mut world, "BatchDeleteImage", json!({"imageIds": []})), "InvalidParameterException");
    assert_eq!(
        refused(&mut world, "DescribeImages", json!({"maxResults": 1001})),
        "InvalidParameterException"
    );
    let both = json!({"imageIds": ids(1), "maxResults": 10});
    assert_eq!(refused(&mut world, "DescribeImages", both), "InvalidParameterException");
    let subject = json!({"maxResults": 51, "subjectId": {"imageDigest": digest(&world, "dev-1")}});
    assert_eq!(refused(&mut world, "ListImageReferrers", subject), "InvalidParameterException");
    let gone = delete(&mut world, &ids(100));
    assert_eq!(gone["imageIds"].as_array().unwrap().len(), 100);
    assert_eq!(world.images("users").len(), 1);
}

#[test]
fn an_image_is_listed_once_for_each_tag() {
    let mut world = empty();
    world.image("users", ImageSeed::new("a").tag("b")).image("users", ImageSeed::untagged("c"));
    let list = |world: &mut World, status: &str| {
        let input = json!({"repositoryName": "users", "filter": {"tagStatus": status}});
        let answer = world.call("ecr", "ListImages", input).unwrap();
        let ids = answer["imageIds"].as_array().unwrap().clone();
        let mut tags: Vec<String> =
            ids.iter().map(|id| id["imageTag"].as_str().unwrap_or("-").to_owned()).collect();
        tags.sort();
        tags
    };
    assert_eq!(list(&mut world, "ANY"), ["-", "a", "b"]);
    assert_eq!(list(&mut world, "TAGGED"), ["a", "b"]);
    assert_eq!(list(&mut world, "UNTAGGED"), ["-"]);
}

#[test]
fn a_digest_takes_the_image_with_all_tags_and_the_last_tag_takes_it_too() {
    let mut world = users(3);
    world.image("users", ImageSeed::new("a").tag("b").tag("c"));
    let image = digest(&world, "a");
    let one = delete(&mut world, &json!([{"imageTag": "b"}]));
    assert_eq!(one["imageIds"], json!([{"imageDigest": image, "imageTag": "b"}]));
    assert_eq!(digest(&world, "a"), image);
    let rest = delete(&mut world, &json!([{"imageDigest": image}]));
    assert_eq!(rest["imageIds"].as_array().unwrap().len(), 2);
    assert_eq!(world.image_tags("users"), ["dev-1", "dev-2", "dev-3"]);
    delete(&mut world, &json!([{"imageTag": "dev-1"}]));
    assert_eq!(world.images("users").len(), 2);
}

#[test]
fn each_image_that_cannot_be_deleted_is_a_failure_of_its_own() {
    let mut world = users(3);
    let (first, second) = (digest(&world, "dev-1"), digest(&world, "dev-2"));
    world.image_failure("users", &digest(&world, "dev-3"), Some("KmsError"));
    let ids = json!([
        {"imageDigest": first, "imageTag": "dev-2"},
        {"imageTag": "ghost"},
        {"imageDigest": "sha256:abc"},
        {"imageTag": "-"},
        {},
        {"imageTag": "dev-3"},
        {"imageDigest": second},
        {"imageDigest": second},
    ]);
    let answer = delete(&mut world, &ids);
    assert_eq!(
        codes(&answer),
        [
            "ImageTagDoesNotMatchDigest",
            "ImageNotFound",
            "InvalidImageDigest",
            "InvalidImageTag",
            "MissingDigestAndTag",
            "KmsError",
            "ImageNotFound"
        ]
    );
    assert_eq!(answer["failures"][1]["imageId"], json!({"imageTag": "ghost"}));
    assert_eq!(answer["imageIds"], json!([{"imageDigest": second, "imageTag": "dev-2"}]));
}

/// An index `v1` of two untagged images; their digests.
fn multi_arch(world: &mut World) -> [String; 2] {
    let children = ["amd64", "arm64"].map(|a| ImageSeed::untagged(a).size(7_000));
    for child in &children {
        world.image("users", child.clone());
    }
    let digests = children.map(|c| c.digest("users"));
    world.index("users", ImageSeed::new("v1"), &digests);
    digests
}

#[test]
fn what_an_index_names_cannot_be_deleted_before_it() {
    let mut world = empty();
    let [amd64, arm64] = multi_arch(&mut world);
    let index = digest(&world, "v1");
    let answer = delete(&mut world, &json!([{"imageDigest": amd64}]));
    assert_eq!(codes(&answer), ["ImageReferencedByManifestList"]);
    let early =
        delete(&mut world, &json!([{"imageDigest": arm64}, {"imageDigest": index}, {"imageDigest": amd64}]));
    assert_eq!(codes(&early), ["ImageReferencedByManifestList"]);
    assert_eq!(world.images("users")[0].digest, arm64);
    assert!(codes(&delete(&mut world, &json!([{"imageDigest": arm64}]))).is_empty());
    assert!(world.images("users").is_empty());
}

#[test]
fn a_child_of_two_indexes_stays_until_both_are_gone_archived_or_not() {
    let mut world = empty();
    let [amd64, _] = multi_arch(&mut world);
    world.index("users", ImageSeed::new("v2"), &[&amd64]);
    let (v1, v2) = (digest(&world, "v1"), digest(&world, "v2"));
    world.archive("users", &v2);
    let answer = delete(&mut world, &json!([{"imageDigest": v1}, {"imageDigest": amd64}]));
    assert_eq!(codes(&answer), ["ImageReferencedByManifestList"]);
    let answer = delete(&mut world, &json!([{"imageDigest": v2}, {"imageDigest": amd64}]));
    assert!(codes(&answer).is_empty());
}

#[test]
fn an_index_is_read_with_its_children_and_is_as_large_as_the_largest() {
    let mut world = empty();
    let children = multi_arch(&mut world);
    let answer = read(&mut world, &json!([{"imageTag": "v1"}, {"imageTag": "v2"}]));
    let image = &answer["images"][0];
    assert_eq!(image["imageManifestMediaType"], "application/vnd.oci.image.index.v1+json");
    let manifest: Value = serde_json::from_str(image["imageManifest"].as_str().unwrap()).unwrap();
    let digests: Vec<&str> =
        manifest["manifests"].as_array().unwrap().iter().map(|m| m["digest"].as_str().unwrap()).collect();
    assert_eq!(digests, children);
    assert_eq!(codes(&answer), ["ImageNotFound"]);
    let described = world
        .call("ecr", "DescribeImages", json!({"repositoryName": "users", "imageIds": [{"imageTag": "v1"}]}))
        .unwrap();
    assert_eq!(described["imageDetails"][0]["imageSizeInBytes"], 7_000);
    let only_images = json!({
        "repositoryName": "users", "imageIds": [{"imageTag": "v1"}],
        "acceptedMediaTypes": ["application/vnd.oci.image.manifest.v1+json"],
    });
    assert_eq!(codes(&world.call("ecr", "BatchGetImage", only_images).unwrap()), ["ImageNotFound"]);
}

#[test]
fn a_manifest_says_what_is_described() {
    let mut world = users(1);
    let subject = digest(&world, "dev-1");
    let plain = ImageSeed::new("plain").docker().size(500);
    let refers = ImageSeed::new("refers").subject(&subject, "text/\"quoted\"");
    let digests = [plain.digest("users"), refers.digest("users")];
    world.image("users", plain).image("users", refers);
    assert_eq!([digest(&world, "plain"), digest(&world, "refers")], digests);
    let ids = json!([{"imageTag": "plain"}, {"imageTag": "refers"}]);
    let input = json!({"repositoryName": "users", "imageIds": ids});
    let details = world.call("ecr", "DescribeImages", input).unwrap()["imageDetails"].clone();
    for image in read(&mut world, &ids)["images"].as_array().unwrap() {
        let manifest: Value = serde_json::from_str(image["imageManifest"].as_str().unwrap()).unwrap();
        let described = details.as_array().unwrap().iter();
        let detail = described.clone().find(|d| d["imageDigest"] == image["imageId"]["imageDigest"]).unwrap();
        let bytes =
            manifest["config"]["size"].as_i64().unwrap() + manifest["layers"][0]["size"].as_i64().unwrap();
        assert_eq!(detail["imageSizeInBytes"], bytes);
        assert_eq!(detail["imageManifestMediaType"], manifest["mediaType"]);
        let kind = manifest.get("artifactType").unwrap_or(&manifest["config"]["mediaType"]);
        assert_eq!(detail["artifactMediaType"], *kind);
        assert_eq!(detail.get("subjectManifestDigest"), manifest.pointer("/subject/digest"));
    }
}

#[test]
fn reading_a_manifest_is_a_pull_and_is_recorded_once_a_day() {
    let mut world = users(2);
    let ids = json!([{"imageTag": "dev-1"}]);
    read(&mut world, &ids);
    let first = world.now();
    assert_eq!(pulled_at(&world, "dev-1"), Some(first));
    assert_eq!(pulled_at(&world, "dev-2"), None);
    pass(&mut world, 3600);
    read(&mut world, &ids);
    assert_eq!(pulled_at(&world, "dev-1"), Some(first));
    pass(&mut world, 23 * 3600);
    read(&mut world, &ids);
    assert_eq!(pulled_at(&world, "dev-1"), Some(world.now()));
}

#[test]
fn pulls_by_an_excluded_role_are_not_recorded() {
    let mut world = users(1);
    let role = "arn:aws:iam::123456789012:role/prune-images";
    world.called_by(role).pull_time_exclusion(role);
    read(&mut world, &json!([{"imageTag": "dev-1"}]));
    assert_eq!(pulled_at(&world, "dev-1"), None);
    let listed = world.call("ecr", "ListPullTimeUpdateExclusions", json!({})).unwrap();
    assert_eq!(texts(&listed["pullTimeUpdateExclusions"]), [role]);
    let input = json!({"principalArn": role});
    let twice = world.call("ecr", "RegisterPullTimeUpdateExclusion", input.clone()).unwrap_err();
    assert_eq!(twice.code, "ExclusionAlreadyExistsException");
    world.call("ecr", "DeregisterPullTimeUpdateExclusion", input).unwrap();
    read(&mut world, &json!([{"imageTag": "dev-1"}]));
    assert_eq!(pulled_at(&world, "dev-1"), Some(world.now()));
}

#[tokio::test(start_paused = true)]
async fn archived_images_are_hidden_until_they_are_asked_for() {
    let mut world = users(3);
    let old = digest(&world, "dev-1");
    world.archive("users", &old);
    let aws = Aws::new(world);
    let ecr = client(&aws);
    let seen = async |status: Option<ImageStatusFilter>| {
        let filter = DescribeImagesFilter::builder().set_image_status(status).build();
        let answer = ecr.describe_images().repository_name("users").filter(filter).send().await.unwrap();
        answer.image_details().len()
    };
    assert_eq!(seen(None).await, 2);
    assert_eq!(seen(Some(ImageStatusFilter::Any)).await, 3);
    assert_eq!(seen(Some(ImageStatusFilter::Archived)).await, 1);
    let id = ImageIdentifier::builder().image_digest(&old).build();
    let named = ecr.describe_images().repository_name("users").image_ids(id.clone()).send().await.unwrap();
    let named = &named.image_details()[0];
    assert_eq!(named.image_status().unwrap().as_str(), "ARCHIVED");
    assert_eq!(named.last_archived_at().unwrap().secs(), aws.now().as_second());
    let read = ecr.batch_get_image().repository_name("users").image_ids(id).send().await.unwrap();
    assert_eq!(read.failures()[0].failure_code().unwrap().as_str(), "ImageInaccessible");
}

#[test]
fn an_image_goes_to_the_archive_at_once_and_comes_back_within_minutes() {
    let mut world = users(1);
    let to = |world: &mut World, id: Value, class: &str| {
        let input = json!({"repositoryName": "users", "imageId": id, "targetStorageClass": class});
        world.call("ecr", "UpdateImageStorageClass", input)
    };
    let tag = json!({"imageTag": "dev-1"});
    assert_eq!(to(&mut world, tag.clone(), "ARCHIVE").unwrap()["imageStatus"], "ARCHIVED");
    assert_eq!(to(&mut world, tag.clone(), "STANDARD").unwrap()["imageStatus"], "ACTIVATING");
    let early = to(&mut world, tag.clone(), "ARCHIVE").unwrap_err();
    assert_eq!(early.code, "ImageStorageClassUpdateNotSupportedException");
    pass(&mut world, 20 * 60);
    assert_eq!(world.images("users")[0].status, "ACTIVE");
    let described = world.call("ecr", "DescribeImages", json!({"repositoryName": "users"})).unwrap();
    assert_eq!(described["imageDetails"][0]["lastActivatedAt"].as_f64(), Some(1_795_522_800.0));
    assert_eq!(
        to(&mut world, json!({"imageTag": "x"}), "ARCHIVE").unwrap_err().code,
        "ImageNotFoundException"
    );
    assert_eq!(to(&mut world, tag, "GLACIER").unwrap_err().code, "ValidationException");
    let [amd64, _] = multi_arch(&mut world);
    let child = json!({"imageDigest": amd64});
    let refused = to(&mut world, child.clone(), "ARCHIVE").unwrap_err();
    assert_eq!(refused.code, "ImageStorageClassUpdateNotSupportedException");
    to(&mut world, json!({"imageTag": "v1"}), "ARCHIVE").unwrap();
    to(&mut world, child, "ARCHIVE").unwrap();
}

#[test]
fn a_push_moves_the_tag_unless_tags_are_immutable() {
    let mut world = users(2);
    let (old, new) = (digest(&world, "dev-1"), digest(&world, "dev-2"));
    let text = read(&mut world, &json!([{"imageTag": "dev-2"}]))["images"][0]["imageManifest"].clone();
    let put = |world: &mut World, tag: &str| {
        let input = json!({"repositoryName": "users", "imageManifest": text, "imageTag": tag});
        world.call("ecr", "PutImage", input)
    };
    let answer = put(&mut world, "dev-1").unwrap();
    assert_eq!(answer["image"]["imageId"], json!({"imageDigest": new, "imageTag": "dev-1"}));
    let images = world.images("users");
    assert_eq!(images.iter().find(|i| i.digest == old).unwrap().tags, [""; 0]);
    assert_eq!(images.iter().find(|i| i.digest == new).unwrap().tags, ["dev-1", "dev-2"]);
    assert_eq!(put(&mut world, "dev-1").unwrap_err().code, "ImageAlreadyExistsException");
    world.move_tag("users", "dev-1", &old).immutable_tags("users");
    assert_eq!(put(&mut world, "dev-1").unwrap_err().code, "ImageTagAlreadyExistsException");
    put(&mut world, "dev-3").unwrap();
    let index = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 1,
            "digest": format!("sha256:{}", "0".repeat(64))}],
    });
    let input = json!({"repositoryName": "users", "imageManifest": index.to_string(), "imageTag": "v9"});
    let refused = world.call("ecr", "PutImage", input).unwrap_err();
    assert_eq!(refused.code, "ReferencedImagesNotFoundException");
}

#[test]
fn referrers_are_listed_by_their_subject_and_cosigns_are_found_by_tag() {
    let mut world = users(1);
    let subject = digest(&world, "dev-1");
    world.referrer_of("users", &subject, "application/spdx+json").signature_of("users", &subject);
    let list = |world: &mut World, filter: Value| {
        let input =
            json!({"repositoryName": "users", "subjectId": {"imageDigest": subject}, "filter": filter});
        world.call("ecr", "ListImageReferrers", input).unwrap()["referrers"].as_array().unwrap().clone()
    };
    let referrers = list(&mut world, json!({}));
    assert_eq!(referrers.len(), 1);
    assert_eq!(referrers[0]["artifactType"], "application/spdx+json");
    assert!(list(&mut world, json!({"artifactTypes": ["text/plain"]})).is_empty());
    assert!(list(&mut world, json!({"artifactStatus": "ARCHIVED"})).is_empty());
    let described = world
        .call(
            "ecr",
            "DescribeImages",
            json!({"repositoryName": "users", "imageIds": [{"imageDigest": referrers[0]["digest"]}]}),
        )
        .unwrap();
    assert_eq!(described["imageDetails"][0]["subjectManifestDigest"], json!(subject));
    assert!(world.digest("users", &format!("{}.sig", subject.replace(':', "-"))).is_some());
}

#[tokio::test(start_paused = true)]
async fn the_sdk_reads_the_settings_of_the_registry_and_of_a_repository() {
    let mut world = users(1);
    let rules = json!({"rules": [{"rulePriority": 1}]});
    world
        .lifecycle_policy("users", &rules)
        .repository_policy("users", &json!({"Version": "2012-10-17", "Statement": []}))
        .replicated("users", "123456789012", "us-east-1")
        .pull_through_cache("docker-hub", "registry-1.docker.io");
    let aws = Aws::new(world);
    let ecr = client(&aws);
    let policy = ecr.get_lifecycle_policy().repository_name("users").send().await.unwrap();
    assert_eq!(policy.lifecycle_policy_text(), Some(rules.to_string().as_str()));
    let policy = ecr.get_repository_policy().repository_name("users").send().await.unwrap();
    assert!(policy.policy_text().unwrap().contains("Statement"));
    let registry = ecr.describe_registry().send().await.unwrap();
    let rule = &registry.replication_configuration().unwrap().rules()[0];
    assert_eq!(rule.destinations()[0].region(), "us-east-1");
    assert_eq!(rule.repository_filters()[0].filter(), "users");
    let caches = ecr.describe_pull_through_cache_rules().send().await.unwrap();
    assert_eq!(caches.pull_through_cache_rules()[0].ecr_repository_prefix(), Some("docker-hub"));
    ecr.delete_lifecycle_policy().repository_name("users").send().await.unwrap();
    assert!(ecr.get_lifecycle_policy().repository_name("users").send().await.is_err());
    let bad = ecr.put_lifecycle_policy().repository_name("users").lifecycle_policy_text("{}").send().await;
    assert_eq!(bad.unwrap_err().code(), Some("InvalidParameterException"));
}

#[tokio::test(start_paused = true)]
async fn faults_strike_ecr_as_they_strike_ecs() {
    let aws = Aws::new(users(3));
    let ecr = client(&aws);
    aws.faults(
        Faults::new()
            .on("ecr", "DescribeImages")
            .times(1)
            .truncated_page()
            .on("ecr", "BatchGetImage")
            .times(1)
            .throttle()
            .on("ecr", "BatchGetImage")
            .nth(1)
            .access_denied()
            .on("ecr", "DescribeRepositories")
            .cut_body(),
    );
    let first = ecr.describe_images().repository_name("users").send().await.unwrap();
    assert!(first.image_details().is_empty());
    let again = ecr.describe_images().repository_name("users").set_next_token(first.next_token).send().await;
    assert_eq!(again.unwrap().image_details().len(), 3);
    for code in ["ThrottlingException", "AccessDeniedException"] {
        let id = ImageIdentifier::builder().image_tag("dev-1").build();
        let error = ecr.batch_get_image().repository_name("users").image_ids(id).send().await.unwrap_err();
        assert_eq!(error.code(), Some(code));
    }
    assert!(ecr.describe_repositories().send().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn pushes_are_throttled_at_ten_a_second() {
    let aws = Aws::new(users(1));
    let ecr = client(&aws);
    let put = async || ecr.put_image().repository_name("users").image_manifest("x").send().await.unwrap_err();
    for _ in 0..10 {
        assert_eq!(put().await.code(), Some("InvalidParameterException"));
    }
    assert_eq!(put().await.code(), Some("ThrottlingException"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(put().await.code(), Some("InvalidParameterException"));
}

/// The digests of a service's revisions, as far as they are resolved.
fn pinned(world: &mut World, service: &str) -> Vec<Option<String>> {
    let services = json!({"cluster": "prod", "services": [service]});
    let described = world.call("ecs", "DescribeServices", services).unwrap();
    let arn = &described["services"][0]["currentServiceRevisions"][0]["arn"];
    let revisions =
        world.call("ecs", "DescribeServiceRevisions", json!({"serviceRevisionArns": [arn]})).unwrap();
    let images = revisions["serviceRevisions"][0]["containerImages"].as_array().unwrap().clone();
    images.iter().map(|i| i["imageDigest"].as_str().map(str::to_owned)).collect()
}

fn running(world: &mut World, n: i64) {
    let input = json!({"cluster": "prod", "service": "users", "desiredCount": n});
    world.call("ecs", "UpdateService", input).unwrap();
    pass(world, 90);
}

fn with_service() -> World {
    let mut world = users(2);
    let image = format!("{}/users:dev-1", world.registry());
    world.service("prod", ServiceSeed::new("users").image(&image).desired(0));
    world
}

#[test]
fn a_service_keeps_the_digest_that_its_tag_had_when_it_was_deployed() {
    let mut world = with_service();
    let (old, new) = (digest(&world, "dev-1"), digest(&world, "dev-2"));
    world.move_tag("users", "dev-1", &new);
    assert_eq!(pinned(&mut world, "users"), [Some(old.clone())]);
    running(&mut world, 1);
    let pulled = |world: &World, digest: &str| {
        world.images("users").into_iter().find(|i| i.digest == digest).unwrap().pulled_at
    };
    assert!(pulled(&world, &old).is_some());
    assert_eq!(pulled(&world, &new), None);
    let input = json!({"cluster": "prod", "service": "users", "forceNewDeployment": true});
    world.call("ecs", "UpdateService", input).unwrap();
    assert_eq!(pinned(&mut world, "users"), [Some(new)]);
}

#[test]
fn a_sleeping_service_whose_image_is_gone_does_not_come_up() {
    let mut world = with_service();
    let image = digest(&world, "dev-1");
    world.remove_image("users", &image);
    running(&mut world, 1);
    assert_eq!(world.running_count("prod", "users"), 0);
    let tasks =
        world.call("ecs", "ListTasks", json!({"cluster": "prod", "desiredStatus": "STOPPED"})).unwrap();
    let input = json!({"cluster": "prod", "tasks": tasks["taskArns"]});
    let described = world.call("ecs", "DescribeTasks", input).unwrap();
    let task = &described["tasks"][0];
    assert_eq!(task["stopCode"], "TaskFailedToStart");
    let reason = task["stoppedReason"].as_str().unwrap();
    assert!(reason.starts_with("CannotPullContainerError: "), "{reason}");
    assert!(reason.contains(&format!("/users:dev-1@{image}: not found")), "{reason}");
}

#[test]
fn an_unresolved_revision_names_no_digest_and_its_tasks_pull_what_the_tag_means_now() {
    let mut world = with_service();
    let new = digest(&world, "dev-2");
    world.unresolved_images("prod", "users").move_tag("users", "dev-1", &new);
    assert_eq!(pinned(&mut world, "users"), [None]);
    running(&mut world, 1);
    let tasks = world.call("ecs", "ListTasks", json!({"cluster": "prod"})).unwrap();
    let input = json!({"cluster": "prod", "tasks": tasks["taskArns"]});
    let described = world.call("ecs", "DescribeTasks", input).unwrap();
    assert_eq!(described["tasks"][0]["containers"][0]["imageDigest"], json!(new));
    assert_eq!(pinned(&mut world, "users"), [None]);
}

#[test]
fn a_container_that_asks_for_no_consistency_is_not_pinned() {
    let mut world = users(1);
    let image = format!("{}/users:dev-1", world.registry());
    let containers = json!([
        {"name": "a", "image": image, "versionConsistency": "disabled"}, {"name": "b", "image": image},
        {"name": "c", "image": "nginx:1"},
    ]);
    let input = json!({"family": "users", "containerDefinitions": containers});
    world.call("ecs", "RegisterTaskDefinition", input).unwrap();
    world.instances("prod", 1).service("prod", ServiceSeed::new("users").ec2().desired(0));
    let digests = pinned(&mut world, "users");
    assert_eq!(digests[..2], [None, Some(digest(&world, "dev-1"))]);
    assert!(digests[2].is_some());
}

#[test]
fn the_demo_has_every_image_that_its_services_run() {
    let mut world = World::demo();
    let services = ["users", "threads", "posts", "api-monolitica", "node-agent"];
    for service in services {
        let definition =
            world.call("ecs", "DescribeTaskDefinition", json!({"taskDefinition": service})).unwrap();
        let image =
            definition["taskDefinition"]["containerDefinitions"][0]["image"].as_str().unwrap().to_owned();
        let tag = image.strip_prefix(&format!("{}/{service}:", world.registry())).unwrap();
        let digest = world.digest(service, tag);
        assert!(digest.is_some(), "{image}");
        let cluster = if world.status("ecs-api", service).is_some() { "ecs-api" } else { "microservices" };
        let listed =
            world.call("ecs", "ListTasks", json!({"cluster": cluster, "serviceName": service})).unwrap();
        let input = json!({"cluster": cluster, "tasks": [listed["taskArns"][0]]});
        let tasks = world.call("ecs", "DescribeTasks", input).unwrap();
        assert_eq!(tasks["tasks"][0]["containers"][0]["imageDigest"], json!(digest));
    }
    let users = world.images("users");
    let index = users.iter().find(|i| i.tags == ["prod-3"]).unwrap();
    assert_eq!(index.children.len(), 2);
    assert!(users.iter().any(|i| i.tags == [format!("{}.sig", index.digest.replace(':', "-"))]));
    assert_eq!(users.iter().filter(|i| i.tags.is_empty()).count(), 4);
}

#[test]
fn a_hundred_thousand_images_are_quick_to_make_to_fork_and_to_list() {
    let mut world = empty();
    for r in 0..100 {
        let repository = format!("app-{r:03}");
        for i in 0..1000 {
            world.image(&repository, ImageSeed::new(&format!("dev-{i}")));
        }
    }
    for _ in 0..100 {
        let mut fork = world.clone();
        fork.remove_tag("app-007", "dev-7");
    }
    let mut pages = 0;
    for r in 0..100 {
        let mut input = json!({"repositoryName": format!("app-{r:03}"), "maxResults": 1000});
        loop {
            let page = world.call("ecr", "DescribeImages", input.clone()).unwrap();
            pages += 1;
            match page.get("nextToken") {
                Some(next) => input["nextToken"] = next.clone(),
                None => break,
            }
        }
    }
    assert_eq!(pages, 100);
    assert_eq!(world.images("app-007").len(), 1000);
}

#[test]
fn a_faulty_repository_of_a_seed_names_the_place() {
    let fault = |images: &str| {
        let seed = format!(
            r#"{{"now": "2026-11-24T12:00:00Z", "repositories": [{{"name": "users", "images": {images}}}]}}"#
        );
        World::from_json(&seed).unwrap_err().at
    };
    assert_eq!(fault(r#"[{"name": "a"}, {"name": "b", "children": ["c"]}]"#), "repositories[0].images[1]");
    assert_eq!(fault(r#"[{"name": "a"}, {"name": "a"}]"#), "repositories[0].images[1]");
    assert_eq!(fault(r#"[{"name": "no tag!"}]"#), "repositories[0].images[0]");
    assert_eq!(fault(r#"[{"tags": []}]"#), "repositories[0].images[0]");
}

#[test]
fn a_reference_is_resolved_by_every_name_of_the_registry_and_by_no_other() {
    let mut world = users(1);
    let digest = digest(&world, "dev-1");
    let mut pinned_by = |host: &str, path: &str| {
        let name = format!("f{}", world.service_names("prod").len());
        world.service("prod", ServiceSeed::new(&name).image(&format!("{host}/{path}")));
        pinned(&mut world, &name).remove(0)
    };
    for host in [
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com",
        "123456789012.dkr.ecr-fips.sa-east-1.amazonaws.com",
        "123456789012.dkr-ecr.sa-east-1.on.aws",
        "123456789012.dkr-ecr-fips.sa-east-1.on.aws",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com.cn",
    ] {
        assert_eq!(pinned_by(host, "users:dev-1"), Some(digest.clone()), "{host}");
        assert_eq!(pinned_by(host, &format!("users@{digest}")), Some(digest.clone()));
        assert_eq!(pinned_by(host, &format!("users:old@{digest}")), Some(digest.clone()));
        assert_eq!(pinned_by(host, "users"), None);
    }
    for host in [
        "123456789012.dkr.ecr.us-east-1.amazonaws.com",
        "210987654321.dkr.ecr.sa-east-1.amazonaws.com",
        "123456789012.dkr.ecr.sa-east-1.amazonaws.com.example.com",
        "docker.io",
    ] {
        let other = pinned_by(host, "users:dev-1");
        assert!(other.is_some() && other != Some(digest.clone()), "{host}");
    }
}

#[test]
fn only_tasks_that_start_pull_and_not_those_by_an_excluded_role() {
    let mut world = users(1);
    let image = format!("{}/users:dev-1", world.registry());
    world.service("prod", ServiceSeed::new("users").image(&image).desired(1));
    pass(&mut world, 3600);
    assert_eq!(pulled_at(&world, "dev-1"), None, "a seeded task started long ago");
    let role = "arn:aws:iam::123456789012:role/ecsTaskExecutionRole";
    world.pull_time_exclusion(role);
    running(&mut world, 2);
    assert_eq!(pulled_at(&world, "dev-1"), None);
    world.call("ecr", "DeregisterPullTimeUpdateExclusion", json!({"principalArn": role})).unwrap();
    running(&mut world, 3);
    assert!(pulled_at(&world, "dev-1").is_some());
}

#[test]
fn a_task_that_pulls_an_index_pulls_the_image_for_its_platform_too() {
    let mut world = empty();
    let children = multi_arch(&mut world);
    let image = format!("{}/users:v1", world.registry());
    world.service("prod", ServiceSeed::new("users").image(&image).desired(0));
    running(&mut world, 1);
    let pulled: Vec<String> =
        world.images("users").into_iter().filter(|i| i.pulled_at.is_some()).map(|i| i.digest).collect();
    assert!(pulled.contains(&children[0]) && pulled.contains(&digest(&world, "v1")) && pulled.len() == 2);
}
