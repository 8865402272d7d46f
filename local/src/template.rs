//! The routes and schedules of `template.yaml`, so that what is served here is what is deployed.

use std::sync::LazyLock;

use serde_json::Value;

/// The template that this was built beside.
const TEMPLATE: &str = include_str!("../../template.yaml");

/// What of the template matters on one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The REST routes.
    pub routes: Vec<TemplateRoute>,
    /// The schedules, whether enabled or not.
    pub schedules: Vec<TemplateSchedule>,
    /// What API Gateway answers by itself.
    pub refusals: Vec<GatewayRefusal>,
    /// The stage of the API: `live`.
    pub stage: String,
}

/// A route and the function behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateRoute {
    /// Its name in the template: `ScaleService`.
    pub name: String,
    /// `PUT`.
    pub method: String,
    /// `/v1/clusters/{cluster}`.
    pub path: String,
    /// `scale-service`.
    pub function: String,
}

/// A schedule and the function that it sends its input to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSchedule {
    /// Its name in the template: `Reconcile`.
    pub name: String,
    /// `scale-service`.
    pub function: String,
    /// When it fires, in EventBridge Scheduler's words; a parameter is at its default.
    pub expression: String,
    /// The JSON that it sends, with Scheduler's placeholders in it.
    pub input: String,
}

/// What API Gateway answers where a request does not reach a function, or its answer does not come back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GatewayRefusal {
    /// The HTTP status.
    pub status: u64,
    /// The problem's code.
    pub code: String,
    /// What is said to people.
    pub title: String,
}

impl GatewayRefusal {
    fn read(response: &Value) -> Option<Self> {
        let body: Value =
            serde_json::from_str(response.pointer("/ResponseTemplates/application~1json")?.as_str()?).ok()?;
        let status = response["StatusCode"].as_u64()?;
        Some(Self { status, code: text_of(body.get("code")?), title: text_of(body.get("title")?) })
    }
}

impl Template {
    /// Reads the template; the error says what of it can't be read.
    pub fn read() -> Result<Self, String> {
        static READ: LazyLock<Result<Template, String>> = LazyLock::new(|| Template::parse(TEMPLATE));
        READ.clone()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let template: Value =
            serde_saphyr::from_str(text).map_err(|fault| format!("template.yaml can't be read: {fault}"))?;
        let api = template.pointer("/Resources/Api/Properties").ok_or("template.yaml has no API")?;
        let responses = api["GatewayResponses"].as_object().into_iter().flatten();
        let mut found = Self {
            routes: Vec::new(),
            schedules: Vec::new(),
            refusals: responses.filter_map(|(_, response)| GatewayRefusal::read(response)).collect(),
            stage: text_of(&api["StageName"]),
        };
        for resource in
            template.get("Resources").and_then(Value::as_object).into_iter().flat_map(|all| all.values())
        {
            if resource["Type"] != "AWS::Serverless::Function" {
                continue;
            }
            let properties = &resource["Properties"];
            let function = text_of(&properties["CodeUri"]).trim_matches('/').replace("functions/", "");
            for (name, event) in properties["Events"].as_object().into_iter().flatten() {
                let properties = &event["Properties"];
                match text_of(&event["Type"]).as_str() {
                    "Api" => found.routes.push(TemplateRoute {
                        name: name.clone(),
                        method: text_of(&properties["Method"]).to_uppercase(),
                        path: text_of(&properties["Path"]),
                        function: function.clone(),
                    }),
                    "ScheduleV2" => found.schedules.push(TemplateSchedule {
                        name: name.clone(),
                        function: function.clone(),
                        expression: default_of(
                            &text_of(&properties["ScheduleExpression"]),
                            template.get("Parameters"),
                        ),
                        input: with_defaults(&text_of(&properties["Input"]), template.get("Parameters")),
                    }),
                    _ => {}
                }
            }
        }
        if found.routes.is_empty() {
            return Err("template.yaml has no routes".into());
        }
        Ok(found)
    }
}

/// A text with the parameters in it (`${NightlyJobCluster}`) at their defaults.
fn with_defaults(text: &str, parameters: Option<&Value>) -> String {
    let parameters = parameters.and_then(Value::as_object).into_iter().flatten();
    parameters.fold(text.to_owned(), |text, (name, parameter)| {
        text.replace(&format!("${{{name}}}"), &text_of(&parameter["Default"]))
    })
}

/// The default of the parameter of this name, which is what a `!Ref` of it leaves here; else the text itself.
fn default_of(text: &str, parameters: Option<&Value>) -> String {
    let parameter = parameters.and_then(|all| all.get(text));
    parameter.map_or_else(|| text.to_owned(), |parameter| text_of(&parameter["Default"]))
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl TemplateSchedule {
    /// The event as Scheduler would send it for this instant.
    pub fn event(&self, at: jiff::Timestamp, arn: &str) -> Result<Value, String> {
        let text = self
            .input
            .replace("<aws.scheduler.scheduled-time>", &at.to_string())
            .replace("<aws.scheduler.schedule-arn>", arn);
        serde_json::from_str(&text).map_err(|fault| format!("the input of {} is no JSON: {fault}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_says_which_function_a_route_belongs_to() {
        let template = Template::read().unwrap();
        let function = |method: &str, path: &str| {
            let route = template.routes.iter().find(|r| r.method == method && r.path == path);
            route.map(|route| route.function.as_str())
        };
        assert_eq!(function("PUT", "/v1/clusters/{cluster}/services/{service}/scale"), Some("scale-service"));
        assert_eq!(function("GET", "/v1/clusters"), Some("describe-cluster"));
    }

    #[test]
    fn a_schedule_sends_its_input_with_the_instant_and_its_arn() {
        let template = Template::read().unwrap();
        let reconcile = template.schedules.iter().find(|schedule| schedule.name == "Reconcile").unwrap();
        let event = reconcile
            .event("2026-11-24T23:00:00Z".parse().unwrap(), "arn:aws:scheduler:x:1:schedule/a/b")
            .unwrap();
        assert_eq!(reconcile.expression, "cron(0/5 * * * ? *)");
        let evening = template.schedules.iter().find(|it| it.name == "WakeCheckInTheEvening").unwrap();
        assert_eq!(evening.expression, "cron(15 20 * * ? *)");
        assert_eq!(event["action"], "reconcile");
        assert_eq!(event["at"], "2026-11-24T23:00:00Z");
        assert_eq!(event["schedule"], "arn:aws:scheduler:x:1:schedule/a/b");
    }
}
