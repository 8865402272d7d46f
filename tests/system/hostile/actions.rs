//! Every action of every function, and the world that it begins in: the rows of the table.

use std::collections::BTreeSet;
use std::sync::Arc;

use emulator::{Aws, World};
use local::System;
use serde_json::{Value, json};

use super::worlds::{Worlds, cold, standalone};
use crate::capacity::local;
use crate::prune::any_more_than;

const SCHEDULE: &str = "arn:aws:scheduler:sa-east-1:123456789012:schedule/default/reconcile";

/// One row.
pub(super) struct Action {
    pub(super) name: &'static str,
    pub(super) function: &'static str,
    /// What Lambda is sent.
    pub(super) event: Value,
    /// The same over REST, where it has a route: method, path and body.
    pub(super) rest: Option<(&'static str, String, Value)>,
    /// The world that it begins in.
    pub(super) world: World,
    /// The world of a while before, from which what is old is answered.
    pub(super) earlier: World,
    pub(super) kind: Kind,
    /// What somebody asks for at the same time that is against it.
    pub(super) against: Option<Value>,
    /// Ticks that follow before its end is looked at.
    pub(super) ticks: usize,
    /// Things that somebody may delete meanwhile.
    pub(super) victims: Vec<Victim>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It changes nothing.
    Read,
    /// It changes something, and sent again it goes on.
    Change,
    /// It starts tasks. Only under a key is it the same when it is sent again.
    Run { keyed: bool },
}

/// Something that is deleted, by the name that the view has for it.
#[derive(Clone)]
pub(super) struct Victim {
    pub(super) name: String,
    /// The names of what may be otherwise for it.
    pub(super) touches: String,
    delete: Arc<dyn Fn(&mut World) + Send + Sync>,
}

impl Victim {
    fn new(name: &str, delete: impl Fn(&mut World) + Send + Sync + 'static) -> Self {
        Self { name: name.to_owned(), touches: name.to_owned(), delete: Arc::new(delete) }
    }

    /// By a call, which is refused where it is gone already.
    fn by_call(name: &str, service: &'static str, operation: &'static str, input: Value) -> Self {
        Self::new(name, move |world| drop(world.call(service, operation, input.clone())))
    }

    pub(super) fn delete(&self, world: &mut World) {
        (self.delete)(world);
    }
}

impl Action {
    fn of(name: &'static str, function: &'static str, world: &World, event: Value) -> Self {
        Self {
            name,
            function,
            event,
            rest: None,
            world: world.clone(),
            earlier: world.clone(),
            kind: Kind::Change,
            against: None,
            ticks: 0,
            victims: Vec::new(),
        }
    }

    fn read(name: &'static str, function: &'static str, world: &World, event: Value) -> Self {
        Self { kind: Kind::Read, ..Self::of(name, function, world, event) }
    }

    fn rest(mut self, method: &'static str, path: &str) -> Self {
        let mut body = self.event.clone();
        for field in ["action", "cluster", "service", "group", "task", "family", "revision", "repository"] {
            // What is in the path is not in the body; what an evaluation asks of has none of them.
            body.as_object_mut().unwrap().remove(field);
        }
        let body = if method == "GET" { Value::Null } else { body };
        self.rest = Some((method, format!("/v1{path}"), body));
        self
    }

    fn ticks(mut self, ticks: usize) -> Self {
        self.ticks = ticks;
        self
    }

    fn after(mut self, earlier: &World) -> Self {
        self.earlier = earlier.clone();
        self
    }

    fn against(mut self, event: Value) -> Self {
        self.against = Some(event);
        self
    }

    fn victims(mut self, victims: impl IntoIterator<Item = Victim>) -> Self {
        self.victims = victims.into_iter().collect();
        self
    }

    pub(super) fn changes(&self) -> bool {
        self.kind != Kind::Read
    }

    /// Sent once more it goes on.
    pub(super) fn repeats(&self) -> bool {
        !matches!(self.kind, Kind::Run { keyed: false })
    }
}

/// All of them.
pub(super) async fn actions(worlds: &Worlds) -> Vec<Action> {
    let mut all = scale_service(worlds).await;
    all.extend(tasks(worlds).await);
    all.extend(describe_cluster(worlds));
    all.extend(prune_images(worlds));
    all
}

fn service(name: &str) -> Victim {
    let input = json!({"cluster": "prod", "service": name, "force": true});
    Victim::by_call(&format!("service/prod/{name}"), "ecs", "DeleteService", input)
}

fn target(name: &str) -> Victim {
    let input = json!({"ServiceNamespace": "ecs", "ResourceId": format!("service/prod/{name}"),
        "ScalableDimension": "ecs:service:DesiredCount"});
    Victim::by_call(
        &format!("service/prod/{name}"),
        "application-autoscaling",
        "DeregisterScalableTarget",
        input,
    )
}

fn group() -> Victim {
    let victim = Victim::new("autoScalingGroupName/machines", |world| {
        world.remove_group("machines");
    });
    // Where its instances are gone, no task of a DAEMON is wanted.
    Victim { touches: "service/ec2/agent autoScalingGroupName/machines".to_owned(), ..victim }
}

/// A world after an event was sent to a function.
async fn then(world: &World, function: &str, event: Value) -> World {
    let aws = Aws::new(world.clone());
    let system: System = cold(&aws).await;
    system.invoke(function, event).await.unwrap();
    aws.with(|world| world.clone())
}

#[expect(clippy::too_many_lines, reason = "a table")]
async fn scale_service(worlds: &Worlds) -> Vec<Action> {
    let Worlds { day, evening, night, morning } = worlds;
    let row = |name, world: &World, event| Action::of(name, "scale-service", world, event);
    let scale = |count: u32| json!({"action": "scale", "cluster": "prod", "service": "scaled", "desiredCount": count});
    let one = |action: &str| json!({"action": action, "cluster": "prod", "service": "scaled"});
    let all = |action: &str| json!({"action": action, "cluster": "prod"});
    let reconcile = |world: &World| json!({"action": "reconcile", "clusters": ["*"], "at": world.now().to_string(), "schedule": SCHEDULE});
    let put = |state: &str, until: &str| {
        json!({"action": "putOverride", "cluster": "prod", "service": "scaled", "state": state,
            "until": local(until).to_string()})
    };
    let everything = || [service("scaled"), target("scaled"), service("kept")];
    let path = |rest: &str| format!("/clusters/prod/services/scaled/{rest}");
    let stopped = then(day, "scale-service", all("stop")).await;
    let overridden = then(day, "scale-service", put("off", "2026-11-24 18:00")).await;
    let held = then(day, "scale-service", put("hold", "2026-11-24 18:00")).await;
    vec![
        row("scale", day, scale(5)).rest("PUT", &path("scale")).against(scale(4)).victims(everything()),
        row("scale to 0", day, scale(0)).rest("PUT", &path("scale")).against(scale(4)).victims(everything()),
        row("scale, asleep", &stopped, scale(5))
            .rest("PUT", &path("scale"))
            .after(day)
            .against(one("stop"))
            .ticks(3)
            .victims(everything()),
        row("stop", day, one("stop")).rest("POST", &path("stop")).against(one("start")).victims(everything()),
        row("stop, all", day, all("stop"))
            .rest("POST", "/clusters/prod/stop")
            .against(all("start"))
            .victims(everything()),
        row("stop, machines", day, json!({"action": "stop", "cluster": "ec2", "capacity": true}))
            .rest("POST", "/clusters/ec2/stop")
            .ticks(3)
            .victims([group()]),
        row("start", &stopped, one("start"))
            .rest("POST", &path("start"))
            .after(day)
            .against(one("stop"))
            .ticks(3)
            .victims(everything()),
        row("start, all", &stopped, all("start"))
            .rest("POST", "/clusters/prod/start")
            .after(day)
            .against(all("stop"))
            .ticks(3)
            .victims(everything()),
        row("reconcile", evening, json!({"action": "reconcile", "cluster": "prod"}))
            .rest("POST", "/clusters/prod/reconcile")
            .after(day)
            .ticks(4)
            .victims(everything()),
        row("reconcile, evening", evening, reconcile(evening))
            .after(day)
            .against(put("on", "2026-11-24 22:00"))
            .ticks(4)
            .victims(everything().into_iter().chain([group()])),
        row("reconcile, morning", morning, reconcile(morning))
            .after(evening)
            .ticks(3)
            .victims(everything().into_iter().chain([group()])),
        row("putOverride, off", day, put("off", "2026-11-24 18:00"))
            .rest("PUT", &path("override"))
            .against(put("on", "2026-11-24 18:00"))
            .ticks(3)
            .victims(everything()),
        row("putOverride, on", night, put("on", "2026-11-24 23:00"))
            .rest("PUT", &path("override"))
            .after(evening)
            .ticks(3)
            .victims(everything()),
        row("putOverride, hold", day, put("hold", "2026-11-24 18:00"))
            .rest("PUT", &path("override"))
            .victims(everything()),
        row("putOverride, all off", day, {
            json!({"action": "putOverride", "cluster": "prod", "state": "off",
                "until": local("2026-11-24 18:00").to_string()})
        })
        .rest("PUT", "/clusters/prod/override")
        .ticks(3)
        .victims(everything()),
        row("deleteOverride", &overridden, one("deleteOverride"))
            .rest("DELETE", &path("override"))
            .after(day)
            .ticks(3)
            .victims(everything()),
        row("deleteOverride, hold", &held, one("deleteOverride"))
            .rest("DELETE", &path("override"))
            .after(day)
            .ticks(3)
            .victims(everything()),
        row("scaleGroup", day, {
            json!({"action": "scaleGroup", "group": "machines", "desiredCapacity": 3, "minSize": 2})
        })
        .rest("PUT", "/auto-scaling-groups/machines/scale")
        .against(json!({"action": "scaleGroup", "group": "machines", "desiredCapacity": 1, "minSize": 1}))
        .victims([group()]),
        Action::read("previewSchedule", "scale-service", day, {
            json!({"action": "previewSchedule", "schedule": "Mon-Fri 08:00-20:00 Europe/Berlin"})
        })
        .rest("POST", "/schedules/preview"),
    ]
}

fn run(key: Option<&str>, wait: Option<&str>) -> Value {
    let mut run = json!({"action": "runTask", "cluster": "prod", "taskDefinition": "job", "like": "always", "count": 12,
        "startedBy": "ana"});
    if let Some(key) = key {
        run["idempotencyKey"] = json!(key);
    }
    if let Some(until) = wait {
        run["waitUntil"] = json!(until);
    }
    run
}

async fn tasks(worlds: &Worlds) -> Vec<Action> {
    let day = &worlds.day;
    let row = |name, keyed, event: Value| {
        let action = Action::of(name, "run-task", day, event);
        Action { kind: Kind::Run { keyed }, ..action }
            .rest("POST", "/clusters/prod/tasks")
            .victims([service("always")])
    };
    let begun = then(day, "run-task", {
        json!({"action": "runTask", "cluster": "prod", "taskDefinition": "job", "like": "always", "count": 3,
            "startedBy": "ana"})
    })
    .await;
    let begun = {
        let mut begun = begun;
        begun.advance_by(std::time::Duration::from_mins(2));
        begun
    };
    let id = standalone(&mut begun.clone()).into_keys().next().unwrap();
    let own = begun.tasks("prod", "always")[0].id.clone();
    let stop = |name, event: Value| Action::of(name, "stop-task", &begun, event).after(day);
    let gone = |id: &str| {
        let name = format!("task/prod/{id}");
        Victim::by_call(
            &name,
            "ecs",
            "StopTask",
            json!({"cluster": "prod", "task": id, "reason": "somebody else"}),
        )
    };
    let path = |id: &str| format!("/clusters/prod/tasks/{id}/stop");
    vec![
        row("runTask, with a key", true, run(Some("nightly-1"), None)),
        row("runTask, waiting", true, run(Some("nightly-2"), Some("running"))),
        row("runTask", false, run(None, None)),
        stop("stopTask", json!({"action": "stopTask", "cluster": "prod", "task": id, "reason": "stuck"}))
            .rest("POST", &path(&id))
            .victims([gone(&id)]),
        stop("stopTask, a service's", {
            json!({"action": "stopTask", "cluster": "prod", "task": own, "force": true, "wait": 20})
        })
        .rest("POST", &path(&own))
        .victims([service("always")]),
        stop("stopTasks", json!({"action": "stopTasks", "cluster": "prod", "startedBy": "ana", "wait": 20}))
            .rest("POST", "/clusters/prod/tasks/stop")
            .victims([gone(&id)]),
    ]
}

fn describe_cluster(worlds: &Worlds) -> Vec<Action> {
    let Worlds { day, night, .. } = worlds;
    let row = |name: &'static str, world: &World, path: &str, fields: Value| {
        let mut event = json!({"action": name});
        for (field, value) in fields.as_object().unwrap() {
            event[field] = value.clone();
        }
        Action::read(name, "describe-cluster", world, event).rest("GET", path)
    };
    let task = day.tasks("prod", "always")[0].id.clone();
    let prod = || json!({"cluster": "prod"});
    let including = |mut fields: Value, include: &str| {
        fields["include"] = json!(include);
        fields
    };
    vec![
        row("listClusters", day, "/clusters?include=statistics,tags", {
            including(json!({}), "statistics,tags")
        }),
        row("describeCluster", day, "/clusters/prod?include=wake,tags", including(prod(), "wake,tags")),
        row("listServices", night, "/clusters/prod/services?include=wake", including(prod(), "wake")),
        row("describeService", night, "/clusters/prod/services/scaled", {
            json!({"cluster": "prod", "service": "scaled"})
        }),
        row("listTasks", day, "/clusters/prod/tasks", prod()),
        row(
            "describeTask",
            day,
            &format!("/clusters/prod/tasks/{task}"),
            json!({"cluster": "prod", "task": task}),
        ),
        row("listTaskDefinitions", day, "/task-definitions", json!({})),
        row(
            "describeTaskDefinition",
            day,
            "/task-definitions/job/1",
            json!({"family": "job", "revision": 1}),
        ),
        row("listAutoScalingGroups", day, "/auto-scaling-groups", json!({})),
        row("describeAutoScalingGroup", day, "/auto-scaling-groups/machines", json!({"group": "machines"})),
        row("agenda", night, "/clusters/prod/agenda?include=wake", including(prod(), "wake")),
        row("week", night, "/clusters/prod/week", prod()),
        row("savings", night, "/clusters/prod/savings", prod()),
        row("wakeCheck", night, "/clusters/prod/wake", prod()),
        row("wakeCheck, all", night, "/clusters/prod/wake", json!({})).only_by_event("wakeCheck, all"),
    ]
}

fn prune_images(worlds: &Worlds) -> Vec<Action> {
    let night = &worlds.night;
    let policy = any_more_than(2);
    let read = |name: &'static str, event: Value| Action::read(name, "prune-images", night, event);
    let doomed = night.digest("users", "v5").unwrap();
    let image = {
        let name = format!("repository/users@{doomed}");
        let input = json!({"repositoryName": "users", "imageIds": [{"imageDigest": doomed}]});
        Victim::by_call(&name, "ecr", "BatchDeleteImage", input)
    };
    let images: Vec<Value> = (1..=4)
        .map(|n| {
            json!({"digest": format!("sha256:{n:064}"), "tags": [format!("v{n}")],
                "pushedAt": format!("2026-10-0{n}T10:00:00Z")})
        })
        .collect();
    vec![
        Action::of("prune", "prune-images", night, {
            json!({"action": "prune", "policy": policy, "dryRun": false, "maxDeletePercent": 80})
        })
        .rest("POST", "/images/prune")
        .victims([image]),
        read("evaluate", json!({"action": "evaluate", "policy": policy, "images": images}))
            .rest("POST", "/lifecycle/evaluate"),
        read("listRepositories", json!({"action": "listRepositories"})).rest("GET", "/repositories"),
        read("listImages", json!({"action": "listImages", "repository": "users"}))
            .rest("GET", "/images?repository=users"),
        read("listInUse", json!({"action": "listInUse"})).rest("GET", "/images/in-use"),
        Action::of("writeInUse", "prune-images", night, json!({"action": "writeInUse"}))
            .rest("PUT", "/images/in-use"),
    ]
}

impl Action {
    /// No route asks for the same.
    fn only_by_event(mut self, name: &'static str) -> Self {
        self.name = name;
        self.event["action"] = json!("wakeCheck");
        self.rest = None;
        self
    }

    /// The same as a dry run, where it can be one.
    pub(super) fn dry(&self) -> Option<Self> {
        let mut event = self.event.clone();
        event["dryRun"] = json!(true);
        let rest = self.rest.clone().map(|(method, path, mut body)| {
            // Of a prune it is what a request that says nothing means.
            if method == "DELETE" {
                return (method, format!("{path}?dryRun=true"), body);
            }
            body["dryRun"] = json!(true);
            (method, path, body)
        });
        self.changes().then(|| Self {
            event,
            rest,
            name: self.name,
            function: self.function,
            world: self.world.clone(),
            earlier: self.earlier.clone(),
            kind: self.kind,
            against: None,
            ticks: 0,
            victims: Vec::new(),
        })
    }
}

/// Every action that a function has.
pub(super) fn known() -> BTreeSet<&'static str> {
    let mut known = BTreeSet::new();
    known.extend(scale_service::request::ROUTES.iter().map(|route| route.action));
    known.extend(run_task::request::ROUTES.iter().map(|route| route.action));
    known.extend(stop_task::request::ROUTES.iter().map(|route| route.action));
    known.extend(describe_cluster::request::ROUTES.iter().map(|route| route.action));
    known.extend(prune_images::request::ROUTES.iter().map(|route| route.action));
    known
}
