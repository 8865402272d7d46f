//! The whole system against the embedded AWS, through the real handlers: one binary, so that the
//! SDK is linked once.

mod bytes;
mod describe;
mod door;
mod faults;
mod kill;
mod selectors;
mod stage;
mod stop_and_start;
mod template;
