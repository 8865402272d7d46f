//! Images and decisions as they stand in requests and answers.

use super::*;

fn written() -> Value {
    json!({
        "digest": digest("a").as_str(), "tags": ["v1"], "pushedAt": "2026-11-01T08:00:00-03:00",
        "lastPulledAt": "2026-11-02T00:00:00Z", "lastActivatedAt": "2026-11-03T00:00:00Z",
        "lastArchivedAt": "2026-11-04T00:00:00Z", "storageClass": "archive",
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "children": [digest("b").as_str()], "subject": digest("c").as_str()
    })
}

fn fault(change: impl Fn(&mut Value)) -> String {
    let mut image = written();
    change(&mut image);
    crate::strict::parse::<Image>("image", image).unwrap_err().to_string()
}

#[test]
fn an_image_is_read_and_printed_the_same() {
    let image: Image = serde_json::from_value(written()).unwrap();
    assert!(image.is_index());
    let again: Image = serde_json::from_value(serde_json::to_value(&image).unwrap()).unwrap();
    assert_eq!(again, image);
    let least = json!({"digest": digest("a").as_str(), "tags": [], "pushedAt": "2026-11-24T12:00:00Z"});
    assert_eq!(serde_json::from_value::<Image>(least).unwrap(), super::image("a", &[], 0));
}

#[test]
fn what_is_no_image_is_refused_with_its_place() {
    for (change, expected) in [
        (json!(["imagePushedAt", 1]), "unknown field"),
        (json!(["digest", "sha256:abc"]), "field \"digest\": \"sha256:abc\" is not a digest"),
        (json!(["tags", ["a b"]]), "field \"tags[0]\": \"a b\" is not a tag"),
        (json!(["tags", null]), "field \"tags\" is null"),
        (json!(["tags", vec!["a"; 1_001]]), "field \"tags\": 1001 entries; at most 1000 are possible"),
        (json!(["children", vec![digest("a"); 50_001]]), "field \"children\": 50001 entries; at most 50000"),
        (json!(["pushedAt", "yesterday"]), "field \"pushedAt\": "),
        (json!(["pushedAt", 1_700_000_000]), "field \"pushedAt\": "),
        (json!(["storageClass", "ARCHIVE"]), "field \"storageClass\": unknown variant"),
        (json!(["mediaType", "x".repeat(256)]), "field \"mediaType\": longer than 255 bytes"),
        (json!(["subject", ""]), "field \"subject\": \"\" is not a digest"),
    ] {
        let found = fault(|image| image[change[0].as_str().unwrap()] = change[1].clone());
        assert!(found.contains(expected), "{expected}: {found}");
    }
    // As many and as long as is said, and no more.
    let mut most = written();
    most["tags"] = (0..1_000).map(|n| format!("v{n}")).collect();
    most["mediaType"] = "x".repeat(255).into();
    assert!(serde_json::from_value::<Image>(most).is_ok());
    // An image without its tags would be taken for an untagged one.
    for name in ["digest", "tags", "pushedAt"] {
        let found = fault(|image| drop(image.as_object_mut().unwrap().remove(name)));
        assert!(found.contains(&format!("missing field `{name}`")), "{found}");
    }
}

#[test]
fn what_no_repository_can_hold_is_said() {
    let good = [index("f", &["v1"], 1, &["a"]), image("a", &[], 1), referrer("b", "a")];
    assert_eq!(check(&good), []);
    let bad = [
        image("a", &["v1", "v2"], 1),
        image("b", &["v2", "v3", "v3"], 1),
        index("a", &[], 1, &["a"]),
        referrer("d", "d"),
    ];
    let faults: Vec<String> = check(&bad).iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        [
            "image 2: tags: a tag stands twice".to_owned(),
            "image 2: tags: \"v2\" is image 1's too; a tag points to one image".to_owned(),
            format!("image 3: digest: {} is image 1's too; a repository has it once", digest("a")),
            "image 3: children: it names itself".to_owned(),
            "image 4: subject: it names itself".to_owned(),
        ]
    );
}

#[test]
fn a_decision_is_a_row_of_the_answer() {
    let rules = json!([rule(3, &prefix(&["dev"]), "imageCountMoreThan", 1)]);
    let images = [image("a", &["dev-1"], 2), image("b", &["dev-2"], 1), image("c", &[], 1)];
    assert_eq!(
        serde_json::to_value(evaluate(&policy(&rules), &images, now())).unwrap(),
        json!([
            {"digest": digest("a").as_str(), "tags": ["dev-1"], "verdict": "expire", "rule": 3,
                "reason": "rule 3: 2nd newest of 2 dev images, 1 is kept"},
            {"digest": digest("b").as_str(), "tags": ["dev-2"], "verdict": "keep", "rule": 3,
                "reason": "kept: rule 3 claims it as the newest of its dev images"},
            {"digest": digest("c").as_str(), "tags": [], "verdict": "keep", "rule": null, "reason": "no rule matches"},
        ])
    );
}

#[test]
fn no_images_no_decisions_and_the_policy_tells_what_it_needs() {
    let pulled = policy(&json!([rule(1, &any_tag(), "sinceImagePulled", 3)]));
    assert_eq!(evaluate(&pulled, &[], now()), []);
    assert!(pulled.asks_for_pull_times());
    let counted = policy(&json!([rule(1, &any_tag(), "imageCountMoreThan", 3)]));
    assert!(!counted.asks_for_pull_times());
    let [rule] = counted.rules() else { panic!("{counted}") };
    assert_eq!(rule.priority(), 1);
}
