//! AWS Batch's job definitions. Each ACTIVE revision may be what a job is made of tomorrow: unlike with ECS, nothing
//! tells which of them anybody still uses.

use shared::Problem;

use super::Reader;
use crate::used::Usage;

pub(super) async fn read(reader: &Reader<'_>) -> Result<Usage, Problem> {
    let mut found = Usage::default();
    for definition in reader.read.job_definitions().await? {
        for image in &definition.images {
            found.add(image, None, &definition.of);
        }
    }
    Ok(found)
}
