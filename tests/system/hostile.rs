//! A hostile AWS: every action of every function, with every kind of fault on each operation that it makes.
//!
//! Its rooms: [`actions`] are the rows of the table, [`kinds`] its columns, [`laws`] what holds after each run.

mod actions;
mod kinds;
mod laws;
mod runs;
mod worlds;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use emulator::{Aws, Faults};

use crate::hostile::actions::{Action, Kind, actions, known};
use crate::hostile::kinds::{Case, How, KINDS, LATENCY, cases};
use crate::hostile::laws::{Clean, View};
use crate::hostile::runs::{Carrier, Conditions, Told, run};
use crate::hostile::worlds::{Worlds, cold, reconcile, view};

/// One of so many runs of a cell is made in the gate, and of each cell one at the least; in a row of dry runs, and in one
/// that only reads, of every third cell.
const ONE_OF: usize = 200;
/// Which ones: another seed, others.
const SEED: u64 = 1;

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_each_item_has_one_outcome_and_the_next_run_ends_the_same() {
    Box::pin(table(ONE_OF)).await;
}

#[tokio::test(start_paused = true)]
#[ignore = "all of it takes hours"]
async fn whatever_goes_wrong_at_any_call_each_item_has_one_outcome_and_the_next_run_ends_the_same() {
    Box::pin(table(1)).await;
}

/// Makes one of so many runs, and prints the table.
async fn table(one_of: usize) {
    let worlds = Worlds::live().await;
    let actions = actions(&worlds).await;
    let tried: BTreeSet<&str> = actions.iter().filter_map(|action| action.event["action"].as_str()).collect();
    assert_eq!(tried, known(), "every action has its row");
    let mut table = Table::default();
    let mut random = fastrand::Rng::with_seed(SEED);
    for action in &actions {
        Box::pin(table.row(action, false, one_of, &mut random)).await;
        if let Some(dry) = action.dry() {
            Box::pin(table.row(&dry, true, one_of, &mut random)).await;
        }
    }
    println!("{table}");
    assert!(table.broken.is_empty(), "{} runs broke a law:\n{}", table.broken.len(), table.broken.join("\n"));
}

#[derive(Default)]
struct Table {
    /// The rows, in their order, and how many runs of each kind were made.
    rows: Vec<(String, BTreeMap<&'static str, usize>)>,
    broken: Vec<String>,
}

/// Says which run it was, should the product panic in it.
struct Named(String);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("a panic in {}", self.0);
        }
    }
}

impl Table {
    async fn row(&mut self, action: &Action, dry: bool, one_of: usize, random: &mut fastrand::Rng) {
        let name = if dry { format!("{}, dry run", action.name) } else { action.name.to_owned() };
        let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
        let mut all = Vec::new();
        for carrier in [Carrier::Event, Carrier::Rest] {
            if carrier == Carrier::Rest && action.rest.is_none() {
                continue;
            }
            let named = Named(format!("{name} ({carrier:?}), without a fault"));
            let (clean, ledger) = clean(action, carrier, dry).await;
            assert!(clean.told.is_success(), "{}: {}", named.0, clean.told.body);
            let takes = duration(action, carrier).await;
            let clean = Rc::new(clean);
            all.extend(cases(action, &ledger, takes, dry).into_iter().map(|case| (Rc::clone(&clean), case)));
        }
        let spare = one_of > 1 && (dry || action.kind == Kind::Read);
        let picked = picked(all.iter().map(|(_, case)| case.kind), one_of, spare, random);
        for ((clean, case), _) in all.into_iter().zip(picked).filter(|(_, picked)| *picked) {
            *counts.entry(case.kind).or_default() += 1;
            let what = format!("{name} ({:?}): {}: {}", clean.told.carrier, case.kind, case.what);
            let named = Named(what);
            if let Some(broken) = Box::pin(try_out(action, dry, case, &clean)).await {
                self.broken.push(format!("{}: {broken}", named.0));
            }
        }
        self.rows.push((name, counts));
    }
}

/// Which of the runs are made: of each kind one of so many, at least one; where they are to be spared, of one kind in
/// three.
fn picked<'k>(
    kinds: impl Iterator<Item = &'k str>,
    one_of: usize,
    spare: bool,
    random: &mut fastrand::Rng,
) -> Vec<bool> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut picked = Vec::new();
    for (place, kind) in kinds.enumerate() {
        places.entry(kind).or_default().push(place);
        picked.push(false);
    }
    for places in places.values_mut() {
        if spare && random.u8(..3) > 0 {
            continue;
        }
        random.shuffle(places);
        for place in places.iter().take(places.len().div_ceil(one_of)) {
            picked[*place] = true;
        }
    }
    picked
}

/// How long an action takes where calls take a while.
async fn duration(action: &Action, carrier: Carrier) -> Duration {
    let aws = Aws::new(action.world.clone());
    aws.latency(Some(LATENCY));
    run(&aws, action, carrier, Conditions::default()).await.took
}

async fn clean(action: &Action, carrier: Carrier, dry: bool) -> (Clean, Vec<emulator::Call>) {
    let aws = Aws::new(action.world.clone());
    let told = run(&aws, action, carrier, Conditions::default()).await;
    let (ledger, then) = (aws.ledger(), view(&aws));
    let mut ends = vec![if dry { then.clone() } else { end(&aws, action, carrier).await.1 }];
    if let Some(against) = &action.against {
        for first in [false, true] {
            let aws = Aws::new(action.world.clone());
            if first {
                run(&aws, action, carrier, Conditions::default()).await;
            }
            cold(&aws).await.invoke(action.function, against.clone()).await.unwrap();
            ends.push(end(&aws, action, carrier).await.1);
        }
    }
    (Clean { told, then, ends }, ledger)
}

/// Sent once more where that is the same, and some ticks later.
async fn end(aws: &Aws, action: &Action, carrier: Carrier) -> (Option<Told>, View) {
    aws.faults(Faults::new());
    aws.latency(None);
    let mut again = None;
    if action.changes() && action.repeats() {
        again = Some(run(aws, action, carrier, Conditions::default()).await);
    }
    for _ in 0..action.ticks {
        reconcile(aws, true).await;
    }
    (again, view(aws))
}

/// One run with a fault; the law that it broke, if it did.
async fn try_out(action: &Action, dry: bool, case: Case, clean: &Clean) -> Option<String> {
    let carrier = clean.told.carrier;
    let aws = Aws::new(action.world.clone());
    let before = view(&aws);
    let mut all = Vec::new();
    let mut conditions = Conditions::default();
    // Whether what it says can be held against a run that was alone in a world without a fault.
    let mut alone = true;
    let mut without = None;
    let may_be_second = matches!(case.how, How::Against(_));
    match case.how {
        How::Script { script, without: victim } => {
            // What is listed and not found was deleted in between.
            alone = victim.is_none() && !["old reads", "failures[]"].contains(&case.kind);
            without = victim.map(|victim| victim.touches);
            aws.faults(script);
            all.push(run(&aws, action, carrier, conditions).await);
        }
        How::Again(script) => {
            alone = false;
            all.push(run(&aws, action, carrier, conditions).await);
            aws.faults(script);
            all.push(run(&aws, action, carrier, conditions).await);
        }
        How::Ahead(ahead) => {
            alone = false;
            conditions.ahead = ahead;
            all.push(run(&aws, action, carrier, conditions).await);
        }
        How::Deadline(deadline) => {
            conditions.deadline = Some(deadline);
            aws.latency(Some(LATENCY));
            all.push(run(&aws, action, carrier, conditions).await);
        }
        How::Twins(seed) => {
            alone = false;
            slow(&aws, seed);
            let twin = || run(&aws, action, carrier, Conditions::default());
            let (one, two) = tokio::join!(twin(), twin());
            all.extend([one, two]);
        }
        How::Against(seed) => {
            alone = false;
            slow(&aws, seed);
            let against = cold(&aws).await;
            let other = against.invoke(action.function, action.against.clone().unwrap());
            // What becomes of the other is no matter here: the last word is ours.
            let (one, _) = tokio::join!(run(&aws, action, carrier, conditions), other);
            all.push(one);
        }
        How::Killed(k, moment) => {
            let killed = aws.kill_at(k, moment);
            tokio::select! {
                biased;
                () = killed.wait() => {}
                told = run(&aws, action, carrier, conditions) => all.push(told),
            }
        }
    }
    let (ledger, then) = (aws.ledger(), view(&aws));
    let calm =
        all.iter().find_map(|told| laws::adds_up(told).or_else(|| laws::in_time(told, conditions.deadline)));
    if calm.is_some() {
        return calm;
    }
    if dry || action.kind == Kind::Read {
        let held =
            laws::changed_nothing(&ledger).or_else(|| laws::difference(&then, &before, without.as_deref()));
        let tells = |told: &Told| laws::tells_what_it_did_not_read(told, &clean.told);
        // To prune-images what is gone between a list and its description needs nothing.
        let shows = action.function == "describe-cluster";
        let is_told = action.kind == Kind::Read && (alone || (case.kind == "failures[]" && shows));
        return held.or_else(|| all.iter().filter(|_| is_told).find_map(tells));
    }
    let runs_once = all.len() == 1;
    let broken = laws::nothing_twice(&ledger)
        .filter(|_| runs_once)
        .or_else(|| laws::keeps_what_is_in_use(&then))
        .or_else(|| all.iter().filter(|_| alone).find_map(|told| laws::did_what_it_says(told, clean, &then)));
    if broken.is_some() {
        return broken;
    }
    // A run that died has told nobody; without a key no other goes on where it ended.
    if action.kind == (Kind::Run { keyed: false }) {
        return (!all.is_empty())
            .then(|| laws::tasks_are_told(action, &all.iter().collect::<Vec<_>>(), &aws))
            .flatten();
    }
    ends_well(action, &aws, clean, without.as_deref(), may_be_second).await
}

/// The law that is broken once it was sent again without a fault. `without` is what somebody deleted meanwhile.
async fn ends_well(
    action: &Action,
    aws: &Aws,
    clean: &Clean,
    without: Option<&str>,
    may_be_second: bool,
) -> Option<String> {
    aws.forget();
    let (again, end) = end(aws, action, clean.told.carrier).await;
    let again = again?;
    let held = laws::adds_up(&again)
        .or_else(|| laws::keeps_what_is_in_use(&end))
        .or_else(|| laws::tasks_are_told(action, &[&again], aws).filter(|_| without.is_none()))
        .or_else(|| {
            let refused = !again.is_success() && without.is_none() && !is_ahead(&again);
            refused.then(|| format!("again it is refused: {}", again.body))
        });
    if held.is_some() || matches!(action.kind, Kind::Run { .. }) || is_ahead(&again) {
        return held;
    }
    // Whoever came against it may have been first.
    let ends = if may_be_second { clean.ends.as_slice() } else { &clean.ends[..1] };
    let mut differences = ends.iter().map(|ought| laws::difference(&end, ought, without));
    let differs = differences.next().flatten().filter(|_| differences.all(|other| other.is_some()));
    differs.map(|differs| format!("it ends otherwise: {differs}"))
}

/// By a clock that was ahead, an override begins in what is the future to others.
fn is_ahead(again: &Told) -> bool {
    again.body["code"] == "overrideAhead"
}

fn slow(aws: &Aws, seed: u64) {
    aws.latency(Some(Duration::from_millis(20 + 30 * seed)));
    aws.jitter(1.0);
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let widest = self.rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let line = |f: &mut std::fmt::Formatter<'_>, name: &str, cells: Vec<String>| {
            write!(f, "{name:widest$}")?;
            for (kind, cell) in KINDS.iter().zip(cells) {
                write!(f, "  {cell:>width$}", width = kind.len().max(5))?;
            }
            writeln!(f)
        };
        line(f, "", KINDS.iter().map(|kind| (*kind).to_owned()).collect())?;
        let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, counts) in &self.rows {
            let cell = |kind: &&str| counts.get(kind).map_or_else(|| "·".to_owned(), usize::to_string);
            line(f, name, KINDS.iter().map(cell).collect())?;
            for (kind, count) in counts {
                *sums.entry(kind).or_default() += count;
            }
        }
        let all: usize = sums.values().sum();
        line(
            f,
            "all",
            KINDS.iter().map(|kind| sums.get(kind).copied().unwrap_or_default().to_string()).collect(),
        )?;
        write!(f, "{all} runs with a fault, {} of them broke a law; seed {SEED}", self.broken.len())
    }
}
