//! `Accept`: JSON for programs, a table or a page for people, nothing else.

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
    /// `text/html`.
    Html,
}

impl Accept {
    /// What a read is offered as, in the order in which equal wishes are met.
    pub(crate) const READ: &[Self] = &[Self::Json, Self::Text, Self::Html];
    /// What a change is reported as. A page changes nothing, so nothing that changes is answered as one.
    pub(crate) const CHANGE: &[Self] = &[Self::Json, Self::Text];
    /// What a problem is told as.
    pub(crate) const PROBLEM: &[Self] = &[Self::Json, Self::Html];

    fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::Text => ("text", "plain"),
            Self::Html => ("text", "html"),
        }
    }

    /// Of what is offered, the type with the greatest weight; the most specific range of a type says its weight.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc9110#name-accept>
    pub(crate) fn of(headers: &HeaderMap, offered: &[Self]) -> Result<Self, Problem> {
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
        for accept in offered {
            let (kind, subtype) = accept.media_type();
            let weight = weight(kind, subtype);
            if weight > best.map_or(0, |(_, weight)| weight) {
                best = Some((*accept, weight));
            }
        }
        best.map(|(accept, _)| accept).ok_or_else(|| {
            let shown: String = values.join(",").chars().take(200).collect();
            let page = if offered.contains(&Self::Html) { ", or text/html as a page" } else { "" };
            let detail =
                format!("accept {shown:?}: the answer is application/json, or text/plain as a table{page}");
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

    fn accept(text: &str, offered: &[Accept]) -> Option<Accept> {
        let mut headers = HeaderMap::new();
        headers.insert("accept", text.parse().unwrap());
        Accept::of(&headers, offered).ok()
    }

    #[test]
    fn json_is_the_default_the_others_are_for_who_asks_and_nothing_else_is_acceptable() {
        assert_eq!(Accept::of(&HeaderMap::new(), Accept::READ).unwrap(), Accept::Json);
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
            ("application/json;q=0, */*", Some(Accept::Text)),
            ("application/xml;q=1.0", None),
            ("application/json;q=0", None),
            ("application/json;q=2", None),
            ("nonsense", Some(Accept::Json)),
        ] {
            assert_eq!(accept(text, Accept::READ), expected, "{text}");
            assert_eq!(accept(text, Accept::CHANGE), expected, "{text}");
        }
    }

    #[test]
    fn a_browser_gets_a_page_of_what_is_read_and_none_of_what_changes() {
        // As Firefox and Chromium send it.
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8";
        for (text, read, change, problem) in [
            (browser, Some(Accept::Html), Some(Accept::Json), Some(Accept::Html)),
            ("text/html", Some(Accept::Html), None, Some(Accept::Html)),
            ("text/html, */*;q=0.1", Some(Accept::Html), Some(Accept::Json), Some(Accept::Html)),
            ("text/html;q=0.5, text/plain", Some(Accept::Text), Some(Accept::Text), Some(Accept::Html)),
            ("text/html;q=0.5, */*", Some(Accept::Json), Some(Accept::Json), Some(Accept::Json)),
            ("text/html;q=0", None, None, None),
            ("text/*", Some(Accept::Text), Some(Accept::Text), Some(Accept::Html)),
        ] {
            assert_eq!(accept(text, Accept::READ), read, "{text}");
            assert_eq!(accept(text, Accept::CHANGE), change, "{text}");
            assert_eq!(accept(text, Accept::PROBLEM), problem, "{text}");
        }
    }
}
