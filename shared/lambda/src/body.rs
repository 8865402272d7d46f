//! The body of a REST request: bytes to JSON fields.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};
use shared::{Code, Problem};

/// The largest body that is read.
pub(crate) const LARGEST: usize = 256 * 1024;

/// The body's fields; an empty body has none.
pub(crate) fn fields(body: Option<&str>, base64: bool) -> Result<Map<String, Value>, Problem> {
    let body = body.unwrap_or_default();
    // Four characters of base64 carry three bytes.
    let longest = if base64 { LARGEST.div_ceil(3) * 4 } else { LARGEST };
    if body.len() > longest {
        return Err(too_large());
    }
    let bytes = if base64 {
        STANDARD
            .decode(body)
            .map_err(|e| Problem::bad_request(format!("the body is not valid base64: {e}")))?
    } else {
        body.as_bytes().to_vec()
    };
    if bytes.len() > LARGEST {
        return Err(too_large());
    }
    let text = std::str::from_utf8(&bytes).map_err(|e| {
        Problem::bad_request(format!("the body is not UTF-8: byte {} is not", e.valid_up_to()))
    })?;
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    let Once(fields) = serde_json::from_str(text)
        .map_err(|e| Problem::bad_request(format!("the body is not a JSON object of fields: {e}")))?;
    Ok(fields)
}

fn too_large() -> Problem {
    Problem::new(Code::TooLarge, format!("the body is larger than {} KB", LARGEST / 1024))
}

/// A JSON object in which no field stands twice: `serde_json` would silently take the last.
struct Once(Map<String, Value>);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Once;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Once, A::Error> {
                let mut fields = Map::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    if fields.contains_key(&key) {
                        return Err(A::Error::custom(format!("field {key:?} is given twice")));
                    }
                    fields.insert(key, value);
                }
                Ok(Once(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}
