//! On what the tasks run, and everything that would make AWS refuse them: checked before the call.

mod fits;

use shared::ecs::{AwsVpcConfiguration, NetworkConfiguration, Service, TaskDefinition};
use shared::run_task::Launch;
use shared::settings::TagKeys;
use shared::{Code, Problem};

use crate::ask::Ask;
use crate::observe::Snapshot;

/// The launch that a request means, or why it can't be.
pub fn launch(seen: &Snapshot, ask: &Ask, own: &TagKeys) -> Result<Launch, Problem> {
    let definition = &seen.definition;
    let name = &ask.task_definition;
    if definition.status.as_deref().is_some_and(|status| status != "ACTIVE") {
        let status = definition.status.as_deref().unwrap_or_default();
        return Err(impossible(format!("{name} is {status}: register it anew to run it")));
    }
    known_containers(definition, ask)?;
    let mut launch = like(seen.like.as_ref());
    if ask.launch_type.is_some() || !ask.strategy.is_empty() {
        launch.launch_type.clone_from(&ask.launch_type);
        launch.strategy.clone_from(&ask.strategy);
    }
    if launch.launch_type.as_deref().is_some_and(|kind| kind != "FARGATE") {
        // Fargate's word only.
        launch.platform_version = None;
    }
    if ask.platform_version.is_some() {
        launch.platform_version.clone_from(&ask.platform_version);
    }
    if let Some(kind) = &launch.launch_type
        && !definition.compatibilities.is_empty()
        && !definition.compatibilities.contains(kind)
    {
        let detail = format!(
            "{name} is compatible with {}, and not with the launch type {kind}",
            definition.compatibilities.join(" and ")
        );
        return Err(impossible(detail));
    }
    let awsvpc = definition.network_mode.as_deref() == Some("awsvpc");
    launch.network = match (awsvpc, &ask.network, launch.network) {
        (true, Some(named), _) => Some(named.clone()),
        (true, None, Some(likes)) => Some(likes),
        (true, None, None) => {
            let detail = format!(
                "{name} has the network mode awsvpc and needs a network: give \"network\", or \"like\" a service that has one"
            );
            return Err(impossible(detail));
        }
        (false, Some(_), _) => {
            let mode = definition.network_mode.as_deref().unwrap_or("bridge");
            let detail = format!("{name} has the network mode {mode} and takes no network: leave it out");
            return Err(impossible(detail));
        }
        // A service's network is of no use to a definition of another mode.
        (false, None, _) => None,
    };
    fits::fits(seen, ask, &launch, own)?;
    Ok(launch)
}

/// Every container that the request names is one of the definition's.
fn known_containers(definition: &TaskDefinition, ask: &Ask) -> Result<(), Problem> {
    let overridden = ask.overrides.iter().flat_map(|it| &it.container_overrides);
    let named = overridden.map(|it| ("overrides", &it.name));
    let mut named = named.chain(ask.verdict_of.iter().map(|name| ("verdictOf", name)));
    let known = |name: &String| definition.container_definitions.iter().any(|known| known.name == *name);
    let Some((field, unknown)) = named.find(|(_, name)| !known(name)) else { return Ok(()) };
    let names: Vec<_> = definition.container_definitions.iter().map(|c| c.name.as_str()).collect();
    let detail =
        format!("{field}: {} has no container {unknown:?}; it has {}", ask.task_definition, names.join(", "));
    Err(Problem::new(Code::UnknownContainer, detail))
}

/// What a live service runs on: its PRIMARY deployment's, or its PRIMARY task set's, and what neither
/// says, the service's own.
fn like(service: Option<&Service>) -> Launch {
    let Some(service) = service else { return Launch::default() };
    let network = |from: &Option<NetworkConfiguration>| -> Option<AwsVpcConfiguration> {
        from.as_ref().map(|it| it.awsvpc_configuration.clone())
    };
    let of =
        |launch_type: &Option<String>, strategy: &[_], version: &Option<String>, from: &Option<_>| Launch {
            launch_type: launch_type.clone().filter(|_| strategy.is_empty()),
            strategy: strategy.to_vec(),
            platform_version: version.clone(),
            network: network(from),
        };
    let own = of(
        &service.launch_type,
        &service.capacity_provider_strategy,
        &service.platform_version,
        &service.network_configuration,
    );
    let deployment = service.deployments.iter().find(|it| it.status == "PRIMARY").map(|it| {
        of(&it.launch_type, &it.capacity_provider_strategy, &it.platform_version, &it.network_configuration)
    });
    let task_set = service.primary_task_set().map(|it| {
        of(&it.launch_type, &it.capacity_provider_strategy, &it.platform_version, &it.network_configuration)
    });
    let Some(primary) = deployment.or(task_set) else { return own };
    let (launch_type, strategy) = if primary.launch_type.is_some() || !primary.strategy.is_empty() {
        (primary.launch_type, primary.strategy)
    } else {
        (own.launch_type, own.strategy)
    };
    Launch {
        launch_type,
        strategy,
        platform_version: primary.platform_version.or(own.platform_version),
        network: primary.network.or(own.network),
    }
}

fn impossible(detail: String) -> Problem {
    Problem::new(Code::Impossible, detail)
}

#[cfg(test)]
mod tests {
    use shared::ecs::{CapacityProviderStrategyItem, Deployment, TaskSet};

    use super::*;

    fn network(subnet: &str) -> NetworkConfiguration {
        let awsvpc_configuration =
            AwsVpcConfiguration { subnets: vec![subnet.into()], ..AwsVpcConfiguration::default() };
        NetworkConfiguration { awsvpc_configuration }
    }

    #[test]
    fn like_copies_the_primary_deployment_or_task_set_and_sends_neither_type_nor_strategy_where_there_is_none()
     {
        let spot =
            CapacityProviderStrategyItem { capacity_provider: "FARGATE_SPOT".into(), weight: 1, base: 0 };
        let old = Deployment {
            status: "ACTIVE".into(),
            launch_type: Some("EC2".into()),
            network_configuration: Some(network("old")),
            ..Deployment::default()
        };
        let primary = Deployment {
            status: "PRIMARY".into(),
            capacity_provider_strategy: vec![spot.clone()],
            network_configuration: Some(network("new")),
            ..Deployment::default()
        };
        let service = Service { deployments: vec![old, primary], ..Service::default() };
        let copied = like(Some(&service));
        assert_eq!((copied.launch_type, copied.strategy), (None, vec![spot]));
        assert_eq!(copied.network.unwrap().subnets, ["new"]);

        let task_set = TaskSet {
            status: "PRIMARY".into(),
            launch_type: Some("FARGATE".into()),
            platform_version: Some("1.4.0".into()),
            network_configuration: Some(network("blue")),
            ..TaskSet::default()
        };
        let copied = like(Some(&Service { task_sets: vec![task_set], ..Service::default() }));
        assert_eq!(copied.launch_type.as_deref(), Some("FARGATE"));
        assert_eq!(copied.platform_version.as_deref(), Some("1.4.0"));
        assert_eq!(copied.network.unwrap().subnets, ["blue"]);
        assert_eq!(like(Some(&Service::default())), Launch::default());
    }
}
