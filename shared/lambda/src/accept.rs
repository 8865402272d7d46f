//! `Accept`: JSON for programs, a table for people, nothing else.

use lambda_http::http::HeaderMap;
use shared::{Code, Problem};

/// What the caller wants to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Accept {
    /// `application/json`, the default.
    #[default]
    Json,
    /// `text/plain`.
    Text,
}

impl Accept {
    /// What is offered, in the order in which equal wishes are met.
    const OFFERED: [(Self, &'static str, &'static str); 2] =
        [(Self::Json, "application", "json"), (Self::Text, "text", "plain")];

    /// The type with the greatest weight; the most specific range of a type says its weight.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc9110#name-accept>
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let values: Vec<&str> = headers.get_all("accept").iter().filter_map(|v| v.to_str().ok()).collect();
        let ranges: Vec<_> = values.iter().flat_map(|value| value.split(',')).filter_map(range).collect();
        if ranges.is_empty() {
            return Ok(Self::default());
        }
        let weight = |kind: &str, subtype: &str| {
            let specific = |range: &Range| match (range.kind.as_str(), range.subtype.as_str()) {
                (k, s) if k == kind && s == subtype => Some(2),
                (k, "*") if k == kind => Some(1),
                ("*", "*") => Some(0),
                _ => None,
            };
            ranges
                .iter()
                .filter_map(|range| specific(range).map(|n| (n, range.weight)))
                .max_by_key(|(n, _)| *n)
                .map_or(0, |(_, weight)| weight)
        };
        let mut best = None;
        for (accept, kind, subtype) in Self::OFFERED {
            let weight = weight(kind, subtype);
            if weight > best.map_or(0, |(_, weight)| weight) {
                best = Some((accept, weight));
            }
        }
        best.map(|(accept, _)| accept).ok_or_else(|| {
            let shown: String = values.join(",").chars().take(200).collect();
            let detail =
                format!("accept {shown:?}: the answer is application/json, or text/plain as a table");
            Problem::new(Code::NotAcceptable, detail)
        })
    }
}

struct Range {
    kind: String,
    subtype: String,
    /// In thousandths.
    weight: u32,
}

/// A range; types and parameters are the same in either case.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9110#name-media-type>
fn range(text: &str) -> Option<Range> {
    let text = text.to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let (kind, subtype) = parts.next()?.split_once('/')?;
    let weight = parts.find_map(|parameter| parameter.strip_prefix("q=")).map_or(1_000, thousandths);
    Some(Range { kind: kind.to_owned(), subtype: subtype.to_owned(), weight })
}

/// A weight has at most three decimals; what is no weight is none.
fn thousandths(text: &str) -> u32 {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    match format!("{whole}{decimals:0<3}").parse() {
        Ok(weight) if decimals.len() <= 3 && weight <= 1_000 => weight,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(text: &str) -> Option<Accept> {
        let mut headers = HeaderMap::new();
        headers.insert("accept", text.parse().unwrap());
        Accept::of(&headers).ok()
    }

    #[test]
    fn json_is_the_default_a_table_is_for_who_asks_and_nothing_else_is_acceptable() {
        assert_eq!(Accept::of(&HeaderMap::new()).unwrap(), Accept::Json);
        for (text, expected) in [
            ("*/*", Some(Accept::Json)),
            ("application/json", Some(Accept::Json)),
            ("application/*", Some(Accept::Json)),
            ("text/plain", Some(Accept::Text)),
            ("TEXT/PLAIN", Some(Accept::Text)),
            ("Text/Plain, Application/JSON;Q=0.9", Some(Accept::Text)),
            ("text/*;q=0.5, image/png", Some(Accept::Text)),
            ("text/plain, application/json", Some(Accept::Json)),
            ("text/plain, application/json;q=0.9", Some(Accept::Text)),
            ("text/html, */*;q=0.1", Some(Accept::Json)),
            ("application/json;q=0, */*", Some(Accept::Text)),
            ("text/html", None),
            ("application/xml;q=1.0", None),
            ("application/json;q=0", None),
            ("application/json;q=2", None),
            ("nonsense", Some(Accept::Json)),
        ] {
            assert_eq!(accept(text), expected, "{text}");
        }
    }
}
