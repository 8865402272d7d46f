//! The body of a REST request: bytes to JSON fields.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use shared::{Code, Problem};

use shared::Payload;

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
    let payload: Payload = serde_json::from_str(text)
        .map_err(|e| Problem::bad_request(format!("the body is not a JSON object of fields: {e}")))?;
    match payload.unique()? {
        Value::Object(fields) => Ok(fields),
        _ => Err(Problem::bad_request("the body is not a JSON object of fields")),
    }
}

fn too_large() -> Problem {
    Problem::new(Code::TooLarge, format!("the body is larger than {} KB", LARGEST / 1024))
}
