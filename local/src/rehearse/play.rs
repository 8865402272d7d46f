//! The coming days: the template's schedules fire on the functions as they are in Lambda, on a clock that is moved.

use emulator::{Aws, Seed, World};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use scale_service::Config;
use serde_json::Value;
use shared::Problem;
use shared::application_autoscaling::ScheduledAction;
use shared::env::Env;

use super::still::Still;
use crate::system::{Setup, StartFault, System};
use crate::template::TemplateSchedule;

/// The template's schedule that makes services as they are wanted.
const RECONCILE: &str = "Reconcile";
/// Those that say which services will not wake.
const CHECKS: [&str; 2] = ["WakeCheckInTheEvening", "WakeCheckBeforeTheMorning"];
/// The one that prunes.
const PRUNE: &str = "NightlyPrune";
/// Reconcile fires as often.
const TICK: SignedDuration = SignedDuration::from_mins(5);
/// So many ticks are a day.
const TICKS: u32 = 24 * 60 / 5;

/// How the days are played.
#[derive(Clone, Debug)]
pub struct Play {
    /// How many days.
    pub days: u32,
    /// The zone of the template's daily schedules: its parameter `TimeZone`.
    pub zone: TimeZone,
    /// The functions' variables.
    pub environment: Vec<(String, String)>,
    /// Whether the nightly pruning is played too.
    pub prunes: bool,
    /// Whether the ticks are fired too that can say nothing new.
    pub every_tick: bool,
}

/// What there is to hear while the days are played.
#[derive(Debug)]
pub enum Heard<'a> {
    /// It is the time of a tick, and this is what became of the world until then: with ecs-steward, and without it.
    Tick {
        /// When.
        at: Timestamp,
        /// How many ticks are over, and how many there are.
        place: (u32, u32),
        /// The world.
        world: &'a World,
        /// The world as it would be without ecs-steward.
        without: &'a World,
    },
    /// Reconcile has not fired: it would have answered as the last time.
    Same,
    /// A schedule has fired.
    Answer {
        /// When.
        at: Timestamp,
        /// The schedule's name in the template.
        schedule: &'a str,
        /// What its function answered.
        answer: &'a Result<Value, Problem>,
        /// The calls that it made.
        calls: Calls,
    },
}

/// How many calls AWS got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Those that look.
    pub reads: usize,
    /// Those that change something.
    pub writes: usize,
    /// Those that AWS throttled.
    pub throttled: usize,
}

/// Why the days could not be played.
#[derive(Debug, thiserror::Error)]
pub enum PlayFault {
    /// No runtime.
    #[error("the rehearsal did not start: {0}")]
    Runtime(#[from] std::io::Error),
    /// No system.
    #[error(transparent)]
    Start(#[from] StartFault),
    /// The template has no such schedule, or it can't be read.
    #[error("template.yaml: {0}")]
    Template(String),
}

/// Plays the days on a runtime of its own, whose clock stands still: what waits costs nothing.
pub fn on_a_paused_clock(
    seed: &Seed,
    world: World,
    play: &Play,
    hear: impl FnMut(Heard<'_>),
) -> Result<(), PlayFault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
    runtime.block_on(on(seed, world, play, hear))
}

async fn on(
    seed: &Seed,
    world: World,
    play: &Play,
    mut hear: impl FnMut(Heard<'_>),
) -> Result<(), PlayFault> {
    let config = Config::read(Env::new(play.environment.clone())).map_err(StartFault::Env)?;
    let mut still = Still::new(config, seed);
    let mut without = world.clone();
    let aws = Aws::new(world);
    let setup = Setup::embedded(&aws).with_all(play.environment.iter().cloned());
    let system = Box::pin(System::start(setup)).await?;
    let schedules = Schedules::of(&system, play)?;
    let ticks = play.days * TICKS;
    let first = next_mark(aws.now());
    let mut before = first - TICK;
    for tick in 0..=ticks {
        let at =
            first.saturating_add(TICK * i32::try_from(tick).unwrap_or(i32::MAX)).unwrap_or(Timestamp::MAX);
        for (due, schedule) in schedules.due(before, at) {
            aws.move_to(due);
            if schedule.name == RECONCILE {
                without.advance_to(due);
                aws.with(|world| hear(Heard::Tick { at, place: (tick, ticks), world, without: &without }));
                if tick == ticks {
                    return Ok(());
                }
                if !play.every_tick && still.is_at(due) {
                    hear(Heard::Same);
                    continue;
                }
            }
            let arn = format!(
                "arn:aws:scheduler:{}:000000000000:schedule/default/{}",
                system.region(),
                schedule.name
            );
            let event = schedule.event(due, &arn).map_err(PlayFault::Template)?;
            let answer = Box::pin(system.invoke(&schedule.function, event)).await;
            let calls = Calls::of(&aws);
            aws.forget();
            if schedule.name == RECONCILE {
                let said = answer.as_ref().map_or_else(ToString::to_string, ToString::to_string);
                aws.with(|world| still.answered(due, said, calls.writes > 0, world));
            }
            hear(Heard::Answer { at: due, schedule: &schedule.name, answer: &answer, calls });
        }
        before = at;
    }
    Ok(())
}

/// The first five-minute mark that is not over.
fn next_mark(now: Timestamp) -> Timestamp {
    let tick = TICK.as_secs();
    let over = now.as_second().rem_euclid(tick);
    let to_go = if over == 0 && now.subsec_nanosecond() == 0 { 0 } else { tick - over };
    Timestamp::from_second(now.as_second() + to_go).unwrap_or(now)
}

/// The template's schedules that are played.
struct Schedules<'t> {
    reconcile: &'t TemplateSchedule,
    /// Each with what says when it fires.
    daily: Vec<(&'t TemplateSchedule, ScheduledAction)>,
}

impl<'t> Schedules<'t> {
    fn of(system: &'t System, play: &Play) -> Result<Self, PlayFault> {
        let of = |name: &str| {
            let found = system.template().schedules.iter().find(|it| it.name == name);
            found.ok_or_else(|| PlayFault::Template(format!("it has no schedule {name}")))
        };
        let names = CHECKS.into_iter().chain(play.prunes.then_some(PRUNE));
        let zone = play.zone.iana_name().map(str::to_owned);
        let timed = |schedule: &'t TemplateSchedule| {
            let when = ScheduledAction {
                schedule: schedule.expression.clone(),
                timezone: zone.clone(),
                ..ScheduledAction::default()
            };
            (schedule, when)
        };
        let daily = names.map(|name| of(name).map(timed)).collect::<Result<_, _>>()?;
        Ok(Self { reconcile: of(RECONCILE)?, daily })
    }

    /// What fires after one tick and up to the next, in order; at the same instant reconcile goes first.
    fn due(&self, after: Timestamp, until: Timestamp) -> Vec<(Timestamp, &'t TemplateSchedule)> {
        let daily =
            self.daily.iter().filter_map(|(schedule, when)| Some((when.last_due(after, until)?, *schedule)));
        let mut due: Vec<_> = daily.chain([(until, self.reconcile)]).collect();
        due.sort_by_key(|(at, schedule)| (*at, schedule.name != RECONCILE));
        due
    }
}

impl Calls {
    fn of(aws: &Aws) -> Self {
        let ledger = aws.ledger();
        let writes = ledger.iter().filter(|call| call.write).count();
        let throttled =
            ledger.iter().filter(|call| call.outcome.as_ref().is_err_and(|code| code.starts_with("Throttl")));
        Self { reads: ledger.len() - writes, writes, throttled: throttled.count() }
    }
}

impl std::ops::AddAssign for Calls {
    fn add_assign(&mut self, more: Self) {
        self.reads += more.reads;
        self.writes += more.writes;
        self.throttled += more.throttled;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tick_is_the_next_mark_of_the_clock() {
        let mark = |now: &str| next_mark(now.parse().unwrap()).to_string();
        assert_eq!(mark("2026-11-24T12:00:00Z"), "2026-11-24T12:00:00Z");
        assert_eq!(mark("2026-11-24T12:00:00.2Z"), "2026-11-24T12:05:00Z");
        assert_eq!(mark("2026-11-24T12:04:59Z"), "2026-11-24T12:05:00Z");
    }
}
