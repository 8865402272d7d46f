//! Job definitions in a few words.

use serde_json::Value;

use crate::batch::Definition;
use crate::wire::object;
use crate::world::World;

impl World {
    /// Registers the next revision of a job definition, which is `ACTIVE`. The properties are described as they are:
    /// `{"type": "container", "containerProperties": {"image": "…"}}`.
    pub fn job_definition(&mut self, name: &str, properties: Value) -> &mut Self {
        let revisions = self.batch.definitions.entry(name.to_owned()).or_default();
        let next = revisions.last_key_value().map_or(1, |(last, _)| last + 1);
        revisions.insert(next, Definition { active: true, properties: object(properties) });
        self
    }

    /// Makes a revision of a job definition `INACTIVE`.
    pub fn deregister_job_definition(&mut self, name: &str, revision: u64) -> &mut Self {
        let revisions = self.batch.definitions.get_mut(name);
        if let Some(definition) = revisions.and_then(|revisions| revisions.get_mut(&revision)) {
            definition.active = false;
        }
        self
    }
}
