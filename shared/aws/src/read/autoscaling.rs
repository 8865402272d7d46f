//! Auto Scaling groups.

use aws_sdk_autoscaling::types::Filter;
use futures_util::stream::TryStreamExt as _;
use shared::Problem;
use shared::autoscaling::Group;

use super::{PAGE, Read, pages};
use crate::budget::Bucket;
use crate::convert;
use crate::run::Operation;

const DESCRIBE: Operation = ("autoscaling:DescribeAutoScalingGroups", Bucket::AutoScalingRead);

impl Read {
    /// Every Auto Scaling group of the account and region, or these; one that does not exist is
    /// not there.
    pub async fn groups(&self, names: Option<&[String]>) -> Result<Vec<Group>, Problem> {
        self.groups_that(names, None).await
    }

    /// Every group that has one of these tags.
    pub async fn groups_tagged(&self, keys: &[String]) -> Result<Vec<Group>, Problem> {
        let tagged = Filter::builder().name("tag-key").set_values(Some(keys.to_vec())).build();
        self.groups_that(None, Some(vec![tagged])).await
    }

    async fn groups_that(
        &self,
        names: Option<&[String]>,
        filters: Option<Vec<Filter>>,
    ) -> Result<Vec<Group>, Problem> {
        let thing = names.map_or_else(|| "the account".into(), super::thing);
        let (thing, filters) = (&thing, &filters);
        let pages = pages(move |token| async move {
            let answer = self
                .0
                .send(DESCRIBE, thing, |watch| {
                    self.0
                        .aws
                        .autoscaling
                        .describe_auto_scaling_groups()
                        .set_auto_scaling_group_names(names.map(<[String]>::to_vec))
                        .set_filters(filters.clone())
                        .max_records(PAGE)
                        .set_next_token(token.clone())
                        .customize()
                        .interceptor(watch)
                        .send()
                })
                .await?;
            Ok((answer.auto_scaling_groups().iter().map(convert::group).collect(), answer.next_token))
        });
        let mut found: Vec<Group> = pages.try_concat().await?;
        found.sort_by(|a, b| a.auto_scaling_group_name.cmp(&b.auto_scaling_group_name));
        found.dedup_by(|a, b| a.auto_scaling_group_name == b.auto_scaling_group_name);
        Ok(found)
    }
}
