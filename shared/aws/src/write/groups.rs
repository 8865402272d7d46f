//! Changing Auto Scaling groups.

use aws_sdk_autoscaling::types::Tag;
use shared::Problem;
use shared::autoscaling::GroupSize;
use shared::names::GroupName;

use super::Write;
use crate::budget::Bucket;
use crate::run::Operation;

const UPDATE: Operation = ("autoscaling:UpdateAutoScalingGroup", Bucket::AutoScalingWrite);
const SUSPEND: Operation = ("autoscaling:SuspendProcesses", Bucket::AutoScalingWrite);
const RESUME: Operation = ("autoscaling:ResumeProcesses", Bucket::AutoScalingWrite);
const TAG: Operation = ("autoscaling:CreateOrUpdateTags", Bucket::AutoScalingWrite);

impl Write {
    /// Sets a group's sizes in one call, so that none of them is ever outside the others.
    ///
    /// Source: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html>
    pub async fn set_group_size(
        &self,
        group: &GroupName,
        before: GroupSize,
        after: GroupSize,
    ) -> Result<(), Problem> {
        let thing = thing(group);
        let number = |of: Option<u32>| of.map(|of| i32::try_from(of).unwrap_or(i32::MAX));
        self.change(UPDATE, &thing, &before.to_string(), &after.to_string(), |watch| {
            self.run
                .aws
                .autoscaling
                .update_auto_scaling_group()
                .auto_scaling_group_name(group.as_str())
                .set_min_size(number(after.min))
                .set_max_size(number(after.max))
                .set_desired_capacity(number(after.desired))
                .customize()
                .interceptor(watch)
                .send()
        })
        .await
    }

    /// Puts processes of a group to sleep. Without a name AWS would take all, so none is no call.
    ///
    /// Source: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SuspendProcesses.html>
    pub async fn suspend_processes(&self, group: &GroupName, processes: &[&str]) -> Result<(), Problem> {
        if processes.is_empty() {
            return Ok(());
        }
        let thing = thing(group);
        let names: Vec<String> = processes.iter().map(ToString::to_string).collect();
        self.change(SUSPEND, &thing, "", &names.join(" "), |watch| {
            self.run
                .aws
                .autoscaling
                .suspend_processes()
                .auto_scaling_group_name(group.as_str())
                .set_scaling_processes(Some(names.clone()))
                .customize()
                .interceptor(watch)
                .send()
        })
        .await
    }

    /// Wakes processes of a group. Without a name AWS would take all, so none is no call.
    ///
    /// Source: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_ResumeProcesses.html>
    pub async fn resume_processes(&self, group: &GroupName, processes: &[&str]) -> Result<(), Problem> {
        if processes.is_empty() {
            return Ok(());
        }
        let thing = thing(group);
        let names: Vec<String> = processes.iter().map(ToString::to_string).collect();
        self.change(RESUME, &thing, &names.join(" "), "", |watch| {
            self.run
                .aws
                .autoscaling
                .resume_processes()
                .auto_scaling_group_name(group.as_str())
                .set_scaling_processes(Some(names.clone()))
                .customize()
                .interceptor(watch)
                .send()
        })
        .await
    }

    /// Sets one tag of a group, which its instances do not get.
    ///
    /// Source: <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateOrUpdateTags.html>
    pub async fn tag_group(
        &self,
        group: &GroupName,
        key: &str,
        before: Option<&str>,
        after: &str,
    ) -> Result<(), Problem> {
        let thing = thing(group);
        let tag = Tag::builder()
            .resource_id(group.as_str())
            .resource_type("auto-scaling-group")
            .key(key)
            .value(after)
            .propagate_at_launch(false)
            .build();
        let (was, will) = (format!("{key}={}", before.unwrap_or_default()), format!("{key}={after}"));
        self.change(TAG, &thing, &was, &will, |watch| {
            let call = self.run.aws.autoscaling.create_or_update_tags().tags(tag.clone());
            call.customize().interceptor(watch).send()
        })
        .await
    }
}

fn thing(group: &GroupName) -> String {
    format!("autoScalingGroupName/{group}")
}
