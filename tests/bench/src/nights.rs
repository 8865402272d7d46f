//! Who is wrong in the morning: an evening with a crash, people at night, a second evening, and a Monday morning.

use std::time::Duration;

use emulator::{Aws, Buckets, Moment, World};
use harness::binary::{aws_url, machine_now};
use serde_json::json;
use tokio::process::Command;

use crate::case::Work;
use crate::peers::{Peer, Tools};
use crate::table::markdown;
use crate::worlds::{Fleet, OFFICE, in_process, on_a_paused_clock, tick};

/// A hundred services in five clusters, each `autoscaled`-th with a scalable target.
fn hundred(autoscaled: usize) -> Fleet {
    Fleet { services: 100, clusters: 5, autoscaled }
}

const HOUR: Duration = Duration::from_hours(1);
/// The first evening's run dies after so many of its changes.
const CRASH: usize = 60;

/// At night a person raises every fifth service to a task, to look into something.
fn people(world: &mut World, fleet: Fleet) {
    for (n, (cluster, name)) in fleet.names().enumerate() {
        if n % 5 == 2 {
            let raise = json!({"cluster": cluster, "service": name, "desiredCount": 1});
            world.call("ecs", "UpdateService", raise).unwrap();
        }
    }
}

/// Ours, in this process on a paused clock, with a tick every five minutes around each transition.
pub async fn ours(autoscaled: usize) -> usize {
    let fleet = hundred(autoscaled);
    on_a_paused_clock(async move || {
        let aws = Aws::new(fleet.world("2026-11-27T12:00:00Z".parse().unwrap(), Some(OFFICE)));
        let run = async || {
            // A cold process each time.
            drop(in_process(&aws).await.invoke("scale-service", tick(aws.now())).await);
        };
        run().await;
        aws.move_to("2026-11-27T20:00:00Z".parse().unwrap());
        aws.forget();
        let killed = aws.kill_at(150, Moment::After);
        tokio::select! {
            biased;
            () = killed.wait() => {}
            () = run() => panic!("the evening is over before the crash"),
        }
        drop(killed);
        assert!(aws.writes().len() > CRASH / 2, "{} changes before the crash", aws.writes().len());
        let three_ticks = async |first: &str| {
            aws.move_to(first.parse().unwrap());
            for _ in 0..3 {
                run().await;
                aws.advance(Duration::from_mins(5));
            }
        };
        three_ticks("2026-11-27T20:05:00Z").await;
        aws.move_to("2026-11-28T02:00:00Z".parse().unwrap());
        aws.with(|world| people(world, fleet));
        three_ticks("2026-11-28T02:05:00Z").await;
        three_ticks("2026-11-28T20:00:00Z").await;
        three_ticks("2026-11-30T08:00:00Z").await;
        aws.with(|world| fleet.not_as_they_were(world))
    })
    .await
}

/// A peer that runs in the evening and in the morning; the run that died is made again.
pub async fn peer(peer: &Peer, tools: &Tools, autoscaled: usize) -> usize {
    let fleet = hundred(autoscaled);
    let aws = Aws::new(fleet.world(machine_now(), None));
    aws.buckets(Buckets::unlimited());
    let url = aws_url(aws.clone()).await;
    let run = async |work: Work| _ = tools.work(peer, work, &url).await;

    let mut first = tools.command(peer, Work::Stop.verb(), &url);
    let mut first = first.process_group(0).spawn().expect("the peers are installed");
    while aws.writes().len() < CRASH && first.try_wait().unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    if let Some(id) = first.id() {
        // With what it has started.
        Command::new("kill").args(["-9", "--", &format!("-{id}")]).status().await.unwrap();
    }
    first.wait().await.unwrap();
    run(Work::Stop).await;
    aws.advance(6 * HOUR);
    aws.with(|world| people(world, fleet));
    aws.advance(18 * HOUR);
    run(Work::Stop).await;
    aws.advance(36 * HOUR);
    run(Work::Start).await;
    aws.advance(HOUR / 4);
    aws.with(|world| fleet.not_as_they_were(world))
}

/// Who is wrong in the morning, of a hundred: where a tenth is autoscaled, and where all are.
pub async fn table(peers: &[Peer], tools: &Tools, tell: &impl Fn(&str)) -> String {
    let mut rows =
        vec![vec!["ecs-steward".to_owned(), ours(10).await.to_string(), ours(1).await.to_string()]];
    for one in peers.iter().filter(|one| one.does.contains(&Work::Start)) {
        let (tenth, all) = (peer(one, tools, 10).await, peer(one, tools, 1).await);
        tell(&format!("{}: {tenth}, {all}", one.name));
        rows.push(vec![one.name.to_owned(), tenth.to_string(), all.to_string()]);
    }
    let headings = ["who", "wrong of 100, a tenth autoscaled", "wrong of 100, all autoscaled"];
    markdown(&headings, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ours_are_all_right_in_the_morning_after_a_crash_and_what_people_did_at_night() {
        assert_eq!(ours(10).await, 0);
        assert_eq!(ours(1).await, 0);
    }
}
