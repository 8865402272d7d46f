//! JSON as it comes to the doors.

use serde_json::Value;
use shared::Payload;
use shared::call::{Envelope, bounded_json, quoted_len};
use shared::strict;

/// Strict JSON is JSON: what has no field twice is read as any reader reads it, and nothing else is taken.
pub(crate) fn strict_json(bytes: &[u8]) {
    let plain = serde_json::from_slice::<Value>(bytes);
    let payload = serde_json::from_slice::<Payload>(bytes);
    assert_eq!(plain.is_ok(), payload.is_ok(), "{:?}", String::from_utf8_lossy(bytes));
    let (Ok(plain), Ok(payload)) = (plain, payload) else { return };
    let unique = match payload.unique() {
        Ok(unique) => unique,
        Err(problem) => return assert!(problem.detail.contains("given twice"), "{problem:?}"),
    };
    assert_eq!(unique, plain);
    let text = plain.to_string();
    assert_eq!(bounded_json(&plain, quoted_len(&text)).as_ref(), Some(&text));
    assert_eq!(bounded_json(&plain, quoted_len(&text) - 1), None);
    if let Err(problem) = strict::parse::<Envelope>("anything", plain) {
        assert!(problem.detail.starts_with("anything: "), "{problem:?}");
    }
}
