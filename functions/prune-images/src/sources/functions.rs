//! Lambda functions that are container images, and their published versions.

use futures_util::stream::{self, StreamExt as _};
use shared::Problem;
use shared_aws::unless_gone;

use super::{AT_ONCE, Reader};
use crate::used::Usage;

pub(super) async fn read(reader: &Reader<'_>) -> Result<Usage, Problem> {
    let versions = reader.read.image_functions().await?;
    let mut calls = stream::iter(versions)
        .map(|of| async move {
            let image = reader.cache.function(reader.read, &of).await.map(Some);
            Ok::<_, Problem>((of, unless_gone(image)?))
        })
        .buffer_unordered(AT_ONCE);
    let mut found = Usage::default();
    while let Some(answer) = calls.next().await {
        let (of, image) = answer?;
        if let Some(image) = image {
            found.add(&image, None, &format!("function:{}:{}", of.name, of.version));
        }
    }
    Ok(found)
}
