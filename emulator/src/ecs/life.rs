//! How services start, replace and drain tasks over time.
//!
//! The scheduler looks at a service shortly after anything happened to it, and starts or stops tasks until as many
//! run as are wanted; tasks go through their stages by themselves.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html>

use jiff::{SignedDuration, Timestamp};

use crate::due;
use crate::ecr::pulls;
use crate::ecs::capacity_providers;
use crate::ecs::jobs;
use crate::ecs::placement::{NoRoom, find_room};
use crate::ecs::revisions;
use crate::ecs::state::{Event, Service, ServiceStatus, Stage, State, Tags, Task};
use crate::ids;
use crate::world::World;

/// What is due in ECS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The scheduler looks at a service.
    Attend { cluster: String, service: String },
    /// A task goes to its next stage, if nothing changed it since.
    Move { cluster: String, task: String, version: u64 },
    /// A capacity provider looks at the size of its group.
    Scale { provider: String, grows: bool },
    /// A task's essential containers end by themselves.
    End { cluster: String, task: String },
    /// A stopped task is no longer described.
    ForgetTask { cluster: String, task: String },
    /// An inactive service is no longer described.
    ForgetService { cluster: String, service: String, arn_created_at: Timestamp },
}

/// How long the scheduler takes to look at a service.
const ATTENTION: SignedDuration = SignedDuration::from_secs(2);
/// How long a service waits after a task that failed to start.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_secs(60);
/// How long stopped tasks and inactive services are described.
const MEMORY: SignedDuration = SignedDuration::from_hours(1);
/// How many events a service remembers.
const EVENTS: usize = 100;

/// Lets one thing happen that is due now.
pub(crate) fn happen(world: &mut World, due: Due) {
    match due {
        Due::Attend { cluster, service } => attend(world, &cluster, &service),
        Due::Move { cluster, task, version } => {
            let same = world.ecs.task_mut(&cluster, &task).is_some_and(|t| t.version == version);
            if same {
                move_on(world, &cluster, &task);
            }
        }
        Due::Scale { provider, grows } => capacity_providers::scale(world, &provider, grows),
        Due::End { cluster, task } => jobs::end(world, &cluster, &task),
        Due::ForgetTask { cluster, task } => {
            if let Some(cluster) = world.ecs.clusters.get_mut(&cluster) {
                cluster.tasks.remove(&task);
            }
        }
        Due::ForgetService { cluster, service, arn_created_at } => {
            if let Some(cluster) = world.ecs.clusters.get_mut(&cluster) {
                let old = |s: &Service| s.status == ServiceStatus::Inactive && s.created_at == arn_created_at;
                if cluster.services.get(&service).is_some_and(old) {
                    cluster.services.remove(&service);
                }
            }
        }
    }
}

/// Something happened to this service: the scheduler will look at it.
pub(crate) fn touch(world: &mut World, cluster: &str, service: &str) {
    touch_in(world, cluster, service, ATTENTION);
}

fn touch_in(world: &mut World, cluster: &str, service: &str, wait: SignedDuration) {
    let at = world.after(wait);
    let Some(s) = world.ecs.service_mut(cluster, service) else {
        return;
    };
    if s.attended.is_none_or(|planned| at < planned) {
        s.attended = Some(at);
        let due = Due::Attend { cluster: cluster.to_owned(), service: service.to_owned() };
        world.agenda.enter(at, due::Due::Ecs(due));
    }
}

/// Adds an event, newest first.
pub(crate) fn say(world: &mut World, cluster: &str, service: &str, message: &str) {
    let digits = world.ids.hex();
    let at = world.now;
    if let Some(s) = world.ecs.service_mut(cluster, service) {
        let id = ids::uuid(&digits);
        s.events.insert(0, Event { id, at, message: format!("(service {service}) {message}") });
        s.events.truncate(EVENTS);
    }
}

/// A task as the scheduler sees it.
struct Seen {
    id: String,
    primary: bool,
    up: bool,
    /// Stopped first: those not yet running, then the youngest; never a protected one.
    last_in: (bool, std::cmp::Reverse<Timestamp>),
    protected_until: Option<Timestamp>,
}

/// The scheduler looks at a service and does what is to be done now.
fn attend(world: &mut World, cluster: &str, name: &str) {
    let now = world.now;
    let Some(service) = world.ecs.service_mut(cluster, name) else {
        return;
    };
    // An earlier look may have taken the place of this one. What was seeded was planned in the past.
    if service.attended.is_none_or(|planned| planned > now) {
        return;
    }
    service.attended = None;
    if service.status == ServiceStatus::Inactive {
        return;
    }
    let wanted = wanted(world, cluster, name);
    let tasks = seen(world, cluster, name);
    let (new, old): (Vec<&Seen>, Vec<&Seen>) = tasks.iter().partition(|t| t.primary);
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let up = |tasks: &[&Seen]| count(tasks.iter().filter(|t| t.up).count());

    let Some(service) = world.ecs.service(cluster, name) else {
        return;
    };
    let (most, least) = if old.is_empty() {
        (wanted, wanted)
    } else {
        (wanted * service.maximum_percent / 100, (wanted * service.minimum_healthy_percent + 99) / 100)
    };
    let present = count(new.len()) + count(old.len());
    let start = (wanted - count(new.len())).min(most - present).max(0);
    let surplus = (count(new.len()) - wanted).max(0);
    let done = up(&new) >= wanted;
    let spare = if done { count(old.len()) } else { (up(&new) + up(&old) - least).max(0) };
    let not_up = count(old.iter().filter(|t| !t.up).count());
    let retire = if done { spare } else { (spare + not_up).min(count(old.len())) };

    let stop = first(new, surplus).into_iter().chain(first(old, retire)).collect::<Vec<String>>();
    let protected = tasks.iter().filter_map(|t| t.protected_until).min();
    let stopped = stop_tasks(world, cluster, name, &stop);
    let started = start_tasks(world, cluster, name, start);
    if stopped + started > 0
        && let Some(s) = world.ecs.service_mut(cluster, name)
    {
        s.steady = false;
    }
    settle(world, cluster, name, wanted);
    if let Some(until) = protected {
        // Protection ends without anybody's doing: look again then.
        let wait = until.duration_since(world.now).max(ATTENTION);
        touch_in(world, cluster, name, wait);
    }
}

/// How many tasks a service is to have.
pub(crate) fn wanted(world: &World, cluster: &str, name: &str) -> i64 {
    let Some(c) = world.ecs.clusters.get(cluster) else {
        return 0;
    };
    match c.services.get(name) {
        Some(s) if s.status != ServiceStatus::Active => 0,
        Some(s) if s.daemon => {
            i64::try_from(c.instances.values().filter(|i| !i.draining).count()).unwrap_or(i64::MAX)
        }
        Some(s) => s.desired,
        None => 0,
    }
}

fn seen(world: &World, cluster: &str, name: &str) -> Vec<Seen> {
    let Some(c) = world.ecs.clusters.get(cluster) else {
        return Vec::new();
    };
    let Some(service) = c.services.get(name) else {
        return Vec::new();
    };
    let primary = service.deployments.first().map(|d| d.id.as_str());
    let live = service.tasks.iter().filter_map(|id| Some((id, c.tasks.get(id)?)));
    // What is on an instance that drains goes as the tasks of an old deployment do.
    let stays = |t: &Task| {
        let instance = t.container_instance.as_ref().and_then(|i| c.instances.get(i));
        !instance.is_some_and(|i| i.draining)
    };
    live.filter(|(_, t)| !t.told_to_stop)
        .map(|(id, t)| Seen {
            id: id.clone(),
            primary: t.started_by.as_deref() == primary && stays(t),
            up: t.is_up(),
            last_in: (t.is_up(), std::cmp::Reverse(t.created_at)),
            protected_until: t.protected_until.filter(|until| *until > world.now),
        })
        .collect()
}

/// The `n` tasks to stop first.
fn first(mut tasks: Vec<&Seen>, n: i64) -> Vec<String> {
    tasks.retain(|t| t.protected_until.is_none());
    tasks.sort_by_key(|t| t.last_in);
    tasks.into_iter().take(usize::try_from(n).unwrap_or(0)).map(|t| t.id.clone()).collect()
}

fn stop_tasks(world: &mut World, cluster: &str, name: &str, ids: &[String]) -> usize {
    if ids.is_empty() {
        return 0;
    }
    let deployment =
        world.ecs.service(cluster, name).and_then(|s| s.deployments.first()).map(|d| d.id.clone());
    let reason = format!("Scaling activity initiated by (deployment {})", deployment.unwrap_or_default());
    for id in ids {
        tell_to_stop(world, cluster, id, "ServiceSchedulerInitiated", &reason);
    }
    say(world, cluster, name, &format!("has stopped {} running tasks: {}.", ids.len(), listed(ids)));
    ids.len()
}

fn start_tasks(world: &mut World, cluster: &str, name: &str, n: i64) -> usize {
    let mut ids = Vec::new();
    let mut refused = None;
    for _ in 0..n {
        match start_task(world, cluster, name) {
            Ok(id) => ids.push(id),
            Err(no_room) => {
                refused = Some(no_room);
                break;
            }
        }
    }
    if !ids.is_empty() {
        say(world, cluster, name, &format!("has started {} tasks: {}.", ids.len(), listed(&ids)));
    }
    let Some(service) = world.ecs.service_mut(cluster, name) else {
        return ids.len();
    };
    // The same trouble is told once.
    let told = std::mem::replace(&mut service.unplaced, refused.is_some());
    let Some(no_room) = refused else {
        return ids.len();
    };
    if !told || !ids.is_empty() {
        say(world, cluster, name, &no_room.told());
    }
    if matches!(no_room, NoRoom::Fargate) {
        touch_in(world, cluster, name, AFTER_FAILURE);
    }
    ids.len()
}

/// Instances came, went or changed: services look, and waiting tasks are placed.
pub(crate) fn instances_changed(world: &mut World, cluster: &str) {
    let Some(c) = world.ecs.clusters.get(cluster) else {
        return;
    };
    let concerned: Vec<String> =
        c.services.iter().filter(|(_, s)| s.on_ec2()).map(|(name, _)| name.clone()).collect();
    for name in concerned {
        touch(world, cluster, &name);
    }
    place_waiting(world, cluster);
    capacity_providers::watch(world);
}

/// A task on an instance is gone: there may be room for others.
fn freed(world: &mut World, cluster: &str) {
    let Some(c) = world.ecs.clusters.get(cluster) else {
        return;
    };
    let unplaced: Vec<String> =
        c.services.iter().filter(|(_, s)| s.unplaced).map(|(name, _)| name.clone()).collect();
    for name in unplaced {
        touch(world, cluster, &name);
    }
    place_waiting(world, cluster);
    capacity_providers::watch(world);
}

/// Places the tasks that wait for an instance, the oldest first.
fn place_waiting(world: &mut World, cluster: &str) {
    let Some(c) = world.ecs.clusters.get(cluster) else {
        return;
    };
    let mut waiting: Vec<(Timestamp, String)> = c
        .tasks
        .iter()
        .filter(|(_, t)| t.waiting && !t.told_to_stop)
        .map(|(id, t)| (t.created_at, id.clone()))
        .collect();
    waiting.sort();
    for (_, id) in waiting {
        let Some(mut task) = world.ecs.task_mut(cluster, &id).cloned() else {
            continue;
        };
        let taken = task.service.as_ref().map(|s| taken(world, cluster, s)).unwrap_or_default();
        if find_room(world, cluster, &mut task, |id| !taken.iter().any(|t| t == id)).is_ok()
            && !task.waiting
            && let Some(place) = world.ecs.task_mut(cluster, &id)
        {
            task.version += 1;
            *place = task;
            plan_move(world, cluster, &id);
        }
    }
}

/// `(task 1) (task 2)`, as events have them.
fn listed(ids: &[String]) -> String {
    ids.iter().map(|id| format!("(task {id})")).collect::<Vec<_>>().join(" ")
}

/// Starts one task of the service's primary deployment.
pub(crate) fn start_task(world: &mut World, cluster: &str, name: &str) -> Result<String, NoRoom> {
    let mut task = next_task(world, cluster, name).ok_or(NoRoom::Gone)?;
    let taken = taken(world, cluster, name);
    find_room(world, cluster, &mut task, |id| !taken.iter().any(|t| t == id))?;
    let id = world.ids.hex();
    let c = world.ecs.clusters.get_mut(cluster).ok_or(NoRoom::Gone)?;
    c.tasks.insert(id.clone(), task);
    c.services.get_mut(name).ok_or(NoRoom::Gone)?.tasks.insert(id.clone());
    capacity_providers::watch(world);
    plan_move(world, cluster, &id);
    Ok(id)
}

/// The instances that a DAEMON service has tasks on: it wants no second one there.
fn taken(world: &World, cluster: &str, name: &str) -> Vec<String> {
    let Some(c) = world.ecs.clusters.get(cluster) else {
        return Vec::new();
    };
    let daemon = c.services.get(name).filter(|s| s.daemon);
    let tasks = daemon.into_iter().flat_map(|s| &s.tasks).filter_map(|id| c.tasks.get(id));
    tasks.filter(|t| !t.told_to_stop).filter_map(|t| t.container_instance.clone()).collect()
}

/// The task that a service would start now, not yet anywhere.
fn next_task(world: &World, cluster: &str, name: &str) -> Option<Task> {
    let c = world.ecs.clusters.get(cluster)?;
    let service = c.services.get(name)?;
    let deployment = service.deployments.first()?;
    let revision = service.revisions.get(&deployment.revision)?;
    let definition = world.ecs.task_definition(&deployment.task_definition)?;
    let capacity_provider = service.capacity_provider_strategy.as_ref().and_then(|strategy| {
        let has = |provider: &str| {
            let live = service.tasks.iter().filter_map(|id| c.tasks.get(id)).filter(|t| !t.told_to_stop);
            let of_it = live.filter(|t| t.capacity_provider.as_deref() == Some(provider));
            i64::try_from(of_it.count()).unwrap_or(i64::MAX)
        };
        capacity_providers::next(strategy, has).map(str::to_owned)
    });
    let tags = match service.propagate_tags.as_str() {
        "SERVICE" => service.tags.clone(),
        "TASK_DEFINITION" => definition.tags.clone(),
        _ => Tags::new(),
    };
    Some(Task {
        service: Some(name.to_owned()),
        group: format!("service:{name}"),
        started_by: Some(deployment.id.clone()),
        launch_type: service.runs_on().to_owned(),
        capacity_provider,
        stalled: deployment.stalled,
        fails: service.cannot_start.clone(),
        tags,
        ..Task::new(definition, revision.images.clone(), world.now)
    })
}

/// Orders a task to stop; it drains over the next seconds.
pub(crate) fn tell_to_stop(world: &mut World, cluster: &str, id: &str, code: &'static str, reason: &str) {
    let now = world.now;
    let Some(task) = world.ecs.task_mut(cluster, id) else {
        return;
    };
    if task.told_to_stop {
        return;
    }
    task.told_to_stop = true;
    task.version += 1;
    task.stopping_at = Some(now);
    task.stop_code = Some(code);
    task.stopped_reason = Some(reason.to_owned());
    plan_move(world, cluster, id);
}

/// Enters the task's next move into the agenda.
pub(crate) fn plan_move(world: &mut World, cluster: &str, id: &str) {
    let Some(task) = world.ecs.task_mut(cluster, id) else {
        return;
    };
    if (task.waiting || task.stalled && task.stage == Stage::Pending) && !task.told_to_stop {
        return;
    }
    // A few seconds more or less for each task and stage.
    let jitter = |spread: u64| i64::try_from(ids::mix(ids::hash(id) ^ task.version) % spread).unwrap_or(0);
    let seconds = if task.told_to_stop {
        match task.stage {
            Stage::Provisioning | Stage::Pending | Stage::Activating | Stage::Running => 1 + jitter(3),
            Stage::Deactivating => 3 + jitter(4),
            Stage::Stopping => 5 + jitter(9),
            Stage::Deprovisioning => 2 + jitter(4),
            Stage::Stopped => return,
        }
    } else {
        match task.stage {
            Stage::Provisioning => 4 + jitter(3),
            Stage::Pending if task.launch_type == "EC2" => 14 + jitter(7),
            Stage::Pending => 10 + jitter(5),
            Stage::Activating => 3 + jitter(4),
            _ => return,
        }
    };
    let due = Due::Move { cluster: cluster.to_owned(), task: id.to_owned(), version: task.version };
    let at = world.after(SignedDuration::from_secs(seconds));
    world.agenda.enter(at, due::Due::Ecs(due));
}

/// Takes a task to its next stage.
fn move_on(world: &mut World, cluster: &str, id: &str) {
    let now = world.now;
    if world.ecs.task_mut(cluster, id).is_some_and(|t| t.stage == Stage::Pending && !t.told_to_stop) {
        pulls::by_task(world, cluster, id);
    }
    let State { clusters, jobs: all, .. } = &mut world.ecs;
    let Some(task) = clusters.get_mut(cluster).and_then(|c| c.tasks.get_mut(id)) else {
        return;
    };
    let never_starts = all.get(&task.family).and_then(|j| j.never_starts.clone());
    let was_up = task.started_at.is_some();
    let next = match (task.told_to_stop, task.stage) {
        (true, Stage::Running | Stage::Activating) => Stage::Deactivating,
        (true, Stage::Provisioning | Stage::Pending | Stage::Deactivating) => Stage::Stopping,
        (true, Stage::Stopping) => Stage::Deprovisioning,
        (true, _) => Stage::Stopped,
        (false, Stage::Provisioning) => Stage::Pending,
        (false, Stage::Pending) => Stage::Activating,
        (false, _) => Stage::Running,
    };
    if next == Stage::Running
        && let Some(reason) = task.fails.clone().or(never_starts)
    {
        task.fails = Some(reason.clone());
        tell_to_stop(world, cluster, id, "TaskFailedToStart", &reason);
        return;
    }
    task.stage = next;
    task.version += 1;
    match next {
        Stage::Running => task.started_at = Some(now),
        Stage::Deprovisioning if was_up && task.exit_code.is_none() => {
            task.exit_code = Some(jobs::TERMINATED);
        }
        Stage::Stopped => task.stopped_at = Some(now),
        _ => {}
    }
    let service = task.service.clone();
    let failed = task.fails.is_some();
    let started_by = task.started_by.clone();
    let on_ec2 = task.launch_type == "EC2";
    if next == Stage::Running {
        jobs::came_up(world, cluster, id);
    }
    if next == Stage::Stopped {
        let forget = Due::ForgetTask { cluster: cluster.to_owned(), task: id.to_owned() };
        let at = world.after(MEMORY);
        world.agenda.enter(at, due::Due::Ecs(forget));
        if on_ec2 {
            freed(world, cluster);
        }
    } else {
        plan_move(world, cluster, id);
    }
    let Some(name) = service else {
        return;
    };
    if next == Stage::Stopped
        && let Some(s) = world.ecs.service_mut(cluster, &name)
    {
        s.tasks.remove(id);
        if failed && let Some(d) = s.deployments.iter_mut().find(|d| Some(&d.id) == started_by.as_ref()) {
            d.failed_tasks += 1;
        }
    }
    if failed && next == Stage::Stopping {
        say(world, cluster, &name, "is unable to consistently start tasks successfully.");
        touch_in(world, cluster, &name, AFTER_FAILURE);
    } else if !failed && matches!(next, Stage::Running | Stage::Stopped) {
        touch(world, cluster, &name);
    }
}

/// Says what has come to an end: a deployment, a drain, a way to the steady state.
fn settle(world: &mut World, cluster: &str, name: &str, wanted: i64) {
    let tasks = seen(world, cluster, name);
    let now = world.now;
    let Some(service) = world.ecs.service_mut(cluster, name) else {
        return;
    };
    let alive = service.tasks.len();
    if service.status == ServiceStatus::Draining {
        if alive == 0 {
            service.status = ServiceStatus::Inactive;
            let due = Due::ForgetService {
                cluster: cluster.to_owned(),
                service: name.to_owned(),
                arn_created_at: service.created_at,
            };
            let at = world.after(MEMORY);
            world.agenda.enter(at, due::Due::Ecs(due));
        }
        return;
    }
    let as_wanted =
        tasks.iter().all(|t| t.primary && t.up) && i64::try_from(tasks.len()).is_ok_and(|n| n == wanted);
    // What is told to stop is still there: the way is over when it is gone.
    if !as_wanted || alive != tasks.len() {
        return;
    }
    let mut over = None;
    let by_task_sets = service.uses_task_sets();
    if let Some(primary) = service.deployments.first_mut()
        && !primary.completed
        && !by_task_sets
    {
        primary.completed = true;
        primary.stalled = false;
        primary.updated_at = now;
        over = Some((primary.id.clone(), primary.service_deployment.clone()));
    }
    if !by_task_sets {
        service.deployments.truncate(1);
    }
    let was_steady = std::mem::replace(&mut service.steady, true);
    if let Some((id, service_deployment)) = over {
        revisions::finished(world, cluster, name, &service_deployment);
        say(world, cluster, name, &format!("(deployment {id}) deployment completed."));
    }
    if !was_steady {
        say(world, cluster, name, "has reached a steady state.");
    }
}

/// Makes the world as it is long after: every task of the service runs, with no event about how it came.
pub(crate) fn at_once(world: &mut World, cluster: &str, name: &str) {
    let n = wanted(world, cluster, name);
    for _ in 0..n {
        let Ok(id) = start_task(world, cluster, name) else {
            break;
        };
        let now = world.now;
        if let Some(task) = world.ecs.task_mut(cluster, &id) {
            if task.stalled || task.waiting {
                continue;
            }
            task.stage = Stage::Running;
            task.started_at = Some(now);
            task.version += 1;
        }
    }
    settle(world, cluster, name, n);
}

/// Makes a service as it is after it was deleted: no tasks, INACTIVE, forgotten after a while.
pub(crate) fn vanish(world: &mut World, cluster: &str, name: &str) {
    let Some(c) = world.ecs.clusters.get_mut(cluster) else {
        return;
    };
    let Some(service) = c.services.get_mut(name) else {
        return;
    };
    service.desired = 0;
    service.status = ServiceStatus::Draining;
    for id in std::mem::take(&mut service.tasks) {
        c.tasks.remove(&id);
    }
    settle(world, cluster, name, 0);
}

/// Lets the tasks of a held deployment come up.
pub(crate) fn release(world: &mut World, cluster: &str, name: &str) {
    let Some(c) = world.ecs.clusters.get_mut(cluster) else {
        return;
    };
    let Some(service) = c.services.get_mut(name) else {
        return;
    };
    for deployment in &mut service.deployments {
        deployment.stalled = false;
    }
    let ids: Vec<String> = service.tasks.iter().cloned().collect();
    for id in ids {
        let held = world.ecs.task_mut(cluster, &id).filter(|t| t.stalled);
        if let Some(task) = held {
            task.stalled = false;
            task.version += 1;
            plan_move(world, cluster, &id);
        }
    }
    touch(world, cluster, name);
}
