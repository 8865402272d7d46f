//! The only loop that changes AWS. It makes no choices: those are in the plan.

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use futures_util::future::{Either, select};
use futures_util::stream::{self, FuturesUnordered, SelectAll, Stream, StreamExt};
use serde_json::Value;

use crate::plan::{ItemId, Job, Plan};
use crate::problem::{Code, Problem};
use crate::report::{Item, Outcome};

/// What a step did that went through.
#[derive(Debug)]
pub struct Done<E = Value> {
    /// Items of the job that AWS refused in an answer of 200 (its `failures[]`).
    pub refused: Vec<(ItemId, Problem)>,
    /// Items that AWS has given a name only now, and what they are.
    pub made: Vec<(ItemId, Made<E>)>,
    /// Items of which that answer said something else than done or failed: gone already, or waiting.
    pub left: Vec<(ItemId, Taken)>,
}

impl<E> Default for Done<E> {
    fn default() -> Self {
        Self { refused: Vec::new(), made: Vec::new(), left: Vec::new() }
    }
}

/// Something that was not there before: a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Made<E = Value> {
    /// Its ARN's resource part.
    pub resource: String,
    /// What it is.
    pub after: E,
}

/// Why nothing was done to an item: its job was taken away between two readings, or AWS left it.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// What becomes of the item.
    pub outcome: Outcome,
    /// Why, for programs.
    pub code: Code,
    /// Why, for people.
    pub reason: String,
}

/// The jobs of a stage that remain after the world was read again, and what was taken away.
#[derive(Clone, Debug, PartialEq)]
pub struct Narrowed<S> {
    /// A subset of the jobs that went in.
    pub jobs: Vec<Job<S>>,
    /// The items of the others.
    pub taken: Vec<(ItemId, Taken)>,
}

impl<S> Narrowed<S> {
    /// Everything remains.
    #[must_use]
    pub fn whole(jobs: Vec<Job<S>>) -> Self {
        Self { jobs, taken: Vec::new() }
    }

    /// Nothing remains, each item for the same reason.
    #[must_use]
    pub fn nothing(jobs: &[Job<S>], taken: &Taken) -> Self {
        let taken = jobs.iter().flat_map(|job| &job.covers).map(|id| (*id, taken.clone())).collect();
        Self { jobs: Vec::new(), taken }
    }
}

/// What performs a step: one AWS call.
pub trait Executor<S, E = Value>: Sync {
    /// At most so many jobs of a lane are begun on one look at the world.
    const BATCH: usize = usize::MAX;

    /// The jobs of a stage with the same lane are done batch after batch, each after a fresh look; those of
    /// different lanes, side by side.
    fn lane(&self, _job: &Job<S>) -> String {
        String::new()
    }

    /// Makes the call.
    fn perform(&self, step: &S) -> impl Future<Output = Result<Done<E>, Problem>> + Send;

    /// It only writes down what the steps before it have done. The next batch of its lane does not wait for
    /// such a step at the end of a job, unless it is all of the job.
    fn confirms(&self, _step: &S) -> bool {
        false
    }

    /// Makes the call of a confirmation that nothing waits for, so that what others wait for may go first.
    fn confirm(&self, step: &S) -> impl Future<Output = Result<Done<E>, Problem>> + Send {
        self.perform(step)
    }

    /// The step that takes this one back, where half of its job would do harm. It is performed only when
    /// a later step of the job was definitely refused; never where nobody knows what became of that.
    fn undo(&self, _step: &S) -> Option<S> {
        None
    }

    /// Reads the world again before a batch and takes away what no longer holds. It never adds.
    fn narrow(&self, _stage: usize, jobs: Vec<Job<S>>) -> impl Future<Output = Narrowed<S>> + Send
    where
        S: Send,
    {
        ready(Narrowed::whole(jobs))
    }
}

/// While so many jobs have only their confirmations left, no lane is begun, and no batch of a lane whose they are. A
/// thousand stops leave some eighty behind while their changes keep the pace that AWS allows.
const UNCONFIRMED: usize = 128;

/// What became of the jobs of a lane that were begun, and the items of those that were not.
struct Lane<E, C> {
    ends: Vec<Ended<E>>,
    taken: Vec<(ItemId, Taken)>,
    /// The confirmations that are left when all else is done.
    left: FuturesUnordered<C>,
}

/// The items of a job, and how it ended.
type Ended<E> = (Vec<ItemId>, End<E>);

/// How a job ended.
enum End<E> {
    Done(Done<E>),
    Failed(Problem),
    OutOfTime,
    /// All was done, but the time was up before it was written down.
    Unconfirmed,
}

/// Performs a plan: stage after stage, at most `at_once` jobs of a stage concurrently and those of a lane
/// begun in their order, each item's failure its own, nothing begun once `time_left` says no.
///
/// Returns the plan's items with what became of them. An item whose job did not go through
/// loses its jobs in later stages.
pub async fn perform<S: Send + Sync, E: Send, X: Executor<S, E>>(
    plan: Plan<S, E>,
    executor: &X,
    at_once: usize,
    time_left: &(impl Fn() -> bool + Sync),
) -> Vec<Item<E>> {
    let (items, stages) = plan.into_parts();
    let mut fates = Fates { lost: vec![false; items.len()], items };
    for (number, mut jobs) in stages.into_iter().enumerate() {
        jobs.retain(|job| job.covers.iter().any(|id| fates.stands(*id)));
        let outstanding = AtomicUsize::new(0);
        let mut waiting = lanes(jobs, executor).into_iter();
        // Polled again whenever a confirmation has ended, so nobody need be woken.
        let next = stream::poll_fn(|_| match outstanding.load(Ordering::Relaxed) {
            0..UNCONFIRMED => Poll::Ready(waiting.next()),
            _ => Poll::Pending,
        });
        let lanes = next.map(|batches| lane(number, batches, executor, at_once, time_left, &outstanding));
        let mut lanes = lanes.buffer_unordered((at_once / X::BATCH).max(1));
        let (mut unconfirmed, mut ended) = (SelectAll::new(), Vec::new());
        while let Some(Lane { ends, taken, left }) = beside(lanes.next(), &mut unconfirmed, &mut ended).await
        {
            for (id, taken) in taken {
                fates.lose(id, taken);
            }
            ended.extend(ends);
            unconfirmed.push(left);
        }
        ended.extend(unconfirmed.collect::<Vec<_>>().await);
        for (covers, end) in ended {
            fates.settle(&covers, end);
        }
    }
    fates.items
}

/// The jobs of each lane, in batches. Lanes are in the order of their first jobs.
fn lanes<S, E, X: Executor<S, E>>(jobs: Vec<Job<S>>, executor: &X) -> Vec<Vec<Vec<Job<S>>>> {
    let mut places = BTreeMap::new();
    let mut lanes: Vec<Vec<Vec<Job<S>>>> = Vec::new();
    for job in jobs {
        let place = *places.entry(executor.lane(&job)).or_insert(lanes.len());
        if lanes.len() <= place {
            lanes.push(Vec::new());
        }
        let Some(lane) = lanes.get_mut(place) else { continue };
        match lane.last_mut() {
            Some(batch) if batch.len() < X::BATCH => batch.push(job),
            _ => lane.push(vec![job]),
        }
    }
    lanes
}

/// The batches of a lane, one after the other, while the confirmations of those before go on.
async fn lane<'a, S: Send + Sync + 'a, E: Send + 'a, X: Executor<S, E>>(
    stage: usize,
    batches: Vec<Vec<Job<S>>>,
    executor: &'a X,
    at_once: usize,
    time_left: &'a (impl Fn() -> bool + Sync),
    outstanding: &'a AtomicUsize,
) -> Lane<E, impl Future<Output = Ended<E>> + 'a> {
    let confirm = |job: Begun<S, E>| async move {
        let ended = job.finish(executor, time_left).await;
        outstanding.fetch_sub(1, Ordering::Relaxed);
        ended
    };
    let mut all = Lane { ends: Vec::new(), taken: Vec::new(), left: FuturesUnordered::new() };
    for batch in batches {
        let begun = begin(stage, batch, executor, at_once, time_left, &mut all.taken);
        for job in beside(begun, &mut all.left, &mut all.ends).await {
            match job {
                Ok(job) => {
                    outstanding.fetch_add(1, Ordering::Relaxed);
                    all.left.push(confirm(job));
                }
                Err(ended) => all.ends.push(ended),
            }
        }
        while all.left.len() > UNCONFIRMED {
            all.ends.extend(all.left.next().await);
        }
    }
    all
}

/// Waits for `first`, while what stands beside it goes on, and notes what of that has ended.
async fn beside<T, O: Stream + Unpin>(
    first: impl Future<Output = T>,
    others: &mut O,
    ended: &mut Vec<O::Item>,
) -> T {
    let mut first = pin!(first);
    loop {
        match select(first.as_mut(), others.next()).await {
            Either::Left((first, _)) => return first,
            Either::Right((Some(other), _)) => ended.push(other),
            Either::Right((None, _)) => return first.await,
        }
    }
}

/// Begins the jobs of a batch that still hold, up to their confirmations.
async fn begin<S: Send + Sync, E: Send, X: Executor<S, E>>(
    stage: usize,
    jobs: Vec<Job<S>>,
    executor: &X,
    at_once: usize,
    time_left: &(impl Fn() -> bool + Sync),
    all_taken: &mut Vec<(ItemId, Taken)>,
) -> Vec<Result<Begun<S, E>, Ended<E>>> {
    let Narrowed { jobs, taken } =
        if time_left() { executor.narrow(stage, jobs).await } else { Narrowed::whole(jobs) };
    all_taken.extend(taken);
    let begun = stream::iter(jobs).map(|job| {
        let confirmations = job.steps.iter().rev().take_while(|step| executor.confirms(step)).count();
        let changes = job.steps.len().saturating_sub(confirmations).max(1);
        Begun { job, next: 0, done: Done::default() }.change(changes, executor, time_left)
    });
    begun.buffer_unordered(at_once.max(1)).collect().await
}

/// A job of which some steps are done.
struct Begun<S, E> {
    job: Job<S>,
    /// The place of the next step.
    next: usize,
    done: Done<E>,
}

impl<S: Sync, E> Begun<S, E> {
    /// Performs its steps before this place.
    async fn change(
        mut self,
        end: usize,
        executor: &impl Executor<S, E>,
        time_left: &(impl Fn() -> bool + Sync),
    ) -> Result<Self, Ended<E>> {
        while let Some(step) = self.job.steps.get(self.next).filter(|_| self.next < end) {
            if !time_left() {
                return Err((self.job.covers, End::OutOfTime));
            }
            let answer = executor.perform(step).await;
            self = self.took(answer, executor).await?;
        }
        Ok(self)
    }

    /// What became of its next step.
    async fn took(
        mut self,
        answer: Result<Done<E>, Problem>,
        executor: &impl Executor<S, E>,
    ) -> Result<Self, Ended<E>> {
        match answer {
            Ok(done) => {
                self.done.refused.extend(done.refused);
                self.done.made.extend(done.made);
                self.done.left.extend(done.left);
            }
            // The call waited for its budget, or for AWS, until the deadline.
            Err(problem) if problem.code == Code::OutOfTime => {
                return Err((self.job.covers, End::OutOfTime));
            }
            Err(problem) => {
                if matches!(problem.code, Code::AccessDenied | Code::AwsRefused) {
                    take_back(self.job.steps.get(..self.next).unwrap_or_default(), executor).await;
                }
                return Err((self.job.covers, End::Failed(problem)));
            }
        }
        self.next += 1;
        Ok(self)
    }

    /// Performs what is left of it: its confirmations.
    async fn finish(
        self,
        executor: &impl Executor<S, E>,
        time_left: &(impl Fn() -> bool + Sync),
    ) -> Ended<E> {
        let mut left = self;
        while let Some(step) = left.job.steps.get(left.next) {
            if !time_left() {
                return (left.job.covers, End::Unconfirmed);
            }
            let answer = executor.confirm(step).await;
            match left.took(answer, executor).await {
                Ok(next) => left = next,
                Err((covers, End::OutOfTime)) => return (covers, End::Unconfirmed),
                Err(ended) => return ended,
            }
        }
        (left.job.covers, End::Done(left.done))
    }
}

/// Takes back what was done of a job, the last step first. What can't be taken back is finished by a later
/// run, as after any crash.
async fn take_back<S: Sync, E>(done: &[S], executor: &impl Executor<S, E>) {
    for undo in done.iter().rev().filter_map(|step| executor.undo(step)) {
        if executor.perform(&undo).await.is_err() {
            return;
        }
    }
}

/// What became of the items so far.
struct Fates<E> {
    items: Vec<Item<E>>,
    /// Those of which a job did not go through. (A plan may call an item failed, and still do something.)
    lost: Vec<bool>,
}

impl<E> Fates<E> {
    fn stands(&self, id: ItemId) -> bool {
        self.lost.get(id.index()).is_some_and(|lost| !lost)
    }

    fn lose(&mut self, id: ItemId, taken: Taken) {
        if let Some(lost) = self.lost.get_mut(id.index()) {
            *lost = true;
        }
        self.set(id, taken);
    }

    fn set(&mut self, id: ItemId, Taken { outcome, code, reason }: Taken) {
        if let Some(item) = self.items.get_mut(id.index()) {
            item.becomes(outcome, code, reason);
        }
    }

    fn settle(&mut self, covers: &[ItemId], end: End<E>) {
        match end {
            End::Done(done) => {
                for (id, Made { resource, after }) in done.made {
                    if let Some(item) = self.items.get_mut(id.index()) {
                        item.came_to_be(resource, after);
                    }
                }
                for (id, left) in done.left {
                    let unfinished = matches!(left.outcome, Outcome::Failed | Outcome::NotAttempted);
                    if unfinished { self.lose(id, left) } else { self.set(id, left) }
                }
                for (id, problem) in done.refused {
                    self.lose(id, problem.into());
                }
            }
            End::Failed(problem) => {
                for id in covers {
                    let (code, reason) = (problem.code, problem.detail.clone());
                    self.lose(*id, Taken { outcome: Outcome::Failed, code, reason });
                }
            }
            End::OutOfTime => {
                for id in covers {
                    self.lose(*id, Taken::out_of_time());
                }
            }
            End::Unconfirmed => {
                for id in covers {
                    let after = self.items.get_mut(id.index()).and_then(|item| item.after.take());
                    self.lose(*id, Taken::unconfirmed());
                    if let Some(item) = self.items.get_mut(id.index()) {
                        item.after = after;
                    }
                }
            }
        }
    }
}

impl Taken {
    /// The deadline came first.
    #[must_use]
    pub fn out_of_time() -> Self {
        let reason = "the time was up before this was finished; the same request again goes on";
        Self { outcome: Outcome::NotAttempted, code: Code::OutOfTime, reason: reason.to_owned() }
    }

    /// The deadline came between the change and what writes it down.
    fn unconfirmed() -> Self {
        let reason = "it was changed, but the time was up before its record said so; the next run, or the same request \
                      again, writes that";
        Self { outcome: Outcome::NotAttempted, code: Code::OutOfTime, reason: reason.to_owned() }
    }
}

/// A failure; or, where the deadline came first, nothing that was attempted.
impl From<Problem> for Taken {
    fn from(problem: Problem) -> Self {
        if problem.code == Code::OutOfTime {
            return Self::out_of_time();
        }
        Self { outcome: Outcome::Failed, code: problem.code, reason: problem.detail }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Mutex;
    use std::task::Context;

    use futures_util::FutureExt as _;
    use futures_util::task::noop_waker_ref;
    use proptest::prelude::*;

    use super::*;

    /// Executor that note what they do, refuse what they are told to, and take away what they are
    /// told to before a stage.
    #[derive(Default)]
    struct Noted {
        done: Mutex<Vec<&'static str>>,
        refuse: &'static [&'static str],
        take: &'static [&'static str],
    }

    impl Executor<&'static str> for Noted {
        async fn perform(&self, step: &&'static str) -> Result<Done, Problem> {
            if self.refuse.contains(step) {
                return Err(Problem::new(Code::AccessDenied, format!("{step} is denied")));
            }
            self.done.lock().unwrap().push(step);
            Ok(Done::default())
        }

        async fn narrow(&self, _stage: usize, jobs: Vec<Job<&'static str>>) -> Narrowed<&'static str> {
            let (taken, jobs) =
                jobs.into_iter().partition(|job| job.steps.iter().any(|s| self.take.contains(s)));
            let why = Taken { outcome: Outcome::Failed, code: Code::Raced, reason: "raced".into() };
            Narrowed { jobs, taken: Narrowed::nothing(&taken, &why).taken }
        }
    }

    fn item(name: &str) -> Item {
        Item::new(name, Outcome::Changed, None, "as asked")
    }

    fn two_services() -> Plan<&'static str> {
        let mut plan = Plan::default();
        plan.change(item("a"), [(0, vec!["a1", "a2"]), (1, vec!["a3"])]);
        plan.decided(Item::new("b", Outcome::Unchanged, None, "as it should be"));
        plan.change(item("c"), [(0, vec!["c1"]), (1, vec!["c3"])]);
        plan
    }

    fn run(plan: Plan<&'static str>, executor: &Noted, calls: usize) -> Vec<(Outcome, Option<Code>)> {
        let made = || executor.done.lock().unwrap().len();
        let items = perform(plan, executor, 1, &|| made() < calls).now_or_never().unwrap();
        items.into_iter().map(|item| (item.outcome, item.code)).collect()
    }

    #[test]
    fn a_stage_is_a_barrier_and_jobs_begin_in_their_order() {
        let executor = Noted::default();
        let outcomes = run(two_services(), &executor, usize::MAX);
        assert_eq!(executor.done.into_inner().unwrap(), ["a1", "a2", "c1", "a3", "c3"]);
        assert_eq!(
            outcomes,
            [(Outcome::Changed, None), (Outcome::Unchanged, None), (Outcome::Changed, None)]
        );
    }

    #[test]
    fn a_failed_step_ends_its_job_and_its_items_later_jobs_and_nothing_else() {
        let executor = Noted { refuse: &["a1"], ..Noted::default() };
        let outcomes = run(two_services(), &executor, usize::MAX);
        assert_eq!(executor.done.into_inner().unwrap(), ["c1", "c3"]);
        assert_eq!(outcomes[0], (Outcome::Failed, Some(Code::AccessDenied)));
        assert_eq!(outcomes[2], (Outcome::Changed, None));
    }

    #[test]
    fn nothing_is_begun_after_the_deadline_and_what_is_left_is_not_attempted() {
        let executor = Noted::default();
        let outcomes = run(two_services(), &executor, 2);
        assert_eq!(executor.done.into_inner().unwrap(), ["a1", "a2"]);
        assert_eq!(outcomes[0], (Outcome::NotAttempted, Some(Code::OutOfTime)), "its record was not written");
        assert_eq!(outcomes[2], (Outcome::NotAttempted, Some(Code::OutOfTime)));
    }

    #[test]
    fn what_is_taken_away_between_two_readings_is_not_done() {
        let executor = Noted { take: &["c3"], ..Noted::default() };
        let outcomes = run(two_services(), &executor, usize::MAX);
        assert_eq!(executor.done.into_inner().unwrap(), ["a1", "a2", "c1", "a3"]);
        assert_eq!(outcomes[2], (Outcome::Failed, Some(Code::Raced)));
    }

    /// Two jobs to a look, in lanes by their first letter; from the third look on nothing holds any more.
    #[derive(Default)]
    struct InBatches {
        looks: Mutex<Vec<Vec<&'static str>>>,
        done: Mutex<Vec<&'static str>>,
    }

    impl Executor<&'static str> for InBatches {
        const BATCH: usize = 2;

        fn lane(&self, job: &Job<&'static str>) -> String {
            job.steps[0][..1].to_owned()
        }

        async fn perform(&self, step: &&'static str) -> Result<Done, Problem> {
            self.done.lock().unwrap().push(step);
            Ok(Done::default())
        }

        async fn narrow(&self, _stage: usize, jobs: Vec<Job<&'static str>>) -> Narrowed<&'static str> {
            let mut looks = self.looks.lock().unwrap();
            looks.push(jobs.iter().map(|job| job.steps[0]).collect());
            if looks.len() < 3 {
                return Narrowed::whole(jobs);
            }
            let reason = "held meanwhile".to_owned();
            let held = Taken { outcome: Outcome::Unchanged, code: Code::ChangedMeanwhile, reason };
            Narrowed::nothing(&jobs, &held)
        }
    }

    #[test]
    fn nothing_is_switched_on_an_old_look() {
        let executor = InBatches::default();
        let mut plan = Plan::default();
        for name in ["a1", "b1", "a2", "a3", "a4", "a5"] {
            plan.change(item(name), [(0, vec![name])]);
        }
        let items = perform(plan, &executor, 2, &|| true).now_or_never().unwrap();
        let looks = executor.looks.into_inner().unwrap();
        assert_eq!(looks, [vec!["a1", "a2"], vec!["a3", "a4"], vec!["a5"], vec!["b1"]]);
        assert_eq!(executor.done.into_inner().unwrap(), ["a1", "a2", "a3", "a4"]);
        let left: Vec<_> = items.iter().filter(|item| item.code == Some(Code::ChangedMeanwhile)).collect();
        assert_eq!(left.iter().map(|item| item.resource.as_str()).collect::<Vec<_>>(), ["b1", "a5"]);
    }

    /// Confirmations (`+`) are answered only after so many changes.
    struct SlowToConfirm {
        begun: Mutex<Vec<&'static str>>,
        after: usize,
    }

    impl Executor<&'static str> for SlowToConfirm {
        const BATCH: usize = 2;

        async fn perform(&self, step: &&'static str) -> Result<Done, Problem> {
            self.begun.lock().unwrap().push(step);
            let changes = || self.begun.lock().unwrap().iter().filter(|step| !step.ends_with('+')).count();
            poll_fn(|context| {
                if !step.ends_with('+') || changes() >= self.after {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            Ok(Done::default())
        }

        fn confirms(&self, step: &&'static str) -> bool {
            step.ends_with('+')
        }
    }

    #[test]
    fn the_next_batch_of_a_lane_does_not_wait_for_the_confirmations_of_the_one_before() {
        let mut plan = Plan::default();
        for name in ["a", "b", "c", "d", "e"] {
            plan.change(item(name), [(0, vec![name, "+"])]);
        }
        // Alone in its job, it is what the batch is for: the next one waits for it.
        plan.change(item("f"), [(0, vec!["f+"])]);
        plan.change(item("g"), [(1, vec!["g"])]);
        let executor = SlowToConfirm { begun: Mutex::default(), after: 5 };
        let mut run = std::pin::pin!(perform(plan, &executor, 2, &|| true));
        let mut context = Context::from_waker(noop_waker_ref());
        let items = (0..1_000).find_map(|_| match run.as_mut().poll(&mut context) {
            Poll::Ready(items) => Some(items),
            Poll::Pending => None,
        });
        let items = items.expect("no batch waits for a confirmation");
        assert!(items.iter().all(|item| item.outcome == Outcome::Changed));
        let begun = executor.begun.lock().unwrap();
        assert_eq!(begun.iter().filter(|step| **step == "+").count(), 5, "each is made");
        assert_eq!(begun.last(), Some(&"g"), "a stage is over when all of it is confirmed");
    }

    #[test]
    fn no_lane_waits_for_the_confirmations_of_another() {
        let executor = LanesSlowToConfirm(SlowToConfirm { begun: Mutex::default(), after: 300 });
        let names: Vec<&'static str> = (0..300).map(|n| &*format!("{n}").leak()).collect();
        let mut plan = Plan::default();
        for name in &names {
            plan.change(item(name), [(0, vec![*name, "+"])]);
        }
        let mut run = std::pin::pin!(perform(plan, &executor, 2, &|| true));
        let mut context = Context::from_waker(noop_waker_ref());
        for _ in 0..10_000 {
            assert!(run.as_mut().poll(&mut context).is_pending());
        }
        // As many as may be outstanding, and the lane that had been begun.
        let changes = executor.0.begun.lock().unwrap().iter().filter(|step| !step.ends_with('+')).count();
        assert!((UNCONFIRMED..=UNCONFIRMED + 1).contains(&changes), "{changes} changes");
    }

    /// The same, each job in a lane of its own.
    struct LanesSlowToConfirm(SlowToConfirm);

    impl Executor<&'static str> for LanesSlowToConfirm {
        const BATCH: usize = 2;

        fn lane(&self, job: &Job<&'static str>) -> String {
            job.steps[0].to_owned()
        }

        async fn perform(&self, step: &&'static str) -> Result<Done, Problem> {
            self.0.perform(step).await
        }

        fn confirms(&self, step: &&'static str) -> bool {
            self.0.confirms(step)
        }
    }

    /// Notes by which way each step came.
    #[derive(Default)]
    struct ByWay(Mutex<Vec<(&'static str, &'static str)>>);

    impl Executor<&'static str> for ByWay {
        async fn perform(&self, step: &&'static str) -> Result<Done, Problem> {
            self.0.lock().unwrap().push(("performed", step));
            Ok(Done::default())
        }

        async fn confirm(&self, step: &&'static str) -> Result<Done, Problem> {
            self.0.lock().unwrap().push(("confirmed", step));
            Ok(Done::default())
        }

        fn confirms(&self, step: &&'static str) -> bool {
            step.ends_with('+')
        }
    }

    #[test]
    fn only_what_nothing_waits_for_gives_way() {
        let mut plan = Plan::default();
        plan.change(item("a"), [(0, vec!["a+", "a", "a++"])]);
        plan.change(item("b"), [(0, vec!["b+"])]);
        let executor = ByWay::default();
        perform(plan, &executor, 1, &|| true).now_or_never().expect("nothing waits");
        let mut ways = executor.0.into_inner().unwrap();
        ways.sort_by_key(|(_, step)| *step);
        // What stands ahead of a change, and what is all of a job, is waited for.
        assert_eq!(
            ways,
            [("performed", "a"), ("performed", "a+"), ("confirmed", "a++"), ("performed", "b+")]
        );
    }

    #[test]
    fn what_was_changed_and_not_written_down_in_time_is_told_as_changed_and_left_to_the_next_run() {
        let mut plan = Plan::default();
        let mut changed = item("a");
        changed.after = Some(Value::from("changed"));
        plan.change(changed, [(0, vec!["a", "+"])]);
        let executor = SlowToConfirm { begun: Mutex::default(), after: 0 };
        // It is asked before the batch, before the change, and before the confirmation.
        let left = Mutex::new(2_u32);
        let time_left = || {
            let mut left = left.lock().unwrap();
            let is_left = *left > 0;
            *left = left.saturating_sub(1);
            is_left
        };
        let items = perform(plan, &executor, 2, &time_left).now_or_never().expect("nothing waits");
        assert_eq!(executor.begun.into_inner().unwrap(), ["a"]);
        assert_eq!((items[0].outcome, items[0].code), (Outcome::NotAttempted, Some(Code::OutOfTime)));
        assert!(items[0].reason.starts_with("it was changed"), "{}", items[0].reason);
        assert_eq!(items[0].after, Some(Value::from("changed")));
    }

    #[test]
    fn what_a_plan_calls_failed_may_still_be_written_down() {
        let executor = Noted::default();
        let mut plan = Plan::default();
        let failed = Item::new("a", Outcome::Failed, Some(Code::NoSavedSize), "no size");
        plan.change(failed, [(0, vec!["a1"])]);
        assert_eq!(run(plan, &executor, usize::MAX), [(Outcome::Failed, Some(Code::NoSavedSize))]);
        assert_eq!(executor.done.into_inner().unwrap(), ["a1"]);
    }

    /// A toy of the whole idea: the world is a list of numbers, a plan brings each to its wish.
    fn plan(world: &[u8], wish: &[u8]) -> Plan<(usize, u8)> {
        let mut plan = Plan::default();
        for (place, (is, shall)) in world.iter().zip(wish).enumerate() {
            let steps = (*is < *shall).then(|| (*is..*shall).map(|n| (place, n + 1)).collect());
            let down = (*is > *shall).then(|| vec![(place, *shall)]);
            plan.change(item(&place.to_string()), [(place % 2, steps.or(down).unwrap_or_default())]);
        }
        plan
    }

    proptest! {
        #[test]
        fn every_prefix_of_a_plan_replans_to_the_same_end(
            pairs in prop::collection::vec((0..5_u8, 0..5_u8), 0..6),
            killed_after in 0..20_usize,
        ) {
            let (mut world, wish): (Vec<u8>, Vec<u8>) = pairs.into_iter().unzip();
            for (place, value) in plan(&world, &wish).steps().take(killed_after) {
                world[*place] = *value;
            }
            for (place, value) in plan(&world.clone(), &wish).steps() {
                world[*place] = *value;
            }
            prop_assert_eq!(&world, &wish);
            prop_assert!(plan(&world, &wish).is_empty());
            prop_assert!(plan(&world, &wish).forecast().iter().all(|item| item.outcome == Outcome::Unchanged));
        }
    }
}
