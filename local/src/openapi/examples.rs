//! The events of `events/`, as examples of their operations.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::Described;

/// A REST event that goes well.
pub(super) struct Example {
    /// Its file's name, without its end.
    pub name: String,
    event: Value,
}

impl Example {
    /// Those of a route, in the order of their names. Where all that can be said of a thing before it is there is
    /// that it is unknown, as of a task, that is the example.
    pub(super) fn of(route: &Described) -> Result<Vec<Self>, String> {
        let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "events", route.function].iter().collect();
        let fault = |fault: &dyn std::fmt::Display| format!("{}: {fault}", folder.display());
        let mut all = Vec::new();
        for file in fs::read_dir(&folder).map_err(|it| fault(&it))? {
            let path = file.map_err(|it| fault(&it))?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if !name.starts_with("rest-") && !name.starts_with("bad-unknown-task") {
                continue;
            }
            let text = fs::read_to_string(&path).map_err(|it| fault(&it))?;
            let event: Value = serde_json::from_str(&text).map_err(|it| fault(&format!("{name}: {it}")))?;
            let is = |field: &str, value: Value| event.get(field) == Some(&value);
            let is_plain = !is("isBase64Encoded", true.into());
            if is_plain && is("resource", route.path.into()) && is("httpMethod", route.method.into()) {
                all.push(Self { name, event });
            }
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        let (good, unknown): (Vec<_>, Vec<_>) = all.into_iter().partition(|it| it.name.starts_with("rest-"));
        Ok(if good.is_empty() { unknown.into_iter().take(1).collect() } else { good })
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.event.pointer(pointer)?.as_str()
    }

    /// The body, where there is one.
    pub(super) fn body(&self) -> Option<Value> {
        serde_json::from_str(self.text("/body")?).ok()
    }

    /// A parameter of its query, as text.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.event.get("queryStringParameters")?.get(name)?.as_str()
    }

    /// A parameter of its path.
    pub(super) fn path(&self, name: &str) -> Option<&str> {
        self.event.get("pathParameters")?.get(name)?.as_str()
    }

    /// The same request with curl, which signs it.
    pub(super) fn curl(&self) -> String {
        let mut text =
            String::from("curl --aws-sigv4 \"aws:amz:$AWS_REGION:execute-api\" --user \"$AWS_KEYS\"");
        let method = self.text("/httpMethod").unwrap_or_default();
        if method != "GET" {
            let _ = write!(text, " -X {method}");
        }
        if let Some(accept) = self.text("/headers/Accept").filter(|it| *it != "application/json") {
            let _ = write!(text, " -H 'Accept: {accept}'");
        }
        let query: Vec<(&String, &str)> = self
            .event
            .get("queryStringParameters")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name, value.as_str()?)))
            .collect();
        if !query.is_empty() && method == "GET" {
            text.push_str(" -G");
        }
        let path = self.text("/path").unwrap_or_default();
        if method == "GET" {
            let _ = write!(text, " \"$API{path}\"");
            for (name, value) in query {
                let _ = write!(text, " --data-urlencode {}", quoted(&format!("{name}={value}")));
            }
        } else {
            let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let pairs = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
            let _ = write!(text, " \"$API{path}{pairs}\"");
        }
        if let Some(body) = self.body() {
            let _ = write!(text, " -d {}", quoted(&body.to_string()));
        }
        text
    }
}

/// A word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
