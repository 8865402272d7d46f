//! CodeBuild's projects.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use shared::{Code, Problem};

use crate::budget::Bucket;
use crate::read::{AT_ONCE, HUNDRED, Read, chunks, names, pages, thing};
use crate::run::Operation;

const LIST: Operation = ("codebuild:ListProjects", Bucket::CodeBuildRead);
const GET: Operation = ("codebuild:BatchGetProjects", Bucket::CodeBuildRead);

/// A project, and what its builds run in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildProject {
    /// `project/deploy`.
    pub of: String,
    /// One of CodeBuild's own (`aws/codebuild/standard:7.0`), or a reference to a registry.
    pub image: String,
}

impl Read {
    /// All projects.
    ///
    /// Source: <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetProjects.html>
    pub async fn build_projects(&self) -> Result<Vec<BuildProject>, Problem> {
        let listed = pages(LIST, |token: Option<String>| async move {
            let answer = self
                .0
                .send(LIST, "the account", |watch| {
                    let call = self.0.aws.in_use.codebuild.list_projects();
                    call.set_next_token(token.clone()).customize().interceptor(watch).send()
                })
                .await?;
            Ok((answer.projects().to_vec(), answer.next_token.clone()))
        });
        let batches = chunks(&names(listed).await?, HUNDRED);
        let calls = stream::iter(batches).map(|names| async move { self.build_projects_named(names).await });
        calls.buffered(AT_ONCE).try_concat().await
    }

    async fn build_projects_named(&self, names: Vec<String>) -> Result<Vec<BuildProject>, Problem> {
        let thing = format!("project/{}", thing(&names));
        let answer = self
            .0
            .send(GET, &thing, |watch| {
                let call = self.0.aws.in_use.codebuild.batch_get_projects().set_names(Some(names.clone()));
                call.customize().interceptor(watch).send()
            })
            .await?;
        let answered = answer.projects().len() + answer.projects_not_found().len();
        if answered < names.len() {
            let fault = format!("{} were asked for, and {answered} answered", names.len());
            return Err(Problem::new(
                Code::AwsFailed,
                format!("codebuild:BatchGetProjects on {thing}: {fault}"),
            ));
        }
        let found = answer.projects().iter().filter_map(|it| {
            let image = it.environment()?.image().to_owned();
            Some(BuildProject { of: format!("project/{}", it.name().unwrap_or_default()), image })
        });
        Ok(found.collect())
    }
}
