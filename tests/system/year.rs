//! A simulated fortnight: schedules in many zones, people, overrides, outages, faults and kills from
//! a seed, and every service as it ought to be after every tick. What is down in the morning was told by the
//! bedtime check. The long one is `cargo local simulate --days 365`.

use std::collections::BTreeSet;

use local::System;
use simulation::{Figures, Options, run};

async fn fortnight(seed: u64) -> Figures {
    let figures =
        run::<System>(Options { days: 14, seed, services: 20, nights: 100 }, |_, _| ()).await.unwrap();
    println!("seed {seed}: {figures}");
    assert_eq!(figures.violations, [""; 0], "seed {seed}");
    figures
}

#[tokio::test(start_paused = true)]
async fn a_fortnight_leaves_every_service_as_it_ought_to_be() {
    let mut seen = BTreeSet::new();
    for seed in [2, 8] {
        let figures = fortnight(seed).await;
        let Figures { transitions, comebacks, kills, recoveries, faults, people, overrides, .. } = figures;
        let Figures { machines, waits, twins, midway, hurried, at_once, nights, .. } = figures;
        for (what, happened) in [
            ("transitions", transitions),
            ("machines", machines),
            ("waits", waits),
            ("comebacks", comebacks),
            ("kills", kills),
            ("recoveries", recoveries),
            ("faults", faults),
            ("people", people),
            ("overrides", overrides),
            ("runs that came twice", twins),
            ("overrides in the middle of a run", midway),
            ("starts that somebody came across", hurried),
            ("overrides in one instant", at_once),
        ] {
            assert!(happened > 0, "seed {seed}: no {what}");
        }
        // That each was told is a law of the year; here, that there were some.
        assert_eq!(nights.told, nights.down, "seed {seed}: {nights}");
        let came = nights.causes.iter().filter(|(cause, it)| cause.is_harmless() || it.down > 0);
        seen.extend(came.map(|(cause, _)| *cause));
    }
    let harmless = seen.iter().filter(|cause| cause.is_harmless()).count();
    assert!(seen.len() - harmless >= 5 && harmless >= 5, "kept some down, or only looked so: {seen:?}");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_is_the_same_year() {
    let options = Options { days: 5, seed: 7, services: 10, nights: 100 };
    let one = run::<System>(options, |_, _| ()).await.unwrap();
    assert!(one.nights.checks > 0, "{one}");
    assert_eq!(one, run::<System>(options, |_, _| ()).await.unwrap());
}
