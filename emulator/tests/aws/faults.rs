//! Rates, faults, kills and forks.

use std::time::Duration;

use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use emulator::{Aws, Buckets, Faults, Moment};

use crate::sdk::ecs;
use crate::world::prod;

/// Sets the desired count of `users`; the error's code, `Reset`, or `Broken` for an answer that cannot be read.
async fn set(aws: &Aws, desired: i32) -> Result<(), String> {
    match ecs(aws).update_service().cluster("prod").service("users").desired_count(desired).send().await {
        Ok(_) => Ok(()),
        Err(SdkError::DispatchFailure(_)) => Err("Reset".to_owned()),
        Err(SdkError::ResponseError(_)) => Err("Broken".to_owned()),
        Err(e) => Err(e.code().unwrap_or("Broken").to_owned()),
    }
}

fn desired(aws: &Aws) -> i64 {
    aws.with(|w| w.desired_count("prod", "users"))
}

#[tokio::test(start_paused = true)]
async fn updates_are_throttled_after_fifty_and_five_more_come_every_second() {
    let aws = Aws::new(prod());
    for n in 0..50 {
        set(&aws, n).await.unwrap();
    }
    assert_eq!(set(&aws, 99).await, Err("ThrottlingException".to_owned()));
    assert_eq!(desired(&aws), 49);
    tokio::time::sleep(Duration::from_secs(1)).await;
    for n in 0..5 {
        set(&aws, n).await.unwrap();
    }
    assert_eq!(set(&aws, 99).await, Err("ThrottlingException".to_owned()));
    let throttled = aws.writes().into_iter().filter(|c| !c.committed).count();
    assert_eq!(throttled, 2);
}

#[tokio::test(start_paused = true)]
async fn one_group_of_operations_does_not_throttle_another() {
    let aws = Aws::new(prod());
    for n in 0..51 {
        let _ = set(&aws, n).await;
    }
    ecs(&aws).list_services().cluster("prod").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn rates_are_scaled_or_taken_away() {
    let aws = Aws::new(prod());
    aws.buckets(Buckets::published().scaled(0.1));
    for n in 0..5 {
        set(&aws, n).await.unwrap();
    }
    assert!(set(&aws, 9).await.is_err());
    aws.buckets(Buckets::unlimited());
    for n in 0..200 {
        set(&aws, n).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_script_strikes_the_calls_that_it_names() {
    let aws = Aws::new(prod());
    aws.faults(
        Faults::new()
            .on("ecs", "UpdateService")
            .containing("users")
            .times(1)
            .throttle()
            .on("ecs", "UpdateService")
            .nth(1)
            .server_error()
            .on("ecs", "UpdateService")
            .calls(2..4)
            .error(400, "AccessDeniedException", "no"),
    );
    let mut outcomes = Vec::new();
    for _ in 0..5 {
        outcomes.push(set(&aws, 5).await.err().unwrap_or_default());
        ecs(&aws).list_services().cluster("prod").send().await.unwrap();
    }
    assert_eq!(
        outcomes,
        ["ThrottlingException", "ServerException", "AccessDeniedException", "AccessDeniedException", ""]
    );
}

#[tokio::test(start_paused = true)]
async fn a_fault_may_last_ten_seconds() {
    let aws = Aws::new(prod());
    aws.faults(Faults::new().anywhere().during(Duration::from_secs(10)).throttle());
    assert!(set(&aws, 5).await.is_err());
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert!(set(&aws, 5).await.is_err());
    tokio::time::sleep(Duration::from_secs(1)).await;
    set(&aws, 5).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_fraction_of_the_calls_fails_and_always_the_same() {
    let run = || async {
        let aws = Aws::new(prod());
        aws.buckets(Buckets::unlimited());
        aws.faults(Faults::new().anywhere().fraction(0.2, 7).throttle());
        let mut failed = Vec::new();
        for n in 0..200 {
            failed.push(set(&aws, n).await.is_err());
        }
        failed
    };
    let failed = run().await;
    assert_eq!(failed, run().await);
    let count = failed.iter().filter(|f| **f).count();
    assert!((20..60).contains(&count), "{count}");
}

#[tokio::test(start_paused = true)]
async fn a_reset_before_the_commit_changes_nothing_and_one_after_it_does() {
    let aws = Aws::new(prod());
    aws.faults(Faults::new().anywhere().times(1).reset_before_commit());
    assert_eq!(set(&aws, 5).await, Err("Reset".to_owned()));
    assert_eq!(desired(&aws), 2);
    aws.faults(Faults::new().anywhere().times(1).reset_after_commit());
    assert_eq!(set(&aws, 5).await, Err("Reset".to_owned()));
    assert_eq!(desired(&aws), 5);
    let committed: Vec<bool> = aws.ledger().iter().map(|c| c.committed).collect();
    assert_eq!(committed, [false, true]);
}

#[tokio::test(start_paused = true)]
async fn a_cut_body_cannot_be_read() {
    let aws = Aws::new(prod());
    aws.faults(Faults::new().anywhere().times(1).cut_body());
    assert_eq!(set(&aws, 5).await, Err("Broken".to_owned()));
    assert_eq!(desired(&aws), 5);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_is_never_answered() {
    let aws = Aws::new(prod());
    aws.faults(Faults::new().anywhere().times(1).hang());
    // After five seconds the SDK itself gives up a connection on which nothing moves.
    let hung = tokio::time::timeout(Duration::from_secs(4), set(&aws, 5)).await;
    assert!(hung.is_err(), "{hung:?}");
    assert_eq!(desired(&aws), 2);
    assert_eq!(aws.ledger()[0].outcome, Err("Hang".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_truncated_page_has_nothing_and_says_that_there_is_more() {
    let aws = Aws::new(prod());
    aws.faults(Faults::new().on("ecs", "ListServices").times(1).truncated_page());
    let first = ecs(&aws).list_services().cluster("prod").send().await.unwrap();
    assert!(first.service_arns().is_empty());
    let second =
        ecs(&aws).list_services().cluster("prod").set_next_token(first.next_token).send().await.unwrap();
    assert_eq!(second.service_arns().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_takes_as_long_as_it_is_told() {
    let aws = Aws::new(prod());
    aws.latency(Some(Duration::from_millis(20)));
    let start = tokio::time::Instant::now();
    set(&aws, 5).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(20));
}

#[tokio::test(start_paused = true)]
async fn latency_varies_within_its_jitter_and_always_the_same() {
    let run = || async {
        let aws = Aws::new(prod());
        aws.latency(Some(Duration::from_millis(20)));
        aws.jitter(0.5);
        let mut took = Vec::new();
        for n in 0..20 {
            let start = tokio::time::Instant::now();
            set(&aws, n).await.unwrap();
            took.push(start.elapsed());
        }
        took
    };
    let took = run().await;
    assert!(took.iter().all(|t| (10..=32).contains(&t.as_millis())), "{took:?}");
    assert!(took.windows(2).any(|pair| pair[0] != pair[1]));
    assert_eq!(took, run().await);
}

/// Three updates in a row, as a process would make them.
async fn process(aws: &Aws) {
    for n in 3..6 {
        set(aws, n).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_killed_before_a_call_has_done_what_came_before() {
    for k in 0..3 {
        let aws = Aws::new(prod());
        let killed = aws.kill_at(k, Moment::Before);
        tokio::select! {
            () = process(&aws) => panic!("it should have died"),
            () = killed.wait() => {}
        }
        assert_eq!(desired(&aws), [2, 3, 4][k]);
        assert_eq!(aws.ledger().len(), k + 1);
        set(&aws, 9).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_killed_after_a_call_has_done_that_too() {
    for k in 0..3 {
        let aws = Aws::new(prod());
        let killed = aws.kill_at(k, Moment::After);
        tokio::select! {
            () = process(&aws) => panic!("it should have died"),
            () = killed.wait() => {}
        }
        assert_eq!(desired(&aws), [3, 4, 5][k]);
        assert!(aws.ledger()[k].committed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_process_has_no_other_call_in_flight() {
    let aws = Aws::new(prod());
    let killed = aws.kill_at(0, Moment::Before);
    let both = async { tokio::join!(set(&aws, 7), set(&aws, 8)) };
    tokio::select! {
        _ = both => panic!("it should have died"),
        () = killed.wait() => {}
    }
    assert_eq!(desired(&aws), 2);
}

#[tokio::test(start_paused = true)]
async fn a_kill_that_is_dropped_is_disarmed() {
    let aws = Aws::new(prod());
    drop(aws.kill_at(1, Moment::Before));
    process(&aws).await;
    assert_eq!(desired(&aws), 5);
}

#[tokio::test(start_paused = true)]
async fn a_fork_is_independent_and_has_the_same_date_and_levels() {
    let aws = Aws::new(prod());
    for n in 0..50 {
        set(&aws, n).await.unwrap();
    }
    aws.faults(Faults::new().anywhere().hang());
    let fork = aws.fork();
    assert_eq!(fork.now(), aws.now());
    assert!(fork.ledger().is_empty());
    assert_eq!(set(&fork, 5).await, Err("ThrottlingException".to_owned()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    set(&fork, 5).await.unwrap();
    fork.advance(Duration::from_hours(1));
    assert_eq!((desired(&aws), desired(&fork)), (49, 5));
    assert_eq!(fork.now().duration_since(aws.now()).as_secs(), 3600);
    assert_eq!(aws.ledger().len(), 50);
    aws.forget();
    assert!(aws.ledger().is_empty());
}
