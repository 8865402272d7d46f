//! AWS Query: the operation and its parameters in a form, the answer in XML.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::api_error::ApiError;
use crate::wire::Written;

pub(super) fn is_form(content_type: Option<&str>) -> bool {
    content_type.is_some_and(|t| t.starts_with("application/x-www-form-urlencoded"))
}

/// What a form asks for.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) action: String,
    pub(super) version: String,
    pub(super) input: Result<Value, ApiError>,
}

impl Form {
    pub(super) fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let mut form = Self { action: String::new(), version: String::new(), input: Ok(Value::Null) };
        let mut input = Value::Object(Map::new());
        for (key, value) in pairs(&text) {
            match key.as_str() {
                "Action" => form.action = value,
                "Version" => form.version = value,
                // An empty list has this form too; an empty text at the top means nothing anywhere here.
                _ if value.is_empty() && !key.contains('.') => {}
                _ => {
                    if set(&mut input, &key, value).is_none() {
                        form.input = Err(malformed(&key));
                        return form;
                    }
                }
            }
        }
        form.input = Ok(input);
        form
    }
}

/// The decoded keys and values of a form or a query.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    let plain = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&').filter(|p| !p.is_empty()).map(move |pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (plain(key), plain(value))
    })
}

fn malformed(key: &str) -> ApiError {
    ApiError::client("MalformedQueryString", format!("The query string is malformed at {key}"))
}

/// Puts a value where a key such as `Tags.member.2.Key` says. Members come in order, from 1.
fn set(root: &mut Value, key: &str, value: String) -> Option<()> {
    let mut place = root;
    let mut parts = key.split('.');
    while let Some(part) = parts.next() {
        place = if part == "member" {
            let n: usize = parts.next()?.parse().ok().filter(|n| *n > 0)?;
            if place.is_null() {
                *place = Value::Array(Vec::new());
            }
            let list = place.as_array_mut()?;
            if n == list.len() + 1 {
                list.push(Value::Null);
            }
            list.get_mut(n - 1)?
        } else {
            if place.is_null() {
                *place = Value::Object(Map::new());
            }
            place.as_object_mut()?.entry(part).or_insert(Value::Null)
        };
    }
    place.is_null().then(|| *place = value.into())
}

/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/CommonErrors.html>
pub(super) fn in_its_words(mut error: ApiError) -> ApiError {
    let (code, status) = match error.code.as_str() {
        "ThrottlingException" => ("Throttling", 400),
        "AccessDeniedException" => ("AccessDenied", 403),
        "UnknownOperationException" => ("InvalidAction", 400),
        "SerializationException" => ("ValidationError", 400),
        "ServerException" => ("InternalFailure", 500),
        _ => return error,
    };
    code.clone_into(&mut error.code);
    error.status = status;
    error
}

pub(super) fn write(namespace: &str, operation: &str, answer: &Value, request_id: &str) -> Written {
    let mut xml = format!("<{operation}Response xmlns=\"{namespace}\">");
    // An operation without an answer (null) has no result element; one whose answer has no members has an empty one,
    // without which SDKs such as boto3 cannot read the answer.
    element(&mut xml, &format!("{operation}Result"), answer);
    xml.push_str("<ResponseMetadata>");
    element(&mut xml, "RequestId", &request_id.into());
    xml.push_str("</ResponseMetadata></");
    xml.push_str(operation);
    xml.push_str("Response>");
    document(200, xml)
}

pub(super) fn write_error(namespace: &str, error: &ApiError, request_id: &str) -> Written {
    let mut xml = format!("<ErrorResponse xmlns=\"{namespace}\"><Error>");
    element(&mut xml, "Type", &if error.status < 500 { "Sender" } else { "Receiver" }.into());
    element(&mut xml, "Code", &error.code.as_str().into());
    element(&mut xml, "Message", &error.message.as_str().into());
    xml.push_str("</Error>");
    element(&mut xml, "RequestId", &request_id.into());
    xml.push_str("</ErrorResponse>");
    document(error.status, xml)
}

fn document(status: u16, xml: String) -> Written {
    Written { status, headers: vec![("content-type", "text/xml".to_owned())], body: xml.into_bytes() }
}

/// One element: a list has an element `member` for each item, null is left out.
fn element(xml: &mut String, name: &str, value: &Value) {
    if value.is_null() {
        return;
    }
    xml.push('<');
    xml.push_str(name);
    xml.push('>');
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| element(xml, name, value)),
        Value::Array(items) => items.iter().for_each(|item| element(xml, "member", item)),
        Value::String(text) => escape(xml, text),
        other => xml.push_str(&other.to_string()),
    }
    xml.push_str("</");
    xml.push_str(name);
    xml.push('>');
}

pub(super) fn escape(xml: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\r' => xml.push_str("&#13;"),
            // XML 1.0 has no other control characters, escaped or not.
            c if c.is_control() && c != '\n' && c != '\t' => xml.push('\u{fffd}'),
            c => xml.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &str) -> Result<Value, String> {
        Form::read(body.as_bytes()).input.map_err(|e| e.code)
    }

    #[test]
    fn a_form_becomes_json() {
        let form = Form::read(
            b"Action=CreateOrUpdateTags&Version=2011-01-01&Tags.member.1.Key=a%20b&Tags.member.1.Value=&Tags.member.2.Key=c+d&Names.member.1=x&MaxRecords=3&Empty=",
        );
        assert_eq!((form.action.as_str(), form.version.as_str()), ("CreateOrUpdateTags", "2011-01-01"));
        let input = json!({
            "Tags": [{"Key": "a b", "Value": ""}, {"Key": "c d"}],
            "Names": ["x"],
            "MaxRecords": "3",
        });
        assert_eq!(form.input.unwrap(), input);
    }

    #[test]
    fn a_form_that_contradicts_itself_is_refused() {
        for wrong in ["A=1&A=2", "A=1&A.B=2", "A.member.2=x", "A.member.x=1", "A.member=1", "A.member.0=1"] {
            assert_eq!(read(wrong), Err("MalformedQueryString".to_owned()), "{wrong}");
        }
    }

    #[test]
    fn an_answer_becomes_xml() {
        let answer = json!({"List": [{"A": 1, "B": null}, {"A": true}], "Text": "<a & b>\u{1}"});
        let written = write("urn:x", "Do", &answer, "id-1");
        assert_eq!(
            String::from_utf8(written.body).unwrap(),
            "<DoResponse xmlns=\"urn:x\"><DoResult><List><member><A>1</A></member><member><A>true</A></member></List>\
             <Text>&lt;a &amp; b&gt;\u{fffd}</Text></DoResult><ResponseMetadata><RequestId>id-1</RequestId>\
             </ResponseMetadata></DoResponse>"
        );
    }

    #[test]
    fn an_answer_without_members_has_a_result_and_no_answer_has_none() {
        let body = |answer: &Value| String::from_utf8(write("urn:x", "Do", answer, "id-1").body).unwrap();
        assert!(body(&json!({})).contains("<DoResult></DoResult>"));
        assert!(!body(&Value::Null).contains("DoResult"));
    }
}
