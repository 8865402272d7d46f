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
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            let body = request.body().bytes().unwrap_or_default();
            match aws.exchange(target, body).await {
                Reply::Reset => Err(ConnectorError::io(
                    io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by peer").into(),
                )),
                Reply::Answer { status, request_id, body, .. } => {
                    let status =
                        StatusCode::try_from(status).map_err(|e| ConnectorError::other(e.into(), None))?;
                    let mut response = HttpResponse::new(status, body.into());
                    response.headers_mut().insert("content-type", wire::CONTENT_TYPE);
                    response.headers_mut().insert("x-amzn-requestid", request_id);
                    Ok(response)
                }
            }
        })
    }
}
