//! What CodeBuild's builds run in.

use shared::Problem;

use super::Reader;
use crate::used::Usage;

pub(super) async fn read(reader: &Reader<'_>) -> Result<Usage, Problem> {
    let mut found = Usage::default();
    for project in reader.read.build_projects().await? {
        found.add(&project.image, None, &project.of);
    }
    Ok(found)
}
