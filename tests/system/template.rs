//! What is deployed is what is tested: routes, schedules and roles of the template.

use std::collections::BTreeSet;

use describe_cluster::DescribeCluster;
use local::Template;
use scale_service::ScaleService;
use shared_lambda::Function;

use crate::stage::{Stage, evening, prod_with_users};

#[test]
fn the_templates_routes_are_the_functions_routes() {
    let template = Template::read().unwrap();
    let deployed: BTreeSet<_> =
        template.routes.iter().map(|r| (r.function.as_str(), r.method.as_str(), r.path.as_str())).collect();
    let of = |name: &'static str, routes: &'static [shared::Route]| {
        routes.iter().map(move |route| (name, route.method, route.path))
    };
    let built: BTreeSet<_> = of(ScaleService::NAME, ScaleService::ROUTES)
        .chain(of(DescribeCluster::NAME, DescribeCluster::ROUTES))
        .collect();
    assert_eq!(deployed, built);
}

#[tokio::test(start_paused = true)]
async fn what_the_templates_schedules_send_is_understood() {
    let template = Template::read().unwrap();
    assert_eq!(template.schedules.len(), 2);
    let stage = Stage::on(prod_with_users()).await;
    for schedule in &template.schedules {
        let arn = format!("arn:aws:scheduler:sa-east-1:123456789012:schedule/default/{}", schedule.name);
        let event = schedule.event(evening(), &arn).unwrap();
        let report = stage.system.invoke(&schedule.function, event).await.unwrap();
        assert_eq!(report["counts"]["changed"], 1, "{}: {report}", schedule.name);
    }
}
