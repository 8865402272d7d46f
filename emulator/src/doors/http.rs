//! The door for everybody else: the AWS CLI, boto3, another process.

use std::io;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::api_error::ApiError;
use crate::aws::{Aws, Reply};
use crate::wire;

/// Serves the world over HTTP until the future is dropped.
///
/// - AWS's APIs, each by its protocol. Signatures are not checked.
/// - `GET /_emulator/ledger`: all calls, as JSON.
/// - `GET /_emulator/now`: the world's date.
/// - `POST /_emulator/move` with `{"to": "2026-11-24T20:00:00-03:00"}` or `{"by": "PT1H"}`: moves the date.
pub async fn serve(aws: Aws, listener: TcpListener) -> io::Result<()> {
    let routes = Router::new()
        .route("/_emulator/ledger", get(ledger))
        .route("/_emulator/now", get(now))
        .route("/_emulator/move", post(move_date))
        .fallback(api)
        .with_state(aws);
    // Small answers must not wait for a full packet; a socket that refuses the option only answers later.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, routes).await
}

async fn api(State(aws): State<Aws>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let request = wire::Request {
        method: method.as_str(),
        path: uri.path_and_query().map_or("/", |p| p.as_str()),
        target: text("x-amz-target"),
        content_type: text("content-type"),
        content_encoding: text("content-encoding"),
        authorization: text("authorization"),
        body: &body,
    };
    match aws.exchange(&request).await {
        Reply::Answer { written, cut } => {
            let status = StatusCode::from_u16(written.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let body = if cut { broken(written.body) } else { Body::from(written.body) };
            let mut response = (status, body).into_response();
            for (name, value) in written.headers {
                if let Ok(value) = HeaderValue::from_str(&value) {
                    response.headers_mut().insert(name, value);
                }
            }
            response
        }
        Reply::Reset => broken(Vec::new()).into_response(),
    }
}

/// A body that breaks its connection after these bytes.
fn broken(bytes: Vec<u8>) -> Body {
    let reset = io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by the fault script");
    let first = (!bytes.is_empty()).then(|| Ok(Bytes::from(bytes)));
    Body::from_stream(futures_util::stream::iter(first.into_iter().chain([Err(reset)])))
}

async fn ledger(State(aws): State<Aws>) -> Response {
    match serde_json::to_value(aws.ledger()) {
        Ok(calls) => json_answer(StatusCode::OK, &json!({"calls": calls})),
        Err(e) => json_answer(StatusCode::INTERNAL_SERVER_ERROR, &json!({"message": e.to_string()})),
    }
}

async fn now(State(aws): State<Aws>) -> Response {
    date(&aws)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    to: Option<Timestamp>,
    by: Option<SignedDuration>,
}

async fn move_date(State(aws): State<Aws>, body: Bytes) -> Response {
    let asked = wire::json_body(&body).and_then(wire::request::<Move>);
    match asked {
        Ok(Move { to: Some(to), by: None }) => aws.move_to(to),
        Ok(Move { to: None, by: Some(by) }) if by.is_positive() => aws.advance(by.unsigned_abs()),
        Ok(_) => {
            let error = ApiError::client(
                "InvalidParameterException",
                "give one of `to` (a date) and `by` (a duration)",
            );
            return json_answer(StatusCode::BAD_REQUEST, &error.body());
        }
        Err(error) => return json_answer(StatusCode::BAD_REQUEST, &error.body()),
    }
    date(&aws)
}

fn date(aws: &Aws) -> Response {
    json_answer(StatusCode::OK, &json!({"now": aws.now().to_string()}))
}

fn json_answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
