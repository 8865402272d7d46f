//! What is wrong with a policy is said with its rule, its field, and what would be right.

use proptest::prelude::*;

use super::*;

/// Every fault of a text, one a line.
fn faults(text: &str) -> Vec<String> {
    match text.parse::<Policy>() {
        Ok(policy) => panic!("{policy} is fine"),
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}

/// A good rule with parts of it changed, as RFC 7396 does: `null` takes a field away.
fn changed(change: &Value) -> Value {
    fn merge(into: &mut Value, change: &Value) {
        let Value::Object(change) = change else {
            *into = change.clone();
            return;
        };
        if !into.is_object() {
            *into = json!({});
        }
        let into = into.as_object_mut().unwrap();
        for (name, value) in change {
            if value.is_null() {
                into.remove(name);
            } else {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
    }
    let mut rule = rule(5, &prefix(&["dev"]), "sinceImagePushed", 14);
    merge(&mut rule, change);
    rule
}

fn selection(change: &Value) -> Value {
    json!({ "selection": change })
}

/// That a good rule with each of these changes has this one fault.
fn each(table: &[(Value, &str)]) {
    for (change, expected) in table {
        let policy = json!({"rules": [changed(change)]});
        assert_eq!(faults(&policy.to_string()), [*expected], "{change}");
    }
}

#[test]
fn of_a_rule_and_its_action() {
    each(&[
        (
            json!({"rulePriority": null}),
            "rule 1: rulePriority: missing; write an integer from 1, another for each rule",
        ),
        (
            json!({"rulePriority": 0}),
            "rule 1: rulePriority: 0 is wrong; write an integer from 1, another for each rule",
        ),
        (
            json!({"rulePriority": -1}),
            "rule 1: rulePriority: -1 is wrong; write an integer from 1, another for each rule",
        ),
        (
            json!({"rulePriority": 1.5}),
            "rule 1: rulePriority: 1.5 is wrong; write an integer from 1, another for each rule",
        ),
        (
            json!({"rulePriority": "1"}),
            "rule 1: rulePriority: \"1\" is wrong; write an integer from 1, another for each rule",
        ),
        (
            json!({"rulePriority": 2_147_483_648_u32}),
            "rule 1: rulePriority: 2147483648 is too large; it ends at 2147483647",
        ),
        (
            json!({"priority": 1}),
            "rule 1 (rulePriority 5): priority: unknown; a rule has rulePriority, description, selection and action",
        ),
        (json!({"description": 7}), "rule 1 (rulePriority 5): description: 7 is not a text"),
        (
            json!({"action": null}),
            "rule 1 (rulePriority 5): action: missing; write an object with type and targetStorageClass",
        ),
        (
            json!({"action": "expire"}),
            "rule 1 (rulePriority 5): action: \"expire\" is not an object; it has type and targetStorageClass",
        ),
        (
            json!({"action": {"type": null}}),
            "rule 1 (rulePriority 5): action.type: missing; write \"expire\" or \"transition\"",
        ),
        (
            json!({"action": {"type": "archive"}}),
            "rule 1 (rulePriority 5): action.type: \"archive\" is unknown; write \"expire\" or \"transition\"",
        ),
        (
            json!({"action": {"kind": 1}}),
            "rule 1 (rulePriority 5): action.kind: unknown; action has type and targetStorageClass",
        ),
        (
            json!({"action": {"type": "transition"}}),
            "rule 1 (rulePriority 5): action.targetStorageClass: missing; type \"transition\" needs \"archive\"",
        ),
        (
            json!({"action": {"type": "transition", "targetStorageClass": "glacier"}}),
            "rule 1 (rulePriority 5): action.targetStorageClass: \"glacier\" is unknown; write \"archive\"",
        ),
        (
            json!({"action": {"targetStorageClass": "archive"}}),
            "rule 1 (rulePriority 5): action.targetStorageClass: only with type \"transition\"; leave it out of \"expire\"",
        ),
        (
            json!({"selection": null}),
            "rule 1 (rulePriority 5): selection: missing; write an object with tagStatus, tagPrefixList, tagPatternList, storageClass, countType, countUnit and countNumber",
        ),
        (
            selection(&json!({"countType": "sinceImagePulled"})),
            "rule 1 (rulePriority 5): action.type: \"expire\" is wrong; sinceImagePulled only goes with \"transition\" (and a rule with sinceImageTransitioned then expires)",
        ),
        (
            json!({"action": {"type": "transition", "targetStorageClass": "archive"},
                "selection": {"countType": "sinceImageTransitioned", "storageClass": "archive", "countNumber": 90}}),
            "rule 1 (rulePriority 5): action.type: \"transition\" is wrong; sinceImageTransitioned only goes with \"expire\"",
        ),
    ]);
}

#[test]
fn of_a_selections_tags() {
    let long = "x".repeat(256);
    each(&[
        (
            selection(&json!({"tagStatus": null})),
            "rule 1 (rulePriority 5): selection.tagStatus: missing; write \"tagged\", \"untagged\" or \"any\"",
        ),
        (
            selection(&json!({"tagStatus": "Tagged"})),
            "rule 1 (rulePriority 5): selection.tagStatus: \"Tagged\" is unknown; write \"tagged\", \"untagged\" or \"any\"",
        ),
        (
            selection(&json!({"tagprefixlist": ["a"]})),
            "rule 1 (rulePriority 5): selection.tagprefixlist: unknown; selection has tagStatus, tagPrefixList, tagPatternList, storageClass, countType, countUnit and countNumber",
        ),
        (
            selection(&json!({"tagPatternList": ["a"]})),
            "rule 1 (rulePriority 5): selection: it has both tagPrefixList and tagPatternList; write one of them",
        ),
        (
            selection(&json!({"tagPrefixList": null})),
            "rule 1 (rulePriority 5): selection: it has neither tagPrefixList nor tagPatternList; tagStatus \"tagged\" needs one of them",
        ),
        (
            selection(&json!({"tagStatus": "untagged"})),
            "rule 1 (rulePriority 5): selection.tagPrefixList: only with tagStatus \"tagged\"; leave it out of \"untagged\"",
        ),
        (
            selection(&json!({"tagStatus": "any", "tagPrefixList": null, "tagPatternList": ["a"]})),
            "rule 1 (rulePriority 5): selection.tagPatternList: only with tagStatus \"tagged\"; leave it out of \"any\"",
        ),
        (
            selection(&json!({"tagPrefixList": []})),
            "rule 1 (rulePriority 5): selection.tagPrefixList: empty; write at least one entry, such as [\"prod\"]",
        ),
        (
            selection(&json!({"tagPrefixList": "dev"})),
            "rule 1 (rulePriority 5): selection.tagPrefixList: \"dev\" is not a list of texts such as [\"prod\"]",
        ),
        (
            selection(&json!({"tagPrefixList": ["dev", 1]})),
            "rule 1 (rulePriority 5): selection.tagPrefixList[1]: 1 is not a text such as \"prod\"",
        ),
        (
            selection(&json!({"tagPrefixList": [""]})),
            "rule 1 (rulePriority 5): selection.tagPrefixList[0]: empty; write at least one character",
        ),
        (
            selection(&json!({"tagPrefixList": [long]})),
            "rule 1 (rulePriority 5): selection.tagPrefixList[0]: longer than 255 characters; a tag has at most 128",
        ),
        (
            selection(&json!({"tagPrefixList": ["a\u{0}"]})),
            "rule 1 (rulePriority 5): selection.tagPrefixList[0]: \"a\\u0000\" has a control character, which no tag has",
        ),
        (
            selection(&json!({"tagPrefixList": null, "tagPatternList": ["test*1*2*3*4*5"]})),
            "rule 1 (rulePriority 5): selection.tagPatternList[0]: \"test*1*2*3*4*5\" has 5 \"*\"; at most 4 are allowed",
        ),
    ]);
}

#[test]
fn what_is_wrong_is_shown_whole_or_as_far_as_sixty_characters_go() {
    let storage_class = |length: usize| {
        let policy = json!({"rules": [changed(&selection(&json!({"storageClass": "x".repeat(length)})))]});
        faults(&policy.to_string()).remove(0)
    };
    assert!(storage_class(58).contains(&format!("selection.storageClass: \"{}\" is", "x".repeat(58))));
    assert!(storage_class(59).contains(&format!("selection.storageClass: \"{}… is", "x".repeat(59))));
}

#[test]
fn an_entry_may_be_as_long_as_is_said() {
    for list in ["tagPrefixList", "tagPatternList"] {
        let mut change = json!({"tagPrefixList": null});
        change[list] = json!(["x".repeat(255)]);
        let policy = json!({"rules": [changed(&selection(&change))]});
        assert!(policy.to_string().parse::<Policy>().is_ok(), "{list}");
    }
}

#[test]
fn of_a_selections_count() {
    each(&[
        (
            selection(&json!({"storageClass": "cold"})),
            "rule 1 (rulePriority 5): selection.storageClass: \"cold\" is unknown; write \"standard\" or \"archive\"",
        ),
        (
            selection(&json!({"storageClass": "archive"})),
            "rule 1 (rulePriority 5): selection.storageClass: \"archive\" is only with sinceImageTransitioned; with sinceImagePushed write \"standard\", or leave it out",
        ),
        (
            selection(&json!({"countType": "sinceImageTransitioned", "countNumber": 90})),
            "rule 1 (rulePriority 5): selection.storageClass: missing; sinceImageTransitioned needs \"archive\"",
        ),
        (
            selection(
                &json!({"countType": "sinceImageTransitioned", "countNumber": 90, "storageClass": "standard"}),
            ),
            "rule 1 (rulePriority 5): selection.storageClass: \"standard\" is wrong; sinceImageTransitioned needs \"archive\"",
        ),
        (
            selection(
                &json!({"countType": "sinceImageTransitioned", "storageClass": "archive", "countNumber": 89}),
            ),
            "rule 1 (rulePriority 5): selection.countNumber: 89 is wrong; write an integer from 90: images stay in the archive for 90 days at least",
        ),
        (
            selection(&json!({"countType": null})),
            "rule 1 (rulePriority 5): selection.countType: missing; write \"imageCountMoreThan\", \"sinceImagePushed\", \"sinceImagePulled\" or \"sinceImageTransitioned\"",
        ),
        (
            selection(&json!({"countType": "imageCountLessThan"})),
            "rule 1 (rulePriority 5): selection.countType: \"imageCountLessThan\" is unknown; write \"imageCountMoreThan\", \"sinceImagePushed\", \"sinceImagePulled\" or \"sinceImageTransitioned\"",
        ),
        (
            selection(&json!({"countUnit": null})),
            "rule 1 (rulePriority 5): selection.countUnit: missing; sinceImagePushed needs \"days\"",
        ),
        (
            selection(&json!({"countUnit": "hours"})),
            "rule 1 (rulePriority 5): selection.countUnit: \"hours\" is unknown; write \"days\"",
        ),
        (
            selection(&json!({"countType": "imageCountMoreThan"})),
            "rule 1 (rulePriority 5): selection.countUnit: only with the since types; leave it out of imageCountMoreThan",
        ),
        (
            selection(&json!({"countNumber": null})),
            "rule 1 (rulePriority 5): selection.countNumber: missing; write an integer from 1: the days",
        ),
        (
            selection(&json!({"countNumber": 0})),
            "rule 1 (rulePriority 5): selection.countNumber: 0 is wrong; write an integer from 1: the days",
        ),
        (
            selection(&json!({"countNumber": "14"})),
            "rule 1 (rulePriority 5): selection.countNumber: \"14\" is wrong; write an integer from 1: the days",
        ),
        (
            selection(&json!({"countNumber": 1e30})),
            "rule 1 (rulePriority 5): selection.countNumber: 1e+30 is too large; it ends at 2147483647",
        ),
        (
            selection(&json!({"countType": "imageCountMoreThan", "countUnit": null, "countNumber": 0})),
            "rule 1 (rulePriority 5): selection.countNumber: 0 is wrong; write an integer from 1: how many images are kept",
        ),
    ]);
}

#[test]
fn of_the_policy_as_a_whole() {
    let rule = changed(&json!({})).to_string();
    let many = (1..=51).map(|priority| {
        changed(&json!({"rulePriority": priority, "selection": {"tagPrefixList": [format!("v{priority}")]}}))
    });
    let many: Vec<Value> = many.collect();
    let most = json!({ "rules": many[..50] }).to_string();
    assert!(most.parse::<Policy>().is_ok(), "as many as ECR takes");
    let many = json!({ "rules": many }).to_string();
    for (text, expected) in [
        ("", "policy: not JSON: EOF while parsing a value at line 1 column 0; it reads like {\"rules\":[…]}"),
        ("[]", "policy: [] is not an object like {\"rules\":[…]}"),
        ("{}", "policy: rules: missing; write a list of 1 to 50 rules"),
        (r#"{"rules":[]}"#, "policy: rules: empty; write 1 to 50 rules"),
        (r#"{"rules":{}}"#, "policy: rules: {} is not a list of rules"),
        (
            r#"{"rules":[7]}"#,
            "rule 1: 7 is not an object; a rule has rulePriority, description, selection and action",
        ),
        (
            &format!(r#"{{"rules":[{rule}],"version":1}}"#),
            "policy: version: unknown; a policy has rules alone",
        ),
        (&many, "policy: rules: 51 rules; ECR takes at most 50"),
        (
            r#"{"rules":[{"rulePriority":1,"rulePriority":2}]}"#,
            "policy: field \"rulePriority\" is given twice in one object: give it once",
        ),
        (
            &format!(
                r#"{{"rules":[{}]}}"#,
                rule.replace("\"selection\"", "\"description\":null,\"selection\"")
            ),
            "rule 1 (rulePriority 5): description: null is not a text",
        ),
    ] {
        assert_eq!(faults(text), [expected], "{text}");
    }
}

#[test]
fn between_the_rules() {
    let count = |priority, tags: &Value| rule(priority, tags, "imageCountMoreThan", 1);
    let archive = |priority, tags: &Value| rule(priority, tags, "sinceImageTransitioned", 100);
    for (rules, expected) in [
        (
            json!([count(1, &prefix(&["a"])), count(1, &prefix(&["b"]))]),
            "rule 2 (rulePriority 1): rulePriority: rule 1 has 1 too; give each rule its own",
        ),
        (
            json!([count(1, &untagged()), count(2, &untagged())]),
            "rule 2 (rulePriority 2): selection.tagStatus: rule 1 is for untagged images of standard storage too; only one rule may be",
        ),
        (
            json!([archive(1, &untagged()), archive(2, &untagged())]),
            "rule 2 (rulePriority 2): selection.tagStatus: rule 1 is for untagged images of archive storage too; only one rule may be",
        ),
        (
            json!([count(1, &prefix(&["a", "b"])), count(2, &prefix(&["b", "a", "b"]))]),
            "rule 2 (rulePriority 2): selection.tagPrefixList: rule 1 has the same prefixes for standard storage; each set may stand once",
        ),
        (
            json!([count(7, &prefix(&["a"])), count(3, &any_tag()), count(5, &untagged())]),
            "rule 2 (rulePriority 3): selection.tagStatus: \"any\" must come last of standard storage, but rule 1 has rulePriority 7; give this one a higher one",
        ),
        (
            json!([count(3, &any_tag()), count(4, &any_tag())]),
            "rule 1 (rulePriority 3): selection.tagStatus: \"any\" must come last of standard storage, but rule 2 has rulePriority 4; give this one a higher one",
        ),
    ] {
        assert_eq!(faults(&json!({ "rules": rules }).to_string()), [expected], "{rules}");
    }
}

#[test]
fn each_storage_class_has_its_own_last_untagged_and_prefixes() {
    for rules in [
        json!([
            rule(1, &any_tag(), "imageCountMoreThan", 1),
            rule(2, &any_tag(), "sinceImageTransitioned", 90)
        ]),
        json!([
            rule(1, &untagged(), "sinceImagePushed", 1),
            rule(2, &untagged(), "sinceImageTransitioned", 90)
        ]),
        json!([
            rule(1, &prefix(&["a"]), "sinceImagePulled", 1),
            rule(2, &prefix(&["a"]), "sinceImageTransitioned", 90)
        ]),
        json!([
            rule(1, &prefix(&["a"]), "sinceImagePulled", 1),
            rule(2, &prefix(&["a", "b"]), "sinceImagePulled", 1)
        ]),
        json!([rule(1, &pattern(&["*test*1*2*3", "test*1*2*3*"]), "imageCountMoreThan", 1)]),
    ] {
        policy(&rules);
    }
}

#[test]
fn every_fault_of_every_rule_is_named() {
    let bad = json!({"rules": [
        changed(&json!({"rulePriority": 0, "action": {"type": "delete"}, "selection": {"countUnit": "weeks", "tagPrefixList": [""]}})),
        7,
        changed(&json!({"rulePriority": 4, "selection": {"countNumber": 0}, "when": "now"})),
        changed(&json!({"rulePriority": 4, "selection": {"tagStatus": "any", "tagPrefixList": null}})),
    ], "Version": 1});
    let places: Vec<String> = Policy::parse(&bad)
        .unwrap_err()
        .iter()
        .map(|fault| format!("{:?} {}", fault.rule.unwrap_or(0), fault.field))
        .collect();
    assert_eq!(
        places,
        [
            "0 Version",
            "1 rulePriority",
            "1 selection.tagPrefixList[0]",
            "1 selection.countUnit",
            "1 action.type",
            "2 ",
            "3 when",
            "3 selection.countNumber",
            "4 rulePriority",
        ]
    );
    let fault = PolicyFault {
        rule: Some(2),
        rule_priority: Some(5),
        field: "selection.countUnit".into(),
        fault: "missing".into(),
    };
    assert_eq!(
        serde_json::to_value(&fault).unwrap(),
        json!({"rule": 2, "rulePriority": 5, "field": "selection.countUnit", "fault": "missing"})
    );
}

#[test]
fn a_policy_prints_back_as_ecrs_json() {
    let written = json!({"rules": [
        {
            "rulePriority": 9,
            "selection": {"tagStatus": "any", "storageClass": "archive", "countType": "sinceImageTransitioned",
                "countUnit": "days", "countNumber": 90},
            "action": {"type": "expire"}
        },
        {
            "rulePriority": 2, "description": "old",
            "selection": {"tagStatus": "tagged", "tagPatternList": ["a*"], "storageClass": "standard",
                "countType": "sinceImagePulled", "countUnit": "days", "countNumber": 3},
            "action": {"type": "transition", "targetStorageClass": "archive"}
        },
    ]});
    assert_eq!(
        Policy::parse(&written).unwrap().to_string(),
        "{\"rules\":[\
         {\"rulePriority\":2,\"description\":\"old\",\"selection\":{\"tagStatus\":\"tagged\",\"tagPatternList\":[\"a*\"],\"countType\":\"sinceImagePulled\",\"countUnit\":\"days\",\"countNumber\":3},\"action\":{\"type\":\"transition\",\"targetStorageClass\":\"archive\"}},\
         {\"rulePriority\":9,\"selection\":{\"tagStatus\":\"any\",\"storageClass\":\"archive\",\"countType\":\"sinceImageTransitioned\",\"countUnit\":\"days\",\"countNumber\":90},\"action\":{\"type\":\"expire\"}}]}"
    );
}

/// JSON of a policy's words, put together by chance.
fn noise() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "rules",
        "rulePriority",
        "selection",
        "action",
        "type",
        "tagStatus",
        "tagged",
        "untagged",
        "any",
        "tagPrefixList",
        "tagPatternList",
        "countType",
        "sinceImagePushed",
        "imageCountMoreThan",
        "countUnit",
        "days",
        "countNumber",
        "expire",
        "transition",
        "storageClass",
        "archive",
        "a*",
    ]);
    let leaf = prop_oneof![
        word.clone().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!(1)),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..7).prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_policy_that_is_read_prints_back_the_same(policy in super::oracle::policies()) {
        let printed = policy.to_string();
        prop_assert_eq!(printed.parse::<Policy>(), Ok(policy.clone()));
        prop_assert_eq!(serde_json::to_string(&policy).unwrap(), printed);
    }

    #[test]
    fn whatever_comes_is_read_or_refused_with_a_reason(value in noise(), text in any::<String>()) {
        for read in [Policy::parse(&value), Policy::parse(&json!({"rules": [value]})), text.parse()] {
            if let Err(faults) = read {
                prop_assert!(!faults.is_empty());
                prop_assert!(faults.iter().all(|fault| !fault.fault.is_empty()));
            }
        }
    }
}
