//! The ECS targets of EventBridge Scheduler's schedules.

use serde_json::{Map, Value};
use shared::Problem;
use shared_aws::ScheduleTarget;

use super::{Reader, definitions, unreadable};
use crate::used::Usage;

pub(super) async fn read(reader: &Reader<'_>) -> Result<Usage, Problem> {
    let mut run = Vec::new();
    for ScheduleTarget { of, arn, task_definition, input } in reader.read.schedule_targets().await? {
        let named = match task_definition {
            Some(named) => Some(named),
            None => universal(&arn, &input, &of)?,
        };
        run.extend(named.map(|named| (named, of)));
    }
    definitions(reader, run).await
}

/// What a universal target runs: a call of ECS's own API, whose fields are its input. One that can't be
/// read may run anything.
///
/// Source: <https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html>
fn universal(arn: &str, input: &str, thing: &str) -> Result<Option<String>, Problem> {
    const NAMES_ONE: [&str; 3] = ["runTask", "startTask", "createTaskSet"];
    const MAY_NAME_ONE: [&str; 2] = ["createService", "updateService"];
    let Some((_, action)) = arn.split_once(":aws-sdk:ecs:") else { return Ok(None) };
    let names_one = NAMES_ONE.contains(&action);
    if !names_one && !MAY_NAME_ONE.contains(&action) {
        return Ok(None);
    }
    let fields = serde_json::from_str::<Map<String, Value>>(input).ok();
    let named = fields.as_ref().and_then(|fields| {
        let (_, name) = fields.iter().find(|(key, _)| key.eq_ignore_ascii_case("taskDefinition"))?;
        name.as_str().map(str::to_owned)
    });
    if fields.is_none() || (names_one && named.is_none()) {
        let fault = format!("its input does not say which task definition its {action} is of");
        return Err(unreadable(&thing, &fault));
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use shared::Code;

    use super::*;

    #[test]
    fn a_universal_target_runs_what_its_input_says_and_one_that_says_nothing_is_not_read() {
        let of = |action: &str, input: &str| {
            universal(&format!("arn:aws:scheduler:::aws-sdk:ecs:{action}"), input, "schedule/default/weekly")
        };
        let run = r#"{"Cluster": "prod", "TaskDefinition": "report:7"}"#;
        assert_eq!(of("runTask", run).unwrap().as_deref(), Some("report:7"));
        assert_eq!(of("updateService", r#"{"DesiredCount": 0}"#).unwrap(), None);
        assert_eq!(of("stopTask", "").unwrap(), None);
        assert_eq!(universal("arn:aws:ecs:sa-east-1:123456789012:cluster/prod", "", "").unwrap(), None);
        for (action, input) in [("runTask", "{}"), ("runTask", "<x>"), ("updateService", "")] {
            let problem = of(action, input).unwrap_err();
            assert_eq!(problem.code, Code::SourceUnreadable);
            assert!(problem.detail.contains("schedule/default/weekly"), "{}", problem.detail);
        }
    }
}
