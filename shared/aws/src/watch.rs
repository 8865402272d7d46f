//! Counts attempts and notices throttles, also those that the SDK's own retries hide.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use shared::Meter;

use crate::budget::Bucket;

/// The process's counters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters(Arc<(AtomicU64, AtomicU64)>);

impl Counters {
    pub(crate) fn meter(&self) -> Meter {
        Meter { calls: self.0.0.load(Ordering::Relaxed), throttles: self.0.1.load(Ordering::Relaxed) }
    }
}

/// The buckets in which AWS has throttled a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Throttled(Arc<Mutex<HashSet<Bucket>>>);

impl Throttled {
    /// True once AWS has throttled any attempt of this run in this bucket.
    pub(crate) fn contains(&self, bucket: Bucket) -> bool {
        self.buckets().contains(&bucket)
    }

    fn buckets(&self) -> MutexGuard<'_, HashSet<Bucket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An interceptor that watches one call of a run.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    counters: Counters,
    throttled: Throttled,
    bucket: Bucket,
}

impl Watch {
    pub(crate) fn new(counters: &Counters, throttled: &Throttled, bucket: Bucket) -> Self {
        Self { counters: counters.clone(), throttled: throttled.clone(), bucket }
    }
}

impl Intercept for Watch {
    fn name(&self) -> &'static str {
        "Watch"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.counters.0.0.fetch_add(1, Ordering::Relaxed);
        let throttled = context.response().is_some_and(|response| {
            !response.status().is_success() && response.body().bytes().is_some_and(names_a_throttle)
        });
        if throttled {
            self.counters.0.1.fetch_add(1, Ordering::Relaxed);
            self.throttled.buckets().insert(self.bucket);
        }
        Ok(())
    }
}

/// AWS's protocols name the error in the body: `ThrottlingException`, `Throttling`, `TooManyRequestsException`, and S3's
/// `SlowDown`.
fn names_a_throttle(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    text.contains("Throttling") || text.contains("TooManyRequests") || text.contains("SlowDown")
}
