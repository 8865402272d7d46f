//! What `openapi.json` says of these routes.

use shared::Code;
use shared::api::{Answers, Operation};
use shared::schedule::Preview;

use crate::effect::Effect;
use crate::request::{
    DeleteOverrideFields, PreviewFields, PutOverrideFields, ReconcileFields, ScaleFields, ScaleGroupFields,
    SwitchFields,
};

/// One for each route.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        description: "0 is a stop. More sets the count and nothing else; where its record says off, it is a start \
                      at that count.",
        answers: ONE,
        problems: &[TAGS, SERVICE, START, &[Code::BeyondMax]],
        ..Operation::change::<ScaleFields, Effect>(
            "PUT",
            "/v1/clusters/{cluster}/services/{service}/scale",
            "Set a service's desired count",
        )
    },
    Operation {
        description: "Its size is written down first, and its autoscaling is put to sleep.",
        not_here: ONLY_FLEETS,
        answers: ONE,
        problems: &[TAGS, SERVICE],
        ..Operation::change::<SwitchFields, Effect>(
            "POST",
            "/v1/clusters/{cluster}/services/{service}/stop",
            "Stop a service",
        )
    },
    Operation {
        description: "It comes back with the size that it had.",
        not_here: ONLY_FLEETS,
        answers: ONE,
        problems: &[TAGS, SERVICE, START],
        ..Operation::change::<SwitchFields, Effect>(
            "POST",
            "/v1/clusters/{cluster}/services/{service}/start",
            "Start a service",
        )
    },
    Operation {
        description: "All of them, or those that the selector takes. With `capacity` the machines too, once no task \
                      runs on them.",
        not_here: &["clusters", "service"],
        answers: GOES_ON,
        problems: &[&[Code::NotSwitchedOn]],
        ..Operation::change::<SwitchFields, Effect>(
            "POST",
            "/v1/clusters/{cluster}/stop",
            "Stop the services of a cluster",
        )
    },
    Operation {
        description: "All of them, or those that the selector takes. With `capacity` the machines come first.",
        not_here: &["clusters", "service"],
        ..Operation::change::<SwitchFields, Effect>(
            "POST",
            "/v1/clusters/{cluster}/start",
            "Start the services of a cluster",
        )
    },
    Operation {
        description: "What the template's schedule does every five minutes. As a dry run it takes any `at`.",
        not_here: &["clusters"],
        answers: GOES_ON,
        problems: &[&[Code::NotConfigured]],
        ..Operation::change::<ReconcileFields, Effect>(
            "POST",
            "/v1/clusters/{cluster}/reconcile",
            "Make the services of a cluster as schedules and overrides say",
        )
    },
    Operation {
        description: "It ends by itself.",
        problems: &[TAGS, OVERRIDES, SERVICE, START, &[Code::BadOverride, Code::OverrideAhead]],
        ..Operation::change::<PutOverrideFields, Effect>(
            "PUT",
            "/v1/clusters/{cluster}/services/{service}/override",
            "Keep a service on, off or as it is for a while",
        )
    },
    Operation {
        problems: &[TAGS, OVERRIDES, SERVICE, START],
        ..Operation::change::<DeleteOverrideFields, Effect>(
            "DELETE",
            "/v1/clusters/{cluster}/services/{service}/override",
            "End a service's override",
        )
    },
    Operation {
        description: "It ends by itself. It reaches the services that follow a schedule.",
        not_here: &["service"],
        answers: GOES_ON,
        problems: &[TAGS, OVERRIDES, &[Code::BadOverride, Code::OverrideAhead]],
        ..Operation::change::<PutOverrideFields, Effect>(
            "PUT",
            "/v1/clusters/{cluster}/override",
            "Keep a cluster on, off or as it is for a while",
        )
    },
    Operation {
        not_here: &["service"],
        answers: GOES_ON,
        problems: &[TAGS, OVERRIDES],
        ..Operation::change::<DeleteOverrideFields, Effect>(
            "DELETE",
            "/v1/clusters/{cluster}/override",
            "End a cluster's override",
        )
    },
    Operation {
        answers: ONE,
        problems: &[
            TAGS,
            &[
                Code::BeyondMax,
                Code::OutsideGroupBounds,
                Code::Gone,
                Code::ManagedScaling,
                Code::WaitingForTasks,
                Code::Raced,
            ],
        ],
        ..Operation::change::<ScaleGroupFields, Effect>(
            "PUT",
            "/v1/auto-scaling-groups/{group}/scale",
            "Set an Auto Scaling group's desired capacity",
        )
    },
    Operation {
        method: "POST",
        description: "The way to test a schedule before it counts.",
        asks_aws: false,
        ..Operation::read::<PreviewFields, Preview>("/v1/schedules/preview", "Say what a schedule means")
    },
];

/// A refusal or failure of the one thing is a problem.
const ONE: Answers = Answers::Report {
    effect: schemars::SchemaGenerator::subschema_for::<Effect>,
    more: None,
    may_be_partial: false,
    may_go_on: false,
};

/// What waits for the next tick is still under way.
const GOES_ON: Answers = Answers::Report {
    effect: schemars::SchemaGenerator::subschema_for::<Effect>,
    more: None,
    may_be_partial: true,
    may_go_on: true,
};

/// What a request that names one service can't say.
const ONLY_FLEETS: &[&str] = &["clusters", "services", "tags", "capacity"];

/// What tags may be in the way of.
const TAGS: &[Code] = &[
    Code::RecordUnreadable,
    Code::ScheduleUnreadable,
    Code::OverrideUnreadable,
    Code::SizeUnreadable,
    Code::ShortArn,
    Code::TooManyTags,
];

/// What a service's own state may forbid.
const SERVICE: &[Code] = &[Code::Daemon, Code::Gone, Code::ExpressManaged, Code::Raced];

/// What may be in the way of a start.
const START: &[Code] = &[Code::NoSavedSize, Code::OutsideBounds];

/// What an override needs.
const OVERRIDES: &[Code] = &[Code::NotSwitchedOn, Code::NoSchedule];
