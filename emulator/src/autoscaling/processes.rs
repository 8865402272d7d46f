//! Processes of a group, which can be suspended.
//!
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html>

use serde::Deserialize;
use serde_json::Value;

use crate::api_error::ApiError;
use crate::autoscaling::{group_mut, invalid, life};
use crate::ecs::capacity_providers;
use crate::wire::iso;
use crate::world::World;

pub(super) const PROCESSES: [&str; 9] = [
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Processes {
    auto_scaling_group_name: String,
    #[serde(default)]
    scaling_processes: Vec<String>,
}

impl Processes {
    /// The processes meant: all when none is named.
    fn meant(&self) -> Result<Vec<&str>, ApiError> {
        if let Some(other) = self.scaling_processes.iter().find(|p| !PROCESSES.contains(&p.as_str())) {
            return Err(invalid(format!("Invalid process type: {other}")));
        }
        Ok(if self.scaling_processes.is_empty() {
            PROCESSES.to_vec()
        } else {
            self.scaling_processes.iter().map(String::as_str).collect()
        })
    }
}

/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SuspendProcesses.html>
pub(super) fn suspend_processes(world: &mut World, input: Processes) -> Result<Value, ApiError> {
    let reason = format!("User suspended at {}", iso(world.now).as_str().unwrap_or_default());
    let group = group_mut(world, &input.auto_scaling_group_name)?;
    for process in input.meant()? {
        group.suspended.entry(process.to_owned()).or_insert_with(|| reason.clone());
    }
    Ok(Value::Null)
}

/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_ResumeProcesses.html>
pub(super) fn resume_processes(world: &mut World, input: Processes) -> Result<Value, ApiError> {
    let group = group_mut(world, &input.auto_scaling_group_name)?;
    for process in input.meant()? {
        group.suspended.remove(process);
    }
    group.held = false;
    life::touch(world, &input.auto_scaling_group_name);
    life::watch(world, &input.auto_scaling_group_name);
    capacity_providers::watch(world);
    Ok(Value::Null)
}
