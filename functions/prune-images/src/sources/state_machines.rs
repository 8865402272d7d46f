//! What Step Functions' state machines run: tasks of ECS, and whatever else their definitions name an image for, such
//! as a job on EKS.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use shared::Problem;
use shared::image::ImageRef;
use shared_aws::unless_gone;

use super::{AT_ONCE, Reader, definitions, resource, unreadable};
use crate::used::Usage;

/// What a definition runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Runs {
    /// Task definitions, as they are named there.
    task_definitions: Vec<String>,
    /// Images.
    images: Vec<String>,
    /// It runs a task definition that it works out while it runs.
    dynamic: bool,
}

impl Runs {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

pub(super) async fn read(reader: &Reader<'_>) -> Result<Usage, Problem> {
    let machines = reader.read.state_machine_arns().await?;
    let all: Vec<(String, Arc<Runs>)> = stream::iter(machines)
        .map(|machine| async move { runs_of(reader, machine).await })
        .buffer_unordered(AT_ONCE)
        .try_concat()
        .await?;
    let mut found = Usage::default();
    let mut wanted = Vec::new();
    for (arn, runs) in &all {
        let by = resource(arn);
        wanted.extend(runs.task_definitions.iter().map(|definition| (definition.clone(), by.clone())));
        runs.images.iter().for_each(|image| found.add(image, None, &by));
        found.dynamic.extend(runs.dynamic.then_some(by));
    }
    found.extend(definitions(reader, wanted).await?);
    Ok(found)
}

/// A state machine, and where it runs anything its published versions too: an alias may still lead to them.
async fn runs_of(reader: &Reader<'_>, machine: String) -> Result<Vec<(String, Arc<Runs>)>, Problem> {
    let Some(now) = unless_gone(reader.read.state_machine_definition(&machine).await.map(Some))? else {
        return Ok(Vec::new());
    };
    let now = runs(&machine, &now)?;
    if now.is_nothing() {
        return Ok(Vec::new());
    }
    let versions = if let Some(versions) = reader.cache.versions(&machine, reader.now) {
        versions
    } else {
        let versions = Arc::new(unless_gone(reader.read.state_machine_version_arns(&machine).await)?);
        reader.cache.keep_versions(&machine, reader.now, &versions);
        versions
    };
    let mut all = vec![(machine, Arc::new(now))];
    let mut published = stream::iter(versions.to_vec())
        .map(|arn| async move {
            let runs = unless_gone(version(reader, &arn).await.map(Some))?;
            Ok::<_, Problem>(runs.map(|runs| (arn, runs)))
        })
        .buffer_unordered(AT_ONCE);
    while let Some(answer) = published.next().await {
        all.extend(answer?);
    }
    Ok(all)
}

/// A published version does not change.
async fn version(reader: &Reader<'_>, arn: &str) -> Result<Arc<Runs>, Problem> {
    if let Some(runs) = reader.cache.version(arn) {
        return Ok(runs);
    }
    let runs = Arc::new(runs(arn, &reader.read.state_machine_definition(arn).await?)?);
    reader.cache.keep_version(arn, &runs);
    Ok(runs)
}

fn runs(arn: &str, definition: &str) -> Result<Runs, Problem> {
    let definition: Value = serde_json::from_str(definition)
        .map_err(|fault| unreadable(&resource(arn), &format!("its definition can't be read ({fault})")))?;
    let mut runs = Runs::default();
    look_through(&definition, &mut runs);
    Ok(runs)
}

/// The calls of ECS that start something of a task definition, or may.
///
/// Sources: <https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html>,
/// <https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html>
const NAMES_ONE: [&str; 4] =
    [":states:::ecs:runTask", ":aws-sdk:ecs:runTask", ":aws-sdk:ecs:startTask", ":aws-sdk:ecs:createTaskSet"];
const MAY_NAME_ONE: [&str; 2] = [":aws-sdk:ecs:createService", ":aws-sdk:ecs:updateService"];

fn look_through(value: &Value, runs: &mut Runs) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(call)) = fields.get("Resource") {
                let given = fields.get("Parameters").or_else(|| fields.get("Arguments"));
                start(call, given, runs);
            }
            fields.values().for_each(|value| look_through(value, runs));
        }
        Value::Array(values) => values.iter().for_each(|value| look_through(value, runs)),
        // What only looks like a reference, such as an expression that makes one, is none.
        Value::String(text) if matches!(ImageRef::parse(text), Ok(ImageRef::Ecr(_))) => {
            runs.images.push(text.clone());
        }
        _ => {}
    }
}

/// Which task definition a call starts. Its field may be a path (`TaskDefinition.$`) or an expression (`{% … %}`).
fn start(call: &str, given: Option<&Value>, runs: &mut Runs) {
    let calls = |names: &[&str]| {
        names
            .iter()
            .any(|name| call.find(name).and_then(|at| call.get(at + name.len()..)).is_some_and(is_end))
    };
    let names_one = calls(&NAMES_ONE);
    if !names_one && !calls(&MAY_NAME_ONE) {
        return;
    }
    let fields = given.and_then(Value::as_object);
    let named = fields.and_then(|fields| {
        fields.iter().find(|(key, _)| key.trim_end_matches(".$").eq_ignore_ascii_case("taskDefinition"))
    });
    match named {
        Some((key, Value::String(name))) if !key.ends_with(".$") && !name.trim_start().starts_with("{%") => {
            runs.task_definitions.push(name.clone());
        }
        Some(_) => runs.dynamic = true,
        None => runs.dynamic |= names_one || given.is_some_and(Value::is_string),
    }
}

/// What stands behind a call's name: nothing, or the way it is waited for (`.sync`).
fn is_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(['.', ':'])
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::Code;

    use super::*;

    const IMAGE: &str = "123456789012.dkr.ecr.sa-east-1.amazonaws.com/users:prod-1";

    fn of(definition: &Value) -> Runs {
        runs("arn:aws:states:sa-east-1:123456789012:stateMachine:nightly", &definition.to_string()).unwrap()
    }

    fn task(resource: &str, given: &Value) -> Runs {
        of(
            &json!({"StartAt": "Run", "States": {"Run": {"Type": "Task", "Resource": resource, "Parameters": given,
            "End": true}}}),
        )
    }

    fn one(definition: &str) -> Runs {
        Runs { task_definitions: vec![definition.into()], ..Runs::default() }
    }

    fn dynamic() -> Runs {
        Runs { dynamic: true, ..Runs::default() }
    }

    #[test]
    fn a_task_of_ecs_runs_what_its_parameters_or_arguments_name() {
        let job = json!({"Cluster": "prod", "TaskDefinition": "job:7"});
        for call in [
            "states:::ecs:runTask",
            "states:::ecs:runTask.sync",
            "states:::ecs:runTask.waitForTaskToken",
            "states:::aws-sdk:ecs:runTask",
            "states:::aws-sdk:ecs:startTask",
        ] {
            assert_eq!(task(&format!("arn:aws:{call}"), &job), one("job:7"), "{call}");
        }
        assert_eq!(task("arn:aws-cn:states:::ecs:runTask.sync", &job), one("job:7"));
        assert_eq!(task("arn:aws:states:::aws-sdk:ecs:runTaskOfTheFuture", &job), Runs::default());
        assert_eq!(task("arn:aws:states:::lambda:invoke", &job), Runs::default());
        let jsonata = json!({"QueryLanguage": "JSONata", "States": {"Run": {
            "Resource": "arn:aws:states:::ecs:runTask.sync", "Arguments": job}}});
        assert_eq!(of(&jsonata), one("job:7"));
    }

    #[test]
    fn a_branch_and_a_map_are_looked_through_too() {
        let run = json!({"Run": {"Resource": "arn:aws:states:::ecs:runTask", "Parameters": {"TaskDefinition": "job"}}});
        let nested = json!({"States": {"All": {"Type": "Parallel", "Branches": [{"States": {"Each": {"Type": "Map",
            "ItemProcessor": {"States": run}}}}]}}});
        assert_eq!(of(&nested), one("job"));
    }

    #[test]
    fn what_is_worked_out_while_it_runs_is_said_to_be() {
        let call = "arn:aws:states:::ecs:runTask.sync";
        assert_eq!(task(call, &json!({"TaskDefinition.$": "$.definition"})), dynamic());
        assert_eq!(task(call, &json!({"TaskDefinition": "{% $states.input.definition %}"})), dynamic());
        assert_eq!(task(call, &json!("{% $states.input %}")), dynamic());
        assert_eq!(task(call, &json!({})), dynamic());
        let update = "arn:aws:states:::aws-sdk:ecs:updateService";
        assert_eq!(task(update, &json!({"Service": "users", "DesiredCount": 0})), Runs::default());
        assert_eq!(task(update, &json!({"TaskDefinition.$": "$.definition"})), dynamic());
    }

    #[test]
    fn an_image_anywhere_in_a_definition_is_in_use_and_text_that_only_names_one_is_not() {
        let job = json!({"apiVersion": "batch/v1", "spec": {"template": {"spec": {"containers": [{"image": IMAGE}]}}}});
        let runs = task("arn:aws:states:::eks:runJob.sync", &json!({"Job": job}));
        assert_eq!(runs, Runs { images: vec![IMAGE.into()], ..Runs::default() });
        let format = format!("States.Format('{IMAGE}-{{}}', $.build)");
        assert_eq!(of(&json!({"Comment": format!("runs {IMAGE}"), "x.$": format})), Runs::default());
    }

    #[test]
    fn a_definition_that_is_no_json_is_not_read() {
        let problem = runs("arn:aws:states:sa-east-1:123456789012:stateMachine:nightly", "{").unwrap_err();
        assert_eq!(problem.code, Code::SourceUnreadable);
        assert!(problem.detail.contains("stateMachine:nightly"), "{}", problem.detail);
    }
}
