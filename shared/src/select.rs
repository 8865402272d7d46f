//! Patterns of names, and which services of a cluster a request means.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wildmatch::WildMatchPattern;

use crate::schema;

/// A name, or a pattern in which `*` stands for any run of characters. Anchored at both ends.
///
/// Where `DOTTED`, names hold dots and slashes too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(rename = "Pattern", inline, extend("pattern" = schema::only(letters(DOTTED), 1, longest(DOTTED))))]
pub struct Pattern<const DOTTED: bool>(String);

/// A pattern of clusters, services and families.
pub type NamePattern = Pattern<false>;
/// A pattern of repositories or of tags.
pub type ImagePattern = Pattern<true>;

const fn longest(dotted: bool) -> usize {
    if dotted { 256 } else { 255 }
}

const fn letters(dotted: bool) -> &'static str {
    if dotted { "[A-Za-z0-9_./*-]" } else { "[A-Za-z0-9_*-]" }
}

impl<const DOTTED: bool> Pattern<DOTTED> {
    /// The pattern of every name.
    #[must_use]
    pub fn all() -> Self {
        Self("*".into())
    }

    /// True when the pattern is a plain name.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }

    /// The pattern as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a name matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        // No character stands for one other: `?` is not a letter of any AWS name.
        WildMatchPattern::<'*', '\0'>::new(&self.0).matches(name)
    }
}

impl<const DOTTED: bool> TryFrom<String> for Pattern<DOTTED> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (longest, others) = (longest(DOTTED), if DOTTED { "-, _, ., / and *" } else { "-, _ and *" });
        let plain = |b: u8| match b {
            b'-' | b'_' | b'*' => true,
            b'.' | b'/' => DOTTED,
            b => b.is_ascii_alphanumeric(),
        };
        if (1..=longest).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text))
        } else {
            let shown: String = text.chars().take(80).collect();
            Err(format!("{shown:?} is not a name or a pattern (1 to {longest} letters, digits, {others})"))
        }
    }
}

impl<const DOTTED: bool> FromStr for Pattern<DOTTED> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::try_from(text.to_owned())
    }
}

impl<const DOTTED: bool> fmt::Display for Pattern<DOTTED> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A list of patterns, comma-separated in the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns<const DOTTED: bool>(pub Vec<Pattern<DOTTED>>);

/// Patterns of clusters, services and families.
pub type NamePatterns = Patterns<false>;
/// Patterns of repositories or of tags.
pub type ImagePatterns = Patterns<true>;

impl<const DOTTED: bool> Patterns<DOTTED> {
    /// Whether any of them matches; none of none does.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(name))
    }

    /// True when there is no pattern.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<const DOTTED: bool> FromStr for Patterns<DOTTED> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// Names and tags: the names are or-ed, the tags and-ed, both together and-ed. No selector at
/// all means every service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// Names and patterns; `None` selects by tags alone. Never empty.
    pub services: Option<Vec<NamePattern>>,
    /// Every one must stand on the service; `None` selects by name alone. Never empty.
    pub tags: Option<BTreeMap<String, String>>,
}

impl Selector {
    /// A selector of a request's two fields; an empty list or object is an error, because it
    /// reads as "nothing" and would mean "everything".
    pub fn new(
        services: Option<Vec<NamePattern>>,
        tags: Option<BTreeMap<String, String>>,
    ) -> Result<Self, String> {
        if services.as_ref().is_some_and(Vec::is_empty) {
            return Err("\"services\" is empty: name at least one, or leave it out to mean all".into());
        }
        if tags.as_ref().is_some_and(BTreeMap::is_empty) {
            return Err("\"tags\" is empty: name at least one, or leave it out to mean all".into());
        }
        Ok(Self { services, tags })
    }

    /// Whether a service is selected by its name.
    #[must_use]
    pub fn takes_name(&self, name: &str) -> bool {
        self.services.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(name)))
    }

    /// Whether a service is selected by its tags.
    #[must_use]
    pub fn takes_tags(&self, tags: &BTreeMap<String, String>) -> bool {
        self.tags.as_ref().is_none_or(|wanted| wanted.iter().all(|(key, value)| tags.get(key) == Some(value)))
    }

    /// The names that must exist, when names alone are asked for and none is a pattern.
    #[must_use]
    pub fn exact_names(&self) -> Option<Vec<&str>> {
        let patterns = self.services.as_ref()?;
        patterns.iter().all(NamePattern::is_exact).then(|| patterns.iter().map(NamePattern::as_str).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> NamePattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_pattern_is_anchored_and_its_star_spans_any_run() {
        for (text, name, takes) in [
            ("users", "users", true),
            ("users", "users2", false),
            ("api-*", "api-", true),
            ("api-*", "my-api-v1", false),
            ("*-api-*", "my-api-v1", true),
            ("*", "x", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "acb", false),
            ("Users", "users", false),
        ] {
            assert_eq!(pattern(text).matches(name), takes, "{text} on {name}");
        }
    }

    #[test]
    fn what_no_name_could_match_is_refused() {
        for text in ["", "a b", "a?", "a/b", "arn:aws:ecs:x:1:service/a", "é"] {
            assert!(text.parse::<NamePattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_of_images_holds_dots_and_slashes_too() {
        let pattern: ImagePattern = "team/*-v1.*".parse().unwrap();
        assert!(pattern.matches("team/a/users-v1.2") && !pattern.matches("teams/users-v1.2"));
        for text in ["", "a b", "a?", "a:b", "é", &"a".repeat(257)] {
            assert!(text.parse::<ImagePattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_ored_tags_are_anded_and_both_are_anded() {
        let tags =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let selector = Selector::new(
            Some(vec![pattern("users"), pattern("api-*")]),
            Some(tags(&[("team", "a"), ("env", "dev")])),
        )
        .unwrap();
        assert!(
            selector.takes_name("users") && selector.takes_name("api-1") && !selector.takes_name("posts")
        );
        assert!(selector.takes_tags(&tags(&[("team", "a"), ("env", "dev"), ("x", "y")])));
        assert!(!selector.takes_tags(&tags(&[("team", "a")])));
        assert!(Selector::default().takes_name("anything") && Selector::default().takes_tags(&tags(&[])));
    }

    #[test]
    fn names_are_known_beforehand_only_where_all_are_given_and_none_is_a_pattern() {
        let selected =
            |texts: &[&str]| Selector::new(Some(texts.iter().copied().map(pattern).collect()), None).unwrap();
        assert_eq!(selected(&["users", "posts"]).exact_names(), Some(vec!["users", "posts"]));
        assert_eq!(selected(&["users", "api-*"]).exact_names(), None);
        assert_eq!(Selector::default().exact_names(), None);
    }

    #[test]
    fn an_empty_list_or_object_is_refused_because_it_would_mean_everything() {
        assert!(Selector::new(Some(vec![]), None).is_err());
        assert!(Selector::new(None, Some(BTreeMap::new())).is_err());
    }
}
