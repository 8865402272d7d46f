//! What a run leaves of a service whose stop AWS has refused.

use std::collections::BTreeSet;

use emulator::{Call, World};
use serde_json::Value;

use crate::SystemUnderTest;
use crate::fleet::{Service, look};
use crate::model::Target;
use crate::year::Year;

impl<S: SystemUnderTest> Year<S> {
    /// The scalable target of each service.
    pub(crate) fn targets(&self) -> Vec<Option<Target>> {
        let one = |world: &mut World, service: &Service| {
            look(world, self.fleet.cluster_of(service), &service.name).target
        };
        self.aws.with(|world| self.fleet.services.iter().map(|service| one(world, service)).collect())
    }

    /// Where a stop was refused, its autoscaling is what it was before: a service that can't be stopped must
    /// not run on without it. Only what was put to sleep without a refusal is looked at.
    pub(crate) fn given_back(&mut self, before: &[Option<Target>]) {
        let calls = self.aws.ledger();
        let of = |call: &Call, key: &str| call.input.get(key).and_then(Value::as_str).map(str::to_owned);
        let refuses = |call: &Call, path: &str| {
            call.outcome.is_err() && of(call, "ResourceId").as_deref() == Some(path)
        };
        let stops = calls.iter().filter(|call| {
            let denied = call.outcome.as_ref().is_err_and(|code| code.starts_with("AccessDenied"));
            let off = call.input.get("desiredCount").and_then(Value::as_i64) == Some(0);
            denied && off && call.operation == "UpdateService"
        });
        let denied: BTreeSet<(Option<String>, Option<String>)> =
            stops.map(|call| (of(call, "cluster"), of(call, "service"))).collect();
        let mut faults = Vec::new();
        for ((service, before), now) in self.fleet.services.iter().zip(before).zip(self.targets()) {
            let (cluster, path) = (self.fleet.cluster_of(service), self.fleet.path(service));
            let kept = denied.contains(&(Some(cluster.to_owned()), Some(service.name.clone())));
            if !kept || before.is_none() || calls.iter().any(|call| refuses(call, &path)) {
                continue;
            }
            self.figures.refused += 1;
            if now != *before {
                faults.push((path, format!("its target was {before:?}, and is {now:?}")));
            }
        }
        for (path, how) in faults {
            self.violation("a stop that is refused gives autoscaling back", &path, &how);
        }
    }
}
