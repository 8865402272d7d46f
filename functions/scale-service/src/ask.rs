//! A request, checked: against its own time, its scope and the config. No look at AWS.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use shared::call::Envelope;
use shared::duration::IsoDuration;
use shared::names::{ClusterName, ClusterRef, GroupName, Scope, ServiceId, ServiceRef};
use shared::record::whole_seconds;
use shared::schedule::{Override, Want};
use shared::select::{NamePattern, Selector};
use shared::settings::Mode;
use shared::{Call, Code, Problem, Via};

use crate::config::Config;
use crate::request::{
    OverrideState, PutOverrideFields, ScaleGroupFields, Selection, ServiceRequest, SwitchFields,
};

/// A late event does harm: yesterday's stop must not turn today off.
const MAX_AGE: IsoDuration = IsoDuration::from_mins(15);
/// Reconcile's beat, as the template's schedule has it.
const TICK: SignedDuration = SignedDuration::from_mins(5);
/// The same in seconds: when to look again for what reconcile finishes.
pub(crate) const NEXT_TICK: u16 = 300;
/// What a tick leaves free before the next.
const REST: SignedDuration = SignedDuration::from_secs(30);
/// Clocks differ, but not by more than this.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// What is to become of the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// To zero, remembering the size.
    Stop,
    /// Back to the size.
    Start,
    /// To this count, which is above zero.
    Scale(u32),
    /// As schedules and overrides say.
    Reconcile,
    /// An Auto Scaling group to these sizes.
    ScaleGroup(GroupSizes),
}

/// The sizes that are asked for a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSizes {
    /// The desired capacity.
    pub desired: u32,
    /// A new min.
    pub min: Option<u32>,
    /// A new max.
    pub max: Option<u32>,
}

/// An override that is set or ended before what it causes is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The cluster.
    pub cluster: ClusterName,
    /// The service; the whole cluster without one.
    pub service: Option<ServiceId>,
    /// The override to set; without one, the one that is there is ended.
    pub set: Option<Override>,
    /// It may replace one that has not begun.
    pub replace: bool,
    /// When it is ended.
    pub now: Timestamp,
}

/// Which services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The one that the request names.
    One(ServiceId),
    /// Those of a cluster that the selector takes.
    Cluster(ClusterName, Selector),
    /// Those of every cluster that matches one of the patterns.
    Clusters(Vec<NamePattern>, Selector),
    /// An Auto Scaling group.
    Group(GroupName),
}

/// Which Auto Scaling groups a request looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Groups {
    /// None.
    None,
    /// Those of its clusters that have a schedule or a record.
    Tagged,
    /// All of its clusters.
    All,
}

/// A request that has been checked: what the planner is asked.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what a request says, point by point")]
pub struct Ask {
    /// What is to become of the services.
    pub verb: Verb,
    /// Which ones.
    pub target: Target,
    /// Go through what would be refused without it.
    pub force: bool,
    /// The machines that it looks at. Whoever selects services means those alone.
    pub groups: Groups,
    /// t: the instant that the event was meant for, else the run's start.
    pub at: Timestamp,
    /// The instant for which it is planned what is wanted: the run's start, or what a dry run asks.
    pub now: Timestamp,
    /// An override to set or end.
    pub change: Option<Change>,
    /// Older than this, an event is stale. `None` when the request carries no instant.
    pub stale_before: Option<Timestamp>,
    /// It came from a schedule.
    pub scheduled: bool,
    /// Nothing is changed.
    pub dry_run: bool,
    /// It is a schedule's, or a reconcile, where those only observe: what sleeps stays asleep.
    pub observes: bool,
}

impl Ask {
    /// Why an event is stale for what was last done for the instant `done`: it comes too late, or
    /// something newer was done since.
    #[must_use]
    pub fn stale(&self, done: Option<Timestamp>) -> Option<String> {
        let (limit, at) = (self.stale_before?, self.at);
        if at < limit {
            return Some(format!("the event was meant for {at} and comes too late"));
        }
        let newer = done.is_some_and(|done| at < done);
        newer.then(|| format!("the event was meant for {at}, and something newer was done since"))
    }

    /// What a scheduled reconcile may take: it ends itself half a minute before the next tick, which
    /// goes on. `None` for whatever comes once.
    #[must_use]
    pub fn ends_before_the_next_tick(&self, now: Timestamp) -> Option<Duration> {
        if !self.scheduled || self.verb != Verb::Reconcile {
            return None;
        }
        let into = now.as_second().rem_euclid(TICK.as_secs());
        let left = TICK.as_secs() - into - REST.as_secs();
        // A tick that comes so late that nothing is left of it takes the next one's time.
        let left = if left > 0 { left } else { left + TICK.as_secs() };
        u64::try_from(left).ok().map(Duration::from_secs)
    }

    /// True when no selector leaves any of a cluster's services out.
    #[must_use]
    pub fn is_of_whole_clusters(&self) -> bool {
        self.target.is_of_whole_clusters()
    }

    /// True when it names one thing: its refusal is then the request's own.
    #[must_use]
    pub fn is_of_one(&self) -> bool {
        matches!(self.target, Target::One(_) | Target::Group(_))
    }

    /// Checks a call against its own time, the scope and the config.
    pub fn new(
        request: &ServiceRequest,
        call: &Call<()>,
        config: &Config,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let Envelope { at, dry_run, .. } = &call.envelope;
        let scheduled = call.via == Via::Scheduled;
        let observes = config.settings.mode != Mode::Act;
        // A dry run of a reconcile may look at any instant.
        let looks_ahead = *dry_run && matches!(request, ServiceRequest::Reconcile(_));
        if !looks_ahead && at.is_some_and(|at| at.duration_since(now) > AHEAD) {
            return Err(Problem::bad_request("\"at\" is more than five minutes ahead"));
        }
        let asked = Asked::of(request, call, config, now)?;
        let reconciles = matches!(request, ServiceRequest::Reconcile(_));
        let groups = match asked {
            Asked { capacity: true, .. } => Groups::All,
            Asked { verb: Verb::Reconcile, .. } if asked.target.is_of_whole_clusters() => Groups::Tagged,
            _ => Groups::None,
        };
        let ask = Self {
            verb: asked.verb,
            target: asked.target,
            force: asked.force,
            groups,
            at: at.unwrap_or(now),
            now: if looks_ahead { at.unwrap_or(now) } else { now },
            change: asked.change,
            stale_before: at.and(asked.max_age).map(|age| before(now, age)),
            scheduled,
            // Every event of a schedule only looks there, and so does a reconcile, whoever asks for it.
            dry_run: *dry_run || (observes && (scheduled || reconciles)),
            observes: observes && (scheduled || reconciles),
        };
        if asked.capacity {
            ask.with_capacity(config)?;
        }
        Ok(ask)
    }
}

/// What an action asks for, by itself.
struct Asked {
    verb: Verb,
    target: Target,
    force: bool,
    /// The machines of the cluster, too.
    capacity: bool,
    change: Option<Change>,
    /// An event that is older does nothing; `None` where a late one does no harm.
    max_age: Option<IsoDuration>,
}

impl Asked {
    fn new(verb: Verb, target: Target) -> Self {
        Self { verb, target, force: false, capacity: false, change: None, max_age: None }
    }

    fn of(
        request: &ServiceRequest,
        call: &Call<()>,
        config: &Config,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        Ok(match request {
            ServiceRequest::Scale(fields) => {
                let verb = scale(fields.desired_count, config)?;
                let target = Target::One(one(&fields.service, fields.cluster.as_ref(), &call.scope)?);
                Self { force: fields.force, max_age: Some(MAX_AGE), ..Self::new(verb, target) }
            }
            ServiceRequest::Stop(fields) => Self::switch(Verb::Stop, fields, call, config)?,
            ServiceRequest::Start(fields) => Self::switch(Verb::Start, fields, call, config)?,
            ServiceRequest::Reconcile(fields) => {
                let target = fields.selection().target(&call.scope, config)?;
                if let Target::Cluster(cluster, _) = &target {
                    reachable(cluster, config, Code::NotConfigured)?;
                }
                Self::new(Verb::Reconcile, target)
            }
            ServiceRequest::PutOverride(fields) => {
                let which = whole_or_one(fields.cluster.as_ref(), fields.service.as_ref(), &call.scope)?;
                Self::change(
                    which,
                    Some(fields.override_of(call, config, now)?),
                    fields.replace,
                    config,
                    now,
                )?
            }
            ServiceRequest::DeleteOverride(fields) => {
                let which = whole_or_one(fields.cluster.as_ref(), fields.service.as_ref(), &call.scope)?;
                Self::change(which, None, false, config, now)?
            }
            ServiceRequest::ScaleGroup(fields) => {
                let verb = Verb::ScaleGroup(fields.sizes(config)?);
                let target = Target::Group(fields.group.within(&call.scope)?);
                Self { force: fields.force, max_age: Some(MAX_AGE), ..Self::new(verb, target) }
            }
        })
    }

    fn switch(verb: Verb, fields: &SwitchFields, call: &Call<()>, config: &Config) -> Result<Self, Problem> {
        let max_age = Some(fields.max_age.unwrap_or(MAX_AGE));
        let (force, capacity) = (fields.force, fields.capacity);
        Ok(Self { force, capacity, max_age, ..Self::new(verb, fields.target(&call.scope, config)?) })
    }

    fn change(
        (cluster, service): (ClusterName, Option<ServiceId>),
        set: Option<Override>,
        replace: bool,
        config: &Config,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let target = switched_on(&cluster, service.as_ref(), config)?;
        let change = Some(Change { cluster, service, set, replace, now });
        Ok(Self { change, ..Self::new(Verb::Reconcile, target) })
    }
}

impl Target {
    /// True when no selector leaves any of a cluster's services out.
    fn is_of_whole_clusters(&self) -> bool {
        match self {
            Self::One(_) | Self::Group(_) => false,
            Self::Cluster(_, selector) | Self::Clusters(_, selector) => *selector == Selector::default(),
        }
    }
}

impl Ask {
    /// Machines are stopped with a whole cluster, and only where a reconcile finishes what is begun.
    fn with_capacity(&self, config: &Config) -> Result<(), Problem> {
        if !self.is_of_whole_clusters() {
            return Err(Problem::bad_request(
                "\"capacity\" goes with a whole cluster: leave out \"service\", \"services\" and \"tags\"",
            ));
        }
        if self.verb != Verb::Stop || self.dry_run {
            return Ok(());
        }
        reconciles(config, "machines are stopped, once no task runs on them,")?;
        match &self.target {
            Target::Cluster(cluster, _) => reachable(cluster, config, Code::NotSwitchedOn),
            _ => Ok(()),
        }
    }
}

impl ScaleGroupFields {
    fn sizes(&self, config: &Config) -> Result<GroupSizes, Problem> {
        let Self { desired_capacity: desired, min_size: min, max_size: max, .. } = *self;
        if desired > config.settings.max_desired {
            let most = config.settings.max_desired;
            let detail =
                format!("desiredCapacity {desired} is beyond {most}, the most that MAX_DESIRED allows here");
            return Err(Problem::new(Code::BeyondMax, detail));
        }
        // As large a number as AWS takes.
        let most = i32::MAX.unsigned_abs();
        for (name, size) in [("minSize", min), ("maxSize", max)] {
            if size.is_some_and(|size| size > most) {
                return Err(Problem::bad_request(format!("{name}: at most {most}")));
            }
        }
        Ok(GroupSizes { desired, min, max })
    }
}

impl PutOverrideFields {
    fn override_of(&self, call: &Call<()>, config: &Config, now: Timestamp) -> Result<Override, Problem> {
        let bad = |detail: String| Problem::new(Code::BadOverride, detail);
        let from = self.from.unwrap_or(now);
        if now.duration_since(from) > AHEAD {
            return Err(bad(format!("it would begin at {}, which is past", whole_seconds(from))));
        }
        let from = from.max(now);
        let until = match (self.until, self.r#for) {
            (Some(_), Some(_)) => return Err(bad("give either \"until\" or \"for\", not both".into())),
            (None, None) => {
                return Err(Problem::bad_request("say \"until\" when, or \"for\" how long (PT2H)"));
            }
            (Some(until), None) => until,
            (None, Some(length)) if length.get().is_zero() => {
                return Err(bad("\"for\" is 0: say how long, such as PT2H".into()));
            }
            (None, Some(length)) => {
                from.checked_add(length.get()).map_err(|_| bad("it would never end".into()))?
            }
        };
        let (begin, end) = (whole_seconds(from), whole_seconds(until));
        if until <= now {
            return Err(bad(format!("it would end at {end}, which is past")));
        }
        if until <= from {
            return Err(bad(format!("it would end at {end}, before it begins at {begin}")));
        }
        let most = config.override_max.get();
        if until.duration_since(from) > most {
            let detail = format!("it would last from {begin} until {end}: OVERRIDE_MAX allows {most:#}");
            return Err(bad(detail));
        }
        if from.duration_since(now) > most {
            let detail =
                format!("it would begin at {begin}: OVERRIDE_MAX allows no more than {most:#} ahead");
            return Err(bad(detail));
        }
        let state = match self.state {
            OverrideState::On => Want::On,
            OverrideState::Off => Want::Off,
            OverrideState::Hold => Want::Hold,
        };
        let reason = call.envelope.reason.as_deref().unwrap_or_default();
        Override::new(state, from, until, call.actor.as_str(), reason).map_err(|fault| bad(fault.to_string()))
    }
}

fn whole_or_one(
    cluster: Option<&ClusterRef>,
    service: Option<&ServiceRef>,
    scope: &Scope,
) -> Result<(ClusterName, Option<ServiceId>), Problem> {
    match (service, cluster) {
        (Some(service), _) => {
            let id = one(service, cluster, scope)?;
            Ok((id.cluster.clone(), Some(id)))
        }
        (None, Some(cluster)) => Ok((cluster.within(scope)?, None)),
        (None, None) => Err(Problem::bad_request("name a \"cluster\", or a \"service\" of one")),
    }
}

/// Only a reconcile can end an override: where none would come, none is set.
fn switched_on(
    cluster: &ClusterName,
    service: Option<&ServiceId>,
    config: &Config,
) -> Result<Target, Problem> {
    reconciles(config, "overrides are ended")?;
    reachable(cluster, config, Code::NotSwitchedOn)?;
    Ok(match service {
        Some(id) => Target::One(id.clone()),
        None => Target::Cluster(cluster.clone(), Selector::default()),
    })
}

/// What a request leaves to reconcile needs one that comes and acts.
fn reconciles(config: &Config, what: &str) -> Result<(), Problem> {
    let Some(why) = config.settings.reconcile_is_idle() else { return Ok(()) };
    Err(Problem::new(Code::NotSwitchedOn, format!("{what} by reconcile, {why}")))
}

fn reachable(cluster: &ClusterName, config: &Config, code: Code) -> Result<(), Problem> {
    if config.scheduling.reach.matches(cluster.as_str()) {
        return Ok(());
    }
    let detail = format!("reconcile reaches only what CLUSTERS names, and cluster {cluster} is not among it");
    Err(Problem::new(code, detail))
}

/// An age may be longer than time is: nothing is older than that.
fn before(now: Timestamp, age: IsoDuration) -> Timestamp {
    now.saturating_sub(age.get()).unwrap_or(Timestamp::MIN)
}

fn scale(desired_count: u32, config: &Config) -> Result<Verb, Problem> {
    match desired_count {
        0 => Ok(Verb::Stop),
        count if count > config.settings.max_desired => Err(Problem::new(
            Code::BeyondMax,
            format!(
                "desiredCount {count} is beyond {}, the most that MAX_DESIRED allows here",
                config.settings.max_desired
            ),
        )),
        count => Ok(Verb::Scale(count)),
    }
}

fn one(service: &ServiceRef, cluster: Option<&ClusterRef>, scope: &Scope) -> Result<ServiceId, Problem> {
    let cluster = match cluster {
        Some(cluster) => cluster.within(scope)?,
        None => service
            .cluster()
            .ok_or_else(|| Problem::bad_request("name the \"cluster\", or give the service's long ARN"))?,
    };
    Ok(service.within(scope, &cluster)?)
}

impl SwitchFields {
    fn target(&self, scope: &Scope, config: &Config) -> Result<Target, Problem> {
        let Some(service) = &self.service else { return self.selection().target(scope, config) };
        if self.clusters.is_some() || self.services.is_some() || self.tags.is_some() {
            return Err(Problem::bad_request(
                "\"service\" names one: \"clusters\", \"services\" and \"tags\" select",
            ));
        }
        Ok(Target::One(one(service, self.cluster.as_ref(), scope)?))
    }
}

impl Selection<'_> {
    fn target(&self, scope: &Scope, config: &Config) -> Result<Target, Problem> {
        match (self.cluster, self.clusters) {
            (Some(_), Some(_)) => Err(Problem::bad_request("either \"cluster\" or \"clusters\", not both")),
            (None, None) => Err(Problem::bad_request("name a \"cluster\", or \"clusters\" by patterns")),
            (Some(cluster), None) => {
                let cluster = cluster.within(scope)?;
                let selector = self.selector(scope, Some(&cluster))?;
                Ok(Target::Cluster(cluster, selector))
            }
            (None, Some(patterns)) => {
                if patterns.is_empty() {
                    return Err(Problem::bad_request("\"clusters\" is empty: name at least one, or \"*\""));
                }
                if config.scheduling.reach.is_empty() {
                    return Err(Problem::new(
                        Code::NotConfigured,
                        "\"clusters\" reaches only what CLUSTERS names, and that is empty: set it on the stack",
                    ));
                }
                Ok(Target::Clusters(patterns.to_vec(), self.selector(scope, None)?))
            }
        }
    }

    /// The selector. Services may be named by ARN where the request names their cluster.
    fn selector(&self, scope: &Scope, cluster: Option<&ClusterName>) -> Result<Selector, Problem> {
        let pattern = |text: &String| -> Result<NamePattern, Problem> {
            let name = if text.starts_with("arn:") {
                let cluster = cluster
                    .ok_or_else(|| Problem::bad_request("an ARN in \"services\" needs one \"cluster\""))?;
                ServiceRef::try_from(text.clone())?.within(scope, cluster)?.service.to_string()
            } else {
                text.clone()
            };
            NamePattern::try_from(name)
                .map_err(|fault| Problem::bad_request(format!("\"services\": {fault}")))
        };
        let services = self.services.map(|all| all.iter().map(pattern).collect::<Result<Vec<_>, _>>());
        Selector::new(services.transpose()?, self.tags.cloned()).map_err(Problem::bad_request)
    }
}
