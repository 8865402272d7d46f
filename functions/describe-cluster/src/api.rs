//! What `openapi.json` says of these routes.

use schemars::{Schema, SchemaGenerator, json_schema};
use shared::Code;
use shared::api::{Answers, Operation, SchemaOf};
use shared::autoscaling::Group;
use shared::ecs::{
    CapacityProvider, Cluster, ContainerInstance, Failure, Service, Tag, Task, TaskDefinition,
};

use crate::agenda::Agenda;
use crate::answer::{Beside, OfCluster};
use crate::request::{
    AgendaFields, ClusterFields, ClustersFields, GroupFields, GroupsFields, SavingsFields, ServiceFields,
    ServicesFields, TaskDefinitionFields, TaskDefinitionsFields, TaskFields, TasksFields, WakeFields,
    WeekFields,
};
use crate::savings::Savings;
use crate::wake::WakeCheck;
use crate::week::Week;
use crate::{groups, steward};

/// One for each route.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        query: &[("clusters", words), ("include", with_statistics)],
        answers: Answers::Body(|g| list(g, &[("clusters", cluster)])),
        // Where they are named, and none of them exists.
        problems: &[&[Code::NotFound]],
        ..Operation::read::<ClustersFields, ()>("/v1/clusters", "List clusters")
    },
    Operation {
        description: "The cluster, its services and its running tasks. With `include=capacity` its machines too, with \
                      `include=wake` whether what sleeps will wake.",
        query: &[("include", with_capacity)],
        answers: Answers::Body(whole_cluster),
        ..Operation::read::<ClusterFields, ()>("/v1/clusters/{cluster}", "Show a cluster whole")
    },
    Operation {
        query: &[("services", words), ("include", with_wake)],
        answers: Answers::Body(|g| list(g, &[("services", service)])),
        ..Operation::read::<ServicesFields, ()>("/v1/clusters/{cluster}/services", "List services")
    },
    Operation {
        query: &[("include", with_wake)],
        answers: Answers::Body(|g| list(g, &[("services", service)])),
        ..Operation::read::<ServiceFields, ()>("/v1/clusters/{cluster}/services/{service}", "Show a service")
    },
    Operation {
        description: "All filters must hold. Named one by one, tasks take no filter.",
        query: &[("tasks", words), ("include", with_tags)],
        answers: Answers::Body(|g| list(g, &[("tasks", task)])),
        ..Operation::read::<TasksFields, ()>("/v1/clusters/{cluster}/tasks", "List tasks")
    },
    Operation {
        query: &[("include", with_tags)],
        answers: Answers::Body(|g| list(g, &[("tasks", task)])),
        ..Operation::read::<TaskFields, ()>("/v1/clusters/{cluster}/tasks/{task}", "Show a task")
    },
    Operation {
        description: "Today and the six days after it, on the clocks of the fleet's zone: what each service and group is \
                      when, what it saves, and whether it will wake. As a page it is a picture.",
        ..Operation::read::<WeekFields, Week>(
            "/v1/clusters/{cluster}/week",
            "Show what a cluster's services and groups are in the coming days",
        )
    },
    Operation {
        description: "In their order, with the sizes, and with what of them would fail. With `include=wake` also whether \
                      each service will wake.",
        query: &[("include", only_wake)],
        ..Operation::read::<AgendaFields, Agenda>(
            "/v1/clusters/{cluster}/agenda",
            "Foretell the coming transitions of a cluster",
        )
    },
    Operation {
        description: "From records, schedules and task definitions: what people and autoscaling do until then is not \
                      known.",
        ..Operation::read::<SavingsFields, Savings>(
            "/v1/clusters/{cluster}/savings",
            "Foretell what a cluster's schedules will not run",
        )
    },
    Operation {
        description: "Of the services that are off, or will go off. What is not looked at: secrets, roles, networks, \
                      target groups, quotas, room on machines.",
        ..Operation::read::<WakeFields, WakeCheck>(
            "/v1/clusters/{cluster}/wake",
            "Say which services of a cluster will not wake",
        )
    },
    Operation {
        answers: Answers::Body(|g| {
            list(g, &[("taskDefinitionArns", SchemaGenerator::subschema_for::<String>)])
        }),
        ..Operation::read::<TaskDefinitionsFields, ()>("/v1/task-definitions", "List task definitions")
    },
    Operation {
        query: &[("include", with_tags)],
        answers: Answers::Body(task_definition),
        ..Operation::read::<TaskDefinitionFields, ()>(
            "/v1/task-definitions/{family}/{revision}",
            "Show a task definition",
        )
    },
    Operation {
        query: &[("include", with_tags)],
        answers: Answers::Body(|g| list(g, &[("AutoScalingGroups", group)])),
        ..Operation::read::<GroupsFields, ()>("/v1/auto-scaling-groups", "List Auto Scaling groups")
    },
    Operation {
        query: &[("include", with_tags)],
        answers: Answers::Body(|g| list(g, &[("AutoScalingGroups", group)])),
        ..Operation::read::<GroupFields, ()>("/v1/auto-scaling-groups/{group}", "Show an Auto Scaling group")
    },
];

fn cluster(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Beside<Cluster, OfCluster>>()
}

fn service(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Beside<Service, steward::Steward>>()
}

fn task(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Task>()
}

fn group(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Beside<Group, groups::Steward>>()
}

/// Lists in AWS's own shapes, what could not be found, and where they go on.
fn list(generator: &mut SchemaGenerator, lists: &[(&str, SchemaOf)]) -> Schema {
    let failures = generator.subschema_for::<Vec<Failure>>();
    let mut schema = json_schema!({
        "type": "object",
        "properties": {},
        "required": ["failures"],
    });
    for (name, of) in lists {
        let items = of(generator);
        property(&mut schema, name, json_schema!({ "type": "array", "items": items }));
        if let Some(required) = schema.get_mut("required").and_then(|it| it.as_array_mut()) {
            required.push((*name).into());
        }
    }
    property(&mut schema, "failures", failures);
    property(
        &mut schema,
        "nextToken",
        json_schema!({ "type": "string", "description": "Where the list goes on: the next `cursor`." }),
    );
    schema
}

fn property(schema: &mut Schema, name: &str, of: Schema) {
    if let Some(properties) = schema.get_mut("properties").and_then(|it| it.as_object_mut()) {
        properties.insert(name.to_owned(), of.to_value());
    }
}

/// Its machines stand in it where they are asked for.
fn whole_cluster(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = list(generator, &[("clusters", cluster), ("services", service), ("tasks", task)]);
    let instances = generator.subschema_for::<Vec<ContainerInstance>>();
    let providers = generator.subschema_for::<Vec<CapacityProvider>>();
    let groups = generator.subschema_for::<Vec<Beside<Group, groups::Steward>>>();
    property(&mut schema, "containerInstances", instances);
    property(&mut schema, "capacityProviders", providers);
    property(&mut schema, "AutoScalingGroups", groups);
    schema
}

fn task_definition(generator: &mut SchemaGenerator) -> Schema {
    let definition = generator.subschema_for::<TaskDefinition>();
    let tags = generator.subschema_for::<Vec<Tag>>();
    let failures = generator.subschema_for::<Vec<Failure>>();
    json_schema!({
        "type": "object",
        "properties": { "taskDefinition": definition, "tags": tags, "failures": failures },
        "required": ["taskDefinition", "failures"],
    })
}

fn words(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string" })
}

fn with_tags(_: &mut SchemaGenerator) -> Schema {
    some_of("tags")
}

fn with_wake(_: &mut SchemaGenerator) -> Schema {
    some_of("tags|wake")
}

fn only_wake(_: &mut SchemaGenerator) -> Schema {
    some_of("wake")
}

fn with_statistics(_: &mut SchemaGenerator) -> Schema {
    some_of("statistics|tags")
}

fn with_capacity(_: &mut SchemaGenerator) -> Schema {
    some_of("statistics|tags|capacity|wake")
}

/// Some of these words, with commas between.
fn some_of(words: &str) -> Schema {
    json_schema!({ "type": "string", "pattern": format!("^\\s*({words})\\s*(,\\s*({words})\\s*)*$") })
}
