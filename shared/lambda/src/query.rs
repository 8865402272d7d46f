//! `?query=`: a JMESPath expression over the body, as the AWS CLI's `--query`.

use serde_json::Value;
use shared::Problem;

/// The longest expression, in characters.
const LONGEST: usize = 1_000;
/// The most signs that can nest one expression in another: parser and interpreter recurse, and a
/// stack that overflows ends the process.
const NESTING: usize = 64;

/// A compiled expression.
pub(crate) struct Query(jmespath::Expression<'static>);

impl Query {
    /// Compiles an expression; the error points at the place of its fault.
    pub(crate) fn new(text: &str) -> Result<Self, Problem> {
        if text.chars().count() > LONGEST {
            return Err(Problem::bad_request(format!("query: longer than {LONGEST} characters")));
        }
        let nesting = text.chars().filter(|c| "([{!&|.".contains(*c)).count();
        if nesting > NESTING {
            return Err(Problem::bad_request(format!("query: more than {NESTING} of ( [ {{ ! & | . in it")));
        }
        jmespath::compile(text).map(Self).map_err(|fault| at_place(&fault))
    }

    /// The expression's value on `body`.
    pub(crate) fn of(&self, body: Value) -> Result<Value, Problem> {
        let found = self.0.search(body).map_err(|fault| at_place(&fault))?;
        serde_json::to_value(&found).map_err(|e| Problem::bad_request(format!("query: no JSON value: {e}")))
    }
}

fn at_place(fault: &jmespath::JmespathError) -> Problem {
    let reason = match &fault.reason {
        jmespath::ErrorReason::Parse(text) => text.clone(),
        jmespath::ErrorReason::Runtime(error) => error.to_string(),
    };
    Problem::bad_request(format!(
        "query: line {}, column {}: {reason} in {:?}",
        fault.line + 1,
        fault.column + 1,
        fault.expression
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_expression_written_for_the_aws_cli_works_unchanged() {
        let body = json!({"clusters": [{"clusterName": "prod", "runningTasksCount": 3, "status": "ACTIVE"}]});
        let query = Query::new("clusters[*].[clusterName,runningTasksCount]").unwrap();
        assert_eq!(query.of(body.clone()).unwrap(), json!([["prod", 3]]));
        let query = Query::new("clusters[*].{name:clusterName}").unwrap();
        assert_eq!(query.of(body).unwrap(), json!([{"name": "prod"}]));
    }

    #[test]
    fn a_bad_expression_points_at_its_place() {
        let detail = Query::new("clusters[*").err().unwrap().detail;
        assert!(detail.starts_with("query: line 1, column 1"), "{detail}");
    }

    #[test]
    fn the_deepest_expression_that_is_let_in_is_answered() {
        for sign in ["(", "[", "{", "!", "&", "a.", "a|", "a[", "a[?", "a||", "{a:", "length("] {
            for times in [NESTING / 2, NESTING, NESTING + 1, LONGEST] {
                let _ = Query::new(&sign.repeat(times));
            }
        }
        let chain = format!("{}a", "a.".repeat(NESTING));
        assert_eq!(Query::new(&chain).unwrap().of(json!({"a": 1})).unwrap(), Value::Null);
        assert!(Query::new(&format!("a.{chain}")).is_err());
        assert!(Query::new(&"x".repeat(LONGEST + 1)).is_err());
    }
}
