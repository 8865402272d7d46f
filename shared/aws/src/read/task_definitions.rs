//! Task definitions.

use aws_sdk_ecs::types::{TaskDefinitionField, TaskDefinitionStatus};
use shared::ecs::{Tag, TaskDefinition};
use shared::{Code, Problem};

use super::{PAGE, Read, names, pages};
use crate::budget::Bucket;
use crate::convert;
use crate::run::Operation;

const LIST: Operation = ("ecs:ListTaskDefinitions", Bucket::EcsTaskDefinitionRead);
const DESCRIBE: Operation = ("ecs:DescribeTaskDefinition", Bucket::EcsTaskDefinitionRead);

impl Read {
    /// The ARNs of the revisions with this status (AWS's word), of one family or of all.
    pub async fn task_definition_arns(
        &self,
        family: Option<&str>,
        status: &str,
    ) -> Result<Vec<String>, Problem> {
        let thing = family.unwrap_or("all families");
        let pages = pages(LIST, move |token| async move {
            let answer = self
                .0
                .send(LIST, thing, |watch| {
                    self.0
                        .aws
                        .ecs
                        .list_task_definitions()
                        .set_family_prefix(family.map(str::to_owned))
                        .status(TaskDefinitionStatus::from(status))
                        .max_results(PAGE)
                        .set_next_token(token.clone())
                        .customize()
                        .interceptor(watch)
                        .send()
                })
                .await?;
            Ok((answer.task_definition_arns.unwrap_or_default(), answer.next_token))
        });
        names(pages).await
    }

    /// A task definition by `family`, `family:revision` or ARN, with its tags; a family means its
    /// latest ACTIVE revision.
    pub async fn task_definition(&self, name: &str) -> Result<(TaskDefinition, Vec<Tag>), Problem> {
        let answer = self
            .0
            .send(DESCRIBE, name, |watch| {
                self.0
                    .aws
                    .ecs
                    .describe_task_definition()
                    .task_definition(name)
                    .include(TaskDefinitionField::Tags)
                    .customize()
                    .interceptor(watch)
                    .send()
            })
            .await?;
        let found = answer.task_definition().map(convert::task_definition).ok_or_else(|| {
            Problem::new(Code::AwsFailed, format!("ecs:DescribeTaskDefinition on {name}: an empty answer"))
        })?;
        Ok((found, convert::tags(answer.tags())))
    }
}
