//! The command line.

use std::fs;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
use emulator::World;
use jiff::tz::TimeZone;
use simulation::Options;

use crate::aws::{Place, PlaceFault, of_world};
use crate::demo::{self, DemoFault, Sabotage};
use crate::invoke::{self, EventFault};
use crate::openapi;
use crate::progress::Progress;
use crate::rehearse::{self, Deployment, Depth, RehearsalFault};
use crate::serve::{ServeFault, Server};
use crate::simulate::{self, SimulationFault};
use crate::system::{StartFault, System};

/// ecs-steward on this machine: its functions, its REST API, and an embedded AWS to try them on.
/// No account, no Docker.
#[derive(Debug, Parser)]
#[command(
    name = "cargo local",
    bin_name = "cargo local",
    max_term_width = 100,
    after_help = "Examples:
  cargo local demo
  cargo local serve
  echo '{\"action\":\"listClusters\"}' | cargo local invoke describe-cluster -"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tell the main job as it happens: six days of an embedded AWS
    ///
    /// Services go off in the evening and come back in the morning as they were, while people and
    /// autoscaling do what they do, with an override for a release, and a holiday. Every step goes
    /// through the same code as in Lambda, and every promise is checked. The exit status is 0 when all
    /// promises held, and 1 when one did not.
    #[command(after_help = "Examples:
  cargo local demo
  cargo local demo --sabotage lose-record; echo \"exit status $?\"")]
    Demo {
        /// Let a person do something at 01:30 that breaks the story, to see that its checks are real
        #[arg(long, value_name = "WHAT")]
        sabotage: Option<Sabotage>,
    },

    /// Serve the REST API over HTTP, with the routes of template.yaml
    ///
    /// With the embedded AWS, that one is served too, for the AWS CLI, an SDK or `cargo local
    /// invoke --aws URL`. It begins as the demo's world and is gone when this ends.
    /// A browser finds the pages of the fleet at `/`.
    #[command(after_help = "Examples:
  cargo local serve
  cargo local serve --port 0
  cargo local serve --schedules
  AWS_PROFILE=dev cargo local serve --aws profile
  AWS_PROFILE=dev CLUSTERS='dev-*' cargo local serve --aws profile --allow-changes")]
    Serve {
        /// The port; 0 takes a free one. The embedded AWS takes the next, or a free one
        #[arg(long, default_value_t = 9000)]
        port: u16,
        /// The address to listen on. Nobody is asked who they are: keep it to this machine
        #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
        host: IpAddr,
        /// Fire the template's schedule Reconcile too, every five minutes of the world's clock
        ///
        /// It fires at once for the last such mark, and then at each; each is a line on the standard
        /// error. Of marks that a moved clock passes over, only the last fires. The template's other
        /// schedules are not fired.
        #[arg(long)]
        schedules: bool,
        /// A JSON file that the embedded AWS begins as, in place of the demo's world
        ///
        /// Its form is that of emulator/worlds/demo.json.
        #[arg(long, value_name = "FILE", conflicts_with = "aws")]
        world: Option<PathBuf>,
        #[command(flatten)]
        on: On,
    },

    /// Play your own next week, before anything is deployed
    ///
    /// It reads clusters, services, scalable targets, Auto Scaling groups, task definitions and the repositories that
    /// services start from, and changes nothing. Of what it read it makes a world on the embedded AWS, where the coming
    /// days are played with the real code: reconcile every five minutes, and the bedtime check twice a day. It says what
    /// goes off and comes back when, what fails and why, what will not wake, and what is not run.
    ///
    /// The functions' variables are read from this environment, as for `serve`. `CLUSTERS` is `*` unless something says
    /// otherwise, and `MODE` is `act`, on the embedded AWS alone. The nightly pruning is played where `PRUNE_POLICY` says
    /// a policy. The exit status is 0 unless there is no rehearsal.
    #[command(after_help = "Examples:
  cargo local rehearse
  cargo local rehearse --days 3 --json
  AWS_PROFILE=dev cargo local rehearse --aws profile --save world.json
  AWS_PROFILE=dev cargo local rehearse --aws profile --default-schedule 'Mon-Fri 08:00-20:00 Europe/Berlin'
  cargo local rehearse --world world.json --days 14")]
    Rehearse(Rehearse),

    /// Live through a year of many services, and check every tick
    ///
    /// Schedules in many zones, people's changes, overrides, deployments, outages, faults and kills,
    /// all from a seed, on an embedded AWS. Of an evening the bedtime check says which services will not
    /// wake, and in the morning it is seen. The exit status is 0 when every service was always as it
    /// ought to be, and what did not wake had been told; and 1 when one was not.
    #[command(after_help = "Examples:
  cargo local simulate --days 14
  cargo local simulate --days 365 --seed 7")]
    Simulate {
        /// How many days, from 2026-01-01
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=366))]
        days: u32,
        /// What all chance comes from: the same seed is the same year
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many services
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
        services: u16,
        /// On how many of a hundred evenings the bedtime check is asked, and something is done to what sleeps
        #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u8).range(0..=100))]
        nights: u8,
    },

    /// Print the REST API's description (OpenAPI 3.1), made from the types and the template's routes
    ///
    /// The checked-in openapi.json is what is printed here. `cargo local serve` has it at /openapi.json.
    #[command(after_help = "Examples:
  cargo local openapi > openapi.new && mv openapi.new openapi.json
  cargo local openapi --check")]
    Openapi {
        /// Print nothing, and fail where openapi.json says something else
        #[arg(long)]
        check: bool,
    },

    /// Write the JSON Schema of each EventBridge event's detail into a folder
    ///
    /// The files of schemas/ are what is written here.
    #[command(after_help = "Example:
  cargo local schemas schemas")]
    Schemas {
        /// The folder
        folder: PathBuf,
    },

    /// Send one event to a function, and print its answer as JSON
    ///
    /// The event is a scheduled or direct one ({"action": …}) or API Gateway's REST proxy event,
    /// whose answer is the proxy response. An error goes to the standard error as JSON, with exit
    /// status 1. On an embedded AWS of its own, the clock goes on to the event's "at".
    #[command(after_help = "Examples:
  echo '{\"action\":\"listServices\",\"cluster\":\"microservices\"}' | cargo local invoke describe-cluster -
  echo '{\"action\":\"stop\",\"cluster\":\"ecs-api\",\"dryRun\":true}' | cargo local invoke scale-service -
  cargo local invoke scale-service events/scale-service/scheduled-stop.json
  cargo local invoke scale-service stop.json --aws http://127.0.0.1:9001")]
    Invoke {
        /// The function
        #[arg(value_parser = PossibleValuesParser::new(System::FUNCTIONS))]
        function: String,
        /// The event's file, or - for the standard input
        file: PathBuf,
        #[command(flatten)]
        on: On,
    },
}

#[derive(Debug, Args)]
struct Rehearse {
    /// Which AWS is read: `embedded` (the demo's world), `profile` (yours, by the ordinary credentials chain), or the
    /// URL of an emulator
    #[arg(long, value_name = "embedded|profile|URL", default_value = "embedded")]
    aws: Place,
    /// Read no AWS, but the world that `--save` has written
    #[arg(long, value_name = "FILE", conflicts_with = "aws")]
    world: Option<PathBuf>,
    /// How many days
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=31))]
    days: u32,
    /// The clusters in which schedules act, as the parameter Clusters says them: names and patterns, comma-separated
    #[arg(long, value_name = "PATTERNS")]
    clusters: Option<String>,
    /// The schedule of every service to which no tag gives one, as the parameter `DefaultSchedule` says it
    #[arg(long, value_name = "SCHEDULE")]
    default_schedule: Option<String>,
    /// The zone of the daily checks, as the parameter `TimeZone` says it; without it the one that most schedules name
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    time_zone: Option<TimeZone>,
    /// Read the manifests of multi-arch indexes too. To ECR that is a pull, and moves their pull times
    #[arg(long)]
    manifests: bool,
    /// Write the world that was read to this file. It has names, sizes and ecs-steward's own tags, and no values of
    /// environments, no secrets and no commands
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Print JSON in place of tables
    #[arg(long)]
    json: bool,
    /// Write a page for a browser to this file too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|fault| fault.to_string())
}

#[derive(Debug, Args)]
struct On {
    /// Which AWS: `embedded` (the demo's world), `profile` (yours, by the ordinary credentials
    /// chain), or the URL of an embedded one that is being served
    ///
    /// The functions read `MODE`, `CLUSTERS`, `LABEL`, `TAG_PREFIX`, `MAX_DESIRED` and `BUDGET_SHARE` from
    /// this environment. On an embedded AWS `MODE` is `act` and `CLUSTERS` `*` unless they say
    /// otherwise; on yours they are what a new deployment has: `observe`, and no cluster.
    #[arg(long, value_name = "embedded|profile|URL", default_value = "embedded")]
    aws: Place,
    /// Let `--aws profile` change things: without it, it only reads
    #[arg(long)]
    allow_changes: bool,
}

/// Why a command did not run.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Place(#[from] PlaceFault),
    #[error(transparent)]
    Start(#[from] StartFault),
    #[error(transparent)]
    Serve(#[from] ServeFault),
    #[error(transparent)]
    Event(#[from] EventFault),
    #[error(transparent)]
    Demo(#[from] DemoFault),
    #[error(transparent)]
    Simulation(#[from] SimulationFault),
    #[error(transparent)]
    Rehearsal(#[from] RehearsalFault),
    #[error("the API can't be described: {0}")]
    Openapi(String),
    #[error("the world {} can't be read: {fault}", file.display())]
    World { file: PathBuf, fault: String },
    #[error("--save and --html both name {}: the page would take the world's place; name two files", .0.display())]
    SameFile(PathBuf),
    #[error("{} can't be written: {source}", file.display())]
    Write { file: PathBuf, source: io::Error },
    #[error(transparent)]
    Thread(#[from] tokio::task::JoinError),
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// What was asked could not be tried; what was tried and failed is 1.
const NOT_RUN: u8 = 2;
/// As a shell names a process that SIGPIPE ended: whoever read the output wants no more of it.
const NOBODY_LISTENS: u8 = 141;
/// As a shell names a process that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

impl Cli {
    /// Runs the command.
    pub async fn run(self) -> ExitCode {
        let ended = match self.command {
            Command::Demo { sabotage } => demo(sabotage).await,
            Command::Serve { port, host, schedules, world, on } => {
                serve(port, host, schedules, world.as_deref(), on).await
            }
            Command::Simulate { days, seed, services, nights } => {
                simulate(Options { days, seed, services: services.into(), nights }).await
            }
            Command::Rehearse(asked) => rehearse(asked).await,
            Command::Invoke { function, file, on } => invoke(&function, file, on).await,
            Command::Openapi { check } => openapi(check),
            Command::Schemas { folder } => schemas(&folder),
        };
        match ended {
            Ok(code) => code,
            Err(Fault::Output(fault) | Fault::Demo(DemoFault::Output(fault)))
                if fault.kind() == io::ErrorKind::BrokenPipe =>
            {
                ExitCode::from(NOBODY_LISTENS)
            }
            Err(fault) => {
                eprintln!("cargo local: {fault}");
                ExitCode::from(NOT_RUN)
            }
        }
    }
}

async fn demo(sabotage: Option<Sabotage>) -> Result<ExitCode, Fault> {
    let outcome = demo::run(&mut io::stdout(), sabotage).await?;
    Ok(if outcome.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn serve(
    port: u16,
    host: IpAddr,
    schedules: bool,
    world: Option<&Path>,
    on: On,
) -> Result<ExitCode, Fault> {
    let progress = Progress::waiting("looking whose AWS it is");
    let bound = async {
        let setup = match world {
            Some(file) => {
                let unread = |fault: String| Fault::World { file: file.to_owned(), fault };
                let text = fs::read_to_string(file).map_err(|fault| unread(fault.to_string()))?;
                of_world(World::from_json(&text).map_err(|fault| unread(fault.to_string()))?)
            }
            None => on.aws.setup(on.allow_changes).await?,
        };
        Ok::<_, Fault>(Server::bind(setup, host, port).await?)
    };
    let server = unless_interrupted(Box::pin(bound), &progress).await?;
    drop(progress);
    let server = server.with_schedules(schedules);
    write!(io::stdout(), "{}", server.welcome())?;
    io::stdout().flush()?;
    if server.is_open_to_others() {
        eprintln!(
            "cargo local: {host} is not only this machine's: whoever reaches it may do all that it does, unsigned"
        );
    }
    if on.aws == Place::Profile {
        let may = if on.allow_changes {
            "may be changed"
        } else {
            "is only read (--allow-changes lets it be changed)"
        };
        eprintln!("cargo local: this is a real AWS account, and it {may}");
    }
    tokio::select! {
        ended = server.run(interrupted()) => ended?,
        // Whoever asks twice does not want to wait for what is under way.
        () = async { interrupted().await; interrupted().await } => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// The signal comes while something is read or played: what was shown goes away, and nothing is left behind.
async fn unless_interrupted<T>(work: impl Future<Output = T>, progress: &Progress) -> T {
    tokio::select! {
        done = work => done,
        () = interrupted() => {
            progress.clear();
            // A thread can't be stopped from here, and has nothing to lose.
            std::process::exit(INTERRUPTED)
        }
    }
}

async fn rehearse(asked: Rehearse) -> Result<ExitCode, Fault> {
    let deployment = Deployment::of_this_machine(
        asked.clusters.as_deref(),
        asked.default_schedule.as_deref(),
        asked.time_zone,
    );
    // What is wrong with the config is said before anything is read.
    deployment.keys().map_err(RehearsalFault::from)?;
    if let (Some(save), Some(html)) = (&asked.save, &asked.html)
        && std::path::absolute(save)? == std::path::absolute(html)?
    {
        return Err(Fault::SameFile(save.clone()));
    }
    let mut seed = if let Some(file) = &asked.world {
        rehearse::read_file(file).map_err(RehearsalFault::from)?
    } else {
        let progress = Progress::waiting("reading");
        let say = |what: String| progress.say(what);
        let depth = Depth { manifests: asked.manifests };
        let reading = Box::pin(rehearse::seed_of(&asked.aws, &deployment, depth, &say));
        unless_interrupted(reading, &progress).await?
    };
    let save = |text: String, file: &Path| rehearse::write_file(file, &text).map_err(RehearsalFault::from);
    if let Some(file) = &asked.save {
        save(printed(&seed), file)?;
    }
    let progress = Arc::new(Progress::of(u64::from(asked.days), "playing the days"));
    let days = asked.days;
    let shown = Arc::clone(&progress);
    // A runtime whose clock stands still is one of its own, on a thread of its own.
    let playing = tokio::task::spawn_blocking(move || {
        rehearse::rehearse(&mut seed, &deployment, days, |tick, of| shown.of_steps(tick.into(), of.into()))
    });
    let rehearsal = unless_interrupted(playing, &progress).await??;
    progress.clear();
    if let Some(file) = &asked.html {
        save(rehearse::page::render(&rehearsal), file)?;
    }
    if asked.json {
        write!(io::stdout(), "{}", printed(&rehearsal))?;
    } else {
        write!(io::stdout(), "{}", rehearse::text::render(&rehearsal))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn printed(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

async fn simulate(options: Options) -> Result<ExitCode, Fault> {
    let bar = Arc::new(Progress::of(options.days.into(), "living through the year"));
    let shown = Arc::clone(&bar);
    let progress = move |day: u32, violations: usize| {
        shown.at(day.into());
        shown.say(format!("day {day}, {violations} violations"));
    };
    writeln!(io::stdout(), "seed {}, {} services", options.seed, options.services)?;
    io::stdout().flush()?;
    // A runtime whose clock stands still is one of its own, on a thread of its own.
    let year = tokio::task::spawn_blocking(move || simulate::on_a_paused_clock(options, progress));
    let figures = unless_interrupted(year, &bar).await??;
    bar.clear();
    for violation in &figures.violations {
        writeln!(io::stdout(), "{violation}")?;
    }
    writeln!(io::stdout(), "{figures}")?;
    Ok(if figures.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn openapi(check: bool) -> Result<ExitCode, Fault> {
    let made = openapi::printed().map_err(Fault::Openapi)?;
    if !check {
        write!(io::stdout(), "{made}")?;
        return Ok(ExitCode::SUCCESS);
    }
    if made == openapi::CHECKED_IN {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("openapi.json is not up to date: {}", openapi::COMMAND);
    Ok(ExitCode::FAILURE)
}

fn schemas(folder: &Path) -> Result<ExitCode, Fault> {
    for (kind, schema) in shared::events::schemas() {
        let file = folder.join(schema_file(kind));
        let text = serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n";
        fs::write(&file, text).map_err(|source| Fault::Write { file, source })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `run-finished.json` of `Run Finished`.
#[must_use]
pub fn schema_file(kind: &str) -> String {
    format!("{}.json", kind.to_lowercase().replace(' ', "-"))
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler, the signal ends the process by itself.
        std::future::pending::<()>().await;
    }
}

async fn invoke(function: &str, file: PathBuf, on: On) -> Result<ExitCode, Fault> {
    let event = invoke::event(&file)?;
    let setup = on.aws.setup(on.allow_changes).await?;
    match invoke::invoke(setup, function, event).await? {
        Ok(answer) => {
            writeln!(io::stdout(), "{answer:#}")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            eprintln!("{:#}", invoke::shown(&error));
            Ok(ExitCode::FAILURE)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_stays_on_this_machine_with_the_embedded_aws_unless_told() {
        let Command::Serve { port, host, schedules, world: None, on } =
            Cli::parse_from(["local", "serve"]).command
        else {
            panic!()
        };
        assert_eq!(
            (port, host.is_loopback(), schedules, on.aws, on.allow_changes),
            (9000, true, false, Place::Embedded, false)
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for wrong in [
            vec!["local"],
            vec!["local", "serve", "--aws", "prod"],
            vec!["local", "serve", "--host", "somewhere"],
            vec!["local", "invoke", "scale-servce", "-"],
            vec!["local", "invoke", "scale-service"],
            vec!["local", "demo", "--sabotage", "rain"],
            vec!["local", "rehearse", "--aws", "profile", "--world", "world.json"],
            vec!["local", "rehearse", "--days", "0"],
            vec!["local", "rehearse", "--time-zone", "Europe/Nowhere"],
        ] {
            assert!(Cli::try_parse_from(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn a_page_never_takes_the_place_of_the_world_that_is_saved() {
        let line = ["local", "rehearse", "--save", "world.json", "--html", "./world.json"];
        let Command::Rehearse(asked) = Cli::parse_from(line).command else { panic!() };
        let fault = rehearse(asked).await.unwrap_err();
        assert!(matches!(fault, Fault::SameFile(_)), "{fault}");
        assert!(!Path::new("world.json").exists());
    }
}
