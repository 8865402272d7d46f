//! The whole system against the embedded AWS, through the real handlers: one binary, so that the
//! SDK is linked once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the answer"
)]

mod agenda;
mod answers;
mod bytes;
mod capacity;
mod describe;
mod door;
mod events;
mod faults;
mod fixture;
mod fleet;
mod forgery;
mod hostile;
mod kill;
mod log;
mod manual;
mod openapi;
mod pages;
mod prune;
mod rehearse;
mod run_task;
mod savings;
mod schedules;
mod schema;
mod secrets;
mod selectors;
mod stop_and_start;
mod stop_task;
mod template;
mod wake;
mod week;
mod year;
