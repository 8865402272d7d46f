//! The latest active revisions of each family of task definitions: what somebody may run next.

use std::collections::BTreeMap;

use shared::Problem;

use super::{Reader, definitions, resource};
use crate::used::Usage;

pub(super) async fn read(reader: &Reader<'_>) -> Result<Usage, Problem> {
    let arns = reader.read.task_definition_arns(None, "ACTIVE").await?;
    let wanted = latest(&arns, reader.config.in_use_revisions).into_iter().map(|arn| {
        let by = resource(&arn);
        (arn, by)
    });
    definitions(reader, wanted.collect::<Vec<_>>()).await
}

/// The latest so many revisions of each family. An ARN that is not a revision's is taken as it is.
fn latest(arns: &[String], revisions: usize) -> Vec<String> {
    let mut families: BTreeMap<&str, Vec<(u64, &String)>> = BTreeMap::new();
    let mut others = Vec::new();
    for arn in arns {
        match arn.rsplit_once(':').and_then(|(family, revision)| Some((family, revision.parse().ok()?))) {
            Some((family, revision)) => families.entry(family).or_default().push((revision, arn)),
            None => others.push(arn.clone()),
        }
    }
    for family in families.values_mut() {
        family.sort_unstable_by(|a, b| b.cmp(a));
        others.extend(family.iter().take(revisions).map(|(_, arn)| (*arn).clone()));
    }
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_revisions_are_the_latest_by_number() {
        let arns: Vec<String> =
            ["a:9", "a:10", "a:2", "b:1"].iter().map(|name| format!("arn:x/{name}")).collect();
        assert_eq!(latest(&arns, 1), ["arn:x/a:10", "arn:x/b:1"]);
        assert_eq!(latest(&arns, 2), ["arn:x/a:10", "arn:x/a:9", "arn:x/b:1"]);
    }
}
