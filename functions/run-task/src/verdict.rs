//! How a task ended: by the exit codes of its essential containers.

use shared::ecs::{Container, Task, TaskDefinition};

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Running,
    /// Every essential container exited with 0.
    Done(String),
    /// Anything else.
    Failed(String),
}

/// The verdict on a task of this definition.
///
/// An essential container without an exit code has not come to its end: it never started, or was
/// never heard of again. What other containers did is told, and counts for nothing.
///
/// Source: `stopCode` and `containers` in
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html>
#[must_use]
pub fn verdict(task: &Task, definition: &TaskDefinition) -> Verdict {
    if task.last_status != "STOPPED" {
        return Verdict::Running;
    }
    let because = |text: &Option<String>| text.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
    let stopped = because(&task.stopped_reason);
    if task.stop_code.as_deref() == Some("TaskFailedToStart") {
        return Verdict::Failed(format!("it never started{stopped}"));
    }
    let essential = |container: &&Container| {
        let defined = definition.container_definitions.iter().find(|known| known.name == container.name);
        defined.is_none_or(|known| known.essential)
    };
    let ended = |container: &Container| match container.exit_code {
        Some(code) => format!("{} exited with {code}{}", container.name, because(&container.reason)),
        None => format!("{} has no exit code{}", container.name, because(&container.reason)),
    };
    let failed = |container: &&Container| container.exit_code != Some(0);
    let bad: Vec<String> = task.containers.iter().filter(essential).filter(failed).map(ended).collect();
    if !bad.is_empty() {
        return Verdict::Failed(format!("{}{stopped}", bad.join(", ")));
    }
    if !task.containers.iter().any(|container| essential(&container)) {
        return Verdict::Failed(format!("none of its containers is essential{stopped}"));
    }
    let others: Vec<String> =
        task.containers.iter().filter(|c| !essential(c)).filter(failed).map(ended).collect();
    let beside = match others.as_slice() {
        [] => String::new(),
        others => format!(" (not essential: {})", others.join(", ")),
    };
    Verdict::Done(format!("exit 0{beside}"))
}

#[cfg(test)]
mod tests {
    use shared::ecs::ContainerDefinition;

    use super::*;

    fn task(containers: &[(&str, Option<i32>)]) -> Task {
        let container = |(name, exit_code): &(&str, Option<i32>)| Container {
            name: (*name).into(),
            exit_code: *exit_code,
            ..Container::default()
        };
        Task {
            last_status: "STOPPED".into(),
            stopped_reason: Some("Essential container in task exited".into()),
            containers: containers.iter().map(container).collect(),
            ..Task::default()
        }
    }

    fn definition() -> TaskDefinition {
        let container = |name: &str, essential| ContainerDefinition {
            name: name.into(),
            essential,
            ..ContainerDefinition::default()
        };
        let containers = vec![container("app", true), container("sidecar", false)];
        TaskDefinition { container_definitions: containers, ..TaskDefinition::default() }
    }

    #[test]
    fn the_verdict_is_from_the_essential_containers_of_the_tasks_own_definition() {
        let of = |task: Task| verdict(&task, &definition());
        assert_eq!(of(task(&[("app", Some(0))])), Verdict::Done("exit 0".into()));
        let beside = of(task(&[("app", Some(0)), ("sidecar", Some(1))]));
        assert_eq!(beside, Verdict::Done("exit 0 (not essential: sidecar exited with 1)".into()));
        for (task, says) in [
            (task(&[("app", Some(3))]), "app exited with 3: Essential container"),
            (task(&[("app", None)]), "app has no exit code"),
            (task(&[("sidecar", Some(0))]), "none of its containers is essential"),
            (task(&[("app", Some(0)), ("unknown", Some(2))]), "unknown exited with 2"),
        ] {
            let Verdict::Failed(reason) = of(task) else { panic!("{says}: no failure") };
            assert!(reason.contains(says), "{reason}");
        }
        let never = Task { stop_code: Some("TaskFailedToStart".into()), ..task(&[("app", Some(0))]) };
        assert!(matches!(of(never), Verdict::Failed(reason) if reason.starts_with("it never started")));
        assert_eq!(of(Task { last_status: "RUNNING".into(), ..Task::default() }), Verdict::Running);
    }
}
