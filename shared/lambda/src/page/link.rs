//! Links: paths of this API, filled with names, as references from one page to another.

use std::collections::BTreeMap;

use percent_encoding::utf8_percent_encode;
use serde_json::Value;
use shared::image::RepositoryName;
use shared::names::short_name;

use crate::rest::{ENCODED, GROUP_SIGNS, PLAIN_SIGNS, is_plain};

/// Before the names that may hold more than the others.
const GROUPS: &str = "/v1/auto-scaling-groups/";

/// A path with its names in it. In the pattern `{/pointer}` is what the item says there, and `{name}` what the
/// request's own path says. `None` where one of them is missing, or where no path can hold it.
///
/// A name is encoded whatever it is, and the pattern begins with the path, so no name can make it another page, host
/// or scheme.
pub(crate) fn filled(pattern: &str, item: &Value, asked: &BTreeMap<String, String>) -> Option<String> {
    let (mut path, mut rest) = (String::new(), pattern);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        path.push_str(before);
        if name.starts_with('/') {
            path.push_str(&of_value(item.pointer(name)?, &path)?);
        } else {
            path.push_str(asked.get(name)?);
        }
        rest = after;
    }
    path.push_str(rest);
    Some(path)
}

/// The page of a thing by its ARN, or of a repository by an image in it. `None` for what has no page.
pub(crate) fn of_text(text: &str) -> Option<String> {
    let is_name = |name: &str| is_plain(name, PLAIN_SIGNS);
    if let Some(arn) = text.strip_prefix("arn:") {
        let mut parts = arn.splitn(5, ':').skip(1);
        let (service, resource) = (parts.next()?, parts.nth(2)?);
        let (kind, name) = resource.split_once('/')?;
        let below = |of: &str| {
            let (cluster, name) = name.split_once('/')?;
            let is_path = is_name(cluster) && is_name(name);
            is_path.then(|| format!("/v1/clusters/{}/{of}/{}", encoded(cluster), encoded(name)))
        };
        return match (service, kind) {
            ("ecs", "cluster") => is_name(name).then(|| format!("/v1/clusters/{}", encoded(name))),
            ("ecs", "service") => below("services"),
            ("ecs", "task") => below("tasks"),
            ("ecs", "task-definition") => {
                let (family, revision) = name.split_once(':')?;
                let is_path = is_name(family) && is_name(revision);
                is_path.then(|| format!("/v1/task-definitions/{}/{}", encoded(family), encoded(revision)))
            }
            ("ecr", "repository") => images_of(name),
            _ => None,
        };
    }
    let (registry, image) = text.split_once('/')?;
    if !registry.contains(".dkr.ecr.") || text.contains(char::is_whitespace) {
        return None;
    }
    let repository = image.split_once('@').map_or(image, |(before, _)| before);
    let repository = repository.split_once(':').map_or(repository, |(before, _)| before);
    images_of(repository)
}

fn images_of(repository: &str) -> Option<String> {
    let is_one = repository.parse::<RepositoryName>().is_ok();
    is_one.then(|| format!("/v1/images?repository={}", encoded(repository)))
}

fn of_value(value: &Value, before: &str) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let name = if text.starts_with("arn:") { short_name(&text) } else { &text };
    if before.contains('?') {
        return (!name.is_empty()).then(|| encoded(name));
    }
    // `family:revision` is two segments.
    let names: Vec<&str> = if text.starts_with("arn:") { name.split(':').collect() } else { vec![name] };
    let signs = if before == GROUPS { GROUP_SIGNS } else { PLAIN_SIGNS };
    let is_path = names.iter().all(|name| is_plain(name, signs));
    is_path.then(|| names.into_iter().map(encoded).collect::<Vec<_>>().join("/"))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_stays_a_name_in_a_path() {
        let asked = BTreeMap::from([("cluster".to_owned(), "prod".to_owned())]);
        for (pattern, name, path) in [
            ("/v1/clusters/{cluster}/services/{/n}", "users", Some("/v1/clusters/prod/services/users")),
            ("/v1/auto-scaling-groups/{/n}", "web (blue)", Some("/v1/auto-scaling-groups/web%20%28blue%29")),
            ("/v1/auto-scaling-groups/{/n}", "javascript:alert(1)", None),
            ("/v1/auto-scaling-groups/{/n}", "\"><script>", None),
            ("/v1/auto-scaling-groups/{/n}", "a/b", None),
            ("/v1/auto-scaling-groups/{/n}", "..", None),
            ("/v1/auto-scaling-groups/{/n}", "", None),
            ("/v1/images?repository={/n}", "team/app", Some("/v1/images?repository=team%2Fapp")),
            ("/v1/images?repository={/n}", "a&x=1#y", Some("/v1/images?repository=a%26x%3D1%23y")),
            (
                "/v1/clusters/{/n}",
                "arn:aws:ecs:sa-east-1:123456789012:cluster/prod",
                Some("/v1/clusters/prod"),
            ),
            (
                "/v1/task-definitions/{/n}",
                "arn:aws:ecs:sa-east-1:123456789012:task-definition/users:7",
                Some("/v1/task-definitions/users/7"),
            ),
            ("/v1/clusters/{service}", "users", None),
            ("/v1/clusters/{/n}", "web (blue)", None),
            ("/v1/clusters/{/n}", "a%2Fb", None),
            ("/v1/images?repository={/n}", "\"><script>", Some("/v1/images?repository=%22%3E%3Cscript%3E")),
        ] {
            assert_eq!(filled(pattern, &json!({ "n": name }), &asked).as_deref(), path, "{pattern} {name}");
        }
        assert_eq!(filled("/v1/clusters/{/gone}", &json!({}), &asked), None);
    }

    #[test]
    fn an_arn_and_an_image_lead_to_their_pages_and_nothing_else_does() {
        for (text, path) in [
            ("arn:aws:ecs:sa-east-1:123456789012:cluster/prod", Some("/v1/clusters/prod")),
            (
                "arn:aws:ecs:sa-east-1:123456789012:service/prod/users",
                Some("/v1/clusters/prod/services/users"),
            ),
            ("arn:aws:ecs:sa-east-1:123456789012:task/prod/0a1b", Some("/v1/clusters/prod/tasks/0a1b")),
            (
                "arn:aws:ecs:sa-east-1:123456789012:task-definition/users:7",
                Some("/v1/task-definitions/users/7"),
            ),
            (
                "arn:aws:ecr:sa-east-1:123456789012:repository/team/app",
                Some("/v1/images?repository=team%2Fapp"),
            ),
            ("arn:aws:ecs:sa-east-1:123456789012:service/users", None),
            ("arn:aws:ecs:sa-east-1:123456789012:cluster/../x", None),
            ("arn:aws:iam::123456789012:role/steward", None),
            ("arn:aws:ecs", None),
            (
                "123456789012.dkr.ecr.sa-east-1.amazonaws.com/team/app:dev-1",
                Some("/v1/images?repository=team%2Fapp"),
            ),
            ("123456789012.dkr.ecr.sa-east-1.amazonaws.com/app@sha256:00", Some("/v1/images?repository=app")),
            ("123456789012.dkr.ecr.sa-east-1.amazonaws.com/App:1", None),
            ("public.ecr.aws/nginx/nginx:1", None),
            ("see 123456789012.dkr.ecr.sa-east-1.amazonaws.com/app", None),
            ("javascript:alert(1)//.dkr.ecr./", None),
        ] {
            assert_eq!(of_text(text).as_deref(), path, "{text}");
        }
    }
}
