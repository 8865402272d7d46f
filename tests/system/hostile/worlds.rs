//! The worlds in which the actions play, and what is looked at of them.
//!
//! One office in São Paulo, three hours behind UTC, over a Tuesday: its services, its machines, its images, and whatever
//! may name an image.

use std::collections::BTreeMap;

use emulator::{Aws, GroupSeed, ImageSeed, JobSeed, ServiceSeed, TargetSeed, World};
use jiff::Timestamp;
use local::{System, system::Setup};
use serde_json::{Value, json};

use crate::capacity::{OFFICE, local, tick};
use crate::prune::{HOST, days_ago};

/// The variables of the deployment beside those of an emulator.
pub(super) const VARIABLES: [(&str, &str); 4] = [
    ("KEEP_PULLED_DAYS", "0"),
    ("IN_USE_FROM", "s3://lists/images/"),
    ("IN_USE_TO", "s3://lists/ours/"),
    ("EVENT_BUS", "default"),
];

/// The system of a new process.
pub(super) async fn cold(aws: &Aws) -> System {
    System::start(setup(aws)).await.unwrap()
}

pub(super) fn setup(aws: &Aws) -> Setup {
    VARIABLES.iter().fold(Setup::embedded(aws), |setup, (name, value)| setup.with(name, value))
}

/// The worlds that actions begin in.
#[derive(Clone)]
pub(super) struct Worlds {
    /// Noon, with everything adopted.
    pub(super) day: World,
    /// Eight in the evening, when what has a schedule is to go off.
    pub(super) evening: World,
    /// Half past eight, when all of it sleeps.
    pub(super) night: World,
    /// Eight in the morning, when it is to come back.
    pub(super) morning: World,
}

impl Worlds {
    pub(super) async fn live() -> Self {
        let aws = Aws::new(office());
        let world = |aws: &Aws| aws.with(|world| world.clone());
        reconcile(&aws, false).await;
        aws.move_to(local("2026-11-24 12:00"));
        let day = world(&aws);
        aws.move_to(local("2026-11-24 20:00"));
        let evening = world(&aws);
        for minute in ["20:00", "20:05", "20:10", "20:15", "20:20"] {
            aws.move_to(local(&format!("2026-11-24 {minute}")));
            reconcile(&aws, false).await;
        }
        aws.move_to(local("2026-11-24 20:30"));
        let night = world(&aws);
        aws.move_to(local("2026-11-25 08:00"));
        let morning = world(&aws);
        Self { day, evening, night, morning }
    }
}

/// A tick of a new process, on the clock: now, or at the next.
pub(super) async fn reconcile(aws: &Aws, next: bool) {
    if next {
        let now = aws.now().as_second();
        aws.move_to(Timestamp::from_second(now - now.rem_euclid(300) + 300).unwrap());
    }
    // What fails of it the next one does.
    drop(cold(aws).await.invoke("scale-service", tick(aws)).await);
}

fn office() -> World {
    let mut world = World::new(local("2026-11-24 11:00"));
    // Images first: a deployment looks for its own when it begins.
    images(&mut world);
    services(&mut world);
    world.group(GroupSeed::new("machines").sizes(1, 2, 4).cluster("ec2").tag("steward:schedule", OFFICE));
    world.service(
        "ec2",
        ServiceSeed::new("api").desired(2).ec2().size(512, 500).tag("steward:schedule", OFFICE),
    );
    world.service("ec2", ServiceSeed::new("agent").daemon().size(64, 64));
    world.job("job", JobSeed::new().runs_for(std::time::Duration::from_hours(48)));
    users_of_images(&mut world);
    world
}

fn services(world: &mut World) {
    world.cluster("prod");
    let image = format!("{HOST}/users:v1");
    let office = |name: &str| ServiceSeed::new(name).image(&image).tag("steward:schedule", OFFICE);
    world.service("prod", office("plain").desired(2));
    world.service("prod", office("scaled").desired(3));
    world.scalable_target("prod", "scaled", TargetSeed::new(2, 6).suspended(true, false, false));
    world.service("prod", office("kept").desired(4).tag("steward:night", "1"));
    world.scalable_target("prod", "kept", TargetSeed::new(2, 6));
    world.service("prod", office("worker").desired(0));
    world.scalable_target("prod", "worker", TargetSeed::new(0, 9));
    world.service("prod", ServiceSeed::new("always").image(&format!("{HOST}/users:v2")).desired(1));
}

/// Ten images of `users`, of which the first four are in use, and an index with its children and a signature.
fn images(world: &mut World) {
    for n in 1..=10 {
        world.image("users", ImageSeed::new(&format!("v{n}")).pushed_at(days_ago(100 - n)));
    }
    let child = ImageSeed::untagged("child").pushed_at(days_ago(90));
    let digest = child.digest("tools");
    world.image("tools", child);
    world.index("tools", ImageSeed::new("old").pushed_at(days_ago(90)), &[&digest]);
    world.image("tools", ImageSeed::new("new").pushed_at(days_ago(80)));
    if let Some(signed) = world.digest("tools", "old") {
        world.signature_of("tools", &signed);
    }
    world.image("job", ImageSeed::new("prod-1").pushed_at(days_ago(80)));
}

/// All that may name an image.
fn users_of_images(world: &mut World) {
    let users = |tag: &str| format!("{HOST}/users:{tag}");
    world.ecs_daemon("prod", "sidecar", &users("v3"), true);
    world.service("prod", ServiceSeed::new("nightly").image(&users("v4")).desired(0).status("INACTIVE"));
    world.ecs_target("default", "nightly", "prod", "nightly");
    world.ecs_schedule("default", "weekly", "rate(7 days)", "prod", "nightly");
    world.image_function("function", &users("v4"));
    world.ecs_pipe("orders", "prod", "nightly");
    let run = json!({"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": true,
        "Parameters": {"Cluster": "prod", "TaskDefinition": "nightly"}});
    world.state_machine("nightly", json!({"StartAt": "Run", "States": {"Run": run}}));
    world.publish_state_machine("nightly");
    world.job_definition("etl", json!({"type": "container", "containerProperties": {"image": users("v4")}}));
    world.build_project("deploy", &users("v4"));
    let told = json!({"account": "999999999999", "region": "sa-east-1", "at": local("2026-11-24 11:00"),
        "complete": true, "images": [{"image": users("v4"), "usedBy": ["service/prod/theirs"]}]});
    world.bucket("lists");
    world.object("lists", "images/999999999999-sa-east-1.json", &told.to_string());
}

/// The images that are in use: none of them may go.
pub(super) const IN_USE: [&str; 4] = ["v1", "v2", "v3", "v4"];

/// All that an action may change, by the name that an item of a report has; instants in tags are left out, since they
/// are those of the run.
pub(super) fn view(aws: &Aws) -> BTreeMap<String, Value> {
    aws.with(|world| {
        let mut seen = BTreeMap::new();
        for cluster in ["prod", "ec2"] {
            let asked = json!({"clusters": [cluster], "include": ["TAGS"]});
            let answer = world.call("ecs", "DescribeClusters", asked).unwrap();
            let tags = answer["clusters"][0]["tags"].as_array().unwrap();
            let tags: BTreeMap<&str, String> = tags
                .iter()
                .map(|tag| (tag["key"].as_str().unwrap(), timeless(tag["value"].as_str().unwrap())))
                .collect();
            seen.insert(format!("cluster/{cluster}"), json!(tags));
            for service in world.service_names(cluster) {
                let of_service = service_of(world, cluster, &service);
                seen.insert(format!("service/{cluster}/{service}"), of_service);
            }
        }
        if let Some(group) = world.group_view("machines") {
            let tags: BTreeMap<String, String> =
                group.tags.into_iter().map(|(key, value)| (key, timeless(&value))).collect();
            let sizes = json!([group.min, group.desired, group.max, group.suspended, tags]);
            seen.insert("autoScalingGroupName/machines".to_owned(), sizes);
        }
        for repository in ["users", "tools"] {
            for image in world.images(repository) {
                seen.insert(format!("repository/{repository}@{}", image.digest), json!(image.tags));
            }
        }
        let listed = world.call("s3", "ListObjectsV2", json!({"Bucket": "lists"})).unwrap();
        for object in listed["Contents"].as_array().into_iter().flatten() {
            seen.insert(format!("object/{}", object["Key"].as_str().unwrap()), json!("there"));
        }
        for (id, task) in standalone(world) {
            seen.insert(format!("task/prod/{id}"), json!(task["desiredStatus"]));
        }
        seen
    })
}

fn service_of(world: &mut World, cluster: &str, service: &str) -> Value {
    let target = world.target(cluster, service).map(|target| {
        let flags = [target.dynamic_in_suspended, target.dynamic_out_suspended, target.scheduled_suspended];
        json!([target.min, target.max, flags])
    });
    let tags: BTreeMap<String, String> =
        world.tags(cluster, service).into_iter().map(|(key, value)| (key, timeless(&value))).collect();
    json!({"count": world.desired_count(cluster, service), "target": target, "tags": tags,
        "status": world.status(cluster, service)})
}

/// The tasks of `prod` that no service started, by their ids.
pub(super) fn standalone(world: &mut World) -> BTreeMap<String, Value> {
    let mut arns = Vec::new();
    for status in ["RUNNING", "STOPPED"] {
        let asked = json!({"cluster": "prod", "family": "job", "desiredStatus": status});
        let answer = world.call("ecs", "ListTasks", asked).unwrap();
        arns.extend(answer["taskArns"].as_array().unwrap().clone());
    }
    if arns.is_empty() {
        return BTreeMap::new();
    }
    let answer = world.call("ecs", "DescribeTasks", json!({"cluster": "prod", "tasks": arns})).unwrap();
    let id = |task: &Value| task["taskArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    answer["tasks"].as_array().unwrap().iter().map(|task| (id(task), task.clone())).collect()
}

/// A tag's value with `…` for each instant.
fn timeless(value: &str) -> String {
    let word = |word: &str| {
        let (state, instant) = word.split_once('@').map_or(("", word), |(state, instant)| (state, instant));
        if instant.parse::<Timestamp>().is_ok() { format!("{state}@…") } else { word.to_owned() }
    };
    value.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
