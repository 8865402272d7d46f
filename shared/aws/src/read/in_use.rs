//! What only prune-images asks: who else runs images, and what stands in S3 about others.

mod batch;
mod codebuild;
mod pipes;
mod s3;
mod step_functions;

pub use batch::JobDefinition;
pub use codebuild::BuildProject;
pub use s3::Object;
pub(crate) use s3::where_the_bucket_is;
