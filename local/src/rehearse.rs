//! `cargo local rehearse`: the coming days of an account, before anything is deployed there.
//!
//! `snapshot` reads the account, and can do nothing else to it. `world` makes a world of the embedded AWS of what was
//! read. `play` lets the coming days happen there, with the functions as they are in Lambda, and passes over the ticks
//! that are `still`. `chronicle` condenses what
//! the runs say into a `report`, which `text` and `page` show to people.

pub mod chronicle;
mod file;
pub mod page;
pub mod play;
pub mod report;
pub mod snapshot;
mod still;
pub mod text;
pub mod world;

use std::time::Duration;

use emulator::{LeftOut, Seed};
use jiff::tz::TimeZone;
use shared::env::{Env, EnvFaults};
use shared::settings::TagKeys;
use shared::{Deadline, Problem};
use shared_aws::{Access, Aws};
use tokio::time::Instant;

use crate::aws::{Place, PlaceFault};
use crate::machine;
use crate::system::{Clock, Setup};

pub use chronicle::Chronicle;
pub use file::{FileFault, read as read_file, write as write_file};
pub use play::{Heard, Play, PlayFault, on_a_paused_clock};
pub use report::Rehearsal;
pub use snapshot::Depth;

/// The most that the reading of an account may take.
const PATIENCE: Duration = Duration::from_hours(1);

/// The variables of the functions that mean the same in a rehearsal as in a deployment.
const VARIABLES: [&str; 23] = [
    "BUDGET_SHARE",
    "CLUSTERS",
    "DEFAULT_SCHEDULE",
    "DEPLOYING_WAIT",
    "DRIFT",
    "HALF",
    "IN_USE",
    "IN_USE_REVISIONS",
    "KEEP_AT_LEAST",
    "KEEP_PULLED_DAYS",
    "KEEP_PUSHED_HOURS",
    "LABEL",
    "LATE_AFTER",
    "MAX_DELETE",
    "MAX_DELETE_PERCENT",
    "MAX_DESIRED",
    "PROTECTED_TAGS",
    "PRUNE_POLICY",
    "PRUNE_REPOSITORIES",
    "REPEAT_OFF",
    "SCHEDULES",
    "TAG_PREFIX",
    "WAKE_LEAD",
];

/// What the nightly pruning of a rehearsal does not know.
const PRUNING: &str = "the pruning knows the repositories that services start from, and what services and their task \
                       definitions use: not what other families, Lambda functions, rules, pipes, builds or jobs use";

/// How a deployment would be configured.
#[derive(Clone, Debug, Default)]
pub struct Deployment {
    /// The functions' variables; of a name that stands twice, the last counts.
    pub environment: Vec<(String, String)>,
    /// The template's `TimeZone`, where it was said.
    pub zone: Option<TimeZone>,
}

/// Why there is no rehearsal.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalFault {
    /// No AWS.
    #[error(transparent)]
    Place(#[from] PlaceFault),
    /// A variable is wrong.
    #[error(transparent)]
    Env(#[from] EnvFaults),
    /// The account can't be read.
    #[error("{}{}", .0.detail, because(.0))]
    Aws(Problem),
    /// It can't be played.
    #[error(transparent)]
    Play(#[from] PlayFault),
    /// A file.
    #[error(transparent)]
    File(#[from] FileFault),
}

fn because(problem: &Problem) -> String {
    let causes = problem.causes();
    if causes.is_empty() { causes } else { format!(" ({causes})") }
}

impl Deployment {
    /// As this machine's environment says, with `CLUSTERS` and `DEFAULT_SCHEDULE` where they were said: all clusters,
    /// unless something says otherwise. It acts, on the embedded AWS.
    #[must_use]
    pub fn of_this_machine(
        clusters: Option<&str>,
        default_schedule: Option<&str>,
        zone: Option<TimeZone>,
    ) -> Self {
        let known = machine::variables().into_iter().filter(|(name, _)| VARIABLES.contains(&name.as_str()));
        let said = [("CLUSTERS", clusters), ("DEFAULT_SCHEDULE", default_schedule)];
        let said = said.into_iter().filter_map(|(name, said)| Some((name.to_owned(), said?.to_owned())));
        Self { zone, ..Self::with(known.chain(said)) }
    }

    /// With these of the functions' variables: all clusters, unless they say otherwise.
    #[must_use]
    pub fn with(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let all = ("CLUSTERS".to_owned(), "*".to_owned());
        Self { environment: std::iter::once(all).chain(variables).collect(), zone: None }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The keys of its tags, and the share of AWS's rates that it takes; what is wrong is said.
    fn settings(&self) -> Result<scale_service::Config, EnvFaults> {
        scale_service::Config::read(Env::new(self.environment.clone()))
    }

    /// The keys of its tags.
    pub fn keys(&self) -> Result<TagKeys, EnvFaults> {
        Ok(self.settings()?.settings.tags)
    }

    /// How these days are played on this world.
    #[must_use]
    pub fn play(&self, seed: &Seed, days: u32, keys: &TagKeys) -> Play {
        Play {
            days,
            zone: self.zone.clone().unwrap_or_else(|| self.zone_of(seed, keys)),
            environment: self.environment.clone(),
            every_tick: false,
            prunes: self.variable("PRUNE_POLICY").is_some_and(|it| !it.is_empty()),
        }
    }

    /// The zone that most schedules name, where nobody says in which one it is evening.
    fn zone_of(&self, seed: &Seed, keys: &TagKeys) -> TimeZone {
        let tagged = |tags: &std::collections::BTreeMap<String, String>| tags.get(&keys.schedule).cloned();
        let services = seed.clusters.iter().flat_map(|it| &it.services).filter_map(|it| tagged(&it.tags));
        let clusters = seed.clusters.iter().filter_map(|it| tagged(&it.tags));
        let config = [self.variable("DEFAULT_SCHEDULE"), self.variable("SCHEDULES")];
        let config = config.into_iter().flatten().map(str::to_owned);
        let mut counts = std::collections::BTreeMap::<String, usize>::new();
        for text in services.chain(clusters).chain(config) {
            let words = text.split(|c: char| c.is_whitespace() || c == '"' || c == '+');
            for word in words.filter(|word| word.contains('/') && TimeZone::get(word).is_ok()) {
                *counts.entry(word.to_owned()).or_default() += 1;
            }
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        most.and_then(|(name, _)| TimeZone::get(&name).ok()).unwrap_or(TimeZone::UTC)
    }
}

/// Reads the account at this place, and makes a seed of it.
pub async fn seed_of(
    place: &Place,
    deployment: &Deployment,
    depth: Depth,
    say: &(dyn Fn(String) + Sync),
) -> Result<Seed, RehearsalFault> {
    seed_in(place.setup(false).await?, deployment, depth, say).await
}

/// Reads the account of this setup, and makes a seed of it. Whatever the setup may change, this does not.
pub async fn seed_in(
    setup: Setup,
    deployment: &Deployment,
    depth: Depth,
    say: &(dyn Fn(String) + Sync),
) -> Result<Seed, RehearsalFault> {
    let config = deployment.settings()?;
    let now = match &setup.clock {
        Clock::Embedded(aws) => aws.now(),
        Clock::Machine(ahead) => machine::now().saturating_add(*ahead).unwrap_or_else(|_| machine::now()),
    };
    let aws = Aws::connect(setup.endpoint, config.settings.budget_share, Access::ReadOnly).await;
    let read = aws.read(Deadline::at((Instant::now() + PATIENCE).into_std()));
    let keys = &config.settings.tags;
    let snapshot = snapshot::read(&read, now, keys, depth, say).await.map_err(RehearsalFault::Aws)?;
    Ok(world::seed(&snapshot, keys))
}

/// Plays the days of a seed on a clock of its own, and says what becomes of it. `progress` hears of each tick.
pub fn rehearse(
    seed: &mut Seed,
    deployment: &Deployment,
    days: u32,
    mut progress: impl FnMut(u32, u32),
) -> Result<Rehearsal, RehearsalFault> {
    let keys = deployment.keys()?;
    let play = deployment.play(seed, days, &keys);
    if play.prunes {
        seed.left_out.push(LeftOut { what: PRUNING.to_owned(), concerns: Vec::new() });
    }
    let world = world::world(seed);
    let mut chronicle = Chronicle::of(seed, &keys);
    on_a_paused_clock(seed, world, &play, |heard| {
        if let Heard::Tick { place: (tick, of), .. } = heard {
            progress(tick, of);
        }
        chronicle.hear(&heard);
    })?;
    Ok(chronicle.end(seed, play.zone.iana_name().unwrap_or("UTC")))
}
