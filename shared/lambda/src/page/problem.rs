//! A problem as a page.

use maud::{Markup, html};
use shared::plain::plain;
use shared::problem::ProblemDetails;

use super::answer::{action, value};
use super::{Asked, facts};

/// What went wrong, and what to do instead.
pub(crate) fn of_problem(problem: &ProblemDetails, asked: &Asked) -> Markup {
    let again = if problem.retryable { "yes" } else { "no" };
    let figures = [
        ("Status".to_owned(), html! { (problem.status) }),
        ("Code".to_owned(), html! { code { (problem.code.as_str()) } }),
        ("May go well later".to_owned(), html! { (again) }),
        ("Request".to_owned(), html! { code { (plain(&problem.request_id)) } }),
    ];
    html! {
        div.told { p { (plain(&problem.detail)) } }
        (facts(&figures))
        @if !problem.actions.is_empty() {
            h2 { "What would help" }
            ul { @for one in &problem.actions { li { (action(one.method, &one.path, &one.body)) } } }
        }
        @if !problem.failures.is_empty() {
            h2 { "Failures" }
            @for failure in &problem.failures { (value(failure, asked)) }
        }
    }
}
