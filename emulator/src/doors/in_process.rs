//! The door for SDK clients of the same process: a connector without a socket.

use std::io;
use std::time::SystemTime;

use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use crate::aws::{Aws, Reply};
use crate::wire;

impl Aws {
    /// The HTTP client to give to an SDK client's configuration.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(Door(self.clone()))
    }

    /// The world's date as the SDK's time source, so that what it signs is of that date.
    #[must_use]
    pub fn time_source(&self) -> SharedTimeSource {
        SharedTimeSource::new(Door(self.clone()))
    }
}

#[derive(Clone, Debug)]
struct Door(Aws);

impl TimeSource for Door {
    fn now(&self) -> SystemTime {
        SystemTime::try_from(self.0.now()).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

impl HttpClient for Door {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Door {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let aws = self.0.clone();
        HttpConnectorFuture::new(async move {
            let headers = request.headers();
            let asked = wire::Request {
                method: request.method(),
                path: path(request.uri()),
                target: headers.get("x-amz-target"),
                content_type: headers.get("content-type"),
                content_encoding: headers.get("content-encoding"),
                authorization: headers.get("authorization"),
                body: request.body().bytes().unwrap_or_default(),
            };
            match aws.exchange(&asked).await {
                Reply::Reset => Err(ConnectorError::io(
                    io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by peer").into(),
                )),
                Reply::Answer { written, cut } => {
                    let status = StatusCode::try_from(written.status)
                        .map_err(|e| ConnectorError::other(e.into(), None))?;
                    // A body that was taken away cannot be read: the nearest to one that breaks off. Half a body would
                    // do for JSON, but the SDK reads half of an XML document without complaint.
                    let body = if cut { SdkBody::taken() } else { written.body.into() };
                    let mut response = HttpResponse::new(status, body);
                    for (name, value) in written.headers {
                        response.headers_mut().insert(name, value);
                    }
                    Ok(response)
                }
            }
        })
    }
}

/// The path and the query of a URI.
fn path(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
}
