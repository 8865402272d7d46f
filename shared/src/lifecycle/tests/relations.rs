//! Indexes and their children, referrers and their subjects.

use super::*;

fn old_go() -> Value {
    json!([rule(1, &untagged(), "sinceImagePushed", 10), rule(2, &prefix(&["v"]), "sinceImagePushed", 10)])
}

#[test]
fn an_image_that_a_manifest_list_refers_to_is_not_acted_on_before_that_list() {
    let images =
        [index("f", &["v1"], 5, &["a", "b"]), image("a", &[], 50), image("b", &[], 50), image("c", &[], 50)];
    assert_eq!(outcomes(&old_go(), &images), ["keep 2", "keep 1", "keep 1", "expire 1"]);
    assert_eq!(
        reasons(&old_go(), &images)[1],
        format!("kept: index {} that names it stays; rule 1 would expire it", digest("f"))
    );
}

#[test]
fn a_child_that_a_rule_matches_is_acted_on_only_if_every_index_naming_it_is() {
    let images = [
        index("e", &["v1"], 50, &["a", "b"]),
        index("f", &["v2"], 5, &["b", "c"]),
        image("a", &[], 50),
        image("b", &[], 50),
        image("c", &[], 50),
    ];
    assert_eq!(outcomes(&old_go(), &images), ["expire 2", "keep 2", "expire 1", "keep 1", "keep 1"]);
}

#[test]
fn a_child_that_no_rule_matches_is_kept() {
    let rules = json!([rule(2, &prefix(&["v"]), "sinceImagePushed", 10)]);
    let images = [index("f", &["v1"], 50, &["a"]), image("a", &[], 50)];
    assert_eq!(outcomes(&rules, &images), ["expire 2", "keep -"]);
    assert_eq!(reasons(&rules, &images)[1], "no rule matches");
}

#[test]
fn a_child_that_a_count_rule_keeps_stays_after_its_index() {
    let rules = json!([rule(1, &any_tag(), "imageCountMoreThan", 1)]);
    let images = [index("f", &["v1"], 50, &["a"]), image("a", &[], 1)];
    assert_eq!(outcomes(&rules, &images), ["expire 1", "keep 1"]);
}

#[test]
fn children_count_in_count_rules() {
    let rules = json!([rule(1, &any_tag(), "imageCountMoreThan", 3)]);
    let images =
        [index("f", &["v2"], 1, &["a", "b"]), image("a", &[], 1), image("b", &[], 1), image("c", &["v1"], 2)];
    assert_eq!(outcomes(&rules, &images), ["keep 1", "keep 1", "keep 1", "expire 1"]);
}

#[test]
fn indexes_in_indexes_hold_what_is_in_them_to_the_bottom() {
    let mut images = vec![
        index("d", &["v1"], 5, &["c"]),
        index("c", &[], 50, &["b"]),
        index("b", &[], 50, &["a"]),
        image("a", &[], 50),
    ];
    assert_eq!(outcomes(&old_go(), &images), ["keep 2", "keep 1", "keep 1", "keep 1"]);
    images[0].pushed_at = ago(50);
    assert_eq!(outcomes(&old_go(), &images), ["expire 2", "expire 1", "expire 1", "expire 1"]);
}

#[test]
fn circles_end_and_go_together_or_not_at_all() {
    let circle = |days| {
        [
            index("a", &[], days, &["b", "a"]),
            index("b", &[], 50, &["c"]),
            index("c", &[], 50, &["a"]),
            image("d", &[], 50),
        ]
    };
    assert_eq!(outcomes(&old_go(), &circle(50)), ["expire 1"; 4]);
    assert_eq!(outcomes(&old_go(), &circle(5)), ["keep 1", "keep 1", "keep 1", "expire 1"]);
    // What names itself is no hindrance to itself, nor its own reason.
    let images = [index("a", &[], 50, &["a"]), index("b", &[], 50, &["b"]), index("f", &["v1"], 5, &["b"])];
    assert_eq!(outcomes(&old_go(), &images), ["expire 1", "keep 1", "keep 2"]);
    assert!(reasons(&old_go(), &images)[1].starts_with(&format!("kept: index {} that", digest("f"))));
}

#[test]
fn an_archived_index_is_a_parent_too() {
    let images = [archived(index("f", &["v1"], 50, &["a"]), 10), image("a", &[], 50)];
    assert_eq!(outcomes(&old_go(), &images), ["keep -", "keep 1"]);
}

#[test]
fn what_an_index_in_the_archive_names_may_follow_it_there_but_is_not_deleted() {
    let archive = json!([transition(rule(1, &any_tag(), "sinceImagePushed", 10))]);
    let expire = json!([
        rule(1, &untagged(), "sinceImagePushed", 10),
        transition(rule(2, &prefix(&["v"]), "sinceImagePushed", 10))
    ]);
    let there = [archived(index("f", &["v1"], 50, &["a"]), 10), image("a", &[], 50)];
    assert_eq!(outcomes(&archive, &there), ["keep -", "archive 1"]);
    let going = [index("f", &["v1"], 50, &["a"]), image("a", &[], 50)];
    assert_eq!(outcomes(&archive, &going), ["archive 1", "archive 1"]);
    assert_eq!(outcomes(&expire, &going), ["archive 2", "keep 1"]);
    let staying = [index("f", &["v1"], 5, &["a"]), image("a", &[], 50)];
    assert_eq!(outcomes(&archive, &staying), ["keep 1", "keep 1"]);
}

#[test]
fn an_index_that_is_not_there_keeps_nothing_and_a_child_that_is_not_there_does_no_harm() {
    let images = [index("f", &["v1"], 5, &["b"]), image("a", &[], 50)];
    assert_eq!(outcomes(&old_go(), &images), ["keep 2", "expire 1"]);
}

#[test]
fn a_referrer_has_its_subjects_verdict_and_rule() {
    let old = |referrer: Image| Image { pushed_at: ago(50), ..referrer };
    let images = [
        image("a", &["v1"], 50),
        image("b", &["v2"], 5),
        image("c", &["x"], 50),
        // A signature just pushed goes with what it signs, and an old one stays with it.
        referrer("a1", "a"),
        old(referrer("b1", "b")),
        old(referrer("c1", "c")),
        // An SBOM's signature.
        referrer("a2", "a1"),
    ];
    assert_eq!(
        outcomes(&old_go(), &images),
        ["expire 2", "keep 2", "keep -", "expire 2", "keep 2", "keep -", "expire 2"]
    );
    let why = reasons(&old_go(), &images);
    assert_eq!(why[3], format!("follows its subject {}, which rule 2 expires", digest("a")));
    assert_eq!(why[4], format!("follows its subject {}, which stays", digest("b")));
    assert_eq!(why[6], format!("follows its subject {}, which rule 2 expires", digest("a1")));
}

#[test]
fn a_referrer_goes_to_the_archive_with_its_subject() {
    let rules = json!([
        transition(rule(1, &any_tag(), "sinceImagePushed", 10)),
        rule(2, &any_tag(), "sinceImageTransitioned", 90)
    ]);
    let images = [
        image("a", &["v1"], 50),
        referrer("a1", "a"),
        archived(referrer("a2", "a"), 5),
        archived(image("b", &[], 200), 100),
        archived(referrer("b1", "b"), 5),
        referrer("b2", "b"),
    ];
    assert_eq!(
        outcomes(&rules, &images),
        ["archive 1", "archive 1", "keep 1", "expire 2", "expire 2", "expire 2"]
    );
    let why = reasons(&rules, &images);
    assert_eq!(why[1], format!("follows its subject {}, which rule 1 archives", digest("a")));
    assert_eq!(
        why[2],
        format!("kept: it is in the archive already; its subject {} goes there by rule 1", digest("a"))
    );
}

#[test]
fn cosigns_tags_make_referrers() {
    let signed = digest("a");
    let tag = |kind: &str| format!("sha256-{}.{kind}", signed.hex());
    for kind in ["sig", "att", "sbom"] {
        let images = [image("a", &["v1"], 5), image("b", &[&tag(kind)], 50), image("c", &["v0"], 50)];
        let rules = json!([rule(1, &any_tag(), "sinceImagePushed", 10)]);
        assert_eq!(outcomes(&rules, &images), ["keep 1", "keep 1", "expire 1"], "{kind}");
    }
    let other = format!("sha256-{}.sig", digest("b").hex());
    let refers = |tags: &[&str]| image("c", tags, 0).refers_to();
    assert_eq!(refers(&[&tag("sig"), &tag("att")]), Some(signed.clone()));
    for tags in [
        vec![],
        vec!["v1"],
        vec![&*tag("sig"), "v1"],
        vec![&*tag("sig"), &*other],
        vec![&*tag("exe")],
        vec!["sha256-abc.sig"],
        vec![&*tag("sig").to_uppercase()],
    ] {
        assert_eq!(refers(&tags), None, "{tags:?}");
    }
    // The manifest's own word is stronger than the tag's.
    let both = Image { subject: Some(digest("9")), ..image("c", &[&tag("sig")], 0) };
    assert_eq!(both.refers_to(), Some(digest("9")));
}

#[test]
fn referrers_take_no_place_in_a_count() {
    let rules = json!([rule(1, &any_tag(), "imageCountMoreThan", 2)]);
    let images = [
        image("a", &["v1"], 3),
        referrer("a1", "a"),
        image("b", &["v2"], 2),
        referrer("b1", "b"),
        image("c", &["v3"], 1),
        referrer("c1", "c"),
    ];
    assert_eq!(outcomes(&rules, &images), ["expire 1", "expire 1", "keep 1", "keep 1", "keep 1", "keep 1"]);
}

#[test]
fn a_referrer_whose_subject_is_gone_expires_as_subject_gone() {
    let images =
        [referrer("a1", "a"), referrer("a2", "a1"), index("f", &["v1"], 5, &["b1"]), referrer("b1", "b")];
    assert_eq!(outcomes(&old_go(), &images), ["expire -", "expire -", "keep 2", "keep -"]);
    let why = reasons(&old_go(), &images);
    assert_eq!(why[0], format!("subjectGone: the image that it refers to, {}, is gone", digest("a")));
    assert_eq!(why[1], format!("follows its subject {}, which goes", digest("a1")));
    assert_eq!(
        why[3],
        format!("kept: index {} that names it stays; the image that it refers to is gone", digest("f"))
    );
}

#[test]
fn an_index_under_ocis_tag_of_its_subject_follows_it() {
    let tag = |of: &str| format!("sha256-{}", digest(of).hex());
    let images = [
        image("a", &["v1"], 5),
        // A SOCI index of what stays, and of what goes.
        index("a1", &[&tag("a")], 50, &["a2"]),
        image("a2", &[], 50),
        image("b", &["v2"], 50),
        index("b1", &[&tag("b")], 5, &["b2"]),
        image("b2", &[], 50),
        // No index: somebody's own tag.
        image("c", &[&tag("a")], 50),
    ];
    assert_eq!(
        outcomes(&old_go(), &images),
        ["keep 2", "keep 2", "keep 1", "expire 2", "expire 2", "expire 1", "keep -"]
    );
}

#[test]
fn of_equal_push_times_an_index_ranks_before_what_it_names() {
    let rules = json!([rule(1, &any_tag(), "imageCountMoreThan", 1)]);
    // Whichever digest sorts first.
    for (release, amd64, arm64) in [("a", "b", "c"), ("b", "a", "c"), ("c", "a", "b"), ("c", "b", "a")] {
        let images =
            [image(amd64, &[], 5), index(release, &["v1"], 5, &[amd64, arm64]), image(arm64, &[], 5)];
        assert_eq!(outcomes(&rules, &images), ["keep 1", "keep 1", "keep 1"], "{release}");
    }
}

#[test]
fn a_referrer_that_a_staying_index_names_stays() {
    let images = [image("a", &["v1"], 50), referrer("a1", "a"), index("f", &["v2"], 5, &["a1"])];
    assert_eq!(outcomes(&old_go(), &images), ["expire 2", "keep 2", "keep 2"]);
    assert_eq!(
        reasons(&old_go(), &images)[1],
        format!("kept: index {} that names it stays; its subject {} goes", digest("f"), digest("a"))
    );
}

#[test]
fn a_subject_that_its_index_keeps_keeps_its_referrers_and_what_they_name() {
    let images = [
        index("f", &["v1"], 5, &["a"]),
        image("a", &[], 50),
        // A referrer that is an index itself.
        Image { children: vec![digest("b")], ..referrer("a1", "a") },
        image("b", &[], 50),
    ];
    assert_eq!(outcomes(&old_go(), &images), ["keep 2", "keep 1", "keep 1", "keep 1"]);
}

#[test]
fn referrers_in_a_circle_stay() {
    let images =
        [referrer("a", "b"), referrer("b", "a"), referrer("c", "a"), referrer("d", "d"), image("e", &[], 50)];
    assert_eq!(outcomes(&old_go(), &images), ["keep -", "keep -", "keep -", "keep -", "expire 1"]);
    let why = reasons(&old_go(), &images);
    assert_eq!(why[0], "kept: it and its subjects name one another");
    assert_eq!(why[2], format!("follows its subject {}, which stays", digest("a")));
    assert_eq!(why[3], why[0]);
    let turned: Vec<Image> = images.iter().rev().cloned().collect();
    assert!(reasons(&old_go(), &turned).into_iter().rev().eq(why));
}

#[test]
fn a_digest_that_stands_twice_is_kept_with_all_that_it_names() {
    let images = [
        index("f", &["v1"], 50, &["a"]),
        index("f", &["v2"], 50, &[]),
        image("a", &[], 50),
        referrer("b", "f"),
    ];
    assert_eq!(outcomes(&old_go(), &images), ["keep -", "keep -", "keep 1", "keep -"]);
    assert_eq!(reasons(&old_go(), &images)[0], "kept: its digest stands more than once in the list");
}
