//! The Lambda binary: wiring only.

use prune_images::{Config, PruneImages};
use shared_aws::{Access, Aws, Endpoint};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let config = Config::read(shared_lambda::start())?;
    let aws = Aws::connect(Endpoint::Environment, config.settings.budget_share, Access::Full).await;
    shared_lambda::run(PruneImages::new(aws, config)).await
}
