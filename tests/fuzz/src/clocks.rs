//! Durations and instants.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::duration::IsoDuration;
use shared::strict;

use crate::inputs::text;

#[derive(Debug, Deserialize)]
struct Fields {
    #[serde(default, deserialize_with = "shared::fields::instant")]
    at: Option<jiff::Timestamp>,
}

/// A duration that is read is none below zero, and has neither sign nor months nor years; an instant that is read
/// prints as one that is read the same.
pub(crate) fn durations(bytes: &[u8]) {
    let text = text(bytes);
    match text.parse::<IsoDuration>() {
        Ok(duration) => {
            assert!(duration.get() >= SignedDuration::ZERO, "{text:?}");
            let (date, _) = text.split_once('T').unwrap_or((&text, ""));
            assert!(text.starts_with('P') && !date.contains(['M', 'Y', '-', '+']), "{text:?}");
        }
        Err(fault) => assert!(fault.contains("is not a duration"), "{fault}"),
    }
    let read = |text: &str| strict::parse::<Fields>("instant", json!({ "at": Value::from(text) }));
    if let Ok(Fields { at: Some(at) }) = read(&text) {
        assert_eq!(read(&at.to_string()).ok().and_then(|fields| fields.at), Some(at), "{text:?}");
    }
}
