//! Who names whom: indexes their children, and referrers their subjects.

use std::collections::{HashMap, VecDeque};

use super::evaluate::Claim;
use super::{Image, StorageClass, Verdict};
use crate::image::Digest;

/// An image among the others; they stand by their places in the list.
pub(super) struct Node<'a> {
    pub image: &'a Image,
    /// Indexes that name it.
    pub parents: Vec<usize>,
    children: Vec<usize>,
    referrers: Vec<usize>,
    /// How many indexes stand on one another up to it: 0 for what names nothing.
    pub height: usize,
    pub part: Part,
    /// By the first rule that matches it.
    pub claim: Option<Claim<'a>>,
    pub verdict: Verdict,
}

/// What part an image takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The rules look at it.
    Own,
    /// It follows its subject.
    Follows(usize),
    /// Its subject is gone: ECR collects what referred to it.
    ///
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html>
    Orphan,
    /// Its subjects name one another: it stays.
    Circle,
    /// Its digest stands twice: it stays.
    Twice,
}

pub(super) fn nodes(images: &[Image]) -> Vec<Node<'_>> {
    let mut places: HashMap<&Digest, usize> = HashMap::with_capacity(images.len());
    let mut twice = Vec::new();
    for (place, image) in images.iter().enumerate() {
        if let Some(first) = places.get(&image.digest) {
            twice.extend([*first, place]);
        } else {
            places.insert(&image.digest, place);
        }
    }
    let mut nodes: Vec<Node<'_>> = images
        .iter()
        .map(|image| Node {
            image,
            parents: Vec::new(),
            children: Vec::new(),
            referrers: Vec::new(),
            part: match image.refers_to().map(|subject| places.get(&subject)) {
                Some(Some(subject)) => Part::Follows(*subject),
                Some(None) => Part::Orphan,
                None => Part::Own,
            },
            height: 0,
            claim: None,
            verdict: Verdict::Keep,
        })
        .collect();
    for place in twice {
        if let Some(node) = nodes.get_mut(place) {
            node.part = Part::Twice;
        }
    }
    close_circles(&mut nodes);
    for (place, image) in images.iter().enumerate() {
        let children: Vec<usize> =
            image.children.iter().filter_map(|child| places.get(child).copied()).collect();
        for child in &children {
            if let Some(child) = nodes.get_mut(*child).filter(|_| *child != place) {
                child.parents.push(place);
            }
        }
        if let Some(node) = nodes.get_mut(place) {
            node.children = children;
        }
        if let Some(Part::Follows(subject)) = nodes.get(place).map(|node| node.part)
            && let Some(subject) = nodes.get_mut(subject)
        {
            subject.referrers.push(place);
        }
    }
    measure(&mut nodes);
    nodes
}

/// The most indexes on one another that are told apart.
pub(super) const HIGHEST: usize = 8;

/// Says of each image how high it stands.
fn measure(nodes: &mut [Node<'_>]) {
    for _ in 0..HIGHEST {
        let above = |node: &Node<'_>| {
            let below = node.children.iter().filter_map(|child| nodes.get(*child));
            below.map(|child| child.height + 1).max().unwrap_or(0)
        };
        let heights: Vec<usize> = nodes.iter().map(above).collect();
        for (node, height) in nodes.iter_mut().zip(heights) {
            node.height = height;
        }
    }
}

/// Takes referrers out of the game whose way along their subjects has no end.
fn close_circles(nodes: &mut [Node<'_>]) {
    const NEW: usize = usize::MAX;
    // The walk that came by first.
    let mut walks = vec![NEW; nodes.len()];
    for start in 0..nodes.len() {
        let mut path = Vec::new();
        let mut at = start;
        let is_circle = loop {
            match walks.get_mut(at) {
                Some(walk) if *walk == NEW => *walk = start,
                Some(walk) => break *walk == start,
                None => break false,
            }
            path.push(at);
            match nodes.get(at).map(|node| node.part) {
                Some(Part::Follows(subject)) => at = subject,
                _ => break false,
            }
        };
        // What leads into the circle is no part of it: it follows something that stays.
        for place in path.into_iter().skip_while(|place| *place != at).filter(|_| is_circle) {
            if let Some(node) = nodes.get_mut(place) {
                node.part = Part::Circle;
            }
        }
    }
}

/// What an image would come to that follows a subject of this verdict.
pub(super) fn following(subject: Verdict, class: StorageClass) -> Verdict {
    match (subject, class) {
        (Verdict::Archive, StorageClass::Archive) => Verdict::Keep,
        (verdict, _) => verdict,
    }
}

/// Whether an index lets what it names come to this: it must go no later itself.
pub(super) fn lets(index: &Node<'_>, child: Verdict) -> bool {
    match child {
        Verdict::Keep => true,
        Verdict::Expire => index.verdict == Verdict::Expire,
        Verdict::Archive => {
            index.verdict != Verdict::Keep || index.image.storage_class == StorageClass::Archive
        }
    }
}

/// Gives referrers the verdicts of their subjects, then keeps what a staying index names, and what
/// follows something kept, until nothing changes. Verdicts only ever turn into `keep`, so each
/// image is looked at twice at most.
pub(super) fn settle(nodes: &mut [Node<'_>]) {
    let mut subjects: VecDeque<usize> = (0..nodes.len())
        .filter(|place| nodes.get(*place).is_some_and(|node| matches!(node.part, Part::Own | Part::Orphan)))
        .collect();
    while let Some(place) = subjects.pop_front() {
        let Some((verdict, claim, referrers)) =
            nodes.get(place).map(|node| (node.verdict, node.claim, node.referrers.clone()))
        else {
            continue;
        };
        for place in referrers {
            if let Some(referrer) = nodes.get_mut(place) {
                referrer.verdict = following(verdict, referrer.image.storage_class);
                referrer.claim = claim;
                subjects.push_back(place);
            }
        }
    }
    let mut open: VecDeque<usize> = (0..nodes.len()).collect();
    while let Some(place) = open.pop_front() {
        let Some(node) = nodes.get(place) else { continue };
        let held: Vec<usize> = node
            .children
            .iter()
            .filter(|child| nodes.get(**child).is_some_and(|child| !lets(node, child.verdict)))
            .chain(node.referrers.iter().filter(|referrer| {
                node.verdict == Verdict::Keep
                    && nodes.get(**referrer).is_some_and(|referrer| referrer.verdict != Verdict::Keep)
            }))
            .copied()
            .collect();
        for place in held {
            if let Some(node) = nodes.get_mut(place)
                && node.verdict != Verdict::Keep
            {
                node.verdict = Verdict::Keep;
                open.push_back(place);
            }
        }
    }
}
