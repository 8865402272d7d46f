//! The demo world: `worlds/demo.json`.

use crate::world::World;

const DEMO: &str = include_str!("../worlds/demo.json");

impl World {
    /// The demo world, on Tuesday 2026-11-24 at 09:00 in São Paulo, with everything up.
    #[must_use]
    pub fn demo() -> Self {
        // A test reads the file: an empty world never leaves here.
        Self::from_json(DEMO).unwrap_or_else(|_| Self::new(jiff::Timestamp::UNIX_EPOCH))
    }
}
