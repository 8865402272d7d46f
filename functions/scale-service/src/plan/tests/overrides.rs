//! What becomes of overrides.

use std::collections::BTreeMap;

use shared::names::ClusterName;
use shared::schedule::Override;

use super::*;
use crate::ask::Change;
use crate::effect::Written;
use crate::observe::{Unread, UnreadThing};
use crate::plan::{override_first, with_override};

const OVER: &str = "hold from 2026-11-24T12:00:00Z until 2026-11-24T13:00:00Z by ana";

fn of_whole_clusters() -> Ask {
    let all = Target::Clusters(vec![], shared::select::Selector::default());
    Ask { target: all, ..ask(Verb::Reconcile) }
}

fn clusters(names: &[&str], text: &str) -> BTreeMap<ClusterName, BTreeMap<String, String>> {
    let tags: BTreeMap<String, String> = [("steward:override".to_owned(), text.to_owned())].into();
    names.iter().map(|name| (name.parse().unwrap(), tags.clone())).collect()
}

#[test]
fn a_clusters_override_that_is_over_stays_while_something_of_it_could_not_be_read() {
    let service = |name: &str| UnreadThing::Service { cluster: "prod".parse().unwrap(), name: name.into() };
    for (what, removed) in [
        (None, vec!["cluster/dev", "cluster/prod"]),
        (Some(service("users")), vec!["cluster/dev"]),
        (Some(UnreadThing::Cluster("prod".parse().unwrap())), vec!["cluster/dev"]),
        (Some(UnreadThing::Groups), vec![]),
        // Whose it is, is not known either way.
        (
            Some(UnreadThing::Group("autoScalingGroup:1:autoScalingGroupName/machines".into())),
            vec!["cluster/dev", "cluster/prod"],
        ),
    ] {
        let unread = |what| Unread { what, code: Code::Throttled, reason: "throttled".into() };
        let seen = Snapshot {
            cluster_tags: clusters(&["dev", "prod"], OVER),
            failed: what.clone().map(unread).into_iter().collect(),
            ..Snapshot::default()
        };
        let plan = plan(&seen, &of_whole_clusters(), &settings());
        let dropped: Vec<&str> = plan
            .steps()
            .map(|step| match step {
                Step::DropOverride { resource, before } if before == OVER => resource.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(dropped, removed, "{what:?}");
    }
}

#[test]
fn an_override_is_put_where_it_was_set_and_what_took_its_place_meanwhile_stays() {
    let off = "off from 2026-11-24T23:00:00Z until 2026-11-25T02:00:00Z by ana";
    let set: Override = off.parse().unwrap();
    for resource in ["service/prod/users", "cluster/prod"] {
        let written = |before: Option<&str>, after: Option<&Override>| Written {
            resource: resource.into(),
            before: before.map(str::to_owned),
            after: after.cloned(),
            said: String::new(),
            acts_now: true,
        };
        // A service and a cluster that it is not, of the same name or in the same cluster.
        let other = ServiceId::from_resource("service/prod/posts").unwrap();
        let seen = |text: Option<&str>| {
            let own: Vec<_> = text.iter().map(|text| ("steward:override", (*text).to_owned())).collect();
            let one = service(2, None, &own);
            let services = vec![Seen { id: other.clone(), ..one.clone() }, one];
            let cluster_tags = match text {
                Some(text) => clusters(&["dev", "prod"], text),
                None => {
                    clusters(&["dev", "prod"], OVER).into_keys().map(|name| (name, BTreeMap::new())).collect()
                }
            };
            Snapshot { services, cluster_tags, ..Snapshot::default() }
        };
        for (there, written, then) in [
            (None, written(None, Some(&set)), Some(off)),
            (Some(OVER), written(Some(OVER), Some(&set)), Some(off)),
            (Some(OVER), written(Some(OVER), None), None),
            (Some(OVER), written(None, Some(&set)), Some(OVER)),
            (Some(OVER), written(Some(off), None), Some(OVER)),
            (None, written(Some(OVER), Some(&set)), None),
        ] {
            let mut snapshot = seen(there);
            with_override(&mut snapshot, Some(written), &settings());
            let key = "steward:override";
            let mut found: Vec<(String, Option<String>)> = Vec::new();
            for one in &snapshot.services {
                found.push((one.id.to_string(), one.service.tags_by_key().remove(key)));
            }
            for (name, tags) in &snapshot.cluster_tags {
                found.push((format!("cluster/{name}"), tags.get(key).cloned()));
            }
            assert_eq!(found.len(), 4);
            for (name, text) in found {
                let expected = if name == resource { then } else { there };
                assert_eq!(text.as_deref(), expected, "{name} of {resource}");
            }
        }
    }
}

fn quiet() -> Seen {
    office(0, None, "off@2026-11-24T20:00:00Z n=2", &[("team", "blue")])
}

#[test]
fn a_clusters_override_that_is_over_stays_while_one_of_its_services_has_something_left_to_do() {
    let on = "on@2026-11-24T08:00:00Z n=2";
    let hold = "hold from 2026-11-24T12:00:00Z until 2026-11-25T13:00:00Z by ana";
    let of_one = ask(Verb::Reconcile);
    for (name, seen, ask, removed) in [
        ("nothing is left", quiet(), of_whole_clusters(), true),
        ("it is stopped", office(2, None, on, &[("team", "blue")]), of_whole_clusters(), false),
        ("it is held", office(2, None, on, &[("steward:override", hold)]), of_whole_clusters(), false),
        (
            "people stop it",
            office(2, None, on, &[("steward:half", "start-only")]),
            of_whole_clusters(),
            false,
        ),
        ("it fails", office(2, None, on, &[("steward:drift", "now and then")]), of_whole_clusters(), false),
        (
            "its own goes too",
            office(0, None, "off@2026-11-24T20:00:00Z n=2", &[("steward:override", OVER)]),
            of_whole_clusters(),
            true,
        ),
        ("not all was looked at", quiet(), of_one, false),
    ] {
        let cluster_tags = clusters(&["prod"], OVER);
        let seen = Snapshot { services: vec![seen], cluster_tags, ..Snapshot::default() };
        let plan = plan(&seen, &ask, &settings());
        let is_removed =
            |step: &Step| matches!(step, Step::DropOverride { resource, .. } if resource == "cluster/prod");
        assert_eq!(plan.steps().any(is_removed), removed, "{name}");
    }
}

#[test]
fn an_override_that_is_over_goes_also_where_nothing_is_followed_any_more() {
    let hold = "hold from 2026-11-24T12:00:00Z until 2026-11-25T13:00:00Z by ana";
    for (text, goes) in [(OVER, true), (hold, false)] {
        let seen = service(2, None, &[("steward:override", text.to_owned())]);
        let plan = planned(&seen, &of_whole_clusters());
        let dropped = |step: &Step| matches!(step, Step::DropOverride { resource, .. } if resource == "service/prod/users");
        assert_eq!((plan.steps().count(), plan.steps().all(dropped)), (usize::from(goes), true), "{text}");
    }
}

fn written(resource: &str) -> Written {
    Written {
        resource: resource.into(),
        before: None,
        after: None,
        said: "override off set until noon; and more".into(),
        acts_now: true,
    }
}

#[test]
fn a_clusters_override_that_reaches_nothing_says_so() {
    for (services, codes) in [
        (vec![quiet()], vec![]),
        (vec![service(2, None, &[])], vec![Code::NoSchedule]),
        (vec![], vec![Code::NoSchedule]),
    ] {
        let seen = Snapshot { services, written: Some(written("cluster/prod")), ..Snapshot::default() };
        let plan = plan(&seen, &of_whole_clusters(), &settings());
        let item = &plan.forecast()[0];
        let warned: Vec<Code> = item.warnings.iter().map(|warning| warning.code).collect();
        assert_eq!((item.resource.as_str(), warned), ("cluster/prod", codes));
    }
}

#[test]
fn what_became_of_an_override_stands_first_on_the_item_of_its_service_alone() {
    for (of, first) in [("service/prod/users", true), ("cluster/prod", false)] {
        let item = |resource: &str| Item::new(resource, Outcome::Unchanged, None, "off");
        let mut items = [item(of), item("service/prod/posts")];
        written(of).comes_first(&mut items);
        let [own, other] = &items;
        let reason = if first { "override off set until noon; and more; off" } else { "off" };
        assert_eq!((own.reason.as_str(), own.outcome == Outcome::Changed), (reason, first), "{of}");
        let said = own.after.as_ref().and_then(|after| after.override_.as_deref());
        assert_eq!(said, first.then_some("override off set until noon"), "{of}");
        assert_eq!((other.reason.as_str(), &other.after), ("off", &None), "{of}");
    }
}

#[test]
fn what_is_said_of_an_override_is_when_it_holds_and_that_a_hold_comes_between() {
    for (text, says, acts_now) in [
        (
            "hold from 2026-11-24T23:00:00Z until 2026-11-25T02:00:00Z by ana",
            "override hold set until 2026-11-25T02:00:00Z; a run in progress may still finish the ten services that \
             it has begun",
            false,
        ),
        (
            "hold from 2026-11-25T01:00:00Z until 2026-11-25T02:00:00Z by ana",
            "override hold set from 2026-11-25T01:00:00Z until 2026-11-25T02:00:00Z",
            false,
        ),
        (
            "off from 2026-11-24T23:00:00Z until 2026-11-25T02:00:00Z by ana",
            "override off set until 2026-11-25T02:00:00Z",
            true,
        ),
        (
            "off from 2026-11-25T01:00:00Z until 2026-11-25T02:00:00Z by ana",
            "override off set from 2026-11-25T01:00:00Z until 2026-11-25T02:00:00Z",
            false,
        ),
    ] {
        let change = Change {
            cluster: id().cluster,
            service: Some(id()),
            set: Some(text.parse().unwrap()),
            replace: false,
            now: instant(T),
        };
        let ask = Ask { change: Some(change), ..ask(Verb::Reconcile) };
        let place = Snapshot { services: vec![quiet()], ..Snapshot::default() };
        let (plan, written) = override_first(&place, &ask, &settings()).unwrap().unwrap();
        assert_eq!((written.said.as_str(), written.acts_now), (says, acts_now));
        assert_eq!((plan.forecast()[0].reason.as_str(), plan.steps().count()), (says, 1));
    }
}
