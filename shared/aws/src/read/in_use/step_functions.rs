//! State machines of Step Functions, and what they are defined as.

use futures_util::stream::TryStreamExt as _;
use shared::Problem;

use crate::budget::Bucket;
use crate::read::{Read, names, pages};
use crate::run::Operation;

const LIST: Operation = ("states:ListStateMachines", Bucket::StatesList);
const VERSIONS: Operation = ("states:ListStateMachineVersions", Bucket::StatesVersions);
const DESCRIBE: Operation = ("states:DescribeStateMachine", Bucket::StatesDescribe);
/// The most that a page holds.
const PAGE: i32 = 1_000;

impl Read {
    /// The ARNs of all state machines.
    ///
    /// Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachines.html>
    pub async fn state_machine_arns(&self) -> Result<Vec<String>, Problem> {
        let pages = pages(LIST, |token: Option<String>| async move {
            let answer = self
                .0
                .send(LIST, "the account", |watch| {
                    let call = self.0.aws.in_use.states.list_state_machines().max_results(PAGE);
                    call.set_next_token(token.clone()).customize().interceptor(watch).send()
                })
                .await?;
            let arns = answer.state_machines().iter().map(|machine| machine.state_machine_arn().to_owned());
            Ok((arns.collect::<Vec<_>>(), answer.next_token.clone()))
        });
        names(pages).await
    }

    /// The ARNs of a state machine's published versions.
    ///
    /// Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachineVersions.html>
    pub async fn state_machine_version_arns(&self, machine: &str) -> Result<Vec<String>, Problem> {
        let pages = pages(VERSIONS, move |token: Option<String>| async move {
            let answer = self
                .0
                .send(VERSIONS, machine, |watch| {
                    let call = self.0.aws.in_use.states.list_state_machine_versions();
                    let call = call.state_machine_arn(machine).max_results(PAGE);
                    call.set_next_token(token.clone()).customize().interceptor(watch).send()
                })
                .await?;
            let versions = answer.state_machine_versions().iter();
            let arns = versions.map(|version| version.state_machine_version_arn().to_owned());
            Ok((arns.collect::<Vec<_>>(), answer.next_token.clone()))
        });
        pages.try_concat().await
    }

    /// What a state machine or a version of one is defined as, in the Amazon States Language.
    ///
    /// Source: <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html>
    pub async fn state_machine_definition(&self, arn: &str) -> Result<String, Problem> {
        let answer = self
            .0
            .send(DESCRIBE, arn, |watch| {
                let call = self.0.aws.in_use.states.describe_state_machine().state_machine_arn(arn);
                call.customize().interceptor(watch).send()
            })
            .await?;
        Ok(answer.definition().to_owned())
    }
}
