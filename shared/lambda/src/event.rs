//! Which carrier an event came by.

use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyRequest;
use serde_json::{Map, Value};
use shared::Problem;

use shared::Payload;

/// An event, told apart.
pub(crate) enum Event {
    /// API Gateway's REST proxy event.
    Rest(Box<ApiGatewayProxyRequest>),
    /// A scheduled or direct event: the request itself.
    Direct(Map<String, Value>),
}

/// Tells a REST proxy event from a direct one. Half of a REST event is neither: read as a direct
/// one, it would say that its fields are unknown and hide what really happened.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html>
pub(crate) fn tell_apart(event: Payload) -> Result<Event, Problem> {
    let Value::Object(fields) = event.unique()? else {
        return Err(Problem::bad_request(
            "the event is not a JSON object: a direct event reads {\"action\": …}",
        ));
    };
    let marks = ["httpMethod", "requestContext"].iter().filter(|mark| fields.contains_key(**mark)).count();
    match marks {
        0 => Ok(Event::Direct(fields)),
        2 => match serde_path_to_error::deserialize(Value::Object(fields)) {
            Ok(event) => Ok(Event::Rest(Box::new(event))),
            // Where the fault is, and not what stands there: it may be a header that nobody may see.
            Err(fault) => {
                Err(Problem::bad_request("the event is not a REST proxy event as API Gateway sends them")
                    .because(format!("its field {} is another type", fault.path())))
            }
        },
        _ => Err(Problem::bad_request(
            "the event is half of a REST proxy event: it needs both \"httpMethod\" and \"requestContext\", \
             and a direct event has neither",
        )),
    }
}
