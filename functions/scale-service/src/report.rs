//! What a run did, in one line that can be posted as it is.

use shared::events::BusEvent;
use shared::record::Record;
use shared::report::{Gauge, Outcome, Report, Warning};
use shared::schedule::Want;
use shared::settings::{Settings, TagKeys};
use shared::{Code, names};

use crate::ask::{Ask, Target, Verb};
use crate::effect::{Became, Effect, Sizes};
use crate::observe::Snapshot;
use crate::plan::Item;
use shared_aws::Definitions;

/// What a request that names one service or group is refused for, where a fleet's run leaves it alone.
pub(crate) const REFUSALS: &[Code] = &[Code::Daemon, Code::Gone, Code::ExpressManaged, Code::ManagedScaling];

/// How many services a summary names.
const NAMED: usize = 5;

/// The report of these items.
pub(crate) fn report(
    items: Vec<Item>,
    seen: &Snapshot,
    ask: &Ask,
    settings: &Settings,
    asleep: Option<Asleep>,
    events: Vec<BusEvent>,
) -> Report {
    let unmatched = seen.unmatched.iter();
    let unmatched =
        unmatched.map(|pattern| Warning::new(Code::NoMatch, format!("{pattern} matches nothing")));
    let warnings = unmatched.chain(seen.warnings.iter().cloned()).collect();
    let where_to = match &ask.target {
        Target::One(id) => Some(id.cluster.to_string()),
        Target::Cluster(cluster, _) => Some(cluster.to_string()),
        Target::Group(name) => Some(name.to_string()),
        Target::Clusters(patterns, _) => {
            let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
            (!patterns.iter().any(|pattern| pattern == "*")).then(|| patterns.join(", "))
        }
    };
    let summary = format!("{}: {}", settings.headline(where_to.as_deref()), summary(&items, ask));
    let report = Report::new(summary, ask.dry_run, items, warnings);
    // A metric of failed items has the alarm, and the next tick goes on.
    let recurs = ask.verb == Verb::Reconcile && ask.change.is_none();
    let faults = report.items.iter().filter(|item| is_a_fault(item)).count();
    // What a person looks at, of one cluster perhaps, is no figure of the deployment.
    let gauges = if recurs && ask.scheduled { gauges(&report, ask, asleep) } else { Vec::new() };
    Report { recurs, faults, gauges, events, deferred: &[Code::Deploying], ..report }
}

/// A tag can't be read.
fn is_a_fault(item: &shared::Item) -> bool {
    let tags =
        [Code::RecordUnreadable, Code::ScheduleUnreadable, Code::OverrideUnreadable, Code::SizeUnreadable];
    item.outcome == Outcome::Failed && item.code.is_some_and(|code| tags.contains(&code))
}

/// What sleeps, in tasks and what they would take.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Asleep {
    tasks: f64,
    vcpu: f64,
    memory: f64,
}

impl Asleep {
    /// The services that were stopped and are as small as that left them, with what each has less.
    pub(crate) fn services<'s>(
        seen: &'s Snapshot,
        keys: &TagKeys,
    ) -> impl Iterator<Item = (&'s str, u32)> + use<'s> {
        let key = keys.record.clone();
        seen.services.iter().filter_map(move |one| {
            let tag = one.service.tags.iter().find(|tag| tag.key == key)?;
            let record: Record = tag.value.parse().ok()?;
            let count = record.size.count.filter(|_| !record.state.is_on())?;
            let left = u32::try_from(one.service.desired_count).ok().filter(|left| *left <= record.night)?;
            Some((one.service.task_definition.as_str(), count.get().saturating_sub(left)))
        })
    }

    /// Their sum, of what is known.
    pub(crate) fn of(seen: &Snapshot, keys: &TagKeys, definitions: &Definitions) -> Self {
        let add = |sum: Self, (definition, count): (&str, u32)| {
            let (each, count) = (definitions.of(definition).unwrap_or_default(), f64::from(count));
            Self {
                tasks: sum.tasks + count,
                vcpu: sum.vcpu + count * each.vcpu,
                memory: sum.memory + count * each.memory,
            }
        };
        Self::services(seen, keys).fold(Self::default(), add)
    }
}

/// The figures of a reconcile. That a scheduled one ran is one of them, for whoever waits for it in vain.
fn gauges(report: &Report, ask: &Ask, asleep: Option<Asleep>) -> Vec<Gauge> {
    let warned = |item: &&shared::Item, codes: &[Code]| {
        item.warnings.iter().any(|warning| codes.contains(&warning.code))
    };
    let late = report.items.iter().filter(|item| warned(item, &[Code::LateToWake])).count();
    // Told once by a reconcile that writes. One that only observes says it at each tick.
    let told = |item: &&shared::Item| {
        item.outcome == Outcome::Failed && item.code == Some(Code::NoSavedSize) && !ask.observes
    };
    let at_risk =
        |item: &&shared::Item| told(item) || warned(item, &[Code::OrphanedSuspension, Code::Stranded]);
    let at_risk = report.items.iter().filter(at_risk).count();
    let count = |of: usize| f64::from(u32::try_from(of).unwrap_or(u32::MAX));
    let mut gauges = vec![("LateToWake", count(late)), ("AtRisk", count(at_risk))];
    gauges.push(("Faults", count(report.items.iter().filter(|item| is_a_fault(item)).count())));
    gauges.push(("Reconciled", 1.0));
    if let Some(Asleep { tasks, vcpu, memory }) = asleep {
        gauges.extend([("AsleepTasks", tasks), ("AsleepVcpu", vcpu), ("AsleepMemoryGiB", memory)]);
    }
    gauges.into_iter().map(|(name, value)| Gauge { name, value }).collect()
}

/// Where to look for what reconcile finishes.
pub(crate) fn location(ask: &Ask) -> String {
    match &ask.target {
        Target::Cluster(cluster, _) => format!("/v1/clusters/{cluster}?include=capacity"),
        _ => "/v1/auto-scaling-groups".into(),
    }
}

/// True when a reconcile has something to finish.
pub(crate) fn is_under_way(items: &[Item]) -> bool {
    items.iter().any(|item| became(item) == Some(Became::Stopping))
}

fn summary(items: &[Item], ask: &Ask) -> String {
    let of = |outcome| items.iter().filter(move |item| item.outcome == outcome).collect::<Vec<_>>();
    let changed = of(Outcome::Changed);
    let (groups, others): (Vec<&Item>, Vec<&Item>) = changed.iter().partition(|item| is_a_group(item));
    let would = if ask.dry_run { "would be " } else { "" };
    let mut parts = Vec::new();
    if ask.verb == Verb::Reconcile {
        parts.extend(overridden(&others, ask));
        parts.extend(reconciled(&others, would));
    } else if !others.is_empty() {
        let kept = others.iter().filter(|item| became(item) == Some(Became::Kept)).count();
        let (state, detail) = match ask.verb {
            Verb::Stop if kept == others.len() => ("kept at their night size", named(&others, desired, "")),
            Verb::Stop => ("off", named(&others, saved, " saved")),
            Verb::Start if others.iter().any(|item| became(item) == Some(Became::Starting)) => {
                ("starting", named(&others, desired, ""))
            }
            Verb::Start => ("on", named(&others, desired, "")),
            _ => ("scaled", named(&others, |item| Some(scaled(item)), "")),
        };
        parts.push(format!("{} {would}{state}{detail}", counted(&others)));
    }
    parts.extend(by_state(&groups, would));
    for (outcome, words) in [
        (Outcome::Unchanged, "unchanged"),
        (Outcome::Skipped, "skipped"),
        (Outcome::Failed, "failed"),
        (Outcome::NotAttempted, "not attempted"),
    ] {
        let mut items = of(outcome);
        // Those are told at the end.
        items.retain(|item| !waits_for_tasks(item));
        if items.is_empty() {
            continue;
        }
        let detail = match outcome {
            Outcome::Unchanged => String::new(),
            _ => named(&items, |item| item.code.map(|code| code.to_string()), ""),
        };
        let count = if parts.is_empty() { counted(&items) } else { items.len().to_string() };
        parts.push(format!("{count} {words}{detail}"));
    }
    let outside = items.iter().filter(|item| runs_outside_its_schedule(item)).count();
    if outside > 0 {
        parts.push(format!("{outside} on outside their schedule"));
    }
    let stranded = |item: &&Item| item.warnings.iter().any(|warning| warning.code == Code::Stranded);
    let stranded: Vec<&Item> = items.iter().filter(stranded).collect();
    if !stranded.is_empty() {
        parts.push(format!(
            "{} asleep that nothing wakes here{}",
            stranded.len(),
            named(&stranded, |_| None, "")
        ));
    }
    let waiting: Vec<&Item> = items.iter().filter(|item| waits_for_tasks(item)).collect();
    if !waiting.is_empty() {
        parts.push(format!("{} waiting for tasks{}", counted(&waiting), named(&waiting, |_| None, "")));
    }
    match (parts.is_empty(), ask.verb) {
        (true, Verb::Reconcile) => "no service follows a schedule".into(),
        (true, _) => "no service matches".into(),
        (false, _) => parts.join(", "),
    }
}

/// What a reconcile changed, by what became of it.
fn reconciled(changed: &[&Item], would: &str) -> Vec<String> {
    // An override alone changes no size.
    let sized = |item: &&&Item| {
        let count = |of: &Option<Effect>| of.as_ref().and_then(Effect::desired);
        let overridden = item.after.as_ref().is_some_and(|after| after.override_.is_some());
        became(item) == Some(Became::Adopted) || !overridden || count(&item.before) != count(&item.after)
    };
    let changed: Vec<&Item> = changed.iter().filter(sized).copied().collect();
    by_state(&changed, would)
}

/// `2 services off (users 2, threads 1 saved)`, for each state that something came to.
fn by_state(changed: &[&Item], would: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for (state, words) in [
        (Became::Stopping, "stopping"),
        (Became::Off, "off"),
        (Became::Kept, "kept at their night size"),
        (Became::Starting, "starting"),
        (Became::On, "on"),
        (Became::Scaled, "scaled"),
        (Became::Adopted, "adopted"),
    ] {
        let those: Vec<&Item> = changed.iter().copied().filter(|item| became(item) == Some(state)).collect();
        if those.is_empty() {
            continue;
        }
        let detail = match state {
            Became::Scaled => named(&those, |item| Some(scaled(item)), ""),
            Became::Stopping | Became::Off => named(&those, saved, " saved"),
            Became::Starting | Became::On | Became::Adopted | Became::Kept | Became::AsItIs => {
                named(&those, desired, "")
            }
        };
        parts.push(format!("{} {would}{words}{detail}", counted(&those)));
    }
    parts
}

/// Overrides that were set, ended or removed, and of what.
fn overridden(changed: &[&Item], ask: &Ask) -> Vec<String> {
    let fleet = matches!(ask.target, Target::Clusters(..));
    let mut told: Vec<(String, Vec<&str>)> = Vec::new();
    for item in changed {
        let Some(said) = item.after.as_ref().and_then(|after| after.override_.clone()) else {
            continue;
        };
        let of = match item.resource.split_once('/') {
            Some(("cluster", _)) if fleet => &item.resource,
            Some(("cluster", _)) => "the cluster",
            _ => names::short_name(&item.resource),
        };
        match told.iter_mut().find(|(known, _)| *known == said) {
            Some((_, names)) => names.push(of),
            None => told.push((said, vec![of])),
        }
    }
    told.into_iter().map(|(said, names)| format!("{said} ({})", names.join(", "))).collect()
}

fn runs_outside_its_schedule(item: &Item) -> bool {
    let outside = |after: &Effect| after.wanted == Some(Want::Off) && after.desired() > Some(0);
    let outside = item.after.as_ref().is_some_and(outside);
    item.outcome == Outcome::Unchanged && outside && !waits_for_tasks(item)
}

fn became(item: &Item) -> Option<Became> {
    item.after.as_ref().map(|after| after.became)
}

fn is_a_group(item: &Item) -> bool {
    item.resource.contains("autoScalingGroupName/")
}

fn waits_for_tasks(item: &Item) -> bool {
    item.outcome == Outcome::Unchanged && item.code == Some(Code::WaitingForTasks)
}

/// `3 services`, `1 group`, `3 services and 1 group`.
fn counted(items: &[&Item]) -> String {
    // A resource's own type stands before its first slash or colon.
    let is_of = |item: &Item, kinds: &[&str]| kinds.iter().any(|kind| item.resource.starts_with(kind));
    let kinds: [(&str, &[&str]); 3] = [
        ("service", &["service/"]),
        ("group", &["autoScalingGroup", "auto-scaling-group"]),
        ("cluster", &["cluster/"]),
    ];
    let words = kinds.into_iter().filter_map(|(one, prefixes)| {
        match items.iter().filter(|item| is_of(item, prefixes)).count() {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {one}s")),
        }
    });
    words.collect::<Vec<_>>().join(" and ")
}

fn named(items: &[&Item], detail: impl Fn(&Item) -> Option<String>, tail: &str) -> String {
    let mut names: Vec<String> = items
        .iter()
        .take(NAMED)
        .map(|item| {
            let name = names::short_name(&item.resource);
            detail(item).map_or_else(|| name.to_owned(), |detail| format!("{name} {detail}"))
        })
        .collect();
    if items.len() > NAMED {
        names.push(format!("and {} more", items.len() - NAMED));
    }
    format!(" ({}{tail})", names.join(", "))
}

fn saved(item: &Item) -> Option<String> {
    item.after.as_ref()?.saved?.0.map(|count| count.to_string())
}

fn desired(item: &Item) -> Option<String> {
    Some(item.after.as_ref()?.desired()?.to_string())
}

fn scaled(item: &Item) -> String {
    let count = |of: &Option<Effect>| of.as_ref().and_then(Effect::desired).unwrap_or_default();
    let (before, after) = (count(&item.before), count(&item.after));
    match item.after.as_ref().and_then(|after| after.sizes) {
        Some(Sizes::Group { min: Some(min), max: Some(max), .. }) if before == after => {
            format!("{after}, between {min} and {max}")
        }
        _ => format!("{before} to {after}"),
    }
}
