//! Objects of S3 under a prefix.

use std::error::Error;
use std::fmt::Display;
use std::time::Duration;

use aws_sdk_s3::config::{Builder, Region};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use futures_util::stream::TryStreamExt as _;
use shared::s3::ObjectLocation;
use shared::{Code, Problem};
use tokio::time::timeout;

use crate::budget::Bucket;
use crate::read::{Read, pages};
use crate::run::Operation;

const LIST: Operation = ("s3:ListBucket", Bucket::S3);
const GET: Operation = ("s3:GetObject", Bucket::S3);
/// So long an object's bytes may take.
const BODY: Duration = Duration::from_secs(20);

/// An object as a list has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Where it is.
    pub at: ObjectLocation,
    /// What it holds, in a word: another one for other bytes.
    pub e_tag: String,
    /// How many bytes that is.
    pub size: i64,
}

impl Read {
    /// All objects whose keys begin with a prefix.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
    pub async fn objects(&self, under: &ObjectLocation) -> Result<Vec<Object>, Problem> {
        let thing = &under.to_string();
        let pages = pages(LIST, move |token: Option<String>| async move {
            let answer = self
                .0
                .send(LIST, thing, |watch| {
                    let token = token.clone();
                    where_the_bucket_is(move |config| {
                        let call =
                            self.0.aws.in_use.s3.list_objects_v2().bucket(&under.bucket).prefix(&under.key);
                        let call = call.set_continuation_token(token.clone()).customize();
                        call.interceptor(watch.clone()).config_override(config).send()
                    })
                })
                .await?;
            let found = answer.contents().iter().filter_map(|object| {
                let at = ObjectLocation { bucket: under.bucket.clone(), key: object.key()?.to_owned() };
                let e_tag = object.e_tag().unwrap_or_default().to_owned();
                Some(Object { at, e_tag, size: object.size().unwrap_or_default() })
            });
            Ok((found.collect::<Vec<_>>(), answer.next_continuation_token.clone()))
        });
        pages.try_concat().await
    }

    /// An object's bytes as text.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
    pub async fn object(&self, at: &ObjectLocation) -> Result<String, Problem> {
        let thing = at.to_string();
        let answer = self
            .0
            .send(GET, &thing, |watch| {
                where_the_bucket_is(move |config| {
                    let call = self.0.aws.in_use.s3.get_object().bucket(&at.bucket).key(&at.key);
                    call.customize().interceptor(watch.clone()).config_override(config).send()
                })
            })
            .await?;
        let cut = |fault: &dyn Display| {
            let detail =
                format!("s3:GetObject on {thing}: AWS's answer could not be read ({fault}); try again");
            Problem::new(Code::AwsFailed, detail)
        };
        // The SDK's own timeouts end where the body begins.
        let body =
            timeout(self.left().min(BODY), answer.body.collect()).await.map_err(|fault| cut(&fault))?;
        let bytes = body.map_err(|fault| cut(&fault))?.to_vec();
        String::from_utf8(bytes).map_err(|fault| cut(&fault))
    }
}

/// Asks the region of the bucket, which may be another: the answer of ours says which. It is a 301, or a 400 where the
/// region is a younger one.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>
pub(crate) async fn where_the_bucket_is<O, E, F>(
    send: impl Fn(Builder) -> F,
) -> Result<O, SdkError<E, HttpResponse>>
where
    F: Future<Output = Result<O, SdkError<E, HttpResponse>>>,
    E: Error + Send + Sync + 'static,
{
    let answer = send(Builder::new()).await;
    let elsewhere = answer.as_ref().err().and_then(SdkError::raw_response).and_then(|raw| {
        let region = raw.headers().get("x-amz-bucket-region")?;
        [301, 400].contains(&raw.status().as_u16()).then(|| Region::new(region.to_owned()))
    });
    match elsewhere {
        Some(region) => send(Builder::new().region(region)).await,
        None => answer,
    }
}
