//! Lambda functions that are container images, and their published versions.

use futures_util::stream::{self, StreamExt as _};
use shared::Problem;

use super::{AT_ONCE, Reader};
use crate::used::Usage;

pub(super) async fn read(reader: &Reader<'_>) -> Result<Usage, Problem> {
    let versions = reader.read.image_functions().await?;
    let mut calls = stream::iter(versions)
        .map(|of| async move {
            let image = reader.cache.function(reader.read, &of).await?;
            Ok::<_, Problem>((of, image))
        })
        .buffer_unordered(AT_ONCE);
    let mut found = Usage::default();
    while let Some(answer) = calls.next().await {
        let (of, image) = answer?;
        found.add(&image, None, &format!("function:{}:{}", of.name, of.version));
    }
    Ok(found)
}
