//! The HTTP door, by raw requests.

use emulator::{Aws, Faults};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::world::prod;

/// Serves a world while the test talks to it.
async fn with_door<F: Future<Output = ()>>(aws: Aws, talk: impl FnOnce(std::net::SocketAddr) -> F) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::select! {
        ended = emulator::serve(aws, listener) => panic!("{ended:?}"),
        () = talk(address) => {}
    }
}

/// One request on a connection of its own: the head and the body of the answer.
async fn send(
    address: std::net::SocketAddr,
    line: &str,
    target: Option<&str>,
    body: &str,
) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let target = target.map(|t| format!("x-amz-target: {t}\r\n")).unwrap_or_default();
    let length = body.len();
    let (line, more) =
        line.split_once("\r\n").map_or((line, String::new()), |(l, m)| (l, format!("{m}\r\n")));
    let request = format!(
        "{line} HTTP/1.1\r\n{more}host: aws\r\nconnection: close\r\n{target}content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

async fn call(address: std::net::SocketAddr, target: &str, input: &Value) -> (String, Value) {
    let (head, body) = send(address, "POST /", Some(target), &input.to_string()).await;
    (head, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn a_request_is_answered_as_aws_does() {
    let aws = Aws::new(prod());
    with_door(aws.clone(), async |address| {
        let update = "AmazonEC2ContainerServiceV20141113.UpdateService";
        let input = json!({"cluster": "prod", "service": "users", "desiredCount": 4});
        let (head, body) = call(address, update, &input).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.contains("content-type: application/x-amz-json-1.1"), "{head}");
        assert!(head.contains("x-amzn-requestid: "), "{head}");
        assert_eq!(body["service"]["desiredCount"], 4);

        let targets = "AnyScaleFrontendService.DescribeScalableTargets";
        let (_, body) = call(address, targets, &json!({"ServiceNamespace": "ecs"})).await;
        assert_eq!(body, json!({"ScalableTargets": []}));

        let input = json!({"cluster": "nowhere", "service": "users", "desiredCount": 4});
        let (head, body) = call(address, update, &input).await;
        assert!(head.starts_with("HTTP/1.1 400"), "{head}");
        assert_eq!(body, json!({"__type": "ClusterNotFoundException", "message": "Cluster not found."}));

        let (_, body) = call(address, "DynamoDB_20120810.ListTables", &json!({})).await;
        assert_eq!(body["__type"], "UnknownOperationException");
        let (head, body) = send(address, "POST /", Some(update), "{not json").await;
        assert!(head.starts_with("HTTP/1.1 400") && body.contains("SerializationException"), "{head} {body}");
    })
    .await;
    assert_eq!(aws.with(|w| w.desired_count("prod", "users")), 4);
}

#[tokio::test]
async fn the_ledger_is_read_and_the_date_is_moved_over_http() {
    let aws = Aws::new(prod());
    with_door(aws, async |address| {
        let list = "AmazonEC2ContainerServiceV20141113.ListServices";
        call(address, list, &json!({"cluster": "prod"})).await;
        let (_, body) = send(address, "GET /_emulator/ledger", None, "").await;
        let ledger: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(ledger["calls"][0]["operation"], "ListServices");
        assert_eq!(ledger["calls"][0]["input"], json!({"cluster": "prod"}));

        let (_, body) =
            send(address, "POST /_emulator/move", None, r#"{"to": "2026-11-24T20:00:00-03:00"}"#).await;
        assert!(body.starts_with(r#"{"now":"2026-11-24T23:00:00"#), "{body}");
        let (_, body) = send(address, "POST /_emulator/move", None, r#"{"by": "PT1H"}"#).await;
        assert!(body.starts_with(r#"{"now":"2026-11-25T00:00:00"#), "{body}");
        let (_, body) = send(address, "GET /_emulator/now", None, "").await;
        assert!(body.starts_with(r#"{"now":"2026-11-25T00:00:0"#), "{body}");
        for wrong in ["{}", r#"{"by": "-PT1H"}"#, r#"{"to": "tomorrow"}"#, r#"{"two": 2}"#, "["] {
            let (head, _) = send(address, "POST /_emulator/move", None, wrong).await;
            assert!(head.starts_with("HTTP/1.1 400"), "{wrong}: {head}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_reset_breaks_the_answer_off() {
    let aws = Aws::new(prod());
    aws.faults(Faults::new().anywhere().reset_after_commit());
    with_door(aws.clone(), async |address| {
        let input = json!({"cluster": "prod", "service": "users", "desiredCount": 4}).to_string();
        let target = "AmazonEC2ContainerServiceV20141113.UpdateService";
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: aws\r\nx-amz-target: {}\r\ncontent-length: {}\r\n\r\n{input}",
            target,
            input.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // The connection ends, with an error or not, and the answer's last chunk never comes.
        let _ = stream.read_to_end(&mut answer).await;
        assert!(!String::from_utf8_lossy(&answer).ends_with("0\r\n\r\n"));
    })
    .await;
    assert_eq!(aws.with(|w| w.desired_count("prod", "users")), 4);
}

#[tokio::test]
async fn a_form_is_answered_in_xml() {
    with_door(Aws::new(prod()), async |address| {
        let body = "Action=Dance&Version=2011-01-01";
        let line = "POST /\r\ncontent-type: application/x-www-form-urlencoded; charset=utf-8";
        let (head, body) = send(address, line, None, body).await;
        assert!(head.starts_with("HTTP/1.1 400") && head.contains("content-type: text/xml"), "{head}");
        assert!(body.contains("<Code>InvalidAction</Code>") && body.contains("<RequestId>"), "{body}");
        let (head, body) = send(address, "GET /2018-10-31/layers", None, "").await;
        assert!(head.starts_with("HTTP/1.1 400") && body.contains("UnknownOperation"), "{head} {body}");
    })
    .await;
}

#[tokio::test]
async fn an_object_is_its_bytes() {
    let aws = Aws::new(prod());
    aws.with(|w| {
        w.bucket("state");
    });
    with_door(aws.clone(), async |address| {
        let signed = "authorization: AWS4-HMAC-SHA256 Credential=AKID/20261124/sa-east-1/s3/aws4_request, Signature=00";
        let ask = async |line: &str, body: &str| send(address, &format!("{line}\r\n{signed}"), None, body).await;
        let (head, body) = ask("PUT /state/a%20b", "<a & b>").await;
        assert!(head.starts_with("HTTP/1.1 200") && head.contains("etag: \"") && body.is_empty(), "{head} {body}");
        let (head, body) = ask("GET /state/a%20b", "").await;
        assert!(head.starts_with("HTTP/1.1 200") && head.contains("content-length: 7\r\n"), "{head}");
        assert!(head.contains("last-modified: ") && head.contains(" GMT"), "{head}");
        assert_eq!(body, "<a & b>");
        let (_, body) = ask("GET /state?list-type=2", "").await;
        assert!(body.contains("<Key>a b</Key>") && body.contains("<Size>7</Size>"), "{body}");
        let (head, body) = ask("PUT /state/chunks\r\ncontent-encoding: aws-chunked", "0\r\n").await;
        assert!(head.starts_with("HTTP/1.1 501") && body.contains("<Code>NotImplemented</Code>"), "{head} {body}");
    })
    .await;
    aws.faults(Faults::new().on("s3", "GetObject").cut_body());
    with_door(aws, async |address| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = "GET /state/a%20b HTTP/1.1\r\nhost: aws\r\nauthorization: AWS4-HMAC-SHA256 \
                       Credential=AKID/20261124/sa-east-1/s3/aws4_request\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // The connection ends, with an error or not, before the announced length.
        let _ = stream.read_to_end(&mut answer).await;
        assert!(!String::from_utf8_lossy(&answer).ends_with("<a & b>"));
    })
    .await;
}
