//! `cargo benchmark`.

use std::process::ExitCode;

use clap::Parser as _;
use peak_alloc::PeakAlloc;

/// Counts the bytes of growth.
#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

#[tokio::main]
async fn main() -> ExitCode {
    bench::cli::Cli::parse().run(ALLOCATOR).await
}
