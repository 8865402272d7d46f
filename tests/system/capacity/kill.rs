//! Killed at every call of a run over services and groups together: the next runs converge.

use emulator::{Aws, Moment};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Story, as_by_day, asleep, local, office, tick};
use crate::fixture::killed_at_every_call;

/// All that a run leaves behind.
fn end(aws: &Aws) -> Value {
    aws.with(|world| {
        let group = world.group_view("machines").unwrap();
        json!([
            world.desired_count("ec2", "api"),
            world.tags("ec2", "api"),
            [group.min, group.desired, group.max],
            group.suspended,
            group.tags,
        ])
    })
}

/// Runs the event on forks of the world, killed at each call of it, and then again until nothing is
/// left; all must end as without a kill.
async fn kill_everywhere(aws: &Aws, event: impl Fn(&Aws) -> Value) -> usize {
    let run = async |aws: Aws| {
        let event = event(&aws);
        Story::at(aws, &[]).await.system.invoke("scale-service", event).await
    };
    let clean = aws.fork();
    for _ in 0..2 {
        let _ = run(clean.clone()).await.unwrap();
    }
    let expected = end(&clean);
    killed_at_every_call(aws, &run, async |fork, killed| {
        for _ in 0..2 {
            run(fork.clone()).await.unwrap_or_else(|fault| panic!("{killed}: {fault}"));
        }
        assert_eq!(end(&fork), expected, "{killed}");
    })
    .await
}

async fn at_noon() -> Story {
    let story = Story::on(office("2026-11-24 12:00")).await;
    story.tick("2026-11-24 12:00").await;
    story
}

#[tokio::test(start_paused = true)]
async fn killed_at_every_call_of_an_evening_the_next_tick_ends_the_same() {
    let story = at_noon().await;
    // The services of this tick, and at the next the machines: both are killed everywhere.
    story.aws.move_to(local("2026-11-24 20:00"));
    let services = kill_everywhere(&story.aws, tick).await;
    story.tick("2026-11-24 20:00").await;
    story.aws.move_to(local("2026-11-24 20:05"));
    let machines = kill_everywhere(&story.aws, tick).await;
    assert!(services > 8 && machines > 8, "{services} and {machines} calls");
    story.tick("2026-11-24 20:05").await;
    assert_eq!((story.count(), story.size()), (0, asleep()));
}

#[tokio::test(start_paused = true)]
async fn killed_at_every_call_of_an_evening_of_both_at_once_the_next_tick_ends_the_same() {
    let story = at_noon().await;
    // Its tasks are gone already, so one tick records the service and stops the machines.
    let zero = json!({"cluster": "ec2", "service": "api", "desiredCount": 0});
    story.aws.move_to(local("2026-11-24 19:30"));
    story.call("ecs", "UpdateService", zero);
    story.aws.move_to(local("2026-11-24 20:00"));
    let calls = kill_everywhere(&story.aws, tick).await;
    assert!(calls > 12, "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn killed_at_every_call_of_a_morning_the_next_tick_ends_the_same() {
    let story = at_noon().await;
    story.ticks("2026-11-24 20:00", "2026-11-24 20:10").await;
    story.aws.move_to(local("2026-11-25 08:00"));
    let calls = kill_everywhere(&story.aws, tick).await;
    assert!(calls > 12, "{calls} calls");
    story.tick("2026-11-25 08:00").await;
    // The end of the start: its alarms wake, and the records say on.
    story.aws.move_to(local("2026-11-25 08:05"));
    let calls = kill_everywhere(&story.aws, tick).await;
    assert!(calls > 8, "{calls} calls");
    story.tick("2026-11-25 08:05").await;
    assert_eq!((story.count(), story.size()), (2, as_by_day()));
}

#[tokio::test(start_paused = true)]
async fn however_a_morning_is_killed_its_services_run_as_soon_as_the_instances_of_the_next_tick_do() {
    let story = at_noon().await;
    story.ticks("2026-11-24 20:00", "2026-11-24 20:10").await;
    story.aws.move_to(local("2026-11-25 08:00"));
    let clean = Story::at(story.aws.fork(), &[]).await;
    clean.aws.forget();
    let _ = clean.system.invoke("scale-service", tick(&clean.aws)).await.unwrap();
    for k in 0..clean.aws.ledger().len() {
        let fork = story.aws.fork();
        fork.forget();
        let dies = Story::at(fork.clone(), &[]).await;
        let killed = fork.kill_at(k, Moment::After);
        let event = tick(&fork);
        tokio::select! {
            biased;
            () = killed.wait() => {}
            done = dies.system.invoke("scale-service", event) => panic!("call {k} was not reached: {done:?}"),
        }
        drop(killed);
        let next = Story::at(fork.clone(), &[]).await;
        next.tick("2026-11-25 08:05").await;
        // An agent registers its instance about 70 s after the launch, and tasks start at once.
        fork.move_to(local("2026-11-25 08:05") + SignedDuration::from_secs(150));
        assert_eq!((next.count(), next.running()), (2, 2), "killed at call {k}");
    }
}

#[tokio::test(start_paused = true)]
async fn killed_at_every_call_of_a_stop_and_a_start_with_machines_the_same_again_ends_the_same() {
    let story = at_noon().await;
    story.aws.move_to(local("2026-11-24 15:02"));
    let asks = |action: &'static str| move |aws: &Aws| json!({"action": action, "cluster": "ec2", "capacity": true, "at": aws.now().to_string()});
    kill_everywhere(&story.aws, asks("stop")).await;
    story.system.invoke("scale-service", asks("stop")(&story.aws)).await.unwrap();
    story.tick("2026-11-24 15:05").await;
    assert_eq!(story.size(), asleep());
    kill_everywhere(&story.aws, asks("start")).await;
}
