//! What is known of each of a request's tasks, and how it is asked for next.

use jiff::{SignedDuration, Timestamp};
use shared::ecs::Task;
use shared::report::Outcome;
use shared::{Code, Problem};

use super::{found_again, is_unknown, started_before};
use crate::ask::{Ask, CHUNK, Keys};
use crate::effect::Item;

/// How long AWS remembers a token at most, and a little less.
///
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html>
pub(crate) const REMEMBERED: SignedDuration = SignedDuration::from_mins(24 * 60 - 10);

/// How a slot is asked for next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// With its chunk, whose token has started nothing yet as far as is known.
    Whole,
    /// Alone: the chunk's token belongs to the tasks that it started, and the slot is not among them.
    Alone,
}

/// One of a request's tasks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slot {
    /// What became of it; `None` where nothing was asked yet.
    pub(super) item: Option<Item>,
    pub(super) next: Next,
    /// How many of this run's calls for it AWS refused.
    pub(super) refused: u32,
}

impl Slot {
    /// Asking for it may help.
    pub(super) fn may_go_on(&self) -> bool {
        let missing = |item: &Item| matches!(item.outcome, Outcome::Failed | Outcome::NotAttempted);
        self.item.as_ref().is_none_or(|item| missing(item) && item.code.is_some_and(Code::is_retryable))
    }

    /// This run asked for it, and no answer came.
    fn is_unanswered(&self) -> bool {
        self.item.as_ref().is_some_and(|item| is_unknown(item.code))
    }

    fn arn(&self) -> Option<&str> {
        Some(&self.item.as_ref()?.after.as_ref()?.task_arn)
    }
}

/// Whether a chunk's missing tasks are asked for with all of it.
fn asks_whole(slots: &[Slot]) -> bool {
    slots.iter().any(|slot| slot.next == Next::Whole && slot.may_go_on())
}

/// All of a request's tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct Slots(Vec<Slot>);

impl Slots {
    /// Of a request, with what was started before under its key.
    #[must_use]
    pub fn new(ask: &Ask, before: &[Task], keys: &Keys, now: Timestamp) -> Self {
        let mut slots = Self(vec![Slot { item: None, next: Next::Whole, refused: 0 }; ask.count]);
        slots.find(before, ask, keys, now);
        slots
    }

    /// Fills what is empty with tasks that were started under the key: in an earlier run, or in another
    /// one that goes on now.
    pub fn find(&mut self, before: &[Task], ask: &Ask, keys: &Keys, now: Timestamp) {
        let number = |task: &Task, key: &str| -> Option<usize> {
            task.tags.iter().find(|tag| tag.key == *key).and_then(|tag| tag.value.parse().ok())
        };
        for (chunk, slots) in self.chunks() {
            let known: Vec<String> = slots.iter().filter_map(Slot::arn).map(str::to_owned).collect();
            let new = |task: &&Task| !known.contains(&task.task_arn);
            let of_slot = |place: usize| {
                let slot = chunk * CHUNK + place;
                before.iter().find(|task| number(task, &keys.slot) == Some(slot))
            };
            let whole: Vec<&Task> =
                before.iter().filter(|task| number(task, &keys.chunk) == Some(chunk)).collect();
            let is_over = is_over(&whole, (0..slots.len()).filter_map(of_slot).count(), slots.len(), now);
            let asks_whole = asks_whole(slots) && !is_over;
            let mut whole = whole.into_iter().filter(new);
            for (place, slot) in slots.iter_mut().enumerate() {
                if !slot.may_go_on() {
                    continue;
                }
                // What the chunk's token started, its call says: no list knows all of it for sure.
                let of_chunk = || if asks_whole { None } else { whole.next() };
                match of_slot(place).filter(new).or_else(of_chunk) {
                    Some(task) if slot.is_unanswered() => slot.item = Some(found_again(task)),
                    Some(task) => slot.item = Some(started_before(task)),
                    None if slot.next == Next::Whole && !asks_whole => {
                        let problem = Problem::new(Code::NoCapacity, "it was not started before");
                        slot.item = Some(Item::failed(&format!("task/{}", ask.cluster), &problem));
                    }
                    None => continue,
                }
                slot.next = Next::Alone;
            }
        }
    }

    /// What became of each, in order.
    #[must_use]
    pub fn after(mut self, items: Vec<Item>) -> Self {
        let mut items = items.into_iter();
        for (_, slots) in self.chunks() {
            let items: Vec<Item> = items.by_ref().take(slots.len()).collect();
            let with_its_chunk =
                |(slot, item): (&Slot, &Item)| slot.next == Next::Whole && item.after.is_some();
            let has_started = slots.iter().zip(&items).any(with_its_chunk);
            for (slot, item) in slots.iter_mut().zip(items) {
                // The call may have gone through or not, or AWS would not hear of it yet: the same again.
                let unheard = item.code == Some(Code::Throttled);
                if item.outcome != Outcome::NotAttempted && !is_unknown(item.code) && !unheard {
                    slot.refused += u32::from(item.after.is_none());
                    if has_started && slot.next == Next::Whole {
                        (slot.next, slot.refused) = (Next::Alone, 0);
                    }
                }
                if !(unheard && slot.is_unanswered()) {
                    slot.item = Some(item);
                }
            }
        }
        self
    }

    /// Whether asking again may help.
    #[must_use]
    pub fn may_go_on(&self) -> bool {
        self.0.iter().any(Slot::may_go_on)
    }

    /// Whether any of them is known to have been started.
    #[must_use]
    pub fn any_started(&self) -> bool {
        self.0.iter().any(|slot| slot.arn().is_some())
    }

    /// The items, one a slot.
    #[must_use]
    pub fn into_items(self) -> Vec<Item> {
        self.0.into_iter().filter_map(|slot| slot.item).collect()
    }

    /// The slots of each chunk, with its number.
    pub(super) fn chunks(&mut self) -> impl Iterator<Item = (usize, &mut [Slot])> {
        self.0.chunks_mut(CHUNK).enumerate()
    }
}

/// The chunk is not asked for whole any more. Either all of it is there; or its token is, or may be,
/// too old: those that were started alone outlive what it started, or it started something a day ago.
fn is_over(whole: &[&Task], alone: usize, slots: usize, now: Timestamp) -> bool {
    let too_old = |task: &&Task| task.created_at.is_some_and(|at| now.duration_since(at) > REMEMBERED);
    let outlived = alone > 0 && whole.is_empty();
    whole.len() + alone >= slots || outlived || whole.iter().any(too_old)
}
