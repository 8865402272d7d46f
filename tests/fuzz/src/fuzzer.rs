//! A target with libFuzzer, which takes the arguments. `.ci/fuzz` builds it and calls it.
#![no_main]
#![allow(unsafe_code, reason = "libFuzzer finds its entry by an exported symbol")]

use std::sync::LazyLock;

use fuzz::Target;

/// The variable that names the target.
const NAME: &str = "FUZZ_TARGET";

#[expect(clippy::disallowed_methods, reason = "the environment of a process that is no Lambda function")]
static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var(NAME).unwrap_or_default();
    fuzz::target(&name).unwrap_or_else(|| panic!("{NAME}: there is no target {name:?}"))
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
