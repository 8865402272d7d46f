//! Places in Amazon S3.

use std::fmt;
use std::str::FromStr;

/// A place in S3: `s3://bucket/key`. Where it stands for many, what their keys begin with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectLocation {
    /// The bucket.
    pub bucket: String,
    /// The key, perhaps empty, without a slash in front.
    pub key: String,
}

impl FromStr for ObjectLocation {
    type Err = String;

    /// Source of the names: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || format!("{text:?} is no place in S3: write s3://bucket/prefix");
        let (bucket, key) =
            text.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).ok_or_else(fault)?;
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(is_name) || key.len() > 1_024 {
            return Err(fault());
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

impl fmt::Display for ObjectLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_bucket_and_what_keys_begin_with() {
        let place: ObjectLocation = "s3://in-use.example/nightly/".parse().unwrap();
        assert_eq!((place.bucket.as_str(), place.key.as_str()), ("in-use.example", "nightly/"));
        assert_eq!(place.to_string(), "s3://in-use.example/nightly/");
        assert_eq!("s3://in-use/".parse::<ObjectLocation>().unwrap().key, "");
        for text in
            ["", "in-use/nightly", "s3://", "s3://in-use", "s3://In_Use/x", "s3:///x", "https://in-use/x"]
        {
            let fault = text.parse::<ObjectLocation>().unwrap_err();
            assert!(fault.contains("s3://bucket/prefix"), "{fault}");
        }
        for (bucket, key, taken) in
            [(3, 1_024, true), (2, 0, false), (63, 0, true), (64, 0, false), (3, 1_025, false)]
        {
            let text = format!("s3://{}/{}", "b".repeat(bucket), "k".repeat(key));
            assert_eq!(text.parse::<ObjectLocation>().is_ok(), taken, "a bucket of {bucket}, a key of {key}");
        }
    }
}
