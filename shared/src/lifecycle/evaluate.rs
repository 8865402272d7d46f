//! A policy on a list of images.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};
use wildmatch::WildMatchPattern;

use super::reasons::reason;
use super::relations::{self, Node, Part};
use super::{Decision, Image, Policy, Rule, RuleCount, Tagging, Verdict};
use crate::image::Tag;

/// A rule's hold on an image. The first that matches it claims it, and no lower one acts on it.
#[derive(Clone, Copy)]
pub(super) struct Claim<'a> {
    pub rule: &'a Rule,
    /// Whether the rule acts on it.
    pub acts: bool,
    /// Its place among the rule's images, from 1, the newest first.
    pub rank: usize,
    /// How many images the rule matches.
    pub of: usize,
}

/// What a policy says of each image, in the order of the images. The order itself does not matter.
///
/// Every rule looks at all images of its storage class, in ascending priority; it claims all that
/// it matches, and acts on those of them that no higher rule has claimed. Then referrers follow
/// their subjects, those whose subject is gone expire, and what an index names stays with it.
#[must_use]
pub fn evaluate(policy: &Policy, images: &[Image], now: Timestamp) -> Vec<Decision> {
    let mut nodes = relations::nodes(images);
    claim(policy, &mut nodes, now);
    for node in &mut nodes {
        node.verdict = match node.claim {
            Some(claim) if claim.acts => claim.rule.action.into(),
            None if node.part == Part::Orphan => Verdict::Expire,
            _ => Verdict::Keep,
        };
    }
    relations::settle(&mut nodes);
    nodes
        .iter()
        .map(|node| Decision {
            digest: node.image.digest.clone(),
            tags: node.image.tags.clone(),
            verdict: node.verdict,
            rule: node.claim.map(|claim| claim.rule.priority),
            reason: reason(node, &nodes),
        })
        .collect()
}

fn claim<'a>(policy: &'a Policy, nodes: &mut [Node<'a>], now: Timestamp) {
    let mut newest_first: Vec<usize> = (0..nodes.len())
        .filter(|place| nodes.get(*place).is_some_and(|node| matches!(node.part, Part::Own)))
        .collect();
    newest_first.sort_by_cached_key(|place| {
        // A registry takes what an index names before the index: of one instant, the index is the newer.
        nodes
            .get(*place)
            .map(|node| (Reverse(node.image.since()), Reverse(node.height), node.image.digest.clone()))
    });
    for rule in &policy.rules {
        let matcher = Matcher::of(rule);
        let matched: Vec<usize> = newest_first
            .iter()
            .filter(|place| nodes.get(**place).is_some_and(|node| matcher.matches(node.image)))
            .copied()
            .collect();
        let of = matched.len();
        for (rank, place) in (1..).zip(matched) {
            if let Some(node) = nodes.get_mut(place).filter(|node| node.claim.is_none()) {
                let acts = match rule.count {
                    RuleCount::ImageCountMoreThan(kept) => {
                        // Wider than any list.
                        usize::try_from(kept).is_ok_and(|kept| rank > kept)
                    }
                    count => is_older(node.image, count, now),
                };
                node.claim = Some(Claim { rule, acts, rank, of });
            }
        }
    }
}

/// What makes an image old for a rule: words for what happened to it, and when.
pub(super) fn age(image: &Image, count: RuleCount) -> Option<(&'static str, Timestamp)> {
    match count {
        RuleCount::ImageCountMoreThan(_) => None,
        RuleCount::SinceImagePushed(_) => Some(match image.last_activated_at {
            Some(restored) => ("restored", restored),
            None => ("pushed", image.pushed_at),
        }),
        // Pulled before it went to the archive says nothing of the time since it came back.
        RuleCount::SinceImagePulled(_) => Some(match (image.last_pulled_at, image.last_activated_at) {
            (Some(pulled), Some(restored)) if pulled < restored => ("not pulled since restored", restored),
            (Some(pulled), _) => ("last pulled", pulled),
            (None, Some(restored)) => ("not pulled since restored", restored),
            (None, None) => ("never pulled, pushed", image.pushed_at),
        }),
        RuleCount::SinceImageTransitioned(_) => image.last_archived_at.map(|archived| ("archived", archived)),
    }
}

/// From when on an image is old enough for a rule of a policy; `None` where the rule counts, or there is none of that
/// priority.
#[must_use]
pub fn old_from(policy: &Policy, image: &Image, priority: u32) -> Option<Timestamp> {
    let rule = policy.rules.iter().find(|rule| rule.priority == priority)?;
    let (_, since) = age(image, rule.count)?;
    since.checked_add(SignedDuration::from_hours(24 * i64::from(rule.count.days()?))).ok()
}

/// Strictly older than its days of 24 h.
fn is_older(image: &Image, count: RuleCount, now: Timestamp) -> bool {
    const DAY: i128 = 24 * 60 * 60 * 1_000_000_000;
    age(image, count).zip(count.days()).is_some_and(|((_, since), days)| {
        now.as_nanosecond() - since.as_nanosecond() > i128::from(days) * DAY
    })
}

/// A rule's selection, made ready.
struct Matcher<'a> {
    rule: &'a Rule,
    // No character stands for one other: `?` is a letter.
    patterns: Vec<WildMatchPattern<'*', '\0'>>,
}

impl<'a> Matcher<'a> {
    fn of(rule: &'a Rule) -> Self {
        let patterns = match &rule.tagging {
            Tagging::Patterns(patterns) => {
                patterns.iter().map(|pattern| WildMatchPattern::new(pattern)).collect()
            }
            _ => Vec::new(),
        };
        Self { rule, patterns }
    }

    fn matches(&self, image: &Image) -> bool {
        let some_tag = |fits: &dyn Fn(&Tag) -> bool| image.tags.iter().any(fits);
        image.storage_class == self.rule.storage_class()
            && match &self.rule.tagging {
                Tagging::Any => true,
                Tagging::Untagged => image.tags.is_empty(),
                Tagging::Prefixes(prefixes) => {
                    prefixes.iter().all(|prefix| some_tag(&|tag| tag.as_str().starts_with(prefix.as_str())))
                }
                Tagging::Patterns(_) => {
                    self.patterns.iter().all(|pattern| some_tag(&|tag| pattern.matches(tag.as_str())))
                }
            }
    }
}
