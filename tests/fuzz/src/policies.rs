//! Lifecycle policies, and what they say of images.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use shared::image::Digest;
use shared::lifecycle::{Image, Policy, Verdict, check, evaluate};

use crate::inputs::{evening, text};

/// A policy that is read prints as one that is read the same; each fault of another says where and what.
pub(crate) fn policies(bytes: &[u8]) {
    let text = text(bytes);
    match text.parse::<Policy>() {
        Ok(policy) => {
            let printed = policy.to_string();
            assert_eq!(printed.parse().as_ref(), Ok(&policy), "{printed}");
            assert!(!policy.rules().is_empty(), "{printed}");
            assert_eq!(printed, policy.to_json().to_string());
        }
        Err(faults) => {
            assert!(!faults.is_empty() && faults.iter().all(|fault| !fault.to_string().is_empty()));
        }
    }
    // The same text as the config's: one policy, or one a pattern.
    if let Ok(policies) = text.parse::<prune_images::policies::Policies>() {
        let _ = policies.of("team/users");
    }
}

#[derive(Deserialize)]
struct Case {
    policy: Value,
    images: Vec<Image>,
    at: Option<Timestamp>,
}

/// Each image gets one decision, of its own digest and tags and by a rule of the policy; nothing that an index needs
/// goes before the index; and the order of the list does not matter.
pub(crate) fn evaluations(bytes: &[u8]) {
    let Ok(Case { policy, images, at }) = serde_json::from_slice(bytes) else { return };
    let (Ok(policy), true) = (Policy::parse(&policy), images.len() <= 64) else { return };
    let _ = check(&images);
    let now = at.unwrap_or_else(evening);
    let decisions = evaluate(&policy, &images, now);
    assert_eq!(decisions.len(), images.len());
    let mut verdicts: BTreeMap<&Digest, Vec<Verdict>> = BTreeMap::new();
    for (decision, image) in decisions.iter().zip(&images) {
        assert_eq!((&decision.digest, &decision.tags), (&image.digest, &image.tags));
        let of_a_rule = |rule: u32| policy.rules().iter().any(|known| known.priority() == rule);
        assert!(decision.rule.is_none_or(of_a_rule) && !decision.reason.is_empty(), "{decision:?}");
        verdicts.entry(&image.digest).or_default().push(decision.verdict);
    }
    for all in verdicts.values().filter(|all| all.len() > 1) {
        assert!(all.iter().all(|verdict| *verdict == Verdict::Keep), "it stands twice, and is kept: {all:?}");
    }
    for (image, decision) in images.iter().zip(&decisions) {
        let is_kept = decision.verdict == Verdict::Keep;
        for child in image.children.iter().filter(|child| is_kept && **child != image.digest) {
            let goes = verdicts.get(child).is_some_and(|all| all.contains(&Verdict::Expire));
            assert!(!goes, "{child} goes, and {} names it", image.digest);
        }
    }
    let reversed: Vec<Image> = images.iter().rev().cloned().collect();
    let of =
        |decision: &shared::lifecycle::Decision| (decision.digest.clone(), decision.verdict, decision.rule);
    let (mut one, mut other): (Vec<_>, Vec<_>) =
        (decisions.iter().map(of).collect(), evaluate(&policy, &reversed, now).iter().map(of).collect());
    let key = |it: &(Digest, Verdict, Option<u32>)| format!("{it:?}");
    one.sort_by_cached_key(key);
    other.sort_by_cached_key(key);
    assert_eq!(one, other, "the order of the list does not matter");
}
