//! What EventBridge Pipes run on ECS.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use shared::Problem;

use crate::budget::Bucket;
use crate::read::{AT_ONCE, EcsTarget, PAGE, Read, pages, unless_gone};
use crate::run::Operation;

const LIST: Operation = ("pipes:ListPipes", Bucket::PipesRead);
const DESCRIBE: Operation = ("pipes:DescribePipe", Bucket::PipesRead);

impl Read {
    /// The task definitions of all pipes whose target is ECS, of stopped ones too: somebody may start them. A list
    /// does not say what they run, so each is read.
    ///
    /// Source: <https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeTargetEcsTaskParameters.html>
    pub async fn pipe_targets(&self) -> Result<Vec<EcsTarget>, Problem> {
        let to_ecs: Vec<String> = pages(LIST, |token: Option<String>| async move {
            let answer = self
                .0
                .send(LIST, "the account", |watch| {
                    let call = self.0.aws.in_use.pipes.list_pipes().limit(PAGE);
                    call.set_next_token(token.clone()).customize().interceptor(watch).send()
                })
                .await?;
            // One without a target is no pipe that AWS documents: it is read, to be sure.
            let named =
                answer.pipes().iter().filter(|pipe| pipe.target().is_none_or(|it| it.contains(":ecs:")));
            let names = named.filter_map(|pipe| pipe.name().map(str::to_owned));
            Ok((names.collect::<Vec<_>>(), answer.next_token.clone()))
        })
        .try_concat()
        .await?;
        let calls =
            stream::iter(to_ecs).map(|name| async move { unless_gone(self.target_of_pipe(&name).await) });
        calls.buffered(AT_ONCE).try_concat().await
    }

    async fn target_of_pipe(&self, name: &str) -> Result<Vec<EcsTarget>, Problem> {
        let thing = format!("pipe/{name}");
        let answer = self
            .0
            .send(DESCRIBE, &thing, |watch| {
                let call = self.0.aws.in_use.pipes.describe_pipe().name(name);
                call.customize().interceptor(watch).send()
            })
            .await?;
        let parameters = answer.target_parameters().and_then(|target| target.ecs_task_parameters());
        let task_definition = parameters.map(|it| it.task_definition_arn().to_owned());
        Ok(task_definition
            .map(|task_definition| EcsTarget { of: thing, task_definition })
            .into_iter()
            .collect())
    }
}
