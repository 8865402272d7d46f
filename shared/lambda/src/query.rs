//! `?query=`: a JMESPath expression over the body, which means what the AWS CLI's `--query` means.
//!
//! The `jmespath` crate parses. What an expression is worth is worked out here, because the crate differs
//! from the CLI's engine (jmespath.py) in what people use, such as the order of texts, and because it sets
//! no bound on what an expression may cost. `tests/jmespath/` holds a table of what jmespath.py answers.

mod evaluate;
mod functions;
mod literals;
mod value;

use jmespath::ast::Ast;
use jmespath::{ErrorReason, JmespathError};
use serde_json::Value;
use shared::call::{LARGEST_ANSWER, bounded_json};
use shared::{Code, Problem};

use crate::query::evaluate::Evaluation;
use crate::query::literals::Shifts;
use crate::query::value::Datum;

/// The longest expression, in characters.
const LONGEST: usize = 1_000;
/// The most signs that can nest one expression in another: parser and interpreter recurse, and a
/// stack that overflows ends the process.
const NESTING: usize = 64;

/// A compiled expression.
#[derive(Debug)]
pub struct Query {
    /// As it was sent.
    text: String,
    /// Where what was parsed differs from that.
    shifts: Shifts,
    ast: Ast,
}

/// What is wrong with an expression, and where.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    /// In bytes, from the start of what was parsed.
    offset: usize,
    reason: String,
}

impl Query {
    /// Compiles an expression; the error points at the place of its fault.
    pub fn new(text: &str) -> Result<Self, Problem> {
        if text.chars().count() > LONGEST {
            return Err(Problem::bad_request(format!("query: longer than {LONGEST} characters")));
        }
        let nesting = text.chars().filter(|c| "([{!&|.".contains(*c)).count();
        if nesting > NESTING {
            return Err(Problem::bad_request(format!("query: more than {NESTING} of ( [ {{ ! & | . in it")));
        }
        let literals = literals::as_json(text);
        let parsed = jmespath::parse(&literals.text)
            .map_err(|fault| Fault { offset: fault.offset, reason: said(&fault) })
            .and_then(|ast| functions::check(&ast).map(|()| ast));
        let ast = parsed.map_err(|fault| at_place(text, &literals.shifts, &fault))?;
        Ok(Self { text: text.to_owned(), shifts: literals.shifts, ast })
    }

    /// The expression's value on `body`, as JSON.
    ///
    /// # Errors
    ///
    /// A function that does not take what it is given; a value or a way to it that is out of bounds.
    pub fn json_of(&self, body: Value) -> Result<String, Problem> {
        let mut evaluation = Evaluation::default();
        let found = evaluation
            .value(&self.ast, &Datum::from(body))
            .map_err(|fault| at_place(&self.text, &self.shifts, &fault))?;
        bounded_json(&found, LARGEST_ANSWER).ok_or_else(|| {
            let detail =
                "the query's value is larger than Lambda carries: let it choose less, or page with limit=";
            Problem::new(Code::AnswerTooLarge, detail)
        })
    }
}

fn said(fault: &JmespathError) -> String {
    match &fault.reason {
        ErrorReason::Parse(text) => text.clone(),
        ErrorReason::Runtime(error) => error.to_string(),
    }
}

fn at_place(text: &str, shifts: &Shifts, fault: &Fault) -> Problem {
    let before = text.get(..shifts.as_sent(fault.offset)).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    Problem::bad_request(format!("query: line {line}, column {column}: {} in {text:?}", fault.reason))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(text: &str, body: Value) -> Result<Value, Problem> {
        Query::new(text)?.json_of(body).map(|text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn an_expression_written_for_the_aws_cli_works_unchanged() {
        let body = json!({"clusters": [{"clusterName": "prod", "runningTasksCount": 3, "status": "ACTIVE"}]});
        let found = of("clusters[*].[clusterName,runningTasksCount]", body.clone()).unwrap();
        assert_eq!(found, json!([["prod", 3]]));
        assert_eq!(of("clusters[*].{name:clusterName}", body).unwrap(), json!([{"name": "prod"}]));
    }

    #[test]
    fn fields_keep_the_order_in_which_they_are_asked_for_and_stand() {
        let query = Query::new("{service: name, desired: count, all: *}").unwrap();
        let text = query.json_of(json!({"name": "users", "count": 2, "a": 1})).unwrap();
        assert_eq!(text, r#"{"service":"users","desired":2,"all":["users",2,1]}"#);
    }

    #[test]
    fn a_bad_expression_points_at_its_place() {
        for (text, place, says) in [
            ("clusters[*", "line 1, column 11", "Expected"),
            ("a == `x` && b = c", "line 1, column 15", "'='"),
            ("a ==\n lenght(@)", "line 2, column 2", "lenght"),
            ("length(a, b)", "line 1, column 1", "1 argument"),
            ("not_null()", "line 1, column 1", "at least 1 argument"),
        ] {
            let detail = Query::new(text).unwrap_err().detail;
            assert!(detail.starts_with(&format!("query: {place}: ")) && detail.contains(says), "{detail}");
        }
    }

    #[test]
    fn what_a_function_does_not_take_is_said_with_its_place() {
        for (text, column) in [("b.abs(@)", 3), ("c==`é` || b.abs(@)", 13), ("c==`  é` || b.abs(@)", 15)] {
            let detail = of(text, json!({"b": "x"})).unwrap_err().detail;
            let says = format!("column {column}: abs() does not take (string)");
            assert!(detail.contains(&says), "{detail}");
        }
    }

    #[test]
    fn the_deepest_expression_that_is_let_in_is_answered() {
        for sign in ["(", "[", "{", "!", "&", "a.", "a|", "a[", "a[?", "a||", "{a:", "length("] {
            for times in [NESTING / 2, NESTING, NESTING + 1, LONGEST] {
                let _ = Query::new(&sign.repeat(times));
            }
        }
        let chain = format!("{}a", "a.".repeat(NESTING));
        assert_eq!(of(&chain, json!({"a": 1})).unwrap(), Value::Null);
        assert!(Query::new(&format!("a.{chain}")).is_err());
        assert!(Query::new(&"x".repeat(LONGEST + 1)).is_err());
    }

    /// What jmespath.py answers, which is the AWS CLI's engine. `tests/jmespath/make.py` makes it anew.
    #[test]
    fn every_expression_is_worth_what_the_aws_cli_makes_of_it() {
        let table: Value = serde_json::from_str(include_str!("../tests/jmespath/expected.json")).unwrap();
        let (mut all, mut differ) = (0, Vec::new());
        for group in table["groups"].as_array().unwrap() {
            for case in group["cases"].as_array().unwrap() {
                let expression = case["expression"].as_str().unwrap();
                let found = of(expression, group["document"].clone()).ok();
                all += 1;
                if !are_same(found.as_ref(), case.get("value")) {
                    differ.push(format!("{expression}: {found:?}, and not {:?}", case.get("value")));
                }
            }
        }
        println!("{all} expressions, {} differ", differ.len());
        assert!(differ.is_empty(), "{}", differ.join("\n"));
    }

    /// Numbers are the same where they are equal, whole or not.
    fn are_same(one: Option<&Value>, other: Option<&Value>) -> bool {
        match (one, other) {
            (None, None) => true,
            (Some(Value::Number(one)), Some(Value::Number(other))) => one.as_f64() == other.as_f64(),
            (Some(Value::Array(one)), Some(Value::Array(other))) => {
                one.len() == other.len() && one.iter().zip(other).all(|(a, b)| are_same(Some(a), Some(b)))
            }
            (Some(Value::Object(one)), Some(Value::Object(other))) => {
                one.len() == other.len() && one.iter().all(|(name, a)| are_same(Some(a), other.get(name)))
            }
            (one, other) => one == other,
        }
    }

    #[test]
    fn an_expression_that_would_fill_the_memory_is_refused() {
        let body = json!({"tasks": (0..1_000).map(|n| json!({"id": n})).collect::<Vec<_>>()});
        let many = |stage: &str, times| vec![stage; times].join("|");
        for text in [
            // A value of a hundred characters that prints as gigabytes.
            many("[@,@,@,@,@,@,@,@]", 7),
            many("[@,@,@,@,@,@,@,@]", 20),
            // Lists that grow with each stage.
            many("[@,@,@,@,@,@,@,@]|[]", 15),
            // Elements that are gone through again and again.
            format!("{}|[*][*][*][*][*][*][*][*]", many("[@,@,@,@,@,@,@,@]", 10)),
            // Texts that grow.
            format!("to_string(@)|{}", many("join('',[@,@,@,@,@,@,@,@])", 15)),
            many("to_string([@,@,@,@,@,@,@,@])", 12),
            // Comparisons of values that are deep and equal but not the same.
            format!("[{0},{0}]|[0]==[1]", format!("({})", many("[@,@,@,@]", 14))),
        ] {
            let problem = of(&text, body.clone()).unwrap_err();
            assert!(matches!(problem.code, Code::BadRequest | Code::AnswerTooLarge), "{text}: {problem:?}");
        }
    }
}
