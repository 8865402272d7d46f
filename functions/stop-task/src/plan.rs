//! Which tasks are stopped, and why the others are not. Pure.

use serde_json::json;
use shared::ecs::Task;
use shared::names::{Arn, TaskId, short_name};
use shared::problem::Action;
use shared::report::{Outcome, Warning};
use shared::{Code, Problem};

use crate::ask::{Ask, Tasks};
use crate::effect::{Effect, Item};
use crate::observe::{Snapshot, service_of};
use crate::request::Force;

/// One call of `StopTask`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub task: TaskId,
    /// Its status before, for the audit.
    pub before: String,
}

/// A plan of stop-task.
pub type Plan = shared::Plan<Step, Effect>;

/// The plan of a request.
///
/// # Errors
///
/// More tasks than the deployment allows at once: nothing is stopped then.
pub fn plan(seen: &Snapshot, ask: &Ask, stop_max: usize) -> Result<Plan, Problem> {
    let mut plan = Plan::default();
    for task in &seen.tasks {
        let (item, step) = decide(task, seen, ask);
        plan.change(item, [(0, step.into_iter().collect())]);
    }
    let stopping = plan.steps().count();
    if stopping > stop_max {
        let detail = format!(
            "{stopping} tasks fit, and one request stops at most {stop_max}: narrow it, or raise STOP_MAX"
        );
        return Err(Problem::new(Code::BeyondMax, detail));
    }
    Ok(plan)
}

/// What becomes of a task, and the step of one that is stopped.
fn decide(task: &Task, seen: &Snapshot, ask: &Ask) -> (Item, Option<Step>) {
    let resource = task.task_arn.parse::<Arn>().map_or_else(|_| task.task_arn.clone(), |arn| arn.resource);
    let id = short_name(&task.task_arn).parse::<TaskId>().ok();
    let item = |outcome, code, reason: String| {
        let before = Effect::Seen { id: id.clone(), last_status: task.last_status.clone() };
        Item { before: Some(before), ..Item::new(&resource, outcome, code, reason) }
    };
    let leave = |outcome, code, reason| (item(outcome, Some(code), reason), None);
    if task.last_status == "STOPPED" || task.desired_status == "STOPPED" {
        let since = task.stopped_at.map(|at| format!(" since {at}")).unwrap_or_default();
        let why = task.stopped_reason.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
        let how = if task.last_status == "STOPPED" { "stopped" } else { "stopping" };
        return leave(Outcome::Unchanged, Code::AlreadyStopped, format!("already {how}{since}{why}"));
    }
    let service = service_of(task).filter(|name| seen.services.contains(*name));
    if let Some(service) = service {
        let Tasks::One(_, force) = ask.tasks else {
            let reason = format!("service {service} would replace it: stop the service instead");
            return leave(Outcome::Skipped, Code::ServiceTask, reason);
        };
        if force == Force::No {
            let reason = format!(
                "service {service} would replace it: stop the service instead, or restart the task with \"force\": true"
            );
            return leave(Outcome::Failed, Code::ServiceTask, reason);
        }
        if let Some(protection) = seen.protection.get(&task.task_arn)
            && force != Force::Protected
        {
            let until = protection.until.map(|at| format!(" until {at}")).unwrap_or_default();
            let reason = format!("it is protected{until}: wait, or stop it with \"force\": \"protected\"");
            return leave(Outcome::Failed, Code::Protected, reason);
        }
    }
    let Some(id) = id.clone() else {
        return leave(Outcome::Failed, Code::Internal, "its ARN can't be read".into());
    };
    let reason = match service {
        Some(service) => format!("restarted on purpose: service {service} starts another"),
        None => "as asked".into(),
    };
    let mut item = item(Outcome::Changed, None, reason);
    item.after = Some(Effect::Stopped { desired_status: "STOPPED" });
    if let Some(protection) = seen.protection.get(&task.task_arn) {
        let until = protection.until.map(|at| format!(" until {at}")).unwrap_or_default();
        item.warnings.push(Warning::new(Code::Protected, format!("it was protected{until}")));
    }
    (item, Some(Step { task: id, before: task.last_status.clone() }))
}

/// What to do instead of stopping a service's task: the ready stop of its service.
#[must_use]
pub fn instead(seen: &Snapshot, ask: &Ask) -> Option<Action> {
    let service = seen.tasks.first().and_then(service_of)?;
    Some(Action {
        method: "POST",
        path: format!("/v1/clusters/{}/services/{service}/stop", ask.cluster),
        body: ask.words.as_ref().map_or_else(|| json!({}), |words| json!({ "reason": words })),
    })
}

#[cfg(test)]
mod tests {
    use shared_aws::Protection;

    use super::*;

    fn task(id: usize, group: &str) -> Task {
        Task {
            task_arn: format!("arn:aws:ecs:sa-east-1:123456789012:task/prod/{id:032x}"),
            group: group.into(),
            last_status: "RUNNING".into(),
            desired_status: "RUNNING".into(),
            ..Task::default()
        }
    }

    fn ask(tasks: Tasks) -> Ask {
        Ask {
            cluster: "prod".parse().unwrap(),
            tasks,
            words: None,
            reason: "done".into(),
            wait: None,
            dry_run: false,
        }
    }

    #[test]
    fn a_bulk_stop_skips_what_services_keep_and_has_a_cap() {
        let mut tasks: Vec<Task> = (0..3).map(|id| task(id, "family:job")).collect();
        tasks.push(task(3, "service:users"));
        tasks.push(task(4, "service:long-gone"));
        let seen = Snapshot { tasks, services: ["users".to_owned()].into(), ..Snapshot::default() };
        let ask = ask(Tasks::Many { family: None, started_by: Some("alice".into()) });
        let made = plan(&seen, &ask, 4).unwrap();
        assert_eq!(made.steps().count(), 4, "a group that no service has is only a name");
        let skipped: Vec<_> =
            made.forecast().iter().filter(|item| item.outcome == Outcome::Skipped).collect();
        assert_eq!((skipped.len(), skipped[0].code), (1, Some(Code::ServiceTask)));
        assert_eq!(plan(&seen, &ask, 3).unwrap_err().code, Code::BeyondMax);
    }

    #[test]
    fn what_stops_or_has_stopped_is_left_and_told_apart() {
        let one = |last: &str, desired: &str| {
            let task =
                Task { last_status: last.into(), desired_status: desired.into(), ..task(1, "family:job") };
            let seen = Snapshot { tasks: vec![task], ..Snapshot::default() };
            let plan =
                plan(&seen, &ask(Tasks::One(format!("{:032x}", 1).parse().unwrap(), Force::No)), 1).unwrap();
            let item = plan.forecast()[0].clone();
            assert_eq!(plan.steps().count(), usize::from(item.outcome == Outcome::Changed), "{item:?}");
            let was = serde_json::to_value(item.before.as_ref().unwrap()).unwrap();
            assert_eq!(was["lastStatus"], last, "{was}");
            (item.outcome, item.code, item.reason)
        };
        let left = |how: &str| (Outcome::Unchanged, Some(Code::AlreadyStopped), format!("already {how}"));
        assert_eq!(one("STOPPED", "STOPPED"), left("stopped"));
        assert_eq!(one("RUNNING", "STOPPED"), left("stopping"));
        assert_eq!(one("STOPPED", "RUNNING"), left("stopped"));
        assert_eq!(one("RUNNING", "RUNNING"), (Outcome::Changed, None, "as asked".into()));
    }

    #[test]
    fn a_services_task_needs_force_and_a_protected_one_a_force_that_says_so() {
        let users = task(1, "service:users");
        let id = format!("{:032x}", 1);
        let arn = users.task_arn.clone();
        let decided = |force: Force, protected: bool| {
            let protection = [(arn.clone(), Protection { until: None })];
            let seen = Snapshot {
                tasks: vec![users.clone()],
                services: ["users".to_owned()].into(),
                protection: protection.into_iter().filter(|_| protected).collect(),
            };
            let ask = ask(Tasks::One(id.parse().unwrap(), force));
            let item = plan(&seen, &ask, 1).unwrap().forecast()[0].clone();
            (item.outcome, item.code, item.warnings.len())
        };
        for (force, protected, told) in [
            (Force::No, false, (Outcome::Failed, Some(Code::ServiceTask), 0)),
            (Force::No, true, (Outcome::Failed, Some(Code::ServiceTask), 0)),
            (Force::ServiceTask, false, (Outcome::Changed, None, 0)),
            (Force::ServiceTask, true, (Outcome::Failed, Some(Code::Protected), 0)),
            (Force::Protected, false, (Outcome::Changed, None, 0)),
            (Force::Protected, true, (Outcome::Changed, None, 1)),
        ] {
            assert_eq!(decided(force, protected), told, "{force:?} {protected}");
        }
    }

    #[test]
    fn what_to_do_instead_is_the_stop_of_the_service_with_the_callers_words() {
        let seen = |group: &str| Snapshot { tasks: vec![task(1, group)], ..Snapshot::default() };
        let mut ask = ask(Tasks::One(format!("{:032x}", 1).parse().unwrap(), Force::No));
        let path = "/v1/clusters/prod/services/users/stop".to_owned();
        let action = |body| Some(Action { method: "POST", path: path.clone(), body });
        assert_eq!(instead(&seen("service:users"), &ask), action(json!({})));
        ask.words = Some("stuck".into());
        assert_eq!(instead(&seen("service:users"), &ask), action(json!({"reason": "stuck"})));
        assert_eq!(instead(&seen("family:job"), &ask), None);
    }
}
