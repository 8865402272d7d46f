//! The Lambda binary: wiring only.

use shared_aws::{Access, Aws, Endpoint};
use stop_task::{Config, StopTask};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let config = Config::read(shared_lambda::start())?;
    let aws = Aws::connect(Endpoint::Environment, config.settings.budget_share, Access::Full).await;
    shared_lambda::run(StopTask::new(aws, config)).await
}
