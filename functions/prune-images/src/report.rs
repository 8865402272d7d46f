//! What a run did, in one line that can be posted as it is.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::Code;
use shared::lifecycle::Verdict;
use shared::report::{Outcome, Report, Warning};
use shared::settings::Settings;

use crate::answer::Room;
use crate::ask::Ask;
use crate::effect::{Effect, Item, repository};
use crate::plan::Judged;

/// How many repositories a summary names.
const NAMED: usize = 5;

/// The report of these items.
pub(crate) fn report(
    items: Vec<Item>,
    id: String,
    images: &[Judged],
    warnings: Vec<Warning>,
    ask: &Ask,
    settings: &Settings,
) -> Report {
    let whose = if settings.label.is_empty() { "images" } else { settings.label.as_str() };
    let summary = format!("{whose}: {}", summary(&items, ask.dry_run));
    let mut report = Report::new(summary, ask.dry_run, items, warnings);
    report.more.insert("planId".into(), id.into());
    fit(&mut report, images);
    // A metric of failed items has the alarm, and the next night goes on.
    report.recurs = ask.scheduled;
    report
}

/// Puts the list of all images beside the items, as far as an answer has room. The counts stay those
/// of all items.
fn fit(report: &mut Report, images: &[Judged]) {
    let mut room = Room::new();
    let (items, all) = (report.items.len(), images.len());
    let shown = report.items.iter().take_while(|item| room.fits(&json!(item))).count();
    report.items.truncate(shown);
    let listed: Vec<Value> =
        images.iter().map(|image| json!(image)).take_while(|image| room.fits(image)).collect();
    if shown < items || listed.len() < all {
        let detail = format!(
            "an answer has no room for more: {shown} of {items} items and {} of {all} images are listed. GET \
             /v1/images?repository= lists each",
            listed.len()
        );
        report.warnings.push(Warning::new(Code::ListCut, detail));
    }
    report.more.insert("images".into(), listed.into());
}

fn summary(items: &[Item], dry_run: bool) -> String {
    let would = if dry_run { "would be " } else { "" };
    let mut parts = Vec::new();
    for (of, verb) in [(Verdict::Expire, "deleted"), (Verdict::Archive, "archived")] {
        let is_so =
            |item: &&Item| matches!(item.after, Some(Effect::Pruned { verdict, .. }) if verdict == of);
        let changed = items.iter().filter(|item| item.outcome == Outcome::Changed);
        let those: Vec<&Item> = changed.filter(is_so).collect();
        if !those.is_empty() {
            parts.push(format!("{} {would}{verb} ({})", images(those.len()), by_repository(&those)));
        }
    }
    let kept = |code: Code| {
        items.iter().filter(move |item| item.outcome == Outcome::Skipped && item.code == Some(code))
    };
    for (code, words) in [
        (Code::InUse, "kept in use"),
        (Code::PulledRecently, "kept as pulled recently"),
        (Code::PushedRecently, "kept as pushed recently"),
        (Code::ProtectedTag, "kept by protected tags"),
        (Code::MaxDelete, "left for the next run"),
    ] {
        let count = kept(code).count();
        if count > 0 {
            parts.push(format!("{count} {words}"));
        }
    }
    let repositories =
        items.iter().filter(|item| item.outcome == Outcome::Skipped && repository(item).is_none()).count();
    if repositories > 0 {
        parts.push(format!("{repositories} repositories left alone"));
    }
    for (outcome, words) in [(Outcome::Failed, "failed"), (Outcome::NotAttempted, "not attempted")] {
        let those: Vec<&Item> = items.iter().filter(|item| item.outcome == outcome).collect();
        if let Some(first) = those.first() {
            let code = first.code.map(|code| format!(" ({code})")).unwrap_or_default();
            parts.push(format!("{} {words}{code}", those.len()));
        }
    }
    if parts.is_empty() { "nothing to prune".into() } else { parts.join(", ") }
}

fn images(count: usize) -> String {
    if count == 1 { "1 image".into() } else { format!("{count} images") }
}

/// `users 3, threads 1 and 2 more`.
fn by_repository(items: &[&Item]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in items.iter().filter_map(|item| repository(item)) {
        *counts.entry(name).or_default() += 1;
    }
    let named: Vec<String> =
        counts.iter().take(NAMED).map(|(name, count)| format!("{name} {count}")).collect();
    let more = counts.len().saturating_sub(NAMED);
    let tail = if more > 0 { format!(" and {more} more repositories") } else { String::new() };
    format!("{}{tail}", named.join(", "))
}
