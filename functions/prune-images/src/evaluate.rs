//! A policy on a list of images, with no registry at all.

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::Problem;
use shared::lifecycle::{Verdict, check, evaluate};

use crate::policies;
use crate::request::EvaluateFields;

/// What the policy says of each image, in the request's order.
pub fn answer(fields: &EvaluateFields, now: Timestamp) -> Result<Value, Problem> {
    let policy = policies::parse(&fields.policy)?;
    let faults = check(&fields.images);
    if let Some(first) = faults.first() {
        let mut problem = Problem::bad_request(format!("images: no repository can hold them: {first}"));
        problem.failures = faults.iter().filter_map(|fault| serde_json::to_value(fault).ok()).collect();
        return Err(problem);
    }
    let decisions = evaluate(&policy, &fields.images, fields.at.unwrap_or(now));
    let of = |verdict| decisions.iter().filter(|decision| decision.verdict == verdict).count();
    let images = if decisions.len() == 1 { "1 image".into() } else { format!("{} images", decisions.len()) };
    let (expire, archive, keep) = (of(Verdict::Expire), of(Verdict::Archive), of(Verdict::Keep));
    let summary =
        format!("{images}: {expire} would expire, {archive} would be archived, {keep} would be kept");
    Ok(json!({ "summary": summary, "images": decisions }))
}
