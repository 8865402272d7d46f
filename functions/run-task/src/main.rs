//! The Lambda binary: wiring only.

use run_task::{Config, RunTask};
use shared_aws::{Access, Aws, Endpoint};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let config = Config::read(shared_lambda::start())?;
    let aws = Aws::connect(Endpoint::Environment, config.settings.budget_share, Access::Full).await;
    shared_lambda::run(RunTask::new(aws, config)).await
}
