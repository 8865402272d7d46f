//! Names, ARNs, patterns and cursors.

use describe_cluster::cursor::Cursor;
use shared::names::{
    Arn, ClusterRef, GroupRef, NameFault, ServiceId, ServiceRef, TaskDefinitionRef, TaskRef,
    is_long_service_arn,
};
use shared::s3::ObjectLocation;
use shared::select::{ImagePattern, ImagePatterns, NamePattern, NamePatterns};

use crate::inputs::{first_line, here, prod, text};

/// A name or an ARN that is taken is within the account, the region and the cluster, and what was made of it is taken
/// for the same again.
pub(crate) fn names(bytes: &[u8]) {
    let text = text(bytes);
    let (here, prod) = (here(), prod());
    if let Ok(arn) = text.parse::<Arn>() {
        assert_eq!(arn.to_string(), text);
    }
    if let Some(id) = ServiceId::from_resource(&text) {
        assert_eq!(id.to_string(), text);
        assert!(is_long_service_arn(&id.arn(&here).to_string()));
    }
    if let Ok(place) = text.parse::<ObjectLocation>() {
        assert_eq!(place.to_string(), text);
    }
    let mut within: Vec<String> = Vec::new();
    let mut took = |name: Result<String, NameFault>| within.extend(name.ok());
    if let Ok(service) = ServiceRef::try_from(text.clone()) {
        let id = service.within(&here, &prod);
        if let Ok(id) = &id {
            assert_eq!(id.cluster, prod);
            let again =
                ServiceRef::try_from(id.arn(&here).to_string()).and_then(|it| it.within(&here, &prod));
            assert_eq!(again.as_ref(), Ok(id), "{text:?}");
        }
        took(id.map(|id| id.service.to_string()));
    }
    if let Ok(cluster) = ClusterRef::try_from(text.clone()) {
        took(cluster.within(&here).map(|it| it.to_string()));
    }
    if let Ok(task) = TaskRef::try_from(text.clone()) {
        took(task.within(&here, &prod).map(|it| it.to_string()));
    }
    if let Ok(group) = GroupRef::try_from(text.clone()) {
        took(group.within(&here).map(|it| it.to_string()));
    }
    if let Ok(definition) = TaskDefinitionRef::try_from(text.clone()) {
        took(definition.within(&here).map(|it| it.to_string()));
    }
    for name in within {
        assert!(
            !name.is_empty() && name.chars().count() <= 266 && !name.chars().any(char::is_control),
            "{name:?}"
        );
        if text.starts_with("arn:") {
            assert!(text.contains(":sa-east-1:123456789012:"), "{text:?} is taken for {name:?}");
        }
    }
}

/// The first line is a pattern, the second a name: whether it matches is what the plainest search says.
pub(crate) fn patterns(bytes: &[u8]) {
    let text = text(bytes);
    let (pattern, rest) = first_line(&text);
    let (name, _) = first_line(rest);
    // The plainest search takes long, and no name is longer.
    let name: String = name.chars().take(255).collect();
    if let Ok(known) = pattern.parse::<NamePattern>() {
        assert_eq!(known.to_string(), pattern);
        assert_eq!(known.matches(&name), matches(pattern, &name), "{pattern:?} on {name:?}");
        assert!(!known.is_exact() || known.matches(pattern));
    }
    if let Ok(known) = pattern.parse::<ImagePattern>() {
        assert_eq!(known.matches(&name), matches(pattern, &name), "{pattern:?} on {name:?}");
    }
    if let Ok(known) = pattern.parse::<NamePatterns>() {
        assert_eq!(
            known.matches(&name),
            known.0.iter().any(|one| matches(one.as_str(), &name)),
            "{pattern:?}"
        );
    }
    if let Ok(known) = pattern.parse::<ImagePatterns>() {
        assert_eq!(known.is_empty(), known.0.is_empty());
    }
}

/// Whether a name is the pattern's parts in order, with anything between them.
fn matches(pattern: &str, name: &str) -> bool {
    let parts: Vec<&str> = pattern.split('*').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return pattern == name };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    for part in middle {
        // The earliest place leaves the most for what follows.
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The first line is a list, the second a cursor: only a list's own is taken, which is as it was given.
pub(crate) fn cursors(bytes: &[u8]) {
    let text = text(bytes);
    let (list, cursor) = first_line(&text);
    for list in [list, "clusters", "services of prod", "tasks of prod"] {
        let Ok(read) = Cursor::of(list, cursor) else { continue };
        assert_eq!(read.print(), cursor, "{list:?}");
        assert!(!read.after.chars().any(char::is_control), "{read:?}");
        assert!(
            Cursor::of(&format!("{list} "), cursor).is_err() && Cursor::of("", cursor).is_err()
                || list.is_empty()
        );
    }
}
