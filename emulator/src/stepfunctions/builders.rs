//! State machines in a few words.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::stepfunctions::{Machine, Version};
use crate::world::World;

impl World {
    /// Puts a state machine of this definition there, or gives it to the one that is there; its published versions stay.
    #[expect(clippy::needless_pass_by_value, reason = "a definition is written where it is given")]
    pub fn state_machine(&mut self, name: &str, definition: Value) -> &mut Self {
        let definition = definition.to_string();
        let made = || Machine {
            latest: Version { created_at: self.now, definition: String::new() },
            versions: BTreeMap::new(),
        };
        let machine = self.stepfunctions.machines.entry(name.to_owned()).or_insert_with(made);
        machine.latest.definition = definition;
        self
    }

    /// Publishes what a state machine is now as its next version: 1, 2, …
    pub fn publish_state_machine(&mut self, name: &str) -> &mut Self {
        let created_at = self.now;
        if let Some(machine) = self.stepfunctions.machines.get_mut(name) {
            let next = machine.versions.last_key_value().map_or(1, |(last, _)| last + 1);
            machine.versions.insert(next, Version { created_at, ..machine.latest.clone() });
        }
        self
    }

    /// Takes a state machine away, with its versions.
    pub fn remove_state_machine(&mut self, name: &str) -> &mut Self {
        self.stepfunctions.machines.remove(name);
        self
    }
}
