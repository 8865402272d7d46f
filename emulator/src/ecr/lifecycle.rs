//! ECR's own run of the lifecycle policies that are attached, with no regard to what is in use.
//!
//! ECR acts on an image within 24 hours of its meeting a rule; here the owner of the world says when. Modelled are rules
//! that expire, for `any`, `untagged` and `tagged` with a `tagPrefixList`, by `imageCountMoreThan` and by
//! `sinceImagePushed`: that is what stories need. Other rules act on nothing.
//!
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html>

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::ecr::state::{Image, Repository};
use crate::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    #[serde(rename = "rulePriority")]
    priority: u32,
    selection: Selection,
    action: Action,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Selection {
    tag_status: String,
    #[serde(default)]
    tag_prefix_list: Vec<String>,
    count_type: String,
    count_number: usize,
}

#[derive(Deserialize)]
struct Action {
    #[serde(rename = "type")]
    kind: String,
}

impl Selection {
    fn looks_at(&self, image: &Image) -> bool {
        let begins = |prefix: &String| image.tags.iter().any(|tag| tag.starts_with(prefix.as_str()));
        match self.tag_status.as_str() {
            "any" => true,
            "untagged" => image.tags.is_empty(),
            "tagged" => !self.tag_prefix_list.is_empty() && self.tag_prefix_list.iter().all(begins),
            _ => false,
        }
    }

    /// Whether it takes the image of this rank, of which the newest has 0.
    fn takes(&self, image: &Image, rank: usize, now: Timestamp) -> bool {
        match self.count_type.as_str() {
            "imageCountMoreThan" => rank >= self.count_number,
            "sinceImagePushed" => {
                let days = i64::try_from(self.count_number).unwrap_or(i64::MAX / 24);
                now.duration_since(image.pushed_at) > SignedDuration::from_hours(days.saturating_mul(24))
            }
            _ => false,
        }
    }
}

/// What the rules of a policy take, one after the other: the first that looks at an image claims it.
fn taken(policy: &mut Policy, repository: &Repository, now: Timestamp) -> BTreeSet<String> {
    policy.rules.sort_by_key(|rule| rule.priority);
    let mut newest_first: Vec<(&String, &Image)> =
        repository.images.iter().filter(|(_, image)| !image.archived).collect();
    newest_first.sort_by_key(|(digest, image)| (Reverse(image.pushed_at), *digest));
    let (mut claimed, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for rule in &policy.rules {
        let own = newest_first.iter().filter(|(_, image)| rule.selection.looks_at(image));
        for (rank, (digest, image)) in own.enumerate() {
            if claimed.insert((*digest).clone())
                && rule.action.kind == "expire"
                && rule.selection.takes(image, rank, now)
            {
                taken.insert((*digest).clone());
            }
        }
    }
    // What an index names stays as long as the index.
    let stays = |(digest, _): &(&String, &Image)| !taken.contains(*digest);
    let named: BTreeSet<String> = newest_first
        .iter()
        .filter(|it| stays(it))
        .flat_map(|(_, image)| image.manifest.children.clone())
        .collect();
    taken.difference(&named).cloned().collect()
}

impl World {
    /// ECR runs the lifecycle policies that are attached to repositories, now.
    pub fn run_lifecycle_policies(&mut self) -> &mut Self {
        let now = self.now;
        let attached = self.ecr.repositories.iter().filter_map(|(name, repository)| {
            let mut policy: Policy = serde_json::from_str(repository.lifecycle_policy.as_ref()?).ok()?;
            Some((name.clone(), taken(&mut policy, repository, now)))
        });
        for (name, digests) in attached.collect::<Vec<_>>() {
            for digest in digests {
                self.remove_image(&name, &digest);
            }
        }
        self
    }
}
