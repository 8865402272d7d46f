//! AWS's names and ARNs, typed, so that nobody splits a string by hand.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html> and
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#ecs-resource-ids>
//! (the short ARN form has no cluster in it).

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{self, PLAIN};

/// What is wrong with a name or an ARN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// The text is not a name or ARN of this kind.
    #[error("{text:?} is not {expected}")]
    Malformed {
        /// The text as it came, cut to 80 characters.
        text: String,
        /// What would be right.
        expected: &'static str,
    },
    /// The ARN is well-formed, but of another account, region, partition or cluster.
    #[error("{arn} is outside {scope}: this request reaches only what is inside it")]
    OutsideScope {
        /// The ARN as it came.
        arn: String,
        /// What the request may reach.
        scope: String,
    },
}

impl NameFault {
    fn malformed(text: &str, expected: &'static str) -> Self {
        Self::Malformed { text: text.chars().take(80).collect(), expected }
    }
}

fn is_plain(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

macro_rules! plain_name {
    ($(#[$doc:meta])* $name:ident, $longest:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(extend("pattern" = schema::only(PLAIN, 1, $longest)))]
        pub struct $name(String);

        impl $name {
            /// The name as AWS writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameFault;
            fn from_str(text: &str) -> Result<Self, NameFault> {
                if is_plain(text, $longest) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(NameFault::malformed(text, $expected))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameFault;
            fn try_from(text: String) -> Result<Self, NameFault> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

plain_name!(
    /// The name of an ECS cluster, 1 to 255 letters, digits, `-` and `_`.
    ClusterName, 255, "a cluster name (1 to 255 letters, digits, - and _)"
);
plain_name!(
    /// The name of an ECS service, 1 to 255 letters, digits, `-` and `_`.
    ServiceName, 255, "a service name (1 to 255 letters, digits, - and _)"
);
plain_name!(
    /// The id of an ECS task, as at the end of its ARN.
    TaskId, 64, "a task id (1 to 64 letters, digits, - and _)"
);

plain_name!(
    /// A family of task definitions, 1 to 255 letters, digits, `-` and `_`.
    Family, 255, "a task definition's family (1 to 255 letters, digits, - and _)"
);

/// The name of an EC2 Auto Scaling group, 1 to 255 characters, nearly any.
///
/// Source: `AutoScalingGroupName` in
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html>
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct GroupName(String);

impl GroupName {
    /// The name as AWS writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GroupName {
    type Err = NameFault;
    fn from_str(text: &str) -> Result<Self, NameFault> {
        if (1..=255).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameFault::malformed(text, "the name of an Auto Scaling group (1 to 255 characters)"))
        }
    }
}

impl From<GroupName> for String {
    fn from(name: GroupName) -> String {
        name.0
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose things a request may name: one partition, region and account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// `sa-east-1`.
    pub region: String,
    /// Twelve digits.
    pub account: String,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {} in {}", self.account, self.region)
    }
}

/// An ARN in its six parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arn {
    /// Partition, region and account.
    pub scope: Scope,
    /// `ecs`, `lambda`.
    pub service: String,
    /// Everything after the fifth colon: `service/prod/users`.
    pub resource: String,
}

impl FromStr for Arn {
    type Err = NameFault;

    fn from_str(text: &str) -> Result<Self, NameFault> {
        let fault = || NameFault::malformed(text, "an ARN (arn:partition:service:region:account:resource)");
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().ok_or_else(fault);
        if next()? != "arn" {
            return Err(fault());
        }
        let (partition, service, region, account, resource) = (next()?, next()?, next()?, next()?, next()?);
        if partition.is_empty() || service.is_empty() || resource.is_empty() {
            return Err(fault());
        }
        Ok(Self {
            scope: Scope {
                partition: partition.to_owned(),
                region: region.to_owned(),
                account: account.to_owned(),
            },
            service: service.to_owned(),
            resource: resource.to_owned(),
        })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scope { partition, region, account } = &self.scope;
        write!(f, "arn:{partition}:{}:{region}:{account}:{}", self.service, self.resource)
    }
}

impl Arn {
    fn within(&self, scope: &Scope) -> Result<(), NameFault> {
        if self.scope == *scope { Ok(()) } else { Err(self.outside(scope)) }
    }

    fn outside(&self, scope: &impl ToString) -> NameFault {
        NameFault::OutsideScope { arn: self.to_string(), scope: scope.to_string() }
    }

    /// The resource's segments when this is an ECS ARN of `kind`.
    fn ecs(&self, kind: &str) -> Option<Vec<&str>> {
        let mut segments = self.resource.split('/');
        (self.service == "ecs" && segments.next() == Some(kind)).then(|| segments.collect())
    }
}

/// A service and its cluster: what identifies it within one account and region.
///
/// Prints as AWS's resource part, which is the scalable target's resource id as well:
/// `service/prod/users`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId {
    /// The cluster it runs in.
    pub cluster: ClusterName,
    /// Its name.
    pub service: ServiceName,
}

impl ServiceId {
    /// Reads `service/CLUSTER/SERVICE`, the form of a scalable target's resource id.
    #[must_use]
    pub fn from_resource(resource: &str) -> Option<Self> {
        let mut parts = resource.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("service"), Some(cluster), Some(service), None) => {
                Some(Self { cluster: cluster.parse().ok()?, service: service.parse().ok()? })
            }
            _ => None,
        }
    }

    /// The long ARN, the only form that carries tags.
    #[must_use]
    pub fn arn(&self, scope: &Scope) -> Arn {
        Arn { scope: scope.clone(), service: "ecs".into(), resource: self.to_string() }
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "service/{}/{}", self.cluster, self.service)
    }
}

/// True for a service ARN of the long form (`…:service/CLUSTER/SERVICE`).
///
/// The short form (`…:service/SERVICE`) belongs to services made before 2018 and not migrated;
/// they can't carry tags.
#[must_use]
pub fn is_long_service_arn(text: &str) -> bool {
    text.parse::<Arn>().is_ok_and(|arn| ServiceId::from_resource(&arn.resource).is_some())
}

/// The last segment of an ARN's resource, or the text itself: what people call the thing.
#[must_use]
pub fn short_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

macro_rules! reference {
    ($(#[$doc:meta])* $reference:ident, $name:ident, $pattern:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
        #[serde(try_from = "String")]
        #[schemars(into = "String", extend("pattern" = schema::name_or_arn($pattern)))]
        pub enum $reference {
            /// A plain name.
            Name($name),
            /// An ARN, not yet checked against a scope.
            Arn(Arn),
        }

        impl TryFrom<String> for $reference {
            type Error = NameFault;
            fn try_from(text: String) -> Result<Self, NameFault> {
                if text.starts_with("arn:") {
                    text.parse().map(Self::Arn)
                } else {
                    text.parse().map(Self::Name)
                }
            }
        }
    };
}

reference!(
    /// A cluster as a request names it: by name, or by ARN.
    ClusterRef, ClusterName, "[A-Za-z0-9_-]{1,255}"
);
reference!(
    /// A service as a request names it: by name, or by ARN of either form.
    ServiceRef, ServiceName, "[A-Za-z0-9_-]{1,255}"
);
reference!(
    /// A task as a request names it: by id, or by ARN.
    TaskRef, TaskId, "[A-Za-z0-9_-]{1,64}"
);

reference!(
    /// An Auto Scaling group as a request names it: by name, or by ARN.
    GroupRef, GroupName, "[^\\x00-\\x1f\\x7f-\\x9f]{1,255}"
);
reference!(
    /// A task definition as a request names it: by family, `family:revision`, or ARN.
    TaskDefinitionRef, TaskDefinitionName, "[A-Za-z0-9_-]{1,255}(:0*[1-9][0-9]{0,9})?"
);

/// A task definition: one revision of a family, or its latest ACTIVE one.
///
/// Prints as ECS takes it: `users` or `users:7`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskDefinitionName {
    /// The family.
    pub family: Family,
    /// Its revision, from 1; `None` means the latest ACTIVE one.
    pub revision: Option<u32>,
}

impl FromStr for TaskDefinitionName {
    type Err = NameFault;
    fn from_str(text: &str) -> Result<Self, NameFault> {
        let fault = || NameFault::malformed(text, "a task definition (family, family:revision, or an ARN)");
        let (family, revision) = match text.split_once(':') {
            Some((family, revision)) => (family, Some(revision)),
            None => (text, None),
        };
        let revision = revision.map(|revision| match revision.parse() {
            Ok(n) if n > 0 && revision.bytes().all(|b| b.is_ascii_digit()) => Ok(n),
            _ => Err(fault()),
        });
        Ok(Self { family: family.parse().map_err(|_| fault())?, revision: revision.transpose()? })
    }
}

impl fmt::Display for TaskDefinitionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.revision {
            Some(revision) => write!(f, "{}:{revision}", self.family),
            None => write!(f, "{}", self.family),
        }
    }
}

impl TaskDefinitionRef {
    /// The task definition, if it lies within `scope`.
    pub fn within(&self, scope: &Scope) -> Result<TaskDefinitionName, NameFault> {
        let arn = match self {
            Self::Name(name) => return Ok(name.clone()),
            Self::Arn(arn) => arn,
        };
        arn.within(scope)?;
        match arn.ecs("task-definition").as_deref() {
            Some([name]) => name.parse(),
            _ => Err(NameFault::malformed(&arn.to_string(), "a task definition's ARN")),
        }
    }
}

impl GroupRef {
    /// The group's name, if it lies within `scope`.
    ///
    /// The ARN reads `…:autoScalingGroup:UUID:autoScalingGroupName/NAME`, and the name may hold
    /// slashes.
    pub fn within(&self, scope: &Scope) -> Result<GroupName, NameFault> {
        let arn = match self {
            Self::Name(name) => return Ok(name.clone()),
            Self::Arn(arn) => arn,
        };
        arn.within(scope)?;
        let name = arn.resource.strip_prefix("autoScalingGroup:").and_then(|rest| rest.split_once(':'));
        match name.and_then(|(_, name)| name.strip_prefix("autoScalingGroupName/")) {
            Some(name) if arn.service == "autoscaling" => name.parse(),
            _ => Err(NameFault::malformed(&arn.to_string(), "an Auto Scaling group's ARN")),
        }
    }
}

impl ClusterRef {
    /// The cluster's name, if it lies within `scope`.
    pub fn within(&self, scope: &Scope) -> Result<ClusterName, NameFault> {
        let arn = match self {
            Self::Name(name) => return Ok(name.clone()),
            Self::Arn(arn) => arn,
        };
        arn.within(scope)?;
        match arn.ecs("cluster").as_deref() {
            Some([name]) => name.parse(),
            _ => Err(NameFault::malformed(&arn.to_string(), "a cluster's ARN")),
        }
    }
}

impl ServiceRef {
    /// The cluster that a long ARN names; `None` for a name or a short ARN.
    #[must_use]
    pub fn cluster(&self) -> Option<ClusterName> {
        match self {
            Self::Arn(arn) => ServiceId::from_resource(&arn.resource).map(|id| id.cluster),
            Self::Name(_) => None,
        }
    }

    /// The service, if it lies within `scope` and `cluster`.
    pub fn within(&self, scope: &Scope, cluster: &ClusterName) -> Result<ServiceId, NameFault> {
        let service = match self {
            Self::Name(name) => name.clone(),
            Self::Arn(arn) => {
                let name = in_cluster(arn, "service", "a service's ARN", scope, cluster)?;
                name.parse()?
            }
        };
        Ok(ServiceId { cluster: cluster.clone(), service })
    }
}

impl TaskRef {
    /// The task's id, if it lies within `scope` and `cluster`.
    pub fn within(&self, scope: &Scope, cluster: &ClusterName) -> Result<TaskId, NameFault> {
        match self {
            Self::Name(id) => Ok(id.clone()),
            Self::Arn(arn) => in_cluster(arn, "task", "a task's ARN", scope, cluster)?.parse(),
        }
    }
}

/// The name in an ECS ARN whose long form carries its cluster and whose short form doesn't.
fn in_cluster<'a>(
    arn: &'a Arn,
    kind: &str,
    expected: &'static str,
    scope: &Scope,
    cluster: &ClusterName,
) -> Result<&'a str, NameFault> {
    arn.within(scope)?;
    match arn.ecs(kind).as_deref() {
        Some([name]) => Ok(name),
        Some([its_cluster, name]) if *its_cluster == cluster.as_str() => Ok(name),
        Some([_, _]) => Err(arn.outside(&format!("cluster {cluster}"))),
        _ => Err(NameFault::malformed(&arn.to_string(), expected)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Scope {
        Scope { partition: "aws".into(), region: "sa-east-1".into(), account: "123456789012".into() }
    }

    fn service(text: &str, cluster: &str) -> Result<String, NameFault> {
        ServiceRef::try_from(text.to_owned())?.within(&here(), &cluster.parse()?).map(|id| id.to_string())
    }

    #[test]
    fn a_service_is_named_by_its_name_or_by_an_arn_of_either_form() {
        for text in [
            "users",
            "arn:aws:ecs:sa-east-1:123456789012:service/prod/users",
            "arn:aws:ecs:sa-east-1:123456789012:service/users",
        ] {
            assert_eq!(service(text, "prod").as_deref(), Ok("service/prod/users"), "{text}");
        }
    }

    #[test]
    fn an_arn_of_another_account_region_partition_or_cluster_is_outside() {
        for text in [
            "arn:aws:ecs:sa-east-1:999999999999:service/prod/users",
            "arn:aws:ecs:eu-west-1:123456789012:service/prod/users",
            "arn:aws-cn:ecs:sa-east-1:123456789012:service/prod/users",
            "arn:aws:ecs:sa-east-1:123456789012:service/staging/users",
            "arn:aws:ecs:eu-west-1:123456789012:service/users",
        ] {
            let fault = service(text, "prod").unwrap_err();
            assert!(matches!(fault, NameFault::OutsideScope { .. }), "{text}: {fault}");
        }
    }

    #[test]
    fn what_is_no_name_says_what_would_be_one() {
        for text in [
            "",
            "a b",
            "a/b",
            "..",
            "é",
            "a%2Fb",
            "arn:",
            "arn:aws:ecs:sa-east-1:123456789012:task/prod/x",
            &"x".repeat(256),
        ] {
            let fault = service(text, "prod").unwrap_err();
            assert!(matches!(fault, NameFault::Malformed { .. }), "{text}: {fault}");
        }
        assert_eq!(
            service("a b", "prod").unwrap_err().to_string(),
            "\"a b\" is not a service name (1 to 255 letters, digits, - and _)"
        );
    }

    #[test]
    fn a_cluster_arn_gives_its_name_and_a_services_arn_is_not_one() {
        let read = |text: &str| ClusterRef::try_from(text.to_owned()).and_then(|c| c.within(&here()));
        assert_eq!(read("arn:aws:ecs:sa-east-1:123456789012:cluster/prod").unwrap().as_str(), "prod");
        assert!(read("arn:aws:ecs:sa-east-1:123456789012:service/prod/users").is_err());
        assert!(read("arn:aws:s3:sa-east-1:123456789012:cluster/prod").is_err());
    }

    #[test]
    fn an_arn_lacks_neither_partition_nor_service_nor_resource() {
        for (text, is_arn) in [
            ("arn:aws:ecs:sa-east-1:123456789012:cluster/prod", true),
            ("arn:aws:s3:::bucket", true),
            ("arn::ecs:sa-east-1:123456789012:cluster/prod", false),
            ("arn:aws::sa-east-1:123456789012:cluster/prod", false),
            ("arn:aws:ecs:sa-east-1:123456789012:", false),
            ("arn:aws:ecs:sa-east-1:123456789012", false),
            ("urn:aws:ecs:sa-east-1:123456789012:cluster/prod", false),
        ] {
            assert_eq!(text.parse::<Arn>().is_ok(), is_arn, "{text}");
        }
    }

    #[test]
    fn a_task_definition_is_named_by_family_revision_or_arn() {
        let read = |text: &str| {
            TaskDefinitionRef::try_from(text.to_owned())
                .and_then(|it| it.within(&here()))
                .map(|it| it.to_string())
        };
        assert_eq!(read("users").as_deref(), Ok("users"));
        assert_eq!(read("users:7").as_deref(), Ok("users:7"));
        let arn = "arn:aws:ecs:sa-east-1:123456789012:task-definition/users:7";
        assert_eq!(read(arn).as_deref(), Ok("users:7"));
        for text in ["", "users:", "users:0", "users:+1", "users:x", ":7", "a b:1", "users:1:2"] {
            assert!(matches!(read(text), Err(NameFault::Malformed { .. })), "{text}");
        }
        assert!(read("arn:aws:ecs:sa-east-1:123456789012:task/prod/users").is_err());
        let elsewhere = "arn:aws:ecs:sa-east-1:999999999999:task-definition/users:7";
        assert!(matches!(read(elsewhere), Err(NameFault::OutsideScope { .. })));
    }

    #[test]
    fn a_group_is_named_by_nearly_anything_or_by_its_arn() {
        let read = |text: &str| {
            GroupRef::try_from(text.to_owned()).and_then(|it| it.within(&here())).map(|it| it.to_string())
        };
        let arn = "arn:aws:autoscaling:sa-east-1:123456789012:autoScalingGroup:\
                   0b9e2f0c-0000-4000-8000-000000000000:autoScalingGroupName/team/web 1";
        assert_eq!(read(arn).as_deref(), Ok("team/web 1"));
        assert_eq!(read("web.1 (blue)").as_deref(), Ok("web.1 (blue)"));
        let of_another_service = arn.replacen("autoscaling", "ecs", 1);
        assert!(read(&of_another_service).unwrap_err().to_string().contains("Auto Scaling group's ARN"));
        for text in ["", "a\nb", &"x".repeat(256), "arn:aws:ecs:sa-east-1:123456789012:cluster/prod"] {
            assert!(matches!(read(text), Err(NameFault::Malformed { .. })), "{text}");
        }
    }

    #[test]
    fn only_the_long_form_of_a_service_arn_carries_tags() {
        assert!(is_long_service_arn("arn:aws:ecs:sa-east-1:123456789012:service/prod/users"));
        assert!(!is_long_service_arn("arn:aws:ecs:sa-east-1:123456789012:service/users"));
        assert_eq!(short_name("arn:aws:ecs:sa-east-1:123456789012:service/prod/users"), "users");
    }
}
