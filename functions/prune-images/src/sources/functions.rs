//! Lambda functions that are container images, and their published versions.

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt as _};
use shared::Problem;

use super::{AT_ONCE, Look, Source};
use crate::used::Found;

pub(super) struct Functions;

impl Source for Functions {
    fn name(&self) -> &'static str {
        "functions"
    }

    fn read<'a>(&'a self, look: &'a Look<'a>) -> BoxFuture<'a, Result<Found, Problem>> {
        Box::pin(async move {
            let versions = look.read.image_functions().await?;
            let mut calls = stream::iter(versions)
                .map(|of| async move {
                    let image = look.cache.function(look.read, &of).await?;
                    Ok::<_, Problem>((of, image))
                })
                .buffer_unordered(AT_ONCE);
            let mut found = Found::default();
            while let Some(answer) = calls.next().await {
                let (of, image) = answer?;
                found.add(&image, None, &format!("function:{}:{}", of.name, of.version))?;
            }
            Ok(found)
        })
    }
}
