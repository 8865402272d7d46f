//! prune-images: old images leave ECR by ECR's own rules, and never one that anything still needs.
//!
//! What may go is decided in [`plan`]; what must stay is told by [`sources`]. What can't be known is
//! not deleted.

pub mod answer;
pub mod api;
pub mod ask;
pub mod config;
pub mod effect;
pub mod evaluate;
pub mod observe;
pub mod plan;
pub mod policies;
pub mod request;
pub mod sources;
pub mod used;

mod apply;
mod report;

use futures_util::future::join;
use jiff::Timestamp;
use shared::api::Operation;
use shared::call::Table;
use shared::events::BusEvent;
use shared::names::Scope;
use shared::record::whole_seconds;
use shared::settings::Mode;
use shared::{Answer, Call, Code, Deadline, Meter, Problem, Route, perform};
use shared_aws::{Aws, Clock, Read, Requester};
use shared_lambda::Function;
use tokio::time::Instant;

pub use config::Config;

use crate::apply::{Apply, ApplyList};
use crate::ask::Ask;
use crate::effect::WrittenList;
use crate::observe::Snapshot;
use crate::plan::{PlanContext, PlanId, WriteList};
use crate::report::Tally;
use crate::request::{ImagesFields, PruneFields, Request};
use crate::sources::{Cache, InUseDocument, InUseRegion, Reader};

/// Jobs that are under way at once; the budget of each API bucket sets the pace.
const AT_ONCE: usize = 16;
/// Repositories that are planned and pruned at a time: their images are in memory together.
const SLICE: usize = 10;

/// The function.
#[derive(Debug)]
pub struct PruneImages {
    aws: Aws,
    config: Config,
    cache: Cache,
    regions: Vec<InUseRegion>,
}

impl PruneImages {
    /// The function on this AWS.
    #[must_use]
    pub fn new(aws: Aws, config: Config) -> Self {
        let regions = config.in_use_regions.0.iter().map(|name| InUseRegion::new(&aws, name)).collect();
        Self { aws, config, cache: Cache::default(), regions }
    }

    fn reader<'a>(
        &'a self,
        read: &'a Read,
        scope: &'a Scope,
        documents: &'a [InUseDocument],
        now: Timestamp,
    ) -> Reader<'a> {
        let Self { cache, regions, config, .. } = self;
        Reader { read, cache, regions, scope, config, documents, now }
    }

    async fn prune(
        &self,
        call: &Call<Request>,
        fields: &PruneFields,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<Answer, Problem> {
        let ask = Ask::new(call, fields, &self.config, now)?;
        let clock = Clock::start(now);
        let (scope, Config { role_arn, settings, .. }) = (&call.scope, &self.config);
        let (read, sooner) = (self.aws.read(deadline), self.aws.read(sooner(deadline)));
        let reader = self.reader(&read, scope, &ask.documents, now);
        let Snapshot { registry, repositories, in_use } = observe::observe(reader, &sooner, &ask).await?;
        plan::in_time(&in_use, &ask)?;
        let repositories = plan::with_policies(&registry, repositories, &ask);
        let mut warnings = plan::unmatched(&registry, &ask);
        warnings.extend(plan::sources(&in_use));
        warnings.extend(plan::replicated(&registry, &repositories));
        let excluded = self.may_read_manifests(&read, repositories.iter().filter_map(|(_, it)| it.as_ref()));
        let excluded = excluded.await?;
        let used = in_use.by_repository(scope);
        let guards = &ask.guards;
        let context = PlanContext { in_use: &in_use, used: &used, scope, guards, archive: ask.archive, now };
        if let Some(asked) = ask.plan_id.as_deref().filter(|_| !ask.dry_run) {
            let mut id = PlanId::default();
            for slice in repositories.chunks(SLICE) {
                _ = plan::plan(&observe::with_images(reader, slice).await, &context, &mut id);
            }
            plan::confirm(&id.finish(), asked)?;
        }
        let (mut id, mut tally) = (PlanId::default(), Tally::default());
        let mut led_astray = false;
        for slice in repositories.chunks(SLICE) {
            let seen = observe::with_images(reader, slice).await;
            led_astray |= !excluded && plan::guard_asks_for_pull_times(&seen, guards);
            let planned = plan::plan(&seen, &context, &mut id);
            warnings.extend(planned.warnings);
            let items = if ask.dry_run {
                planned.plan.into_parts().0
            } else {
                let write = self.aws.write(deadline, Requester::of(call));
                let time_left = || write.time_left();
                let executor = Apply::new(write.clone(), reader, guards, clock, &seen);
                perform(planned.plan, &executor, AT_ONCE, &time_left).await
            };
            tally.add(items, &planned.images);
        }
        if led_astray {
            warnings.push(plan::guard_led_astray(role_arn));
        }
        let id = id.finish();
        if let Some(asked) = ask.plan_id.as_deref().filter(|_| ask.dry_run) {
            plan::confirm(&id, asked)?;
        }
        Ok(Answer::Report(tally.report(id, warnings, &ask, settings)))
    }

    /// Whether the registry records no pulls of this function. Asked before the first manifest is read: where a
    /// rule counts pull times, none is read unless that is so.
    async fn may_read_manifests(
        &self,
        read: &Read,
        policies: impl Iterator<Item = &shared::lifecycle::Policy>,
    ) -> Result<bool, Problem> {
        let role = &self.config.role_arn;
        let excluded = observe::is_excluded(read, role).await;
        match excluded {
            excluded if !plan::rules_ask_for_pull_times(policies) => Ok(excluded.unwrap_or(false)),
            Ok(false) => Err(plan::rule_led_astray(role)),
            excluded => excluded,
        }
    }

    async fn repositories(
        &self,
        scope: &Scope,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<Answer, Problem> {
        let read = self.aws.read(deadline);
        let (registry, seen) = observe::all(self.reader(&read, scope, &[], now)).await?;
        Ok(Answer::Read(answer::repositories(&registry, &seen, &self.config)))
    }

    async fn images(
        &self,
        fields: &ImagesFields,
        scope: &Scope,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<Answer, Problem> {
        let limit = shared::fields::limit(fields.limit)?.unwrap_or(usize::MAX);
        let read = self.aws.read(deadline);
        let name = fields.repository.as_str();
        self.may_read_manifests(&read, self.config.policies.of(name).into_iter()).await?;
        let reader = self.reader(&read, scope, &[], now);
        let (seen, in_use) = join(observe::detailed(reader, name), reader.in_use()).await;
        let ((details, seen), used) = (seen?, in_use.by_repository(scope));
        let context = PlanContext {
            in_use: &in_use,
            used: &used,
            scope,
            guards: &self.config.guards,
            archive: true,
            now,
        };
        let judged = plan::judge(name, &seen, self.config.policies.of(name), &context);
        Ok(Answer::Read(answer::images(&details, &judged, &in_use, (limit, fields.cursor.as_ref()))))
    }

    async fn in_use(&self, scope: &Scope, now: Timestamp, deadline: Deadline) -> Result<Answer, Problem> {
        let read = self.aws.read(deadline);
        let reader = self.reader(&read, scope, &[], now);
        let mut in_use = reader.in_use().await;
        let (tags, failed) = observe::tags_in_use(reader, &in_use).await;
        in_use.failed.extend(failed);
        Ok(Answer::Read(answer::in_use(&in_use, scope, &tags, now)))
    }

    async fn write_in_use(
        &self,
        call: &Call<Request>,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<Answer, Problem> {
        ask::not_ahead(call, now)?;
        let (scope, Config { in_use_to, settings, .. }) = (&call.scope, &self.config);
        let Some(under) = &in_use_to.0 else {
            let detail = "the list has nowhere to go: set IN_USE_TO on the stack";
            return Err(Problem::new(Code::NotConfigured, detail));
        };
        let read = self.aws.read(deadline);
        let reader = self.reader(&read, scope, &[], now);
        let in_use = reader.own_use().await;
        // Others look up the tags of their own repositories: what ours point to is only shown.
        let (tags, untold) = observe::tags_in_use(reader, &in_use).await;
        let (list, images) = answer::in_use_list(&in_use, scope, &tags, now);
        let list = WriteList { at: sources::place_of(scope, under), json: list.to_string() };
        let plan = plan::list(&in_use, list, WrittenList { images, at: whole_seconds(now) });
        let dry_run = call.envelope.dry_run;
        let items = if dry_run {
            plan.forecast().to_vec()
        } else {
            let write = self.aws.write(deadline, Requester::of(call));
            let time_left = || write.time_left();
            perform(plan, &ApplyList(write.clone()), AT_ONCE, &time_left).await
        };
        let warnings = plan::list_warnings(&in_use, &untold);
        report::written(items, dry_run, warnings, settings).single(&[]).map(Answer::Report)
    }
}

impl Function for PruneImages {
    const NAME: &'static str = "prune-images";
    const ROUTES: &'static [Route<Request>] = request::ROUTES;
    const OPERATIONS: &'static [Operation] = api::OPERATIONS;
    const TABLES: &'static [Table] = answer::TABLES;
    type Request = Request;

    async fn answer(
        &self,
        call: Call<Request>,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<Answer, Problem> {
        match &call.request {
            Request::Prune(fields) => self.prune(&call, fields, now, deadline).await,
            Request::Evaluate(fields) => evaluate::answer(fields, now).map(Answer::Read),
            Request::Repositories => self.repositories(&call.scope, now, deadline).await,
            Request::Images(fields) => self.images(fields, &call.scope, now, deadline).await,
            Request::InUse => self.in_use(&call.scope, now, deadline).await,
            Request::WriteInUse => self.write_in_use(&call, now, deadline).await,
        }
    }

    async fn publish(&self, events: &[BusEvent], deadline: Deadline) -> usize {
        self.aws.publish(&self.config.settings.event_bus, events, deadline).await
    }

    fn is_read_only(&self) -> bool {
        self.config.settings.mode == Mode::ReadOnly
    }

    fn meter(&self) -> Meter {
        self.aws.meter()
    }
}

/// Two thirds of what is left: then there is time to delete, or to say that there is not.
fn sooner(deadline: Deadline) -> Deadline {
    let now = Instant::now().into_std();
    deadline.or_sooner(now + deadline.left(now) * 2 / 3)
}
