//! The objects of a bucket.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::ecs::pages;
use crate::ids;
use crate::s3::{Bucket, Object};
use crate::wire::{iso, object, put};
use crate::world::World;

/// What stays as it is in a key that a list encodes.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/');

/// The bucket of that name, for a request that is signed for this region, or for the world's if it does not say.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList>
fn bucket<'a>(world: &'a World, name: &str, signed_for: Option<&str>) -> Result<&'a Bucket, ApiError> {
    let bucket = world.s3.buckets.get(name).ok_or_else(|| {
        let message = format!("The specified bucket does not exist: {name}");
        ApiError { status: 404, ..ApiError::client("NoSuchBucket", message) }
    })?;
    match &bucket.region {
        Some(region) if region != signed_for.unwrap_or(&world.region) => Err(ApiError {
            status: 301,
            region: Some(region.clone()),
            ..ApiError::client(
                "PermanentRedirect",
                "The bucket you are attempting to access must be addressed using the specified endpoint. \
                 Please send all future requests to this endpoint.",
            )
        }),
        _ => Ok(bucket),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListObjects {
    bucket: String,
    prefix: Option<String>,
    max_keys: Option<Value>,
    continuation_token: Option<String>,
    encoding_type: Option<String>,
    region: Option<String>,
}

/// At most 1,000 a page, however many are asked for.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
pub(crate) fn list_objects(world: &mut World, input: ListObjects) -> Result<Value, ApiError> {
    let invalid = |message: &str| ApiError::client("InvalidArgument", message);
    let bucket = bucket(world, &input.bucket, input.region.as_deref())?;
    let size = match &input.max_keys {
        None => 1_000,
        Some(Value::String(text)) => text.parse().map_err(|_| invalid("Provided max-keys not an integer"))?,
        Some(other) => other.as_i64().ok_or_else(|| invalid("Provided max-keys not an integer"))?,
    };
    let size = usize::try_from(size)
        .map_err(|_| invalid("Argument maxKeys must be an integer between 0 and 2147483647"))?
        .min(1_000);
    let encoded = match input.encoding_type.as_deref() {
        None => false,
        Some("url") => true,
        Some(_) => return Err(invalid("Invalid Encoding Method specified in Request")),
    };
    let text = |text: &str| {
        if encoded { utf8_percent_encode(text, PLAIN).to_string() } else { text.to_owned() }
    };
    let prefix = input.prefix.unwrap_or_default();
    let keys = bucket.objects.keys().filter(|key| key.starts_with(&prefix)).cloned();
    let (keys, next) = pages::page(keys, input.continuation_token.as_deref(), size)
        .map_err(|_| invalid("The continuation token provided is incorrect"))?;
    let view = |key: &String| {
        let object = bucket.objects.get(key)?;
        Some(json!({
            "Key": text(key),
            "LastModified": iso(object.modified_at),
            "ETag": object.etag(),
            "Size": object.body.len(),
            "StorageClass": "STANDARD",
        }))
    };
    let contents: Vec<Value> = keys.iter().filter_map(view).collect();
    let mut answer = object(json!({"Name": input.bucket, "Prefix": text(&prefix)}));
    put(&mut answer, "ContinuationToken", input.continuation_token.as_deref());
    put(&mut answer, "KeyCount", Some(contents.len()));
    put(&mut answer, "MaxKeys", Some(size));
    put(&mut answer, "EncodingType", input.encoding_type.as_deref());
    put(&mut answer, "IsTruncated", Some(next.is_some()));
    put(&mut answer, "NextContinuationToken", next);
    put(&mut answer, "Contents", Some(contents));
    Ok(answer.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct GetObject {
    bucket: String,
    key: String,
    region: Option<String>,
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
pub(crate) fn get_object(world: &mut World, input: GetObject) -> Result<Value, ApiError> {
    let bucket = bucket(world, &input.bucket, input.region.as_deref())?;
    let object = bucket.objects.get(&input.key).ok_or_else(|| {
        let message = format!("The specified key does not exist: {}", input.key);
        ApiError { status: 404, ..ApiError::client("NoSuchKey", message) }
    })?;
    Ok(json!({
        "ContentLength": object.body.len(),
        "ContentType": "binary/octet-stream",
        "ETag": object.etag(),
        "LastModified": iso(object.modified_at),
        "Body": object.body,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct PutObject {
    bucket: String,
    key: String,
    #[serde(default)]
    body: String,
    region: Option<String>,
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
pub(crate) fn put_object(world: &mut World, input: PutObject) -> Result<Value, ApiError> {
    bucket(world, &input.bucket, input.region.as_deref())?;
    let object = Object { body: input.body, modified_at: world.now };
    let etag = object.etag();
    if let Some(bucket) = world.s3.buckets.get_mut(&input.bucket) {
        bucket.objects.insert(input.key, object);
    }
    Ok(json!({"ETag": etag}))
}

impl Object {
    /// In the form of an MD5, and none: the same text, the same tag.
    fn etag(&self) -> String {
        let digest = ids::digest(&self.body);
        let hex = digest.rsplit(':').next().and_then(|hex| hex.get(..32)).unwrap_or_default();
        format!("\"{hex}\"")
    }
}
