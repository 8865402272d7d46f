//! Each sentence of what a rule does, in its words.

use super::*;

fn count_of(kept: u32, tags: &Value) -> Value {
    rule(1, tags, "imageCountMoreThan", kept)
}

#[test]
fn every_rule_looks_at_all_images_of_its_storage_class_standard_unless_it_says_otherwise() {
    let images = [image("a", &[], 9), archived(image("b", &[], 400), 300), image("c", &[], 8)];
    assert_eq!(outcomes(&json!([count_of(1, &any_tag())]), &images), ["expire 1", "keep -", "keep 1"]);
    let rules = json!([rule(1, &any_tag(), "sinceImageTransitioned", 200)]);
    assert_eq!(outcomes(&rules, &images), ["keep -", "expire 1", "keep -"]);
}

#[test]
fn a_tagged_rules_images_are_those_whose_tags_match_every_entry() {
    let images = [
        image("a", &["dev-1", "eu"], 9),
        image("b", &["dev-2"], 9),
        image("c", &["eu-dev"], 9),
        image("d", &["eu", "dev"], 9),
        image("e", &[], 9),
    ];
    let list = ["expire 1", "keep -", "keep -", "expire 1", "keep -"];
    for tags in [prefix(&["dev", "eu"]), pattern(&["dev*", "eu*"])] {
        assert_eq!(outcomes(&json!([rule(1, &tags, "sinceImagePushed", 1)]), &images), list);
    }
    // One tag may match two entries.
    assert_eq!(
        outcomes(&json!([rule(1, &pattern(&["*dev", "eu*"]), "sinceImagePushed", 1)]), &images),
        ["keep -", "keep -", "expire 1", "expire 1", "keep -"]
    );
}

#[test]
fn patterns_are_anchored_at_both_ends_and_only_the_star_is_special() {
    for (entry, tag, expected) in [
        ("prod*", "prod", true),
        ("prod*", "production-team1", true),
        ("prod*", "my-prod", false),
        ("*prod*", "repo-production", true),
        ("*prod*", "prod-team", true),
        ("prod", "prod", true),
        ("prod", "prod1", false),
        ("*", "anything", true),
        ("*-1", "dev-1", true),
        ("*-1", "dev-12", false),
        ("a*b*c*d*", "aXbXcXd", true),
        ("a*b*c", "acb", false),
        ("Prod*", "prod1", false),
        ("prod?", "prod1", false),
        ("prod.1", "prod-1", false),
        ("[a-z]*", "prod", false),
    ] {
        let rules = json!([rule(1, &pattern(&[entry]), "sinceImagePushed", 1)]);
        let found = outcomes(&rules, &[image("a", &[tag], 9)]) == ["expire 1"];
        assert_eq!(found, expected, "{entry} {tag}");
    }
    // In a prefix no character is special.
    let rules = json!([rule(1, &prefix(&["prod*"]), "sinceImagePushed", 1)]);
    assert_eq!(outcomes(&rules, &[image("a", &["prod1"], 9)]), ["keep -"]);
}

#[test]
fn count_types_sort_newest_first_by_push_time_and_take_all_past_the_number() {
    let images: Vec<Image> = [3, 1, 5, 2, 4]
        .iter()
        .map(|days| image(&format!("{days}"), &[&format!("dev-{days}")], *days))
        .collect();
    let rules = json!([count_of(2, &prefix(&["dev"]))]);
    assert_eq!(outcomes(&rules, &images), ["expire 1", "keep 1", "expire 1", "keep 1", "expire 1"]);
    assert_eq!(
        reasons(&rules, &images),
        [
            "rule 1: 3rd newest of 5 dev images, 2 are kept",
            "kept: rule 1 claims it as one of the 2 newest dev images",
            "rule 1: 5th newest of 5 dev images, 2 are kept",
            "kept: rule 1 claims it as one of the 2 newest dev images",
            "rule 1: 4th newest of 5 dev images, 2 are kept",
        ]
    );
}

#[test]
fn of_two_pushed_at_the_same_instant_the_one_whose_digest_sorts_first_is_the_newer() {
    let images = [image("b", &[], 3), image("a", &[], 3), image("c", &[], 3)];
    assert_eq!(outcomes(&json!([count_of(1, &untagged())]), &images), ["expire 1", "keep 1", "expire 1"]);
}

#[test]
fn age_types_take_images_strictly_older_than_n_times_24_hours() {
    let nano = SignedDuration::from_nanos(1);
    let at = |name: &str, pushed_at| Image { pushed_at, ..image(name, &[], 0) };
    let images = [at("a", ago(14) - nano), at("b", ago(14)), at("c", ago(14) + nano)];
    let rules = json!([rule(1, &untagged(), "sinceImagePushed", 14)]);
    assert_eq!(outcomes(&rules, &images), ["expire 1", "keep 1", "keep 1"]);
}

#[test]
fn a_number_of_days_longer_than_time_takes_nothing() {
    let rules = json!([rule(1, &any_tag(), "sinceImagePushed", 2_147_483_647)]);
    let oldest = Image { pushed_at: Timestamp::MIN, ..image("a", &[], 0) };
    assert_eq!(outcomes(&rules, &[oldest]), ["keep 1"]);
    let rules = json!([count_of(2_147_483_647, &any_tag())]);
    let coming = Image { pushed_at: Timestamp::MAX, ..image("a", &[], 0) };
    assert_eq!(outcomes(&rules, &[coming]), ["keep 1"]);
}

#[test]
fn a_rule_claims_all_images_that_it_matches_and_no_lower_one_acts_on_them() {
    let rules = json!([
        rule(20, &any_tag(), "imageCountMoreThan", 1),
        rule(3, &prefix(&["release"]), "imageCountMoreThan", 100),
    ]);
    let images = [
        image("a", &["release-1"], 900),
        image("b", &["v1"], 2),
        image("c", &["v2"], 1),
        image("d", &["release-2", "v3"], 0),
    ];
    // d is the newest of rule 20 too, which sees it though it cannot act on it.
    assert_eq!(outcomes(&rules, &images), ["keep 3", "expire 20", "expire 20", "keep 3"]);
    assert_eq!(reasons(&rules, &images)[0], "kept: rule 3 claims it as one of the 100 newest release images");
}

#[test]
fn rules_act_in_ascending_priority_wherever_they_stand() {
    let archive = transition(rule(7, &prefix(&["v"]), "sinceImagePushed", 30));
    let expire = rule(2, &pattern(&["v*"]), "sinceImagePushed", 60);
    for rules in [json!([archive, expire]), json!([expire, archive])] {
        assert_eq!(
            outcomes(&rules, &[image("a", &["v1"], 90), image("b", &["v2"], 45)]),
            // ECR's way: rule 2 claims both, so rule 7 never acts.
            ["expire 2", "keep 2"]
        );
    }
}

#[test]
fn a_restored_images_activation_takes_the_place_of_its_push_time() {
    let restored =
        |name, pushed, days| Image { last_activated_at: Some(ago(days)), ..image(name, &[], pushed) };
    let images = [restored("a", 100, 2), image("b", &[], 5), restored("c", 100, 50)];
    let rules = json!([rule(1, &untagged(), "sinceImagePushed", 30)]);
    assert_eq!(outcomes(&rules, &images), ["keep 1", "keep 1", "expire 1"]);
    assert_eq!(
        reasons(&rules, &images),
        [
            "kept: rule 1 claims it, restored 2026-11-22T12:00:00Z, not more than 30 days ago",
            "kept: rule 1 claims it, pushed 2026-11-19T12:00:00Z, not more than 30 days ago",
            "rule 1: restored 2026-10-05T12:00:00Z, more than 30 days ago",
        ]
    );
    assert_eq!(outcomes(&json!([count_of(1, &any_tag())]), &images), ["keep 1", "expire 1", "expire 1"]);
}

#[test]
fn a_missing_pull_time_counts_as_the_push_time() {
    let rules = json!([rule(1, &any_tag(), "sinceImagePulled", 30)]);
    let at = |name, pulled: Option<i64>, restored: Option<i64>| Image {
        last_pulled_at: pulled.map(ago),
        last_activated_at: restored.map(ago),
        ..image(name, &[], 200)
    };
    let images = [
        at("a", Some(31), None),
        at("b", Some(29), None),
        at("c", None, None),
        at("d", None, Some(29)),
        // Pulled, archived, restored, and never pulled since.
        at("e", Some(90), Some(29)),
        at("f", Some(90), Some(31)),
        at("a0", Some(31), Some(60)),
    ];
    assert_eq!(
        outcomes(&rules, &images),
        ["archive 1", "keep 1", "archive 1", "keep 1", "keep 1", "archive 1", "archive 1"]
    );
    assert_eq!(
        reasons(&rules, &images),
        [
            "rule 1: last pulled 2026-10-24T12:00:00Z, more than 30 days ago",
            "kept: rule 1 claims it, last pulled 2026-10-26T12:00:00Z, not more than 30 days ago",
            "rule 1: never pulled, pushed 2026-05-08T12:00:00Z, more than 30 days ago",
            "kept: rule 1 claims it, not pulled since restored 2026-10-26T12:00:00Z, not more than 30 days ago",
            "kept: rule 1 claims it, not pulled since restored 2026-10-26T12:00:00Z, not more than 30 days ago",
            "rule 1: not pulled since restored 2026-10-24T12:00:00Z, more than 30 days ago",
            "rule 1: last pulled 2026-10-24T12:00:00Z, more than 30 days ago",
        ]
    );
}

#[test]
fn in_the_archive_only_the_time_there_counts_and_where_it_is_unknown_nothing_goes() {
    let rules = json!([rule(4, &any_tag(), "sinceImageTransitioned", 90)]);
    let unknown = Image { last_archived_at: None, ..archived(image("b", &[], 900), 0) };
    let images = [archived(image("a", &[], 900), 91), unknown, archived(image("c", &[], 900), 1)];
    assert_eq!(outcomes(&rules, &images), ["expire 4", "keep 4", "keep 4"]);
    assert_eq!(
        reasons(&rules, &images),
        [
            "rule 4: archived 2026-08-25T12:00:00Z, more than 90 days ago",
            "kept: rule 4 claims it, but when it was archived is not known",
            "kept: rule 4 claims it, archived 2026-11-23T12:00:00Z, not more than 90 days ago",
        ]
    );
}

#[test]
fn reasons_read_well() {
    let images = |count: usize| -> Vec<Image> {
        (0..count).map(|n| image(&format!("{n:x}"), &[], i64::try_from(n).unwrap())).collect()
    };
    let all = reasons(&json!([count_of(1, &untagged())]), &images(113));
    assert_eq!(all[0], "kept: rule 1 claims it as the newest of its untagged images");
    assert_eq!(all[1], "rule 1: 2nd newest of 113 untagged images, 1 is kept");
    assert_eq!(all[10], "rule 1: 11th newest of 113 untagged images, 1 is kept");
    assert_eq!(all[20], "rule 1: 21st newest of 113 untagged images, 1 is kept");
    assert_eq!(all[111], "rule 1: 112th newest of 113 untagged images, 1 is kept");
    assert_eq!(
        reasons(&json!([rule(2, &any_tag(), "sinceImagePushed", 1)]), &images(3)),
        [
            "kept: rule 2 claims it, pushed 2026-11-24T12:00:00Z, not more than 1 day ago",
            "kept: rule 2 claims it, pushed 2026-11-23T12:00:00Z, not more than 1 day ago",
            "rule 2: pushed 2026-11-22T12:00:00Z, more than 1 day ago",
        ]
    );
    let many = json!([count_of(1, &pattern(&["a*", "b*", "c*", "d*"]))]);
    let tags = ["a1", "b1", "c1", "d1"];
    assert_eq!(
        reasons(&many, &[image("a", &tags, 1), image("b", &tags, 2), image("c", &["x"], 2)])[1..],
        ["rule 1: 2nd newest of 2 a* and b* and c* and more images, 1 is kept", "no rule matches"]
    );
}
