//! REST-XML, as S3 speaks it: the operation by method, path and query; XML or an object's bytes in the answer.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html>

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::api_error::ApiError;
use crate::wire::{Request, Route, Written, query};

/// The fields of an answer that stand in its headers. The field `Body` is the whole body as it is; every other one is
/// an element of a document.
const HEADERS: &[(&str, &str)] = &[
    ("ContentLength", "content-length"),
    ("ContentType", "content-type"),
    ("ETag", "etag"),
    ("LastModified", "last-modified"),
];

/// The only document here that is not an error.
const ROOT: &str = "ListBucketResult";

/// The operation of a request and its input: the parameters of path and query by AWS's names, the region that it is
/// signed for, and in `Body` what is put. None when no route fits.
pub(super) fn find(
    routes: &'static [Route],
    request: &Request<'_>,
) -> Option<(&'static str, Result<Value, ApiError>)> {
    let (path, query) = request.path.split_once('?').unwrap_or((request.path, ""));
    let given: Vec<(String, String)> = query::pairs(query).collect();
    let (route, mut input) = routes
        .iter()
        .filter(|r| r.method == request.method)
        .find_map(|r| matched(r.path, path, &given).map(|found| (r, found)))?;
    if let Some(scope) = request.scope() {
        input.insert("Region".to_owned(), scope.region.into());
    }
    Some((route.operation, with_body(input, request)))
}

/// The parameters of a path and a query that fit a pattern such as `/{Bucket}/{Key+}` or `/{Bucket}?list-type=2`. What
/// follows the question mark there must be given, and is no parameter; neither is `x-id`, which only names the
/// operation.
fn matched(pattern: &str, path: &str, given: &[(String, String)]) -> Option<Map<String, Value>> {
    let (pattern, required) = pattern.split_once('?').unwrap_or((pattern, ""));
    let required: Vec<(String, String)> = query::pairs(required).collect();
    if !required.iter().all(|pair| given.contains(pair)) {
        return None;
    }
    let mut parameters = Map::new();
    let mut rest = path.strip_prefix('/')?;
    for part in pattern.trim_start_matches('/').split('/') {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        let (value, after) = match name.strip_suffix('+') {
            Some(_) => (rest, ""),
            None => rest.split_once('/').unwrap_or((rest, "")),
        };
        if value.is_empty() {
            return None;
        }
        let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
        parameters.insert(name.trim_end_matches('+').to_owned(), value.into());
        rest = after;
    }
    if !rest.is_empty() {
        return None;
    }
    let others = given.iter().filter(|pair| pair.0 != "x-id" && !required.contains(pair));
    parameters.extend(others.map(|(key, value)| (field(key), value.as_str().into())));
    Some(parameters)
}

/// The field of a parameter: `MaxKeys` for `max-keys`.
fn field(parameter: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| format!("{}{}", first.to_ascii_uppercase(), letters.as_str()))
    };
    parameter.split('-').filter_map(capital).collect()
}

/// An object is text here, as everything in the ledger is.
fn with_body(mut input: Map<String, Value>, request: &Request<'_>) -> Result<Value, ApiError> {
    let encodings = request.content_encoding.unwrap_or_default();
    if encodings.split(',').any(|e| e.trim().eq_ignore_ascii_case("aws-chunked")) {
        return Err(not_implemented("A body in chunks (aws-chunked) is not modelled by the embedded AWS"));
    }
    if request.method == "PUT" {
        let text = std::str::from_utf8(request.body).map_err(|_| {
            not_implemented("An object that is not UTF-8 is not modelled by the embedded AWS")
        })?;
        input.insert("Body".to_owned(), text.into());
    }
    Ok(input.into())
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList>
fn not_implemented(message: &str) -> ApiError {
    ApiError { status: 501, ..ApiError::client("NotImplemented", message) }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList>
pub(super) fn in_its_words(mut error: ApiError) -> ApiError {
    let (code, status) = match error.code.as_str() {
        "ThrottlingException" => ("SlowDown", 503),
        "AccessDeniedException" => ("AccessDenied", 403),
        // A parameter that is not modelled is what this error says.
        "UnknownOperationException" | "SerializationException" => ("NotImplemented", 501),
        "ServerException" => ("InternalError", 500),
        _ => return error,
    };
    code.clone_into(&mut error.code);
    error.status = status;
    error
}

pub(super) fn write(namespace: &str, answer: &Value) -> Written {
    let mut written = Written { status: 200, headers: Vec::new(), body: Vec::new() };
    let mut elements = Map::new();
    for (name, value) in answer.as_object().into_iter().flatten() {
        if let Some((_, header)) = HEADERS.iter().find(|(field, _)| field == name) {
            written.headers.push((header, in_a_header(value)));
        } else if let ("Body", Some(text)) = (name.as_str(), value.as_str()) {
            written.body = text.as_bytes().to_vec();
        } else {
            elements.insert(name.clone(), value.clone());
        }
    }
    if elements.is_empty() {
        return written;
    }
    let mut xml = format!("<{ROOT} xmlns=\"{namespace}\">");
    for (name, value) in &elements {
        element(&mut xml, name, value);
    }
    xml.push_str("</");
    xml.push_str(ROOT);
    xml.push('>');
    document(written, &xml)
}

pub(super) fn write_error(error: &ApiError, request_id: &str) -> Written {
    let mut written = Written { status: error.status, headers: Vec::new(), body: Vec::new() };
    let mut xml = "<Error>".to_owned();
    element(&mut xml, "Code", &error.code.as_str().into());
    element(&mut xml, "Message", &error.message.as_str().into());
    element(&mut xml, "RequestId", &request_id.into());
    xml.push_str("</Error>");
    if let Some(region) = &error.region {
        written.headers.push(("x-amz-bucket-region", region.clone()));
    }
    document(written, &xml)
}

fn document(mut written: Written, xml: &str) -> Written {
    written.headers.push(("content-type", "application/xml".to_owned()));
    written.body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{xml}").into_bytes();
    written
}

/// A time in a header is an HTTP date.
fn in_a_header(value: &Value) -> String {
    let Some(text) = value.as_str() else {
        return value.to_string();
    };
    let http = |at: Timestamp| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    text.parse().map_or_else(|_| text.to_owned(), http)
}

/// One element: a list has an element of its name for each item, null is left out.
fn element(xml: &mut String, name: &str, value: &Value) {
    if let Value::Array(items) = value {
        for item in items {
            element(xml, name, item);
        }
        return;
    }
    if value.is_null() {
        return;
    }
    xml.push('<');
    xml.push_str(name);
    xml.push('>');
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| element(xml, name, value)),
        Value::String(text) => query::escape(xml, text),
        other => xml.push_str(&other.to_string()),
    }
    xml.push_str("</");
    xml.push_str(name);
    xml.push('>');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    static ROUTES: [Route; 3] = [
        Route { method: "GET", path: "/{Bucket}?list-type=2", operation: "ListObjectsV2" },
        Route { method: "GET", path: "/{Bucket}/{Key+}", operation: "GetObject" },
        Route { method: "PUT", path: "/{Bucket}/{Key+}", operation: "PutObject" },
    ];

    const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKID/20261128/us-east-1/s3/aws4_request, Signature=00";

    fn found(method: &str, path: &str, body: &str) -> Option<(&'static str, Value)> {
        let request = Request { method, path, authorization: Some(SIGNED), ..Request::default() };
        find(&ROUTES, &Request { body: body.as_bytes(), ..request }).map(|(o, input)| (o, input.unwrap()))
    }

    #[test]
    fn an_operation_is_found_by_method_path_and_query() {
        assert_eq!(
            found(
                "GET",
                "/b/?list-type=2&prefix=a%2Fb&max-keys=3&continuation-token=t61&x-id=ListObjectsV2",
                ""
            ),
            Some((
                "ListObjectsV2",
                json!({"Bucket": "b", "Prefix": "a/b", "MaxKeys": "3", "ContinuationToken": "t61", "Region": "us-east-1"})
            ))
        );
        assert_eq!(
            found("GET", "/b/a//c%20d/?x-id=GetObject", ""),
            Some(("GetObject", json!({"Bucket": "b", "Key": "a//c d/", "Region": "us-east-1"})))
        );
        assert_eq!(
            found("PUT", "/b/k", "{\"é\": 1}"),
            Some((
                "PutObject",
                json!({"Bucket": "b", "Key": "k", "Region": "us-east-1", "Body": "{\"é\": 1}"})
            ))
        );
        for (method, path) in
            [("GET", "/"), ("GET", "/b"), ("GET", "/b?list-type=1"), ("DELETE", "/b/k"), ("GET", "")]
        {
            assert_eq!(found(method, path, ""), None, "{method} {path}");
        }
    }

    #[test]
    fn a_body_in_chunks_or_of_bytes_is_not_implemented() {
        let put = Request { method: "PUT", path: "/b/k", body: b"5\r\nhello", ..Request::default() };
        let refused = |request: Request<'_>| find(&ROUTES, &request).unwrap().1.unwrap_err();
        let chunked = refused(Request { content_encoding: Some("gzip, aws-chunked"), ..put });
        assert_eq!((chunked.status, chunked.code.as_str()), (501, "NotImplemented"));
        assert_eq!(refused(Request { body: b"\xff", ..put }).code, "NotImplemented");
    }

    #[test]
    fn an_object_is_written_as_it_is_and_a_list_as_a_document() {
        let object = json!({"ETag": "\"e\"", "LastModified": "2026-11-24T12:00:00Z", "ContentLength": 3, "Body": "<a>"});
        let written = write("urn:x", &object);
        assert_eq!(written.body, b"<a>");
        let date = ("last-modified", "Tue, 24 Nov 2026 12:00:00 GMT".to_owned());
        assert_eq!(written.headers, [("etag", "\"e\"".to_owned()), date, ("content-length", "3".to_owned())]);
        let list = json!({"Name": "b", "Prefix": "", "IsTruncated": false, "Contents": [{"Key": "a&b"}, {"Key": "c"}]});
        assert_eq!(
            String::from_utf8(write("urn:x", &list).body).unwrap(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"urn:x\"><Name>b</Name>\
             <Prefix></Prefix><IsTruncated>false</IsTruncated><Contents><Key>a&amp;b</Key></Contents>\
             <Contents><Key>c</Key></Contents></ListBucketResult>"
        );
        assert!(write("urn:x", &json!({"ETag": "\"e\""})).body.is_empty());
    }

    #[test]
    fn errors_have_the_names_of_s3() {
        let status = |error: ApiError| {
            let error = in_its_words(error);
            (error.status, error.code)
        };
        assert_eq!(status(ApiError::throttled()), (503, "SlowDown".to_owned()));
        assert_eq!(status(ApiError::client("AccessDeniedException", "")), (403, "AccessDenied".to_owned()));
        assert_eq!(status(ApiError::unknown_operation("s3:X")), (501, "NotImplemented".to_owned()));
        let written = write_error(&ApiError::client("NoSuchKey", "none"), "id-1");
        assert_eq!(
            String::from_utf8(written.body).unwrap(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>none</Message>\
             <RequestId>id-1</RequestId></Error>"
        );
    }
}
