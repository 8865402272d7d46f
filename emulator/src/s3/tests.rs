//! S3 as it is on the wire.

use serde_json::{Value, json};

use crate::aws::{Aws, Reply};
use crate::faults::Faults;
use crate::wire::Request;
use crate::world::World;

fn world() -> World {
    let mut world = World::new("2026-11-24T12:00:00Z".parse().unwrap());
    world.bucket("empty").object("state", "plans/one two.json", r#"{"a": "<b>"}"#);
    world
}

/// An answer: its status, its headers, its body.
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    cut: bool,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
    }

    /// What stands in the first element of this name.
    fn element(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
    }

    fn refusal(&self) -> (u16, &str) {
        (self.status, self.element("Code").unwrap_or_default())
    }
}

async fn send_to(aws: &Aws, region: &str, method: &str, path: &str, body: &str) -> Answer {
    let signed = format!("AWS4-HMAC-SHA256 Credential=AKID/20261124/{region}/s3/aws4_request, Signature=00");
    let request = Request {
        method,
        path,
        authorization: Some(&signed),
        content_type: Some("application/x-www-form-urlencoded"),
        body: body.as_bytes(),
        ..Request::default()
    };
    let Reply::Answer { written, cut } = aws.exchange(&request).await else {
        panic!("no answer");
    };
    let body = String::from_utf8(written.body).unwrap();
    Answer { status: written.status, headers: written.headers, body, cut }
}

async fn send(aws: &Aws, method: &str, path: &str, body: &str) -> Answer {
    send_to(aws, "sa-east-1", method, path, body).await
}

#[tokio::test(start_paused = true)]
async fn an_object_is_what_was_put() {
    let aws = Aws::new(world());
    let got = send(&aws, "GET", "/state/plans/one%20two.json?x-id=GetObject", "").await;
    assert_eq!((got.status, got.body.as_str()), (200, r#"{"a": "<b>"}"#));
    assert_eq!(got.header("content-length"), Some("12"));
    assert_eq!(got.header("last-modified"), Some("Tue, 24 Nov 2026 12:00:00 GMT"));
    let etag = got.header("etag").unwrap();
    assert!(etag.len() == 34 && etag.starts_with('"') && etag.ends_with('"'), "{etag}");

    let put = send(&aws, "PUT", "/state/a/b%2Fc?x-id=PutObject", "Action=x").await;
    assert_eq!((put.status, put.body.as_str()), (200, ""));
    assert_eq!(aws.with(|w| w.object_of("state", "a/b/c")), Some("Action=x".to_owned()));
    let got = send(&aws, "GET", "/state/a/b/c", "").await;
    assert_eq!((got.body.as_str(), got.header("etag")), ("Action=x", put.header("etag")));
    let calls = aws.writes();
    assert_eq!(calls.len(), 1);
    assert_eq!(
        calls[0].input,
        json!({"Bucket": "state", "Key": "a/b/c", "Region": "sa-east-1", "Body": "Action=x"})
    );
    aws.with(|w| {
        w.remove_object("state", "a/b/c");
    });
    assert_eq!(send(&aws, "GET", "/state/a/b/c", "").await.refusal(), (404, "NoSuchKey"));
}

#[tokio::test(start_paused = true)]
async fn a_bucket_is_listed_a_thousand_keys_at_a_time() {
    let aws = Aws::new(world());
    aws.with(|w| {
        for i in 0..1_001 {
            w.object("state", &format!("runs/{i:04}"), "x");
        }
    });
    let first = send(&aws, "GET", "/state?list-type=2&prefix=runs%2F", "").await;
    assert_eq!(
        (first.header("content-type"), first.element("Name")),
        (Some("application/xml"), Some("state"))
    );
    assert_eq!(first.body.matches("<Contents>").count(), 1_000);
    assert_eq!((first.element("KeyCount"), first.element("IsTruncated")), (Some("1000"), Some("true")));
    assert_eq!((first.element("Key"), first.element("Size")), (Some("runs/0000"), Some("1")));
    assert_eq!(first.element("LastModified"), Some("2026-11-24T12:00:00Z"));
    let token = first.element("NextContinuationToken").unwrap();
    let path = format!("/state/?list-type=2&prefix=runs/&continuation-token={token}");
    let last = send(&aws, "GET", &path, "").await;
    assert_eq!((last.element("Key"), last.element("IsTruncated")), (Some("runs/1000"), Some("false")));
    assert_eq!(last.element("NextContinuationToken"), None);
    let few = send(&aws, "GET", "/state?list-type=2&max-keys=2", "").await;
    assert_eq!((few.element("KeyCount"), few.element("MaxKeys")), (Some("2"), Some("2")));
    let encoded = send(&aws, "GET", "/state?list-type=2&encoding-type=url&prefix=plans/", "").await;
    assert_eq!(encoded.element("Key"), Some("plans/one%20two.json"));
    let empty = send(&aws, "GET", "/empty?list-type=2", "").await;
    assert_eq!((empty.element("KeyCount"), empty.element("Contents")), (Some("0"), None));
    for wrong in ["max-keys=x", "max-keys=-1", "continuation-token=no", "encoding-type=gzip"] {
        let refused = send(&aws, "GET", &format!("/state?list-type=2&{wrong}"), "").await;
        assert_eq!(refused.refusal(), (400, "InvalidArgument"), "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_or_not_modelled_is_refused_in_xml() {
    let aws = Aws::new(world());
    let refusals = [
        ("GET", "/ghost?list-type=2", (404, "NoSuchBucket")),
        ("GET", "/ghost/key", (404, "NoSuchBucket")),
        ("PUT", "/ghost/key", (404, "NoSuchBucket")),
        ("GET", "/state/ghost", (404, "NoSuchKey")),
        ("GET", "/", (501, "NotImplemented")),
        ("GET", "/state?location", (501, "NotImplemented")),
        ("DELETE", "/state/key", (501, "NotImplemented")),
        ("GET", "/state/plans?tagging", (501, "NotImplemented")),
        ("GET", "/state?list-type=2&delimiter=%2F", (501, "NotImplemented")),
    ];
    for (method, path, refusal) in refusals {
        assert_eq!(send(&aws, method, path, "").await.refusal(), refusal, "{method} {path}");
    }
    assert!(aws.ledger().iter().all(|call| call.service == "s3"));
    // Unsigned, it is nobody's request.
    let request = Request { method: "GET", path: "/state/plans", ..Request::default() };
    let Reply::Answer { written, .. } = aws.exchange(&request).await else { panic!("no answer") };
    assert_eq!(written.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_of_another_region_sends_its_callers_there() {
    let aws = Aws::new(world());
    aws.with(|w| {
        w.object("far", "key", "x").bucket_in("far", "us-west-2");
    });
    for path in ["/far?list-type=2", "/far/key"] {
        let sent = send(&aws, "GET", path, "").await;
        assert_eq!(sent.refusal(), (301, "PermanentRedirect"));
        assert_eq!(sent.header("x-amz-bucket-region"), Some("us-west-2"));
        assert_eq!(send_to(&aws, "us-west-2", "GET", path, "").await.status, 200);
        assert_eq!(send_to(&aws, "eu-west-1", "GET", path, "").await.status, 301);
    }
    assert_eq!(send(&aws, "PUT", "/far/key", "y").await.status, 301);
    assert_eq!(send_to(&aws, "us-west-2", "PUT", "/far/key", "y").await.status, 200);
    // A bucket that is here answers whoever asks.
    assert_eq!(send_to(&aws, "us-west-2", "GET", "/empty?list-type=2", "").await.status, 200);
    let call = |input: Value| aws.with(|w| w.call("s3", "GetObject", input).map_err(|e| e.code));
    assert_eq!(call(json!({"Bucket": "far", "Key": "key"})), Err("PermanentRedirect".to_owned()));
    assert_eq!(call(json!({"Bucket": "far", "Key": "key", "Region": "us-west-2"})).unwrap()["Body"], "y");
}

#[tokio::test(start_paused = true)]
async fn faults_speak_the_language_of_s3() {
    let aws = Aws::new(world());
    let object = async || send(&aws, "GET", "/state/plans/one%20two.json", "").await;
    aws.faults(Faults::new().on("s3", "GetObject").throttle());
    assert_eq!(object().await.refusal(), (503, "SlowDown"));
    aws.faults(Faults::new().on("s3", "*").access_denied());
    assert_eq!(object().await.refusal(), (403, "AccessDenied"));
    aws.faults(Faults::new().anywhere().server_error());
    assert_eq!(object().await.refusal(), (500, "InternalError"));
    aws.faults(Faults::new().on("s3", "GetObject").containing("one two").cut_body());
    let cut = object().await;
    assert!(cut.cut && cut.body.len() == 6 && cut.header("content-length") == Some("12"));
    assert_eq!(aws.ledger().last().unwrap().outcome, Err("CutBody".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_empty_page_of_keys_leads_to_them() {
    let aws = Aws::new(world());
    aws.with(|w| {
        w.object("state", "z", "x");
    });
    for token in ["", "&continuation-token=t70"] {
        aws.faults(Faults::new().on("s3", "ListObjectsV2").times(1).truncated_page());
        let path = format!("/state?list-type=2{token}");
        let page = send(&aws, "GET", &path, "").await;
        assert_eq!((page.element("KeyCount"), page.element("IsTruncated")), (Some("0"), Some("true")));
        assert_eq!(page.element("Contents"), None);
        let next = page.element("NextContinuationToken").unwrap();
        let path = format!("/state?list-type=2&continuation-token={next}");
        let page = send(&aws, "GET", &path, "").await;
        assert_eq!((page.element("KeyCount"), page.element("IsTruncated")), (Some("2"), Some("false")));
    }
    // What is no list stays as it is.
    aws.faults(Faults::new().anywhere().truncated_page());
    assert_eq!(send(&aws, "GET", "/state/z", "").await.body, "x");
}
