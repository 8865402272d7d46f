//! Services.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::application_autoscaling;
use crate::ecs::arn;
use crate::ecs::capacity_providers::{self, Share};
use crate::ecs::clusters::{cluster_arn, valid_name};
use crate::ecs::deployments::deployment_arn;
use crate::ecs::errors::{invalid, service_not_active, service_not_found};
use crate::ecs::life;
use crate::ecs::pages::{page, size};
use crate::ecs::revisions::{self, revision_arn};
use crate::ecs::state::{Cluster, Deployment, Service, ServiceStatus, Stage};
use crate::ecs::tags::{self, Tag};
use crate::ecs::task_definitions;
use crate::wire::{epoch, object, put};
use crate::world::World;

/// The most tasks that one service may have: <https://docs.aws.amazon.com/general/latest/gr/ecs-service.html>
const MOST_TASKS: i64 = 5000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateService {
    cluster: Option<String>,
    service_name: String,
    task_definition: Option<String>,
    desired_count: Option<i64>,
    launch_type: Option<String>,
    capacity_provider_strategy: Option<Vec<Share>>,
    scheduling_strategy: Option<String>,
    deployment_controller: Option<Controller>,
    deployment_configuration: Option<DeploymentConfiguration>,
    network_configuration: Option<Value>,
    propagate_tags: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Controller {
    r#type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DeploymentConfiguration {
    maximum_percent: Option<i64>,
    minimum_healthy_percent: Option<i64>,
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html>
pub(crate) fn create_service(world: &mut World, input: CreateService) -> Result<Value, ApiError> {
    let cluster = arn::cluster(world, input.cluster.as_deref())?;
    let name = input.service_name;
    if !valid_name(&name) {
        return Err(invalid("Service name must match ^[a-zA-Z0-9\\-_]{1,255}$."));
    }
    match world.ecs.service(&cluster, &name).map(|s| s.status) {
        Some(ServiceStatus::Active) => return Err(invalid("Creation of service was not idempotent.")),
        Some(ServiceStatus::Draining) => {
            return Err(invalid("Unable to Start a service that is still Draining."));
        }
        Some(ServiceStatus::Inactive) | None => {}
    }
    let daemon = match input.scheduling_strategy.as_deref() {
        None | Some("REPLICA") => false,
        Some("DAEMON") => true,
        Some(other) => return Err(invalid(format!("Invalid schedulingStrategy: {other}"))),
    };
    let desired = match (daemon, input.desired_count) {
        (true, Some(_)) => return Err(daemon_has_no_count()),
        (true, None) => 0,
        (false, count) => checked_count(count.unwrap_or(0))?,
    };
    if input.launch_type.is_some() && input.capacity_provider_strategy.is_some() {
        return Err(invalid(
            "Specifying both a launch type and capacity provider strategy is not supported.",
        ));
    }
    let mut strategy = input.capacity_provider_strategy.filter(|s| !s.is_empty());
    if let Some(c) = world.ecs.clusters.get(&cluster) {
        if input.launch_type.is_none() && strategy.is_none() && !c.default_strategy.is_empty() {
            strategy = Some(c.default_strategy.clone());
        }
        if let Some(strategy) = &strategy {
            capacity_providers::checked(c, strategy)?;
        }
    }
    let launch_type = match (input.launch_type.as_deref(), &strategy) {
        (None, Some(_)) => None,
        (None, None) => Some("EC2".to_owned()),
        (Some(known @ ("EC2" | "FARGATE" | "EXTERNAL" | "MANAGED_INSTANCES")), _) => Some(known.to_owned()),
        (Some(other), _) => return Err(invalid(format!("Invalid launchType: {other}"))),
    };
    if daemon && launch_type.as_deref() == Some("FARGATE") {
        return Err(invalid("The daemon scheduling strategy is not supported for the FARGATE launch type."));
    }
    let controller = input.deployment_controller.map_or_else(|| "ECS".to_owned(), |c| c.r#type);
    if !["ECS", "CODE_DEPLOY", "EXTERNAL"].contains(&controller.as_str()) {
        return Err(invalid(format!("Invalid deploymentController: {controller}")));
    }
    let task_definition = match &input.task_definition {
        Some(given) => task_definitions::find(world, given, true)?,
        None => return Err(invalid("TaskDefinition can not be blank.")),
    };
    let awsvpc =
        world.ecs.task_definition(&task_definition).is_some_and(task_definitions::has_its_own_network);
    if (awsvpc || launch_type.as_deref() == Some("FARGATE")) && input.network_configuration.is_none() {
        return Err(invalid(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ));
    }
    let tags = tags::checked(input.tags)?;
    let configuration = input.deployment_configuration;
    let (most, least) = if daemon { (100, 0) } else { (200, 100) };
    let service = Service {
        arn: world.arn("ecs", &format!("service/{cluster}/{name}")),
        status: ServiceStatus::Active,
        desired,
        daemon,
        controller,
        launch_type,
        capacity_provider_strategy: strategy,
        network: input.network_configuration,
        managed_by_ecs: false,
        propagate_tags: input.propagate_tags.unwrap_or_else(|| "NONE".to_owned()),
        maximum_percent: configuration.as_ref().and_then(|c| c.maximum_percent).unwrap_or(most),
        minimum_healthy_percent: configuration
            .as_ref()
            .and_then(|c| c.minimum_healthy_percent)
            .unwrap_or(least),
        deployments: Vec::new(),
        service_deployments: BTreeMap::new(),
        revisions: BTreeMap::new(),
        events: Vec::new(),
        created_at: world.now,
        tags,
        tasks: BTreeSet::new(),
        cannot_start: None,
        unlisted_revisions: false,
        attended: None,
        steady: false,
        unplaced: false,
    };
    if let Some(c) = world.ecs.clusters.get_mut(&cluster) {
        c.services.insert(name.clone(), service);
    }
    revisions::begin(world, &cluster, &name, &task_definition);
    life::touch(world, &cluster, &name);
    Ok(json!({"service": view(world, &cluster, &name, true)}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateService {
    cluster: Option<String>,
    service: String,
    desired_count: Option<i64>,
    task_definition: Option<String>,
    #[serde(default)]
    force_new_deployment: bool,
}

/// Only ACTIVE services. A count alone begins no deployment; another task definition, or `forceNewDeployment`, does.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html>
pub(crate) fn update_service(world: &mut World, input: UpdateService) -> Result<Value, ApiError> {
    let cluster = arn::cluster(world, input.cluster.as_deref())?;
    let name = arn::service_name(world, &cluster, &input.service)?;
    let service = world.ecs.service(&cluster, &name).ok_or_else(service_not_found)?;
    if service.status != ServiceStatus::Active {
        return Err(service_not_active());
    }
    if let Some(count) = input.desired_count {
        if service.daemon {
            return Err(daemon_has_no_count());
        }
        checked_count(count)?;
    }
    let wanted = match &input.task_definition {
        Some(_) if service.uses_task_sets() => {
            return Err(invalid(format!(
                "Cannot use UpdateService API to update the task definition of a service with the {} deployment controller.",
                service.controller
            )));
        }
        Some(given) => task_definitions::find(world, given, true)?,
        None => service.task_definition().to_owned(),
    };
    let deploys = wanted != service.task_definition() || input.force_new_deployment;
    if let Some(count) = input.desired_count {
        set_desired(world, &cluster, &name, count);
    }
    if deploys {
        revisions::begin(world, &cluster, &name, &wanted);
    }
    life::touch(world, &cluster, &name);
    Ok(json!({"service": view(world, &cluster, &name, true)}))
}

/// Sets the desired count of a service, as `UpdateService` and autoscaling do.
pub(crate) fn set_desired(world: &mut World, cluster: &str, name: &str, count: i64) {
    let now = world.now;
    let Some(service) = world.ecs.service_mut(cluster, name) else {
        return;
    };
    if service.desired == count {
        return;
    }
    service.desired = count;
    service.steady = false;
    if let Some(primary) = service.deployments.first_mut() {
        primary.updated_at = now;
    }
    life::touch(world, cluster, name);
    application_autoscaling::watch(world, &format!("service/{cluster}/{name}"));
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeleteService {
    cluster: Option<String>,
    service: String,
    #[serde(default)]
    force: bool,
}

/// DRAINING until its tasks are gone, then INACTIVE. `force` where tasks are still wanted.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html>
pub(crate) fn delete_service(world: &mut World, input: DeleteService) -> Result<Value, ApiError> {
    let cluster = arn::cluster(world, input.cluster.as_deref())?;
    let name = arn::service_name(world, &cluster, &input.service)?;
    let service = world.ecs.service_mut(&cluster, &name).ok_or_else(service_not_found)?;
    if service.status != ServiceStatus::Active {
        return Err(service_not_active());
    }
    if service.desired > 0 && !service.daemon && !input.force {
        return Err(invalid("The service cannot be stopped while it is scaled above 0."));
    }
    service.status = ServiceStatus::Draining;
    service.desired = 0;
    life::touch(world, &cluster, &name);
    Ok(json!({"service": view(world, &cluster, &name, true)}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListServices {
    cluster: Option<String>,
    launch_type: Option<String>,
    scheduling_strategy: Option<String>,
    resource_management_type: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// At most 100 a page, and 10 without `maxResults`. INACTIVE services are never listed, nor are DRAINING ones.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html>
pub(crate) fn list_services(world: &mut World, input: ListServices) -> Result<Value, ApiError> {
    let size = size(input.max_results, 10, 100)?;
    let cluster = arn::cluster(world, input.cluster.as_deref())?;
    let known = |what: &str, given: &Option<String>, all: &[&str]| match given {
        Some(other) if !all.contains(&other.as_str()) => Err(invalid(format!("Invalid {what}: {other}"))),
        _ => Ok(()),
    };
    known("launchType", &input.launch_type, &["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"])?;
    known("schedulingStrategy", &input.scheduling_strategy, &["REPLICA", "DAEMON"])?;
    known("resourceManagementType", &input.resource_management_type, &["CUSTOMER", "ECS"])?;
    let fits = |s: &Service| {
        let is = |given: &Option<String>, value: Option<&str>| {
            given.as_ref().is_none_or(|g| Some(g.as_str()) == value)
        };
        s.status == ServiceStatus::Active
            && world.now.duration_since(s.created_at) >= world.list_lag
            && is(&input.launch_type, s.launch_type.as_deref())
            && is(&input.scheduling_strategy, Some(strategy(s)))
            && is(&input.resource_management_type, Some(management(s)))
    };
    let services = world.ecs.clusters.get(&cluster).into_iter().flat_map(|c| &c.services);
    let names = services.filter(|(_, s)| fits(s)).map(|(name, _)| name.clone());
    let (names, next) = page(names, input.next_token.as_deref(), size)?;
    let arns: Vec<&str> =
        names.iter().filter_map(|n| world.ecs.service(&cluster, n)).map(|s| s.arn.as_str()).collect();
    let mut answer = object(json!({"serviceArns": arns}));
    put(&mut answer, "nextToken", next);
    Ok(answer.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DescribeServices {
    cluster: Option<String>,
    services: Vec<String>,
    #[serde(default)]
    include: Vec<String>,
}

/// At most 10; tags only with `include=TAGS`.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html>
pub(crate) fn describe_services(world: &mut World, input: DescribeServices) -> Result<Value, ApiError> {
    let cluster = arn::cluster(world, input.cluster.as_deref())?;
    if input.services.is_empty() {
        return Err(invalid("Services cannot be empty."));
    }
    if input.services.len() > 10 {
        return Err(invalid("Services cannot have more than 10 elements."));
    }
    if let Some(other) = input.include.iter().find(|i| *i != "TAGS") {
        return Err(invalid(format!("Invalid include: {other}")));
    }
    let mut services = Vec::new();
    let mut failures = Vec::new();
    for given in &input.services {
        let name = arn::service_name(world, &cluster, given)?;
        if world.ecs.service(&cluster, &name).is_some() {
            services.push(view(world, &cluster, &name, !input.include.is_empty()));
        } else {
            let arn = world.arn("ecs", &format!("service/{cluster}/{name}"));
            failures.push(json!({"arn": arn, "reason": "MISSING"}));
        }
    }
    Ok(json!({"services": services, "failures": failures}))
}

fn checked_count(count: i64) -> Result<i64, ApiError> {
    match count {
        ..0 => Err(invalid("desiredCount must be 0 or greater.")),
        0..=MOST_TASKS => Ok(count),
        _ => Err(invalid(format!("desiredCount must not be greater than {MOST_TASKS}."))),
    }
}

fn daemon_has_no_count() -> ApiError {
    invalid(
        "The daemon scheduling strategy does not support a desired count. Remove the desired count value and try again.",
    )
}

fn strategy(service: &Service) -> &'static str {
    if service.daemon { "DAEMON" } else { "REPLICA" }
}

fn management(service: &Service) -> &'static str {
    if service.managed_by_ecs { "ECS" } else { "CUSTOMER" }
}

/// Running and pending tasks of a service, or of one of its deployments.
pub(crate) fn counts(cluster: &Cluster, service: &Service, deployment: Option<&str>) -> (i64, i64) {
    let tasks = service.tasks.iter().filter_map(|id| cluster.tasks.get(id));
    let mut counts = (0, 0);
    for task in tasks.filter(|t| deployment.is_none_or(|d| t.started_by.as_deref() == Some(d))) {
        match task.stage {
            Stage::Running => counts.0 += 1,
            Stage::Provisioning | Stage::Pending | Stage::Activating if !task.told_to_stop => counts.1 += 1,
            _ => {}
        }
    }
    counts
}

/// A service as `DescribeServices` shows it.
pub(crate) fn view(world: &World, cluster: &str, name: &str, with_tags: bool) -> Value {
    let Some(c) = world.ecs.clusters.get(cluster) else {
        return Value::Null;
    };
    let Some(service) = c.services.get(name) else {
        return Value::Null;
    };
    let desired = life::wanted(world, cluster, name);
    let (running, pending) = counts(c, service, None);
    let mut view = Map::new();
    put(&mut view, "serviceArn", Some(service.arn.as_str()));
    put(&mut view, "serviceName", Some(name));
    put(&mut view, "clusterArn", Some(cluster_arn(world, cluster)));
    view.insert("loadBalancers".to_owned(), json!([]));
    view.insert("serviceRegistries".to_owned(), json!([]));
    put(&mut view, "status", Some(service.status.name()));
    put(&mut view, "desiredCount", Some(desired));
    put(&mut view, "runningCount", Some(running));
    put(&mut view, "pendingCount", Some(pending));
    put(&mut view, "launchType", service.launch_type.as_deref());
    put(&mut view, "capacityProviderStrategy", service.capacity_provider_strategy.as_ref().map(|s| json!(s)));
    if service.runs_on() == "FARGATE" {
        put(&mut view, "platformVersion", Some("LATEST"));
        put(&mut view, "platformFamily", Some("Linux"));
    }
    if !service.uses_task_sets() {
        put(&mut view, "taskDefinition", Some(service.task_definition()));
    }
    view.insert(
        "deploymentConfiguration".to_owned(),
        json!({
            "deploymentCircuitBreaker": {"enable": false, "rollback": false},
            "maximumPercent": service.maximum_percent,
            "minimumHealthyPercent": service.minimum_healthy_percent,
            "strategy": "ROLLING",
        }),
    );
    let parts: Vec<Value> = service
        .deployments
        .iter()
        .enumerate()
        .map(|(n, deployment)| {
            let counts = counts(c, service, Some(&deployment.id));
            let wanted = if n == 0 { desired } else { 0 };
            if service.uses_task_sets() {
                task_set(world, cluster, name, service, deployment, n == 0, counts)
            } else {
                part(service, deployment, n == 0, wanted, counts)
            }
        })
        .collect();
    let (deployments, sets) =
        if service.uses_task_sets() { (Vec::new(), parts) } else { (parts, Vec::new()) };
    view.insert("deployments".to_owned(), deployments.into());
    if service.uses_task_sets() {
        view.insert("taskSets".to_owned(), sets.into());
    }
    let events: Vec<Value> = service
        .events
        .iter()
        .map(|e| json!({"id": e.id, "createdAt": epoch(e.at), "message": e.message}))
        .collect();
    view.insert("events".to_owned(), events.into());
    put(&mut view, "createdAt", Some(epoch(service.created_at)));
    let hides_them = service.unlisted_revisions && desired == 0;
    if !service.uses_task_sets() && !hides_them {
        put_current(&mut view, world, cluster, name, c, service, desired);
    }
    view.insert("placementConstraints".to_owned(), json!([]));
    view.insert("placementStrategy".to_owned(), json!([]));
    put(&mut view, "networkConfiguration", service.network.clone());
    put(&mut view, "schedulingStrategy", Some(strategy(service)));
    view.insert("deploymentController".to_owned(), json!({"type": service.controller}));
    put(&mut view, "createdBy", Some(format!("arn:{}:iam::{}:root", world.partition, world.account)));
    put(&mut view, "enableECSManagedTags", Some(false));
    put(&mut view, "propagateTags", Some(service.propagate_tags.as_str()));
    put(&mut view, "enableExecuteCommand", Some(false));
    put(&mut view, "availabilityZoneRebalancing", Some("DISABLED"));
    put(&mut view, "resourceManagementType", Some(management(service)));
    if with_tags {
        view.insert("tags".to_owned(), tags::view(&service.tags));
    }
    view.into()
}

/// What ECS itself deploys. Of what another controller deploys it knows task sets alone.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-revision.html>
fn put_current(
    view: &mut Map<String, Value>,
    world: &World,
    cluster: &str,
    name: &str,
    c: &Cluster,
    service: &Service,
    desired: i64,
) {
    let revisions: Vec<Value> = service
        .deployments
        .iter()
        .enumerate()
        .map(|(n, d)| {
            let (running, pending) = counts(c, service, Some(&d.id));
            json!({
                "arn": revision_arn(world, cluster, name, &d.revision),
                "requestedTaskCount": if n == 0 { desired } else { 0 },
                "runningTaskCount": running,
                "pendingTaskCount": pending,
            })
        })
        .collect();
    view.insert("currentServiceRevisions".to_owned(), revisions.into());
    let current =
        service.deployments.first().map(|d| deployment_arn(world, cluster, name, &d.service_deployment));
    put(view, "currentServiceDeployment", current);
}

/// A deployment as a service shows it.
fn part(
    service: &Service,
    d: &Deployment,
    primary: bool,
    wanted: i64,
    (running, pending): (i64, i64),
) -> Value {
    let (state, end) = if d.completed { ("COMPLETED", "completed") } else { ("IN_PROGRESS", "in progress") };
    let mut view = Map::new();
    put(&mut view, "id", Some(d.id.as_str()));
    put(&mut view, "status", Some(if primary { "PRIMARY" } else { "ACTIVE" }));
    put(&mut view, "taskDefinition", Some(d.task_definition.as_str()));
    put(&mut view, "desiredCount", Some(wanted));
    put(&mut view, "pendingCount", Some(pending));
    put(&mut view, "runningCount", Some(running));
    put(&mut view, "failedTasks", Some(d.failed_tasks));
    put(&mut view, "createdAt", Some(epoch(d.created_at)));
    put(&mut view, "updatedAt", Some(epoch(d.updated_at)));
    put(&mut view, "launchType", service.launch_type.as_deref());
    put(&mut view, "capacityProviderStrategy", service.capacity_provider_strategy.as_ref().map(|s| json!(s)));
    if service.runs_on() == "FARGATE" {
        put(&mut view, "platformVersion", Some("1.4.0"));
        put(&mut view, "platformFamily", Some("Linux"));
    }
    put(&mut view, "networkConfiguration", service.network.clone());
    put(&mut view, "rolloutState", Some(state));
    put(&mut view, "rolloutStateReason", Some(format!("ECS deployment {} {end}.", d.id)));
    view.into()
}

/// A task set as a service shows it.
fn task_set(
    world: &World,
    cluster: &str,
    name: &str,
    service: &Service,
    d: &Deployment,
    primary: bool,
    (running, pending): (i64, i64),
) -> Value {
    let steady = pending == 0 && (running == service.desired || !primary);
    let mut view = Map::new();
    put(&mut view, "id", Some(d.id.as_str()));
    let arn = world.arn("ecs", &format!("task-set/{cluster}/{name}/{}", d.id));
    put(&mut view, "taskSetArn", Some(arn));
    put(&mut view, "serviceArn", Some(service.arn.as_str()));
    put(&mut view, "clusterArn", Some(cluster_arn(world, cluster)));
    put(&mut view, "status", Some(if primary { "PRIMARY" } else { "ACTIVE" }));
    put(&mut view, "taskDefinition", Some(d.task_definition.as_str()));
    put(&mut view, "computedDesiredCount", Some(if primary { service.desired } else { 0 }));
    put(&mut view, "pendingCount", Some(pending));
    put(&mut view, "runningCount", Some(running));
    put(&mut view, "createdAt", Some(epoch(d.created_at)));
    put(&mut view, "updatedAt", Some(epoch(d.updated_at)));
    put(&mut view, "launchType", service.launch_type.as_deref());
    put(&mut view, "capacityProviderStrategy", service.capacity_provider_strategy.as_ref().map(|s| json!(s)));
    if service.runs_on() == "FARGATE" {
        put(&mut view, "platformVersion", Some("1.4.0"));
        put(&mut view, "platformFamily", Some("Linux"));
    }
    put(&mut view, "networkConfiguration", service.network.clone());
    view.insert("scale".to_owned(), json!({"value": 100.0, "unit": "PERCENT"}));
    put(&mut view, "stabilityStatus", Some(if steady { "STEADY_STATE" } else { "STABILIZING" }));
    view.into()
}
