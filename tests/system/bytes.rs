//! Any event at all gets an answer, a 4xx or a clean Lambda error, never a panic; and none that
//! is not well-formed changes anything.

use emulator::{Aws, World};
use local::Sent;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::fixture::{Fixture, prod_with_users};
use crate::openapi;

const WORDS: [&str; 28] = [
    "action",
    "cluster",
    "clusters",
    "service",
    "services",
    "tags",
    "desiredCount",
    "dryRun",
    "at",
    "schedule",
    "maxAge",
    "reason",
    "onBehalfOf",
    "force",
    "httpMethod",
    "requestContext",
    "resource",
    "pathParameters",
    "body",
    "isBase64Encoded",
    "stop",
    "start",
    "scale",
    "prod",
    "users",
    "*",
    "POST",
    "/v1/clusters/{cluster}/stop",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(WORDS.to_vec()).prop_map(str::to_owned),
        1 => ".{0,12}",
        1 => Just("2026-11-24T23:00:00Z".to_owned()),
        1 => Just("arn:aws:ecs:sa-east-1:123456789012:service/prod/users".to_owned()),
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn on_a_fixture<T>(run: impl AsyncFnOnce(Fixture) -> T) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async { run(Fixture::at(Aws::new(prod_with_users())).await).await })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_json_at_all_is_answered_by_every_function(event in json_value()) {
        on_a_fixture(async |fixture| {
            for function in ["scale-service", "describe-cluster"] {
                let _ = fixture.system.invoke(function, event.clone()).await;
            }
        });
    }

    #[test]
    fn any_bytes_as_a_body_path_or_query_get_a_clean_answer(
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..64),
            json_value().prop_map(|value| value.to_string().into_bytes()),
        ],
        name in "[ -~]{0,20}",
        query in "[ -~]{0,40}",
    ) {
        on_a_fixture(async |fixture| {
            let name = name.replace(['/', '?'], "");
            for path in [
                "/v1/clusters/prod/services/users/scale".to_owned(),
                format!("/v1/clusters/prod/services/{name}/scale"),
                format!("/v1/clusters/prod/services/users/scale?{query}"),
            ] {
                let sent = Sent { method: "PUT".into(), path, headers: Vec::new(), body: body.clone() };
                let answer = openapi::request(&fixture.system, &sent).await;
                assert!(answer.status < 500, "{sent:?}: {} {}", answer.status, answer.body);
            }
            let answer = fixture.get(&format!("/v1/clusters?query={query}")).await;
            assert!(answer.status < 500, "{query}: {}", answer.body);
        });
    }
}

/// What such tests have found before, and what is known to break other parsers.
#[tokio::test(start_paused = true)]
async fn known_oddities_are_answered() {
    let fixture = Fixture::on(World::demo()).await;
    for event in [
        json!(null),
        json!({}),
        json!({"httpMethod": null, "requestContext": null}),
        json!({"httpMethod": "POST", "requestContext": {}}),
        json!({"httpMethod": "POST", "requestContext": {"httpMethod": "POST"}, "body": 7}),
        json!({"action": "stop", "cluster": {"$ne": null}}),
        json!({"action": "stop", "clusters": ["*".repeat(255)]}),
        json!({"action": "stop", "cluster": "microservices", "tags": {"": ""}}),
        json!({"action": "scale", "cluster": "microservices", "service": "users", "desiredCount": 4_294_967_296_u64}),
        json!({"action": "stop", "cluster": "microservices", "at": "9999-12-31T23:59:59Z"}),
        json!({"action": "stop", "cluster": "microservices", "at": "-009999-01-01T00:00:00Z", "maxAge": "P9999W"}),
        json!({"action": "stop", "cluster": "microservices", "at": "2026-11-24T12:00:00Z", "maxAge": "P1000000W"}),
        json!({"action": "reconcile", "clusters": ["*"], "dryRun": true, "at": "9999-12-30T22:00:00Z"}),
        json!({"action": "reconcile", "clusters": ["*"], "dryRun": true, "at": "-009999-01-02T02:00:00Z"}),
        json!({"action": "previewSchedule", "schedule": "Mon-Fri 20:00-08:00 Pacific/Apia", "at": "9999-12-30T22:00:00Z", "count": 100}),
        json!({"action": "previewSchedule", "schedule": "never", "at": "-009999-01-02T02:00:00Z"}),
        json!({"action": "previewSchedule", "schedule": "Sun 00:00-24:00 UTC", "at": "-009999-01-02T02:00:00Z", "count": u64::MAX}),
        json!({"action": "putOverride", "cluster": "microservices", "state": "on", "for": "P1000000W"}),
        json!({"action": "putOverride", "cluster": "microservices", "state": "on", "until": "9999-12-30T22:00:00Z"}),
    ] {
        let _ = fixture.scale(event).await;
    }
    for query in [
        "@",
        "length(@)",
        "clusters[?",
        "clusters[::0]",
        "to_number('x')",
        "sort_by(clusters,&foo)",
        "`",
        "max(clusters)",
    ] {
        let encoded = query.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
        let answer = fixture.get(&format!("/v1/clusters?query={encoded}")).await;
        assert!(answer.status < 500, "{query}: {} {}", answer.status, answer.body);
    }
}
