//! Each example of <https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html>
//! with the outcome that the page publishes; where it publishes none, with images on both sides of
//! the edge that it describes.

use super::*;

fn count_of_one(priority: u32, tags: &Value) -> Value {
    rule(priority, tags, "imageCountMoreThan", 1)
}

fn beta_and_prod() -> Vec<Image> {
    vec![
        image("a", &["beta-1", "prod-1"], 10),
        image("b", &["beta-2", "prod-2"], 9),
        image("c", &["beta-3"], 8),
    ]
}

#[test]
fn filtering_on_image_age() {
    let rules = json!([{
        "rulePriority": 1, "description": "Expire images older than 14 days",
        "selection": {"tagStatus": "tagged", "tagPatternList": ["prod*"], "countType": "sinceImagePushed",
            "countUnit": "days", "countNumber": 14},
        "action": {"type": "expire"}
    }]);
    let images = [image("a", &["prod1"], 15), image("b", &["prod"], 14), image("c", &["test"], 15)];
    assert_eq!(outcomes(&rules, &images), ["expire 1", "keep 1", "keep -"]);
}

#[test]
fn filtering_on_last_pulled_time() {
    let rules = json!([{
        "rulePriority": 1, "description": "Archive images not pulled in 90 days",
        "selection": {"tagStatus": "any", "countType": "sinceImagePulled", "countUnit": "days", "countNumber": 90},
        "action": {"type": "transition", "targetStorageClass": "archive"}
    }]);
    let pulled = |name, days| Image { last_pulled_at: Some(ago(days)), ..image(name, &["v"], 200) };
    let images = [pulled("a", 91), pulled("b", 89), image("c", &[], 91), image("d", &[], 89)];
    assert_eq!(outcomes(&rules, &images), ["archive 1", "keep 1", "archive 1", "keep 1"]);
}

#[test]
fn filtering_on_archive_transition_time() {
    let rules = json!([{
        "rulePriority": 1, "description": "Expire images archived for more than 365 days",
        "selection": {"tagStatus": "any", "storageClass": "archive", "countType": "sinceImageTransitioned",
            "countUnit": "days", "countNumber": 365},
        "action": {"type": "expire"}
    }]);
    let images =
        [archived(image("a", &[], 900), 366), archived(image("b", &[], 900), 365), image("c", &[], 900)];
    assert_eq!(outcomes(&rules, &images), ["expire 1", "keep 1", "keep -"]);
}

#[test]
fn filtering_on_image_count() {
    let rules = json!([{
        "rulePriority": 1, "description": "Keep only one untagged image, expire all others",
        "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1},
        "action": {"type": "expire"}
    }]);
    let images = [image("a", &[], 3), image("b", &[], 1), image("c", &[], 2), image("d", &["v"], 4)];
    assert_eq!(outcomes(&rules, &images), ["expire 1", "keep 1", "expire 1", "keep -"]);
}

#[test]
fn multiple_rules_example_a_image_a_is_expired() {
    let rules = json!([count_of_one(1, &pattern(&["prod*"])), count_of_one(2, &pattern(&["beta*"]))]);
    assert_eq!(outcomes(&rules, &beta_and_prod()), ["expire 1", "keep 1", "keep 2"]);
}

#[test]
fn multiple_rules_example_b_images_a_and_b_are_expired() {
    let rules = json!([count_of_one(1, &pattern(&["beta*"])), count_of_one(2, &pattern(&["prod*"]))]);
    assert_eq!(outcomes(&rules, &beta_and_prod()), ["expire 1", "expire 1", "keep 1"]);
}

#[test]
fn multiple_tags_in_a_single_rule_example_a_image_c_is_expired() {
    let rules = json!([rule(1, &prefix(&["alpha", "beta"]), "sinceImagePushed", 5)]);
    let images = [
        image("a", &["alpha-1"], 12),
        image("b", &["beta-1"], 11),
        image("c", &["alpha-2", "beta-2"], 10),
        image("d", &["alpha-3"], 4),
        image("e", &["beta-3"], 3),
        image("f", &["alpha-4", "beta-4"], 2),
    ];
    assert_eq!(outcomes(&rules, &images), ["keep -", "keep -", "expire 1", "keep -", "keep -", "keep 1"]);
}

#[test]
fn multiple_tags_in_a_single_rule_example_b_images_a_and_b_are_expired() {
    let images = [
        image("a", &["alpha-1", "beta-1", "gamma-1"], 10),
        image("b", &["alpha-2", "beta-2"], 9),
        image("c", &["alpha-3", "beta-3", "gamma-2"], 8),
    ];
    for list in [prefix(&["alpha", "beta"]), pattern(&["alpha*", "beta*"])] {
        assert_eq!(outcomes(&json!([count_of_one(1, &list)]), &images), ["expire 1", "expire 1", "keep 1"]);
    }
}

#[test]
fn all_images_example_a_images_a_b_and_c_are_expired() {
    let rules = json!([count_of_one(1, &any_tag())]);
    let images = [
        image("a", &["alpha-1"], 4),
        image("b", &["beta-1"], 3),
        image("c", &[], 2),
        image("d", &["alpha-2"], 1),
    ];
    assert_eq!(outcomes(&rules, &images), ["expire 1", "expire 1", "expire 1", "keep 1"]);
}

#[test]
fn all_images_example_b_images_a_b_and_d_are_expired() {
    let rules = json!([
        count_of_one(1, &prefix(&["alpha"])),
        rule(2, &untagged(), "sinceImagePushed", 1),
        count_of_one(3, &any_tag()),
    ]);
    // Both were pushed "1 day ago", and the newest of all is E: it is not older than a day.
    let d = image("d", &["git-hash"], 1);
    let e = Image { pushed_at: ago(1) + SignedDuration::from_hours(1), ..image("e", &[], 1) };
    let images =
        [image("a", &["alpha-1", "beta-1"], 4), image("b", &[], 3), image("c", &["alpha-2"], 2), d, e];
    assert_eq!(outcomes(&rules, &images), ["expire 1", "expire 2", "keep 1", "expire 3", "keep 2"]);
}

#[test]
fn archiving_images_older_than_a_number_of_days() {
    let rules = json!([transition(rule(1, &pattern(&["prod*"]), "sinceImagePushed", 30))]);
    let images = [image("a", &["prod"], 31), image("b", &["prod-2"], 30), image("c", &["dev"], 31)];
    assert_eq!(outcomes(&rules, &images), ["archive 1", "keep 1", "keep -"]);
}

#[test]
fn combining_archive_and_expire_rules() {
    let rules = json!([
        transition(rule(1, &any_tag(), "sinceImagePushed", 30)),
        rule(2, &any_tag(), "sinceImageTransitioned", 365),
    ]);
    let images = [
        image("a", &["v1"], 31),
        image("b", &["v2"], 29),
        archived(image("c", &["v0"], 500), 366),
        archived(image("d", &[], 500), 364),
    ];
    assert_eq!(outcomes(&rules, &images), ["archive 1", "keep 1", "expire 2", "keep 2"]);
}
