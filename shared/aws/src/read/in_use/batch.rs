//! AWS Batch's job definitions.

use aws_sdk_batch::types::{
    EcsProperties, EcsTaskProperties, EksProperties, JobDefinition as Described, NodeProperties,
    NodeRangeProperty,
};
use futures_util::stream::TryStreamExt as _;
use shared::Problem;

use crate::budget::Bucket;
use crate::read::{PAGE, Read, pages};
use crate::run::Operation;

const DESCRIBE: Operation = ("batch:DescribeJobDefinitions", Bucket::BatchRead);

/// A revision of a job definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobDefinition {
    /// `job-definition/etl:3`.
    pub of: String,
    /// The images of all its containers.
    pub images: Vec<String>,
}

impl Read {
    /// All job definitions of which a job can be made: every ACTIVE revision.
    ///
    /// Source: <https://docs.aws.amazon.com/batch/latest/APIReference/API_DescribeJobDefinitions.html>
    pub async fn job_definitions(&self) -> Result<Vec<JobDefinition>, Problem> {
        let pages = pages(DESCRIBE, |token: Option<String>| async move {
            let answer = self
                .0
                .send(DESCRIBE, "the account", |watch| {
                    let call = self.0.aws.in_use.batch.describe_job_definitions();
                    let call = call.status("ACTIVE").max_results(PAGE);
                    call.set_next_token(token.clone()).customize().interceptor(watch).send()
                })
                .await?;
            let found = answer.job_definitions().iter().map(|it| JobDefinition {
                of: format!(
                    "job-definition/{}:{}",
                    it.job_definition_name().unwrap_or_default(),
                    it.revision().unwrap_or_default()
                ),
                images: images(it),
            });
            Ok((found.collect::<Vec<_>>(), answer.next_token.clone()))
        });
        pages.try_concat().await
    }
}

/// The images of a job's containers: of a single one, of its nodes, of its ECS tasks or of its EKS pod.
fn images(of: &Described) -> Vec<String> {
    let nodes = of.node_properties().into_iter().flat_map(NodeProperties::node_range_properties);
    let container = of.container_properties().and_then(|it| it.image());
    container
        .into_iter()
        .chain(of.ecs_properties().into_iter().flat_map(of_ecs))
        .chain(of.eks_properties().into_iter().flat_map(of_eks))
        .chain(nodes.flat_map(of_node))
        .map(str::to_owned)
        .collect()
}

fn of_node(node: &NodeRangeProperty) -> impl Iterator<Item = &str> {
    let container = node.container().and_then(|it| it.image());
    let ecs = node.ecs_properties().into_iter().flat_map(of_ecs);
    container.into_iter().chain(ecs).chain(node.eks_properties().into_iter().flat_map(of_eks))
}

fn of_ecs(ecs: &EcsProperties) -> impl Iterator<Item = &str> {
    ecs.task_properties().iter().flat_map(EcsTaskProperties::containers).filter_map(|it| it.image())
}

fn of_eks(eks: &EksProperties) -> impl Iterator<Item = &str> {
    let pod = eks.pod_properties();
    let containers = pod.into_iter().flat_map(|pod| pod.containers().iter().chain(pod.init_containers()));
    containers.filter_map(|it| it.image())
}
