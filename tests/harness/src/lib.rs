//! What tests stand on: the files of `events/`, and a Lambda Runtime API for the real binaries.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "in a test a panic is the answer"
)]

pub mod binary;
pub mod events;
