//! Objects of S3.

use shared::Problem;
use shared::s3::ObjectLocation;

use super::Write;
use crate::budget::Bucket;
use crate::read::where_the_bucket_is;
use crate::run::Operation;

const PUT: Operation = ("s3:PutObject", Bucket::S3);

impl Write {
    /// Writes an object of JSON, in place of one that may be there.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
    pub async fn put_object(&self, at: &ObjectLocation, json: &str) -> Result<(), Problem> {
        let after = format!("{} bytes", json.len());
        self.change(PUT, &at.to_string(), "", &after, |watch| {
            where_the_bucket_is(move |config| {
                let call = self.run.aws.in_use.s3.put_object().bucket(&at.bucket).key(&at.key);
                let call = call.content_type("application/json").body(json.as_bytes().to_vec().into());
                call.customize().interceptor(watch.clone()).config_override(config).send()
            })
        })
        .await
    }
}
