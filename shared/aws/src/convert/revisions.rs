//! Revisions of services and daemons, and deployments.

use aws_sdk_ecs::types as sdk;
use shared::ecs::revisions;

use super::{instant, text};

pub(crate) fn service_revision(from: &sdk::ServiceRevision) -> revisions::Revision {
    let image = |image: &sdk::ContainerImage| revisions::RevisionImage {
        container: text(image.container_name()),
        image: text(image.image()),
        digest: image.image_digest().map(str::to_owned),
    };
    revisions::Revision {
        arn: text(from.service_revision_arn()),
        task_definition: from.task_definition().map(str::to_owned),
        images: from.container_images().iter().map(image).collect(),
    }
}

pub(crate) fn daemon_revision(from: &sdk::DaemonRevision) -> revisions::Revision {
    let image = |image: &sdk::DaemonContainerImage| revisions::RevisionImage {
        container: text(image.container_name()),
        image: text(image.image()),
        digest: image.image_digest().map(str::to_owned),
    };
    revisions::Revision {
        arn: text(from.daemon_revision_arn()),
        task_definition: from.daemon_task_definition_arn().map(str::to_owned),
        images: from.container_images().iter().map(image).collect(),
    }
}

pub(crate) fn service_deployment(from: &sdk::ServiceDeployment) -> revisions::Deployment {
    let sources = from.source_service_revisions().iter().chain(from.target_service_revision());
    let back = from.rollback().and_then(sdk::Rollback::service_revision_arn);
    revisions::Deployment {
        arn: text(from.service_deployment_arn()),
        status: text(from.status().map(sdk::ServiceDeploymentStatus::as_str)),
        created_at: instant(from.created_at()),
        revisions: sources
            .filter_map(sdk::ServiceRevisionSummary::arn)
            .chain(back)
            .map(str::to_owned)
            .collect(),
    }
}

pub(crate) fn daemon_deployment(from: &sdk::DaemonDeployment) -> revisions::Deployment {
    let sources = from.source_daemon_revisions().iter().chain(from.target_daemon_revision());
    let back = from.rollback().and_then(sdk::DaemonRollback::rollback_target_daemon_revision_arn);
    revisions::Deployment {
        arn: text(from.daemon_deployment_arn()),
        status: text(from.status().map(sdk::DaemonDeploymentStatus::as_str)),
        created_at: instant(from.created_at()),
        revisions: sources
            .filter_map(sdk::DaemonDeploymentRevisionDetail::arn)
            .chain(back)
            .map(str::to_owned)
            .collect(),
    }
}
