//! What a function is, to the door.

use std::future::Future;

use jiff::Timestamp;
use shared::api::Operation;
use shared::call::Table;
use shared::events::BusEvent;
use shared::{Answer, Call, Deadline, Meter, Problem, Route};

/// A Lambda function: its routes, its requests, and the road from a call to an answer.
pub trait Function: Send + Sync {
    /// Its name, as in logs and metrics: `scale-service`.
    const NAME: &'static str;

    /// The REST routes that the template sends to it.
    const ROUTES: &'static [Route<Self::Request>];

    /// How the lists of its answers are shown to people.
    const TABLES: &'static [Table] = &[];

    /// What the API's description says of its routes.
    const OPERATIONS: &'static [Operation];

    /// Whether its calls of AWS, and how many were throttled, are custom metrics: those are paid for one by one, and a
    /// function that makes few calls has them in its log alone.
    const COUNTS_CALLS: bool = true;

    /// What it can be asked.
    type Request: Send + 'static;

    /// Answers one call. `now` is the world's time; nothing new is begun after `deadline`.
    fn answer(
        &self,
        call: Call<Self::Request>,
        now: Timestamp,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Answer, Problem>> + Send;

    /// Puts events on the bus, after the run; how many of them did not arrive. What fails there fails nothing else.
    fn publish(&self, events: &[BusEvent], deadline: Deadline) -> impl Future<Output = usize> + Send {
        let _ = (events, deadline);
        async { 0 }
    }

    /// Whether it changes nothing, whoever asks (`MODE=readonly`).
    fn is_read_only(&self) -> bool {
        false
    }

    /// How often it has called AWS since it started.
    fn meter(&self) -> Meter {
        Meter::default()
    }
}
