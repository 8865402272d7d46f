//! Auto Scaling groups.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::types::Filter;
use futures_util::stream::TryStreamExt as _;
use shared::Problem;
use shared::autoscaling::Group;
use shared::names::GroupName;

use super::{PAGE, Read, pages};
use crate::budget::Bucket;
use crate::convert;
use crate::run::Operation;

const DESCRIBE: Operation = ("autoscaling:DescribeAutoScalingGroups", Bucket::AutoScalingRead);
const DESCRIBE_ACTIONS: Operation = ("autoscaling:DescribeScheduledActions", Bucket::AutoScalingRead);

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

    /// The names of the scheduled actions that are still to come, by their groups: of this one, or of all.
    ///
    /// Source: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScheduledActions.html>
    pub async fn group_actions(
        &self,
        group: Option<&GroupName>,
    ) -> Result<BTreeMap<String, Vec<String>>, Problem> {
        let thing = group.map_or_else(|| "the account".into(), ToString::to_string);
        let (thing, group) = (&thing, &group);
        let pages = pages(DESCRIBE_ACTIONS, move |token| async move {
            let answer = self
                .0
                .send(DESCRIBE_ACTIONS, thing, |watch| {
                    self.0
                        .aws
                        .autoscaling
                        .describe_scheduled_actions()
                        .set_auto_scaling_group_name(group.map(ToString::to_string))
                        .max_records(PAGE)
                        .set_next_token(token.clone())
                        .customize()
                        .interceptor(watch)
                        .send()
                })
                .await?;
            let actions = answer.scheduled_update_group_actions.unwrap_or_default().into_iter();
            let named = actions.map(|it| {
                let (group, name) = (it.auto_scaling_group_name, it.scheduled_action_name);
                (group.unwrap_or_default(), name.unwrap_or_default())
            });
            Ok((named.collect::<Vec<_>>(), answer.next_token))
        });
        let mut by_group: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (group, name) in pages.try_concat().await? {
            by_group.entry(group).or_default().push(name);
        }
        Ok(by_group)
    }

    async fn groups_that(
        &self,
        names: Option<&[String]>,
        filters: Option<Vec<Filter>>,
    ) -> Result<Vec<Group>, Problem> {
        let thing = names.map_or_else(|| "the account".into(), super::thing);
        let (thing, filters) = (&thing, &filters);
        let pages = pages(DESCRIBE, move |token| async move {
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
