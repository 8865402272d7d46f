//! The benchmark: the functions beside what people use, on the same embedded AWS; who is wrong in the morning; and how
//! cost grows with size.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "what can't be measured ends the benchmark, and a panic says where"
)]

pub mod bounds;
pub mod case;
pub mod chart;
pub mod cli;
pub mod contest;
pub mod figures;
pub mod growth;
pub mod nights;
pub mod ours;
pub mod peers;
pub mod process;
pub mod starts;
pub mod table;
pub mod worlds;
