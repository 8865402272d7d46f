//! The command line.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use peak_alloc::PeakAlloc;

use crate::case::{Case, Size};
use crate::contest::{self, Contest, Contestant};
use crate::growth::{Point, Scene};
use crate::ours::Functions;
use crate::peers::{self, Peer, Tools};
use crate::table::markdown;
use crate::{chart, nights, starts};

/// The benchmark of ecs-steward, on an embedded AWS with the published request rates and 20 ms a call.
#[derive(Debug, Parser)]
#[command(name = "cargo benchmark", bin_name = "cargo benchmark", max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the cases: the binaries of the functions over HTTP, and what people use beside them
    Run {
        /// Which cases: all unless said
        #[arg(long = "case", value_enum, value_delimiter = ',')]
        cases: Vec<Case>,
        /// How often ours runs; the others as often, but in a, a0 and a1 once
        #[arg(long, default_value_t = 3)]
        runs: usize,
        /// How large the worlds are, in hundredths
        #[arg(long, default_value_t = 100)]
        size: usize,
        /// How many times AWS's published rates, for development
        #[arg(long, default_value_t = 1.0, value_parser = share)]
        rate_factor: f64,
        #[command(flatten)]
        sides: Sides,
    },
    /// Who is wrong in the morning, after a crash, people at night, and a second evening
    Nights {
        #[command(flatten)]
        sides: Sides,
    },
    /// How calls, time and memory grow with size, in this process and in virtual time
    Growth {
        /// Write the picture into this file
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
        /// Leave out what is larger: services, and repositories times ten
        #[arg(long, default_value_t = 10_000)]
        largest: usize,
        /// Leave out what is smaller
        #[arg(long, default_value_t = 0)]
        smallest: usize,
    },
}

#[derive(Debug, Args)]
struct Sides {
    /// Where the functions' binaries are
    #[arg(long, value_name = "FOLDER", default_value = "target/release")]
    functions: PathBuf,
    /// The environment that tests/bench/peers/install has made
    #[arg(long, value_name = "FOLDER", default_value = "target/bench-venv")]
    peers: PathBuf,
    /// A peer whose code is in a folder: diodonfrost=FOLDER, ecr-cleanup-lambda=FOLDER
    #[arg(long = "peer", value_name = "NAME=FOLDER", value_parser = of_folder)]
    of_folders: Vec<Peer>,
    /// Ours alone
    #[arg(long)]
    alone: bool,
}

fn share(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|it| *it > 0.0 && *it <= 1.0).ok_or_else(|| "above 0 and at most 1".to_owned())
}

fn of_folder(text: &str) -> Result<Peer, String> {
    let (name, folder) = text.split_once('=').ok_or("NAME=FOLDER")?;
    let folder = std::path::absolute(folder).map_err(|fault| fault.to_string())?;
    peers::of_folder(name, &folder)
}

impl Sides {
    /// The peers and their tools, if there are to be any.
    fn peers(&self) -> Option<(Vec<Peer>, Tools)> {
        if self.alone {
            return None;
        }
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        let environment = std::path::absolute(&self.peers).unwrap_or_else(|_| self.peers.clone());
        assert!(
            environment.join("bin/python").exists(),
            "no peers in {}: tests/bench/peers/install makes them",
            self.peers.display()
        );
        let peers = peers::installed().into_iter().chain(self.of_folders.iter().cloned()).collect();
        Some((peers, Tools { scripts, environment }))
    }

    fn functions(&self, share: f64) -> Functions {
        Functions { folder: self.functions.clone(), share }
    }
}

fn tell(line: &str) {
    eprintln!("{line}");
}

impl Cli {
    /// Runs the command. `counter` is the allocator of this process.
    pub async fn run(self, counter: PeakAlloc) -> ExitCode {
        match self.command {
            Command::Run { cases, runs, size, rate_factor, sides } => {
                let cases = if cases.is_empty() {
                    vec![Case::A, Case::A0, Case::A1, Case::B, Case::C, Case::D, Case::E]
                } else {
                    cases
                };
                let functions = sides.functions(rate_factor);
                let peers = sides.peers();
                let mut contestants = vec![Contestant::Ours(functions.clone())];
                if let Some((peers, tools)) = &peers {
                    contestants.extend(peers.iter().map(|one| Contestant::Peer(one.clone(), tools.clone())));
                }
                let with_starts = cases.contains(&Case::D);
                let contest = Contest { cases, runs, size: Size(size), rates: rate_factor, contestants };
                println!("{}", contest::table(&contest.run(&tell).await));
                if with_starts {
                    let tools = peers.as_ref().map(|(_, tools)| tools);
                    println!("\n{}", starts::table(&functions, tools, runs).await);
                }
            }
            Command::Nights { sides } => {
                let (peers, tools) = sides.peers().unzip();
                let tools = tools.unwrap_or(Tools { scripts: PathBuf::new(), environment: PathBuf::new() });
                println!("{}", nights::table(&peers.unwrap_or_default(), &tools, &tell).await);
            }
            Command::Growth { svg, largest, smallest } => {
                let points = grow(smallest..=largest, counter).await;
                println!("{}", growth_table(&points));
                if let Some(file) = svg
                    && let Err(fault) = std::fs::write(&file, picture(&points))
                {
                    eprintln!("cargo benchmark: {} can't be written: {fault}", file.display());
                    return ExitCode::FAILURE;
                }
            }
        }
        ExitCode::SUCCESS
    }
}

/// All scenes in all sizes.
async fn grow(sizes: RangeInclusive<usize>, counter: PeakAlloc) -> Vec<Point> {
    let mut plays: Vec<(Scene, usize, usize)> = Vec::new();
    for size in [10, 100, 1_000, 5_000, 10_000] {
        for scene in [Scene::Quiet, Scene::Evening, Scene::Morning] {
            plays.push((scene, size, 20.min(size)));
        }
        plays.push((Scene::WakeCheck, size, 20.min(size)));
        plays.push((Scene::Describe, size, 1));
    }
    for scene in [Scene::Quiet, Scene::Evening, Scene::Morning] {
        plays.extend([(scene, 1_000, 1), (scene, 1_000, 200)]);
    }
    plays.extend([10, 100, 1_000].map(|size| (Scene::Prune, size, 1)));
    let mut points = Vec::new();
    for (scene, size, clusters) in plays {
        let weight = if scene == Scene::Prune { size * 10 } else { size };
        if !sizes.contains(&weight) {
            continue;
        }
        let point = scene.play(size, clusters, counter).await;
        tell(&format!("{point:?}"));
        points.push(point);
    }
    points
}

fn number(value: usize) -> f64 {
    f64::from(u32::try_from(value).unwrap())
}

fn growth_table(points: &[Point]) -> String {
    let seconds = |time: Duration| format!("{:.1}", time.as_secs_f64());
    let row = |point: &Point| {
        vec![
            point.scene.name().to_owned(),
            point.size.to_string(),
            point.clusters.to_string(),
            point.runs.to_string(),
            point.calls.0.to_string(),
            point.calls.1.to_string(),
            seconds(point.done.0),
            seconds(point.done.1),
            format!("{:.1}", number(point.peak) / 1e6),
            point.throttles.to_string(),
        ]
    };
    let headings =
        ["what", "size", "clusters", "runs", "calls", "least", "seconds", "least", "peak, MB", "throttled"];
    markdown(&headings, &points.iter().map(row).collect::<Vec<_>>())
}

fn picture(points: &[Point]) -> String {
    let scenes = [Scene::Quiet, Scene::Evening, Scene::WakeCheck];
    let lines = |of: fn(&Point) -> (f64, f64)| {
        let line = |scene: Scene| {
            let mut of_scene: Vec<&Point> =
                points.iter().filter(|it| it.scene == scene && it.clusters == 20.min(it.size)).collect();
            of_scene.sort_by_key(|it| it.size);
            let points = of_scene.into_iter().map(|it| (number(it.size), of(it).0, of(it).1));
            (scene.name(), points.collect())
        };
        scenes.iter().map(|scene| line(*scene)).collect()
    };
    let panels = [
        ("calls", lines(|it| (number(it.calls.0), number(it.calls.1)))),
        ("seconds", lines(|it| (it.done.0.as_secs_f64(), it.done.1.as_secs_f64()))),
        ("peak, MB", lines(|it| (number(it.peak) / 1e6, 0.0))),
    ];
    chart::svg("Calls, seconds and memory by the number of services", &panels)
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
    fn what_is_not_understood_is_refused() {
        for wrong in [
            vec!["benchmark"],
            vec!["benchmark", "run", "--case", "z"],
            vec!["benchmark", "run", "--rate-factor", "0"],
            vec!["benchmark", "run", "--peer", "somebody=/tmp"],
        ] {
            assert!(Cli::try_parse_from(&wrong).is_err(), "{wrong:?}");
        }
    }
}
