//! Pages of a list, and the tokens between them.

use crate::api_error::ApiError;
use crate::ecs::errors::invalid;

/// The token of the page that begins after this key. It keeps its meaning when items come and go.
pub(crate) fn token(last: &str) -> String {
    use std::fmt::Write as _;
    let mut token = String::from("t");
    for byte in last.bytes() {
        // Writing into a String cannot fail.
        let _ = write!(token, "{byte:02x}");
    }
    token
}

/// The key that a token holds.
pub(crate) fn key(token: &str) -> Option<String> {
    let digits = token.strip_prefix('t')?.as_bytes();
    let bytes: Option<Vec<u8>> =
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    String::from_utf8(bytes?).ok()
}

/// How many items a page may have: `max_results` within 1..=`limit`, else `default`.
pub(crate) fn size(max_results: Option<i64>, default: usize, limit: usize) -> Result<usize, ApiError> {
    match max_results {
        None => Ok(default),
        Some(n) => usize::try_from(n)
            .ok()
            .filter(|n| (1..=limit).contains(n))
            .ok_or_else(|| invalid(format!("maxResults must be between 1 and {limit}."))),
    }
}

/// One page of these keys, which come in ascending order, and the token of the next.
pub(crate) fn page(
    keys: impl Iterator<Item = String>,
    next_token: Option<&str>,
    size: usize,
) -> Result<(Vec<String>, Option<String>), ApiError> {
    let after = match next_token {
        None => String::new(),
        Some(token) => key(token).ok_or_else(|| invalid("Invalid token."))?,
    };
    let mut keys = keys.skip_while(|k| *k <= after);
    let page: Vec<String> = keys.by_ref().take(size).collect();
    let next = match (keys.next(), page.last()) {
        (Some(_), Some(last)) => Some(token(last)),
        _ => None,
    };
    Ok((page, next))
}
