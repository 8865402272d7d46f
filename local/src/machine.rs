//! This machine: its clock and its environment, read here and nowhere else.

use jiff::Timestamp;

/// The functions' variables that a user may set for them.
pub(crate) const VARIABLES: [&str; 37] = [
    "MODE",
    "RECONCILE",
    "CLUSTERS",
    "LABEL",
    "TAG_PREFIX",
    "MAX_DESIRED",
    "BUDGET_SHARE",
    "SCHEDULES",
    "WAKE_LEAD",
    "REPEAT_OFF",
    "LATE_AFTER",
    "DEFAULT_SCHEDULE",
    "DEPLOYING_WAIT",
    "OVERRIDE_MAX",
    "NOTIFY_BEFORE",
    "EVENT_BUS",
    "DRIFT",
    "HALF",
    "RUN_FAMILIES",
    "RUN_OVERRIDES",
    "STOP_MAX",
    "WAIT_MAX",
    "PRUNE_POLICY",
    "PRUNE_REPOSITORIES",
    "MAX_DELETE",
    "MAX_DELETE_PERCENT",
    "KEEP_AT_LEAST",
    "PROTECTED_TAGS",
    "KEEP_PULLED_DAYS",
    "KEEP_PUSHED_HOURS",
    "IN_USE_REVISIONS",
    "IN_USE",
    "IN_USE_REGIONS",
    "IN_USE_FROM",
    "IN_USE_TO",
    "SOURCES_OFF",
    "ROLE_ARN",
];

#[expect(clippy::disallowed_methods, reason = "the clock of a process that is no Lambda function")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// The functions' variables, as the user's environment has them.
#[expect(clippy::disallowed_methods, reason = "the environment of a process that is no Lambda function")]
pub(crate) fn variables() -> Vec<(String, String)> {
    VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect()
}
