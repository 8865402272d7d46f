//! What a run did, in one line that can be posted as it is.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::Code;
use shared::events::{BusEvent, ImagesPruned};
use shared::lifecycle::Verdict;
use shared::report::{Counts, Outcome, PARTIAL_ITEMS, Report, Warning};
use shared::settings::Settings;

use crate::answer::Room;
use crate::ask::Ask;
use crate::effect::{Effect, Item, WrittenList, repository};
use crate::plan::Judged;

/// How many repositories a summary names.
const NAMED: usize = 5;

/// The items of a run, slice by slice: all are counted, and as many are kept as an answer has room for.
#[derive(Default)]
pub(crate) struct Tally {
    counts: Counts,
    room: Room,
    items: Vec<shared::Item>,
    /// The images of these slices, each as it is listed.
    images: Vec<Value>,
    images_room: Room,
    all_images: usize,
    /// What was deleted, and archived, by repository.
    deleted: BTreeMap<String, usize>,
    archived: BTreeMap<String, usize>,
    /// What was skipped, by why.
    skipped: BTreeMap<Code, usize>,
    left_alone: usize,
    /// The code of the first that failed, and of the first that was not attempted.
    failed: Option<Code>,
    not_attempted: Option<Code>,
}

impl Tally {
    /// A slice's items, and what became of each of its images.
    pub(crate) fn add(&mut self, items: Vec<Item>, images: &[Judged]) {
        for item in items {
            self.count(&item);
            let is_unfinished = matches!(item.outcome, Outcome::Failed | Outcome::NotAttempted);
            let unfinished = self.counts.failed + self.counts.not_attempted;
            let item = item.rendered();
            // Somebody must see what went wrong.
            if self.room.fits(&json!(item)) || (is_unfinished && unfinished <= PARTIAL_ITEMS) {
                self.items.push(item);
            }
        }
        self.all_images += images.len();
        for image in images {
            let shown = json!(image);
            if !self.images_room.fits(&shown) {
                break;
            }
            self.images.push(shown);
        }
    }

    fn count(&mut self, item: &Item) {
        self.counts.add(item.outcome);
        match (item.outcome, item.code) {
            (Outcome::Changed, _) => {
                let of = match item.after {
                    Some(Effect::Pruned { verdict: Verdict::Archive, .. }) => &mut self.archived,
                    _ => &mut self.deleted,
                };
                *of.entry(repository(item).unwrap_or_default().to_owned()).or_default() += 1;
            }
            (Outcome::Skipped, _) if repository(item).is_none() => self.left_alone += 1,
            (Outcome::Skipped, Some(code)) => *self.skipped.entry(code).or_default() += 1,
            (Outcome::Failed, Some(code)) => _ = self.failed.get_or_insert(code),
            (Outcome::NotAttempted, Some(code)) => _ = self.not_attempted.get_or_insert(code),
            _ => {}
        }
    }

    /// The report of all of them.
    pub(crate) fn report(
        mut self,
        id: String,
        mut warnings: Vec<Warning>,
        ask: &Ask,
        settings: &Settings,
    ) -> Report {
        let whose = if settings.label.is_empty() { "images" } else { settings.label.as_str() };
        let summary = format!("{whose}: {}", self.summary(ask.dry_run));
        let Counts { changed, unchanged, skipped, failed, not_attempted } = self.counts;
        let items = changed + unchanged + skipped + failed + not_attempted;
        let mut images = std::mem::take(&mut self.images);
        let fit = images.iter().take_while(|image| self.room.fits(image)).count();
        images.truncate(fit);
        if self.items.len() < items || images.len() < self.all_images {
            let detail = format!(
                "an answer has no room for more: {} of {items} items and {} of {} images are listed. GET \
                 /v1/images?repository= lists each",
                self.items.len(),
                images.len(),
                self.all_images
            );
            warnings.push(Warning::new(Code::ListCut, detail));
        }
        let mut report =
            Report::counted(summary, ask.dry_run, self.counts, std::mem::take(&mut self.items), warnings);
        report.more.insert("planId".into(), id.into());
        report.more.insert("images".into(), images.into());
        // A metric of failed items has the alarm, and the next night goes on.
        report.recurs = ask.scheduled;
        if !ask.dry_run && changed > 0 {
            let summary = report.summary.clone();
            let Self { counts, deleted, archived, .. } = self;
            report.events.push(BusEvent::ImagesPruned(ImagesPruned { summary, counts, deleted, archived }));
        }
        report
    }

    fn summary(&self, dry_run: bool) -> String {
        let would = if dry_run { "would be " } else { "" };
        let mut parts = Vec::new();
        for (of, verb) in [(&self.deleted, "deleted"), (&self.archived, "archived")] {
            let count = of.values().sum();
            if count > 0 {
                parts.push(format!("{} {would}{verb} ({})", images(count), by_repository(of)));
            }
        }
        for (code, words) in [
            (Code::InUse, "kept in use"),
            (Code::PulledRecently, "kept as pulled recently"),
            (Code::PushedRecently, "kept as pushed recently"),
            (Code::ProtectedTag, "kept by protected tags"),
            (Code::MaxDelete, "left for the next run"),
        ] {
            if let Some(count) = self.skipped.get(&code) {
                parts.push(format!("{count} {words}"));
            }
        }
        if self.left_alone > 0 {
            parts.push(format!("{} repositories left alone", self.left_alone));
        }
        let Counts { failed, not_attempted, .. } = self.counts;
        for (count, code, words) in
            [(failed, self.failed, "failed"), (not_attempted, self.not_attempted, "not attempted")]
        {
            if count > 0 {
                let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
                parts.push(format!("{count} {words}{code}"));
            }
        }
        if parts.is_empty() { "nothing to prune".into() } else { parts.join(", ") }
    }
}

/// The report of a list that was written, or not.
pub(crate) fn written(
    items: Vec<shared::report::Item<WrittenList>>,
    dry_run: bool,
    warnings: Vec<Warning>,
    settings: &Settings,
) -> Report {
    let whose = if settings.label.is_empty() { "images in use" } else { settings.label.as_str() };
    let would = if dry_run { "would be " } else { "" };
    let what = items.first().map_or_else(String::new, |item| match &item.after {
        Some(list) => format!("{} {would}written to {}", images(list.images), item.resource),
        None => format!("nothing written to {}", item.resource),
    });
    Report::new(format!("{whose}: {what}"), dry_run, items, warnings)
}

fn images(count: usize) -> String {
    if count == 1 { "1 image".into() } else { format!("{count} images") }
}

/// `users 3, threads 1 and 2 more`.
fn by_repository(counts: &BTreeMap<String, usize>) -> String {
    let named: Vec<String> =
        counts.iter().take(NAMED).map(|(name, count)| format!("{name} {count}")).collect();
    let more = counts.len().saturating_sub(NAMED);
    let tail = if more > 0 { format!(" and {more} more repositories") } else { String::new() };
    format!("{}{tail}", named.join(", "))
}
