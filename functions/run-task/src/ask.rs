//! A request that has been checked against everything that needs no look at AWS.

mod overrides;
mod placement;
mod volumes;

use std::fmt::Write as _;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use shared::ecs::{AwsVpcConfiguration, CapacityProviderStrategyItem, Tag};
use shared::fields::{STARTED_BY, cluster_of};
use shared::names::{ClusterName, ServiceId, TaskDefinitionName};
use shared::run_task::{Options, Overrides};
use shared::settings::{Settings, TagKeys};
use shared::tags::is_allowed_in_values;
use shared::{Actor, Call, Code, Problem, Via};

use crate::config::Config;
use crate::request::{Network, Request, StrategyItem, Until};
pub(crate) use placement::CONSTRAINTS;

/// The most tasks of a request.
pub const MOST: usize = 100;
/// The most tasks of one call of `RunTask`.
pub const CHUNK: usize = 10;

/// The longest `group`.
const GROUP: usize = 255;
/// The most tags of a task.
pub(crate) const TAGS: usize = 50;
/// The most parts of a strategy.
const STRATEGY: usize = 20;
/// The most containers of a task definition.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>
const CONTAINERS: usize = 10;
/// The longest key.
const KEY: usize = 256;

/// What is to be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// Where.
    pub cluster: ClusterName,
    /// Of what.
    pub task_definition: TaskDefinitionName,
    /// How many, 1 to 100.
    pub count: usize,
    /// Which service's network, launch type or strategy, and platform version are taken.
    pub like: Option<ServiceId>,
    /// What is told to the containers.
    pub overrides: Option<Overrides>,
    /// The network that was named.
    pub network: Option<AwsVpcConfiguration>,
    /// The launch type that was named.
    pub launch_type: Option<String>,
    /// The strategy that was named.
    pub strategy: Vec<CapacityProviderStrategyItem>,
    /// The version of Fargate's platform that was named.
    pub platform_version: Option<String>,
    /// What else AWS takes.
    pub options: Options,
    /// The tags that every task gets: the caller's, and ours.
    pub tags: Vec<Tag>,
    /// The tasks' group.
    pub group: Option<String>,
    /// Who is said to have started them.
    pub started_by: String,
    /// Under what the calls are told apart from others.
    pub key: Key,
    /// What is waited for, and how long at most.
    pub wait: Option<(Until, Duration)>,
    /// The containers whose exit is the verdict; none named: the essential ones.
    pub verdict_of: Vec<String>,
    /// Nothing is run.
    pub dry_run: bool,
}

/// What makes a request the same as one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// A hash of cluster and key: it stands in a tag of each task, and in every token.
    pub hash: String,
    /// The caller gave it; else the request's own id is the key.
    pub given: bool,
    /// A request under the same key may have come before.
    pub may_repeat: bool,
}

impl Key {
    /// The token of a call.
    ///
    /// 64 characters: the most that a client token holds.
    #[must_use]
    pub fn token(&self, of: &str) -> String {
        hex(&format!("{}\n{of}", self.hash))
    }
}

/// The tags with which tasks are found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// The key's hash.
    pub run: String,
    /// Which ten of the request's tasks it is of, where it was started with others.
    pub chunk: String,
    /// Which of the request's tasks it is, where it was started alone.
    pub slot: String,
}

impl Keys {
    /// With the stack's prefix.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self {
            run: settings.tags.of("run"),
            chunk: settings.tags.of("chunk"),
            slot: settings.tags.of("slot"),
        }
    }
}

impl Ask {
    /// Checks a call.
    pub fn new(call: &Call<Request>, config: &Config) -> Result<Self, Problem> {
        let (fields, scope) = (&call.request, &call.scope);
        let cluster = cluster_of(fields.cluster.as_ref(), fields.like.as_ref(), &call.scope)?;
        let task_definition = fields.task_definition.within(scope)?;
        let family = &task_definition.family;
        if config.families.is_empty() {
            let detail = "no family may run: the deployment's RUN_FAMILIES is empty (cluster=family, …)";
            return Err(Problem::new(Code::NotConfigured, detail));
        }
        if !config.families.allows(&cluster, family) {
            let detail = format!(
                "the family {family} may not run in cluster {cluster}: RUN_FAMILIES does not allow it"
            );
            return Err(Problem::new(Code::NotConfigured, detail));
        }
        let asked = fields.count.unwrap_or(1);
        let count = usize::try_from(asked)
            .ok()
            .filter(|count| (1..=MOST).contains(count))
            .ok_or_else(|| Problem::bad_request(format!("count: 1 to {MOST}, not {asked}")))?;
        let like = fields.like.as_ref().map(|like| like.within(scope, &cluster)).transpose()?;
        let overrides = fields.overrides.as_ref().map(|overrides| {
            if !config.overrides.allows(&cluster, family) {
                let detail = format!(
                    "overrides of the family {family} are not allowed in cluster {cluster}: see RUN_OVERRIDES"
                );
                return Err(Problem::new(Code::OverrideNotAllowed, detail));
            }
            overrides::checked(overrides)
        });
        let strategy = strategy(fields.capacity_provider_strategy.as_deref())?;
        if fields.launch_type.is_some() && !strategy.is_empty() {
            let detail = "launchType and capacityProviderStrategy exclude each other: give one of them";
            return Err(Problem::new(Code::Impossible, detail));
        }
        let key = key(call, &cluster)?;
        let (tags, started_by) = (tags(call, config, &key)?, started_by(call, &key)?);
        Ok(Self {
            cluster,
            task_definition,
            count,
            like,
            overrides: overrides.transpose()?,
            network: fields.network.as_ref().map(network).transpose()?,
            launch_type: fields.launch_type.map(|kind| kind.as_str().to_owned()),
            strategy,
            platform_version: platform_version(fields.platform_version.as_deref())?,
            options: options(call, config)?,
            tags,
            group: group(fields.group.as_deref())?,
            started_by,
            key,
            wait: wait(call, config)?,
            verdict_of: verdict_of(&call.request)?,
            dry_run: call.envelope.dry_run,
        })
    }
}

/// A version of the platform, `1.4.0` or `LATEST`.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html>
fn platform_version(version: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(version) = version else { return Ok(None) };
    let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if version == "LATEST" || version.split('.').count() == 3 && version.split('.').all(number) {
        Ok(Some(version.to_owned()))
    } else {
        Err(Problem::bad_request("platformVersion: a version of Fargate's platform such as 1.4.0, or LATEST"))
    }
}

fn options(call: &Call<Request>, config: &Config) -> Result<Options, Problem> {
    let asked = &call.request;
    Ok(Options {
        placement_constraints: placement::constraints(asked.placement_constraints.as_deref())?,
        placement_strategy: placement::strategy(asked.placement_strategy.as_deref())?,
        volume_configurations: volumes::checked(
            asked.volume_configurations.as_deref(),
            &call.scope,
            &config.settings.tags,
        )?,
        propagate_tags: asked.propagate_tags,
        enable_execute_command: asked.enable_execute_command,
    })
}

fn network(network: &Network) -> Result<AwsVpcConfiguration, Problem> {
    let network = network.to_aws();
    let named = |names: &[String]| names.iter().all(|name| plain(name, 64, "-"));
    if !(1..=16).contains(&network.subnets.len()) || !named(&network.subnets) {
        return Err(Problem::bad_request("network.subnets: 1 to 16 subnet ids"));
    }
    if network.security_groups.len() > 5 || !named(&network.security_groups) {
        return Err(Problem::bad_request("network.securityGroups: at most 5 security group ids"));
    }
    Ok(network)
}

fn strategy(items: Option<&[StrategyItem]>) -> Result<Vec<CapacityProviderStrategyItem>, Problem> {
    let Some(items) = items else { return Ok(Vec::new()) };
    let fault = |detail: &str| Err(Problem::bad_request(format!("capacityProviderStrategy: {detail}")));
    if !(1..=STRATEGY).contains(&items.len()) {
        return fault("1 to 20 capacity providers");
    }
    if items.iter().any(|item| !plain(&item.capacity_provider, 255, "-_")) {
        return fault("a name of a capacity provider has 1 to 255 letters, digits, - and _");
    }
    if items.iter().any(|item| item.weight > 1_000 || item.base > 100_000) {
        return fault("a weight is 0 to 1000, a base 0 to 100000");
    }
    if items.iter().filter(|item| item.base > 0).count() > 1 {
        return fault("only one of them may have a base");
    }
    if items.len() > 1 && items.iter().all(|item| item.weight == 0) {
        return fault("one of them needs a weight above 0");
    }
    let item = |item: &StrategyItem| CapacityProviderStrategyItem {
        capacity_provider: item.capacity_provider.clone(),
        weight: i32::try_from(item.weight).unwrap_or(0),
        base: i32::try_from(item.base).unwrap_or(0),
    };
    Ok(items.iter().map(item).collect())
}

fn group(group: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(group) = group else { return Ok(None) };
    if group.starts_with("service:") {
        let detail = "group: \"service:…\" is for the tasks that a service keeps";
        return Err(Problem::bad_request(detail));
    }
    if plain(group, GROUP, "-_:./ ") {
        Ok(Some(group.to_owned()))
    } else {
        Err(Problem::bad_request(format!("group: 1 to {GROUP} letters, digits, spaces and - _ : . /")))
    }
}

/// The request is what its key says, in this cluster. The role is in the tags instead, so that two
/// roles that hit on one key get a conflict, not each other's tasks.
fn key(call: &Call<Request>, cluster: &ClusterName) -> Result<Key, Problem> {
    let given = call.request.idempotency_key.as_deref();
    if let Some(key) = given
        && (!(1..=KEY).contains(&key.chars().count()) || key.chars().any(char::is_control))
    {
        return Err(Problem::bad_request(format!("idempotencyKey: 1 to {KEY} characters on one line")));
    }
    let hash = match given {
        Some(key) => hex(&format!("key\n{cluster}\n{key}")),
        None => hex(&format!("request\n{cluster}\n{}", call.request_id)),
    };
    let hash: String = hash.chars().take(32).collect();
    // Lambda sends a failed event again under the same id; API Gateway makes a new one for each request.
    Ok(Key { hash, given: given.is_some(), may_repeat: given.is_some() || call.via != Via::Rest })
}

/// An assumed role without its session, which is another each time.
#[must_use]
pub fn role_of(actor: &Actor) -> &str {
    let text = actor.as_str();
    match text.split_once(":assumed-role/").and_then(|(_, rest)| rest.rsplit_once('/')) {
        Some((_, session)) => text.strip_suffix(session).and_then(|t| t.strip_suffix('/')).unwrap_or(text),
        None => text,
    }
}

/// The caller's tags and ours. Under a key they must be the same every time.
fn tags(call: &Call<Request>, config: &Config, key: &Key) -> Result<Vec<Tag>, Problem> {
    let own = &config.settings.tags;
    let mut tags = Vec::new();
    for tag in call.request.tags.iter().flatten() {
        if is_reserved(&tag.key, own) {
            return Err(Problem::bad_request(format!("tags: {:?} is not the caller's to set", tag.key)));
        }
        let known =
            |text: &str, longest| text.chars().count() <= longest && text.chars().all(is_allowed_in_values);
        if tag.key.is_empty() || !known(&tag.key, 128) || !known(&tag.value, 256) {
            let detail =
                "tags: a key has 1 to 128, a value up to 256 letters, digits, spaces and + - = . _ : / @";
            return Err(Problem::bad_request(detail));
        }
        if tags.iter().any(|known: &Tag| known.key == tag.key) {
            return Err(Problem::bad_request(format!("tags: {:?} is given twice", tag.key)));
        }
        tags.push(Tag { key: tag.key.clone(), value: tag.value.clone() });
    }
    let ours = |name: &str, value: &str| Tag {
        key: own.of(name),
        value: sanitised(value, 256, is_allowed_in_values),
    };
    tags.push(ours("actor", role_of(&call.actor)));
    if !key.given {
        tags.push(ours("request", &call.request_id));
        tags.extend(call.envelope.on_behalf_of.as_deref().map(|who| ours("onBehalfOf", who)));
    }
    // Two more: of the run, and of the slot.
    if tags.len() + 2 > TAGS {
        return Err(Problem::bad_request(format!("tags: ECS takes {TAGS}, ours among them")));
    }
    Ok(tags)
}

/// Whether a tag's key is ours, or AWS's.
pub(crate) fn is_reserved(key: &str, own: &TagKeys) -> bool {
    let ours = key == own.prefix() || key.starts_with(&format!("{}:", own.prefix()));
    ours || key.to_ascii_lowercase().starts_with("aws:")
}

fn started_by(call: &Call<Request>, key: &Key) -> Result<String, Problem> {
    let valid = |c: char| c.is_ascii_alphanumeric() || "-_/".contains(c);
    if let Some(text) = &call.request.started_by {
        if text.starts_with("ecs-svc/") {
            return Err(Problem::bad_request("startedBy: what begins with ecs-svc/ is a service's own task"));
        }
        return if (1..=STARTED_BY).contains(&text.chars().count()) && text.chars().all(valid) {
            Ok(text.clone())
        } else {
            Err(Problem::bad_request(format!("startedBy: 1 to {STARTED_BY} letters, digits, - _ and /")))
        };
    }
    // What names somebody stands at the end of an ARN.
    let role = role_of(&call.actor);
    let name = role.rsplit_once(':').map_or(role, |(_, name)| name);
    let hash: String = key.hash.chars().take(16).collect();
    Ok(format!("{}/{hash}", sanitised(name, STARTED_BY - 17, valid)))
}

fn sanitised(text: &str, longest: usize, valid: impl Fn(char) -> bool) -> String {
    text.chars().take(longest).map(|c| if valid(c) { c } else { '_' }).collect()
}

fn wait(call: &Call<Request>, config: &Config) -> Result<Option<(Until, Duration)>, Problem> {
    let Request { wait_until, timeout_seconds, .. } = &call.request;
    let Some(until) = *wait_until else {
        return match timeout_seconds {
            None => Ok(None),
            Some(_) => Err(Problem::bad_request("timeoutSeconds goes with waitUntil")),
        };
    };
    let most = match call.via {
        Via::Rest => Duration::try_from(config.wait_max.get()).unwrap_or_default(),
        // To the run's own deadline, which comes before.
        Via::Scheduled | Via::Direct => Duration::from_mins(15),
    };
    let asked = timeout_seconds.map(|seconds| Duration::from_secs(seconds.into()));
    if asked.is_some_and(|asked| asked.is_zero() || asked > Duration::from_mins(15)) {
        return Err(Problem::bad_request("timeoutSeconds: 1 to 900"));
    }
    Ok(Some((until, asked.unwrap_or(most).min(most))))
}

fn verdict_of(request: &Request) -> Result<Vec<String>, Problem> {
    let Some(names) = &request.verdict_of else { return Ok(Vec::new()) };
    let fault = |detail: &str| Err(Problem::bad_request(format!("verdictOf: {detail}")));
    if request.wait_until != Some(Until::Stopped) {
        return fault("a verdict needs \"waitUntil\": \"stopped\"");
    }
    if !(1..=CONTAINERS).contains(&names.len()) || !names.iter().all(|name| plain(name, 255, "-_")) {
        return fault("the names of 1 to 10 containers");
    }
    if let Some(twice) = first_twice(names.iter()) {
        return fault(&format!("{twice:?} is given twice"));
    }
    Ok(names.clone())
}

/// The first of these that was there before.
fn first_twice<T: PartialEq>(mut all: impl Iterator<Item = T> + Clone) -> Option<T> {
    let mut rest = all.clone();
    all.find(|one| {
        rest.next();
        rest.clone().any(|other| other == *one)
    })
}

fn plain(text: &str, longest: usize, signs: &str) -> bool {
    (1..=longest).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
}

/// The SHA-256 of a text.
pub(crate) fn hex(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut text, byte| {
        // To a text this can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sessions_of_a_role_are_one_and_two_roles_are_two() {
        let role = |text: &str| role_of(&Actor::new(text)).to_owned();
        let assumed = "arn:aws:sts::123456789012:assumed-role/ChatBot/";
        assert_eq!(role(&format!("{assumed}one")), role(&format!("{assumed}two")));
        assert_eq!(role(&format!("{assumed}one")), "arn:aws:sts::123456789012:assumed-role/ChatBot");
        assert_eq!(
            role("arn:aws:iam::123456789012:user/ops/alice"),
            "arn:aws:iam::123456789012:user/ops/alice"
        );
    }

    #[test]
    fn a_token_holds_what_a_client_token_may() {
        let key = Key { hash: "0".repeat(32), given: true, may_repeat: true };
        let token = key.token("chunk 1");
        assert_eq!(token.len(), 64);
        assert_ne!(token, key.token("chunk 2"));
    }
}
