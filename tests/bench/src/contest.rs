//! Ours and the others at the same work, each on an embedded AWS of its own over HTTP.

use std::time::Duration;

use emulator::{Aws, Buckets, World};
use futures_util::future::join_all;
use harness::binary::{aws_url, machine_now};

use crate::case::{Bound, Case, Size, Work};
use crate::figures::Figures;
use crate::ours::Functions;
use crate::peers::{Peer, Tools};
use crate::table::markdown;
use crate::worlds;

/// How long each call takes.
pub const LATENCY: Duration = Duration::from_millis(20);

/// Who takes part.
#[derive(Clone, Debug)]
pub enum Contestant {
    /// The functions.
    Ours(Functions),
    /// Somebody else.
    Peer(Peer, Tools),
}

/// What is run, and how often.
#[derive(Clone, Debug)]
pub struct Contest {
    /// Which cases.
    pub cases: Vec<Case>,
    /// How often ours runs, and in all cases but a, a0 and a1 the others too; there they run once.
    pub runs: usize,
    /// How large.
    pub size: Size,
    /// How many times the published rates.
    pub rates: f64,
    /// Who takes part.
    pub contestants: Vec<Contestant>,
}

/// One line of the result.
#[derive(Clone, Debug)]
pub struct Line {
    /// Which case.
    pub case: Case,
    /// Who, and in what size if it is another.
    pub who: String,
    /// The least that it takes.
    pub bound: Bound,
    /// Each run of it.
    pub runs: Vec<Figures>,
}

impl Contestant {
    fn name(&self) -> &'static str {
        match self {
            Self::Ours(_) => "ecs-steward",
            Self::Peer(peer, _) => peer.name,
        }
    }

    fn does(&self, work: Work) -> bool {
        match self {
            Self::Ours(_) => true,
            Self::Peer(peer, _) => peer.does.contains(&work),
        }
    }

    fn size(&self, size: Size) -> Size {
        match self {
            Self::Peer(peer, _) => Size((size.0 * peer.percent / 100).max(1)),
            Self::Ours(_) => size,
        }
    }

    fn label(&self, size: Size) -> String {
        let own = self.size(size);
        if own.0 == size.0 {
            return self.name().to_owned();
        }
        format!("{} ({} services)", self.name(), own.services())
    }

    async fn work(&self, work: Work, size: Size, aws: &Aws, url: &str) -> Figures {
        aws.forget();
        let began = aws.now();
        let (wall, used) = match self {
            Self::Ours(functions) => functions.work(work, size, aws).await,
            Self::Peer(peer, tools) => tools.work(peer, work, url).await,
        };
        Figures { wall, used, ..Figures::of(aws, began) }
    }
}

/// The evening, the same again and the morning are one chain on one world.
const CHAIN: [(Case, Work); 3] = [(Case::A, Work::Stop), (Case::A0, Work::Stop), (Case::A1, Work::Start)];

impl Contest {
    /// Runs all of it; `tell` hears of each run.
    pub async fn run(&self, tell: &(impl Fn(&str) + Sync)) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        for run in 0..self.runs {
            let last = CHAIN.iter().rposition(|(case, _)| self.cases.contains(case));
            if let Some(last) = last {
                // They wait for AWS's rates, and stand side by side.
                let all =
                    self.contestants.iter().filter(|one| run == 0 || matches!(one, Contestant::Ours(_)));
                let chains = all.filter(|one| one.does(Work::Stop)).map(|one| self.chain(one, last, tell));
                for (case, who, bound, figures) in join_all(chains).await.into_iter().flatten() {
                    note(&mut lines, case, &who, bound, figures);
                }
            }
            for (case, work) in
                [(Case::B, Work::Describe), (Case::C, Work::Prune), (Case::E, Work::WakeCheck)]
            {
                if !self.cases.contains(&case) {
                    continue;
                }
                for one in self.contestants.iter().filter(|one| one.does(work)) {
                    let figures = self.alone(one, case, work).await;
                    tell(&format!("{} {}: {:.1?}", case.letter(), one.name(), figures.wall));
                    let bound = case.bound(one.size(self.size), self.rates);
                    note(&mut lines, case, &one.label(self.size), bound, figures);
                }
            }
        }
        lines.sort_by_key(|line| line.case);
        lines
    }

    async fn serve(&self, world: World) -> (Aws, String) {
        let aws = Aws::new(world);
        aws.latency(Some(LATENCY));
        self.fill(&aws);
        let url = aws_url(aws.clone()).await;
        (aws, url)
    }

    fn fill(&self, aws: &Aws) {
        aws.buckets(Buckets::published().scaled(self.rates));
    }

    async fn chain(
        &self,
        one: &Contestant,
        last: usize,
        tell: &(impl Fn(&str) + Sync),
    ) -> Vec<(Case, String, Bound, Figures)> {
        let mut all = Vec::new();
        let size = one.size(self.size);
        let fleet = size.fleet();
        let (aws, url) = self.serve(fleet.world(machine_now(), None)).await;
        for (case, work) in CHAIN.iter().copied().take(last + 1) {
            let mut figures = one.work(work, size, &aws, &url).await;
            tell(&format!("{} {}: {:.1?}", case.letter(), one.name(), figures.wall));
            aws.advance(Duration::from_mins(10));
            self.fill(&aws);
            figures.wrong = aws.with(|world| match work {
                Work::Start => fleet.not_as_they_were(world),
                _ => fleet.not_off(world),
            });
            if self.cases.contains(&case) {
                all.push((case, one.label(self.size), case.bound(size, self.rates), figures));
            }
        }
        all
    }

    async fn alone(&self, one: &Contestant, case: Case, work: Work) -> Figures {
        let (now, size) = (machine_now(), one.size(self.size));
        let (repositories, images) = (size.repositories(), size.images());
        let world = match case {
            Case::B => worlds::one_cluster(now, size.services()),
            Case::C => worlds::registry(now, repositories, images),
            _ => worlds::adopted(worlds::sleepers(now, size.services(), repositories)).await,
        };
        let (aws, url) = self.serve(world).await;
        let mut figures = one.work(work, size, &aws, &url).await;
        if case == Case::C {
            figures.wrong = aws.with(|world| worlds::without_their_image(world, repositories, images));
        }
        figures
    }
}

fn note(lines: &mut Vec<Line>, case: Case, who: &str, bound: Bound, figures: Figures) {
    match lines.iter_mut().find(|line| line.case == case && line.who == who) {
        Some(line) => line.runs.push(figures),
        None => lines.push(Line { case, who: who.to_owned(), bound, runs: vec![figures] }),
    }
}

/// The lines as a table: of each the median of its runs.
#[must_use]
pub fn table(lines: &[Line]) -> String {
    let ours = |case: Case| {
        let line = lines.iter().find(|line| line.case == case && line.who == "ecs-steward");
        line.map(|line| Figures::median(&line.runs).wall.as_secs_f64())
    };
    let row = |line: &Line| {
        let figures = Figures::median(&line.runs);
        let wall = figures.wall.as_secs_f64();
        let per = |part: f64, whole: f64| {
            if whole > 0.0 { format!("{:.3}", part / whole) } else { "–".to_owned() }
        };
        let last = figures.last_change.filter(|_| line.case <= Case::A1);
        vec![
            line.case.letter(),
            line.who.clone(),
            line.runs.len().to_string(),
            line.bound
                .calls
                .map_or_else(|| figures.calls.to_string(), |least| format!("{} ({least})", figures.calls)),
            figures.writes.to_string(),
            figures.throttles.to_string(),
            figures.wrong.to_string(),
            last.map_or_else(|| "–".into(), |last| format!("{:.1}", last.as_secs_f64())),
            last.map_or_else(|| "–".into(), |last| per(last.as_secs_f64(), line.bound.done.as_secs_f64())),
            format!("{wall:.2}"),
            per(wall, line.bound.recorded.as_secs_f64()),
            ours(line.case).map_or_else(|| "–".into(), |ours| format!("{:.2}", wall / ours)),
            format!("{:.1}", f64::from(u32::try_from(figures.used.peak_kib).unwrap()) / 1024.0),
            format!("{:.1}", figures.used.cpu),
        ]
    };
    let headings = [
        "case",
        "who",
        "runs",
        "calls (least)",
        "writes",
        "throttled",
        "wrong",
        "last change, s",
        "/ bound",
        "wall, s",
        "/ bound",
        "× ours",
        "peak, MiB",
        "CPU, s",
    ];
    markdown(&headings, &lines.iter().map(row).collect::<Vec<_>>())
}
