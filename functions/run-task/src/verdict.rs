//! How a task ended: by the exit codes of the containers that count.

use shared::ecs::{Container, Task, TaskDefinition};

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Running,
    /// Every container that counts exited with 0.
    Done {
        /// `exit 0`, and what the others did.
        how: String,
        /// Of those that count, what ECS says of their ends all the same: `app: OutOfMemoryError: …`.
        reasons: Vec<String>,
    },
    /// Anything else.
    Failed(String),
}

/// The verdict on a task of this definition: from the containers named in `of`, or else from the
/// essential ones.
///
/// A container that counts and has no exit code has not come to its end: it never started, or was
/// never heard of again. What other containers did is told, and counts for nothing.
///
/// Source: `stopCode` and `containers` in
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html>
#[must_use]
pub fn verdict(task: &Task, definition: &TaskDefinition, of: &[String]) -> Verdict {
    if task.last_status != "STOPPED" {
        return Verdict::Running;
    }
    let because = |text: &Option<String>| text.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
    let stopped = because(&task.stopped_reason);
    if task.stop_code.as_deref() == Some("TaskFailedToStart") {
        return Verdict::Failed(format!("it never started{stopped}"));
    }
    let counts = |container: &Container| {
        if !of.is_empty() {
            return of.contains(&container.name);
        }
        let defined = definition.container_definitions.iter().find(|known| known.name == container.name);
        defined.is_none_or(|known| known.essential)
    };
    let ended = |container: &&Container| match container.exit_code {
        Some(code) => format!("{} exited with {code}{}", container.name, because(&container.reason)),
        None => format!("{} has no exit code{}", container.name, because(&container.reason)),
    };
    let failed = |container: &&Container| container.exit_code != Some(0);
    let (counted, others): (Vec<&Container>, Vec<&Container>) =
        task.containers.iter().partition(|container| counts(container));
    let mut bad: Vec<String> = counted.iter().copied().filter(failed).map(|it| ended(&it)).collect();
    let there = |name: &&String| counted.iter().any(|container| container.name == **name);
    bad.extend(of.iter().filter(|name| !there(name)).map(|name| format!("{name} has no exit code")));
    if !bad.is_empty() {
        return Verdict::Failed(format!("{}{stopped}", bad.join(", ")));
    }
    if counted.is_empty() {
        return Verdict::Failed(format!("none of its containers is essential{stopped}"));
    }
    let others: Vec<String> = others.into_iter().filter(failed).map(|it| ended(&it)).collect();
    let beside = match others.as_slice() {
        [] => String::new(),
        others if of.is_empty() => format!(" (not essential: {})", others.join(", ")),
        others => format!(" (not in verdictOf: {})", others.join(", ")),
    };
    let reason = |it: &&Container| Some(format!("{}: {}", it.name, it.reason.as_deref()?));
    Verdict::Done { how: format!("exit 0{beside}"), reasons: counted.iter().filter_map(reason).collect() }
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
        let of = |task: Task| verdict(&task, &definition(), &[]);
        let done = |how: &str| Verdict::Done { how: how.into(), reasons: Vec::new() };
        assert_eq!(of(task(&[("app", Some(0))])), done("exit 0"));
        let beside = of(task(&[("app", Some(0)), ("sidecar", Some(1))]));
        assert_eq!(beside, done("exit 0 (not essential: sidecar exited with 1)"));
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

    #[test]
    fn where_containers_are_named_they_alone_count_and_one_that_is_not_there_has_not_ended() {
        let of = |task: Task, names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).into()).collect();
            verdict(&task, &definition(), &names)
        };
        let ended = || task(&[("app", Some(137)), ("sidecar", Some(0))]);
        let how = "exit 0 (not in verdictOf: app exited with 137)".to_owned();
        assert_eq!(of(ended(), &["sidecar"]), Verdict::Done { how, reasons: Vec::new() });
        for names in [&["app"][..], &["app", "sidecar"], &["sidecar", "gone"]] {
            assert!(matches!(of(ended(), names), Verdict::Failed(_)), "{names:?}");
        }
    }

    #[test]
    fn a_reason_beside_an_exit_of_0_is_kept_where_the_container_counts() {
        let mut ended = task(&[("app", Some(0)), ("sidecar", Some(0))]);
        for container in &mut ended.containers {
            container.reason = Some("OutOfMemoryError: killed".into());
        }
        let reasons = vec!["app: OutOfMemoryError: killed".into()];
        assert_eq!(verdict(&ended, &definition(), &[]), Verdict::Done { how: "exit 0".into(), reasons });
    }
}
