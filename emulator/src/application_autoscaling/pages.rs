//! Pages: 50 items at most, and 50 without `MaxResults`.

use crate::api_error::ApiError;
use crate::application_autoscaling::invalid;
use crate::ecs::pages::{key, token};

const MOST: usize = 50;

/// One page of items in ascending order of their keys, and the token of the next.
pub(super) fn page<'a, T>(
    items: impl Iterator<Item = (String, &'a T)>,
    next_token: Option<&str>,
    max_results: Option<i64>,
) -> Result<(Vec<&'a T>, Option<String>), ApiError> {
    let size = match max_results {
        None => MOST,
        Some(n) => usize::try_from(n)
            .ok()
            .filter(|n| (1..=MOST).contains(n))
            .ok_or_else(|| invalid(format!("MaxResults must be between 1 and {MOST}")))?,
    };
    let after = match next_token {
        None => String::new(),
        Some(token) => {
            key(token).ok_or_else(|| ApiError::client("InvalidNextTokenException", "Invalid next token"))?
        }
    };
    let mut items = items.skip_while(|(key, _)| *key <= after);
    let mut last = String::new();
    let mut page = Vec::new();
    for (key, item) in items.by_ref().take(size) {
        last = key;
        page.push(item);
    }
    let next = items.next().map(|_| token(&last));
    Ok((page, next))
}
