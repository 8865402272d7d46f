//! Which repositories are looked into, which are left alone and why, and by which policy.

use serde_json::Value;
use shared::ecr::Repository;
use shared::lifecycle::Policy;
use shared::names::Scope;
use shared::report::Warning;
use shared::select::{ImagePattern, ImagePatterns};
use shared::{Code, Refusal};
use wildmatch::WildMatch;

use crate::ask::Ask;
use crate::observe::{Registry, SeenRepository};

/// The repositories that a request means. Only what the config allows is looked into.
#[must_use]
pub fn meant(registry: &Registry, ask: &Ask, allowed: &ImagePatterns) -> Vec<SeenRepository> {
    let meant = registry.repositories.iter().filter(|it| ask.takes(&it.repository_name));
    meant
        .map(|repository| {
            let name = &repository.repository_name;
            let named = ask.names(name) || names(&allowed.0, name);
            let left = if allowed.matches(name) {
                left_alone(registry, name).filter(|_| !named)
            } else {
                let reason = "PRUNE_REPOSITORIES does not name it".into();
                Some(Refusal { code: Code::NotConfigured, reason })
            };
            SeenRepository { repository: repository.clone(), named, left, ..SeenRepository::default() }
        })
        .collect()
}

/// Whether one of these names a repository, and not only a pattern that it matches.
#[must_use]
pub fn names(patterns: &[ImagePattern], name: &str) -> bool {
    patterns.iter().any(|pattern| pattern.is_exact() && pattern.matches(name))
}

/// Why a repository is left alone unless it is named, as far as the registry says.
#[must_use]
pub fn left_alone(registry: &Registry, name: &str) -> Option<Refusal> {
    let cached = |prefix: &&String| {
        prefix.as_str() == "ROOT"
            || name.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('/'))
    };
    if let Some(prefix) = registry.caches.iter().find(cached) {
        let reason = format!("it caches an upstream registry (rule {prefix}): name it to prune it");
        return Some(Refusal { code: Code::CachedRepository, reason });
    }
    registry.replication.iter().any(|rule| rule.copies(name)).then(|| {
        let reason = "it is replicated, and what uses the copies is not seen here: name it to prune it";
        Refusal { code: Code::ReplicatedRepository, reason: reason.into() }
    })
}

/// Why a repository is left alone unless it is named, as far as its own policy and the registry's say.
#[must_use]
pub fn left_as_shared(
    policy: Option<&str>,
    registry: &Registry,
    repository: &Repository,
    scope: &Scope,
) -> Option<Refusal> {
    let Scope { account, partition, region } = scope;
    let by_its_own = policy.is_some_and(|text| lets_others_in(text, account, |_| true));
    let name = &repository.repository_name;
    let arn = format!("arn:{partition}:ecr:{region}:{account}:repository/{name}");
    // The registry's lets others copy, and with its second version lets them pull, too.
    let pulls = |statement: &Value| {
        let may = |key: &str, meant: &[&str]| match statement.get(key) {
            None => true,
            Some(some) => listed(Some(some)).iter().any(|pattern| {
                let pattern = WildMatch::new(&pattern.as_str().unwrap_or("*").to_ascii_lowercase());
                meant.iter().any(|one| pattern.matches(&one.to_ascii_lowercase()))
            }),
        };
        may("Action", &["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]) && may("Resource", &[&arn])
    };
    let by_the_registrys =
        registry.policy.as_deref().is_some_and(|text| lets_others_in(text, account, pulls));
    let whose = if by_its_own { "its policy" } else { "the registry's policy" };
    (by_its_own || by_the_registrys).then(|| {
        let reason =
            format!("{whose} lets somebody else in, whose use is not seen here: name it to prune it");
        Refusal { code: Code::SharedRepository, reason }
    })
}

/// Whether a policy allows to another account, or to a service, what such a statement means. What can't be read,
/// or says who is not meant, might.
fn lets_others_in(policy: &str, account: &str, means: impl Fn(&Value) -> bool) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else { return true };
    let all = listed(policy.get("Statement"));
    let allowed = all.iter().filter(|it| it.get("Effect").and_then(Value::as_str) != Some("Deny"));
    allowed.filter(|statement| means(statement)).any(|statement| match statement.get("Principal") {
        Some(Value::Object(kinds)) => kinds.iter().any(|(kind, whom)| {
            let ours = |whom: &Value| {
                whom.as_str().is_some_and(|whom| {
                    whom == account || whom.split(':').nth(4).is_some_and(|of| of == account)
                })
            };
            // Lambda pulls for functions, which are a source of what is in use.
            let lambda = |whom: &Value| {
                whom.as_str()
                    .is_some_and(|whom| whom == "lambda.amazonaws.com" || whom == "lambda.amazonaws.com.cn")
            };
            match kind.as_str() {
                "Service" => !listed(Some(whom)).iter().all(lambda),
                "AWS" => !listed(Some(whom)).iter().all(ours),
                _ => true,
            }
        }),
        _ => true,
    })
}

fn listed(value: Option<&Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}

/// Each repository with its policy, and what is named and not there.
#[must_use]
pub fn with_policies(
    registry: &Registry,
    seen: Vec<SeenRepository>,
    ask: &Ask,
) -> Vec<(SeenRepository, Option<Policy>)> {
    let missing = absent(registry, ask).filter(|pattern| pattern.is_exact()).map(|name| {
        let repository = Repository { repository_name: name.to_string(), ..Repository::default() };
        let reason = "the registry has no such repository".into();
        SeenRepository {
            repository,
            named: true,
            failed: Some(Refusal { code: Code::NotFound, reason }),
            ..SeenRepository::default()
        }
    });
    seen.into_iter()
        .chain(missing)
        .map(|mut seen| {
            let policy = ask.policies.of(&seen.repository.repository_name, seen.attached.as_deref());
            let policy = policy.unwrap_or_else(|reason| {
                seen.failed.get_or_insert(Refusal { code: Code::InvalidPolicy, reason });
                None
            });
            (seen, policy)
        })
        .collect()
}

/// Patterns of a request that match nothing.
#[must_use]
pub fn unmatched(registry: &Registry, ask: &Ask) -> Vec<Warning> {
    let patterns = absent(registry, ask).filter(|pattern| !pattern.is_exact());
    patterns.map(|pattern| Warning::new(Code::NoMatch, format!("{pattern} matches no repository"))).collect()
}

/// What a request selects, and the registry has not.
fn absent<'a>(registry: &'a Registry, ask: &'a Ask) -> impl Iterator<Item = &'a ImagePattern> {
    let patterns = ask.repositories.iter().flatten();
    patterns.filter(|pattern| !registry.repositories.iter().any(|it| pattern.matches(&it.repository_name)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::ecr::ReplicationRule;

    use super::*;

    #[test]
    fn a_policy_that_lets_another_account_in_makes_a_repository_shared() {
        let own = json!({"AWS": "arn:aws:iam::123456789012:root"});
        let lets = |principal: Value, effect: &str| {
            let policy =
                json!({"Statement": [{"Effect": effect, "Principal": principal, "Action": "ecr:*"}]});
            lets_others_in(&policy.to_string(), "123456789012", |_| true)
        };
        assert!(!lets(own.clone(), "Allow"));
        assert!(!lets(json!({"AWS": ["123456789012"]}), "Allow"));
        assert!(!lets(json!({"Service": "lambda.amazonaws.com"}), "Allow"));
        assert!(!lets(json!("*"), "Deny"));
        for other in [
            json!("*"),
            json!({"AWS": "*"}),
            json!({"AWS": ["123456789012", "arn:aws:iam::999999999999:root"]}),
            json!({"AWS": "AROAEXAMPLE"}),
            json!({"Federated": "x"}),
            json!({"Service": ["lambda.amazonaws.com", "codebuild.amazonaws.com"]}),
            Value::Null,
        ] {
            assert!(lets(other.clone(), "Allow"), "{other}");
        }
        assert!(lets_others_in("nonsense", "123456789012", |_| true));
        assert!(!lets_others_in(
            r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"}}}"#,
            "123456789012",
            |_| true
        ));
    }

    #[test]
    fn the_registrys_policy_shares_what_it_lets_others_pull_and_nothing_that_it_lets_them_copy() {
        let shared = |action: &Value, resource: &str| {
            let other = json!({"AWS": "arn:aws:iam::999999999999:root"});
            let policy = json!({"Statement": [
                {"Effect": "Allow", "Principal": other, "Action": action, "Resource": resource},
            ]});
            let registry = Registry { policy: Some(policy.to_string()), ..Registry::default() };
            let repository = Repository { repository_name: "team/users".into(), ..Repository::default() };
            let scope =
                Scope { partition: "aws".into(), region: "sa-east-1".into(), account: "123456789012".into() };
            left_as_shared(None, &registry, &repository, &scope).is_some()
        };
        let all = "arn:aws:ecr:sa-east-1:123456789012:repository/*";
        let pulls = json!(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]);
        assert!(shared(&pulls, all));
        assert!(shared(&json!("ecr:*"), "arn:aws:ecr:sa-east-1:123456789012:repository/team/*"));
        assert!(shared(&json!("*"), "*"));
        assert!(!shared(&pulls, "arn:aws:ecr:sa-east-1:123456789012:repository/other/*"));
        assert!(!shared(&json!(["ecr:CreateRepository", "ecr:ReplicateImage"]), all));
    }

    #[test]
    fn what_lies_below_a_caches_prefix_is_a_cache_and_nothing_that_only_begins_so() {
        let registry = Registry {
            caches: vec!["docker-hub".into()],
            replication: vec![ReplicationRule { prefixes: vec!["team/".into()] }],
            ..Registry::default()
        };
        let code = |name| left_alone(&registry, name).map(|left| left.code);
        assert_eq!(code("docker-hub/library/nginx"), Some(Code::CachedRepository));
        assert_eq!(code("docker-hubs/x"), None);
        assert_eq!(code("team/users"), Some(Code::ReplicatedRepository));
        assert_eq!(code("users"), None);
    }
}
