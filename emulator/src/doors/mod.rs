//! The two ways in.

pub(crate) mod http;
mod in_process;
