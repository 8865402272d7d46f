//! What deployments pinned: revisions of services and daemons.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-revision.html>

use jiff::Timestamp;

/// A revision of a service or of a daemon: the images that its deployment resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// Its ARN.
    pub arn: String,
    /// The ARN of its task definition, or of its daemon's.
    pub task_definition: Option<String>,
    /// Its containers' images.
    pub images: Vec<RevisionImage>,
}

/// The image of a container in a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RevisionImage {
    /// The container.
    pub container: String,
    /// As the task definition names it.
    pub image: String,
    /// The digest that was resolved, if one was.
    pub digest: Option<String>,
}

/// A deployment of a service or of a daemon, in progress or over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// Its ARN.
    pub arn: String,
    /// AWS's word.
    pub status: String,
    /// When it began.
    pub created_at: Option<Timestamp>,
    /// The ARNs of the revisions that it replaces, makes, or goes back to.
    pub revisions: Vec<String>,
}

/// A deployment, as lists of them say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentBrief {
    /// Its ARN.
    pub arn: String,
    /// It went well; else it is not over.
    pub went_well: bool,
    /// The revision that it makes, where the list says.
    pub target: Option<String>,
}

/// What [`Deployment::status`] says of one that is not over.
pub const UNFINISHED: [&str; 5] =
    ["PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"];
/// What it says of one that went well.
pub const SUCCESSFUL: &str = "SUCCESSFUL";
