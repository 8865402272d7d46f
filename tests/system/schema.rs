//! Whether a value is as a JSON Schema says.

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

/// A schema, made ready once.
pub(crate) struct Validator {
    schemas: Schemas,
    whole: SchemaIndex,
}

impl Validator {
    /// # Panics
    ///
    /// Where the schema is none.
    pub(crate) fn of(schema: &Value) -> Self {
        const HERE: &str = "urn:steward:schema";
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.add_resource(HERE, schema.clone()).unwrap();
        let whole = compiler.compile(HERE, &mut schemas).unwrap_or_else(|fault| panic!("{fault:#}"));
        Self { schemas, whole }
    }

    /// Each thing that is not as the schema says, with its place.
    pub(crate) fn fault(&self, value: &Value) -> Option<String> {
        self.schemas.validate(value, self.whole).err().map(|fault| format!("{fault:#}"))
    }
}
