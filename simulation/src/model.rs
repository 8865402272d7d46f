//! What ought to become of a service at a tick, reckoned from what happened to it rather than from
//! its tags: the memory here is the model's own, and is only compared with the record.

use crate::calendar::{Plan, repeated};

const HOUR: i64 = 3600;
/// The greatest count that a start sets: the environment's `MAX_DESIRED`.
pub(crate) const MAX_DESIRED: i64 = 7;
const STAYS: &str = "what people did stays";
/// A lost record, or one that was never on.
pub(crate) const ADOPTED_WITHOUT_SIZE: &str = "adoption without a size";
/// What differs is made as it is wanted.
pub(crate) const ENFORCE: &str = "enforce";
/// The end of a start.
pub(crate) const WHOLE: &str = "what starts is whole";
const NOT_SCHEDULED: &str = "not scheduled";
/// The rules by which nothing is left to do.
pub(crate) const SETTLED: [&str; 2] = [STAYS, NOT_SCHEDULED];

/// A scalable target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) min: i64,
    pub(crate) max: i64,
    pub(crate) flags: [bool; 3],
}

/// A service as AWS has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) count: i64,
    pub(crate) target: Option<Target>,
}

/// A size: what it had while it was on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) count: Option<i64>,
    pub(crate) scaling: Option<(i64, [bool; 3])>,
}

/// Why something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// It was only looked at.
    Adoption,
    Lease,
    Plan,
}

/// What was last done, and the size to come back to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "what is remembered, fact by fact")]
pub(crate) struct Memory {
    pub(crate) on: bool,
    /// A stop that was begun, and waits for tasks.
    pub(crate) begun: bool,
    /// Started, and not yet seen whole.
    pub(crate) starting: bool,
    /// The instant that it was done for.
    pub(crate) at: i64,
    /// That instant lies between two seconds, and `at` is the later one.
    pub(crate) rounded: bool,
    pub(crate) by: By,
    /// The plan then in force.
    pub(crate) plan: Option<usize>,
    pub(crate) size: Size,
    /// How many tasks a stop left, at the most.
    pub(crate) night: i64,
}

/// Which half of a schedule acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Half {
    #[default]
    Both,
    StopOnly,
    StartOnly,
}

impl Half {
    /// The tag's text, if it is there.
    pub(crate) fn text(self) -> Option<&'static str> {
        match self {
            Self::Both => None,
            Self::StopOnly => Some("stop-only"),
            Self::StartOnly => Some("start-only"),
        }
    }
}

/// What an override wants, and a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    On,
    Off,
    Hold,
}

/// An override, live or over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) want: Want,
    pub(crate) from: i64,
    pub(crate) until: i64,
}

impl Lease {
    pub(crate) fn is_live(&self, now: i64) -> bool {
        self.from <= now && now < self.until
    }

    fn ended(&self, now: i64) -> Option<i64> {
        (self.want != Want::Hold && self.until <= now).then_some(self.until)
    }
}

/// What is wanted, since when, and whether an override says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) want: Want,
    pub(crate) since: Option<i64>,
    pub(crate) leased: bool,
}

/// What is wanted of a service with these overrides and this plan.
pub(crate) fn wanted(
    own: Option<Lease>,
    clusters: Option<Lease>,
    plan: Option<&Plan>,
    now: i64,
) -> Option<Wanted> {
    let clusters = clusters.filter(|it| plan.is_some() || it.want == Want::Hold);
    if let Some(own) = own.filter(|it| it.is_live(now)) {
        return Some(Wanted { want: own.want, since: Some(own.from), leased: true });
    }
    let own_end = own.and_then(|it| it.ended(now));
    if let Some(it) = clusters.filter(|it| it.is_live(now)) {
        return Some(Wanted { want: it.want, since: own_end.max(Some(it.from)), leased: true });
    }
    let position = plan?.at(now);
    let ends = own_end.max(clusters.and_then(|it| it.ended(now)));
    let since = position.since.max(repeated(position, now)).max(ends);
    Some(Wanted { want: if position.on { Want::On } else { Want::Off }, since, leased: false })
}

/// All that the model looks at.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what is seen, fact by fact")]
pub(crate) struct Facts<'a> {
    pub(crate) memory: Option<&'a Memory>,
    /// Somebody made nonsense of its record.
    pub(crate) garbled: bool,
    /// The count that a tag says, for where nothing else does.
    pub(crate) tagged: Option<i64>,
    pub(crate) live: Live,
    pub(crate) deploying: bool,
    /// All of it runs.
    pub(crate) whole: bool,
    /// Autoscaling may take it up from 0 and down to it: services, not machines.
    pub(crate) elastic: bool,
    /// The min that its scheduled action would have set, had it not slept.
    pub(crate) missed: Option<i64>,
    /// `Err`: the schedule's text is none.
    pub(crate) plan: Result<Option<usize>, ()>,
    pub(crate) wanted: Option<Wanted>,
    pub(crate) enforce: bool,
    pub(crate) half: Half,
    /// How many tasks it keeps while it is off.
    pub(crate) night: i64,
    pub(crate) now: i64,
}

/// What ought to be after the tick, and by which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) rule: &'static str,
    pub(crate) live: Live,
    pub(crate) memory: Option<Memory>,
    /// Its t is the run's own instant.
    pub(crate) at_now: bool,
}

impl Facts<'_> {
    /// What ought to be after the tick.
    pub(crate) fn expected(&self) -> Expected {
        let (Ok(plan), wanted) = (self.plan, self.wanted) else { return self.same("unreadable") };
        if wanted.is_some_and(|it| it.want == Want::Hold) {
            return self.same("held");
        }
        if self.garbled {
            return self.same("a record that can't be read");
        }
        let begun = self.memory.filter(|memory| memory.begun && !self.is_taken_back(plan, wanted));
        if let Some(begun) = begun {
            let memory = Some(Memory { begun: false, night: self.night, ..begun.clone() });
            let live = self.laid_down();
            return Expected { rule: "a stop that was begun", live, memory, at_now: false };
        }
        if let Some(starting) = self.memory.filter(|memory| memory.starting)
            && !wanted.is_some_and(|it| it.want == Want::Off && self.is_newer(it))
        {
            // Two hours since the second in which it was started.
            let second = starting.at - i64::from(starting.rounded);
            if !self.whole && self.now - second < 2 * HOUR {
                return self.same("waking");
            }
            return self.up(starting);
        }
        let Some(wanted) = wanted else {
            return match self.memory {
                Some(memory) if !memory.on && memory.by != By::Adoption => {
                    Expected { at_now: true, ..self.start("no longer scheduled", By::Plan, self.now, false) }
                }
                _ => self.same(NOT_SCHEDULED),
            };
        };
        let planless = self.memory.is_none_or(|memory| memory.plan.is_none());
        if plan.is_some() && planless && !wanted.leased {
            return self.adopted(plan, self.now);
        }
        if !wanted.leased && self.is_without_size() {
            let newer = wanted.since.filter(|since| self.memory.is_none_or(|m| *since > m.at));
            let Some(since) = newer else { return self.same(STAYS) };
            let memory = self.memory.cloned().map(|memory| Memory { at: since, ..memory });
            return Expected { rule: "a transition without a size", live: self.live, memory, at_now: false };
        }
        if let Some(since) = wanted.since.filter(|_| self.is_newer(wanted)) {
            if !self.is_already(wanted.want) {
                return self.made("a transition", wanted, since);
            }
            // An override found it so before its schedule was ever adopted.
            if planless && plan.is_some() {
                return self.adopted(plan, since);
            }
            let memory = self.memory.cloned().map(|memory| Memory { at: since, ..memory });
            return Expected {
                rule: "a transition that finds it so",
                live: self.live,
                memory,
                at_now: false,
            };
        }
        let edited = self.memory.is_some_and(|m| m.plan != plan && m.on != (wanted.want == Want::On));
        if edited {
            return Expected { at_now: true, ..self.made("an edited schedule", wanted, self.now) };
        }
        let other_night = self.memory.is_some_and(|m| !m.on && m.night != self.night);
        if other_night && wanted.want == Want::Off {
            return Expected { at_now: true, ..self.made("an edited night size", wanted, self.now) };
        }
        let left = self.memory.is_some_and(|m| m.by == By::Lease && m.on != (wanted.want == Want::On));
        if left {
            return Expected { at_now: true, ..self.made("an override that is gone", wanted, self.now) };
        }
        let differs = match wanted.want {
            Want::On => !self.is_already(Want::On),
            Want::Off => self.live.count > self.night || !self.asleep(),
            Want::Hold => false,
        };
        if self.enforce && differs {
            return Expected { at_now: true, ..self.made(ENFORCE, wanted, self.now) };
        }
        self.same(STAYS)
    }

    /// By a newer transition, or by another schedule.
    fn is_taken_back(&self, plan: Option<usize>, wanted: Option<Wanted>) -> bool {
        let on = wanted.filter(|it| it.want == Want::On);
        let over = |memory: &Memory| {
            on.is_some_and(|it| self.is_newer(it) || memory.plan != plan || memory.by == By::Lease)
        };
        self.memory.is_some_and(over)
    }

    /// It is wanted since a later instant than what was last done. Of two with one instant the one that was
    /// asked for later wins: an override that is not yet done.
    fn is_newer(&self, wanted: Wanted) -> bool {
        self.memory.is_none_or(|memory| {
            let contradicts = wanted.leased && memory.on != (wanted.want == Want::On);
            wanted.since > Some(memory.at) || (contradicts && wanted.since == Some(memory.at))
        })
    }

    fn same(&self, rule: &'static str) -> Expected {
        Expected { rule, live: self.live, memory: self.memory.cloned(), at_now: false }
    }

    fn asleep(&self) -> bool {
        self.live.target.is_none_or(|t| t.min <= self.night && t.flags == [true; 3])
    }

    /// It has no more than a stop leaves, and nothing can raise it.
    fn is_at_rest(&self) -> bool {
        self.live.count == 0 || (self.live.count <= self.night && self.asleep())
    }

    /// The same, as only a stop leaves what has a target.
    fn is_down(&self) -> bool {
        self.live.count == 0 || (self.live.target.is_some() && self.is_at_rest())
    }

    /// As a stop leaves it. AWS moves the count below the max.
    fn laid_down(&self) -> Live {
        let target = self.live.target.map(|t| Target {
            min: t.min.min(self.night).min(self.live.count),
            flags: [true; 3],
            ..t
        });
        let most = target.map_or(i64::MAX, |target| target.max);
        Live { count: self.live.count.min(self.night).min(most), target }
    }

    fn is_on(&self) -> bool {
        self.memory.is_none_or(|memory| memory.on)
    }

    fn is_already(&self, want: Want) -> bool {
        match want {
            Want::On => self.is_on() && (self.live.count > 0 || self.is_idle()),
            Want::Off => !self.is_on() && self.live.count <= self.night && self.asleep(),
            Want::Hold => true,
        }
    }

    fn scaling(&self) -> Option<(i64, [bool; 3])> {
        self.live.target.map(|t| (t.min, t.flags))
    }

    /// Nothing where it sleeps: that may be our own doing.
    fn awake(&self) -> Option<(i64, [bool; 3])> {
        self.scaling().filter(|_| !self.asleep())
    }

    /// A queue's worker with nothing to do.
    fn is_idle(&self) -> bool {
        self.elastic && self.live.count == 0 && self.awake().is_some_and(|(min, _)| min == 0)
    }

    fn is_without_size(&self) -> bool {
        let unsaid = self.memory.is_some_and(|it| it.on && !it.starting && it.size.count.is_none());
        unsaid && self.tagged.is_none() && self.is_at_rest() && !self.is_idle()
    }

    /// The end of a start: what slept until it was whole wakes, unless somebody was there.
    fn up(&self, starting: &Memory) -> Expected {
        let target = self.live.target.map(|live| match starting.size.scaling {
            Some((min, flags)) if self.asleep() => {
                // A stop raises no min, so one above what it was is somebody's.
                Self::bounded_by(live, min, flags, min.min(self.night))
            }
            Some((_, flags)) if live.flags == [true, flags[1], flags[2]] => Target { flags, ..live },
            _ => live,
        });
        let count = match target {
            Some(t) if self.elastic && self.live.target != Some(t) => self.live.count.min(t.max).max(t.min),
            _ => self.live.count,
        };
        let target = if self.elastic {
            target
        } else {
            self.live.target.zip(target).map(|(live, t)| Target { flags: t.flags, ..live })
        };
        let memory = Some(Memory { starting: false, ..starting.clone() });
        Expected { rule: WHOLE, live: Live { count, target }, memory, at_now: false }
    }

    /// What somebody changed meanwhile wins.
    fn bounded_by(live: Target, min: i64, flags: [bool; 3], left: i64) -> Target {
        Target {
            min: if live.min <= left { min } else { live.min }.min(live.max),
            max: live.max,
            flags: if live.flags == [true; 3] { flags } else { live.flags },
        }
    }

    /// The greatest count that a start sets.
    fn most(&self) -> i64 {
        let max = self.live.target.map_or(i64::MAX, |target| target.max);
        if self.elastic { max.min(MAX_DESIRED) } else { max }
    }

    fn counted(&self) -> Option<i64> {
        Some(self.live.count).filter(|count| *count > 0)
    }

    fn adopted(&self, plan: Option<usize>, at: i64) -> Expected {
        let at_first_sight = || {
            let off = self.wanted.is_some_and(|wanted| wanted.want == Want::Off);
            // By night a few tasks without a target may be what a stop left.
            let ours = self.is_down() || (off && self.is_at_rest());
            let count = self.counted().filter(|_| !ours).or(self.tagged);
            (true, Size { count, scaling: self.awake() })
        };
        let (on, size) = self.memory.map_or_else(at_first_sight, |memory| (memory.on, memory.size));
        let night = self.memory.map_or(0, |memory| memory.night);
        let by = By::Adoption;
        let memory = Memory { on, begun: false, starting: false, at, rounded: false, by, plan, size, night };
        let unsaid = self.memory.is_none() && size.count.is_none() && !self.is_idle();
        let rule = if unsaid { ADOPTED_WITHOUT_SIZE } else { "adoption" };
        Expected { rule, live: self.live, memory: Some(memory), at_now: at == self.now }
    }

    fn made(&self, rule: &'static str, wanted: Wanted, at: i64) -> Expected {
        let half = if wanted.leased { Half::Both } else { self.half };
        let by = if wanted.leased { By::Lease } else { By::Plan };
        let down = self.live.count == 0 || (!self.is_on() && self.is_at_rest());
        match (wanted.want, half) {
            (Want::Off, Half::StartOnly) => self.same("a stop that is left to people"),
            (Want::Off, _) => self.stop(rule, wanted, at),
            (Want::On, Half::StopOnly) if down => self.same("a start that is left to people"),
            (Want::On, Half::StopOnly) if !self.is_on() => self.start(rule, by, at, true),
            (Want::On, _) => self.start(rule, by, at, false),
            (Want::Hold, _) => self.same("held"),
        }
    }

    fn stop(&self, rule: &'static str, wanted: Wanted, at: i64) -> Expected {
        let patient = wanted.since.is_none_or(|since| self.now - since < 2 * HOUR);
        let down = self.laid_down();
        if self.deploying && self.live.count > down.count && patient {
            return self.same("a deployment is waited for");
        }
        let size = match self.memory {
            None => Size { count: self.counted().filter(|_| !self.is_down()), scaling: self.awake() },
            Some(memory) if memory.on && !memory.starting => {
                let ours = self.asleep() && (memory.by == By::Adoption || self.is_down());
                let own = self.scaling().and_then(|own| if ours { memory.size.scaling } else { Some(own) });
                // What a start had to bring within the target's max is still what it comes back with.
                let most = self.most();
                let clamped = self.live.count == most && memory.size.count.is_some_and(|n| n > most);
                // No more than its night size, where it had more, may be what a stop left.
                let had_more = memory.size.count.is_some_and(|n| n > self.night);
                let chosen = |count: &i64| *count > self.night || !had_more;
                let counted = self.counted().filter(chosen).filter(|_| !clamped);
                Size { count: counted.or(memory.size.count), scaling: own }
            }
            // What people do inside an off period is temporary; a target that is new has only this.
            Some(memory) => Size { count: memory.size.count, scaling: memory.size.scaling.or(self.awake()) },
        };
        let memory = Memory {
            on: false,
            begun: false,
            starting: false,
            at,
            rounded: false,
            by: if wanted.leased { By::Lease } else { By::Plan },
            plan: self.plan.unwrap_or(None),
            size,
            night: self.night,
        };
        Expected { rule, live: down, memory: Some(memory), at_now: false }
    }

    /// Back to its size; or, as people started it, with its autoscaling.
    fn start(&self, rule: &'static str, by: By, at: i64, as_it_runs: bool) -> Expected {
        let Some(size) = self.memory.map(|memory| memory.size) else {
            return self.same("nothing says its size");
        };
        let size = Size { count: size.count.or(self.tagged), ..size };
        let scaling = if self.is_on() { self.awake() } else { size.scaling };
        // Its scheduled action is made up for, unless somebody had suspended it, or woke it meanwhile.
        let slept = self.live.target.is_some_and(|live| live.flags == [true; 3]) && !self.is_on();
        let missed = self.missed.filter(|_| slept && size.scaling.is_some_and(|(_, flags)| !flags[2]));
        // Without its target nothing would ever take it up from 0.
        let elastic = self.elastic && self.live.target.is_some();
        let worker = elastic && scaling.is_some_and(|(min, flags)| min == 0 && flags != [true; 3]);
        let as_it_runs = as_it_runs || (size.count.is_none() && worker);
        if size.count.is_none() && !worker {
            return self.same("nothing says its size");
        }
        let saved = size.count.unwrap_or(self.live.count);
        let target = self.live.target.map(|live| match scaling {
            Some((min, [first, second, third])) => {
                // It comes down to its min only once it is whole.
                let flags = [first || !as_it_runs, second, third];
                // A min that is as it was saved is nobody's change, nor are flags as a start that was cut off
                // leaves them.
                let cut_off = live.flags == [true, second, third];
                let left = min.min(self.memory.map_or(0, |memory| memory.night));
                let live = Target {
                    min: if live.min == min { left } else { live.min },
                    flags: if cut_off { [true; 3] } else { live.flags },
                    ..live
                };
                Self::bounded_by(live, missed.unwrap_or(min), flags, left)
            }
            None => live,
        });
        let bounded = |count: i64| match target {
            Some(t) if self.live.target != Some(t) => count.min(t.max).max(t.min),
            _ => count,
        };
        let count = match self.live.target {
            _ if as_it_runs => bounded(self.live.count),
            None => saved.min(self.most()).max(self.live.count),
            Some(_) => {
                // Up to the min that it will have; with no scaling of its own, its count is its own.
                let floor = scaling.and(target).map_or(0, |target| target.min);
                let set = saved.max(floor).min(self.most());
                if set == 0 {
                    return self.same("its max is 0");
                }
                bounded(set.max(self.live.count))
            }
        };
        let size = Size { count: size.count, scaling };
        let plan = self.plan.unwrap_or(None);
        let starting = !as_it_runs;
        let memory =
            Memory { on: true, begun: false, starting, at, rounded: false, by, plan, size, night: 0 };
        Expected { rule, live: Live { count, target }, memory: Some(memory), at_now: false }
    }
}
