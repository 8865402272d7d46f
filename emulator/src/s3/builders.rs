//! Buckets and objects in a few words.

use crate::s3::{Bucket, Object};
use crate::world::World;

impl World {
    /// Puts an empty bucket there, if there is none of that name.
    pub fn bucket(&mut self, name: &str) -> &mut Self {
        self.s3.buckets.entry(name.to_owned()).or_default();
        self
    }

    /// Puts a bucket there that is in another region, or moves the one that is there: it answers requests that are
    /// signed for its region, and sends all others there. (A region with a world of its own takes its requests itself:
    /// its world needs the bucket too.)
    pub fn bucket_in(&mut self, name: &str, region: &str) -> &mut Self {
        self.s3.buckets.entry(name.to_owned()).or_default().region = Some(region.to_owned());
        self
    }

    /// Puts an object into a bucket, or replaces the one that is there. The bucket is made if it is missing.
    pub fn object(&mut self, bucket: &str, key: &str, body: &str) -> &mut Self {
        let object = Object { body: body.to_owned(), modified_at: self.now };
        let bucket: &mut Bucket = self.s3.buckets.entry(bucket.to_owned()).or_default();
        bucket.objects.insert(key.to_owned(), object);
        self
    }

    /// Takes an object away.
    pub fn remove_object(&mut self, bucket: &str, key: &str) -> &mut Self {
        if let Some(bucket) = self.s3.buckets.get_mut(bucket) {
            bucket.objects.remove(key);
        }
        self
    }

    /// What is in an object, if it is there.
    #[must_use]
    pub fn object_of(&self, bucket: &str, key: &str) -> Option<String> {
        self.s3.buckets.get(bucket)?.objects.get(key).map(|object| object.body.clone())
    }
}
