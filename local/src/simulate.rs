//! `cargo local simulate`: the simulated year of [`simulation`], lived through by the [`System`].

use emulator::Aws;
use serde_json::Value;
use simulation::{Figures, Options, SystemUnderTest};

use crate::gateway::Sent;
use crate::system::{Setup, StartFault, System};

impl SystemUnderTest for System {
    type Fault = StartFault;

    async fn start(aws: &Aws, environment: &[(&str, &str)]) -> Result<Self, StartFault> {
        let with = |setup: Setup, (name, value): &(&str, &str)| setup.with(name, value);
        Self::start(environment.iter().fold(Setup::embedded(aws), with)).await
    }

    async fn invoke(&self, function: &str, event: Value) -> Result<Value, String> {
        Self::invoke(self, function, event).await.map_err(|problem| problem.to_string())
    }

    async fn request(&self, method: &str, path: &str, body: Vec<u8>) {
        let sent = Sent { method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body };
        drop(Self::request(self, &sent).await);
    }
}

/// Why there is no year.
#[derive(Debug, thiserror::Error)]
pub enum SimulationFault {
    /// No runtime.
    #[error("the simulation did not start: {0}")]
    Runtime(#[from] std::io::Error),
    /// No system.
    #[error(transparent)]
    Start(#[from] StartFault),
}

/// Lives through the year on a runtime of its own, whose clock stands still: what waits costs nothing.
/// `progress` hears of each day, with the violations so far.
pub fn on_a_paused_clock(
    options: Options,
    progress: impl FnMut(u32, usize),
) -> Result<Figures, SimulationFault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
    Ok(runtime.block_on(simulation::run::<System>(options, progress))?)
}
