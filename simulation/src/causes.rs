//! What may be done to a service while it is off: what keeps it from coming back as it was, and harmless twins of that.
//!
//! The nights of the year and the tests of the bedtime check plant the same. What is planted can be mended, as a person
//! would, once the morning has shown what came of it.

use std::fmt;

use emulator::{ImageSeed, World};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// What is done to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Its record's tag is removed.
    RecordRemoved,
    /// Its record is no record any more.
    RecordGarbled,
    /// The image that it starts with is deleted.
    ImageRemoved,
    /// The image that it starts with goes to the archive.
    ImageArchived,
    /// A lifecycle policy is attached, and its image comes of age before it starts.
    ExpiresBefore,
    /// A lifecycle policy keeps one image, and a newer one is pushed.
    ExpiresByCount,
    /// Its scalable target's max is less than its size.
    MaxLowered,
    /// The machines of its cluster sleep on when it starts.
    MachinesSleepLonger,
    /// A twin: its record's tag is removed, and its tag `steward:size` says its size.
    RecordRemovedAndSizeTagged,
    /// A twin: another image of its repository is deleted.
    AnotherImageRemoved,
    /// A twin: its image's tag points to another one, and it starts with the digest that it pinned.
    TagMoved,
    /// A twin: a lifecycle policy is attached, and its image comes of age after it has started.
    ExpiresAfter,
    /// A twin: a lifecycle policy takes images without a tag.
    UntaggedExpire,
    /// A twin: its scalable target's max is its size.
    MaxLoweredToItsSize,
    /// A twin: the machines of its cluster have other hours, and are up when it starts.
    MachinesWakeWithIt,
    /// A twin: its task definition is deregistered, and ECS scales it all the same.
    DefinitionInactive,
    /// A twin: a revision of its task definition that it does not use is deregistered.
    AnotherRevisionInactive,
    /// A twin: its schedule's tag is removed, and the next run starts it.
    ScheduleRemoved,
}

/// A service to which something is done.
#[derive(Clone, Copy, Debug)]
pub struct Victim<'a> {
    /// Its cluster.
    pub cluster: &'a str,
    /// Its name, and that of its repository.
    pub service: &'a str,
    /// With how many tasks it comes back.
    pub count: i64,
    /// When its image comes of age, by a policy that says so.
    pub of_age: Timestamp,
    /// The group of machines in its cluster, and the hours that it gets.
    pub machines: Option<(&'a str, &'a str)>,
}

/// What was done, and what was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planted {
    /// What was done.
    pub cause: Cause,
    cluster: String,
    service: String,
    count: i64,
    /// The record that was there.
    pub record: Option<String>,
    schedule: Option<String>,
    max: Option<i64>,
    machines: Option<(String, Option<String>)>,
}

const RECORD: &str = "steward:record";
const SCHEDULE: &str = "steward:schedule";
const SIZE: &str = "steward:size";
const GARBLED: &str = "v1 of@noon";
/// The tag by which task definitions name the image.
const TAG: &str = "prod-1";
/// An image comes of age after so many days.
const DAYS: i64 = 7;
/// How old images are that nobody says more of.
const AGE: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The image that a service of this name starts with.
#[must_use]
pub fn image(service: &str) -> ImageSeed {
    ImageSeed::new(TAG).content(service)
}

fn spare() -> ImageSeed {
    ImageSeed::untagged("spare")
}

/// Puts a service's repository there, with the image that it starts with and another one. It comes before the
/// service, which pins its digest when it is made.
pub fn stock(world: &mut World, service: &str) {
    let pushed = world.now().checked_sub(AGE).unwrap_or_default();
    world.image(service, image(service).pushed_at(pushed));
    world.image(service, spare().pushed_at(pushed));
}

/// A lifecycle policy of one rule.
fn policy(status: &str, kind: &str, number: i64) -> Value {
    let mut selection = json!({"tagStatus": status, "countType": kind, "countNumber": number});
    if kind == "sinceImagePushed"
        && let Some(selection) = selection.as_object_mut()
    {
        selection.insert("countUnit".into(), "days".into());
    }
    json!({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::RecordRemoved,
        Self::RecordGarbled,
        Self::ImageRemoved,
        Self::ImageArchived,
        Self::ExpiresBefore,
        Self::ExpiresByCount,
        Self::MaxLowered,
        Self::MachinesSleepLonger,
        Self::RecordRemovedAndSizeTagged,
        Self::AnotherImageRemoved,
        Self::TagMoved,
        Self::ExpiresAfter,
        Self::UntaggedExpire,
        Self::MaxLoweredToItsSize,
        Self::MachinesWakeWithIt,
        Self::DefinitionInactive,
        Self::AnotherRevisionInactive,
        Self::ScheduleRemoved,
    ];

    /// It keeps nothing from coming back.
    #[must_use]
    pub fn is_harmless(self) -> bool {
        self >= Self::RecordRemovedAndSizeTagged
    }

    /// It is done to a service's scalable target.
    #[must_use]
    pub fn needs_target(self) -> bool {
        matches!(self, Self::MaxLowered | Self::MaxLoweredToItsSize)
    }

    /// It is done to the machines of a cluster.
    #[must_use]
    pub fn needs_machines(self) -> bool {
        matches!(self, Self::MachinesSleepLonger | Self::MachinesWakeWithIt)
    }

    /// Does it.
    pub fn plant(self, world: &mut World, to: Victim<'_>) -> Planted {
        let Victim { cluster, service, count, .. } = to;
        let tags = world.tags(cluster, service);
        let hours = |group: &str| world.group_view(group).and_then(|group| group.tags.get(SCHEDULE).cloned());
        let planted = Planted {
            cause: self,
            cluster: cluster.to_owned(),
            service: service.to_owned(),
            count,
            record: tags.get(RECORD).cloned(),
            schedule: tags.get(SCHEDULE).cloned(),
            max: world.target(cluster, service).map(|target| target.max),
            machines: to.machines.map(|(group, _)| (group.to_owned(), hours(group))),
        };
        let digest = image(service).digest(service);
        let spare_digest = spare().digest(service);
        match self {
            Self::RecordRemoved => tag(world, cluster, service, RECORD, None),
            Self::RecordRemovedAndSizeTagged => {
                tag(world, cluster, service, RECORD, None);
                tag(world, cluster, service, SIZE, Some(&format!("n={count}")));
            }
            Self::RecordGarbled => tag(world, cluster, service, RECORD, Some(GARBLED)),
            Self::ScheduleRemoved => tag(world, cluster, service, SCHEDULE, None),
            Self::ImageRemoved => {
                world.remove_image(service, &digest);
            }
            Self::AnotherImageRemoved => {
                world.remove_image(service, &spare_digest);
            }
            Self::ImageArchived => {
                world.archive(service, &digest);
            }
            Self::TagMoved => {
                world.move_tag(service, TAG, &spare_digest);
            }
            Self::ExpiresBefore | Self::ExpiresAfter => {
                let days = SignedDuration::from_hours(DAYS * 24);
                let pushed = to.of_age.checked_sub(days).unwrap_or_default();
                world.image(service, image(service).pushed_at(pushed));
                world.lifecycle_policy(service, &policy("any", "sinceImagePushed", DAYS));
            }
            Self::ExpiresByCount => {
                world.image(service, spare());
                world.lifecycle_policy(service, &policy("any", "imageCountMoreThan", 1));
            }
            Self::UntaggedExpire => {
                world.lifecycle_policy(service, &policy("untagged", "sinceImagePushed", DAYS));
            }
            Self::MaxLowered => max(world, cluster, service, count - 1),
            Self::MaxLoweredToItsSize => max(world, cluster, service, count),
            Self::MachinesSleepLonger | Self::MachinesWakeWithIt => {
                if let Some((group, hours)) = to.machines {
                    group_hours(world, group, hours);
                }
            }
            Self::DefinitionInactive => {
                if let Some(definition) = definition_of(world, cluster, service) {
                    deregister(world, &definition);
                }
            }
            Self::AnotherRevisionInactive => {
                if let Some(definition) = definition_of(world, cluster, service)
                    && let Some(other) = registered_again(world, &definition)
                {
                    deregister(world, &other);
                }
            }
        }
        planted
    }
}

impl Planted {
    /// What a person does about it in the morning. What somebody else has changed since stays.
    pub fn mend(&self, world: &mut World) {
        let (cluster, service) = (self.cluster.as_str(), self.service.as_str());
        let found = world.tags(cluster, service);
        match self.cause {
            Cause::RecordRemoved => resize(world, cluster, service, self.count),
            Cause::RecordRemovedAndSizeTagged => tag(world, cluster, service, SIZE, None),
            Cause::RecordGarbled => {
                if found.get(RECORD).is_some_and(|text| text == GARBLED) {
                    tag(world, cluster, service, RECORD, self.record.as_deref());
                }
            }
            Cause::ScheduleRemoved => {
                if !found.contains_key(SCHEDULE) {
                    tag(world, cluster, service, SCHEDULE, self.schedule.as_deref());
                }
            }
            Cause::ImageRemoved
            | Cause::AnotherImageRemoved
            | Cause::ImageArchived
            | Cause::TagMoved
            | Cause::ExpiresBefore
            | Cause::ExpiresAfter
            | Cause::ExpiresByCount
            | Cause::UntaggedExpire => {
                // The policy goes first. Pushed again, an image is there anew, and not in the archive.
                drop(world.call("ecr", "DeleteLifecyclePolicy", json!({ "repositoryName": service })));
                stock(world, service);
            }
            Cause::MaxLowered | Cause::MaxLoweredToItsSize => {
                let target = world.target(cluster, service);
                if let Some(most) = self.max.filter(|most| target.is_some_and(|it| it.max < *most)) {
                    max(world, cluster, service, most);
                }
                if world.desired_count(cluster, service) > 0 {
                    resize(world, cluster, service, self.count);
                }
            }
            Cause::MachinesSleepLonger | Cause::MachinesWakeWithIt => {
                if let Some((group, Some(hours))) = &self.machines {
                    group_hours(world, group, hours);
                }
            }
            Cause::DefinitionInactive => {
                if let Some(definition) = definition_of(world, cluster, service)
                    && let Some(other) = registered_again(world, &definition)
                {
                    let input = json!({"cluster": cluster, "service": service, "taskDefinition": other});
                    drop(world.call("ecs", "UpdateService", input));
                }
            }
            Cause::AnotherRevisionInactive => {}
        }
    }
}

fn arn(world: &World, cluster: &str, service: &str) -> String {
    format!("arn:aws:ecs:{}:{}:service/{cluster}/{service}", world.region(), world.account())
}

fn tag(world: &mut World, cluster: &str, service: &str, key: &str, value: Option<&str>) {
    let arn = arn(world, cluster, service);
    let done = match value {
        Some(value) => {
            let tags = json!([{"key": key, "value": value}]);
            world.call("ecs", "TagResource", json!({"resourceArn": arn, "tags": tags}))
        }
        None => world.call("ecs", "UntagResource", json!({"resourceArn": arn, "tagKeys": [key]})),
    };
    drop(done);
}

fn max(world: &mut World, cluster: &str, service: &str, max: i64) {
    let target = json!({
        "ServiceNamespace": "ecs", "ResourceId": format!("service/{cluster}/{service}"),
        "ScalableDimension": "ecs:service:DesiredCount", "MaxCapacity": max,
    });
    drop(world.call("application-autoscaling", "RegisterScalableTarget", target));
}

fn resize(world: &mut World, cluster: &str, service: &str, count: i64) {
    let input = json!({"cluster": cluster, "service": service, "desiredCount": count});
    drop(world.call("ecs", "UpdateService", input));
}

fn group_hours(world: &mut World, group: &str, hours: &str) {
    let tag = json!({
        "ResourceId": group, "ResourceType": "auto-scaling-group", "Key": SCHEDULE, "Value": hours,
        "PropagateAtLaunch": false,
    });
    drop(world.call("autoscaling", "CreateOrUpdateTags", json!({ "Tags": [tag] })));
}

/// The ARN of the task definition that a service has.
fn definition_of(world: &mut World, cluster: &str, service: &str) -> Option<String> {
    let input = json!({"cluster": cluster, "services": [service]});
    let answer = world.call("ecs", "DescribeServices", input).ok()?;
    answer.pointer("/services/0/taskDefinition")?.as_str().map(str::to_owned)
}

fn deregister(world: &mut World, definition: &str) {
    drop(world.call("ecs", "DeregisterTaskDefinition", json!({ "taskDefinition": definition })));
}

/// The ARN of a new revision that says the same.
fn registered_again(world: &mut World, definition: &str) -> Option<String> {
    let kept = [
        "family",
        "containerDefinitions",
        "cpu",
        "memory",
        "networkMode",
        "requiresCompatibilities",
        "executionRoleArn",
        "taskRoleArn",
    ];
    let answer = world.call("ecs", "DescribeTaskDefinition", json!({ "taskDefinition": definition })).ok()?;
    let mut input = answer.get("taskDefinition")?.as_object()?.clone();
    input.retain(|key, _| kept.contains(&key.as_str()));
    let answer = world.call("ecs", "RegisterTaskDefinition", input.into()).ok()?;
    answer.pointer("/taskDefinition/taskDefinitionArn")?.as_str().map(str::to_owned)
}
