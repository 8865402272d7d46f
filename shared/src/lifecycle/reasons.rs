//! Why, in words that a person understands.

use super::evaluate::{Claim, age};
use super::relations::{Node, Part, following, lets};
use super::{Rule, RuleAction, RuleCount, Tagging, Verdict};
use crate::image::Digest;

/// Why a settled image has its verdict.
pub(super) fn reason(node: &Node<'_>, nodes: &[Node<'_>]) -> String {
    match node.part {
        Part::Twice => "kept: its digest stands more than once in the list".to_owned(),
        Part::Orphan => orphaned(node, blocker(node, Verdict::Expire, nodes)),
        Part::Circle => "kept: it and its subjects name one another".to_owned(),
        Part::Follows(subject) => nodes.get(subject).map_or_else(String::new, |subject| {
            let wanted = following(subject.verdict, node.image.storage_class);
            follows(node, subject, blocker(node, wanted, nodes))
        }),
        Part::Own => match node.claim {
            None => "no rule matches".to_owned(),
            Some(claim) if claim.acts => match blocker(node, claim.rule.action.into(), nodes) {
                Some(index) => format!(
                    "kept: index {index} that names it stays; rule {} would {} it",
                    claim.rule.priority,
                    verb(claim.rule.action)
                ),
                None => acted(node, &claim),
            },
            Some(claim) => claimed(node, &claim),
        },
    }
}

fn orphaned(node: &Node<'_>, blocker: Option<&Digest>) -> String {
    if let Some(index) = blocker {
        return format!("kept: index {index} that names it stays; the image that it refers to is gone");
    }
    let subject = node.image.refers_to().map(|subject| format!(", {subject},")).unwrap_or_default();
    format!("subjectGone: the image that it refers to{subject} is gone")
}

fn follows(node: &Node<'_>, subject: &Node<'_>, blocker: Option<&Digest>) -> String {
    let digest = &subject.image.digest;
    if let Some(index) = blocker {
        return format!("kept: index {index} that names it stays; its subject {digest} goes");
    }
    let Some(Claim { rule, .. }) = subject.claim.filter(|_| subject.verdict != Verdict::Keep) else {
        let becomes = if subject.verdict == Verdict::Keep { "stays" } else { "goes" };
        return format!("follows its subject {digest}, which {becomes}");
    };
    let rule = rule.priority;
    match (subject.verdict, node.verdict) {
        (Verdict::Keep, _) => format!("follows its subject {digest}, which stays"),
        (Verdict::Expire, _) => format!("follows its subject {digest}, which rule {rule} expires"),
        (Verdict::Archive, Verdict::Keep) => {
            format!("kept: it is in the archive already; its subject {digest} goes there by rule {rule}")
        }
        (Verdict::Archive, _) => format!("follows its subject {digest}, which rule {rule} archives"),
    }
}

/// The index that keeps an image from coming to this; the one whose digest sorts first.
fn blocker<'a>(node: &Node<'_>, wanted: Verdict, nodes: &[Node<'a>]) -> Option<&'a Digest> {
    node.parents
        .iter()
        .filter_map(|parent| nodes.get(*parent))
        .filter(|index| !lets(index, wanted))
        .map(|index| &index.image.digest)
        .min()
}

fn acted(node: &Node<'_>, claim: &Claim<'_>) -> String {
    let Claim { rule, rank, of, .. } = claim;
    let priority = rule.priority;
    match (rule.count, age(node.image, rule.count)) {
        (RuleCount::ImageCountMoreThan(kept), _) => {
            let is = if kept == 1 { "is" } else { "are" };
            format!("rule {priority}: {} newest of {of} {}, {kept} {is} kept", nth(*rank), images(rule))
        }
        (count, Some((what, when))) => {
            format!("rule {priority}: {what} {when}, more than {} ago", days(count.number()))
        }
        (_, None) => format!("rule {priority}"),
    }
}

fn claimed(node: &Node<'_>, claim: &Claim<'_>) -> String {
    let rule = claim.rule;
    let priority = rule.priority;
    match (rule.count, age(node.image, rule.count)) {
        (RuleCount::ImageCountMoreThan(1), _) => {
            format!("kept: rule {priority} claims it as the newest of its {}", images(rule))
        }
        (RuleCount::ImageCountMoreThan(kept), _) => {
            format!("kept: rule {priority} claims it as one of the {kept} newest {}", images(rule))
        }
        (count, Some((what, when))) => {
            format!(
                "kept: rule {priority} claims it, {what} {when}, not more than {} ago",
                days(count.number())
            )
        }
        (_, None) => format!("kept: rule {priority} claims it, but when it was archived is not known"),
    }
}

/// What a rule's images are called: `dev images`, `untagged images`, `images`.
fn images(rule: &Rule) -> String {
    match &rule.tagging {
        Tagging::Prefixes(entries) | Tagging::Patterns(entries) => {
            let (shown, rest) = entries.split_at_checked(3).unwrap_or((entries, &[]));
            let more = if rest.is_empty() { "" } else { " and more" };
            format!("{}{more} images", shown.join(" and "))
        }
        Tagging::Untagged => "untagged images".to_owned(),
        Tagging::Any => "images".to_owned(),
    }
}

fn verb(action: RuleAction) -> &'static str {
    match action {
        RuleAction::Expire => "expire",
        RuleAction::Archive => "archive",
    }
}

fn days(number: u32) -> String {
    if number == 1 { "1 day".to_owned() } else { format!("{number} days") }
}

/// 1st, 2nd, 3rd, 4th, 11th, 21st.
fn nth(number: usize) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
