//! JSON in which no field of an object stands twice.
//!
//! `{"dryRun": true, "dryRun": false}` is taken by most readers for its last half: somebody who reads the first
//! half would be wrong. So such JSON is refused, wherever in it that happens.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::Problem;

/// What is sent or configured as JSON, and what stands twice in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Payload {
    value: Value,
    twice: Option<String>,
}

impl Payload {
    /// The JSON, in which each field of an object stands once.
    ///
    /// # Errors
    ///
    /// A field that stands twice in one of its objects.
    pub fn unique(self) -> Result<Value, Problem> {
        match self.twice {
            None => Ok(self.value),
            Some(field) => {
                let shown: String = field.chars().take(80).collect();
                Err(Problem::bad_request(format!(
                    "field {shown:?} is given twice in one object: give it once"
                )))
            }
        }
    }

    /// The JSON, of each field that stands twice the last.
    #[must_use]
    pub fn as_json(&self) -> &Value {
        &self.value
    }
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Self { value, twice: None }
    }
}

/// Never fails for what stands twice: in Lambda such a failure would not be a problem of ours, with its code.
impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut twice = None;
        let value = Reader(&mut twice).deserialize(deserializer)?;
        Ok(Self { value, twice })
    }
}

/// Reads a value, and notes the first field that stands twice.
struct Reader<'a>(&'a mut Option<String>);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, it: bool) -> Result<Value, E> {
        Ok(Value::Bool(it))
    }

    fn visit_i64<E: Error>(self, it: i64) -> Result<Value, E> {
        Ok(it.into())
    }

    fn visit_u64<E: Error>(self, it: u64) -> Result<Value, E> {
        Ok(it.into())
    }

    fn visit_f64<E: Error>(self, it: f64) -> Result<Value, E> {
        Ok(Number::from_f64(it).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, it: &str) -> Result<Value, E> {
        Ok(it.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Reader(self.0))? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut known = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let value = fields.next_value_seed(Reader(self.0))?;
            if known.insert(name.clone(), value).is_some() {
                self.0.get_or_insert(name);
            }
        }
        Ok(Value::Object(known))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_that_stands_twice_is_named_however_deep() {
        for (text, twice) in [
            (r#"{"dryRun":true,"dryRun":false}"#, "dryRun"),
            (r#"{"a":[{"b":{"c":1,"d":2,"c":1}}]}"#, "c"),
            (r#"{"a":1,"\u0061":2}"#, "a"),
        ] {
            let problem = serde_json::from_str::<Payload>(text).unwrap().unique().unwrap_err();
            assert!(problem.detail.contains(&format!("{twice:?} is given twice")), "{problem:?}");
        }
    }

    #[test]
    fn all_other_json_is_what_it_is() {
        let value = json!({"a": [1, -2, 3.5, null, true, "é\n"], "b": {"a": {}}, "c": u64::MAX});
        let payload: Payload = serde_json::from_str(&value.to_string()).unwrap();
        assert_eq!(payload.unique().unwrap(), value);
    }
}
