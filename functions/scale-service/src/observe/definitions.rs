//! What a task of a definition takes: read once per process, since a task definition never changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use futures_util::stream::{self, StreamExt as _};
use shared::ecs::TaskDefinition;
use shared_aws::Read;

use super::AT_ONCE;

/// So many definitions are read in a run at the most: a fleet that sleeps is known after a few ticks.
const NEW: usize = 100;

/// CPU and memory.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Resources {
    /// In vCPUs.
    pub(crate) vcpu: f64,
    /// In GiB.
    pub(crate) memory: f64,
}

/// Task definitions by ARN.
#[derive(Debug, Default)]
pub(crate) struct Definitions(Mutex<BTreeMap<String, Resources>>);

impl Definitions {
    /// What is known of a definition.
    pub(crate) fn of(&self, arn: &str) -> Option<Resources> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(arn).copied()
    }

    /// Reads those of these that are not known. What can't be read is not counted, and tried again later.
    pub(crate) async fn read(&self, read: &Read, arns: BTreeSet<&str>) {
        let new = arns.into_iter().filter(|arn| self.of(arn).is_none()).take(NEW);
        let new: Vec<String> = new.map(str::to_owned).collect();
        let reads = stream::iter(new).map(|arn| async move {
            let definition = read.task_definition(&arn).await;
            (arn, definition)
        });
        let mut reads = reads.buffer_unordered(AT_ONCE);
        while let Some((arn, definition)) = reads.next().await {
            let Ok((definition, _)) = definition else { continue };
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(arn, resources(&definition));
        }
    }
}

/// What the task says, else what its containers do: on EC2 a task need not say it. CPU is in units of which
/// 1,024 are a vCPU, memory in MiB.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html>
fn resources(definition: &TaskDefinition) -> Resources {
    let said = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<f64>().ok());
    let containers = &definition.container_definitions;
    let cpu = said(&definition.cpu).unwrap_or_else(|| containers.iter().map(|it| f64::from(it.cpu)).sum());
    let reserved = |it: &shared::ecs::ContainerDefinition| it.memory_reservation.or(it.memory).unwrap_or(0);
    let memory =
        said(&definition.memory).unwrap_or_else(|| containers.iter().map(|it| f64::from(reserved(it))).sum());
    Resources { vcpu: cpu / 1024.0, memory: memory / 1024.0 }
}
