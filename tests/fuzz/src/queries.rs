//! `?query=`: JMESPath expressions over a body.

use std::sync::LazyLock;

use serde_json::{Value, json};
use shared::Code;
use shared::call::{LARGEST_ANSWER, quoted_len};
use shared_lambda::Query;

use crate::inputs::{first_line, text};

/// What is asked where the input brings no body.
static BODY: LazyLock<Value> = LazyLock::new(|| {
    let services: Vec<Value> = (0..12)
        .map(|n| {
            let tags = json!([{"key": "team", "value": format!("t{}", n % 3)}]);
            json!({"serviceName": format!("s{n:02}"), "desiredCount": n, "status": "ACTIVE", "tags": tags,
                   "steward": {"state": if n % 2 == 0 { "on" } else { "off" }, "next": Value::Null}})
        })
        .collect();
    json!({"clusters": [{"clusterName": "prod", "runningTasksCount": 3.5}], "services": services,
           "failures": [], "é": "ü"})
});

/// The first line is an expression, the rest a body. A value is JSON and fits an answer; a fault is the caller's, and
/// points at a place in the expression.
pub(crate) fn queries(bytes: &[u8]) {
    let text = text(bytes);
    let (expression, body) = first_line(&text);
    let body = serde_json::from_str(body).unwrap_or_else(|_| BODY.clone());
    let found = Query::new(expression).and_then(|query| query.json_of(body));
    match found {
        Ok(value) => {
            assert!(quoted_len(&value) <= LARGEST_ANSWER, "{expression:?}");
            assert!(serde_json::from_str::<Value>(&value).is_ok(), "{expression:?}: {value:.200}");
        }
        Err(problem) => {
            assert!(matches!(problem.code, Code::BadRequest | Code::AnswerTooLarge), "{problem:?}");
            let place = problem.detail.split_once("line 1, column ").map(|(_, rest)| rest);
            let column = place.and_then(|rest| rest.split(':').next()).and_then(|column| column.parse().ok());
            let columns = expression.chars().count() + 1;
            assert!(column.is_none_or(|column: usize| (1..=columns).contains(&column)), "{problem:?}");
        }
    }
}
