//! What people and pipelines do in between: with the AWS CLI, and through the REST API.

use serde_json::{Value, json};

use crate::SystemUnderTest;
use crate::fleet::{NIGHT, RECORD, SCHEDULE, Service, Tag};
use crate::leases::OverridePlace;
use crate::model::{Lease, Want};
use crate::year::Year;

const HOUR: i64 = 3600;

impl<S: SystemUnderTest> Year<S> {
    /// Somebody does something, somewhere.
    pub(crate) async fn people(&mut self) {
        self.figures.people += 1;
        let starting: Vec<usize> = self.starting().collect();
        let chosen = starting.get(self.random.index(starting.len())).copied();
        if let Some(n) = chosen.filter(|_| self.random.percent(70)) {
            self.seen_to(&[n]);
            self.hurry(n).await;
            self.note_sizes();
            return;
        }
        let n = self.random.index(self.fleet.services.len());
        match self.random.between(1, 100) {
            1..=25 => self.resize(n),
            26..=28 => self.hinder(n),
            29..=37 => self.at_the_machines(),
            38..=46 => self.rebound(n),
            47..=66 => self.leases(OverridePlace::Service(n)).await,
            67..=72 => {
                let cluster = self.random.index(self.fleet.clusters.len());
                self.leases(OverridePlace::Cluster(cluster)).await;
            }
            73..=84 => self.edit_schedule(n),
            85..=87 => self.edit_policy(n),
            88..=94 => self.deploy(n),
            95..=96 => self.lose_record(n),
            97 => self.edit_cluster(),
            98 => self.add(),
            _ => self.outage(),
        }
        self.note_sizes();
    }

    pub(crate) fn names(&self, n: usize) -> Option<(String, String)> {
        let service = self.fleet.services.get(n)?;
        Some((self.fleet.cluster_of(service).to_owned(), service.name.clone()))
    }

    /// A call of the AWS CLI; what AWS refuses does nothing.
    pub(crate) fn cli(&self, service: &str, operation: &str, input: Value) {
        drop(self.aws.with(|world| world.call(service, operation, input)));
    }

    /// People did something to these: what comes of a night is not the night's alone any more.
    pub(crate) fn seen_to(&mut self, which: &[usize]) {
        let now = self.seconds();
        for n in which {
            if let Some(service) = self.fleet.services.get_mut(*n) {
                service.seen_to = now;
            }
        }
    }

    pub(crate) fn touched(&mut self, n: usize) {
        if let Some(service) = self.fleet.services.get_mut(n) {
            service.before = None;
        }
    }

    /// The services that were started, and have not been seen whole.
    pub(crate) fn starting(&self) -> impl Iterator<Item = usize> {
        let starts = |service: &Service| service.memory.as_ref().is_some_and(|memory| memory.starting);
        self.fleet.services.iter().enumerate().filter(move |(_, one)| starts(one)).map(|(n, _)| n)
    }

    /// Somebody comes across a service that is starting: it is sized, or its bounds are moved, and often it is
    /// wanted off at once. What it comes back with is its record's size, whatever is seen of it by then.
    async fn hurry(&mut self, n: usize) {
        self.figures.hurried += 1;
        match self.random.between(1, 4) {
            1..=2 => self.resize(n),
            3 => self.rebound(n),
            _ => {}
        }
        if self.random.percent(70) {
            let hours = self.random.between(1, 8);
            self.lease(OverridePlace::Service(n), Some((Want::Off, "off", hours))).await;
        }
    }

    /// Its tasks cannot start, for an image that is not there, or they can again: what was started may be
    /// starting for hours.
    fn hinder(&mut self, n: usize) {
        let Some((cluster, service)) = self.names(n) else { return };
        self.seen_to(&[n]);
        let hinders = self.random.percent(60);
        self.aws.with(|world| {
            world.cannot_start(&cluster, &service, hinders.then_some("CannotPullContainerError: not found"));
        });
        if let Some(service) = self.fleet.services.get_mut(n) {
            service.hindered = hinders;
        }
    }

    fn resize(&mut self, n: usize) {
        let Some((cluster, service)) = self.names(n) else { return };
        self.seen_to(&[n]);
        let count = if self.random.percent(30) { 0 } else { self.random.between(1, 9) };
        self.cli(
            "ecs",
            "UpdateService",
            json!({"cluster": cluster, "service": service, "desiredCount": count}),
        );
        self.touched(n);
    }

    /// Autoscaling: its bounds, its flags, or the whole of it.
    fn rebound(&mut self, n: usize) {
        let Some((cluster, service)) = self.names(n) else { return };
        self.seen_to(&[n]);
        let resource = format!("service/{cluster}/{service}");
        let mut input = json!({
            "ServiceNamespace": "ecs",
            "ResourceId": resource,
            "ScalableDimension": "ecs:service:DesiredCount",
        });
        let there = self.aws.with(|world| world.target(&cluster, &service));
        let Some(fields) = input.as_object_mut() else { return };
        match (there, self.random.between(1, 10)) {
            (None, 1..=2) => {
                fields.insert("MinCapacity".into(), self.random.between(0, 3).into());
                fields.insert("MaxCapacity".into(), self.random.between(4, 9).into());
            }
            (None, _) => return,
            (Some(_), 1) => {
                self.cli("application-autoscaling", "DeregisterScalableTarget", input);
                self.touched(n);
                // Its scheduled actions go with it.
                if let Some(service) = self.fleet.services.get_mut(n) {
                    service.action = None;
                }
                return;
            }
            (Some(_), draw) => {
                if draw <= 6 {
                    fields.insert("MinCapacity".into(), self.random.between(0, 3).into());
                }
                if draw >= 6 {
                    let [a, b, c] = self.random.flags();
                    let flags = json!({
                        "DynamicScalingInSuspended": a,
                        "DynamicScalingOutSuspended": b,
                        "ScheduledScalingSuspended": c,
                    });
                    fields.insert("SuspendedState".into(), flags);
                }
                if draw == 4 {
                    fields.insert("MaxCapacity".into(), self.random.between(3, 9).into());
                }
            }
        }
        self.cli("application-autoscaling", "RegisterScalableTarget", input);
        self.touched(n);
    }

    pub(crate) fn draw_lease(&mut self) -> (Want, &'static str, i64) {
        let (want, word) = match self.random.between(1, 3) {
            1 => (Want::On, "on"),
            2 => (Want::Off, "off"),
            _ => (Want::Hold, "hold"),
        };
        let hours =
            if self.random.percent(15) { self.random.between(12, 60) } else { self.random.between(1, 8) };
        (want, word, hours)
    }

    /// An override; or one, and in the same instant its opposite.
    async fn leases(&mut self, place: OverridePlace) {
        if !self.random.percent(25) {
            return self.lease(place, None).await;
        }
        let at = self.aws.now();
        let hours = self.random.between(1, 8);
        let (on, off) = ((Want::On, "on", hours), (Want::Off, "off", hours));
        let (first, second) = if self.random.percent(50) { (on, off) } else { (off, on) };
        self.lease(place, Some(first)).await;
        if self.aws.now() == at {
            self.figures.at_once += 1;
        } else {
            // Within a second the model knows of one instant only.
            self.move_to(self.seconds() + 1);
        }
        self.lease(place, Some(second)).await;
    }

    /// An override is put, or the one that is there is ended; both act at once.
    async fn lease(&mut self, place: OverridePlace, drawn: Option<(Want, &'static str, i64)>) {
        self.figures.overrides += 1;
        let now = self.seconds();
        let old = self.leased(place);
        let live = old.filter(|it| it.is_live(now));
        let (want, word, hours) = drawn.unwrap_or_else(|| self.draw_lease());
        let ends = drawn.is_none() && self.random.percent(30);
        let (method, body, lease) = if let Some(live) = live.filter(|_| ends) {
            ("DELETE", Value::Null, Lease { until: now.max(live.from), ..live })
        } else {
            let body = json!({"state": word, "for": format!("PT{hours}H"), "reason": "the year"});
            ("PUT", body, Lease { want, from: now, until: now + hours * HOUR })
        };
        let reached = self.reached(place);
        let (path, before) = (self.override_path(place), self.override_text(place));
        self.set_lease(place, Some(lease));
        let seen = self.observe(now);
        let machines = self.observe_machines(now);
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.aws.forget();
        self.system.request(method, &path, body).await;
        self.count_calls();
        if self.override_text(place) == before {
            // Refused, as for what follows no schedule: then nothing else was done either.
            self.set_lease(place, old);
            self.compare(&self.unchanged(seen), &reached, now);
        } else {
            self.compare(&seen, &reached, now);
            if let OverridePlace::Cluster(cluster) = place {
                self.compare_machines(&machines, now, Some(cluster));
            }
        }
        self.note_sizes();
    }

    /// The schedule's tag is replaced, removed, or added again.
    fn edit_schedule(&mut self, n: usize) {
        let Some((cluster, service)) = self.names(n) else { return };
        self.seen_to(&[n]);
        let machines = self.fleet.machines.iter().position(|it| it.name == cluster);
        if let Some(machines) = machines.filter(|_| self.random.percent(70)) {
            self.schedule_with_machines(machines);
            return;
        }
        let tag = match self.random.between(1, 10) {
            1..=2 => Tag::Clusters,
            3 => Tag::OptOut,
            4 => Tag::Bad,
            _ => Tag::Plan(self.random.index(self.fleet.plans.len())),
        };
        self.write_tag(&format!("service/{cluster}/{service}"), SCHEDULE, self.fleet.text(tag));
        if let Some(service) = self.fleet.services.get_mut(n) {
            service.tag = tag;
        }
    }

    fn edit_cluster(&mut self) {
        let n = self.random.index(self.fleet.clusters.len());
        let plan = self.random.percent(70).then(|| self.random.index(self.fleet.plans.len()));
        let text = plan.and_then(|plan| self.fleet.text(Tag::Plan(plan)));
        self.seen_to(&self.reached(OverridePlace::Cluster(n)));
        let Some(cluster) = self.fleet.clusters.get_mut(n) else { return };
        cluster.plan = plan;
        let path = format!("cluster/{}", cluster.name);
        self.write_tag(&path, SCHEDULE, text);
    }

    /// A cluster's services and machines get the same schedule, or the machines would only wait for what
    /// runs on them at other hours.
    pub(crate) fn schedule_with_machines(&mut self, machines: usize) {
        let plan = self.random.index(self.fleet.plans.len());
        self.edit_machines(machines, plan);
        let Some(cluster) = self.fleet.machines.get(machines).map(|it| it.cluster) else { return };
        let Some((name, text)) =
            self.fleet.clusters.get(cluster).map(|it| it.name.clone()).zip(self.fleet.text(Tag::Plan(plan)))
        else {
            return;
        };
        self.seen_to(&self.reached(OverridePlace::Cluster(cluster)));
        self.write_tag(&format!("cluster/{name}"), SCHEDULE, Some(text));
        if let Some(cluster) = self.fleet.clusters.get_mut(cluster) {
            cluster.plan = Some(plan);
        }
        for n in 0..self.fleet.services.len() {
            let Some(service) = self.fleet.services.get_mut(n).filter(|it| it.cluster == cluster) else {
                continue;
            };
            service.tag = Tag::Clusters;
            let path = format!("service/{name}/{}", service.name);
            self.write_tag(&path, SCHEDULE, None);
        }
    }

    /// Infrastructure-as-code removes a tag that it does not know.
    fn lose_record(&mut self, any: usize) {
        // Of what is off it is all that says its size.
        let off = |service: &Service| service.memory.as_ref().is_some_and(|memory| !memory.on);
        let all_off: Vec<usize> =
            self.fleet.services.iter().enumerate().filter(|(_, one)| off(one)).map(|(n, _)| n).collect();
        let chosen = all_off.get(self.random.index(all_off.len())).copied();
        let n = chosen.filter(|_| self.random.percent(50)).unwrap_or(any);
        let Some((cluster, service)) = self.names(n) else { return };
        let now = self.seconds();
        self.write_tag(&format!("service/{cluster}/{service}"), RECORD, None);
        if let Some(service) = self.fleet.services.get_mut(n) {
            (service.memory, service.before) = (None, None);
            (service.garbled, service.seen_to) = (false, now);
        }
        self.figures.lost += 1;
    }

    fn edit_policy(&mut self, n: usize) {
        let Some((cluster, service)) = self.names(n) else { return };
        self.seen_to(&[n]);
        let (enforce, half) = (self.random.percent(30), self.random.half());
        let on_machines = self.fleet.machines.iter().any(|it| it.name == cluster);
        let night = if on_machines { 0 } else { self.random.night() };
        let path = format!("service/{cluster}/{service}");
        self.write_tag(&path, "steward:drift", enforce.then(|| "enforce".into()));
        self.write_tag(&path, "steward:half", half.text().map(Into::into));
        self.write_tag(&path, NIGHT, (night > 0).then(|| night.to_string()));
        if let Some(service) = self.fleet.services.get_mut(n) {
            (service.enforce, service.half, service.night) = (enforce, half, night);
        }
    }

    fn write_tag(&self, path: &str, key: &str, value: Option<String>) {
        let arn = self.aws.with(|world| format!("arn:aws:ecs:{}:{}:{path}", world.region(), world.account()));
        match value {
            Some(value) => {
                let tags = json!([{"key": key, "value": value}]);
                self.cli("ecs", "TagResource", json!({"resourceArn": arn, "tags": tags}));
            }
            None => self.cli("ecs", "UntagResource", json!({"resourceArn": arn, "tagKeys": [key]})),
        }
    }

    /// A deployment that ends by itself, or one that goes on until somebody looks after it.
    fn deploy(&mut self, n: usize) {
        let Some((cluster, service)) = self.names(n) else { return };
        self.seen_to(&[n]);
        match self.random.between(1, 3) {
            1 => {
                let input = json!({"cluster": cluster, "service": service, "forceNewDeployment": true});
                self.cli("ecs", "UpdateService", input);
            }
            2 => self.aws.with(|world| {
                world.begin_deployment(&cluster, &service);
            }),
            _ => {
                for n in 0..self.fleet.services.len() {
                    let Some((cluster, service)) = self.names(n) else { continue };
                    self.aws.with(|world| {
                        world.finish_deployment(&cluster, &service);
                    });
                }
            }
        }
    }

    fn add(&mut self) {
        // A year's newcomers are at most a third of those who were there.
        if self.fleet.services.len() < self.options.services.saturating_mul(4) / 3 {
            let Self { fleet, random, aws, .. } = self;
            aws.with(|world| fleet.add(random, world));
        }
    }

    /// No tick comes for some hours, or two days.
    fn outage(&mut self) {
        let hours =
            if self.random.percent(30) { self.random.between(12, 48) } else { self.random.between(1, 6) };
        self.figures.outages += 1;
        self.down_until = self.seconds() + hours * HOUR;
    }
}
