//! prune-images: old images leave ECR by ECR's own rules, and never one that anything still needs.
//!
//! What may go is decided in [`plan`]; what must stay is told by [`sources`]. What can't be known is
//! not deleted.

pub mod answer;
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

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join;
use jiff::Timestamp;
use shared::call::Table;
use shared::image::{Digest, Wanted as Meant};
use shared::lifecycle::{Policy, Verdict};
use shared::names::Scope;
use shared::report::Warning;
use shared::select::ImagePattern;
use shared::settings::Mode;
use shared::{Answer, Call, Code, Deadline, Meter, Problem, Refusal, Route, Via, perform};
use shared_aws::{Aws, Read, Requester};
use shared_lambda::Function;
use tokio::time::Instant;

pub use config::Config;

use crate::apply::Apply;
use crate::ask::{Ask, Policing};
use crate::observe::{Registry, Seen, Wanted};
use crate::plan::{Case, Judged, judge};
use crate::request::{ImagesFields, PruneFields, Request};
use crate::sources::{Cache, InUseDocument, SourceReader};
use crate::used::InUse;

/// Jobs that are under way at once; the budget of each API bucket sets the pace.
const AT_ONCE: usize = 16;

/// The function.
#[derive(Debug)]
pub struct PruneImages {
    aws: Aws,
    config: Config,
    cache: Cache,
}

impl PruneImages {
    /// The function on this AWS.
    #[must_use]
    pub fn new(aws: Aws, config: Config) -> Self {
        Self { aws, config, cache: Cache::default() }
    }

    fn sources<'a>(
        &'a self,
        read: &'a Read,
        scope: &'a Scope,
        documents: &'a [InUseDocument],
    ) -> SourceReader<'a> {
        SourceReader { read, cache: &self.cache, scope, config: &self.config, documents }
    }

    async fn prune(
        &self,
        call: &Call<Request>,
        fields: &PruneFields,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<Answer, Problem> {
        let ask = Ask::new(call, fields, &self.config, now)?;
        let began = (now, Instant::now());
        let read = self.aws.read(deadline);
        let reading = self.aws.read(sooner(deadline));
        let registry = async {
            let registry = observe::registry(&read).await?;
            let wanted = self.wanted(&registry, &ask);
            let seen = observe::repositories(&read, &self.cache, &call.scope.account, wanted).await;
            Ok::<_, Problem>((registry, seen))
        };
        let (seen, in_use) =
            join(registry, self.sources(&reading, &call.scope, &ask.documents).in_use()).await;
        let (registry, mut seen) = seen?;
        seen.extend(missing(&registry, &ask));
        in_time(&in_use, call, fields)?;
        let policed = police(seen, &ask.policing);
        let mut warnings = unmatched(&registry, &ask);
        warnings.extend(self.pulls(&read, &policed, &ask).await?);
        let used = in_use.by_repository(&call.scope);
        let case = Case { in_use: &in_use, used: &used, guards: &ask.guards, archive: ask.archive, now };
        let planned = plan::plan(&policed, &case);
        if let Some(asked) = ask.plan_id.as_ref().filter(|asked| **asked != planned.id) {
            let detail = format!(
                "what would go is not what plan {asked} said: look at plan {} (the same request as a dry run), and \
                 send that",
                planned.id
            );
            return Err(Problem::new(Code::PlanChanged, detail));
        }
        warnings.extend(planned.warnings);
        let items = if ask.dry_run {
            planned.plan.forecast().to_vec()
        } else {
            let write = self.aws.write(deadline, Requester::of(call));
            let time_left = || write.time_left();
            let executor = Apply {
                write: write.clone(),
                sources: self.sources(&read, &call.scope, &ask.documents),
                guards: &ask.guards,
                began,
            };
            perform(planned.plan, &executor, AT_ONCE, &time_left).await
        };
        let settings = &self.config.settings;
        let report = report::report(items, planned.id, &planned.images, warnings, &ask, settings);
        Ok(Answer::Report(report))
    }

    /// Which repositories are looked at, and which are left alone.
    fn wanted(
        &self,
        registry: &Registry,
        ask: &Ask,
    ) -> Vec<(shared::ecr::Repository, Option<Refusal>, Wanted)> {
        let meant = registry.repositories.iter().filter(|it| ask.takes(&it.repository_name));
        meant
            .map(|repository| {
                let name = &repository.repository_name;
                let named = ask.names(name);
                let left = if self.config.repositories.matches(name) {
                    registry.left(name).filter(|_| !named)
                } else {
                    let reason = "PRUNE_REPOSITORIES does not name it".into();
                    Some(Refusal { code: Code::NotConfigured, reason })
                };
                (repository.clone(), left, Wanted { named, images: true })
            })
            .collect()
    }

    /// A rule that asks for pull times must not be led astray by ourselves: reading a manifest is a
    /// pull, but for a role that the registry excludes.
    async fn pulls(
        &self,
        read: &Read,
        policed: &[(Seen, Option<Policy>)],
        ask: &Ask,
    ) -> Result<Vec<Warning>, Problem> {
        let asks = policed.iter().filter_map(|(_, policy)| policy.as_ref()).any(Policy::asks_for_pull_times);
        let moved = ask.guards.keep_pulled_days > 0 && policed.iter().any(|(seen, _)| seen.images.pulled);
        if !asks && !moved {
            return Ok(Vec::new());
        }
        let role = &self.config.role_arn;
        let excluded = !role.is_empty() && read.pull_time_exclusions().await?.contains(role);
        if excluded {
            return Ok(Vec::new());
        }
        let role = if role.is_empty() { "the function's role (ROLE_ARN is not set)" } else { role.as_str() };
        let remedy =
            format!("register it: aws ecr register-pull-time-update-exclusion --principal-arn {role}");
        if asks {
            let detail = format!(
                "a rule counts sinceImagePulled, and the pulls of {role} are recorded, which reads manifests: {remedy}"
            );
            return Err(Problem::new(Code::RoleNotExcluded, detail));
        }
        let detail = format!(
            "the manifests of indexes were read, which ECR records as pulls by {role}, so keepPulledDays keeps those \
             indexes: {remedy}"
        );
        Ok(vec![Warning::new(Code::RoleNotExcluded, detail)])
    }

    async fn repositories(&self, scope: &Scope, deadline: Deadline) -> Result<Answer, Problem> {
        let read = self.aws.read(deadline);
        let registry = observe::registry(&read).await?;
        let wanted = registry.repositories.iter().map(|repository| {
            let wanted = Wanted { named: false, images: false };
            (repository.clone(), None, wanted)
        });
        let mut seen = observe::repositories(&read, &self.cache, &scope.account, wanted.collect()).await;
        for one in &mut seen {
            one.left = registry.left(&one.repository.repository_name).or(one.left.take());
        }
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
        let name = fields.repository.to_string();
        let images = observe::images(&read, &self.cache, &name);
        let (images, in_use) = join(images, self.sources(&read, scope, &[]).in_use()).await;
        let repository = shared::ecr::Repository { repository_name: name.clone(), ..Default::default() };
        let seen = Seen { repository, images: images?, ..Seen::default() };
        let used = in_use.by_repository(scope);
        let guards = &self.config.guards;
        let case = Case { in_use: &in_use, used: &used, guards, archive: true, now };
        let judged = match self.config.policies.of(&name) {
            Some(policy) => judge(&seen, policy, &case),
            None => unpoliced(&seen, &case),
        };
        let page = (limit, fields.cursor.as_ref());
        Ok(Answer::Read(answer::images(&seen.images, &judged, &in_use, page)))
    }

    async fn in_use(&self, scope: &Scope, deadline: Deadline) -> Result<Answer, Problem> {
        let read = self.aws.read(deadline);
        let in_use = self.sources(&read, scope, &[]).in_use().await;
        let mut tags: BTreeMap<(String, String), Digest> = BTreeMap::new();
        let mut looked = BTreeSet::new();
        for it in in_use.found.uses.iter().filter(|it| it.image.is_within(scope)) {
            let name = it.image.repository.to_string();
            if matches!(it.image.wanted(), Meant::Tag(_)) && looked.insert(name.clone()) {
                // One that can't be read, or is not there, leaves its tags without digests.
                for detail in read.images(&name).await.unwrap_or_default() {
                    let Ok(digest) = detail.image_digest.parse::<Digest>() else { continue };
                    let own = detail.image_tags.into_iter().map(|tag| ((name.clone(), tag), digest.clone()));
                    tags.extend(own);
                }
            }
        }
        Ok(Answer::Read(answer::in_use(&in_use, scope, &tags)))
    }
}

impl Function for PruneImages {
    const NAME: &'static str = "prune-images";
    const ROUTES: &'static [Route<Request>] = request::ROUTES;
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
            Request::Repositories => self.repositories(&call.scope, deadline).await,
            Request::Images(fields) => self.images(fields, &call.scope, now, deadline).await,
            Request::InUse => self.in_use(&call.scope, deadline).await,
        }
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

/// What is in use is known by two thirds of the deadline, or nothing is deleted.
fn in_time(in_use: &InUse, call: &Call<Request>, fields: &PruneFields) -> Result<(), Problem> {
    let slow: Vec<&str> =
        in_use.failed.iter().filter(|it| it.code == Code::OutOfTime).map(|it| it.source).collect();
    if slow.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "what is in use was not read in two thirds of the time ({} took too long): nothing is deleted. A direct or \
         scheduled event has more time",
        slow.join(", ")
    );
    let problem = Problem::new(Code::UseTooLarge, detail);
    Err(if call.via == Via::Rest { problem.offering(fields.as_event(&call.envelope)) } else { problem })
}

/// Each repository with its policy.
fn police(seen: Vec<Seen>, policing: &Policing) -> Vec<(Seen, Option<Policy>)> {
    seen.into_iter()
        .map(|mut seen| {
            let policy = policing.of(&seen.repository.repository_name, seen.attached.as_deref());
            let policy = policy.unwrap_or_else(|fault| {
                seen.failed.get_or_insert(Refusal { code: Code::InvalidPolicy, reason: fault });
                None
            });
            (seen, policy)
        })
        .collect()
}

/// What a request selects, and the registry has not.
fn absent<'a>(registry: &'a Registry, ask: &'a Ask) -> impl Iterator<Item = &'a ImagePattern> {
    let patterns = ask.repositories.iter().flatten();
    patterns.filter(|pattern| !registry.repositories.iter().any(|it| pattern.matches(&it.repository_name)))
}

/// Patterns that match nothing.
fn unmatched(registry: &Registry, ask: &Ask) -> Vec<Warning> {
    let patterns = absent(registry, ask).filter(|pattern| !pattern.is_exact());
    patterns.map(|pattern| Warning::new(Code::NoMatch, format!("{pattern} matches no repository"))).collect()
}

/// Repositories that are named and are not there.
fn missing(registry: &Registry, ask: &Ask) -> Vec<Seen> {
    let names = absent(registry, ask).filter(|pattern| pattern.is_exact());
    names
        .map(|name| {
            let repository =
                shared::ecr::Repository { repository_name: name.to_string(), ..Default::default() };
            let reason = "the registry has no such repository".into();
            Seen { repository, failed: Some(Refusal { code: Code::NotFound, reason }), ..Seen::default() }
        })
        .collect()
}

/// The images of a repository for which there is no policy: all are kept.
fn unpoliced(seen: &Seen, case: &Case<'_>) -> Vec<Judged> {
    let used = case.used.get(&seen.repository.repository_name);
    let images = seen.images.images.iter().map(|image| Judged {
        repository: seen.repository.repository_name.clone(),
        digest: image.digest.clone(),
        tags: image.tags.clone(),
        verdict: Verdict::Keep,
        rule: None,
        reason: "no lifecycle policy is for this repository".into(),
        used_by: used
            .map(|used| used.by(&image.digest, &image.tags).into_iter().collect())
            .unwrap_or_default(),
        by_policy: Verdict::Keep,
        held: None,
    });
    images.collect()
}
