//! Random small worlds, held against a second implementation that follows the documents sentence
//! by sentence and knows nothing of speed; and what must hold of every world.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;
use crate::lifecycle::relations::HIGHEST;

const TAGS: [&str; 8] = ["dev-1", "dev-2", "prod-1", "prod-2", "a", "b", "dev-prod", "v1"];

/// Verdict and rule of each digest.
type Outcome = BTreeMap<Digest, (Verdict, Option<u32>)>;

fn outcome(policy: &Policy, images: &[Image]) -> Outcome {
    evaluate(policy, images, now())
        .into_iter()
        .map(|decision| (decision.digest, (decision.verdict, decision.rule)))
        .collect()
}

fn tag_fits(pattern: &[u8], tag: &[u8]) -> bool {
    match (pattern, tag) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=tag.len()).any(|from| tag_fits(rest, &tag[from..])),
        ([a, rest @ ..], [b, tags @ ..]) => a == b && tag_fits(rest, tags),
        _ => false,
    }
}

fn is_matched(rule: &Rule, image: &Image) -> bool {
    let all = |entries: &[String], star: &str| {
        entries.iter().all(|entry| {
            let pattern = format!("{entry}{star}");
            image.tags.iter().any(|tag| tag_fits(pattern.as_bytes(), tag.as_str().as_bytes()))
        })
    };
    let archived = image.storage_class == StorageClass::Archive;
    archived == matches!(rule.count(), RuleCount::SinceImageTransitioned(_))
        && match rule.tagging() {
            Tagging::Any => true,
            Tagging::Untagged => image.tags.is_empty(),
            Tagging::Prefixes(entries) => all(entries, "*"),
            Tagging::Patterns(entries) => all(entries, ""),
        }
}

/// How many indexes stand on one another, the image the topmost.
fn depth(image: &Image, all: &[Image], most: usize) -> usize {
    let named = all.iter().filter(|other| most > 0 && image.children.contains(&other.digest));
    named.map(|child| depth(child, all, most - 1) + 1).max().unwrap_or(0)
}

/// Whether a rule would act on an image if it were alone.
fn is_candidate(rule: &Rule, image: &Image, matched: &[&Image], all: &[Image]) -> bool {
    let older =
        |since: Timestamp, days: u32| now() > since + SignedDuration::from_hours(24 * i64::from(days));
    let since = image.last_activated_at.unwrap_or(image.pushed_at);
    match rule.count() {
        RuleCount::ImageCountMoreThan(kept) => {
            let newer = matched.iter().filter(|other| {
                let others = other.last_activated_at.unwrap_or(other.pushed_at);
                // "Of equal push times an index ranks before what it names", and then they do by digest.
                let rank = |image: &Image| (Reverse(depth(image, all, HIGHEST)), image.digest.clone());
                others > since || (others == since && rank(other) < rank(image))
            });
            newer.count() >= kept as usize
        }
        RuleCount::SinceImagePushed(days) => older(since, days),
        RuleCount::SinceImagePulled(days) => {
            let pulled = image
                .last_pulled_at
                .filter(|pulled| image.last_activated_at.is_none_or(|restored| *pulled >= restored));
            older(pulled.unwrap_or(since), days)
        }
        RuleCount::SinceImageTransitioned(days) => {
            image.last_archived_at.is_some_and(|archived| older(archived, days))
        }
    }
}

/// The documents, sentence by sentence, over and over until nothing changes.
fn oracle(policy: &Policy, images: &[Image]) -> Outcome {
    let subject = |image: &Image| {
        image.refers_to().and_then(|subject| images.iter().find(|other| other.digest == subject))
    };
    // "Every rule looks at all images of its storage class."
    let mut outcome = Outcome::new();
    for image in images.iter().filter(|image| subject(image).is_none()) {
        // "One whose subject is gone expires as subjectGone."
        if image.refers_to().is_some() {
            outcome.insert(image.digest.clone(), (Verdict::Expire, None));
            continue;
        }
        // "An image that matches a rule cannot be acted on by a rule with a lower priority."
        let first = policy.rules().iter().find(|rule| is_matched(rule, image));
        let verdict = first.map_or(Verdict::Keep, |rule| {
            let matched: Vec<&Image> = images
                .iter()
                .filter(|other| other.refers_to().is_none() && is_matched(rule, other))
                .collect();
            if is_candidate(rule, image, &matched, images) { rule.action().into() } else { Verdict::Keep }
        });
        outcome.insert(image.digest.clone(), (verdict, first.map(Rule::priority)));
    }
    // "Referrers follow their subject": as many rounds as the longest chain.
    let mut barred = BTreeSet::new();
    loop {
        let mut round = outcome.clone();
        for digest in &barred {
            if let Some((verdict, _)) = round.get_mut(digest) {
                *verdict = Verdict::Keep;
            }
        }
        for _ in images {
            for image in images {
                if let Some(subject) = subject(image) {
                    let (verdict, rule) =
                        round.get(&subject.digest).copied().unwrap_or((Verdict::Keep, None));
                    let there = verdict == Verdict::Archive && image.storage_class == StorageClass::Archive;
                    let is_barred = there || barred.contains(&image.digest);
                    let verdict = if is_barred { Verdict::Keep } else { verdict };
                    round.insert(image.digest.clone(), (verdict, rule));
                }
            }
        }
        // "An image that a manifest list refers to is not acted on before that list."
        let before = barred.len();
        for index in images {
            let (gone, _) = round[&index.digest];
            let in_archive = index.storage_class == StorageClass::Archive;
            for child in index.children.iter().filter(|child| **child != index.digest) {
                let may = match round.get(child).map(|(verdict, _)| *verdict) {
                    None | Some(Verdict::Keep) => true,
                    Some(Verdict::Expire) => gone == Verdict::Expire,
                    Some(Verdict::Archive) => gone != Verdict::Keep || in_archive,
                };
                if !may {
                    barred.insert(child.clone());
                }
            }
        }
        if barred.len() == before {
            return round;
        }
    }
}

fn taggings() -> impl Strategy<Value = Value> {
    let entries = |of: &'static [&'static str]| subsequence(of, 1..=2);
    prop_oneof![
        entries(&["dev", "prod", "a", "dev-", "v"]).prop_map(|entries| prefix(&entries)),
        entries(&["dev*", "*prod*", "a", "*-1", "*", "d*-*"]).prop_map(|entries| pattern(&entries)),
        Just(untagged()),
        Just(any_tag()),
    ]
}

fn rules() -> impl Strategy<Value = Value> {
    (
        taggings(),
        prop::sample::select(vec![
            "imageCountMoreThan",
            "imageCountMoreThan",
            "sinceImagePushed",
            "sinceImagePulled",
            "sinceImageTransitioned",
        ]),
        1..=6_u32,
        any::<bool>(),
    )
        .prop_map(|(tagging, count, number, archives)| match count {
            "sinceImageTransitioned" => rule(1, &tagging, count, 88 + number * 2),
            "sinceImagePulled" => rule(1, &tagging, count, number),
            _ if archives => transition(rule(1, &tagging, count, number)),
            _ => rule(1, &tagging, count, number),
        })
}

/// Policies that hold; of rules that can't stand beside the earlier ones the later ones are left out.
pub(super) fn policies() -> impl Strategy<Value = Policy> {
    prop::collection::vec((rules(), 1..3_u32), 1..6).prop_filter_map("no rule is left", |rules| {
        let (mut taken, mut priority) = (Vec::<Value>::new(), 0);
        for (mut rule, step) in rules {
            priority += step;
            rule["rulePriority"] = priority.into();
            taken.push(rule);
            if Policy::parse(&json!({"rules": taken})).is_err() {
                taken.pop();
            }
        }
        Policy::parse(&json!({"rules": taken})).ok()
    })
}

fn instants() -> impl Strategy<Value = Timestamp> {
    // Days, so that many are the same and some stand on the edge; and a nanosecond around it.
    (0..9_i64, -1..=1_i64).prop_map(|(days, nanos)| ago(days) + SignedDuration::from_nanos(nanos))
}

/// Up to twelve images that name one another at will.
fn worlds() -> impl Strategy<Value = Vec<Image>> {
    let names = |count: usize| (0..count).map(|n| format!("{n:x}")).collect::<Vec<_>>();
    (1..=12_usize).prop_flat_map(move |count| {
        let one = (
            subsequence(&TAGS[..], 0..=2),
            instants(),
            prop::option::weighted(0.5, instants()),
            prop::option::weighted(0.2, instants()),
            prop::option::weighted(0.3, 85..105_i64),
            prop::option::weighted(0.3, subsequence(names(count + 1), 1..=2.min(count))),
            prop::option::weighted(0.25, (0..=count, 0..3_u8)),
        );
        prop::collection::vec(one, count).prop_map(|all| {
            let mut images = Vec::new();
            for (n, (tags, pushed, pulled, restored, archived_days, children, subject)) in
                all.into_iter().enumerate()
            {
                let children = children.unwrap_or_default();
                let children: Vec<&str> = children.iter().map(String::as_str).collect();
                let mut image = Image {
                    pushed_at: pushed,
                    last_pulled_at: pulled,
                    last_activated_at: restored,
                    ..index(&format!("{n:x}"), &tags, 0, &children)
                };
                if let Some(days) = archived_days {
                    image = archived(image, days);
                }
                if let Some((of, way)) = subject {
                    let of = digest(&format!("{of:x}"));
                    match way {
                        0 => image.subject = Some(of),
                        1 => image.tags = vec![format!("sha256-{}.sig", of.hex()).parse().unwrap()],
                        // OCI's tag schema, which only means something on an index.
                        _ => image.tags = vec![format!("sha256-{}", of.hex()).parse().unwrap()],
                    }
                }
                images.push(image);
            }
            images
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn the_oracle_agrees(policy in policies(), images in worlds()) {
        prop_assert_eq!(outcome(&policy, &images), oracle(&policy, &images));
    }
}

proptest! {
    #[test]
    fn the_order_of_the_input_does_not_matter(
        policy in policies(),
        (images, shuffled) in worlds().prop_flat_map(|images| (Just(images.clone()), Just(images).prop_shuffle())),
    ) {
        let by_digest = |images: &[Image]| -> BTreeMap<Digest, Decision> {
            evaluate(&policy, images, now()).into_iter().map(|one| (one.digest.clone(), one)).collect()
        };
        prop_assert_eq!(by_digest(&images), by_digest(&shuffled));
        // And the answer is in the input's.
        let decisions = evaluate(&policy, &shuffled, now());
        prop_assert!(decisions.iter().map(|one| &one.digest).eq(shuffled.iter().map(|image| &image.digest)));
    }

    #[test]
    fn each_image_has_one_decision_by_one_rule_of_its_own_class(policy in policies(), images in worlds()) {
        let decisions = evaluate(&policy, &images, now());
        prop_assert_eq!(decisions.len(), images.len());
        for (decision, image) in decisions.iter().zip(&images) {
            prop_assert!(!decision.reason.is_empty());
            let rule = policy.rules().iter().find(|rule| Some(rule.priority()) == decision.rule);
            match rule {
                Some(rule) if decision.verdict != Verdict::Keep => {
                    prop_assert_eq!(Verdict::from(rule.action()), decision.verdict);
                }
                // What refers to something that is gone, and what refers to that.
                None => prop_assert!(decision.verdict == Verdict::Keep || image.refers_to().is_some()),
                Some(_) => {}
            }
            prop_assert!(decision.verdict != Verdict::Archive || image.storage_class == StorageClass::Standard);
        }
    }

    #[test]
    fn what_a_higher_rule_claims_no_lower_one_acts_on(policy in policies(), images in worlds()) {
        for (decision, image) in evaluate(&policy, &images, now()).iter().zip(&images) {
            if image.refers_to().is_none() {
                let highest = policy.rules().iter().find(|rule| is_matched(rule, image));
                prop_assert_eq!(decision.rule, highest.map(Rule::priority));
            }
        }
    }

    #[test]
    fn a_child_never_goes_while_an_index_that_names_it_stays(policy in policies(), images in worlds()) {
        let outcome = outcome(&policy, &images);
        for index in &images {
            for child in index.children.iter().filter(|child| **child != index.digest) {
                match outcome.get(child).map(|(verdict, _)| *verdict) {
                    Some(Verdict::Expire) => prop_assert_eq!(outcome[&index.digest].0, Verdict::Expire),
                    Some(Verdict::Archive) => prop_assert!(
                        outcome[&index.digest].0 != Verdict::Keep || index.storage_class == StorageClass::Archive
                    ),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn a_referrer_never_goes_while_its_subject_stays(policy in policies(), images in worlds()) {
        let outcome = outcome(&policy, &images);
        for image in &images {
            let subject = image.refers_to().and_then(|of| outcome.get(&of));
            if let (Some((Verdict::Keep, _)), (verdict, _)) = (subject, outcome[&image.digest]) {
                prop_assert_eq!(verdict, Verdict::Keep);
            }
        }
    }

    #[test]
    fn an_index_more_never_makes_more_go(policy in policies(), images in worlds(), children in subsequence((0..12).collect::<Vec<_>>(), 1..6)) {
        // In the archive, where no rule for a month looks at it.
        let names: Vec<String> = children.iter().map(|child| format!("{child:x}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut more = images.clone();
        more.push(archived(index("ff", &[], 0, &names), 0));
        let (few, many) = (outcome(&policy, &images), outcome(&policy, &more));
        for (digest, (verdict, _)) in &few {
            prop_assert!(many[digest].0 == Verdict::Keep || many[digest].0 == *verdict);
        }
    }

    #[test]
    fn what_went_is_gone_and_the_rest_of_a_count_rule_stays(images in worlds(), kept in 1..6_u32) {
        // Deleting what expires, the same policy at the same instant deletes nothing more.
        let policy = policy(&json!([rule(1, &any_tag(), "imageCountMoreThan", kept)]));
        let plain: Vec<Image> =
            images.into_iter().map(|image| Image { children: Vec::new(), ..image }).collect();
        let first = outcome(&policy, &plain);
        let rest: Vec<Image> =
            plain.into_iter().filter(|image| first[&image.digest].0 == Verdict::Keep).collect();
        let again = outcome(&policy, &rest);
        // A referrer had gone with its subject, or without one; in circles all stay.
        prop_assert!(again.values().all(|(verdict, _)| *verdict == Verdict::Keep));
    }

    #[test]
    fn keeping_more_never_makes_more_go(images in worlds(), kept in 1..6_u32, days in 1..8_u32) {
        for (few, many) in [
            (rule(1, &any_tag(), "imageCountMoreThan", kept), rule(1, &any_tag(), "imageCountMoreThan", kept + 1)),
            (rule(1, &any_tag(), "sinceImagePushed", days), rule(1, &any_tag(), "sinceImagePushed", days + 1)),
            (rule(1, &any_tag(), "sinceImagePulled", days), rule(1, &any_tag(), "sinceImagePulled", days + 1)),
        ] {
            let (few, many) =
                (outcome(&policy(&json!([few])), &images), outcome(&policy(&json!([many])), &images));
            for (digest, (verdict, _)) in &few {
                prop_assert!(*verdict != Verdict::Keep || many[digest].0 == Verdict::Keep);
            }
        }
    }

    #[test]
    fn time_that_passes_never_brings_back_what_is_too_old(images in worlds(), days in 1..8_u32, hours in 0..99_i64) {
        let policy = policy(&json!([rule(1, &any_tag(), "sinceImagePushed", days)]));
        let later = evaluate(&policy, &images, now() + SignedDuration::from_hours(hours));
        for (early, late) in evaluate(&policy, &images, now()).iter().zip(later) {
            prop_assert!(early.verdict == Verdict::Keep || late.verdict == early.verdict);
        }
    }
}
