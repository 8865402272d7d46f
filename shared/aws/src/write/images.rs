//! Images go, or go to the archive.

use std::collections::BTreeMap;

use aws_sdk_ecr::operation::batch_delete_image::BatchDeleteImageOutput;
use aws_sdk_ecr::types::{ImageIdentifier, TargetStorageClass};
use shared::Problem;

use super::Write;
use crate::budget::Bucket;
use crate::run::Operation;

const DELETE: Operation = ("ecr:BatchDeleteImage", Bucket::EcrWrite);
const ARCHIVE: Operation = ("ecr:UpdateImageStorageClass", Bucket::EcrWrite);

impl Write {
    /// Deletes images by their digests, each with all its tags; at most 100. What AWS refused, by
    /// digest: its code and reason.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html>
    pub async fn delete_images(
        &self,
        repository: &str,
        digests: &[String],
    ) -> Result<BTreeMap<String, (String, String)>, Problem> {
        let thing = format!("repository/{repository}");
        let ids: Vec<ImageIdentifier> =
            digests.iter().map(|digest| ImageIdentifier::builder().image_digest(digest).build()).collect();
        self.allowed(DELETE, &thing)?;
        let answer = self
            .run
            .send(DELETE, &thing, |watch| {
                let call = self.run.aws.ecr.batch_delete_image().repository_name(repository);
                call.set_image_ids(Some(ids.clone())).customize().interceptor(watch).send()
            })
            .await;
        let refused: BTreeMap<String, (String, String)> = answer
            .iter()
            .flat_map(BatchDeleteImageOutput::failures)
            .filter_map(|failure| {
                let code = failure.failure_code().map_or("no code", |code| code.as_str()).to_owned();
                let reason = failure.failure_reason().unwrap_or("no reason").to_owned();
                Some((failure.image_id()?.image_digest()?.to_owned(), (code, reason)))
            })
            .collect();
        let gone: Vec<&str> =
            digests.iter().filter(|digest| !refused.contains_key(*digest)).map(String::as_str).collect();
        self.audit(DELETE, &thing, &gone.join(" "), "", answer.as_ref().err());
        answer.map(|_| refused)
    }

    /// Moves an image to the archive, from which it can come back.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_UpdateImageStorageClass.html>
    pub async fn archive_image(&self, repository: &str, digest: &str) -> Result<(), Problem> {
        let thing = format!("repository/{repository}@{digest}");
        let id = ImageIdentifier::builder().image_digest(digest).build();
        self.change(ARCHIVE, &thing, "STANDARD", "ARCHIVE", |watch| {
            let call = self.run.aws.ecr.update_image_storage_class().repository_name(repository);
            call.image_id(id.clone())
                .target_storage_class(TargetStorageClass::Archive)
                .customize()
                .interceptor(watch)
                .send()
        })
        .await
    }
}
